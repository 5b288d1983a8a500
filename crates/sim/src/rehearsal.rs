//! One engine, alone, on a machine that does what it is told at once: what would a configuration do?
//!
//! The engine is the one that routers run. Every link that the configurations name is there and up, every source
//! address of theirs is on it, every script succeeds, every tracked thing is well, and nobody else speaks. So an
//! instance becomes master, and a reload shows what it does to a master.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use host::{
    Arrival, Engine, Instant, LinkAddress, LinkIndex, LinkName, MacAddress, NetworkOp, Outcome, Packet,
    Prefix, RouteKey, Rule, Ticket, WallClock,
};
use vrrp::config::{InstanceConfig, VirtualAddress, VirtualRoute};
use vrrp::{Action, Config, Event, Notice, Router, Status};

use crate::machine::Machine;

/// Announcements carry this number instead of an instance's.
const ANNOUNCEMENT: u64 = u64::MAX;

/// Most turns without time passing: an engine that takes more talks to itself.
const MOST_TURNS: usize = 1_000_000;

/// What a machine has that a worker may change.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Held {
    /// Names of links.
    pub links: BTreeSet<LinkName>,
    /// Addresses with the names of their links.
    pub addresses: BTreeSet<(LinkName, Prefix)>,
    /// Routes.
    pub routes: BTreeSet<RouteKey>,
    /// Policy rules.
    pub rules: BTreeSet<Rule>,
}

impl Held {
    /// What a machine has now.
    pub fn of(machine: &Machine) -> Self {
        let Arrival::Surveyed { links, addresses, routes, rules } = machine.survey() else {
            return Self::default();
        };
        let names: BTreeMap<LinkIndex, LinkName> =
            links.into_iter().map(|link| (link.index, link.name)).collect();
        Self {
            addresses: addresses
                .into_iter()
                .filter_map(|address| Some((names.get(&address.link)?.clone(), address.prefix)))
                .collect(),
            links: names.into_values().collect(),
            routes: routes.into_iter().collect(),
            rules: rules.into_iter().collect(),
        }
    }
}

/// An advert that went out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sent {
    /// When.
    pub at: Instant,
    /// The engine's number of the instance: the same as long as the virtual router is.
    pub instance: u64,
    /// Priority in the advert.
    pub priority: u8,
}

/// An engine and its machine.
#[derive(Debug)]
pub struct Rehearsal {
    router: Router,
    machine: Machine,
    now: Instant,
    /// How long the kernel takes for an order; at first it does everything at once.
    pub kernel_takes: Duration,
    /// Orders that it has not carried out, and when it will have.
    kernel: VecDeque<(Instant, Ticket, NetworkOp)>,
    /// What was said, since it was last taken.
    pub notices: Vec<Notice>,
    /// Adverts that went out, since they were last taken.
    pub adverts: Vec<Sent>,
    /// Orders to the kernel, since they were last taken.
    pub orders: Vec<NetworkOp>,
}

impl Rehearsal {
    /// A machine with all that these configurations name, and an engine that has looked at it.
    pub fn new(configs: &[&Config]) -> Self {
        let mut machine = Machine::new();
        for (number, (name, sources)) in (1_u8..).zip(links(configs)) {
            let link = machine.add_link(name, MacAddress([2, 0, 0, 0, 0, number]));
            let own = [
                Prefix::new(IpAddr::V4(Ipv4Addr::new(198, 18, 0, number)), 24),
                Prefix::new(IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number.into())), 64),
            ];
            let sources = sources.into_iter().map(|source| Some(Prefix::host(source)));
            for prefix in own.into_iter().chain(sources).flatten() {
                machine.add_address(LinkAddress::plain(link, prefix));
            }
        }
        let survey = machine.survey();
        let mut rehearsal = Self {
            router: Router::default(),
            machine,
            now: Instant::ZERO,
            kernel_takes: Duration::ZERO,
            kernel: VecDeque::new(),
            notices: Vec::new(),
            adverts: Vec::new(),
            orders: Vec::new(),
        };
        rehearsal.tell(Some(Event::ClockSet(WallClock::default())));
        rehearsal.tell(event(survey));
        rehearsal
    }

    /// The engine is given a configuration, the first or another.
    pub fn obey(&mut self, config: &Config) {
        self.tell(Some(Event::Configured(Box::new(config.clone()))));
        for file in &config.files {
            self.tell(Some(Event::FileRead { file: file.name.clone(), value: 0 }));
        }
        for set in &config.processes {
            self.tell(Some(Event::ProcessesCounted { name: set.name.clone(), quorum: true }));
        }
        let sessions: BTreeSet<&String> =
            config.instances.iter().flat_map(|it| &it.track_bfds).map(|session| &session.name).collect();
        for name in sessions {
            self.tell(Some(Event::BfdChanged { name: name.clone(), up: true }));
        }
    }

    /// Lets so much time pass.
    pub fn run_for(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            let woken = self.router.next_deadline().filter(|at| *at <= until);
            let done = self.kernel.front().map(|(at, ..)| *at).filter(|at| *at <= until);
            if let Some(at) = done.filter(|done| woken.is_none_or(|woken| *done <= woken)) {
                self.now = self.now.max(at);
                self.carry_out();
            } else if let Some(at) = woken {
                self.now = self.now.max(at);
                self.tell([Event::Wake]);
            } else {
                break;
            }
        }
        self.now = until;
    }

    /// The present.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// How the engine stands.
    pub fn status(&self) -> Status {
        self.router.status(self.now)
    }

    /// What the machine has.
    pub fn held(&self) -> Held {
        Held::of(&self.machine)
    }

    /// The kernel is done with its oldest order.
    fn carry_out(&mut self) {
        if let Some((_, ticket, op)) = self.kernel.pop_front() {
            let (result, arrivals) = self.machine.apply(op);
            let reports = arrivals.into_iter().filter_map(self::event);
            self.tell(reports.chain([Event::Settled { ticket, result }]).collect::<Vec<_>>());
        }
    }

    /// The engine's turns, until it has nothing more to say about what it was told.
    fn tell(&mut self, events: impl IntoIterator<Item = Event>) {
        let mut waiting: VecDeque<Event> = events.into_iter().collect();
        let mut actions = Vec::new();
        for _ in 0..MOST_TURNS {
            let Some(event) = waiting.pop_front() else { return };
            self.router.handle(event, self.now, &mut actions);
            for action in actions.drain(..) {
                self.perform(action, &mut waiting);
            }
        }
    }

    fn perform(&mut self, action: Action, waiting: &mut VecDeque<Event>) {
        match action {
            Action::Network(ticket, op) => {
                self.orders.push(op.clone());
                if self.kernel_takes > Duration::ZERO {
                    self.kernel.push_back((self.now + self.kernel_takes, ticket, op));
                    return;
                }
                let (result, arrivals) = self.machine.apply(op);
                waiting.extend(arrivals.into_iter().filter_map(self::event));
                waiting.push_back(Event::Settled { ticket, result });
            }
            Action::Firewall(ticket, _) => waiting.push_back(Event::Settled { ticket, result: Ok(()) }),
            Action::Run(id, _) => waiting.push_back(Event::JobEnded(id, Outcome::Exited(0))),
            Action::Send(datagram) => {
                if let Some(priority) = priority(&datagram.packet).filter(|_| datagram.tag != ANNOUNCEMENT) {
                    self.adverts.push(Sent { at: self.now, instance: datagram.tag, priority });
                }
            }
            Action::Notice(notice) => self.notices.push(notice),
            Action::Listen(..) | Action::Size(..) | Action::Ignore(_) | Action::End(_) => {}
        }
    }
}

