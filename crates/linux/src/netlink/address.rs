//! Addresses in rtnetlink's messages.

use std::net::IpAddr;

use host::{Family, LinkAddress, LinkIndex, Prefix};
use netlink_packet_core::Emitable;
use netlink_packet_route::AddressFamily;
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressHeader, AddressHeaderFlags, AddressMessage, AddressProtocol,
    AddressScope, CacheInfo,
};

use super::{KEEPALIVED, attributes_of, ip, number, text};

/// The lifetime that does not end (`INFINITY_LIFE_TIME`).
const FOR_EVER: u32 = u32::MAX;

/// Attributes (linux/if_addr.h).
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_LABEL: u16 = 3;
const IFA_BROADCAST: u16 = 4;
const IFA_CACHEINFO: u16 = 6;
const IFA_FLAGS: u16 = 8;
/// Bytes of the message's own header, `struct ifaddrmsg`.
const HEADER: usize = 8;

/// The payload of RTM_NEWADDR or RTM_DELADDR for an address. `tagged` says who put it, for kernels that keep it.
pub(super) fn write(address: &LinkAddress, tagged: bool) -> Vec<u8> {
    let LinkAddress {
        link,
        prefix,
        broadcast,
        peer,
        scope,
        label,
        flags,
        preferred_lifetime,
        valid_lifetime,
    } = address;
    let local = prefix.address();
    let mut message = AddressMessage::default();
    message.header = AddressHeader {
        family: match prefix.family() {
            Family::V4 => AddressFamily::Inet,
            Family::V6 => AddressFamily::Inet6,
        },
        prefix_len: prefix.length(),
        // The header has room for the lower eight flags only; IFA_FLAGS has all.
        flags: AddressHeaderFlags::from_bits_retain(flags.to_le_bytes()[0]),
        scope: AddressScope::from(*scope),
        index: link.0,
    };
    let put = &mut message.attributes;
    put.push(AddressAttribute::Local(local));
    put.push(AddressAttribute::Address(peer.unwrap_or(local)));
    if let Some(IpAddr::V4(broadcast)) = broadcast {
        put.push(AddressAttribute::Broadcast(*broadcast));
    }
    if let Some(label) = label {
        put.push(AddressAttribute::Label(label.clone()));
    }
    if *flags != 0 {
        put.push(AddressAttribute::Flags(AddressFlags::from_bits_retain(*flags)));
    }
    let preferred_lifetime = preferred_lifetime.filter(|_| prefix.family() == Family::V6);
    if preferred_lifetime.is_some() || valid_lifetime.is_some() {
        let mut lifetimes = CacheInfo::default();
        lifetimes.ifa_valid = valid_lifetime.unwrap_or(FOR_EVER);
        // An address is not preferred for longer than it is there.
        lifetimes.ifa_preferred = preferred_lifetime.unwrap_or(FOR_EVER).min(lifetimes.ifa_valid);
        put.push(AddressAttribute::CacheInfo(lifetimes));
    }
    if tagged {
        put.push(AddressAttribute::Protocol(AddressProtocol::Other(KEEPALIVED)));
    }
    let mut bytes = vec![0; message.buffer_len()];
    message.emit(&mut bytes);
    bytes
}

/// An address out of the payload of RTM_NEWADDR or RTM_DELADDR; `None` if it cannot be read.
///
/// What only IPv4 has (scope, label) stays empty for IPv6, so that what was ordered and what is told are equal.
/// Every IPv4 address has a label; who wants to know whether it was asked for compares it with the link's name.
pub(super) fn read(payload: &[u8]) -> Option<LinkAddress> {
    let header = AddressHeader::parse(payload).ok()?;
    let families = [(AddressFamily::Inet, Family::V4), (AddressFamily::Inet6, Family::V6)];
    let (_, family) = families.into_iter().find(|(theirs, _)| *theirs == header.family)?;
    let (mut local, mut remote, mut broadcast, mut label) = (None, None, None, None);
    let (mut preferred, mut valid) = (None, None);
    let mut flags = u32::from(header.flags.bits());
    for (kind, value) in attributes_of(payload.get(HEADER..)?) {
        match kind {
            IFA_LOCAL => local = Some(ip(family, value)?),
            IFA_ADDRESS => remote = Some(ip(family, value)?),
            IFA_BROADCAST => broadcast = ip(family, value),
            IFA_LABEL => label = Some(text(value)),
            IFA_FLAGS => flags = number(value)?,
            IFA_CACHEINFO => {
                preferred = number(value);
                valid = value.get(4..).and_then(number);
            }
            _ => {}
        }
    }
    let address = local.or(remote)?;
    let ipv4 = family == Family::V4;
    Some(LinkAddress {
        link: LinkIndex(header.index),
        prefix: Prefix::new(address, header.prefix_len)?,
        broadcast,
        peer: remote.filter(|remote| *remote != address),
        scope: if ipv4 { header.scope.into() } else { 0 },
        label: label.filter(|_| ipv4),
        flags,
        preferred_lifetime: preferred
            .filter(|seconds| !ipv4 && Some(*seconds) != valid && *seconds != FOR_EVER),
        valid_lifetime: valid.filter(|seconds| *seconds != FOR_EVER),
    })
}

/// The payload of RTM_GETADDR that asks for all.
pub(super) fn ask() -> AddressMessage {
    AddressMessage::default()
}
