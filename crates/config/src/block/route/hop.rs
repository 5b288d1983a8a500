//! Next hops of a route.

use std::net::IpAddr;

use host::{Encapsulation, Family, LinkName, NextHop};

use crate::block::line::{Dropped, Line};
use crate::diagnostic::code;
use crate::value::c_integer;

/// A hop that leads nowhere.
pub(super) const fn none() -> NextHop<LinkName> {
    NextHop { via: None, link: None, weight: 1, onlink: false, realms: None, encapsulation: None }
}

/// What stands behind `nexthop`, up to the next or the end of the line.
pub(super) fn line(
    line: &mut Line<'_, '_, '_>,
    family: &mut Option<Family>,
) -> Result<NextHop<LinkName>, Dropped> {
    let mut hop = none();
    loop {
        match line.peek() {
            Some(word @ "via") => {
                line.word();
                hop.via = Some(gateway(line, family, word)?);
            }
            Some(word @ ("dev" | "oif")) => {
                line.word();
                hop.link = Some(line.link(word)?);
            }
            Some(word @ "weight") => {
                line.word();
                hop.weight = u16::try_from(line.number(word, 1, 256)?).map_err(|_| Dropped)?;
            }
            Some("onlink") => {
                line.word();
                hop.onlink = true;
            }
            Some(word @ "realms") => {
                line.word();
                hop.realms = Some(line.realms(word)?);
            }
            Some("encap") => {
                line.word();
                hop.encapsulation = encapsulation(line);
            }
            Some(_) | None => break,
        }
    }
    if hop.via.is_none() && hop.link.is_none() {
        return Err(line.drop(code::MISSING_WORD, "a nexthop needs via or dev"));
    }
    Ok(hop)
}

/// `[inet|inet6] ADDRESS`: named so, it may be of the other family than the route.
pub(super) fn gateway(
    line: &mut Line<'_, '_, '_>,
    family: &mut Option<Family>,
    option: &str,
) -> Result<IpAddr, Dropped> {
    let named = if line.take("inet6") {
        Some(Family::V6)
    } else if line.take("inet") {
        Some(Family::V4)
    } else {
        None
    };
    let via = line.address(option)?;
    match named {
        // Differs: keepalived refuses a gateway of the other family; the kernel takes it as RTA_VIA.
        Some(named) if named == Family::of(via) => {}
        Some(named) => return Err(line.drop(code::FAMILY, format!("{via} is not {named}"))),
        None => line.family(family, Family::of(via))?,
    }
    Ok(via)
}

/// What stands behind `encap`; complains and gives none if it cannot be understood.
pub(super) fn encapsulation(line: &mut Line<'_, '_, '_>) -> Option<Encapsulation> {
    let read = match line.word() {
        Some("ip") => tunnel(line, Family::V4),
        Some("ip6") => tunnel(line, Family::V6),
        Some("mpls") => line.need("mpls").ok().and_then(labels),
        Some("ila") => line.need("ila").ok().and_then(locator).map(Encapsulation::Ila),
        Some(_) | None => None,
    };
    if read.is_none() {
        line.warn(code::BAD_WORD, "the encapsulation cannot be understood; it is ignored");
    }
    read
}

fn tunnel(line: &mut Line<'_, '_, '_>, family: Family) -> Option<Encapsulation> {
    let (mut id, mut destination, mut source, mut tos, mut ttl, mut flags) =
        (None, None, None, None, None, None);
    while let Some(word @ ("id" | "dst" | "src" | "tos" | "tc" | "ttl" | "hoplimit" | "flags")) = line.peek()
    {
        line.word();
        let value = line.word()?;
        let number = || c_integer(value);
        match word {
            "id" => id = Some(u64::try_from(number()?).ok()?),
            "dst" => destination = Some(value.parse().ok()?),
            "src" => source = Some(value.parse().ok()?),
            "tos" | "tc" => tos = Some(u8::try_from(number()?).ok()?),
            "ttl" | "hoplimit" => ttl = Some(u8::try_from(number()?).ok()?),
            _ => flags = Some(u16::try_from(number()?).ok()?),
        }
    }
    let destination: IpAddr = destination?;
    let same = |address: &IpAddr| Family::of(*address) == family;
    (same(&destination) && source.as_ref().is_none_or(same)).then_some(Encapsulation::Ip {
        id,
        destination,
        source,
        tos,
        ttl,
        flags,
    })
}

/// Largest MPLS label (RFC 3032 §2.1: twenty bits).
const LABEL: u32 = 0xf_ffff;

fn labels(text: &str) -> Option<Encapsulation> {
    let labels: Option<Vec<u32>> =
        text.split('/').map(|label| label.parse().ok().filter(|label| *label <= LABEL)).collect();
    labels.map(Encapsulation::Mpls)
}

/// Four groups of four hexadecimal digits, as the first half of an IPv6 address.
fn locator(text: &str) -> Option<u64> {
    let mut value: u64 = 0;
    let mut groups = 0;
    for group in text.split(':') {
        value = value << 16 | u64::from(u16::from_str_radix(group, 16).ok()?);
        groups += 1;
        if groups > 4 {
            return None;
        }
    }
    (groups == 4).then_some(value)
}
