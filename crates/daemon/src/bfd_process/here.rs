//! What the bfd worker runs on: this host's machine, the log, the supervisor, those who track paths.

use std::collections::BTreeMap;

use bfd::Verdict;
use host::{Arrival, Instant, Severity, Udp, UdpChannel, UdpDatagram, UdpUse};
use linux::journal::Journal;
use linux::poll::WaitError;
use linux::{Machine, Token};
use worker::bus::{BfdBus, FromBfd};

use crate::bus::{Line, ToBfdProcess, Tracker, VerdictSender};
use crate::worker_process::{self, Desk};

/// Our end of the bus.
pub(super) type ToSupervisorLine = Line<FromBfd, ToBfdProcess>;

pub(super) struct Here {
    pub(super) desk: Desk<FromBfd, ToBfdProcess>,
    /// Those who hear of paths, as far as they are there.
    trackers: BTreeMap<Tracker, VerdictSender>,
    /// One of them did not read for so long that it missed something.
    behind: bool,
}

impl Here {
    pub(super) const fn new(machine: Machine, journal: Journal, line: ToSupervisorLine) -> Self {
        Self { desk: Desk::new(machine, journal, line), trackers: BTreeMap::new(), behind: false }
    }

    pub(super) fn wait(
        &mut self,
        deadline: Option<Instant>,
        arrivals: &mut Vec<Arrival>,
        ready: &mut Vec<Token>,
    ) -> Result<Instant, WaitError> {
        self.desk.machine.wait(deadline, arrivals, ready)
    }

    /// This worker hears of paths by this from now on.
    pub(super) fn speak_to(&mut self, tracker: Tracker, sender: VerdictSender) {
        self.trackers.insert(tracker, sender);
        // All are told all when one is new.
        self.behind = false;
    }

    /// Hands on what waits. Returns when what is left is to be tried again.
    pub(super) fn hand_on(&mut self) -> Option<Instant> {
        // Every one of them, also behind one that does not read.
        let mut heard = true;
        for line in self.trackers.values_mut() {
            heard &= line.flush();
        }
        self.desk.hand_on(heard)
    }

    /// True once after a worker has missed something and reads again.
    pub(super) fn has_caught_up(&mut self) -> bool {
        let reads = self.trackers.values().all(VerdictSender::is_flushed);
        reads && std::mem::take(&mut self.behind)
    }

    /// The end.
    pub(super) fn part(mut self) {
        worker_process::take_leave(&mut self.desk.line, &mut self.desk.machine);
        self.desk.journal.flush();
    }
}

impl Udp for Here {
    fn bind(&mut self, channel: UdpChannel, purpose: UdpUse) {
        self.desk.machine.bind(channel, purpose);
    }
    fn unbind(&mut self, channel: UdpChannel) {
        self.desk.machine.unbind(channel);
    }
    fn send_udp(&mut self, datagram: UdpDatagram) {
        self.desk.machine.send_udp(datagram);
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

impl BfdBus for Here {
    fn tell_supervisor(&mut self, message: FromBfd) {
        self.desk.tell(&message);
    }

    fn tell_trackers(&mut self, verdict: Verdict) {
        for (_, line) in self.trackers.iter_mut().filter(|(tracker, _)| tracker.is_of(verdict.audience)) {
            self.behind |= line.send(&verdict).is_err();
        }
    }
}
