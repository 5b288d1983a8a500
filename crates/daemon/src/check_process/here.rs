//! What the check worker runs on: this host's machine, the log, the event pipes, the supervisor.

use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use host::ipvs::{Ipvs, IpvsOp};
use host::{Arrival, Instant, Journal as _, Severity, Ticket};
use linux::journal::Journal;
use linux::poll::WaitError;
use linux::{Machine, Token, clock};
use worker::bus::{CheckBus, FromCheck, ToCheck};
use worker::notify::fifo::EventPipes;

use crate::bus::{Heard, Line, ToProcess};
use crate::outlets::Outlets;
use crate::worker_process::{self, RETRY};

/// Our end of the bus.
pub(super) type ToSupervisorLine = Line<FromCheck, ToProcess<ToCheck>>;

pub(super) struct Here {
    machine: Machine,
    journal: Journal,
    line: ToSupervisorLine,
    outlets: Outlets,
    /// There is no supervisor any more.
    orphaned: bool,
}

impl Here {
    pub(super) fn new(machine: Machine, journal: Journal, line: ToSupervisorLine) -> Self {
        Self { machine, journal, line, outlets: Outlets::default(), orphaned: false }
    }

    pub(super) fn wait(
        &mut self,
        deadline: Option<Instant>,
        arrivals: &mut Vec<Arrival>,
        ready: &mut Vec<Token>,
    ) -> Result<Instant, WaitError> {
        self.machine.wait(deadline, arrivals, ready)
    }

    /// Watches a descriptor of the process's own.
    pub(super) fn watch(&mut self, descriptor: impl AsFd, token: Token) -> Result<(), WaitError> {
        self.machine.watch(descriptor, token)
    }

    /// Forgets it again.
    pub(super) fn unwatch(&mut self, descriptor: impl AsFd) {
        self.machine.unwatch(descriptor);
    }

    pub(super) fn signals(&mut self) -> Vec<i32> {
        self.machine.signals()
    }

    pub(super) fn receive(&mut self) -> Heard<ToProcess<ToCheck>> {
        if self.orphaned { Heard::Nothing } else { self.line.receive() }
    }

    /// What came along with the last message.
    pub(super) fn take_descriptor(&mut self) -> Option<OwnedFd> {
        self.line.take_descriptor()
    }

    /// Hands on what waits. Returns when what is left is to be tried again.
    pub(super) fn hand_on(&mut self) -> Option<Instant> {
        self.journal.flush();
        let told = self.orphaned || self.line.flush();
        let retry = (!told).then(|| clock::now() + RETRY);
        self.journal.deadline().into_iter().chain(retry).min()
    }

    /// Events are written there from now on.
    pub(super) fn write_events_to(&mut self, paths: Vec<PathBuf>) {
        self.outlets.open(paths, &mut self.journal);
    }

    /// There is no supervisor any more. Returns whether that is new.
    pub(super) fn bereave(&mut self) -> bool {
        if self.orphaned {
            return false;
        }
        self.machine.unwatch(&self.line);
        self.orphaned = true;
        true
    }

    /// The end.
    pub(super) fn part(mut self) {
        worker_process::take_leave(&mut self.line, &mut self.machine);
        self.outlets.close(&mut self.journal);
        self.journal.flush();
    }
}

impl Ipvs for Here {
    fn balance(&mut self, ticket: Ticket, op: IpvsOp) {
        self.machine.balance(ticket, op);
    }
    fn survey_ipvs(&mut self) {
        self.machine.survey_ipvs();
    }
}

impl host::Journal for Here {
    fn wants(&self, severity: Severity) -> bool {
        self.journal.wants(severity)
    }
    fn write(&mut self, severity: Severity, line: &str) {
        self.journal.write(severity, line);
    }
}

impl CheckBus for Here {
    fn tell_supervisor(&mut self, message: FromCheck) {
        if self.orphaned {
            return;
        }
        if let Err(error) = self.line.send(&message) {
            self.journal.write(Severity::Error, &format!("The supervisor does not listen: {error}"));
        }
    }
}

impl EventPipes for Here {
    fn put(&mut self, line: &str) {
        self.outlets.put(line, clock::now(), &mut self.journal);
    }
}
