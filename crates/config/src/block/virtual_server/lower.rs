//! `virtual_server` as written → as the engine obeys it: defaults, families, ports, quorum.

mod quorum;
mod server;

use std::num::NonZeroU32;
use std::time::Duration;

use host::Family;

use super::{Head, PersistenceBlock, VirtualServerBlock};
use crate::block::check::lower::INTERVAL;
use crate::block::pace::PaceBlock;
use crate::block::virtual_server_group::Group;
use crate::diagnostic::{Class, Code, Diagnostic, code};
use crate::resolve::Resolver;
use crate::source::Span;
use crate::value::Set;
use check::config::{Member, Target, VirtualServer};
use host::ipvs::{Forwarding, Granularity, Persistence, Service, Transport};

/// One virtual server on its way.
struct Lowering<'l, 'r, 'a> {
    resolver: &'l mut Resolver<'r, 'a>,
    target: Target,
    at: Span,
    protocol: Option<Transport>,
}

/// What the real servers of a virtual server take from it.
struct Shared {
    family: Family,
    default_method: Forwarding,
    weight: u32,
    pace: PaceBlock,
    interval: Duration,
    alpha: bool,
    inhibit_on_failure: bool,
    virtualhost: Option<String>,
}

/// Turns a block into what the engine obeys; `None`, with a complaint, if it serves nobody.
pub(crate) fn lower(
    resolver: &mut Resolver<'_, '_>,
    block: VirtualServerBlock,
    groups: &[Group],
) -> Option<VirtualServer> {
    // No `..` here: a keyword that is read and not obeyed must not compile.
    let VirtualServerBlock {
        head,
        at,
        family,
        lvs_sched,
        flags,
        ops,
        lvs_method,
        persistence,
        protocol,
        ha_suspend,
        smtp_alert,
        virtualhost,
        snmp_name,
        alpha,
        omega,
        inhibit_on_failure,
        quorum,
        weight,
        sorry_server,
        pace,
        mut real_servers,
    } = block;
    let target = target(resolver, head, at, groups)?;
    let written = protocol.as_ref().map(|set| set.value);
    let mut lowering = Lowering { resolver, target, at, protocol: written };
    lowering.duplicates(&mut real_servers);
    if real_servers.is_empty() {
        let message = "There are no real servers; the virtual server is left out";
        lowering.complain(code::NO_REAL_SERVER, at, message);
        return None;
    }
    lowering.protocol(protocol);
    let scheduler = lowering.scheduler(lvs_sched);
    let undecided = real_servers.iter().any(|server| server.lvs_method.is_none())
        || sorry_server.as_ref().is_some_and(|sorry| sorry.lvs_method.is_none());
    let shared = Shared {
        family: lowering.family(family, &real_servers),
        default_method: lowering.default_method(lvs_method, undecided),
        weight: weight.and_then(|set| u32::try_from(set.value).ok()).unwrap_or(1),
        interval: pace.delay_loop.as_ref().map_or(INTERVAL, |set| set.value),
        pace,
        alpha: alpha.is_some(),
        inhibit_on_failure: inhibit_on_failure.is_some(),
        virtualhost: virtualhost.map(|set| set.value),
    };
    let persistence = lowering.persistence(persistence, shared.family);
    let flags = lowering.flags(ops, flags);
    let suspends_without_address = lowering.suspends(ha_suspend);
    let servers = lowering.real_servers(real_servers, &shared);
    let sorry_server = lowering.sorry_server(sorry_server, &shared);
    let quorum = lowering.quorum(quorum, &servers);
    let Lowering { resolver, target, protocol, at: _ } = lowering;
    Some(VirtualServer {
        target,
        transport: protocol,
        family: shared.family,
        service: Service { scheduler: scheduler.to_owned(), flags, persistence },
        quorum,
        sorry_server,
        real_servers: servers,
        fails_at_stop: omega.is_some(),
        suspends_without_address,
        mails: smtp_alert.or_else(|| resolver.mail_of_services()).is_some_and(|set| set.value),
        snmp_name: snmp_name.map(|set| set.value),
    })
}

fn target(resolver: &mut Resolver<'_, '_>, head: Head, at: Span, groups: &[Group]) -> Option<Target> {
    let name = match head {
        Head::Address(address, port) => return Some(Target::Address { address, port }),
        Head::Mark(mark) => {
            let mark = NonZeroU32::new(mark);
            if mark.is_none() {
                let message = "No packet has mark 0; the virtual server is left out";
                let found = Diagnostic::new(code::BAD_WORD, at, message).class(Class::Silent);
                resolver.reader.report.add(found);
            }
            return mark.map(Target::Mark);
        }
        Head::Group(name) => name,
    };
    if let Some(group) = groups.iter().find(|group| group.name == name) {
        return Some(Target::Group { name, members: group.members.clone() });
    }
    // As keepalived: nothing is served, and a test does not mind.
    let message = format!("There is no virtual_server_group {name}; the virtual server is left out");
    let names = groups.iter().map(|group| group.name.as_str());
    let near = resolver.reader.guess(code::UNKNOWN_NAME, at, &name, names);
    let found = Diagnostic::new(code::UNKNOWN_NAME, at, message).class(Class::Silent);
    resolver.reader.report.add(found.maybe_help(near.map(|near| format!("did you mean `{near}`?"))));
    None
}

