//! What of the engine's notices others are told: a state that is not the one told last, a lesser rival heard, a changed
//! priority where somebody asked for it.

use std::collections::BTreeSet;

use vrrp::config::{Config, GroupConfig, Priority};
use vrrp::notice::{GroupFact, Heard, InstanceFact, Notice, State};

/// One piece of news.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct News<'a> {
    /// Of whom.
    pub kind: Kind,
    /// Its name.
    pub name: &'a str,
    /// What.
    pub what: What,
}

/// Of whom there is news.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A virtual router.
    Instance,
    /// A sync group.
    Group,
}

impl Kind {
    /// The word of scripts' arguments and pipes' lines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Instance => "INSTANCE",
            Self::Group => "GROUP",
        }
    }
}

/// What is new.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// It is in this state, with this priority (a group: 0). Never [`State::Init`].
    Entered(State, Priority),
    /// It is master still, with this priority, and what was tied to that is to be tied again.
    StillMaster(Priority),
    /// A master with this priority heard a lesser one.
    LowerPriorityHeard(Priority),
    /// The priority changed to this one while it was, or was not, master.
    PriorityChanged {
        /// It is master.
        master: bool,
        /// The new priority.
        priority: Priority,
    },
}

/// Remembers what was told, to people and to the supervisor.
#[derive(Debug, Default)]
pub struct Sieve {
    instances: Roster,
    groups: Roster,
}

impl Sieve {
    /// Makes the wishes of `config` count. What it lacks stays until [`Self::forget_removed`], so that its last change
    /// is still told.
    pub fn configure(&mut self, config: &Config) {
        let instances = config.instances.iter();
        self.instances.configure(instances.map(|instance| {
            let wishes = Wishes { priority: instance.tell_priority, mail: instance.mail };
            (instance.name.as_str(), wishes)
        }));
        let groups = config.groups.iter();
        self.groups.configure(
            groups.map(|group| (group.name.as_str(), Wishes { priority: false, mail: group.mail })),
        );
        self.groups.forget_removed();
    }

    /// Forgets the instances that the last [`Self::configure`] did not name.
    pub fn forget_removed(&mut self) {
        self.instances.forget_removed();
    }

