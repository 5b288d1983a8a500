//! What must hold whatever happens, and the books that are kept to tell.
//!
//! A virtual router is a (segment, family, VRID); its members are the instances that take part. A *disturbance* of a
//! segment is anything that legitimately lets members disagree. Every promise that needs time counts it from the last
//! disturbance, so the promises hold in any weather and need no tolerance. `docs/simulator.md` has them all.

mod check;
mod member;
mod promise;
mod standing;
mod told;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use host::{Delivery, Family, Instant, LinkIndex, NetworkOp, RouteKey, Rule};
use vrrp::wire::{priority_of, vrid_of};

pub(crate) use self::check::{Check, slack};
pub(crate) use self::member::{Member, is_stamped};
pub use self::promise::Promise;
pub(crate) use self::told::Way;
use crate::world::wire::Frame;

/// The same order so often without a disturbance is one too many. Upstream's own retries and ours stay below.
const SAME_ORDER: u32 = 8;
/// A share of the interval by which an advert may be late without moving those after it.
const LATE: u32 = 2;
/// Pauses before an address is put back that somebody takes away again and again: the first, the longest, and how long
/// it must stay for the next to be the first again. Those of `vrrp::holdings`.
const PUT_BACK: (Duration, Duration, Duration) =
    (Duration::from_millis(100), Duration::from_secs(10), Duration::from_secs(10));
/// Pause before the packet filter is ordered again, that of `vrrp::firewall`.
const FILTER_RETRY: Duration = Duration::from_secs(10);
/// Adverts of priority 0 in one resignation. As keepalived: two on a fault.
const RESIGNATIONS: u32 = 2;

/// A promise that was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// When.
    pub at: Instant,
    /// Which promise.
    pub rule: Promise,
    /// By whom and how.
    pub details: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: {}: {}", self.at, self.rule, self.details)
    }
}

/// Something that a master holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Thing {
    Address(IpAddr),
    Route(RouteKey),
    Rule(Rule),
}

impl Thing {
    /// What an order is about; `None` for links and settings, whose loss others notice.
    pub(crate) fn of(op: &NetworkOp) -> Option<Self> {
        match op {
            NetworkOp::AddAddress(it) | NetworkOp::RenewAddress(it) | NetworkOp::RemoveAddress(it) => {
                Some(Self::Address(it.prefix.address()))
            }
            NetworkOp::AddRoute(route) | NetworkOp::RemoveRoute(route) => Some(Self::Route(route.key())),
            NetworkOp::AddRule(rule) | NetworkOp::RemoveRule(rule) => Some(Self::Rule(rule.clone())),
            NetworkOp::AddLink(_)
            | NetworkOp::RemoveLink(_)
            | NetworkOp::Promote(_)
            | NetworkOp::Demote(_) => None,
        }
    }
}

/// A virtual router.
#[derive(Debug)]
struct Group {
    segment: usize,
    family: Family,
    vrid: u8,
    rivals_pending: bool,
    available_pending: bool,
}

/// The books.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    members: Vec<Member>,
    groups: Vec<Group>,
    /// By segment.
    disturbed: BTreeMap<usize, Instant>,
    orders: BTreeMap<(usize, bool, LinkIndex, IpAddr), u32>,
    last_order: Option<Instant>,
    due: VecDeque<(Instant, Check)>,
    violation: Option<Violation>,
    /// Broken promises do not count.
    pub(crate) looks_away: bool,
    /// What was told last of whom.
    told: BTreeMap<(usize, Way, String, String), String>,
    /// When a clock last leapt.
    pub(crate) leapt: Instant,
    /// How long the kernel may take for all orders of a change.
    pub(crate) settling: Duration,
}

impl Watch {
    pub(crate) const fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    pub(crate) fn violate(&mut self, at: Instant, rule: Promise, details: &str) {
        if self.looks_away {
            return;
        }
        self.violation.get_or_insert_with(|| Violation { at, rule, details: details.to_owned() });
    }

    /// When the last order was given to a kernel.
    pub(crate) const fn last_order(&self) -> Option<Instant> {
        self.last_order
    }

    /// A check that has to be made, and when.
    pub(crate) fn due(&mut self) -> Option<(Instant, Check)> {
        self.due.pop_front()
    }

    /// Forgets a node's members; those that are enrolled again keep their books.
    pub(crate) fn retire(&mut self, node: usize) {
        self.members.iter_mut().filter(|member| member.node == node).for_each(|member| member.live = false);
    }

