//! How the engine stands: plain data, rendered elsewhere.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use host::{Channel, Family, Instant, Link, LinkName, Prefix};
use serde::{Deserialize, Serialize};

use crate::config::{Priority, Version, Vrid};
use crate::notice::{FaultReason, State};
use crate::wire::Coverage;

/// How all instances stand, in the order of the configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Status {
    /// One each.
    pub instances: Vec<InstanceStatus>,
    /// One a tracking script.
    pub scripts: Vec<ScriptStatus>,
    /// One a sync group, in the order of the configuration.
    pub groups: Vec<GroupStatus>,
    /// What each tracked file holds that was read.
    pub files: Vec<FileStatus>,
    /// How late timers were. Nothing from the engine, which has no clock: whoever wakes it fills it in.
    pub lateness: Lateness,
    /// One a link of the host, in the kernel's order.
    pub links: Vec<LinkStatus>,
    /// One a tracked set of processes. Empty from the engine: whoever counts them fills it in.
    pub processes: Vec<ProcessStatus>,
}

/// How a link stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkStatus {
    /// What the kernel says of it.
    pub link: Link,
    /// Its first address of IPv4.
    pub ipv4: Option<Ipv4Addr>,
    /// Its first link-local address of IPv6.
    pub ipv6: Option<Ipv6Addr>,
    /// It counts as up: otherwise than [`Self::link`] says while a delay runs.
    pub counts_up: bool,
    /// How long it must be down, and up, until that counts.
    pub delays: (Duration, Duration),
}

/// How late the worker was woken for its deadlines, since it began.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Lateness {
    /// Deadlines that it was woken for.
    pub wakes: u64,
    /// Of those, more than a millisecond late.
    pub over_1_ms: u64,
    /// More than ten.
    pub over_10_ms: u64,
    /// More than a hundred.
    pub over_100_ms: u64,
    /// The latest of all.
    pub worst: Duration,
}

impl Lateness {
    /// Counts a deadline that it was woken for so late.
    pub fn count(&mut self, late: Duration) {
        let Self { wakes, over_1_ms, over_10_ms, over_100_ms, worst } = self;
        *wakes += 1;
        *over_1_ms += u64::from(late > Duration::from_millis(1));
        *over_10_ms += u64::from(late > Duration::from_millis(10));
        *over_100_ms += u64::from(late > Duration::from_millis(100));
        *worst = late.max(*worst);
    }
}

/// How a sync group stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GroupStatus {
    /// Its name.
    pub name: String,
    /// The state that people were told last; `None` before the first.
    pub state: Option<State>,
}

/// How a tracked file stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileStatus {
    /// Name of its block.
    pub name: String,
    /// Its number.
    pub value: i64,
}

/// How a tracked set of processes stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProcessStatus {
    /// Name of its block.
    pub name: String,
    /// It is complete.
    pub quorum: bool,
    /// How many processes it has.
    pub number: u32,
    /// It becomes complete after a delay.
    pub fork_delay_runs: bool,
    /// It becomes incomplete after a delay.
    pub terminate_delay_runs: bool,
}

/// How one instance stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InstanceStatus {
    /// Its name.
    pub name: String,
    /// Its link; `None` for one that leaves it to the routing table.
    pub link: Option<LinkName>,
    /// Its family.
    pub family: Family,
    /// Its virtual router identifier.
    pub vrid: Vrid,
    /// Its version.
    pub version: Version,
    /// Its state.
    pub state: State,
    /// Since when.
    pub since: Instant,
    /// Priority from the file.
    pub base_priority: Priority,
    /// Priority with what is tracked.
    pub effective_priority: Priority,
    /// Address that adverts come from, if there is one.
    pub source: Option<IpAddr>,
    /// The master last heard, with its priority.
    pub master: Option<(IpAddr, Priority)>,
    /// The interval that counts: the master's as learnt, or our own.
    pub interval: Duration,
    /// Why it is in fault; empty otherwise.
    pub faults: Vec<FaultReason>,
    /// Every virtual address with its link, and whether the kernel has it.
    pub addresses: Vec<(Prefix, LinkName, bool)>,
    /// What the checksum of the last advert that counted covered. Of version 3 over IPv4 there are two readings.
    pub checksum: Option<Coverage>,
    /// What it listens on; `None` while its link or its address is missing.
    pub channel: Option<Channel>,
    /// Bytes that it asks for in the receive buffer of its socket; `None` asks for nothing.
    pub receive_buffer: Option<u32>,
    /// What was counted.
    pub counters: Counters,
}

/// How a tracking script stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ScriptStatus {
    /// Its name.
    pub name: String,
    /// Good, bad, or not known yet.
    pub good: Option<bool>,
}

/// What an instance counts since it began. Upstream's statistics file names them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Adverts accepted.
    pub adverts_received: u64,
    /// Adverts sent, one each round, however many peers.
    pub adverts_sent: u64,
    /// Times it became master.
    pub became_master: u64,
    /// Times it ceased to be.
    pub released_master: u64,
    /// Packets too short, or with a length that does not fit their count.
    pub packet_length: u64,
    /// TTL or hop limit not 255, or out of a peer's bounds.
    pub ttl: u64,
    /// Type not 1.
    pub invalid_type: u64,
    /// Version 2: another interval than ours.
    pub interval: u64,
    /// Other addresses than ours, or the wrong kind of destination.
    pub address_list: u64,
    /// Authentication type that does not exist.
    pub invalid_authentication_type: u64,
    /// Authentication type that is not ours.
    pub authentication_type_mismatch: u64,
    /// Wrong password, or an authentication header that is not right.
    pub authentication_failure: u64,
    /// Signatures that were not believed.
    pub signatures: SignatureCounters,
    /// Adverts of priority 0 received.
    pub release_received: u64,
    /// Adverts of priority 0 sent.
    pub release_sent: u64,
    /// Another version than ours.
    pub version: u64,
    /// Wrong checksum.
    pub checksum: u64,
    /// Source not among the peers.
    pub unknown_peer: u64,
    /// Addresses that others removed and that were put back.
    pub addresses_restored: u64,
    /// Adverts that could not be sent.
    pub unsent: u64,
}

/// Adverts that were dropped for their signature (`auth_hmac`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SignatureCounters {
    /// None where there must be one.
    pub missing: u64,
    /// Of another type, or with something in the reserved field.
    pub malformed: u64,
    /// By a key that we do not have.
    pub unknown_key: u64,
    /// Not that of the key that it names.
    pub wrong: u64,
    /// Too far from our clock.
    pub stale: u64,
    /// Used before.
    pub replayed: u64,
}
