//! An engine, and a kernel's table that does what it is ordered.

use alloc::collections::BTreeMap;
use alloc::collections::{BTreeSet, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;

use host::ipvs::{
    Destination, DestinationEntry, DestinationKey, Forwarding, IpvsOp, IpvsTable, NO_IPVS, Service,
    ServiceEntry, ServiceKey, Traffic, Transport,
};
use host::{Command, Engine, Family, Instant, Refusal};

use crate::config::{
    Check, CheckKind, Config, Connection, Pace, Quorum, RealServer, ServerScripts, SorryServer, Target,
    VirtualServer,
};
use crate::{Action, Director, Event};
use core::time::Duration;

/// An engine with a table.
pub(super) struct Bench {
    pub(super) director: Director,
    pub(super) kernel: IpvsTable,
    pub(super) now: Instant,
    /// There is no IPVS.
    pub(super) absent: bool,
    /// What the kernel refuses to make.
    pub(super) refused: BTreeSet<ServiceKey>,
    /// It does not answer.
    pub(super) mute: bool,
    pub(super) waiting: VecDeque<Event>,
    pub(super) orders: Vec<String>,
    pub(super) lines: Vec<String>,
    pub(super) news: Vec<String>,
    pub(super) scripts: Vec<String>,
}

impl Bench {
    pub(super) fn empty() -> Self {
        Self {
            director: Director::default(),
            kernel: IpvsTable::default(),
            now: Instant::ZERO,
            absent: false,
            refused: BTreeSet::new(),
            mute: false,
            waiting: VecDeque::new(),
            orders: Vec::new(),
            lines: Vec::new(),
            news: Vec::new(),
            scripts: Vec::new(),
        }
    }

    pub(super) fn new(config: Config) -> Self {
        let mut bench = Self::empty();
        bench.configure(config);
        bench
    }

    pub(super) fn configure(&mut self, config: Config) {
        self.tell(Event::Configured(config.into()));
    }

    pub(super) fn path(&mut self, session: &str, alive: bool) {
        self.tell(Event::PathJudged { session: session.into(), alive });
    }

    /// Tells it something, and answers until it has nothing more to ask.
    pub(super) fn tell(&mut self, event: Event) {
        self.hand_in(event);
        while !self.mute
            && let Some(event) = self.waiting.pop_front()
        {
            self.hand_in(event);
        }
    }

    fn hand_in(&mut self, event: Event) {
        let mut out = Vec::new();
        self.director.handle(event, self.now, &mut out);
        for action in out {
            self.perform(action);
        }
    }

    /// Lets time pass to the next deadline.
    pub(super) fn wake(&mut self) -> Duration {
        let at = self.director.next_deadline().expect("something is due");
        let pause = at.since(self.now);
        self.now = at;
        self.tell(Event::Wake);
        pause
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Survey => {
                let gone = Refusal { code: NO_IPVS, why: "no IPVS".into() };
                let found = if self.absent { Err(gone) } else { Ok(self.kernel.clone()) };
                self.waiting.push_back(Event::Surveyed(found));
            }
            Action::Ipvs(ticket, op) => {
                self.orders.push(format!("{op:?}"));
                let result = self.carry_out(op);
                self.waiting.push_back(Event::Settled { ticket, result });
            }
            Action::Tell(news) => {
                self.news.push(news.to_string());
                self.scripts.extend(news.script.map(|command| command.argv.join(" ")));
            }
            Action::Notice(notice) => self.lines.push(notice.to_string()),
        }
    }

    fn carry_out(&mut self, op: IpvsOp) -> Result<(), Refusal> {
        let refusal = || Err(Refusal { code: 1, why: "refused".into() });
        let services = &mut self.kernel.services;
        match op {
            IpvsOp::PutService(key, _) if self.refused.contains(&key) => return refusal(),
            IpvsOp::PutService(key, service) => {
                let entry = services.entry(key).or_insert_with(|| ServiceEntry {
                    service: service.clone(),
                    traffic: Traffic::default(),
                    destinations: BTreeMap::new(),
                });
                entry.service = service;
            }
            IpvsOp::RemoveService(key) => drop(services.remove(&key)),
            IpvsOp::PutDestination(key, place, destination) => match services.get_mut(&key) {
                None => return refusal(),
                Some(entry) => {
                    entry.destinations.insert(place, entry_of(destination));
                }
            },
            IpvsOp::RemoveDestination(key, place) => {
                if let Some(entry) = services.get_mut(&key) {
                    entry.destinations.remove(&place);
                }
            }
            IpvsOp::Flush => services.clear(),
            IpvsOp::SetTimeouts(timeouts) => self.kernel.timeouts = timeouts,
            IpvsOp::Sync(_) => return refusal(),
        }
        Ok(())
    }

    /// The table, somewhat as `ipvsadm -Sn` shows it.
    pub(super) fn table(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (key, entry) in &self.kernel.services {
            lines.push(format!("{key} {}", entry.service.scheduler));
            for (place, entry) in &entry.destinations {
                lines.push(format!("{}:{} {}", place.address, place.port, entry.destination.weight));
            }
        }
        lines
    }

    /// What was said since this was last asked.
    pub(super) fn said(&mut self) -> Vec<String> {
        core::mem::take(&mut self.lines)
    }

    /// What was told since this was last asked.
    pub(super) fn told(&mut self) -> Vec<String> {
        core::mem::take(&mut self.news)
    }

    /// The orders since this was last asked.
    pub(super) fn ordered(&mut self) -> Vec<String> {
        core::mem::take(&mut self.orders)
    }
}

