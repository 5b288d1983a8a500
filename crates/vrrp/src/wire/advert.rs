//! Adverts: the one packet type of VRRP.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use host::bytes::{Checksum, Put, Reader, Short};
use host::{Delivery, Family};
use serde::{Deserialize, Serialize};

use super::DecodeError;
use crate::config::{Authentication, Priority, Version, Vrid};

/// IP protocol number of VRRP (RFC 9568 §5.1.1.4).
pub const PROTOCOL: u8 = 112;
/// Type of service and traffic class of adverts: CS6, network control.
pub const TRAFFIC_CLASS: u8 = 0xc0;
/// Protocol number of the IP authentication header, which RFC 2338 §5.3.6.3 put before the advert.
const AUTHENTICATION_HEADER: u8 = 51;
/// Its length: fixed part and a 96-bit value (RFC 2403).
const AUTHENTICATION_HEADER_LENGTH: usize = 24;
/// Bytes before the addresses, the same in both versions.
const FIXED: usize = 8;
/// Bytes of a version 2 advert over IPv4 after the addresses, whatever the authentication type (RFC 3768 §5.3.10).
const AUTHENTICATION_DATA: usize = 8;
/// Smallest payload of an Ethernet frame; a shorter packet is padded and some drivers leave the padding on.
const ETHERNET_MINIMUM: usize = 46;
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
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Expect<'a> {
    /// Version of the protocol.
    pub version: Version,
    /// Adverts go to peers, not to a group.
    pub unicast: bool,
    /// Version 2 authentication.
    pub authentication: &'a Authentication,
    /// Own interval; version 2 demands the same from others.
    pub interval: Duration,
}

impl Advert {
    /// The whole IPv4 packet: header, advert and, in version 2, the authentication data. Addresses of the other
    /// family are left out, as are those after the 255th.
    ///
    /// The header checksum is right, although the kernel writes it anew.
    pub fn encode_ipv4(&self, header: &Ipv4Header, authentication: &Authentication) -> Vec<u8> {
        let advert = self.encode(Family::V4, header, authentication);
        let Ipv4Header { id, ttl, source, destination } = *header;
        let mut packet = Vec::with_capacity(20 + advert.len());
        packet.put_u8(0x45);
        packet.put_u8(TRAFFIC_CLASS);
        // 20 + 8 + 255 * 4 + 8 bytes at most.
        packet.put_u16(u16::try_from(20 + advert.len()).unwrap_or(u16::MAX));
        packet.put_u16(id);
        packet.put_u16(0);
        packet.put_u8(ttl);
        packet.put_u8(PROTOCOL);
        packet.put_u16(0);
        packet.put(&source.octets());
        packet.put(&destination.octets());
        let sum = Checksum::new().add(&packet).finish();
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        packet.put(&advert);
        packet
    }

    /// What follows the IPv6 header. The checksum is 0: the kernel fills it in (RFC 3542 §3.1). Addresses of the
    /// other family are left out, as are those after the 255th.
    pub fn encode_ipv6(&self) -> Vec<u8> {
        let nobody =
            Ipv4Header { id: 0, ttl: 0, source: Ipv4Addr::UNSPECIFIED, destination: Ipv4Addr::UNSPECIFIED };
        self.encode(Family::V6, &nobody, &Authentication::None)
    }

    /// The advert without its IP header.
    fn encode(&self, family: Family, header: &Ipv4Header, authentication: &Authentication) -> Vec<u8> {
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
                bytes.put_u8(if family == Family::V4 { kind_of(authentication) } else { 0 });
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
            bytes.put(match authentication {
                Authentication::None => &[0; AUTHENTICATION_DATA],
                Authentication::Password(password) => password,
            });
        }
        let sum = match self.coverage {
            Coverage::PseudoHeader if self.version == Version::V3 => {
                pseudo_header(header.source, header.destination, bytes.len()).add(&bytes)
            }
            Coverage::Advert | Coverage::PseudoHeader | Coverage::Kernel => Checksum::new().add(&bytes),
        };
        bytes[6..8].copy_from_slice(&sum.finish().to_be_bytes());
        bytes
    }
}

/// The virtual router that a packet speaks of, if it is long enough to say so. Nothing else is checked.
pub fn vrid_of(delivery: &Delivery) -> Option<u8> {
    Frame::of(delivery).ok()?.payload.get(1).copied()
}

