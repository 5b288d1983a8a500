//! What others take away from a master: it is put back, or let go where the configuration says so (`no_track`).

use host::{LinkIndex, LinkName};

use super::{Instance, Stage, Turn};
use crate::item::{Item, Key};
use crate::links::Links;
use crate::notice::{InstanceFact, Thing};

impl Instance {
    /// Something wanted was taken away by another, and will be put back.
    pub(crate) fn lose(&mut self, thing: Thing, turn: &mut Turn<'_>) {
        if matches!(thing, Thing::Address(..)) {
            self.tally.addresses_restored += 1;
        }
        self.say(InstanceFact::Lost(thing), turn);
        if let Stage::Master(master) = &mut self.stage {
            master.rounds.again(turn.now);
        }
    }

    /// Lets go of a thing that another took away, if it is not tracked. As keepalived: "will not be reinstated until the
    /// vrrp instance next transitions to master" (keepalived.conf(5)), and without a word.
    pub(crate) fn lets_go(&mut self, key: &Key, links: &Links) -> bool {
        let untracked = self.is_untracked(key, links);
        if untracked {
            self.let_go.insert(key.clone());
            self.wants_changed = true;
        }
        untracked
    }

    /// Whether it let something go that is still not tracked: a reload may have changed that.
    pub(super) fn has_let_go(&self, key: &Key, links: &Links) -> bool {
        self.let_go.contains(key) && self.is_untracked(key, links)
    }

    /// Wants what it let go again, since its state changes.
    pub(super) fn take_all_back(&mut self) {
        self.wants_changed |= !self.let_go.is_empty();
        self.let_go.clear();
    }

    /// A link came up: what went with it when it went down was nobody's doing.
    pub(crate) fn take_back(&mut self, link: LinkIndex) {
        let before = self.let_go.len();
        self.let_go.retain(|key| !matches!(key, Key::Route(_)) && key.link() != Some(link));
        self.wants_changed |= self.let_go.len() != before;
    }

    fn is_untracked(&self, key: &Key, links: &Links) -> bool {
        let config = &self.config;
        match key {
            Key::Link(_) | Key::Promotion(_) => false,
            Key::Address { .. } => {
                let mut untracked = config.addresses.iter().chain(&config.excluded).filter(|it| !it.track);
                untracked.any(|it| self.address(it, links).is_some_and(|address| Key::of(&address) == *key))
            }
            Key::Route(_) => {
                let index = |name: &LinkName| links.named(name).map(|link| link.index);
                let mut untracked = config.routes.iter().filter(|it| !it.track);
                untracked.any(|it| it.route.relink(index).is_some_and(|it| Item::of_route(it).key() == *key))
            }
            Key::Rule(_) => {
                let mut untracked = config.rules.iter().filter(|it| !it.track);
                untracked.any(|it| Item::of_rule(it.rule.clone()).key() == *key)
            }
        }
    }
}
