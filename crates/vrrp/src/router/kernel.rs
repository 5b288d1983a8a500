//! What the kernel tells: links, addresses, routes and rules that come and go, and answers to orders.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use host::{Instant, LinkAddress, LinkIndex, LinkName, Prefix};

use super::Router;
use crate::config::Statics;
use crate::event::{Action, Event};
use crate::instance::{self, InstanceId, Turn};
use crate::item::{Item, Key};
use crate::notice::{InstanceFact, Thing};

impl Router {
    /// Takes in what the kernel tells. Other events are not its own, and nothing happens for them.
    pub(super) fn take_in_kernel(
        &mut self,
        event: Event,
        now: Instant,
        touched: &mut BTreeSet<InstanceId>,
        out: &mut Vec<Action>,
    ) {
        match event {
            Event::Surveyed { links, addresses, routes, rules } => {
                let mut present: BTreeSet<Key> = addresses.iter().map(Key::of).collect();
                present.extend(links.iter().map(|link| Key::Link(link.name.clone())));
                present.extend(routes.into_iter().map(Key::Route));
                present.extend(rules.into_iter().map(Key::of_rule));
                let lost = self.holdings.survey(&present, now);
                self.lost(&lost, now, touched, out);
                for link in self.links.survey(links, addresses, now, out) {
                    self.link_came_up(link, now, touched);
                }
                (self.surveyed, self.stale) = (true, true);
            }
            Event::LinkChanged(link) => {
                self.holdings.added(&Key::Link(link.name.clone()));
                let index = link.index;
                if self.links.change(link, now, out) {
                    self.link_came_up(index, now, touched);
                }
                self.stale = true;
            }
            Event::LinkRemoved(index) => {
                let name = self.links.get(index).map(|link| link.name.clone());
                self.links.remove(index, out);
                self.holdings.link_removed(index);
                if let Some(name) = name {
                    self.removed(&Key::Link(name), now, touched, out);
                }
                self.stale = true;
            }
            Event::AddressAdded(address) => {
                self.stale |= self.matters(&address);
                self.holdings.added(&Key::of(&address));
                self.links.add_address(&address);
            }
            Event::AddressRemoved(address) => {
                self.stale |= self.matters(&address);
                self.links.remove_address(&address);
                self.removed(&Key::of(&address), now, touched, out);
            }
            Event::RouteAdded(key) => self.holdings.added(&Key::Route(key)),
            Event::RouteRemoved(key) => self.removed(&Key::Route(key), now, touched, out),
            Event::RuleAdded(rule) => self.holdings.added(&Key::of_rule(rule)),
            Event::RuleRemoved(rule) => self.removed(&Key::of_rule(rule), now, touched, out),
            Event::Settled { ticket, result } => {
                if self.firewall.settled(ticket, &result, now, out) {
                    return;
                }
                self.stale |= self.holdings.is_of_link(ticket);
                if let Some((key, refusal)) = self.holdings.settled(ticket, result, now) {
                    self.refused(&key, &refusal.why, now, out);
                }
            }
            Event::Configured(_)
            | Event::Remembered(_)
            | Event::Received(_)
            | Event::Unsent { .. }
            | Event::Deaf { .. }
            | Event::JobEnded(..)
            | Event::FileRead { .. }
            | Event::ProcessesCounted { .. }
            | Event::CarrierRead { .. }
            | Event::BfdChanged { .. }
            | Event::ClearCounters
            | Event::Wake
            | Event::ClockSet(_)
            | Event::Stop => {}
        }
    }

    /// What is held whoever is master.
    pub(super) fn static_items(&self) -> Vec<Item> {
        let Statics { addresses, routes, rules } = &self.statics;
        let index = |name: &LinkName| self.links.named(name).map(|link| link.index);
        let addresses = addresses.iter().filter_map(|(name, address)| {
            Some(Item::Address(instance::link_address(address, index(name)?, None)))
        });
        let routes = routes.iter().filter_map(|route| route.route.relink(index)).map(Item::of_route);
        addresses.chain(routes).chain(rules.iter().map(|rule| Item::of_rule(rule.rule.clone()))).collect()
    }

    /// Whether a changed address may decide something: a source address, or the address of a link of our own.
    fn matters(&self, address: &LinkAddress) -> bool {
        self.any_own_links || !self.holdings.is_ours(address.link, address.prefix.address())
    }

    /// What is on a link that came up is tried at once, and announced by masters.
    pub(super) fn link_came_up(&mut self, link: LinkIndex, now: Instant, touched: &mut BTreeSet<InstanceId>) {
        self.holdings.link_came_up(link, now);
        for (id, instance) in &mut self.instances {
            instance.take_back(link);
            if instance.link_came_up(link, &self.links, now) {
                touched.insert(*id);
            }
        }
    }

    fn removed(
        &mut self,
        key: &Key,
        now: Instant,
        touched: &mut BTreeSet<InstanceId>,
        out: &mut Vec<Action>,
    ) {
        if self.holdings.removed(key, now) {
            self.lost(core::slice::from_ref(key), now, touched, out);
        }
    }

    /// Tells the masters of things that others took away.
    fn lost(
        &mut self,
        keys: &[Key],
        now: Instant,
        touched: &mut BTreeSet<InstanceId>,
        out: &mut Vec<Action>,
    ) {
        for key in keys {
            let Some(thing) = self.thing(key) else { continue };
            // Of what is being asked for it may be the echo of an order of ours, and nothing may stay away for that.
            let certain = !self.holdings.has_or_awaits(key);
            for id in self.holdings.wanted_by(key) {
                if let Some(instance) = self.instances.get_mut(&id) {
                    if !(certain && instance.lets_go(key, &self.links)) {
                        instance.lose(thing.clone(), &mut Turn { now, out });
                    }
                    touched.insert(id);
                }
            }
        }
    }

    fn refused(&mut self, key: &Key, why: &str, now: Instant, out: &mut Vec<Action>) {
        let Some(thing) = self.thing(key) else { return };
        for id in self.holdings.wanted_by(key) {
            if let Some(instance) = self.instances.get(&id) {
                let fact = InstanceFact::Refused { thing: thing.clone(), why: why.into() };
                instance.say(fact, &mut Turn { now, out });
            }
        }
    }

    /// A thing as people know it.
    fn thing(&self, key: &Key) -> Option<Thing> {
        Some(match key {
            Key::Link(name) => Thing::Link(name.clone()),
            // Whoever takes it away leaves no trace; a refusal is told by what comes of it.
            Key::Promotion(_) => return None,
            Key::Address { link, address, length } => {
                Thing::Address(Prefix::new(*address, *length)?, self.links.get(*link)?.name.clone())
            }
            Key::Route(route) => Thing::Route(route.destination, route.table),
            Key::Rule(rule) => Thing::Rule(rule.priority),
        })
    }
}
