//! `vrrp_instance` as written → as the engine obeys it: inheritance, families, versions, strict mode.

use std::net::IpAddr;
use std::time::Duration;

use host::{Family, LinkName};
use vrrp::config::{
    AnnounceConfig, Authentication, InstanceConfig, Mode, NotifyScripts, Peer, Preemption, Priority, Version,
    VirtualAddress, Vrid,
};

use super::VrrpInstanceBlock;
use crate::block::authentication::AuthenticationBlock;
use crate::block::{address, track};
use crate::diagnostic::{Class, Diagnostic, code};
use crate::resolve::Resolver;
use crate::source::Span;
use crate::tree::NodeId;
use crate::value::Set;

/// Longest interval of version 3 (RFC 9568 §5.2.7: twelve bits of hundredths).
const LONGEST_V3: Duration = Duration::from_millis(40_950);

/// Exit status of a daemon whose VRRP part cannot run.
const REFUSED: u8 = 2;

/// Turns a block into what the engine obeys; `None` (with what refuses to run) if it cannot be.
pub(crate) fn lower(resolver: &mut Resolver<'_, '_>, block: VrrpInstanceBlock) -> Option<InstanceConfig> {
    // No `..` here: a keyword that is read and not obeyed must not compile.
    let VrrpInstanceBlock {
        name,
        at,
        state,
        interface,
        virtual_router_id,
        priority,
        advert_int,
        version,
        native_ipv6,
        strict_mode,
        authentication,
        virtual_ipaddress,
        virtual_ipaddress_excluded,
        no_virtual_ipaddress,
        mcast_src_ip,
        mcast_dst_ip,
        unicast_peer,
        unicast_ttl,
        check_unicast_src,
        dont_track_primary,
        track_script,
        track_interface,
        nopreempt,
        preempt_delay,
        accept,
        skip_check_adv_addr,
        v3_checksum_as_v2,
        lower_prio_no_advert,
        higher_prio_send_advert,
        down_timer_adverts,
        garp_master_delay,
        garp_master_repeat,
        garp_master_refresh,
        garp_master_refresh_repeat,
        garp_lower_prio_delay,
        garp_lower_prio_repeat,
        notify,
        notify_master,
        notify_backup,
        notify_fault,
        notify_stop,
        notify_master_rx_lower_pri,
    } = block;
    let global = resolver.global;
    let strict = either(&strict_mode, &global.vrrp_strict).unwrap_or(false);
    let mut lowering = Lowering { resolver, name: &name, at, strict };

    let link = lowering.link(interface);
    let vrid = lowering.vrid(virtual_router_id);
    let mut addresses = lowering.addresses(&virtual_ipaddress);
    let mut excluded = lowering.addresses(&virtual_ipaddress_excluded);
    let mut peers = lowering.peers(&unicast_peer);
    let unicast = !unicast_peer.is_empty();
    let forced = native_ipv6.as_ref().map(|_| Family::V6);
    let family = family(forced, &addresses, &mcast_src_ip, &peers);
    lowering.keep_family(&mut addresses, family);
    let own: Vec<VirtualAddress> = addresses.iter().map(|(address, _)| address.clone()).collect();
    lowering.drop_repeats(&mut excluded, &own);
    lowering.keep_peers(&mut peers, family);
    let version = lowering.version(version, family);
    let source = lowering.of_family(mcast_src_ip, family, "source address");
    let (priority, wants_master) = lowering.priority(priority, state);
    let preemption = lowering.preemption(nopreempt, preempt_delay, wants_master, priority);
    lowering.has_addresses(&addresses, &no_virtual_ipaddress, version);
    lowering.accept_mode(accept, priority);
    let authentication = lowering.authentication(authentication, version);
    let interval = lowering.interval(advert_int, version);
    let mode = if unicast {
        lowering.unicast(peers, &unicast_ttl, &check_unicast_src, &mcast_dst_ip)
    } else {
        Mode::Multicast { group: lowering.group(mcast_dst_ip, family) }
    };
    let garp = Garp {
        garp_master_delay,
        garp_master_repeat,
        garp_master_refresh,
        garp_master_refresh_repeat,
        garp_lower_prio_delay,
        garp_lower_prio_repeat,
    };
    let announce = lowering.announce(&garp);
    let down_timer_adverts = lowering.down_timer_adverts(down_timer_adverts);
    let lower_priority_no_advert =
        lowering.forced(lower_prio_no_advert, &global.vrrp_lower_prio_no_advert, true, "lower_prio_no_advert");
    let higher_priority_send_advert =
        lowering.forced(higher_prio_send_advert, &global.vrrp_higher_prio_send_advert, false, "higher_prio_send_advert");
    let resolver = lowering.resolver;
    let own_link = link.clone()?;
    let track_links = track::links(resolver, &track_interface, &own_link);
    let track_scripts = track::scripts(resolver, &track_script);
    let notify = NotifyScripts {
        master: resolver.notify(notify_master.as_ref()),
        backup: resolver.notify(notify_backup.as_ref()),
        fault: resolver.notify(notify_fault.as_ref()),
        stop: resolver.notify(notify_stop.as_ref()),
        any: resolver.notify(notify.as_ref()),
        lower_priority_heard: resolver.notify(notify_master_rx_lower_pri.as_ref()),
    };
    Some(InstanceConfig {
        name: name.clone(),
        link: link?,
        family,
        vrid: vrid?,
        version,
        priority,
        wants_master,
        interval,
        down_timer_adverts,
        mode,
        source,
        authentication,
        addresses: own,
        excluded: excluded.into_iter().map(|(address, _)| address).collect(),
        preemption,
        skip_address_check: either(&skip_check_adv_addr, &global.vrrp_skip_check_adv_addr).unwrap_or(false),
        lower_priority_no_advert,
        higher_priority_send_advert,
        checksum_as_v2: either(&v3_checksum_as_v2, &global.v3_checksum_as_v2).unwrap_or(false),
        announce,
        track_own_link: dont_track_primary.is_none(),
        track_links,
        track_scripts,
        notify,
    })
}

