//! `vrrp_instance` as written → as the engine obeys it: inheritance, families, versions, strict mode.

mod addresses;
mod election;
mod own;
mod place;
mod rest;
mod timing;
mod transport;

use std::net::IpAddr;

use host::Family;
use vrrp::config::{Deletion, InstanceConfig, NotifyScripts, Peer, Priority, Version, VirtualAddress, Vrid};

use super::{Scripts, Track, VrrpInstanceBlock};
use crate::block::{auth_hmac, track, vrrp_sync_group};
use crate::diagnostic::{Class, Diagnostic, code};
use crate::lex::CommandLine;
use crate::resolve::{REFUSED, Resolver};
use crate::source::Span;
use crate::value::Set;
use own::Own;

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
        auth_hmac,
        accept,
        conduct,
        track,
        down_timer_adverts,
        mut own,
        mut rest,
    } = block;
    let global = resolver.global;
    let strict = either(&strict_mode, &global.vrrp_strict).unwrap_or(false);
    let mut lowering = Lowering { resolver, name: &name, at, strict };
    let place = lowering.place(interface, rest.vrf.take());
    let vrid = lowering.vrid(virtual_router_id)?;
    let mut held = lowering.held(&addresses);
    let peers = lowering.peers(&transport.unicast_peer);
    let source = transport.unicast_src_ip.as_ref().or(transport.mcast_src_ip.as_ref());
    let family = family(native_ipv6.is_some(), &held.advertised, source, &peers);
    lowering.settle(&mut held, family);
    let version = lowering.version(version, family);
    let travel = lowering.mode(transport, peers, family);
    lowering.do_without(&place, &travel, &mut held, &mut own);
    let mut election = lowering.election(election);
    lowering.has_addresses(&held.advertised, &addresses.no_virtual_ipaddress, version);
    let interval = lowering.interval(advert_int, version);
    let hmac = auth_hmac.and_then(|block| auth_hmac::lower(lowering.resolver, block, at, interval, strict));
    let signed = hmac.is_some();
    let plain = InstanceConfig {
        authentication: lowering.authentication(authentication, version, signed, (family, &mut election)),
        ..InstanceConfig::plain(&name, place.link, vrid)
    }
    .with(|it| {
        it.family = family;
        it.version = version;
        it.interval = interval;
        it.hmac = hmac;
        it.accept = lowering.accept_mode(accept, election.priority, version);
        it.down_timer_adverts = lowering.down_timer_adverts(down_timer_adverts);
        it.announce = lowering.announce(&garp);
    });
    let mut from = Own { family, vrid, link: plain.link.as_ref(), mode: &travel.mode, held: &mut held };
    let made = lowering.own(own, &mut from);
    let rest = lowering.rest(rest, &election, plain.link.as_ref());
    let conduct = lowering.conduct(conduct);
    let config = held.into_config(travel.into_config(plain));
    let config = made.into_config(election.into_config(conduct.into_config(rest.into_config(config))));
    Some(lowering.watches(track, scripts, config))
}

fn deletion(resolver: &mut Resolver<'_, '_>, script: Option<&Set<CommandLine>>) -> Option<Deletion> {
    let script = script?;
    if script.value.argv.is_empty() {
        return Some(Deletion { script: None });
    }
    Some(Deletion { script: resolver.notify(Some(script)).map(Box::new) })
}

fn notify(resolver: &mut Resolver<'_, '_>, scripts: Scripts) -> NotifyScripts {
    let Scripts {
        notify,
        notify_master,
        notify_backup,
        notify_fault,
        notify_stop,
        notify_master_rx_lower_pri,
        notify_deleted: _,
    } = scripts;
    let mut resolved = |script: Option<Set<CommandLine>>| resolver.notify(script.as_ref()).map(Box::new);
    NotifyScripts {
        master: resolved(notify_master),
        backup: resolved(notify_backup),
        fault: resolved(notify_fault),
        stop: resolved(notify_stop),
        any: resolved(notify),
        lower_priority_heard: resolved(notify_master_rx_lower_pri),
    }
}

/// The instance's value, else the global one.
fn either<T: Copy>(own: &Option<Set<T>>, global: &Option<Set<T>>) -> Option<T> {
    own.as_ref().or(global.as_ref()).map(|set| set.value)
}

/// The family of an instance: of what stands first of addresses, source and peers; IPv4 if nothing tells.
fn family(
    native_ipv6: bool,
    addresses: &[(VirtualAddress, Span)],
    source: Option<&Set<IpAddr>>,
    peers: &[(Peer, Span)],
) -> Family {
    native_ipv6
        .then_some(Family::V6)
        .or_else(|| addresses.first().map(|(address, _)| address.prefix.family()))
        .or_else(|| source.map(|set| Family::of(set.value)))
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
    /// What matters to it, and who is told.
    fn watches(&mut self, track: Track, scripts: Scripts, config: InstanceConfig) -> InstanceConfig {
        let Track { dont_track_primary, track_src_ip, lists } = track;
        let mut tracks = track::read(self.resolver, &lists, config.link.as_ref());
        if config.priority.is_owner() {
            track::of_owner(self.resolver, self.name, &mut tracks);
        }
        vrrp_sync_group::member(self.resolver, self.name, &mut tracks);
        let track::Tracks { scripts: by_script, links, files, processes, bfds } = &tracks;
        let sourced = config.source.is_some();
        config.with(|it| {
            it.track_own_link = dont_track_primary.is_none();
            it.track_source = track_src_ip.is_some() && sourced;
            it.track_links = track::track_links(links);
            it.track_scripts = track::track_scripts(by_script);
            it.track_files = track::track_files(files);
            it.track_processes = track::track_named(processes);
            it.track_bfds = track::track_named(bfds);
            it.deletion = deletion(self.resolver, scripts.notify_deleted.as_ref());
            it.notify = notify(self.resolver, scripts);
        })
    }

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

    fn vrid(&mut self, vrid: Option<Set<u64>>) -> Option<Vrid> {
        let vrid = vrid.and_then(|set| Vrid::new(u8::try_from(set.value).ok()?));
        if vrid.is_none() {
            let help = Some("give it one with `virtual_router_id NUMBER`, 1 to 255".into());
            self.refuse(code::NO_VRID, self.at, "The virtual router has no virtual_router_id", help);
        }
        vrid
    }

    /// Whether packets to the addresses are taken though they are not its own.
    fn accept_mode(&mut self, accept: Option<Set<bool>>, priority: Priority, version: Version) -> bool {
        let strict = self.strict && !priority.is_owner();
        match accept {
            Some(set) if set.value && strict && version == Version::V2 => {
                let message = "strict mode of version 2 accepts for the owner only; accept is ignored";
                self.complain(code::STRICT, set.at, message.into());
                false
            }
            Some(set) => set.value,
            None => !strict,
        }
    }
}

/// Two instances that no receiver could tell apart.
pub(crate) fn same_vrid(
    resolver: &mut Resolver<'_, '_>,
    one: &InstanceConfig,
    at: Span,
    other: (&str, Span),
) {
    let place = one.link.as_ref().map_or(String::new(), |link| format!(" on {link}"));
    let message =
        format!("({}) VRID {} of {}{} is also that of {}", one.name, one.vrid, one.family, place, other.0);
    let found =
        Diagnostic::new(code::SAME_VRID, at, message).related(other.1, "the other").class(Class::Complaint);
    resolver.reader.report.add(found.help("give one of them another virtual_router_id").refuses(REFUSED));
}
