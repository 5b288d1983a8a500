//! The things that a node holds in the kernel, and the order in which they depend on one another.

use alloc::boxed::Box;
use core::net::IpAddr;

use host::{LinkAddress, LinkIndex, LinkName, NetworkOp, Prefix, Route, RouteKey, Rule, VirtualLink};

/// A thing to hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Item {
    /// A link that we make.
    Link(VirtualLink),
    /// Secondary IPv4 addresses of a link live on when the first goes.
    Promotion(LinkIndex),
    /// An address.
    Address(LinkAddress),
    /// A route.
    Route(Box<Route<LinkIndex>>),
    /// A policy rule.
    Rule(Box<Rule>),
}

/// Names a thing. As keepalived: links are put first, then addresses, routes and rules, and taken the other way
/// around; the order of this type is that order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Key {
    /// A link by its name.
    Link(LinkName),
    /// A setting of a link, needed before the second address comes and until all are gone.
    Promotion(LinkIndex),
    /// An address; the kernel tells two lengths of one address apart.
    Address {
        /// The link it is on.
        link: LinkIndex,
        /// The address.
        address: IpAddr,
        /// Its prefix length.
        length: u8,
    },
    /// A route.
    Route(RouteKey),
    /// A policy rule in its normal form.
    Rule(Box<Rule>),
}

impl Item {
    /// What names it.
    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Link(link) => Key::Link(link.name.clone()),
            Self::Promotion(link) => Key::Promotion(*link),
            Self::Address(address) => Key::of(address),
            Self::Route(route) => Key::Route(route.key()),
            Self::Rule(rule) => Key::of_rule(Rule::clone(rule).normal()),
        }
    }

    /// A route to hold.
    pub(crate) fn of_route(route: Route<LinkIndex>) -> Self {
        Self::Route(Box::new(route))
    }

    /// A policy rule to hold.
    pub(crate) fn of_rule(rule: Rule) -> Self {
        Self::Rule(Box::new(rule))
    }

    /// The order that puts it.
    pub(crate) fn put(self) -> NetworkOp {
        match self {
            Self::Link(link) => NetworkOp::AddLink(link),
            Self::Promotion(link) => NetworkOp::Promote(link),
            Self::Address(address) => NetworkOp::AddAddress(address),
            Self::Route(route) => NetworkOp::AddRoute(*route),
            Self::Rule(rule) => NetworkOp::AddRule(*rule),
        }
    }

    /// The order that takes it.
    pub(crate) fn take(self) -> NetworkOp {
        match self {
            Self::Link(link) => NetworkOp::RemoveLink(link.name),
            Self::Promotion(link) => NetworkOp::Demote(link),
            Self::Address(address) => NetworkOp::RemoveAddress(address),
            Self::Route(route) => NetworkOp::RemoveRoute(*route),
            Self::Rule(rule) => NetworkOp::RemoveRule(*rule),
        }
    }

    /// A thing of which only the name is known, enough to take it.
    pub(crate) fn bare(key: &Key) -> Option<NetworkOp> {
        Some(match key {
            Key::Link(name) => NetworkOp::RemoveLink(name.clone()),
            Key::Promotion(link) => NetworkOp::Demote(*link),
            Key::Address { link, address, length } => {
                NetworkOp::RemoveAddress(LinkAddress::plain(*link, Prefix::new(*address, *length)?))
            }
            Key::Route(key) => {
                let RouteKey { table, destination, tos, metric } = *key;
                NetworkOp::RemoveRoute(Route { table, tos, metric: Some(metric), ..Route::to(destination) })
            }
            Key::Rule(rule) => NetworkOp::RemoveRule(Rule::clone(rule)),
        })
    }
}

impl Key {
    /// The key of an address.
    pub(crate) fn of(address: &LinkAddress) -> Self {
        let (address, length, link) = (address.prefix.address(), address.prefix.length(), address.link);
        Self::Address { link, address, length }
    }

    /// The key of a rule in its normal form.
    pub(crate) fn of_rule(rule: Rule) -> Self {
        Self::Rule(Box::new(rule))
    }

    /// The link that an address or a setting is on; others outlive links, or tell of their end themselves.
    pub(crate) fn link(&self) -> Option<LinkIndex> {
        match self {
            Self::Address { link, .. } | Self::Promotion(link) => Some(*link),
            Self::Link(_) | Self::Route(_) | Self::Rule(_) => None,
        }
    }
}
