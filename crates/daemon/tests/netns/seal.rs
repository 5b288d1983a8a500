//! What makes adverts credible, computed apart from the daemon: the check value of an authentication header (RFC 2402,
//! RFC 2403) and the signature behind an advert (`auth_hmac`).

use std::net::Ipv4Addr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use sha2::Sha256;

/// Where a frame with an authentication header has its check value.
pub(crate) const CHECK_VALUE: std::ops::Range<usize> = 46..58;

/// The check value of an IPv4 frame that carries an authentication header, which as keepalived covers the TTL.
pub(crate) fn check_value(frame: &[u8], password: &[u8]) -> Vec<u8> {
    let mut covered = frame[14..].to_vec();
    // Type of service, fragment and checksum may change on the way; the value itself is not known yet.
    for at in [1..2, 6..8, 10..12, CHECK_VALUE.start - 14..CHECK_VALUE.end - 14] {
        covered[at].fill(0);
    }
    let mut mac = Hmac::<Md5>::new_from_slice(password).expect("HMAC takes a key of any length");
    mac.update(&covered);
    mac.finalize().into_bytes()[..12].to_vec()
}

/// What stands before the signature: type, key, reserved bytes, seconds, their fraction, counter.
pub(crate) fn head(key: u8, seconds: u32, count: u16) -> [u8; 12] {
    let [a, b, c, d] = seconds.to_be_bytes();
    let [e, f] = count.to_be_bytes();
    [1, key, 0, 0, a, b, c, d, 0, 0, e, f]
}

/// The signature of an advert over IPv4 with that head.
pub(crate) fn signature(source: Ipv4Addr, advert: &[u8], head: &[u8; 12], secret: &[u8]) -> Vec<u8> {
    let mut message = vec![4, advert[0] >> 4, advert[1], 0];
    message.extend(source.octets());
    message.extend([0; 12]);
    message.extend(&advert[..6]);
    message.extend([0; 2]);
    message.extend(&advert[8..]);
    message.extend(head);
    message.extend([0; 16]);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(&message);
    mac.finalize().into_bytes()[..16].to_vec()
}