    /// A node takes part in a virtual router.
    pub(crate) fn enrol(&mut self, segment: usize, family: Family, vrid: u8, new: Member) {
        let is = |g: &Group| (g.segment, g.family, g.vrid) == (segment, family, vrid);
        let router = self.groups.iter().position(is).unwrap_or_else(|| {
            self.groups.push(Group {
                segment,
                family,
                vrid,
                rivals_pending: false,
                available_pending: false,
            });
            self.groups.len() - 1
        });
        let mut announced = vec![None; new.vips.len()];
        let named = |m: &Member| m.node == new.node && m.instance == new.instance;
        // One of another name is the same virtual router all the same.
        let renamed = |m: &Member| m.node == new.node && m.router == router && !m.live;
        let at = self.members.iter().position(named).or_else(|| self.members.iter().position(renamed));
        let old = at.and_then(|at| self.members.get_mut(at));
        match old {
            Some(old) => {
                for (vip, announced) in new.vips.iter().zip(&mut announced) {
                    let known = old.vips.iter().position(|old| old == vip);
                    *announced = known.and_then(|known| old.announced[known]);
                }
                let Member { slack, steps_down, lifetime, instance, .. } = new;
                if old.instance != instance {
                    old.called.push(std::mem::replace(&mut old.instance, instance));
                    old.renamed = true;
                }
                if old.interval != new.interval {
                    old.rhythm.clear();
                }
                let Member { link, port, base, vips, routes, rules, interval, patience, pace, .. } = new;
                (old.routes, old.rules) = (routes, rules);
                (old.link, old.port, old.base) = (link, port, base);
                // Others may have learnt the longer interval.
                let patience = if old.interval == interval { patience } else { patience.max(old.patience) };
                (old.vips, old.interval, old.patience, old.pace) = (vips, interval, patience, pace);
                (old.router, old.announced, old.live) = (router, announced, true);
                (old.slack, old.steps_down, old.lifetime) = (slack, steps_down, lifetime);
            }
            None => self.members.push(Member { router, announced, ..new }),
        }
    }

    /// A worker crashed. What it was master of, the next one may resume.
    pub(crate) fn worker_crashed(&mut self, now: Instant, node: usize) {
        for at in 0..self.members.len() {
            let router = self.members[at].router;
            let disturbed = self.disturbed.get(&self.groups[router].segment).copied().unwrap_or_default();
            let calm = disturbed + self.patience(router) <= now;
            let member = &mut self.members[at];
            if member.node == node {
                member.crashed = calm.then_some(now);
            }
        }
    }

    /// A new worker does not know when the last one sent. `told`: when it has been told everything.
    pub(crate) fn worker_started(&mut self, now: Instant, told: Instant, node: usize) {
        for (at, member) in self.members.iter_mut().enumerate().filter(|(_, member)| member.node == node) {
            member.rhythm.clear();
            member.rival = 0;
            if let Some(crashed) = member.crashed.take() {
                self.due.push_back((told, Check::Resumed { member: at, crashed, started: now }));
            }
        }
    }

    /// A new worker is told its configuration: what has another name than the last one knew begins anew.
    pub(crate) fn worker_introduced(&mut self, node: usize) {
        self.members
            .iter_mut()
            .filter(|member| member.node == node)
            .for_each(|member| member.renamed = false);
    }

    /// A node's daemon is gone, and leaves what it holds.
    pub(crate) fn abandoned(&mut self, now: Instant, node: usize) {
        for (at, member) in self.members.iter().enumerate().filter(|(_, member)| member.node == node) {
            let lifetime = member.lifetime.filter(|_| member.live);
            let outlived = lifetime.map(|lifetime| now + lifetime + self.settling);
            self.due.extend(outlived.map(|by| (by, Check::Outlived { member: at, since: now })));
        }
    }

    /// A node's clock leapt, and its rhythm with it.
    pub(crate) fn clock_leapt(&mut self, now: Instant, node: usize) {
        self.leapt = now;
        self.members.iter_mut().filter(|m| m.node == node).for_each(|member| member.rhythm.clear());
    }

    /// Something happened that lets the members on a segment disagree for a while.
    pub(crate) fn disturb(&mut self, now: Instant, segment: usize) {
        let disturbed = self.disturbed.entry(segment).or_default();
        *disturbed = now.max(*disturbed);
        self.orders.clear();
        for router in 0..self.groups.len() {
            let group = &mut self.groups[router];
            if group.segment == segment && !group.available_pending {
                group.available_pending = true;
                let at = now + self.patience(router);
                self.due.push_back((at, Check::Available(router)));
            }
        }
    }

    /// What a node's kernel holds may differ from what its worker wants for a while.
    pub(crate) fn unsettle(&mut self, now: Instant, node: usize) {
        for member in 0..self.members.len() {
            if self.members[member].node == node {
                self.unsettle_member(now, member);
            }
        }
    }

