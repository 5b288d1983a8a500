//! How one thing stands: who wants it, and what is there of it.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;

use host::Ticket;

use crate::instance::InstanceId;
use crate::item::Item;

/// A thing that is wanted, or there, or belongs to some instance.
#[derive(Debug, Default)]
pub(super) struct Thing {
    /// How it is wanted; shared with what is held.
    pub(super) wanted: Option<Arc<Item>>,
    pub(super) by: Wanters,
    pub(super) held: Option<Standing>,
    /// It belongs to some instance, master or not. Found in the kernel and not wanted, it goes.
    pub(super) ours: bool,
}

impl Thing {
    /// Nothing is known of it any more.
    pub(super) fn is_bare(&self) -> bool {
        let Self { wanted, by: _, held, ours } = self;
        wanted.is_none() && held.is_none() && !ours
    }
}

/// The instances that want a thing. There is hardly ever more than one.
#[derive(Debug, Default)]
pub(super) struct Wanters {
    first: Option<InstanceId>,
    others: Box<[InstanceId]>,
}

impl Wanters {
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// In order.
    pub(super) fn iter(&self) -> impl Iterator<Item = InstanceId> {
        self.first.into_iter().chain(self.others.iter().copied())
    }

    pub(super) fn insert(&mut self, instance: InstanceId) {
        if self.is_empty() {
            self.first = Some(instance);
        } else {
            self.set(self.iter().chain([instance]).collect());
        }
    }

    pub(super) fn remove(&mut self, instance: InstanceId) {
        self.set(self.iter().filter(|id| *id != instance).collect());
    }

    fn set(&mut self, instances: BTreeSet<InstanceId>) {
        let mut instances = instances.into_iter();
        self.first = instances.next();
        self.others = instances.collect();
    }
}

/// How a wanted or found address stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// Asked for; no answer yet.
    Asked(Ticket, Arc<Item>, Report),
    /// There. `seen`: the kernel has said so since we asked, so a removal from now on is another's doing.
    Held { put: Option<Arc<Item>>, seen: bool },
    /// Asked to go; no answer yet. With what we put, if it was us.
    Leaving(Ticket, Option<Arc<Item>>),
}

/// What the kernel has reported of a thing since it was asked for. Reports and answers come apart: either may be first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Report {
    /// Nothing. A removal that comes now is the echo of an earlier one by us.
    Nothing,
    /// Nothing, and it was there before: it is to be replaced.
    Found,
    /// It came.
    Came,
    /// It came and went again: another took it.
    Went,
}
