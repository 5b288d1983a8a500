//! What a seed stands for.

mod cast;

use std::time::Duration;

use host::{Instant, LinkIndex, Prefix};
use vrrp::config::{InstanceConfig, Priority, ScriptConfig, VirtualAddress};

use self::cast::address;
use crate::chance::Chance;
use crate::network::Weather;
use crate::node::Behaviour;
use crate::scenario::Scenario;
use crate::world::Command;

/// The instance that every node has.
pub(super) const INSTANCE: &str = "VI_1";
/// The sync group of nodes that have two.
pub(super) const GROUP: &str = "G";
const SCRIPT: &str = "chk";
/// The links of a node, as [`crate::machine::Machine::add_link`] numbers them.
const LINKS: [LinkIndex; 2] = [LinkIndex(2), LinkIndex(3)];
/// Master-down times in which misfortunes happen.
const TROUBLED: u32 = 16;
/// How far a clock is set at most; less than the window of any signature.
const CLOCK_SET: Duration = Duration::from_secs(2);
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
        let base = cast::assemble(seed, &mut chance);
        let (count, first) = (base.nodes.len(), &base.nodes[0].config);
        let has_script = !first.scripts.is_empty();
        let unit = patience(&first.instances[0]);
        let healed = Instant::ZERO + unit * TROUBLED;
        let mut plan = Self { base, misfortunes: Vec::new(), healing: Vec::new(), healed };
        for node in 0..count {
            let at = Instant::ZERO + chance.time((Duration::ZERO, unit * 2));
            plan.misfortunes.push((at, Command::Start(node)));
        }
        for _ in 0..=chance.below(MISFORTUNES) {
            plan.add_misfortune(unit, has_script, &mut chance);
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
        let grouped = self.base.nodes.iter().any(|node| !node.config.groups.is_empty());
        super::settling(self.healed, &self.instances(), grouped, more)
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
        let (wrong, right) = self.misfortune(node, at, has_script, chance);
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

    fn misfortune(
        &self,
        node: usize,
        at: Instant,
        has_script: bool,
        chance: &mut Chance,
    ) -> (Command, Option<Command>) {
        let which = chance.index(self.base.segments.len());
        let link = LINKS[which];
        match chance.below(17) {
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
                (Command::Partition(which, sides), Some(Command::Heal(which)))
            }
            10 => {
                let fair = self.base.segments[which].1;
                let loss = u16::try_from(50 + chance.below(700)).unwrap_or(0);
                (Command::SetWeather(which, Weather { loss, ..fair }), Some(Command::SetWeather(which, fair)))
            }
            11 if has_script => {
                let behave = |behaviour| Command::Script(node, SCRIPT.to_owned(), behaviour);
                let bad = *chance.one(&[Behaviour::Exits(1), Behaviour::Hangs]);
                (behave(bad), Some(behave(Behaviour::Exits(0))))
            }
            // Only ever forward: a worker that is started anew does not know what it sent before its clock was set back.
            15 => {
                let most = CLOCK_SET * u32::try_from(at.as_nanos() >> 20).unwrap_or(u32::MAX);
                let ahead = most / u32::try_from(self.healed.as_nanos() >> 20).unwrap_or(u32::MAX).max(1);
                (Command::SetClock(node, i64::try_from(ahead.as_millis()).unwrap_or(0)), None)
            }
            14 => (Command::Refuse(node, 1 + u32::try_from(chance.below(3)).unwrap_or(0)), None),
            12 => {
                let own = chance.one(&self.base.nodes[node].links[which].2);
                let gone = Command::RemoveAddress(node, link, own.address());
                (gone, Some(Command::AddAddress(node, link, *own)))
            }
            _ => {
                let vips = &self.base.nodes[node].config.instances[which].addresses;
                let address = chance.one(vips).prefix.address();
                (Command::RemoveAddress(node, link, address), None)
            }
        }
    }

    /// Another priority, another key or another set of addresses for a while.
    fn reload(&self, node: usize, chance: &mut Chance) -> (Command, Option<Command>) {
        let before = self.base.nodes[node].config.clone();
        let mut config = before.clone();
        let it = &mut config.instances[0];
        match chance.below(4) {
            // Both keys are known to all, so that either may sign.
            3 if it.hmac.is_some() => it.hmac.iter_mut().for_each(|hmac| hmac.active = 2),
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
        for (segment, (_, weather)) in self.base.segments.iter().enumerate() {
            self.healing.push(Command::Heal(segment));
            self.healing.push(Command::SetWeather(segment, *weather));
        }
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
            for ((_, _, own), link) in self.base.nodes[node].links.iter().zip(LINKS) {
                self.healing.push(Command::SetAdmin(node, link, true));
                self.healing.push(Command::SetCarrier(node, link, true));
                for own in own {
                    self.healing.push(Command::AddAddress(node, link, *own));
                }
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
