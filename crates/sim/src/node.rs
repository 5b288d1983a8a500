//! A node: a machine, the worker on it, and a stand-in for the supervisor.
//!
//! The worker is the real one. The stand-in does what the supervisor's side of the bus asks: it runs scripts as the
//! scenario says, remembers who was master, and starts a worker that crashed anew with its memories.

mod standing;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bfd::Verdict;
use bfd::config::SessionConfig;
use host::{Arrival, Instant, JobId, LinkAddress, LinkIndex, LinkName, Outcome, Ticket, WallClock};
use vrrp::config::InstanceConfig;
use vrrp::{Config, Memory};
use worker::bus::ToWorker;
use worker::{Bfd, Vrrp};

pub(crate) use self::standing::Standing;

use crate::machine::{Machine, Order};

/// Packets that wait in a socket while the worker is paused; more are dropped, as a socket's buffer does.
const SOCKET_BUFFER: usize = 64;

/// The date when a world begins: 15 January 2027.
const BEGINNING: Duration = Duration::from_secs(1_800_000_000);

/// What a worker is told.
#[derive(Debug)]
pub(crate) enum Input {
    Arrival(Arrival),
    Message(ToWorker),
    /// The bfd worker has judged a path.
    Verdict(Verdict),
}

impl Input {
    /// It is a report of a change, which can get lost.
    pub(crate) const fn is_report(&self) -> bool {
        matches!(
            self,
            Self::Arrival(
                Arrival::LinkChanged(_)
                    | Arrival::LinkRemoved(_)
                    | Arrival::AddressAdded(_)
                    | Arrival::AddressRemoved(_)
                    | Arrival::RouteAdded(_)
                    | Arrival::RouteRemoved(_)
                    | Arrival::RuleAdded(_)
                    | Arrival::RuleRemoved(_)
            )
        )
    }
}

/// How a script behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Behaviour {
    /// Ends with this status after a few milliseconds.
    Exits(u8),
    /// Does not end before its time limit.
    Hangs,
}

/// A link of a node as it is built.
#[derive(Clone, Debug)]
pub struct Socket {
    /// What the link is called.
    pub name: LinkName,
    /// The link as it was built; commands mean it by this.
    pub built: LinkIndex,
    /// The link as it is now, or was before somebody took it out.
    pub link: LinkIndex,
    /// The segment it is plugged into.
    pub segment: usize,
    /// The addresses it has of itself, in order.
    pub addresses: Vec<LinkAddress>,
}

/// The worker, or the machine that waits for one.
#[derive(Debug)]
pub(crate) enum Daemon {
    Down(Box<Machine>),
    Up(Box<Vrrp<Machine>>),
}

/// What the supervisor's stand-in knows.
#[derive(Debug, Default)]
pub(crate) struct Supervisor {
    /// Instances that are master, as the worker said.
    pub(crate) masters: BTreeSet<String>,
    /// What the next worker is told of the last one.
    pub(crate) memories: Vec<Memory>,
    /// By the first word of the script's command line. Those that are not named exit with 0.
    pub(crate) scripts: BTreeMap<String, Behaviour>,
    /// Tracking scripts that run, with the first word of their command lines.
    pub(crate) jobs: BTreeMap<JobId, String>,
    /// How each tracking script's last run ended, and how many like it there were in a row.
    pub(crate) outcomes: BTreeMap<String, (Outcome, u32)>,
    /// When instances may begin to listen, on the node's clock (`vrrp_startup_delay`).
    pub(crate) listens_at: Option<Instant>,
    /// Crashes since the node was started.
    pub(crate) crashes: u32,
    /// Every notify script that was asked for: its queue and its command line.
    pub(crate) notified: Vec<(String, String)>,
}

/// The bfd worker of a node.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    /// What it obeys; without sessions there is no worker.
    pub(crate) sessions: Vec<SessionConfig>,
    pub(crate) worker: Option<Bfd<crate::paths::node::Machine>>,
    /// Counts workers.
    pub(crate) life: u64,
    /// When the world wakes it, and the deadline that it does so for.
    pub(crate) timer: Option<(Instant, Instant)>,
}

