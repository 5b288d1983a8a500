//! From start to stop.

use alloc::boxed::Box;
use alloc::vec;
use core::time::Duration;

use host::Instant;

use super::bench::*;
use crate::config::{InstanceConfig, Priority};
use crate::event::{Event, Memory};
use crate::notice::State;

/// RFC 9568 §6.4.1: "If the Priority is not 255 ... Set the Active_Down_Timer to Active_Down_Interval ... Transition
/// to the {Backup} state". As keepalived: `state MASTER` changes nothing about that.
///
/// vrrp-behaviour §4.2.
#[test]
fn a_router_listens_first_whatever_its_configured_state() {
    for wants_master in [false, true] {
        let (mut bench, out) = Bench::start(config([InstanceConfig { wants_master, ..instance() }], []));
        assert_eq!(brief(&out), ["BACKUP", "listen [51]"]);
        // 3 * 1 s + (256 - 100) / 256 s
        let all = bench.run_until(Instant::from_millis(3_700));
        assert_eq!(all.first().map(|(ms, _)| *ms), Some(3_609));
    }
}

/// RFC 9568 §6.4.2, when the Active_Down_Timer fires: "Send an ADVERTISEMENT ... Broadcast a gratuitous ARP message
/// ... Set the Adver_Timer to Advertisement_Interval ... Transition to the {Active} state".
///
/// R9568-6.4.2-10 (Active_Down_Timer fires, IPv4): "For each IPv4 address associated with the Virtual Router,
/// broadcast a gratuitous ARP message containing the Virtual Router MAC address and with the target link-layer
/// address set to the Virtual Router MAC address."
/// R3768-6.4.2-08 (Master_Down_Timer fires): "Broadcast a gratuitous ARP request containing the virtual router MAC
/// address for each IP address associated with the virtual router"
/// R9568-8.1.2-04: "When configuring an interface, Active Routers SHOULD broadcast a gratuitous ARP message
/// containing the Virtual Router MAC address for each IPv4 address on that interface."
/// R9568-8.1.2-05: "At system boot, when initializing interfaces for VRRP operation, gratuitous ARP messages MUST be
/// delayed until both the IPv4 address and the Virtual Router MAC address are configured."
/// vrrp-behaviour §5.
#[test]
fn a_new_master_sends_its_advert_then_takes_the_address_then_announces_it() {
    let mut bench = Bench::with(instance());
    let out = bench.wait(3_700);
    assert_eq!(brief(&out), ["advert 100", "MASTER", "+192.0.2.100/32", "garp 192.0.2.100"]);
    assert_eq!(bench.status().addresses.iter().filter(|(_, _, held)| *held).count(), 1);
}

/// RFC 9568 §6.4.1: "If the Priority is 255 ... Send an ADVERTISEMENT ... Transition to the {Active} state".
///
/// R9568-6.4.1-02 (Startup, Priority = 255, IPv4): "For each IPv4 address associated with the Virtual Router,
/// broadcast a gratuitous ARP message containing the Virtual Router MAC address and with the target link-layer
/// address set to the Virtual Router MAC address."
/// R5798-6.4.1-01 (Startup, Priority = 255, IPv4): "Broadcast a gratuitous ARP request containing the virtual router
/// MAC address for each IP address associated with the virtual router."
/// R3768-6.4.1-02 (Startup, Priority = 255): "Broadcast a gratuitous ARP request containing the virtual router MAC
/// address for each IP address associated with the virtual router."
/// vrrp-behaviour §4.2.
#[test]
fn an_owner_is_master_at_once() {
    let owner = InstanceConfig { wants_master: true, priority: Priority::OWNER, ..instance() };
    let (mut bench, out) = Bench::start(config([owner], []));
    let mut out = brief(&out);
    out.extend(brief(&bench.wait(0)));
    assert_eq!(out, ["listen [51]", "advert 255", "MASTER", "+192.0.2.100/32", "garp 192.0.2.100"]);
}

