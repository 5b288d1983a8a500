//! Pairs and triples of vrrp workers by chance, what befalls them, and how that ends.

mod cast;
mod end;
mod misfortune;

use std::fmt::{self, Display};
use std::time::Duration;

use host::{Instant, LinkIndex};
use vrrp::config::{InstanceConfig, ScriptConfig};

use super::{Plan, Tale, Trouble};
use crate::chance::Chance;
use crate::invariant::slack;
use crate::node::Behaviour;
use crate::scenario::{Failure, Scenario};
use crate::world::{Command, World};

/// The instance that every node has.
pub(super) const INSTANCE: &str = "VI_1";
/// The sync group of nodes that have two.
pub(super) const GROUP: &str = "G";
const SCRIPT: &str = "chk";
const FILE: &str = "load";
const PROCESSES: &str = "web";
const PATH: &str = "path";
/// The links of a node, as [`crate::machine::Machine::add_link`] numbers them.
const LINKS: [LinkIndex; 2] = [LinkIndex(2), LinkIndex(3)];
/// Master-down times in which misfortunes happen.
const TROUBLED: u32 = 16;
/// First and longest pause before a worker asks again for what it did not get.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));
/// How far a clock is set at most, in milliseconds; further than the window of any signature.
const CLOCK_SET: u64 = 8_000;
/// A path is judged to be sound in this time after everything is.
const PATH_COMES_UP: Duration = Duration::from_secs(5);
/// Most misfortunes of a plan, recoveries not counted.
const MISFORTUNES: u64 = 10;

/// A pair or triple, and how all is healed.
#[derive(Clone, PartialEq, Debug)]
pub struct Routers {
    /// The nodes, their configuration and the weather, without anything that happens.
    pub base: Scenario,
    /// When everything is good again.
    pub healed: Instant,
    /// One node that stays away then, so that the others must do without.
    pub away: Option<usize>,
}

impl Tale for Routers {
    type Deed = Command;
    type Stage = World;

    fn of(seed: u64, chance: &mut Chance) -> Self {
        let base = cast::assemble(seed, chance);
        // Not where a path is watched: it would stay down.
        let watches = base.nodes.iter().any(|node| !node.sessions.is_empty());
        let away = (!watches && chance.happens(250)).then(|| chance.index(base.nodes.len()));
        let healed = Instant::ZERO + patience(&base.nodes[0].config.instances[0]) * TROUBLED;
        Self { base, healed, away }
    }

    fn trouble(&self) -> Trouble {
        let unit = patience(&self.base.nodes[0].config.instances[0]);
        Trouble { from: Instant::ZERO + unit, until: self.healed, most: MISFORTUNES, unit }
    }

    fn beginning(&self, chance: &mut Chance) -> Vec<(Instant, Command)> {
        let unit = self.trouble().unit;
        let starts = 0..self.base.nodes.len();
        starts
            .map(|node| (Instant::ZERO + chance.time((Duration::ZERO, unit * 2)), Command::Start(node)))
            .collect()
    }

    fn misfortune(&self, _: Instant, chance: &mut Chance) -> (Command, Option<Command>) {
        let node = chance.index(self.base.nodes.len());
        match chance.below(4) {
            0 => self.daemon_fails(node, chance),
            1 => self.network_fails(node, chance),
            2 => self.kernel_fails(node, chance),
            _ => self.world_changes(node, chance),
        }
    }

    fn stage(plan: &Plan<Self>, keeps_story: bool) -> World {
        plan.scenario().build(keeps_story)
    }

    fn play(plan: &Plan<Self>, world: &mut World) -> Result<(), Failure> {
        plan.scenario().run(world)?;
        end::judge(plan, world).map_err(Failure::Violation)
    }

    fn write(plan: &Plan<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        plan.scenario().fmt(f)
    }

    fn story(world: &World) -> String {
        world.story()
    }
}

