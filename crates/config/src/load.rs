//! The stages, one after the other.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use vrrp::config::{AnnouncePace, InstanceConfig};

use crate::block::root::{ROOT, RootBlock};
use crate::block::vrrp_instance::{VRRP_INSTANCE, VrrpInstanceBlock, lower};
use crate::block::{global_defs, link, statics, track_file, track_process, vrrp_script, vrrp_sync_group};
use crate::diagnostic::{Class, Diagnostic, Report, code};
use crate::effective::Effective;
use crate::expand::Expander;
use crate::files::{Files, InMemory};
use crate::resolve::Resolver;
use crate::resolve::tracked::{Defined, InUse};
use crate::source::{Sources, Span};
use crate::surroundings::{Assumed, Surroundings};
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
    let diagnostics = report.into_list();
    let refused = diagnostics.iter().any(|found| found.refuses.is_some());
    Loaded { effective: (!refused).then_some(effective), diagnostics, sources }
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
        bfds,
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
    vrrp_script::define(resolver, scripts);
    track_file::define(resolver, files);
    track_process::define(resolver, processes);
    bfd_names(resolver, bfds);
    resolver.groups = vrrp_sync_group::read_all(resolver, groups);
    let mut instances = instances(resolver, nodes);
    let groups = std::mem::take(&mut resolver.groups);
    let groups = vrrp_sync_group::finish(resolver, groups, &mut instances);
    let statics = statics::lower(resolver, statics, &mut instances);
    let pace_groups = link::pace_groups(resolver, garp_groups);
    let link_delays = link::delays(resolver, interface_up_down_delays);
    let polled_links = link::polled(resolver, linkbeat_interfaces);
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
    };
    Effective { daemon, vrrp }
}

fn reader<'a>(tree: &'a Tree, sources: &'a Sources, report: &'a mut Report, test: bool) -> Reader<'a> {
    Reader { tree, sources, report, outermost: &ROOT, test }
}

/// Names and weights of BFD sessions, which instances may track.
fn bfd_names(resolver: &mut Resolver<'_, '_>, nodes: &[NodeId]) {
    for &node in nodes {
        let Some(&at) = resolver.reader.arguments(node).first() else { continue };
        let name = resolver.reader.text(at);
        resolver.trackables.add_bfd(Defined { node, name, at, weight: (0, false), config: Some(()) });
    }
}

/// Reads and lowers the virtual routers one after the other, so that only one is held as written.
fn instances(resolver: &mut Resolver<'_, '_>, nodes: &[NodeId]) -> Vec<InstanceConfig> {
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    let mut routers = BTreeMap::new();
    let mut instances = Vec::new();
    for &node in nodes {
        if let Some(&at) = resolver.reader.arguments(node).first() {
            let name = resolver.reader.text(at).to_owned();
            resolver.instances.insert(name);
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
        let Some(instance) = lower::lower(resolver, block) else { continue };
        match routers.entry((instance.link.clone(), instance.family, instance.vrid)) {
            Entry::Occupied(other) => lower::same_vrid(resolver, &instance, at, *other.get()),
            Entry::Vacant(free) => {
                free.insert((name, at));
                instances.push(instance);
            }
        }
    }
    instances
}

/// The whole pipeline over arbitrary bytes as the main file, for fuzzing: must return, whatever the bytes.
pub fn fuzz_pipeline(bytes: &[u8]) {
    let files = InMemory::one("keepalived.conf", bytes);
    let loaded = load(&Request::new("keepalived.conf"), &files, &Assumed::default());
    let _ = loaded.render(false);
}
