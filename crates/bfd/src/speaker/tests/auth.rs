//! Authentication of a session (RFC 5880 §6.7).

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::bench::*;
use crate::config::{AuthConfig, AuthKey, AuthKind, SessionConfig};
use crate::event::{Action, Event};
use crate::wire::Control;
use crate::wire::SessionState::{self, Down, Init, Up};
use crate::wire::auth::seal;

fn key() -> AuthKey {
    AuthKey::parse(1, "sesame").unwrap()
}

fn secured(kind: AuthKind) -> SessionConfig {
    SessionConfig { auth: Some(AuthConfig { kind, keys: vec![key()] }), ..session() }
}

/// The neighbour's sequence number is `sequence`.
fn hear(bench: &mut Bench, control: Control, kind: AuthKind, sequence: u32) -> Vec<Action> {
    let mut bytes = control.encode();
    seal(&mut bytes, kind, &key(), sequence);
    bench.tell(Event::Received(delivery(bytes)))
}

fn sequences(actions: &[Action]) -> Vec<u32> {
    datagrams(actions)
        .iter()
        .map(|sent| u32::from_be_bytes(sent.payload[28..32].try_into().unwrap()))
        .collect()
}

const KEYED: [AuthKind; 4] =
    [AuthKind::KeyedMd5, AuthKind::MeticulousKeyedMd5, AuthKind::KeyedSha1, AuthKind::MeticulousKeyedSha1];

/// R5880-6.7-02, R5880-9-02, R5881-7-01, R5883-6-01: authentication is there to be used, on one hop and on many, with every type.
/// R5880-6.8.7-30, R5880-6.8.7-20: each packet has its section.
#[test]
fn a_session_comes_up_with_every_type() {
    for kind in AuthKind::ALL {
        let mut bench = Bench::with(secured(kind));
        let first = Control { your_discriminator: 0, ..bench.theirs(Down) };
        let out = hear(&mut bench, first, kind, 10);
        assert_eq!(bench.state(), Init, "{kind:?}");
        assert_eq!(datagrams(&out)[0].payload[24], kind.number());
        let says = bench.theirs(Up);
        hear(&mut bench, says, kind, 11);
        assert_eq!(bench.state(), Up, "{kind:?}");
        assert!(datagrams(&bench.wait(ms(40))).iter().all(|sent| sent.payload[1] & 0x04 != 0));
    }
}

/// R5880-6.8.6-14, R5880-6.8.6-15, R5880-6.8.6-16: both sides or none. R5880-6.7.1-01, R5880-6.7.1-02: "an implementation SHOULD NOT
/// allow the authentication state to change based on the receipt of BFD Control packets": only a configuration changes it.
#[test]
fn packets_do_not_turn_authentication_on_or_off() {
    let mut bench = Bench::with(secured(AuthKind::KeyedSha1));
    for _ in 0..5 {
        bench.hear(bench.theirs(Down));
    }
    assert_eq!((bench.state(), bench.status().counters.discards.auth_presence), (Down, 5));
    let mut bench = Bench::up(session());
    let says = bench.theirs(Down);
    for sequence in 0..5 {
        hear(&mut bench, says, AuthKind::KeyedSha1, sequence);
    }
    assert_eq!((bench.state(), bench.status().counters.discards.auth_presence), (Up, 5));
}

/// R5880-6.7.3-12, R5880-6.7.4-12: the meticulous kinds' number "MUST be incremented in a circular fashion" with each packet.
/// R5880-6.7.3-11, R5880-6.7.4-11: the others' "SHOULD be incremented when the session state changes, or when the transmitted BFD
/// Control packet carries different contents". R5880-6.7.3-10, R5880-6.7.4-10: it may.
#[test]
fn sequence_numbers_count_packets_or_changes() {
    for kind in KEYED {
        let (mut bench, out) = Bench::start(config([secured(kind)]));
        let first = sequences(&out)[0];
        let same = sequences(&bench.wait(ms(5_000)));
        let expected = if kind.is_meticulous() { u32::try_from(same.len()).unwrap() } else { 0 };
        assert_eq!(same.last().unwrap().wrapping_sub(first), expected, "{kind:?}");
        let says = bench.theirs(Down);
        let changed = sequences(&hear(&mut bench, says, kind, 1));
        assert_eq!(changed, [same.last().unwrap().wrapping_add(1)], "{kind:?}");
    }
}

