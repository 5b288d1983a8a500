//! `vrrp_instance` as written → as the engine obeys it: inheritance, families, versions, strict mode.

mod addresses;
mod election;
mod timing;
mod transport;

use std::net::IpAddr;

use host::{Family, LinkName};
use vrrp::config::{InstanceConfig, NotifyScripts, Peer, Priority, VirtualAddress, Vrid};

use super::{Scripts, Track, VrrpInstanceBlock};
use crate::block::track;
use crate::diagnostic::{Class, Diagnostic, code};
use crate::resolve::{REFUSED, Resolver};
use crate::source::Span;
use crate::value::Set;

/// Turns a block into what the engine obeys; `None` (with what refuses to run) if it cannot be.
pub(crate) fn lower(resolver: &mut Resolver<'_, '_>, block: VrrpInstanceBlock) -> Option<InstanceConfig> {
    // No `..` here: a keyword that is read and not obeyed must not compile.
    let VrrpInstanceBlock {
        name,
        at,
        interface,
        virtual_router_id,
        advert_int,
        version,
        election,
        transport,
        addresses,
        garp,
        scripts,
        native_ipv6,
        strict_mode,
        authentication,
        accept,
        conduct,
        track,
        down_timer_adverts,
    } = block;
    let global = resolver.global;
    let strict = either(&strict_mode, &global.vrrp_strict).unwrap_or(false);
    let mut lowering = Lowering { resolver, name: &name, at, strict };
    let link = lowering.link(interface);
    let vrid = lowering.vrid(virtual_router_id);
    let mut held = lowering.held(&addresses);
    let peers = lowering.peers(&transport.unicast_peer);
    let forced = native_ipv6.map(|_| Family::V6);
    let family = family(forced, &held.advertised, &transport.mcast_src_ip, &peers);
    lowering.settle(&mut held, family);
    let version = lowering.version(version, family);
    let (source, mode) = lowering.mode(transport, peers, family);
    let election = lowering.election(election);
    lowering.has_addresses(&held.advertised, &addresses.no_virtual_ipaddress, version);
    lowering.accept_mode(accept, election.priority);
    let authentication = lowering.authentication(authentication, version);
    let interval = lowering.interval(advert_int, version);
    let announce = lowering.announce(&garp);
    let down_timer_adverts = lowering.down_timer_adverts(down_timer_adverts);
    let conduct = lowering.conduct(conduct);
    let notify = notify(lowering.resolver, scripts);
    let Track { dont_track_primary, track_script, track_interface } = track;
    let track_links = track::links(resolver, &track_interface, link.as_ref());
    let track_scripts = track::scripts(resolver, &track_script);
    Some(InstanceConfig {
        family,
        vrid: vrid?,
        version,
        priority: election.priority,
        wants_master: election.wants_master,
        interval,
        down_timer_adverts,
        mode,
        source,
        authentication,
        addresses: held.advertised.into_iter().map(|(address, _)| address).collect(),
        excluded: held.excluded.into_iter().map(|(address, _)| address).collect(),
        preemption: election.preemption,
        skip_address_check: conduct.skip_address_check,
        lower_priority_no_advert: conduct.lower_priority_no_advert,
        higher_priority_send_advert: conduct.higher_priority_send_advert,
        checksum_as_v2: conduct.checksum_as_v2,
        announce,
        track_own_link: dont_track_primary.is_none(),
        track_links,
        track_scripts,
        notify,
        link: link?,
        name,
        routes: Vec::new(),
        rules: Vec::new(),
        own_link: None,
        lifetime: None,
        track_files: Vec::new(),
        track_processes: Vec::new(),
        track_bfds: Vec::new(),
        step_down: false,
    })
}

fn notify(resolver: &mut Resolver<'_, '_>, scripts: Scripts) -> NotifyScripts {
    let Scripts {
        notify,
        notify_master,
        notify_backup,
        notify_fault,
        notify_stop,
        notify_master_rx_lower_pri,
    } = scripts;
    NotifyScripts {
        master: resolver.notify(notify_master.as_ref()),
        backup: resolver.notify(notify_backup.as_ref()),
        fault: resolver.notify(notify_fault.as_ref()),
        stop: resolver.notify(notify_stop.as_ref()),
        any: resolver.notify(notify.as_ref()),
        lower_priority_heard: resolver.notify(notify_master_rx_lower_pri.as_ref()),
    }
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
        let interface = interface.filter(|set| {
            let loopback = self.resolver.surroundings.is_loopback(set.value.as_str());
            if loopback {
                let message =
                    format!("{} is a loopback, which adverts never leave; the line is ignored", set.value);
                self.complain(code::BAD_LINK, set.at, message);
            }
            !loopback
        });
        let Some(Set { value: link, at }) = interface else {
            let help = Some("say on which with `interface NAME`".into());
            self.refuse(code::NO_INTERFACE, self.at, "The virtual router has no interface", help);
            return None;
        };
        if !self.resolver.link_may_be_used(&link) {
            self.resolver.no_link(at, &link, "");
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

    fn accept_mode(&mut self, accept: Option<Set<bool>>, priority: Priority) {
        let Some(set) = accept.filter(|_| self.strict && !priority.is_owner()) else { return };
        self.complain(
            code::STRICT,
            set.at,
            "strict mode accepts for the owner only; accept is ignored".into(),
        );
    }
}

/// Two instances that no receiver could tell apart.
pub(crate) fn same_vrid(
    resolver: &mut Resolver<'_, '_>,
    one: &InstanceConfig,
    at: Span,
    other: (&str, Span),
) {
    let message = format!(
        "({}) VRID {} of {} on {} is also that of {}",
        one.name, one.vrid, one.family, one.link, other.0
    );
    let found =
        Diagnostic::new(code::SAME_VRID, at, message).related(other.1, "the other").class(Class::Complaint);
    resolver.reader.report.add(found.help("give one of them another virtual_router_id").refuses(REFUSED));
}
