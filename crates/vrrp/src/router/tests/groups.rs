//! Sync groups. What is expected was recorded from Keepalived (scenarios group1, groupfault, group-order).

use alloc::boxed::Box;
use alloc::vec;
use core::time::Duration;

use host::{Engine, Instant, LinkIndex, LinkName};

use super::bench::*;
use crate::config::{Config, GroupConfig, InstanceConfig, Priority, Vrid, Weight};
use crate::event::{Event, Memory};
use crate::notice::State;

const ETH1: LinkIndex = LinkIndex(3);

/// `I` with priority 100 on eth0 and `J` with priority 90 on eth1, in the group `G`.
fn pair() -> Config {
    let first = InstanceConfig { name: "I".into(), ..instance() };
    let second = InstanceConfig {
        name: "J".into(),
        link: LinkName::new("eth1").ok(),
        vrid: Vrid::new(52).unwrap(),
        priority: Priority(90),
        ..instance()
    };
    let group = GroupConfig {
        name: "G".into(),
        members: vec!["I".into(), "J".into()],
        notify: Default::default(),
        mail: false,
    };
    Config { groups: vec![group], ..config([first, second], []) }
}

fn eth1(up: bool) -> host::Link {
    host::Link { index: ETH1, name: LinkName::new("eth1").unwrap(), ..link(up) }
}

fn both_links(up: bool) -> Event {
    let second = host::LinkAddress { link: ETH1, ..address(OURS) };
    survey(vec![link(true), eth1(up)], vec![address(OURS), second])
}

fn start(config: Config, up: bool) -> (Bench, vec::Vec<alloc::string::String>) {
    let mut bench = Bench { router: Default::default(), now: Instant::ZERO, obedient: true };
    bench.tell(Event::Configured(Box::new(config)));
    let out = bench.tell(both_links(up));
    (bench, states(&out))
}

/// Only states and adverts.
fn states(out: &[crate::Action]) -> vec::Vec<alloc::string::String> {
    let other = |line: &alloc::string::String| {
        ["listen", "garp", "+", "-"].iter().any(|start| line.starts_with(start))
    };
    brief(out).into_iter().filter(|line| !other(line)).collect()
}

/// People were told of the group's state by the worker that crashed.
#[test]
fn a_group_whose_members_resume_is_master_without_a_word() {
    let mut bench = Bench { router: Default::default(), now: Instant::from_millis(100_020), obedient: true };
    let memory =
        |instance: &str| Memory { instance: instance.into(), master_until: Instant::from_millis(100_000) };
    bench.tell(Event::Remembered(vec![memory("I"), memory("J")]));
    bench.tell(Event::Configured(Box::new(pair())));
    let out = bench.tell(both_links(true));
    assert_eq!(states(&out), ["advert 100", "advert 90"]);
    assert_eq!(bench.router.status(bench.now).groups[0].state, Some(State::Master));
}

/// A reload puts a master into a group with a new member, and has it track a script that has not said anything yet.
#[test]
fn a_master_that_comes_into_a_group_and_waits_for_a_script_stays() {
    let mut alone = pair();
    alone.instances.truncate(1);
    alone.groups.clear();
    let (mut bench, _) = start(alone, true);
    bench.wait(4_000);
    assert_eq!(bench.state(), State::Master);
    let scripted = scripted(Weight::Fault { reverse: false }, false);
    let mut grouped = Config { scripts: scripted.scripts, ..pair() };
    grouped.instances[0].track_scripts = scripted.instances[0].track_scripts.clone();
    let out = bench.tell(Event::Configured(Box::new(grouped)));
    assert_eq!(states(&out)[0], "advert 90", "the new member becomes what the group is: {:?}", states(&out));
    assert!(bench.router.status(bench.now).instances.iter().all(|it| it.state == State::Master));
}

fn masters() -> Bench {
    let (mut bench, _) = start(pair(), true);
    bench.wait(4_000);
    assert_eq!(bench.state(), State::Master);
    bench
}

