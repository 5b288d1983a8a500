//! What of the engine's notices others are told: a state that is not the one told last, a lesser rival heard, a changed
//! priority where somebody asked for it.

use std::collections::BTreeMap;

use vrrp::config::{Config, Priority};
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

/// Remembers what was told.
#[derive(Debug, Default)]
pub struct Sieve {
    instances: BTreeMap<String, Instance>,
    groups: BTreeMap<String, Group>,
    /// Names in the order of the file.
    order: Vec<(Kind, String)>,
}

#[derive(Debug, Default)]
struct Instance {
    told: Option<State>,
    tell_priority: bool,
    mail: bool,
    configured: bool,
}

#[derive(Debug, Default)]
struct Group {
    told: Option<State>,
    mail: bool,
}

impl Sieve {
    /// Makes the wishes of `config` count. What it lacks stays until [`Self::forget_removed`], so that its last change
    /// is still told.
    pub fn configure(&mut self, config: &Config) {
        for instance in self.instances.values_mut() {
            instance.configured = false;
        }
        self.order.clear();
        for config in &config.instances {
            let instance = self.instances.entry(config.name.clone()).or_default();
            instance.tell_priority = config.tell_priority;
            instance.mail = config.mail;
            instance.configured = true;
            self.order.push((Kind::Instance, config.name.clone()));
        }
        let mut before = std::mem::take(&mut self.groups);
        for group in &config.groups {
            let told = before.remove(&group.name).and_then(|before| before.told);
            self.groups.insert(group.name.clone(), Group { told, mail: group.mail });
            self.order.push((Kind::Group, group.name.clone()));
        }
    }

    /// Forgets the instances that the last [`Self::configure`] did not name.
    pub fn forget_removed(&mut self) {
        self.instances.retain(|_, instance| instance.configured);
    }

    /// The instance was told to be master by an earlier life of this worker, and need not be again.
    pub fn resume_master(&mut self, name: &str) {
        if let Some(instance) = self.instances.get_mut(name) {
            instance.told = Some(State::Master);
        }
    }

    /// What is news in a notice.
    pub fn sift<'a>(&mut self, notice: &'a Notice) -> Option<News<'a>> {
        match notice {
            Notice::Instance { name, fact } => {
                let what = self.instances.get_mut(name)?.sift(fact)?;
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
        match news.kind {
            Kind::Instance => self.instances.get(news.name).is_some_and(|instance| instance.mail),
            Kind::Group => self.groups.get(news.name).is_some_and(|group| group.mail),
        }
    }

    /// What was told last, in the order of the file: instances, each with its present `priority`, then groups.
    pub fn states<'a>(&'a self, priority: impl Fn(&str) -> Priority + 'a) -> impl Iterator<Item = News<'a>> {
        self.order.iter().filter_map(move |(kind, name)| {
            let (state, priority) = match kind {
                Kind::Instance => (self.instances.get(name)?.told?, priority(name)),
                Kind::Group => (self.groups.get(name)?.told?, Priority::RELEASE),
            };
            Some(News { kind: *kind, name, what: What::Entered(state, priority) })
        })
    }
}

impl Instance {
    #[expect(clippy::wildcard_enum_match_arm, reason = "most facts are for the log alone")]
    fn sift(&mut self, fact: &InstanceFact) -> Option<What> {
        match fact {
            InstanceFact::Entered { state: State::Init, .. } => None,
            InstanceFact::Entered { state, priority, .. } => {
                let news = self.told.replace(*state) != Some(*state);
                news.then_some(What::Entered(*state, *priority))
            }
            InstanceFact::Heard { what: Heard::LowerPriority { ours, .. }, .. } => {
                Some(What::LowerPriorityHeard(*ours))
            }
            InstanceFact::HooksRepeated { priority } => Some(What::StillMaster(*priority)),
            InstanceFact::PriorityChanged { to, .. } => {
                let master = self.told == Some(State::Master);
                self.tell_priority.then_some(What::PriorityChanged { master, priority: *to })
            }
            _ => None,
        }
    }
}
