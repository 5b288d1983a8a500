//! The IP authentication header (RFC 2402) that RFC 2338 §5.3.6.3 put before a version 2 advert over IPv4.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! | Next header   |  Length - 2   |               0               |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |       Security parameters index: the source address           |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                        Sequence number                        |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |     First 12 bytes of HMAC-MD5 (RFC 2104, RFC 2403)           |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! As keepalived: nobody negotiates, the index is the sender's address and the key the password.

use alloc::vec::Vec;
use core::net::Ipv4Addr;

use hmac::{Hmac, KeyInit, Mac};
use host::bytes::{Put, Reader};
use md5::Md5;

use super::DecodeError;
use super::advert::PROTOCOL as VRRP;

/// IP protocol number of the header.
pub(super) const PROTOCOL: u8 = 51;
/// Bytes of the header: fixed part and a 96-bit value (RFC 2403).
pub(super) const LENGTH: usize = 24;
/// Where in the header the value begins.
const VALUE: usize = 12;
/// Bytes of an IP header without options.
const IP: usize = 20;

/// Appends the header, its value not yet filled in.
pub(super) fn put(packet: &mut Vec<u8>, source: Ipv4Addr, sequence: u32) {
    // RFC 2402 §2.2: the length in words of 4 bytes, less 2.
    packet.put(&[VRRP, 4, 0, 0]);
    packet.put(&source.octets());
    packet.put_u32(sequence);
    packet.put(&[0; LENGTH - VALUE]);
}

/// Fills the value in of a header that begins at `at` of a whole packet.
pub(super) fn seal(packet: &mut [u8], at: usize, key: &[u8; 8]) {
    let value = mac(packet, at, key).finalize().into_bytes();
    if let Some(place) = packet.get_mut(at + VALUE..at + LENGTH) {
        place.copy_from_slice(&value[..LENGTH - VALUE]);
    }
}

/// Checks the header that begins at `at` of a whole packet without padding, and gives its sequence number. `known` is
/// the number that it must exceed.
///
/// As keepalived: the value before the index, and both before the number, which is believed only of an authentic
/// packet.
pub(super) fn verify(packet: &[u8], at: usize, key: &[u8; 8], known: u32) -> Result<u32, DecodeError> {
    let mut reader = Reader::new(packet.get(at..).unwrap_or_default());
    let [next, _, _, _] = reader.array()?;
    let index = reader.u32()?;
    let sequence = reader.u32()?;
    let value = reader.array::<{ LENGTH - VALUE }>()?;
    if next != VRRP {
        return Err(DecodeError::NextHeader(next));
    }
    // The comparison takes the same time wherever the difference is.
    mac(packet, at, key).verify_truncated_left(&value).map_err(|_| DecodeError::WrongValue)?;
    if packet.get(12..16) != Some(&index.to_be_bytes()) {
        return Err(DecodeError::SecurityIndex(Ipv4Addr::from_bits(index)));
    }
    if sequence <= known {
        return Err(DecodeError::Sequence { theirs: sequence, known });
    }
    Ok(sequence)
}

/// What the value is made of: the IP header without what changes on the way, the authentication header with its value
/// zero, and the advert.
///
/// RFC 2402 §3.3.3.1.1.1 counts the TTL among what changes; As keepalived: only where it may be other than 255.
fn mac(packet: &[u8], at: usize, key: &[u8; 8]) -> Hmac<Md5> {
    let mut header = [0; IP];
    header.copy_from_slice(packet.get(..IP).unwrap_or(&[0; IP]));
    header[1] = 0;
    header[6..8].fill(0);
    header[10..12].fill(0);
    if !Ipv4Addr::from([header[16], header[17], header[18], header[19]]).is_multicast() {
        header[8] = 0;
    }
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(&header);
    mac.update(packet.get(at..at + VALUE).unwrap_or_default());
    mac.update(&[0; LENGTH - VALUE]);
    mac.update(packet.get(at + LENGTH..).unwrap_or_default());
    mac
}
