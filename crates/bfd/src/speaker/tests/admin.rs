//! Administrative control, and the stop (RFC 5880 §6.8.16).

use alloc::boxed::Box;

use super::bench::*;
use crate::config::SessionConfig;
use crate::event::Event;
use crate::wire::SessionState::{AdminDown, Down, Init, Up};
use crate::wire::{Control, Diagnostic};

fn enable(bench: &mut Bench, enabled: bool) -> alloc::vec::Vec<alloc::string::String> {
    let sessions = [SessionConfig { enabled, ..session() }];
    brief(&bench.tell(Event::Configured(Box::new(config(sessions)))))
}

/// R5880-6.1-04, R5880-6.8.16-01, R5880-6.8.16-07: "Set bfd.SessionState to AdminDown. Set bfd.LocalDiag to an appropriate value."
/// R5880-6.8.16-03: it is Administratively Down. Trackers are not told: nothing is known of the path (RFC 5882 §3.2).
#[test]
fn a_session_that_is_disabled_goes_admin_down_and_says_so() {
    let mut bench = Bench::up(session());
    assert_eq!(enable(&mut bench, false), ["-> AdminDown 7", "tell alive", "AdminDown P"]);
    let packets = controls(&bench.wait(ms(10_000)));
    assert!(packets.len() >= 10, "it goes on telling");
    assert!(
        packets.iter().all(|packet| packet.state == AdminDown && packet.diagnostic == Diagnostic::ADMIN_DOWN)
    );
    assert!(packets.iter().all(|packet| packet.desired_min_tx == 1_000_000));
}

/// R5880-6.8.16-06: "If enabling session: Set bfd.SessionState to Down".
#[test]
fn a_session_that_is_enabled_again_starts_from_down() {
    let mut bench = Bench::up(session());
    enable(&mut bench, false);
    assert_eq!(enable(&mut bench, true), ["-> Down 7", "tell dead", "tell dead", "Down P"]);
    bench.hear(bench.theirs(Down));
    assert_eq!(bench.state(), Init);
}

/// R5880-6.8.6-27: "If bfd.SessionState is AdminDown: Discard the packet".
#[test]
fn packets_do_not_move_a_session_that_is_held_down() {
    let (mut bench, out) = Bench::start(config([SessionConfig { enabled: false, ..session() }]));
    assert_eq!(brief(&out), ["-> AdminDown 7", "bind 3784", "bind own", "AdminDown"]);
    for state in [AdminDown, Down, Init, Up] {
        let out = bench.hear(Control { poll: true, ..bench.theirs(state) });
        assert_eq!((brief(&out), bench.state()), (nothing(), AdminDown), "{state}");
    }
    assert_eq!(bench.status().counters.discards.admin_down, 4);
    assert_eq!(bench.status().remote.discriminator, THEM, "§6.8.6 sets the variables before");
}

/// R5880-6.8.16-04: "BFD Control packets SHOULD be transmitted for at least a Detection Time after transitioning to AdminDown
/// state". Differs: keepalived says nothing at its end.
#[test]
fn the_stop_tells_the_neighbour_and_lasts_a_detection_time() {
    let mut bench = Bench::up(session());
    let out = bench.tell(Event::Stop);
    assert_eq!(brief(&out), ["-> AdminDown 7", "AdminDown P"]);
    assert_eq!(controls(&out)[0].diagnostic, Diagnostic::ADMIN_DOWN);
    assert!(!bench.speaker.has_stopped());
    bench.wait(ms(49));
    assert!(!bench.speaker.has_stopped());
    let out = bench.wait(ms(1));
    assert!(bench.speaker.has_stopped());
    assert_eq!(brief(&out), ["unbind 3784", "unbind own"]);
    assert_eq!(host::Engine::next_deadline(&bench.speaker), None);
}

#[test]
fn the_stop_of_a_session_that_is_not_up_is_over_at_once() {
    for state in [AdminDown, Down, Init] {
        let mut bench = Bench::in_state(state);
        let out = bench.tell(Event::Stop);
        assert!(bench.speaker.has_stopped(), "{state}");
        assert_eq!(controls(&out).len(), usize::from(state != AdminDown));
        assert!(controls(&out).iter().all(|packet| packet.state == AdminDown));
    }
    let (mut bench, _) = Bench::start(config([]));
    bench.tell(Event::Stop);
    assert!(bench.speaker.has_stopped());
}

#[test]
fn a_long_detection_time_does_not_hold_the_stop_up() {
    let mut bench = Bench::up(SessionConfig { min_tx: ms(5_000), ..session() });
    bench.tell(Event::Stop);
    bench.wait(ms(1_000));
    assert!(bench.speaker.has_stopped());
}

#[test]
fn nothing_moves_a_speaker_that_stops() {
    let mut bench = Bench::up(session());
    bench.tell(Event::Stop);
    assert_eq!(bench.hear(bench.theirs(Up)), []);
    assert_eq!(bench.tell(Event::Configured(Box::new(config([session()])))), []);
    assert_eq!(bench.tell(Event::Stop), []);
    bench.wait(ms(50));
    assert!(bench.speaker.has_stopped());
    assert_eq!(bench.tell(Event::Configured(Box::new(config([session()])))), []);
}
