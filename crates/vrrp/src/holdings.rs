//! What this node should have in the kernel, what it has, and the orders between the two.
//!
//! Orders are always *wanted minus held*: taking over, giving up, reload, repair after somebody's `ip addr flush`,
//! a new worker that finds what an earlier one left, and the stop are one mechanism. An address that moves from one
//! instance to another costs no order, since the key is the address and who wants it is only a set. Routes, policy
//! rules and the links that we make are held in the same way.

mod backlog;
mod orders;
mod thing;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use host::{Instant, LinkAddress, LinkIndex, NetworkOp, Refusal, Ticket};

use crate::event::Action;
use crate::instance::InstanceId;
use crate::item::{Item, Key};
use backlog::Backlog;
use thing::{Report, Standing, Thing};

/// First and longest pause before a refused or a lost address is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// An address that stayed for this long after it was put back starts with no pause again.
const CALM: Duration = Duration::from_secs(10);

/// How often an address was put back of late.
#[derive(Clone, Copy, Debug)]
struct Trouble {
    last: Instant,
    pause: Duration,
}

/// What one node holds, over all instances.
#[derive(Debug, Default)]
pub(crate) struct Holdings {
    things: BTreeMap<Key, Thing>,
    /// Wanted but lost or refused, with the time of the next try. Of what is held only what was to be replaced is among them.
    missing: BTreeMap<Key, Instant>,
    /// Not wanted, but the kernel refused to take it, with the time of the next try. All are held.
    stuck: BTreeMap<Key, Instant>,
    /// Whose answer a ticket is.
    tickets: BTreeMap<Ticket, Key>,
    trouble: BTreeMap<Key, Trouble>,
    /// When the lifetimes of addresses have to begin anew.
    renewals: BTreeMap<Key, Instant>,
    next_ticket: u64,
    /// What each instance wants, sorted.
    wants: BTreeMap<InstanceId, Vec<Key>>,
    backlog: Backlog,
    /// Instances that want something which has left the backlog.
    relieved: BTreeSet<InstanceId>,
}

impl Holdings {
    /// Replaces the set of addresses that belong to some instance.
    pub(crate) fn claim(&mut self, ours: BTreeSet<Key>) {
        // An address that was ours and is there stays known until it has been taken away.
        self.things.values_mut().for_each(|thing| thing.ours &= thing.held.is_some());
        for key in ours {
            self.things.entry(key).or_default().ours = true;
        }
        self.forget_bare();
        let there = self.things.iter().filter(|(_, thing)| thing.ours && thing.held.is_some());
        self.backlog.doubtful.extend(there.map(|(key, _)| key.clone()));
    }

    /// Whether an address belongs to some instance.
    pub(crate) fn is_ours(&self, link: LinkIndex, address: IpAddr) -> bool {
        let all = |length| Key::Address { link, address, length };
        self.things.range(all(0)..=all(u8::MAX)).any(|(_, thing)| thing.ours)
    }

    /// Replaces what one instance wants.
    pub(crate) fn want(&mut self, instance: InstanceId, items: Vec<Item>) {
        let items: BTreeMap<Key, Item> = items.into_iter().map(|item| (item.key(), item)).collect();
        let keys: Vec<Key> = items.keys().cloned().collect();
        for (key, item) in items {
            self.backlog.doubt(key.clone());
            let thing = self.things.entry(key).or_default();
            if thing.wanted.as_deref() != Some(&item) {
                thing.wanted = Some(Arc::new(item));
            }
            thing.by.insert(instance);
        }
        let before = if keys.is_empty() {
            self.wants.remove(&instance).unwrap_or_default()
        } else {
            self.wants.insert(instance, keys.clone()).unwrap_or_default()
        };
        for key in before.into_iter().filter(|key| keys.binary_search(key).is_err()) {
            self.change(&key, |thing| {
                thing.by.remove(instance);
                if thing.by.is_empty() {
                    thing.wanted = None;
                }
            });
            self.backlog.doubt(key);
        }
    }

    fn wanted(&self, key: &Key) -> Option<&Arc<Item>> {
        self.things.get(key)?.wanted.as_ref()
    }

    fn held(&self, key: &Key) -> Option<&Standing> {
        self.things.get(key)?.held.as_ref()
    }

    fn all_held(&self) -> impl Iterator<Item = &Key> {
        self.things.iter().filter(|(_, thing)| thing.held.is_some()).map(|(key, _)| key)
    }

    fn is_claimed(&self, key: &Key) -> bool {
        self.things.get(key).is_some_and(|thing| thing.ours)
    }

    fn held_mut(&mut self, key: &Key) -> Option<&mut Standing> {
        self.things.get_mut(key)?.held.as_mut()
    }

    /// Something is there now, or asked for, or on its way out.
    fn hold(&mut self, key: Key, standing: Standing) {
        self.things.entry(key).or_default().held = Some(standing);
    }

    /// Something is not there any more.
    fn drop_hold(&mut self, key: &Key) {
        self.change(key, |thing| thing.held = None);
    }

