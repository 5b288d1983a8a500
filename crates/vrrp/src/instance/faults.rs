//! Whether an instance may take part: its links, its source address, what it tracks.

use alloc::collections::BTreeSet;
use core::net::IpAddr;

use host::{Family, Instant, LinkIndex, LinkName, VirtualLink, VirtualLinkKind};

use super::{Countdown, Instance, Next, Place, Stage, Turn};
use crate::config::{Mode, Priority, Weight};
use crate::holdings::Holdings;
use crate::item::Key;
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

/// What an instance found when it judged itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Findings {
    /// What adverts leave from.
    source: Option<IpAddr>,
    /// Something keeps it from taking part that people are told of.
    pub(crate) hard: bool,
    /// It waited for a script or a session that had said nothing yet.
    pub(crate) waited: bool,
    /// Its priority is lower than before.
    fell: bool,
    /// Nothing keeps it from taking part any more, or it has only begun.
    pub(crate) freed: bool,
}

impl Instance {
    /// Where the link is now. Comes before [`Self::review`] for all instances, since it decides which addresses are
    /// virtual.
    pub(crate) fn locate(&mut self, links: &Links, holdings: &Holdings, now: Instant) {
        self.wants_changed |= self.former.is_some();
        self.succeed(links, holdings);
        let place = self.find_place(links);
        if self.place.map(|place| (place.base, place.home)) != place.map(|place| (place.base, place.home)) {
            self.wants_changed = true;
        }
        let before = core::mem::replace(&mut self.place, place);
        self.mind_move(before, now);
    }

    fn find_place(&self, links: &Links) -> Option<Place> {
        let Some(base) = &self.config.link else {
            let any = LinkIndex::ANY;
            return Some(Place { base: any, adverts: any, home: any, up: true });
        };
        let base = links.named(base)?;
        let Some(own) = self.own_link() else {
            return Some(Place {
                base: base.index,
                adverts: base.index,
                home: base.index,
                up: links.counts_up(base),
            });
        };
        let link = links.named(&own.link.name)?;
        let (adverts, home) = match own.link.kind {
            VirtualLinkKind::Vmac(_) if own.adverts_by_base => (base.index, link.index),
            VirtualLinkKind::Vmac(_) => (link.index, link.index),
            // As keepalived: the addresses of an ipvlan's router are put on its base.
            VirtualLinkKind::Ipvlan(_) => (link.index, base.index),
        };
        Some(Place { base: base.index, adverts, home, up: links.counts_up(base) && links.counts_up(link) })
    }

    /// Judges itself anew after something in the world changed: its source address, its faults, its priority. What comes of
    /// it is for [`Self::act`], when all have judged themselves.
    pub(crate) fn review(&mut self, view: View<'_>, turn: &mut Turn<'_>) -> Findings {
        self.wants_changed |= self.wants_on_other_links();
        let source = self.find_source(view);
        // A raw IPv4 packet carries the source that it is given: a master whose address was taken away can still say
        // goodbye from it, which saves its rival a master-down time.
        self.source = source.or(self.source);
        let (faults, points) = self.judge(source, view);
        let priority = self.with_demotion(track::effective(self.config.priority, points));
        let fell = priority < self.priority;
        self.set_priority(priority, turn);
        // A link of our own that was asked for just now, or the address on it, is no reason to tell people of a fault.
        let fresh = self.has_own_links() && matches!(self.stage, Stage::Initialize);
        let comes = fresh && self.own_link().is_some_and(|own| self.own_source(own, view.links).is_some());
        let pending = |reason: &FaultReason| match reason {
            FaultReason::OwnLinkMissing(_) => fresh,
            FaultReason::NoSourceAddress(_) => comes,
            FaultReason::ScriptPending(_)
            | FaultReason::BfdPending(_)
            | FaultReason::LinkDown(_)
            | FaultReason::LinkMissing(_)
            | FaultReason::Script(_)
            | FaultReason::Deaf
            | FaultReason::SourceMissing
            | FaultReason::NoPeer
            | FaultReason::File(_)
            | FaultReason::Processes(_)
            | FaultReason::Bfd(_) => is_silence(reason),
        };
        let hard = faults.iter().any(|reason| !pending(reason));
        for reason in faults.difference(&self.faults).filter(|reason| !pending(reason)) {
            self.say(InstanceFact::Faulted(reason.clone()), turn);
        }
        let waited = self.faults.iter().any(is_silence);
        let kept = !self.faults.is_empty() || matches!(self.stage, Stage::Initialize);
        self.faults = faults;
        Findings { source, hard, waited, fell, freed: kept && self.is_free() }
    }

