//! The signature behind an advert: Keepalived's extension (`auth_hmac`), in no RFC.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |    Type 1     |  Number of key|               0               |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                   Seconds since 1970 (UTC)                    |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |       1/65536 seconds         |            Counter            |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |               First 16 bytes of HMAC-SHA-256                  |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! Neither destination nor TTL are signed, so that one signature serves all peers; the VRRP checksum does not cover the
//! trailer.

use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use hmac::{KeyInit, Mac};
use host::bytes::{Put, Reader};
use sha2::Sha256;

use super::DecodeError;
use crate::config::{Hmac, HmacKey};

/// Bytes of the trailer.
pub(super) const LENGTH: usize = 28;
/// Bytes of it before the signature.
const HEAD: usize = 12;
/// HMAC-SHA-256, cut to 128 bits: the only type.
const HMAC_SHA256: u8 = 1;
/// Where an advert has its checksum, which is not signed: over IPv6 the kernel writes it after us.
const CHECKSUM: core::ops::Range<usize> = 6..8;

/// Time and counter of a signature: 32 bits of seconds, 16 of their fraction, 16 that count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Stamp(u64);

impl Stamp {
    /// The first of a moment, which is told by the time since 1970 (UTC).
    pub fn at(time: Duration) -> Self {
        let fraction = u64::from(time.subsec_nanos()) * 65_536 / 1_000_000_000;
        Self(u64::from(seconds(time)) << 32 | fraction << 16)
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// Whether it is later, in the circle of RFC 1982.
    pub const fn is_after(self, other: Self) -> bool {
        self.0.wrapping_sub(other.0).cast_signed() > 0
    }

    /// By how many seconds it is ahead of a time since 1970, or (negative) behind it.
    pub fn ahead_of(self, time: Duration) -> i32 {
        let [a, b, c, d, ..] = self.0.to_be_bytes();
        u32::from_be_bytes([a, b, c, d]).wrapping_sub(seconds(time)).cast_signed()
    }
}

/// What is signed together with the advert.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    /// Who sends it.
    pub(super) source: IpAddr,
    /// The advert without padding and without trailer.
    pub(super) advert: &'a [u8],
}

impl Signed<'_> {
    /// Family, version, virtual router and source.
    fn pseudo_header(&self) -> [u8; 20] {
        let mut header = [0; 20];
        if let [version_and_kind, vrid, ..] = *self.advert {
            (header[1], header[2]) = (version_and_kind >> 4, vrid);
        }
        match self.source {
            IpAddr::V4(source) => {
                header[0] = 4;
                header[4..8].copy_from_slice(&source.octets());
            }
            IpAddr::V6(source) => {
                header[0] = 6;
                header[4..].copy_from_slice(&source.octets());
            }
        }
        header
    }

    fn mac(&self, head: &[u8; HEAD], key: &HmacKey) -> hmac::Hmac<Sha256> {
        let mut mac = hmac::Hmac::new_from_slice(&key.secret).expect("HMAC takes a key of any length");
        mac.update(&self.pseudo_header());
        mac.update(self.advert.get(..CHECKSUM.start).unwrap_or_default());
        mac.update(&[0; 2]);
        mac.update(self.advert.get(CHECKSUM.end..).unwrap_or_default());
        mac.update(head);
        mac.update(&[0; LENGTH - HEAD]);
        mac
    }

    /// The trailer to send behind it.
    pub(super) fn sign(&self, key: &HmacKey, stamp: Stamp) -> Vec<u8> {
        let [a, b, c, d, e, f, g, h] = stamp.0.to_be_bytes();
        let head = [HMAC_SHA256, key.id, 0, 0, a, b, c, d, e, f, g, h];
        let mut trailer = head.to_vec();
        trailer.put(&self.mac(&head, key).finalize().into_bytes()[..LENGTH - HEAD]);
        trailer
    }

    /// Checks the trailer that came behind it, in Keepalived's order, and gives its stamp. `now` is the time since
    /// 1970, `last` the stamp last believed of this sender.
    pub(super) fn verify(
        &self,
        trailer: &[u8; LENGTH],
        hmac: &Hmac,
        now: Duration,
        last: Option<Stamp>,
    ) -> Result<Stamp, DecodeError> {
        let mut reader = Reader::new(trailer);
        let head = reader.array::<HEAD>()?;
        let [kind, id, reserved_high, reserved_low, a, b, c, d, e, f, g, h] = head;
        if (kind, reserved_high, reserved_low) != (HMAC_SHA256, 0, 0) {
            return Err(DecodeError::MalformedSignature);
        }
        let stamp = Stamp(u64::from_be_bytes([a, b, c, d, e, f, g, h]));
        // Before the signature: the clock costs less than the hash.
        if !hmac.monotonic && !hmac.is_within_window(stamp, now) {
            return Err(DecodeError::Stale { ahead: stamp.ahead_of(now) });
        }
        let key = hmac.keys.iter().find(|key| key.id == id).ok_or(DecodeError::UnknownKey(id))?;
        // The comparison takes the same time wherever the difference is.
        self.mac(&head, key)
            .verify_truncated_left(reader.rest())
            .map_err(|_| DecodeError::WrongSignature(id))?;
        // A clock that was set back must not silence its node: what lies outside the window proves nothing.
        let last = last.filter(|last| hmac.monotonic || hmac.is_within_window(*last, now));
        if last.is_some_and(|last| !stamp.is_after(last)) {
            return Err(DecodeError::Replayed);
        }
        Ok(stamp)
    }
}

impl Hmac {
    /// Whether a stamp is near enough to a time since 1970.
    pub(crate) fn is_within_window(&self, stamp: Stamp, now: Duration) -> bool {
        u64::from(stamp.ahead_of(now).unsigned_abs()) <= self.window.as_secs()
    }
}

/// Whole seconds as far as 32 bits count them; they wrap in 2106.
fn seconds(time: Duration) -> u32 {
    let [.., a, b, c, d] = time.as_secs().to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}
