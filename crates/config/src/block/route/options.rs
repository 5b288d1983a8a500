//! The options of a route's line.

use crate::table::OptionRow;

const fn option(name: &'static str, syntax: &'static str, help: &'static str) -> OptionRow {
    OptionRow::new(name, syntax, help)
}

/// What a line of `virtual_routes` or `static_routes` may hold.
pub(crate) static OPTIONS: &[OptionRow] = &[
    option(
        "[to] [<type>]",
        "<prefix>|default",
        "Where the route leads to; every route has one. The type is unicast, local, broadcast, \
         anycast, multicast, blackhole, unreachable, prohibit, throw, nat or xresolve.",
    )
    .default("unicast"),
    option("inet", "", "The route is of IPv4, whatever else the line says.")
        .default("by the addresses, else IPv4"),
    option("inet6", "", "The route is of IPv6, as in `inet6 default`.")
        .default("by the addresses, else IPv4"),
    option("via", "[inet|inet6] <address>", "Gateway that packets are handed to."),
    option("gw", "[inet|inet6] <address>", "Gateway that packets are handed to.").deprecated("via"),
    option("or", "<address>", "A second gateway that shares the traffic.").deprecated("nexthop"),
    option("dev", "<interface>", "Interface that packets leave by."),
    option("oif", "<interface>", "The same as dev."),
    option("onlink", "", "The gateway counts as reachable on the link, whatever addresses say."),
    option("src", "<address>", "Source address of packets that this host sends by the route."),
    option("from", "<prefix>", "Only packets from these IPv6 addresses take the route."),
    option("tos", "<name or number>", "Only packets with this type of service take the route.").default("0"),
    option("dsfield", "<name or number>", "The same as tos.").default("0"),
    option("table", "<name or number>", "Routing table to put it in.").default("main"),
    option("vrf", "<interface>", "Put it in the table of this virtual routing domain."),
    option("protocol", "<name or number>", "Who it says made it; anything but keepalived needs no_track.")
        .default("keepalived"),
    option("scope", "<name or number>", "How far its destination is.").default("global"),
    option("metric", "<0..4294967295>", "Of routes to the same place the lowest is taken."),
    option("priority", "<0..4294967295>", "The same as metric."),
    option("preference", "<0..4294967295>", "The same as metric."),
    option(
        "encap",
        "ip|ip6|mpls|ila <words>",
        "Wraps packets: `ip id N dst A src A tos N ttl N flags N`, `ip6 … tc N hoplimit N`, \
         `mpls L/L`, `ila A:B:C:D`.",
    ),
    option("expires", "<seconds>", "An IPv6 route goes by itself after this time."),
    option("mtu", "[lock] <bytes>", "Largest packet; locked, it is not learnt."),
    option("hoplimit", "<0..255>", "Hop limit of packets that this host sends."),
    option("advmss", "[lock] <bytes>", "Largest TCP segment that is announced to peers."),
    option(
        "rtt",
        "[lock] <number>[s|ms]",
        "First guess of the round trip; without a unit in eighths of a millisecond.",
    ),
    option(
        "rttvar",
        "[lock] <number>[s|ms]",
        "First guess of its variance; without a unit in quarters of a millisecond.",
    ),
    option(
        "rto_min",
        "[lock] <number>[s|ms]",
        "Shortest time before TCP sends again; without a unit in milliseconds.",
    ),
    option("reordering", "[lock] <number>", "How far TCP packets may overtake one another."),
    option("window", "<bytes>", "Largest TCP window that is announced."),
    option("cwnd", "[lock] <packets>", "Bound of the congestion window."),
    option("ssthresh", "[lock] <number>", "Where TCP's slow start ends."),
    option("initcwnd", "<packets>", "Congestion window to begin with."),
    option("initrwnd", "<packets>", "Receive window to begin with."),
    option("features", "ecn", "Explicit congestion notification on this route."),
    option("quickack", "0|1", "Acknowledge at once."),
    option("congctl", "[lock] <name>", "Congestion control algorithm."),
    option("fastopen_no_cookie", "0|1", "TCP fast open without a cookie."),
    option("realms", "[<from>/]<to>", "Realms of an IPv4 route, for classifiers."),
    option("pref", "low|medium|high|<0..255>", "Router preference of an IPv6 route."),
    option("ttl-propagate", "enabled|disabled", "Whether the TTL is carried into MPLS."),
    option("add", "", "Fails if such a route is there.").default("prepend"),
    option("prepend", "", "Goes before such routes."),
    option("append", "", "Goes behind such routes.").default("prepend"),
    option(
        "nexthop",
        "[via [inet|inet6] <address>] [dev <interface>] [weight <1..256>] [onlink] [realms \
         <realms>] [encap <words>]",
        "One of several next hops that share the traffic by weight; last on the line.",
    ),
    option("as", "[to] <address>", "Known from old systems; has no effect."),
    option("no_track", "", "Nothing happens if somebody else deletes it."),
    option(
        "track_group",
        "<track_group>",
        "Group of instances that fail when the interface does; static_routes only.",
    ),
];
