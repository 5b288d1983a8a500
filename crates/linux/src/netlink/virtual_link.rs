//! Links on top of others in rtnetlink's messages: VMACs (macvlan) and ipvlans.

use host::{LinkIndex, LinkName, MacAddress, VirtualLink, VirtualLinkKind};

use super::attributes::Attributes;
use super::{attributes_of, number, text};

/// Attributes (linux/if_link.h).
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_LINKINFO: u16 = 18;
const IFLA_IFALIAS: u16 = 20;
const IFLA_AF_SPEC: u16 = 26;
const IFLA_GROUP: u16 = 27;
const IFLA_LINK_NETNSID: u16 = 37;
/// Within `IFLA_LINKINFO`.
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_INFO_SLAVE_KIND: u16 = 4;
/// Within `IFLA_INFO_DATA` of a macvlan, and the mode in which ports neither hear nor reach one another.
const IFLA_MACVLAN_MODE: u16 = 1;
const MACVLAN_MODE_PRIVATE: u32 = 1;
/// Within `IFLA_INFO_DATA` of an ipvlan, and the mode that passes frames.
const IFLA_IPVLAN_MODE: u16 = 1;
const IFLA_IPVLAN_FLAGS: u16 = 2;
const IPVLAN_MODE_L2: u16 = 0;
/// Within `IFLA_AF_SPEC`, by family.
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const IFLA_INET_CONF: u16 = 1;
const IFLA_INET6_ADDR_GEN_MODE: u16 = 8;
const IN6_ADDR_GEN_MODE_NONE: u8 = 1;
/// A flag of links.
const IFF_UP: u32 = 1;
/// Bytes of the message's own header, `struct ifinfomsg`.
const HEADER: usize = 16;

/// What there is to know of a link before something is put on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Seen {
    /// The kernel's number.
    pub(crate) index: LinkIndex,
    /// The routing domain (VRF) that it is in.
    pub(crate) domain: Option<LinkIndex>,
    /// The link that it is on, in the same namespace.
    pub(crate) on: Option<LinkIndex>,
    /// `IFLA_GROUP`.
    pub(crate) group: u32,
    /// `IFLA_IFALIAS`.
    pub(crate) alias: String,
    /// What kind of link it is, such as "macvlan"; empty for a card.
    pub(crate) kind: String,
    mac: Option<MacAddress>,
    data: Vec<u8>,
    settings: Vec<u32>,
}

impl Seen {
    /// A link out of the payload of RTM_NEWLINK.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let (header, attributes) = payload.split_first_chunk::<HEADER>()?;
        let [_, _, _, _, a, b, c, d, ..] = *header;
        let mut seen = Self {
            index: LinkIndex(u32::from_ne_bytes([a, b, c, d])),
            domain: domain(payload),
            on: None,
            group: 0,
            alias: String::new(),
            kind: String::new(),
            mac: None,
            data: Vec::new(),
            settings: Vec::new(),
        };
        let mut elsewhere = false;
        for (kind, value) in attributes_of(attributes) {
            match kind {
                IFLA_ADDRESS => seen.mac = value.try_into().ok().map(MacAddress),
                IFLA_LINK => seen.on = number(value).map(LinkIndex),
                IFLA_LINK_NETNSID => elsewhere = true,
                IFLA_GROUP => seen.group = number(value)?,
                IFLA_IFALIAS => seen.alias = text(value),
                IFLA_LINKINFO => {
                    for (kind, value) in attributes_of(value) {
                        match kind {
                            IFLA_INFO_KIND => seen.kind = text(value),
                            IFLA_INFO_DATA => seen.data = value.to_vec(),
                            _ => {}
                        }
                    }
                }
                IFLA_AF_SPEC => seen.settings = read_settings(value),
                _ => {}
            }
        }
        seen.on = seen.on.filter(|_| !elsewhere);
        Some(seen)
    }

    /// Whether it is what is wanted, on this base.
    pub(crate) fn fits(&self, wanted: &VirtualLinkKind, base: &Self) -> bool {
        // The kernel puts a macvlan that is made on a macvlan on that one's own base.
        let base = if base.kind == "macvlan" { base.on } else { Some(base.index) };
        let same = match wanted {
            VirtualLinkKind::Vmac(mac) => self.is_private_macvlan() && self.mac == Some(*mac),
            VirtualLinkKind::Ipvlan(_) => self.kind == "ipvlan",
        };
        same && self.on == base
    }

    /// Whether it can be one of ours at all.
    pub(crate) fn may_be_ours(&self) -> bool {
        self.is_private_macvlan() || self.kind == "ipvlan"
    }

    /// The value of one of its IPv4 settings.
    pub(crate) fn setting(&self, setting: Setting) -> Option<u32> {
        self.settings.get(usize::from(setting as u16).checked_sub(1)?).copied()
    }

    fn is_private_macvlan(&self) -> bool {
        let mode = attributes_of(&self.data).find(|(kind, _)| *kind == IFLA_MACVLAN_MODE);
        self.kind == "macvlan" && mode.and_then(|(_, value)| number(value)) == Some(MACVLAN_MODE_PRIVATE)
    }
}

