//! What this node should have in the kernel, what it has, and the orders between the two.
//!
//! Orders are always *wanted minus held*: taking over, giving up, reload, repair after somebody's `ip addr flush`,
//! a new worker that finds what an earlier one left, and the stop are one mechanism. An address that moves from one
//! instance to another costs no order, since the key is the address and who wants it is only a set.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use host::{Instant, LinkAddress, LinkIndex, NetworkOp, Refusal, Ticket};

use crate::event::Action;
use crate::instance::InstanceId;

/// Names an address on a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Key {
    /// The link.
    pub(crate) link: LinkIndex,
    /// The address.
    pub(crate) address: IpAddr,
    /// Its prefix length; the kernel tells two lengths of one address apart.
    pub(crate) length: u8,
}

impl Key {
    /// The key of an address.
    pub(crate) fn of(address: &LinkAddress) -> Self {
        Self { link: address.link, address: address.prefix.address(), length: address.prefix.length() }
    }
}

/// First and longest pause before a refused or a lost address is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// An address that stayed for this long after it was put back starts with no pause again.
const CALM: Duration = Duration::from_secs(10);

/// How a wanted or found address stands.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Standing {
    /// Asked for; no answer yet.
    Asked(Ticket, LinkAddress),
    /// There. `seen`: the kernel has said so since we asked, so a removal from now on is another's doing.
    Held { put: Option<LinkAddress>, seen: bool },
    /// Asked to go; no answer yet.
    Leaving(Ticket),
}

/// How often an address was put back of late.
#[derive(Clone, Copy, Debug)]
struct Trouble {
    last: Instant,
    pause: Duration,
}

/// The addresses of one node, over all instances.
#[derive(Debug, Default)]
pub(crate) struct Holdings {
    wanted: BTreeMap<Key, Wanted>,
    held: BTreeMap<Key, Standing>,
    /// Wanted but lost or refused, with the time of the next try. Disjoint from `held`.
    missing: BTreeMap<Key, Instant>,
    /// Not wanted, but the kernel refused to take it, with the time of the next try. All are in `held`.
    stuck: BTreeMap<Key, Instant>,
    /// Whose answer a ticket is.
    tickets: BTreeMap<Ticket, Key>,
    /// Addresses that belong to some instance, master or not. Found in the kernel and not wanted, they go.
    ours: BTreeSet<Key>,
    trouble: BTreeMap<Key, Trouble>,
    next_ticket: u64,
    dirty: bool,
}

#[derive(Debug)]
struct Wanted {
    address: LinkAddress,
    by: BTreeSet<InstanceId>,
}

impl Holdings {
    /// Replaces the set of addresses that belong to some instance.
    pub(crate) fn claim(&mut self, ours: BTreeSet<Key>) {
        // An address that was ours and is there stays known until it has been taken away.
        self.ours.retain(|key| self.held.contains_key(key));
        self.ours.extend(ours);
        self.dirty = true;
    }

    /// Whether an address belongs to some instance.
    pub(crate) fn is_ours(&self, link: LinkIndex, address: IpAddr) -> bool {
        let all = |length| Key { link, address, length };
        self.ours.range(all(0)..=all(u8::MAX)).next().is_some()
    }

    /// Replaces what one instance wants.
    pub(crate) fn want(&mut self, instance: InstanceId, addresses: &[LinkAddress]) {
        let keys: BTreeSet<Key> = addresses.iter().map(Key::of).collect();
        self.wanted.retain(|key, wanted| {
            if !keys.contains(key) {
                wanted.by.remove(&instance);
            }
            !wanted.by.is_empty()
        });
        for address in addresses {
            let wanted = self
                .wanted
                .entry(Key::of(address))
                .or_insert_with(|| Wanted { address: address.clone(), by: BTreeSet::new() });
            wanted.by.insert(instance);
            wanted.address.clone_from(address);
        }
        self.dirty = true;
    }

