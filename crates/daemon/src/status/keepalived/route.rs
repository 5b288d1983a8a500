//! Routes and policy rules as upstream writes them: `prepend 10.90.0.0/24 via inet 10.1.0.2 dev eth0 proto 18 metric 5`.

use std::fmt::Write;
use std::net::IpAddr;

use host::{Insertion, LinkName, NextHop, Prefix, Route, Rule, RuleAction};

use super::{prefix, scope};

/// A route.
pub(super) fn route(route: &Route<LinkName>) -> String {
    let mut text = String::from(match route.insertion {
        Insertion::Prepend => "prepend ",
        Insertion::Append => "append ",
        Insertion::Exclusive | Insertion::Replace => "",
    });
    text += match route.kind {
        2 => "local ",
        3 => "broadcast ",
        4 => "anycast ",
        5 => "multicast ",
        6 => "blackhole ",
        7 => "unreachable ",
        8 => "prohibit ",
        9 => "throw ",
        _ => "",
    };
    text += &if route.destination.length() == 0 { "default".into() } else { prefix(route.destination) };
    let mut add = |word: &str, value: Option<String>| {
        if let Some(value) = value {
            // Writing to a string cannot fail.
            let _ = write!(text, " {word} {value}");
        }
    };
    add("from", route.from.map(prefix));
    if let [hop] = route.hops.as_slice() {
        add("via", hop.via.map(gateway));
        add("dev", hop.link.as_ref().map(ToString::to_string));
    }
    add("table", (route.table != 254).then(|| route.table.to_string()));
    add("tos", (route.tos != 0).then(|| format!("{:#x}", route.tos)));
    add("src", route.preferred_source.map(|source| source.to_string()));
    add("proto", Some(route.protocol.to_string()));
    add("scope", (route.scope != 0).then(|| scope(route.scope)));
    add("metric", route.metric.map(|metric| metric.to_string()));
    add("expires", route.expires.map(|seconds| format!("{seconds}sec")));
    if route.hops.len() > 1 {
        text.extend(route.hops.iter().map(next_hop));
    }
    text
}

fn next_hop(hop: &NextHop<LinkName>) -> String {
    let mut text = String::from(" nexthop");
    if let Some(via) = hop.via {
        text += &format!(" via {}", gateway(via));
    }
    if let Some(link) = &hop.link {
        text += &format!(" dev {link}");
    }
    if hop.weight > 1 {
        text += &format!(" weight {}", hop.weight);
    }
    text
}

fn gateway(via: IpAddr) -> String {
    format!("{} {via}", if via.is_ipv4() { "inet" } else { "inet6" })
}

/// A policy rule.
pub(super) fn rule(rule: &Rule) -> String {
    let end = |end: Option<Prefix>| end.map(prefix);
    let mut text = String::from(if rule.invert { "not " } else { "" });
    text += &format!("from {}", end(rule.from).unwrap_or_else(|| "all".into()));
    let mut add = |word: &str, value: Option<String>| {
        if let Some(value) = value {
            text += &format!(" {word} {value}");
        }
    };
    add("to", end(rule.to));
    add("priority", Some(rule.priority.to_string()));
    add("tos", Some(format!("{:#x}", rule.tos)));
    let mark = |(mark, mask): (u32, Option<u32>)| match mask {
        Some(mask) => format!("{mark:#x}/{mask:#x}"),
        None => format!("{mark:#x}"),
    };
    add("fwmark", rule.mark.map(mark));
    add("iif", rule.input.clone());
    add("oif", rule.output.clone());
    add("uidrange", rule.uids.map(|(first, last)| format!("{first}-{last}")));
    add("ipproto", rule.ip_protocol.map(|number| number.to_string()));
    add("protocol", Some(rule.protocol.to_string()));
    text += &match rule.action {
        RuleAction::Table(table) => format!(" lookup {table}"),
        RuleAction::L3mdev => " l3mdev".into(),
        RuleAction::Goto(priority) => format!(" goto {priority}"),
        RuleAction::Nop => " nop".into(),
        RuleAction::Blackhole => " blackhole".into(),
        RuleAction::Unreachable => " unreachable".into(),
        RuleAction::Prohibit => " prohibit".into(),
    };
    text
}
