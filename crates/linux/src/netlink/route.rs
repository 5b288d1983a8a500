//! Routes in rtnetlink's messages.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use host::{Encapsulation, Family, LinkIndex, NextHop, Prefix, Route, RouteKey};

use super::attributes::Attributes;
use super::{attributes_of, family_number, ip, number};

/// Attributes (linux/rtnetlink.h).
const RTA_DST: u16 = 1;
const RTA_SRC: u16 = 2;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;
const RTA_PREFSRC: u16 = 7;
const RTA_METRICS: u16 = 8;
const RTA_MULTIPATH: u16 = 9;
const RTA_FLOW: u16 = 11;
const RTA_TABLE: u16 = 15;
const RTA_VIA: u16 = 18;
const RTA_PREF: u16 = 20;
const RTA_ENCAP_TYPE: u16 = 21;
const RTA_ENCAP: u16 = 22;
const RTA_EXPIRES: u16 = 23;
const RTA_TTL_PROPAGATE: u16 = 26;
/// Within `RTA_METRICS`.
const RTAX_LOCK: u16 = 1;
const RTAX_CC_ALGO: u16 = 16;
/// Flags of a hop, and of a route with one hop.
const RTNH_F_ONLINK: u8 = 4;
/// The message speaks of a cached route.
const RTM_F_CLONED: u32 = 0x200;
/// Any scope, in a removal.
const RT_SCOPE_NOWHERE: u8 = 255;
/// A route to one host or network by a link or gateway.
const RTN_UNICAST: u8 = 1;
/// Tables from here on do not fit into the header, which then says "see the attribute" (`RT_TABLE_COMPAT`).
const TABLE_COMPAT: u8 = 252;
/// Bytes of the message's own header, `struct rtmsg`.
const HEADER: usize = 12;

/// The payload of RTM_NEWROUTE for a route.
pub(super) fn write(route: &Route<LinkIndex>) -> Vec<u8> {
    let Route {
        kind,
        destination,
        from,
        table,
        scope,
        protocol,
        tos,
        metric,
        preferred_source,
        realms,
        hops,
        metrics,
        locked,
        congestion_control,
        expires,
        preference,
        ttl_propagate,
        insertion: _,
    } = route;
    let flags = if let [hop] = &hops[..] { hop_flags(hop) } else { 0 };
    let source_length = from.map_or(0, Prefix::length);
    let header = Header { tos: *tos, protocol: *protocol, scope: *scope, kind: *kind, flags };
    let mut put = header.begin(*destination, source_length, *table);
    if let Some(from) = from {
        put.put_ip(RTA_SRC, from.address());
    }
    if let Some(metric) = metric {
        put.put_u32(RTA_PRIORITY, *metric);
    }
    if let Some(source) = preferred_source {
        put.put_ip(RTA_PREFSRC, *source);
    }
    if let Some(realms) = realms {
        put.put_u32(RTA_FLOW, *realms);
    }
    if !metrics.is_empty() || *locked != 0 || congestion_control.is_some() {
        put.within(RTA_METRICS, |put| {
            if *locked != 0 {
                put.put_u32(RTAX_LOCK, *locked);
            }
            for (number, value) in metrics {
                put.put_u32(*number, *value);
            }
            if let Some(name) = congestion_control {
                put.put_text(RTAX_CC_ALGO, name);
            }
        });
    }
    if let Some(seconds) = expires {
        put.put_u32(RTA_EXPIRES, *seconds);
    }
    if let Some(preference) = preference {
        put.put_u8(RTA_PREF, *preference);
    }
    if let Some(propagate) = ttl_propagate {
        put.put_u8(RTA_TTL_PROPAGATE, u8::from(*propagate));
    }
    write_hops(&mut put, destination.family(), hops);
    put.into_bytes()
}

/// The payload of RTM_DELROUTE for a route: what tells it from others, and no more, so that an option that the kernel
/// wrote down otherwise than it was told keeps no route alive. Only a route with its protocol is taken.
///
/// A unicast route without hops is not one: of what an earlier life put the key alone is known, and the kind is any.
pub(super) fn write_removal(route: &Route<LinkIndex>) -> Vec<u8> {
    let bare = route.kind == RTN_UNICAST && route.hops.is_empty();
    let kind = if bare { 0 } else { route.kind };
    // As keepalived: any scope.
    let header = Header { tos: route.tos, protocol: route.protocol, scope: RT_SCOPE_NOWHERE, kind, flags: 0 };
    let mut put = header.begin(route.destination, route.from.map_or(0, Prefix::length), route.table);
    if let Some(from) = route.from {
        put.put_ip(RTA_SRC, from.address());
    }
    if let Some(metric) = route.metric {
        put.put_u32(RTA_PRIORITY, metric);
    }
    let plain = |hop: &NextHop<LinkIndex>| NextHop { encapsulation: None, realms: None, ..hop.clone() };
    write_hops(&mut put, route.destination.family(), &route.hops.iter().map(plain).collect::<Vec<_>>());
    put.into_bytes()
}

/// What of `struct rtmsg` is not in an attribute.
struct Header {
    tos: u8,
    protocol: u8,
    scope: u8,
    kind: u8,
    flags: u8,
}

