//! The checks of RFC 9568 §7.1 and RFC 3768 §7.1, and the fields that they are about.

use super::*;

const NONE: Authentication = Authentication::None;

fn v3() -> Advert {
    advert(Version::V3, 52, 150, 1000, &["10.1.0.102", "10.1.0.101"])
}

fn v6() -> Delivery {
    let advert = advert(Version::V3, 53, 200, 1000, &["fe80::100", "2001:db8::1"]);
    let source = "fe80::1".parse().unwrap();
    Delivery {
        source,
        destination: Mode::GROUP_V6,
        ..delivery(advert.encode_ipv6(IpAddr::V6(Ipv6Addr::LOCALHOST), Seal::None))
    }
}

fn seen(bytes: Vec<u8>) -> Result<Advert, DecodeError> {
    read(&delivery(bytes), &expect(Version::V3, &NONE))
}

/// R9568-7.1-05: "It MUST verify that the received packet contains the complete VRRP packet (including fixed fields
/// and the IPvX address)."
/// R5798-7.1-01: "MUST verify that the received packet contains the complete VRRP packet (including fixed fields, and
/// IPvX address)."
/// R3768-7.1-03: "MUST verify that the received packet contains the complete VRRP packet (including fixed fields, IP
/// Address(es), and Authentication Data)."
#[test]
fn every_truncation_is_a_wrong_length() {
    let plain = v2().encode_ipv4(&HEADER, Seal::None);
    let guarded = v2().encode_ipv4(&HEADER, SEALED);
    let three = v3().encode_ipv4(&HEADER, Seal::None);
    for (whole, expect) in [
        (plain, expect(Version::V2, &NONE)),
        (guarded, expect(Version::V2, &SECRET)),
        (three, expect(Version::V3, &NONE)),
    ] {
        for length in 0..whole.len() {
            let short = delivery(whole[..length].to_vec());
            assert_eq!(read(&short, &expect), Err(DecodeError::Length), "{length}");
        }
    }
    let whole = v6();
    for length in 0..whole.bytes.len() {
        let short = Delivery { bytes: whole.bytes[..length].to_vec(), ..v6() };
        assert_eq!(read(&short, &expect(Version::V3, &NONE)), Err(DecodeError::Length), "{length}");
    }
}

/// R9568-5.2.6-01: "The Reserve field MUST be set to zero on transmission and ignored on reception."
/// R9568-5.2.7-01: "The Max Advertise Interval is a 12-bit field that indicates the time interval (in centiseconds)
/// between advertisements."
/// R5798-5.2.6-01 (rsvd): "This field MUST be set to zero on transmission and ignored on reception."
#[test]
fn the_reserved_bits_are_sent_as_zero_and_ignored_when_they_come() {
    for interval_ms in (10..=40_950).step_by(10) {
        let sent =
            Advert { interval: Duration::from_millis(interval_ms), ..v3() }.encode_ipv4(&HEADER, Seal::None);
        assert_eq!(sent[24] & 0xf0, 0);
        let hundredths = u64::from(u16::from_be_bytes([sent[24], sent[25]]));
        assert_eq!(hundredths * 10, interval_ms);
    }
    let mut bytes = v3().encode_ipv4(&HEADER, Seal::None);
    bytes[24] |= 0xf0;
    assert_eq!(seen(mend(bytes)).map(|advert| advert.interval), Ok(Duration::from_secs(1)));
}

/// R9568-5.1.1.3-02: "A VRRP Router receiving a packet with the TTL not equal to 255 MUST discard the packet
/// RFC5082."
/// R9568-5.2.2-01: "A packet with unknown type MUST be discarded."
/// R9568-7.1-01: "It MUST verify that the IPv4 TTL is 255."
/// R9568-7.1-03: "It MUST verify that the VRRP version is 3."
/// R9568-7.1-04: "It MUST verify that the VRRP packet type is 1 (ADVERTISEMENT)."
/// R9568-7.1-06: "It MUST verify the VRRP checksum."
/// R9568-7.1-13: "The following functions must be performed when a VRRP packet is received:"
/// R5798-7.1-02: "MUST verify the VRRP checksum."
/// R9568-9-02: "VRRP includes a mechanism (setting IPv4 TTL or IPv6 Hop Limit to 255 and checking the value on
/// receipt) that protects against VRRP packets being injected from another remote network RFC5082."
#[test]
fn a_version_3_advert_is_checked_like_any_other() {
    let sound = v3().encode_ipv4(&HEADER, Seal::None);
    assert!(seen(sound.clone()).is_ok());
    let with = |at: usize, value: u8| {
        let mut bytes = sound.clone();
        bytes[at] = value;
        mend(bytes)
    };
    assert_eq!(seen(with(20, 0x41)), Err(DecodeError::Version(4)));
    assert_eq!(seen(v2().encode_ipv4(&HEADER, Seal::None)), Err(DecodeError::Version(2)));
    for kind in (0..16).filter(|kind| *kind != 1) {
        assert_eq!(seen(with(20, 0x30 | kind)), Err(DecodeError::Type(kind)));
    }
    for ttl in 0..255 {
        let near = Delivery { hop_limit: Some(ttl), ..delivery(sound.clone()) };
        assert_eq!(read(&near, &expect(Version::V3, &NONE)), Err(DecodeError::Ttl(ttl)));
    }
    let mut wrong = sound.clone();
    wrong[30] ^= 1;
    assert_eq!(seen(wrong), Err(DecodeError::Checksum));
}

