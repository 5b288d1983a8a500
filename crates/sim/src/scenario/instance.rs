//! Instances in a scenario's few words: `key=value` and flags. What is not said has Keepalived's default.

use std::fmt::{self, Write};
use std::net::IpAddr;
use std::num::NonZeroU8;
use std::time::Duration;

use bfd::config::SessionConfig;
use host::{
    Command, Family, LinkName, MacAddress, NextHop, Prefix, Route, Rule, RuleAction, VirtualLink,
    VirtualLinkKind,
};
use vrrp::Config;
use vrrp::config::{
    AnnounceConfig, Authentication, GroupConfig, Hmac, HmacKey, HmacMode, InstanceConfig, Mode,
    NotifyScripts, OwnLink, Peer, Preemption, Priority, Version, VirtualAddress, VirtualRoute, VirtualRule,
    Vrid,
};

use super::{Why, tracked};

/// An instance that says nothing yet: VRID 51, version 2, priority 100, interval one second, no address.
pub fn plain(name: &str, link: &LinkName) -> InstanceConfig {
    let vrid = Vrid::new(51).expect("51 is not 0");
    InstanceConfig::plain(name, link.clone(), vrid).with(|it| it.notify = notify())
}

/// One more address, which decides what the family is.
fn advertise(it: &mut InstanceConfig, prefix: Prefix) {
    it.addresses.push(VirtualAddress::plain(prefix));
    it.family = prefix.family();
    if matches!((&it.mode, it.family), (Mode::Multicast { .. }, Family::V6)) {
        it.mode = Mode::Multicast { group: Mode::GROUP_V6 };
    }
}

/// Obeys one word. Scripts and groups that it names are added to `config`.
pub(super) fn apply(it: &mut InstanceConfig, config: &mut Config, word: &str) -> Result<(), Why> {
    let bad = || Why::BadValue(word.to_owned());
    let Some((key, value)) = word.split_once('=') else { return apply_flag(it, word) };
    match key {
        "vrid" => it.vrid = value.parse().ok().and_then(Vrid::new).ok_or_else(bad)?,
        "version" => it.version = if value == "3" { Version::V3 } else { Version::V2 },
        "priority" => it.priority = Priority(value.parse().map_err(|_| bad())?),
        "interval" => it.interval = super::read::duration(value)?,
        "down_timer_adverts" => it.down_timer_adverts = value.parse().map_err(|_| bad())?,
        "vip" => advertise(it, super::read::prefix(value)?),
        "evip" => it.excluded.push(VirtualAddress::plain(super::read::prefix(value)?)),
        "unicast" => {
            let peers: Result<Vec<_>, _> = value.split(',').map(|peer| peer.parse::<IpAddr>()).collect();
            let peers = peers.map_err(|_| bad())?.into_iter();
            let peers = peers.map(|address| Peer { address, ttl: (0, 255) }).collect();
            it.mode = Mode::Unicast { peers, ttl: None, check_source: true };
        }
        "source" => it.source = Some(value.parse().map_err(|_| bad())?),
        "password" => it.authentication = Authentication::Password(padded(value)),
        "header" => it.authentication = Authentication::Header(padded(value)),
        "hmac" => it.hmac = Some(hmac(value)?),
        "preempt_delay" => it.preemption = Preemption::Delayed(super::read::duration(value)?),
        "garp_repeat" => it.announce.repeat = value.parse().map_err(|_| bad())?,
        "garp_lower_repeat" => it.announce.lower_priority_repeat = value.parse().map_err(|_| bad())?,
        "garp_delay" => it.announce.delay = super::read::duration(value)?,
        "garp_refresh" => it.announce.refresh = super::read::duration(value)?,
        "group" => match config.groups.iter_mut().find(|group| group.name == value) {
            Some(group) => group.members.push(it.name.clone()),
            None => config.groups.push(group(value, vec![it.name.clone()])),
        },
        "lifetime" => it.lifetime = Some(value.parse().map_err(|_| bad())?),
        "route" => {
            let link = link(it).clone();
            it.routes.push(route(super::read::prefix(value)?, &link));
        }
        "rule" => {
            let family = it.family;
            it.rules.push(rule(family, value.parse().map_err(|_| bad())?));
        }
        "late_yields_to" => it.late_master_yields_to = Some(Priority(value.parse().map_err(|_| bad())?)),
        "static" => {
            let address = VirtualAddress::plain(super::read::prefix(value)?);
            config.statics.addresses.push((link(it).clone(), address));
        }
        "startup_delay" => config.startup_delay = super::read::duration(value)?,
        _ => return tracked::apply(it, config, word),
    }
    Ok(())
}

