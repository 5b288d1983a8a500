//! What was said already, so that a flood of the same is a few lines.

use core::time::Duration;

use host::Instant;

use super::Instance;
use crate::notice::Reject;
use crate::wire::DecodeError;

/// How soon a kind of invalid packet is told of again, with the number of those in between.
pub(super) const REMIND: Duration = Duration::from_secs(10);

/// What was said, when, and how often it was not said since.
#[derive(Debug)]
pub(super) struct Spoken {
    what: Said,
    at: Instant,
    left_out: u64,
}

/// What is not said each time, until something changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Said {
    Rejected(core::mem::Discriminant<Reject>, Option<core::mem::Discriminant<DecodeError>>),
    AddressList,
    Lesser,
    Release,
    Interval,
    Clock,
    Unsent,
    OwnAddress,
}

impl Instance {
    /// True once for each kind of thing to say, until the state or the rival changes.
    pub(super) fn first_time(&mut self, what: Said) -> bool {
        self.may_say(what, Duration::MAX, Instant::ZERO).is_some()
    }

    /// Whether something may be said now: at first, and again after a rest. How often it was not said in between is
    /// handed out with it.
    pub(super) fn may_say(&mut self, what: Said, rest: Duration, now: Instant) -> Option<u64> {
        match self.said.iter_mut().find(|spoken| spoken.what == what) {
            Some(spoken) if now.since(spoken.at) < rest => {
                spoken.left_out += 1;
                None
            }
            Some(spoken) => {
                spoken.at = now;
                Some(core::mem::take(&mut spoken.left_out))
            }
            None => {
                self.said.push(Spoken { what, at: now, left_out: 0 });
                Some(0)
            }
        }
    }
}
