//! The engine contract.

use alloc::vec::Vec;

use crate::Instant;

/// A part of the daemon that decides. It is told what happened and when, and says what to do.
///
/// Wake-ups, reloads and the stop are events too, so a list of `(time, event)` replays every decision.
pub trait Engine {
    /// What it can be told.
    type Event;
    /// What it can ask for: its list of permissions.
    type Action;
    /// How it stands.
    type Status;

    /// The only way in. `now` never goes back. Orders are appended to `out` and are to be performed in order;
    /// answers to them are events.
    fn handle(&mut self, event: Self::Event, now: Instant, out: &mut Vec<Self::Action>);

    /// When it wants to be woken, if nothing else happens first. Lies in the future once a wake-up at that
    /// time was handled.
    fn next_deadline(&self) -> Option<Instant>;

    /// How it stands.
    fn status(&self, now: Instant) -> Self::Status;
}
