//! The head of a `virtual_server`, and its keywords that are read in ways of their own.

use host::Family;

use super::{Head, PersistenceBlock, QuorumBlock, SorryBlock, VIRTUAL_SERVER, VirtualServerBlock};
use crate::block::forwarding;
use crate::block::real_server::{REAL_SERVER, RealServerBlock};
use crate::diagnostic::{Class, Diagnostic, code};
use crate::table::Missing;
use crate::tree::NodeId;
use crate::value::{Reader, Set};
use host::ipvs::{Forwarding, Granularity, Transport};

/// Reads a block; `None`, with a complaint, if its head says nothing that could be served.
pub(crate) fn read(reader: &mut Reader<'_>, node: NodeId) -> Option<VirtualServerBlock> {
    let words = reader.arguments(node);
    let Some(&at) = words.first() else {
        reader.lacks_word(node, Missing::Stops);
        return None;
    };
    let (head, family) = match reader.text(at) {
        "fwmark" | "group" if words.len() < 2 => {
            reader.lacks_word(node, Missing::Stops);
            return None;
        }
        "fwmark" => {
            let mark = words.get(1).and_then(|&at| reader.integer(at, 0, i128::from(u32::MAX), false))?;
            let family = match words.get(2).map(|&word| reader.text(word)) {
                Some("inet") => Some(Family::V4),
                Some("inet6") => Some(Family::V6),
                _ => None,
            };
            (Head::Mark(u32::try_from(mark).ok()?), family)
        }
        "group" => (Head::Group(words.get(1).map_or("", |&name| reader.text(name)).to_owned()), None),
        _ => {
            let (address, port) = reader.endpoint(words, "the virtual server")?;
            (Head::Address(address, port), Some(Family::of(address)))
        }
    };
    let mut block = VirtualServerBlock::new(head, at, family);
    reader.block(&VIRTUAL_SERVER, node, &mut block);
    Some(block)
}

impl VirtualServerBlock {
    const fn new(head: Head, at: crate::source::Span, family: Option<Family>) -> Self {
        Self {
            head,
            at,
            family,
            lvs_sched: None,
            flags: [false; 3],
            ops: None,
            lvs_method: None,
            persistence: PersistenceBlock { engine: None, timeout: None, granularity: None },
            protocol: None,
            ha_suspend: None,
            smtp_alert: None,
            virtualhost: None,
            snmp_name: None,
            alpha: None,
            omega: None,
            inhibit_on_failure: None,
            quorum: QuorumBlock { quorum: None, hysteresis: None, up: None, down: None },
            weight: None,
            sorry_server: None,
            pace: crate::block::pace::PaceBlock::new(),
            real_servers: Vec::new(),
        }
    }
}

/// Settles the family, or complains that it is settled already as the other.
fn settle(
    reader: &mut Reader<'_>,
    at: crate::source::Span,
    block: &mut VirtualServerBlock,
    family: Family,
) -> bool {
    match block.family {
        Some(other) if other != family => {
            let message = format!("The virtual server is {other} already; the line is ignored");
            reader.complain(code::FAMILY, at, message);
            false
        }
        _ => {
            block.family = Some(family);
            true
        }
    }
}

pub(super) fn ip_family(reader: &mut Reader<'_>, node: NodeId, block: &mut VirtualServerBlock) {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let family = match reader.text(at) {
        "inet" => Family::V4,
        "inet6" => Family::V6,
        other => {
            let message = format!("`{other}` is no family; the line is ignored");
            reader.report.add(Diagnostic::new(code::BAD_WORD, at, message).help("inet or inet6"));
            return;
        }
    };
    settle(reader, at, block, family);
}

/// As keepalived: accepted with a scheduler that hashes, and nothing comes of it.
pub(super) fn hashed(reader: &mut Reader<'_>, node: NodeId, block: &mut VirtualServerBlock) {
    if !matches!(block.lvs_sched.as_ref().map(|set| set.value), Some("sh" | "mh")) {
        let at = reader.keyword(node);
        reader.complain(
            code::NOT_TOGETHER,
            at,
            "`hashed` goes with `lvs_sched sh` before it; it is \
            ignored",
        );
    }
}

/// `sh-port` and its like. As keepalived: with the other scheduler that hashes nothing is said.
pub(super) fn flag(reader: &mut Reader<'_>, node: NodeId, block: &mut VirtualServerBlock, wanted: &str) {
    let at = reader.keyword(node);
    let word = reader.text(at);
    // IP_VS_SVC_F_SCHED_SH_FALLBACK is the first flag, IP_VS_SVC_F_SCHED_SH_PORT the second; mh's are the same.
    let number = if word.ends_with("-fallback") { 0 } else { 1 };
    match block.lvs_sched.as_ref().map(|set| set.value) {
        Some(have) if have == wanted => block.flags[number] = true,
        Some("sh" | "mh") => {
            let message = format!("`{word}` goes with `lvs_sched {wanted}`; it is ignored");
            reader.report.add(Diagnostic::new(code::NOT_TOGETHER, at, message).class(Class::Silent));
        }
        _ => {
            let message = format!("`{word}` goes with `lvs_sched {wanted}` before it; it is ignored");
            reader.complain(code::NOT_TOGETHER, at, message);
        }
    }
}

