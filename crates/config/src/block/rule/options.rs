//! The options of a rule's line.

use crate::table::OptionRow;

const fn option(name: &'static str, syntax: &'static str, help: &'static str) -> OptionRow {
    OptionRow::new(name, syntax, help)
}

/// What a line of `virtual_rules` or `static_rules` may hold.
pub(crate) static OPTIONS: &[OptionRow] = &[
    option("inet", "", "The rule is of IPv4, whatever else the line says.")
        .default("by the addresses, else IPv4"),
    option("inet6", "", "The rule is of IPv6.").default("by the addresses, else IPv4"),
    option("from", "<prefix>|all", "Only packets from these addresses match.").default("all"),
    option("to", "<prefix>|all", "Only packets to these addresses match.").default("all"),
    option("not", "", "Match what the line does not say."),
    option(
        "preference",
        "<0..4294967295>",
        "Where it stands among rules; lower is earlier. Without it, downward from 16384.",
    ),
    option("order", "<0..4294967295>", "The same as preference."),
    option("priority", "<0..4294967295>", "The same as preference."),
    option("tos", "<name or number>", "Only packets with this type of service match.").default("0"),
    option("dsfield", "<name or number>", "The same as tos.").default("0"),
    option("fwmark", "<mark>[/<mask>]", "Only packets with this firewall mark match."),
    option("dev", "<interface>", "Only packets that came in by this interface match."),
    option("iif", "<interface>", "The same as dev."),
    option("oif", "<interface>", "Only packets of sockets bound to this interface match."),
    option("uidrange", "<first>-<last>", "Only packets of these users match."),
    option("ipproto", "<name or number>", "Only packets of this protocol match."),
    option("sport", "<first>-<last>", "Only packets from these ports match."),
    option("dport", "<first>-<last>", "Only packets to these ports match."),
    option("tunnel-id", "<number>", "Only packets of this tunnel match."),
    option("realms", "[<from>/]<to>", "Realms of IPv4 packets that match, for classifiers."),
    option("table", "<name or number>", "Look the packet up in this routing table."),
    option("lookup", "<name or number>", "The same as table."),
    option(
        "suppress_prefixlength",
        "<0..2147483647>",
        "A route with a prefix no longer than this does not count.",
    ),
    option("sup_pl", "<0..2147483647>", "The same as suppress_prefixlength."),
    option("suppress_ifgroup", "<name or number>", "A route out of this group of interfaces does not count."),
    option("sup_group", "<name or number>", "The same as suppress_ifgroup."),
    option("l3mdev", "", "Look the packet up in the table of its virtual routing domain."),
    option(
        "[type] <action>",
        "goto <preference>|nop|blackhole|unreachable|prohibit",
        "What happens to packets that match, where it is not a table.",
    ),
    option("protocol", "<0..255>", "Who it says made it; anything but keepalived (18) needs no_track.")
        .default("18"),
    option("no_track", "", "Nothing happens if somebody else deletes it."),
    option(
        "track_group",
        "<track_group>",
        "Group of instances that fail when the interface does; static_rules only.",
    ),
];
