//! The first states of those that can begin at once, in Keepalived's order: those that begin with a fault, groups, then the
//! others as they stand in the file. Scripts and readers of event pipes see that order.
//!
//! Who has to wait for a script, or resumes after a crash, begins by `Router::act`, as after a fault.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::Router;
use crate::instance::{Findings, InstanceId, Turn};
use crate::notice::State;

/// Those that have no state yet, by what they found.
#[derive(Default)]
struct Beginners {
    all: BTreeSet<InstanceId>,
    /// With a fault that people are told of.
    faulty: BTreeSet<InstanceId>,
    /// Without anything that keeps them.
    free: BTreeSet<InstanceId>,
}

impl Router {
    /// Lets those begin that can.
    pub(super) fn begin(&mut self, findings: &[(InstanceId, Findings)], turn: &mut Turn<'_>) {
        let beginners = self.beginners(findings, turn);
        if beginners.faulty.is_empty() && beginners.free.is_empty() {
            return;
        }
        let (failing, ready) = self.beginning_groups(&beginners);
        let of = |alone: &BTreeSet<InstanceId>, groups: &BTreeSet<usize>| -> Vec<InstanceId> {
            let joins = |id: &&InstanceId| match self.group_of.get(id) {
                Some(place) => groups.contains(place),
                None => alone.contains(id),
            };
            self.order.iter().filter(joins).copied().collect()
        };
        let (faulty, free) = (of(&beginners.faulty, &failing), of(&beginners.free, &ready));
        for (_, group) in self.groups.iter().enumerate().filter(|(place, _)| failing.contains(place)) {
            if !group.members().iter().all(|id| beginners.faulty.contains(id)) {
                group.say_syncing(State::Fault, turn);
            }
        }
        for id in faulty {
            self.instances.get_mut(&id).into_iter().for_each(|one| one.follow(State::Fault, turn));
        }
        for (place, group) in self.groups.iter_mut().enumerate() {
            if failing.contains(&place) {
                group.settle(&[], &mut self.instances, turn);
            } else if ready.contains(&place) {
                group.begin_first(&self.instances, turn);
            }
        }
        for id in free {
            let group = self.group_of.get(&id).and_then(|place| self.groups.get(*place));
            let at_once = group.is_none_or(|group| group.is_of_owners(&self.instances));
            self.instances.get_mut(&id).into_iter().for_each(|one| one.start(at_once, turn));
        }
    }

    fn beginners(&self, findings: &[(InstanceId, Findings)], turn: &Turn<'_>) -> Beginners {
        let mut beginners = Beginners::default();
        for (id, findings) in findings {
            let Some(one) = self.instances.get(id).filter(|one| one.state() == State::Init) else { continue };
            beginners.all.insert(*id);
            if findings.hard {
                beginners.faulty.insert(*id);
            } else if one.is_free() && !findings.waited && !one.resumes(turn.now) {
                beginners.free.insert(*id);
            }
        }
        beginners
    }

    /// Groups all of whose members begin, one of them with a fault; groups whose members can all begin. By their places.
    fn beginning_groups(&self, beginners: &Beginners) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let (mut failing, mut ready) = (BTreeSet::new(), BTreeSet::new());
        for (place, group) in self.groups.iter().enumerate() {
            let members = group.members();
            if members.iter().all(|id| beginners.free.contains(id)) {
                ready.insert(place);
            } else if members.iter().all(|id| beginners.all.contains(id))
                && members.iter().any(|id| beginners.faulty.contains(id))
            {
                failing.insert(place);
            }
        }
        (failing, ready)
    }
}
