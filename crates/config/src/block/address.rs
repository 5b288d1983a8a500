//! Lines of `virtual_ipaddress` and its like: an address and what belongs to it.

use std::net::{IpAddr, Ipv4Addr};

use host::{Family, LinkAddress, Prefix};
use vrrp::config::VirtualAddress;

use crate::diagnostic::{Diagnostic, Severity, code};
use crate::resolve::Resolver;
use crate::resolve::names::Names;
use crate::source::Span;
use crate::table::OptionRow;
use crate::tree::NodeId;

const fn option(name: &'static str, syntax: &'static str, help: &'static str) -> OptionRow {
    OptionRow::new(name, syntax, help)
}

/// What a line of `virtual_ipaddress`, `virtual_ipaddress_excluded` or `static_ipaddress` may hold.
pub(crate) static OPTIONS: &[OptionRow] = &[
    option("<address>[/<length>]", "", "The address; without a length it is alone, /32 or /128."),
    option("dev", "<interface>", "Interface that it goes on.")
        .default("the instance's, or default_interface"),
    option("scope", "<name or number>", "How far the address is valid; IPv4 only.").default("global"),
    option("brd", "<address>|+|-", "Broadcast address; + sets the host bits, - clears them."),
    option("broadcast", "<address>|+|-", "The same as brd."),
    option("label", "<text>", "Label of at most 15 bytes; IPv4 only."),
    option("peer", "<address>", "The other end of a point-to-point link."),
    option("home", "", "The home address of a mobile host; IPv6 only."),
    option("-nodad", "", "Look for duplicates of an IPv6 address before it is used."),
    option("mngtmpaddr", "", "The kernel makes temporary addresses from this one; IPv6 only."),
    option("noprefixroute", "", "No route to the prefix comes with it."),
    option("autojoin", "", "Join the group that the address is."),
    option("no_track", "", "Nothing happens if somebody else deletes it."),
    option("preferred_lft", "<seconds>|forever", "How long it is preferred as a source; IPv6 only.")
        .default("0 for an IPv6 address without a length, else forever"),
    option(
        "track_group",
        "<track_group>",
        "Group of instances that fail when the interface does; static_ipaddress only.",
    ),
    option("use_vmac", "", "The address gets an interface of its own; not in static_ipaddress."),
];

/// Longest label the kernel takes.
const LABEL: usize = 15;

/// What a line says.
pub(crate) struct Line {
    pub(crate) address: VirtualAddress,
    pub(crate) at: Span,
    /// The track group of a static address.
    pub(crate) track_group: Option<Span>,
    /// It asks for a link of its own (`use_vmac`).
    pub(crate) use_vmac: bool,
}

/// Reads one line; `None` if it has to be left out. A static address may name a track group.
pub(crate) fn line(resolver: &mut Resolver<'_, '_>, node: NodeId, is_static: bool) -> Option<Line> {
    let words = resolver.reader.tree.words(node);
    let (&at, options) = words.split_first()?;
    let Some(prefix) = prefix(resolver.reader.text(at)).or_else(|| host_of(resolver, at)) else {
        let message = format!("`{}` is not an address; the line is ignored", resolver.reader.text(at));
        resolver.reader.complain(code::BAD_ADDRESS, at, message);
        return None;
    };
    let mut address = VirtualAddress::plain(prefix);
    let mut options = options.iter().copied();
    let mut track_group = None;
    let mut use_vmac = false;
    while let Some(option) = options.next() {
        match resolver.reader.text(option) {
            "track_group" if is_static => {
                let Some(word) = options.next() else {
                    resolver.reader.complain(
                        code::MISSING_WORD,
                        option,
                        "Nothing stands behind `track_group`",
                    );
                    break;
                };
                if track_group.is_some() {
                    let message = "A second track_group; it and the rest of the line are ignored";
                    resolver.reader.complain(code::DUPLICATE, word, message);
                    break;
                }
                track_group = Some(word);
            }
            "use_vmac" if !is_static => use_vmac = true,
            _ if option_of(resolver, &mut address, option, &mut options) => {}
            _ => return None,
        }
    }
    if address.peer.is_some() && address.broadcast.take().is_some() {
        let message = "A point-to-point address has no broadcast address; it is ignored";
        resolver.reader.complain(code::NOT_TOGETHER, at, message);
    }
    Some(Line { address, at, track_group, use_vmac })
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
        "dev" | "scope" | "brd" | "broadcast" | "label" | "peer" | "preferred_lft" => {
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
            let near = resolver.reader.guess(
                code::BAD_WORD,
                option,
                other,
                OPTIONS.iter().map(|option| option.name),
            );
            let help = near.map(|near| format!("did you mean `{near}`?"));
            resolver.reader.report.add(found.maybe_help(help));
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
    let scope = resolver.number_of(Names::Scopes, text).and_then(|scope| u8::try_from(scope).ok());
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
            if text.contains('/') {
                // The kernel has one length for the two ends, and as for `ip address add` it is this one.
                let both = Prefix::new(address.prefix.address(), peer.length());
                address.prefix = both.unwrap_or(address.prefix);
            }
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
