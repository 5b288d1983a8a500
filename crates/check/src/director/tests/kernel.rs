//! What the kernel has, refuses, and is found with.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use host::Family;
use host::ipvs::{Forwarding, ServiceKey, Tunnel};

use super::bench::*;
use crate::Event;
use crate::config::{Member, Target};

/// "An existing service is not brought into shape" by keepalived. "standfast compares wanted with held and mends."
#[test]
fn what_is_found_is_brought_into_shape_and_what_is_right_is_not_touched() {
    let wanted = config([service([server(11), server(12)])]);
    let before = Bench::new(wanted.clone());
    let mut bench = Bench::empty();
    bench.kernel = before.kernel.clone();
    bench.configure(wanted.clone());
    assert!(bench.ordered().is_empty(), "a worker that was started anew touches nothing");

    let mut bench = Bench::empty();
    bench.kernel = before.kernel;
    let found = bench.kernel.services.get_mut(&key(80)).unwrap();
    found.service.scheduler = "lc".into();
    let entry = found.destinations.remove(&place(12)).unwrap();
    found.destinations.insert(place(99), entry);
    bench.configure(wanted);
    assert_eq!(bench.table(), ["[10.0.0.100]:tcp:80 rr", "10.0.0.11:80 1", "10.0.0.12:80 1"]);
    assert_eq!(bench.ordered().len(), 3);
}

/// Differs: keepalived's respawned checker starts with every server up that is not alpha, and with every other down.
#[test]
fn a_successor_waits_for_what_bfd_knows_and_then_touches_nothing() {
    let wanted = || config([service([server(11), alpha(server(12)), alpha(server(13))])]);
    let mut before = Bench::new(wanted());
    before.path("11", false);
    before.path("12", true);
    let mut bench = Bench::empty();
    bench.kernel = before.kernel.clone();
    bench.tell(Event::Resumed(wanted().into()));
    assert_eq!(host::Engine::next_deadline(&bench.director), Some(bench.now + Duration::from_secs(1)));
    bench.path("11", false);
    bench.path("12", true);
    assert!(bench.said().is_empty() && bench.told().is_empty(), "one is still to be told");
    bench.path("13", false);
    assert!(bench.ordered().is_empty());
    assert_eq!(bench.table(), before.table());
    assert_eq!(bench.told(), ["VS [10.0.0.100]:tcp:80 UP"]);
    bench.path("11", true);
    assert_eq!(bench.table(), ["[10.0.0.100]:tcp:80 rr", "10.0.0.11:80 1", "10.0.0.12:80 1"]);
}

#[test]
fn a_successor_does_not_wait_for_ever_and_is_stopped_and_reloaded_meanwhile() {
    let wanted = || config([service([server(11), server(12)])]);
    let after = |event: Option<Event>| {
        let mut bench = Bench::empty();
        bench.kernel = Bench::new(wanted()).kernel;
        bench.tell(Event::Resumed(wanted().into()));
        match event {
            Some(event) => bench.tell(event),
            None => assert_eq!(bench.wake(), Duration::from_secs(1)),
        }
        assert_eq!(host::Engine::next_deadline(&bench.director), None);
        bench.table().len()
    };
    assert_eq!(after(None), 3);
    assert_eq!(after(Some(Event::Stop)), 0);
    assert_eq!(after(Some(Event::Configured(config([service([server(11)])]).into()))), 2);
    // Nothing to wait for.
    let mut bench = Bench::empty();
    bench.tell(Event::Resumed(config([service([checked([], server(11))])]).into()));
    assert_eq!(bench.table().len(), 2);
}

#[test]
fn what_others_changed_meanwhile_is_mended_at_a_reload() {
    let wanted = config([service([server(11)])]);
    let mut bench = Bench::new(wanted.clone());
    bench.kernel.services.clear();
    bench.configure(wanted);
    assert_eq!(bench.table(), ["[10.0.0.100]:tcp:80 rr", "10.0.0.11:80 1"]);
}

/// A worker that is started after a reload hears first what its predecessor obeyed.
#[test]
fn what_an_earlier_configuration_left_goes_though_another_came_before_the_table_was_seen() {
    let mut other = service([server(11)]);
    other.target = Target::Address { address: address(100), port: 81 };
    let before = config([service([server(11)])]);
    let mut bench = Bench::empty();
    bench.kernel = Bench::new(before.clone()).kernel;
    bench.mute = true;
    bench.configure(before);
    bench.mute = false;
    bench.configure(config([other]));
    assert_eq!(bench.table(), ["[10.0.0.100]:tcp:81 rr", "10.0.0.11:80 1"]);
}

/// "`lvs_flush`: flush whole table at start, not at reload".
#[test]
fn the_table_is_cleared_at_the_start_if_that_is_wanted() {
    let mut wanted = config([service([server(11)])]);
    wanted.table.flush = true;
    let mut bench = Bench::empty();
    let entry = Bench::new(wanted.clone()).kernel.services.remove(&key(80)).unwrap();
    bench.kernel.services.insert(key(8080), entry.clone());
    bench.configure(wanted.clone());
    assert_eq!(bench.table(), ["[10.0.0.100]:tcp:80 rr", "10.0.0.11:80 1"]);
    bench.kernel.services.insert(key(8080), entry);
    bench.configure(wanted);
    assert_eq!(bench.kernel.services.len(), 2);
}

