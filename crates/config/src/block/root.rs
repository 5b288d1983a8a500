//! The keywords outside all blocks.

use std::collections::BTreeMap;

use crate::block::bfd_instance::BFD_INSTANCE;
use crate::block::global_defs::{GLOBAL_DEFS, GlobalDefsBlock};
use crate::block::link::{BEAT_OPTIONS, DELAY_OPTIONS, GARP_GROUP, GarpGroupBlock};
use crate::block::services::ServiceNodes;
use crate::block::ssl::SSL;
use crate::block::statics::{StaticsBlock, TRACK_GROUP};
use crate::block::track_file::{TRACK_FILE, TrackFileBlock};
use crate::block::track_process::{TrackProcessBlock, VRRP_TRACK_PROCESS};
use crate::block::virtual_server::VIRTUAL_SERVER;
use crate::block::vrrp_instance::VRRP_INSTANCE;
use crate::block::vrrp_script::{VRRP_SCRIPT, VrrpScriptBlock};
use crate::block::vrrp_sync_group::{SyncGroupBlock, VRRP_SYNC_GROUP};
use crate::block::{
    address, route, rule, statics, track_file, track_process, virtual_server_group, vrrp_sync_group,
};
use crate::diagnostic::{Diagnostic, code};
use crate::source::Span;
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};

/// What stands outside all blocks. Virtual routers are read one at a time when the rest is known.
#[derive(Debug, Default)]
pub(crate) struct RootBlock {
    pub(crate) global_defs: GlobalDefsBlock,
    pub(crate) identity: IdentityBlock,
    /// With the node of each, which tells what stands before it.
    pub(crate) scripts: Vec<(NodeId, VrrpScriptBlock)>,
    /// Where a script of a name stands first.
    pub(crate) script_names: BTreeMap<String, Span>,
    pub(crate) files: Vec<(NodeId, TrackFileBlock)>,
    pub(crate) processes: Vec<(NodeId, TrackProcessBlock)>,
    pub(crate) groups: Vec<SyncGroupBlock>,
    pub(crate) statics: StaticsBlock,
    pub(crate) garp_groups: Vec<GarpGroupBlock>,
    pub(crate) linkbeat_interfaces: Vec<NodeId>,
    pub(crate) interface_up_down_delays: Vec<NodeId>,
    pub(crate) instances: Vec<NodeId>,
    pub(crate) bfd_instances: Vec<NodeId>,
    pub(crate) services: ServiceNodes,
}

/// Keywords outside all blocks that stand alone.
#[derive(Debug, Default)]
pub(crate) struct IdentityBlock {
    pub(crate) instance: Option<Set<String>>,
    pub(crate) net_namespace: Option<Set<String>>,
    /// Empty is the namespace that the daemon was started in.
    pub(crate) net_namespace_ipvs: Option<Set<String>>,
    pub(crate) namespace_with_ipsets: Option<Set<bool>>,
    pub(crate) use_pid_dir: Option<Set<bool>>,
    pub(crate) child_wait_time: Option<Set<u64>>,
    pub(crate) linkbeat_use_polling: Option<Set<bool>>,
}

type K = Keyword<RootBlock>;

const U32: u64 = 4_294_967_295;

/// Keywords outside all blocks.
pub(crate) static ROOT: Block<RootBlock> = Block::new("", DAEMON).and(VRRP).and(LVS);

/// The daemon as a whole.
static DAEMON: &[K] = &[
    K::new(
        "global_defs",
        Kind::Block(&GLOBAL_DEFS, |r, node, b| r.block(&GLOBAL_DEFS, node, &mut b.global_defs)),
    )
    .repeats()
    .help("Settings of the daemon as a whole, and defaults for what comes after. May stand several times."),
    K::new("instance", Kind::Text(|b| &mut b.identity.instance, usize::MAX))
        .missing(Missing::Complaint)
        .once()
        .help("Name of this daemon among several on one host; pid files and log lines carry it."),
    K::new("net_namespace", Kind::Text(|b| &mut b.identity.net_namespace, usize::MAX))
        .missing(Missing::Complaint)
        .once()
        .help("Network namespace that the daemon runs in."),
    K::new("net_namespace_ipvs", Kind::Custom(Shape::Line, ipvs_namespace))
        .takes("[<name>]")
        .inherits("net_namespace")
        .once()
        .help(
            "Network namespace where IPVS is programmed; without a name the one that the daemon was \
            started in.",
        ),
    K::new("namespace_with_ipsets", Kind::Flag(|b| &mut b.identity.namespace_with_ipsets, true))
        .help("Has no effect: kernels before 3.13, which it is for, are not supported."),
    K::new("use_pid_dir", Kind::Flag(|b| &mut b.identity.use_pid_dir, true))
        .help("Put pid files into a directory of their own."),
    K::new("child_wait_time", Kind::Number(|b| &mut b.identity.child_wait_time, 0, U32))
        .unit("s")
        .default("5")
        .help("How long processes may take to end before they are killed."),
];

