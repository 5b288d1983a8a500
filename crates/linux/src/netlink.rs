//! What is said between us and the kernel about links, addresses, routes and policy rules (rtnetlink).
//!
//! Here messages are told apart and answers read; [`link`], [`address`], [`route`] and [`rule`] know what is in them.
//! [`orders`] hands orders in, [`watch`] surveys and follows changes: two sockets, so that a flood of changes costs no
//! answer. [`virtual_link`] is what is said about links that we make, by [`exchange`]; [`ipvs`] is about traffic to be
//! shared out and [`nftables`] about packets to be dropped, in other languages of the same grammar.

mod address;
mod attributes;
mod exchange;
pub(crate) mod ipvs;
mod link;
pub(crate) mod nftables;
mod orders;
mod route;
mod rule;
pub(crate) mod virtual_link;
mod vrf;
mod watch;

use std::net::IpAddr;
use std::os::fd::AsFd;

use host::{Family, Link, LinkAddress, LinkIndex, Refusal, RouteKey, Rule};
use netlink_packet_core::{NetlinkBuffer, NlaBuffer, NlasIterator};
use nix::sys::socket::{setsockopt, sockopt};

pub(crate) use exchange::Exchange;
pub use ipvs::read::fuzz_ipvs;
pub(crate) use orders::Orders;
pub use vrf::vrf_tables;
pub(crate) use watch::Watch;

/// Message types (linux/netlink.h, linux/rtnetlink.h).
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
pub(crate) const RTM_NEWLINK: u16 = 16;
pub(crate) const RTM_DELLINK: u16 = 17;
pub(crate) const RTM_GETLINK: u16 = 18;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const RTM_GETADDR: u16 = 22;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;
const RTM_GETROUTE: u16 = 26;
const RTM_NEWRULE: u16 = 32;
const RTM_DELRULE: u16 = 33;
const RTM_GETRULE: u16 = 34;
const RTM_NEWNETCONF: u16 = 80;

/// Flags of requests and of answers (linux/netlink.h).
const NLM_F_REQUEST: u16 = 0x01;
const NLM_F_MULTI: u16 = 0x02;
const NLM_F_ACK: u16 = 0x04;
const NLM_F_DUMP_INTR: u16 = 0x10;
const NLM_F_DUMP: u16 = 0x300;
const NLM_F_REPLACE: u16 = 0x100;
pub(crate) const NLM_F_EXCL: u16 = 0x200;
pub(crate) const NLM_F_CREATE: u16 = 0x400;
const NLM_F_APPEND: u16 = 0x800;
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;

/// Who put an address, a route or a rule, as the kernel keeps it (`RTPROT_KEEPALIVED`).
const KEEPALIVED: u8 = 18;

/// The attribute of an extended acknowledgement that holds words.
const NLMSGERR_ATTR_MSG: u16 = 1;

/// Bytes of a message's header.
const HEADER: usize = 16;
/// As much as the kernel puts into one datagram of a dump.
const BUFFER: usize = 64 * 1024;

/// What a message says.
#[derive(PartialEq, Debug)]
enum Said {
    /// There is a link, or it changed, and the routing domain that it is in. Whether it forwards IPv6 is not known
    /// yet.
    Link(Link, Option<LinkIndex>),
    /// A link is gone.
    LinkGone(LinkIndex),
    /// A link forwards IPv6 from now on, or no more.
    Forwarding(LinkIndex, bool),
    /// There is an address, or it changed.
    Address(LinkAddress),
    /// An address is gone.
    AddressGone(LinkAddress),
    /// There is a route of ours, or it changed.
    Route(RouteKey),
    /// A route is gone that may have been ours, or another's has taken its place.
    RouteGone(RouteKey),
    /// There is a policy rule of ours.
    Rule(Box<Rule>),
    /// A policy rule of ours is gone.
    RuleGone(Box<Rule>),
    /// A dump is complete.
    Done,
    /// A request was carried out or refused.
    Answer(Result<(), Refusal>),
    /// Something that is no concern of ours, or cannot be read.
    Other,
}

/// A message and what its header tells.
#[derive(PartialEq, Debug)]
struct Message {
    /// The request that it answers; 0 for none.
    sequence: u32,
    /// The tables changed while a dump was made: it may contradict itself.
    interrupted: bool,
    /// What it says.
    said: Said,
}

/// Takes a datagram apart. It ends at the first message whose length cannot be right.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Message> {
    std::iter::from_fn(move || {
        let buffer = NetlinkBuffer::new_checked(bytes).ok()?;
        let length = usize::try_from(buffer.length()).ok()?;
        let payload = bytes.get(HEADER..length)?;
        let message = Message {
            sequence: buffer.sequence_number(),
            interrupted: buffer.flags() & NLM_F_DUMP_INTR != 0,
            said: said(buffer.message_type(), buffer.flags(), payload),
        };
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
        Some(message)
    })
}

