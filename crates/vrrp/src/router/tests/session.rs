//! BFD sessions that are tracked.

use alloc::boxed::Box;
use alloc::vec;

use super::bench::*;
use crate::config::{InstanceConfig, TrackNamed, Weight};
use crate::event::Event;
use crate::notice::State;

pub(super) fn tracks(weight: Weight) -> InstanceConfig {
    instance().with(|it| it.track_bfds = vec![TrackNamed { name: "b".into(), weight }])
}

pub(super) fn session(up: bool) -> Event {
    Event::BfdChanged { name: "b".into(), up }
}

/// vrrp-behaviour §9: not Up is a fault with weight 0; else points as for a script.
#[test]
fn a_session_that_goes_down_is_a_fault_at_once_or_costs_points() {
    let mut bench = Bench::with(tracks(Weight::Fault { reverse: false }));
    bench.tell(session(true));
    assert_eq!(bench.state(), State::Backup);
    let out = bench.tell(session(false));
    assert_eq!(bench.state(), State::Fault);
    assert!(log(&out).contains(&"(VI_1) entering FAULT state (tracked BFD instance b is down)".into()));
    bench.tell(session(true));
    assert_eq!(bench.state(), State::Backup);

    for (weight, known, up, down) in [
        (Weight::Points { points: 20, reverse: false }, 100, 120, 100),
        (Weight::Points { points: -20, reverse: false }, 100, 100, 80),
        (Weight::Points { points: 20, reverse: true }, 100, 80, 100),
        (Weight::Points { points: -20, reverse: true }, 100, 100, 120),
    ] {
        let mut bench = Bench::with(tracks(weight));
        let priority = |bench: &Bench| bench.status().effective_priority.0;
        assert_eq!((bench.state(), priority(&bench)), (State::Backup, known));
        bench.tell(session(true));
        assert_eq!(priority(&bench), up);
        bench.tell(session(false));
        assert_eq!(priority(&bench), down);
    }

    let mut bench = Bench::with(tracks(Weight::Fault { reverse: true }));
    bench.tell(session(false));
    assert_eq!(bench.state(), State::Backup);
    bench.tell(session(true));
    assert_eq!(bench.state(), State::Fault);
}

/// Differs: a session that a reload adds counts once something is known of it.
#[test]
fn a_session_that_a_reload_adds_costs_a_master_nothing_before_it_is_judged() {
    let mut bench = Bench::with(instance());
    bench.wait(5_000);
    assert_eq!(bench.state(), State::Master);
    let with_it = config([tracks(Weight::Fault { reverse: false })], []);
    bench.tell(Event::Configured(Box::new(with_it)));
    assert_eq!(bench.state(), State::Master);
    bench.tell(session(false));
    assert_eq!(bench.state(), State::Fault);
}
