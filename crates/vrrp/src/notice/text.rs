//! Notices as lines of the log, with Keepalived's wording where people and monitoring grep for it.

use core::fmt;
use core::net::IpAddr;

use host::{Outcome, Severity};

use super::{GroupFact, Heard, InstanceFact, Notice, Reject, ReloadSummary, ScriptFact, State, Thing};

impl Notice {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::Instance { fact, .. } => fact.severity(),
            Self::Group { fact: GroupFact::Entered { .. }, .. } => Severity::Detail,
            Self::Group { .. }
            | Self::Processes { .. }
            | Self::Link { .. }
            | Self::LinkPresence { .. }
            | Self::Stranger { .. }
            | Self::StartupDelayed(_)
            | Self::DelayPassed
            | Self::Reloaded(_) => Severity::Info,
            Self::FilterRefused { .. } => Severity::Warning,
            Self::Script { fact, .. } => match fact {
                ScriptFact::Returned(_) => Severity::Detail,
                ScriptFact::Succeeded
                | ScriptFact::Failed(_)
                | ScriptFact::StillRunning
                | ScriptFact::CarriedOver { .. } => Severity::Info,
            },
        }
    }
}

impl InstanceFact {
    fn severity(&self) -> Severity {
        match self {
            Self::AdvertTimeout
            | Self::MasterIs { .. }
            | Self::Addresses { .. }
            | Self::Announcing { .. }
            | Self::Announced { .. } => Severity::Detail,
            Self::Lost(_)
            | Self::Refused { .. }
            | Self::SendFailed { .. }
            | Self::Deaf { .. }
            | Self::Paused { .. }
            | Self::OtherOwnerStays
            | Self::Heard {
                what: Heard::TwoOwners | Heard::OwnAddress | Heard::ClockDiffers { .. }, ..
            } => Severity::Warning,
            Self::Heard { .. }
            | Self::Entered { .. }
            | Self::Resumed
            | Self::ReleaseHeard { .. }
            | Self::ReleaseSent
            | Self::SteppedDown { .. }
            | Self::OtherOwnerGone
            | Self::HooksRepeated { .. }
            | Self::SessionChanged { .. }
            | Self::PriorityChanged { .. }
            | Self::PreemptDelayStarted(_)
            | Self::PreemptDelayStopped
            | Self::IntervalLearnt { .. }
            | Self::Faulted(_) => Severity::Info,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance { name, fact } => instance(f, name, fact),
            Self::Group { name, fact: GroupFact::Syncing(state) } => {
                write!(f, "VRRP_Group({name}) Syncing instances to {state} state")
            }
            Self::Group { name, fact: GroupFact::Entered { state, .. } } => {
                write!(f, "VRRP_Group({name}) all instances in {state} state")
            }
            Self::Processes { name, quorum } => {
                write!(f, "Quorum {} for tracked process {name}", if *quorum { "gained" } else { "lost" })
            }
            Self::Link { name, up, asked } => {
                let who = if *asked { "Linkbeat" } else { "Netlink" };
                write!(f, "{who} reports {name} {}", if *up { "up" } else { "down" })
            }
            Self::LinkPresence { name, present } => {
                write!(f, "Interface {name} {}", if *present { "added" } else { "deleted" })
            }
            Self::FilterRefused { why } => write!(f, "The packet filter could not be changed: {why}"),
            Self::Script { name, fact } => script(f, name, *fact),
            Self::StartupDelayed(delay) => write!(f, "Delaying startup for {} seconds", delay.as_secs_f64()),
            Self::DelayPassed => f.write_str("Delayed start completed"),
            Self::Stranger { link, vrid } => {
                write!(f, "Unknown VRID({vrid}) received on interface({link}). ignoring...")
            }
            Self::Reloaded(summary) => summary.fmt(f),
        }
    }
}

impl fmt::Display for ReloadSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kept, adjusted, added, removed } = self;
        write!(f, "Instances: {kept} kept, {adjusted} adjusted, {added} added, {removed} removed")
    }
}

