//! The links that sessions name, by number.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use host::{Link, LinkIndex, LinkName};

/// Which link has which name.
#[derive(Debug, Default)]
pub(crate) struct Links {
    names: BTreeMap<LinkIndex, LinkName>,
}

impl Links {
    /// These are all.
    pub(crate) fn survey(&mut self, links: Vec<Link>) {
        self.names = links.into_iter().map(|link| (link.index, link.name)).collect();
    }

    /// One appeared or was renamed.
    pub(crate) fn change(&mut self, link: Link) {
        self.names.insert(link.index, link.name);
    }

    /// One is gone.
    pub(crate) fn remove(&mut self, link: LinkIndex) {
        self.names.remove(&link);
    }

    /// The link of this name.
    pub(crate) fn named(&self, name: &LinkName) -> Option<LinkIndex> {
        self.names.iter().find(|(_, known)| *known == name).map(|(index, _)| *index)
    }
}