/// A node.
#[derive(Debug)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// What its daemon obeys when it starts.
    pub config: Config,
    /// Its links as they were built.
    pub sockets: Vec<Socket>,
    /// The machine has power.
    pub powered: bool,
    /// The daemon is to run: it was started, and neither stopped nor killed.
    pub wanted: bool,
    /// The daemon was told to stop and has not yet.
    pub stopping: bool,
    /// When the daemon was gone at once, supervisor and all, and left what it held.
    pub(crate) abandoned: Option<Instant>,
    /// The worker does not get any processor time.
    pub paused: bool,
    /// The worker has been told its configuration.
    pub(crate) introduced: bool,
    /// How often reports of changes got lost.
    pub(crate) floods: u64,
    /// They still do.
    pub(crate) congested: bool,
    /// What tracked files hold; 0 if nothing was said.
    pub(crate) files: BTreeMap<String, i64>,
    /// Whether sets of tracked processes are complete; they are if nothing was said.
    pub(crate) processes: BTreeMap<String, bool>,
    /// What the worker was told of paths.
    pub(crate) verdicts: BTreeMap<String, bool>,
    /// Counts the times that carriers were begun to be asked for.
    pub(crate) beats: u64,
    /// The bfd worker and its sessions.
    pub(crate) paths: Paths,
    /// Links of its own that the kernel refused last.
    pub(crate) refused_links: BTreeSet<LinkName>,
    /// How far its monotonic clock is ahead of the world's.
    pub(crate) clock: Duration,
    /// How far its clock on the wall is ahead of the true time, in milliseconds.
    pub(crate) wrong: i64,
    /// Counts workers, so that nothing meant for an earlier one reaches a later.
    pub(crate) life: u64,
    /// When the world wakes the worker, and the deadline that it does so for.
    pub(crate) timer: Option<(Instant, Instant)>,
    pub(crate) daemon: Daemon,
    pub(crate) supervisor: Supervisor,
    /// What waits for a paused worker.
    pub(crate) inbox: VecDeque<Input>,
    /// Orders that the kernel has not carried out.
    pub(crate) kernel: VecDeque<(u64, Ticket, Order)>,
    /// When the kernel is done with the orders it has.
    pub(crate) kernel_free: Instant,
    /// When the last report of a change is read.
    pub(crate) reports_read: Instant,
    /// When the last answer is read.
    pub(crate) answers_read: Instant,
    /// When the last verdict is read.
    pub(crate) verdicts_read: Instant,
}

impl Node {
    /// A node without power. Its links are added to `machine` before.
    pub(crate) fn new(name: &str, config: Config, machine: Machine, clock: Duration) -> Self {
        Self {
            name: name.to_owned(),
            config,
            sockets: Vec::new(),
            powered: true,
            wanted: false,
            stopping: false,
            abandoned: None,
            paused: false,
            introduced: false,
            floods: 0,
            congested: false,
            files: BTreeMap::new(),
            processes: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            beats: 0,
            paths: Paths::default(),
            refused_links: BTreeSet::new(),
            clock,
            wrong: 0,
            life: 0,
            timer: None,
            daemon: Daemon::Down(Box::new(machine)),
            supervisor: Supervisor::default(),
            inbox: VecDeque::new(),
            kernel: VecDeque::new(),
            kernel_free: Instant::ZERO,
            reports_read: Instant::ZERO,
            answers_read: Instant::ZERO,
            verdicts_read: Instant::ZERO,
        }
    }

    /// The machine.
    pub fn machine(&self) -> &Machine {
        match &self.daemon {
            Daemon::Down(machine) => machine,
            Daemon::Up(worker) => worker.machine(),
        }
    }

    pub(crate) fn machine_mut(&mut self) -> &mut Machine {
        match &mut self.daemon {
            Daemon::Down(machine) => machine,
            Daemon::Up(worker) => worker.machine_mut(),
        }
    }

    /// A worker runs and gets processor time.
    pub const fn is_working(&self) -> bool {
        matches!(self.daemon, Daemon::Up(_)) && !self.paused
    }

    /// A worker runs, paused or not.
    pub const fn is_running(&self) -> bool {
        matches!(self.daemon, Daemon::Up(_))
    }

    /// A link that commands mean by how it was built, unless somebody took it out.
    pub(crate) fn link_built(&self, built: LinkIndex) -> Option<LinkIndex> {
        let socket = self.sockets.iter().find(|socket| socket.built == built)?;
        self.machine().link(socket.link).map(|link| link.index)
    }

    /// An instance of its configuration.
    pub fn instance(&self, name: &str) -> Option<&InstanceConfig> {
        self.config.instances.iter().find(|instance| instance.name == name)
    }

    /// Whether its worker said that an instance is master.
    pub fn is_master(&self, instance: &str) -> bool {
        self.supervisor.masters.contains(instance)
    }

    /// Every notify script that was asked for since the node was started: queue and command line.
    pub fn notified(&self) -> &[(String, String)] {
        &self.supervisor.notified
    }

    /// The world's time on the node's clock.
    pub(crate) fn local(&self, now: Instant) -> Instant {
        now + self.clock
    }

    /// Its clock on the wall.
    pub(crate) fn wall(&self, now: Instant) -> WallClock {
        let wrong = Duration::from_millis(self.wrong.unsigned_abs());
        let right = BEGINNING + now.since(Instant::ZERO);
        let shown = if self.wrong < 0 { right.saturating_sub(wrong) } else { right + wrong };
        WallClock::showing(shown, self.local(now))
    }

