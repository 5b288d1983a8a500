//! Links that we make: VMACs and ipvlans, and the settings that they need on themselves, on their base and on the host.
//!
//! ```text
//! IPv4 VMAC   arp_ignore 1, accept_local 1, rp_filter 0, promote_secondaries 1; no IPv6 address of its own, IPv6 off
//!             unless it carries IPv6 addresses too
//! IPv6 VMAC   arp_ignore 1, promote_secondaries 1; no IPv6 address of its own, IPv6 on from the first one that is put
//! its base    (of IPv4 VMACs) arp_ignore 1, arp_filter 1
//! the host    (for IPv4 VMACs) all.rp_filter 0; what it was is raised on every link instead
//! ipvlan      nothing
//! any link    promote_secondaries 1, where it is asked for
//! ```
//!
//! What was before is restored when the last link that needs it goes. Differs: Keepalived leaves its base as it set it.
//! How it was is noted on the VMAC itself, so that it is known whoever dies; what was promoted on other links, where nothing
//! can be noted, whoever comes after a crash must be told ([`VirtualLinks::remember_promoted`]).

mod reverse_path;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use host::{Arrival, Family, Instant, LinkIndex, LinkName, Refusal, Ticket, VirtualLink, VirtualLinkKind};
use netlink_sys::protocols::NETLINK_ROUTE;

use crate::clock;
use crate::netlink::virtual_link::{self as message, Seen, Setting};
use crate::netlink::{Exchange, NLM_F_CREATE, NLM_F_EXCL, RTM_DELLINK, RTM_GETLINK, RTM_NEWLINK, refusal};
use reverse_path::ReversePath;

/// What is needed of the base of an IPv4 VMAC: it answers no ARP request for an address that is on the VMAC.
const BASE: [(Setting, u32); 2] = [(Setting::ArpFilter, 1), (Setting::ArpIgnore, 1)];

/// How long an ipvlan that is to go stays: the kernel passes on what it sends to groups a little later, a goodbye among it,
/// and drops what it has not passed on by then.
const LINGERS: Duration = Duration::from_millis(5);

/// The group that links are put into to be removed together ("stfd"). None is ever in it for longer than that takes.
const GRAVE: u32 = 0x7374_6664;

/// The links that we made.
pub(crate) struct VirtualLinks {
    exchange: Exchange,
    made: BTreeMap<LinkName, Made>,
    doomed: Vec<Doomed>,
    /// How the settings of bases were.
    before: BTreeMap<LinkIndex, Vec<(Setting, u32)>>,
    reverse_path: Option<ReversePath>,
    /// Links that did not promote secondary addresses before.
    promoted: BTreeSet<LinkIndex>,
}

/// A link that we made, or found as we would have made it.
#[derive(Clone, Copy)]
struct Made {
    index: LinkIndex,
    base: LinkIndex,
    /// It needs the settings of an IPv4 VMAC.
    is_ipv4: bool,
    domain: Option<LinkIndex>,
    /// IPv6 is off until its first address: what the kernel tells of groups must not leave before the packet filter,
    /// which names the link by its number, keeps it from telling switches a false place of the Ethernet address.
    sleeps: bool,
}

/// A link that is to go.
struct Doomed {
    ticket: Ticket,
    name: LinkName,
    index: LinkIndex,
    /// Not before.
    due: Instant,
}

