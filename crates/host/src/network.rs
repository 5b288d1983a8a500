//! Orders to the kernel about addresses, and its answers.

use alloc::string::String;
use core::fmt;
use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{LinkIndex, LinkName, Prefix, Route, Rule, VirtualLink};

/// Names an order, so that its answer can be told from others'. Never used twice by one engine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Ticket(pub u64);

/// An address on a link with all that the kernel is told about it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LinkAddress {
    /// The link it is on.
    pub link: LinkIndex,
    /// Address and prefix length.
    pub prefix: Prefix,
    /// `IFA_BROADCAST`, IPv4 only.
    pub broadcast: Option<IpAddr>,
    /// `IFA_ADDRESS` of a point-to-point address.
    pub peer: Option<IpAddr>,
    /// `ifa_scope`: 0 global, 200 site, 253 link, 254 host, 255 nowhere. IPv4 only.
    pub scope: u8,
    /// `IFA_LABEL`, IPv4 only, at most 15 bytes.
    pub label: Option<String>,
    /// `IFA_F_*` bits.
    pub flags: u32,
    /// Preferred lifetime in seconds, IPv6 only; `None` is for ever.
    pub preferred_lifetime: Option<u32>,
    /// Valid lifetime in seconds: the kernel removes the address when it was not renewed for so long. `None` is for
    /// ever.
    pub valid_lifetime: Option<u32>,
}

impl LinkAddress {
    /// `IFA_F_NODAD`: no duplicate address detection.
    pub const NODAD: u32 = 0x02;
    /// `IFA_F_HOMEADDRESS`.
    pub const HOME: u32 = 0x10;
    /// `IFA_F_MANAGETEMPADDR`.
    pub const MANAGE_TEMPORARY: u32 = 0x100;
    /// `IFA_F_NOPREFIXROUTE`.
    pub const NO_PREFIX_ROUTE: u32 = 0x200;
    /// `IFA_F_MCAUTOJOIN`.
    pub const AUTOJOIN: u32 = 0x400;

    /// The address without any option.
    pub const fn plain(link: LinkIndex, prefix: Prefix) -> Self {
        Self {
            link,
            prefix,
            broadcast: None,
            peer: None,
            scope: 0,
            label: None,
            flags: 0,
            preferred_lifetime: None,
            valid_lifetime: None,
        }
    }
}

/// An order about links, addresses, routes or rules. What is to be put and is there already counts as put; what is to
/// be taken and is not there, or whose link is gone, counts as taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NetworkOp {
    /// Make a link with its settings and bring it up.
    AddLink(VirtualLink),
    /// Remove a link that we made, and restore the settings of its base.
    RemoveLink(LinkName),
    /// Let secondary IPv4 addresses of a link live on when the first goes.
    Promote(LinkIndex),
    /// Let that be as it was.
    Demote(LinkIndex),
    /// Put an address on a link, tagged with protocol number 18.
    AddAddress(LinkAddress),
    /// Let the lifetimes of an address begin anew.
    RenewAddress(LinkAddress),
    /// Take an address from a link.
    RemoveAddress(LinkAddress),
    /// Put a route.
    AddRoute(Route<LinkIndex>),
    /// Take a route.
    RemoveRoute(Route<LinkIndex>),
    /// Put a policy rule.
    AddRule(Rule),
    /// Take a policy rule.
    RemoveRule(Rule),
}

/// Why the machine did not do what it was asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The system's error number (`errno`).
    pub code: i32,
    /// The kernel's own words, or the name of the error.
    pub why: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (error {})", self.why, self.code)
    }
}

/// The port for orders to the kernel's network tables. Answers come as [`crate::Arrival::Settled`], in order; only that a
/// link is gone may be told after what was asked later.
pub trait Network {
    /// Hands an order in.
    fn submit(&mut self, ticket: Ticket, op: NetworkOp);
}