fn said(kind: u16, flags: u16, payload: &[u8]) -> Said {
    let read = match kind {
        RTM_NEWLINK => link::read(payload).map(|(link, domain)| Said::Link(link, domain)),
        RTM_DELLINK => link::read_index(payload).map(Said::LinkGone),
        RTM_NEWADDR => address::read(payload).map(Said::Address),
        RTM_DELADDR => address::read(payload).map(Said::AddressGone),
        RTM_NEWROUTE => match route::read(payload) {
            Some((key, KEEPALIVED)) => Some(Said::Route(key)),
            Some((key, _)) if flags & NLM_F_REPLACE != 0 => Some(Said::RouteGone(key)),
            Some(_) | None => None,
        },
        RTM_DELROUTE => {
            let ours = |(key, protocol)| (protocol == KEEPALIVED).then_some(Said::RouteGone(key));
            route::read(payload).and_then(ours)
        }
        RTM_NEWRULE => our_rule(payload).map(Said::Rule),
        RTM_DELRULE => our_rule(payload).map(Said::RuleGone),
        RTM_NEWNETCONF => link::read_forwarding(payload).map(|(link, does)| Said::Forwarding(link, does)),
        NLMSG_DONE => Some(Said::Done),
        NLMSG_ERROR => answer(flags, payload).map(Said::Answer),
        _ => None,
    };
    read.unwrap_or(Said::Other)
}

fn our_rule(payload: &[u8]) -> Option<Box<Rule>> {
    rule::read(payload).filter(|rule| rule.protocol == KEEPALIVED).map(Box::new)
}

/// Reads an acknowledgement. What is refused is told with the kernel's words, if it gave any:
///
/// ```text
/// | errno, negated (4) | header of the request (16) | its payload, unless CAPPED | attributes, if ACK_TLVS |
/// ```
fn answer(flags: u16, payload: &[u8]) -> Option<Result<(), Refusal>> {
    let (code, rest) = payload.split_first_chunk::<4>()?;
    let code = i32::from_ne_bytes(*code).checked_neg()?;
    if code == 0 {
        return Some(Ok(()));
    }
    let request = if flags & NLM_F_CAPPED != 0 {
        HEADER
    } else {
        let (length, _) = rest.split_first_chunk::<4>()?;
        aligned(usize::try_from(u32::from_ne_bytes(*length)).ok()?)
    };
    let attributes = if flags & NLM_F_ACK_TLVS != 0 { rest.get(request..) } else { None };
    let words = attributes.into_iter().flat_map(attributes_of).find_map(|(kind, value)| {
        (kind == NLMSGERR_ATTR_MSG).then(|| text(value)).filter(|words| !words.is_empty())
    });
    Some(Err(refusal(code, words)))
}

/// A refusal with the kernel's own words, or else the name of the error.
pub(crate) fn refusal(code: i32, words: Option<String>) -> Refusal {
    let why = words.unwrap_or_else(|| nix::errno::Errno::from_raw(code).desc().into());
    Refusal { code, why }
}

/// A refusal out of a failed call.
pub(crate) fn refused(cause: &std::io::Error) -> Refusal {
    match cause.raw_os_error() {
        Some(code) => refusal(code, None),
        None => Refusal { code: 0, why: cause.to_string() },
    }
}

/// The attributes in some bytes, up to the first that cannot be read.
fn attributes_of(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    NlasIterator::new(bytes).map_while(Result::ok).map(|attribute: NlaBuffer<&[u8]>| {
        let (kind, length) = (attribute.kind(), usize::from(attribute.length()));
        (kind, attribute.into_inner().get(4..length).unwrap_or_default())
    })
}

/// Text that ends at its first zero byte.
fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

/// A host-endian number of an attribute.
fn number(value: &[u8]) -> Option<u32> {
    value.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

/// An address of a family.
fn ip(family: Family, value: &[u8]) -> Option<IpAddr> {
    match family {
        Family::V4 => <[u8; 4]>::try_from(value).ok().map(IpAddr::from),
        Family::V6 => <[u8; 16]>::try_from(value).ok().map(IpAddr::from),
    }
}

/// The number of a family in the kernel, and the family of a number.
const fn family_number(family: Family) -> u8 {
    match family {
        Family::V4 => 2,
        Family::V6 => 10,
    }
}

fn family(number: u8) -> Option<Family> {
    [Family::V4, Family::V6].into_iter().find(|family| family_number(*family) == number)
}

/// Lengths are rounded up to 4 bytes (`NLMSG_ALIGN`).
const fn aligned(length: usize) -> usize {
    length.saturating_add(3) & !3
}

/// Gives a socket a receive buffer of so many bytes; by force, beyond the system's limit.
fn size(socket: &impl AsFd, bytes: u32, force: bool) -> std::io::Result<()> {
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    let sized = if force {
        setsockopt(socket, sockopt::RcvBufForce, &bytes)
    } else {
        setsockopt(socket, sockopt::RcvBuf, &bytes)
    };
    Ok(sized?)
}

/// Puts a header before a payload.
fn framed(kind: u16, flags: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let length = HEADER + payload.len();
    let mut bytes = vec![0; HEADER];
    let mut buffer = NetlinkBuffer::new(&mut bytes);
    buffer.set_length(u32::try_from(length).unwrap_or(u32::MAX));
    buffer.set_message_type(kind);
    buffer.set_flags(flags);
    buffer.set_sequence_number(sequence);
    bytes.extend_from_slice(payload);
    bytes
}

/// Reads any bytes as a datagram from the kernel, for a fuzzer: nothing may panic.
pub fn fuzz_netlink(bytes: &[u8]) {
    for message in messages(bytes) {
        std::hint::black_box(message);
    }
}

#[cfg(test)]
pub(crate) mod tests;
