use super::*;
use crate::wire::control::{Control, Diagnostic, SessionState, decode};
use alloc::vec;

/// Made with Python's hashlib: Up, multiplier 3, 0x11223344 to 0x55667788, 50 ms, key 7 "sesame", sequence 0xfffffffe.
const MD5: &str = "20c4033011223344556677880000c3500000c3500000000002180700fffffffe\
                   4a5eeac01549467e705d17ad618855ff";
const METICULOUS_MD5: &str = "20c4033011223344556677880000c3500000c3500000000003180700fffffffe\
                              487d6e49f6d436ad87779f7e5285491a";
const SHA1: &str = "20c4033411223344556677880000c3500000c35000000000041c0700fffffffe\
                    435a17bf125834beca37c31f61c2efdc1d1030fc";
const METICULOUS_SHA1: &str = "20c4033411223344556677880000c3500000c35000000000051c0700fffffffe\
                               83bd5da704d665ba5b4a6c5b7e96e6d85ae145e5";
const PASSWORD: &str = "20c4032111223344556677880000c3500000c350000000000109077365736\
                        16d65";

const SEQUENCE: u32 = 0xffff_fffe;

fn golden() -> [(AuthKind, Vec<u8>); 5] {
    [
        (AuthKind::SimplePassword, bytes(PASSWORD)),
        (AuthKind::KeyedMd5, bytes(MD5)),
        (AuthKind::MeticulousKeyedMd5, bytes(METICULOUS_MD5)),
        (AuthKind::KeyedSha1, bytes(SHA1)),
        (AuthKind::MeticulousKeyedSha1, bytes(METICULOUS_SHA1)),
    ]
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn key() -> AuthKey {
    AuthKey::new(7, b"sesame").unwrap()
}

fn config(kind: AuthKind) -> AuthConfig {
    AuthConfig { kind, keys: vec![AuthKey::new(1, b"other").unwrap(), key()] }
}

fn control() -> Control {
    Control {
        diagnostic: Diagnostic::NONE,
        state: SessionState::Up,
        poll: false,
        is_final: false,
        independent: false,
        demand: false,
        multiplier: 3,
        my_discriminator: 0x1122_3344,
        your_discriminator: 0x5566_7788,
        desired_min_tx: 50_000,
        required_min_rx: 50_000,
        required_min_echo_rx: 0,
    }
}

fn check(bytes: &[u8], kind: AuthKind, known: Option<u32>) -> Result<Option<u32>, DecodeError> {
    verify(&decode(bytes).unwrap(), Some(&config(kind)), known).map(Authentic::sequence)
}

/// R5880-6.7-01, R5880-4.1-01, R5880-6.8.7-20, R5880-6.8.7-24, R5880-6.8.7-30: an authentication section may follow; the A
/// bit and the length tell of it. R5880-6.7-02: "Implementations supporting authentication MUST support both types of SHA1
/// authentication."
///
/// R5880-4.2-02, R5880-6.7.2-01, R5880-6.7.2-02, R5880-6.7.2-03: type 1, its length, the key's identifier and the password.
///
/// R5880-4.3-01, R5880-4.3-02, R5880-6.7.3-01 to R5880-6.7.3-05, R5880-6.7.3-08, R5880-6.7.3-09: type 2 or 3, length 24, a
/// reserved zero, the sequence number, and the MD5 digest of the whole packet with the padded key in its place.
/// R5880-6.7.3-02, R5880-6.7.3-03, R5880-6.7.3-04 are its fields.
///
/// R5880-4.4-01, R5880-4.4-02, R5880-6.7.4-01 to R5880-6.7.4-05, R5880-6.7.4-08, R5880-6.7.4-09: the same with type 4 or 5,
/// length 28 and SHA1. R5880-6.7.4-02, R5880-6.7.4-03, R5880-6.7.4-04 are its fields.
#[test]
fn packets_are_sealed_byte_for_byte() {
    for (kind, expected) in golden() {
        let mut sealed = control().encode();
        seal(&mut sealed, kind, &key(), SEQUENCE);
        assert_eq!(sealed, expected, "{kind:?}");
        let secret = sealed.windows(6).any(|window| window == b"sesame");
        assert_eq!(secret, kind == AuthKind::SimplePassword, "the key itself is not carried");
    }
}

/// R5880-6.7.2-11, R5880-6.7.3-19, R5880-6.7.4-19: what is right "MUST be accepted". R5880-6.8.6-16: the packet is
/// authenticated by the type in use. R5880-4.3-01, R5880-4.4-01: the reserved byte is ignored, but is part of the digest.
#[test]
fn what_was_sealed_is_accepted() {
    for (kind, sealed) in golden() {
        let sequence = (kind != AuthKind::SimplePassword).then_some(SEQUENCE);
        assert_eq!(check(&sealed, kind, None), Ok(sequence), "{kind:?}");
    }
    let mut reserved = control().encode();
    seal(&mut reserved, AuthKind::KeyedMd5, &key(), 1);
    reserved[27] = 9;
    let decoded = decode(&reserved).unwrap();
    let digest = digest(decoded.bytes, AuthKind::KeyedMd5, &key());
    reserved.truncate(DIGEST);
    reserved.extend(digest);
    assert_eq!(check(&reserved, AuthKind::KeyedMd5, None), Ok(Some(1)));
}

/// R5880-6.8.6-14: "If the A bit is set and no authentication is in use, the packet MUST be discarded." R5880-6.8.6-15,
/// R5880-6.7.2-07, R5880-6.7.3-13, R5880-6.7.4-13: "If the received BFD Control packet does not contain an Authentication
/// Section, or the Auth Type is not correct, then the received packet MUST be discarded."
#[test]
fn both_sides_must_use_the_same_type() {
    let plain = control().encode();
    for (kind, sealed) in golden() {
        assert_eq!(check(&plain, kind, None), Err(DecodeError::NotAuthenticated));
        let unwanted = verify(&decode(&sealed).unwrap(), None, None);
        assert_eq!(unwanted.unwrap_err(), DecodeError::Authenticated);
        for other in AuthKind::ALL.into_iter().filter(|other| *other != kind) {
            assert_eq!(check(&sealed, other, None), Err(DecodeError::AuthType(kind.number())));
        }
    }
    assert!(verify(&decode(&plain).unwrap(), None, None).is_ok());
}

/// R5880-6.7.2-08, R5880-6.7.3-14, R5880-6.7.4-14: "If the Auth Key ID field does not match the ID of a configured [key], the
/// received packet MUST be discarded."
#[test]
fn a_key_that_is_not_configured_is_refused() {
    for (kind, mut sealed) in golden() {
        sealed[26] = 8;
        assert_eq!(check(&sealed, kind, None), Err(DecodeError::AuthKeyId(8)));
    }
}

/// R5880-6.7.2-09, R5880-6.7.3-15, R5880-6.7.4-15: the Auth Len field is the password's length plus three, 24, or 28.
#[test]
fn a_wrong_length_is_refused() {
    for (kind, sealed) in golden() {
        for length in [0, sealed[25] - 1, sealed[25] + 1, 255] {
            let mut wrong = sealed.clone();
            wrong[25] = length;
            assert_eq!(check(&wrong, kind, None), Err(DecodeError::AuthLength(length)));
        }
    }
}

#[test]
fn a_section_that_is_cut_short_is_refused() {
    for (kind, sealed) in golden() {
        for length in 26..u8::try_from(sealed.len()).unwrap() {
            let mut cut = sealed[..usize::from(length)].to_vec();
            cut[3] = length;
            assert_eq!(check(&cut, kind, None), Err(DecodeError::AuthTruncated), "{kind:?} at {length}");
        }
    }
}

/// R5880-6.7.2-10: "If the Password field does not match the password selected by the key ID, the packet MUST be discarded."
/// R5880-6.7.3-20, R5880-6.7.4-20: nor may any byte of the packet differ from what was digested.
#[test]
fn a_changed_byte_is_refused() {
    for (kind, sealed) in golden() {
        let from = if kind == AuthKind::SimplePassword { 27 } else { 4 };
        for at in (from..sealed.len()).filter(|at| !(24..27).contains(at)) {
            let mut wrong = sealed.clone();
            wrong[at] ^= 0x10;
            assert_eq!(check(&wrong, kind, None), Err(DecodeError::AuthFailure), "{kind:?} at {at}");
        }
    }
}

/// R5880-6.7.3-16, R5880-6.7.4-16: "if the sequence number lies outside of the range of bfd.RcvAuthSeq to
/// bfd.RcvAuthSeq+(3*Detect Mult) inclusive (when treated as an unsigned 32-bit circular number space), the received packet
/// MUST be discarded." R5880-6.7.3-17, R5880-6.7.4-17: for the meticulous kinds from bfd.RcvAuthSeq+1 on.
#[test]
fn the_window_of_sequence_numbers_is_circular() {
    for (kind, sealed) in golden().into_iter().skip(1) {
        let meticulous = kind.is_meticulous();
        let outside = Err(DecodeError::AuthSequence(SEQUENCE));
        let accepted = Ok(Some(SEQUENCE));
        assert_eq!(check(&sealed, kind, Some(SEQUENCE)), if meticulous { outside } else { accepted });
        assert_eq!(check(&sealed, kind, Some(SEQUENCE - 1)), accepted);
        assert_eq!(check(&sealed, kind, Some(SEQUENCE - 9)), accepted);
        assert_eq!(check(&sealed, kind, Some(SEQUENCE - 10)), outside);
        assert_eq!(check(&sealed, kind, Some(SEQUENCE + 1)), outside);
        let mut wrapped = control().encode();
        seal(&mut wrapped, kind, &key(), 3);
        assert_eq!(check(&wrapped, kind, Some(SEQUENCE)), Ok(Some(3)));
    }
}