/// The advert in a packet that came in by protocol 112, if it passes every check that an instance so configured
/// makes, in Keepalived's order, so that a packet with two faults is counted as there.
pub fn decode(delivery: &Delivery, expect: &Expect<'_>) -> Result<Advert, DecodeError> {
    let frame = Frame::of(delivery)?;
    let mut reader = Reader::new(frame.payload);
    let [version_and_kind, vrid, priority, count, fourth, fifth] = reader.array()?;
    let _checksum = reader.u16()?;
    let (version, kind) = (version_and_kind >> 4, version_and_kind & 0x0f);
    if frame.authentication_header {
        let ours = kind_of(expect.authentication);
        return Err(DecodeError::AuthenticationTypeMismatch { theirs: 2, ours });
    }
    let advert = frame.advert(version, count)?;
    // RFC 9568 §7.1: "It MUST verify that the IPv4 TTL is 255", and the hop limit likewise. Unicast peers may be
    // some hops away.
    if let (false, Some(ttl @ 0..=254)) = (expect.unicast, frame.hop_limit) {
        return Err(DecodeError::Ttl(ttl));
    }
    // RFC 9568 §7.1: "It MUST verify that the VRRP version is 3", RFC 3768 §7.1: 2.
    if version != expect.version.number() {
        return Err(DecodeError::Version(version));
    }
    if expect.version == Version::V2 {
        authenticate(fourth, advert, frame.family, expect)?;
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
    frame.check_total_length(advert.len())?;
    let coverage = frame.coverage(advert, expect.version)?;
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
    Ok(Advert { version: expect.version, vrid, priority: Priority(priority), interval, coverage, addresses })
}

/// A body for fuzzers: no bytes may make the decoder panic, and what it accepts must encode to the same again.
pub fn fuzz_advert(bytes: &[u8]) {
    let password = Authentication::Password(*b"1111\0\0\0\0");
    let v4 = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let v6 = IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1));
    for (source, group) in [(v4, crate::config::Mode::GROUP_V4), (v6, crate::config::Mode::GROUP_V6)] {
        let delivery = Delivery {
            link: host::LinkIndex(1),
            source,
            destination: group,
            hop_limit: Some(255),
            bytes: bytes.to_vec(),
        };
        let _ = vrid_of(&delivery);
        for (version, authentication) in [
            (Version::V2, &Authentication::None),
            (Version::V2, &password),
            (Version::V3, &Authentication::None),
        ] {
            let interval = Duration::from_secs(1);
            let expect = Expect { version, unicast: false, authentication, interval };
            if let Ok(advert) = decode(&delivery, &expect) {
                assert!(
                    !advert.interval.is_zero() && advert.addresses.len() <= 255,
                    "a decoded advert is sane"
                );
            }
        }
    }
}

