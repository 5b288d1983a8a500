//! What the engine can be told and what it can ask for.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use host::{Instant, Link, LinkIndex, Refusal, UdpChannel, UdpDatagram, UdpDelivery, UdpUse};
use serde::{Deserialize, Serialize};

use crate::config::{Audience, Config};
use crate::notice::Notice;

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A configuration takes effect: the first, or one that replaces another.
    Configured(Box<Config>),
    /// All links of the node.
    Surveyed(Vec<Link>),
    /// A link appeared or changed.
    LinkChanged(Link),
    /// A link is gone.
    LinkRemoved(LinkIndex),
    /// A packet arrived.
    Received(UdpDelivery),
    /// A packet could not be sent.
    Unsent {
        /// The datagram's tag.
        tag: u64,
        /// Why.
        refusal: Refusal,
    },
    /// A channel could not be opened or broke.
    Closed {
        /// Which.
        channel: UdpChannel,
        /// Why.
        refusal: Refusal,
    },
    /// Those who track sessions were started anew, and know nothing of them.
    TrackersCame,
    /// The deadline has passed. Packets that were there before it have been told.
    Wake,
    /// The daemon stops: neighbours are told AdminDown.
    Stop,
}

/// Something to do, in order. What is not here the engine cannot ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Open a channel.
    Bind(UdpChannel, UdpUse),
    /// Close a channel.
    Unbind(UdpChannel),
    /// Control and Echo packets.
    Send(UdpDatagram),
    /// Tell those who track a session.
    Tell(Verdict),
    /// A fact for people and monitoring.
    Notice(Notice),
}

/// What those who track a session are told: when its path comes and goes, and once at each configuration. Of a new
/// session that has not come up they hear nothing at first.
///
/// RFC 5882 §3.2 and As keepalived: that a neighbour is held down by an administrator says nothing of the path, and
/// nobody is told. Differs: if such a neighbour then falls silent, the path is dead, and that is told; Keepalived's
/// trackers would believe in it for ever.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// The session's name.
    pub session: String,
    /// Whether the path is alive.
    pub alive: bool,
    /// Since when; the machine's clock, which its processes share.
    pub at: Instant,
    /// Whom to tell.
    pub audience: Audience,
}
