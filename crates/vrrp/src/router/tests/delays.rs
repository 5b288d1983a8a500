//! Links whose going down or coming up counts only when it has lasted.

use core::time::Duration;

use super::bench::*;
use crate::config::{Config, InstanceConfig, LinkDelay};
use crate::event::Event;
use crate::notice::State;

fn master(down: u64, up: u64) -> Bench {
    let link = eth0();
    let (down, up) = (Duration::from_millis(down), Duration::from_millis(up));
    let link_delays = [LinkDelay { link, down, up }].into();
    let (mut bench, _) = Bench::start(Config { link_delays, ..config([instance()], []) });
    bench.wait(10_000);
    assert_eq!(bench.state(), State::Master);
    bench
}

#[test]
fn a_link_that_is_down_for_less_than_its_delay_is_no_fault() {
    let mut bench = master(500, 0);
    bench.tell(Event::LinkChanged(link(false)));
    bench.wait(499);
    bench.tell(Event::LinkChanged(link(true)));
    bench.wait(5_000);
    assert_eq!(bench.state(), State::Master);
}

#[test]
fn a_link_that_stays_down_is_a_fault_after_its_delay() {
    let mut bench = master(500, 0);
    bench.tell(Event::LinkChanged(link(false)));
    bench.wait(499);
    assert_eq!(bench.state(), State::Master);
    bench.wait(2);
    assert_eq!(bench.state(), State::Fault);
}

#[test]
fn a_link_that_comes_up_counts_after_its_delay_and_one_that_falters_starts_anew() {
    let mut bench = master(0, 1_000);
    bench.tell(Event::LinkChanged(link(false)));
    bench.wait(1);
    assert_eq!(bench.state(), State::Fault);
    bench.tell(Event::LinkChanged(link(true)));
    bench.wait(900);
    bench.tell(Event::LinkChanged(link(false)));
    bench.tell(Event::LinkChanged(link(true)));
    bench.wait(999);
    assert_eq!(bench.state(), State::Fault);
    bench.wait(2);
    assert_eq!(bench.state(), State::Backup);
}

/// Keepalived: "limited to (down_timer_adverts-1) x interval, not used for first up".
#[test]
fn no_delay_is_longer_than_all_but_one_of_the_adverts_that_may_be_missing() {
    let mut bench = master(200_000, 0);
    bench.tell(Event::LinkChanged(link(false)));
    bench.wait(1_999);
    assert_eq!(bench.state(), State::Master);
    bench.wait(2);
    assert_eq!(bench.state(), State::Fault);
}

#[test]
fn what_a_link_begins_with_counts_at_once() {
    let delay = Duration::from_secs(1);
    let link_delays = [LinkDelay { link: eth0(), down: delay, up: delay }].into();
    let config = Config { link_delays, ..config([InstanceConfig { ..instance() }], []) };
    let mut bench = Bench { router: Default::default(), now: host::Instant::ZERO, obedient: true };
    bench.tell(Event::Configured(alloc::boxed::Box::new(config)));
    bench.tell(survey([link(false)].into(), [address(OURS)].into()));
    assert_eq!(bench.state(), State::Fault);
}
