//! Keywords of `global_defs` that are read in ways of their own.

use std::net::IpAddr;

use host::LinkName;

use super::{GlobalDefsBlock, Process};
use crate::diagnostic::{Diagnostic, code};
use crate::effective::{ReceiveBuffers, SyncDaemon};
use crate::table::Missing;
use crate::tree::NodeId;
use crate::value::{Reader, Set, c_integer};

const U32: u64 = 4_294_967_295;

pub(super) fn smtp_server(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    let arguments = reader.arguments(node);
    let Some(&at) = arguments.first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let mut port = 25;
    if let Some(&word) = arguments.get(1) {
        match reader.integer(word, 1, 65_535, false).and_then(|port| u16::try_from(port).ok()) {
            Some(number) => port = number,
            None => return,
        }
    }
    block.smtp_server = Some(Set { value: (reader.text(at).to_owned(), port), at });
}

pub(super) fn script_user(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    let arguments = reader.arguments(node);
    match arguments.first() {
        None => reader.lacks_word(node, Missing::Complaint),
        Some(&at) => {
            let words = arguments.iter().map(|word| reader.text(*word).to_owned()).collect();
            block.script_user = Some(Set { value: words, at });
        }
    }
}

pub(super) fn dynamic_interfaces(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    let changes = reader.arguments(node).first().is_some_and(|word| reader.text(*word) == "allow_if_changes");
    block.dynamic_interfaces = Some(Set { value: changes, at: reader.keyword(node) });
    if let Some(&word) = reader.arguments(node).first()
        && reader.text(word) != "allow_if_changes"
    {
        let message = format!("`{}` is not an option of dynamic_interfaces", reader.text(word));
        reader
            .report
            .add(Diagnostic::new(code::BAD_WORD, word, message).help("allow_if_changes, or nothing"));
    }
}

fn group(reader: &mut Reader<'_>, node: NodeId, v4: bool) -> Option<Set<IpAddr>> {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return None;
    };
    let value = reader.address(at)?;
    if value.is_ipv4() != v4 || !value.is_multicast() {
        let family = if v4 { "IPv4" } else { "IPv6" };
        reader.complain(code::BAD_ADDRESS, at, format!("{value} is not an {family} multicast group"));
        return None;
    }
    if let IpAddr::V6(group) = value
        && group.segments()[0] & 0xf != 2
    {
        // RFC 9568 §5.1.2.2 has link-local scope only.
        reader.complain(code::ADJUSTED, at, format!("{value} is not of link-local scope"));
    }
    Some(Set { value, at })
}

pub(super) fn group4(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    block.vrrp_mcast_group4 = group(reader, node, true).or(block.vrrp_mcast_group4.take());
}

pub(super) fn group6(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    block.vrrp_mcast_group6 = group(reader, node, false).or(block.vrrp_mcast_group6.take());
}

/// The reading of the text has obeyed it already; here it is only checked.
pub(super) fn random_seed(reader: &mut Reader<'_>, node: NodeId, _: &mut GlobalDefsBlock) {
    match reader.arguments(node).first() {
        None => reader.lacks_word(node, Missing::Stops),
        Some(&at) => {
            reader.integer(at, 0, i128::from(U32), false);
        }
    }
}

pub(super) fn garp_extra_if(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    if let Some(set) = crate::block::vrrp_instance::extra(reader, node, 1) {
        block.vrrp_garp_extra_if = Some(set);
    }
}

/// iptables is not used. As a keepalived that was built without it: nftables is used instead, and that is said.
fn instead(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    let at = reader.keyword(node);
    let message = format!("`{}` is not supported; nftables is used", reader.text(at));
    reader.report.add(Diagnostic::new(code::NOT_TOGETHER, at, message).help("say nftables"));
    block.filter.nftables.get_or_insert(Set { value: "keepalived".to_owned(), at });
}

pub(super) fn iptables(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    instead(reader, node, block);
}

/// Longest name of an nftables table.
const TABLE: usize = 31;

