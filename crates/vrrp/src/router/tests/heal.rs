//! A master that hears a rival and stays calls those back that may have followed it.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use host::LinkName;

use super::bench::*;
use crate::config::{
    AnnounceConfig, Config, GroupConfig, InstanceConfig, NotifyScripts, VirtualAddress, Vrid,
};
use crate::event::Action;

fn announcements(actions: &[Action]) -> usize {
    brief(actions).iter().filter(|order| order.starts_with("garp")).count()
}

/// Keepalived sends nothing in strict mode and where `garp_lower_prio_repeat` is 0.
#[test]
fn any_rival_that_is_heard_brings_a_round_of_announcements() {
    let announce = AnnounceConfig { lower_priority_repeat: 0, ..instance().announce };
    for (from, priority) in [(HIGH, 99), (LOW, 100), (HIGH, 0)] {
        let mut bench = Bench::master(instance().with(|it| it.announce = announce));
        assert_eq!(announcements(&bench.hear(from, priority)), 1, "{from} {priority}");
        assert_eq!(announcements(&bench.wait(20_000)), 0, "and no more");
    }
}

#[test]
fn a_rival_that_stays_brings_no_more_than_a_round_an_interval() {
    let announce = AnnounceConfig { lower_priority_repeat: 0, ..instance().announce };
    let mut bench = Bench::master(instance().with(|it| it.announce = announce));
    let mut sent = 0;
    for _ in 0..1_000 {
        sent += announcements(&bench.hear(LOW, 100));
        sent += announcements(&bench.wait(10));
    }
    assert_eq!(sent, 10);
}

#[test]
fn healing_that_is_switched_off_sends_nothing() {
    let announce = AnnounceConfig { lower_priority_repeat: 0, heals: false, ..instance().announce };
    let mut bench = Bench::master(instance().with(|it| it.announce = announce));
    assert_eq!(announcements(&bench.hear(HIGH, 99)), 0);
}

/// As keepalived: the gratuitous ARPs of one member are those of its sync group.
#[test]
fn what_one_member_hears_its_sync_group_announces() {
    let second =
        InstanceConfig { name: "VI_2".into(), vrid: Vrid::new(52).unwrap(), ..instance() }.with(|it| {
            it.announce = AnnounceConfig { repeat: 1, lower_priority_repeat: 1, ..AnnounceConfig::default() }
        });
    let group = GroupConfig {
        name: "G".into(),
        members: vec!["VI_1".into(), "VI_2".into()],
        notify: NotifyScripts::default(),
        mail: false,
    };
    let config = Config { groups: vec![group], ..config([instance(), second], []) };
    let (mut bench, _) = Bench::start(config);
    bench.wait(20_000);
    assert_eq!(brief(&bench.hear(HIGH, 99)), ["advert 100", "garp 192.0.2.100", "garp 192.0.2.100"]);
    assert_eq!(brief(&bench.hear(HIGH, 99)), [""; 0]);
}

fn repeated(actions: &[Action]) -> Vec<String> {
    log(actions).into_iter().filter(|line| line.contains("running its scripts again")).collect()
}

#[test]
fn scripts_run_again_once_asked_for_and_not_too_often() {
    let mut bench = Bench::master(instance());
    assert_eq!(repeated(&bench.hear(HIGH, 99)).len(), 0, "nobody asked for it");

    let mut bench = Bench::master(instance().with(|it| it.heal_hooks = true));
    let mut times = Vec::new();
    for second in 0..15 {
        let mut out = bench.hear(HIGH, 99);
        out.extend(bench.wait(1_000));
        times.extend(repeated(&out).iter().map(|_| second));
    }
    assert_eq!(times, [0, 9], "at once, and again after a rest");
    assert_eq!(repeated(&bench.wait(5_900)).len(), 1, "once more when the rival is gone");
    assert_eq!(repeated(&bench.wait(60_000)).len(), 0);
}

/// Keepalived: "By default, it will only send on VMAC interfaces; specifying all will cause it to send GARP/NA on each
/// interface used by the VRRP instance."
#[test]
fn other_links_are_announced_on_by_one_of_their_addresses() {
    let elsewhere = Some(LinkName::new("eth1").unwrap());
    let config = |everywhere| {
        let mut it = instance();
        let first = it.addresses[0].clone();
        it.addresses.push(VirtualAddress { link: elsewhere.clone(), ..first });
        it.announce.elsewhere = Duration::from_secs(30);
        it.announce.everywhere = everywhere;
        it
    };
    for (everywhere, count) in [(false, 0), (true, 1)] {
        let mut bench = Bench::with(config(everywhere));
        let eth1 = host::Link { index: host::LinkIndex(3), name: elsewhere.clone().unwrap(), ..link(true) };
        bench.tell(crate::Event::LinkChanged(eth1));
        bench.wait(20_000);
        assert_eq!(announcements(&bench.wait(30_000)), count);
    }
}

/// Differs: keepalived leaves it at that, and neighbours with what they knew before.
#[test]
fn what_was_announced_while_the_link_was_down_is_announced_once_it_is_up() {
    let announce = AnnounceConfig { delay: Duration::from_secs(5), ..instance().announce };
    let it = instance().with(|it| (it.track_own_link, it.announce) = (false, announce));
    let mut bench = Bench::master(it);
    bench.tell(crate::Event::LinkChanged(link(false)));
    bench.wait(20_000);
    let repeat = instance().announce.repeat as usize;
    assert_eq!(announcements(&bench.tell(crate::Event::LinkChanged(link(true)))), repeat);
    assert_eq!(announcements(&bench.wait(20_000)), repeat, "and after the delay, for switches that are slow");
    let out = bench.tell(crate::Event::LinkChanged(link(true)));
    assert_eq!(announcements(&out), 0, "a link that is up and changes otherwise");
    let eth1 = LinkName::new("eth1").unwrap();
    let other = host::Link { index: host::LinkIndex(3), name: eth1, ..link(true) };
    assert_eq!(announcements(&bench.tell(crate::Event::LinkChanged(other))), 0, "nothing of ours is on it");
}
