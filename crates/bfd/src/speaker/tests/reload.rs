//! A configuration replaces another.

use alloc::boxed::Box;
use alloc::vec::Vec;

use host::Engine;

use super::bench::*;
use crate::config::{Config, SessionConfig};
use crate::event::{Action, Event};
use crate::notice::{Notice, ReloadSummary};
use crate::wire::SessionState::{Down, Up};

fn reload(bench: &mut Bench, config: Config) -> Vec<Action> {
    bench.tell(Event::Configured(Box::new(config)))
}

fn summary(actions: &[Action]) -> Option<ReloadSummary> {
    let summary = |action: &Action| {
        if let Action::Notice(Notice::Reloaded(summary)) = action { Some(*summary) } else { None }
    };
    actions.iter().find_map(summary)
}

/// As keepalived: state, discriminators and timers are resumed, and trackers are told the present state once. Differs: so is the source
/// port.
#[test]
fn a_session_survives_a_reload() {
    let mut bench = Bench::up(session());
    let before = bench.status();
    let due = bench.speaker.next_deadline();
    let out = reload(&mut bench, config([session()]));
    assert_eq!(brief(&out), ["tell alive"]);
    assert_eq!(summary(&out), Some(ReloadSummary { kept: 1, ..ReloadSummary::default() }));
    assert_eq!((bench.status(), bench.speaker.next_deadline()), (before, due));
}

#[test]
fn a_name_is_only_a_name() {
    let mut bench = Bench::up(session());
    let out = reload(&mut bench, config([SessionConfig { name: "renamed".into(), ..session() }]));
    assert_eq!(verdicts(&out)[0].session, "renamed");
    assert!(verdicts(&out)[0].alive && bench.state() == Up);
    assert_eq!(summary(&out), Some(ReloadSummary { adjusted: 1, ..ReloadSummary::default() }));
}

/// Differs: Keepalived lets a removed session's neighbour find out by its detection time.
#[test]
fn a_session_that_is_removed_takes_its_leave() {
    let mut bench = Bench::up(session());
    let other = SessionConfig::plain("C", [192, 0, 2, 3].into());
    let out = reload(&mut bench, config([other]));
    assert_eq!(brief(&out), ["-> AdminDown 7", "-> Down 0", "bind own", "AdminDown P", "Down"]);
    let expected = ReloadSummary { added: 1, removed: 1, ..ReloadSummary::default() };
    assert_eq!(summary(&out), Some(expected));
    assert_eq!(bench.speaker.status(bench.now).sessions.len(), 1);
    assert_eq!(brief(&bench.wait(ms(50))), ["unbind own"]);
    assert_eq!((bench.status().name.as_str(), bench.state()), ("C", Down));
}

#[test]
fn a_session_that_comes_back_while_it_leaves_is_a_new_one() {
    let mut bench = Bench::up(session());
    let before = bench.status();
    reload(&mut bench, config([]));
    reload(&mut bench, config([session()]));
    let after = bench.status();
    assert_ne!((before.discriminator, before.port), (after.discriminator, after.port));
    assert_eq!(after.state, Down);
    bench.come_up();
    bench.wait(ms(20));
    assert_eq!(bench.state(), Up, "the old one's end does not touch it");
}

#[test]
fn the_order_of_the_status_is_that_of_the_file() {
    let b = || session();
    let c = || SessionConfig::plain("C", [192, 0, 2, 3].into());
    let (mut bench, _) = Bench::start(config([b(), c()]));
    reload(&mut bench, config([c(), b()]));
    let status = bench.speaker.status(bench.now);
    let names: Vec<&str> = status.sessions.iter().map(|session| session.name.as_str()).collect();
    assert_eq!(names, ["C", "B"]);
}

#[test]
fn a_first_configuration_is_no_reload() {
    let (_, out) = Bench::start(config([session()]));
    assert_eq!(summary(&out), None);
}