/// An advert for `J` on eth1.
fn hear_second(bench: &mut Bench, priority: u8) -> vec::Vec<crate::Action> {
    let second = pair().instances.remove(1);
    let delivery = host::Delivery { link: ETH1, ..advert(&second, HIGH, priority) };
    bench.tell(Event::Received(delivery))
}

/// vrrp-behaviour §8, §14.
#[test]
fn the_first_state_is_told_of_the_group_and_then_of_its_members() {
    assert_eq!(start(pair(), true).1, ["G BACKUP", "BACKUP", "BACKUP"]);
}

/// vrrp-behaviour §8, §22.2.
#[test]
fn mastership_comes_when_the_last_members_time_has_passed() {
    let (mut bench, _) = start(pair(), true);
    assert_eq!(states(&bench.wait(3_640)), [""; 0], "I's time passes at 3.609 s, J's at 3.648 s");
    let out = bench.wait(20);
    assert_eq!(states(&out), ["advert 90", "MASTER", "advert 100", "MASTER", "G MASTER"]);
    let lines = log(&out);
    assert!(lines.contains(&"VRRP_Group(G) Syncing instances to MASTER state".into()), "{lines:?}");
}

/// vrrp-behaviour §8.
#[test]
fn one_that_gives_way_takes_the_others_along_in_silence() {
    let mut bench = masters();
    assert_eq!(states(&hear_second(&mut bench, 200)), ["BACKUP", "BACKUP", "G BACKUP"]);
    // I's time passes again and again, but J hears its master.
    for _ in 0..10 {
        assert_eq!(states(&bench.wait(1_000)), [""; 0]);
        hear_second(&mut bench, 200);
    }
    // J's master gives up: both are master a skew time later.
    hear_second(&mut bench, 0);
    let skew = Duration::from_nanos(648_437_500);
    let before = bench.now;
    assert_eq!(states(&bench.wait(700)), ["advert 90", "MASTER", "advert 100", "MASTER", "G MASTER"]);
    assert_eq!(bench.router.status(bench.now).instances[1].since, before + skew);
}

/// vrrp-behaviour §8.
#[test]
fn an_advert_for_a_member_that_waits_takes_its_wish_back() {
    let (mut bench, _) = start(pair(), true);
    bench.wait(3_620);
    bench.hear(HIGH, 150);
    assert_eq!(states(&bench.wait(100)), [""; 0], "J's time passes alone");
    assert_eq!(states(&bench.wait(3_600)), ["advert 100", "MASTER", "advert 90", "MASTER", "G MASTER"]);
}

/// vrrp-behaviour §8, §22.2.
#[test]
fn a_fault_of_one_is_a_fault_of_all_and_they_come_back_together() {
    let mut bench = masters();
    let out = bench.tell(Event::LinkChanged(eth1(false)));
    assert_eq!(states(&out), ["FAULT", "advert 0", "FAULT", "G FAULT"]);
    assert!(log(&out).contains(&"VRRP_Group(G) Syncing instances to FAULT state".into()));
    bench.wait(10_000);
    let out = bench.tell(Event::LinkChanged(eth1(true)));
    assert_eq!(states(&out), ["BACKUP", "BACKUP", "G BACKUP"]);
    assert!(log(&out).contains(&"VRRP_Group(G) Syncing instances to BACKUP state".into()));
    assert_eq!(states(&bench.wait(4_000))[..5], ["advert 90", "MASTER", "advert 100", "MASTER", "G MASTER"]);
}

