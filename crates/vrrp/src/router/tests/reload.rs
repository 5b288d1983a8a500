//! A new configuration is the difference to the old one.

use alloc::boxed::Box;
use alloc::vec;
use core::net::Ipv4Addr;
use core::time::Duration;

use host::{JobId, Outcome, Prefix};

use super::bench::*;
use crate::config::{Config, InstanceConfig, Mode, Priority, ReceiveBuffer, VirtualAddress, Vrid, Weight};
use crate::event::{Action, Event};
use crate::notice::{Notice, ReloadSummary, State};

fn reload(bench: &mut Bench, config: Config) -> (vec::Vec<Action>, ReloadSummary) {
    let out = bench.tell(Event::Configured(Box::new(config)));
    let summary = out.iter().find_map(|action| {
        if let Action::Notice(Notice::Reloaded(summary)) = action { Some(*summary) } else { None }
    });
    (out, summary.unwrap())
}

fn more() -> VirtualAddress {
    VirtualAddress::plain(Prefix::host(Ipv4Addr::new(192, 0, 2, 101).into()))
}

/// vrrp-behaviour §12.
#[test]
fn the_same_configuration_changes_nothing() {
    let mut bench = Bench::master(instance());
    let next = bench.next_deadline();
    let (out, summary) = reload(&mut bench, config([instance()], []));
    assert_eq!(brief(&out), [""; 0]);
    assert_eq!(summary, ReloadSummary { kept: 1, ..Default::default() });
    assert_eq!(bench.next_deadline(), next);
}

/// vrrp-behaviour §12.
#[test]
fn an_added_address_appears_and_a_removed_one_goes() {
    let mut bench = Bench::master(instance());
    let mut both = instance();
    both.addresses.push(more());
    let (out, summary) = reload(&mut bench, config([both], []));
    assert_eq!(brief(&out), ["+192.0.2.101/32", "garp 192.0.2.100", "garp 192.0.2.101"]);
    assert_eq!(summary.adjusted, 1);
    let (out, _) = reload(&mut bench, config([instance()], []));
    assert_eq!(brief(&out), ["-192.0.2.101/32"]);
    assert_eq!(bench.state(), State::Master);
}

/// vrrp-behaviour §12.
#[test]
fn a_master_with_another_name_priority_and_interval_goes_on() {
    let mut bench = Bench::master(instance());
    bench.wait(500);
    let changed = InstanceConfig { name: "VI_2".into(), priority: Priority(120), ..instance() }
        .with(|it| it.interval = Duration::from_secs(2));
    let due = bench.next_deadline();
    let (out, _) = reload(&mut bench, config([changed], []));
    assert_eq!(brief(&out), [""; 0]);
    assert_eq!(bench.next_deadline(), due, "no advert later than it was due");
    assert_eq!(brief(&bench.wait(1_000)), ["advert 120"]);
    assert_eq!(bench.status().name, "VI_2");
}

#[test]
fn a_shorter_interval_counts_at_once() {
    let mut bench = Bench::with(instance().with(|it| it.interval = Duration::from_secs(60)));
    bench.wait(240_000);
    assert_eq!(bench.state(), State::Master);
    reload(&mut bench, config([instance()], []));
    assert!(bench.next_deadline().unwrap() <= bench.now + Duration::from_secs(1));
}

/// vrrp-behaviour §12.
#[test]
fn a_removed_master_gives_up_and_a_new_instance_listens() {
    let mut bench = Bench::master(instance());
    let other = InstanceConfig {
        name: "VI_2".into(),
        vrid: Vrid::new(52).unwrap(),
        addresses: vec![more()],
        ..instance()
    };
    let (out, summary) = reload(&mut bench, config([other], []));
    assert_eq!(brief(&out), ["advert 0", "FAULT", "BACKUP", "listen [52]", "-192.0.2.100/32"]);
    assert_eq!(summary, ReloadSummary { added: 1, removed: 1, ..Default::default() });
}

/// monitoring §5: "instance removed by reload | `INSTANCE "IX" DELETED 100` (with notify_deleted), else `FAULT`".
#[test]
fn a_removal_is_told_as_such_if_it_is_asked_for() {
    let deletion = Some(crate::config::Deletion::default());
    let mut bench = Bench::master(instance().with(|it| it.deletion = deletion));
    let (out, _) = reload(&mut bench, config([], []));
    assert_eq!(brief(&out)[..2], ["advert 0", "DELETED"]);
}

#[test]
fn an_address_that_moves_to_another_master_is_not_touched() {
    let second = InstanceConfig {
        name: "VI_2".into(),
        vrid: Vrid::new(52).unwrap(),
        addresses: vec![more()],
        ..instance()
    };
    let (mut bench, _) = Bench::start(config([instance(), second.clone()], []));
    bench.wait(10_000);
    let mut first = instance();
    let mut taken = second;
    taken.addresses.append(&mut first.addresses);
    first.addresses = vec![VirtualAddress::plain(Prefix::host(Ipv4Addr::new(192, 0, 2, 102).into()))];
    let (out, _) = reload(&mut bench, config([first, taken], []));
    let orders: vec::Vec<_> = brief(&out).into_iter().filter(|order| !order.starts_with("garp")).collect();
    assert_eq!(orders, ["+192.0.2.102/32"]);
}