    /// The instances that want an address.
    pub(crate) fn wanted_by(&self, key: &Key) -> Vec<InstanceId> {
        self.wanted.get(key).map(|wanted| wanted.by.iter().copied().collect()).unwrap_or_default()
    }

    /// Whether the kernel has an address.
    pub(crate) fn has(&self, key: &Key) -> bool {
        matches!(self.held.get(key), Some(Standing::Held { .. }))
    }

    /// Orders that have no answer yet, and those that were refused and will be given again to take an address away.
    pub(crate) fn outstanding(&self) -> usize {
        self.tickets.len() + self.stuck.len()
    }

    /// Takes in all addresses of the node, and says which wanted ones are not among them any more.
    pub(crate) fn survey(&mut self, addresses: &[LinkAddress], now: Instant) -> Vec<Key> {
        let present: BTreeSet<Key> = addresses.iter().map(Key::of).collect();
        let absent: Vec<Key> = self.held.keys().filter(|key| !present.contains(key)).copied().collect();
        let lost = absent.into_iter().filter(|key| self.removed(key, now)).collect();
        for address in addresses {
            self.added(address);
        }
        lost
    }

    /// An address is there, by our doing or another's.
    pub(crate) fn added(&mut self, address: &LinkAddress) {
        let key = Key::of(address);
        if let Some(standing) = self.held.get_mut(&key) {
            if let Standing::Held { seen, .. } = standing {
                *seen = true;
            }
        } else {
            self.missing.remove(&key);
            self.held.insert(key, Standing::Held { put: None, seen: true });
            self.dirty |= self.ours.contains(&key);
        }
    }

    /// An address is gone, by our doing or another's. True if another took it though it is wanted.
    pub(crate) fn removed(&mut self, key: &Key, now: Instant) -> bool {
        let seen = match self.held.get(key) {
            // The echo of an earlier removal by us may come after we asked for the address again.
            Some(Standing::Asked(..)) | None => return false,
            Some(Standing::Leaving(_)) => false,
            Some(Standing::Held { seen, .. }) => *seen,
        };
        self.held.remove(key);
        self.stuck.remove(key);
        let lost = seen && self.wanted.contains_key(key);
        // Not yet seen, it may be that echo too: asking once more is harmless, what is there counts as put.
        if lost {
            let retry_at = self.pause(key, now);
            self.missing.insert(*key, retry_at);
        }
        self.dirty = true;
        lost
    }

    /// A link is gone, and every address on it.
    pub(crate) fn link_removed(&mut self, link: LinkIndex) {
        self.held.retain(|key, _| key.link != link);
        self.missing.retain(|key, _| key.link != link);
        self.stuck.retain(|key, _| key.link != link);
        self.ours.retain(|key| key.link != link);
        self.trouble.retain(|key, _| key.link != link);
    }

    /// An order was carried out or refused. Says which address the kernel refused to put.
    pub(crate) fn settled(
        &mut self,
        ticket: Ticket,
        result: Result<(), Refusal>,
        now: Instant,
    ) -> Option<(Key, Refusal)> {
        let key = self.tickets.remove(&ticket)?;
        match (self.held.get(&key)?, result) {
            (Standing::Asked(asked, address), Ok(())) if *asked == ticket => {
                let put = Some(address.clone());
                self.held.insert(key, Standing::Held { put, seen: false });
                self.dirty |= self.is_stale(&key);
            }
            (Standing::Asked(asked, _), Err(refusal)) if *asked == ticket => {
                self.held.remove(&key);
                let retry_at = self.pause(&key, now).max(now + RETRY.0);
                self.missing.insert(key, retry_at);
                return Some((key, refusal));
            }
            (Standing::Leaving(asked), Ok(())) if *asked == ticket => {
                self.held.remove(&key);
                self.dirty |= self.wanted.contains_key(&key);
            }
            // It is still there, and two nodes that answer for one address are what must not be.
            (Standing::Leaving(asked), Err(_)) if *asked == ticket => {
                self.held.insert(key, Standing::Held { put: None, seen: true });
                let retry_at = self.pause(&key, now).max(now + RETRY.0);
                self.stuck.insert(key, retry_at);
                self.dirty = true;
            }
            // An order that a later one has overtaken.
            (Standing::Asked(..) | Standing::Held { .. } | Standing::Leaving(_), _) => {}
        }
        None
    }

