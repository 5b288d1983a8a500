//! Facts for people and monitoring. Log lines are their `Display`, with Keepalived's wording.

mod text;

use alloc::string::String;
use alloc::vec::Vec;

use host::ipvs::ServiceKey;
use serde::{Deserialize, Serialize};

/// A fact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// Of a virtual server.
    Service {
        /// Its name.
        service: String,
        /// What.
        fact: ServiceFact,
    },
    /// Of a real server.
    Server {
        /// The virtual server's name.
        service: String,
        /// Its own.
        server: String,
        /// What.
        fact: ServerFact,
    },
    /// Checks that follow BFD sessions are at work, if there are any.
    FollowsPaths,
    /// The kernel does not do what it is asked. Said once a thing until it does.
    Refused {
        /// What it was asked.
        what: String,
        /// Its words.
        why: String,
    },
    /// The kernel's table cannot be looked at. Said once until it can.
    NoTable {
        /// The kernel's words.
        why: String,
    },
    /// A reload was carried out.
    Reloaded(ReloadSummary),
}

/// Weight that lives, and what it was measured by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Measure {
    /// Weight that must live.
    pub needed: u64,
    /// What is added for the gain, or taken away for the loss.
    pub hysteresis: u64,
    /// Weight that lives.
    pub weight: u64,
}

/// What can be said of a virtual server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ServiceFact {
    /// Enough of it lives.
    QuorumGained(Measure),
    /// Too little of it lives.
    QuorumLost(Measure),
    /// Too little of it lives at the start, or since a reload.
    StartsBelowQuorum(Measure),
    /// The sorry server serves. With `inhibit` it was there before.
    SorryServerCame {
        /// Its name.
        server: String,
        /// It stays in the kernel's table while it does not serve.
        inhibit: bool,
    },
    /// The sorry server does not serve any more.
    SorryServerWent {
        /// Its name.
        server: String,
        /// It stays in the kernel's table.
        inhibit: bool,
    },
    /// Real servers that live do not serve: the sorry server does.
    PoolEmptied,
    /// Real servers that live serve again.
    PoolFilled,
    /// A reload removes it.
    Removed,
    /// A reload brings another entry to its group.
    EntryCame(ServiceKey),
    /// A reload takes an entry from its group.
    EntryWent(ServiceKey),
    /// Packets to this are another virtual server's already.
    EntryTaken(ServiceKey),
    /// One entry of its group has more addresses than can be served.
    TooManyAddresses,
}

/// What can be said of a real server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ServerFact {
    /// A check of it is at work.
    Checked,
    /// None of its checks is supported yet: it counts as up.
    Unchecked {
        /// Their keywords.
        kinds: Vec<&'static str>,
    },
    /// The check that follows a BFD session has changed its mind.
    Path {
        /// The session's name.
        session: String,
        /// It is alive.
        up: bool,
    },
    /// It serves. With `inhibit` it was there before, with weight 0.
    Joined {
        /// It stays in the kernel's table while it does not serve.
        inhibit: bool,
    },
    /// It does not serve any more.
    Left {
        /// It stays in the kernel's table, with weight 0.
        inhibit: bool,
    },
    /// A reload removes it.
    Removed,
    /// A reload changes its weight.
    WeightChanged {
        /// Before.
        from: u32,
        /// Now.
        to: u32,
        /// It is up.
        up: bool,
    },
    /// The daemon stops and takes it from the kernel's table.
    ShutDown {
        /// It is down and has weight 0 there.
        inhibited: bool,
    },
}

/// What a reload did, by virtual servers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ReloadSummary {
    /// Left as they were.
    pub kept: u32,
    /// Changed under way.
    pub adjusted: u32,
    /// New.
    pub added: u32,
    /// Gone.
    pub removed: u32,
}