    /// Changes something that is known, and forgets it when nothing is left to know of it.
    fn change(&mut self, key: &Key, change: impl FnOnce(&mut Thing)) {
        if let Some(thing) = self.things.get_mut(key) {
            change(thing);
            if thing.is_bare() {
                self.things.remove(key);
            }
        }
    }

    fn forget_bare(&mut self) {
        self.things.retain(|_, thing| !thing.is_bare());
    }

    /// The instances that want an address.
    pub(crate) fn wanted_by(&self, key: &Key) -> Vec<InstanceId> {
        self.things.get(key).map(|thing| thing.by.iter().collect()).unwrap_or_default()
    }

    /// Whether the kernel has an address.
    pub(crate) fn has(&self, key: &Key) -> bool {
        matches!(self.held(key), Some(Standing::Held { .. }))
    }

    /// Whether the kernel has a thing that it was given, and just so.
    pub(crate) fn has_put(&self, item: &Item) -> bool {
        matches!(self.held(&item.key()), Some(Standing::Held { put: Some(put), .. }) if **put == *item)
    }

    /// Whether the kernel has a thing, or was asked for it and has not answered yet.
    pub(crate) fn has_or_awaits(&self, key: &Key) -> bool {
        matches!(self.held(key), Some(Standing::Held { .. } | Standing::Asked(..)))
    }

    /// Whether a ticket is that of an order about a link.
    pub(crate) fn is_of_link(&self, ticket: Ticket) -> bool {
        matches!(self.tickets.get(&ticket), Some(Key::Link(_)))
    }

    /// Orders that have no answer yet, that are still to be given, and those that were refused and will be given again to
    /// take something away.
    pub(crate) fn outstanding(&self) -> usize {
        self.tickets.len() + self.stuck.len() + self.backlog.len()
    }

    /// Whether something that an instance wants is still to be asked for.
    pub(crate) fn lags(&self, instance: InstanceId) -> bool {
        let mut wants = self.wants.get(&instance).into_iter().flatten();
        !self.backlog.is_empty() && wants.any(|key| self.backlog.contains(key))
    }

    /// Takes in everything that the kernel has, and says which wanted things are not among it any more.
    pub(crate) fn survey(&mut self, present: &BTreeSet<Key>, now: Instant) -> Vec<Key> {
        let absent: Vec<Key> = self.all_held().filter(|key| !present.contains(key)).cloned().collect();
        let lost = absent.into_iter().filter(|key| self.removed(key, now)).collect();
        for key in present {
            self.added(key);
        }
        lost
    }

    /// A thing is there, by our doing or another's.
    pub(crate) fn added(&mut self, key: &Key) {
        match self.held_mut(key) {
            Some(Standing::Held { seen, .. }) => *seen = true,
            Some(Standing::Asked(_, _, report)) => *report = Report::Came,
            Some(Standing::Leaving(..)) => {}
            None => {
                self.missing.remove(key);
                self.hold(key.clone(), Standing::Held { put: None, seen: true });
                if self.is_claimed(key) {
                    self.backlog.doubt(key.clone());
                }
            }
        }
    }

    /// A thing is gone, by our doing or another's. True if another took it though it is wanted.
    pub(crate) fn removed(&mut self, key: &Key, now: Instant) -> bool {
        let seen = match self.held_mut(key) {
            Some(Standing::Asked(_, _, report)) => {
                if *report == Report::Nothing {
                    return false;
                }
                // It is asked for again when the answer to the first order is there.
                return core::mem::replace(report, Report::Went) == Report::Came
                    && self.wanted(key).is_some();
            }
            None => return false,
            Some(Standing::Leaving(..)) => false,
            Some(Standing::Held { seen, .. }) => *seen,
        };
        self.drop_hold(key);
        self.stuck.remove(key);
        let lost = seen && self.wanted(key).is_some();
        // Not yet seen, it may be that echo too: asking once more is harmless, what is there counts as put.
        if lost {
            let retry_at = self.pause(key, now);
            self.missing.insert(key.clone(), retry_at);
        }
        if self.wanted(key).is_some() {
            self.backlog.doubt(key.clone());
        }
        lost
    }

    /// A link is gone, and every address on it.
    pub(crate) fn link_removed(&mut self, link: LinkIndex) {
        let things = self.things.iter_mut().filter(|(key, _)| key.link() == Some(link));
        things.for_each(|(_, thing)| (thing.held, thing.ours) = (None, false));
        self.forget_bare();
        self.missing.retain(|key, _| key.link() != Some(link));
        self.stuck.retain(|key, _| key.link() != Some(link));
        self.trouble.retain(|key, _| key.link() != Some(link));
        let wanted = self.things.iter().filter(|(_, thing)| thing.wanted.is_some());
        self.backlog
            .doubtful
            .extend(wanted.map(|(key, _)| key).filter(|key| key.link() == Some(link)).cloned());
    }

    /// A link came up: addresses on it that were lost when it went down, and routes that the kernel refused because nothing
    /// led there, may be put now, and are tried at once.
    pub(crate) fn link_came_up(&mut self, link: LinkIndex, now: Instant) {
        let concerned = |key: &Key| matches!(key, Key::Route(_)) || key.link() == Some(link);
        for (key, retry_at) in self.missing.iter_mut().filter(|(key, _)| concerned(key)) {
            *retry_at = now.min(*retry_at);
            self.trouble.remove(key);
        }
    }

