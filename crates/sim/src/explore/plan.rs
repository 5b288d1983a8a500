//! What a seed stands for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use host::{Family, Instant, LinkIndex, LinkName, Prefix};
use vrrp::Config;
use vrrp::config::{
    Authentication, InstanceConfig, Mode, Peer, Preemption, Priority, ScriptConfig, TrackScript, Version,
    VirtualAddress, Weight,
};

use crate::chance::Chance;
use crate::network::Weather;
use crate::node::Behaviour;
use crate::scenario::{NodePlan, Scenario, instance};
use crate::world::{Command, Latency};

/// The instance that every node has.
pub(super) const INSTANCE: &str = "VI_1";
const SCRIPT: &str = "chk";
/// The first link of a node, as [`crate::machine::Machine::add_link`] numbers it.
const LINK: LinkIndex = LinkIndex(2);
/// Master-down times in which misfortunes happen.
const TROUBLED: u32 = 16;
/// Most misfortunes of a plan, recoveries not counted.
const MISFORTUNES: u64 = 9;

/// A pair or triple, what befalls it, and how all is healed.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// The nodes, their configuration and the weather, without anything that happens.
    pub base: Scenario,
    /// What happens, in order of time.
    pub misfortunes: Vec<(Instant, Command)>,
    /// What makes everything good again, all at [`Self::healed`].
    pub healing: Vec<Command>,
    /// When everything is good again.
    pub healed: Instant,
}

impl Plan {
    /// The plan of a seed.
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let template = template(&mut chance);
        let count = 2 + chance.index(2);
        let mut base = Scenario::new(seed, latency(&template));
        base.segments.push(("lan".to_owned(), weather(&template, &mut chance)));
        let scripts = scripts(&template, &mut chance);
        let unicast = chance.happens(300);
        for node in 0..count {
            base.nodes.push(node_plan(node, count, unicast, &template, &scripts, &mut chance));
        }
        break_ties(&mut base.nodes, &mut chance);
        let unit = patience(&template);
        let healed = Instant::ZERO + unit * TROUBLED;
        let mut plan = Self { base, misfortunes: Vec::new(), healing: Vec::new(), healed };
        for node in 0..count {
            let at = Instant::ZERO + chance.time((Duration::ZERO, unit * 2));
            plan.misfortunes.push((at, Command::Start(node)));
        }
        for _ in 0..=chance.below(MISFORTUNES) {
            plan.add_misfortune(unit, !scripts.is_empty(), &mut chance);
        }
        plan.misfortunes.sort_by_key(|(at, _)| *at);
        plan.heal(&mut chance);
        plan
    }

    /// The plan as a scenario, which ends when silence was long enough.
    pub fn scenario(&self) -> Scenario {
        let mut scenario = self.base.clone();
        scenario.steps.clone_from(&self.misfortunes);
        scenario.steps.extend(self.healing.iter().map(|command| (self.healed, command.clone())));
        let quiet = self.instances().into_iter().map(quiet).max().unwrap_or_default();
        scenario.until = self.settled() + quiet;
        scenario
    }

    /// From when on nothing may change any more.
    pub fn settled(&self) -> Instant {
        let script = |s: &ScriptConfig| s.interval * (s.rise + 2) + s.timeout;
        let scripts = self.base.nodes.iter().flat_map(|node| &node.config.scripts).map(script).max();
        let more = scripts.unwrap_or_default() + self.last_restart();
        super::settling(self.healed, &self.instances(), more)
    }

    /// The longest time that a supervisor may wait before it starts a worker again that crashed several times.
    fn last_restart(&self) -> Duration {
        let crashes = |node| self.misfortunes.iter().filter(|(_, c)| *c == Command::Crash(node)).count();
        let most = (0..self.base.nodes.len()).map(crashes).max().unwrap_or(0);
        Duration::from_secs(1) * 2_u32.pow(u32::try_from(most).unwrap_or(0).min(6)) / 4
    }

    fn instances(&self) -> Vec<&InstanceConfig> {
        self.base.nodes.iter().flat_map(|node| &node.config.instances).collect()
    }

    /// One thing goes wrong, and mostly right again some time later.
    fn add_misfortune(&mut self, unit: Duration, has_script: bool, chance: &mut Chance) {
        let node = chance.index(self.base.nodes.len());
        let at = Instant::ZERO + chance.time((unit, unit * (TROUBLED - 1)));
        let (wrong, right) = self.misfortune(node, has_script, chance);
        self.misfortunes.push((at, wrong));
        // Often so soon that a race comes of it, sometimes only when all is healed.
        let after = match chance.below(4) {
            0 => chance.time((Duration::ZERO, unit / 8)),
            1 | 2 => chance.time((Duration::ZERO, unit * 3)),
            _ => return,
        };
        if let Some(right) = right
            && at + after < self.healed
        {
            self.misfortunes.push((at + after, right));
        }
    }

    fn misfortune(&self, node: usize, has_script: bool, chance: &mut Chance) -> (Command, Option<Command>) {
        let link = LINK;
        match chance.below(16) {
            0 => (Command::Kill(node), Some(Command::Start(node))),
            1 => (Command::Stop(node), Some(Command::Start(node))),
            2 => (Command::Crash(node), None),
            13 => self.reload(node, chance),
            3 => (Command::Pause(node), Some(Command::Resume(node))),
            4 => (Command::SetAdmin(node, link, false), Some(Command::SetAdmin(node, link, true))),
            5 => (Command::SetCarrier(node, link, false), Some(Command::SetCarrier(node, link, true))),
            6 => (Command::Mute(node, link, true), Some(Command::Mute(node, link, false))),
            7 => (Command::Deafen(node, link, true), Some(Command::Deafen(node, link, false))),
            8 | 9 => {
                let side = |node| (node, u8::try_from(chance.below(2)).unwrap_or(0));
                let sides = (0..self.base.nodes.len()).map(side).collect();
                (Command::Partition(0, sides), Some(Command::Heal(0)))
            }
            10 => {
                let fair = self.base.segments[0].1;
                let loss = u16::try_from(50 + chance.below(700)).unwrap_or(0);
                (Command::SetWeather(0, Weather { loss, ..fair }), Some(Command::SetWeather(0, fair)))
            }
            11 if has_script => {
                let behave = |behaviour| Command::Script(node, SCRIPT.to_owned(), behaviour);
                let bad = *chance.one(&[Behaviour::Exits(1), Behaviour::Hangs]);
                (behave(bad), Some(behave(Behaviour::Exits(0))))
            }
            14 => (Command::Refuse(node, 1 + u32::try_from(chance.below(3)).unwrap_or(0)), None),
            12 => {
                let own = chance.one(&self.base.nodes[node].links[0].2);
                let gone = Command::RemoveAddress(node, link, own.address());
                (gone, Some(Command::AddAddress(node, link, *own)))
            }
            _ => {
                let vips = &self.base.nodes[node].config.instances[0].addresses;
                let address = chance.one(vips).prefix.address();
                (Command::RemoveAddress(node, link, address), None)
            }
        }
    }

    /// Another priority or another set of addresses for a while.
    fn reload(&self, node: usize, chance: &mut Chance) -> (Command, Option<Command>) {
        let before = self.base.nodes[node].config.clone();
        let mut config = before.clone();
        let it = &mut config.instances[0];
        match chance.below(3) {
            0 if !it.priority.is_owner() => {
                it.priority = Priority(u8::try_from(1 + chance.below(254)).unwrap_or(1))
            }
            1 => it.addresses.truncate(1),
            _ => it.addresses.push(VirtualAddress::plain(Prefix::host(address(it.family, 110)))),
        }
        let configure = |config| Command::Configure(node, Box::new(config));
        (configure(config), Some(configure(before)))
    }

    fn heal(&mut self, chance: &mut Chance) {
        self.healing.push(Command::Heal(0));
        self.healing.push(Command::SetWeather(0, Weather { loss: 0, ..self.base.segments[0].1 }));
        // Sometimes one node stays away, so that the others must do without.
        let away = chance.happens(250).then(|| chance.index(self.base.nodes.len()));
        for node in 0..self.base.nodes.len() {
            self.healing.push(Command::Resume(node));
            self.healing.push(Command::Refuse(node, 0));
            if away == Some(node) {
                self.healing.push(Command::Stop(node));
                continue;
            }
            self.healing.push(Command::Script(node, SCRIPT.to_owned(), Behaviour::Exits(0)));
            self.healing.push(Command::Configure(node, Box::new(self.base.nodes[node].config.clone())));
            self.healing.push(Command::Start(node));
            self.healing.push(Command::SetAdmin(node, LINK, true));
            self.healing.push(Command::SetCarrier(node, LINK, true));
            for own in &self.base.nodes[node].links[0].2 {
                self.healing.push(Command::AddAddress(node, LINK, *own));
            }
        }
    }
}

