//! What the engine can be told and what it can ask for.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use host::{
    Channel, Datagram, Delivery, FirewallOp, Instant, Job, JobId, Link, LinkAddress, LinkIndex, LinkName,
    NetworkOp, Outcome, Refusal, RouteKey, Rule, Ticket, WallClock,
};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::notice::Notice;

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A configuration takes effect: the first, or one that replaces another.
    Configured(Box<Config>),
    /// Before the first [`Event::Configured`] after a crash: what an earlier life was, so that its masters
    /// resume.
    Remembered(Vec<Memory>),
    /// All links and addresses of the node ([`host::Arrival::Surveyed`]). Nothing is decided before the first.
    Surveyed {
        /// Every link.
        links: Vec<Link>,
        /// Every address, in the kernel's order.
        addresses: Vec<LinkAddress>,
        /// Every route with protocol number 18.
        routes: Vec<RouteKey>,
        /// Every policy rule with protocol number 18.
        rules: Vec<Rule>,
    },
    /// A link appeared or changed.
    LinkChanged(Link),
    /// A link is gone.
    LinkRemoved(LinkIndex),
    /// An address was put on a link.
    AddressAdded(LinkAddress),
    /// An address was taken from a link.
    AddressRemoved(LinkAddress),
    /// A route was put, by us or by others.
    RouteAdded(RouteKey),
    /// A route was taken, by us or by others.
    RouteRemoved(RouteKey),
    /// A policy rule was put, by us or by others.
    RuleAdded(Rule),
    /// A policy rule was taken, by us or by others.
    RuleRemoved(Rule),
    /// A packet arrived.
    Received(Delivery),
    /// A packet could not be sent.
    Unsent {
        /// The datagram's tag.
        tag: u64,
        /// Why.
        refusal: Refusal,
    },
    /// A channel could not be opened or broke.
    Deaf {
        /// Which.
        channel: Channel,
        /// Why.
        refusal: Refusal,
    },
    /// An order to the kernel was carried out or refused.
    Settled {
        /// Which.
        ticket: Ticket,
        /// Whether it was carried out.
        result: Result<(), Refusal>,
    },
    /// A tracking script's run ended.
    JobEnded(JobId, Outcome),
    /// A tracked file holds this number.
    FileRead {
        /// Name of the file's block.
        file: String,
        /// Its number; 0 if it has none.
        value: i64,
    },
    /// A set of tracked processes is complete, or is not.
    ProcessesCounted {
        /// Name of its block.
        name: String,
        /// Its quorum is there.
        quorum: bool,
    },
    /// The driver of a link was asked for its carrier.
    CarrierRead {
        /// The link.
        link: LinkName,
        /// It has one.
        carrier: bool,
    },
    /// A BFD session went up or down.
    BfdChanged {
        /// Its name.
        name: String,
        /// Up or down.
        up: bool,
    },
    /// The clock on the wall was set, or is told of for the first time.
    ClockSet(WallClock),
    /// All counters begin anew.
    ClearCounters,
    /// The deadline has passed.
    Wake,
    /// The daemon stops: masters give up, addresses go.
    Stop,
}

/// Something to do, in order. What is not here the engine cannot ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Listen on a channel for these virtual router identifiers (sorted), or change what an open one lets pass.
    Listen(Channel, Vec<u8>),
    /// What came in on a channel and is not taken in yet may be so many bytes.
    Size(Channel, u32),
    /// Stop listening on a channel.
    Ignore(Channel),
    /// Adverts, gratuitous ARP, neighbour advertisements.
    Send(Datagram),
    /// Links of our own, addresses, routes, rules.
    Network(Ticket, NetworkOp),
    /// What the packet filter drops.
    Firewall(Ticket, FirewallOp),
    /// Start a tracking script.
    Run(JobId, Job),
    /// End a tracking script that runs.
    End(JobId),
    /// A fact for people and monitoring.
    Notice(Notice),
}

/// What the supervisor keeps of an instance, so that a worker that crashed resumes as master.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Memory {
    /// The instance's name.
    pub instance: String,
    /// When the worker that was its master was last known to live. An advert went out at most one interval before.
    pub master_until: Instant,
}
