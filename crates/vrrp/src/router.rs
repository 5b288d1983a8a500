//! The engine: all virtual routers of a node.
//!
//! An event goes to the instance that it concerns, or changes what all look at. Then the node *settles*: instances
//! judge themselves anew if the world changed, deadlines that passed are met, and what is wanted in the kernel is
//! compared with what is held. Adverts come first in the orders, then addresses, then their announcements.

mod announcing;
mod kernel;
mod reload;
mod stop;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::net::IpAddr;

use host::{Channel, Delivery, Engine, Family, Instant, LinkIndex, WallClock};

use crate::announce::Queue;
use crate::channels::{Channels, Hearing};
use crate::config::Statics;
use crate::event::{Action, Event};
use crate::firewall::Firewall;
use crate::group::Group;
use crate::holdings::Holdings;
use crate::instance::{Findings, Instance, InstanceId, Instances, Turn, View};
use crate::item::{Item, Key};
use crate::links::Links;
use crate::notice::{InstanceFact, Notice, State};
use crate::rush::{self, Rush};
use crate::status::{Lateness, ScriptStatus, Status};
use crate::timers::Timers;
use crate::track::{Health, Scripts, Told};
use crate::wire;
use stop::Stop;

/// Passes through the members of groups in one turn: an owner's group that begins wishes to be master at once, and is.
const PASSES: usize = 3;

/// Wants what is held whoever is master.
const NOBODY: InstanceId = InstanceId(0);

/// Who is meant by an advert.
#[derive(Debug)]
struct Addressee {
    key: (LinkIndex, Family, u8),
    address: IpAddr,
    id: InstanceId,
}

/// All virtual routers of a node.
#[derive(Debug, Default)]
pub struct Router {
    instances: Instances,
    /// Instances in the order of the file.
    order: Vec<InstanceId>,
    last_id: u32,
    /// Who is meant by an advert, sorted: link, family and virtual router identifier tell, and among unicast instances
    /// the address that it came to.
    addressees: Vec<Addressee>,
    timers: Timers,
    links: Links,
    /// Some instance has links of its own.
    any_own_links: bool,
    scripts: Scripts,
    told: Told,
    statics: Statics,
    groups: Vec<Group>,
    /// The group that an instance is in, by its place among `groups`.
    group_of: BTreeMap<InstanceId, usize>,
    channels: Channels,
    holdings: Holdings,
    firewall: Firewall,
    announcements: Queue,
    /// Whose addresses are still to be asked for, and only then to be announced.
    unannounced: BTreeSet<InstanceId>,
    /// Until the first survey nothing is known, so nothing is decided.
    surveyed: bool,
    configured: bool,
    /// The world changed: every instance looks again.
    stale: bool,
    stop: Stop,
    /// Until then instances neither hear nor speak.
    quiet_until: Instant,
    /// When people are told that this is over.
    delay_ends: Option<Instant>,
    /// Adverts for virtual routers that nobody here has are told of, each once.
    tell_strangers: bool,
    strangers: BTreeSet<(LinkIndex, Family, u8)>,
    rush: Rush,
    /// Who was master in an earlier life of this worker, and until when.
    memories: BTreeMap<String, Instant>,
    wall: WallClock,
}

impl Engine for Router {
    type Event = Event;
    type Action = Action;
    type Status = Status;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        let mut touched = BTreeSet::new();
        let (before, woken) = (out.len(), event == Event::Wake);
        if let Event::Received(delivery) = &event {
            let heard_by = self.receive(delivery, now, out);
            // What comes most often: an advert that makes a backup wait on, or that is for nobody here.
            if out.len() == before
                && !self.adverts_come_first()
                && heard_by.is_none_or(|id| self.is_at_rest(id))
            {
                heard_by.into_iter().for_each(|id| self.enter_timer(id));
                return self.mend_timers();
            }
            touched.extend(heard_by);
        } else {
            self.take_in(event, now, &mut touched, out);
        }
        self.end_some(now, &mut touched, out);
        if self.surveyed && self.configured && self.stop == Stop::NotAsked {
            self.settle(now, &mut touched, out);
        }
        // What an earlier life dropped is dropped until it is known what this one must.
        let decided = self.surveyed && self.configured;
        if decided {
            self.firewall.before(&self.instances, &self.links, now, out);
        }
        self.mend_timers();
        self.rush.decide(self.takeover_is_near(now), now);
        // While orders are left over, each wake brings some more, and what comes in meanwhile does not look at all of them.
        if (woken || !self.holdings.is_behind()) && !self.adverts_come_first() {
            self.holdings.order(now, out);
        }
        if decided {
            self.firewall.after(self.outstanding() == 0, out);
        }
        self.announce(now, &touched, out);
        for id in touched {
            self.enter_timer(id);
        }
        self.mend_timers();
    }

    fn next_deadline(&self) -> Option<Instant> {
        if !self.surveyed || !self.configured {
            return None;
        }
        if self.is_ending() {
            return Some(Instant::ZERO);
        }
        let instance = self.timers.first().map(|(at, _)| at);
        let orders = self.holdings.next_deadline();
        let rest = [
            self.scripts.next_deadline(),
            self.channels.next_deadline(),
            self.links.next_deadline(),
            // The takeover that they wait for comes first.
            orders.filter(|_| !self.adverts_come_first()),
            self.firewall.next_deadline(),
            self.announcements.next_deadline(),
            self.delay_ends,
        ];
        rest.into_iter().flatten().chain(instance).min()
    }

    fn status(&self, _now: Instant) -> Status {
        self.status_piece(0, usize::MAX).0
    }
}

