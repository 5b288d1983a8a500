//! Adverts: the one packet type of VRRP.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use ctutils::CtEq;
use host::bytes::{Checksum, Put, Reader, Short};
use host::{Delivery, Family};
use serde::{Deserialize, Serialize};

use super::frame::{Frame, Parts};
use super::seal::Evidence;
use super::trailer::Signed;
use super::{DecodeError, Demand, Proof, Seal, ah};
use crate::config::{Authentication, HmacMode, Priority, UnicastChecksum, Version, Vrid};

/// IP protocol number of VRRP (RFC 9568 §5.1.1.4).
pub const PROTOCOL: u8 = 112;
/// Type of service and traffic class of adverts: CS6, network control.
pub const TRAFFIC_CLASS: u8 = 0xc0;
/// What stood for a peer's address in the checksums of keepalived before 1.3.7.
pub(super) const OLD_DESTINATION: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
/// Bytes of an IPv4 header as we send it.
const IPV4: usize = 20;
/// Bytes before the addresses, the same in both versions.
pub(super) const FIXED: usize = 8;
/// Bytes of a version 2 advert over IPv4 after the addresses, whatever the authentication type (RFC 3768 §5.3.10).
pub(super) const AUTHENTICATION_DATA: usize = 8;
/// Packet type ADVERTISEMENT, the only one (RFC 9568 §5.2.2).
const ADVERTISEMENT: u8 = 1;

/// An advert.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |Version| Type 1|     VRID      |   Priority    |    Count n    |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | v2: Auth type |  Interval, s  |                               |
/// | v3:   0   |  Interval, 1/100 s|           Checksum            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                  n addresses of 4 or 16 bytes                 |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |      v2 over IPv4 only: authentication data, 8 bytes          |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// RFC 9568 §5.2 (version 3), RFC 3768 §5.3 (version 2). As keepalived: version 2 over IPv6, which no RFC has, is the
/// same header with 16-byte addresses and no authentication data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Advert {
    /// Version of the protocol.
    pub version: Version,
    /// Virtual router identifier.
    pub vrid: Vrid,
    /// The sender's effective priority.
    pub priority: Priority,
    /// Advertisement interval: version 2 whole seconds, 1 to 255; version 3 hundredths of a second, 0.01 to 40.95.
    pub interval: Duration,
    /// What the checksum covers.
    pub coverage: Coverage,
    /// The advertised addresses in the sender's order, at most 255, all of the packet's family.
    pub addresses: Vec<IpAddr>,
}

/// What the checksum of an advert covers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Coverage {
    /// The advert alone: version 2 (RFC 3768 §5.3.8), version 3 over IPv4 as RFC 9568 §5.2.8 says, and Keepalived's
    /// `v3_checksum_as_v2`.
    Advert,
    /// The advert and a pseudo-header: version 3 over IPv4 as RFC 5798 §5.2.8 was read, and as Keepalived sends.
    PseudoHeader,
    /// The same to a peer as keepalived before 1.3.7 had it: with 224.0.0.18 as the destination.
    OldPseudoHeader,
    /// The kernel's affair: IPv6, where it fills the checksum in and drops what does not match.
    Kernel,
}

/// What the IPv4 header of an advert says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ipv4Header {
    /// Identification. As keepalived: counts from 1 and leaves 0 out, because the kernel replaces a 0.
    pub id: u16,
    /// Time to live: 255 (RFC 9568 §5.1.1.3) but for unicast peers.
    pub ttl: u8,
    /// Source address.
    pub source: Ipv4Addr,
    /// Destination: the group or a peer.
    pub destination: Ipv4Addr,
}

/// What an instance is configured with, as far as an advert must match it.
#[derive(Clone, Copy)]
pub struct Expect<'a> {
    /// Version of the protocol.
    pub version: Version,
    /// Adverts go to peers, not to a group.
    pub unicast: bool,
    /// What makes it credible.
    pub demand: Demand<'a>,
    /// Version 3 over IPv4, unicast: which checksums are right.
    pub unicast_checksum: UnicastChecksum,
    /// Own interval; version 2 demands the same from others.
    pub interval: Duration,
}

