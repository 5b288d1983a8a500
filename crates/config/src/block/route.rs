//! Lines of `virtual_routes` and `static_routes`: a route as `ip route` takes it.

mod hop;
mod join;
mod metric;
mod options;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use host::{Family, Insertion, LinkName, NextHop, Prefix, Route};
use vrrp::config::VirtualRoute;

use crate::block::line::{Dropped, Line};
use crate::diagnostic::code;
use crate::resolve::Resolver;
use crate::resolve::names::Names;
use crate::source::Span;
use crate::tree::NodeId;
pub(crate) use join::join;
use metric::metric;
pub(crate) use options::OPTIONS;

/// Protocol number of routes and rules that are ours.
pub(crate) const OUR_PROTOCOL: u8 = 18;

/// A line as read: the route, and the group that follows it, if one is named.
pub(crate) struct RouteLine {
    pub(crate) route: VirtualRoute,
    pub(crate) track_group: Option<Span>,
}

/// What has been read of a line so far.
struct Draft {
    family: Option<Family>,
    kind: u8,
    destination: Option<Destination>,
    route: Route<LinkName>,
    hop: NextHop<LinkName>,
    hops: Vec<NextHop<LinkName>>,
    track: bool,
    track_group: Option<Span>,
    protocol: Option<(u8, Span)>,
    v4_only: Option<&'static str>,
    v6_only: Option<&'static str>,
}

#[derive(Clone, Copy)]
enum Destination {
    Default,
    Prefix(Prefix),
}

/// Reads one line; `None` if it has to be left out. `grouped` if it may name a track group.
pub(crate) fn line(resolver: &mut Resolver<'_, '_>, node: NodeId, grouped: bool) -> Option<RouteLine> {
    let at = resolver.reader.keyword(node);
    let mut line = Line::new(resolver, node, "route");
    let mut draft = Draft {
        family: None,
        kind: 1,
        destination: None,
        route: Route::to(Prefix::host(IpAddr::V4(Ipv4Addr::UNSPECIFIED))),
        hop: hop::none(),
        hops: Vec::new(),
        track: true,
        track_group: None,
        protocol: None,
        v4_only: None,
        v6_only: None,
    };
    while let Some(word) = line.word() {
        draft.option(&mut line, word, grouped).ok()?;
    }
    line.at = at;
    draft.finish(&mut line).ok()
}

impl Draft {
    fn option(&mut self, line: &mut Line<'_, '_, '_>, word: &str, grouped: bool) -> Result<(), Dropped> {
        match word {
            "inet" => line.family(&mut self.family, Family::V4)?,
            "inet6" => line.family(&mut self.family, Family::V6)?,
            "via" | "gw" => self.via(line, word)?,
            "or" => {
                line.warn(code::DEPRECATED, "`or` is an old spelling; write nexthop for each gateway");
                self.hops.push(std::mem::replace(&mut self.hop, hop::none()));
                self.via(line, word)?;
            }
            "nexthop" => {
                let hop = hop::line(line, &mut self.family)?;
                self.hops.push(hop);
            }
            "dev" | "oif" => self.hop.link = Some(line.link(word)?),
            "onlink" => self.hop.onlink = true,
            "encap" => self.hop.encapsulation = hop::encapsulation(line),
            "src" => {
                let source = line.address(word)?;
                line.family(&mut self.family, Family::of(source))?;
                self.route.preferred_source = Some(source);
            }
            "from" => {
                self.route.from = Some(line.prefix(word)?);
                self.v6_only = Some("from");
            }
            "tos" | "dsfield" => self.route.tos = line.named_u8(word, Names::Services)?,
            "table" => self.route.table = line.named(word, Names::Tables)?,
            "vrf" => self.vrf(line)?,
            "protocol" => self.protocol = Some((line.named_u8(word, Names::Protocols)?, line.at)),
            "scope" => self.route.scope = line.named_u8(word, Names::Scopes)?,
            "metric" | "priority" | "preference" => self.route.metric = Some(line.number_u32(word)?),
            "expires" => {
                self.v6_only = Some("expires");
                self.route.expires = Some(line.number_u32(word)?);
            }
            "pref" => {
                self.v6_only = Some("pref");
                self.route.preference = Some(preference(line)?);
            }
            "realms" => {
                self.v4_only = Some("realms");
                self.route.realms = Some(line.realms(word)?);
            }
            "ttl-propagate" => self.route.ttl_propagate = Some(ttl_propagate(line, word)?),
            "add" => self.route.insertion = Insertion::Exclusive,
            "prepend" => self.route.insertion = Insertion::Prepend,
            "append" => self.route.insertion = Insertion::Append,
            "no_track" => self.track = false,
            "as" => {
                line.take("to");
                line.need(word)?;
                line.warn(code::NOT_TOGETHER, "`as` is not supported; it is ignored");
            }
            "track_group" if grouped => {
                line.need(word)?;
                self.track_group = Some(line.at);
            }
            _ if metric(line, word, &mut self.route)? => {}
            _ => self.destination(line, word)?,
        }
        Ok(())
    }

