use super::*;
use alloc::vec;
use proptest::prelude::*;

/// The first packet of a keepalived 2.2.7 that waits for its neighbour: Down, multiplier 3, idle_tx 1 s, min_rx 100 ms.
const GOLDEN: [u8; 24] = [
    0x20, 0x40, 0x03, 0x18, 0x17, 0x32, 0xea, 0xc1, 0, 0, 0, 0, 0x00, 0x0f, 0x42, 0x40, 0x00, 0x01, 0x86,
    0xa0, 0, 0, 0, 0,
];

fn golden() -> Control {
    Control {
        diagnostic: Diagnostic::NONE,
        state: SessionState::Down,
        poll: false,
        is_final: false,
        independent: false,
        demand: false,
        multiplier: 3,
        my_discriminator: 0x1732_eac1,
        your_discriminator: 0,
        desired_min_tx: 1_000_000,
        required_min_rx: 100_000,
        required_min_echo_rx: 0,
    }
}

fn refused(change: impl FnOnce(&mut Vec<u8>)) -> DecodeError {
    let mut bytes = GOLDEN.to_vec();
    change(&mut bytes);
    decode(&bytes).unwrap_err()
}

/// R5880-6.8.7-13 to R5880-6.8.7-29, as keepalived writes them. R5880-6.8.7-14: version 1. R5880-6.8.7-16: state.
/// R5880-6.8.7-23: multiplier. R5880-6.8.7-24: length 24. R5880-6.8.7-25, R5880-6.8.7-26: discriminators.
/// R5880-6.8.7-27, R5880-6.8.7-28, R5880-6.8.7-29: intervals. R5880-4.1-02, R5880-6.8.7-22: Multipoint is 0.
#[test]
fn a_packet_of_keepalived_is_written_and_read_byte_for_byte() {
    assert_eq!(golden().encode(), GOLDEN);
    let decoded = decode(&GOLDEN).unwrap();
    assert_eq!(decoded.control, golden());
    assert!(!decoded.authenticated);
    assert_eq!(decoded.bytes, GOLDEN);
}

/// R5880-6.8.7-15: Diag; R5880-6.8.7-17: Poll; R5880-6.8.7-18: Final; R5880-6.8.7-19: Control Plane Independent;
/// R5880-6.8.7-21: Demand. Each has its place (§4.1).
#[test]
fn every_field_has_its_place() {
    let cases = [
        (Control { diagnostic: Diagnostic::ADMIN_DOWN, ..golden() }, 0, 0x27),
        (Control { state: SessionState::AdminDown, ..golden() }, 1, 0x00),
        (Control { state: SessionState::Init, ..golden() }, 1, 0x80),
        (Control { state: SessionState::Up, ..golden() }, 1, 0xc0),
        (Control { poll: true, ..golden() }, 1, 0x60),
        (Control { is_final: true, ..golden() }, 1, 0x50),
        (Control { independent: true, ..golden() }, 1, 0x48),
        (Control { demand: true, ..golden() }, 1, 0x42),
        (Control { multiplier: 255, ..golden() }, 2, 0xff),
        (Control { your_discriminator: 9, ..golden() }, 11, 9),
        (Control { required_min_echo_rx: 7, ..golden() }, 23, 7),
    ];
    for (control, at, byte) in cases {
        let bytes = control.encode();
        let mut expected = GOLDEN;
        expected[at] = byte;
        assert_eq!(bytes, expected, "{control:?}");
        if control.state != SessionState::Init && control.state != SessionState::Up {
            assert_eq!(decode(&bytes).unwrap().control, control);
        }
    }
}

/// R5880-6.8.6-03: "If the version number is not correct (1), the packet MUST be discarded."
#[test]
fn another_version_is_refused() {
    assert_eq!(refused(|bytes| bytes[0] = 0x00), DecodeError::Version(0));
    assert_eq!(refused(|bytes| bytes[0] = 0x40), DecodeError::Version(2));
}

/// R5880-6.8.6-04: "If the Length field is less than the minimum correct value (24 if the A bit is clear, or 26 if the A
/// bit is set), the packet MUST be discarded."
#[test]
fn a_length_below_the_least_is_refused() {
    assert_eq!(refused(|bytes| bytes[3] = 23), DecodeError::LengthTooSmall(23));
    let with_auth = |length| {
        move |bytes: &mut Vec<u8>| {
            bytes[1] |= 0x04;
            bytes[3] = length;
            bytes.extend([0; 8]);
        }
    };
    assert_eq!(refused(with_auth(25)), DecodeError::LengthTooSmall(25));
    let mut bytes = GOLDEN.to_vec();
    with_auth(26)(&mut bytes);
    assert!(decode(&bytes).unwrap().authenticated);
}

