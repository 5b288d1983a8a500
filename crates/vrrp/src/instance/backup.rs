//! Backup: listens, and takes over when no advert came in the master-down time (RFC 9568 §6.4.2).

use core::time::Duration;

use host::Instant;

use super::said::PACE;
use super::{Instance, Next, Said, Stage, Turn};
use crate::config::{InstanceConfig, Preemption, Priority, Settings, Version};
use crate::election::{self, Candidate};
use crate::notice::{Heard, InstanceFact};
use crate::timing;
use crate::wire::Advert;

/// What is true of a backup only.
#[derive(Debug)]
pub(super) struct Backup {
    /// What it waits for.
    pub(super) countdown: Countdown,
    /// The master's interval: as learnt in version 3, our own in version 2.
    pub(super) interval: Duration,
    /// When a delay before preemption that has begun ends.
    pub(super) delay_ends: Option<Instant>,
    /// Its time has passed, and it waits for the other members of its sync group.
    pub(super) wishes: bool,
}

/// What a backup waits for. The deadline is derived, so that a change of priority moves it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Countdown {
    /// The whole master-down time since then.
    Down(Instant),
    /// The master gave up then: the skew time.
    Released(Instant),
    /// It was master and was not run for long: one interval, in which a new master would be heard.
    Paused(Instant),
    /// Nothing: it becomes master then.
    Over(Instant),
}

impl Backup {
    /// When it becomes master if it hears nothing more.
    pub(super) fn master_down(&self, config: &InstanceConfig, priority: Priority) -> Instant {
        let Settings { version, down_timer_adverts, .. } = &*config.settings;
        match self.countdown {
            Countdown::Down(since) => {
                since + timing::master_down(*version, priority, self.interval, *down_timer_adverts)
            }
            Countdown::Released(since) => since + timing::skew(*version, priority, self.interval),
            Countdown::Paused(since) => since + self.interval,
            Countdown::Over(at) => at,
        }
    }
}

impl Instance {
    /// RFC 9568 §6.4.2 for an advert that was accepted.
    pub(super) fn hear_as_backup(
        &mut self,
        theirs: Candidate,
        advert: &Advert,
        turn: &mut Turn<'_>,
    ) -> Option<Next> {
        if !theirs.priority.is_owner() {
            self.restore(turn);
        }
        if theirs.priority == Priority::RELEASE {
            if let Some(more) = self.may_say(Said::Release, self.config.interval.max(PACE), turn.now) {
                self.say(InstanceFact::ReleaseHeard { as_master: false, more }, turn);
            }
            if let Stage::Backup(backup) = &mut self.stage {
                backup.countdown = Countdown::Released(turn.now);
            }
            return None;
        }
        let before = self.rival.replace(theirs).map(|rival| rival.address);
        if before != Some(theirs.address)
            && let Some(more) = self.may_say_master(turn.now)
        {
            self.say(InstanceFact::MasterIs { now: theirs.address, before, more }, turn);
        }
        self.mind_delay(theirs.priority, turn);
        let Stage::Backup(backup) = &mut self.stage else { return None };
        let waits = election::waits(
            self.priority,
            theirs.priority,
            self.config.preemption,
            backup.delay_ends,
            turn.now,
        );
        if waits {
            let learnt =
                if self.config.version == Version::V3 { advert.interval } else { self.config.interval };
            let known = core::mem::replace(&mut backup.interval, learnt);
            backup.countdown = Countdown::Down(turn.now);
            backup.wishes = false;
            if known != learnt {
                self.say(InstanceFact::IntervalLearnt { from: known, to: learnt }, turn);
            }
        } else {
            if let Countdown::Paused(_) = backup.countdown {
                backup.countdown = Countdown::Down(turn.now);
            }
            if let Some(more) = self.may_say(Said::Lesser, (self.config.interval / 2).max(PACE), turn.now) {
                let what = Heard::LowerPriorityDiscarded { theirs: theirs.priority, more };
                self.say(InstanceFact::Heard { from: theirs.address, what }, turn);
            }
        }
        None
    }

    /// Starts the delay before preemption with the first lesser advert, and calls it off with one that is not.
    fn mind_delay(&mut self, theirs: Priority, turn: &mut Turn<'_>) {
        let Preemption::Delayed(delay) = self.config.preemption else { return };
        let lesser = theirs < self.priority;
        let Stage::Backup(backup) = &mut self.stage else { return };
        match (lesser, backup.delay_ends) {
            (true, None) => {
                backup.delay_ends = Some(turn.now + delay);
                self.say(InstanceFact::PreemptDelayStarted(delay), turn);
            }
            (false, Some(_)) => {
                backup.delay_ends = None;
                self.say(InstanceFact::PreemptDelayStopped, turn);
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
}