/// vrrp-behaviour §4, §7.
#[test]
fn a_master_advertises_every_interval_and_announces_again_after_the_delay() {
    let mut bench = Bench::with(instance());
    let all = bench.run_until(Instant::from_millis(9_700));
    let sent: vec::Vec<(u64, vec::Vec<_>)> = all
        .chunk_by(|a, b| a.0 == b.0)
        .map(|turn| (turn[0].0, brief(&turn.iter().map(|(_, a)| a.clone()).collect::<vec::Vec<_>>())))
        .collect();
    let times: vec::Vec<u64> = sent.iter().map(|(ms, _)| *ms).collect();
    assert_eq!(times, [3_609, 4_609, 5_609, 6_609, 7_609, 8_609, 9_609]);
    assert_eq!(sent[5].1, ["advert 100", "garp 192.0.2.100"], "5 s after becoming master");
    assert_eq!(sent[6].1, ["advert 100"]);
}

/// RFC 9568 §6.4.3, on a Shutdown event: "Cancel the Adver_Timer ... Send an ADVERTISEMENT with Priority = 0".
///
/// R9568-5.2.4-04: "The priority value zero (0) has special meaning, indicating that the current Active Router has
/// stopped participating in VRRP."
/// vrrp-behaviour §13.
#[test]
fn a_master_that_stops_gives_up_first_and_then_the_address() {
    let mut bench = Bench::master(instance());
    let out = bench.tell(Event::Stop);
    assert_eq!(brief(&out), ["advert 0", "STOP", "ignore", "-192.0.2.100/32"]);
    assert_eq!(bench.router.outstanding(), 0);
    assert_eq!(bench.wait(60_000), [], "and that was all");
    assert_eq!(bench.status().counters.release_sent, 1);
}

#[test]
fn a_backup_that_stops_says_nothing_on_the_wire() {
    let mut bench = Bench::with(instance());
    assert_eq!(brief(&bench.tell(Event::Stop)), ["STOP", "ignore"]);
}

/// vrrp-behaviour §4.2.
#[test]
fn what_an_earlier_life_left_behind_goes_at_start() {
    let mut bench = Bench::with(instance());
    bench.now = Instant::from_millis(1);
    let left = host::LinkAddress::plain(ETH0, host::Prefix::host(VIP.into()));
    let out = bench.tell(survey(vec![link(true)], vec![address(OURS), left]));
    assert_eq!(brief(&out), ["-192.0.2.100/32"]);
}

fn revived(after: u64) -> (Bench, vec::Vec<crate::Action>) {
    revived_as(instance(), after)
}

fn revived_as(instance: crate::config::InstanceConfig, after: u64) -> (Bench, vec::Vec<crate::Action>) {
    let mut bench =
        Bench { router: Default::default(), now: Instant::from_millis(100_000 + after), obedient: true };
    let memory = Memory { instance: "VI_1".into(), master_until: Instant::from_millis(100_000) };
    let mut out = bench.tell(Event::Remembered(vec![memory]));
    out.extend(bench.tell(Event::Configured(Box::new(config([instance], [])))));
    let left = host::LinkAddress::plain(ETH0, host::Prefix::host(VIP.into()));
    out.extend(bench.tell(survey(vec![link(true)], vec![address(OURS), left])));
    (bench, out)
}

#[test]
fn a_worker_that_comes_back_in_time_resumes_as_master_with_its_address() {
    let (mut bench, out) = revived(20);
    assert_eq!(
        brief(&out),
        ["advert 100", "listen [51]", "garp 192.0.2.100"],
        "no change of state, no order"
    );
    assert_eq!(bench.state(), State::Master);
    assert_eq!(log(&out)[0], "(VI_1) Resuming as master after a restart of the process");
    assert_eq!(brief(&bench.wait(1_000)), ["advert 100"]);
}

