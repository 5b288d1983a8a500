//! The packet filter in nf_tables' messages: tables, chains, sets and rules.
//!
//! What is written is what Keepalived 2.4 installs, chain by chain and name by name, so that `nft list ruleset` shows
//! operators what they know:
//!
//! ```text
//! table ip NAME   map vmac_map, set vips
//!   out           igmp from a macvlan: dup to the base of vmac_map, drop; saddr @vips: drop
//!   in            daddr @vips: drop
//! table ip6 NAME  set parent_link_local, map vmac_map, set vmac_set, set vips, set neighbor-discovery,
//!                 set vips_link_local, set vips_link_local_name
//!   out           advertisement of a base's address from a macvlan: drop; mld report from a macvlan: dup, drop; router
//!                 solicitation from one of vmac_set: drop; @neighbor-discovery: accept; fe80::/10: goto
//!                 out_link_local; saddr @vips: drop
//!   in            @neighbor-discovery: accept; fe80::/10: goto in_link_local; daddr @vips: drop
//! ```

pub(crate) mod batch;
mod expression;

use std::collections::BTreeSet;
use std::net::Ipv6Addr;

use host::firewall::{FilterTable, Ipv4Filter, Ipv6Filter};
use host::{Family, LinkIndex, LinkName};

use batch::{Message, NLM_F_APPEND, NLM_F_CREATE};
use expression::{ACCEPT, DROP, Rule, Verdict};

use super::attributes::Attributes;

/// Message types within the subsystem (linux/netfilter/nf_tables.h).
const NFT_MSG_NEWTABLE: u8 = 0;
const NFT_MSG_DELTABLE: u8 = 2;
const NFT_MSG_NEWCHAIN: u8 = 3;
const NFT_MSG_NEWRULE: u8 = 6;
const NFT_MSG_NEWSET: u8 = 9;
const NFT_MSG_NEWSETELEM: u8 = 12;
const NFT_MSG_DELSETELEM: u8 = 14;
/// Hooks (linux/netfilter.h).
const NF_INET_LOCAL_IN: u32 = 1;
const NF_INET_LOCAL_OUT: u32 = 3;
/// Flags of sets.
const NFT_SET_CONSTANT: u32 = 2;
const NFT_SET_MAP: u32 = 8;
/// Types of keys as `nft` numbers them, and how it numbers pairs of them.
const IPV4_ADDR: u32 = 7;
const IPV6_ADDR: u32 = 8;
const IFACE_INDEX: u32 = 20;
const ICMPV6_TYPE: u32 = 29;
const IFNAME: u32 = 41;
const fn pair(first: u32, second: u32) -> u32 {
    first << 6 | second
}
/// Bytes of an interface's name in a key.
const NAME: usize = 16;
/// Elements put by one message: it must be shorter than 64 KiB.
const ELEMENTS: usize = 500;
/// ICMPv6 types: neighbour solicitation and advertisement (RFC 4861 §4.3, §4.4), router solicitation (§4.1), report
/// of group membership (RFC 3810 §5.2).
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
const ROUTER_SOLICITATION: u8 = 133;
const MLD_REPORT: u8 = 143;

/// The messages that put a table in the place of the one that is there, or is not.
pub(crate) fn install(table: &FilterTable) -> Vec<Message> {
    let mut messages = remove(&table.name);
    if let Some(half) = &table.ipv4 {
        Half { table, family: Family::V4, messages: &mut messages }.ipv4(half);
    }
    if let Some(half) = &table.ipv6 {
        Half { table, family: Family::V6, messages: &mut messages }.ipv6(half);
    }
    messages
}

/// The messages that remove a table whether it is there or not: it is made first if it is not.
pub(crate) fn remove(name: &str) -> Vec<Message> {
    let families = [Family::V4, Family::V6].into_iter();
    let both = |family| {
        [NFT_MSG_NEWTABLE, NFT_MSG_DELTABLE].map(|kind| {
            let flags = if kind == NFT_MSG_NEWTABLE { NLM_F_CREATE } else { 0 };
            Message::new(kind, flags, family, |put| put.put_text(1, name))
        })
    };
    families.flat_map(both).collect()
}

/// The messages that make one table of another where only the elements of sets differ; `None` where more does.
pub(crate) fn change(from: &FilterTable, to: &FilterTable) -> Option<Vec<Message>> {
    let (before, after) = (sets(from), sets(to));
    if hollow(from) != hollow(to) || before.len() != after.len() {
        return None;
    }
    let mut messages = Vec::new();
    for (before, after) in before.iter().zip(&after) {
        let [old, new] = [before, after].map(|set| set.elements.iter().collect::<BTreeSet<_>>());
        let only = |one: &BTreeSet<&Element>, other: &BTreeSet<&Element>| {
            one.difference(other).copied().cloned().collect::<Vec<Element>>()
        };
        let mut half = Half { table: to, family: before.family, messages: &mut messages };
        half.elements(NFT_MSG_DELSETELEM, before, &only(&old, &new));
        half.elements(NFT_MSG_NEWSETELEM, before, &only(&new, &old));
    }
    Some(messages)
}