fn table(
    reader: &mut Reader<'_>,
    node: NodeId,
    before: Option<crate::source::Span>,
    usual: &str,
) -> Option<Set<String>> {
    let at = reader.keyword(node);
    if let Some(first) = before {
        let name = reader.text(at);
        reader.second(name, at, first);
        return None;
    }
    let Some(&word) = reader.arguments(node).first() else {
        return Some(Set { value: usual.to_owned(), at });
    };
    let name = reader.text(word);
    if !(1..=TABLE).contains(&name.len()) {
        reader.complain(
            code::TOO_LONG,
            word,
            format!("A table's name has 1 to {TABLE} bytes; the line is ignored"),
        );
        return None;
    }
    Some(Set { value: name.to_owned(), at: word })
}

pub(super) fn nftables(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    let before = block.filter.nftables.as_ref().map(|set| set.at);
    if let Some(set) = table(reader, node, before, "keepalived") {
        block.filter.nftables = Some(set);
    }
}

pub(super) fn nftables_ipvs(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    let before = block.filter.nftables_ipvs.as_ref().map(|set| set.at);
    if let Some(set) = table(reader, node, before, "keepalived_ipvs") {
        block.filter.nftables_ipvs = Some(set);
    }
}

/// A real-time priority; one out of range becomes the nearest.
pub(super) fn realtime(reader: &mut Reader<'_>, node: NodeId, process: &mut Process) {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Complaint);
        return;
    };
    let Some(number) = reader.integer(at, i128::from(i32::MIN), i128::from(i32::MAX), false) else { return };
    let fits = number.clamp(1, 99);
    if fits != number {
        reader.complain(code::ADJUSTED, at, format!("A real-time priority is 1 to 99; {fits} is taken"));
    }
    process.rt_priority = u64::try_from(fits).ok().map(|value| Set { value, at });
}

/// The kernel's largest number of CPUs (`CPU_SETSIZE` of the C library).
const CPUS: i128 = 1023;

/// Numbers of CPUs; one that is none clears the whole set.
pub(super) fn cpus(reader: &mut Reader<'_>, node: NodeId, process: &mut Process) {
    let at = reader.keyword(node);
    let words = reader.arguments(node);
    if words.is_empty() {
        reader.lacks_word(node, Missing::Complaint);
        return;
    }
    let mut cpus = Vec::with_capacity(words.len());
    for &word in words {
        match reader.integer(word, 0, CPUS, false).and_then(|cpu| u16::try_from(cpu).ok()) {
            Some(cpu) => cpus.push(cpu),
            None => {
                process.cpu_affinity = None;
                return;
            }
        }
    }
    process.cpu_affinity = Some(Set { value: cpus, at });
}

/// Bits of a file mode that may be masked.
const MODE: i64 = 0o777;

/// A number, or names of bits with `|` between them.
pub(super) fn umask(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let text = reader.text(at);
    let bits = if text.starts_with(|c: char| c.is_ascii_digit()) {
        c_integer(text).filter(|mask| (0..=MODE).contains(mask)).and_then(|mask| u32::try_from(mask).ok())
    } else {
        let words = reader.arguments(node).iter().flat_map(|word| reader.text(*word).split('|'));
        let bits: Option<Vec<u32>> =
            words.map(str::trim).filter(|word| !word.is_empty()).map(mode_bit).collect();
        bits.map(|bits| bits.into_iter().fold(0, |mask, bit| mask | bit))
    };
    match bits {
        Some(value) => block.processes.umask = Some(Set { value, at }),
        None => {
            let found = Diagnostic::new(code::BAD_WORD, at, format!("`{text}` is no file creation mask"));
            reader.report.add(found.help("a number up to 0777, or bits such as IWGRP|IRWXO"));
        }
    }
}

fn mode_bit(word: &str) -> Option<u32> {
    Some(match word {
        "IRUSR" => 0o400,
        "IWUSR" => 0o200,
        "IXUSR" => 0o100,
        "IRWXU" => 0o700,
        "IRGRP" => 0o040,
        "IWGRP" => 0o020,
        "IXGRP" => 0o010,
        "IRWXG" => 0o070,
        "IROTH" => 0o004,
        "IWOTH" => 0o002,
        "IXOTH" => 0o001,
        "IRWXO" => 0o007,
        _ => return None,
    })
}

