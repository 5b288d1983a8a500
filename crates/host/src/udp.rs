//! UDP as BFD needs it: the kernel writes the headers, the engine chooses ports, TTL and, if it must, the way out.

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::{Family, Instant, LinkIndex};

/// A UDP socket, named by what it is bound to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct UdpChannel {
    /// An address of this node, which may come and go, or the unspecified address of a family: any of that family,
    /// and of that family alone.
    pub address: IpAddr,
    /// Its port; not 0.
    pub port: u16,
}

impl UdpChannel {
    /// Internet Protocol version.
    pub const fn family(&self) -> Family {
        Family::of(self.address)
    }
}

/// What a channel is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum UdpUse {
    /// It only sends: what comes in is thrown away unread.
    Send,
    /// It sends, and tells what comes in.
    Listen,
}

/// How a datagram leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// As the routing table says.
    Routed,
    /// By this link, to a destination on it.
    Link(LinkIndex),
    /// In an Ethernet frame to this neighbour on this link, whatever address it is destined to: the neighbour
    /// forwards it. The source address need not be ours, and no channel needs to be open.
    Neighbour(LinkIndex, IpAddr),
}

/// A UDP datagram to send, marked as network control (DSCP CS6).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UdpDatagram {
    /// The channel that it leaves by, and its source.
    pub from: UdpChannel,
    /// Its destination, of the same family.
    pub to: SocketAddr,
    /// The way to it.
    pub way: Way,
    /// TTL or hop limit.
    pub hop_limit: u8,
    /// What follows the UDP header.
    pub payload: Vec<u8>,
    /// The number by which a failure to send comes back ([`crate::Arrival::Unsent`]).
    pub tag: u64,
}

/// A UDP datagram that arrived on a channel that listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UdpDelivery {
    /// The link that it came in by.
    pub link: LinkIndex,
    /// Its source. IPv4 is told as IPv4, never mapped.
    pub source: SocketAddr,
    /// Its destination: the address from the IP header, and the channel's port.
    pub destination: SocketAddr,
    /// TTL or hop limit, where the machine can tell.
    pub hop_limit: Option<u8>,
    /// When the host received it, which may be a little before it is told. What lay there for long is no older than a
    /// few milliseconds by this: later ones may have been lost, for want of room.
    pub at: Instant,
    /// What follows the UDP header.
    pub bytes: Vec<u8>,
}

/// The port for UDP.
pub trait Udp {
    /// Opens a channel. A failure, then or later, arrives as [`crate::Arrival::UdpClosed`].
    fn bind(&mut self, channel: UdpChannel, purpose: UdpUse);
    /// Closes a channel. One that is not open is left alone.
    fn unbind(&mut self, channel: UdpChannel);
    /// Sends, now or with others of the same turn. A failure arrives as [`crate::Arrival::Unsent`].
    fn send_udp(&mut self, datagram: UdpDatagram);
}