/// Virtual routers.
static VRRP: &[K] = &[
    K::new("vrrp_instance", Kind::Block(&VRRP_INSTANCE, |_, node, b| b.instances.push(node)))
        .takes("<name> { <block> }")
        .repeats()
        .help("One virtual router."),
    K::new(
        "vrrp_sync_group",
        Kind::Block(&VRRP_SYNC_GROUP, |r, node, b| vrrp_sync_group::read(r, node, &mut b.groups)),
    )
    .takes("<name> { <block> }")
    .repeats()
    .help("Virtual routers that are master together or not at all."),
    K::new("vrrp_script", Kind::Block(&VRRP_SCRIPT, script))
        .takes("<name> { <block> }")
        .repeats()
        .help("A script that is run again and again and says by its exit status whether all is well."),
    K::new("track_file", Kind::Block(&TRACK_FILE, |r, node, b| track_file::read(r, node, &mut b.files)))
        .takes("<name> { <block> }")
        .repeats()
        .help("A file whose number is added to priorities, or is a fault."),
    K::new("vrrp_track_file", Kind::Block(&TRACK_FILE, |r, node, b| track_file::read(r, node, &mut b.files)))
        .takes("<name> { <block> }")
        .repeats()
        .deprecated("track_file")
        .borne()
        .help("The same as track_file."),
    K::new(
        "vrrp_track_process",
        Kind::Block(&VRRP_TRACK_PROCESS, |r, node, b| {
            track_process::read(r, node, &mut b.processes);
        }),
    )
    .takes("<name> { <block> }")
    .repeats()
    .help("A set of processes; too few or too many of them is a fault, or changes priorities."),
    K::new(
        "track_group",
        Kind::Block(&TRACK_GROUP, |r, node, b| statics::read_group(r, node, &mut b.statics.groups)),
    )
    .takes("<name> { <block> }")
    .repeats()
    .help("Virtual routers that fail when a static address, route or rule cannot be."),
    K::new("static_ipaddress", Kind::Lines(|b| &mut b.statics.addresses))
        .options(address::OPTIONS)
        .help("Addresses that are there as long as the daemon runs, one a line."),
    K::new("static_routes", Kind::Lines(|b| &mut b.statics.routes))
        .options(route::OPTIONS)
        .help("Routes that are there as long as the daemon runs, one a line."),
    K::new("static_rules", Kind::Lines(|b| &mut b.statics.rules))
        .options(rule::OPTIONS)
        .help("Policy rules that are there as long as the daemon runs, one a line."),
    K::new("garp_group", Kind::Block(&GARP_GROUP, garp_group))
        .repeats()
        .help("Gaps between announcements on some interfaces."),
    K::new("linkbeat_interfaces", Kind::Lines(|b| &mut b.linkbeat_interfaces))
        .options(BEAT_OPTIONS)
        .help("Interfaces whose carrier is asked for once a second."),
    K::new("linkbeat_use_polling", Kind::Flag(|b| &mut b.identity.linkbeat_use_polling, true))
        .help("The carriers of all interfaces are asked for once a second."),
    K::new("interface_up_down_delays", Kind::Lines(|b| &mut b.interface_up_down_delays))
        .options(DELAY_OPTIONS)
        .unit("s")
        .help("How long interfaces must be down or up before it counts."),
];

/// BFD and load balancing.
static LVS: &[K] = &[
    K::new("bfd_instance", Kind::Block(&BFD_INSTANCE, |_, node, b| b.bfd_instances.push(node)))
        .takes("<name> { <block> }")
        .repeats()
        .help("A BFD session, which tells within a blink whether a path is alive."),
    K::new("SSL", Kind::Block(&SSL, |_, node, b| b.services.tls.push(node)))
        .takes("{ <block> }")
        .later("health checks")
        .help("Who we are for servers that are checked over TLS."),
    K::new("virtual_server_group", Kind::Lines(|b| &mut b.services.groups))
        .takes("<name> { <lines> }")
        .options(virtual_server_group::LINE)
        .help("Addresses and marks that one virtual server serves."),
    K::new(
        "virtual_server",
        Kind::Block(&VIRTUAL_SERVER, |_, node, b| b.services.virtual_servers.push(node)),
    )
    .takes("<address> [<port>]|fwmark <mark>|group <name> { <block> }")
    .repeats()
    .help("A service that is spread over real servers."),
];

/// A word or none, which is kept as an empty one.
fn ipvs_namespace(reader: &mut Reader<'_>, node: NodeId, root: &mut RootBlock) {
    let at = reader.keyword(node);
    if let Some(first) = &root.identity.net_namespace_ipvs {
        let first = first.at;
        reader.second("net_namespace_ipvs", at, first);
        return;
    }
    let word = reader.arguments(node).first().copied();
    let value = word.map(|word| reader.text(word).to_owned()).unwrap_or_default();
    root.identity.net_namespace_ipvs = Some(Set { value, at });
}

fn garp_group(reader: &mut Reader<'_>, node: NodeId, root: &mut RootBlock) {
    let mut block = GarpGroupBlock { at: reader.keyword(node), ..GarpGroupBlock::default() };
    reader.block(&GARP_GROUP, node, &mut block);
    root.garp_groups.push(block);
}

fn script(reader: &mut Reader<'_>, node: NodeId, root: &mut RootBlock) {
    let Some(&name) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let mut block = VrrpScriptBlock::new(reader.text(name).to_owned(), name);
    reader.block(&VRRP_SCRIPT, node, &mut block);
    // As keepalived: both of two with one name are kept, look-ups find the first.
    if let Some(first) = root.script_names.get(&block.name) {
        let message = format!("There are two scripts named `{}`", block.name);
        let found =
            Diagnostic::new(code::DUPLICATE, name, message).related(*first, "the first, which counts");
        reader.report.add(found.class(crate::diagnostic::Class::Silent));
    } else {
        root.script_names.insert(block.name.clone(), name);
    }
    root.scripts.push((node, block));
}
