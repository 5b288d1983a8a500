//! What the vrrp worker runs on: this host's machine, the log, the supervisor.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use host::{
    Arrival, Channel, Datagram, Datagrams, Instant, Job, Journal as _, LinkIndex, Network, NetworkOp,
    Severity, Ticket,
};
use linux::journal::Journal;
use linux::poll::WaitError;
use linux::{Machine, Token, clock};
use vrrp::status::{Lateness, ProcessStatus};
use worker::bus::{Bus, ToSupervisor, ToWorker};
use worker::notify::fifo::EventPipes;

use super::orphan;
use crate::bus::{Line, ToProcess};
use crate::outlets::Outlets;
use crate::worker_process::{self, Desk};

/// Our end of the bus.
pub(super) type ToSupervisorLine = Line<ToSupervisor, ToProcess<ToWorker>>;

/// From here on the log hears of a late timer, as often as that.
const LATE: Duration = Duration::from_secs(1);
const SAY_LATE_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Here {
    pub(super) desk: Desk<ToSupervisor, ToProcess<ToWorker>>,
    outlets: Outlets,
    /// Links whose secondary addresses live on because we said so, as the supervisor knows it.
    promoted: BTreeSet<LinkIndex>,
    /// How the tracked sets of processes stand, for the next status.
    processes: Vec<ProcessStatus>,
    lateness: Lateness,
    /// When the log last heard of a late timer.
    late_said: Option<Instant>,
    /// `-V`, and we stop: nothing is sent and nothing is changed any more. Orders count as carried out.
    kept: Option<VecDeque<Ticket>>,
    /// Scripts that the supervisor would have run if it were there.
    scripts: Vec<(String, Job)>,
}

impl Here {
    /// `promoted` are the links that one before promoted which died.
    pub(super) fn new(
        mut machine: Machine,
        mut journal: Journal,
        line: ToSupervisorLine,
        promoted: Vec<LinkIndex>,
    ) -> Self {
        journal.gather();
        machine.remember_promoted(promoted.iter().copied());
        Self {
            desk: Desk::new(machine, journal, line),
            outlets: Outlets::default(),
            promoted: promoted.into_iter().collect(),
            processes: Vec::new(),
            lateness: Lateness::default(),
            late_said: None,
            kept: None,
            scripts: Vec::new(),
        }
    }

    pub(super) fn wait(
        &mut self,
        deadline: Option<Instant>,
        arrivals: &mut Vec<Arrival>,
        ready: &mut Vec<Token>,
    ) -> Result<Instant, WaitError> {
        let settled = self.kept.iter_mut().flat_map(|tickets| tickets.drain(..));
        arrivals.extend(settled.map(|ticket| Arrival::Settled { ticket, result: Ok(()) }));
        let deadline = if arrivals.is_empty() { deadline } else { Some(Instant::ZERO) };
        let before = arrivals.len();
        let ended = self.desk.machine.wait(deadline, arrivals, ready);
        for arrival in &arrivals[before..] {
            if let Arrival::LinkRemoved(link) = arrival {
                self.note_promotion(*link, false);
            }
        }
        ended
    }

    /// The supervisor keeps it for whoever follows us.
    fn note_promotion(&mut self, link: LinkIndex, on: bool) {
        let is_new = if on { self.promoted.insert(link) } else { self.promoted.remove(&link) };
        if is_new {
            self.tell(ToSupervisor::Promotion { link, on });
        }
    }

    /// Hands on what waits. Returns when what is left is to be tried again.
    pub(super) fn hand_on(&mut self) -> Option<Instant> {
        self.desk.hand_on(true)
    }

    /// Events are written there from now on.
    pub(super) fn write_events_to(&mut self, paths: Vec<PathBuf>) {
        self.outlets.open(paths, &mut self.desk.journal);
    }

    /// How the tracked sets of processes stand, for the status that is told next.
    pub(super) fn know_processes(&mut self, processes: Vec<ProcessStatus>) {
        self.processes = processes;
    }

    /// The engine is woken for a deadline.
    pub(super) fn mind_lateness(&mut self, deadline: Instant, now: Instant) {
        let late = now.since(deadline);
        self.lateness.count(late);
        let long_ago = |said| now.since(said) >= SAY_LATE_EVERY;
        if late >= LATE && self.late_said.is_none_or(long_ago) {
            self.late_said = Some(now);
            let (seconds, micros) = (late.as_secs(), late.subsec_micros());
            let line = format!("A thread timer expired {seconds}.{micros:06} seconds ago");
            self.desk.journal.write(Severity::Warning, &line);
        }
    }

    /// As keepalived: with `-V` a stop sends no advert of priority 0 and leaves the addresses; scripts still run.
    pub(super) fn keep(&mut self) {
        self.kept.get_or_insert_default();
    }

    /// The end: the supervisor takes the last messages, or the last scripts run here.
    pub(super) fn part(mut self) {
        orphan::run(self.scripts, &mut self.desk.journal);
        if self.kept.is_none() {
            self.desk.machine.restore();
        }
        worker_process::take_leave(&mut self.desk.line, &mut self.desk.machine);
        self.outlets.close(&mut self.desk.journal);
        self.desk.journal.flush();
    }
}

impl Datagrams for Here {
    fn listen(&mut self, channel: Channel, vrids: &[u8]) {
        self.desk.machine.listen(channel, vrids);
    }
    fn size(&mut self, channel: Channel, bytes: u32) {
        self.desk.machine.size(channel, bytes);
    }
    fn ignore(&mut self, channel: Channel) {
        self.desk.machine.ignore(channel);
    }
    fn send(&mut self, datagram: Datagram) {
        if self.kept.is_none() {
            self.desk.machine.send(datagram);
        }
    }
    fn dispatch(&mut self) {
        self.desk.machine.dispatch();
    }
}

impl Network for Here {
    fn submit(&mut self, ticket: Ticket, op: NetworkOp) {
        if let Some(tickets) = &mut self.kept {
            return tickets.push_back(ticket);
        }
        let demoted = if let NetworkOp::Demote(link) = op { Some(link) } else { None };
        if let NetworkOp::Promote(link) = op
            && self.desk.machine.would_promote(link)
        {
            self.note_promotion(link, true);
        }
        self.desk.machine.submit(ticket, op);
        if let Some(link) = demoted {
            self.note_promotion(link, false);
        }
    }
}

impl host::Firewall for Here {
    fn filter(&mut self, ticket: Ticket, op: host::FirewallOp) {
        // What is kept stays as it is filtered.
        if self.kept.is_none() {
            self.desk.machine.filter(ticket, op);
        }
    }
}

impl host::Journal for Here {
    fn wants(&self, severity: Severity) -> bool {
        self.kept.is_none() && self.desk.journal.wants(severity)
    }
    fn write(&mut self, severity: Severity, line: &str) {
        // What the engine says of its stop did not happen.
        if self.wants(severity) {
            self.desk.journal.write(severity, line);
        }
    }
}

impl Bus for Here {
    fn tell(&mut self, mut message: ToSupervisor) {
        if let ToSupervisor::Status { status, .. } = &mut message {
            // The engine knows whether they count, who counts them knows how many they are.
            status.processes = std::mem::take(&mut self.processes);
            status.lateness = self.lateness;
        }
        match (self.desk.is_orphaned(), message) {
            (true, ToSupervisor::Notify { queue, job }) => self.scripts.push((queue, job)),
            (_, message) => self.desk.tell(&message),
        }
    }
}

impl EventPipes for Here {
    fn put(&mut self, line: &str) {
        self.outlets.put(line, clock::now(), &mut self.desk.journal);
    }
}
