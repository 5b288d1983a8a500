//! The nodes of a plan, their configuration and the weather.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU8;
use std::time::Duration;

use host::{Family, LinkName, Prefix};
use vrrp::Config;
use vrrp::config::{
    Authentication, Hmac, HmacMode, InstanceConfig, LinkDelay, Mode, Peer, PolledLink, Preemption, Priority,
    ScriptConfig, Statics, TrackFile, TrackLink, TrackNamed, TrackScript, Version, VirtualAddress, Vrid,
    Weight,
};

use super::{FILE, GROUP, INSTANCE, PATH, PROCESSES, SCRIPT};
use crate::chance::Chance;
use crate::network::Weather;
use crate::scenario::{NodePlan, Scenario, instance, tracked};
use crate::world::Latency;

/// A pair or triple with one virtual router, or with two on two segments, which mostly are a sync group.
pub(super) fn assemble(seed: u64, chance: &mut Chance) -> Scenario {
    let template = template(chance);
    let count = 2 + chance.index(2);
    let mut scenario = Scenario::new(seed, latency(&template));
    let weather = weather(&template, chance);
    scenario.segments.push(("lan".to_owned(), weather));
    let second = chance.happens(200);
    let grouped = second && chance.happens(700);
    if second {
        scenario.segments.push(("core".to_owned(), weather));
    }
    let scripts = scripts(&template, chance);
    let trackers = trackers(chance);
    let unicast = chance.happens(300);
    for node in 0..count {
        let mut plan = node_plan(node, count, unicast, &template, &scripts, chance);
        add_trackers(&mut plan.config, &trackers);
        if second {
            add_second(&mut plan, node, grouped);
            if let Some(weight) = trackers.link {
                let link = LinkName::new("eth1").expect("eth1 is a link's name");
                // What a group tracks, its members track.
                let of = if grouped { 2 } else { 1 };
                for it in plan.config.instances.iter_mut().take(of) {
                    it.track_links.push(TrackLink { link: link.clone(), weight });
                }
            }
        }
        scenario.nodes.push(plan);
    }
    break_ties(&mut scenario.nodes, chance);
    watch_path(&mut scenario.nodes, chance);
    late_links(&mut scenario.nodes, chance);
    scenario
}

fn latency(template: &InstanceConfig) -> Latency {
    // A worker that is late by more than a share of its interval is a misfortune, and there is one for that.
    let late = (template.interval / 40).min(Duration::from_micros(500));
    Latency {
        kernel: (Duration::from_micros(20), Duration::from_micros(400)),
        report: (Duration::ZERO, Duration::from_micros(700)),
        start: (Duration::from_micros(100), Duration::from_millis(2)),
        wake: (Duration::ZERO, late),
        script: (Duration::from_millis(1), Duration::from_millis(15)),
        restart: (Duration::from_millis(3), Duration::from_millis(40)),
    }
}

fn weather(template: &InstanceConfig, chance: &mut Chance) -> Weather {
    let longest = (template.interval / 20).min(Duration::from_millis(30));
    let delay =
        (Duration::from_micros(30), Duration::from_micros(30) + chance.time((Duration::ZERO, longest)));
    let some = |chance: &mut Chance| if chance.happens(300) { 50 } else { 0 };
    Weather { delay, loss: 0, duplicate: some(chance), reorder: some(chance) }
}

