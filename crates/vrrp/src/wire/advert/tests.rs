mod checks;
mod seals;

use alloc::vec;
use core::net::Ipv6Addr;

use host::LinkIndex;
use proptest::prelude::*;

use super::*;
use crate::config::Mode;

const PASSWORD: [u8; 8] = *b"secret\0\0";
const SECRET: Authentication = Authentication::Password(PASSWORD);
const SEALED: Seal<'_> = Seal::Password(&PASSWORD);
const SOURCE: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 1);
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
const HEADER: Ipv4Header = Ipv4Header { id: 1, ttl: 255, source: SOURCE, destination: GROUP };

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|d| u8::from_str_radix(core::str::from_utf8(d).unwrap(), 16).unwrap()).collect()
}

fn advert(version: Version, vrid: u8, priority: u8, interval_ms: u64, addresses: &[&str]) -> Advert {
    Advert {
        version,
        vrid: Vrid::new(vrid).unwrap(),
        priority: Priority(priority),
        interval: Duration::from_millis(interval_ms),
        coverage: match version {
            Version::V2 => Coverage::Advert,
            Version::V3 => Coverage::PseudoHeader,
        },
        addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
    }
}

fn v2() -> Advert {
    advert(Version::V2, 51, 100, 1000, &["10.1.0.100", "10.1.0.101"])
}

fn delivery(bytes: Vec<u8>) -> Delivery {
    Delivery {
        link: LinkIndex(2),
        source: SOURCE.into(),
        destination: GROUP.into(),
        hop_limit: Some(255),
        bytes,
    }
}

fn expect(version: Version, authentication: &Authentication) -> Expect<'_> {
    let demand = Demand::Plain { authentication, known: 0 };
    Expect { version, unicast: false, demand, interval: Duration::from_secs(1) }
}

/// The advert alone.
fn read(delivery: &Delivery, expect: &Expect<'_>) -> Result<Advert, DecodeError> {
    decode(delivery, expect).map(|(advert, _)| advert)
}