/// The session's worker tells what it knows a moment later.
#[test]
fn it_resumes_though_nothing_is_known_yet_of_the_session_it_tracks() {
    let (mut bench, _) =
        revived_as(super::session::tracks(crate::config::Weight::Fault { reverse: false }), 20);
    assert_eq!(bench.state(), State::Master);
    bench.tell(super::session::session(true));
    assert_eq!(bench.state(), State::Master);
    bench.tell(super::session::session(false));
    assert_eq!(bench.state(), State::Fault);
}

/// With `init_fail` and weight 0 a script counts as failed at first, which would be a fault.
#[test]
fn a_worker_that_comes_back_does_not_lose_mastership_to_scripts_that_begin_as_failed() {
    let mut bench = Bench { router: Default::default(), now: Instant::from_millis(100_020), obedient: true };
    let memory = Memory { instance: "VI_1".into(), master_until: Instant::from_millis(100_000) };
    bench.tell(Event::Remembered(vec![memory]));
    let scripted = scripted(crate::config::Weight::Fault { reverse: false }, true);
    bench.tell(Event::Configured(Box::new(scripted)));
    bench.tell(survey(vec![link(true)], vec![address(OURS)]));
    assert_eq!(bench.state(), State::Master);
    bench.tell(Event::JobEnded(host::JobId(1), host::Outcome::Exited(1)));
    assert_eq!(bench.state(), State::Fault, "it has said something");
}

/// The last advert may have gone out an interval before the crash, and the best backup waits hardly longer than three.
#[test]
fn a_worker_that_comes_back_late_starts_as_backup_and_gives_the_address_up() {
    let (bench, out) = revived(2_000);
    assert_eq!(brief(&out), ["BACKUP", "listen [51]", "-192.0.2.100/32"]);
    assert_eq!(bench.state(), State::Backup);
}

/// RFC 9568 §6.4.1. It does not resume: what it says is a change of state, which a backup may have made meanwhile.
#[test]
fn an_owner_that_comes_back_late_is_master_at_once_but_does_not_resume() {
    let owner = InstanceConfig { priority: Priority::OWNER, wants_master: true, ..instance() };
    let (bench, out) = revived_as(owner, 2_000);
    assert_eq!(bench.state(), State::Master);
    assert!(!log(&out).iter().any(|line| line.contains("Resuming")), "{:?}", log(&out));
    let states: vec::Vec<_> =
        brief(&out).into_iter().filter(|it| ["BACKUP", "MASTER"].contains(&it.as_str())).collect();
    assert_eq!(states, ["BACKUP", "MASTER"]);
}

/// R9568-6.4.3-15 (Adver_Timer fires): "Reset the Adver_Timer to Advertisement_Interval"
#[test]
fn adverts_keep_their_rhythm_when_wake_ups_are_late() {
    let mut bench = Bench::master(instance_v3());
    let due = bench.next_deadline().unwrap();
    bench.now = due + Duration::from_millis(3);
    bench.tell(Event::Wake);
    assert_eq!(bench.next_deadline(), Some(due + Duration::from_millis(100)));
}

/// The kernel gives an identification of its own to a header that has none, so 0 is left out (ip(7), `IP_HDRINCL`). That it
/// leaves all others alone is seen on the wire: linux `a_multicast_ipv4_advert_goes_out_byte_by_byte_as_the_engine_wrote_it`.
///
/// vrrp-behaviour §1.2.
/// As observed: B1.2-03.
#[test]
fn the_identification_counts_from_1_to_65535_and_begins_again_with_1() {
    let often = instance_v3().with(|it| it.interval = Duration::from_millis(10));
    let mut bench = Bench::with(often);
    let mut next = 1_u16;
    let mut wraps = 0;
    while wraps < 2 {
        for packet in adverts(&bench.wait(10)) {
            assert_eq!(u16::from_be_bytes([packet[4], packet[5]]), next);
            wraps += u32::from(next == u16::MAX);
            next = next.checked_add(1).unwrap_or(1);
        }
    }
    assert_eq!(bench.status().counters.adverts_sent, 2 * 65_535);
}