/// The routing domain that a link is in, out of the payload of RTM_NEWLINK. Bridges and bonds have members too.
pub(crate) fn domain(payload: &[u8]) -> Option<LinkIndex> {
    let (mut master, mut is_domain) = (None, false);
    for (kind, value) in attributes_of(payload.get(HEADER..)?) {
        match kind {
            IFLA_MASTER => master = number(value).map(LinkIndex),
            IFLA_LINKINFO => {
                let slave = attributes_of(value).find(|(kind, _)| *kind == IFLA_INFO_SLAVE_KIND);
                is_domain = slave.is_some_and(|(_, value)| text(value) == "vrf");
            }
            _ => {}
        }
    }
    master.filter(|_| is_domain)
}

/// An IPv4 setting of a link (`net.ipv4.conf.<link>.*`) by its number in the kernel (linux/ip.h).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u16)]
pub(crate) enum Setting {
    /// `rp_filter`
    ReversePathFilter = 8,
    /// `arp_filter`
    ArpFilter = 13,
    /// `arp_ignore`
    ArpIgnore = 19,
    /// `promote_secondaries`
    PromoteSecondaries = 20,
    /// `accept_local`
    AcceptLocal = 23,
}

impl Setting {
    /// Its name under `/proc/sys`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ReversePathFilter => "rp_filter",
            Self::ArpFilter => "arp_filter",
            Self::ArpIgnore => "arp_ignore",
            Self::PromoteSecondaries => "promote_secondaries",
            Self::AcceptLocal => "accept_local",
        }
    }
}

/// The payload of RTM_GETLINK for a link by name.
pub(crate) fn ask(name: &LinkName) -> Vec<u8> {
    let mut put = begin(LinkIndex(0), 0, 0);
    put.put_text(IFLA_IFNAME, name.as_str());
    put.into_bytes()
}

/// The payload of RTM_GETLINK or RTM_DELLINK for a link by number.
pub(crate) fn name_by(index: LinkIndex) -> Vec<u8> {
    begin(index, 0, 0).into_bytes()
}

/// The payload of RTM_DELLINK for all links of a group.
pub(crate) fn name_group(group: u32) -> Vec<u8> {
    set_group(LinkIndex(0), group)
}