    /// Somebody took a thing away, or the kernel refused an order about it. The worker tries again at once or after
    /// a pause, which grows if that happens again.
    pub(crate) fn trouble(&mut self, now: Instant, node: usize, thing: &Thing) {
        for at in 0..self.members.len() {
            let member = &mut self.members[at];
            if member.node != node {
                continue;
            }
            let (last, times) = member.trouble.get(thing).copied().unwrap_or((now, 0));
            let times = if now.since(last) < PUT_BACK.2 + PUT_BACK.1 { times + 1 } else { 1 };
            member.trouble.insert(thing.clone(), (now, times));
            let pause = if times > 1 { PUT_BACK.0 * (1 << (times - 2).min(10)) } else { Duration::ZERO };
            self.unsettle_member(now + PUT_BACK.0 + pause.min(PUT_BACK.1), at);
        }
    }

    /// The kernel refused an order to the packet filter. The worker tries again after a pause.
    pub(crate) fn filter_refused(&mut self, now: Instant, node: usize) {
        for at in 0..self.members.len() {
            if self.members[at].node == node {
                self.unsettle_member(now + FILTER_RETRY, at);
            }
        }
    }

    pub(crate) fn mastership(&mut self, now: Instant, node: usize, instance: &str, master: bool) {
        let Some(at) = self.members.iter().position(|m| m.node == node && m.is_called(instance)) else {
            return;
        };
        let member = &mut self.members[at];
        if member.master == master {
            return;
        }
        let before = std::mem::replace(&mut member.since, now);
        member.master = master;
        // It ceased in this instant, by one name, and is master by another. By the same name it began anew: an owner
        // whose worker crashed and came too late to resume is master at once.
        let goes_on = master
            && before == now
            && member.until.is_some_and(|(_, until)| until == now)
            && member.renamed
            && member.ceased_as != instance;
        if let (true, Some((since, _))) = (goes_on, member.until) {
            member.since = since;
            self.due.push_back((now, Check::Told(at)));
            return;
        }
        if !master {
            instance.clone_into(&mut member.ceased_as);
        }
        member.until = (!master).then_some((before, now));
        if !member.live {
            return;
        }
        let router = member.router;
        self.due.push_back((now, Check::Together(node)));
        self.due.push_back((now, Check::Told(at)));
        if master {
            member.resigned.clear();
            self.await_announcements(now, at);
            self.suspect_rivals(now, router);
        } else {
            self.due.push_back((now, Check::Available(router)));
            self.groups[router].available_pending = true;
        }
        self.unsettle_member(now, at);
    }

    pub(crate) fn ordered(&mut self, now: Instant, node: usize, op: &NetworkOp) {
        let (add, address) = match op {
            NetworkOp::AddAddress(address) => (true, address),
            NetworkOp::RemoveAddress(address) => (false, address),
            // Given again and again as long as the address is held: that is what it is for.
            NetworkOp::RenewAddress(_) => return,
            NetworkOp::AddLink(_)
            | NetworkOp::Promote(_)
            | NetworkOp::Demote(_)
            | NetworkOp::RemoveLink(_)
            | NetworkOp::AddRoute(_)
            | NetworkOp::RemoveRoute(_)
            | NetworkOp::AddRule(_)
            | NetworkOp::RemoveRule(_) => {
                self.last_order = Some(now);
                return;
            }
        };
        self.last_order = Some(now);
        let times = self.orders.entry((node, add, address.link, address.prefix.address())).or_default();
        *times += 1;
        if *times > SAME_ORDER {
            self.violate(now, Promise::NoOrderForEver, &format!("node {node}: {op:?}"));
        }
    }

    pub(crate) fn announced(&mut self, now: Instant, node: usize, link: LinkIndex, address: IpAddr) {
        for member in self.members.iter_mut().filter(|member| member.node == node) {
            for (vip, announced) in member.vips.iter().zip(&mut member.announced) {
                if *vip == (link, address) {
                    *announced = Some(now);
                }
            }
        }
    }

    /// What a master announced on a link that was down nobody heard.
    pub(crate) fn link_came_up(&mut self, now: Instant, node: usize, link: LinkIndex) {
        for at in 0..self.members.len() {
            let member = &self.members[at];
            if member.node == node && member.master && member.vips.iter().any(|(on, _)| *on == link) {
                self.await_announcements(now, at);
            }
        }
    }

    /// A member has announced every address since `now` once it had the time.
    fn await_announcements(&mut self, now: Instant, at: usize) {
        let member = &self.members[at];
        self.due.push_back((now + self.settling + member.slack + member.pace, Check::Announced(at, now)));
    }

