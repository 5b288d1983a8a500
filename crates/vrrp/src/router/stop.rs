//! The end of all: first every master says that it is none, then what they hold goes.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use host::Instant;

use super::{NOBODY, Router};
use crate::event::Action;
use crate::instance::{InstanceId, Turn};
use crate::notice::State;

/// Most instances that end in one turn. Their last adverts leave before the next turn, so that where there are thousands
/// the first of their backups do not wait until the last has ended.
const MOST_ENDED: usize = 128;

/// How far a stop has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Stop {
    #[default]
    NotAsked,
    /// So many instances have ended, in the order of the file.
    Ending(usize),
    Done,
}

impl Router {
    /// More instances are to end, at once. Nothing is taken from the kernel before: that would make last adverts late.
    pub fn is_ending(&self) -> bool {
        matches!(self.stop, Stop::Ending(_))
    }

    /// Instances that are still to end.
    pub(super) fn still_to_end(&self) -> usize {
        match self.stop {
            Stop::Ending(ended) => self.order.len().saturating_sub(ended),
            Stop::NotAsked | Stop::Done => 0,
        }
    }

    /// Nothing is given up twice.
    pub(super) fn begin_to_stop(&mut self, out: &mut Vec<Action>) {
        if self.stop == Stop::NotAsked {
            self.stop = Stop::Ending(0);
            self.scripts.stop(out);
        }
    }

    /// Lets some more instances end, and after the last gives up what they held.
    pub(super) fn end_some(
        &mut self,
        now: Instant,
        touched: &mut BTreeSet<InstanceId>,
        out: &mut Vec<Action>,
    ) {
        let Stop::Ending(ended) = self.stop else { return };
        for id in self.order.iter().skip(ended).take(MOST_ENDED) {
            if let Some(instance) = self.instances.get_mut(id) {
                instance.end(State::Stop, &mut Turn { now, out });
                self.announcements.forget(*id);
                touched.insert(*id);
            }
        }
        let ended = ended + MOST_ENDED;
        if ended < self.order.len() {
            self.stop = Stop::Ending(ended);
            return;
        }
        self.stop = Stop::Done;
        for id in self.order.iter().copied().chain([NOBODY]) {
            self.holdings.want(id, Vec::new());
        }
        self.firewall.stop();
        for group in &mut self.groups {
            group.end(State::Stop, &mut Turn { now, out });
        }
        self.channels.want(BTreeMap::new(), out);
    }
}