impl Router {
    /// How all stands, in pieces: the instances and links from one number on, so many at most, and with the first all
    /// else. Whether more follow. Where there are thousands, the whole at once would make adverts late.
    pub fn status_piece(&self, from: usize, most: usize) -> (Status, bool) {
        let to = from.saturating_add(most);
        let more = to < self.order.len().max(self.links.number());
        let instances = self.order.iter().skip(from).take(most).filter_map(|id| self.instances.get(id));
        let instances: Vec<_> =
            instances.map(|instance| instance.status(&self.links, &self.holdings)).collect();
        let links = self.links.statuses(from, most).collect();
        if from > 0 {
            return (Status { instances, links, ..Status::default() }, more);
        }
        let scripts = self.scripts.healths().map(|(name, health)| ScriptStatus {
            name: name.into(),
            good: match health {
                Health::Unknown => None,
                Health::Good => Some(true),
                Health::Bad => Some(false),
            },
        });
        let status = Status {
            instances,
            links,
            scripts: scripts.collect(),
            groups: self.groups.iter().map(Group::status).collect(),
            files: self.told.file_statuses(),
            lateness: Lateness::default(),
            processes: Vec::new(),
        };
        (status, more)
    }

    /// In which state each instance is, by its name, in the order of the file.
    pub fn states(&self) -> impl Iterator<Item = (&str, State)> {
        let instances = self.order.iter().filter_map(|id| self.instances.get(id));
        instances.map(|instance| (instance.config().name.as_str(), instance.state()))
    }

    /// Orders to the kernel that have no answer yet, or that must be given again, and instances that are still to end.
    pub fn outstanding(&self) -> usize {
        self.holdings.outstanding() + self.still_to_end()
    }

    /// Adverts of many instances are due at once, or within moments: what is to be ordered waits so long, and people hear
    /// little meanwhile.
    pub fn adverts_come_first(&self) -> bool {
        self.is_ending() || self.rush.puts_off()
    }

    fn takeover_is_near(&self, now: Instant) -> bool {
        let soon = self.timers.first().filter(|(at, _)| *at <= now + rush::NEAR);
        soon.and_then(|(_, id)| self.instances.get(&id)).is_some_and(|instance| instance.is_backup())
    }

    /// Takes an event in, as far as it goes without looking at every instance.
    fn take_in(
        &mut self,
        event: Event,
        now: Instant,
        touched: &mut BTreeSet<InstanceId>,
        out: &mut Vec<Action>,
    ) {
        match event {
            Event::Configured(config) => self.configure(*config, now, touched, out),
            Event::Remembered(memories) => {
                self.memories = memories.into_iter().map(|m| (m.instance, m.master_until)).collect();
            }
            Event::Surveyed { .. }
            | Event::LinkChanged(_)
            | Event::LinkRemoved(_)
            | Event::AddressAdded(_)
            | Event::AddressRemoved(_)
            | Event::RouteAdded(_)
            | Event::RouteRemoved(_)
            | Event::RuleAdded(_)
            | Event::RuleRemoved(_)
            | Event::Settled { .. } => self.take_in_kernel(event, now, touched, out),
            // It has been received.
            Event::Received(_) => {}
            Event::Unsent { tag, refusal } => {
                let id = u32::try_from(tag).map(InstanceId);
                if let Some(instance) = id.ok().and_then(|id| self.instances.get_mut(&id)) {
                    instance.unsent(refusal, &mut Turn { now, out });
                }
            }
            Event::Deaf { channel, refusal } => {
                self.channels.failed(channel, now);
                for instance in self.instances.values().filter(|i| i.channel() == Some(channel)) {
                    instance.say(InstanceFact::Deaf { why: refusal.why.clone() }, &mut Turn { now, out });
                }
                self.stale = true;
            }
            Event::JobEnded(id, outcome) => self.stale |= self.scripts.ended(id, outcome, out),
            Event::FileRead { file, value } => {
                self.stale |= self.told.files.insert(file, value) != Some(value);
            }
            Event::ProcessesCounted { name, quorum } => {
                let before = self.told.processes.insert(name.clone(), quorum);
                self.stale |= before != Some(quorum);
                // As keepalived: what a set begins with is not worth a word.
                if before.is_some_and(|before| before != quorum) {
                    out.push(Action::Notice(Notice::Processes { name, quorum }));
                }
            }
            Event::CarrierRead { link, carrier } => {
                self.stale |= self.links.carrier_read(link, carrier, now, out);
            }
            Event::ClockSet(clock) => {
                self.wall = clock;
                self.instances.values_mut().for_each(|instance| instance.set_clock(clock));
            }
            Event::BfdChanged { name, up } => {
                if self.told.bfds.insert(name.clone(), up) != Some(up) {
                    self.stale = true;
                    let tracks = |i: &Instance| i.config().track_bfds.iter().any(|it| it.name == name);
                    for instance in self.instances.values().filter(|instance| tracks(instance)) {
                        let fact = InstanceFact::SessionChanged { session: name.clone(), up };
                        instance.say(fact, &mut Turn { now, out });
                    }
                }
            }
            Event::ClearCounters => {
                self.instances.values_mut().for_each(|instance| instance.clear_counters())
            }
            Event::Wake => {}
            Event::Stop => self.begin_to_stop(out),
        }
    }

