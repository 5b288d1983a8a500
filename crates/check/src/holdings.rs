//! What this node should have in the kernel's table, what it has, and the orders between the two.
//!
//! Orders are always *wanted minus held*: the start, a server that comes or goes, a reload, a worker that was started anew
//! and finds what its predecessor left, and the stop are one mechanism. Nobody tells of what others change in the table, so
//! it is looked at before a configuration takes effect, and again when the kernel refused something.
//!
//! Differs: keepalived adds to what it finds, so that a service keeps a foreign scheduler and foreign servers.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use host::ipvs::{Destination, DestinationKey, IpvsOp, IpvsTable, Service, ServiceKey, Timeouts};
use host::{Instant, Refusal, Ticket};

use crate::event::Action;
use crate::notice::Notice;
use crate::service::Table;

/// First and longest pause before the table is looked at again because something was refused.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// An entry of the table. A service stands before its destinations.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Key(ServiceKey, Option<DestinationKey>);

/// What is said of an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Item {
    Service(Service),
    Destination(Destination),
}

/// How an entry stands.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Standing {
    /// Ordered; no answer yet.
    Asked(Ticket, Item),
    /// There.
    Held(Item),
    /// Ordered to go; no answer yet.
    Leaving(Ticket),
}

/// What an order was about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Subject {
    Entry(Key),
    Flush,
    Timeouts,
}

/// What one node holds.
#[derive(Debug, Default)]
pub(crate) struct Holdings {
    wanted: BTreeMap<Key, Item>,
    held: BTreeMap<Key, Standing>,
    /// Services that are ours, or were and are still there: nothing else in the table is our business.
    ours: BTreeSet<ServiceKey>,
    /// Entries of which something changed since orders were last given.
    doubtful: BTreeSet<Key>,
    tickets: BTreeMap<Ticket, Subject>,
    /// What the kernel refused, and as what; it is not asked again before the table was looked at.
    refused: BTreeMap<Key, Item>,
    /// The table was looked at since the last configuration.
    known: bool,
    /// When it is looked at again, and the pause after that.
    retry: Option<Instant>,
    pause: Duration,
    /// It was said that the table cannot be looked at.
    blind: bool,
    /// What was said to be refused, and was not done since.
    complained: BTreeSet<Subject>,
    next_ticket: u64,
    /// How long idle connections were kept before we came, and are to be kept.
    timeouts: (Option<Timeouts>, Timeouts),
}

impl Holdings {
    /// Has the table looked at; until that is done, nothing is ordered.
    pub(crate) fn look(&mut self, out: &mut Vec<Action>) {
        self.known = false;
        self.retry = None;
        out.push(Action::Survey);
    }

    /// These services are ours from now on, besides those that still are there.
    pub(crate) fn claim(&mut self, keys: impl Iterator<Item = ServiceKey>) {
        if self.known {
            let held: BTreeSet<ServiceKey> = self.held.keys().map(|key| key.0).collect();
            self.ours.retain(|key| held.contains(key));
        }
        self.ours.extend(keys);
    }

    /// Replaces what is wanted of some services.
    pub(crate) fn want(&mut self, table: Table) {
        for (key, (service, destinations)) in table {
            let mut items: BTreeMap<Key, Item> = destinations
                .into_iter()
                .map(|(place, destination)| (Key(key, Some(place)), Item::Destination(destination)))
                .collect();
            items.insert(Key(key, None), Item::Service(service));
            self.replace(key, items);
        }
    }

    /// Nothing is wanted of a service any more.
    pub(crate) fn renounce(&mut self, key: ServiceKey) {
        self.replace(key, BTreeMap::new());
    }

    /// How long idle connections are to be kept.
    pub(crate) fn want_timeouts(&mut self, timeouts: Timeouts) {
        self.timeouts.1 = timeouts;
    }

    /// Orders the whole table away, what is not ours too.
    pub(crate) fn flush(&mut self, out: &mut Vec<Action>) {
        self.held.clear();
        self.doubtful.extend(self.wanted.keys());
        self.submit(Subject::Flush, IpvsOp::Flush, out);
    }