impl Advert {
    /// The whole IPv4 packet: header, advert, in version 2 the authentication data, and what else the seal asks for.
    /// Addresses of the other family are left out, as are those after the 255th.
    ///
    /// The header checksum is right, although the kernel writes it anew.
    pub fn encode_ipv4(&self, header: &Ipv4Header, seal: Seal<'_>) -> Vec<u8> {
        let Ipv4Header { id, ttl, source, destination } = *header;
        let advert = self.encode(Family::V4, header, seal);
        let trailer = sign(source.into(), &advert, seal);
        let (protocol, between) = match seal {
            Seal::Header { .. } => (ah::PROTOCOL, ah::LENGTH),
            Seal::None | Seal::Password(_) | Seal::Signature { .. } => (PROTOCOL, 0),
        };
        let length = IPV4 + between + advert.len() + trailer.len();
        let mut packet = Vec::with_capacity(length);
        packet.put_u8(0x45);
        packet.put_u8(TRAFFIC_CLASS);
        // 20 + 24 + 8 + 255 * 4 + 8 + 28 bytes at most.
        packet.put_u16(u16::try_from(length).unwrap_or(u16::MAX));
        packet.put_u16(id);
        packet.put_u16(0);
        packet.put_u8(ttl);
        packet.put_u8(protocol);
        packet.put_u16(0);
        packet.put(&source.octets());
        packet.put(&destination.octets());
        let sum = Checksum::new().add(&packet).finish();
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        if let Seal::Header { sequence, .. } = seal {
            ah::put(&mut packet, source, sequence);
        }
        packet.put(&advert);
        packet.put(&trailer);
        if let Seal::Header { key, .. } = seal {
            ah::seal(&mut packet, IPV4, key);
        }
        packet
    }

    /// What follows the IPv6 header. The checksum is 0: the kernel fills it in (RFC 3542 §3.1). Addresses of the
    /// other family are left out, as are those after the 255th. Of the seals only a signature fits.
    pub fn encode_ipv6(&self, source: IpAddr, seal: Seal<'_>) -> Vec<u8> {
        let nobody =
            Ipv4Header { id: 0, ttl: 0, source: Ipv4Addr::UNSPECIFIED, destination: Ipv4Addr::UNSPECIFIED };
        let mut payload = self.encode(Family::V6, &nobody, seal);
        let trailer = sign(source, &payload, seal);
        payload.put(&trailer);
        payload
    }

    /// The advert without its IP header.
    fn encode(&self, family: Family, header: &Ipv4Header, seal: Seal<'_>) -> Vec<u8> {
        let addresses =
            || self.addresses.iter().filter(|a| Family::of(**a) == family).take(usize::from(u8::MAX));
        let count = u8::try_from(addresses().count()).unwrap_or(u8::MAX);
        let mut bytes = Vec::with_capacity(FIXED + usize::from(count) * 16 + AUTHENTICATION_DATA);
        bytes.put_u8(self.version.number() << 4 | ADVERTISEMENT);
        bytes.put_u8(self.vrid.get());
        bytes.put_u8(self.priority.0);
        bytes.put_u8(count);
        match self.version {
            Version::V2 => {
                bytes.put_u8(if family == Family::V4 { seal.number() } else { 0 });
                bytes.put_u8(whole_seconds(self.interval));
            }
            Version::V3 => bytes.put_u16(hundredths(self.interval)),
        }
        bytes.put_u16(0);
        for address in addresses() {
            match address {
                IpAddr::V4(address) => bytes.put(&address.octets()),
                IpAddr::V6(address) => bytes.put(&address.octets()),
            }
        }
        if family == Family::V6 {
            return bytes;
        }
        if self.version == Version::V2 {
            // As keepalived: zeros beside an authentication header too, whose password is its key.
            bytes.put(match seal {
                Seal::None | Seal::Header { .. } | Seal::Signature { .. } => &[0; AUTHENTICATION_DATA],
                Seal::Password(password) => password,
            });
        }
        let sum = match self.coverage {
            Coverage::PseudoHeader if self.version == Version::V3 => {
                pseudo_header(header.source, header.destination, bytes.len()).add(&bytes)
            }
            Coverage::OldPseudoHeader if self.version == Version::V3 => {
                pseudo_header(header.source, OLD_DESTINATION, bytes.len()).add(&bytes)
            }
            Coverage::Advert | Coverage::PseudoHeader | Coverage::OldPseudoHeader | Coverage::Kernel => {
                Checksum::new().add(&bytes)
            }
        };
        bytes[6..8].copy_from_slice(&sum.finish().to_be_bytes());
        bytes
    }
}