/// Longest address of an AgentX master: that of a Unix socket.
const SOCKET: usize = 108;

pub(super) fn snmp_socket(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    let at = reader.keyword(node);
    if let Some(first) = &block.pipes.snmp_socket {
        let first = first.at;
        reader.second("snmp_socket", at, first);
        return;
    }
    match *reader.arguments(node) {
        [word] if reader.text(word).len() < SOCKET => {
            block.pipes.snmp_socket = Some(Set { value: reader.text(word).to_owned(), at: word });
        }
        [] => reader.lacks_word(node, Missing::Complaint),
        [word] => reader.complain(code::TOO_LONG, word, "The address is too long; the line is ignored"),
        [_, more, ..] => reader.complain(code::SURPLUS, more, "More than one word; the line is ignored"),
    }
}

/// Exactly one word.
pub(super) fn one_word(reader: &mut Reader<'_>, node: NodeId, field: &mut Option<Set<String>>) {
    match *reader.arguments(node) {
        [word] if !reader.text(word).is_empty() => {
            *field = Some(Set { value: reader.text(word).to_owned(), at: word });
        }
        [] | [_] => reader.lacks_word(node, Missing::Complaint),
        [_, more, ..] => reader.complain(code::SURPLUS, more, "More than one word; the line is ignored"),
    }
}

/// A word or none, which is kept as an empty one.
pub(super) fn maybe_word(reader: &mut Reader<'_>, node: NodeId, field: &mut Option<Set<String>>) {
    let at = reader.arguments(node).first().copied();
    let value = at.map(|at| reader.text(at).to_owned()).unwrap_or_default();
    *field = Some(Set { value, at: at.unwrap_or_else(|| reader.keyword(node)) });
}

/// Exactly one word, which begins with a slash.
pub(super) fn absolute_path(reader: &mut Reader<'_>, node: NodeId, field: &mut Option<Set<String>>) {
    match *reader.arguments(node) {
        [word] if reader.text(word).starts_with('/') => {
            *field = Some(Set { value: reader.text(word).to_owned(), at: word });
        }
        [word] => {
            reader.complain(code::BAD_WORD, word, "The path does not begin with /; the line is ignored")
        }
        [] => reader.lacks_word(node, Missing::Complaint),
        [_, more, ..] => reader.complain(code::SURPLUS, more, "More than one word; the line is ignored"),
    }
}

/// A policy in large or small letters, or a number.
pub(super) fn rx_bufs_policy(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Complaint);
        return;
    };
    let text = reader.text(at);
    let value = if text.eq_ignore_ascii_case("MTU") {
        ReceiveBuffers::Mtu
    } else if text.eq_ignore_ascii_case("ADVERT") {
        ReceiveBuffers::Advert
    } else {
        let number = reader.integer(at, 0, i128::from(U32), false);
        let Some(bytes) = number.and_then(|bytes| u32::try_from(bytes).ok()) else { return };
        ReceiveBuffers::Bytes(bytes)
    };
    let before = block.system.vrrp_rx_bufs_policy.as_ref().map(|set| set.value);
    let kept = match (before, value) {
        (Some(before @ ReceiveBuffers::Bytes(_)), ReceiveBuffers::Mtu | ReceiveBuffers::Advert) => {
            Some(before)
        }
        (Some(ReceiveBuffers::Mtu | ReceiveBuffers::Advert), ReceiveBuffers::Bytes(_)) => Some(value),
        (Some(before @ ReceiveBuffers::Mtu), ReceiveBuffers::Advert) => Some(before),
        (Some(ReceiveBuffers::Advert), ReceiveBuffers::Mtu) => Some(value),
        (_, _) => None,
    };
    if kept.is_some() {
        reader.complain(code::NOT_TOGETHER, at, "A size comes before a policy, and MTU before ADVERT");
    }
    block.system.vrrp_rx_bufs_policy = Some(Set { value: kept.unwrap_or(value), at });
}

/// Longest time that IPVS keeps a connection: 31 days.
const TIMEOUT: i128 = 2_678_400;