    pub(crate) fn heard_advert(&mut self, now: Instant, node: usize, delivery: &Delivery) {
        let Some(vrid) = vrid_of(delivery) else { return };
        if let Some(member) = self.member_of(node, delivery.link, Family::of(delivery.source), vrid) {
            let member = &mut self.members[member];
            count(&mut member.heard, now);
            match priority_of(delivery) {
                Some(0) => member.released = Some(now),
                Some(priority) if !member.master => member.rival = priority,
                Some(_) | None => {}
            }
        }
    }

    pub(crate) fn sent_advert(&mut self, now: Instant, node: usize, link: LinkIndex, frame: &Frame) {
        let Some(at) = self.member_of(node, link, Family::of(frame.source), frame.vrid) else { return };
        let member = &mut self.members[at];
        if frame.priority == 0 {
            let resigned = member.resigned.entry(frame.destination).or_default();
            *resigned += 1;
            if *resigned > RESIGNATIONS {
                let details = format!("{} of node {node}", member.instance);
                self.violate(now, Promise::ResignsTwice, &details);
            }
            return;
        }
        let before = std::mem::replace(&mut member.priority, (frame.priority, now));
        let fell = before.1 > member.since && frame.priority < before.0;
        if fell && member.master && member.steps_down && member.rival > frame.priority {
            let details =
                format!("{} of node {node}: {} below {}", member.instance, frame.priority, member.rival);
            self.violate(now, Promise::StepsDown, &details);
            return;
        }
        if member.master && now > member.unsettled + self.settling + member.slack {
            self.due.push_back((now, Check::Points(at)));
        }
        if !member.master {
            // The mastership may be told after its first advert, in the same instant.
            self.due.push_back((now, Check::Entitled(at, now)));
        }
        let began = member.rhythm.get(&frame.destination).copied();
        let spoke = member.spoke.insert(frame.destination, now);
        // Not answered at once, because another was of late, and owed since.
        let owed = member.released.is_some_and(|released| spoke.is_some_and(|spoke| spoke <= released));
        if let Some((start, sent)) = began
            && member.master
            && member.since <= start
        {
            // One that answers begins a rhythm, whenever it comes.
            if owed {
                member.rhythm.insert(frame.destination, (now, 0));
                return;
            }
            if now.since(start) + member.interval / LATE >= member.interval.saturating_mul(sent + 1) {
                member.rhythm.insert(frame.destination, (start, sent + 1));
                return;
            }
            let answers = member.answered.entry(frame.destination).or_default();
            count(answers, now);
            if member.heard.0 != now || member.heard.1 < answers.1 {
                let after = now.since(start);
                let details = format!("{} of node {node}: {sent} more, {after:?} after one", member.instance);
                self.violate(now, Promise::NoHaste, &details);
            }
        }
        self.members[at].rhythm.insert(frame.destination, (now, 0));
    }

    fn unsettle_member(&mut self, now: Instant, at: usize) {
        let settling = self.settling;
        let member = &mut self.members[at];
        member.unsettled = member.unsettled.max(now);
        if !member.held_pending {
            member.held_pending = true;
            self.due.push_back((member.unsettled + settling, Check::Held(at)));
        }
        let member = &mut self.members[at];
        if !member.standing_pending {
            member.standing_pending = true;
            self.due.push_back((member.unsettled + settling + member.slack, Check::Standing(at)));
        }
    }

    fn suspect_rivals(&mut self, now: Instant, router: usize) {
        let masters = self.members_of(router).filter(|member| member.master).count();
        if masters > 1 && !self.groups[router].rivals_pending {
            self.groups[router].rivals_pending = true;
            self.due.push_back((now, Check::Rivals(router)));
        }
    }

    fn member_of(&self, node: usize, link: LinkIndex, family: Family, vrid: u8) -> Option<usize> {
        self.members.iter().position(|member| {
            let group = &self.groups[member.router];
            (member.node, member.link) == (node, link) && (group.family, group.vrid) == (family, vrid)
        })
    }

    fn members_of(&self, router: usize) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |member| member.live && member.router == router)
    }

    /// How long a backup of a virtual router that hears nobody waits at most: by the longest interval that it may have
    /// learnt, also of those whose links are gone.
    fn patience(&self, router: usize) -> Duration {
        let members = self.members.iter().filter(|member| member.router == router);
        members.map(|member| member.patience).max().unwrap_or_default()
    }
}

/// One more in this instant.
fn count(counter: &mut (Instant, u32), now: Instant) {
    *counter = if counter.0 == now { (now, counter.1 + 1) } else { (now, 1) };
}