    /// An order was carried out or refused. Says which address the kernel refused to put.
    pub(crate) fn settled(
        &mut self,
        ticket: Ticket,
        result: Result<(), Refusal>,
        now: Instant,
    ) -> Option<(Key, Refusal)> {
        let key = self.tickets.remove(&ticket)?;
        match (self.held(&key)?, result) {
            (Standing::Asked(asked, _, Report::Went), Ok(())) if *asked == ticket => {
                self.drop_hold(&key);
                let retry_at = self.pause(&key, now);
                self.missing.insert(key, retry_at);
            }
            (Standing::Asked(asked, item, report), Ok(())) if *asked == ticket => {
                let (item, seen) = (item.clone(), *report == Report::Came);
                if let Item::Address(address) = &*item {
                    self.plan_renewal(&key, address, now);
                }
                self.hold(key.clone(), Standing::Held { put: Some(item), seen });
                if self.is_stale(&key) {
                    self.backlog.doubt(key);
                }
            }
            (Standing::Asked(asked, _, report), Err(refusal)) if *asked == ticket => {
                // What was there stays there. Of a link only its maker knows whether it is the right one.
                if matches!(report, Report::Found | Report::Came) && !matches!(key, Key::Link(_)) {
                    self.hold(key.clone(), Standing::Held { put: None, seen: true });
                } else {
                    self.drop_hold(&key);
                }
                let retry_at = self.pause(&key, now).max(now + RETRY.0);
                self.missing.insert(key.clone(), retry_at);
                return Some((key, refusal));
            }
            (Standing::Leaving(asked, _), Ok(())) if *asked == ticket => {
                self.drop_hold(&key);
                if self.wanted(&key).is_some() {
                    self.backlog.doubt(key);
                }
            }
            // It is still there, and two nodes that answer for one address are what must not be.
            (Standing::Leaving(asked, put), Err(_)) if *asked == ticket => {
                let put = put.clone();
                self.hold(key.clone(), Standing::Held { put, seen: true });
                let retry_at = self.pause(&key, now).max(now + RETRY.0);
                self.stuck.insert(key, retry_at);
            }
            // An order that a later one has overtaken.
            (Standing::Asked(..) | Standing::Held { .. } | Standing::Leaving(..), _) => {}
        }
        None
    }

    fn relieve(&mut self, key: &Key) {
        let wanted_by = self.things.get(key).into_iter().flat_map(|thing| thing.by.iter());
        self.relieved.extend(wanted_by);
    }

    /// The instances that want something which left the backlog since this was last asked.
    pub(crate) fn take_relieved(&mut self) -> BTreeSet<InstanceId> {
        core::mem::take(&mut self.relieved)
    }

    /// Orders were left over: the next turn gives more of them.
    pub(crate) fn is_behind(&self) -> bool {
        self.backlog.is_behind()
    }

    /// When something missing or stuck is tried again, or an address renewed; at once, if orders were left over.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        if !self.backlog.is_empty() {
            return Some(Instant::ZERO);
        }
        self.missing.values().chain(self.stuck.values()).chain(self.renewals.values()).min().copied()
    }

    /// A wanted address that was found, left by an earlier life of this worker, has only the rest of its lifetime: it
    /// is renewed at once, and from then on like one that we put.
    fn adopt(&mut self, keys: &BTreeSet<Key>, now: Instant) {
        for key in keys {
            let Some(Thing { wanted: Some(item), held, .. }) = self.things.get_mut(key) else { continue };
            let Item::Address(LinkAddress { valid_lifetime: Some(_), .. }) = **item else { continue };
            if let Some(Standing::Held { put: put @ None, .. }) = held {
                *put = Some(item.clone());
                self.renewals.insert(key.clone(), now);
            }
        }
    }

    /// Lets the lifetimes that are due begin anew. Addresses that are held no more drop out.
    fn renew(&mut self, now: Instant, out: &mut Vec<Action>) {
        let due: Vec<Key> =
            self.renewals.iter().filter(|(_, at)| **at <= now).map(|(key, _)| key.clone()).collect();
        for key in due {
            self.renewals.remove(&key);
            let Some(Standing::Held { put: Some(put), .. }) = self.held(&key) else { continue };
            let Item::Address(address) = Item::clone(put) else { continue };
            self.plan_renewal(&key, &address, now);
            let ticket = self.ticket(key);
            out.push(Action::Network(ticket, NetworkOp::RenewAddress(address)));
        }
    }

    /// Three renewals fit into a lifetime, so that one or two may be late.
    fn plan_renewal(&mut self, key: &Key, address: &LinkAddress, now: Instant) {
        if let Some(lifetime) = address.valid_lifetime {
            let pause = Duration::from_millis(u64::from(lifetime) * 1_000 / 3).max(RETRY.0);
            self.renewals.insert(key.clone(), now + pause);
        }
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
        self.trouble.insert(key.clone(), trouble);
        now + trouble.pause
    }
}

#[cfg(test)]
mod tests;
