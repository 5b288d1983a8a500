//! A body for fuzzers of the advert decoder.

use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use host::Delivery;

use super::{Demand, Expect, decode, priority_of, vrid_of};
use crate::config::{Authentication, Hmac, HmacKey, HmacMode, Mode, UnicastChecksum, Version};

/// No bytes may make the decoder panic, and what it accepts must be sane, whatever makes it credible.
pub fn fuzz_advert(bytes: &[u8]) {
    accepted(bytes);
}

/// How often they are accepted.
fn accepted(bytes: &[u8]) -> usize {
    let mut accepted = 0;
    let v4 = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let v6 = IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1));
    let (password, header) =
        (Authentication::Password(*b"1111\0\0\0\0"), Authentication::Header(*b"1111\0\0\0\0"));
    let (timed, counted) = (hmac(false), hmac(true));
    for (source, destination) in [(v4, Mode::GROUP_V4), (v6, Mode::GROUP_V6)] {
        let delivery = Delivery {
            link: host::LinkIndex(1),
            source,
            destination,
            hop_limit: Some(255),
            bytes: bytes.to_vec(),
        };
        let _ = (vrid_of(&delivery), priority_of(&delivery));
        let plain = |authentication| Demand::Plain { authentication, known: 7 };
        let signed = |hmac| Demand::Signature { hmac, now: Duration::from_secs(1_800_000_000), last: None };
        for (version, demand) in [
            (Version::V2, Demand::NONE),
            (Version::V2, plain(&password)),
            (Version::V2, plain(&header)),
            (Version::V3, Demand::NONE),
            (Version::V2, signed(&timed)),
            (Version::V3, signed(&timed)),
            (Version::V3, signed(&counted)),
        ] {
            let interval = Duration::from_secs(1);
            let expect = Expect {
                version,
                unicast: false,
                demand,
                unicast_checksum: UnicastChecksum::Learn,
                interval,
            };
            if let Ok((advert, proof)) = decode(&delivery, &expect) {
                assert!(
                    !advert.interval.is_zero() && advert.addresses.len() <= 255,
                    "a decoded advert is sane"
                );
                let numbered =
                    matches!(demand, Demand::Plain { authentication: Authentication::Header(_), .. });
                assert!(!numbered || proof.sequence() > Some(7), "a number that was used is not believed");
                accepted += 1;
            }
        }
    }
    accepted
}

fn hmac(monotonic: bool) -> Hmac {
    let secret: Vec<u8> = b"0123456789abcdef0123456789abcdef".to_vec();
    let keys = vec![HmacKey { id: 7, secret }];
    Hmac { keys, active: 7, window: Duration::from_secs(300), monotonic, mode: HmacMode::Permissive }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From bytes that are refused at the door a fuzzer learns little.
    #[test]
    fn the_kept_inputs_with_a_seal_are_accepted() {
        let header = include_bytes!("../../../../fuzz/corpus/advert/v2-header");
        let v2 = include_bytes!("../../../../fuzz/corpus/advert/v2-signed");
        let v3 = include_bytes!("../../../../fuzz/corpus/advert/v3-ipv4-signed");
        let ipv6 = include_bytes!("../../../../fuzz/corpus/advert/v3-ipv6-signed");
        assert_eq!([accepted(header), accepted(v2), accepted(v3), accepted(ipv6)], [1, 1, 2, 2]);
    }
}