/// A table with nothing in the sets that change while it stands.
fn hollow(table: &FilterTable) -> FilterTable {
    let mut table = table.clone();
    if let Some(half) = &mut table.ipv4 {
        half.dropped.clear();
    }
    if let Some(half) = &mut table.ipv6 {
        half.dropped.clear();
        half.link_local.clear();
        half.link_local_by_name.clear();
        half.of_bases.clear();
    }
    table
}

/// A set or map and what is in it.
struct Set {
    family: Family,
    name: &'static str,
    flags: u32,
    key: (u32, usize),
    /// Type and length of what a map leads to.
    data: Option<(u32, usize)>,
    elements: Vec<Element>,
}

/// A key and, in a map, what it leads to.
type Element = (Vec<u8>, Option<Vec<u8>>);

/// The sets of a table, in the order in which they are made.
fn sets(table: &FilterTable) -> Vec<Set> {
    let mut sets = Vec::new();
    if let Some(Ipv4Filter { dropped, vmacs }) = &table.ipv4 {
        if !vmacs.is_empty() {
            sets.push(vmac_map(Family::V4, vmacs.iter()));
        }
        sets.push(set(Family::V4, "vips", (IPV4_ADDR, 4), dropped.iter().map(|one| one.octets().to_vec())));
    }
    if let Some(half) = &table.ipv6 {
        let Ipv6Filter { dropped, link_local, link_local_by_name, vmacs, of_bases } = half;
        let six = Family::V6;
        let named = |(address, name): &(Ipv6Addr, LinkName)| [&address.octets()[..], &padded(name)].concat();
        let by_name = (pair(IPV6_ADDR, IFNAME), 16 + NAME);
        sets.push(set(six, "parent_link_local", by_name, of_bases.iter().map(named)));
        if !vmacs.is_empty() {
            sets.push(vmac_map(six, vmacs.iter()));
            let keys = vmacs.keys().map(|link| link.0.to_ne_bytes().to_vec());
            sets.push(set(six, "vmac_set", (IFACE_INDEX, 4), keys));
        }
        sets.push(set(six, "vips", (IPV6_ADDR, 16), dropped.iter().map(|one| one.octets().to_vec())));
        let discovery = [SOLICITATION, ADVERTISEMENT].map(|kind| vec![kind]);
        let discovery = set(six, "neighbor-discovery", (ICMPV6_TYPE, 1), discovery.into_iter());
        sets.push(Set { flags: NFT_SET_CONSTANT, ..discovery });
        let indexed =
            |(address, link): &(Ipv6Addr, LinkIndex)| [&address.octets()[..], &link.0.to_ne_bytes()].concat();
        let by_index = (pair(IPV6_ADDR, IFACE_INDEX), 20);
        sets.push(set(six, "vips_link_local", by_index, link_local.iter().map(indexed)));
        if !link_local_by_name.is_empty() {
            sets.push(set(six, "vips_link_local_name", by_name, link_local_by_name.iter().map(named)));
        }
    }
    sets
}

fn set(family: Family, name: &'static str, key: (u32, usize), keys: impl Iterator<Item = Vec<u8>>) -> Set {
    Set { family, name, flags: 0, key, data: None, elements: keys.map(|key| (key, None)).collect() }
}

fn vmac_map<'a>(family: Family, vmacs: impl Iterator<Item = (&'a LinkIndex, &'a LinkIndex)>) -> Set {
    let bytes = |link: &LinkIndex| link.0.to_ne_bytes().to_vec();
    Set {
        family,
        name: "vmac_map",
        flags: NFT_SET_MAP,
        key: (IFACE_INDEX, 4),
        data: Some((IFACE_INDEX, 4)),
        elements: vmacs.map(|(vmac, base)| (bytes(vmac), Some(bytes(base)))).collect(),
    }
}

/// A link's name as the kernel compares it.
fn padded(name: &LinkName) -> [u8; NAME] {
    let mut bytes = [0; NAME];
    for (to, from) in bytes.iter_mut().zip(name.as_str().bytes()) {
        *to = from;
    }
    bytes
}

/// One family's half of a table, while it is written.
struct Half<'a> {
    table: &'a FilterTable,
    family: Family,
    messages: &'a mut Vec<Message>,
}