/// The instance's value, else the global one.
fn either<T: Copy>(own: &Option<Set<T>>, global: &Option<Set<T>>) -> Option<T> {
    own.as_ref().or(global.as_ref()).map(|set| set.value)
}

/// The family of an instance: of what stands first of addresses, source and peers; IPv4 if nothing tells.
fn family(
    forced: Option<Family>,
    addresses: &[(VirtualAddress, Span)],
    source: &Option<Set<IpAddr>>,
    peers: &[(Peer, Span)],
) -> Family {
    forced
        .or_else(|| addresses.first().map(|(address, _)| address.prefix.family()))
        .or_else(|| source.as_ref().map(|set| Family::of(set.value)))
        .or_else(|| peers.first().map(|(peer, _)| Family::of(peer.address)))
        .unwrap_or(Family::V4)
}

struct Garp {
    garp_master_delay: Option<Set<u64>>,
    garp_master_repeat: Option<Set<u64>>,
    garp_master_refresh: Option<Set<u64>>,
    garp_master_refresh_repeat: Option<Set<u64>>,
    garp_lower_prio_delay: Option<Set<u64>>,
    garp_lower_prio_repeat: Option<Set<u64>>,
}

/// One instance on its way.
struct Lowering<'l, 'r, 'a> {
    resolver: &'l mut Resolver<'r, 'a>,
    name: &'l str,
    at: Span,
    strict: bool,
}

