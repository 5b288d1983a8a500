//! Lines of `virtual_ipaddress` and its like: an address and what belongs to it.

use std::net::{IpAddr, Ipv4Addr};

use host::{Family, LinkAddress, Prefix};
use vrrp::config::VirtualAddress;

use crate::diagnostic::{Diagnostic, Severity, code};
use crate::resolve::Resolver;
use crate::source::Span;
use crate::tree::NodeId;

/// Longest label the kernel takes.
const LABEL: usize = 15;

/// Reads one line; `None` if it has to be left out.
pub(crate) fn line(resolver: &mut Resolver<'_, '_>, node: NodeId) -> Option<(VirtualAddress, Span)> {
    let words = resolver.reader.tree.words(node);
    let (&at, options) = words.split_first()?;
    let Some(prefix) = prefix(resolver.reader.text(at)).or_else(|| host_of(resolver, at)) else {
        let message = format!("`{}` is not an address; the line is ignored", resolver.reader.text(at));
        resolver.reader.complain(code::BAD_ADDRESS, at, message);
        return None;
    };
    let mut address = VirtualAddress::plain(prefix);
    let mut options = options.iter().copied();
    while let Some(option) = options.next() {
        if !option_of(resolver, &mut address, option, &mut options) {
            return None;
        }
    }
    if address.peer.is_some() && address.broadcast.take().is_some() {
        let message = "A point-to-point address has no broadcast address; it is ignored";
        resolver.reader.complain(code::NOT_TOGETHER, at, message);
    }
    Some((address, at))
}

/// As keepalived: an address with a prefix length that cannot be is the address alone.
fn host_of(resolver: &mut Resolver<'_, '_>, at: Span) -> Option<Prefix> {
    let (address, length) = resolver.reader.text(at).split_once('/')?;
    let prefix = Prefix::host(address.parse().ok()?);
    let message = format!("`{length}` is no prefix length of {address}; {} is taken", prefix.length());
    resolver.reader.complain(code::ADJUSTED, at, message);
    Some(prefix)
}

/// `ADDRESS` or `ADDRESS/LENGTH`.
pub(crate) fn prefix(text: &str) -> Option<Prefix> {
    match text.split_once('/') {
        None => Some(Prefix::host(text.parse().ok()?)),
        Some((address, length)) => Prefix::new(address.parse().ok()?, length.parse().ok()?),
    }
}

/// Reads one option with its word; `false` if the line has to be left out.
fn option_of(
    resolver: &mut Resolver<'_, '_>,
    address: &mut VirtualAddress,
    option: Span,
    rest: &mut impl Iterator<Item = Span>,
) -> bool {
    let v4 = address.prefix.family() == Family::V4;
    let name = resolver.reader.text(option);
    match name {
        "home" => address.flags |= LinkAddress::HOME,
        "-nodad" => address.flags &= !LinkAddress::NODAD,
        "mngtmpaddr" => address.flags |= LinkAddress::MANAGE_TEMPORARY,
        "noprefixroute" => address.flags |= LinkAddress::NO_PREFIX_ROUTE,
        "autojoin" => address.flags |= LinkAddress::AUTOJOIN,
        "no_track" => address.track = false,
        "use_vmac" => resolver.reader.not_yet(option, "virtual MAC addresses"),
        "dev" | "scope" | "brd" | "broadcast" | "label" | "peer" | "preferred_lft" | "track_group" => {
            let Some(word) = rest.next() else {
                let message = format!("Nothing stands behind `{name}`; the line is ignored");
                resolver.reader.complain(code::MISSING_WORD, option, message);
                return false;
            };
            return match name {
                "dev" => device(resolver, address, word),
                "brd" | "broadcast" => broadcast(resolver, address, word),
                "label" => label(resolver, address, word, v4),
                "scope" => {
                    scope(resolver, address, word, v4);
                    true
                }
                "peer" => {
                    peer(resolver, address, word);
                    true
                }
                "preferred_lft" => {
                    lifetime(resolver, address, word);
                    true
                }
                _ => true,
            };
        }
        other => {
            let found =
                Diagnostic::new(code::BAD_WORD, option, format!("`{other}` is no option of an address"));
            let names = [
                "dev",
                "scope",
                "brd",
                "label",
                "peer",
                "home",
                "noprefixroute",
                "no_track",
                "preferred_lft",
            ];
            let near = crate::diagnostic::nearest(other, names.into_iter())
                .map(|near| format!("did you mean `{near}`?"));
            resolver.reader.report.add(found.maybe_help(near));
        }
    }
    true
}