pub(super) fn lvs_method(reader: &mut Reader<'_>, node: NodeId, block: &mut VirtualServerBlock) {
    if let Some(set) = forwarding::read(reader, node) {
        block.lvs_method = Some(set);
    }
}

pub(super) fn persistence_granularity(reader: &mut Reader<'_>, node: NodeId, block: &mut VirtualServerBlock) {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let word = reader.text(at);
    let family = block.family.unwrap_or(if word.contains('.') { Family::V4 } else { Family::V6 });
    let value = match family {
        Family::V4 => match mask(word) {
            Some(mask) => Granularity::Mask(mask),
            None => {
                let found = Diagnostic::new(code::BAD_ADDRESS, at, format!("`{word}` is no netmask"));
                reader.report.add(found.help("such as 255.255.255.0"));
                return;
            }
        },
        Family::V6 => match reader.integer(at, 1, 128, false).and_then(|bits| u8::try_from(bits).ok()) {
            Some(bits) => Granularity::Prefix(bits),
            None => return,
        },
    };
    block.family = Some(family);
    block.persistence.granularity = Some(Set { value, at });
}

/// A netmask in as many parts as the C library reads. Differs: a number of bits is a number of bits, where keepalived
/// takes `24` for 0.0.0.24.
fn mask(word: &str) -> Option<std::net::Ipv4Addr> {
    if let Ok(bits @ 1..=32) = word.parse::<u32>() {
        return Some(u32::MAX.checked_shl(32 - bits)?.into());
    }
    let parts: Vec<u32> = word.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (&last, front) = parts.split_last()?;
    if front.len() > 3 || front.iter().any(|part| *part > 255) {
        return None;
    }
    let room = 32 - 8 * u32::try_from(front.len()).ok()?;
    if u64::from(last) >= 1 << room {
        return None;
    }
    let front = front.iter().zip([24, 16, 8]).fold(0, |mask, (part, shift)| mask | part << shift);
    Some((front | last).into())
}

pub(super) fn protocol(reader: &mut Reader<'_>, node: NodeId, block: &mut VirtualServerBlock) {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let value = match reader.text(at).to_ascii_uppercase().as_str() {
        "TCP" => Transport::Tcp,
        "UDP" => Transport::Udp,
        "SCTP" => Transport::Sctp,
        _ => {
            let message =
                format!("`{}` is no protocol that can be balanced; the line is ignored", reader.text(at));
            reader.report.add(Diagnostic::new(code::BAD_WORD, at, message).help("TCP, UDP or SCTP"));
            return;
        }
    };
    block.protocol = Some(Set { value, at });
}

pub(super) fn sorry_server(reader: &mut Reader<'_>, node: NodeId, block: &mut VirtualServerBlock) {
    let words = reader.arguments(node);
    let Some(&at) = words.first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let Some((address, port)) = reader.endpoint(words, "the sorry server") else { return };
    if let Some(first) = &block.sorry_server {
        let found =
            Diagnostic::new(code::DUPLICATE, at, "There is a sorry server already").class(Class::Silent);
        reader.report.add(found.related(first.at, "the first, which this one replaces"));
    }
    block.sorry_server =
        Some(SorryBlock { address, port, at, inhibit: false, lvs_method: block.lvs_method.clone() });
}

pub(super) fn sorry_server_inhibit(reader: &mut Reader<'_>, node: NodeId, block: &mut VirtualServerBlock) {
    match &mut block.sorry_server {
        Some(sorry) => sorry.inhibit = true,
        None => before_sorry_server(reader, node),
    }
}

pub(super) fn sorry_server_lvs_method(reader: &mut Reader<'_>, node: NodeId, block: &mut VirtualServerBlock) {
    let Some(sorry) = &mut block.sorry_server else {
        before_sorry_server(reader, node);
        return;
    };
    if let Some(set) = forwarding::read(reader, node) {
        sorry.lvs_method = Some(set);
    }
}

fn before_sorry_server(reader: &mut Reader<'_>, node: NodeId) {
    let at = reader.keyword(node);
    let message = format!("`{}` must stand behind sorry_server; it is ignored", reader.text(at));
    reader.complain(code::NOT_TOGETHER, at, message);
}

pub(super) fn real_server(reader: &mut Reader<'_>, node: NodeId, block: &mut VirtualServerBlock) {
    let words = reader.arguments(node);
    let Some(&at) = words.first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let Some(endpoint) = reader.endpoint(words, "the real server") else { return };
    let mut server = RealServerBlock::new(endpoint, at);
    // As keepalived: what the virtual server says later does not count for a real server that stands before it.
    server.lvs_method.clone_from(&block.lvs_method);
    reader.block(&REAL_SERVER, node, &mut server);
    let tunnelled = matches!(&server.lvs_method, Some(Set { value: Forwarding::Tunnel(_), .. }));
    let family = Family::of(server.address);
    if !tunnelled && block.family.is_some_and(|have| have != family) {
        let message =
            format!("{} is not of the family of the virtual server; it is left out", server.address);
        let found = Diagnostic::new(code::FAMILY, at, message);
        reader.report.add(found.help("only a tunnel, lvs_method TUN, leads from one family to the other"));
        return;
    }
    if !tunnelled {
        block.family = Some(family);
    }
    block.real_servers.push(server);
}