/// What all nodes have in common.
fn template(chance: &mut Chance) -> InstanceConfig {
    let mut it = instance::plain(INSTANCE, &LinkName::new("eth0").expect("eth0 is a link's name"));
    let (version, family, interval) = *chance.one(&[
        (Version::V2, Family::V4, 1000),
        (Version::V2, Family::V4, 1000),
        (Version::V2, Family::V4, 2000),
        (Version::V2, Family::V6, 1000),
        (Version::V3, Family::V4, 1000),
        (Version::V3, Family::V4, 200),
        (Version::V3, Family::V4, 10),
        (Version::V3, Family::V6, 1000),
        (Version::V3, Family::V6, 100),
    ]);
    (it.version, it.family, it.interval) = (version, family, Duration::from_millis(interval));
    let vip = |n: u8| VirtualAddress::plain(Prefix::host(address(family, 100 + n)));
    it.addresses = (0..=u8::try_from(chance.below(3)).unwrap_or(0)).map(vip).collect();
    if family == Family::V6 {
        it.mode = Mode::Multicast { group: Mode::GROUP_V6 };
    }
    if chance.happens(200) {
        let other = if family == Family::V4 { Family::V6 } else { Family::V4 };
        it.excluded.push(VirtualAddress::plain(Prefix::host(address(other, 200))));
    }
    if version == Version::V2 && family == Family::V4 && chance.happens(300) {
        let secret = *b"1111\0\0\0\0";
        let kinds = [Authentication::Password(secret), Authentication::Header(secret)];
        it.authentication = chance.one(&kinds).clone();
    } else if chance.happens(200) {
        it.hmac = Some(Hmac {
            keys: vec![instance::key(1), instance::key(2)],
            active: 1,
            window: Duration::from_secs(5),
            monotonic: chance.happens(300),
            mode: HmacMode::Enforce,
        });
    }
    it.down_timer_adverts = if chance.happens(100) { 5 } else { 3 };
    it.checksum_as_v2 = chance.happens(100);
    it.higher_priority_send_advert = chance.happens(150);
    it.lower_priority_no_advert = chance.happens(150);
    it.announce.repeat = 1 + u32::try_from(chance.below(5)).unwrap_or(0);
    it.announce.delay = it.interval * u32::try_from(chance.below(6)).unwrap_or(0);
    if chance.happens(300) {
        it.announce.refresh = it.interval * 5;
    }
    it.step_down = chance.happens(150);
    if chance.happens(200) {
        it.own_link = Some(instance::vmac(&it, chance.happens(300)));
    }
    if chance.happens(250) {
        let far: IpAddr = match family {
            Family::V4 => [203, 0, 113, 7].into(),
            Family::V6 => Ipv6Addr::new(0x2001, 0xdb8, 7, 0, 0, 0, 0, 7).into(),
        };
        let route = instance::route(Prefix::host(far), instance::link(&it));
        it.routes.push(route);
        it.rules.push(instance::rule(family, 1000));
    }
    vary_little(&mut it, chance);
    it.heal_hooks = chance.happens(100);
    it.announce.heals = !chance.happens(200);
    if chance.happens(200) {
        it.announce.lower_priority_repeat = 0;
    }
    if chance.happens(150) {
        it.lifetime = Some(3 + u32::try_from(chance.below(10)).unwrap_or(0));
    }
    it
}

/// What does not decide who is master.
fn vary_little(it: &mut InstanceConfig, chance: &mut Chance) {
    it.track_own_link = !chance.happens(100);
    it.accept = !chance.happens(150);
    it.tell_priority = chance.happens(300);
    it.mail = chance.happens(300);
    it.late_master_yields_to = chance.happens(100).then_some(Priority(200));
}

fn scripts(template: &InstanceConfig, chance: &mut Chance) -> Vec<(ScriptConfig, Weight)> {
    if !chance.happens(350) {
        return Vec::new();
    }
    let interval = template.interval.max(Duration::from_millis(200));
    let script = ScriptConfig {
        name: SCRIPT.to_owned(),
        command: host::Command { argv: vec![SCRIPT.to_owned()], account: None },
        interval,
        timeout: interval,
        rise: 1 + u32::try_from(chance.below(2)).unwrap_or(0),
        fall: 1 + u32::try_from(chance.below(3)).unwrap_or(0),
        starts_failed: chance.happens(200),
    };
    let points = *chance.one(&[-11, -50, -200]);
    let weight = if chance.happens(500) {
        Weight::Fault { reverse: false }
    } else {
        Weight::Points { points, reverse: chance.happens(300) }
    };
    vec![(script, weight)]
}

/// What a tracked thing does. One that makes a fault of what is good would make one for ever.
fn weight(chance: &mut Chance) -> Weight {
    match chance.below(2) {
        0 => Weight::Fault { reverse: false },
        _ => Weight::Points { points: *chance.one(&[-60, -20, 30]), reverse: chance.happens(300) },
    }
}

