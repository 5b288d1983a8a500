//! `static_ipaddress`, `static_routes`, `static_rules`, and the groups of instances that follow them.

use std::collections::BTreeMap;

use host::LinkName;
use vrrp::config::{InstanceConfig, Statics};

use crate::block::vrrp_sync_group::{fail_with, names};
use crate::block::{address, route, rule};
use crate::diagnostic::{Class, Diagnostic, code};
use crate::effective::TrackGroup;
use crate::resolve::Resolver;
use crate::source::Span;
use crate::table::{Block, Keyword, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Reader};

/// `track_group` as written.
#[derive(Debug, Default)]
pub(crate) struct TrackGroupBlock {
    pub(crate) name: String,
    pub(crate) at: Span,
    pub(crate) group: Option<NodeId>,
}

type K = Keyword<TrackGroupBlock>;

/// The rows of `track_group`.
pub(crate) static TRACK_GROUP: Block<TrackGroupBlock> = Block::new(
    "track_group",
    &[K::new("group", Kind::Custom(Shape::Lines, group))
        .takes("{ <vrrp_instance>... }")
        .help("The instances that fail when a static item that names the group cannot be.")],
);

fn group(reader: &mut Reader<'_>, node: NodeId, block: &mut TrackGroupBlock) {
    match block.group {
        Some(first) => {
            let (at, first) = (reader.keyword(node), reader.keyword(first));
            reader.second("group", at, first);
        }
        None => block.group = Some(node),
    }
}

/// The blocks as written.
#[derive(Debug, Default)]
pub(crate) struct StaticsBlock {
    pub(crate) addresses: Vec<NodeId>,
    pub(crate) routes: Vec<NodeId>,
    pub(crate) rules: Vec<NodeId>,
    /// With the node of each, which tells what stands before it.
    pub(crate) groups: Vec<(NodeId, TrackGroupBlock)>,
}

/// Reads a `track_group` outside all other blocks.
pub(crate) fn read_group(reader: &mut Reader<'_>, node: NodeId, all: &mut Vec<(NodeId, TrackGroupBlock)>) {
    let Some(&at) = reader.arguments(node).first() else {
        reader.complain(code::NO_NAME, reader.keyword(node), "A track_group without a name is left out");
        return;
    };
    let name = reader.text(at).to_owned();
    if let Some((_, first)) = all.iter().find(|(_, have)| have.name == name) {
        let message = format!("There is a track_group {name} already; this one is left out");
        let found =
            Diagnostic::new(code::DUPLICATE, at, message).related(first.at, "the first, which counts");
        reader.report.add(found);
        return;
    }
    let mut block = TrackGroupBlock { name, at, group: None };
    reader.block(&TRACK_GROUP, node, &mut block);
    if block.group.is_none_or(|list| names(reader, list).is_empty()) {
        let message = format!("The track_group {} has no members; it is left out", block.name);
        reader.complain(code::EMPTY_BLOCK, block.at, message);
        return;
    }
    all.push((node, block));
}