pub(super) fn lvs_timeouts(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    let mut words = reader.arguments(node).iter().copied().peekable();
    if words.peek().is_none() {
        let at = reader.keyword(node);
        reader.complain(code::MISSING_WORD, at, "lvs_timeouts needs tcp, tcpfin or udp");
    }
    while let Some(word) = words.next() {
        let field = match reader.text(word) {
            "tcp" => &mut block.lvs.tcp,
            "tcpfin" => &mut block.lvs.tcpfin,
            "udp" => &mut block.lvs.udp,
            other => {
                let found = Diagnostic::new(code::BAD_WORD, word, format!("`{other}` is no timeout of IPVS"));
                reader.report.add(found.help("tcp, tcpfin or udp, and a number of seconds"));
                continue;
            }
        };
        let Some(at) = words.next() else {
            reader.complain(code::MISSING_WORD, word, "No number stands behind it");
            return;
        };
        let seconds = reader.integer(at, 0, TIMEOUT, false).and_then(|seconds| u32::try_from(seconds).ok());
        if let Some(value) = seconds {
            *field = Some(Set { value, at });
        }
    }
}

pub(super) fn flush_on_stop(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    let at = reader.keyword(node);
    let value = match reader.arguments(node).first().map(|word| (reader.text(*word), *word)) {
        None => false,
        Some(("VS", _)) => true,
        Some((other, word)) => {
            let found =
                Diagnostic::new(code::BAD_WORD, word, format!("`{other}` is nothing that can be flushed"));
            reader.report.add(found.help("VS, or nothing"));
            return;
        }
    };
    block.lvs.lvs_flush_on_stop = Some(Set { value, at });
}

pub(super) fn sync_daemon(reader: &mut Reader<'_>, node: NodeId, block: &mut GlobalDefsBlock) {
    let keyword = reader.keyword(node);
    if let Some(first) = &block.lvs.lvs_sync_daemon {
        let first = first.at;
        reader.second("lvs_sync_daemon", keyword, first);
        return;
    }
    let mut words = reader.arguments(node).iter().copied();
    let Some(at) = words.next() else {
        reader.lacks_word(node, Missing::Complaint);
        return;
    };
    let Ok(link) = LinkName::new(reader.text(at)) else {
        reader.complain(
            code::BAD_LINK,
            at,
            format!("`{}` is no interface; the line is ignored", reader.text(at)),
        );
        return;
    };
    let mut value =
        SyncDaemon { link, instance: None, id: None, longest: None, port: None, ttl: None, group: None };
    let mut first = true;
    while let Some(word) = words.next() {
        let name = reader.text(word);
        let was_first = std::mem::take(&mut first);
        match name {
            "inst" | "id" | "maxlen" | "port" | "ttl" | "group" => {
                let Some(at) = words.next() else {
                    reader.complain(code::MISSING_WORD, word, format!("Nothing stands behind `{name}`"));
                    break;
                };
                match name {
                    "inst" => value.instance = Some(reader.text(at).to_owned()),
                    "id" => value.id = small(reader, at, 0, 255).or(value.id),
                    "ttl" => value.ttl = small(reader, at, 1, 255).or(value.ttl),
                    "maxlen" => value.longest = middle(reader, at, 65_507).or(value.longest),
                    "port" => value.port = middle(reader, at, 65_535).or(value.port),
                    _ => value.group = reader.address(at).filter(IpAddr::is_multicast).or(value.group),
                }
            }
            _ if was_first => value.instance = Some(name.to_owned()),
            _ => reader.complain(code::BAD_WORD, word, format!("`{name}` is no option of lvs_sync_daemon")),
        }
    }
    block.lvs.lvs_sync_daemon = Some(Set { value, at });
}

fn small(reader: &mut Reader<'_>, at: crate::source::Span, least: i128, most: i128) -> Option<u8> {
    reader.integer(at, least, most, false).and_then(|number| u8::try_from(number).ok())
}

fn middle(reader: &mut Reader<'_>, at: crate::source::Span, most: i128) -> Option<u16> {
    reader.integer(at, 1, most, false).and_then(|number| u16::try_from(number).ok())
}
