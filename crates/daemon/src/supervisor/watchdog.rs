//! A worker that hangs is as bad as one that died, and worse: its addresses stay while a rival takes over. So the vrrp
//! worker is asked for a sign of life now and then, and one that owes it for [`PATIENCE`] seconds is killed; what follows
//! is what follows a crash.
//!
//! Seconds count only while the supervisor itself runs: a host that was paused must not kill its workers when it wakes.
//! Differs: Keepalived has nothing like it.

use std::time::Duration;

use host::{Instant, Severity};
use worker::bus::{ToBfd, ToCheck, ToWorker};

use super::Supervisor;

/// How long after an answer it is asked again. Asked more often, an idle daemon would spend more on this than on adverts.
const EVERY: Duration = Duration::from_secs(5);
/// How often a worker that owes an answer is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Looks without an answer. Long before that its rivals have taken over, if it had any; soon after, a host that merely
/// has too much to do would be given more.
const PATIENCE: u32 = 8;

/// The watch over one worker.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    /// When to look next; `None` watches nothing.
    next: Option<Instant>,
    /// It was asked then, and has not answered.
    asked: Option<Instant>,
    missed: u32,
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Nothing,
    Ask,
    /// It hangs since then at the latest.
    Kill(Instant),
}

impl Watchdog {
    /// A worker obeys its configuration: from now on it answers.
    pub(super) fn begin(&mut self, now: Instant) {
        if self.next.is_none() {
            *self = Self { next: Some(now + EVERY), asked: None, missed: 0 };
        }
    }

    /// There is no worker to watch.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }

    /// The worker gave a sign of life.
    pub(super) fn answered(&mut self, now: Instant) {
        if self.asked.is_some() {
            *self = Self { next: Some(now + EVERY), asked: None, missed: 0 };
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.next
    }

    fn look(&mut self, now: Instant) -> Verdict {
        if self.next.is_none_or(|next| next > now) {
            return Verdict::Nothing;
        }
        // From now, not from when it was due: a pause of ours counts once.
        self.next = Some(now + LOOK);
        let Some(asked) = self.asked else {
            self.asked = Some(now);
            return Verdict::Ask;
        };
        self.missed += 1;
        if self.missed < PATIENCE {
            return Verdict::Nothing;
        }
        self.end();
        Verdict::Kill(asked)
    }
}

impl Supervisor {
    /// Asks for a sign of life, or ends a worker that gives none.
    pub(super) fn expire_watchdog(&mut self, now: Instant) {
        match self.watchdog.look(now) {
            Verdict::Nothing => {}
            Verdict::Ask => self.vrrp.tell(ToWorker::Ping),
            Verdict::Kill(since) => {
                self.say_hangs("VRRP", self.vrrp.seat.pid());
                self.vrrp.kill_hanging(since);
            }
        }
        match self.bfd_watchdog.look(now) {
            Verdict::Nothing => {}
            Verdict::Ask => self.bfd.tell(ToBfd::Ping),
            Verdict::Kill(_) => {
                self.say_hangs("BFD", self.bfd.seat.pid());
                self.bfd.seat.kill();
            }
        }
        match self.check_watchdog.look(now) {
            Verdict::Nothing => {}
            Verdict::Ask => self.check.tell(ToCheck::Ping),
            Verdict::Kill(_) => {
                self.say_hangs("Healthcheck", self.check.seat.pid());
                self.check.seat.kill();
            }
        }
    }

    fn say_hangs(&mut self, name: &str, pid: Option<u32>) {
        if let Some(pid) = pid {
            let line =
                format!("{name} child process({pid}) gave no sign of life for {PATIENCE} s: killing it");
            self.log(Severity::Alert, &line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: u64) -> Instant {
        Instant::from_millis(second * 1000)
    }

    #[test]
    fn a_worker_that_answers_is_asked_again_later() {
        let mut watchdog = Watchdog::default();
        assert_eq!(watchdog.look(second(0)), Verdict::Nothing);
        watchdog.begin(second(0));
        watchdog.begin(second(1));
        for at in 1..20 {
            assert_eq!(watchdog.look(second(at * 5 - 1)), Verdict::Nothing, "{at}");
            assert_eq!(watchdog.look(second(at * 5)), Verdict::Ask, "{at}");
            watchdog.answered(second(at * 5));
        }
    }

    #[test]
    fn one_that_does_not_is_killed_and_hangs_since_it_was_asked() {
        let mut watchdog = Watchdog::default();
        watchdog.begin(second(0));
        assert_eq!(watchdog.look(second(5)), Verdict::Ask);
        for at in 6..13 {
            assert_eq!(watchdog.look(second(at)), Verdict::Nothing);
        }
        assert_eq!(watchdog.look(second(13)), Verdict::Kill(second(5)));
        assert_eq!(watchdog.deadline(), None);
        watchdog.answered(second(14));
        assert_eq!(watchdog.deadline(), None, "what it said before it was killed");
    }

    #[test]
    fn a_pause_of_our_own_is_no_fault_of_the_workers() {
        let mut watchdog = Watchdog::default();
        watchdog.begin(second(0));
        assert_eq!(watchdog.look(second(5)), Verdict::Ask);
        assert_eq!(watchdog.look(second(1000)), Verdict::Nothing);
        watchdog.answered(second(1001));
        assert_eq!(watchdog.look(second(1006)), Verdict::Ask);
    }
}
