//! Adverts behind an authentication header, and adverts with a signature behind them.

use super::*;
use crate::config::{Hmac, HmacKey};
use crate::wire::Stamp;

const HEADED: Authentication = Authentication::Header(PASSWORD);

fn headed(sequence: u32) -> Seal<'static> {
    Seal::Header { key: &PASSWORD, sequence }
}

fn after(known: u32) -> Expect<'static> {
    Expect {
        demand: Demand::Plain { authentication: &HEADED, known },
        ..expect(Version::V2, &Authentication::None)
    }
}

fn sequence(packet: Vec<u8>, expect: &Expect<'_>) -> Result<Option<u32>, DecodeError> {
    decode(&delivery(packet), expect).map(|(_, proof)| proof.sequence())
}

/// As captured from keepalived 2.2.7.
#[test]
fn an_authentication_header_is_keepalived_s_byte_for_byte() {
    let golden = hex("45c0004000010000ff33d0b50a010001e0000012 70040000 0a010001 00000001 \
         47c47e32b9c115b58f09bfeb 2136640102016e5f 0a010067 0000000000000000");
    let advert = advert(Version::V2, 54, 100, 1000, &["10.1.0.103"]);
    assert_eq!(advert.encode_ipv4(&HEADER, headed(1))[20..], golden[20..]);
    assert_eq!(sequence(golden.clone(), &after(0)), Ok(Some(1)));
    assert_eq!(read(&delivery(golden.clone()), &after(0)), Ok(advert));
    assert_eq!(vrid_of(&delivery(golden)), Some(54));
}

/// RFC 2402 §3.4.3: "If the received packet ... contains a Sequence Number that does not fall within the receiver's
/// window", it is discarded; As keepalived: the window is what is greater than the last.
#[test]
fn a_sequence_number_is_believed_once() {
    let packet = v2().encode_ipv4(&HEADER, headed(8));
    assert_eq!(sequence(packet.clone(), &after(7)), Ok(Some(8)));
    let used = |known| Err(DecodeError::Sequence { theirs: 8, known });
    assert_eq!(sequence(packet.clone(), &after(8)), used(8));
    assert_eq!(sequence(packet, &after(9)), used(9));
}

/// RFC 2402 §3.3.3.1.1: type of service, fragments, TTL and checksum may change on the way, and nothing else.
#[test]
fn nothing_of_a_packet_with_an_authentication_header_can_be_changed_but_what_changes_on_the_way() {
    let packet = v2().encode_ipv4(&HEADER, headed(1));
    for at in 0..packet.len() {
        let mut changed = packet.clone();
        changed[at] ^= 1;
        let seen = sequence(changed, &after(0));
        // The total length (2, 3) is looked at later, source and destination are those of the delivery.
        match at {
            1 | 6 | 7 | 10 | 11 => assert_eq!(seen, Ok(Some(1)), "byte {at}"),
            _ => assert!(seen.is_err(), "byte {at}"),
        }
    }
    let other = Authentication::Header(*b"Secret\0\0");
    let expect = Expect { demand: Demand::Plain { authentication: &other, known: 0 }, ..after(0) };
    assert_eq!(sequence(packet, &expect), Err(DecodeError::WrongValue));
}

#[test]
fn the_ttl_of_a_unicast_packet_may_change_behind_an_authentication_header() {
    let header = Ipv4Header { destination: Ipv4Addr::new(10, 1, 0, 2), ..HEADER };
    let mut packet = v2().encode_ipv4(&header, headed(1));
    packet[8] -= 3;
    let direct =
        Delivery { destination: header.destination.into(), hop_limit: Some(252), ..delivery(packet) };
    let unicast = Expect { unicast: true, ..after(0) };
    assert_eq!(read(&direct, &unicast), Ok(v2()));
}

