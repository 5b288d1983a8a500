//! Packets in and out.
//!
//! [`channels`] holds the receiving sockets, one a [`host::Channel`]; [`outbox`] the sending ones, one a link and
//! family, and what waits to be sent. [`raw`] and [`packet`] open sockets, [`filter`] is the program by which the
//! kernel picks what we want to see, [`control`] is the ancillary data beside a packet. [`udp`] holds UDP sockets, [`detour`] what
//! leaves by way of a neighbour.

mod channels;
mod control;
mod detour;
mod filter;
mod outbox;
mod packet;
mod raw;
mod udp;

pub(crate) use channels::{Channels, TURNS_UNTIL_EMPTY};
pub(crate) use outbox::Outbox;
pub(crate) use udp::UdpSockets;

/// The Virtual Router Redundancy Protocol's number (RFC 9568 §5.1.1.4).
const VRRP: u8 = 112;
/// That of the IP authentication header (RFC 2402 §2).
const AUTHENTICATION_HEADER: u8 = 51;

/// The number of a protocol in the IP header.
const fn number(protocol: host::Protocol) -> u8 {
    match protocol {
        host::Protocol::Vrrp => VRRP,
        host::Protocol::AuthenticationHeader => AUTHENTICATION_HEADER,
    }
}
