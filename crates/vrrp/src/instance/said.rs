//! What was said already, so that a flood of the same is a few lines.

use core::time::Duration;

use host::Instant;

use super::Instance;
use crate::notice::Reject;
use crate::wire::DecodeError;

/// How soon a kind of invalid packet is told of again, with the number of those in between.
pub(super) const REMIND: Duration = Duration::from_secs(10);

/// How soon it is told again that a packet came which a neighbour may send as often as it likes.
pub(super) const PACE: Duration = Duration::from_millis(500);

/// How often a change is told in a second that a neighbour can bring about as often as it likes.
const CHANGES: u8 = 4;

/// What was said, since when and how often, and how often it was not.
#[derive(Debug)]
pub(super) struct Spoken {
    what: Said,
    since: Instant,
    times: u8,
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
    Master,
    Healing,
}

impl Said {
    /// It is said again after a rest, whatever happens in between.
    fn is_paced(self) -> bool {
        matches!(self, Self::Rejected(..) | Self::Lesser | Self::Release | Self::Master | Self::Healing)
    }
}

impl Instance {
    /// True once for each kind of thing to say, until the state or the rival changes.
    pub(super) fn first_time(&mut self, what: Said) -> bool {
        self.may_say(what, Duration::MAX, Instant::ZERO).is_some()
    }

    /// Whether something may be said now: at first, and again after a rest. How often it was not said in between is
    /// handed out with it.
    pub(super) fn may_say(&mut self, what: Said, rest: Duration, now: Instant) -> Option<u64> {
        self.may_say_often(1, what, rest, now)
    }

    /// Whether it may be said that another is master now. Where two that both claim to be alternate, that is so every
    /// packet; only if it is said, what was said of the one before may be said of this one.
    pub(super) fn may_say_master(&mut self, now: Instant) -> Option<u64> {
        let more = self.may_say_often(CHANGES, Said::Master, Duration::from_secs(1), now)?;
        self.said.retain(|spoken| spoken.what.is_paced());
        Some(more)
    }

    /// The same for what may be said several times before the rest.
    fn may_say_often(&mut self, most: u8, what: Said, rest: Duration, now: Instant) -> Option<u64> {
        let Some(spoken) = self.said.iter_mut().find(|spoken| spoken.what == what) else {
            self.said.push(Spoken { what, since: now, times: 1, left_out: 0 });
            return Some(0);
        };
        if now.since(spoken.since) >= rest {
            (spoken.since, spoken.times) = (now, 0);
        }
        if spoken.times >= most {
            spoken.left_out += 1;
            return None;
        }
        spoken.times += 1;
        Some(core::mem::take(&mut spoken.left_out))
    }
}