    /// Takes in what the table holds, or that this cannot be told.
    pub(crate) fn survey(&mut self, found: Result<IpvsTable, Refusal>, now: Instant, out: &mut Vec<Action>) {
        let table = match found {
            Ok(table) => table,
            Err(refusal) => {
                if !core::mem::replace(&mut self.blind, true) {
                    out.push(Action::Notice(Notice::NoTable { why: refusal.why }));
                }
                return self.retry_later(now);
            }
        };
        self.blind = false;
        self.known = true;
        self.refused.clear();
        let mut present = BTreeMap::new();
        for (key, entry) in table.services.into_iter().filter(|(key, _)| self.ours.contains(key)) {
            present.insert(Key(key, None), Item::Service(entry.service));
            for (place, entry) in entry.destinations {
                present.insert(Key(key, Some(place)), Item::Destination(entry.destination));
            }
        }
        // What was ordered meanwhile is answered after this.
        self.held.retain(|_, standing| !matches!(standing, Standing::Held(_)));
        for (key, item) in present {
            self.held.entry(key).or_insert(Standing::Held(item));
        }
        self.doubtful.extend(self.held.keys().chain(self.wanted.keys()));
        self.keep_connections(table.timeouts, out);
    }

    /// An order was carried out or refused.
    pub(crate) fn settled(
        &mut self,
        ticket: Ticket,
        result: Result<(), Refusal>,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        let Some(subject) = self.tickets.remove(&ticket) else { return };
        if let Subject::Entry(key) = subject {
            self.settle(key, ticket, result.is_ok());
        }
        match result {
            Ok(()) => {
                self.complained.remove(&subject);
                if self.tickets.is_empty() && self.refused.is_empty() {
                    self.pause = Duration::ZERO;
                }
            }
            Err(refusal) => {
                if self.complained.insert(subject) {
                    let what = subject.to_string();
                    out.push(Action::Notice(Notice::Refused { what, why: refusal.why }));
                }
                self.retry_later(now);
            }
        }
    }

    /// Looks at the table again if that is due.
    pub(crate) fn wake(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.retry.is_some_and(|at| at <= now) {
            self.look(out);
        }
    }

    /// When the table is looked at again.
    pub(crate) const fn next_deadline(&self) -> Option<Instant> {
        self.retry
    }

    /// Appends the orders that make what is held what is wanted. Orders that take come first.
    pub(crate) fn order(&mut self, out: &mut Vec<Action>) {
        if !self.known {
            return;
        }
        let doubtful = core::mem::take(&mut self.doubtful);
        for key in &doubtful {
            let gone =
                matches!(self.held.get(key), Some(Standing::Held(_))) && !self.wanted.contains_key(key);
            if gone {
                self.take(*key, out);
            }
        }
        for key in doubtful {
            let Some(item) = self.wanted.get(&key) else { continue };
            let lacks = match self.held.get(&key) {
                Some(Standing::Held(held)) => held != item,
                Some(Standing::Asked(_, asked)) => asked != item,
                Some(Standing::Leaving(_)) | None => true,
            };
            if lacks && self.refused.get(&key) != Some(item) {
                self.put(key, item.clone(), out);
            }
        }
    }

    /// Orders that have no answer yet, or that could not be given yet.
    pub(crate) fn outstanding(&self) -> usize {
        self.tickets.len() + usize::from(!self.known && !self.blind && !self.ours.is_empty())
    }

    /// Entries that the kernel refused to make.
    pub(crate) fn refused(&self) -> usize {
        self.refused.len()
    }

    fn replace(&mut self, service: ServiceKey, items: BTreeMap<Key, Item>) {
        let of_service = |map: &BTreeMap<Key, Item>| -> Vec<Key> {
            map.range(Key(service, None)..).map(|(key, _)| *key).take_while(|key| key.0 == service).collect()
        };
        for key in of_service(&self.wanted) {
            if !items.contains_key(&key) {
                self.wanted.remove(&key);
                self.doubtful.insert(key);
            }
        }
        for (key, item) in items {
            if self.wanted.get(&key) != Some(&item) {
                self.doubtful.insert(key);
                self.wanted.insert(key, item);
            }
        }
    }