/// RFC 2402 §2.4 has the index chosen by the receiver; As keepalived: it is the sender's address.
#[test]
fn an_authentication_header_names_its_source_and_precedes_an_advert() {
    let packet = v2().encode_ipv4(&HEADER, headed(1));
    let again = |change: fn(&mut Vec<u8>)| {
        let mut packet = packet.clone();
        change(&mut packet);
        ah::seal(&mut packet, 20, &PASSWORD);
        sequence(packet, &after(0))
    };
    assert_eq!(again(|_| {}), Ok(Some(1)));
    let other = Ipv4Addr::new(10, 1, 0, 2);
    assert_eq!(again(|packet| packet[27] = 2), Err(DecodeError::SecurityIndex(other)));
    assert_eq!(again(|packet| packet[20] = 17), Err(DecodeError::NextHeader(17)));
}

/// R3768-5.3.6-01: "A packet with unknown authentication type or that does not match the locally configured
/// authentication method MUST be discarded."
#[test]
fn an_authentication_header_is_there_if_and_only_if_it_is_configured() {
    let mismatch = |theirs, ours| Err(DecodeError::AuthenticationTypeMismatch { theirs, ours });
    let headed = v2().encode_ipv4(&HEADER, headed(1));
    assert_eq!(read(&delivery(headed.clone()), &expect(Version::V2, &SECRET)), mismatch(2, 1));
    let none = expect(Version::V2, &Authentication::None);
    assert_eq!(read(&delivery(headed), &none), mismatch(2, 0));
    let plain = v2().encode_ipv4(&HEADER, SEALED);
    assert_eq!(read(&delivery(plain), &after(0)), mismatch(1, 2));
    let bare = v2().encode_ipv4(&HEADER, Seal::None);
    assert_eq!(read(&delivery(bare), &after(0)), mismatch(0, 2));
}

const SECONDS: u64 = 0x6b02_e861;
const NOW: Duration = Duration::from_secs(SECONDS);

fn key(id: u8) -> HmacKey {
    HmacKey { id, secret: b"0123456789abcdef0123456789abcdef".to_vec() }
}

fn hmac() -> Hmac {
    Hmac {
        keys: vec![key(1), key(7)],
        active: 7,
        window: Duration::from_secs(5),
        monotonic: false,
        mode: HmacMode::Enforce,
    }
}

fn stamp(seconds: u64, fraction: u16) -> Stamp {
    // A moment within the 65536th part.
    Stamp::at(Duration::new(seconds, 1) + Duration::from_secs(1) * u32::from(fraction) / 65_536)
}

fn signed() -> Advert {
    advert(Version::V3, 61, 100, 1000, &["10.1.0.110"])
}

fn packet(id: u8, stamp: Stamp) -> Vec<u8> {
    signed().encode_ipv4(&HEADER, Seal::Signature { key: &key(id), stamp })
}

fn check(
    packet: Vec<u8>,
    hmac: &Hmac,
    now: Duration,
    last: Option<Stamp>,
) -> Result<Option<Stamp>, DecodeError> {
    let demand = Demand::Signature { hmac, now, last };
    let expect = Expect { demand, ..expect(Version::V3, &Authentication::None) };
    decode(&delivery(packet), &expect).map(|(_, proof)| proof.stamp())
}

/// Puts the signature right again after a test changed the head of the trailer.
fn resign(mut packet: Vec<u8>, change: impl Fn(&mut [u8])) -> Vec<u8> {
    let at = packet.len() - 28;
    change(&mut packet[at..]);
    packet
}

/// As captured from keepalived 2.4.3.
#[test]
fn a_signature_is_keepalived_s_byte_for_byte() {
    let golden = hex("313d64010064755d0a01006e 01070000 6b02e861d5f60000 1e8a5cce35d3bf2766474f57f6c8e279");
    let packet = packet(7, stamp(SECONDS, 0xd5f6));
    assert_eq!(packet[20..], golden);
    assert_eq!(packet[2..4], 60u16.to_be_bytes(), "the total length counts the signature");
    let seen = check(packet, &hmac(), NOW, None);
    assert_eq!(seen, Ok(Some(stamp(SECONDS, 0xd5f6))));
}

#[test]
fn any_key_that_is_configured_is_believed() {
    assert!(check(packet(1, stamp(SECONDS, 0)), &hmac(), NOW, None).is_ok());
    let seen = check(packet(9, stamp(SECONDS, 0)), &hmac(), NOW, None);
    assert_eq!(seen, Err(DecodeError::UnknownKey(9)));
    let other = Hmac { keys: vec![HmacKey { id: 7, secret: vec![b'x'; 32] }], ..hmac() };
    let seen = check(packet(7, stamp(SECONDS, 0)), &other, NOW, None);
    assert_eq!(seen, Err(DecodeError::WrongSignature(7)));
}

