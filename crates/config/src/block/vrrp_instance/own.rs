//! Keywords of `vrrp_instance` about a link of its own: their words.

use std::net::IpAddr;

use host::{LinkName, Prefix};

use super::VrrpInstanceBlock;
use crate::block::address::prefix;
use crate::diagnostic::{Diagnostic, code};
use crate::source::Span;
use crate::tree::NodeId;
use crate::value::{Reader, Set};

/// The words behind `use_vmac` or `use_ipvlan`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct OwnWords {
    pub(crate) name: Option<Set<LinkName>>,
    /// Five octets, or six.
    pub(crate) mac: Option<Set<Vec<u8>>>,
    /// `IFLA_IPVLAN_FLAGS`: 0 bridge, 1 private, 2 VEPA.
    pub(crate) flags: u16,
    pub(crate) address: Option<Set<Prefix>>,
    pub(crate) group: Option<Span>,
}

/// `[[name] NAME] [MAC] [netlink_notify_msg] [group GROUP]`
pub(super) fn use_vmac(reader: &mut Reader<'_>, node: NodeId, block: &mut VrrpInstanceBlock) {
    let at = reader.keyword(node);
    let mut words = OwnWords::default();
    let mut rest = reader.arguments(node).iter().copied();
    while let Some(word) = rest.next() {
        match reader.text(word) {
            "netlink_notify_msg" => {}
            "group" => words.group = behind(reader, word, rest.next()),
            "name" => {
                let name = behind(reader, word, rest.next());
                named(reader, &mut words, name);
            }
            text => match octets(text) {
                Some(mac) => ethernet(reader, &mut words, mac, word),
                None => named(reader, &mut words, Some(word)),
            },
        }
    }
    block.own.use_vmac = Some(Set { value: words, at });
}

/// `[[name] NAME] [ADDRESS] [bridge|private|vepa] [group GROUP]`
pub(super) fn use_ipvlan(reader: &mut Reader<'_>, node: NodeId, block: &mut VrrpInstanceBlock) {
    let at = reader.keyword(node);
    if let Some(first) = &block.own.use_ipvlan {
        let first = first.at;
        reader.second("use_ipvlan", at, first);
        return;
    }
    let mut words = OwnWords::default();
    let mut rest = reader.arguments(node).iter().copied();
    while let Some(word) = rest.next() {
        match reader.text(word) {
            "bridge" => words.flags = 0,
            "private" => words.flags = 1,
            "vepa" => words.flags = 2,
            "group" => words.group = behind(reader, word, rest.next()),
            "name" => {
                let name = behind(reader, word, rest.next());
                named(reader, &mut words, name);
            }
            text => match prefix(text) {
                Some(value) => words.address = Some(Set { value, at: word }),
                None => named(reader, &mut words, Some(word)),
            },
        }
    }
    block.own.use_ipvlan = Some(Set { value: words, at });
}

fn behind(reader: &mut Reader<'_>, option: Span, word: Option<Span>) -> Option<Span> {
    if word.is_none() {
        let message = format!("Nothing stands behind `{}`; it is ignored", reader.text(option));
        reader.complain(code::MISSING_WORD, option, message);
    }
    word
}

fn named(reader: &mut Reader<'_>, words: &mut OwnWords, at: Option<Span>) {
    let Some(at) = at else { return };
    if words.name.is_some() {
        let message = format!("`{}` is a second name; it is ignored", reader.text(at));
        reader.complain(code::DUPLICATE, at, message);
        return;
    }
    words.name = reader.link(at).map(|value| Set { value, at });
}

/// The octets of an Ethernet address; a text with no more than one colon is none.
fn octets(text: &str) -> Option<Vec<u8>> {
    if text.matches(':').count() < 2 || text.parse::<IpAddr>().is_ok() {
        return None;
    }
    // What cannot be understood is an address of no octets, which is complained of.
    let octets: Option<Vec<u8>> = text.split(':').map(|octet| u8::from_str_radix(octet, 16).ok()).collect();
    Some(octets.unwrap_or_default())
}

/// The first four octets of RFC 9568 §7.3, which are for addresses that nobody chooses.
const RESERVED: [u8; 4] = [0x00, 0x00, 0x5e, 0x00];

fn ethernet(reader: &mut Reader<'_>, words: &mut OwnWords, mac: Vec<u8>, at: Span) {
    let text = reader.text(at);
    let why = if !(5..=6).contains(&mac.len()) {
        "is no Ethernet address of five or six octets"
    } else if mac.first().is_some_and(|first| first & 1 == 1) {
        "is a group's address"
    } else if mac.starts_with(&RESERVED) && matches!(mac.get(4), Some(1 | 2)) {
        "is of those that RFC 9568 §7.3 gives out"
    } else {
        words.mac = Some(Set { value: mac, at });
        return;
    };
    reader.complain(code::BAD_ADDRESS, at, format!("{text} {why}; it is ignored"));
}

/// `[all] SECONDS`
pub(super) fn garp_extra_if(reader: &mut Reader<'_>, node: NodeId, block: &mut VrrpInstanceBlock) {
    if let Some(set) = extra(reader, node, 0) {
        block.garp.garp_extra_if = Some(set);
    }
}

/// `[all] SECONDS`, and whether `all` stands there.
pub(crate) fn extra(reader: &mut Reader<'_>, node: NodeId, least: i128) -> Option<Set<(u64, bool)>> {
    let arguments = reader.arguments(node);
    let all = arguments.first().is_some_and(|word| reader.text(*word) == "all");
    let Some(&at) = arguments.get(usize::from(all)) else {
        let at = reader.keyword(node);
        let message =
            format!("No number of seconds stands behind `{}`; the line is ignored", reader.text(at));
        reader
            .report
            .add(Diagnostic::new(code::MISSING_WORD, at, message).help("all, perhaps, and a number"));
        return None;
    };
    let seconds = reader.integer(at, least, 86_400, false)?;
    Some(Set { value: (u64::try_from(seconds).ok()?, all), at })
}
