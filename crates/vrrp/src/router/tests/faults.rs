//! What keeps a router from taking part, or moves its priority.

use alloc::vec;
use core::time::Duration;

use host::{Instant, JobId, LinkIndex, LinkName, Outcome};

use super::bench::*;
use crate::config::{InstanceConfig, TrackLink, Weight};
use crate::event::Event;
use crate::notice::{FaultReason, State};

const FAULT: Weight = Weight::Fault { reverse: false };

/// vrrp-behaviour §5, §10.
#[test]
fn a_link_that_goes_down_is_a_fault_and_coming_back_starts_as_backup() {
    let mut bench = Bench::master(instance());
    let out = bench.tell(Event::LinkChanged(link(false)));
    assert_eq!(brief(&out), ["FAULT", "-192.0.2.100/32"], "nothing can be sent");
    assert!(log(&out).contains(&"Netlink reports eth0 down".into()));
    assert!(log(&out).contains(&"(VI_1) entering FAULT state (interface eth0 down)".into()));
    bench.wait(10_000);
    let out = bench.tell(Event::LinkChanged(link(true)));
    assert_eq!(brief(&out), ["BACKUP"]);
    assert_eq!(bench.next_deadline(), Some(bench.now + Duration::from_nanos(3_609_375_000)));
}

/// vrrp-behaviour §22.3.
#[test]
fn a_link_that_vanishes_and_comes_back_under_another_number_is_followed_by_name() {
    let mut bench = Bench::master(instance());
    let out = bench.tell(Event::LinkRemoved(ETH0));
    assert_eq!(brief(&out), ["FAULT", "ignore"]);
    let back = host::Link { index: LinkIndex(7), ..link(true) };
    bench.tell(Event::LinkChanged(back));
    let own = host::LinkAddress { link: LinkIndex(7), ..address(OURS) };
    assert_eq!(brief(&bench.tell(Event::AddressAdded(own))), ["BACKUP"]);
    assert_eq!(brief(&bench.wait(3_700)), ["advert 100", "MASTER", "+192.0.2.100/32", "garp 192.0.2.100"]);
}

#[test]
fn a_missing_link_and_a_missing_address_are_faults_until_they_are_there() {
    let mut bench = Bench { router: Default::default(), now: Instant::ZERO, obedient: true };
    bench.tell(Event::Configured(alloc::boxed::Box::new(config([instance()], []))));
    let out = bench.tell(survey(vec![], vec![]));
    assert_eq!(brief(&out), ["FAULT"]);
    bench.tell(Event::LinkChanged(link(true)));
    assert_eq!(bench.status().faults, [FaultReason::NoSourceAddress(host::Family::V4)]);
    assert_eq!(brief(&bench.tell(Event::AddressAdded(address(OURS)))), ["BACKUP"]);
}

/// As keepalived: the first address that is no virtual one; if it goes, the next silently takes its place.
///
/// vrrp-behaviour §22.4.
#[test]
fn the_source_address_is_the_first_that_is_not_virtual() {
    let mut bench = Bench::with(instance());
    let mut second = address(HIGH);
    second.prefix = host::Prefix::host(HIGH.into());
    bench.tell(Event::AddressAdded(second.clone()));
    assert_eq!(bench.status().source, Some(OURS.into()));
    assert_eq!(brief(&bench.tell(Event::AddressRemoved(address(OURS)))), [""; 0]);
    assert_eq!(bench.status().source, Some(HIGH.into()));
    assert_eq!(brief(&bench.tell(Event::AddressRemoved(second))), ["FAULT"]);
}

/// `ip addr flush` takes the source address too: the goodbye still leaves from it, as keepalived's does.
///
/// vrrp-behaviour §22.4.
#[test]
fn a_master_that_loses_its_source_address_says_goodbye_from_it() {
    let mut bench = Bench::master(instance());
    let out = bench.tell(Event::AddressRemoved(address(OURS)));
    assert_eq!(brief(&out), ["advert 0", "FAULT", "-192.0.2.100/32"]);
    let from = out.iter().find_map(|action| {
        let crate::event::Action::Send(datagram) = action else { return None };
        if let host::Packet::Ipv4(bytes) = &datagram.packet { Some(bytes[12..16].to_vec()) } else { None }
    });
    assert_eq!(from, Some(OURS.octets().to_vec()));
    assert_eq!(bench.status().source, None);
}

fn tracking(weight: Weight) -> InstanceConfig {
    let track_links = vec![TrackLink { link: LinkName::new("eth1").unwrap(), weight }];
    instance().with(|it| it.track_links = track_links)
}

fn eth1(up: bool) -> Event {
    let link = host::Link { index: LinkIndex(3), name: LinkName::new("eth1").unwrap(), ..link(up) };
    Event::LinkChanged(link)
}

/// vrrp-behaviour §9.
#[test]
fn a_tracked_link_takes_points_or_the_whole_instance() {
    let mut bench = Bench::with(tracking(Weight::Points { points: -30, reverse: false }));
    assert_eq!(bench.status().effective_priority.0, 70, "a link that does not exist is down");
    let out = bench.tell(eth1(true));
    assert!(log(&out).contains(&"(VI_1) Changing effective priority from 70 to 100".into()));
    bench.tell(eth1(false));
    assert_eq!(bench.status().effective_priority.0, 70);

    let mut bench = Bench::with(tracking(FAULT));
    assert_eq!(bench.state(), State::Fault);
    assert_eq!(brief(&bench.tell(eth1(true))), ["BACKUP"]);
}

