//! What the bfd worker runs on: this host's machine, the log, the supervisor, those who track paths.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use bfd::Verdict;
use host::{Arrival, Instant, Journal as _, Severity, Udp, UdpChannel, UdpDatagram, UdpUse};
use linux::journal::Journal;
use linux::poll::WaitError;
use linux::{Machine, Token, clock};
use worker::bus::{BfdBus, FromBfd};

use crate::bus::{Heard, Line, ToBfdProcess, Tracker, VerdictSender};
use crate::worker_process::{self, RETRY};

/// Our end of the bus.
pub(super) type ToSupervisorLine = Line<FromBfd, ToBfdProcess>;

pub(super) struct Here {
    machine: Machine,
    journal: Journal,
    line: ToSupervisorLine,
    /// Those who hear of paths, as far as they are there.
    trackers: BTreeMap<Tracker, VerdictSender>,
    /// One of them did not read for so long that it missed something.
    behind: bool,
    /// There is no supervisor any more.
    orphaned: bool,
}

impl Here {
    pub(super) const fn new(machine: Machine, journal: Journal, line: ToSupervisorLine) -> Self {
        Self { machine, journal, line, trackers: BTreeMap::new(), behind: false, orphaned: false }
    }

    pub(super) fn wait(
        &mut self,
        deadline: Option<Instant>,
        arrivals: &mut Vec<Arrival>,
        ready: &mut Vec<Token>,
    ) -> Result<Instant, WaitError> {
        self.machine.wait(deadline, arrivals, ready)
    }

    pub(super) fn signals(&mut self) -> Vec<i32> {
        self.machine.signals()
    }

    pub(super) fn receive(&mut self) -> Heard<ToBfdProcess> {
        if self.orphaned { Heard::Nothing } else { self.line.receive() }
    }

    /// What came along with the last message.
    pub(super) fn take_descriptor(&mut self) -> Option<OwnedFd> {
        self.line.take_descriptor()
    }

    /// This worker hears of paths by this from now on.
    pub(super) fn speak_to(&mut self, tracker: Tracker, sender: VerdictSender) {
        self.trackers.insert(tracker, sender);
        // All are told all when one is new.
        self.behind = false;
    }

    /// Hands on what waits. Returns when what is left is to be tried again.
    pub(super) fn hand_on(&mut self) -> Option<Instant> {
        self.journal.flush();
        let told = self.orphaned || self.line.flush();
        // Every one of them, also behind one that does not read.
        let mut heard = true;
        for line in self.trackers.values_mut() {
            heard &= line.flush();
        }
        let retry = (!told || !heard).then(|| clock::now() + RETRY);
        self.journal.deadline().into_iter().chain(retry).min()
    }

    /// True once after a worker has missed something and reads again.
    pub(super) fn has_caught_up(&mut self) -> bool {
        let reads = self.trackers.values().all(VerdictSender::is_flushed);
        reads && std::mem::take(&mut self.behind)
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
        self.journal.flush();
    }
}

impl Udp for Here {
    fn bind(&mut self, channel: UdpChannel, purpose: UdpUse) {
        self.machine.bind(channel, purpose);
    }
    fn unbind(&mut self, channel: UdpChannel) {
        self.machine.unbind(channel);
    }
    fn send_udp(&mut self, datagram: UdpDatagram) {
        self.machine.send_udp(datagram);
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

impl BfdBus for Here {
    fn tell_supervisor(&mut self, message: FromBfd) {
        if self.orphaned {
            return;
        }
        if let Err(error) = self.line.send(&message) {
            self.journal.write(Severity::Error, &format!("The supervisor does not listen: {error}"));
        }
    }

    fn tell_trackers(&mut self, verdict: Verdict) {
        for (_, line) in self.trackers.iter_mut().filter(|(tracker, _)| tracker.is_of(verdict.audience)) {
            self.behind |= line.send(&verdict).is_err();
        }
    }
}