/// The virtual router that a packet speaks of, if it is long enough to say so. Nothing else is checked.
pub fn vrid_of(delivery: &Delivery) -> Option<u8> {
    Frame::of(delivery).ok()?.payload.get(1).copied()
}

/// The priority in a packet that may be an advert, whether it is a sound one or not.
pub fn priority_of(delivery: &Delivery) -> Option<u8> {
    Frame::of(delivery).ok()?.payload.get(2).copied()
}

/// The advert in a packet that came in by protocol 112 or 51, if it passes every check that an instance so configured
/// makes, in Keepalived's order, so that a packet with two faults is counted as there. The proof is worth keeping only
/// of an advert that is accepted.
pub fn decode(delivery: &Delivery, expect: &Expect<'_>) -> Result<(Advert, Proof), DecodeError> {
    let frame = Frame::of(delivery)?;
    let mut reader = Reader::new(frame.payload);
    let [version_and_kind, vrid, priority, count, fourth, fifth] = reader.array()?;
    let _checksum = reader.u16()?;
    let (version, kind) = (version_and_kind >> 4, version_and_kind & 0x0f);
    let ours = expect.demand.number();
    match (frame.has_authentication_header(), ours) {
        (true, 0 | 1) => return Err(DecodeError::AuthenticationTypeMismatch { theirs: 2, ours }),
        (false, 2) => {
            let theirs = if fourth == 1 { 1 } else { 0 };
            return Err(DecodeError::AuthenticationTypeMismatch { theirs, ours });
        }
        _ => {}
    }
    let parts = frame.parts(version, count, matches!(expect.demand, Demand::Signature { .. }))?;
    let advert = parts.advert;
    // RFC 9568 §7.1: "It MUST verify that the IPv4 TTL is 255", and the hop limit likewise. Unicast peers may be
    // some hops away.
    if let (false, Some(ttl @ 0..=254)) = (expect.unicast, frame.hop_limit) {
        return Err(DecodeError::Ttl(ttl));
    }
    // RFC 9568 §7.1: "It MUST verify that the VRRP version is 3", RFC 3768 §7.1: 2.
    if version != expect.version.number() {
        return Err(DecodeError::Version(version));
    }
    let mut evidence = check_signature(delivery.source, &parts, expect.demand)?;
    if expect.version == Version::V2 {
        match authenticate(fourth, advert, &frame, expect)? {
            Evidence::Nothing => {}
            found @ (Evidence::Sequence(_) | Evidence::Stamp(_)) => evidence = found,
        }
        // RFC 3768 §7.1: "MUST verify that the Adver Interval in the packet is the same as the locally configured".
        let ours = whole_seconds(expect.interval);
        if fifth != ours {
            return Err(DecodeError::Interval { theirs: fifth, ours });
        }
    }
    // RFC 9568 §5.2.2: "A packet with unknown type MUST be discarded."
    if kind != ADVERTISEMENT {
        return Err(DecodeError::Type(kind));
    }
    frame.check_total_length(&parts)?;
    let coverage = frame.coverage(advert, expect)?;
    if delivery.destination.is_multicast() == expect.unicast {
        return Err(DecodeError::Destination);
    }
    let interval = match expect.version {
        Version::V2 => Duration::from_secs(u64::from(fifth)),
        Version::V3 => Duration::from_millis(u64::from(u16::from_be_bytes([fourth & 0x0f, fifth])) * 10),
    };
    if interval.is_zero() {
        return Err(DecodeError::ZeroInterval);
    }
    // The router found the instance by this number, so it is not 0; a direct caller gets an answer all the same.
    let vrid = Vrid::new(vrid).ok_or(DecodeError::Length)?;
    let addresses = addresses(reader.take(usize::from(count) * frame.address_length())?, frame.family);
    let advert =
        Advert { version: expect.version, vrid, priority: Priority(priority), interval, coverage, addresses };
    Ok((advert, Proof::of(evidence)))
}

