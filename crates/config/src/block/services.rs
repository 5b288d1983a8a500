//! Load balancing as a whole: groups, virtual servers and what they have in common.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;

use host::Family;

use super::virtual_server_group::Group;
use super::{global_defs, ssl, virtual_server, virtual_server_group};
use crate::diagnostic::{Class, Diagnostic, code};
use crate::resolve::Resolver;
use crate::source::Span;
use crate::tree::NodeId;
use check::Config;
use check::config::{Target, VirtualServer};
use host::ipvs::Transport;

/// Where the blocks stand. They are read one at a time, so that only one is held as written.
#[derive(Debug, Default)]
pub(crate) struct ServiceNodes {
    pub(crate) tls: Vec<NodeId>,
    pub(crate) groups: Vec<NodeId>,
    pub(crate) virtual_servers: Vec<NodeId>,
}

/// Reads and lowers all of it.
pub(crate) fn lower(resolver: &mut Resolver<'_, '_>, nodes: &ServiceNodes) -> Config {
    let ServiceNodes { tls, groups: group_nodes, virtual_servers: nodes } = nodes;
    let tls_identity = ssl::lower(&mut resolver.reader, tls);
    let mut groups: Vec<Group> = Vec::new();
    for &node in group_nodes {
        let Some(group) = virtual_server_group::read(&mut resolver.reader, node) else { continue };
        if !virtual_server_group::is_second(&mut resolver.reader, &group, &groups) {
            groups.push(group);
        }
    }
    let mut virtual_servers = Vec::with_capacity(nodes.len());
    let mut places: Places = Places::new();
    for &node in nodes {
        let Some(block) = virtual_server::read(&mut resolver.reader, node) else { continue };
        let at = block.at;
        let Some(service) = virtual_server::lower::lower(resolver, block, &groups) else { continue };
        if is_second(resolver, &service, at, &mut places) {
            continue;
        }
        virtual_servers.push(service);
    }
    let (table, initial_notifies) = global_defs::check_table(resolver.global);
    Config { virtual_servers, tls: tls_identity, table, initial_notifies }
}

/// By protocol, and by address and port or by family and mark.
type Places = BTreeMap<(Option<Transport>, Result<(IpAddr, u16), (Family, NonZeroU32)>), Span>;

/// Whether the kernel's table would hold two services in one entry. Differs: keepalived does not see it, puts the real
/// servers of both into one entry and deletes it when the first of them stops.
fn is_second(
    resolver: &mut Resolver<'_, '_>,
    service: &VirtualServer,
    at: Span,
    places: &mut Places,
) -> bool {
    let what = match &service.target {
        Target::Address { address, port } => Ok((*address, *port)),
        Target::Mark(mark) => Err((service.family, *mark)),
        Target::Group { .. } => return false,
    };
    let Some(first) = places.insert((service.transport, what), at) else { return false };
    let message = "There is a virtual server for the same packets already; this one is left out";
    let found = Diagnostic::new(code::SAME_SERVICE, at, message).class(Class::Silent);
    resolver.reader.report.add(found.related(first, "the first, which counts"));
    true
}
