//! What is still to be looked at, and to be ordered: things in doubt, and the orders that one turn left over.

use alloc::collections::BTreeSet;

use crate::item::Key;

/// Things that may not be as they should be. All others are, or wait for another try.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// Something changed since orders were last given; nobody has looked yet.
    pub(super) doubtful: BTreeSet<Key>,
    /// To be taken. Looked at once more when their turn comes: the world may have changed.
    pub(super) takes: BTreeSet<Key>,
    /// To be put; likewise.
    pub(super) puts: BTreeSet<Key>,
}

impl Backlog {
    /// Something changed about a thing.
    pub(super) fn doubt(&mut self, key: Key) {
        self.doubtful.insert(key);
    }

    /// What is in doubt, to be judged; older judgements of it count no more.
    pub(super) fn drain(&mut self) -> BTreeSet<Key> {
        let doubtful = core::mem::take(&mut self.doubtful);
        if self.is_behind() {
            for key in &doubtful {
                self.takes.remove(key);
                self.puts.remove(key);
            }
        }
        doubtful
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        [&self.doubtful, &self.takes, &self.puts].into_iter().any(|keys| keys.contains(key))
    }

    pub(super) fn len(&self) -> usize {
        self.doubtful.len() + self.takes.len() + self.puts.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Orders were left over.
    pub(super) fn is_behind(&self) -> bool {
        !self.takes.is_empty() || !self.puts.is_empty()
    }
}
