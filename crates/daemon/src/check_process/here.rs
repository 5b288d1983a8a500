//! What the check worker runs on: this host's machine, the log, the event pipes, the supervisor.

use std::path::PathBuf;

use host::ipvs::{Ipvs, IpvsOp};
use host::{Arrival, Instant, Severity, Ticket};
use linux::journal::Journal;
use linux::poll::WaitError;
use linux::{Machine, Token, clock};
use worker::bus::{CheckBus, FromCheck, ToCheck};
use worker::notify::fifo::EventPipes;

use crate::bus::{Line, ToProcess};
use crate::outlets::Outlets;
use crate::worker_process::{self, Desk};

/// Our end of the bus.
pub(super) type ToSupervisorLine = Line<FromCheck, ToProcess<ToCheck>>;

pub(super) struct Here {
    pub(super) desk: Desk<FromCheck, ToProcess<ToCheck>>,
    outlets: Outlets,
}

impl Here {
    pub(super) fn new(machine: Machine, journal: Journal, line: ToSupervisorLine) -> Self {
        Self { desk: Desk::new(machine, journal, line), outlets: Outlets::default() }
    }

    pub(super) fn wait(
        &mut self,
        deadline: Option<Instant>,
        arrivals: &mut Vec<Arrival>,
        ready: &mut Vec<Token>,
    ) -> Result<Instant, WaitError> {
        self.desk.machine.wait(deadline, arrivals, ready)
    }

    /// Hands on what waits. Returns when what is left is to be tried again.
    pub(super) fn hand_on(&mut self) -> Option<Instant> {
        self.desk.hand_on(true)
    }

    /// Events are written there from now on.
    pub(super) fn write_events_to(&mut self, paths: Vec<PathBuf>) {
        self.outlets.open(paths, &mut self.desk.journal);
    }

    /// The end.
    pub(super) fn part(mut self) {
        worker_process::take_leave(&mut self.desk.line, &mut self.desk.machine);
        self.outlets.close(&mut self.desk.journal);
        self.desk.journal.flush();
    }
}

impl Ipvs for Here {
    fn balance(&mut self, ticket: Ticket, op: IpvsOp) {
        self.desk.machine.balance(ticket, op);
    }
    fn survey_ipvs(&mut self) {
        self.desk.machine.survey_ipvs();
    }
}

impl host::Journal for Here {
    fn wants(&self, severity: Severity) -> bool {
        self.desk.journal.wants(severity)
    }
    fn write(&mut self, severity: Severity, line: &str) {
        self.desk.journal.write(severity, line);
    }
}

impl CheckBus for Here {
    fn tell_supervisor(&mut self, message: FromCheck) {
        self.desk.tell(&message);
    }
}

impl EventPipes for Here {
    fn put(&mut self, line: &str) {
        self.outlets.put(line, clock::now(), &mut self.desk.journal);
    }
}
