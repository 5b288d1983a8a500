//! `vrrp_sync_group`: instances that are master together or not at all.

mod lower;

use crate::block::track::{self, Lists};
use crate::diagnostic::{Diagnostic, code};
use crate::lex::CommandLine;
use crate::source::Span;
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};
pub(crate) use lower::{Groups, fail_with, finish, member, read_all};

/// As written.
#[derive(Debug, Default)]
pub(crate) struct SyncGroupBlock {
    pub(crate) name: String,
    pub(crate) at: Span,
    pub(crate) group: Option<NodeId>,
    pub(crate) lists: Lists,
    pub(crate) notify: Option<Set<CommandLine>>,
    pub(crate) notify_master: Option<Set<CommandLine>>,
    pub(crate) notify_backup: Option<Set<CommandLine>>,
    pub(crate) notify_fault: Option<Set<CommandLine>>,
    pub(crate) notify_stop: Option<Set<CommandLine>>,
    pub(crate) smtp_alert: Option<Set<bool>>,
    pub(crate) notify_priority_changes: Option<Set<bool>>,
    pub(crate) sync_group_tracking_weight: Option<Set<bool>>,
}

type K = Keyword<SyncGroupBlock>;

/// The rows of `vrrp_sync_group`.
pub(crate) static VRRP_SYNC_GROUP: Block<SyncGroupBlock> = Block::new(
    "vrrp_sync_group",
    &[
        K::new("group", Kind::Custom(Shape::Lines, group))
            .takes("{ <vrrp_instance>... }")
            .help("The instances that belong together."),
        K::new("track_interface", Kind::Lines(|b| &mut b.lists.links))
            .options(track::LINK_OPTIONS)
            .help("Interfaces that matter to every member."),
        K::new("track_script", Kind::Lines(|b| &mut b.lists.scripts))
            .options(track::OPTIONS)
            .help("Scripts that matter to every member."),
        K::new("track_file", Kind::Lines(|b| &mut b.lists.files))
            .options(track::WIDE_OPTIONS)
            .help("Files that matter to every member."),
        K::new("track_process", Kind::Lines(|b| &mut b.lists.processes))
            .options(track::WIDE_OPTIONS)
            .help("Sets of processes that matter to every member."),
        K::new("track_bfd", Kind::Lines(|b| &mut b.lists.bfds))
            .options(track::OPTIONS)
            .help("BFD sessions that matter to every member."),
        script("notify_master", |b| &mut b.notify_master).help("Run when the group becomes master."),
        script("notify_backup", |b| &mut b.notify_backup).help("Run when the group becomes backup."),
        script("notify_fault", |b| &mut b.notify_fault).help("Run when the group has a fault."),
        script("notify_stop", |b| &mut b.notify_stop).help("Run when the daemon stops."),
        script("notify", |b| &mut b.notify)
            .help("Run on every change of the group, with four more arguments."),
        K::new("smtp_alert", Kind::Switch(|b| &mut b.smtp_alert))
            .inherits("smtp_alert_vrrp")
            .help("Mail on a change of the group."),
        K::new("global_tracking", Kind::Flag(|b| &mut b.sync_group_tracking_weight, true))
            .deprecated("sync_group_tracking_weight, or lists in the group")
            .help("Members keep the weights of what they track themselves."),
        K::new("sync_group_tracking_weight", Kind::Flag(|b| &mut b.sync_group_tracking_weight, true))
            .help("Members keep the weights of what they track themselves."),
        K::new("notify_priority_changes", Kind::Switch(|b| &mut b.notify_priority_changes))
            .inherits("vrrp_notify_priority_changes")
            .help("What members take where they do not say notify_priority_changes."),
    ],
);

const fn script(name: &'static str, field: crate::value::Field<SyncGroupBlock, CommandLine>) -> K {
    K::new(name, Kind::Script(field)).missing(Missing::Complaint)
}

fn group(reader: &mut Reader<'_>, node: NodeId, block: &mut SyncGroupBlock) {
    if let Some(first) = block.group {
        let (at, first) = (reader.keyword(node), reader.keyword(first));
        reader.second("group", at, first);
        return;
    }
    block.group = Some(node);
}

/// The words of a block of names, each with its place.
pub(crate) fn names<'a>(reader: &Reader<'a>, list: NodeId) -> Vec<(&'a str, Span)> {
    let lines = reader.tree.children(list);
    let words = lines.flat_map(|line| reader.tree.words(line));
    words.map(|word| (reader.text(*word), *word)).collect()
}

/// Reads a block outside all others.
pub(crate) fn read(reader: &mut Reader<'_>, node: NodeId, groups: &mut Vec<SyncGroupBlock>) {
    let Some(&at) = reader.arguments(node).first() else {
        let message = "A vrrp_sync_group without a name is left out";
        reader.complain(code::NO_NAME, reader.keyword(node), message);
        return;
    };
    let name = reader.text(at).to_owned();
    if let Some(first) = groups.iter().find(|have| have.name == name) {
        let message = format!("There is a vrrp_sync_group {name} already; this one is left out");
        let found =
            Diagnostic::new(code::DUPLICATE, at, message).related(first.at, "the first, which counts");
        reader.report.add(found);
        return;
    }
    let mut block = SyncGroupBlock { name, at, ..SyncGroupBlock::default() };
    reader.block(&VRRP_SYNC_GROUP, node, &mut block);
    groups.push(block);
}