fn script(f: &mut fmt::Formatter<'_>, name: &str, fact: ScriptFact) -> fmt::Result {
    match fact {
        ScriptFact::Succeeded => write!(f, "VRRP_Script({name}) succeeded"),
        ScriptFact::Failed(Outcome::TimedOut) => write!(f, "VRRP_Script({name}) timed out"),
        ScriptFact::Failed(outcome) => write!(f, "VRRP_Script({name}) failed ({outcome})"),
        ScriptFact::Returned(Outcome::Exited(status)) => write!(f, "Script `{name}` now returning {status}"),
        ScriptFact::Returned(outcome) => write!(f, "Script `{name}` now {outcome}"),
        ScriptFact::StillRunning => write!(f, "Script `{name}` is still running, this run is skipped"),
        ScriptFact::CarriedOver { good } => {
            let word = if good { "successful" } else { "unsuccessful" };
            write!(f, "VRRP_Script({name}) considered {word} on reload")
        }
    }
}

const OTHER_OWNER_STAYS: &str = "rogue address owner continues to advertise - reducing our priority to 254";
const OTHER_OWNER_GONE: &str = "rogue address owner appears to have stopped advertising";
const HOOKS_REPEATED: &str = "still MASTER, running its scripts again after another router was heard";

fn instance(f: &mut fmt::Formatter<'_>, name: &str, fact: &InstanceFact) -> fmt::Result {
    let head = if matches!(fact, InstanceFact::SessionChanged { .. }) { "VRRP_Instance" } else { "" };
    write!(f, "{head}({name}) ")?;
    match fact {
        InstanceFact::SessionChanged { session, up } => {
            write!(f, "Tracked BFD instance {session} is {}", if *up { "UP" } else { "DOWN" })
        }
        InstanceFact::Entered { state, first, .. } => entered(f, *state, *first),
        InstanceFact::AdvertTimeout => f.write_str("Receive advertisement timeout"),
        InstanceFact::Resumed => f.write_str("Resuming as master after a restart of the process"),
        InstanceFact::OtherOwnerStays => f.write_str(OTHER_OWNER_STAYS),
        InstanceFact::OtherOwnerGone => f.write_str(OTHER_OWNER_GONE),
        InstanceFact::HooksRepeated { .. } => f.write_str(HOOKS_REPEATED),
        InstanceFact::ReleaseSent => f.write_str("sent 0 priority"),
        InstanceFact::Paused { late } => {
            let (seconds, micros) = (late.as_secs(), late.subsec_micros());
            write!(f, "advert {seconds}.{micros:06} seconds late, listening before sending")
        }
        InstanceFact::SteppedDown { rival } => write!(f, "stepping down for a rival with priority {rival}"),
        InstanceFact::ReleaseHeard { as_master, more } => {
            let words = ["Backup received priority 0 advertisement", "Master received priority 0 message"];
            write!(f, "{}{}", words[usize::from(*as_master)], More(*more))
        }
        InstanceFact::PriorityChanged { from, to } => {
            write!(f, "Changing effective priority from {from} to {to}")
        }
        InstanceFact::PreemptDelayStarted(delay) => {
            write!(f, "start preempt delay ({}.{:06})", delay.as_secs(), delay.subsec_micros())
        }
        InstanceFact::PreemptDelayStopped => f.write_str("stop preempt delay"),
        InstanceFact::IntervalLearnt { from, to } => {
            let (from, to) = (from.as_millis(), to.as_millis());
            write!(f, "advertisement interval updated from {from}ms to {to}ms by master")
        }
        InstanceFact::Addresses { wanted, excluded } => {
            let verb = if *wanted { "setting" } else { "removing" };
            write!(f, "{verb} {}VIPs.", if *excluded { "E-" } else { "" })
        }
        InstanceFact::Lost(Thing::Address(prefix, link)) => {
            let address = prefix.address();
            write!(f, "Netlink reflector reports IP {address} removed from {link}, putting it back")
        }
        InstanceFact::Lost(thing) => write!(f, "{thing} was removed by another, putting it back"),
        InstanceFact::Refused { thing, why } => write!(f, "cannot set {thing}: {why}"),
        InstanceFact::Announcing { address, link } => {
            let what = if address.is_ipv4() { "gratuitous ARPs" } else { "Unsolicited Neighbour Adverts" };
            write!(f, "Sending/queueing {what} on {link} for {address}")
        }
        InstanceFact::Announced { address, link } => {
            let what = if address.is_ipv4() { "gratuitous ARP" } else { "unsolicited Neighbour Advert" };
            write!(f, "Sending {what} on {link} for {address}")
        }
        InstanceFact::Faulted(reason) => write!(f, "entering FAULT state {reason}"),
        InstanceFact::SendFailed { code, why } => write!(f, "send advert error {code} ({why})"),
        InstanceFact::Deaf { why } => write!(f, "cannot receive adverts: {why}"),
        InstanceFact::MasterIs { now, before: None, more } => {
            write!(f, "master set to {now}{}", More(*more))
        }
        InstanceFact::MasterIs { now, before: Some(before), more } => {
            write!(f, "master changed from {before} to {now}{}", More(*more))
        }
        InstanceFact::Heard { from, what } => heard(f, *from, *what),
    }
}