/// What a plan's instances track besides scripts.
struct Trackers {
    /// With its weight, and whether that is reversed.
    file: Option<(i16, bool)>,
    processes: Option<Weight>,
    link: Option<Weight>,
}

fn trackers(chance: &mut Chance) -> Trackers {
    Trackers {
        file: chance.happens(200).then(|| (*chance.one(&[0, 1, -1, -3]), chance.happens(300))),
        processes: chance.happens(200).then(|| weight(chance)),
        link: chance.happens(300).then(|| weight(chance)),
    }
}

fn add_trackers(config: &mut Config, trackers: &Trackers) {
    let it = &mut config.instances[0];
    if let Some((weight, reverse)) = trackers.file {
        let reverse = reverse && weight != 0;
        it.track_files.push(TrackFile { file: FILE.to_owned(), weight, reverse });
        tracked::file(config, FILE);
    }
    let it = &mut config.instances[0];
    if let Some(weight) = trackers.processes {
        it.track_processes.push(TrackNamed { name: PROCESSES.to_owned(), weight });
        tracked::processes(config, PROCESSES);
    }
}

fn node_plan(
    node: usize,
    count: usize,
    unicast: bool,
    template: &InstanceConfig,
    scripts: &[(ScriptConfig, Weight)],
    chance: &mut Chance,
) -> NodePlan {
    let own = |node: usize| address(template.family, number(node));
    let mut it = template.clone();
    it.priority = Priority(u8::try_from(1 + chance.below(254)).unwrap_or(100));
    it.preemption = match chance.below(10) {
        0 | 1 => Preemption::Never,
        2 => Preemption::Delayed(it.interval * 2 + Duration::from_millis(1 + chance.below(5000))),
        _ => Preemption::Allowed,
    };
    if node == 0 && chance.happens(100) {
        (it.priority, it.wants_master, it.preemption) = (Priority::OWNER, true, Preemption::Allowed);
    }
    if unicast {
        // What comes to a node's own address comes in by the link that has it, not by one made on top.
        if let Some(own) = &mut it.own_link {
            own.adverts_by_base = true;
        }
        let peers = (0..count).filter(|peer| *peer != node);
        let peers = peers.map(|peer| Peer { address: own(peer), ttl: (0, 255) }).collect();
        it.mode = Mode::Unicast { peers, ttl: None, check_source: true };
    }
    if chance.happens(150) {
        (it.source, it.track_source) = (Some(own(node)), chance.happens(500));
    }
    it.track_scripts = scripts
        .iter()
        .map(|(script, weight)| TrackScript { script: script.name.clone(), weight: *weight })
        .collect();
    let fixed = VirtualAddress::plain(Prefix::host(address(Family::V4, 70 + number(node))));
    let fixed = chance.happens(150).then(|| (instance::link(&it).clone(), fixed));
    let statics = Statics { addresses: fixed.into_iter().collect(), ..Statics::default() };
    let startup_delay = if chance.happens(100) { it.interval * 2 } else { Duration::ZERO };
    let config = Config {
        startup_delay,
        statics,
        instances: vec![it],
        scripts: scripts.iter().map(|(script, _)| script.clone()).collect(),
        ..Config::default()
    };
    let name = ["a", "b", "c"].get(node).copied().unwrap_or("x").to_owned();
    let mut addresses = vec![Prefix::host(own(node))];
    // A second family, so that excluded addresses of the other one have company.
    let other = if template.family == Family::V4 { Family::V6 } else { Family::V4 };
    addresses.push(Prefix::host(address(other, number(node))));
    let links = vec![(instance::link(template).clone(), 0, addresses)];
    NodePlan { name, config, links, sessions: Vec::new() }
}

