//! Sync groups: instances that are master together or not at all (vrrp-behaviour §8).
//!
//! The members ask, the group answers. One that cannot take part keeps the others from it; one that gave way takes the
//! others along, who give way in silence, so that their rival hears no more than it has to; and mastership is taken
//! when the last one's time has passed.

use alloc::vec::Vec;

use host::Instant;

use crate::config::GroupConfig;
use crate::event::Action;
use crate::instance::{Instance, InstanceId, Instances, Turn};
use crate::notice::{GroupFact, Notice, State};
use crate::status::GroupStatus;

/// One sync group.
#[derive(Debug)]
pub(crate) struct Group {
    config: GroupConfig,
    members: Vec<InstanceId>,
    told: Option<State>,
}

impl Group {
    /// A group of instances in the order of its file. `told` is what people know of its predecessor of that name.
    pub(crate) fn new(config: GroupConfig, members: Vec<InstanceId>, told: Option<State>) -> Self {
        Self { config, members, told }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.config.name
    }

    /// Its members in the order of the file.
    pub(crate) fn members(&self) -> &[InstanceId] {
        &self.members
    }

    /// The state that people were told last.
    pub(crate) fn told(&self) -> Option<State> {
        self.told
    }

    /// How it stands.
    pub(crate) fn status(&self) -> GroupStatus {
        GroupStatus { name: self.config.name.clone(), state: self.told }
    }

    /// Makes the members agree. `touched` are the instances that something happened to in this turn, in order.
    pub(crate) fn settle(&mut self, touched: &[InstanceId], instances: &mut Instances, turn: &mut Turn<'_>) {
        let resting = |member: &Instance| matches!(member.state(), State::Init | State::Fault);
        if self.any(instances, |member| member.state() == State::Fault && !member.is_free()) {
            self.bring(State::Fault, instances, turn, |member| member.state() != State::Fault);
        } else if self.all(instances, |member| member.is_master() || member.is_free())
            && self.any(instances, resting)
        {
            self.begin(touched, instances, turn);
        }
        let masters = self.count(instances, State::Master);
        if masters > 0 && masters < self.members.len() {
            self.bring(State::Backup, instances, turn, Instance::is_master);
        }
        if self.all(instances, Instance::wishes_to_be_master) {
            self.lead(touched, instances, turn);
        }
        self.heal(instances, turn.now);
        for state in [State::Master, State::Backup, State::Fault] {
            if self.all(instances, |member| member.told() == Some(state)) {
                self.tell(state, turn);
            }
        }
    }

    /// Says that the group ends with its members.
    pub(crate) fn end(&mut self, state: State, turn: &mut Turn<'_>) {
        self.tell(state, turn);
    }

    /// As keepalived: a group's first state is told before its members'. One whose owners are masters at once has none but
    /// that.
    pub(crate) fn begin_first(&mut self, instances: &Instances, turn: &mut Turn<'_>) {
        if !self.is_of_owners(instances) {
            self.tell(State::Backup, turn);
        }
    }

    /// Says that members go where one of them is.
    pub(crate) fn say_syncing(&self, state: State, turn: &mut Turn<'_>) {
        self.say(GroupFact::Syncing(state), turn);
    }

    /// All are owners, who are masters at once.
    pub(crate) fn is_of_owners(&self, instances: &Instances) -> bool {
        self.all(instances, Instance::is_wanting_owner)
    }

    /// Nothing stands in the way any more: all begin together. One that a reload adds to masters becomes one.
    fn begin(&mut self, touched: &[InstanceId], instances: &mut Instances, turn: &mut Turn<'_>) {
        let owners = self.is_of_owners(instances);
        let masters = self.count(instances, State::Master) > 0;
        let mut said = self.told == Some(State::Backup) || masters || (owners && self.told.is_none());
        for id in self.beginning_with(touched) {
            let Some(member) = instances.get_mut(&id) else { continue };
            if matches!(member.state(), State::Init | State::Fault) {
                if masters {
                    member.follow(State::Master, turn);
                } else {
                    member.start(owners, turn);
                }
                if !core::mem::replace(&mut said, true) {
                    self.say_syncing(State::Backup, turn);
                }
            }
        }
    }

    /// Brings members that are elsewhere to where one of them went.
    fn bring(
        &self,
        state: State,
        instances: &mut Instances,
        turn: &mut Turn<'_>,
        elsewhere: impl Fn(&Instance) -> bool,
    ) {
        let mut said = false;
        for id in &self.members {
            let Some(member) = instances.get_mut(id).filter(|member| elsewhere(member)) else { continue };
            if !core::mem::replace(&mut said, true) {
                self.say_syncing(state, turn);
            }
            member.follow(state, turn);
        }
    }

    /// All wish to be master: the one whose time passed last goes first.
    fn lead(&self, touched: &[InstanceId], instances: &mut Instances, turn: &mut Turn<'_>) {
        for (place, id) in self.beginning_with(touched).into_iter().enumerate() {
            if let Some(member) = instances.get_mut(&id) {
                member.follow(State::Master, turn);
            }
            if place == 0 && self.members.len() > 1 {
                self.say_syncing(State::Master, turn);
            }
        }
    }

    /// The member that something happened to last, then the others.
    fn beginning_with(&self, touched: &[InstanceId]) -> Vec<InstanceId> {
        let first = touched.iter().rev().find(|id| self.members.contains(id)).copied();
        let others = self.members.iter().copied().filter(|id| Some(*id) != first);
        first.into_iter().chain(others).collect()
    }

    /// As keepalived: where one member heard a rival and stays, all announce.
    fn heal(&self, instances: &mut Instances, now: Instant) {
        let heard = |id| instances.get_mut(id).is_some_and(|member| member.take_rival_heard());
        if self.members.iter().map(heard).fold(false, |any, one| any | one) {
            for id in &self.members {
                if let Some(member) = instances.get_mut(id) {
                    member.heal_with_group(now);
                }
            }
        }
    }

    fn tell(&mut self, state: State, turn: &mut Turn<'_>) {
        if self.told != Some(state) {
            let first = self.told.replace(state).is_none();
            self.say(GroupFact::Entered { state, first }, turn);
        }
    }

    fn say(&self, fact: GroupFact, turn: &mut Turn<'_>) {
        turn.out.push(Action::Notice(Notice::Group { name: self.config.name.clone(), fact }));
    }

    fn all(&self, instances: &Instances, is: impl Fn(&Instance) -> bool) -> bool {
        self.members.iter().filter_map(|id| instances.get(id)).all(|member| is(member))
    }

    fn any(&self, instances: &Instances, is: impl Fn(&Instance) -> bool) -> bool {
        self.members.iter().filter_map(|id| instances.get(id)).any(|member| is(member))
    }

    fn count(&self, instances: &Instances, state: State) -> usize {
        self.members
            .iter()
            .filter_map(|id| instances.get(id))
            .filter(|member| member.state() == state)
            .count()
    }
}
