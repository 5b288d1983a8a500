//! Routes and policy rules, as far as a configuration can say them.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{Family, Prefix};

/// A route. `L` names a link: by [`crate::LinkName`] in a configuration, by [`crate::LinkIndex`] in an order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Route<L> {
    /// `rtm_type`: 1 unicast, 2 local, 3 broadcast, 4 anycast, 5 multicast, 6 blackhole, 7 unreachable,
    /// 8 prohibit, 9 throw.
    pub kind: u8,
    /// Where it leads to; 0.0.0.0/0 or ::/0 is the default route.
    pub destination: Prefix,
    /// `RTA_SRC`, IPv6 only.
    pub from: Option<Prefix>,
    /// Table; 254 is main.
    pub table: u32,
    /// `rtm_scope`: 0 global, 200 site, 253 link, 254 host, 255 nowhere.
    pub scope: u8,
    /// `rtm_protocol`; 18 is Keepalived's.
    pub protocol: u8,
    /// Type of service.
    pub tos: u8,
    /// `RTA_PRIORITY`; `None` is the kernel's default: 0 for IPv4, 1024 for IPv6.
    pub metric: Option<u32>,
    /// `RTA_PREFSRC`.
    pub preferred_source: Option<IpAddr>,
    /// `RTA_FLOW`: destination realm, and source realm in the upper half.
    pub realms: Option<u32>,
    /// Where packets go next. One for most routes; none for blackholes; several share the traffic.
    pub hops: Vec<NextHop<L>>,
    /// Of `RTA_METRICS` the number and value of each, in ascending order.
    pub metrics: Vec<(u16, u32)>,
    /// `RTAX_LOCK`: bits of metrics that may not be learnt.
    pub locked: u32,
    /// `RTAX_CC_ALGO`.
    pub congestion_control: Option<String>,
    /// `RTA_EXPIRES` in seconds, IPv6 only.
    pub expires: Option<u32>,
    /// `RTA_PREF`, IPv6 only: 0 medium, 1 high, 3 low.
    pub preference: Option<u8>,
    /// `RTA_TTL_PROPAGATE`.
    pub ttl_propagate: Option<bool>,
    /// Where it goes among routes of the same key.
    pub insertion: Insertion,
}

/// Where a route goes among others of the same key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub enum Insertion {
    /// Before them (`NLM_F_CREATE`, as `ip route prepend`).
    #[default]
    Prepend,
    /// After them.
    Append,
    /// Only if there are none.
    Exclusive,
    /// In the place of the first of them (`NLM_F_REPLACE`). No configuration says so.
    Replace,
}

/// One next hop of a route.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct NextHop<L> {
    /// Gateway; of the other family than the route's it goes by `RTA_VIA`.
    pub via: Option<IpAddr>,
    /// Link.
    pub link: Option<L>,
    /// 1 to 256; the kernel is told one less.
    pub weight: u16,
    /// `RTNH_F_ONLINK`.
    pub onlink: bool,
    /// `RTA_FLOW` of this hop.
    pub realms: Option<u32>,
    /// Encapsulation.
    pub encapsulation: Option<Encapsulation>,
}

/// Lightweight tunnel of a next hop (`RTA_ENCAP`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Encapsulation {
    /// Labels from the outermost in.
    Mpls(Vec<u32>),
    /// An IP tunnel, IPv4 or IPv6 by its destination.
    Ip {
        /// Tunnel identifier.
        id: Option<u64>,
        /// Outer destination; its family is the tunnel's.
        destination: IpAddr,
        /// Outer source.
        source: Option<IpAddr>,
        /// Type of service or traffic class.
        tos: Option<u8>,
        /// TTL or hop limit.
        ttl: Option<u8>,
        /// `LWTUNNEL_IP_FLAGS`.
        flags: Option<u16>,
    },
    /// Identifier-locator addressing.
    Ila(u64),
}

impl<L> Route<L> {
    /// A unicast route of the main table without options.
    pub const fn to(destination: Prefix) -> Self {
        Self {
            kind: 1,
            destination,
            from: None,
            table: 254,
            scope: 0,
            protocol: 18,
            tos: 0,
            metric: None,
            preferred_source: None,
            realms: None,
            hops: Vec::new(),
            metrics: Vec::new(),
            locked: 0,
            congestion_control: None,
            expires: None,
            preference: None,
            ttl_propagate: None,
            insertion: Insertion::Prepend,
        }
    }

    /// What tells it from other routes of the kernel.
    pub fn key(&self) -> RouteKey {
        let default_metric = match self.destination.family() {
            Family::V4 => 0,
            Family::V6 => 1024,
        };
        RouteKey {
            table: self.table,
            destination: self.destination.network(),
            tos: self.tos,
            metric: self.metric.unwrap_or(default_metric),
        }
    }

