//! `BFD_CHECK`: believes what BFD says of the path to its server.
//!
//! Differs: BFD says nothing of a session that has not come up until it had its time, so that a server that starts in the
//! pool stays there meanwhile. With keepalived it leaves for a moment.

use alloc::boxed::Box;

/// A check that follows a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Follower {
    session: Box<str>,
}

impl Follower {
    pub(crate) fn new(session: &str) -> Self {
        Self { session: session.into() }
    }

    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    /// Whether the server lives, if it is this session that was judged.
    pub(crate) fn judge(&self, session: &str, alive: bool) -> Option<bool> {
        (*self.session == *session).then_some(alive)
    }
}