/// Puts the right checksum back after a test changed a byte; version 2, no options.
fn mend(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes[26..28].fill(0);
    let sum = Checksum::new().add(&bytes[20..]).finish();
    bytes[26..28].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// As captured from keepalived 2.2.7.
///
/// R3768-5.2.3-01: "The TTL MUST be set to 255."
/// R3768-7.2-01: "The following operations MUST be performed when transmitting a VRRP packet."
/// R3768-7.2-02: "Fill in the VRRP packet fields with the appropriate virtual router configuration state"
/// R3768-7.2-03: "Compute the VRRP checksum"
/// R3768-7.2-06: "Set the IP protocol to VRRP"
#[test]
fn version_2_with_a_password_is_keepalived_s_byte_for_byte() {
    let golden =
        hex("45c0002c00010000ff70d08c0a010001e0000012 21336402010128b2 0a010064 0a010065 7365637265740000");
    assert_eq!(v2().encode_ipv4(&HEADER, SEALED), golden);
    assert_eq!(read(&delivery(golden), &expect(Version::V2, &SECRET)), Ok(v2()));
}

/// As captured from keepalived 2.2.7: the pseudo-header is in the checksum.
///
/// R9568-5.2.1-01: "This document defines version 3."
/// R9568-7.2-01: "The following operations MUST be performed when transmitting a VRRP packet:"
/// R9568-7.2-02: "Fill in the VRRP packet fields with the appropriate Virtual Router configuration state"
/// R9568-7.2-03: "Compute the VRRP checksum"
#[test]
fn version_3_is_keepalived_s_byte_for_byte() {
    let advert = advert(Version::V3, 52, 150, 300, &["10.1.0.102"]);
    let packet = advert.encode_ipv4(&HEADER, Seal::None);
    assert_eq!(packet[20..], hex("31349601001e43b40a010066"));
    assert_eq!(packet[..4], [0x45, 0xc0, 0, 32]);
    assert_eq!(read(&delivery(packet), &expect(Version::V3, &Authentication::None)), Ok(advert));
}

/// As captured from keepalived 2.2.7; the kernel then put 440a at offset 6.
#[test]
fn version_3_over_ipv6_is_keepalived_s_byte_for_byte() {
    let advert = Advert {
        coverage: Coverage::Kernel,
        ..advert(Version::V3, 53, 200, 1000, &["fe80::100", "2001:db8::1"])
    };
    let payload = advert.encode_ipv6(IpAddr::V6(Ipv6Addr::LOCALHOST), Seal::None);
    assert_eq!(
        payload,
        hex("3135c80200640000 fe800000000000000000000000000100 20010db8000000000000000000000001")
    );
    let mut sent = payload;
    sent[6..8].copy_from_slice(&[0x44, 0x0a]);
    let delivery = Delivery {
        source: "fe80::98de:e1ff:fe21:1df0".parse().unwrap(),
        destination: Mode::GROUP_V6,
        ..delivery(sent)
    };
    assert_eq!(read(&delivery, &expect(Version::V3, &Authentication::None)), Ok(advert));
    assert_eq!(vrid_of(&delivery), Some(53));
}

/// No RFC has it; keepalived's bytes carry no authentication data there.
#[test]
fn version_2_over_ipv6_has_no_authentication_data() {
    let advert = Advert { coverage: Coverage::Kernel, ..advert(Version::V2, 9, 100, 1000, &["2001:db8::1"]) };
    let payload = advert.encode_ipv6(IpAddr::V6(Ipv6Addr::LOCALHOST), Seal::None);
    assert_eq!(payload, hex("2109640100010000 20010db8000000000000000000000001"));
    let delivery =
        Delivery { source: "fe80::1".parse().unwrap(), destination: Mode::GROUP_V6, ..delivery(payload) };
    assert_eq!(read(&delivery, &expect(Version::V2, &Authentication::None)), Ok(advert));
}

/// RFC 3768 §5.3.10: the field is there whatever the type.
///
/// R3768-5.3.6.1-01: "The contents of the Authentication Data field should be set to zero on transmission and ignored
/// on reception."
/// R3768-5.3.10-01 (Authentication Data): "It SHOULD be set to zero on transmission and ignored on reception."
#[test]
fn version_2_without_a_password_still_carries_eight_zero_bytes() {
    let packet = v2().encode_ipv4(&HEADER, Seal::None);
    assert_eq!(packet.len(), 44);
    assert_eq!(packet[24], 0);
    assert_eq!(packet[36..], [0; 8]);
}

/// RFC 9568 §5.2.8: "For the IPv4 address family, the checksum calculation only includes the VRRP message". RFC 5798
/// had the pseudo-header in as well; both are in use.
///
/// R9568-5.2.8-01: "For both the IPv4 and IPv6 address families, the checksum is the 16-bit one's complement of the
/// one's complement sum of the VRRP message."
/// R9568-5.2.8-02: "For the IPv4 address family, the checksum calculation only includes the VRRP message starting
/// with the Version field and ending after the last IPv4 address (refer to Section 5.2)."
/// R5798-5.2.8-01: "The checksum is the 16-bit one's complement of the one's complement sum of the entire VRRP
/// message starting with the version field and a "pseudo-header" as defined in Section 8.1 of RFC2460."
#[test]
fn both_readings_of_the_version_3_checksum_are_accepted_and_told_apart() {
    for coverage in [Coverage::PseudoHeader, Coverage::Advert] {
        let advert = Advert { coverage, ..advert(Version::V3, 52, 150, 300, &["10.1.0.102"]) };
        let packet = advert.encode_ipv4(&HEADER, Seal::None);
        let seen = read(&delivery(packet.clone()), &expect(Version::V3, &Authentication::None));
        assert_eq!(seen, Ok(advert));
        let mut wrong = packet;
        wrong[22] ^= 1;
        let seen = read(&delivery(wrong), &expect(Version::V3, &Authentication::None));
        assert_eq!(seen, Err(DecodeError::Checksum));
    }
}

/// RFC 3768 §5.3.8 knows no pseudo-header.
///
/// R3768-5.3.8-01: "The checksum is the 16-bit one's complement of the one's complement sum of the entire VRRP
/// message starting with the version field."
#[test]
fn a_pseudo_header_in_a_version_2_checksum_is_a_wrong_checksum() {
    let mut packet = v2().encode_ipv4(&HEADER, SEALED);
    packet[26..28].fill(0);
    let sum = pseudo_header(SOURCE, GROUP, 24).add(&packet[20..]).finish();
    packet[26..28].copy_from_slice(&sum.to_be_bytes());
    let seen = read(&delivery(packet), &expect(Version::V2, &SECRET));
    assert_eq!(seen, Err(DecodeError::Checksum));
}

/// One fault each, and the order of the checks: a packet with this fault and every later one is counted as this.
///
/// R3768-5.2.3-02: "A VRRP router receiving a packet with the TTL not equal to 255 MUST discard the packet."
/// R3768-5.3.2-01: "A packet with unknown type MUST be discarded."
/// R3768-7.1-01: "MUST verify that the IP TTL is 255."
/// R3768-7.1-04: "MUST verify the VRRP checksum."
/// R3768-7.1-06: "MUST verify that the Auth Type matches the locally configured authentication method for the virtual
/// router and perform that authentication method."
#[test]
fn each_fault_has_its_name_and_they_are_found_in_order() {
    let sound = v2().encode_ipv4(&HEADER, SEALED);
    let expect = expect(Version::V2, &SECRET);
    type Spoil = fn(&mut Delivery);
    let faults: [(DecodeError, Spoil); 9] = [
        (DecodeError::Destination, |d| d.destination = Ipv4Addr::new(10, 1, 0, 2).into()),
        (DecodeError::Checksum, |d| d.bytes[27] ^= 1),
        (DecodeError::Type(2), |d| d.bytes[20] = 0x22),
        (DecodeError::Interval { theirs: 9, ours: 1 }, |d| d.bytes[25] = 9),
        (DecodeError::AuthenticationFailure, |d| d.bytes[43] = b'x'),
        (DecodeError::AuthenticationTypeMismatch { theirs: 0, ours: 1 }, |d| d.bytes[24] = 0),
        (DecodeError::InvalidAuthenticationType(3), |d| d.bytes[24] = 3),
        (DecodeError::Ttl(254), |d| d.hop_limit = Some(254)),
        (DecodeError::Length, |d| d.bytes.truncate(43)),
    ];
    let mut all = delivery(sound.clone());
    for (error, spoil) in faults {
        let mut one = delivery(sound.clone());
        spoil(&mut one);
        if !matches!(error, DecodeError::Checksum | DecodeError::Destination | DecodeError::Length) {
            one.bytes = mend(one.bytes);
        }
        assert_eq!(read(&one, &expect), Err(error), "alone");
        spoil(&mut all);
        assert_eq!(read(&all, &expect), Err(error), "with every later one");
    }
}

/// R3768-7.1-02: "MUST verify the VRRP version is 2."
#[test]
fn another_version_of_the_same_size_is_a_wrong_version_and_of_another_size_a_wrong_length() {
    let same_size = advert(Version::V3, 51, 100, 1000, &["10.1.0.100"]).encode_ipv4(&HEADER, SEALED);
    let expected = expect(Version::V2, &SECRET);
    assert_eq!(read(&delivery(same_size.clone()), &expected), Err(DecodeError::Version(3)));
    // Called version 2, it would need eight more bytes.
    let mut called_2 = same_size;
    called_2[20] = 0x21;
    assert_eq!(read(&delivery(called_2), &expected), Err(DecodeError::Length));
}

/// A frame carries at least 46 bytes; version 2 with one address makes 40.
#[test]
fn the_padding_of_an_ethernet_frame_is_no_wrong_length() {
    let advert = advert(Version::V2, 51, 100, 1000, &["10.1.0.100"]);
    let packet = advert.encode_ipv4(&HEADER, SEALED);
    for (length, seen) in [(46, true), (42, true), (44, false), (41, false), (47, false)] {
        let mut padded = packet.clone();
        padded.resize(length, 0);
        let result = read(&delivery(padded), &expect(Version::V2, &SECRET));
        assert_eq!(
            result,
            if seen { Ok(advert.clone()) } else { Err(DecodeError::Length) },
            "{length} bytes"
        );
    }
    let mut long = v2();
    long.addresses = vec!["10.1.0.100".parse().unwrap(); 4];
    let mut padded = long.encode_ipv4(&HEADER, SEALED);
    padded.extend([0, 0]);
    assert_eq!(read(&delivery(padded), &expect(Version::V2, &SECRET)), Err(DecodeError::Length));
}

#[test]
fn a_total_length_that_lies_is_a_wrong_length() {
    let mut packet = v2().encode_ipv4(&HEADER, SEALED);
    packet[3] += 4;
    assert_eq!(read(&delivery(packet), &expect(Version::V2, &SECRET)), Err(DecodeError::Length));
}

#[test]
fn options_in_the_ip_header_are_skipped() {
    let packet = v2().encode_ipv4(&HEADER, SEALED);
    let mut with_options = packet[..20].to_vec();
    with_options[0] = 0x46;
    with_options[3] += 4;
    with_options.extend([1, 1, 1, 0]);
    with_options.extend(&packet[20..]);
    assert_eq!(vrid_of(&delivery(with_options.clone())), Some(51));
    assert_eq!(read(&delivery(with_options), &expect(Version::V2, &SECRET)), Ok(v2()));
}

/// RFC 2338 §5.3.6.3: the authentication header makes it protocol 51.
#[test]
fn an_authentication_header_is_a_type_that_is_not_ours() {
    let packet = v2().encode_ipv4(&HEADER, Seal::None);
    let mut with_header = packet[..20].to_vec();
    with_header[9] = 51;
    with_header[3] += 24;
    with_header.extend([0; 24]);
    with_header.extend(&packet[20..]);
    assert_eq!(vrid_of(&delivery(with_header.clone())), Some(51));
    assert_eq!(
        read(&delivery(with_header), &expect(Version::V2, &SECRET)),
        Err(DecodeError::AuthenticationTypeMismatch { theirs: 2, ours: 1 })
    );
}

/// No RFC has unicast; peers may be some hops away.
#[test]
fn unicast_asks_for_a_unicast_destination_and_any_ttl() {
    let header = Ipv4Header { ttl: 12, destination: Ipv4Addr::new(10, 1, 0, 2), ..HEADER };
    let packet = v2().encode_ipv4(&header, SEALED);
    let unicast = Expect { unicast: true, ..expect(Version::V2, &SECRET) };
    let direct =
        Delivery { destination: header.destination.into(), hop_limit: None, ..delivery(packet.clone()) };
    assert_eq!(read(&direct, &unicast), Ok(v2()));
    assert_eq!(read(&delivery(packet), &unicast), Err(DecodeError::Destination));
}

#[test]
fn a_ttl_that_the_machine_cannot_tell_is_read_from_the_header() {
    let packet = v2().encode_ipv4(&Ipv4Header { ttl: 1, ..HEADER }, SEALED);
    let unknown = Delivery { hop_limit: None, ..delivery(packet) };
    assert_eq!(read(&unknown, &expect(Version::V2, &SECRET)), Err(DecodeError::Ttl(1)));
}

/// Three times zero would be no time to wait for a master.
///
/// R9568-E8301-02: "It MUST verify that the Max Advertise Interval is non zero."
#[test]
fn a_version_3_interval_of_zero_is_no_interval() {
    let advert = advert(Version::V3, 52, 150, 0, &["10.1.0.102"]);
    let packet = advert.encode_ipv4(&HEADER, Seal::None);
    let seen = read(&delivery(packet), &expect(Version::V3, &Authentication::None));
    assert_eq!(seen, Err(DecodeError::ZeroInterval));
}

#[test]
fn people_read_keepalived_s_sentences() {
    let from = IpAddr::from([192, 0, 2, 7]);
    let sentence = |error: DecodeError| alloc::format!("{}", error.heard_from(from));
    assert_eq!(sentence(DecodeError::Ttl(64)), "invalid TTL/HL from 192.0.2.7. Received 64 and expect 255");
    assert_eq!(sentence(DecodeError::AuthenticationFailure), "received an invalid passwd from 192.0.2.7!");
    assert_eq!(
        sentence(DecodeError::AuthenticationTypeMismatch { theirs: 0, ours: 1 }),
        "received a 0 auth from 192.0.2.7, expecting 1!"
    );
    assert_eq!(
        sentence(DecodeError::Interval { theirs: 2, ours: 1 }),
        "advertisement interval mismatch with 192.0.2.7 mine=1 sec rcv'd=2 sec"
    );
}

fn any_advert(
    version: Version,
    addresses: impl Strategy<Value = Vec<IpAddr>>,
) -> impl Strategy<Value = Advert> {
    let interval = match version {
        Version::V2 => (1u64..=255).prop_map(Duration::from_secs).boxed(),
        Version::V3 => (1u64..=4095).prop_map(|n| Duration::from_millis(n * 10)).boxed(),
    };
    (1u8..=255, any::<u8>(), interval, addresses).prop_map(move |(vrid, priority, interval, addresses)| {
        Advert {
            version,
            vrid: Vrid::new(vrid).unwrap(),
            priority: Priority(priority),
            interval,
            coverage: Coverage::Advert,
            addresses,
        }
    })
}

fn v4_addresses() -> impl Strategy<Value = Vec<IpAddr>> {
    proptest::collection::vec(any::<[u8; 4]>().prop_map(IpAddr::from), 0..=255)
}

fn v6_addresses() -> impl Strategy<Value = Vec<IpAddr>> {
    proptest::collection::vec(any::<[u8; 16]>().prop_map(IpAddr::from), 0..=60)
}

proptest! {
    #[test]
    fn version_2_survives_the_wire(it in any_advert(Version::V2, v4_addresses()), password: [u8; 8], id: u16) {
        let authentication = Authentication::Password(password);
        let packet = it.encode_ipv4(&Ipv4Header { id, ..HEADER }, Seal::Password(&password));
        let expect = Expect { interval: it.interval, ..expect(Version::V2, &authentication) };
        prop_assert_eq!(read(&delivery(packet), &expect), Ok(it));
    }

    #[test]
    fn version_3_survives_the_wire(it in any_advert(Version::V3, v4_addresses()), plain: bool) {
        let it = Advert { coverage: if plain { Coverage::Advert } else { Coverage::PseudoHeader }, ..it };
        let packet = it.encode_ipv4(&HEADER, Seal::None);
        prop_assert_eq!(read(&delivery(packet), &expect(Version::V3, &Authentication::None)), Ok(it));
    }

    #[test]
    fn ipv6_survives_the_wire(
        it in any_advert(Version::V3, v6_addresses()).prop_union(any_advert(Version::V2, v6_addresses())),
    ) {
        let it = Advert { coverage: Coverage::Kernel, ..it };
        let delivery = Delivery {
            source: "fe80::1".parse().unwrap(),
            destination: Mode::GROUP_V6,
            ..delivery(it.encode_ipv6(IpAddr::V6(Ipv6Addr::LOCALHOST), Seal::None))
        };
        let expect = Expect { interval: it.interval, ..expect(it.version, &Authentication::None) };
        prop_assert_eq!(read(&delivery, &expect), Ok(it));
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        crate::wire::fuzz_advert(&bytes);
    }

    #[test]
    fn no_damage_to_a_sound_packet_makes_the_decoder_panic(
        it in any_advert(Version::V3, v4_addresses()), at: prop::sample::Index, flip: u8, cut: prop::sample::Index,
    ) {
        let mut packet = it.encode_ipv4(&HEADER, Seal::None);
        let at = at.index(packet.len());
        packet[at] ^= flip;
        crate::wire::fuzz_advert(&packet[..cut.index(packet.len() + 1)]);
    }

    /// RFC 1071: a changed bit never sums to the same.
    #[test]
    fn no_changed_bit_of_an_advert_is_accepted_as_the_same(
        it in any_advert(Version::V2, v4_addresses()), at: prop::sample::Index, bit in 0u8..8,
    ) {
        let mut packet = it.encode_ipv4(&HEADER, SEALED);
        let at = 20 + at.index(packet.len() - 20);
        packet[at] ^= 1 << bit;
        let expect = Expect { interval: it.interval, ..expect(Version::V2, &SECRET) };
        prop_assert!(read(&delivery(packet), &expect).is_err());
    }
}