impl Header {
    fn begin(&self, destination: Prefix, source_length: u8, table: u32) -> Attributes {
        let Self { tos, protocol, scope, kind, flags } = *self;
        let small = u8::try_from(table).ok();
        let mut header = vec![
            family_number(destination.family()),
            destination.length(),
            source_length,
            tos,
            small.unwrap_or(TABLE_COMPAT),
            protocol,
            scope,
            kind,
        ];
        header.extend_from_slice(&u32::from(flags).to_ne_bytes());
        let mut put = Attributes::after(&header);
        put.put_ip(RTA_DST, destination.address());
        if small.is_none() {
            put.put_u32(RTA_TABLE, table);
        }
        put
    }
}

fn write_hops(put: &mut Attributes, family: Family, hops: &[NextHop<LinkIndex>]) {
    match hops {
        [] => {}
        [hop] => {
            if let Some(link) = hop.link {
                put.put_u32(RTA_OIF, link.0);
            }
            write_hop(put, family, hop);
        }
        hops => put.within(RTA_MULTIPATH, |put| {
            for hop in hops {
                // struct rtnexthop: length, flags, weight less one, link.
                let mut header = [0; 8];
                header[2] = hop_flags(hop);
                header[3] = u8::try_from(hop.weight.saturating_sub(1)).unwrap_or(u8::MAX);
                header[4..].copy_from_slice(&hop.link.map_or(0, |link| link.0).to_ne_bytes());
                put.record(&header, |put| write_hop(put, family, hop));
            }
        }),
    }
}

const fn hop_flags(hop: &NextHop<LinkIndex>) -> u8 {
    if hop.onlink { RTNH_F_ONLINK } else { 0 }
}

fn write_hop(put: &mut Attributes, family: Family, hop: &NextHop<LinkIndex>) {
    if let Some(via) = hop.via {
        if Family::of(via) == family {
            put.put_ip(RTA_GATEWAY, via);
        } else {
            // struct rtvia: family, address.
            let mut value = u16::from(family_number(Family::of(via))).to_ne_bytes().to_vec();
            match via {
                IpAddr::V4(via) => value.extend_from_slice(&via.octets()),
                IpAddr::V6(via) => value.extend_from_slice(&via.octets()),
            }
            put.put(RTA_VIA, &value);
        }
    }
    if let Some(realms) = hop.realms {
        put.put_u32(RTA_FLOW, realms);
    }
    if let Some(encapsulation) = &hop.encapsulation {
        write_encapsulation(put, encapsulation);
    }
}

fn write_encapsulation(put: &mut Attributes, encapsulation: &Encapsulation) {
    // enum lwtunnel_encap_types.
    let kind: u16 = match encapsulation {
        Encapsulation::Mpls(_) => 1,
        Encapsulation::Ip { destination: IpAddr::V4(_), .. } => 2,
        Encapsulation::Ila(_) => 3,
        Encapsulation::Ip { destination: IpAddr::V6(_), .. } => 4,
    };
    put.put(RTA_ENCAP_TYPE, &kind.to_ne_bytes());
    put.nest(RTA_ENCAP, |put| match encapsulation {
        // MPLS_IPTUNNEL_DST: label, traffic class, bottom of stack, TTL (RFC 3032 §2.1).
        Encapsulation::Mpls(labels) => {
            let mut stack = Vec::with_capacity(labels.len() * 4);
            for (place, label) in labels.iter().enumerate() {
                let bottom = if place + 1 == labels.len() { 1 << 8 } else { 0 };
                stack.extend_from_slice(&((label << 12) | bottom).to_be_bytes());
            }
            put.put(1, &stack);
        }
        // LWTUNNEL_IP_* and LWTUNNEL_IP6_* have the same numbers.
        Encapsulation::Ip { id, destination, source, tos, ttl, flags } => {
            if let Some(id) = id {
                put.put(1, &id.to_be_bytes());
            }
            put.put_ip(2, *destination);
            if let Some(source) = source {
                put.put_ip(3, *source);
            }
            if let Some(ttl) = ttl {
                put.put_u8(4, *ttl);
            }
            if let Some(tos) = tos {
                put.put_u8(5, *tos);
            }
            if let Some(flags) = flags {
                put.put(6, &flags.to_be_bytes());
            }
        }
        // ILA_ATTR_LOCATOR.
        Encapsulation::Ila(locator) => put.put(1, &locator.to_be_bytes()),
    });
}

/// What tells a route from others, and the protocol number it carries, out of the payload of RTM_NEWROUTE or
/// RTM_DELROUTE; `None` if it cannot be read or is no route of a table.
pub(super) fn read(payload: &[u8]) -> Option<(RouteKey, u8)> {
    let (header, attributes) = payload.split_first_chunk::<HEADER>()?;
    let [family, length, _, tos, table, protocol, _, _, flags @ ..] = *header;
    let family = super::family(family)?;
    if u32::from_ne_bytes(flags) & RTM_F_CLONED != 0 {
        return None;
    }
    let (mut table, mut metric) = (u32::from(table), 0);
    let mut destination = match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    for (kind, value) in attributes_of(attributes) {
        match kind {
            RTA_DST => destination = ip(family, value)?,
            RTA_TABLE => table = number(value)?,
            RTA_PRIORITY => metric = number(value)?,
            _ => {}
        }
    }
    Some((RouteKey { table, destination: Prefix::new(destination, length)?, tos, metric }, protocol))
}

/// The payload of RTM_GETROUTE that asks for the routes of a family with a protocol number. Kernels before 4.20 tell
/// of all routes.
pub(super) fn ask(family: Family, protocol: u8) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    (header[0], header[5]) = (family_number(family), protocol);
    header
}