    /// The same route with its links named otherwise; `None` if one has no such name.
    pub fn relink<M>(&self, mut name: impl FnMut(&L) -> Option<M>) -> Option<Route<M>> {
        let mut hops = Vec::with_capacity(self.hops.len());
        for hop in &self.hops {
            let NextHop { via, link, weight, onlink, realms, encapsulation } = hop;
            let link = match link {
                Some(link) => Some(name(link)?),
                None => None,
            };
            let (weight, onlink, realms) = (*weight, *onlink, *realms);
            hops.push(NextHop {
                via: *via,
                link,
                weight,
                onlink,
                realms,
                encapsulation: encapsulation.clone(),
            });
        }
        Some(Route {
            kind: self.kind,
            destination: self.destination,
            from: self.from,
            table: self.table,
            scope: self.scope,
            protocol: self.protocol,
            tos: self.tos,
            metric: self.metric,
            preferred_source: self.preferred_source,
            realms: self.realms,
            hops,
            metrics: self.metrics.clone(),
            locked: self.locked,
            congestion_control: self.congestion_control.clone(),
            expires: self.expires,
            preference: self.preference,
            ttl_propagate: self.ttl_propagate,
            insertion: self.insertion,
        })
    }
}

/// What tells one route from another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RouteKey {
    /// Table.
    pub table: u32,
    /// Destination.
    pub destination: Prefix,
    /// Type of service.
    pub tos: u8,
    /// Metric.
    pub metric: u32,
}

/// A policy rule. Links are named by name, since the kernel takes names that do not exist yet.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// Family.
    pub family: Family,
    /// `FRA_PRIORITY`: lower is earlier.
    pub priority: u32,
    /// What a packet that matches is subject to.
    pub action: RuleAction,
    /// `FIB_RULE_INVERT`.
    pub invert: bool,
    /// `FRA_SRC`.
    pub from: Option<Prefix>,
    /// `FRA_DST`.
    pub to: Option<Prefix>,
    /// Type of service.
    pub tos: u8,
    /// `FRA_FWMARK` and, if given, `FRA_FWMASK`.
    pub mark: Option<(u32, Option<u32>)>,
    /// `FRA_IIFNAME`.
    pub input: Option<String>,
    /// `FRA_OIFNAME`.
    pub output: Option<String>,
    /// `FRA_UID_RANGE`.
    pub uids: Option<(u32, u32)>,
    /// `FRA_IP_PROTO`.
    pub ip_protocol: Option<u8>,
    /// `FRA_SPORT_RANGE`.
    pub source_ports: Option<(u16, u16)>,
    /// `FRA_DPORT_RANGE`.
    pub destination_ports: Option<(u16, u16)>,
    /// `FRA_TUN_ID`.
    pub tunnel: Option<u64>,
    /// `FRA_FLOW`.
    pub realms: Option<u32>,
    /// `FRA_SUPPRESS_PREFIXLEN`.
    pub suppress_prefix_length: Option<u32>,
    /// `FRA_SUPPRESS_IFGROUP`.
    pub suppress_group: Option<u32>,
    /// `FRA_PROTOCOL`; 18 is Keepalived's.
    pub protocol: u8,
}

impl Rule {
    /// A rule of Keepalived's that matches every packet of a family.
    pub const fn plain(family: Family, priority: u32, action: RuleAction) -> Self {
        Self {
            family,
            priority,
            action,
            invert: false,
            from: None,
            to: None,
            tos: 0,
            mark: None,
            input: None,
            output: None,
            uids: None,
            ip_protocol: None,
            source_ports: None,
            destination_ports: None,
            tunnel: None,
            realms: None,
            suppress_prefix_length: None,
            suppress_group: None,
            protocol: 18,
        }
    }

    /// The rule as the kernel tells of it, without what says nothing: a prefix or a mask of no bits, a zero that stands
    /// for "any". Rules that the kernel cannot tell apart have equal normal forms.
    pub fn normal(mut self) -> Self {
        self.from = self.from.filter(|prefix| prefix.length() > 0);
        self.to = self.to.filter(|prefix| prefix.length() > 0);
        self.mark = match self.mark {
            Some((0, None | Some(0))) => None,
            Some((0, mask)) => Some((0, mask)),
            Some((mark, mask)) => Some((mark, mask.filter(|mask| *mask != u32::MAX))),
            None => None,
        };
        self.input = self.input.filter(|name| !name.is_empty());
        self.output = self.output.filter(|name| !name.is_empty());
        self.ip_protocol = self.ip_protocol.filter(|number| *number != 0);
        self.tunnel = self.tunnel.filter(|id| *id != 0);
        // The kernel keeps realms for IPv4 alone.
        self.realms = self.realms.filter(|realms| *realms != 0 && self.family == Family::V4);
        self.suppress_prefix_length = self.suppress_prefix_length.filter(|length| *length != u32::MAX);
        self.suppress_group = self.suppress_group.filter(|group| *group != u32::MAX);
        self
    }
}

/// What a policy rule does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum RuleAction {
    /// Look the packet up in a table.
    Table(u32),
    /// Look it up in the table of its virtual routing domain (`FRA_L3MDEV`).
    L3mdev,
    /// Go on with the rule of this priority.
    Goto(u32),
    /// Nothing.
    Nop,
    /// Drop.
    Blackhole,
    /// Refuse as unreachable.
    Unreachable,
    /// Refuse as prohibited.
    Prohibit,
}