    /// Time on the node's clock in the world's.
    pub(crate) fn worldly(&self, at: Instant) -> Instant {
        at - self.clock
    }

    /// A worker starts that nobody has told anything.
    pub(crate) fn start_worker(&mut self) {
        let mut machine = self.take_machine();
        machine.close();
        self.daemon = Daemon::Up(Box::new(Vrrp::new(machine)));
        self.life += 1;
        self.timer = None;
        self.introduced = false;
        self.congested = false;
        self.verdicts.clear();
        self.supervisor.outcomes.clear();
        self.refused_links.clear();
    }

    /// The worker is gone. Its addresses stay; what waited for it is lost.
    pub(crate) fn end_worker(&mut self) {
        let mut machine = self.take_machine();
        machine.close();
        self.daemon = Daemon::Down(Box::new(machine));
        self.timer = None;
        self.inbox.clear();
        self.supervisor.jobs.clear();
    }

    /// The worker crashed: the supervisor keeps what it was.
    pub(crate) fn remember(&mut self, now: Instant) {
        let master_until = self.local(now);
        let masters = self.supervisor.masters.iter();
        self.supervisor.memories =
            masters.map(|instance| Memory { instance: instance.clone(), master_until }).collect();
        self.supervisor.crashes += 1;
    }

    /// What waits for a paused worker; the queue of packets is short.
    pub(crate) fn queue(&mut self, input: Input) {
        let is_packet = |input: &Input| matches!(input, Input::Arrival(Arrival::Received(_)));
        if !is_packet(&input) || self.inbox.iter().filter(|i| is_packet(i)).count() < SOCKET_BUFFER {
            self.inbox.push_back(input);
        }
    }

    /// The power is gone: nothing is left but what the node is built of.
    pub(crate) fn lose_power(&mut self) {
        self.end_worker();
        let mut machine = self.take_machine();
        machine.reboot();
        self.daemon = Daemon::Down(Box::new(machine));
        self.kernel.clear();
        self.supervisor =
            Supervisor { scripts: std::mem::take(&mut self.supervisor.scripts), ..Supervisor::default() };
        self.powered = false;
        self.abandoned = None;
        self.wanted = false;
        self.stopping = false;
        self.paused = false;
    }

    /// Nothing of the daemon is left but what it put into the kernel.
    pub(crate) fn abandon(&mut self, now: Instant) {
        self.end_worker();
        self.supervisor =
            Supervisor { scripts: std::mem::take(&mut self.supervisor.scripts), ..Supervisor::default() };
        self.abandoned = Some(now);
        (self.wanted, self.stopping, self.paused) = (false, false, false);
    }

    /// The power is back: links have the addresses they were built with.
    pub(crate) fn gain_power(&mut self) {
        self.powered = true;
        let addresses: Vec<_> = self.sockets.iter().flat_map(|s| s.addresses.iter().cloned()).collect();
        for address in addresses {
            self.machine_mut().add_address(address);
        }
    }

    /// The last run of a script of the configuration ended well.
    pub(crate) fn script_is_good(&self, name: &str) -> bool {
        let script = self.config.scripts.iter().find(|script| script.name == name);
        let outcome = script.and_then(|it| self.supervisor.outcomes.get(it.command.argv.first()?));
        outcome.is_some_and(|(outcome, _)| outcome.is_success())
    }

    /// A tracking script's run ended. Whether otherwise than the run before; `None` if it was given up meanwhile.
    pub(crate) fn job_ends(&mut self, id: JobId, outcome: Outcome) -> Option<bool> {
        let script = self.supervisor.jobs.remove(&id)?;
        let known = self.supervisor.outcomes.entry(script).or_insert((outcome, 0));
        let changed = known.1 == 0 || known.0.is_success() != outcome.is_success();
        *known = (outcome, if changed { 1 } else { known.1 + 1 });
        Some(changed)
    }

    /// How a script's run ends, and whether that takes its whole time limit.
    pub(crate) fn script_outcome(&self, argv: &[String]) -> (Outcome, bool) {
        let behaviour = argv.first().and_then(|word| self.supervisor.scripts.get(word));
        match behaviour.copied().unwrap_or(Behaviour::Exits(0)) {
            Behaviour::Exits(status) => (Outcome::Exited(status), false),
            Behaviour::Hangs => (Outcome::TimedOut, true),
        }
    }

    fn take_machine(&mut self) -> Machine {
        match std::mem::replace(&mut self.daemon, Daemon::Down(Box::default())) {
            Daemon::Down(machine) => *machine,
            Daemon::Up(worker) => worker.into_machine(),
        }
    }
}
