//! Scenarios: a world and what happens to it, as text.
//!
//! ```text
//! # Anything after a number sign is for the reader.
//! seed 7
//! latency exact
//! segment lan delay=100us..100us loss=0 duplicate=0 reorder=0
//! node a eth0 lan 192.0.2.1/24
//! node b eth0 lan 192.0.2.2/24
//! instance a VI_1 eth0 priority=100 vip=192.0.2.100/24
//! instance b VI_1 eth0 priority=90 vip=192.0.2.100/24
//! at 10s kill a
//! within 3.7s master VI_1 is b
//! at 60s start a
//! exactly 3.609375s master VI_1 is a
//! within 4s address 192.0.2.100 answers a
//! ```
//!
//! - `node NAME [config FILE] LINK SEGMENT ADDRESS[,ADDRESS…] …`: whoever reads a scenario says what a file means.
//!   A node is started at 0s, unless the first thing that happens to it is that it starts.
//! - `instance NODE NAME LINK WORD…`: an instance in [`instance`]'s words, beside or without a file.
//! - `session NODE NAME NEIGHBOUR INTERVAL MULTIPLIER`: a path that the node's bfd worker watches.
//! - `at TIME [COMMAND]`: what [`Command::describe`](crate::World::describe) writes, and `set NODE INSTANCE WORD…`, a reload.
//! - `within TIME WHAT`: holds so long after the last `at`. `exactly TIME WHAT`: begins to hold then, to the
//!   microsecond.
//! - `until TIME`: when it ends; otherwise with the last expectation.
//! - `always …` is for the reader: every scenario is watched for every rule of [`crate::invariant`].

pub mod instance;
mod read;
pub(crate) mod tracked;
mod write;

use std::net::IpAddr;
use std::time::Duration;

use bfd::config::SessionConfig;
use host::{Instant, LinkName, Prefix};
use vrrp::Config;

use crate::invariant::Violation;
use crate::network::Weather;
use crate::world::{Command, Latency, World};

/// A scenario.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    /// Where all chance comes from.
    pub seed: u64,
    /// How long things take that are not the network's.
    pub latency: Latency,
    /// Segments by number.
    pub segments: Vec<(String, Weather)>,
    /// Nodes by number.
    pub nodes: Vec<NodePlan>,
    /// What happens, in order of time.
    pub steps: Vec<(Instant, Command)>,
    /// What should hold.
    pub expectations: Vec<Expectation>,
    /// When it ends.
    pub until: Instant,
}

/// A node of a scenario.
#[derive(Clone, PartialEq, Debug)]
pub struct NodePlan {
    /// Its name.
    pub name: String,
    /// What its daemon obeys.
    pub config: Config,
    /// Its links: name, segment by number, own addresses.
    pub links: Vec<(LinkName, usize, Vec<Prefix>)>,
    /// The paths that it watches.
    pub sessions: Vec<SessionConfig>,
}

/// Something that should hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expectation {
    /// When.
    pub at: Instant,
    /// It does not hold before.
    pub exact: bool,
    /// What.
    pub what: State,
}

/// What can be expected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// These nodes, by number, and no other are master of an instance.
    Masters(String, Vec<usize>),
    /// The client's packets for an address reach this node, and it has the address. `None`: nobody.
    Answers(IpAddr, Option<usize>),
}

/// What is wrong with a scenario's text.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct BadScenario {
    /// The line, from 1.
    pub line: usize,
    /// What.
    pub why: Why,
}

/// What is wrong with a line.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Why {
    /// A word that means nothing there.
    #[error("`{0}` means nothing here")]
    UnknownWord(String),
    /// A value of the wrong kind.
    #[error("`{0}` is not what is wanted here")]
    BadValue(String),
    /// The line ends too early.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A node, link or segment that was not introduced.
    #[error("nothing is called `{0}`")]
    Unknown(String),
}

/// What went wrong in a run.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// A rule was broken.
    #[error("{0}")]
    Violation(Violation),
    /// What should hold did not.
    #[error("at {at}: expected {expected}, found {found}")]
    Unmet {
        /// When.
        at: Instant,
        /// What should hold.
        expected: String,
        /// What did.
        found: String,
    },
}

/// One microsecond before an exact time it must not hold yet. Frames take time, so an exact time is that of the node
/// itself.
const JUST_BEFORE: Duration = Duration::from_micros(1);

impl Scenario {
    /// An empty scenario.
    pub const fn new(seed: u64, latency: Latency) -> Self {
        Self {
            seed,
            latency,
            segments: Vec::new(),
            nodes: Vec::new(),
            steps: Vec::new(),
            expectations: Vec::new(),
            until: Instant::ZERO,
        }
    }

    /// Reads a scenario. `load` says what a configuration file means; `None` for one that there is not.
    pub fn read(text: &str, load: &mut dyn FnMut(&str) -> Option<Config>) -> Result<Self, BadScenario> {
        read::read(text, load)
    }

    /// The world as it begins, with everything that will happen to it.
    pub fn build(&self, keep_lines: bool) -> World {
        let mut world = World::new(self.seed, self.latency);
        if keep_lines {
            world.keep_lines();
        }
        for (name, weather) in &self.segments {
            world.add_segment(name, *weather);
        }
        for NodePlan { name, config, links, sessions } in &self.nodes {
            let node = world.add_node(name, config.clone(), links);
            world.add_sessions(node, sessions.clone());
        }
        for node in 0..self.nodes.len() {
            let first = self.steps.iter().find(|(_, command)| command.node() == Some(node));
            if first.is_none_or(|(_, command)| *command != Command::Start(node)) {
                world.at(Instant::ZERO, Command::Start(node));
            }
        }
        for (at, command) in &self.steps {
            world.at(*at, command.clone());
        }
        world
    }

    /// Runs it to its end, or to the first thing that goes wrong.
    pub fn run(&self, world: &mut World) -> Result<(), Failure> {
        let mut expectations: Vec<&Expectation> = self.expectations.iter().collect();
        expectations.sort_by_key(|expectation| expectation.at);
        for expectation in expectations {
            if expectation.exact {
                self.run_until(world, expectation.at - JUST_BEFORE)?;
                if self.found(world, &expectation.what) == expectation.what {
                    return Err(self.unmet(world, expectation, "not before"));
                }
            }
            let slack = if expectation.exact { JUST_BEFORE } else { Duration::ZERO };
            self.run_until(world, expectation.at + slack)?;
            if self.found(world, &expectation.what) != expectation.what {
                return Err(self.unmet(world, expectation, "by now"));
            }
        }
        self.run_until(world, self.until)
    }

    fn run_until(&self, world: &mut World, until: Instant) -> Result<(), Failure> {
        world.run_until(until);
        world.violation().map_or(Ok(()), |violation| Err(Failure::Violation(violation.clone())))
    }

    fn found(&self, world: &mut World, what: &State) -> State {
        match what {
            State::Masters(instance, _) => State::Masters(instance.clone(), world.masters(instance)),
            State::Answers(address, _) => {
                let segments = 0..self.segments.len();
                State::Answers(*address, segments.into_iter().find_map(|s| world.answers(s, *address)))
            }
        }
    }

    fn unmet(&self, world: &mut World, expectation: &Expectation, when: &str) -> Failure {
        let found = self.found(world, &expectation.what);
        Failure::Unmet {
            at: world.now(),
            expected: format!("{} ({when})", self.words(&expectation.what)),
            found: self.words(&found),
        }
    }
}
