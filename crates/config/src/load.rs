//! The stages, one after the other.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;
use std::time::Duration;

use bfd::config::SessionConfig;
use host::{Family, LinkName};
use vrrp::config::{AnnouncePace, Common, InstanceConfig, Mode, Vrid};

use crate::block::root::{IdentityBlock, ROOT, RootBlock};
use crate::block::vrrp_instance::{VRRP_INSTANCE, VrrpInstanceBlock, lower};
use crate::block::{
    bfd_instance, global_defs, link, services, statics, track_file, track_process, vrrp_script,
    vrrp_sync_group,
};
use crate::diagnostic::{Class, Diagnostic, Report, code};
use crate::effective::Effective;
use crate::expand::Expander;
use crate::files::Files;
use crate::resolve::tracked::{Defined, InUse};
use crate::resolve::{REFUSED, Resolver, Sessions};
use crate::source::{Sources, Span};
use crate::surroundings::Surroundings;
use crate::tree::{self, NodeId, Tree};
use crate::value::{Reader, Set};

/// What to read, and how.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The main file, or a pattern of several (`-f`).
    pub path: &'a str,
    /// The configuration id (`-i`); `None` is the host's node name up to the first dot.
    pub config_id: Option<&'a str>,
    /// Every problem with an include is an error from the start (`-e`).
    pub check_includes: bool,
    /// This is a test (`-t`): numbers with rubbish behind them are refused.
    pub test: bool,
    /// Seed of `${_RANDOM}` unless the file has one.
    pub seed: u64,
}

impl<'a> Request<'a> {
    /// The file, with nothing else asked for.
    pub const fn new(path: &'a str) -> Self {
        Self { path, config_id: None, check_includes: false, test: false, seed: 0 }
    }
}

/// What came of a reading.
#[derive(Debug)]
pub struct Loaded {
    /// What to obey; `None` if running it would be wrong.
    pub effective: Option<Effective>,
    /// What was found, in the order of the stages.
    pub diagnostics: Vec<Diagnostic>,
    /// The text, to show places.
    pub sources: Sources,
}

impl Loaded {
    /// Exit status of a configuration test (`-t`): 0, 2, 4, 5 or 6 as keepalived's.
    pub fn test_status(&self) -> u8 {
        self.diagnostics.iter().map(|found| found.class).max().unwrap_or(Class::Silent).status()
    }

    /// Exit status of a daemon that must refuse to start with this; `None` if it may run.
    pub fn refusal(&self) -> Option<u8> {
        self.diagnostics.iter().find_map(|found| found.refuses)
    }

    /// All diagnostics for people, each after an empty line.
    pub fn render(&self, coloured: bool) -> String {
        self.diagnostics
            .iter()
            .fold(String::new(), |text, found| text + &found.render(&self.sources, coloured) + "\n\n")
    }

    /// All diagnostics as lines for a log.
    pub fn log_lines(&self) -> impl Iterator<Item = String> + '_ {
        self.diagnostics.iter().map(|found| found.log_line(&self.sources))
    }
}

/// Reads a configuration.
pub fn load(request: &Request<'_>, files: &dyn Files, surroundings: &dyn Surroundings) -> Loaded {
    let mut sources = Sources::default();
    let mut report = Report::default();
    let tree = {
        let mut expander = Expander::new(request, files, surroundings, &mut sources, &mut report);
        expander.start(request.path);
        tree::build(&mut expander, &ROOT)
    };
    let mut root = RootBlock::default();
    let mut first = reader(&tree, &sources, &mut report, request.test);
    for node in tree.roots() {
        first.line(&ROOT, node, &mut root);
    }
    let resolver =
        Resolver::new(reader(&tree, &sources, &mut report, request.test), surroundings, &root.global_defs);
    let effective = resolve(resolver, &root);
    namespace(&root.identity, surroundings, &mut report);
    let diagnostics = report.into_list(&sources);
    let refused = diagnostics.iter().any(|found| found.refuses.is_some());
    Loaded { effective: (!refused).then_some(effective), diagnostics, sources }
}

/// As keepalived: where the network namespace is not there, nothing else is looked at, and a test does not mind.
/// Differs: the daemon says by its exit status that it cannot run.
fn namespace(identity: &IdentityBlock, surroundings: &dyn Surroundings, report: &mut Report) {
    let Some(set) = identity.net_namespace.as_ref().filter(|set| !surroundings.has_namespace(&set.value))
    else {
        return;
    };
    let message = format!("There is no network namespace {} on this host", set.value);
    report.add(Diagnostic::new(code::NO_NAMESPACE, set.at, message).refuses(REFUSED));
    report.forgive();
}

