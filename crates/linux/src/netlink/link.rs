//! Links in rtnetlink's messages.

use host::{Link, LinkIndex, LinkName, MacAddress};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::link::{LinkFlags, LinkHeader, LinkLayerType, LinkMessage};

use super::{attributes_of, number, text, virtual_link};

/// Attributes (linux/if_link.h). Only these are read: the rest changes from kernel to kernel, and a link must not
/// get lost because of an attribute that nobody here needs.
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
/// Bytes of the message's own header, `struct ifinfomsg`.
const HEADER: usize = 16;
/// Attributes of RTM_NEWNETCONF (linux/netconf.h), and the bytes before them, `struct netconfmsg` rounded up.
const NETCONFA_IFINDEX: u16 = 1;
const NETCONFA_FORWARDING: u16 = 2;
const NETCONF_HEADER: usize = 4;

/// A link and its routing domain out of the payload of RTM_NEWLINK; `None` if it cannot be read or speaks of something else.
/// [`Link::ipv6_router`] is false: the message does not tell.
pub(super) fn read(payload: &[u8]) -> Option<(Link, Option<LinkIndex>)> {
    let header = header(payload)?;
    let mut link = Link {
        index: LinkIndex(header.index),
        name: LinkName::new("?").ok()?,
        admin_up: header.flags.contains(LinkFlags::Up),
        running: header.flags.contains(LinkFlags::Running),
        mtu: 0,
        mac: None,
        arp: !header.flags.contains(LinkFlags::Noarp),
        multicast: header.flags.contains(LinkFlags::Multicast),
        loopback: header.flags.contains(LinkFlags::Loopback),
        ipv6_router: false,
    };
    let mut named = false;
    for (kind, value) in attributes_of(payload.get(HEADER..)?) {
        match kind {
            IFLA_IFNAME => {
                link.name = LinkName::new(&text(value)).ok()?;
                named = true;
            }
            IFLA_MTU => link.mtu = number(value)?,
            IFLA_ADDRESS if header.link_layer_type == LinkLayerType::Ether => {
                link.mac = value.try_into().ok().map(MacAddress);
            }
            _ => {}
        }
    }
    named.then(|| (link, virtual_link::domain(payload)))
}

/// The link that RTM_DELLINK speaks of; `None` if it cannot be read or the link stays.
pub(super) fn read_index(payload: &[u8]) -> Option<LinkIndex> {
    header(payload).map(|header| LinkIndex(header.index))
}

/// A bridge speaks of its ports in messages of the same type but of another family; a port that leaves a bridge
/// is not a link that is gone.
fn header(payload: &[u8]) -> Option<LinkHeader> {
    LinkHeader::parse(payload).ok().filter(|header| header.interface_family == AddressFamily::Unspec)
}

/// Out of the payload of RTM_NEWNETCONF: a link, and whether the kernel forwards IPv6 packets that arrive there.
/// `None` if the message speaks of something else, or of all links at once (each follows by itself).
pub(super) fn read_forwarding(payload: &[u8]) -> Option<(LinkIndex, bool)> {
    if payload.first() != Some(&u8::from(AddressFamily::Inet6)) {
        return None;
    }
    let (mut link, mut forwards) = (None, None);
    for (kind, value) in attributes_of(payload.get(NETCONF_HEADER..)?) {
        match kind {
            NETCONFA_IFINDEX => link = number(value).filter(|index| i32::try_from(*index).is_ok()),
            NETCONFA_FORWARDING => forwards = number(value).map(|value| value != 0),
            _ => {}
        }
    }
    Some((LinkIndex(link?), forwards?))
}

/// The payload of RTM_GETLINK that asks for all.
pub(super) fn ask() -> LinkMessage {
    LinkMessage::default()
}

/// Whether the kernel forwards IPv6 packets that arrive on a link. The file is not there if IPv6 is not.
pub(super) fn forwards_ipv6(name: &LinkName) -> bool {
    // A `LinkName` has no slash and is neither one dot nor two.
    let path = format!("/proc/sys/net/ipv6/conf/{name}/forwarding");
    std::fs::read(path).is_ok_and(|value| !value.starts_with(b"0"))
}
