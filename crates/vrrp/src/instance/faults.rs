//! Whether an instance may take part: its links, its source address, what it tracks.

use alloc::collections::BTreeSet;
use core::net::IpAddr;

use host::{Family, Instant, Link};

use super::{Countdown, Instance, Next, Place, Stage, Turn};
use crate::config::{Mode, Priority, Weight};
use crate::holdings::Holdings;
use crate::links::Links;
use crate::notice::{FaultReason, InstanceFact, State};
use crate::status::InstanceStatus;
use crate::track::{self, Effect, Health, Scripts, Told};

/// What an instance looks at when it judges itself anew.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// The node's links and addresses.
    pub(crate) links: &'a Links,
    /// Tracking scripts.
    pub(crate) scripts: &'a Scripts,
    /// Files, processes and BFD sessions.
    pub(crate) told: &'a Told,
    /// To tell virtual addresses from the node's own.
    pub(crate) holdings: &'a Holdings,
    /// The channel of this instance could not be opened.
    pub(crate) deaf: bool,
}

impl Instance {
    /// Where the link is now. Comes before [`Self::review`] for all instances, since it decides which addresses are
    /// virtual.
    pub(crate) fn locate(&mut self, links: &Links) {
        let place = links.named(&self.config.link).map(|link| Place {
            link: link.index,
            mac: link.mac,
            up: link.is_up(),
        });
        if self.place.map(|place| place.link) != place.map(|place| place.link) {
            self.wants_changed = true;
        }
        self.place = place;
    }

    /// Judges itself anew after something in the world changed.
    pub(crate) fn review(&mut self, view: View<'_>, turn: &mut Turn<'_>) {
        self.wants_changed |= self.config.addresses.iter().any(|address| address.link.is_some())
            || self.config.excluded.iter().any(|address| address.link.is_some());
        self.source = self.find_source(view);
        let (faults, points) = self.judge(view);
        let priority = track::effective(self.config.priority, points);
        let priority_fell = priority < self.priority;
        if priority != self.priority {
            let from = core::mem::replace(&mut self.priority, priority);
            self.say(InstanceFact::PriorityChanged { from, to: priority }, turn);
        }
        let pending = |reason: &FaultReason| matches!(reason, FaultReason::ScriptPending(_));
        let hard = faults.iter().any(|reason| !pending(reason));
        for reason in faults.difference(&self.faults).filter(|reason| !pending(reason)) {
            self.say(InstanceFact::Faulted(reason.clone()), turn);
        }
        self.faults = faults;
        let next = match &self.stage {
            Stage::Initialize if hard => Some(Next::Fault),
            Stage::Initialize if self.resumes(turn.now) => {
                // Nobody is told of a change, since there is none.
                self.told = Some(State::Master);
                self.say(InstanceFact::Resumed, turn);
                Some(Next::Master)
            }
            Stage::Initialize | Stage::Fault if self.is_free() && !self.in_group => {
                Some(self.begin(true, turn.now))
            }
            // A script that a reload added must not cost a master its mastership before it has said anything.
            Stage::Backup(_) | Stage::Master(_) if hard => Some(Next::Fault),
            Stage::Master(_) if priority_fell => self.step_down(turn),
            Stage::Initialize | Stage::Fault | Stage::Backup(_) | Stage::Master(_) => None,
        };
        if let Some(next) = next {
            self.enter(next, turn);
        }
    }

    /// Nothing keeps it from taking part.
    pub(crate) fn is_free(&self) -> bool {
        self.faults.is_empty()
    }

    /// Gives up for a better rival, if it is configured to and has heard one (`step_down`).
    ///
    /// Differs: Keepalived has nothing like it; there the lowered priority is only advertised, and the rival waits
    /// its whole master-down time.
    fn step_down(&mut self, turn: &mut Turn<'_>) -> Option<Next> {
        let rival = self.rival.filter(|rival| self.config.step_down && rival.priority > self.priority)?;
        self.say(InstanceFact::SteppedDown { rival: rival.priority }, turn);
        self.release(turn);
        Some(Next::Backup { interval: self.config.interval, countdown: Countdown::Down(turn.now) })
    }

    /// How it stands.
    pub(crate) fn status(&self, links: &Links, holdings: &Holdings) -> InstanceStatus {
        let config = &self.config;
        let interval = match &self.stage {
            Stage::Backup(backup) => backup.interval,
            Stage::Initialize | Stage::Master(_) | Stage::Fault => config.interval,
        };
        let addresses = self.addresses(links).filter_map(|address| {
            let held = holdings.has(&crate::holdings::Key::of(&address));
            Some((address.prefix, links.get(address.link)?.name.clone(), held))
        });
        InstanceStatus {
            name: config.name.clone(),
            link: config.link.clone(),
            family: config.family,
            vrid: config.vrid,
            version: config.version,
            state: self.state(),
            since: self.since,
            base_priority: config.priority,
            effective_priority: self.priority,
            source: self.source,
            master: self.rival.map(|rival| (rival.address, rival.priority)),
            interval,
            faults: self.faults.iter().cloned().collect(),
            addresses: addresses.collect(),
            counters: self.counters,
        }
    }