    /// Appends the orders that make what is held what is wanted. Orders that take come first.
    pub(crate) fn order(&mut self, now: Instant, out: &mut Vec<Action>) {
        if !self.dirty && self.next_deadline().is_none_or(|at| at > now) {
            return;
        }
        self.dirty = false;
        let mut stuck = core::mem::take(&mut self.stuck);
        stuck.retain(|key, _| self.is_stale(key));
        let due = |key: &&Key| self.is_stale(key) && stuck.get(key).is_none_or(|retry_at| *retry_at <= now);
        let stale: Vec<Key> = self.held.keys().filter(due).copied().collect();
        self.stuck = stuck;
        for key in stale {
            self.take(key, out);
        }
        self.missing.retain(|key, _| self.wanted.contains_key(key));
        let due: Vec<LinkAddress> = self
            .wanted
            .iter()
            .filter(|(key, _)| match self.held.get(key) {
                None => self.missing.get(key).is_none_or(|retry_at| *retry_at <= now),
                Some(Standing::Leaving(_)) => true,
                Some(Standing::Asked(..) | Standing::Held { .. }) => false,
            })
            .map(|(_, wanted)| wanted.address.clone())
            .collect();
        for address in due {
            let key = Key::of(&address);
            let ticket = self.ticket(key);
            self.missing.remove(&key);
            self.held.insert(key, Standing::Asked(ticket, address.clone()));
            out.push(Action::Network(ticket, NetworkOp::AddAddress(address)));
        }
    }

    /// When a missing or a stuck address is tried again.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.missing.values().chain(self.stuck.values()).min().copied()
    }

    /// Whether something held has to go: ours and wanted by nobody, or put with other options than are wanted now.
    fn is_stale(&self, key: &Key) -> bool {
        match (self.held.get(key), self.wanted.get(key)) {
            (Some(Standing::Held { .. }), None) => self.ours.contains(key),
            (Some(Standing::Held { put: Some(put), .. }), Some(wanted)) => *put != wanted.address,
            (
                Some(Standing::Held { put: None, .. } | Standing::Asked(..) | Standing::Leaving(_)) | None,
                _,
            ) => false,
        }
    }

    fn take(&mut self, key: Key, out: &mut Vec<Action>) {
        let Some(prefix) = host::Prefix::new(key.address, key.length) else { return };
        let ticket = self.ticket(key);
        self.stuck.remove(&key);
        let before = self.held.insert(key, Standing::Leaving(ticket));
        let address = if let Some(Standing::Held { put: Some(put), .. }) = before {
            put
        } else {
            LinkAddress::plain(key.link, prefix)
        };
        out.push(Action::Network(ticket, NetworkOp::RemoveAddress(address)));
    }

    fn ticket(&mut self, key: Key) -> Ticket {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        self.tickets.insert(ticket, key);
        ticket
    }

    /// When an address that was lost or refused is tried again: at once, then after pauses that grow.
    fn pause(&mut self, key: &Key, now: Instant) -> Instant {
        let trouble = match self.trouble.get(key) {
            Some(before) if now.since(before.last) < CALM => {
                Trouble { last: now, pause: (before.pause * 2).clamp(RETRY.0, RETRY.1) }
            }
            _ => Trouble { last: now, pause: Duration::ZERO },
        };
        self.trouble.insert(*key, trouble);
        now + trouble.pause
    }
}

#[cfg(test)]
mod tests;
