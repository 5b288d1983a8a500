use super::receive::reaction;
use super::*;
use crate::wire::SessionState::{AdminDown, Down, Init, Up};
use core::net::IpAddr;

/// R5880-6.8.6-27: in AdminDown packets are without effect. R5880-6.8.6-28: AdminDown takes Init and Up down, diagnostic 3.
/// R5880-6.8.6-29, R5880-6.8.6-30, R5880-6.8.6-31: the other states, as drawn in §6.2.
#[test]
fn the_state_table_is_that_of_the_rfc() {
    let down = Some((Down, Some(Diagnostic::NEIGHBOUR_DOWN)));
    let table = [
        // Ours, and what follows when theirs is AdminDown, Down, Init, Up.
        (AdminDown, [None, None, None, None]),
        (Down, [None, Some((Init, None)), Some((Up, None)), None]),
        (Init, [down, None, Some((Up, None)), Some((Up, None))]),
        (Up, [down, down, None, None]),
    ];
    for (ours, reactions) in table {
        for (theirs, expected) in SessionState::ALL.into_iter().zip(reactions) {
            assert_eq!(reaction(ours, theirs), expected, "{ours} hears {theirs}");
        }
    }
    assert_eq!(table.map(|(ours, _)| ours), SessionState::ALL);
}

/// R5880-6.8.1-03 to R5880-6.8.1-12. R5880-6.8.1-04: the remote state is Down. R5880-6.8.1-05: our discriminator is not zero.
/// R5880-6.8.1-07: the remote one is. R5880-6.8.1-09: there is no diagnostic. R5880-6.8.1-10: the desired interval is a second
/// or more. R5880-6.8.1-11: the remote receiving interval is 1. R5880-6.8.1-12: there is no remote demand. R5880-6.8.1-15: no
/// sequence number is known. R5880-6.8.1-14: ours "MUST be initialized to a random 32-bit value".
#[test]
fn the_variables_of_a_session_are_initialized() {
    let neighbour = IpAddr::from([192, 0, 2, 2]);
    let session = |seed| {
        let config = SessionConfig::plain("B", neighbour);
        let mut chance = Chance::new(seed);
        Session::new(SessionId(1), config, 7, Port::new(50_000), Instant::ZERO, &mut chance)
    };
    let new = session(1);
    assert_eq!(new.state, State::Down(super::Down { heard_at: None, held_until: None }));
    assert_eq!(new.remote, Remote::UNKNOWN);
    assert_eq!((new.remote.state, new.remote.discriminator), (Down, 0));
    assert_eq!((new.remote.required_min_rx, new.remote.demand), (1, false));
    assert_eq!((new.discriminator, new.diagnostic), (7, Diagnostic::NONE));
    assert_eq!(new.advertised.desired, 1_000_000);
    assert_eq!((new.known, new.poll), (None, Poll::Idle));
    assert_ne!(new.sequence, session(2).sequence);
}