fn apply_flag(it: &mut InstanceConfig, word: &str) -> Result<(), Why> {
    match word {
        "unsigned" => it.hmac = None,
        "nopreempt" => it.preemption = Preemption::Never,
        "preempt" => it.preemption = Preemption::Allowed,
        "wants_master" => it.wants_master = true,
        "skip_address_check" => it.skip_address_check = true,
        "lower_priority_no_advert" => it.lower_priority_no_advert = true,
        "higher_priority_send_advert" => it.higher_priority_send_advert = true,
        "checksum_as_v2" => it.checksum_as_v2 = true,
        "dont_track_primary" => it.track_own_link = false,
        "track_source" => it.track_source = true,
        "no_accept" => it.accept = false,
        "tell_priority" => it.tell_priority = true,
        "mail" => it.mail = true,
        "step_down" => it.step_down = true,
        "heal_hooks" => it.heal_hooks = true,
        "heals_not" => it.announce.heals = false,
        "vmac" | "vmac_by_base" => it.own_link = Some(vmac(it, word == "vmac_by_base")),
        _ => return Err(Why::UnknownWord(word.to_owned())),
    }
    Ok(())
}

/// Its link: in a simulation, which has no routing table, every instance has one.
pub(crate) fn link(it: &InstanceConfig) -> &LinkName {
    it.link.as_ref().expect("what is simulated is made with a link")
}

/// A link of its own with the virtual router's Ethernet address (RFC 9568 §7.3). Says so after `vrid` and `vip`.
pub(crate) fn vmac(it: &InstanceConfig, adverts_by_base: bool) -> OwnLink {
    let family = if it.family == Family::V4 { 1 } else { 2 };
    let link = VirtualLink {
        name: LinkName::new(&format!("vrrp.{}", it.vrid)).expect("eight bytes at most"),
        base: link(it).clone(),
        kind: VirtualLinkKind::Vmac(MacAddress([0, 0, 0x5e, 0, family, it.vrid.get()])),
        group: None,
        family: it.family,
        both_families: it.excluded.iter().any(|vip| vip.prefix.family() != it.family),
    };
    OwnLink { link, adverts_by_base, address: None }
}

/// A route of its own table by a link.
pub(crate) fn route(destination: Prefix, link: &LinkName) -> VirtualRoute {
    let hop = NextHop {
        via: None,
        link: Some(link.clone()),
        weight: 1,
        onlink: false,
        realms: None,
        encapsulation: None,
    };
    VirtualRoute { route: Route { table: 100, hops: vec![hop], ..Route::to(destination) }, track: true }
}

/// A rule that has everything looked up in that table.
pub(crate) fn rule(family: Family, priority: u32) -> VirtualRule {
    VirtualRule { rule: Rule::plain(family, priority, RuleAction::Table(100)), track: true }
}

/// A path to a neighbour that is watched at the same interval both ways.
pub(crate) fn session(
    name: &str,
    neighbour: IpAddr,
    interval: Duration,
    multiplier: NonZeroU8,
) -> SessionConfig {
    SessionConfig { min_rx: interval, min_tx: interval, multiplier, ..SessionConfig::plain(name, neighbour) }
}

/// A sync group, with the script of [`plain`].
pub(crate) fn group(name: &str, members: Vec<String>) -> GroupConfig {
    GroupConfig { name: name.to_owned(), members, notify: notify(), mail: false }
}

fn notify() -> NotifyScripts {
    let command = Command { argv: vec!["notify".to_owned()], account: None };
    NotifyScripts { any: Some(command.into()), ..NotifyScripts::default() }
}

/// A password as it goes on the wire.
fn padded(text: &str) -> [u8; 8] {
    let mut password = [0; 8];
    password.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    password
}

/// `MODE/ACTIVE/KEY[,KEY…]/WINDOW`, and `/monotonic`. A key's number is all that need be said of it.
fn hmac(value: &str) -> Result<Hmac, Why> {
    let bad = || Why::BadValue(value.to_owned());
    let parts: Vec<&str> = value.split('/').collect();
    let (mode, active, keys, window, monotonic) = match parts[..] {
        [mode, active, keys, window] => (mode, active, keys, window, false),
        [mode, active, keys, window, "monotonic"] => (mode, active, keys, window, true),
        _ => return Err(bad()),
    };
    let mode = MODES.into_iter().find(|(_, word)| *word == mode).ok_or_else(bad)?.0;
    let keys = keys.split(',').map(|id| id.parse().map(key).map_err(|_| bad()));
    let window = super::read::duration(window)?;
    let active = active.parse().map_err(|_| bad())?;
    Ok(Hmac { keys: keys.collect::<Result<_, _>>()?, active, window, monotonic, mode })
}

const MODES: [(HmacMode, &str); 3] = [
    (HmacMode::Enforce, "enforce"),
    (HmacMode::Permissive, "permissive"),
    (HmacMode::ReceiveOnly, "receive-only"),
];

