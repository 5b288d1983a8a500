//! UDP datagrams that a neighbour is to forward, whatever address they are destined to: also to ourselves.
//!
//! A raw socket that writes headers itself sends where its caller says, not where the header says: the kernel finds the
//! neighbour's hardware address as for any packet to it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::os::fd::AsFd;

use host::{Family, LinkIndex, UdpDatagram};
use socket2::{Domain, Socket, Type};

use super::raw;
use super::udp::TRAFFIC_CLASS;
use crate::sys::{Outgoing, send_many};

/// UDP's number (RFC 768).
const UDP: u8 = 17;
/// Bytes of a UDP header.
const HEADER: usize = 8;

/// The sockets for it, one a family and link.
#[derive(Default)]
pub(super) struct Detours(BTreeMap<(Family, LinkIndex), Socket>);

impl Detours {
    /// Sends by a link to a neighbour on it.
    pub(super) fn send(
        &mut self,
        datagram: &UdpDatagram,
        link: LinkIndex,
        neighbour: IpAddr,
    ) -> io::Result<()> {
        let from = SocketAddr::new(datagram.from.address, datagram.from.port);
        let bytes = packet(from, datagram.to, datagram.hop_limit, &datagram.payload);
        let bytes = bytes.ok_or(io::ErrorKind::InvalidInput)?;
        let family = Family::of(neighbour);
        let socket = match self.0.entry((family, link)) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(place) => place.insert(open(family, link)?),
        };
        let to = raw::end(neighbour, link).into();
        loop {
            match send_many(socket.as_fd(), &[Outgoing { to: &to, control: &[], bytes: &bytes }], 0) {
                Ok(_) => return Ok(()),
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(cause),
            }
        }
    }

    /// Closes what sent by a link that is gone.
    pub(super) fn forget(&mut self, link: LinkIndex) {
        self.0.retain(|(_, of), _| *of != link);
    }
}

/// A socket of no protocol: it receives nothing, and packets come with their header.
fn open(family: Family, link: LinkIndex) -> io::Result<Socket> {
    let domain = match family {
        Family::V4 => Domain::IPV4,
        Family::V6 => Domain::IPV6,
    };
    let socket = Socket::new(domain, Type::RAW, Some(libc::IPPROTO_RAW.into()))?;
    socket.set_nonblocking(true)?;
    socket.bind_device_by_index_v4(Some(NonZeroU32::new(link.0).ok_or(io::ErrorKind::NotFound)?))?;
    Ok(socket)
}

/// A datagram with its headers; `None` if its ends are not of one family, or it is too long.
fn packet(from: SocketAddr, to: SocketAddr, hop_limit: u8, payload: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(HEADER + payload.len()).ok()?;
    let mut datagram = Vec::with_capacity(usize::from(length));
    for number in [from.port(), to.port(), length, 0] {
        datagram.extend_from_slice(&number.to_be_bytes());
    }
    datagram.extend_from_slice(payload);
    let (mut bytes, ends) = match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let [high, low] = length.checked_add(20)?.to_be_bytes();
            // The kernel fills in identification and checksum.
            let header = vec![0x45, TRAFFIC_CLASS, high, low, 0, 0, 0, 0, hop_limit, UDP, 0, 0];
            (header, [from.octets(), to.octets()].concat())
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let [high, low] = length.to_be_bytes();
            let header =
                vec![0x60 | (TRAFFIC_CLASS >> 4), TRAFFIC_CLASS << 4, 0, 0, high, low, UDP, hop_limit];
            (header, [from.octets(), to.octets()].concat())
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
    };
    let checksum = checksum(&[&ends, &[0, UDP], &length.to_be_bytes(), &datagram]);
    datagram[6..HEADER].copy_from_slice(&checksum.to_be_bytes());
    bytes.extend(ends);
    bytes.extend(datagram);
    Some(bytes)
}

/// RFC 768, RFC 8200 §8.1: over addresses, protocol, length and the datagram. All but the last are of even length. Zero, which
/// would mean none, is sent as its other form.
fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let mut sum: u32 =
        words.map(|word| (u32::from(word[0]) << 8) | word.get(1).map_or(0, |low| u32::from(*low))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    match u16::try_from(sum) {
        Ok(0xffff) | Err(_) => 0xffff,
        Ok(sum) => !sum,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_has_the_headers_that_its_ends_ask_for() {
        let v4 =
            packet("192.0.0.8:3785".parse().unwrap(), "10.1.0.1:3785".parse().unwrap(), 255, b"abc").unwrap();
        assert_eq!(v4[..12], [0x45, 0xc0, 0, 31, 0, 0, 0, 0, 255, 17, 0, 0]);
        assert_eq!(v4[12..28], [192, 0, 0, 8, 10, 1, 0, 1, 0x0e, 0xc9, 0x0e, 0xc9, 0, 11, v4[26], v4[27]]);
        assert_eq!(checksum(&[&v4[12..20], &[0, UDP, 0, 11], &v4[20..]]), 0xffff, "it adds up");
        let v6 =
            packet("[100::1]:3785".parse().unwrap(), "[2001:db8::1]:3785".parse().unwrap(), 255, b"abcd")
                .unwrap();
        assert_eq!(v6[..8], [0x6c, 0, 0, 0, 0, 12, 17, 255]);
        assert_eq!(v6.len(), 52);
        assert_eq!(packet("[100::1]:1".parse().unwrap(), "10.1.0.1:1".parse().unwrap(), 255, b""), None);
    }

    #[test]
    fn a_payload_that_is_too_long_makes_no_packet() {
        let (from, to) = ("192.0.0.8:1".parse().unwrap(), "10.1.0.1:1".parse().unwrap());
        assert_eq!(packet(from, to, 1, &[0; 65_536]), None);
        assert_eq!(packet(from, to, 1, &[0; 65_520]), None);
    }
}