    /// Goes where the findings of its review lead it.
    pub(crate) fn act(&mut self, findings: Findings, turn: &mut Turn<'_>) {
        let Findings { source, hard, waited: _, fell, freed: _ } = findings;
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
            // What a reload added must not cost a master its mastership before it has said anything.
            Stage::Backup(_) | Stage::Master(_) if hard => Some(Next::Fault),
            Stage::Master(_) if fell => self.step_down(turn),
            Stage::Initialize | Stage::Fault | Stage::Backup(_) | Stage::Master(_) => None,
        };
        if let Some(next) = next {
            self.enter(next, turn);
        }
        self.source = source;
    }

    fn wants_on_other_links(&self) -> bool {
        let config = &self.config;
        self.has_own_links()
            || !config.routes.is_empty()
            || config.addresses.iter().chain(&config.excluded).any(|address| address.link.is_some())
    }

    /// It has links of its own, for adverts or for addresses.
    pub(crate) fn has_own_links(&self) -> bool {
        self.config.own_link.is_some() || !self.config.address_links.is_empty()
    }

    /// The state that people were told last.
    pub(crate) fn told(&self) -> Option<State> {
        self.told
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
            let held = holdings.has(&Key::of(&address));
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
            checksum: self.coverage,
            channel: self.channel(),
            receive_buffer: self.receive_buffer(links),
            counters: self.tally.counters(),
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

    /// A link of the name of ours that is not ours must not be used. What runs goes on while it is asked for again: after
    /// a crash it is there, and taken over.
    fn may_use(&self, link: &VirtualLink, view: View<'_>) -> bool {
        let key = Key::Link(link.name.clone());
        match self.stage {
            Stage::Initialize | Stage::Fault => view.holdings.has(&key),
            Stage::Backup(_) | Stage::Master(_) => view.holdings.has_or_awaits(&key),
        }
    }

    pub(crate) fn resumes(&self, now: Instant) -> bool {
        self.resume_before.is_some_and(|before| now < before)
    }

    /// As keepalived: what is configured, else the link's first address that is not a virtual one; IPv6 multicast
    /// goes out from a link-local address (RFC 9568 §5.1.2.1). An ipvlan speaks from its own address, without which one for
    /// IPv4 stays silent.
    fn find_source(&self, view: View<'_>) -> Option<IpAddr> {
        let (place, family) = (self.place?, self.config.family);
        if let Some(own) = self.own_link()
            && let Some(source) = self.own_source(own, view.links)
        {
            let there = |address| address == source.address();
            return view.links.first_address(place.adverts, source.family(), there);
        }
        let is_ipvlan =
            self.own_link().is_some_and(|own| matches!(own.link.kind, VirtualLinkKind::Ipvlan(_)));
        if is_ipvlan && family == Family::V4 {
            return None;
        }
        if self.config.source.is_some() && !is_ipvlan {
            return self.config.source;
        }
        let by_peers = match &self.config.mode {
            Mode::Multicast { .. } => true,
            Mode::Unicast { peers, .. } => peers.iter().all(|peer| is_link_local(peer.address)),
        };
        // As keepalived: a VMAC for IPv4 has no address, adverts leave from its base's.
        let link = if is_ipvlan { place.adverts } else { place.base };
        view.links.first_address(link, family, |address| {
            let fits = family == Family::V4 || is_link_local(address) == by_peers;
            fits && !view.holdings.is_ours(link, address)
        })
    }

    /// Links for addresses that are not there yet. A master goes on without: one that somebody deletes is made again at once.
    fn missing_address_links(&self, view: View<'_>) -> impl Iterator<Item = FaultReason> {
        let links = self.config.address_links.iter().filter(|_| !self.is_master());
        let missing =
            move |link: &&VirtualLink| view.links.named(&link.base).is_some() && !self.may_use(link, view);
        links.filter(missing).map(|link| FaultReason::OwnLinkMissing(link.name.clone()))
    }

    /// Whether a link is one that it makes: what is on it says nothing of the host.
    fn is_own(&self, name: &LinkName) -> bool {
        let own = self.former_link().into_iter().chain(&self.config.own_link).map(|own| &own.link.name);
        own.chain(self.config.address_links.iter().map(|link| &link.name)).any(|own| own == name)
    }

    /// Everything that is wrong, and the points of everything that is tracked.
    fn judge(&self, source: Option<IpAddr>, view: View<'_>) -> (BTreeSet<FaultReason>, i32) {
        let mut faults = BTreeSet::new();
        let mut points = 0;
        let mut track =
            |weight, health, why: FaultReason, pending: FaultReason| match track::effect(weight, health) {
                Effect::Points(more) => points += i32::from(more),
                Effect::Fault => drop(faults.insert(why)),
                Effect::Pending => drop(faults.insert(pending)),
            };
        let always = Weight::Fault { reverse: false };
        let own = self.config.link.as_ref().filter(|_| self.config.track_own_link).map(|link| (link, always));
        let carriers = self.config.addresses.iter().chain(&self.config.excluded);
        let carriers = carriers.filter(|address| address.track).filter_map(|address| address.link.as_ref());
        let routes = self.config.routes.iter().filter(|route| route.track);
        let carriers = carriers
            .chain(routes.flat_map(|route| route.route.hops.iter()).filter_map(|hop| hop.link.as_ref()));
        let carriers =
            carriers.filter(|link| Some(*link) != self.config.link.as_ref() || self.config.track_own_link);
        let tracked = self.config.track_links.iter().map(|tracked| (&tracked.link, tracked.weight));
        for (name, weight) in own.into_iter().chain(carriers.map(|link| (link, always))).chain(tracked) {
            let up = view.links.named(name).is_some_and(|link| view.links.counts_up(link));
            let down = FaultReason::LinkDown(name.clone());
            track(weight, Health::from_good(up), down.clone(), down);
        }
        for tracked in &self.config.track_scripts {
            let name = &tracked.script;
            let (why, pending) = reasons_of_script(view.scripts, name);
            track(tracked.weight, view.scripts.health(name), why, pending);
        }
        for tracked in &self.config.track_processes {
            let why = FaultReason::Processes(tracked.name.clone());
            track(tracked.weight, view.told.processes(&tracked.name), why.clone(), why);
        }
        for tracked in &self.config.track_bfds {
            let why = FaultReason::Bfd(tracked.name.clone());
            let pending = FaultReason::BfdPending(tracked.name.clone());
            track(tracked.weight, view.told.bfd(&tracked.name), why, pending);
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
        if let Some(link) = self.config.link.as_ref().filter(|link| view.links.named(link).is_none()) {
            faults.insert(FaultReason::LinkMissing(link.clone()));
        } else if let Some(own) = self.own_link()
            && (self.place.is_none() || !self.may_use(&own.link, view))
        {
            faults.insert(FaultReason::OwnLinkMissing(own.link.name.clone()));
        } else if source.is_none() {
            faults.insert(FaultReason::NoSourceAddress(self.config.family));
        }
        faults.extend(self.missing_address_links(view));
        if let Some(source) = self.config.source.filter(|_| self.config.track_source)
            && !view.links.has_address(source, |link| !self.is_own(&link.name))
        {
            faults.insert(FaultReason::SourceMissing);
        }
        if self.config.fault_without_peer
            && matches!(&self.config.mode, Mode::Unicast { peers, .. } if peers.is_empty())
        {
            faults.insert(FaultReason::NoPeer);
        }
        if view.deaf {
            faults.insert(FaultReason::Deaf);
        }
        (faults, points)
    }
}

/// What a script that is bad, or unknown, is a reason for.
fn reasons_of_script(scripts: &Scripts, name: &str) -> (FaultReason, FaultReason) {
    let pending = FaultReason::ScriptPending(name.into());
    (if scripts.is_presumed(name) { pending.clone() } else { FaultReason::Script(name.into()) }, pending)
}

/// Something tracked has said nothing yet.
fn is_silence(reason: &FaultReason) -> bool {
    matches!(reason, FaultReason::ScriptPending(_) | FaultReason::BfdPending(_))
}

pub(super) fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}