/// Reads the lists, and makes the members of track groups fail with their links.
pub(crate) fn lower(
    resolver: &mut Resolver<'_, '_>,
    block: &StaticsBlock,
    instances: &mut [InstanceConfig],
) -> (Statics, Vec<TrackGroup>) {
    // No `..` here: a keyword that is read and not obeyed must not compile.
    let StaticsBlock { addresses, routes, rules, groups } = block;
    let mut statics = Statics::default();
    let named = |(_, block): &(NodeId, TrackGroupBlock)| TrackGroup {
        name: block.name.clone(),
        ..TrackGroup::default()
    };
    let mut following =
        Following { groups, members: BTreeMap::new(), made: groups.iter().map(named).collect() };
    for line in lines(resolver, addresses) {
        let Some(address::Line { address, at, track_group, .. }) = address::line(resolver, line, true) else {
            continue;
        };
        let Some(link) = address.link.clone().or_else(|| default_link(resolver, at)) else { continue };
        if statics
            .addresses
            .iter()
            .any(|(on, have)| *on == link && have.prefix.address() == address.prefix.address())
        {
            let message = format!("{} stands here a second time", address.prefix.address());
            resolver.reader.complain(code::DUPLICATE, at, message);
            continue;
        }
        if let Some(group) = following.add(resolver, line, track_group, &[&link]) {
            group.addresses.push(statics.addresses.len());
        }
        statics.addresses.push((link, address));
    }
    for line in lines(resolver, routes) {
        let Some(read) = route::line(resolver, line, true) else { continue };
        let links: Vec<&LinkName> =
            read.route.route.hops.iter().filter_map(|hop| hop.link.as_ref()).collect();
        let group = following.add(resolver, line, read.track_group, &links);
        let place = route::join(&mut statics.routes, read.route);
        if let Some(group) = group {
            group.routes.push(place);
        }
    }
    for line in lines(resolver, rules) {
        let Some(read) = rule::line(resolver, line, true) else { continue };
        let named = [&read.rule.rule.input, &read.rule.rule.output];
        let links: Vec<LinkName> =
            named.into_iter().flatten().filter_map(|name| LinkName::new(name).ok()).collect();
        let links: Vec<_> = links.iter().collect();
        if let Some(group) = following.add(resolver, line, read.track_group, &links) {
            group.rules.push(statics.rules.len());
        }
        statics.rules.push(read.rule);
    }
    (statics, following.finish(resolver, instances))
}

fn lines(resolver: &Resolver<'_, '_>, lists: &[NodeId]) -> Vec<NodeId> {
    lists.iter().flat_map(|list| resolver.reader.tree.children(*list)).collect()
}

/// The interface of an address that names none.
fn default_link(resolver: &mut Resolver<'_, '_>, at: Span) -> Option<LinkName> {
    let link = resolver.default_interface()?;
    if resolver.link_may_be_used(&link) {
        return Some(link);
    }
    let message = format!("There is no interface {link}, which an address without `dev` goes on");
    let found = Diagnostic::new(code::NO_LINK, at, message).class(Class::CannotRun);
    resolver.reader.report.add(found.help("say dev here, or default_interface in global_defs"));
    None
}

/// Which links the members of track groups fail with.
struct Following<'b> {
    groups: &'b [(NodeId, TrackGroupBlock)],
    /// By instance.
    members: BTreeMap<String, Vec<LinkName>>,
    /// One for each of the groups.
    made: Vec<TrackGroup>,
}

impl Following<'_> {
    fn add(
        &mut self,
        resolver: &mut Resolver<'_, '_>,
        line: NodeId,
        group: Option<Span>,
        links: &[&LinkName],
    ) -> Option<&mut TrackGroup> {
        let at = group?;
        let name = resolver.reader.text(at);
        let place = self.groups.iter().position(|(node, have)| have.name == name && *node < line);
        let found = place.and_then(|place| self.groups.get(place));
        let Some((_, TrackGroupBlock { group: Some(list), .. })) = found else {
            let message = format!("There is no track_group `{name}` above; it is ignored");
            resolver.reader.complain(code::UNKNOWN_NAME, at, message);
            return None;
        };
        if links.is_empty() {
            let message = "Only what is on an interface can have a track_group; it is ignored";
            resolver.reader.complain(code::NOT_TOGETHER, at, message);
            return None;
        }
        for (member, _) in names(&resolver.reader, *list) {
            let have = self.members.entry(member.to_owned()).or_default();
            have.extend(links.iter().map(|link| (*link).clone()));
        }
        self.made.get_mut(place?)
    }

    fn finish(
        mut self,
        resolver: &mut Resolver<'_, '_>,
        instances: &mut [InstanceConfig],
    ) -> Vec<TrackGroup> {
        for instance in instances.iter_mut() {
            for link in self.members.get(&instance.name).into_iter().flatten() {
                fail_with(instance, link);
            }
        }
        for ((_, block), made) in self.groups.iter().zip(&mut self.made) {
            for (member, at) in block.group.map(|list| names(&resolver.reader, list)).unwrap_or_default() {
                if resolver.has_instance(member) {
                    made.members.push(member.to_owned());
                } else {
                    let message =
                        format!("The track_group {} names {member}, which is no vrrp_instance", block.name);
                    resolver.reader.complain(code::UNKNOWN_NAME, at, message);
                }
            }
        }
        self.made
    }
}