/// vrrp-behaviour §12.
#[test]
fn multicast_and_unicast_are_two_virtual_routers() {
    let mut bench = Bench::master(instance());
    let mode = Mode::Unicast { peers: vec![], ttl: None, check_source: false };
    let (_, summary) = reload(&mut bench, config([instance().with(|it| it.mode = mode)], []));
    assert_eq!(summary, ReloadSummary { added: 1, removed: 1, ..Default::default() });
}

/// vrrp-behaviour §9.1, §12.
#[test]
fn a_script_keeps_its_result_over_a_reload() {
    let weight = Weight::Points { points: -11, reverse: false };
    let (mut bench, _) = Bench::start(scripted(weight, false));
    bench.tell(Event::JobEnded(JobId(1), Outcome::Exited(1)));
    let mut slower = scripted(weight, false);
    slower.scripts[0].interval = Duration::from_secs(5);
    let (out, _) = reload(&mut bench, slower);
    assert!(log(&out).contains(&"VRRP_Script(check) considered unsuccessful on reload".into()));
    assert_eq!(bench.status().effective_priority.0, 89);
}

#[test]
fn a_script_that_a_reload_adds_does_not_cost_a_master_its_mastership() {
    let mut bench = Bench::master(instance());
    let (out, _) = reload(&mut bench, scripted(Weight::Fault { reverse: false }, false));
    assert_eq!(brief(&out), ["run 1"]);
    assert_eq!(bench.state(), State::Master);
    assert_eq!(brief(&bench.tell(Event::JobEnded(JobId(1), Outcome::Exited(1))))[..2], ["advert 0", "FAULT"]);
}

#[test]
fn a_script_that_is_gone_is_ended() {
    let (mut bench, _) = Bench::start(scripted(Weight::Fault { reverse: false }, false));
    let (out, _) = reload(&mut bench, config([instance()], []));
    assert_eq!(brief(&out), ["end 1", "BACKUP"]);
}

/// Keepalived bears several unicast instances of one number on a link, told apart by their peers.
#[test]
fn instances_of_one_number_with_other_peers_stay_apart_over_a_reload() {
    let to = |name: &str, peer: Ipv4Addr| {
        let peers = vec![crate::config::Peer { address: peer.into(), ttl: (0, 255) }];
        let mode = Mode::Unicast { peers, ttl: None, check_source: false };
        InstanceConfig { name: name.into(), ..instance() }.with(|it| it.mode = mode)
    };
    let (mut bench, _) = Bench::start(config([to("A", HIGH), to("B", LOW)], []));
    let (_, summary) = reload(&mut bench, config([to("B", LOW), to("A", HIGH)], []));
    assert_eq!(summary, ReloadSummary { kept: 2, ..Default::default() });
    let (_, summary) = reload(&mut bench, config([to("B", LOW)], []));
    assert_eq!(summary, ReloadSummary { kept: 1, removed: 1, ..Default::default() });
}

/// As keepalived 2.2.7 did for two instances on one link: 3 × 1500 and 20000 bytes; 3 × 32 bytes for an advert of version 3
/// with one address.
///
/// vrrp-behaviour §2.
#[test]
fn the_receive_buffer_is_the_sum_of_what_those_who_share_a_socket_ask_for() {
    let with = |vrid, receive_buffer| {
        InstanceConfig {
            name: alloc::format!("VI_{vrid}"),
            vrid: Vrid::new(vrid).unwrap(),
            addresses: vec![VirtualAddress::plain(Prefix::host([192, 0, 2, 100 + vrid].into()))],
            ..instance_v3()
        }
        .with(|it| it.receive_buffer = receive_buffer)
    };
    let (mtu, bytes, advert) =
        (ReceiveBuffer::Mtu(3), ReceiveBuffer::Bytes(20_000), ReceiveBuffer::Advert(3));
    let (mut bench, out) = Bench::start(config([with(1, Some(mtu)), with(2, Some(bytes))], []));
    let sizes = |out: &[Action]| {
        brief(out).into_iter().filter(|order| order.starts_with("size")).collect::<vec::Vec<_>>()
    };
    assert_eq!(sizes(&out), ["size 24500"]);
    let mut reload = |one, other| {
        sizes(&bench.tell(Event::Configured(Box::new(config([with(1, one), with(2, other)], [])))))
    };
    assert_eq!(reload(Some(advert), Some(bytes)), ["size 20096"]);
    assert_eq!(
        reload(Some(advert), Some(bytes)),
        vec::Vec::<alloc::string::String>::new(),
        "it has it already"
    );
    assert_eq!(reload(None, Some(bytes)), ["size 20000"]);
    assert_eq!(
        reload(None, None),
        vec::Vec::<alloc::string::String>::new(),
        "it keeps it for as long as it is open"
    );
}
