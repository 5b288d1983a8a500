//! Facts for people and monitoring. Log lines are their `Display`, with Keepalived's wording where people grep.

mod text;

use alloc::string::String;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use host::{LinkName, Outcome, Prefix};
use serde::{Deserialize, Serialize};

use crate::config::{Priority, Vrid};

/// A state as people and scripts are told of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum State {
    /// Before the first decision.
    Init,
    /// Listening.
    Backup,
    /// Holding the addresses.
    Master,
    /// Something forbids taking part.
    Fault,
    /// The daemon stops.
    Stop,
    /// A reload removed the instance.
    Deleted,
}

impl State {
    /// The word of logs and scripts' arguments.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::Backup => "BACKUP",
            Self::Master => "MASTER",
            Self::Fault => "FAULT",
            Self::Stop => "STOP",
            Self::Deleted => "DELETED",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A fact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// Of an instance.
    Instance {
        /// Its name.
        name: String,
        /// What.
        fact: InstanceFact,
    },
    /// Of a sync group.
    Group {
        /// Its name.
        name: String,
        /// What.
        fact: GroupFact,
    },
    /// A tracked set of processes gained or lost its quorum.
    Processes {
        /// Name of its block.
        name: String,
        /// Gained or lost.
        quorum: bool,
    },
    /// A link went up or down.
    Link {
        /// Its name.
        name: LinkName,
        /// Up or down.
        up: bool,
        /// It was asked for its carrier: the kernel has not told.
        asked: bool,
    },
    /// A link appeared or is gone.
    LinkPresence {
        /// Its name.
        name: LinkName,
        /// Appeared or gone.
        present: bool,
    },
    /// A tracking script changed its mind.
    Script {
        /// Its name.
        name: String,
        /// What.
        fact: ScriptFact,
    },
    /// The packet filter could not be changed: packets to addresses that are not accepted may come in.
    FilterRefused {
        /// Why.
        why: String,
    },
    /// An advert came for a virtual router that nobody here has. Said once each.
    Stranger {
        /// The link it came in by.
        link: LinkName,
        /// Its virtual router identifier.
        vrid: u8,
    },
    /// Nothing is heard nor said for that long after the start (`vrrp_startup_delay`).
    StartupDelayed(Duration),
    /// That delay has passed.
    DelayPassed,
    /// A reload was carried out.
    Reloaded(ReloadSummary),
}

/// What can be said of an instance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum InstanceFact {
    /// It changed its state; scripts run for this.
    Entered {
        /// The new state.
        state: State,
        /// Its first.
        first: bool,
        /// Its effective priority.
        priority: Priority,
    },
    /// Another router's packet had something to it.
    Heard {
        /// Its source address.
        from: IpAddr,
        /// What.
        what: Heard,
    },
    /// A BFD session that it tracks went up or down.
    SessionChanged {
        /// The session.
        session: String,
        /// Up or down.
        up: bool,
    },
    /// No advert came in the master-down time.
    AdvertTimeout,
    /// It resumes as master after its worker was started anew.
    Resumed,
    /// A master gave up.
    ReleaseHeard {
        /// We are the master.
        as_master: bool,
        /// How many more were heard since that was last said.
        more: u64,
    },
    /// We gave up.
    ReleaseSent,
    /// It was not run for longer than backups wait, so it listens before it speaks.
    Paused {
        /// How late its advert is.
        late: Duration,
    },
    /// Another owner of the addresses did not give way, so we go down to 254.
    OtherOwnerStays,
    /// Another owner of the addresses gave way.
    OtherOwnerGone,
    /// It stays master, and runs the scripts of becoming one again for those that followed a rival.
    HooksRepeated {
        /// Its effective priority.
        priority: Priority,
    },
    /// Its priority fell below a rival's, so it gives up at once.
    SteppedDown {
        /// The rival's priority.
        rival: Priority,
    },
    /// The effective priority changed.
    PriorityChanged {
        /// Before.
        from: Priority,
        /// Now.
        to: Priority,
    },
    /// Another master is heard.
    MasterIs {
        /// The new one.
        now: IpAddr,
        /// The one before.
        before: Option<IpAddr>,
        /// How many more changes there were since that was last said.
        more: u64,
    },
    /// A delay before preemption began.
    PreemptDelayStarted(Duration),
    /// It was called off.
    PreemptDelayStopped,
    /// The master's interval was learnt.
    IntervalLearnt {
        /// Before.
        from: Duration,
        /// Now.
        to: Duration,
    },
    /// The addresses are asked for, or asked to go.
    Addresses {
        /// Wanted or not.
        wanted: bool,
        /// The excluded ones.
        excluded: bool,
    },
    /// Somebody else took something away that a master holds; it is put back.
    Lost(Thing),
    /// The kernel refused something.
    Refused {
        /// What.
        thing: Thing,
        /// The kernel's words.
        why: String,
    },
    /// A round of announcements for an address begins.
    Announcing {
        /// The address.
        address: IpAddr,
        /// The link.
        link: LinkName,
    },
    /// One announcement was sent.
    Announced {
        /// The address.
        address: IpAddr,
        /// The link.
        link: LinkName,
    },
    /// A reason not to take part arose.
    Faulted(FaultReason),
    /// A packet could not be sent. Said once until one can.
    SendFailed {
        /// The system's error number.
        code: i32,
        /// Its words.
        why: String,
    },
    /// It cannot listen.
    Deaf {
        /// The system's words.
        why: String,
    },
}

/// What can be said of a sync group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GroupFact {
    /// Its members follow one of them.
    Syncing(State),
    /// All its members are in this state; scripts run for this.
    Entered {
        /// The state.
        state: State,
        /// Its first.
        first: bool,
    },
}

