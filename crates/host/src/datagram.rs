//! Packets that an engine sends and receives, and the channels that it listens on.

use alloc::vec::Vec;
use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{Family, LinkIndex};

/// What an engine listens on: one group or one own address on one link.
///
/// A machine opens one socket a channel and lets pass only what its engine asked for, so that others' traffic on
/// a busy segment wakes nobody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Channel {
    /// The link that packets come in by.
    pub link: LinkIndex,
    /// A multicast group to join, or an address of this node (which may come and go) to be bound to.
    pub address: IpAddr,
    /// What its packets are.
    pub protocol: Protocol,
}

/// What the packets of a channel are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Protocol {
    /// IP protocol 112: adverts.
    Vrrp,
    /// IP protocol 51: adverts behind an authentication header. IPv4 only.
    AuthenticationHeader,
}

impl Channel {
    /// Internet Protocol version.
    pub const fn family(&self) -> Family {
        Family::of(self.address)
    }

    /// Whether it is a group.
    pub const fn is_multicast(&self) -> bool {
        self.address.is_multicast()
    }
}

/// A packet to send. The bytes are complete up to the layer that the variant names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Packet {
    /// A whole IPv4 packet, header included. The kernel fills in the header checksum only.
    Ipv4(Vec<u8>),
    /// The payload of an IPv6 packet of protocol 112; the kernel writes the header and, at offset 6, the
    /// checksum (RFC 3542 §3.1).
    Ipv6 {
        /// Source address: one that the link has.
        source: IpAddr,
        /// Destination.
        destination: IpAddr,
        /// Hop limit; `None` for the kernel's default.
        hop_limit: Option<u8>,
        /// What follows the IPv6 header.
        payload: Vec<u8>,
    },
    /// A whole Ethernet frame without its check sequence.
    Ethernet(Vec<u8>),
}

/// A packet and the link that it leaves by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Datagram {
    /// The link to send on.
    pub link: LinkIndex,
    /// What to send.
    pub packet: Packet,
    /// The number by which a failure to send comes back ([`crate::Arrival::Unsent`]).
    pub tag: u64,
}

/// A packet that arrived on a channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// The link that it came in by.
    pub link: LinkIndex,
    /// Source address from the IP header.
    pub source: IpAddr,
    /// Destination address from the IP header.
    pub destination: IpAddr,
    /// TTL or hop limit, where the machine can tell.
    pub hop_limit: Option<u8>,
    /// IPv4: the whole packet, header included. IPv6: what follows the IPv6 header.
    pub bytes: Vec<u8>,
}

/// The port for packets.
pub trait Datagrams {
    /// Opens a channel, or changes what an open one lets pass: adverts of these virtual router identifiers
    /// (sorted, without repeats). A failure arrives as [`crate::Arrival::Deaf`].
    fn listen(&mut self, channel: Channel, vrids: &[u8]);
    /// Sets the receive buffer of an open channel, in bytes. What the system does not allow is cut to what it does.
    fn size(&mut self, _channel: Channel, _bytes: u32) {}
    /// Closes a channel. One that is not open is left alone.
    fn ignore(&mut self, channel: Channel);
    /// Sends, now or with others of the same turn. A failure arrives as [`crate::Arrival::Unsent`].
    fn send(&mut self, datagram: Datagram);
    /// What was handed over leaves before anything else is done. A machine that sends at once has nothing to do.
    fn dispatch(&mut self) {}
}
