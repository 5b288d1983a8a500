//! Our own pauses, a late start, and stepping down.

use alloc::vec;
use core::time::Duration;

use host::{Instant, LinkIndex, LinkName};

use super::bench::*;
use crate::config::{Config, Priority, TrackFile, TrackLink, TrackNamed, Weight};
use crate::event::Event;
use crate::notice::State;

/// R9568-2.5-01: "If the Active Router observes that this is occurring, it SHOULD log the problem (subject to
/// rate-limiting)."
#[test]
fn a_master_that_was_not_run_for_long_listens_for_an_interval_before_it_speaks() {
    let mut bench = Bench::master(instance());
    let due = bench.next_deadline().unwrap();
    bench.now = due + Duration::from_secs(30);
    let out = bench.tell(Event::Wake);
    assert_eq!(brief(&out), ["BACKUP", "-192.0.2.100/32"]);
    assert_eq!(log(&out)[0], "(VI_1) advert 30.000000 seconds late, listening before sending");
    assert_eq!(bench.next_deadline(), Some(bench.now + Duration::from_secs(1)));
    // Nobody took over: it goes on.
    assert_eq!(brief(&bench.wait(1_000))[..2], ["advert 100", "MASTER"]);
}

#[test]
fn after_a_pause_it_gives_way_to_whoever_took_over() {
    let mut bench = Bench::master(instance());
    bench.now = bench.next_deadline().unwrap() + Duration::from_secs(30);
    // The rival's adverts waited in the socket and are heard first.
    assert_eq!(brief(&bench.hear(HIGH, 50)), ["BACKUP", "-192.0.2.100/32"]);
    assert_eq!(bench.next_deadline(), Some(bench.now + Duration::from_nanos(3_609_375_000)));
}

#[test]
fn a_short_pause_is_only_a_late_advert() {
    let mut bench = Bench::master(instance());
    bench.now = bench.next_deadline().unwrap() + Duration::from_millis(1_900);
    assert_eq!(brief(&bench.tell(Event::Wake)), ["advert 100"]);
}

/// Keepalived's `timer_expired_backup`: "highest priority of any other node"; it could have taken over only a skew time
/// after the missed adverts.
#[test]
fn one_that_knows_its_best_rival_is_late_only_when_that_one_could_have_taken_over() {
    let it = instance().with(|it| it.late_master_yields_to = Some(Priority(90)));
    for (late, orders) in [(2_600, &["advert 100"][..]), (2_700, &["BACKUP", "-192.0.2.100/32"])] {
        let mut bench = Bench::master(it.clone());
        bench.now = bench.next_deadline().unwrap() + Duration::from_millis(late);
        assert_eq!(brief(&bench.tell(Event::Wake)), orders, "{late}");
    }
}

/// vrrp-behaviour §4.2.
#[test]
fn a_startup_delay_passes_before_anything_is_heard_or_timed() {
    let delayed = Config { startup_delay: Duration::from_secs(5), ..config([instance()], []) };
    let (mut bench, out) = Bench::start(delayed);
    assert_eq!(brief(&out), ["BACKUP", "listen [51]"], "people are told at once");
    bench.hear(HIGH, 200);
    assert_eq!(bench.status().counters.adverts_received, 0);
    assert_eq!(bench.next_deadline(), Some(Instant::from_millis(5_000)));
    assert_eq!(log(&bench.wait(5_000)), ["Delayed start completed"]);
    assert_eq!(bench.next_deadline(), Some(Instant::from_nanos(8_609_375_000)));
}

fn stepping_down(step_down: bool) -> Bench {
    let weight = Weight::Points { points: -30, reverse: false };
    let track_links = vec![TrackLink { link: LinkName::new("eth1").unwrap(), weight }];
    let mut bench = Bench::with(instance().with(|it| {
        it.track_links = track_links;
        it.step_down = step_down;
    }));
    bench.tell(eth1(true));
    bench.hear(HIGH, 90);
    bench.wait(6_000);
    assert_eq!(bench.state(), State::Master);
    bench
}

fn eth1(up: bool) -> Event {
    let link = host::Link { index: LinkIndex(3), name: LinkName::new("eth1").unwrap(), ..link(up) };
    Event::LinkChanged(link)
}

#[test]
fn stepping_down_saves_the_rival_its_master_down_time() {
    let mut bench = stepping_down(true);
    let out = bench.tell(eth1(false));
    assert_eq!(brief(&out), ["advert 0", "BACKUP", "-192.0.2.100/32"]);
    assert!(log(&out).contains(&"(VI_1) stepping down for a rival with priority 90".into()));
    // Silent for one master-down time, that of priority 70.
    assert_eq!(bench.next_deadline(), Some(bench.now + Duration::from_nanos(3_726_562_500)));
}

#[test]
fn without_the_option_a_lower_priority_is_only_advertised() {
    let mut bench = stepping_down(false);
    assert_eq!(brief(&bench.tell(eth1(false))), [""; 0]);
    assert_eq!(brief(&bench.wait(1_000)), ["advert 70"]);
}

/// vrrp-behaviour §9, §9.2.
#[test]
fn files_processes_and_sessions_move_the_priority_or_are_faults() {
    let named = |name: &str, weight| TrackNamed { name: name.into(), weight };
    let points = Weight::Points { points: 20, reverse: false };
    let tracking = instance().with(|it| {
        it.track_files = vec![TrackFile { file: "f".into(), weight: 2, reverse: false }];
        it.track_processes = vec![named("p", points)];
        it.track_bfds = vec![named("b", Weight::Fault { reverse: false })];
    });
    let mut bench = Bench::with(tracking);
    assert_eq!(bench.state(), State::Init, "nothing is known of the session");
    let out = bench.tell(Event::BfdChanged { name: "b".into(), up: true });
    assert!(log(&out).contains(&"VRRP_Instance(VI_1) Tracked BFD instance b is UP".into()));
    assert_eq!((bench.state(), bench.status().effective_priority.0), (State::Backup, 100));
    bench.tell(Event::FileRead { file: "f".into(), value: -7 });
    assert_eq!(bench.status().effective_priority.0, 86);
    let out = bench.tell(Event::ProcessesCounted { name: "p".into(), quorum: false });
    assert_eq!(log(&out), [""; 0], "what it begins with is not worth a word");
    let out = bench.tell(Event::ProcessesCounted { name: "p".into(), quorum: true });
    assert!(log(&out).contains(&"Quorum gained for tracked process p".into()));
    assert_eq!(bench.status().effective_priority.0, 106);
    bench.tell(Event::FileRead { file: "f".into(), value: -127 });
    assert_eq!(bench.state(), State::Fault);
}