/// The same virtual router once more, on another link.
fn add_second(plan: &mut NodePlan, node: usize, grouped: bool) {
    let first = plan.config.instances[0].clone();
    let link = LinkName::new("eth1").expect("eth1 is a link's name");
    let elsewhere = |address: IpAddr| match address {
        IpAddr::V4(address) => IpAddr::from([198, 51, 100, address.octets()[3]]),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() | 0x1_0000).into(),
    };
    let mut it = InstanceConfig {
        name: "VI_2".to_owned(),
        link: Some(link.clone()),
        vrid: Vrid::new(52).expect("52 is not 0"),
        ..first
    };
    for vip in it.addresses.iter_mut().chain(&mut it.excluded) {
        vip.prefix = Prefix::host(elsewhere(vip.prefix.address()));
    }
    it.source = it.source.map(elsewhere);
    if let Mode::Unicast { peers, .. } = &mut it.mode {
        peers.iter_mut().for_each(|peer| peer.address = elsewhere(peer.address));
    }
    for route in it.routes.iter_mut().map(|route| &mut route.route) {
        route.destination = Prefix::host(elsewhere(route.destination.address()));
        route.hops.iter_mut().for_each(|hop| hop.link = Some(link.clone()));
    }
    it.rules.iter_mut().for_each(|rule| rule.rule.priority += 1);
    if let Some(own) = &it.own_link {
        it.own_link = Some(instance::vmac(&it, own.adverts_by_base));
    }
    plan.config.instances.push(it);
    let own = |family| Prefix::host(elsewhere(address(family, number(node))));
    plan.links.push((link, 1, vec![own(Family::V4), own(Family::V6)]));
    if grouped {
        let members = vec![INSTANCE.to_owned(), "VI_2".to_owned()];
        plan.config.groups = vec![instance::group(GROUP, members)];
    }
}

/// The first two nodes watch the path between them, and one of them at least minds how it stands.
fn watch_path(nodes: &mut [NodePlan], chance: &mut Chance) {
    if !chance.happens(200) {
        return;
    }
    let interval = (nodes[0].config.instances[0].interval / 4).max(Duration::from_millis(10));
    let multiplier = *chance.one(&[2, 3, 5].map(|times| NonZeroU8::new(times).expect("none is 0")));
    let who = chance.below(3);
    for (number, node) in nodes.iter_mut().take(2).enumerate() {
        // The other of the two: a path needs both.
        let neighbour = address(Family::V4, self::number(1 - number));
        node.sessions.push(instance::session(PATH, neighbour, interval, multiplier));
        if who != number as u64 {
            let track = TrackNamed { name: PATH.to_owned(), weight: weight(chance) };
            node.config.instances.iter_mut().for_each(|it| it.track_bfds.push(track.clone()));
        }
    }
}

/// What the kernel says of a link counts only once it has lasted, or its carrier is asked for instead.
fn late_links(nodes: &mut [NodePlan], chance: &mut Chance) {
    let interval = nodes[0].config.instances[0].interval;
    for config in nodes.iter_mut().map(|node| &mut node.config) {
        let link = instance::link(&config.instances[0]).clone();
        if chance.happens(100) {
            let mut some = || chance.time((Duration::ZERO, interval));
            config.link_delays.push(LinkDelay { link: link.clone(), down: some(), up: some() });
        }
        if chance.happens(70) {
            config.polled_links.push(PolledLink { link, method: None });
        }
    }
}

/// Priorities differ, but now and then are all the same.
fn break_ties(nodes: &mut [NodePlan], chance: &mut Chance) {
    let tie = chance.happens(150);
    for node in 1..nodes.len() {
        let before: Vec<Priority> = nodes[..node].iter().map(|n| n.config.instances[0].priority).collect();
        let mut it = nodes[node].config.instances[0].priority;
        if tie && !before[0].is_owner() {
            it = before[0];
        }
        while !tie && before.contains(&it) {
            it.0 = if it.0 <= 1 { 254 } else { it.0 - 1 };
        }
        nodes[node].config.instances.iter_mut().for_each(|instance| instance.priority = it);
    }
}

/// The last octet of a node's own addresses.
fn number(node: usize) -> u8 {
    u8::try_from(node + 1).unwrap_or(u8::MAX)
}

pub(super) fn address(family: Family, number: u8) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::new(192, 0, 2, number).into(),
        Family::V6 => Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number.into()).into(),
    }
}