    fn take(&mut self, key: Key, out: &mut Vec<Action>) {
        let Key(service, destination) = key;
        let op = match destination {
            Some(place) => IpvsOp::RemoveDestination(service, place),
            None => {
                // Its destinations go with it.
                self.held.retain(|held, _| held.0 != service);
                IpvsOp::RemoveService(service)
            }
        };
        let ticket = self.submit(Subject::Entry(key), op, out);
        self.held.insert(key, Standing::Leaving(ticket));
    }

    fn put(&mut self, key: Key, item: Item, out: &mut Vec<Action>) {
        let op = match (key, item.clone()) {
            (Key(service, None), Item::Service(settings)) => IpvsOp::PutService(service, settings),
            (Key(service, Some(place)), Item::Destination(destination)) => {
                IpvsOp::PutDestination(service, place, destination)
            }
            // No such entry is made.
            (Key(_, None), Item::Destination(_)) | (Key(_, Some(_)), Item::Service(_)) => return,
        };
        self.refused.remove(&key);
        let ticket = self.submit(Subject::Entry(key), op, out);
        self.held.insert(key, Standing::Asked(ticket, item));
    }

    fn settle(&mut self, key: Key, ticket: Ticket, done: bool) {
        match self.held.get(&key) {
            Some(Standing::Asked(asked, item)) if *asked == ticket => {
                let item = item.clone();
                if done {
                    self.held.insert(key, Standing::Held(item));
                } else {
                    self.held.remove(&key);
                    self.refused.insert(key, item);
                }
                self.doubtful.insert(key);
            }
            Some(Standing::Leaving(asked)) if *asked == ticket => {
                // Refused, it is there: the next look at the table will show it.
                self.held.remove(&key);
                self.doubtful.insert(key);
            }
            // A later order has overtaken it.
            Some(Standing::Asked(..) | Standing::Leaving(_) | Standing::Held(_)) | None => {}
        }
    }

    fn submit(&mut self, subject: Subject, op: IpvsOp, out: &mut Vec<Action>) -> Ticket {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        self.tickets.insert(ticket, subject);
        out.push(Action::Ipvs(ticket, op));
        ticket
    }

    fn retry_later(&mut self, now: Instant) {
        if self.retry.is_none() {
            self.pause = (self.pause * 2).clamp(RETRY.0, RETRY.1);
            self.retry = Some(now + self.pause);
        }
    }

    /// Sets how long idle connections are kept, and puts back what we found where we do not say any more.
    fn keep_connections(&mut self, present: Timeouts, out: &mut Vec<Action>) {
        let (found, wanted) = self.timeouts;
        let found = found.unwrap_or(present);
        let aim = Timeouts {
            tcp: wanted.tcp.or(found.tcp),
            tcp_fin: wanted.tcp_fin.or(found.tcp_fin),
            udp: wanted.udp.or(found.udp),
        };
        if wanted == Timeouts::default() && self.timeouts.0.is_none() {
            return;
        }
        self.timeouts.0 = Some(found);
        if aim != present {
            self.submit(Subject::Timeouts, IpvsOp::SetTimeouts(aim), out);
        }
    }

    /// The end: idle connections are kept as they were before we came.
    pub(crate) fn restore_timeouts(&mut self, out: &mut Vec<Action>) {
        if let Some(found) = self.timeouts.0.take() {
            self.submit(Subject::Timeouts, IpvsOp::SetTimeouts(found), out);
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(Key(service, None)) => write!(f, "{service}"),
            Self::Entry(Key(service, Some(place))) => {
                write!(f, "{service} -> {}:{}", place.address, place.port)
            }
            Self::Flush => f.write_str("clearing the table"),
            Self::Timeouts => f.write_str("timeouts"),
        }
    }
}