#[test]
fn a_signature_that_is_missing_is_missed_only_where_it_is_enforced() {
    let bare = signed().encode_ipv4(&HEADER, Seal::None);
    assert_eq!(check(bare.clone(), &hmac(), NOW, None), Err(DecodeError::Unsigned));
    for mode in [HmacMode::Permissive, HmacMode::ReceiveOnly] {
        let lax = Hmac { mode, ..hmac() };
        assert_eq!(check(bare.clone(), &lax, NOW, None), Ok(None));
        let bad = resign(packet(7, stamp(SECONDS, 0)), |trailer| trailer[27] ^= 1);
        assert_eq!(check(bad, &lax, NOW, None), Err(DecodeError::WrongSignature(7)));
    }
}

#[test]
fn a_signature_of_another_type_is_malformed() {
    for at in [0, 2, 3] {
        let bad = resign(packet(7, stamp(SECONDS, 0)), |trailer| trailer[at] ^= 2);
        assert_eq!(check(bad, &hmac(), NOW, None), Err(DecodeError::MalformedSignature), "byte {at}");
    }
}

#[test]
fn a_signature_is_known_by_the_exact_length_alone() {
    for surplus in [27, 29, 31] {
        let mut bytes = signed().encode_ipv4(&HEADER, Seal::None);
        bytes.resize(bytes.len() + surplus, 0);
        assert_eq!(check(bytes, &hmac(), NOW, None), Err(DecodeError::Length), "{surplus}");
    }
    let seen = read(&delivery(packet(7, stamp(SECONDS, 0))), &expect(Version::V3, &Authentication::None));
    assert_eq!(seen, Err(DecodeError::Length), "nobody asked for one");
}

/// Type, time, key, signature, replay: the first that is wrong is the one that is counted.
#[test]
fn signatures_are_checked_in_keepalived_s_order() {
    let late = stamp(SECONDS - 9, 0);
    let spoilt = |id, stamp, kind: u8| {
        resign(packet(id, stamp), |trailer| {
            trailer[0] = kind;
            trailer[27] ^= 1;
        })
    };
    let last = Some(stamp(SECONDS + 1, 0));
    let seen = |bytes| check(bytes, &hmac(), NOW, last);
    assert_eq!(seen(spoilt(9, late, 2)), Err(DecodeError::MalformedSignature));
    assert_eq!(seen(spoilt(9, late, 1)), Err(DecodeError::Stale { ahead: -9 }));
    assert_eq!(seen(spoilt(9, stamp(SECONDS, 0), 1)), Err(DecodeError::UnknownKey(9)));
    assert_eq!(seen(spoilt(7, stamp(SECONDS, 0), 1)), Err(DecodeError::WrongSignature(7)));
    assert_eq!(seen(packet(7, stamp(SECONDS, 0))), Err(DecodeError::Replayed));
    assert!(seen(packet(7, stamp(SECONDS + 1, 1))).is_ok());
}

#[test]
fn a_clock_may_differ_by_the_window_and_no_more() {
    let seen = |seconds| check(packet(7, stamp(seconds, 0)), &hmac(), NOW, None).map(|_| ());
    assert_eq!(seen(SECONDS - 5), Ok(()));
    assert_eq!(seen(SECONDS + 5), Ok(()));
    assert_eq!(seen(SECONDS - 6), Err(DecodeError::Stale { ahead: -6 }));
    assert_eq!(seen(SECONDS + 6), Err(DecodeError::Stale { ahead: 6 }));
    // Counted stamps need no clock.
    let counted = Hmac { monotonic: true, ..hmac() };
    assert!(check(packet(7, stamp(SECONDS + 1_000, 0)), &counted, NOW, None).is_ok());
}