/// The key of this number, the same on all nodes.
pub(crate) fn key(id: u8) -> HmacKey {
    HmacKey { id, secret: vec![id; 32] }
}

/// The words from which [`apply`] makes this instance of a [`plain`] one.
pub(crate) fn words(it: &InstanceConfig, config: &Config) -> Result<String, fmt::Error> {
    let mut out = format!("vrid={} version={} priority={}", it.vrid, it.version.number(), it.priority);
    write!(out, " interval={:?} down_timer_adverts={}", it.interval, it.down_timer_adverts)?;
    for vip in &it.addresses {
        write!(out, " vip={}", vip.prefix)?;
    }
    for vip in &it.excluded {
        write!(out, " evip={}", vip.prefix)?;
    }
    if let Mode::Unicast { peers, .. } = &it.mode {
        let peers: Vec<_> = peers.iter().map(|peer| peer.address.to_string()).collect();
        write!(out, " unicast={}", peers.join(","))?;
    }
    if let Some(source) = it.source {
        write!(out, " source={source}")?;
    }
    let text = |password: &[u8; 8]| String::from_utf8_lossy(password).trim_end_matches('\0').to_owned();
    match &it.authentication {
        Authentication::None => {}
        Authentication::Password(password) => write!(out, " password={}", text(password))?,
        Authentication::Header(password) => write!(out, " header={}", text(password))?,
    }
    if let Some(Hmac { keys, active, window, monotonic, mode }) = &it.hmac {
        let mode = MODES.iter().find(|(known, _)| known == mode).map_or("?", |(_, word)| word);
        let keys: Vec<_> = keys.iter().map(|key| key.id.to_string()).collect();
        let monotonic = if *monotonic { "/monotonic" } else { "" };
        write!(out, " hmac={mode}/{active}/{}/{window:?}{monotonic}", keys.join(","))?;
    }
    match it.preemption {
        Preemption::Allowed => {}
        Preemption::Delayed(delay) => write!(out, " preempt_delay={delay:?}")?,
        Preemption::Never => out.push_str(" nopreempt"),
    }
    let AnnounceConfig { repeat, delay, refresh, lower_priority_repeat: lower, .. } = it.announce;
    write!(
        out,
        " garp_repeat={repeat} garp_delay={delay:?} garp_refresh={refresh:?} garp_lower_repeat={lower}"
    )?;
    tracked::write(&mut out, it, config)?;
    for route in &it.routes {
        write!(out, " route={}", route.route.destination)?;
    }
    for rule in &it.rules {
        write!(out, " rule={}", rule.rule.priority)?;
    }
    for group in config.groups.iter().filter(|group| group.members.contains(&it.name)) {
        write!(out, " group={}", group.name)?;
    }
    if let Some(priority) = it.late_master_yields_to {
        write!(out, " late_yields_to={priority}")?;
    }
    write_node(&mut out, it, config)?;
    if let Some(lifetime) = it.lifetime {
        write!(out, " lifetime={lifetime}")?;
    }
    write_flags(&mut out, it);
    Ok(out)
}

/// What is said of the whole node stands at its first instance.
fn write_node(out: &mut String, it: &InstanceConfig, config: &Config) -> fmt::Result {
    if config.instances.first().is_some_and(|first| first.name == it.name) {
        if config.startup_delay > Duration::ZERO {
            write!(out, " startup_delay={:?}", config.startup_delay)?;
        }
        for (_, address) in &config.statics.addresses {
            write!(out, " static={}", address.prefix)?;
        }
        tracked::write_links(out, config)?;
    }
    Ok(())
}

fn write_flags(out: &mut String, it: &InstanceConfig) {
    let by_base = it.own_link.as_ref().map(|own| own.adverts_by_base);
    let flags = [
        (by_base == Some(false), " vmac"),
        (by_base == Some(true), " vmac_by_base"),
        (it.wants_master, " wants_master"),
        (it.skip_address_check, " skip_address_check"),
        (it.lower_priority_no_advert, " lower_priority_no_advert"),
        (it.higher_priority_send_advert, " higher_priority_send_advert"),
        (it.checksum_as_v2, " checksum_as_v2"),
        (!it.track_own_link, " dont_track_primary"),
        (it.track_source, " track_source"),
        (!it.accept, " no_accept"),
        (it.tell_priority, " tell_priority"),
        (it.mail, " mail"),
        (it.step_down, " step_down"),
        (it.heal_hooks, " heal_hooks"),
        (!it.announce.heals, " heals_not"),
    ];
    flags.iter().filter(|(on, _)| *on).for_each(|(_, word)| out.push_str(word));
}

/// The addresses as they were written, for messages.
pub(super) fn prefixes(prefixes: &[Prefix]) -> String {
    prefixes.iter().map(Prefix::to_string).collect::<Vec<_>>().join(",")
}