impl VirtualLinks {
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self {
            exchange: Exchange::open(NETLINK_ROUTE)?,
            made: BTreeMap::new(),
            doomed: Vec::new(),
            before: BTreeMap::new(),
            reverse_path: None,
            promoted: BTreeSet::new(),
        })
    }

    /// Makes a link, sets it up and brings it up. One that fits and is there already is taken over.
    pub(crate) fn add(&mut self, link: &VirtualLink, arrivals: &mut Vec<Arrival>) -> Result<(), Refusal> {
        // One of them may have its name, or its Ethernet address on its base.
        let doomed = std::mem::take(&mut self.doomed);
        self.bury(doomed, arrivals);
        let mut found = self.ask(&link.name)?;
        let mut base = self.base_of(link)?;
        if let Some(there) = found.take_if(|there| !there.fits(&link.kind, &base)) {
            if self.made.get(&link.name).is_none_or(|made| made.index != there.index) {
                let why = format!(
                    "there is an interface {} already, and it is not this virtual router's on {}",
                    link.name, link.base
                );
                return Err(refusal(libc::EEXIST, Some(why)));
            }
            self.remove(&link.name)?;
            base = self.base_of(link)?;
        }
        let group = link.group.unwrap_or(base.group);
        let is_new = found.is_none();
        if is_new {
            self.change_with(NLM_F_CREATE | NLM_F_EXCL, &message::make(link, base.index, group))?;
        }
        let result = self.set_up(link, &base, group, found);
        if result.is_err() && is_new {
            // Half of it would be worse than none: its traffic would pass where it must not.
            let _ = self.remove(&link.name);
        }
        result
    }

    /// Notes that a link is to go. It goes with others, at [`Self::bury_due`]: each removal makes the kernel wait for all
    /// its processors, and all the links of a stop can go in one. What needs no waiting is answered at once.
    pub(crate) fn doom(&mut self, ticket: Ticket, name: &LinkName, arrivals: &mut Vec<Arrival>) {
        match self.removable(name) {
            Ok(Some(found)) => {
                let due = if found.kind == "ipvlan" { clock::now() + LINGERS } else { Instant::ZERO };
                self.doomed.push(Doomed { ticket, name: name.clone(), index: found.index, due });
            }
            answered => {
                let result = answered.map(|_| self.forget(name));
                arrivals.push(Arrival::Settled { ticket, result });
            }
        }
    }

    /// Removes the links that are to go by now, and restores what they needed if no other does. Returns when others are.
    pub(crate) fn bury_due(&mut self, arrivals: &mut Vec<Arrival>) -> Option<Instant> {
        if !self.doomed.is_empty() {
            let now = clock::now();
            let (due, later) = std::mem::take(&mut self.doomed).into_iter().partition(|one| one.due <= now);
            self.doomed = later;
            self.bury(due, arrivals);
        }
        self.doomed.iter().map(|one| one.due).min()
    }

    fn bury(&mut self, doomed: Vec<Doomed>, arrivals: &mut Vec<Arrival>) {
        let gathered = doomed.len() > 1
            && doomed.iter().all(|one| self.change(&message::set_group(one.index, GRAVE)).is_ok())
            && self.exchange.perform(RTM_DELLINK, 0, &message::name_group(GRAVE)).is_ok();
        for Doomed { ticket, name, index, due: _ } in doomed {
            let result = if gathered { Ok(()) } else { self.delete(index) };
            if result.is_ok() {
                self.forget(&name);
            }
            arrivals.push(Arrival::Settled { ticket, result });
        }
    }

    /// Lets secondary addresses of a link live on when the first goes, and notes how it was.
    pub(crate) fn promote(&mut self, link: LinkIndex) -> Result<(), Refusal> {
        if self.would_promote(link)? {
            self.change(&message::set_ipv4(link, &[(Setting::PromoteSecondaries, 1)]))?;
            self.promoted.insert(link);
        }
        Ok(())
    }

    /// Whether [`Self::promote`] would change something.
    pub(crate) fn would_promote(&mut self, link: LinkIndex) -> Result<bool, Refusal> {
        let payload = self.exchange.perform(RTM_GETLINK, 0, &message::name_by(link))?;
        Ok(Seen::read(&payload).and_then(|seen| seen.setting(Setting::PromoteSecondaries)) == Some(0))
    }

    /// An earlier life promoted these.
    pub(crate) fn remember_promoted(&mut self, links: impl IntoIterator<Item = LinkIndex>) {
        self.promoted.extend(links);
    }

    /// Restores what [`Self::promote`] changed. A link that is gone needs nothing.
    pub(crate) fn demote(&mut self, link: LinkIndex) {
        if self.promoted.remove(&link) {
            let _ = self.change(&message::set_ipv4(link, &[(Setting::PromoteSecondaries, 0)]));
        }
    }

    /// Restores all that is left of it.
    pub(crate) fn demote_all(&mut self) {
        for link in std::mem::take(&mut self.promoted) {
            self.promoted.insert(link);
            self.demote(link);
        }
    }

    /// An IPv6 address is about to be put on a link: IPv6 is switched on for it, if it is one of ours that waits for that.
    pub(crate) fn wake(&mut self, link: LinkIndex) {
        let sleeper = self.made.iter_mut().find(|(_, made)| made.index == link && made.sleeps);
        if let Some((name, made)) = sleeper {
            made.sleeps = false;
            switch_ipv6(name, true);
        }
    }

    /// A link is gone: one of ours that somebody removed, or that went with its base.
    pub(crate) fn gone(&mut self, index: LinkIndex) {
        self.before.remove(&index);
        self.promoted.remove(&index);
        let ours = self.made.iter().find(|(_, made)| made.index == index).map(|(name, _)| name.clone());
        if let Some(name) = ours {
            self.forget(&name);
        }
    }

    /// A link went to another routing domain: what is on it follows.
    pub(crate) fn follow(&mut self, base: LinkIndex, domain: Option<LinkIndex>) {
        let Self { exchange, made, .. } = self;
        for made in made.values_mut().filter(|made| made.base == base && made.domain != domain) {
            // What the kernel refuses is tried again when the base moves again: there is nobody to tell.
            if exchange.perform(RTM_NEWLINK, 0, &message::set_domain(made.index, domain)).is_ok() {
                made.domain = domain;
            }
        }
    }

    fn base_of(&mut self, link: &VirtualLink) -> Result<Seen, Refusal> {
        let missing = || refusal(libc::ENODEV, Some(format!("there is no interface {}", link.base)));
        self.ask(&link.base)?.ok_or_else(missing)
    }

    /// The link to remove: none if it is not there, and none that cannot be ours. Notes what is to be restored after it.
    fn removable(&mut self, name: &LinkName) -> Result<Option<Seen>, Refusal> {
        let Some(found) = self.ask(name)? else { return Ok(None) };
        if self.made.get(name).is_some_and(|made| made.index == found.index) {
            return Ok(Some(found));
        }
        if !found.may_be_ours() {
            return Err(refusal(libc::EPERM, Some(format!("the interface {name} is not ours to remove"))));
        }
        if let Some(base) = found.on {
            let noted = read_note(&found.alias);
            if self.reverse_path.is_none() && noted.contains_key(reverse_path::ALL) {
                self.reverse_path = Some(ReversePath::loosen(&noted)?);
            }
            let noted: Vec<_> =
                BASE.iter().filter_map(|(one, _)| Some((*one, *noted.get(one.name())?))).collect();
            let made = Made {
                index: found.index,
                base,
                is_ipv4: !noted.is_empty(),
                domain: found.domain,
                sleeps: false,
            };
            self.made.insert(name.clone(), made);
            if made.is_ipv4 {
                self.before.entry(base).or_insert(noted);
            }
        }
        Ok(Some(found))
    }

    /// Removes one link at once.
    fn remove(&mut self, name: &LinkName) -> Result<(), Refusal> {
        if let Some(found) = self.removable(name)? {
            self.delete(found.index)?;
        }
        self.forget(name);
        Ok(())
    }

    fn delete(&mut self, index: LinkIndex) -> Result<(), Refusal> {
        match self.exchange.perform(RTM_DELLINK, 0, &message::name_by(index)) {
            Err(refusal) if refusal.code != libc::ENODEV => Err(refusal),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// A link is gone: restores what it alone needed.
    fn forget(&mut self, name: &LinkName) {
        if let Some(made) = self.made.remove(name) {
            self.restore(made.base);
        }
    }

    fn set_up(
        &mut self,
        link: &VirtualLink,
        base: &Seen,
        group: u32,
        found: Option<Seen>,
    ) -> Result<(), Refusal> {
        let is_new = found.is_none();
        let own = match found {
            Some(found) => found,
            None => self
                .ask(&link.name)?
                .ok_or_else(|| refusal(libc::ENODEV, Some("it was removed as soon as it was made".into())))?,
        };
        let is_vmac = matches!(link.kind, VirtualLinkKind::Vmac(_));
        let is_ipv4 = is_vmac && (link.family == Family::V4 || link.both_families);
        let has_ipv6 = is_vmac && (link.family == Family::V6 || link.both_families);
        let sleeps = has_ipv6 && is_new;
        let made = Made { index: own.index, base: base.index, is_ipv4, domain: own.domain, sleeps };
        self.made.insert(link.name.clone(), made);
        if own.group != group {
            self.change(&message::set_group(own.index, group))?;
        }
        if is_ipv4 {
            let noted = read_note(&own.alias);
            // Before the VMAC's own settings: it is one of the links that this touches.
            if self.reverse_path.is_none() {
                self.reverse_path = Some(ReversePath::loosen(&noted)?);
            }
            self.prepare_base(base, own.index, &noted)?;
        }
        if is_vmac {
            self.prepare_vmac(own.index, is_ipv4)?;
            switch_ipv6(&link.name, has_ipv6 && !sleeps);
        }
        if own.domain != base.domain {
            self.change(&message::set_domain(own.index, base.domain))?;
        }
        self.made.insert(link.name.clone(), Made { domain: base.domain, ..made });
        self.change(&message::set_up(own.index))
    }

    fn prepare_vmac(&mut self, index: LinkIndex, is_ipv4: bool) -> Result<(), Refusal> {
        let mut settings = vec![(Setting::ArpIgnore, 1), (Setting::PromoteSecondaries, 1)];
        if is_ipv4 {
            settings.extend([(Setting::AcceptLocal, 1), (Setting::ReversePathFilter, 0)]);
        }
        self.change(&message::set_ipv4(index, &settings))?;
        match self.change(&message::no_own_ipv6(index)) {
            // A kernel without IPv6 gives no IPv6 address.
            Err(refusal) if refusal.code == libc::EAFNOSUPPORT => Ok(()),
            result => result,
        }
    }

    /// Sets the base up, and notes how things were: on the VMAC, so that a later life can restore them after a crash.
    fn prepare_base(
        &mut self,
        base: &Seen,
        own: LinkIndex,
        noted: &BTreeMap<String, u32>,
    ) -> Result<(), Refusal> {
        let before = self.before.entry(base.index).or_insert_with(|| {
            let was = |setting: Setting| noted.get(setting.name()).copied().or_else(|| base.setting(setting));
            BASE.iter().filter_map(|(setting, _)| Some((*setting, was(*setting)?))).collect()
        });
        let mut note = NOTE.to_owned();
        for (name, value) in before.iter().map(|(setting, value)| (setting.name(), *value)) {
            note.push_str(&format!(" {name}={value}"));
        }
        for (name, value) in self.reverse_path.iter().flat_map(ReversePath::note) {
            note.push_str(&format!(" {name}={value}"));
        }
        self.change(&message::set_alias(own, &note))?;
        self.change(&message::set_ipv4(base.index, &BASE))
    }

    /// Restores what none of our links needs any more. What somebody changed meanwhile stays as it is.
    fn restore(&mut self, base: LinkIndex) {
        if self.made.values().any(|made| made.is_ipv4 && made.base == base) {
            return;
        }
        if let Some(before) = self.before.remove(&base)
            && let Ok(payload) = self.exchange.perform(RTM_GETLINK, 0, &message::name_by(base))
            && let Some(now) = Seen::read(&payload)
        {
            let ours = |(setting, _): &(Setting, u32)| {
                BASE.iter().any(|(one, value)| one == setting && now.setting(*setting) == Some(*value))
            };
            let before: Vec<_> = before.into_iter().filter(ours).collect();
            let _ = self.change(&message::set_ipv4(base, &before));
        }
        if !self.made.values().any(|made| made.is_ipv4)
            && let Some(reverse_path) = self.reverse_path.take()
        {
            reverse_path.restore();
        }
    }

    fn ask(&mut self, name: &LinkName) -> Result<Option<Seen>, Refusal> {
        match self.exchange.perform(RTM_GETLINK, 0, &message::ask(name)) {
            Ok(payload) => Ok(Seen::read(&payload)),
            Err(refusal) if refusal.code == libc::ENODEV => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    fn change(&mut self, payload: &[u8]) -> Result<(), Refusal> {
        self.change_with(0, payload)
    }

    fn change_with(&mut self, flags: u16, payload: &[u8]) -> Result<(), Refusal> {
        self.exchange.perform(RTM_NEWLINK, flags, payload).map(|_| ())
    }
}

/// Without IPv6 the file is not there. Where it cannot be written, IPv6 without an address does little harm, and an address
/// that cannot be put is refused then.
fn switch_ipv6(link: &LinkName, on: bool) {
    let path = format!("/proc/sys/net/ipv6/conf/{link}/disable_ipv6");
    let _ = std::fs::write(path, if on { "0" } else { "1" });
}

/// What stands before the settings that are noted on a VMAC.
const NOTE: &str = "standfast found";

fn read_note(alias: &str) -> BTreeMap<String, u32> {
    let words = alias.strip_prefix(NOTE).unwrap_or_default().split_whitespace();
    let read = |word: &str| {
        let (name, value) = word.split_once('=')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    words.filter_map(read).collect()
}
