//! Orders: what is wanted minus what is held.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;

use host::Instant;

use super::Holdings;
use super::thing::{Report, Standing};
use crate::event::Action;
use crate::item::{Item, Key};

/// Most orders in one turn, a millisecond's work for the kernel: a takeover of thousands of addresses must make no
/// advert late. The rest follows in the next turn, which comes at once.
pub(super) const MOST_ORDERS: usize = 32;

impl Holdings {
    /// Appends the orders that make what is held what is wanted. Orders that take come first.
    pub(crate) fn order(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.judge(now);
        self.renew(now, out);
        let mut orders = 0;
        let mut lacking = BTreeSet::new();
        while orders < MOST_ORDERS
            && let Some(key) = self.backlog.takes.pop_last()
        {
            if !self.is_stale(&key) {
                self.backlog.puts.insert(key);
                continue;
            }
            orders += 1;
            self.take(key.clone(), out);
            // What is taken to be put with other options is not away for a turn.
            lacking.insert(key);
        }
        while orders < MOST_ORDERS
            && let Some(key) = self.backlog.puts.pop_first()
        {
            if self.lacks(&key) {
                orders += 1;
                lacking.insert(key);
            } else {
                self.relieve(&key);
            }
        }
        for key in lacking {
            self.relieve(&key);
            self.put(key, out);
        }
    }

    /// Looks at what is in doubt, and at what waited for another try long enough.
    fn judge(&mut self, now: Instant) {
        let mut doubtful = self.backlog.drain();
        let waiting = doubtful.extract_if(.., |key| self.waits(key, now));
        waiting.collect::<Vec<_>>().iter().for_each(|key| self.relieve(key));
        let late = self.missing.iter().chain(&self.stuck).filter(|(_, retry_at)| **retry_at <= now);
        doubtful.extend(late.map(|(key, _)| key.clone()));
        self.adopt(&doubtful, now);
        for key in doubtful {
            self.missing.remove(&key);
            self.stuck.remove(&key);
            if self.is_stale(&key) {
                self.backlog.takes.insert(key);
            } else if self.lacks(&key) {
                self.backlog.puts.insert(key);
            } else {
                self.relieve(&key);
            }
        }
    }

    /// Whether something wanted has to be put.
    fn lacks(&self, key: &Key) -> bool {
        self.wanted(key).is_some()
            && match self.held(key) {
                Some(Standing::Leaving(..)) | None => true,
                // A link of the right name may be anything: whoever makes links knows, and takes over what fits. A route
                // of the right key may lead elsewhere.
                Some(Standing::Held { put: None, .. }) => matches!(key, Key::Link(_) | Key::Route(_)),
                Some(Standing::Asked(..) | Standing::Held { .. }) => false,
            }
    }

    /// Whether a thing that was lost or refused is to be let be for a while, and is still wanted or to be taken.
    fn waits(&self, key: &Key, now: Instant) -> bool {
        let later = |at: Option<&Instant>| at.is_some_and(|retry_at| *retry_at > now);
        (later(self.missing.get(key)) && self.wanted(key).is_some())
            || (later(self.stuck.get(key)) && self.is_stale(key))
    }

    /// Whether something held has to go: ours and wanted by nobody, or put with other options than are wanted now.
    pub(super) fn is_stale(&self, key: &Key) -> bool {
        match (self.held(key), self.wanted(key)) {
            (Some(Standing::Held { .. }), None) => self.is_claimed(key),
            (Some(Standing::Held { put: Some(put), .. }), Some(wanted)) => put != wanted,
            (
                Some(Standing::Held { put: None, .. } | Standing::Asked(..) | Standing::Leaving(..)) | None,
                _,
            ) => false,
        }
    }

    fn put(&mut self, key: Key, out: &mut Vec<Action>) {
        let Some(item) = self.wanted(&key) else { return };
        let item = item.clone();
        let found = matches!(self.held(&key), Some(Standing::Held { .. }));
        let ticket = self.ticket(key.clone());
        let report = if found { Report::Found } else { Report::Nothing };
        self.hold(key, Standing::Asked(ticket, item.clone(), report));
        let item = Arc::unwrap_or_clone(item);
        out.push(Action::Network(ticket, if found { item.take_over() } else { item.put() }));
    }

    fn take(&mut self, key: Key, out: &mut Vec<Action>) {
        let put = match self.held(&key) {
            Some(Standing::Held { put, .. }) => put.clone(),
            Some(Standing::Asked(..) | Standing::Leaving(..)) | None => None,
        };
        let Some(op) =
            put.clone().map_or_else(|| Item::bare(&key), |put| Some(Arc::unwrap_or_clone(put).take()))
        else {
            return;
        };
        let ticket = self.ticket(key.clone());
        self.hold(key, Standing::Leaving(ticket, put));
        out.push(Action::Network(ticket, op));
    }
}
