//! The way out of the loop: masters give up, workers end, the last scripts run, the files go.

use std::time::Duration;

use host::{Instant, Severity};
use linux::clock;
use linux::process::Ended;
use worker::bus::{ToBfd, ToCheck, ToWorker};

use super::Supervisor;
use super::seat::Death;
use crate::VERSION;
use crate::exit::Exit;

/// How long workers, and after them their scripts, have to end by themselves without `child_wait_time`.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where in its life the supervisor is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// The script before everything else runs.
    Starting,
    /// The ordinary course of things.
    Running,
    /// The workers were told to stop; what lives after that time is killed (`None`: it was).
    Stopping { kill: Option<Instant> },
    /// The workers are gone, their last scripts run, their last mails are sent; after that time they are ended (`None`: they were).
    Settling { abandon: Option<Instant> },
    /// Nothing is left to do.
    Done,
}

impl Phase {
    pub(super) const fn is_stopping(self) -> bool {
        match self {
            Self::Starting | Self::Running => false,
            Self::Stopping { .. } | Self::Settling { .. } | Self::Done => true,
        }
    }

    pub(super) const fn deadline(self) -> Option<Instant> {
        match self {
            Self::Stopping { kill } => kill,
            Self::Settling { abandon } => abandon,
            Self::Starting | Self::Running | Self::Done => None,
        }
    }
}

impl Supervisor {
    fn patience(&self) -> Duration {
        self.effective.daemon.identity.child_wait.unwrap_or(PATIENCE)
    }

    /// Begins the stop, unless it has begun.
    pub(super) fn stop(&mut self, now: Instant) {
        if self.phase.is_stopping() {
            return;
        }
        self.log(Severity::Info, "Stopping");
        self.readiness.stopping();
        let left = self.vrrp.seat.restart_at().is_some() && !self.options.keep_vrrp;
        self.vrrp.seat.retire();
        self.bfd.seat.retire();
        self.check.seat.retire();
        self.watchdog.end();
        self.bfd_watchdog.end();
        self.check_watchdog.end();
        self.jobs.end_tracking(now);
        self.phase = Phase::Stopping { kill: Some(now + self.patience()) };
        self.bfd.tell(ToBfd::Stop);
        self.check.tell(ToCheck::Stop);
        if left {
            // One died just now, and what it held is still there.
            self.cleaning = true;
            self.start_vrrp(now);
        }
        self.vrrp.tell(ToWorker::Stop);
        self.settle_if_alone(now);
    }

    /// The worker ended, as it was told, or as it was made to.
    pub(super) fn vrrp_has_died(&mut self, death: &Death, now: Instant) {
        let orderly = death.ended == Ended::Exited(0) || self.options.keep_vrrp;
        if orderly || std::mem::replace(&mut self.cleaning, true) {
            self.vrrp.seat.retire();
            self.settle_if_alone(now);
            return;
        }
        // Its addresses are still there, and its rivals wait for adverts.
        let line = format!("VRRP child process({}) did not give up: starting another that does", death.pid);
        self.log(Severity::Warning, &line);
        self.start_vrrp(now);
        self.vrrp.tell(ToWorker::Stop);
        self.phase = Phase::Stopping { kill: Some(now + self.patience()) };
        self.settle_if_alone(now);
    }

    /// Goes on with the stop if there is no worker any more.
    pub(super) fn settle_if_alone(&mut self, now: Instant) {
        let pids = [self.vrrp.seat.pid(), self.bfd.seat.pid(), self.check.seat.pid()];
        if pids.iter().any(Option::is_some) {
            return;
        }
        self.vrrp.seat.retire();
        self.jobs.part_with_readers(now);
        self.hurry_mail(now);
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
                for (name, lives) in [
                    ("VRRP", self.vrrp.seat.pid()),
                    ("BFD", self.bfd.seat.pid()),
                    ("Healthcheck", self.check.seat.pid()),
                ] {
                    if lives.is_some() {
                        let line =
                            format!("{name} child process did not end within {seconds} seconds: killing it");
                        self.log(Severity::Error, &line);
                    }
                }
                self.vrrp.seat.kill();
                self.bfd.seat.kill();
                self.check.seat.kill();
                self.phase = Phase::Stopping { kill: None };
            }
            Phase::Settling { .. } => {
                if !self.jobs.is_idle() {
                    self.log(Severity::Warning, "Notify scripts did not end in time: ending them");
                    self.jobs.abandon(now);
                }
                self.abandon_mail();
                self.phase = Phase::Settling { abandon: None };
            }
            Phase::Starting | Phase::Running | Phase::Done => {}
        }
    }

    /// Ends once the last scripts have, and the last mails are gone.
    pub(super) fn advance_phase(&mut self) {
        if !matches!(self.phase, Phase::Settling { .. }) || !self.jobs.is_idle() || !self.mail.is_over() {
            return;
        }
        // It has a limit of its own.
        let waits = self.run_shutdown_script(clock::now());
        self.phase = if waits { Phase::Settling { abandon: None } } else { Phase::Done };
    }

    /// The last words.
    pub(super) fn part(&mut self) -> Exit {
        self.pipes.remove();
        self.log(Severity::Info, &format!("Stopped Keepalived ({VERSION})"));
        self.journal.flush();
        self.exit
    }
}