/// The payload of RTM_NEWLINK that makes a link.
pub(crate) fn make(link: &VirtualLink, base: LinkIndex, group: u32) -> Vec<u8> {
    let mut put = begin(LinkIndex(0), 0, 0);
    put.put_text(IFLA_IFNAME, link.name.as_str());
    put.put_u32(IFLA_LINK, base.0);
    if group != 0 {
        put.put_u32(IFLA_GROUP, group);
    }
    if let VirtualLinkKind::Vmac(mac) = link.kind {
        put.put(IFLA_ADDRESS, &mac.0);
    }
    put.within(IFLA_LINKINFO, |put| match link.kind {
        VirtualLinkKind::Vmac(_) => {
            put.put(IFLA_INFO_KIND, b"macvlan");
            put.within(IFLA_INFO_DATA, |put| put.put_u32(IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE));
        }
        VirtualLinkKind::Ipvlan(flags) => {
            put.put(IFLA_INFO_KIND, b"ipvlan");
            put.within(IFLA_INFO_DATA, |put| {
                put.put(IFLA_IPVLAN_MODE, &IPVLAN_MODE_L2.to_ne_bytes());
                put.put(IFLA_IPVLAN_FLAGS, &flags.to_ne_bytes());
            });
        }
    });
    put.into_bytes()
}

/// The payload of RTM_NEWLINK that changes a link's group.
pub(crate) fn set_group(index: LinkIndex, group: u32) -> Vec<u8> {
    let mut put = begin(index, 0, 0);
    put.put_u32(IFLA_GROUP, group);
    put.into_bytes()
}

/// The payload of RTM_NEWLINK that notes something on a link.
pub(crate) fn set_alias(index: LinkIndex, alias: &str) -> Vec<u8> {
    let mut put = begin(index, 0, 0);
    put.put(IFLA_IFALIAS, alias.as_bytes());
    put.into_bytes()
}

/// The payload of RTM_NEWLINK that moves a link into a routing domain, or out of any.
pub(crate) fn set_domain(index: LinkIndex, domain: Option<LinkIndex>) -> Vec<u8> {
    let mut put = begin(index, 0, 0);
    put.put_u32(IFLA_MASTER, domain.map_or(0, |domain| domain.0));
    put.into_bytes()
}

/// The payload of RTM_NEWLINK that brings a link up.
pub(crate) fn set_up(index: LinkIndex) -> Vec<u8> {
    begin(index, IFF_UP, IFF_UP).into_bytes()
}

/// The payload of RTM_NEWLINK that changes IPv4 settings. It works where `/proc/sys` cannot be written, as in most
/// containers.
pub(crate) fn set_ipv4(index: LinkIndex, settings: &[(Setting, u32)]) -> Vec<u8> {
    let mut put = begin(index, 0, 0);
    put.nest(IFLA_AF_SPEC, |put| {
        put.nest(AF_INET, |put| {
            put.nest(IFLA_INET_CONF, |put| {
                for (setting, value) in settings {
                    put.put_u32(*setting as u16, *value);
                }
            });
        });
    });
    put.into_bytes()
}

/// The payload of RTM_NEWLINK by which the kernel gives a link no IPv6 address of its own. Not possible in the message
/// that makes the link, when its IPv6 half is not there yet.
pub(crate) fn no_own_ipv6(index: LinkIndex) -> Vec<u8> {
    let mut put = begin(index, 0, 0);
    put.nest(IFLA_AF_SPEC, |put| {
        put.nest(AF_INET6, |put| put.put_u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE));
    });
    put.into_bytes()
}

/// `struct ifinfomsg`: family, type, number, flags, which flags change.
fn begin(index: LinkIndex, flags: u32, changed: u32) -> Attributes {
    let mut header = [0; HEADER];
    header[4..8].copy_from_slice(&index.0.to_ne_bytes());
    header[8..12].copy_from_slice(&flags.to_ne_bytes());
    header[12..].copy_from_slice(&changed.to_ne_bytes());
    Attributes::after(&header)
}

/// The IPv4 settings out of `IFLA_AF_SPEC`: an array that begins with number 1.
fn read_settings(value: &[u8]) -> Vec<u32> {
    let within = |wanted: u16| move |(kind, value)| (kind == wanted).then_some(value);
    attributes_of(value)
        .find_map(within(AF_INET))
        .and_then(|inet| attributes_of(inet).find_map(within(IFLA_INET_CONF)))
        .map(|array| array.chunks_exact(4).filter_map(number).collect())
        .unwrap_or_default()
}