    /// RFC 9568 §6.4.1: an owner becomes master at once, anyone else listens first. In a group `at_once` is for owners
    /// among owners only.
    pub(super) fn begin(&self, at_once: bool, now: Instant) -> Next {
        let now = now.max(self.quiet_until);
        let owner = self.is_wanting_owner() && at_once;
        let countdown = if owner { Countdown::Over(now) } else { Countdown::Down(now) };
        Next::Backup { interval: self.config.interval, countdown }
    }

    /// It owns the addresses and is configured to begin as master.
    pub(crate) fn is_wanting_owner(&self) -> bool {
        self.config.priority == Priority::OWNER && self.config.wants_master
    }

    fn resumes(&self, now: Instant) -> bool {
        self.resume_before.is_some_and(|before| now < before)
    }

    /// As keepalived: what is configured, else the link's first address that is not a virtual one; IPv6 multicast
    /// goes out from a link-local address (RFC 9568 §5.1.2.1).
    fn find_source(&self, view: View<'_>) -> Option<IpAddr> {
        if self.config.source.is_some() {
            return self.config.source;
        }
        let link = self.place?.link;
        let link_local = match &self.config.mode {
            Mode::Multicast { .. } => true,
            Mode::Unicast { peers, .. } => peers.iter().all(|peer| is_link_local(peer.address)),
        };
        view.links.first_address(link, self.config.family, |address| {
            let fits = self.config.family == Family::V4 || is_link_local(address) == link_local;
            fits && !view.holdings.is_ours(link, address)
        })
    }

    /// Everything that is wrong, and the points of everything that is tracked.
    fn judge(&self, view: View<'_>) -> (BTreeSet<FaultReason>, i32) {
        let mut faults = BTreeSet::new();
        let mut points = 0;
        let mut track =
            |weight, health, why: FaultReason, pending: FaultReason| match track::effect(weight, health) {
                Effect::Points(more) => points += i32::from(more),
                Effect::Fault => drop(faults.insert(why)),
                Effect::Pending => drop(faults.insert(pending)),
            };
        let always = Weight::Fault { reverse: false };
        let own = self.config.track_own_link.then_some((&self.config.link, always));
        let carriers = self.config.addresses.iter().chain(&self.config.excluded);
        let carriers = carriers.filter(|address| address.track).filter_map(|address| address.link.as_ref());
        let carriers = carriers.filter(|link| **link != self.config.link || self.config.track_own_link);
        let tracked = self.config.track_links.iter().map(|tracked| (&tracked.link, tracked.weight));
        for (name, weight) in own.into_iter().chain(carriers.map(|link| (link, always))).chain(tracked) {
            let up = view.links.named(name).is_some_and(Link::is_up);
            let down = FaultReason::LinkDown(name.clone());
            track(weight, Health::from_good(up), down.clone(), down);
        }
        for tracked in &self.config.track_scripts {
            let name = &tracked.script;
            let why = FaultReason::Script(name.clone());
            track(tracked.weight, view.scripts.health(name), why, FaultReason::ScriptPending(name.clone()));
        }
        for tracked in &self.config.track_processes {
            let why = FaultReason::Processes(tracked.name.clone());
            track(tracked.weight, view.told.processes(&tracked.name), why.clone(), why);
        }
        for tracked in &self.config.track_bfds {
            let why = FaultReason::Bfd(tracked.name.clone());
            track(tracked.weight, view.told.bfd(&tracked.name), why.clone(), why);
        }
        for tracked in &self.config.track_files {
            let value = view.told.files.get(&tracked.file).copied().unwrap_or(0);
            match track::file_effect(tracked.weight, tracked.reverse, value) {
                Effect::Points(more) => points += i32::from(more),
                Effect::Fault | Effect::Pending => {
                    faults.insert(FaultReason::File(tracked.file.clone()));
                }
            }
        }
        if self.place.is_none() {
            faults.insert(FaultReason::LinkMissing(self.config.link.clone()));
        } else if self.source.is_none() {
            faults.insert(FaultReason::NoSourceAddress(self.config.family));
        }
        if view.deaf {
            faults.insert(FaultReason::Deaf);
        }
        (faults, points)
    }
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}
