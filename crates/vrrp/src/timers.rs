//! When each instance has something to do next.

use alloc::collections::{BTreeMap, BTreeSet};

use host::Instant;

use crate::instance::InstanceId;

/// Deadlines of instances.
///
/// That of a backup moves with every advert, to a later time. Only the first in the queue has to be right, so a later
/// deadline is not entered before the earlier one has come up: [`Self::mend`].
#[derive(Debug, Default)]
pub(crate) struct Timers {
    queue: BTreeSet<(Instant, InstanceId)>,
    entered: BTreeMap<InstanceId, Instant>,
}

impl Timers {
    /// The deadline of an instance is `at` now.
    pub(crate) fn enter(&mut self, id: InstanceId, at: Option<Instant>) {
        let before = self.entered.get(&id).copied();
        if at.is_some() && before.is_some_and(|before| at >= Some(before)) {
            return;
        }
        self.forget(id);
        if let Some(at) = at {
            self.queue.insert((at, id));
            self.entered.insert(id, at);
        }
    }

    /// An instance is no more.
    pub(crate) fn forget(&mut self, id: InstanceId) {
        if let Some(before) = self.entered.remove(&id) {
            self.queue.remove(&(before, id));
        }
    }

    /// Makes the first in the queue right, from what the instances say.
    pub(crate) fn mend(&mut self, deadline: impl Fn(InstanceId) -> Option<Instant>) {
        while let Some((at, id)) = self.queue.first().copied() {
            let right = deadline(id);
            if right.is_some_and(|right| right <= at) {
                return;
            }
            self.forget(id);
            self.enter(id, right);
        }
    }

    /// The first deadline, if it is right.
    pub(crate) fn first(&self) -> Option<(Instant, InstanceId)> {
        self.queue.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: InstanceId = InstanceId(1);
    const TWO: InstanceId = InstanceId(2);

    fn at(millis: u64) -> Option<Instant> {
        Some(Instant::from_millis(millis))
    }

    #[test]
    fn the_first_is_right_though_deadlines_have_moved() {
        let mut timers = Timers::default();
        timers.enter(ONE, at(10));
        timers.enter(TWO, at(20));
        timers.enter(ONE, at(30));
        timers.mend(|id| if id == ONE { at(30) } else { at(20) });
        assert_eq!(timers.first(), Some((Instant::from_millis(20), TWO)));
        timers.enter(ONE, at(5));
        timers.mend(|id| if id == ONE { at(5) } else { at(20) });
        assert_eq!(timers.first(), Some((Instant::from_millis(5), ONE)));
    }

    #[test]
    fn who_has_nothing_to_do_is_not_in_the_queue() {
        let mut timers = Timers::default();
        timers.enter(ONE, at(10));
        timers.enter(ONE, None);
        assert_eq!(timers.first(), None);
        timers.enter(TWO, at(10));
        timers.mend(|_| None);
        assert_eq!(timers.first(), None);
        timers.enter(TWO, at(10));
        timers.forget(TWO);
        assert_eq!(timers.first(), None);
    }
}