/// Recorded so of keepalived: the fellows and the group come before another instance that the same link takes down.
///
/// vrrp-behaviour §14.
#[test]
fn fellows_follow_before_others_do_something() {
    let mut three = pair();
    let alone =
        InstanceConfig { name: "K".into(), vrid: Vrid::new(53).unwrap(), ..three.instances[1].clone() };
    three.instances.push(alone);
    let (mut bench, _) = start(three, true);
    bench.wait(4_000);
    let names = |out: &[crate::Action]| {
        let told =
            log(out).into_iter().filter(|line| line.contains("Entering") || line.contains("all instances"));
        told.map(|line| line.chars().skip_while(|c| !"IJKG".contains(*c)).take(1).collect())
            .collect::<vec::Vec<alloc::string::String>>()
    };
    assert_eq!(names(&bench.tell(Event::LinkChanged(eth1(false)))), ["J", "I", "G", "K"]);
    assert_eq!(names(&bench.tell(Event::LinkChanged(eth1(true)))), ["J", "I", "G", "K"]);
}

/// vrrp-behaviour §22.2.
#[test]
fn a_group_that_starts_with_a_fault_waits_for_all() {
    let (mut bench, out) = start(pair(), false);
    assert_eq!(out, ["FAULT", "FAULT", "G FAULT"]);
    bench.wait(1_000);
    assert_eq!(states(&bench.tell(Event::LinkChanged(eth1(true)))), ["BACKUP", "BACKUP", "G BACKUP"]);
}

/// Mixed owners and others: all start as backup. Owners alone are master at once.
///
/// vrrp-behaviour §8, §22.2.
#[test]
fn owners_begin_at_once_only_among_owners() {
    let owner =
        |config: InstanceConfig| InstanceConfig { priority: Priority::OWNER, wants_master: true, ..config };
    let mut mixed = pair();
    mixed.instances[0] = owner(mixed.instances[0].clone());
    let (mut bench, _) = start(mixed.clone(), true);
    assert_eq!(states(&bench.wait(3_640)), [""; 0]);
    assert_eq!(states(&bench.wait(20)).last().unwrap(), "G MASTER");

    mixed.instances[1] = owner(mixed.instances[1].clone());
    let (mut bench, mut out) = start(mixed, true);
    out.extend(states(&bench.wait(0)));
    assert_eq!(out.last().unwrap(), "G MASTER");
}

#[test]
fn the_stop_is_told_of_members_first() {
    let mut bench = masters();
    let out = states(&bench.tell(Event::Stop));
    assert_eq!(out, ["advert 0", "STOP", "advert 0", "STOP", "G STOP", "ignore", "ignore"]);
}

#[test]
fn a_member_that_a_reload_adds_to_masters_joins_them() {
    let mut alone = pair();
    alone.instances.truncate(1);
    alone.groups[0].members.truncate(1);
    let (mut bench, _) = start(alone, true);
    bench.wait(4_000);
    assert_eq!(bench.state(), State::Master);
    assert_eq!(states(&bench.tell(Event::Configured(Box::new(pair())))), ["advert 90", "MASTER"]);
    assert_eq!(bench.state(), State::Master);
}

/// Found by simulation: the wake-up that ended a fault left a deadline in the past.
#[test]
fn a_group_of_owners_that_may_begin_leads_in_the_same_turn() {
    let owner = |it: InstanceConfig| InstanceConfig { priority: Priority::OWNER, wants_master: true, ..it };
    let mut config = pair();
    config.instances = config.instances.into_iter().map(owner).collect();
    let mut bench = Bench { router: Default::default(), now: Instant::ZERO, obedient: true };
    bench.tell(Event::Configured(Box::new(config)));
    let out = bench.tell(both_links(true));
    let channel = |action: &crate::Action| {
        if let crate::Action::Listen(channel, _) = action { Some(*channel) } else { None }
    };
    let channel = out.iter().find_map(channel);
    let refusal = host::Refusal { code: 105, why: "No buffer space available".into() };
    bench.tell(Event::Deaf { channel: channel.unwrap(), refusal });
    assert_eq!(bench.state(), State::Fault);
    while bench.state() != State::Master {
        bench.now = bench.next_deadline().unwrap();
        bench.tell(Event::Wake);
        assert!(bench.next_deadline().unwrap() > bench.now, "every deadline lies ahead");
    }
}