    fn via(&mut self, line: &mut Line<'_, '_, '_>, word: &str) -> Result<(), Dropped> {
        if word == "gw" {
            line.warn(code::DEPRECATED, "`gw` is an old spelling; write via");
        }
        self.hop.via = Some(hop::gateway(line, &mut self.family, word)?);
        Ok(())
    }

    fn vrf(&mut self, line: &mut Line<'_, '_, '_>) -> Result<(), Dropped> {
        let link = line.link("vrf")?;
        match line.resolver.surroundings.vrf_table(link.as_str()) {
            Some(table) => self.route.table = table,
            None => return Err(line.drop(code::BAD_LINK, format!("{link} is no virtual routing domain"))),
        }
        Ok(())
    }

    /// A type, `to`, or the destination itself.
    fn destination(&mut self, line: &mut Line<'_, '_, '_>, word: &str) -> Result<(), Dropped> {
        if let Some(kind) = kind(word) {
            self.kind = kind;
            return Ok(());
        }
        let word = if word == "to" { line.need(word)? } else { word };
        if let Some(kind) = kind(word) {
            self.kind = kind;
            return Ok(());
        }
        let found = match word {
            "default" => Some(Destination::Default),
            "default6" => {
                line.warn(code::DEPRECATED, "`default6` is an old spelling; write inet6 default");
                line.family(&mut self.family, Family::V6)?;
                Some(Destination::Default)
            }
            _ => crate::block::address::prefix(word).map(Destination::Prefix),
        };
        let Some(found) = found.filter(|_| self.destination.is_none()) else {
            return Err(line.unknown(word, OPTIONS));
        };
        if let Destination::Prefix(prefix) = found {
            line.family(&mut self.family, prefix.family())?;
        }
        self.destination = Some(found);
        Ok(())
    }

    fn finish(self, line: &mut Line<'_, '_, '_>) -> Result<RouteLine, Dropped> {
        // No `..` here: a part that is read and not put in must not compile.
        let Self {
            family,
            kind,
            destination,
            mut route,
            hop,
            mut hops,
            track,
            track_group,
            protocol,
            v4_only,
            v6_only,
        } = self;
        let family = family.unwrap_or(Family::V4);
        route.destination = match destination {
            Some(Destination::Prefix(prefix)) => prefix,
            Some(Destination::Default) => default_of(family),
            None => return Err(line.drop(code::MISSING_WORD, "a route must have a destination")),
        };
        for (option, only) in [(v4_only, Family::V4), (v6_only, Family::V6)] {
            if let Some(option) = option.filter(|_| family != only) {
                return Err(line.drop(code::FAMILY, format!("`{option}` is for {only} only")));
            }
        }
        if let Some((protocol, at)) = protocol {
            if track && protocol != OUR_PROTOCOL {
                line.at = at;
                line.warn(
                    code::ADJUSTED,
                    "a route that is tracked has the protocol keepalived; say no_track",
                );
            } else {
                route.protocol = protocol;
            }
        }
        if hops.is_empty() || hop != hop::none() {
            // A blackhole leads nowhere.
            if hop != hop::none() {
                hops.push(hop);
            }
        }
        route.kind = kind;
        route.hops = hops;
        route.metrics.sort_unstable();
        Ok(RouteLine { route: VirtualRoute { route, track }, track_group })
    }
}

/// The default route of a family.
pub(crate) fn default_of(family: Family) -> Prefix {
    let address = match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    Prefix::new(address, 0).unwrap_or(Prefix::host(address))
}

fn kind(word: &str) -> Option<u8> {
    Some(match word {
        "unicast" => 1,
        "local" => 2,
        "broadcast" => 3,
        "anycast" => 4,
        "multicast" => 5,
        "blackhole" => 6,
        "unreachable" => 7,
        "prohibit" => 8,
        "throw" => 9,
        "nat" => 10,
        "xresolve" => 11,
        _ => return None,
    })
}

/// `RTA_PREF`: 0 medium, 1 high, 3 low.
fn preference(line: &mut Line<'_, '_, '_>) -> Result<u8, Dropped> {
    match line.peek() {
        Some("low") => line.need("pref").map(|_| 3),
        Some("medium") => line.need("pref").map(|_| 0),
        Some("high") => line.need("pref").map(|_| 1),
        Some(_) | None => line.number_u8("pref"),
    }
}

fn ttl_propagate(line: &mut Line<'_, '_, '_>, option: &str) -> Result<bool, Dropped> {
    match line.need(option)? {
        "enabled" => Ok(true),
        "disabled" => Ok(false),
        other => {
            let message = format!("`{other}` is neither enabled nor disabled; disabled is taken");
            line.warn(code::BAD_WORD, message);
            Ok(false)
        }
    }
}
