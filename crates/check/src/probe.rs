//! One check, as it judges its server: a probe a kind.
//!
//! A probe says what it thinks when it has something to go by, and nothing otherwise. Kinds that are not here are read
//! and verified by `config`, and nobody obeys them yet.

mod bfd;

use alloc::string::String;

use crate::config::CheckKind;
use crate::notice::ServerFact;
use bfd::Follower;

/// A check at work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Probe {
    /// `BFD_CHECK`.
    Path(Follower),
}

/// What a probe hears of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stimulus<'a> {
    /// The path of a BFD session was judged.
    Path(&'a str, bool),
}

impl Probe {
    /// The probe of a kind; its keyword if there is none yet.
    pub(crate) fn of(kind: &CheckKind) -> Result<Self, &'static str> {
        match kind {
            CheckKind::Bfd(session) => Ok(Self::Path(Follower::new(session))),
            CheckKind::Tcp(_)
            | CheckKind::Ping(_)
            | CheckKind::Udp(..)
            | CheckKind::Smtp(..)
            | CheckKind::Dns(..)
            | CheckKind::Http(..)
            | CheckKind::Misc(_)
            | CheckKind::File(_) => Err(kind.keyword()),
        }
    }

    /// What it thinks now that it has heard this; `None` if it is no business of its own.
    pub(crate) fn judge(&self, stimulus: Stimulus<'_>) -> Option<bool> {
        match (self, stimulus) {
            (Self::Path(follower), Stimulus::Path(session, alive)) => follower.judge(session, alive),
        }
    }

    /// That it has changed its mind, for the log.
    pub(crate) fn fact(&self, up: bool) -> ServerFact {
        match self {
            Self::Path(follower) => ServerFact::Path { session: follower.session().into(), up },
        }
    }

    /// The BFD session that it follows.
    pub(crate) fn session(&self) -> Option<String> {
        match self {
            Self::Path(follower) => Some(follower.session().into()),
        }
    }
}