/// R5880-6.7.3-16, R5880-6.7.3-17, R5880-6.7.4-16, R5880-6.7.4-17, R5880-6.7.3-18, R5880-6.7.4-18: the number of the first packet is
/// believed, and from then on an older one is thrown away. A number that was far ahead is too: the window is three times Detect Mult.
#[test]
fn an_old_packet_is_not_accepted_again() {
    for kind in KEYED {
        let mut bench = Bench::with(secured(kind));
        let says = |bench: &Bench, state: SessionState| bench.theirs(state);
        for (sequence, state, expected) in
            [(u32::MAX, Down, Init), (0, Up, Up), (u32::MAX, Down, Up), (16, Down, Up), (15, Down, Down)]
        {
            let packet = says(&bench, state);
            hear(&mut bench, packet, kind, sequence);
            assert_eq!(bench.state(), expected, "{kind:?} {sequence}");
        }
        assert_eq!(bench.status().counters.discards.auth_sequence, 2);
        let again = says(&bench, Init);
        hear(&mut bench, again, kind, 15);
        assert_eq!(bench.state(), if kind.is_meticulous() { Down } else { Up }, "{kind:?}");
    }
}

/// Differs: §6.7.4 would believe the sequence number of a first packet before its hash is checked.
#[test]
fn a_forged_first_packet_does_not_set_the_sequence_number() {
    let kind = AuthKind::MeticulousKeyedSha1;
    let mut bench = Bench::with(secured(kind));
    let mut forged = bench.theirs(Down).encode();
    seal(&mut forged, kind, &AuthKey::parse(1, "guess").unwrap(), 5_000);
    bench.tell(Event::Received(delivery(forged)));
    assert_eq!((bench.state(), bench.status().counters.discards.auth_failure), (Down, 1));
    let says = bench.theirs(Down);
    hear(&mut bench, says, kind, 10);
    assert_eq!(bench.state(), Init);
}

/// R5880-6.8.1-15, R5880-6.8.1-16: bfd.AuthSeqKnown "MUST be set to zero after no packets have been received on this session for at
/// least twice the Detection Time."
#[test]
fn a_sequence_number_is_forgotten_after_twice_the_detection_time() {
    let kind = AuthKind::KeyedSha1;
    let mut bench = Bench::with(secured(kind));
    let says = bench.theirs(Down);
    hear(&mut bench, says, kind, 1_000);
    bench.wait(ms(9_999));
    hear(&mut bench, says, kind, 5);
    assert_eq!(bench.status().counters.discards.auth_sequence, 1);
    bench.wait(ms(1));
    hear(&mut bench, says, kind, 5);
    assert_eq!((bench.state(), bench.status().counters.discards.auth_sequence), (Init, 1));
}

/// R5881-5-04, R5881-5-05: the TTL "MAY" be checked with authentication too, and before it.
#[test]
fn the_ttl_is_checked_before_the_hash() {
    let kind = AuthKind::KeyedSha1;
    let mut bench = Bench::with(secured(kind));
    let mut bytes = bench.theirs(Down).encode();
    seal(&mut bytes, kind, &AuthKey::parse(1, "guess").unwrap(), 1);
    let mut packet = delivery(bytes);
    packet.hop_limit = Some(254);
    bench.tell(Event::Received(packet));
    let discards = bench.status().counters.discards;
    assert_eq!((discards.ttl, discards.auth_failure), (1, 0));
}

/// §6.7: several keys are accepted while one is replaced by the next; the first is sent.
#[test]
fn keys_are_replaced_without_a_failure() {
    let kind = AuthKind::MeticulousKeyedSha1;
    let mut bench = Bench::with(secured(kind));
    let says = bench.theirs(Down);
    hear(&mut bench, says, kind, 1);
    let says = bench.theirs(Up);
    hear(&mut bench, says, kind, 2);
    let next = AuthKey::parse(2, "0x00ff").unwrap();
    let auth = Some(AuthConfig { kind, keys: vec![next, key()] });
    bench.tell(Event::Configured(Box::new(config([SessionConfig { auth, ..session() }]))));
    hear(&mut bench, says, kind, 3);
    assert_eq!(bench.state(), Up);
    let sent = datagrams(&bench.wait(ms(20)));
    assert!(!sent.is_empty() && sent.iter().all(|sent| sent.payload[26] == 2));
}
