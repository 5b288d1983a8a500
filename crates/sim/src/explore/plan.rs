//! What a seed stands for.

mod cast;
mod misfortune;

use std::time::Duration;

use host::{Instant, LinkIndex};
use vrrp::config::{InstanceConfig, ScriptConfig};

use crate::chance::Chance;
use crate::node::Behaviour;
use crate::scenario::Scenario;
use crate::world::Command;

/// The instance that every node has.
pub(super) const INSTANCE: &str = "VI_1";
/// The sync group of nodes that have two.
pub(super) const GROUP: &str = "G";
const SCRIPT: &str = "chk";
const FILE: &str = "load";
const PROCESSES: &str = "web";
/// The links of a node, as [`crate::machine::Machine::add_link`] numbers them.
const LINKS: [LinkIndex; 2] = [LinkIndex(2), LinkIndex(3)];
/// Master-down times in which misfortunes happen.
const TROUBLED: u32 = 16;
/// First and longest pause before a worker asks again for what it did not get.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));
/// Most misfortunes of a plan, recoveries not counted.
const MISFORTUNES: u64 = 10;

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
        let more = scripts.unwrap_or_default() + self.last_restart() + self.last_retry();
        let grouped = self.base.nodes.iter().any(|node| !node.config.groups.is_empty());
        super::settling(self.healed, &self.instances(), grouped, more)
    }

    /// The longest time that a supervisor may wait before it starts a worker again that crashed several times.
    fn last_restart(&self) -> Duration {
        let crashes = |node| self.misfortunes.iter().filter(|(_, c)| *c == Command::Crash(node)).count();
        let most = (0..self.base.nodes.len()).map(crashes).max().unwrap_or(0);
        Duration::from_secs(1) * 2_u32.pow(u32::try_from(most).unwrap_or(0).min(6)) / 4
    }

    /// The longest pause before a worker asks again for what was refused or taken: each time doubles it.
    fn last_retry(&self) -> Duration {
        let counts = |command: &Command| {
            if let Command::Refuse(_, times) | Command::RefuseChannels(_, times) = *command {
                return times;
            }
            u32::from(matches!(command, Command::RemoveLinks(_) | Command::FlushRoutes(_)))
        };
        match self.misfortunes.iter().map(|(_, command)| counts(command)).sum::<u32>() {
            0 => Duration::ZERO,
            times => (RETRY.0 * (1 << times.min(16))).min(RETRY.1),
        }
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
            self.healing.push(Command::RefuseChannels(node, 0));
            if away == Some(node) {
                self.healing.push(Command::Stop(node));
                continue;
            }
            self.healing.push(Command::File(node, FILE.to_owned(), 0));
            self.healing.push(Command::Processes(node, PROCESSES.to_owned(), true));
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
