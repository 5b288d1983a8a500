//! Facts for people and monitoring. Log lines are their `Display`, with Keepalived's wording where people grep.

mod text;

use alloc::string::String;
use core::net::IpAddr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::wire::{DecodeError, Diagnostic, SessionState};

/// A fact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// Of a session.
    Session {
        /// Its name.
        name: String,
        /// What.
        fact: SessionFact,
    },
    /// A packet that is of no session was thrown away. Said at most once a second; all are counted.
    Stray {
        /// Its source.
        from: IpAddr,
        /// Why.
        why: DecodeError,
    },
    /// It cannot listen on a port. Said once until it can.
    Deaf {
        /// The port.
        port: u16,
        /// The system's words.
        why: String,
    },
    /// A reload was carried out.
    Reloaded(ReloadSummary),
}

/// What can be said of a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SessionFact {
    /// It changed its state.
    Entered {
        /// The new state.
        state: SessionState,
        /// The state before; `None` at its start.
        before: Option<SessionState>,
        /// Why, as we see it.
        local: Diagnostic,
        /// Why, as the other side sees it.
        remote: Diagnostic,
    },
    /// Nothing was heard for the detection time.
    Expired {
        /// The detection time.
        after: Duration,
        /// How much later it was noticed.
        overdue: Duration,
    },
    /// Echo packets did not come back for this long.
    EchoLost {
        /// How long.
        after: Duration,
    },
    /// Sending Echo packets began or ceased.
    Echo {
        /// Began.
        active: bool,
    },
    /// The other side took or gave other intervals.
    Negotiated {
        /// From packet to packet of ours, before jitter.
        transmit: Duration,
        /// The detection time.
        detection: Duration,
    },
    /// A packet was thrown away. Said once a kind until the state changes; all are counted.
    Discarded {
        /// Its source.
        from: IpAddr,
        /// Why.
        why: DecodeError,
    },
    /// A packet could not be sent. Said once until one can.
    SendFailed {
        /// The system's error number.
        code: i32,
        /// Its words.
        why: String,
    },
    /// Its source port could not be opened; another one is tried.
    PortRefused {
        /// The port.
        port: u16,
        /// The system's words.
        why: String,
    },
}

/// What a reload did, by sessions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ReloadSummary {
    /// Left as they were.
    pub kept: u32,
    /// Settings changed under way.
    pub adjusted: u32,
    /// New.
    pub added: u32,
    /// Gone.
    pub removed: u32,
}
