//! The servers of a virtual server: real ones and the sorry server.

use std::collections::BTreeMap;

use host::Family;

use super::super::SorryBlock;
use super::{Lowering, Shared};
use crate::block::check::lower::{self as checks, Around};
use crate::block::real_server::RealServerBlock;
use crate::diagnostic::{Class, code};
use crate::source::Span;
use crate::value::Set;
use check::config::{Member, RealServer, ServerScripts, SorryServer, Target};
use host::ipvs::Forwarding;

impl Lowering<'_, '_, '_> {
    /// Leaves real servers out that stand there already.
    pub(super) fn duplicates(&mut self, servers: &mut Vec<RealServerBlock>) {
        let mut seen = BTreeMap::new();
        servers.retain(|server| {
            let first = *seen.entry((server.address, server.port)).or_insert(server.at);
            if first != server.at {
                let message = format!("{} is there already; this one is left out", server.address);
                let found = self.found(code::DUPLICATE, server.at, &message);
                self.resolver.reader.report.add(found.related(first, "the first, which counts"));
            }
            first == server.at
        });
    }

    /// Family of the service.
    pub(super) fn family(&mut self, settled: Option<Family>, servers: &[RealServerBlock]) -> Family {
        let mut of_members = self.members().iter().filter_map(|member| match member {
            Member::Addresses { first, .. } => Some(Family::of(*first)),
            Member::Mark { family, .. } => *family,
        });
        let member = of_members.next();
        let mixed = of_members.any(|family| Some(family) != member);
        if let (Some(settled), Some(member)) = (settled, member)
            && settled != member
            && !mixed
        {
            let message = format!("The group is {member}, but the real servers are {settled}");
            let found = self.found(code::FAMILY, self.at, &message);
            self.resolver.reader.report.add(found.class(Class::Silent));
            return settled;
        }
        let of_servers = || {
            let first = servers.first().map(|server| Family::of(server.address));
            first.filter(|first| servers.iter().all(|server| Family::of(server.address) == *first))
        };
        settled.or(member).or_else(of_servers).unwrap_or(Family::V4)
    }

    pub(super) fn real_servers(&mut self, blocks: Vec<RealServerBlock>, shared: &Shared) -> Vec<RealServer> {
        let mut servers: Vec<RealServer> = Vec::with_capacity(blocks.len());
        let mut seen = BTreeMap::new();
        for block in blocks {
            let at = block.at;
            let server = self.real_server(block, shared);
            // As keepalived: a port that is written and the same port that is not are not seen to be the same.
            if let Some(first) = seen.insert((server.address, server.port), at) {
                let message =
                    format!("{} is there already with this port; this one is left out", server.address);
                let found = self.found(code::DUPLICATE, at, &message).class(Class::Silent);
                self.resolver.reader.report.add(found.related(first, "the first, which counts"));
                continue;
            }
            servers.push(server);
        }
        servers
    }

    fn real_server(&mut self, block: RealServerBlock, shared: &Shared) -> RealServer {
        // No `..` here: a keyword that is read and not obeyed must not compile.
        let RealServerBlock {
            address,
            port: written,
            at,
            lvs_method,
            weight,
            uthreshold,
            lthreshold,
            inhibit_on_failure,
            alpha,
            smtp_alert,
            notify_up,
            notify_down,
            virtualhost,
            snmp_name,
            pace,
            checks,
        } = block;
        let forwarding = lvs_method.map_or(shared.default_method, |set| set.value);
        let port = self.port(written, forwarding, at, "the real server");
        let alpha = alpha.map_or(shared.alpha, |set| set.value);
        let around = Around {
            server: address,
            pace: pace.or(&shared.pace),
            service_interval: shared.interval,
            alpha,
            log_all_failures: self.resolver.logs_all_failures(),
            virtualhost: virtualhost.as_ref().map(|set| set.value.as_str()).or(shared.virtualhost.as_deref()),
            port: if written == 0 { port } else { written },
        };
        let checks = checks::lower(self.resolver, checks, &around);
        let notify = ServerScripts {
            up: self.resolver.service_notify(notify_up.as_ref()),
            down: self.resolver.service_notify(notify_down.as_ref()),
        };
        let number = |set: Option<Set<u64>>| set.and_then(|set| u32::try_from(set.value).ok());
        RealServer {
            address,
            port,
            forwarding,
            weight: number(weight).unwrap_or(shared.weight),
            upper_threshold: number(uthreshold).unwrap_or(0),
            lower_threshold: number(lthreshold).unwrap_or(0),
            inhibit_on_failure: inhibit_on_failure.map_or(shared.inhibit_on_failure, |set| set.value),
            starts_failed: alpha,
            mails: smtp_alert.or_else(|| self.resolver.mail_of_services()).is_none_or(|set| set.value),
            notify: (notify != ServerScripts::default()).then(|| Box::new(notify)),
            snmp_name: snmp_name.map(|set| set.value.into_boxed_str()),
            checks,
        }
    }

    /// The port of a server: where the destination of packets stays as it is, it must be that of the service.
    fn port(&mut self, written: u16, forwarding: Forwarding, at: Span, what: &str) -> u16 {
        // The destination of packets is left as it is.
        let keeps = forwarding != Forwarding::Masquerade;
        match &self.target {
            Target::Address { port, .. } => {
                let port = *port;
                if keeps && written != 0 && written != port {
                    let message = format!(
                        "Port {written} of {what} is not that of the virtual server; {port} is taken"
                    );
                    self.ports(at, &message);
                }
                if keeps || written == 0 { port } else { written }
            }
            Target::Mark(_) if keeps && written != 0 => {
                self.ports(at, &format!("With a mark {what} has the port of the packet, not {written}"));
                0
            }
            Target::Mark(_) => written,
            Target::Group { members, .. } => {
                let marks = members.iter().any(|member| matches!(member, Member::Mark { .. }));
                let another =
                    |member: &Member| matches!(member, Member::Addresses { port, .. } if *port != written);
                if keeps && written != 0 && (marks || members.iter().any(another)) {
                    self.ports(at, &format!("{what} has the ports of the group, not {written}"));
                }
                if keeps { 0 } else { written }
            }
        }
    }

    fn ports(&mut self, at: Span, message: &str) {
        let found = self.found(code::PORTS, at, message);
        self.resolver.reader.report.add(found.help("only NAT changes ports"));
    }

    pub(super) fn sorry_server(&mut self, sorry: Option<SorryBlock>, shared: &Shared) -> Option<SorryServer> {
        let SorryBlock { address, port, at, inhibit, lvs_method } = sorry?;
        let forwarding = lvs_method.map_or(shared.default_method, |set| set.value);
        let tunnelled = matches!(forwarding, Forwarding::Tunnel(_));
        if !tunnelled && Family::of(address) != shared.family {
            let message = format!("{address} is not {}; there is no sorry server", shared.family);
            let found = self.found(code::FAMILY, at, &message);
            self.resolver.reader.report.add(found.help("only a tunnel leads from one family to the other"));
            return None;
        }
        let port = self.port(port, forwarding, at, "the sorry server");
        Some(SorryServer { address, port, forwarding, inhibit })
    }
}