/// As keepalived: a change of priority shifts a backup's running timer by the change of its master-down time.
///
/// vrrp-behaviour §4, §9.
#[test]
fn a_changed_priority_moves_the_running_timer_and_stands_in_the_next_advert() {
    let mut bench = Bench::with(tracking(Weight::Points { points: 100, reverse: false }));
    assert_eq!(bench.next_deadline(), Some(Instant::from_nanos(3_609_375_000)));
    bench.wait(1_000);
    bench.tell(eth1(true));
    assert_eq!(bench.next_deadline(), Some(Instant::from_nanos(3_218_750_000)));
    bench.wait(3_000);
    assert_eq!(brief(&bench.tell(eth1(false))), [""; 0], "no advert out of turn");
    assert_eq!(brief(&bench.wait(1_000)), ["advert 100"]);
}

/// vrrp-behaviour §9.1.
#[test]
fn a_script_with_weight_0_is_awaited_and_then_decides() {
    let (mut bench, out) = Bench::start(scripted(FAULT, false));
    assert_eq!(brief(&out), ["listen [51]", "run 1"], "no state is told before the first result");
    assert_eq!(bench.state(), State::Init);
    assert_eq!(brief(&bench.tell(Event::JobEnded(JobId(1), Outcome::Exited(0)))), ["BACKUP"]);
    bench.wait(1_000);
    let out = bench.tell(Event::JobEnded(JobId(2), Outcome::Exited(3)));
    assert_eq!(brief(&out), ["FAULT"]);
    let lines = log(&out);
    assert!(lines.contains(&"VRRP_Script(check) failed (exited with status 3)".into()), "{lines:?}");
    assert!(lines.contains(&"(VI_1) entering FAULT state due to script check".into()), "{lines:?}");
}

#[test]
fn a_script_that_fails_at_first_is_a_first_state_of_fault() {
    let (mut bench, _) = Bench::start(scripted(FAULT, false));
    let out = bench.tell(Event::JobEnded(JobId(1), Outcome::TimedOut));
    assert_eq!(brief(&out), ["FAULT"]);
    assert!(log(&out).contains(&"VRRP_Script(check) timed out".into()));
}

/// vrrp-behaviour §9.1.
#[test]
fn a_weighted_script_moves_the_priority_once_it_is_known() {
    let (mut bench, _) = Bench::start(scripted(Weight::Points { points: -11, reverse: false }, false));
    assert_eq!(bench.state(), State::Backup);
    assert_eq!(bench.status().effective_priority.0, 100);
    bench.tell(Event::JobEnded(JobId(1), Outcome::Exited(1)));
    assert_eq!(bench.status().effective_priority.0, 89);
}

/// vrrp-behaviour §9.1.
#[test]
fn a_script_that_still_runs_is_not_started_again() {
    let (mut bench, _) = Bench::start(scripted(FAULT, false));
    let out = bench.wait(1_500);
    assert_eq!(brief(&out), [""; 0]);
    assert_eq!(log(&out), ["Script `check` is still running, this run is skipped"]);
    bench.tell(Event::JobEnded(JobId(1), Outcome::Exited(0)));
    assert_eq!(brief(&bench.wait(600)), ["run 2"]);
}

#[test]
fn a_master_whose_script_fails_gives_up_on_the_wire() {
    let (mut bench, _) = Bench::start(scripted(FAULT, false));
    bench.tell(Event::JobEnded(JobId(1), Outcome::Exited(0)));
    bench.wait(4_000);
    assert_eq!(bench.state(), State::Master);
    let out = bench.tell(Event::JobEnded(JobId(2), Outcome::Signalled(9)));
    assert_eq!(brief(&out), ["advert 0", "FAULT", "-192.0.2.100/32"]);
}

#[test]
fn results_of_runs_that_nobody_waits_for_are_nothing() {
    let (mut bench, _) = Bench::start(scripted(FAULT, false));
    assert_eq!(bench.tell(Event::JobEnded(JobId(99), Outcome::Exited(0))), []);
}

/// Documented by Keepalived, and without effect there: the source address being absent is a fault.
///
/// vrrp-behaviour §22.4.
#[test]
fn a_tracked_source_address_that_goes_is_a_fault() {
    let second = host::LinkAddress { prefix: host::Prefix::host(HIGH.into()), ..address(HIGH) };
    let tracked =
        InstanceConfig { source: Some(HIGH.into()), ..instance() }.with(|it| it.track_source = true);
    let mut bench = Bench::with(tracked);
    assert_eq!(bench.status().faults, [FaultReason::SourceMissing]);
    assert_eq!(brief(&bench.tell(Event::AddressAdded(second.clone()))), ["BACKUP"]);
    assert_eq!(brief(&bench.tell(Event::AddressRemoved(second))), ["FAULT"]);
}

#[test]
fn unicast_without_a_peer_is_a_fault_if_it_is_to_be() {
    let mode = crate::config::Mode::Unicast { peers: vec![], ttl: None, check_source: false };
    let bench = Bench::with(instance().with(|it| {
        it.mode = mode;
        it.fault_without_peer = true;
    }));
    assert_eq!(bench.status().faults, [FaultReason::NoPeer]);
}
