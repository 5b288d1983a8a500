//! The way out of the loop: masters give up, workers end, the last scripts run, the files go.

use std::time::Duration;

use host::{Instant, Outcome, Severity};
use worker::bus::ToWorker;

use super::Supervisor;
use crate::VERSION;
use crate::exit::Exit;

/// Where in its life the supervisor is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// `startup_script` runs; the workers come after it.
    Beginning,
    /// The ordinary course of things.
    Running,
    /// The workers were told to stop; what lives after that time is killed (`None`: it was).
    Stopping { kill: Option<Instant> },
    /// The workers are gone, their last scripts run; after that time they are ended (`None`: they were).
    Settling { abandon: Option<Instant> },
    /// `shutdown_script` runs.
    Ending,
    /// Nothing is left to do.
    Done,
}

impl Phase {
    pub(super) const fn is_stopping(self) -> bool {
        match self {
            Self::Beginning | Self::Running => false,
            Self::Stopping { .. } | Self::Settling { .. } | Self::Ending | Self::Done => true,
        }
    }

    pub(super) const fn deadline(self) -> Option<Instant> {
        match self {
            Self::Stopping { kill } => kill,
            Self::Settling { abandon } => abandon,
            Self::Beginning | Self::Running | Self::Ending | Self::Done => None,
        }
    }
}

impl Supervisor {
    /// Begins the stop, unless it has begun.
    pub(super) fn stop(&mut self, now: Instant) {
        if self.phase.is_stopping() {
            return;
        }
        self.log(Severity::Info, "Stopping");
        self.readiness.stopping();
        if self.phase == Phase::Beginning {
            self.jobs.abandon(now);
        }
        self.vrrp.retire();
        self.jobs.end_tracking(now);
        self.phase = Phase::Stopping { kill: Some(now + self.patience()) };
        if self.vrrp.pid().is_some() {
            self.vrrp.tell(ToWorker::Stop);
        } else {
            self.vrrp_has_gone(now);
        }
    }

    /// The worker ended, as it was told, or as it was made to.
    pub(super) fn vrrp_has_gone(&mut self, now: Instant) {
        self.vrrp.retire();
        self.phase = Phase::Settling { abandon: Some(now + self.patience()) };
    }

    /// Ends what had its time to end by itself.
    pub(super) fn expire_phase(&mut self, now: Instant) {
        if self.phase.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        match self.phase {
            Phase::Stopping { .. } => {
                let seconds = self.patience().as_secs();
                let line = format!("VRRP child process did not end within {seconds} seconds: killing it");
                self.log(Severity::Error, &line);
                self.vrrp.kill();
                self.phase = Phase::Stopping { kill: None };
            }
            Phase::Settling { .. } => {
                self.log(Severity::Warning, "Notify scripts did not end in time: ending them");
                self.jobs.abandon(now);
                self.phase = Phase::Settling { abandon: None };
            }
            Phase::Beginning | Phase::Running | Phase::Ending | Phase::Done => {}
        }
    }

    /// Goes on once the last scripts have ended.
    pub(super) fn advance_phase(&mut self, now: Instant) {
        let Phase::Settling { .. } = self.phase else { return };
        if !self.jobs.is_idle() {
            return;
        }
        match self.effective.daemon.shutdown_script.take() {
            Some((command, seconds)) => {
                self.phase = Phase::Ending;
                let limit = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
                self.jobs.once(&host::Job { command, limit }, now, &mut self.finished);
                for finished in std::mem::take(&mut self.finished) {
                    self.conclude_job(finished, now);
                }
            }
            None => self.phase = Phase::Done,
        }
    }

    /// The script of the start or of the end has ended.
    pub(super) fn once_ended(&mut self, outcome: Outcome, now: Instant) {
        if !outcome.is_success() {
            let which = if self.phase == Phase::Beginning { "Startup" } else { "Shutdown" };
            self.log(Severity::Warning, &format!("{which} script {}", super::said(outcome)));
        }
        match self.phase {
            Phase::Beginning => self.begin_workers(now),
            Phase::Ending => self.phase = Phase::Done,
            Phase::Running | Phase::Stopping { .. } | Phase::Settling { .. } | Phase::Done => {}
        }
    }

    /// The last words.
    pub(super) fn part(&mut self) -> Exit {
        self.log(Severity::Info, &format!("Stopped Keepalived ({VERSION})"));
        self.journal.flush();
        self.exit
    }

    /// `child_wait_time`: how long workers, and after them their scripts, have to end by themselves.
    fn patience(&self) -> Duration {
        Duration::from_secs(self.effective.daemon.child_wait_seconds.into())
    }
}
