//! What those who track a session are told, and when.

use alloc::vec::Vec;

use super::bench::{Bench, brief, config, ms, nothing, session, verdicts};
use crate::config::SessionConfig;
use crate::event::{Action, Event};
use crate::wire::SessionState::{AdminDown, Down, Init};

const NOTHING: [bool; 0] = [];

fn told(out: &[Action]) -> Vec<bool> {
    verdicts(out).iter().map(|verdict| verdict.alive).collect()
}

/// Differs: Keepalived tells Down at once. A BFD process that was started anew would so take from a master the
/// addresses that it left there.
#[test]
fn nothing_is_told_of_a_new_session_until_it_comes_up_or_has_had_its_time() {
    let (mut bench, out) = Bench::start(config([session()]));
    assert_eq!(told(&out), NOTHING);
    assert_eq!(told(&bench.wait(ms(2_999))), NOTHING);
    let out = bench.wait(ms(1));
    assert_eq!(told(&out), [false]);
    assert_eq!(verdicts(&out)[0].at, bench.now);
    assert_eq!(told(&bench.wait(ms(60_000))), NOTHING, "once");

    let (mut bench, _) = Bench::start(config([session()]));
    bench.wait(ms(1_200));
    assert_eq!(told(&bench.hear(bench.theirs(Init))), [true]);
    bench.settle();
    assert_eq!(told(&bench.wait(ms(60_000))), [false], "by its detection time");
}

#[test]
fn a_longer_idle_interval_gives_more_time() {
    let mut bench = Bench::with(SessionConfig { idle_tx: ms(5_000), ..session() });
    assert_eq!(told(&bench.wait(ms(14_999))), NOTHING);
    assert_eq!(told(&bench.wait(ms(1))), [false]);
}

#[test]
fn a_session_that_comes_and_goes_within_its_time_is_told_of() {
    let mut bench = Bench::up(session());
    assert_eq!(told(&bench.hear(bench.theirs(Down))), [false]);
}

/// RFC 5882 §3.2: a neighbour that is held down by its administrator says nothing of the path.
#[test]
fn a_neighbour_that_is_held_down_is_not_judged_before_it_falls_silent() {
    let mut bench = Bench::with(session());
    for _ in 0..20 {
        assert_eq!(brief(&bench.hear(bench.theirs(AdminDown))), nothing());
        assert_eq!(told(&bench.wait(ms(900))), NOTHING);
    }
    assert_eq!(told(&bench.wait(ms(5_000))), [false]);
}

/// Those who track are started anew and ask for all that is known.
#[test]
fn trackers_that_come_are_told_what_has_been_judged() {
    let mut bench = Bench::with(session());
    assert_eq!(told(&bench.tell(Event::TrackersCame)), NOTHING);
    bench.come_up();
    let at = bench.now;
    bench.wait(ms(20));
    let out = bench.tell(Event::TrackersCame);
    assert_eq!(brief(&out), ["tell alive"]);
    assert_eq!(verdicts(&out)[0].at, at);
    bench.hear(bench.theirs(Down));
    assert_eq!(brief(&bench.tell(Event::TrackersCame)), ["tell dead"]);
    assert_eq!(bench.state(), Down);
}
