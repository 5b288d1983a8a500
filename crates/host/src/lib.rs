//! The words between an engine and its machine: time, addresses, links, packets, orders and answers.
//!
//! An engine decides; a machine performs. Neither knows the other, both know these types. Read in this order:
//! [`time`], [`address`] and [`link`] are values; [`datagram`], [`udp`], [`network`], [`firewall`], [`ipvs`] and [`job`] are what
//! an engine may ask for, each with the port (a small trait) that a machine implements; [`arrival`] is all that a
//! machine can
//! tell; [`engine`] is the contract. [`bytes`] reads and writes what goes on the wire.
//!
//! No policy lives here, and nothing that only one engine knows.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod address;
pub mod arrival;
pub mod bytes;
pub mod datagram;
pub mod engine;
pub mod firewall;
pub mod ipvs;
pub mod job;
pub mod journal;
pub mod link;
pub mod network;
pub mod route;
pub mod time;
pub mod udp;
pub mod virtual_link;

pub use address::{Family, MacAddress, Prefix};
pub use arrival::Arrival;
pub use datagram::{Channel, Datagram, Datagrams, Delivery, Packet, Protocol};
pub use engine::Engine;
pub use firewall::{FilterTable, Firewall, FirewallOp};
pub use ipvs::{Ipvs, IpvsOp, IpvsSurvey, IpvsTable};
pub use job::{Account, Command, Job, JobId, Outcome};
pub use journal::{Journal, Severity};
pub use link::{Link, LinkIndex, LinkName};
pub use network::{LinkAddress, Network, NetworkOp, Refusal, Ticket};
pub use route::{Encapsulation, Insertion, NextHop, Route, RouteKey, Rule, RuleAction};
pub use time::{Instant, WallClock};
pub use udp::{Udp, UdpChannel, UdpDatagram, UdpDelivery, UdpUse, Way};
pub use virtual_link::{VirtualLink, VirtualLinkKind};
