//! Two routers that both own the addresses (priority 255), which no RFC provides for.
//!
//! As keepalived 2.4: the one with the lower address gives way at once. The other answers, sends two more adverts, and
//! if the other still claims to be the owner by then, goes down to 254, until that one is gone or claims less.

use core::time::Duration;

use host::Instant;

use super::{Instance, Stage, Turn};
use crate::config::Priority;
use crate::notice::InstanceFact;

/// The priority of an owner that gave in.
const DEMOTED: Priority = Priority(254);

/// Another owner was heard, and has not given way yet.
#[derive(Debug)]
pub(super) struct Conflict {
    heard: Instant,
    /// Two adverts were sent by then.
    warned: Instant,
    judged: Instant,
}

impl Conflict {
    fn new(own: Duration, theirs: Duration, now: Instant) -> Self {
        let warned = now + own * 2;
        Self { heard: now, warned, judged: warned + own.max(theirs) * 6 / 5 }
    }

    /// When it is looked at again.
    pub(super) const fn judged_at(&self) -> Instant {
        self.judged
    }
}

impl Instance {
    /// As master and owner it heard another owner that ought to give way.
    pub(super) fn mind_owner(&mut self, theirs: Duration, now: Instant) {
        let own = self.config.interval;
        let Stage::Master(master) = &mut self.stage else { return };
        match &mut master.conflict {
            Some(conflict) => conflict.heard = now,
            None => master.conflict = Some(Conflict::new(own, theirs, now)),
        }
    }

    /// Judges what the other owner did since it was warned.
    pub(super) fn judge_owners(&mut self, turn: &mut Turn<'_>) {
        let own = self.config.interval;
        let Stage::Master(master) = &mut self.stage else { return };
        let Some(conflict) = master.conflict.take_if(|it| it.judged <= turn.now) else { return };
        if conflict.heard <= conflict.warned {
            self.say(InstanceFact::OtherOwnerGone, turn);
            self.restore(turn);
        } else if !self.demoted {
            // One who is the owner still is heard as the better one, and mastership goes to it; one who is not
            // heard again is gone by the next judgement.
            master.conflict = Some(Conflict::new(own, own, turn.now));
            self.demoted = true;
            self.say(InstanceFact::OtherOwnerStays, turn);
            self.set_priority(DEMOTED, turn);
        }
    }

    /// The other owner is gone, or owns no more.
    pub(super) fn restore(&mut self, turn: &mut Turn<'_>) {
        if core::mem::take(&mut self.demoted) {
            self.set_priority(self.config.priority, turn);
        }
    }

    /// The priority of a router that gave in to another owner.
    pub(super) const fn with_demotion(&self, priority: Priority) -> Priority {
        if self.demoted { DEMOTED } else { priority }
    }

    /// Takes on another effective priority.
    pub(super) fn set_priority(&mut self, to: Priority, turn: &mut Turn<'_>) {
        if to != self.priority {
            let from = core::mem::replace(&mut self.priority, to);
            self.say(InstanceFact::PriorityChanged { from, to }, turn);
        }
    }
}