pub(super) fn entry_of(destination: Destination) -> DestinationEntry {
    DestinationEntry { destination, active: 0, inactive: 0, persistent: 0, traffic: Traffic::default() }
}

/// The service of `10.0.0.100`.
pub(super) fn key(port: u16) -> ServiceKey {
    ServiceKey::Address { transport: Transport::Tcp, address: address(100), port }
}

pub(super) fn place(last: u8) -> DestinationKey {
    DestinationKey { address: address(last), port: 80 }
}

pub(super) fn address(last: u8) -> IpAddr {
    [10, 0, 0, last].into()
}

/// A configuration of these virtual servers.
pub(super) fn config(virtual_servers: impl Into<Vec<VirtualServer>>) -> Config {
    Config { virtual_servers: virtual_servers.into(), ..Config::default() }
}

/// `virtual_server 10.0.0.100 80` with these real servers; its scripts are called `gained` and `lost`.
pub(super) fn service(real_servers: impl Into<Vec<RealServer>>) -> VirtualServer {
    let script = |name: &str| Some(Command { argv: [name.to_string()].into(), account: None });
    VirtualServer {
        target: Target::Address { address: address(100), port: 80 },
        transport: Some(Transport::Tcp),
        family: Family::V4,
        service: Service { scheduler: "rr".into(), flags: 0, persistence: None },
        quorum: Quorum { needed: 1, hysteresis: 0, gained: script("gained"), lost: script("lost") },
        sorry_server: None,
        real_servers: real_servers.into(),
        fails_at_stop: false,
        suspends_without_address: false,
        mails: false,
        snmp_name: None,
    }
}

pub(super) fn quorum(needed: u32, hysteresis: u32, mut service: VirtualServer) -> VirtualServer {
    service.quorum = Quorum { needed, hysteresis, ..service.quorum };
    service
}

/// With the sorry server 10.0.0.14.
pub(super) fn sorry(mut service: VirtualServer) -> VirtualServer {
    let forwarding = Forwarding::Masquerade;
    service.sorry_server = Some(SorryServer { address: address(14), port: 80, forwarding, inhibit: false });
    service
}

/// `real_server 10.0.0.LAST 80` that follows the session of its number; its scripts are called `up` and `down` with its
/// number.
pub(super) fn server(last: u8) -> RealServer {
    let script = |name: &str| Some(Command { argv: [format!("{name}{last}")].into(), account: None });
    RealServer {
        address: address(last),
        port: 80,
        forwarding: Forwarding::Masquerade,
        weight: 1,
        upper_threshold: 0,
        lower_threshold: 0,
        inhibit_on_failure: false,
        starts_failed: false,
        mails: true,
        notify: Some(ServerScripts { up: script("up"), down: script("down") }.into()),
        snmp_name: None,
        checks: [follows(&last.to_string())].into(),
    }
}

pub(super) fn weighing(weight: u32, mut server: RealServer) -> RealServer {
    server.weight = weight;
    server
}

/// Its checks start as failed.
pub(super) fn alpha(mut server: RealServer) -> RealServer {
    server.checks.iter_mut().for_each(|check| check.starts_failed = true);
    server
}

pub(super) fn inhibited(mut server: RealServer) -> RealServer {
    server.inhibit_on_failure = true;
    server
}

pub(super) fn checked(checks: impl Into<Vec<Check>>, mut server: RealServer) -> RealServer {
    server.checks = checks.into();
    server
}

/// `BFD_CHECK`.
pub(super) fn follows(session: &str) -> Check {
    check(CheckKind::Bfd(session.into()))
}

/// `TCP_CHECK`, which nobody makes yet.
pub(super) fn connects() -> Check {
    let timeout = Duration::from_secs(5);
    check(CheckKind::Tcp(Connection { address: address(11), port: 80, timeout, source: None }))
}

fn check(kind: CheckKind) -> Check {
    let second = Duration::from_secs(1);
    let pace = Pace { interval: second, warmup: second, retries: 0, retry_delay: second };
    Check { pace, starts_failed: false, logs_all_failures: false, kind }
}
