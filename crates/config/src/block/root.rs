//! The keywords outside all blocks.

use crate::block::global_defs::{GLOBAL_DEFS, GlobalDefsBlock};
use crate::block::later;
use crate::block::vrrp_instance::VRRP_INSTANCE;
use crate::block::vrrp_script::{VRRP_SCRIPT, VrrpScriptBlock};
use crate::diagnostic::{Diagnostic, code};
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Reader};

/// What stands outside all blocks. Virtual routers are read one at a time when the rest is known.
#[derive(Debug, Default)]
pub(crate) struct RootBlock {
    pub(crate) global_defs: GlobalDefsBlock,
    /// With the node of each, which tells what stands before it.
    pub(crate) scripts: Vec<(NodeId, VrrpScriptBlock)>,
    pub(crate) instances: Vec<NodeId>,
}

type K = Keyword<RootBlock>;

const fn later(name: &'static str, feature: &'static str) -> K {
    K::new(name, Kind::Later(Shape::Line, feature))
}

const fn later_block(name: &'static str, shape: Shape, feature: &'static str) -> K {
    K::new(name, Kind::Later(shape, feature))
}

/// Keywords outside all blocks.
pub(crate) static ROOT: Block<RootBlock> = Block::new(
    "",
    &[
        K::new(
            "global_defs",
            Kind::Block(&GLOBAL_DEFS, |r, node, b| r.block(&GLOBAL_DEFS, node, &mut b.global_defs)),
        )
        .help(
            "Settings of the daemon as a whole, and defaults for what comes after. May stand several times.",
        ),
        K::new("vrrp_instance", Kind::Block(&VRRP_INSTANCE, |_, node, b| b.instances.push(node)))
            .help("One virtual router."),
        K::new("vrrp_script", Kind::Block(&VRRP_SCRIPT, script))
            .help("A script that is run again and again and says by its exit status whether all is well."),
        later("linkbeat_use_polling", "polling of links"),
        later("net_namespace", "namespaces"),
        later("net_namespace_ipvs", "namespaces"),
        later("namespace_with_ipsets", "namespaces"),
        later("use_pid_dir", "several daemons on one host"),
        later("instance", "several daemons on one host"),
        later("child_wait_time", "stopping"),
        later_block("track_group", Shape::Block(&later::TRACK_GROUP), "static addresses and routes"),
        later_block("static_ipaddress", Shape::Lines, "static addresses and routes"),
        later_block("static_routes", Shape::Lines, "static addresses and routes"),
        later_block("static_rules", Shape::Lines, "static addresses and routes"),
        later_block("vrrp_sync_group", Shape::Block(&later::VRRP_SYNC_GROUP), "sync groups"),
        later_block("garp_group", Shape::Block(&later::GARP_GROUP), "announcement rates of single links"),
        later_block("linkbeat_interfaces", Shape::Lines, "polling of links"),
        later_block("track_file", Shape::Block(&later::TRACK_FILE), "tracked files"),
        later_block("vrrp_track_file", Shape::Block(&later::TRACK_FILE), "tracked files")
            .deprecated("track_file"),
        later_block("vrrp_track_process", Shape::Block(&later::VRRP_TRACK_PROCESS), "tracked processes"),
        later_block("interface_up_down_delays", Shape::Lines, "delays of links"),
        later_block("bfd_instance", Shape::Block(&later::BFD_INSTANCE), "BFD"),
        later_block("SSL", Shape::Block(&later::SSL), "load balancing"),
        later_block("virtual_server_group", Shape::Lines, "load balancing"),
        later_block("virtual_server", Shape::Block(&later::VIRTUAL_SERVER), "load balancing"),
    ],
);

fn script(reader: &mut Reader<'_>, node: NodeId, root: &mut RootBlock) {
    let Some(&name) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let mut block = VrrpScriptBlock::new(reader.text(name).to_owned(), name);
    reader.block(&VRRP_SCRIPT, node, &mut block);
    // As keepalived: both of two with one name are kept, look-ups find the first.
    if let Some((_, first)) = root.scripts.iter().find(|(_, have)| have.name == block.name) {
        let message = format!("There are two scripts named `{}`", block.name);
        let found =
            Diagnostic::new(code::DUPLICATE, name, message).related(first.at, "the first, which counts");
        reader.report.add(found.class(crate::diagnostic::Class::Silent));
    }
    root.scripts.push((node, block));
}