/// A sender whose clock was ahead and was put right must be heard again once its old stamps lie in a future that nobody
/// would believe.
#[test]
fn what_was_believed_outside_the_window_is_forgotten() {
    let ahead = Some(stamp(SECONDS + 4, 0));
    let seen = |now| check(packet(7, stamp(SECONDS, 0)), &hmac(), now, ahead).map(|_| ());
    assert_eq!(seen(NOW), Err(DecodeError::Replayed));
    assert_eq!(seen(NOW - Duration::from_secs(2)), Ok(()));
    let counted = Hmac { monotonic: true, ..hmac() };
    let seen = check(packet(7, stamp(SECONDS, 0)), &counted, NOW - Duration::from_secs(2), ahead);
    assert_eq!(seen, Err(DecodeError::Replayed), "where the clock is not asked, nothing is forgotten");
}

/// The destination is not signed, the source is.
#[test]
fn a_signature_is_of_one_source() {
    let bytes = packet(7, stamp(SECONDS, 0));
    let demand = Demand::Signature { hmac: &hmac(), now: NOW, last: None };
    let expect = Expect { demand, ..expect(Version::V3, &Authentication::None) };
    let from = Delivery { source: Ipv4Addr::new(10, 1, 0, 2).into(), ..delivery(bytes) };
    assert_eq!(read(&from, &expect), Err(DecodeError::WrongSignature(7)));
}

#[test]
fn a_signature_stands_behind_version_2_and_behind_ipv6_too() {
    let (hmac, key) = (hmac(), key(7));
    let demand = Demand::Signature { hmac: &hmac, now: NOW, last: None };
    let seal = Seal::Signature { key: &key, stamp: stamp(SECONDS, 3) };
    let bytes = v2().encode_ipv4(&HEADER, seal);
    assert_eq!(bytes.len(), 44 + 28);
    let expect = Expect { demand, ..expect(Version::V2, &Authentication::None) };
    assert_eq!(read(&delivery(bytes), &expect), Ok(v2()));

    let advert = Advert { coverage: Coverage::Kernel, ..advert(Version::V3, 53, 200, 1000, &["fe80::100"]) };
    let source = "fe80::1".parse().unwrap();
    let mut payload = advert.encode_ipv6(source, seal);
    // The kernel writes the checksum over all of it, afterwards.
    payload[6..8].copy_from_slice(&[0x12, 0x34]);
    let delivery = Delivery { source, destination: Mode::GROUP_V6, ..delivery(payload) };
    let expect = Expect { version: Version::V3, ..expect };
    assert_eq!(read(&delivery, &expect), Ok(advert));
}

/// RFC 1982 §3.2: serial numbers are compared in a circle.
#[test]
fn stamps_are_compared_in_a_circle() {
    let (old, new) = (stamp(0xffff_ffff, 0), stamp(0x1_0000_0000, 0));
    assert!(new.is_after(old) && !old.is_after(new) && !old.is_after(old));
    assert!(old.next().is_after(old));
    assert_eq!(new.ahead_of(Duration::from_secs(0xffff_ffff)), 1);
}

proptest! {
    #[test]
    fn no_changed_bit_of_a_signed_advert_is_believed(
        it in any_advert(Version::V3, v4_addresses()), at: prop::sample::Index, bit in 0u8..8,
    ) {
        let it = Advert { coverage: Coverage::PseudoHeader, ..it };
        let key = key(7);
        let mut packet = it.encode_ipv4(&HEADER, Seal::Signature { key: &key, stamp: stamp(SECONDS, 0) });
        prop_assert!(check(packet.clone(), &hmac(), NOW, None).is_ok());
        let at = 20 + at.index(packet.len() - 20);
        packet[at] ^= 1 << bit;
        prop_assert!(check(packet, &hmac(), NOW, None).is_err());
    }

    #[test]
    fn no_changed_bit_behind_an_ip_header_is_believed(
        it in any_advert(Version::V2, v4_addresses()), at: prop::sample::Index, bit in 0u8..8,
    ) {
        let mut packet = it.encode_ipv4(&HEADER, headed(1));
        let expect = Expect { interval: it.interval, ..after(0) };
        prop_assert_eq!(sequence(packet.clone(), &expect), Ok(Some(1)));
        let at = 20 + at.index(packet.len() - 20);
        packet[at] ^= 1 << bit;
        prop_assert!(sequence(packet, &expect).is_err());
    }
}