fn device(resolver: &mut Resolver<'_, '_>, address: &mut VirtualAddress, word: Span) -> bool {
    let Some(link) = resolver.reader.link(word) else { return false };
    if address.link.is_some() {
        resolver.reader.complain(code::DUPLICATE, word, "A second interface; the line is ignored");
        return false;
    }
    if !resolver.link_may_be_used(&link) {
        resolver.no_link(word, &link, "for this address");
        return false;
    }
    address.link = Some(link);
    true
}

fn broadcast(resolver: &mut Resolver<'_, '_>, address: &mut VirtualAddress, word: Span) -> bool {
    let text = resolver.reader.text(word);
    if address.prefix.family() == Family::V6 {
        resolver.reader.complain(code::FAMILY, word, "IPv6 has no broadcast; the line is ignored");
        return false;
    }
    match text {
        "+" | "-" => {
            address.broadcast = address.prefix.broadcast(text == "+");
            if address.broadcast.is_none() {
                let message =
                    format!("A prefix of {} bits is too long for a broadcast", address.prefix.length());
                resolver.reader.complain(code::NOT_TOGETHER, word, message);
            }
        }
        _ => match text.parse::<Ipv4Addr>() {
            Ok(broadcast) => address.broadcast = Some(broadcast),
            Err(_) => {
                let message = format!("`{text}` is not an IPv4 address; the line is ignored");
                resolver.reader.complain(code::BAD_ADDRESS, word, message);
                return false;
            }
        },
    }
    true
}

fn label(resolver: &mut Resolver<'_, '_>, address: &mut VirtualAddress, word: Span, v4: bool) -> bool {
    let text = resolver.reader.text(word);
    if !v4 {
        resolver.reader.complain(code::FAMILY, word, "An IPv6 address has no label; it is ignored");
    } else if text.len() > LABEL {
        let message = format!("A label has {LABEL} bytes at most; the line is ignored");
        resolver.reader.complain(code::TOO_LONG, word, message);
        return false;
    } else {
        address.label = Some(text.to_owned());
    }
    true
}

fn scope(resolver: &mut Resolver<'_, '_>, address: &mut VirtualAddress, word: Span, v4: bool) {
    let text = resolver.reader.text(word);
    let scope = match text {
        "global" => Some(0),
        "site" => Some(200),
        "link" => Some(253),
        "host" => Some(254),
        "nowhere" => Some(255),
        _ => text.parse().ok(),
    };
    match scope {
        Some(scope) if v4 => address.scope = scope,
        Some(_) => resolver.reader.complain(code::FAMILY, word, "An IPv6 address has no scope of choice"),
        None => {
            let found = Diagnostic::new(code::BAD_WORD, word, format!("`{text}` is no scope; it is ignored"));
            resolver.reader.report.add(found.help("global, site, link, host, nowhere or a number up to 255"));
        }
    }
}

fn peer(resolver: &mut Resolver<'_, '_>, address: &mut VirtualAddress, word: Span) {
    let text = resolver.reader.text(word);
    // Differs: keepalived rejects a peer with a prefix length; it is what `ip address add` takes.
    let found = prefix(text).filter(|peer| peer.family() == address.prefix.family());
    match found {
        Some(peer) if address.peer.is_none() => {
            if peer != Prefix::host(peer.address()) {
                let note = "keepalived ignores a peer with a prefix length";
                resolver
                    .reader
                    .report
                    .add(Diagnostic::new(code::UNUSUAL, word, note).severity(Severity::Warning));
            }
            address.peer = Some(peer.address());
        }
        Some(_) => resolver.reader.complain(code::DUPLICATE, word, "A second peer; it is ignored"),
        None => {
            let message = format!("`{text}` is not an address of the same family; the peer is ignored");
            resolver.reader.complain(code::BAD_ADDRESS, word, message);
        }
    }
}

fn lifetime(resolver: &mut Resolver<'_, '_>, address: &mut VirtualAddress, word: Span) {
    let text = resolver.reader.text(word);
    let value = if text == "forever" {
        None
    } else {
        match resolver
            .reader
            .integer(word, 0, i128::from(u32::MAX), false)
            .and_then(|value| u32::try_from(value).ok())
        {
            Some(value) => Some(value),
            None => return,
        }
    };
    // Only IPv6 addresses have one; the kernel is not told about others.
    if address.prefix.family() == Family::V6 {
        address.preferred_lifetime = value;
    }
}

/// Whether two lines put the same address on the same interface.
pub(crate) fn same(one: &VirtualAddress, other: &VirtualAddress) -> bool {
    let address = |address: &VirtualAddress| -> IpAddr { address.prefix.address() };
    address(one) == address(other) && one.link == other.link
}