    /// Lets every instance look again if the world changed, and meets the deadlines that have passed.
    fn settle(&mut self, now: Instant, touched: &mut BTreeSet<InstanceId>, out: &mut Vec<Action>) {
        if self.delay_ends.take_if(|at| *at <= now).is_some() {
            out.push(Action::Notice(Notice::DelayPassed));
        }
        self.stale |= self.channels.run(now, out);
        self.stale |= self.links.run(now);
        if core::mem::take(&mut self.stale) {
            self.review(now, touched, out);
        }
        while let Some((_, id)) = self.timers.first().filter(|(at, _)| *at <= now) {
            self.timers.forget(id);
            touched.insert(id);
            self.mend_timers();
        }
        for _ in 0..PASSES {
            for id in touched.iter() {
                if let Some(instance) = self.instances.get_mut(id) {
                    instance.wake(&mut Turn { now, out });
                }
            }
            self.settle_groups(now, touched, out);
            let due = |id: &InstanceId| {
                let deadline = deadline_of(&self.instances, &self.unannounced, *id);
                self.group_of.contains_key(id) && deadline.is_some_and(|at| at <= now)
            };
            if !touched.iter().any(due) {
                break;
            }
        }
        for id in touched.iter() {
            let Some(instance) = self.instances.get_mut(id) else { continue };
            if instance.became_master_at(now) {
                instance.advance(self.rush.join(now, instance.config().interval), now);
            }
            if instance.take_wants_changed() {
                self.firewall.touch_for(instance);
                self.holdings.want(*id, instance.wants(&self.links));
                if !instance.is_master() {
                    self.announcements.forget(*id);
                }
            }
        }
        self.scripts.run(now, out);
    }

    /// Lets the groups of touched instances make their members agree.
    fn settle_groups(&mut self, now: Instant, touched: &mut BTreeSet<InstanceId>, out: &mut Vec<Action>) {
        let mut concerned: Vec<usize> =
            touched.iter().filter_map(|id| self.group_of.get(id)).copied().collect();
        concerned.sort_unstable();
        concerned.dedup();
        let order: Vec<InstanceId> = touched.iter().copied().collect();
        for place in concerned {
            if let Some(group) = self.groups.get_mut(place) {
                group.settle(&order, &mut self.instances, &mut Turn { now, out });
                touched.extend(group.members());
            }
        }
    }

    fn review(&mut self, now: Instant, touched: &mut BTreeSet<InstanceId>, out: &mut Vec<Action>) {
        let statics = self.static_items();
        let mut ours: BTreeSet<Key> = statics.iter().map(Item::key).collect();
        self.holdings.want(NOBODY, statics);
        for instance in self.instances.values_mut() {
            instance.locate(&self.links, &self.holdings, now);
            ours.extend(instance.claims(&self.links).iter().map(Item::key));
        }
        self.holdings.claim(ours);
        let mut findings = Vec::with_capacity(self.order.len());
        for id in &self.order {
            let Some(instance) = self.instances.get_mut(id) else { continue };
            let deaf = instance.channel().is_some_and(|channel| self.channels.is_deaf(channel));
            let view = View {
                links: &self.links,
                scripts: &self.scripts,
                told: &self.told,
                holdings: &self.holdings,
                deaf,
            };
            findings.push((*id, instance.review(view, &mut Turn { now, out })));
        }
        self.act(findings, now, touched, out);
        // Before a group is joined by a VMAC.
        self.firewall.touch();
        self.firewall.before(&self.instances, &self.links, now, out);
        self.listen(out);
    }

