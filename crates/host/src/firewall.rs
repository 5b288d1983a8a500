//! The packet filter that keeps virtual addresses to themselves: what is to be in it, as data.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use core::net::{Ipv4Addr, Ipv6Addr};

use crate::{LinkIndex, LinkName, Ticket};

/// A table of packet filter rules for a node. Where two of these are equal, so are their rules.
///
/// Packets to and from dropped addresses are dropped, but for IPv6 neighbour discovery. What VMACs would say of groups
/// and of themselves with the virtual Ethernet address is said by their bases or not at all: a switch must learn that
/// address from the master alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilterTable {
    /// Its name, 1 to 255 bytes; nobody else has a table of this name.
    pub name: String,
    /// When its chains see a packet among others' chains: less is earlier.
    pub priority: i32,
    /// Rules count what they match.
    pub counters: bool,
    /// For IPv4; `None` if no virtual router needs it.
    pub ipv4: Option<Ipv4Filter>,
    /// For IPv6; `None` if no virtual router needs it.
    pub ipv6: Option<Ipv6Filter>,
}

/// The IPv4 half of a [`FilterTable`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ipv4Filter {
    /// Addresses that are not for this node.
    pub dropped: BTreeSet<Ipv4Addr>,
    /// Bases of VMACs: reports of group membership leave by them instead.
    pub vmacs: BTreeMap<LinkIndex, LinkIndex>,
}

/// The IPv6 half of a [`FilterTable`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ipv6Filter {
    /// Addresses that are not for this node, and are not link-local.
    pub dropped: BTreeSet<Ipv6Addr>,
    /// Link-local addresses that are not for this node, each on its link.
    pub link_local: BTreeSet<(Ipv6Addr, LinkIndex)>,
    /// The same on links that come and go under one name.
    pub link_local_by_name: BTreeSet<(Ipv6Addr, LinkName)>,
    /// Bases of VMACs: reports of group membership leave by them instead, and routers are not asked for there.
    pub vmacs: BTreeMap<LinkIndex, LinkIndex>,
    /// Addresses of bases that are on VMACs too: their neighbours are not told that they have the virtual Ethernet
    /// address.
    pub of_bases: BTreeSet<(Ipv6Addr, LinkName)>,
}

impl FilterTable {
    /// This table with what another drops besides.
    pub fn with_dropped_of(mut self, other: &Self) -> Self {
        if let (Some(mine), Some(other)) = (&mut self.ipv4, &other.ipv4) {
            mine.dropped.extend(&other.dropped);
        }
        if let (Some(mine), Some(other)) = (&mut self.ipv6, &other.ipv6) {
            mine.dropped.extend(&other.dropped);
            mine.link_local.extend(&other.link_local);
            mine.link_local_by_name.extend(other.link_local_by_name.iter().cloned());
        }
        self
    }
}

/// An order about the packet filter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FirewallOp {
    /// Let this table take the place of the one of the same name, all at once.
    Install(FilterTable),
    /// Remove the table of this name. One that is not there counts as removed.
    Remove(String),
}

/// The port for orders to the packet filter. Answers come as [`crate::Arrival::Settled`].
pub trait Firewall {
    /// Hands an order in.
    fn filter(&mut self, ticket: Ticket, op: FirewallOp);
}
