//! A packet taken apart as far as its headers go.

use core::net::Ipv4Addr;

use host::bytes::{Checksum, Reader, Short};
use host::{Delivery, Family};

use super::advert::{AUTHENTICATION_DATA, FIXED, pseudo_header};
use super::{Coverage, DecodeError, ah, trailer};
use crate::config::Version;

/// Smallest payload of an Ethernet frame; a shorter packet is padded and some drivers leave the padding on.
const ETHERNET_MINIMUM: usize = 46;

/// A packet and where its parts begin.
pub(super) struct Frame<'a> {
    pub(super) family: Family,
    pub(super) hop_limit: Option<u8>,
    /// IPv4: source, destination and the total length field.
    header: Option<(Ipv4Addr, Ipv4Addr, usize)>,
    /// The whole packet.
    bytes: &'a [u8],
    /// IPv4: where an IP authentication header begins, if there is one.
    authentication_header: Option<usize>,
    /// Bytes before the advert.
    head: usize,
    /// The advert and whatever follows it.
    pub(super) payload: &'a [u8],
}

/// An advert without padding, and the signature behind it.
pub(super) struct Parts<'a> {
    pub(super) advert: &'a [u8],
    pub(super) trailer: Option<&'a [u8; trailer::LENGTH]>,
}

impl Parts<'_> {
    fn len(&self) -> usize {
        self.advert.len() + self.trailer.map_or(0, |trailer| trailer.len())
    }
}

impl<'a> Frame<'a> {
    /// Fails if there is no room for the fixed part of an advert.
    pub(super) fn of(delivery: &'a Delivery) -> Result<Self, DecodeError> {
        let bytes = delivery.bytes.as_slice();
        let frame = match Family::of(delivery.source) {
            Family::V4 => Self::of_ipv4(bytes, delivery.hop_limit)?,
            Family::V6 => Self {
                family: Family::V6,
                hop_limit: delivery.hop_limit,
                header: None,
                bytes,
                authentication_header: None,
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
        let authentication_header = (reader.u8()? == ah::PROTOCOL).then_some(header_length);
        let _checksum = reader.u16()?;
        let source = Ipv4Addr::from_bits(reader.u32()?);
        let destination = Ipv4Addr::from_bits(reader.u32()?);
        let head = header_length + authentication_header.map_or(0, |_| ah::LENGTH);
        Ok(Self {
            family: Family::V4,
            hop_limit: Some(hop_limit.unwrap_or(ttl)),
            header: Some((source, destination, total_length)),
            bytes,
            authentication_header,
            head,
            payload: bytes.get(head..).ok_or(Short)?,
        })
    }

    pub(super) const fn has_authentication_header(&self) -> bool {
        self.authentication_header.is_some()
    }

    pub(super) const fn address_length(&self) -> usize {
        match self.family {
            Family::V4 => 4,
            Family::V6 => 16,
        }
    }

    /// The advert without padding. As keepalived: by the packet's own version and count, so that another version of
    /// another size is a wrong length, not a wrong version. A signature may follow it only if one is looked for, and
    /// is known by the length alone.
    pub(super) fn parts(&self, version: u8, count: u8, signed: bool) -> Result<Parts<'a>, DecodeError> {
        let tail = if version == 2 && self.family == Family::V4 { AUTHENTICATION_DATA } else { 0 };
        let expected = FIXED + usize::from(count) * self.address_length() + tail;
        let (advert, rest) = self.payload.split_at_checked(expected).ok_or(DecodeError::Length)?;
        if let (true, Ok(trailer)) = (signed, <&[u8; trailer::LENGTH]>::try_from(rest)) {
            return Ok(Parts { advert, trailer: Some(trailer) });
        }
        let (expected_total, received) = (self.head + expected, self.head + self.payload.len());
        if received != expected_total && !is_padding(expected_total, received) {
            return Err(DecodeError::Length);
        }
        Ok(Parts { advert, trailer: None })
    }

    /// The IPv4 header's own idea of the length, with the same allowance for padding.
    pub(super) fn check_total_length(&self, parts: &Parts<'_>) -> Result<(), DecodeError> {
        let Some((_, _, total)) = self.header else { return Ok(()) };
        let received = self.head + self.payload.len();
        if total == received || (total == self.head + parts.len() && is_padding(total, received)) {
            Ok(())
        } else {
            Err(DecodeError::Length)
        }
    }

    /// RFC 9568 §7.1: "It MUST verify the VRRP checksum." Of the two readings of version 3 over IPv4 either is
    /// accepted, since routers of both kinds exist. Differs: with `v3_checksum_as_v2` Keepalived accepts any sum.
    pub(super) fn coverage(&self, advert: &[u8], version: Version) -> Result<Coverage, DecodeError> {
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

    /// The sequence number of the IP authentication header in front of the advert, if all is right with it.
    pub(super) fn header_sequence(
        &self,
        advert: &[u8],
        key: &[u8; 8],
        known: u32,
    ) -> Result<u32, DecodeError> {
        let at = self.authentication_header.ok_or(DecodeError::AuthenticationFailure)?;
        let packet = self.bytes.get(..self.head + advert.len()).ok_or(DecodeError::Length)?;
        ah::verify(packet, at, key, known)
    }
}

/// Whether `received` is `expected` with the padding of an Ethernet frame, with or without a VLAN tag.
const fn is_padding(expected: usize, received: usize) -> bool {
    expected < ETHERNET_MINIMUM && received > expected && (received - expected) % 4 == 2
}
