//! Frames off the wire, read far enough to judge them: adverts, gratuitous ARP, unsolicited neighbour advertisements.
//!
//! Written apart from the daemon's own decoder, so that a mistake there is not repeated here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::clock::Stamp;
use super::record::Seen;

/// A frame as it came in at a port of the switch.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    /// When, by the kernel.
    pub(crate) at: Stamp,
    /// At which port, hence from which host.
    pub(crate) port: String,
    /// All its bytes from the Ethernet header on.
    pub(crate) frame: Vec<u8>,
    /// What it is.
    pub(crate) kind: Kind,
}

impl Seen for Packet {
    fn at(&self) -> Stamp {
        self.at
    }
}

/// What a frame is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A VRRP advert.
    Advert(Advert),
    /// A gratuitous ARP request or reply, or an unsolicited neighbour advertisement, for this address.
    Announcement(IpAddr),
    /// Anything else.
    Other,
}

/// The fields of an advert (RFC 3768 §5.1, RFC 9568 §5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Advert {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) hop_limit: u8,
    pub(crate) version: u8,
    pub(crate) vrid: u8,
    pub(crate) priority: u8,
    pub(crate) interval: Duration,
    /// Version 2: authentication type and data.
    pub(crate) authentication: Option<(u8, Vec<u8>)>,
    pub(crate) addresses: Vec<IpAddr>,
}

const VRRP: u8 = 112;
const AH: u8 = 51;
const ICMPV6: u8 = 58;

impl Packet {
    /// The advert, if it is one.
    pub(crate) fn advert(&self) -> Option<&Advert> {
        match &self.kind {
            Kind::Advert(advert) => Some(advert),
            Kind::Announcement(_) | Kind::Other => None,
        }
    }
}

/// Reads a frame from its Ethernet header on.
pub(crate) fn read(frame: &[u8]) -> Kind {
    decode(frame).unwrap_or(Kind::Other)
}

fn decode(frame: &[u8]) -> Option<Kind> {
    let body = frame.get(14..)?;
    match word(frame, 12)? {
        0x0800 => {
            let header = usize::from(body.first()? & 15) * 4;
            let source = IpAddr::V4(v4(body, 12)?);
            let destination = IpAddr::V4(v4(body, 16)?);
            let payload = body.get(header..usize::from(word(body, 2)?))?;
            let payload = match *body.get(9)? {
                VRRP => payload,
                // RFC 2402 §2.2: its length in words of 4 bytes, less 2.
                AH if payload.first() == Some(&VRRP) => payload.get(4 * (usize::from(payload[1]) + 2)..)?,
                _ => return None,
            };
            advert(source, destination, *body.get(8)?, payload)
        }
        0x86dd => {
            let source = IpAddr::V6(v6(body, 8)?);
            let destination = IpAddr::V6(v6(body, 24)?);
            let payload = body.get(40..40 + usize::from(word(body, 4)?))?;
            match *body.get(6)? {
                VRRP => advert(source, destination, *body.get(7)?, payload),
                // RFC 4861 §4.4: type 136; unsolicited ones go to all nodes.
                ICMPV6 if payload.first() == Some(&136) && v6(body, 24)?.is_multicast() => {
                    Some(Kind::Announcement(IpAddr::V6(v6(payload, 8)?)))
                }
                _ => None,
            }
        }
        0x0806 => {
            let (sender, target) = (v4(body, 14)?, v4(body, 24)?);
            (sender == target).then_some(Kind::Announcement(IpAddr::V4(sender)))
        }
        _ => None,
    }
}

fn advert(source: IpAddr, destination: IpAddr, hop_limit: u8, pdu: &[u8]) -> Option<Kind> {
    let first = *pdu.first()?;
    let (version, kind) = (first >> 4, first & 15);
    if kind != 1 {
        return None;
    }
    let count = usize::from(*pdu.get(3)?);
    let size = if source.is_ipv4() { 4 } else { 16 };
    let mut addresses = Vec::new();
    for index in 0..count {
        let at = 8 + index * size;
        addresses.push(if source.is_ipv4() { v4(pdu, at)?.into() } else { v6(pdu, at)?.into() });
    }
    let (interval, authentication) = if version == 2 {
        let data = pdu.get(8 + count * size..)?.to_vec();
        (Duration::from_secs(u64::from(*pdu.get(5)?)), Some((*pdu.get(4)?, data)))
    } else {
        (Duration::from_millis(u64::from(word(pdu, 4)? & 0x0fff) * 10), None)
    };
    Some(Kind::Advert(Advert {
        source,
        destination,
        hop_limit,
        version,
        vrid: *pdu.get(1)?,
        priority: *pdu.get(2)?,
        interval,
        authentication,
        addresses,
    }))
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn v4(bytes: &[u8], at: usize) -> Option<Ipv4Addr> {
    let octets: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(octets.into())
}

fn v6(bytes: &[u8], at: usize) -> Option<Ipv6Addr> {
    let octets: [u8; 16] = bytes.get(at..at + 16)?.try_into().ok()?;
    Some(octets.into())
}