impl Plan<Routers> {
    /// The plan as a scenario, which ends when silence was long enough.
    pub fn scenario(&self) -> Scenario {
        let mut scenario = self.tale.base.clone();
        scenario.steps.clone_from(&self.misfortunes);
        scenario.steps.extend(self.tale.healing().into_iter().map(|command| (self.tale.healed, command)));
        let quiet = self.tale.instances().into_iter().map(quiet).max().unwrap_or_default();
        scenario.until = self.settled() + quiet;
        scenario
    }

    /// From when on nothing may change any more.
    pub fn settled(&self) -> Instant {
        let script = |s: &ScriptConfig| s.interval * (s.rise + 2) + s.timeout;
        let scripts = self.tale.base.nodes.iter().flat_map(|node| &node.config.scripts).map(script).max();
        let more = scripts.unwrap_or_default() + self.last_restart() + self.last_retry() + self.late();
        let grouped = self.tale.base.nodes.iter().any(|node| !node.config.groups.is_empty());
        end::settling(self.tale.healed, &self.tale.instances(), grouped, more)
    }

    /// How long what is healed may take to count.
    fn late(&self) -> Duration {
        let nodes = &self.tale.base.nodes;
        let links = nodes.iter().map(|node| slack(&node.config) + node.config.startup_delay).max();
        let watches = nodes.iter().any(|node| !node.sessions.is_empty());
        // Who was told of later times believes no earlier ones before they have passed.
        let clocks = self.misfortunes.iter().any(|(_, command)| matches!(command, Command::SetClock(..)));
        let clocks =
            if clocks { Duration::from_millis(CLOCK_SET) + Duration::from_secs(2) } else { Duration::ZERO };
        links.unwrap_or_default() + clocks + if watches { PATH_COMES_UP } else { Duration::ZERO }
    }

    /// The longest time that a supervisor may wait before it starts a worker again that crashed several times.
    fn last_restart(&self) -> Duration {
        let crashes = |node| self.misfortunes.iter().filter(|(_, c)| *c == Command::Crash(node)).count();
        let most = (0..self.tale.base.nodes.len()).map(crashes).max().unwrap_or(0);
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
}

impl Routers {
    fn instances(&self) -> Vec<&InstanceConfig> {
        self.base.nodes.iter().flat_map(|node| &node.config.instances).collect()
    }

    /// What makes everything good again, all at [`Self::healed`].
    pub fn healing(&self) -> Vec<Command> {
        let mut healing = Vec::new();
        for (segment, (_, weather)) in self.base.segments.iter().enumerate() {
            healing.push(Command::Heal(segment));
            healing.push(Command::SetWeather(segment, *weather));
        }
        for (node, plan) in self.base.nodes.iter().enumerate() {
            healing.push(Command::Resume(node));
            healing.push(Command::Refuse(node, 0));
            healing.push(Command::RefuseChannels(node, 0));
            if self.away == Some(node) {
                healing.push(Command::Stop(node));
                continue;
            }
            healing.push(Command::File(node, FILE.to_owned(), 0));
            healing.push(Command::Processes(node, PROCESSES.to_owned(), true));
            healing.push(Command::Script(node, SCRIPT.to_owned(), Behaviour::Exits(0)));
            healing.push(Command::Configure(node, Box::new(plan.config.clone())));
            healing.push(Command::Start(node));
            healing.push(Command::SetClock(node, 0));
            for ((_, _, own), link) in plan.links.iter().zip(LINKS) {
                healing.push(Command::PutBack(node, link));
                healing.push(Command::SetAdmin(node, link, true));
                healing.push(Command::SetCarrier(node, link, true));
                healing.extend(own.iter().map(|own| Command::AddAddress(node, link, *own)));
            }
        }
        healing
    }
}

/// How long nothing may happen in the end.
pub(super) fn quiet(instance: &InstanceConfig) -> Duration {
    patience(instance) * 3
}

fn patience(instance: &InstanceConfig) -> Duration {
    instance.interval * (u32::from(instance.down_timer_adverts) + 1)
}