impl Lowering<'_, '_, '_> {
    fn add(&mut self, found: Diagnostic) {
        self.resolver.reader.report.add(found);
    }

    fn complain(&mut self, code: crate::diagnostic::Code, at: Span, message: String) {
        let message = format!("({}) {message}", self.name);
        self.add(Diagnostic::new(code, at, message));
    }

    /// Something without which the instance, and so the daemon, does not run.
    fn refuse(&mut self, code: crate::diagnostic::Code, at: Span, message: &str, help: Option<String>) {
        let message = format!("({}) {message}", self.name);
        self.add(Diagnostic::new(code, at, message).maybe_help(help).refuses(REFUSED));
    }

    fn link(&mut self, interface: Option<Set<LinkName>>) -> Option<LinkName> {
        let Some(Set { value: link, at }) = interface else {
            let help = Some("say on which with `interface NAME`".into());
            self.refuse(code::NO_INTERFACE, self.at, "The virtual router has no interface", help);
            return None;
        };
        if !self.resolver.link_may_be_used(&link) {
            let help = Some("with dynamic_interfaces in global_defs it may come later".into());
            self.refuse(code::NO_LINK, at, &format!("There is no interface {link} on this host"), help);
        }
        Some(link)
    }

    fn vrid(&mut self, vrid: Option<Set<u64>>) -> Option<Vrid> {
        let vrid = vrid.and_then(|set| Vrid::new(u8::try_from(set.value).ok()?));
        if vrid.is_none() {
            let help = Some("give it one with `virtual_router_id NUMBER`, 1 to 255".into());
            self.refuse(code::NO_VRID, self.at, "The virtual router has no virtual_router_id", help);
        }
        vrid
    }

    fn addresses(&mut self, lists: &[NodeId]) -> Vec<(VirtualAddress, Span)> {
        let mut addresses: Vec<(VirtualAddress, Span)> = Vec::new();
        for line in lists.iter().flat_map(|list| self.resolver.reader.tree.children(*list)) {
            addresses.extend(address::line(self.resolver, line));
        }
        let mut kept = Vec::with_capacity(addresses.len());
        for (address, at) in addresses {
            self.keep_once(&mut kept, address, at);
        }
        kept
    }

    fn keep_once(&mut self, kept: &mut Vec<(VirtualAddress, Span)>, address: VirtualAddress, at: Span) {
        let key = |address: &VirtualAddress| (address.prefix.address(), address.link.clone());
        match kept.iter().find(|(have, _)| key(have) == key(&address)) {
            Some((_, first)) => {
                let message = format!("({}) {} stands here a second time", self.name, address.prefix.address());
                self.add(Diagnostic::new(code::DUPLICATE, at, message).related(*first, "the first"));
            }
            None => kept.push((address, at)),
        }
    }

    fn drop_repeats(&mut self, excluded: &mut Vec<(VirtualAddress, Span)>, own: &[VirtualAddress]) {
        excluded.retain(|(address, at)| {
            let repeated = own.iter().any(|have| address::same(have, address));
            if repeated {
                let message = format!("{} is advertised already", address.prefix.address());
                self.complain(code::DUPLICATE, *at, message);
            }
            !repeated
        });
    }

    fn keep_family(&mut self, addresses: &mut Vec<(VirtualAddress, Span)>, family: Family) {
        addresses.retain(|(address, at)| {
            let fits = address.prefix.family() == family;
            if !fits {
                let message = format!("{} is not {family} as the first is; it is ignored", address.prefix.address());
                let found = Diagnostic::new(code::FAMILY, *at, format!("({}) {message}", self.name));
                self.add(found.help("put addresses of the other family into virtual_ipaddress_excluded"));
            }
            fits
        });
    }

    fn peers(&mut self, lists: &[NodeId]) -> Vec<(Peer, Span)> {
        let mut peers: Vec<(Peer, Span)> = Vec::new();
        for line in lists.iter().flat_map(|list| self.resolver.reader.tree.children(*list)) {
            let Some((&at, mut options)) = self.resolver.reader.tree.words(line).split_first() else { continue };
            let Some(address) = self.resolver.reader.address(at) else { continue };
            if peers.iter().any(|(have, _)| have.address == address) {
                self.complain(code::DUPLICATE, at, format!("{address} is a peer already"));
                continue;
            }
            let mut ttl = (0, 255);
            while let [option, rest @ ..] = options {
                let bound = match self.resolver.reader.text(*option) {
                    "min_ttl" => &mut ttl.0,
                    "max_ttl" => &mut ttl.1,
                    other => {
                        let message = format!("`{other}` is no option of a peer");
                        self.complain(code::BAD_WORD, *option, message);
                        options = rest;
                        continue;
                    }
                };
                let number = rest.first().and_then(|word| self.resolver.reader.integer(*word, 0, 255, false));
                if let Some(number) = number.and_then(|number| u8::try_from(number).ok()) {
                    *bound = number;
                }
                options = rest.get(1..).unwrap_or_default();
            }
            if ttl.0 > ttl.1 {
                self.complain(code::NOT_TOGETHER, at, "min_ttl is above max_ttl".into());
            }
            peers.push((Peer { address, ttl }, at));
        }
        peers
    }

    fn keep_peers(&mut self, peers: &mut Vec<(Peer, Span)>, family: Family) {
        peers.retain(|(peer, at)| {
            let fits = Family::of(peer.address) == family;
            if !fits {
                self.complain(code::FAMILY, *at, format!("the peer {} is not {family}; it is ignored", peer.address));
            }
            fits
        });
    }

    fn of_family(&mut self, address: Option<Set<IpAddr>>, family: Family, what: &str) -> Option<IpAddr> {
        let Set { value, at } = address?;
        if Family::of(value) == family {
            return Some(value);
        }
        self.complain(code::FAMILY, at, format!("the {what} {value} is not {family}; it is ignored"));
        None
    }

    fn version(&mut self, own: Option<Set<u64>>, family: Family) -> Version {
        let wanted = own.as_ref().map(|set| set.value);
        match family {
            Family::V6 => {
                if let Some(set) = own.filter(|set| set.value == 2) {
                    self.complain(code::NOT_TOGETHER, set.at, "IPv6 needs version 3, which is taken".into());
                }
                Version::V3
            }
            Family::V4 => {
                match wanted.or(self.resolver.global.vrrp_version.as_ref().map(|set| set.value)) {
                    Some(3) => Version::V3,
                    Some(_) | None => Version::V2,
                }
            }
        }
    }

    fn priority(&mut self, priority: Option<Set<u64>>, state: Option<Set<bool>>) -> (Priority, bool) {
        let wants_master = state.as_ref().map(|set| set.value);
        let value = priority.as_ref().map(|set| u8::try_from(set.value).unwrap_or(100));
        let value = value.unwrap_or(if wants_master == Some(true) { 255 } else { 100 });
        let owner = value == 255;
        let mut wants = wants_master.unwrap_or(owner);
        if self.strict && wants != owner {
            let at = state.as_ref().map_or(self.at, |set| set.at);
            let word = if owner { "MASTER" } else { "BACKUP" };
            self.complain(code::STRICT, at, format!("strict mode takes the state {word} with priority {value}"));
            wants = owner;
        }
        (Priority(value), wants)
    }

    fn preemption(
        &mut self,
        nopreempt: Option<Set<bool>>,
        delay: Option<Set<Duration>>,
        wants_master: bool,
        priority: Priority,
    ) -> Preemption {
        let mut never = nopreempt.filter(|set| set.value);
        if let Some(set) = never.take_if(|_| wants_master || priority.is_owner()) {
            let why = if priority.is_owner() { "priority 255" } else { "state MASTER" };
            self.complain(code::NOT_TOGETHER, set.at, format!("nopreempt does not go with {why}; it is ignored"));
        }
        let mut delay = delay.filter(|set| !set.value.is_zero());
        let against = if self.strict {
            Some("strict mode")
        } else if wants_master {
            Some("state MASTER")
        } else if never.is_some() {
            Some("nopreempt")
        } else {
            None
        };
        if let Some(why) = against
            && let Some(set) = delay.take()
        {
            self.complain(code::NOT_TOGETHER, set.at, format!("preempt_delay does not go with {why}; it is ignored"));
        }
        match (never, delay) {
            (Some(_), _) => Preemption::Never,
            (None, Some(set)) => Preemption::Delayed(set.value),
            (None, None) => Preemption::Allowed,
        }
    }

    fn has_addresses(
        &mut self,
        addresses: &[(VirtualAddress, Span)],
        allowed: &Option<Set<bool>>,
        version: Version,
    ) {
        if let Some(set) = allowed.as_ref().filter(|_| self.strict) {
            self.complain(code::STRICT, set.at, "strict mode needs an address; no_virtual_ipaddress is ignored".into());
        }
        if !addresses.is_empty() || (allowed.is_some() && !self.strict) {
            if let Some((first, at)) = addresses.first().filter(|_| self.strict)
                && let IpAddr::V6(address) = first.prefix.address()
                && !address.is_unicast_link_local()
            {
                // RFC 9568 §5.2.9
                self.complain(code::STRICT, *at, "the first IPv6 address must be link-local".into());
            }
            return;
        }
        let help = Some("list them in virtual_ipaddress".to_owned());
        match version {
            Version::V3 => self.refuse(code::NO_ADDRESS, self.at, "Version 3 needs at least one address", help),
            Version::V2 if self.strict => {
                self.refuse(code::NO_ADDRESS, self.at, "Strict mode needs at least one address", help);
            }
            Version::V2 => self.complain(code::NO_ADDRESS, self.at, "the virtual router has no address".into()),
        }
    }

    fn accept_mode(&mut self, accept: Option<Set<bool>>, priority: Priority) {
        let Some(set) = accept.filter(|_| self.strict && !priority.is_owner()) else { return };
        self.complain(code::STRICT, set.at, "strict mode accepts for the owner only; accept is ignored".into());
    }

    fn authentication(&mut self, block: AuthenticationBlock, version: Version) -> Authentication {
        let AuthenticationBlock { auth_type, auth_pass } = block;
        let Some(kind) = auth_type else {
            if let Some(pass) = auth_pass {
                self.complain(code::NOT_TOGETHER, pass.at, "a password without auth_type; it is ignored".into());
            }
            return Authentication::None;
        };
        match kind.value.as_str() {
            "PASS" => {}
            "AH" => {
                self.resolver.reader.not_yet(kind.at, "authentication by AH");
                return Authentication::None;
            }
            other => {
                let message = format!("`{other}` is no authentication; it is ignored");
                self.complain(code::BAD_WORD, kind.at, message);
                return Authentication::None;
            }
        }
        let against = match version {
            Version::V3 => Some("version 3 has no authentication"),
            Version::V2 if self.strict => Some("strict mode has no authentication"),
            Version::V2 => None,
        };
        if let Some(why) = against {
            self.complain(code::NOT_TOGETHER, kind.at, format!("{why}; it is ignored"));
            return Authentication::None;
        }
        let pass = auth_pass.map(|set| set.value).filter(|pass| !pass.is_empty());
        let Some(pass) = pass else {
            self.complain(code::NOT_TOGETHER, kind.at, "auth_type PASS without auth_pass; it is ignored".into());
            return Authentication::None;
        };
        let mut bytes = [0; 8];
        for (to, from) in bytes.iter_mut().zip(pass.bytes()) {
            *to = from;
        }
        Authentication::Password(bytes)
    }

    fn interval(&mut self, interval: Option<Set<Duration>>, version: Version) -> Duration {
        let Some(Set { value, at }) = interval else { return Duration::from_secs(1) };
        let fits = match version {
            // RFC 3768 §5.3.7: whole seconds.
            Version::V2 => Duration::from_secs(((value.as_millis() + 500) / 1000).clamp(1, 255).try_into().unwrap_or(1)),
            // RFC 9568 §5.2.7: hundredths of a second.
            Version::V3 => {
                let hundredths = ((value.as_micros() + 5_000) / 10_000).max(1);
                Duration::from_millis((hundredths * 10).try_into().unwrap_or(u64::MAX)).min(LONGEST_V3)
            }
        };
        if fits != value {
            let unit = match version {
                Version::V2 => "whole seconds, 1 to 255, in version 2",
                Version::V3 => "hundredths of a second up to 40.95 in version 3",
            };
            let message = format!("advert_int is taken as {} seconds: {unit}", fits.as_secs_f64());
            self.complain(code::ADJUSTED, at, message);
        }
        fits
    }

    fn unicast(
        &mut self,
        peers: Vec<(Peer, Span)>,
        ttl: &Option<Set<u64>>,
        check: &Option<Set<bool>>,
        group: &Option<Set<IpAddr>>,
    ) -> Mode {
        if let Some(set) = group {
            self.complain(code::NOT_TOGETHER, set.at, "mcast_dst_ip does not go with peers; it is ignored".into());
        }
        let bounded = peers.iter().any(|(peer, _)| peer.ttl != (0, 255));
        let check_source = bounded || either(check, &self.resolver.global.vrrp_check_unicast_src).unwrap_or(false);
        Mode::Unicast {
            peers: peers.into_iter().map(|(peer, _)| peer).collect(),
            ttl: ttl.as_ref().and_then(|set| u8::try_from(set.value).ok()),
            check_source,
        }
    }

    fn group(&mut self, own: Option<Set<IpAddr>>, family: Family) -> IpAddr {
        if let Some(set) = own.as_ref().filter(|set| !set.value.is_multicast()) {
            self.complain(code::BAD_ADDRESS, set.at, format!("{} is no multicast group; it is ignored", set.value));
        } else if let Some(group) = self.of_family(own, family, "group") {
            return group;
        }
        let global = self.resolver.global;
        let (global, default) = match family {
            Family::V4 => (&global.vrrp_mcast_group4, Mode::GROUP_V4),
            Family::V6 => (&global.vrrp_mcast_group6, Mode::GROUP_V6),
        };
        global.as_ref().map_or(default, |set| set.value)
    }

    fn announce(&mut self, own: &Garp) -> AnnounceConfig {
        let global = self.resolver.global;
        let usual = AnnounceConfig::default();
        let least = global.vrrp_min_garp.as_ref().is_some_and(|set| set.value);
        let seconds = |own: &Option<Set<u64>>, global: &Option<Set<u64>>| either(own, global).map(Duration::from_secs);
        let count = |own: &Option<Set<u64>>, global: &Option<Set<u64>>| {
            either(own, global).map(|value| u32::try_from(value).unwrap_or(u32::MAX))
        };
        let repeat = count(&own.garp_master_repeat, &global.vrrp_garp_master_repeat);
        let repeat = repeat.unwrap_or(if least { 1 } else { usual.repeat });
        let delay = seconds(&own.garp_master_delay, &global.vrrp_garp_master_delay);
        let delay = delay.unwrap_or(if least { Duration::ZERO } else { usual.delay });
        let refresh = seconds(&own.garp_master_refresh, &global.vrrp_garp_master_refresh);
        let refresh_repeat = count(&own.garp_master_refresh_repeat, &global.vrrp_garp_master_refresh_repeat);
        let mut lower_repeat = count(&own.garp_lower_prio_repeat, &global.vrrp_garp_lower_prio_repeat);
        let mut lower_delay = seconds(&own.garp_lower_prio_delay, &global.vrrp_garp_lower_prio_delay);
        if self.strict {
            for set in [&own.garp_lower_prio_repeat, &own.garp_lower_prio_delay].into_iter().flatten() {
                if set.value != 0 {
                    let message = "strict mode sends no gratuitous ARPs after a lower priority was heard";
                    self.complain(code::STRICT, set.at, message.into());
                }
            }
            (lower_repeat, lower_delay) = (Some(0), Some(Duration::ZERO));
        }
        AnnounceConfig {
            repeat,
            delay,
            refresh: refresh.unwrap_or(usual.refresh),
            refresh_repeat: refresh_repeat.unwrap_or(usual.refresh_repeat),
            lower_priority_repeat: lower_repeat.unwrap_or(repeat),
            lower_priority_delay: lower_delay.unwrap_or(delay),
        }
    }

    fn down_timer_adverts(&mut self, own: Option<Set<u64>>) -> u8 {
        let value = either(&own, &self.resolver.global.vrrp_down_timer_adverts).unwrap_or(3);
        if self.strict && value != 3 {
            let at = own.as_ref().map_or(self.at, |set| set.at);
            self.complain(code::STRICT, at, "strict mode takes 3 for down_timer_adverts".into());
            return 3;
        }
        u8::try_from(value).unwrap_or(3)
    }

    /// A switch that strict mode sets.
    fn forced(
        &mut self,
        own: Option<Set<bool>>,
        global: &Option<Set<bool>>,
        strict: bool,
        keyword: &str,
    ) -> bool {
        if !self.strict {
            return either(&own, global).unwrap_or(false);
        }
        if let Some(set) = own.filter(|set| set.value != strict) {
            let word = if strict { "on" } else { "off" };
            self.complain(code::STRICT, set.at, format!("strict mode sets {keyword} {word}"));
        }
        strict
    }
}

/// Two instances that no receiver could tell apart.
pub(crate) fn same_vrid(resolver: &mut Resolver<'_, '_>, one: &InstanceConfig, at: Span, other: (&str, Span)) {
    let message =
        format!("({}) VRID {} of {} on {} is also that of {}", one.name, one.vrid, one.family, one.link, other.0);
    let found = Diagnostic::new(code::SAME_VRID, at, message).related(other.1, "the other").class(Class::Complaint);
    resolver.reader.report.add(found.help("give one of them another virtual_router_id").refuses(REFUSED));
}
