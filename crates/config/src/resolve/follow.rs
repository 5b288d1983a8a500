//! What checks and trackers can follow, by name: BFD sessions and tracked files.

use std::collections::BTreeMap;

use bfd::config::SessionConfig;

use super::Resolver;
use crate::tree::NodeId;

/// The BFD sessions that are there.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    known: BTreeMap<String, (NodeId, SessionConfig)>,
}

impl Sessions {
    /// Takes in the sessions, each with its node.
    pub(crate) fn new(sessions: &[(NodeId, SessionConfig)]) -> Self {
        let known = sessions.iter().map(|(node, config)| (config.name.clone(), (*node, config.clone())));
        Self { known: known.collect() }
    }

    /// A session that stands before a node.
    pub(crate) fn before(&self, name: &str, node: NodeId) -> Option<&SessionConfig> {
        self.known.get(name).filter(|(at, _)| *at < node).map(|(_, config)| config)
    }

    /// Whether a session stands before a node and checkers are told of it.
    pub(crate) fn tells_checks(&self, name: &str, node: NodeId) -> bool {
        self.before(name, node).is_some_and(|session| session.audience.checker)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }
}

impl Resolver<'_, '_> {
    /// Whether a `track_file` of this name stands before a node and says which file.
    pub(crate) fn has_tracked_file(&self, name: &str, before: NodeId) -> bool {
        let tree = self.reader.tree;
        let text = |span| self.reader.text(span);
        tree.roots().take_while(|node| *node < before).any(|node| {
            let words = tree.words(node);
            words.first().is_some_and(|word| matches!(text(*word), "track_file" | "vrrp_track_file"))
                && words.get(1).is_some_and(|word| text(*word) == name)
                && tree.children(node).any(|line| {
                    let words = tree.words(line);
                    words.len() > 1 && words.first().is_some_and(|word| text(*word) == "file")
                })
        })
    }
}
