//! All that a machine can tell.

use alloc::string::String;
use alloc::vec::Vec;

use crate::{
    Channel, Delivery, IpvsSurvey, Link, LinkAddress, LinkIndex, LinkName, Refusal, RouteKey, Rule, Ticket,
    UdpChannel, UdpDelivery, WallClock,
};

/// Something that happened on a machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Arrival {
    /// A packet came in on a channel.
    Received(Delivery),
    /// A datagram came in on a UDP channel.
    UdpReceived(UdpDelivery),
    /// The whole of links and addresses, addresses in the kernel's order. Comes first, and again whenever changes
    /// may have been missed: what it does not name is gone.
    Surveyed {
        /// Every link.
        links: Vec<Link>,
        /// Every address.
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
    /// An address was put on a link, by us or by others.
    AddressAdded(LinkAddress),
    /// An address was taken from a link, by us or by others.
    AddressRemoved(LinkAddress),
    /// A route was put, by us or by others.
    RouteAdded(RouteKey),
    /// A route was taken, by us or by others.
    RouteRemoved(RouteKey),
    /// A policy rule was put, by us or by others.
    RuleAdded(Rule),
    /// A policy rule was taken, by us or by others.
    RuleRemoved(Rule),
    /// An order was carried out or refused.
    Settled {
        /// The order.
        ticket: Ticket,
        /// Whether it was carried out.
        result: Result<(), Refusal>,
    },
    /// All that IPVS holds, or why it cannot be told ([`crate::Ipvs::survey_ipvs`]).
    IpvsSurveyed(IpvsSurvey),
    /// A datagram could not be sent.
    Unsent {
        /// [`crate::Datagram::tag`] or [`crate::UdpDatagram::tag`].
        tag: u64,
        /// Why.
        refusal: Refusal,
    },
    /// A channel could not be opened, or broke.
    Deaf {
        /// Which.
        channel: Channel,
        /// Why.
        refusal: Refusal,
    },
    /// A tracked file was read.
    FileRead {
        /// Name of its block.
        file: String,
        /// Its number; 0 if it has none.
        value: i64,
    },
    /// A set of tracked processes became complete, or incomplete.
    ProcessesCounted {
        /// Name of its block.
        name: String,
        /// It is complete.
        quorum: bool,
    },
    /// The driver of a link was asked for its carrier.
    CarrierRead {
        /// The link.
        link: LinkName,
        /// It has one.
        carrier: bool,
    },
    /// A UDP channel could not be opened, or broke. It is closed.
    UdpClosed {
        /// Which.
        channel: UdpChannel,
        /// Why.
        refusal: Refusal,
    },
    /// The clock on the wall was set, or is told of for the first time. Comes before the packets that came in after it.
    ClockSet(WallClock),
    /// The deadline that was asked for has passed.
    Woken,
}
