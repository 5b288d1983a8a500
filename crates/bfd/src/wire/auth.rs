//! The authentication section.
//!
//! ```text
//! |   Auth Type   |   Auth Len    |  Auth Key ID  |  Password...  |   type 1 (RFC 5880 §4.2)
//!
//! |   Auth Type   |   Auth Len    |  Auth Key ID  |   Reserved    |   types 2 to 5 (§4.3, §4.4)
//! |                        Sequence Number                        |
//! |      Auth Key, in the packet: Digest (16) or Hash (20)...     |
//! ```
//!
//! The digest is that of the whole packet with the key, padded with zeros, in the digest's place.

use alloc::vec::Vec;

use host::bytes::Put;
use md5::Md5;
use sha1::{Digest, Sha1};

use super::DecodeError;
use super::control::{AUTHENTICATED, Decoded, LENGTH};
use crate::config::{AuthConfig, AuthKey, AuthKind};

/// Where the section begins.
const SECTION: usize = LENGTH as usize;
/// Where digest or hash begins.
const DIGEST: usize = SECTION + 8;

/// Proof that a packet is what its sender wrote; only [`verify`] makes one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Authentic {
    sequence: Option<u32>,
}

impl Authentic {
    /// Its sequence number, if its type has any.
    pub const fn sequence(self) -> Option<u32> {
        self.sequence
    }
}

/// Appends an authentication section to a packet (RFC 5880 §6.7.2 to §6.7.4, "Transmission").
pub fn seal(bytes: &mut Vec<u8>, kind: AuthKind, key: &AuthKey, sequence: u32) {
    let secret = key.secret();
    match kind.digest_length() {
        None => bytes.put(&[kind.number(), 3 + length_of(secret), key.id()]),
        Some(digest) => {
            bytes.put(&[kind.number(), 8 + digest, key.id(), 0]);
            bytes.put_u32(sequence);
        }
    }
    bytes.put(secret);
    if let Some(digest) = kind.digest_length() {
        bytes.resize(DIGEST + usize::from(digest), 0);
    }
    if let [_, flags, _, length, ..] = bytes.as_mut_slice() {
        *flags |= AUTHENTICATED;
        *length = match kind.digest_length() {
            None => LENGTH + 3 + length_of(secret),
            Some(digest) => LENGTH + 8 + digest,
        };
    }
    match kind {
        AuthKind::SimplePassword => {}
        AuthKind::KeyedMd5 | AuthKind::MeticulousKeyedMd5 => {
            let digest = Md5::digest(&bytes);
            bytes.truncate(DIGEST);
            bytes.put(&digest);
        }
        AuthKind::KeyedSha1 | AuthKind::MeticulousKeyedSha1 => {
            let hash = Sha1::digest(&bytes);
            bytes.truncate(DIGEST);
            bytes.put(&hash);
        }
    }
}

/// RFC 5880 §6.8.6 on the A bit, and §6.7.2 to §6.7.4, "Receipt". `known` is bfd.RcvAuthSeq while bfd.AuthSeqKnown.
///
/// Differs: §6.7.4 accepts the first packet of a session by its sequence number alone. Here the hash is checked
/// first, and a sequence number is believed only of an authentic packet (erratum 7082).
pub fn verify(
    packet: &Decoded<'_>,
    config: Option<&AuthConfig>,
    known: Option<u32>,
) -> Result<Authentic, DecodeError> {
    let config = match (packet.authenticated, config) {
        (false, None) => return Ok(Authentic { sequence: None }),
        (true, None) => return Err(DecodeError::Authenticated),
        (false, Some(_)) => return Err(DecodeError::NotAuthenticated),
        (true, Some(config)) => config,
    };
    let section = packet.bytes.get(SECTION..).ok_or(DecodeError::AuthTruncated)?;
    let [kind, length] = *section.first_chunk::<2>().ok_or(DecodeError::AuthTruncated)?;
    if kind != config.kind.number() {
        return Err(DecodeError::AuthType(kind));
    }
    let id = *section.get(2).ok_or(DecodeError::AuthTruncated)?;
    let key = config.keys.iter().find(|key| key.id() == id).ok_or(DecodeError::AuthKeyId(id))?;
    let expected = match config.kind.digest_length() {
        None => 3 + length_of(key.secret()),
        Some(digest) => 8 + digest,
    };
    if length != expected {
        return Err(DecodeError::AuthLength(length));
    }
    let section = section.get(..usize::from(length)).ok_or(DecodeError::AuthTruncated)?;
    if config.kind == AuthKind::SimplePassword {
        let password = section.get(3..).unwrap_or_default();
        return if same(password, key.secret()) {
            Ok(Authentic { sequence: None })
        } else {
            Err(DecodeError::AuthFailure)
        };
    }
    let sequence = section.get(4..).and_then(|rest| rest.first_chunk()).map(|word| u32::from_be_bytes(*word));
    let sequence = sequence.ok_or(DecodeError::AuthTruncated)?;
    if known.is_some_and(|known| !in_window(sequence, known, config.kind, packet.control.multiplier)) {
        return Err(DecodeError::AuthSequence(sequence));
    }
    if same(section.get(8..).unwrap_or_default(), &digest(packet.bytes, config.kind, key)) {
        Ok(Authentic { sequence: Some(sequence) })
    } else {
        Err(DecodeError::AuthFailure)
    }
}

/// RFC 5880 §6.7.3 and §6.7.4: from bfd.RcvAuthSeq, or one more for the meticulous kinds, to bfd.RcvAuthSeq +
/// 3 × Detect Mult inclusive, in a circular space.
fn in_window(sequence: u32, known: u32, kind: AuthKind, multiplier: u8) -> bool {
    let ahead = sequence.wrapping_sub(known);
    let least = u32::from(kind.is_meticulous());
    (least..=3 * u32::from(multiplier)).contains(&ahead)
}

/// The digest of the packet with the key in the digest's place.
fn digest(packet: &[u8], kind: AuthKind, key: &AuthKey) -> Vec<u8> {
    let length = usize::from(kind.digest_length().unwrap_or_default());
    let mut bytes = packet.to_vec();
    if let Some(place) = bytes.get_mut(DIGEST..DIGEST + length) {
        place.fill(0);
        for (to, from) in place.iter_mut().zip(key.secret()) {
            *to = *from;
        }
    }
    match kind {
        AuthKind::SimplePassword => Vec::new(),
        AuthKind::KeyedMd5 | AuthKind::MeticulousKeyedMd5 => Md5::digest(&bytes).to_vec(),
        AuthKind::KeyedSha1 | AuthKind::MeticulousKeyedSha1 => Sha1::digest(&bytes).to_vec(),
    }
}

/// Compares secrets without telling by its duration where they differ.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

fn length_of(secret: &[u8]) -> u8 {
    u8::try_from(secret.len()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests;