fn entered(f: &mut fmt::Formatter<'_>, state: State, first: bool) -> fmt::Result {
    match state {
        State::Stop => f.write_str("Stopping"),
        State::Backup if first => f.write_str("Entering BACKUP STATE (init)"),
        State::Fault if first => f.write_str("entering FAULT state"),
        State::Init | State::Backup | State::Master | State::Fault | State::Deleted => {
            write!(f, "Entering {state} STATE")
        }
    }
}

/// What was heard from another router.
fn heard(f: &mut fmt::Formatter<'_>, from: IpAddr, what: Heard) -> fmt::Result {
    match what {
        Heard::HigherPriority { theirs, ours } => {
            write!(f, "Master received advert from {from} with higher priority {theirs}, ours {ours}")
        }
        Heard::HigherAddress { priority } => write!(
            f,
            "Master received advert from {from} with same priority {priority} but higher IP address than ours"
        ),
        Heard::LowerPriority { theirs, ours, answered, more } => {
            let tail = if answered { ", forcing new election" } else { "" };
            write!(
                f,
                "Received advert from {from} with lower priority {theirs}, ours {ours}{tail}{}",
                More(more)
            )
        }
        Heard::LowerPriorityDiscarded { theirs, more } => {
            write!(f, "received lower priority ({theirs}) advert from {from} - discarding{}", More(more))
        }
        Heard::OwnAddress => {
            f.write_str("WARNING - equal priority advert received from remote host with our IP address.")
        }
        Heard::TwoOwners => write!(
            f,
            "CONFIGURATION ERROR: local instance and {from} are both configured as address owner, please resolve"
        ),
        Heard::IntervalDiffers { ours, theirs } => write!(
            f,
            "advertisement interval mismatch with {from} mine={} sec rcv'd={} sec",
            ours.as_secs_f64(),
            theirs.as_secs_f64()
        ),
        Heard::ClockDiffers { ahead, window } => write!(
            f,
            "the clock of {from} is {} s {} ours, {} s are allowed",
            ahead.unsigned_abs(),
            if ahead > 0 { "ahead of" } else { "behind" },
            window.as_secs()
        ),
        Heard::Rejected { why, more } => {
            match why {
                Reject::Decode(error) => write!(f, "{}", error.heard_from(from))?,
                Reject::NoAddresses => write!(f, "advert from {from} carries no address")?,
                Reject::UnknownPeer => write!(f, "advert from {from}, which is no unicast peer")?,
                Reject::PeerTtl(ttl) => write!(f, "TTL {ttl} of unicast peer {from} out of its bounds")?,
            }
            write!(f, "{}", More(more))
        }
        Heard::OldChecksum => write!(f, "{from} uses the checksum of keepalived before 1.3.7, and so do we"),
        Heard::AddressCountDiffers { ours, theirs } => {
            write!(f, "received an unexpected ip number count {theirs}, expected {ours}! (from {from})")
        }
        Heard::AddressMissing { address, vrid } => write!(
            f,
            "ip address associated with VRID {vrid} not present in MASTER advert: {address} (from {from})"
        ),
    }
}

/// What was left out before a line.
struct More(u64);

impl fmt::Display for More {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(f, " ({} more since the last such line)", self.0) }
    }
}
