//! What checks can follow, by name: BFD sessions.

use std::collections::BTreeMap;

use bfd::config::SessionConfig;

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
