//! A real server: which of its checks veto, what it weighs, what the kernel's table has of it.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use host::Command;
use host::ipvs::{Destination, DestinationKey, Transport};

use crate::config::{Check, RealServer, ServerScripts};
use crate::name;
use crate::notice::ServerFact;
use crate::probe::{Probe, Stimulus};
use crate::status::{CheckStatus, ServerStatus};

/// One that serves.
#[derive(Debug)]
pub(crate) struct Server {
    config: RealServer,
    name: String,
    checkers: Vec<Checker>,
    /// As it was told last.
    up: bool,
}

/// A check at work, and what it thinks.
#[derive(Clone, Debug)]
struct Checker {
    config: Check,
    probe: Probe,
    up: bool,
}

/// What became of a server by what a check of it heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Turn {
    /// It came up.
    Up,
    /// It went down.
    Down,
}

impl Server {
    /// A new server: it is up unless a check starts as failed (`alpha`).
    pub(crate) fn new(config: RealServer, transport: Option<Transport>) -> Self {
        let checkers = checkers(&config.checks, |check| !check.starts_failed);
        let name = name::server(config.address, transport, config.port);
        let mut server = Self { config, name, checkers, up: false };
        server.up = server.lives();
        server
    }

    /// The server after a reload. Checks that stay as they are keep their mind; another one thinks as the server stood,
    /// until it has something to go by.
    ///
    /// Differs: keepalived puts a dead server back into the pool until a check that was changed has run.
    pub(crate) fn successor(&self, config: RealServer, transport: Option<Transport>) -> Self {
        let mut checkers = checkers(&config.checks, |_| self.up);
        for checker in &mut checkers {
            if let Some(before) = self.checkers.iter().find(|before| before.config == checker.config) {
                checker.up = before.up;
            }
        }
        let name = name::server(config.address, transport, config.port);
        Self { config, name, checkers, up: self.up }
    }

    /// Takes over how paths are known to stand; nobody needs to be told.
    pub(crate) fn recall(&mut self, paths: &BTreeMap<String, bool>) {
        for checker in &mut self.checkers {
            let known = checker.probe.session().and_then(|session| paths.get(&session));
            checker.up = known.copied().unwrap_or(checker.up);
        }
        self.up = self.lives();
    }

    pub(crate) const fn config(&self) -> &RealServer {
        &self.config
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// As it was told last.
    pub(crate) const fn is_up(&self) -> bool {
        self.up
    }

    /// What tells it from the others of its service.
    pub(crate) const fn key(&self) -> DestinationKey {
        DestinationKey { address: self.config.address, port: self.config.port }
    }

    /// What it counts for the quorum.
    pub(crate) fn living_weight(&self) -> u64 {
        if self.up { self.config.weight.into() } else { 0 }
    }

    /// What is run when it comes or goes.
    pub(crate) fn script(&self, up: bool) -> Option<Command> {
        let ServerScripts { up: came, down: went } = self.config.notify.as_deref()?;
        if up { came.clone() } else { went.clone() }
    }

    /// Whether it stays in the table with weight 0 because it is down.
    pub(crate) const fn is_inhibited(&self) -> bool {
        self.config.inhibit_on_failure && !self.up
    }

    /// What the table has of it. `pool`: the real servers serve, and not the sorry server.
    pub(crate) fn destination(&self, pool: bool) -> Option<Destination> {
        let serves = self.up && pool;
        let RealServer { forwarding, weight, upper_threshold, lower_threshold, inhibit_on_failure, .. } =
            self.config;
        (serves || inhibit_on_failure).then_some(Destination {
            weight: if serves { weight } else { 0 },
            forwarding,
            upper_threshold,
            lower_threshold,
        })
    }

    /// That its checks are at work, or that it has none that could be.
    pub(crate) fn introduce(&self) -> impl Iterator<Item = ServerFact> + '_ {
        let unsupported = self.config.checks.iter().filter(|check| !check.kind.is_supported());
        let mut kinds: Vec<&'static str> = unsupported.map(|check| check.kind.keyword()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let unchecked = self.checkers.is_empty() && !kinds.is_empty();
        let unchecked = unchecked.then_some(ServerFact::Unchecked { kinds });
        self.checkers.iter().map(|_| ServerFact::Checked).chain(unchecked)
    }

    /// The BFD sessions that it follows.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = String> + '_ {
        self.checkers.iter().filter_map(|checker| checker.probe.session())
    }

    /// Its checks hear of something. Appends what changed its mind.
    pub(crate) fn hear(&mut self, stimulus: Stimulus<'_>, facts: &mut Vec<ServerFact>) {
        for checker in &mut self.checkers {
            if let Some(up) = checker.probe.judge(stimulus)
                && up != checker.up
            {
                checker.up = up;
                facts.push(checker.probe.fact(up));
            }
        }
    }

    /// Whether it came or went since this was last asked.
    pub(crate) fn turn(&mut self) -> Option<Turn> {
        let lives = self.lives();
        let changed = core::mem::replace(&mut self.up, lives) != lives;
        changed.then_some(if lives { Turn::Up } else { Turn::Down })
    }

    pub(crate) fn status(&self) -> ServerStatus {
        let check = |checker: &Checker| CheckStatus {
            kind: checker.config.kind.keyword().into(),
            session: checker.probe.session(),
            up: checker.up,
        };
        ServerStatus {
            name: self.name.clone(),
            weight: self.config.weight,
            up: self.up,
            checks: self.checkers.iter().map(check).collect(),
        }
    }

    /// Every check vetoes; without any it always lives.
    fn lives(&self) -> bool {
        self.checkers.iter().all(|checker| checker.up)
    }
}

/// The checks that can be made.
fn checkers(checks: &[Check], up: impl Fn(&Check) -> bool) -> Vec<Checker> {
    let checker = |check: &Check| {
        let probe = Probe::of(&check.kind).ok()?;
        Some(Checker { config: check.clone(), probe, up: up(check) })
    };
    checks.iter().filter_map(checker).collect()
}