/// Names → things, block by block.
fn resolve(mut resolver: Resolver<'_, '_>, root: &RootBlock) -> Effective {
    // No `..` here: a block that is read and not obeyed must not compile.
    let RootBlock {
        global_defs,
        identity,
        scripts,
        files,
        processes,
        bfd_instances,
        services,
        groups,
        statics,
        garp_groups,
        linkbeat_interfaces,
        interface_up_down_delays,
        instances: nodes,
        script_names: _,
    } = root;
    let resolver = &mut resolver;
    let daemon = global_defs::daemon(resolver, identity);
    // As keepalived: without a virtual router nobody looks at the scripts.
    resolver.reader.report.hush(nodes.is_empty());
    vrrp_script::define(resolver, scripts);
    resolver.reader.report.hush(false);
    track_file::define(resolver, files);
    track_process::define(resolver, processes);
    let sessions = bfd_instance::lower::lower(&mut resolver.reader, bfd_instances);
    bfd_names(resolver, &sessions);
    resolver.sessions = Sessions::new(&sessions);
    resolver.groups = vrrp_sync_group::read_all(resolver, groups);
    let mut instances = instances(resolver, nodes);
    let groups = std::mem::take(&mut resolver.groups);
    let groups = vrrp_sync_group::finish(resolver, groups, &mut instances);
    let (statics, track_groups) = statics::lower(resolver, statics, &mut instances);
    let pace_groups = link::pace_groups(resolver, garp_groups);
    let link_delays = link::delays(resolver, interface_up_down_delays);
    let all = identity.linkbeat_use_polling.is_some();
    let polled_links = link::polled(resolver, linkbeat_interfaces, all.then_some(&instances));
    // As keepalived: virtual routers that do not run do not complain of their scripts.
    resolver.first_script.take_if(|_| resolver.unlinked || nodes.is_empty());
    let check = services::lower(resolver, services);
    let InUse { scripts, files, processes } = resolver.in_use();
    if let Some(at) = resolver.first_script.filter(|_| !resolver.security()) {
        let message = "SECURITY VIOLATION - scripts are being executed but script_security not enabled";
        let found = Diagnostic::new(code::NO_SCRIPT_SECURITY, at, message).class(Class::Security);
        resolver.reader.report.add(found.help("say enable_script_security in global_defs"));
    }
    let gap = |set: &Option<Set<Duration>>| set.as_ref().map_or(Duration::ZERO, |set| set.value);
    let pace = AnnouncePace {
        arp: gap(&global_defs.vrrp_garp_interval),
        neighbour: gap(&global_defs.vrrp_gna_interval),
    };
    let vrrp = vrrp::Config {
        instances,
        scripts,
        groups,
        pace,
        statics,
        startup_delay: gap(&global_defs.vrrp_startup_delay),
        files,
        processes,
        pace_groups,
        link_delays,
        polled_links,
        firewall: global_defs::firewall(global_defs),
        tell_strangers: global_defs.log_unknown_vrids.is_some(),
    };
    let sessions = sessions.into_iter().map(|(_, session)| session).collect();
    Effective { daemon, vrrp, bfd: bfd::Config { sessions }, check, track_groups }
}

fn reader<'a>(tree: &'a Tree, sources: &'a Sources, report: &'a mut Report, test: bool) -> Reader<'a> {
    Reader { tree, sources, report, outermost: &ROOT, test }
}

/// Names and weights of the BFD sessions that instances may track.
fn bfd_names(resolver: &mut Resolver<'_, '_>, sessions: &[(NodeId, SessionConfig)]) {
    for (node, session) in sessions.iter().filter(|(_, session)| session.audience.vrrp) {
        let at = resolver.reader.arguments(*node).first().copied().unwrap_or_default();
        let weight = (session.weight.points, session.weight.reverse);
        let config = Some(());
        resolver.trackables.add_bfd(Defined { node: *node, name: &session.name, at, weight, config });
    }
}

/// Reads and lowers the virtual routers one after the other, so that only one is held as written.
fn instances(resolver: &mut Resolver<'_, '_>, nodes: &[NodeId]) -> Vec<InstanceConfig> {
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    let mut routers: BTreeMap<Option<LinkName>, BTreeMap<Identity, (&str, Span)>> = BTreeMap::new();
    // Not by doubling: what it would copy is most of the memory of a large configuration.
    let mut instances = Vec::with_capacity(nodes.len());
    let mut common = Common::default();
    for &node in nodes {
        if let Some(&at) = resolver.reader.arguments(node).first() {
            resolver.instances.insert(resolver.reader.text(at));
        }
    }
    for &node in nodes {
        let Some(&at) = resolver.reader.arguments(node).first() else {
            let at = resolver.reader.keyword(node);
            let message = "A vrrp_instance without a name is left out";
            resolver.reader.complain(code::NO_NAME, at, message);
            continue;
        };
        let name = resolver.reader.text(at);
        if let Some(first) = names.get(name) {
            let message = format!("There is a vrrp_instance {name} already; this one is left out");
            let found =
                Diagnostic::new(code::DUPLICATE, at, message).related(*first, "the first, which counts");
            resolver.reader.report.add(found);
            continue;
        }
        names.insert(name, at);
        let mut block = VrrpInstanceBlock { name: name.to_owned(), at, ..VrrpInstanceBlock::default() };
        resolver.reader.block(&VRRP_INSTANCE, node, &mut block);
        let Some(mut instance) = lower::lower(resolver, block) else { continue };
        if !routers.contains_key(&instance.link) {
            routers.insert(instance.link.clone(), BTreeMap::new());
        }
        let Some(here) = routers.get_mut(&instance.link) else { continue };
        match here.entry(identity(&instance)) {
            Entry::Occupied(other) => lower::same_vrid(resolver, &instance, at, *other.get()),
            Entry::Vacant(free) => {
                free.insert((name, at));
                common.share(&mut instance);
                instances.push(instance);
            }
        }
    }
    instances
}

/// To whom adverts go.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum To {
    Group(IpAddr),
    /// Sorted.
    Peers(Vec<IpAddr>),
}

/// What a receiver tells virtual routers on one link apart by.
type Identity = (Family, Vrid, To);

fn identity(instance: &InstanceConfig) -> Identity {
    let to = match &instance.mode {
        Mode::Multicast { group } => To::Group(*group),
        Mode::Unicast { peers, .. } => {
            let mut peers: Vec<IpAddr> = peers.iter().map(|peer| peer.address).collect();
            peers.sort_unstable();
            To::Peers(peers)
        }
    };
    (instance.family, instance.vrid, to)
}