    /// Lets every instance act on what it found. As keepalived: its fellows follow before others do something.
    fn act(
        &mut self,
        findings: Vec<(InstanceId, Findings)>,
        now: Instant,
        touched: &mut BTreeSet<InstanceId>,
        out: &mut Vec<Action>,
    ) {
        // Groups that cannot begin yet: they may be large, and another member would find the same.
        let mut waiting = BTreeSet::new();
        for (id, findings) in findings {
            let Some(instance) = self.instances.get_mut(&id) else { continue };
            let before = instance.state();
            instance.act(findings, &mut Turn { now, out });
            touched.insert(id);
            // Who resumes leaves its fellows the time to do so too.
            let resumed = (before, instance.state()) == (State::Init, State::Master);
            let moved = instance.state() != before;
            let may_begin = findings.freed && matches!(before, State::Init | State::Fault);
            let Some(&place) = self.group_of.get(&id) else { continue };
            let concerned = !resumed && (moved || (may_begin && waiting.insert(place)));
            if let Some(group) = self.groups.get_mut(place).filter(|_| concerned) {
                group.settle(&[id], &mut self.instances, &mut Turn { now, out });
            }
        }
    }

    /// Opens the channels that the instances need, and notes whose adverts come in by each.
    fn listen(&mut self, out: &mut Vec<Action>) {
        let mut wanted: BTreeMap<Channel, Hearing> = BTreeMap::new();
        self.addressees.clear();
        for (id, instance) in &self.instances {
            let Some(channel) = instance.channel() else { continue };
            let vrid = instance.config().vrid.get();
            let hearing = wanted.entry(channel).or_default();
            hearing.vrids.insert(vrid);
            if let Some(bytes) = instance.receive_buffer(&self.links) {
                hearing.buffer = Some(hearing.buffer.unwrap_or(0).saturating_add(bytes));
            }
            let key = (channel.link, channel.family(), vrid);
            self.addressees.push(Addressee { key, address: channel.address, id: *id });
        }
        self.addressees.sort_by_key(|addressee| addressee.key);
        if self.tell_strangers {
            wanted.values_mut().for_each(|hearing| hearing.vrids.extend(1..=u8::MAX));
        }
        self.channels.want(wanted, out);
    }

    /// Hands an advert to the instance that it is for: the one that listens where it came in, else any of its
    /// number, which counts it as astray.
    fn receive(&mut self, delivery: &Delivery, now: Instant, out: &mut Vec<Action>) -> Option<InstanceId> {
        let vrid = wire::vrid_of(delivery)?;
        let key = (delivery.link, Family::of(delivery.source), vrid);
        let from = self.addressees.partition_point(|addressee| addressee.key < key);
        let candidates = || self.addressees.iter().skip(from).take_while(|addressee| addressee.key == key);
        let Some(any) = candidates().next() else {
            self.meet(key, out);
            return None;
        };
        let listening = candidates().filter(|addressee| addressee.address == delivery.destination);
        // As keepalived: of several to whom the same peers' adverts could be sent, whoever knows the sender best.
        let acquaintance = |id| self.instances.get(id).map_or(0, |it| it.acquaintance(delivery.source));
        let id = listening.min_by_key(|addressee| Reverse(acquaintance(&addressee.id))).unwrap_or(any).id;
        let instance = self.instances.get_mut(&id).filter(|_| self.stop == Stop::NotAsked)?;
        instance.receive(delivery, &mut Turn { now, out });
        Some(id)
    }

    /// Nothing that concerns others than the instance itself, and no deadline but a later one.
    fn is_at_rest(&self, id: InstanceId) -> bool {
        !self.stale
            && !self.group_of.contains_key(&id)
            && self.instances.get(&id).is_some_and(|instance| instance.is_at_rest())
    }

    /// An advert came that is for nobody here.
    fn meet(&mut self, key: (LinkIndex, Family, u8), out: &mut Vec<Action>) {
        let Some(link) = self.links.get(key.0) else { return };
        if self.tell_strangers && self.strangers.insert(key) {
            out.push(Action::Notice(Notice::Stranger { link: link.name.clone(), vrid: key.2 }));
        }
    }

    fn enter_timer(&mut self, id: InstanceId) {
        self.timers.enter(id, deadline_of(&self.instances, &self.unannounced, id));
    }

    fn mend_timers(&mut self) {
        let (instances, unannounced) = (&self.instances, &self.unannounced);
        self.timers.mend(|id| deadline_of(instances, unannounced, id));
    }
}

/// When an instance has something to do. One whose addresses are still to be asked for has nothing to announce.
fn deadline_of(instances: &Instances, unannounced: &BTreeSet<InstanceId>, id: InstanceId) -> Option<Instant> {
    instances.get(&id)?.next_deadline(!unannounced.contains(&id))
}

#[cfg(test)]
mod tests;