/// How long nothing may happen in the end.
pub(super) fn quiet(instance: &InstanceConfig) -> Duration {
    patience(instance) * 3
}

fn patience(instance: &InstanceConfig) -> Duration {
    instance.interval * (u32::from(instance.down_timer_adverts) + 1)
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
        it.authentication = Authentication::Password(*b"1111\0\0\0\0");
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
    if chance.happens(150) {
        it.lifetime = Some(3 + u32::try_from(chance.below(10)).unwrap_or(0));
    }
    it
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
        Weight::Points { points, reverse: false }
    };
    vec![(script, weight)]
}

fn node_plan(
    node: usize,
    count: usize,
    unicast: bool,
    template: &InstanceConfig,
    scripts: &[(ScriptConfig, Weight)],
    chance: &mut Chance,
) -> NodePlan {
    let number = |node: usize| u8::try_from(node + 1).unwrap_or(u8::MAX);
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
    it.track_scripts = scripts
        .iter()
        .map(|(script, weight)| TrackScript { script: script.name.clone(), weight: *weight })
        .collect();
    let config = Config {
        instances: vec![it],
        scripts: scripts.iter().map(|(script, _)| script.clone()).collect(),
        ..Config::default()
    };
    let name = ["a", "b", "c"].get(node).copied().unwrap_or("x").to_owned();
    let mut addresses = vec![Prefix::host(own(node))];
    // A second family, so that excluded addresses of the other one have company.
    let other = if template.family == Family::V4 { Family::V6 } else { Family::V4 };
    addresses.push(Prefix::host(address(other, number(node))));
    NodePlan { name, config, links: vec![(template.link.clone(), 0, addresses)] }
}

/// Priorities differ, but now and then are all the same.
fn break_ties(nodes: &mut [NodePlan], chance: &mut Chance) {
    let tie = chance.happens(150);
    for node in 1..nodes.len() {
        let before: Vec<Priority> = nodes[..node].iter().map(|n| n.config.instances[0].priority).collect();
        let it = &mut nodes[node].config.instances[0].priority;
        if tie && !before[0].is_owner() {
            *it = before[0];
        }
        while !tie && before.contains(it) {
            it.0 = if it.0 <= 1 { 254 } else { it.0 - 1 };
        }
    }
}

fn address(family: Family, number: u8) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::new(192, 0, 2, number).into(),
        Family::V6 => Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number.into()).into(),
    }
}
