//! `virtual_server_group`: addresses and marks that one virtual server serves.

use std::net::IpAddr;
use std::num::NonZeroU32;

use host::Family;

use crate::diagnostic::{Class, Diagnostic, code};
use crate::source::Span;
use crate::table::{Missing, OptionRow};
use crate::tree::NodeId;
use crate::value::Reader;
use check::config::Member;

/// What a line may hold.
pub(crate) const LINE: &[OptionRow] = &[
    OptionRow::new(
        "<address>",
        "[-<last>|/<prefix>] [<port>]",
        "Address, range or prefix, with the port; every address is a service of its own.",
    ),
    OptionRow::new(
        "fwmark",
        "<0..4294967295> [inet|inet6]",
        "Firewall mark; the family is needed if all real servers are reached through tunnels.",
    ),
];

/// As written.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) at: Span,
    /// Not empty.
    pub(crate) members: Vec<Member>,
}

/// Reads a group; `None`, with a complaint, if nothing can be served.
pub(crate) fn read(reader: &mut Reader<'_>, node: NodeId) -> Option<Group> {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return None;
    };
    let name = reader.text(at).to_owned();
    let mut members = Vec::new();
    for line in reader.tree.children(node) {
        members.extend(member(reader, line));
    }
    if members.is_empty() {
        let message = format!("The group {name} has no entries; it is left out");
        reader.complain(code::EMPTY_BLOCK, at, message);
        return None;
    }
    let has = |wanted: Family| {
        members
            .iter()
            .any(|member| matches!(member, Member::Addresses { first, .. } if Family::of(*first) == wanted))
    };
    let vague = members.iter().any(|member| matches!(member, Member::Mark { family: None, .. }));
    if vague && has(Family::V4) && has(Family::V6) {
        let message =
            format!("The group {name} has addresses of both families and a mark of neither; it is left out");
        let found = Diagnostic::new(code::FAMILY, at, message);
        reader.report.add(found.help("say `fwmark NUMBER inet` or `fwmark NUMBER inet6`"));
        return None;
    }
    Some(Group { name, at, members })
}

/// Whether a group of this name is there already; the first counts.
pub(crate) fn is_second(reader: &mut Reader<'_>, group: &Group, groups: &[Group]) -> bool {
    let Some(first) = groups.iter().find(|have| have.name == group.name) else { return false };
    let message = format!("There is a virtual_server_group {} already; this one is left out", group.name);
    let found = Diagnostic::new(code::DUPLICATE, group.at, message).class(Class::Silent);
    reader.report.add(found.related(first.at, "the first, which counts"));
    true
}

fn member(reader: &mut Reader<'_>, line: NodeId) -> Option<Member> {
    let (&at, rest) = reader.tree.words(line).split_first()?;
    if reader.text(at) == "fwmark" {
        return mark(reader, line, rest);
    }
    let (first, last) = range(reader, at)?;
    let port = match rest.first() {
        None => 0,
        Some(&port) => match reader.text(port).parse() {
            Ok(port) => port,
            Err(_) => {
                let message = format!("`{}` is not a port; the line is left out", reader.text(port));
                reader.complain(code::BAD_NUMBER, port, message);
                return None;
            }
        },
    };
    Some(Member::Addresses { first, last, port })
}

fn mark(reader: &mut Reader<'_>, line: NodeId, words: &[Span]) -> Option<Member> {
    let Some(&at) = words.first() else {
        reader.lacks_word(line, Missing::Stops);
        return None;
    };
    let mark = u32::try_from(reader.integer(at, 0, i128::from(u32::MAX), false)?).ok()?;
    let family = match words.get(1).map(|&word| (word, reader.text(word))) {
        None => None,
        Some((_, "inet")) => Some(Family::V4),
        Some((_, "inet6")) => Some(Family::V6),
        Some((word, other)) => {
            let message = format!("`{other}` is no family; the line is left out");
            reader.report.add(Diagnostic::new(code::BAD_WORD, word, message).help("inet or inet6"));
            return None;
        }
    };
    let Some(mark) = NonZeroU32::new(mark) else {
        let found = Diagnostic::new(code::BAD_WORD, at, "No packet has mark 0; the line is left out");
        reader.report.add(found.class(Class::Silent));
        return None;
    };
    Some(Member::Mark { mark, family })
}

/// `ADDRESS`, `ADDRESS/PREFIX`, `ADDRESS-LAST` or `ADDRESS-ADDRESS` as first and last address; complains if it is none
/// of these.
fn range(reader: &mut Reader<'_>, at: Span) -> Option<(IpAddr, IpAddr)> {
    let word = reader.text(at);
    let found = if let Some((address, bits)) = word.split_once('/') {
        prefix(address, bits)
    } else if let Some((first, last)) = word.split_once('-') {
        between(first, last)
    } else {
        word.parse().map(|address| (address, address)).map_err(|_| "is not an address")
    };
    match found {
        Ok(range) => Some(range),
        Err(why) => {
            reader.complain(code::BAD_ADDRESS, at, format!("`{word}` {why}; the line is left out"));
            None
        }
    }
}

fn prefix(address: &str, bits: &str) -> Result<(IpAddr, IpAddr), &'static str> {
    let address: IpAddr = address.parse().map_err(|_| "does not begin with an address")?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let bits: u32 = bits.parse().map_err(|_| "has no prefix length behind the /")?;
    if bits == 0 || bits > width {
        return Err("has a prefix length out of range");
    }
    let low = 1_u128.checked_shl(width - bits).map_or(u128::MAX, |size| size - 1);
    let first = number(address);
    if first & low != 0 {
        return Err("has bits set outside its prefix");
    }
    Ok((address, with_number(address, first | low)))
}

fn between(first: &str, last: &str) -> Result<(IpAddr, IpAddr), &'static str> {
    let address: IpAddr = first.parse().map_err(|_| "does not begin with an address")?;
    let end = if let Ok(end) = last.parse::<IpAddr>() {
        if end.is_ipv4() != address.is_ipv4() {
            return Err("has ends of two families");
        }
        number(end)
    } else {
        let (radix, most) = if address.is_ipv4() { (10, 255) } else { (16, 65_535) };
        let digits = Some(last).filter(|last| !last.is_empty() && last.chars().all(|c| c.is_digit(radix)));
        let end = digits.and_then(|digits| u32::from_str_radix(digits, radix).ok());
        let end = end.ok_or("has no address or number behind the -")?;
        if end > most {
            return Err("ends beyond the last number of its address");
        }
        number(address) & !u128::from(most) | u128::from(end)
    };
    if end <= number(address) {
        return Err("does not end behind its beginning");
    }
    Ok((address, with_number(address, end)))
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// The address of this number in the family of another.
fn with_number(family: IpAddr, number: u128) -> IpAddr {
    match family {
        IpAddr::V4(_) => IpAddr::V4(u32::try_from(number).unwrap_or(u32::MAX).into()),
        IpAddr::V6(_) => IpAddr::V6(number.into()),
    }
}