/// R9568-5.1.2.3-02: "A VRRP Router receiving a packet with the Hop Limit not equal to 255 MUST discard the packet
/// RFC5082."
/// R9568-7.1-02: "It MUST verify that the IPv6 Hop Limit is 255."
#[test]
fn a_hop_limit_below_255_is_another_network_s() {
    assert!(read(&v6(), &expect(Version::V3, &NONE)).is_ok());
    for hop_limit in 0..255 {
        let far = Delivery { hop_limit: Some(hop_limit), ..v6() };
        assert_eq!(read(&far, &expect(Version::V3, &NONE)), Err(DecodeError::Ttl(hop_limit)));
    }
}

/// R3768-5.3.6.1-01: "The contents of the Authentication Data field should be set to zero on transmission and ignored
/// on reception."
/// R3768-5.3.10-01 (Authentication Data): "It SHOULD be set to zero on transmission and ignored on reception."
#[test]
fn authentication_data_without_a_type_is_ignored() {
    let mut bytes = v2().encode_ipv4(&HEADER, Seal::None);
    bytes[36..44].copy_from_slice(b"whatever");
    assert_eq!(read(&delivery(mend(bytes)), &expect(Version::V2, &NONE)), Ok(v2()));
}

/// R9568-5.2.9-02: "The address family of the addresses, IPv4 or IPv6 but not both, MUST be the same as the VRRP
/// packet's IPvX header address family."
/// R9568-5.2.9-03: "If more than one address is sent, it is recommended that all routers be configured to send these
/// addresses in the same order to simplify comparisons."
/// R5798-5.2.9-01: "This field contains either one or more IPv4 addresses, or one or more IPv6 addresses, that is,
/// IPv4 and IPv6 MUST NOT both be carried in one IPvX Address field."
#[test]
fn addresses_are_sent_in_their_order_and_in_one_family() {
    let mixed = advert(Version::V3, 52, 150, 1000, &["10.1.0.102", "fe80::1", "10.1.0.101"]);
    let sent = mixed.encode_ipv4(&HEADER, Seal::None);
    assert_eq!((sent[23], &sent[28..]), (2, &hex("0a010066 0a010065")[..]));
    let sent = mixed.encode_ipv6(IpAddr::V6(Ipv6Addr::LOCALHOST), Seal::None);
    assert_eq!((sent[3], &sent[8..]), (1, &hex("fe800000000000000000000000000001")[..]));
    // What the other family's count would need is not there.
    let lies = Delivery { bytes: v3().encode_ipv4(&HEADER, Seal::None)[20..].to_vec(), ..v6() };
    assert_eq!(read(&lies, &expect(Version::V3, &NONE)), Err(DecodeError::Length));
}

/// R3768-5.3.7-01: "The Advertisement interval indicates the time interval (in seconds) between ADVERTISEMENTS."
#[test]
fn version_2_says_its_interval_in_seconds() {
    for seconds in 1..=255_u8 {
        let interval = Duration::from_secs(u64::from(seconds));
        let sent = Advert { interval, ..v2() }.encode_ipv4(&HEADER, Seal::None);
        assert_eq!(sent[25], seconds);
    }
}

/// R3768-5.3.6-01: "A packet with unknown authentication type or that does not match the locally configured
/// authentication method MUST be discarded."
/// R3768-5.3.6-02: "0 - No Authentication"
/// R3768-7.1-06: "MUST verify that the Auth Type matches the locally configured authentication method for the virtual
/// router and perform that authentication method."
#[test]
fn an_authentication_of_another_type_or_of_none_is_discarded() {
    let plain = v2().encode_ipv4(&HEADER, Seal::None);
    let seen = read(&delivery(plain.clone()), &expect(Version::V2, &SECRET));
    assert_eq!(seen, Err(DecodeError::AuthenticationTypeMismatch { theirs: 0, ours: 1 }));
    let guarded = v2().encode_ipv4(&HEADER, SEALED);
    let seen = read(&delivery(guarded), &expect(Version::V2, &NONE));
    assert_eq!(seen, Err(DecodeError::AuthenticationTypeMismatch { theirs: 1, ours: 0 }));
    for kind in 3..=255 {
        let mut bytes = plain.clone();
        bytes[24] = kind;
        let seen = read(&delivery(mend(bytes)), &expect(Version::V2, &NONE));
        assert_eq!(seen, Err(DecodeError::InvalidAuthenticationType(kind)));
    }
}