/// Of what a machine tells, what this one does.
fn event(arrival: Arrival) -> Option<Event> {
    match arrival {
        Arrival::Surveyed { links, addresses, routes, rules } => {
            Some(Event::Surveyed { links, addresses, routes, rules })
        }
        Arrival::LinkChanged(link) => Some(Event::LinkChanged(link)),
        Arrival::LinkRemoved(link) => Some(Event::LinkRemoved(link)),
        Arrival::AddressAdded(address) => Some(Event::AddressAdded(address)),
        Arrival::AddressRemoved(address) => Some(Event::AddressRemoved(address)),
        Arrival::RouteAdded(key) => Some(Event::RouteAdded(key)),
        Arrival::RouteRemoved(key) => Some(Event::RouteRemoved(key)),
        Arrival::RuleAdded(rule) => Some(Event::RuleAdded(rule)),
        Arrival::RuleRemoved(rule) => Some(Event::RuleRemoved(rule)),
        Arrival::Received(_)
        | Arrival::Settled { .. }
        | Arrival::Unsent { .. }
        | Arrival::Deaf { .. }
        | Arrival::ClockSet(_)
        | Arrival::FileRead { .. }
        | Arrival::ProcessesCounted { .. }
        | Arrival::CarrierRead { .. }
        | Arrival::UdpReceived(_)
        | Arrival::UdpClosed { .. }
        | Arrival::IpvsSurveyed(_)
        | Arrival::Woken => None,
    }
}

/// The priority in an advert.
fn priority(packet: &Packet) -> Option<u8> {
    match packet {
        Packet::Ipv4(bytes) => bytes.get(usize::from(bytes.first()? & 0xf) * 4 + 2).copied(),
        Packet::Ipv6 { payload, .. } => payload.get(2).copied(),
        Packet::Ethernet(_) => None,
    }
}

/// Every link that is named and not made by the engine, with the source addresses that must be on it.
fn links(configs: &[&Config]) -> BTreeMap<LinkName, BTreeSet<IpAddr>> {
    let mut links: BTreeMap<LinkName, BTreeSet<IpAddr>> = BTreeMap::new();
    let instances = || configs.iter().flat_map(|config| &config.instances);
    for instance in instances() {
        if let Some(link) = &instance.link {
            links.entry(link.clone()).or_default().extend(instance.source);
        }
        for link in instance_links(instance) {
            links.entry(link.clone()).or_default();
        }
    }
    for statics in configs.iter().map(|config| &config.statics) {
        let addresses = statics.addresses.iter().map(|(link, _)| link);
        for link in addresses.chain(statics.routes.iter().flat_map(route_links)) {
            links.entry(link.clone()).or_default();
        }
    }
    for own in instances().filter_map(|instance| instance.own_link.as_ref()) {
        links.remove(&own.link.name);
    }
    for own in instances().flat_map(|instance| &instance.address_links) {
        links.entry(own.base.clone()).or_default();
        links.remove(&own.name);
    }
    links
}

fn instance_links(instance: &InstanceConfig) -> impl Iterator<Item = &LinkName> {
    let addresses = instance.addresses.iter().chain(&instance.excluded);
    let addresses = addresses.filter_map(|address: &VirtualAddress| address.link.as_ref());
    let tracked = instance.track_links.iter().map(|tracked| &tracked.link);
    addresses.chain(tracked).chain(instance.routes.iter().flat_map(route_links))
}

fn route_links(route: &VirtualRoute) -> impl Iterator<Item = &LinkName> {
    route.route.hops.iter().filter_map(|hop| hop.link.as_ref())
}