    /// Of these instances people and the supervisor were told by an earlier life of this worker that they are master, and
    /// need not be again; nor of those of `groups` that have no other members. Returns whom nobody knows here.
    pub fn resume_masters<'a>(&mut self, names: &BTreeSet<&'a str>, groups: &[GroupConfig]) -> Vec<&'a str> {
        for group in groups.iter().filter(|group| group.members.iter().all(|it| names.contains(it.as_str())))
        {
            if let Some(group) = self.groups.get_mut(&group.name) {
                group.told = Some(State::Master);
            }
        }
        let mut strangers = Vec::new();
        for name in names {
            match self.instances.get_mut(name) {
                Some(instance) => (instance.told, instance.is_master) = (Some(State::Master), true),
                None => strangers.push(*name),
            }
        }
        strangers
    }

    /// An instance is in a state that people were told of, maybe by another name.
    pub fn know(&mut self, name: &str, state: State) {
        if let Some(instance) = self.instances.get_mut(name).filter(|_| state != State::Init) {
            instance.told = Some(state);
        }
    }

    /// The supervisor is to know that the instance is master, or is not. Returns whether it does not yet.
    pub fn tell_mastership(&mut self, name: &str, master: bool) -> bool {
        let instance = self.instances.get_mut(name);
        instance.is_some_and(|instance| std::mem::replace(&mut instance.is_master, master) != master)
    }

    /// The instances that the supervisor believes to be master.
    pub fn masters(&self) -> impl Iterator<Item = &str> {
        self.instances.0.iter().filter(|instance| instance.is_master).map(|instance| &*instance.name)
    }

    /// What is news in a notice.
    pub fn sift<'a>(&mut self, notice: &'a Notice) -> Option<News<'a>> {
        match notice {
            Notice::Instance { name, fact } => {
                let what = sift(self.instances.get_mut(name)?, fact)?;
                Some(News { kind: Kind::Instance, name, what })
            }
            Notice::Group { name, fact: GroupFact::Entered { state, .. } } => {
                // The engine tells a group's state once.
                self.groups.get_mut(name)?.told = Some(*state);
                Some(News { kind: Kind::Group, name, what: What::Entered(*state, Priority::RELEASE) })
            }
            Notice::Group { .. }
            | Notice::Processes { .. }
            | Notice::Link { .. }
            | Notice::LinkPresence { .. }
            | Notice::Script { .. }
            | Notice::FilterRefused { .. }
            | Notice::Stranger { .. }
            | Notice::StartupDelayed(_)
            | Notice::DelayPassed
            | Notice::Reloaded(_) => None,
        }
    }

    /// Whether somebody wants mail about it.
    pub fn mails(&self, news: &News<'_>) -> bool {
        let roster = match news.kind {
            Kind::Instance => &self.instances,
            Kind::Group => &self.groups,
        };
        roster.get(news.name).is_some_and(|member| member.wishes.mail)
    }

    /// What was told last, in the order of the file: instances, each with its present `priority`, then groups.
    pub fn states<'a>(&'a self, priority: impl Fn(&str) -> Priority + 'a) -> impl Iterator<Item = News<'a>> {
        let instances = self.instances.in_order().map(|instance| (Kind::Instance, instance));
        let members = instances.chain(self.groups.in_order().map(|group| (Kind::Group, group)));
        members.filter_map(move |(kind, member)| {
            let priority = match kind {
                Kind::Instance => priority(&member.name),
                Kind::Group => Priority::RELEASE,
            };
            Some(News { kind, name: &member.name, what: What::Entered(member.told?, priority) })
        })
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "most facts are for the log alone")]
fn sift(instance: &mut Member, fact: &InstanceFact) -> Option<What> {
    match fact {
        InstanceFact::Entered { state: State::Init, .. } => None,
        InstanceFact::Entered { state, priority, .. } => {
            let news = instance.told.replace(*state) != Some(*state);
            news.then_some(What::Entered(*state, *priority))
        }
        InstanceFact::Heard { what: Heard::LowerPriority { ours, .. }, .. } => {
            Some(What::LowerPriorityHeard(*ours))
        }
        InstanceFact::HooksRepeated { priority } => Some(What::StillMaster(*priority)),
        InstanceFact::PriorityChanged { to, .. } => {
            let master = instance.told == Some(State::Master);
            instance.wishes.priority.then_some(What::PriorityChanged { master, priority: *to })
        }
        _ => None,
    }
}

/// All of one kind, sorted by name: there may be thousands.
#[derive(Debug, Default)]
struct Roster(Vec<Member>);

#[derive(Debug)]
struct Member {
    name: Box<str>,
    /// Which it is in the file; `None` if it is not there any more.
    place: Option<u32>,
    told: Option<State>,
    /// The supervisor believes that it is master.
    is_master: bool,
    wishes: Wishes,
}

/// What somebody wants to be told of.
#[derive(Clone, Copy, Debug)]
struct Wishes {
    priority: bool,
    mail: bool,
}

impl Roster {
    fn configure<'a>(&mut self, all: impl Iterator<Item = (&'a str, Wishes)>) {
        for member in &mut self.0 {
            member.place = None;
        }
        let mut new = Vec::new();
        for (place, (name, wishes)) in (0..).zip(all) {
            let place = Some(place);
            match self.get_mut(name) {
                Some(member) => (member.place, member.wishes) = (place, wishes),
                None => {
                    new.push(Member { name: name.into(), place, told: None, is_master: false, wishes });
                }
            }
        }
        self.0.reserve_exact(new.len());
        self.0.append(&mut new);
        self.0.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    }

    fn forget_removed(&mut self) {
        self.0.retain(|member| member.place.is_some());
    }

    fn get(&self, name: &str) -> Option<&Member> {
        self.0.get(self.find(name)?)
    }

    fn get_mut(&mut self, name: &str) -> Option<&mut Member> {
        let found = self.find(name)?;
        self.0.get_mut(found)
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.0.binary_search_by(|member| (*member.name).cmp(name)).ok()
    }

    fn in_order(&self) -> impl Iterator<Item = &Member> {
        let mut present: Vec<&Member> = self.0.iter().filter(|member| member.place.is_some()).collect();
        present.sort_unstable_by_key(|member| member.place);
        present.into_iter()
    }
}