/// What can be said of another router's packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    /// As master we give way to a higher priority.
    HigherPriority {
        /// Their priority.
        theirs: Priority,
        /// Ours.
        ours: Priority,
    },
    /// As master we give way to an equal with a higher address.
    HigherAddress {
        /// The priority of both.
        priority: Priority,
    },
    /// As master we heard a lesser one; `notify_master_rx_lower_pri` runs for this.
    LowerPriority {
        /// Their priority.
        theirs: Priority,
        /// Ours.
        ours: Priority,
        /// It was answered with an advert.
        answered: bool,
        /// How many more were heard since that was last said.
        more: u64,
    },
    /// As backup we heard a lesser master, which we do not wait for.
    LowerPriorityDiscarded {
        /// Their priority.
        theirs: Priority,
        /// How many more were heard since that was last said.
        more: u64,
    },
    /// Equal priority, and our own address.
    OwnAddress,
    /// It owns the addresses too.
    TwoOwners,
    /// Another interval than ours.
    IntervalDiffers {
        /// Ours.
        ours: Duration,
        /// Theirs.
        theirs: Duration,
    },
    /// Its clock is so far from ours that little is missing and its signatures are believed no more.
    ClockDiffers {
        /// By how many seconds it is ahead, or (negative) behind.
        ahead: i32,
        /// How many are allowed.
        window: Duration,
    },
    /// Another number of addresses than ours.
    AddressCountDiffers {
        /// Ours.
        ours: usize,
        /// Theirs.
        theirs: usize,
    },
    /// One of our addresses is not among as many of theirs.
    AddressMissing {
        /// Which.
        address: IpAddr,
        /// Of this virtual router.
        vrid: Vrid,
    },
    /// It was dropped. Not said each time; counted every time.
    Rejected {
        /// Why.
        why: Reject,
        /// How many more of the kind were dropped since that was last said.
        more: u64,
    },
    /// Its checksum is that of keepalived before 1.3.7, which is sent from now on.
    OldChecksum,
}

/// Something that a master holds in the kernel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Thing {
    /// An address on a link.
    Address(Prefix, LinkName),
    /// A route to a destination in a table.
    Route(Prefix, u32),
    /// A policy rule of a priority.
    Rule(u32),
    /// The virtual router's own link.
    Link(LinkName),
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(prefix, link) => write!(f, "{prefix} on {link}"),
            Self::Route(destination, table) => write!(f, "route to {destination} in table {table}"),
            Self::Rule(priority) => write!(f, "rule of priority {priority}"),
            Self::Link(link) => write!(f, "interface {link}"),
        }
    }
}

/// Why an instance does not take part.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum FaultReason {
    /// A link that matters is down.
    LinkDown(LinkName),
    /// A link that matters does not exist.
    LinkMissing(LinkName),
    /// The virtual router's own link does not exist.
    OwnLinkMissing(LinkName),
    /// The link has no address to send from.
    NoSourceAddress(host::Family),
    /// A script with weight 0 failed.
    Script(String),
    /// A script with weight 0 has not ended its first run.
    ScriptPending(String),
    /// It cannot listen.
    Deaf,
    /// The configured source address is absent, and tracked.
    SourceMissing,
    /// Unicast without a peer.
    NoPeer,
    /// A tracked file says so.
    File(String),
    /// A set of processes is not complete.
    Processes(String),
    /// Nothing is known of a BFD session yet.
    BfdPending(String),
    /// A BFD session is not up.
    Bfd(String),
}

impl fmt::Display for FaultReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinkDown(link) => write!(f, "(interface {link} down)"),
            Self::LinkMissing(link) | Self::OwnLinkMissing(link) => write!(f, "(interface {link} missing)"),
            Self::NoSourceAddress(family) => write!(f, "(no {family} address for interface)"),
            Self::Script(script) => write!(f, "due to script {script}"),
            Self::ScriptPending(script) => write!(f, "(script {script} pending)"),
            Self::Deaf => f.write_str("(cannot receive adverts)"),
            Self::SourceMissing => f.write_str("(src address not configured)"),
            Self::NoPeer => f.write_str("(no unicast peer)"),
            Self::File(file) => write!(f, "(tracked file {file})"),
            Self::Processes(name) => write!(f, "(tracked process {name} quorum not achieved)"),
            Self::BfdPending(name) => write!(f, "(tracked BFD instance {name} pending)"),
            Self::Bfd(name) => write!(f, "(tracked BFD instance {name} is down)"),
        }
    }
}

/// Why an advert was dropped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Reject {
    /// Its bytes are wrong.
    Decode(crate::wire::DecodeError),
    /// Its source is no configured peer.
    UnknownPeer,
    /// It carries no address, and ours has some.
    NoAddresses,
    /// The peer's TTL is out of its bounds.
    PeerTtl(u8),
}

/// What can be said of a tracking script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScriptFact {
    /// It counts as good.
    Succeeded,
    /// It counts as bad.
    Failed(Outcome),
    /// One run ended otherwise than the one before.
    Returned(Outcome),
    /// Its run had not ended when the next was due.
    StillRunning,
    /// Its result was carried over by a reload.
    CarriedOver {
        /// Good or bad.
        good: bool,
    },
}

/// What a reload did, by instances and addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ReloadSummary {
    /// Instances left as they were.
    pub kept: u32,
    /// Instances whose settings changed under way.
    pub adjusted: u32,
    /// Instances that are new.
    pub added: u32,
    /// Instances that are gone.
    pub removed: u32,
}