/// A packet taken apart as far as its IP header goes.
struct Frame<'a> {
    family: Family,
    hop_limit: Option<u8>,
    /// IPv4: source, destination and the total length field.
    header: Option<(Ipv4Addr, Ipv4Addr, usize)>,
    authentication_header: bool,
    /// Bytes before the advert.
    head: usize,
    /// The advert and whatever follows it.
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Fails if there is no room for the fixed part of an advert.
    fn of(delivery: &'a Delivery) -> Result<Self, DecodeError> {
        let bytes = delivery.bytes.as_slice();
        let frame = match Family::of(delivery.source) {
            Family::V4 => Self::of_ipv4(bytes, delivery.hop_limit)?,
            Family::V6 => Self {
                family: Family::V6,
                hop_limit: delivery.hop_limit,
                header: None,
                authentication_header: false,
                head: 0,
                payload: bytes,
            },
        };
        if frame.payload.len() < FIXED { Err(DecodeError::Length) } else { Ok(frame) }
    }

    fn of_ipv4(bytes: &'a [u8], hop_limit: Option<u8>) -> Result<Self, Short> {
        let mut reader = Reader::new(bytes);
        let version_and_length = reader.u8()?;
        let header_length = usize::from(version_and_length & 0x0f) * 4;
        if version_and_length >> 4 != 4 || header_length < 20 {
            return Err(Short);
        }
        let _class = reader.u8()?;
        let total_length = usize::from(reader.u16()?);
        let _identification_and_fragment = reader.u32()?;
        let ttl = reader.u8()?;
        let authentication_header = reader.u8()? == AUTHENTICATION_HEADER;
        let _checksum = reader.u16()?;
        let source = Ipv4Addr::from_bits(reader.u32()?);
        let destination = Ipv4Addr::from_bits(reader.u32()?);
        let head = header_length + if authentication_header { AUTHENTICATION_HEADER_LENGTH } else { 0 };
        Ok(Self {
            family: Family::V4,
            hop_limit: Some(hop_limit.unwrap_or(ttl)),
            header: Some((source, destination, total_length)),
            authentication_header,
            head,
            payload: bytes.get(head..).ok_or(Short)?,
        })
    }

    const fn address_length(&self) -> usize {
        match self.family {
            Family::V4 => 4,
            Family::V6 => 16,
        }
    }

    /// The advert without padding. As keepalived: by the packet's own version and count, so that another version of
    /// another size is a wrong length, not a wrong version.
    fn advert(&self, version: u8, count: u8) -> Result<&'a [u8], DecodeError> {
        let tail = if version == 2 && self.family == Family::V4 { AUTHENTICATION_DATA } else { 0 };
        let expected = FIXED + usize::from(count) * self.address_length() + tail;
        let (expected_total, received) = (self.head + expected, self.head + self.payload.len());
        if received != expected_total && !is_padding(expected_total, received) {
            return Err(DecodeError::Length);
        }
        self.payload.get(..expected).ok_or(DecodeError::Length)
    }

    /// The IPv4 header's own idea of the length, with the same allowance for padding.
    fn check_total_length(&self, advert: usize) -> Result<(), DecodeError> {
        let Some((_, _, total)) = self.header else { return Ok(()) };
        let received = self.head + self.payload.len();
        if total == received || (total == self.head + advert && is_padding(total, received)) {
            Ok(())
        } else {
            Err(DecodeError::Length)
        }
    }

    /// RFC 9568 §7.1: "It MUST verify the VRRP checksum." Of the two readings of version 3 over IPv4 either is
    /// accepted, since routers of both kinds exist. Differs: with `v3_checksum_as_v2` Keepalived accepts any sum.
    fn coverage(&self, advert: &[u8], version: Version) -> Result<Coverage, DecodeError> {
        let Some((source, destination, _)) = self.header else { return Ok(Coverage::Kernel) };
        let matches = |start: Checksum| start.add(advert).finish() == 0;
        if version == Version::V3 && matches(pseudo_header(source, destination, advert.len())) {
            Ok(Coverage::PseudoHeader)
        } else if matches(Checksum::new()) {
            Ok(Coverage::Advert)
        } else {
            Err(DecodeError::Checksum)
        }
    }
}

/// Whether `received` is `expected` with the padding of an Ethernet frame, with or without a VLAN tag.
const fn is_padding(expected: usize, received: usize) -> bool {
    expected < ETHERNET_MINIMUM && received > expected && (received - expected) % 4 == 2
}

/// Version 2, before the interval: the type exists, is ours, and the password matches (RFC 2338 §7.1).
fn authenticate(kind: u8, advert: &[u8], family: Family, expect: &Expect<'_>) -> Result<(), DecodeError> {
    if kind > 2 {
        return Err(DecodeError::InvalidAuthenticationType(kind));
    }
    // Over IPv6 there is no room for authentication data, so none is configured nor sent.
    let ours = if family == Family::V4 { kind_of(expect.authentication) } else { 0 };
    if kind != ours {
        return Err(DecodeError::AuthenticationTypeMismatch { theirs: kind, ours });
    }
    match expect.authentication {
        Authentication::Password(password) if family == Family::V4 => {
            let theirs = advert.last_chunk::<AUTHENTICATION_DATA>().ok_or(DecodeError::Length)?;
            if is_equal(password, theirs) { Ok(()) } else { Err(DecodeError::AuthenticationFailure) }
        }
        Authentication::Password(_) | Authentication::None => Ok(()),
    }
}

/// Compares in a time that does not depend on where the difference is.
fn is_equal(left: &[u8; AUTHENTICATION_DATA], right: &[u8; AUTHENTICATION_DATA]) -> bool {
    let difference = left.iter().zip(right).fold(0, |all, (l, r)| all | (l ^ r));
    core::hint::black_box(difference) == 0
}

/// The number by which version 2 names an authentication (RFC 2338 §5.3.6).
const fn kind_of(authentication: &Authentication) -> u8 {
    match authentication {
        Authentication::None => 0,
        Authentication::Password(_) => 1,
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
fn pseudo_header(source: Ipv4Addr, destination: Ipv4Addr, length: usize) -> Checksum {
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
