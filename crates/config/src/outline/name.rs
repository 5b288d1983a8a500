//! Who is called what: the names that blocks give, and the lines that use them.

use super::Outline;
use crate::source::Span;
use crate::tree::NodeId;

/// What kind of thing a name stands for. Each has its own names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Named {
    /// `vrrp_instance`
    Instance,
    /// `vrrp_sync_group`
    SyncGroup,
    /// `vrrp_script`
    Script,
    /// `track_file`
    File,
    /// `vrrp_track_process`
    Process,
    /// `bfd_instance`
    Session,
    /// `virtual_server_group`
    ServerGroup,
    /// `track_group`
    TrackGroup,
}

/// Whether a place gives the name or uses it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The block of this name.
    Defines,
    /// A line that means it.
    Uses,
}

/// A name at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name {
    /// What it stands for.
    pub named: Named,
    /// Given or used here.
    pub role: Role,
    /// The word.
    pub span: Span,
}

/// Blocks outside all others whose first word is a name.
const GIVEN: &[(&str, Named)] = &[
    ("vrrp_instance", Named::Instance),
    ("vrrp_sync_group", Named::SyncGroup),
    ("vrrp_script", Named::Script),
    ("track_file", Named::File),
    ("vrrp_track_file", Named::File),
    ("vrrp_track_process", Named::Process),
    ("bfd_instance", Named::Session),
    ("virtual_server_group", Named::ServerGroup),
    ("track_group", Named::TrackGroup),
];

/// Blocks whose lines begin with a name.
const TRACKED: &[(&str, Named)] = &[
    ("track_script", Named::Script),
    ("track_file", Named::File),
    ("track_process", Named::Process),
    ("track_bfd", Named::Session),
];

impl Outline {
    /// All names, in the order of the text.
    pub fn names(&self) -> Vec<Name> {
        let mut names = Vec::new();
        for line in self.lines(None, "") {
            let keyword = line.row.name;
            let words = line.words();
            if let Some((_, named)) = GIVEN.iter().find(|(given, _)| *given == keyword) {
                names.extend(words.first().map(|&span| Name { named: *named, role: Role::Defines, span }));
            }
            match keyword {
                "virtual_server" if words.first().is_some_and(|&word| self.text(word) == "group") => {
                    names.extend(words.get(1).map(|&span| used(Named::ServerGroup, span)));
                }
                "static_ipaddress" | "static_routes" | "static_rules" => {
                    self.behind_track_group(line.node, &mut names);
                }
                _ => {}
            }
            if !matches!(keyword, "static_ipaddress" | "static_routes" | "static_rules") {
                self.names_in(line.node, keyword, &mut names);
            }
        }
        names
    }

    /// Names used in a block of this path, and in its blocks.
    fn names_in(&self, block: NodeId, path: &str, names: &mut Vec<Name>) {
        let owner = path.rsplit('/').next().unwrap_or_default();
        for line in self.lines(Some(block), path) {
            let words = line.words();
            match (owner, line.row.name) {
                ("vrrp_sync_group" | "track_group", "group") => {
                    let all = self.nodes(Some(line.node)).flat_map(|node| self.tree.words(node));
                    names.extend(all.map(|&span| used(Named::Instance, span)));
                }
                ("vrrp_sync_group" | "vrrp_instance", keyword) if tracked(keyword).is_some() => {
                    let Some(named) = tracked(keyword) else { continue };
                    let firsts = self.nodes(Some(line.node)).filter_map(|node| self.tree.words(node).first());
                    names.extend(firsts.map(|&span| used(named, span)));
                }
                ("FILE_CHECK", "track_file") => {
                    names.extend(words.first().map(|&span| used(Named::File, span)))
                }
                ("BFD_CHECK", "name") => names.extend(words.first().map(|&span| used(Named::Session, span))),
                ("global_defs", "lvs_sync_daemon") => {
                    let inst = words.get(1).filter(|&&word| self.text(word) == "inst");
                    let name = words.get(if inst.is_some() { 2 } else { 1 });
                    names.extend(name.map(|&span| used(Named::Instance, span)));
                }
                _ => {}
            }
            let has_block = self.tree.node(line.node).is_some_and(|node| node.has_block);
            if has_block && line.row.value == crate::table::Value::Block {
                self.names_in(line.node, &format!("{path}/{}", line.row.name), names);
            }
        }
    }

    /// `… track_group NAME` in lines of static addresses, routes and rules.
    fn behind_track_group(&self, block: NodeId, names: &mut Vec<Name>) {
        for node in self.nodes(Some(block)) {
            let words = self.tree.words(node);
            let at = words.iter().position(|&word| self.text(word) == "track_group");
            names.extend(at.and_then(|at| words.get(at + 1)).map(|&span| used(Named::TrackGroup, span)));
        }
    }
}

const fn used(named: Named, span: Span) -> Name {
    Name { named, role: Role::Uses, span }
}

fn tracked(keyword: &str) -> Option<Named> {
    TRACKED.iter().find(|(block, _)| *block == keyword).map(|(_, named)| *named)
}
