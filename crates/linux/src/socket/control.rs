//! Ancillary data: what the kernel tells, or is told, beside a packet (cmsg(3)).
//!
//! ```text
//! | length of header and data (word) | level (4) | type (4) | data | up to the next word boundary |
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use host::{Family, LinkIndex};

use crate::clock::WallTime;

const WORD: usize = size_of::<usize>();
const HEADER: usize = WORD + 8;

/// What we want to know of a packet that came in.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Seen {
    /// IP_PKTINFO, IPV6_PKTINFO: the destination from its header.
    pub(super) destination: Option<IpAddr>,
    /// The same: the link that it came in by.
    pub(super) link: Option<LinkIndex>,
    /// IP_TTL, IPV6_HOPLIMIT.
    pub(super) hop_limit: Option<u8>,
    /// SO_TIMESTAMPNS: when the host received it.
    pub(super) stamp: Option<WallTime>,
}

/// Reads ancillary data up to the first part that cannot be right.
pub(super) fn read(mut bytes: &[u8]) -> Seen {
    let mut seen = Seen::default();
    while let Some((level, kind, data, rest)) = next(bytes) {
        match (level, kind) {
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                seen.destination = data.first_chunk::<16>().map(|address| Ipv6Addr::from(*address).into());
                seen.link = link(data.get(16..));
            }
            // The link, the local address that the packet was for, the destination in its header.
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                let address = data.get(8..).and_then(|rest| rest.first_chunk::<4>());
                seen.destination = address.map(|address| Ipv4Addr::from(*address).into());
                seen.link = link(Some(data));
            }
            (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) | (libc::IPPROTO_IP, libc::IP_TTL) => {
                let limit = data.first_chunk().map(|limit| i32::from_ne_bytes(*limit));
                seen.hop_limit = limit.and_then(|limit| u8::try_from(limit).ok());
            }
            (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS) => seen.stamp = stamp(data),
            _ => {}
        }
        bytes = rest;
    }
    seen
}

/// A `struct timespec`; where its parts are shorter than 64 bits it is not understood, and nothing is lost by that.
fn stamp(data: &[u8]) -> Option<WallTime> {
    let (seconds, nanos) = data.split_first_chunk()?;
    let nanos = i64::from_ne_bytes(*nanos.first_chunk()?);
    Some(WallTime { seconds: i64::from_ne_bytes(*seconds), nanos: u32::try_from(nanos).ok()? })
}

/// What an IPv6 packet is sent with: source, link, hop limit.
pub(super) fn write(source: Ipv6Addr, link: LinkIndex, hop_limit: Option<u8>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 * (HEADER + 24));
    put_link_v6(&mut bytes, source, link);
    if let Some(limit) = hop_limit {
        put(&mut bytes, libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT, &i32::from(limit).to_ne_bytes());
    }
    bytes
}

/// What an IPv4 packet is sent with whose link the routing table chooses: its source, which rules may ask for.
pub(super) fn write_source(source: Ipv4Addr) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + 16);
    let mut information = [0; 12];
    information[4..8].copy_from_slice(&source.octets());
    put(&mut bytes, libc::IPPROTO_IP, libc::IP_PKTINFO, &information);
    bytes
}

/// What a packet of a UDP socket is sent with: hop limit, the link if the routing table is not to choose it, and the
/// source if the socket does not know it.
pub(super) fn write_udp(
    family: Family,
    hop_limit: u8,
    link: Option<LinkIndex>,
    source: Option<Ipv6Addr>,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 * (HEADER + 24));
    let hop_limit = i32::from(hop_limit).to_ne_bytes();
    match family {
        Family::V4 => put(&mut bytes, libc::IPPROTO_IP, libc::IP_TTL, &hop_limit),
        Family::V6 => put(&mut bytes, libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT, &hop_limit),
    }
    match (family, link) {
        (_, None) => {}
        (Family::V4, Some(link)) => {
            let mut information = [0; 12];
            information[..4].copy_from_slice(&link.0.to_ne_bytes());
            put(&mut bytes, libc::IPPROTO_IP, libc::IP_PKTINFO, &information);
        }
        (Family::V6, Some(link)) => {
            put_link_v6(&mut bytes, source.unwrap_or(Ipv6Addr::UNSPECIFIED), link);
        }
    }
    bytes
}

fn put_link_v6(bytes: &mut Vec<u8>, source: Ipv6Addr, link: LinkIndex) {
    let mut information = [0; 20];
    information[..16].copy_from_slice(&source.octets());
    information[16..].copy_from_slice(&link.0.to_ne_bytes());
    put(bytes, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &information);
}

fn put(bytes: &mut Vec<u8>, level: i32, kind: i32, data: &[u8]) {
    bytes.extend_from_slice(&(HEADER + data.len()).to_ne_bytes());
    bytes.extend_from_slice(&level.to_ne_bytes());
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len().next_multiple_of(WORD), 0);
}

fn link(data: Option<&[u8]>) -> Option<LinkIndex> {
    let index = u32::from_ne_bytes(*data?.first_chunk()?);
    (index != 0).then_some(LinkIndex(index))
}

fn next(bytes: &[u8]) -> Option<(i32, i32, &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<WORD>()?;
    let (level, rest) = rest.split_first_chunk::<4>()?;
    let (kind, _) = rest.split_first_chunk::<4>()?;
    let length = usize::from_ne_bytes(*length);
    let data = bytes.get(HEADER..length)?;
    let rest = bytes.get(length.checked_next_multiple_of(WORD)?..).unwrap_or_default();
    Some((i32::from_ne_bytes(*level), i32::from_ne_bytes(*kind), data, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let bytes = write(Ipv6Addr::LOCALHOST, LinkIndex(7), Some(255));
        let seen = Seen {
            destination: Some(Ipv6Addr::LOCALHOST.into()),
            link: Some(LinkIndex(7)),
            hop_limit: Some(255),
            stamp: None,
        };
        assert_eq!(read(&bytes), seen);
        assert_eq!(bytes.len() % WORD, 0);
    }

    #[test]
    fn beside_a_datagram_stand_hop_limit_and_if_need_be_the_link() {
        for family in [Family::V4, Family::V6] {
            let seen = read(&write_udp(family, 255, None, None));
            assert_eq!((seen.hop_limit, seen.link), (Some(255), None));
            let seen = read(&write_udp(family, 64, Some(LinkIndex(9)), None));
            assert_eq!((seen.hop_limit, seen.link), (Some(64), Some(LinkIndex(9))));
        }
    }

    #[test]
    fn data_cut_short_at_any_place_is_read_without_a_panic() {
        let mut bytes = write(Ipv6Addr::LOCALHOST, LinkIndex(7), Some(64));
        for length in 0..bytes.len() {
            let _ = read(&bytes[..length]);
        }
        bytes[..WORD].fill(0xff);
        assert_eq!(read(&bytes), Seen::default());
        bytes[..WORD].fill(0);
        assert_eq!(read(&bytes), Seen::default());
    }
}