#[test]
fn what_is_refused_is_tried_again_ever_more_rarely_and_said_once() {
    let mut bench = Bench::empty();
    bench.refused.insert(key(80));
    bench.configure(config([service([server(11)])]));
    let complaints = |bench: &mut Bench| bench.said().iter().filter(|line| line.starts_with("IPVS")).count();
    assert_eq!(complaints(&mut bench), 2, "the service and its server");
    let pauses: Vec<u64> = (0..8).map(|_| bench.wake().as_secs()).collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(complaints(&mut bench), 0);
    bench.refused.clear();
    bench.wake();
    assert_eq!(bench.table(), ["[10.0.0.100]:tcp:80 rr", "10.0.0.11:80 1"]);
    assert_eq!(host::Engine::next_deadline(&bench.director), None);
}

#[test]
fn what_is_refused_does_not_hold_up_the_rest() {
    let mut other = service([server(12)]);
    other.target = Target::Address { address: address(100), port: 81 };
    let mut bench = Bench::empty();
    bench.refused.insert(key(80));
    bench.configure(config([service([server(11)]), other]));
    bench.path("12", false);
    assert_eq!(bench.table(), ["[10.0.0.100]:tcp:81 rr"]);
    let orders = bench.ordered().len();
    bench.path("12", true);
    assert_eq!(bench.ordered().len(), 1, "what was refused is not asked again for every event, {orders}");
}

/// Differs: "Without IPVS in the kernel the checker child exits fatal and the parent stops everything".
#[test]
fn without_ipvs_it_waits_for_it() {
    let mut bench = Bench::empty();
    bench.absent = true;
    bench.configure(config([service([server(11)])]));
    assert!(bench.said().contains(&"IPVS: Can't initialize ipvs: no IPVS".into()));
    assert_eq!(bench.wake(), Duration::from_secs(1));
    assert!(bench.said().is_empty());
    bench.absent = false;
    bench.wake();
    assert_eq!(bench.table().len(), 2);
}

/// "Every entry of `virtual_server_group NAME`"; "A range becomes one IPVS service per address".
#[test]
fn a_group_is_many_entries_with_the_same_servers() {
    let mut group = service([server(11)]);
    let mark = core::num::NonZeroU32::new(9).unwrap();
    let members = [
        Member::Addresses { first: address(101), last: address(103), port: 8080 },
        Member::Mark { mark, family: None },
    ];
    group.target = Target::Group { name: "GRP".into(), members: members.into() };
    let mut bench = Bench::new(config([group.clone()]));
    assert_eq!(
        bench.table(),
        [
            "[10.0.0.101]:tcp:8080 rr",
            "10.0.0.11:80 1",
            "[10.0.0.102]:tcp:8080 rr",
            "10.0.0.11:80 1",
            "[10.0.0.103]:tcp:8080 rr",
            "10.0.0.11:80 1",
            "FWM 9 rr",
            "10.0.0.11:80 1",
        ]
    );
    assert_eq!(bench.told(), ["VS [GRP]:0 UP"]);
    // A server whose packets go out as they came in has the port of the entry.
    group.real_servers[0].forwarding = Forwarding::Direct;
    bench.configure(config([group]));
    let ports: Vec<_> = bench.table().into_iter().filter(|line| line.starts_with("10.0.0.11")).collect();
    assert_eq!(ports, ["10.0.0.11:8080 1", "10.0.0.11:8080 1", "10.0.0.11:8080 1", "10.0.0.11:0 1"]);
}

/// "with TUN every service of both families gets every RS of both families"; else each those of its own.
#[test]
fn a_group_of_both_families_has_servers_of_both_by_tunnel_only() {
    let six = core::net::IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 0x11]);
    let mut both = service([server(11), server(12)]);
    both.real_servers[1].address = six;
    let members = [
        Member::Addresses { first: address(100), last: address(100), port: 80 },
        Member::Addresses { first: six, last: six, port: 80 },
    ];
    both.target = Target::Group { name: "GRP".into(), members: members.into() };
    let counts = |bench: &Bench| -> BTreeMap<Family, usize> {
        let services = bench.kernel.services.iter();
        services.map(|(key, entry): (&ServiceKey, _)| (key.family(), entry.destinations.len())).collect()
    };
    let bench = Bench::new(config([both.clone()]));
    assert_eq!(counts(&bench), BTreeMap::from([(Family::V4, 1), (Family::V6, 1)]));
    both.real_servers.iter_mut().for_each(|server| server.forwarding = Forwarding::Tunnel(Tunnel::Ipip));
    let bench = Bench::new(config([both]));
    assert_eq!(counts(&bench), BTreeMap::from([(Family::V4, 2), (Family::V6, 2)]));
}

#[test]
fn packets_that_two_virtual_servers_name_are_the_first_ones() {
    let mut group = service([server(12)]);
    let members = [Member::Addresses { first: address(100), last: address(101), port: 80 }];
    group.target = Target::Group { name: "GRP".into(), members: members.into() };
    let mut bench = Bench::new(config([service([server(11)]), group]));
    assert_eq!(
        bench.table(),
        ["[10.0.0.100]:tcp:80 rr", "10.0.0.11:80 1", "[10.0.0.101]:tcp:80 rr", "10.0.0.12:80 1",]
    );
    assert!(bench.said()[0].contains("another virtual server's already"));
}