impl Half<'_> {
    fn ipv4(&mut self, half: &Ipv4Filter) {
        self.begin();
        self.chain("out", Some(NF_INET_LOCAL_OUT));
        self.chain("in", Some(NF_INET_LOCAL_IN));
        let [source, destination] = [12, 16];
        if !half.vmacs.is_empty() {
            let igmp =
                Rule::new().ip_protocol(2).address(destination, 4).by_macvlan().dup_to_base("vmac_map");
            self.rule("out", igmp, DROP);
        }
        self.rule("out", Rule::new().address(source, 4).within("vips"), DROP);
        self.rule("in", Rule::new().address(destination, 4).within("vips"), DROP);
    }

    fn ipv6(&mut self, half: &Ipv6Filter) {
        self.begin();
        self.chain("out", Some(NF_INET_LOCAL_OUT));
        self.chain("in", Some(NF_INET_LOCAL_IN));
        self.chain("in_link_local", None);
        self.chain("out_link_local", None);
        let [source, destination] = [8, 24];
        let of_base = Rule::new().icmpv6(ADVERTISEMENT).by_macvlan();
        self.rule("out", of_base.address(source, 16).out_by_name().within("parent_link_local"), DROP);
        if !half.vmacs.is_empty() {
            let report = Rule::new().icmpv6(MLD_REPORT).address(destination, 16).by_macvlan();
            self.rule("out", report.dup_to_base("vmac_map"), DROP);
            let question =
                Rule::new().icmpv6(ROUTER_SOLICITATION).by_macvlan().out_by().link_within("vmac_set");
            self.rule("out", question, DROP);
        }
        for (chain, place, local) in [("out", source, "out_link_local"), ("in", destination, "in_link_local")]
        {
            self.rule(chain, Rule::new().icmpv6_type_of_header().within("neighbor-discovery"), ACCEPT);
            let rule = Rule::new().address(place, 16).begins_with_link_local();
            self.rule(chain, rule, Verdict::Goto(local));
            self.rule(chain, Rule::new().address(place, 16).within("vips"), DROP);
        }
        self.rule(
            "in_link_local",
            Rule::new().address(destination, 16).in_by().within("vips_link_local"),
            DROP,
        );
        self.rule("out_link_local", Rule::new().address(source, 16).out_by().within("vips_link_local"), DROP);
        if !half.link_local_by_name.is_empty() {
            let names = "vips_link_local_name";
            let rule = Rule::new().address(destination, 16).in_by_name().within(names);
            self.rule("in_link_local", rule, DROP);
            self.rule("out_link_local", Rule::new().address(source, 16).out_by_name().within(names), DROP);
        }
    }

    /// The table and its sets.
    fn begin(&mut self) {
        self.put(NFT_MSG_NEWTABLE, NLM_F_CREATE, |put| {
            put.put_be32(2, 0);
        });
        let (sets, family) = (sets(self.table), self.family);
        for (id, set) in (1..).zip(sets.iter().filter(|set| set.family == family)) {
            self.put(NFT_MSG_NEWSET, NLM_F_CREATE, |put| {
                put.put_text(2, set.name);
                put.put_be32(3, set.flags);
                put.put_be32(4, set.key.0);
                put.put_be32(5, length(set.key.1));
                if let Some((kind, bytes)) = set.data {
                    put.put_be32(6, kind);
                    put.put_be32(7, length(bytes));
                }
                put.put_be32(10, id);
                if set.key.0 == IFACE_INDEX {
                    put.put(13, &in_host_order(set.data.is_some()));
                }
            });
            self.elements(NFT_MSG_NEWSETELEM, set, &set.elements);
        }
    }

    fn elements(&mut self, kind: u8, set: &Set, elements: &[Element]) {
        let flags = if kind == NFT_MSG_NEWSETELEM { NLM_F_CREATE } else { 0 };
        for some in elements.chunks(ELEMENTS) {
            self.put(kind, flags, |put| {
                put.put_text(2, set.name);
                put.nest(3, |put| {
                    for (key, data) in some {
                        put.nest(1, |put| {
                            put.nest(1, |put| put.put(1, key));
                            if let Some(data) = data {
                                put.nest(2, |put| put.put(1, data));
                            }
                        });
                    }
                });
            });
        }
    }

    fn chain(&mut self, name: &str, hook: Option<u32>) {
        let priority = self.table.priority.cast_unsigned();
        self.put(NFT_MSG_NEWCHAIN, NLM_F_CREATE, |put| {
            put.put_text(3, name);
            if let Some(hook) = hook {
                put.nest(4, |put| {
                    put.put_be32(1, hook);
                    put.put_be32(2, priority);
                });
                // Accept.
                put.put_be32(5, 1);
                put.put_text(7, "filter");
            }
        });
    }

    fn rule(&mut self, chain: &str, rule: Rule, verdict: Verdict) {
        let rule = if self.table.counters { rule.counted() } else { rule };
        let expressions = rule.judged(verdict);
        self.put(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, |put| {
            put.put_text(2, chain);
            put.nest(4, |put| put.append(&expressions));
        });
    }

    /// A message about this table, whose name is the first attribute of all of them.
    fn put(&mut self, kind: u8, flags: u16, write: impl FnOnce(&mut Attributes)) {
        let name = &self.table.name;
        self.messages.push(Message::new(kind, flags, self.family, |put| {
            put.put_text(1, name);
            write(put);
        }));
    }
}

/// A note for `nft` (its user data: type, length, value) that the keys of a set, and what a map leads to, are numbers in
/// the host's order of bytes.
fn in_host_order(map: bool) -> Vec<u8> {
    const HOST_ENDIAN: u32 = 1;
    let [keys, data] = [0, 1].map(|kind: u8| [&[kind, 4], &HOST_ENDIAN.to_ne_bytes()[..]].concat());
    if map { [keys, data].concat() } else { keys }
}

/// Lengths of keys are small constants.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