/// R5880-6.8.6-05: "If the Length field is greater than the payload of the encapsulating protocol, the packet MUST be
/// discarded."
#[test]
fn a_length_beyond_the_packet_is_refused_and_a_shorter_one_is_not() {
    assert_eq!(refused(|bytes| bytes[3] = 25), DecodeError::LengthBeyondPayload(25));
    assert_eq!(refused(|bytes| bytes.truncate(20)), DecodeError::LengthBeyondPayload(24));
    let mut padded = GOLDEN.to_vec();
    padded.extend([0xff; 9]);
    assert_eq!(decode(&padded).unwrap().bytes, GOLDEN);
}

#[test]
fn a_packet_that_ends_before_its_length_is_refused() {
    for length in 0..4 {
        assert_eq!(refused(|bytes| bytes.truncate(length)), DecodeError::Truncated);
    }
    assert_eq!(decode(&[0x40]), Err(DecodeError::Version(2)), "the version is looked at first");
}

/// R5880-6.8.6-06: "If the Detect Mult field is zero, the packet MUST be discarded."
#[test]
fn a_multiplier_of_zero_is_refused() {
    assert_eq!(refused(|bytes| bytes[2] = 0), DecodeError::ZeroMultiplier);
}

/// R5880-6.8.6-07, R5880-4.1-02: "If the Multipoint (M) bit is nonzero, the packet MUST be discarded."
#[test]
fn multipoint_is_refused() {
    assert_eq!(refused(|bytes| bytes[1] |= 0x01), DecodeError::Multipoint);
}

/// R5880-6.8.6-08: "If the My Discriminator field is zero, the packet MUST be discarded."
#[test]
fn a_remote_discriminator_of_zero_is_refused() {
    assert_eq!(refused(|bytes| bytes[4..8].fill(0)), DecodeError::ZeroMyDiscriminator);
}

/// R5880-6.8.6-11: "If the Your Discriminator field is zero and the State field is not Down or AdminDown, the packet MUST
/// be discarded."
#[test]
fn a_state_beyond_down_needs_our_discriminator() {
    for (state, byte) in [(SessionState::Init, 0x80), (SessionState::Up, 0xc0)] {
        assert_eq!(refused(|bytes| bytes[1] = byte), DecodeError::NoDiscriminatorInState(state));
        let mut bytes = GOLDEN.to_vec();
        (bytes[1], bytes[11]) = (byte, 1);
        assert!(decode(&bytes).is_ok());
    }
    for byte in [0x00, 0x40] {
        let mut bytes = GOLDEN.to_vec();
        bytes[1] = byte;
        assert!(decode(&bytes).is_ok());
    }
}

/// R5880-6.8.6-01: "the following procedure MUST be followed, in the order specified." A packet that breaks every rule is
/// mended from the first rule to the last, and each time the next one refuses it.
#[test]
fn the_rules_are_looked_at_in_their_order() {
    let mut bytes = vec![0xe0, 0x81, 0, 23];
    bytes.extend([0; 20]);
    let steps: [(usize, u8, DecodeError); 6] = [
        (0, 0x20, DecodeError::Version(7)),
        (3, 30, DecodeError::LengthTooSmall(23)),
        (3, 24, DecodeError::LengthBeyondPayload(30)),
        (2, 1, DecodeError::ZeroMultiplier),
        (1, 0x80, DecodeError::Multipoint),
        (7, 1, DecodeError::ZeroMyDiscriminator),
    ];
    for (at, mended, expected) in steps {
        assert_eq!(decode(&bytes), Err(expected));
        bytes[at] = mended;
    }
    assert_eq!(decode(&bytes), Err(DecodeError::NoDiscriminatorInState(SessionState::Init)));
    bytes[11] = 1;
    assert!(decode(&bytes).is_ok());
}

/// Differs: keepalived drops these three. RFC 5880 §6: "It is important for implementors to enforce only the requirements
/// specified in this section".
#[test]
fn what_the_rfc_does_not_refuse_is_accepted() {
    let mut bytes = GOLDEN.to_vec();
    bytes[1] |= 0x30;
    assert!(decode(&bytes).is_ok_and(|decoded| decoded.control.poll && decoded.control.is_final));
    let mut bytes = GOLDEN.to_vec();
    bytes[0] |= 31;
    assert_eq!(decode(&bytes).unwrap().control.diagnostic.number(), 31);
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        fuzz_control(&bytes);
    }

    /// Random bytes seldom have a right head: here they do.
    #[test]
    fn any_bytes_after_a_sound_head_are_refused_or_read(
        flags in any::<u8>(),
        kind in 0..7_u8,
        rest in proptest::collection::vec(any::<u8>(), 20..60),
    ) {
        let length = u8::try_from(rest.len() + 4).unwrap();
        let mut bytes = vec![0x20, flags & 0xfe, 3, length];
        bytes.extend(rest);
        if let Some([section, auth_length, id, ..]) = bytes.get_mut(24..) {
            (*section, *auth_length, *id) = (kind, length - 24, 1);
        }
        fuzz_control(&bytes);
    }
}