/// Version 2, before the interval: the type exists, is ours, and what it promises is there (RFC 2338 §7.1).
fn authenticate(
    kind: u8,
    advert: &[u8],
    frame: &Frame<'_>,
    expect: &Expect<'_>,
) -> Result<Evidence, DecodeError> {
    if kind > 2 {
        return Err(DecodeError::InvalidAuthenticationType(kind));
    }
    // Over IPv6 there is no room for authentication data, so none is configured nor sent.
    let ours = if frame.family == Family::V4 { expect.demand.number() } else { 0 };
    if kind != ours {
        return Err(DecodeError::AuthenticationTypeMismatch { theirs: kind, ours });
    }
    let Demand::Plain { authentication, known } = expect.demand else { return Ok(Evidence::Nothing) };
    match authentication {
        Authentication::Password(password) if frame.family == Family::V4 => {
            let theirs = advert.last_chunk::<AUTHENTICATION_DATA>().ok_or(DecodeError::Length)?;
            // In a time that does not depend on where the difference is.
            if password.ct_eq(theirs).to_bool() {
                Ok(Evidence::Nothing)
            } else {
                Err(DecodeError::AuthenticationFailure)
            }
        }
        Authentication::Header(key) if frame.family == Family::V4 => {
            frame.header_sequence(advert, key, known).map(Evidence::Sequence)
        }
        Authentication::Password(_) | Authentication::Header(_) | Authentication::None => {
            Ok(Evidence::Nothing)
        }
    }
}

/// Either version: the signature behind the advert, where one is looked for.
fn check_signature(source: IpAddr, parts: &Parts<'_>, demand: Demand<'_>) -> Result<Evidence, DecodeError> {
    let Demand::Signature { hmac, now, last } = demand else { return Ok(Evidence::Nothing) };
    match parts.trailer {
        None if hmac.mode == HmacMode::Enforce => Err(DecodeError::Unsigned),
        None => Ok(Evidence::Nothing),
        Some(trailer) => {
            let signed = Signed { source, advert: parts.advert };
            signed.verify(trailer, hmac, now, last).map(Evidence::Stamp)
        }
    }
}

/// The signature to send behind an advert; nothing if none is asked for.
fn sign(source: IpAddr, advert: &[u8], seal: Seal<'_>) -> Vec<u8> {
    match seal {
        Seal::Signature { key, stamp } => Signed { source, advert }.sign(key, stamp),
        Seal::None | Seal::Password(_) | Seal::Header { .. } => Vec::new(),
    }
}

/// Version 2's unit, as an advert can carry it.
fn whole_seconds(interval: Duration) -> u8 {
    u8::try_from(interval.as_secs()).unwrap_or(u8::MAX)
}

/// Version 3's unit, as an advert can carry it: 12 bits.
fn hundredths(interval: Duration) -> u16 {
    u16::try_from(interval.as_millis() / 10).unwrap_or(u16::MAX).min(0x0fff)
}

/// The start of a version 3 checksum over IPv4: source, destination, zero, protocol, length (RFC 5798 §5.2.8).
pub(super) fn pseudo_header(source: Ipv4Addr, destination: Ipv4Addr, length: usize) -> Checksum {
    // 8 + 255 * 16 bytes at most.
    let length = u16::try_from(length).unwrap_or(u16::MAX);
    Checksum::new()
        .add(&source.octets())
        .add(&destination.octets())
        .add(&[0, PROTOCOL])
        .add(&length.to_be_bytes())
}

/// Addresses one after the other; `bytes` is a whole number of them.
fn addresses(bytes: &[u8], family: Family) -> Vec<IpAddr> {
    let mut reader = Reader::new(bytes);
    let mut next = || match family {
        Family::V4 => reader.array::<4>().map(IpAddr::from),
        Family::V6 => reader.array::<16>().map(IpAddr::from),
    };
    core::iter::from_fn(|| next().ok()).collect()
}

impl From<Short> for DecodeError {
    fn from(_: Short) -> Self {
        Self::Length
    }
}

#[cfg(test)]
mod tests;