impl Lowering<'_, '_, '_> {
    /// The name in logs.
    fn name(&self) -> String {
        // What a group's entries share has no protocol and no number in complaints.
        match &self.target {
            Target::Group { name, .. } => format!("[{name}]"),
            Target::Address { .. } | Target::Mark(_) => check::name::service(&self.target, self.protocol, 0),
        }
    }

    fn found(&self, code: Code, at: Span, message: &str) -> Diagnostic {
        Diagnostic::new(code, at, format!("({}) {message}", self.name()))
    }

    fn complain(&mut self, code: Code, at: Span, message: &str) {
        let found = self.found(code, at, message);
        self.resolver.reader.report.add(found);
    }

    fn members(&self) -> &[Member] {
        match &self.target {
            Target::Address { .. } | Target::Mark(_) => &[],
            Target::Group { members, .. } => members,
        }
    }

    fn has_addresses(&self) -> bool {
        matches!(self.target, Target::Address { .. })
            || self.members().iter().any(|member| matches!(member, Member::Addresses { .. }))
    }

    fn has_marks(&self) -> bool {
        matches!(self.target, Target::Mark(_))
            || self.members().iter().any(|member| matches!(member, Member::Mark { .. }))
    }

    fn protocol(&mut self, written: Option<Set<Transport>>) {
        match (written, self.has_addresses()) {
            (Some(set), true) => self.protocol = Some(set.value),
            (None, true) => {
                self.complain(code::ASSUMED, self.at, "There is no protocol; UDP is taken");
                self.protocol = Some(Transport::Udp);
            }
            (Some(set), false) => {
                self.protocol = None;
                // As keepalived: it does not mind where a mark is of IPv6.
                let some_v6 = self
                    .members()
                    .iter()
                    .any(|member| matches!(member, Member::Mark { family: Some(Family::V6), .. }));
                let found =
                    self.found(code::NOT_TOGETHER, set.at, "Marks choose the packets, not a protocol");
                let class = if some_v6 { Class::Silent } else { Class::Complaint };
                self.resolver.reader.report.add(found.class(class));
            }
            (None, false) => self.protocol = None,
        }
    }

    fn scheduler(&mut self, lvs_sched: Option<Set<&'static str>>) -> &'static str {
        lvs_sched.map_or_else(
            || {
                self.complain(code::ASSUMED, self.at, "There is no lvs_sched; wlc is taken");
                "wlc"
            },
            |set| set.value,
        )
    }

    fn default_method(&mut self, lvs_method: Option<Set<Forwarding>>, undecided: bool) -> Forwarding {
        if let Some(set) = lvs_method {
            return set.value;
        }
        if undecided {
            self.complain(code::ASSUMED, self.at, "There is no lvs_method; NAT is taken");
        }
        Forwarding::Masquerade
    }

    fn persistence(&mut self, block: PersistenceBlock, family: Family) -> Option<Persistence> {
        let PersistenceBlock { engine, timeout, granularity } = block;
        let any_port = match &self.target {
            Target::Address { port, .. } => *port == 0,
            Target::Mark(_) => false,
            Target::Group { members, .. } => {
                members.iter().any(|member| matches!(member, Member::Addresses { port: 0, .. }))
            }
        };
        let persists = timeout.is_some() || granularity.is_some();
        if any_port && !persists {
            let message = "Every port goes with persistence only; persistence_timeout 360 is taken";
            self.complain(code::ANY_PORT, self.at, message);
        }
        if !persists && !any_port {
            if let Some(engine) = engine {
                let found = self.found(
                    code::NOT_TOGETHER,
                    engine.at,
                    "An engine goes with persistence; it is ignored",
                );
                self.resolver.reader.report.add(found.class(Class::Silent));
            }
            return None;
        }
        let udp = matches!(self.protocol, Some(Transport::Udp));
        let engine = engine.filter(|engine| {
            if !udp {
                let found =
                    self.found(code::NOT_TOGETHER, engine.at, "An engine goes with UDP; it is ignored");
                self.resolver.reader.report.add(found.class(Class::Silent));
            }
            udp
        });
        Some(Persistence {
            timeout: timeout.and_then(|set| u32::try_from(set.value).ok()).unwrap_or(360),
            granularity: granularity.map_or_else(|| Granularity::finest(family), |set| set.value),
            engine: engine.map(|set| set.value),
        })
    }

    fn one_packet(&mut self, ops: Option<Set<bool>>) -> bool {
        let Some(set) = ops else { return false };
        let fits = matches!(self.protocol, None | Some(Transport::Udp));
        if !fits {
            self.complain(
                code::NOT_TOGETHER,
                set.at,
                "Scheduling every packet goes with UDP; ops is ignored",
            );
        }
        fits
    }

    fn flags(&mut self, ops: Option<Set<bool>>, flags: [bool; 3]) -> u32 {
        let bits = [Service::FLAG_1, Service::FLAG_2, Service::FLAG_3].into_iter().zip(flags);
        let one_packet = (Service::ONE_PACKET, self.one_packet(ops));
        bits.chain([one_packet]).filter(|(_, is_set)| *is_set).fold(0, |flags, (bit, _)| flags | bit)
    }

    fn suspends(&mut self, ha_suspend: Option<Set<bool>>) -> bool {
        let Some(set) = ha_suspend else { return false };
        let fits = !self.has_marks();
        if !fits {
            let message = "A mark has no address that could be here; ha_suspend is ignored";
            self.complain(code::NOT_TOGETHER, set.at, message);
        }
        fits
    }
}
