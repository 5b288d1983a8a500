//! A router on a pretend node with one link, `eth0`, and a kernel that does what it is told at once.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use host::{
    Command, Datagram, Delivery, Engine, Instant, Link, LinkAddress, LinkIndex, LinkName, MacAddress,
    VirtualLinkKind,
};
use host::{FirewallOp, NetworkOp, Packet, Prefix};

use super::super::Router;
use crate::config::{
    AnnounceConfig, Authentication, Config, InstanceConfig, Mode, Priority, ScriptConfig, TrackScript,
    Version, VirtualAddress, Vrid, Weight,
};
use crate::event::{Action, Event};
use crate::notice::{GroupFact, InstanceFact, Notice, State};
use crate::status::InstanceStatus;
use crate::wire::{self, Advert, Coverage, Ipv4Header, Seal};

pub(super) const ETH0: LinkIndex = LinkIndex(2);
pub(super) const OURS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
pub(super) const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);
/// Higher and lower than our own address.
pub(super) const HIGH: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 20);
pub(super) const LOW: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 5);

pub(super) fn eth0() -> LinkName {
    LinkName::new("eth0").unwrap()
}

/// An instance as a guide has it: version 2, priority 100, one address, every second, one announcement a round.
pub(super) fn instance() -> InstanceConfig {
    InstanceConfig {
        addresses: vec![VirtualAddress::plain(Prefix::host(IpAddr::V4(VIP)))],
        ..InstanceConfig::plain("VI_1", eth0(), Vrid::new(51).unwrap())
    }
    .with(|it| {
        it.announce = AnnounceConfig { repeat: 1, lower_priority_repeat: 1, ..AnnounceConfig::default() }
    })
}

/// The same in version 3, every 100 ms.
pub(super) fn instance_v3() -> InstanceConfig {
    instance().with(|it| {
        it.version = Version::V3;
        it.interval = Duration::from_millis(100);
    })
}

/// An instance that tracks the script `check`, and that script, every second.
pub(super) fn scripted(weight: Weight, starts_failed: bool) -> Config {
    let script = ScriptConfig {
        name: "check".into(),
        command: Command { argv: vec!["/bin/check".into()], account: None },
        interval: Duration::from_secs(1),
        timeout: Duration::from_secs(1),
        rise: 1,
        fall: 1,
        starts_failed,
    };
    let track_scripts = vec![TrackScript { script: "check".into(), weight }];
    config([instance().with(|it| it.track_scripts = track_scripts)], [script])
}

pub(super) fn config(
    instances: impl IntoIterator<Item = InstanceConfig>,
    scripts: impl IntoIterator<Item = ScriptConfig>,
) -> Config {
    Config {
        instances: instances.into_iter().collect(),
        scripts: scripts.into_iter().collect(),
        ..Config::default()
    }
}

pub(super) fn link(up: bool) -> Link {
    Link {
        index: ETH0,
        name: LinkName::new("eth0").unwrap(),
        admin_up: true,
        running: up,
        mtu: 1500,
        mac: Some(MacAddress([2, 0, 0, 0, 0, 10])),
        arp: true,
        multicast: true,
        loopback: false,
        ipv6_router: false,
    }
}

pub(super) fn address(address: Ipv4Addr) -> LinkAddress {
    LinkAddress::plain(ETH0, Prefix::new(IpAddr::V4(address), 24).unwrap())
}

/// A survey without routes and rules.
pub(super) fn survey(links: Vec<Link>, addresses: Vec<LinkAddress>) -> Event {
    Event::Surveyed { links, addresses, routes: vec![], rules: vec![] }
}

pub(super) struct Bench {
    pub(super) router: Router,
    pub(super) now: Instant,
    /// The kernel settles orders at once.
    pub(super) obedient: bool,
}

impl Bench {
    /// A node that was surveyed and configured at time zero, and what that led to.
    pub(super) fn start(config: Config) -> (Self, Vec<Action>) {
        let mut bench = Self { router: Router::default(), now: Instant::ZERO, obedient: true };
        let mut out = bench.tell(Event::Configured(Box::new(config)));
        assert_eq!(bench.router.next_deadline(), None, "nothing is decided before the first survey");
        out.extend(bench.tell(survey(vec![link(true)], vec![address(OURS)])));
        (bench, out)
    }

    /// The same with one instance.
    pub(super) fn with(instance: InstanceConfig) -> Self {
        Self::start(config([instance], [])).0
    }

    /// A master, some time after it became one.
    pub(super) fn master(instance: InstanceConfig) -> Self {
        let mut bench = Self::with(instance);
        bench.run_until(Instant::from_millis(10_000));
        assert_eq!(bench.state(), State::Master);
        bench
    }

    /// Tells one event and lets the kernel do what is ordered.
    pub(super) fn tell(&mut self, event: Event) -> Vec<Action> {
        let mut out = Vec::new();
        self.router.handle(event, self.now, &mut out);
        let mut done = 0;
        while self.obedient && done < out.len() {
            if let Action::Network(ticket, op) = out[done].clone() {
                self.router.handle(Event::Settled { ticket, result: Ok(()) }, self.now, &mut out);
                let Some(echo) = echo(op) else {
                    done += 1;
                    continue;
                };
                self.router.handle(echo, self.now, &mut out);
            }
            done += 1;
        }
        if let Some(at) = self.router.next_deadline() {
            assert!(at > self.now || out.is_empty() || self.now == Instant::ZERO, "a deadline lies ahead");
        }
        out
    }

    /// Moves to each deadline until `end`, and hands back everything ordered with its time in milliseconds.
    pub(super) fn run_until(&mut self, end: Instant) -> Vec<(u64, Action)> {
        let mut all = Vec::new();
        while let Some(at) = self.router.next_deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let ms = self.now.as_nanos() / 1_000_000;
            all.extend(self.tell(Event::Wake).into_iter().map(|action| (ms, action)));
        }
        self.now = self.now.max(end);
        all
    }

    pub(super) fn wait(&mut self, millis: u64) -> Vec<Action> {
        let end = self.now + Duration::from_millis(millis);
        self.run_until(end).into_iter().map(|(_, action)| action).collect()
    }

    /// An advert from `from` with `priority` and the first instance's other settings.
    pub(super) fn hear(&mut self, from: Ipv4Addr, priority: u8) -> Vec<Action> {
        let config = self.router.instances.values().next().unwrap().config().clone();
        self.tell(Event::Received(advert(&config, from, priority)))
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.router.next_deadline()
    }

    pub(super) fn status(&self) -> InstanceStatus {
        self.router.status(self.now).instances[0].clone()
    }

    pub(super) fn state(&self) -> State {
        self.status().state
    }
}

/// The number of a link of our own: one that carries addresses alone is 10.
pub(super) fn index_of(own: &LinkName) -> LinkIndex {
    LinkIndex(if own.as_str().starts_with("vrrp.") { 9 } else { 10 })
}

/// What the kernel tells after it obeyed.
fn echo(op: NetworkOp) -> Option<Event> {
    Some(match op {
        NetworkOp::AddLink(own) => {
            let mac = match own.kind {
                VirtualLinkKind::Vmac(mac) => Some(mac),
                VirtualLinkKind::Ipvlan(_) => link(true).mac,
            };
            Event::LinkChanged(Link { index: index_of(&own.name), name: own.name, mac, ..link(true) })
        }
        NetworkOp::RemoveLink(name) => Event::LinkRemoved(index_of(&name)),
        NetworkOp::AddAddress(address) => Event::AddressAdded(address),
        NetworkOp::RenewAddress(_) | NetworkOp::Promote(_) | NetworkOp::Demote(_) => return None,
        NetworkOp::RemoveAddress(address) => Event::AddressRemoved(address),
        NetworkOp::AddRoute(route) => Event::RouteAdded(route.key()),
        NetworkOp::RemoveRoute(route) => Event::RouteRemoved(route.key()),
        NetworkOp::AddRule(rule) => Event::RuleAdded(rule),
        NetworkOp::RemoveRule(rule) => Event::RuleRemoved(rule),
    })
}

/// An advert as another router with the same configuration sends it, without header or signature.
pub(super) fn advert(config: &InstanceConfig, from: Ipv4Addr, priority: u8) -> Delivery {
    let seal = match &config.authentication {
        Authentication::Password(password) => Seal::Password(password),
        Authentication::None | Authentication::Header(_) => Seal::None,
    };
    sealed(config, from, priority, seal)
}

/// The same with a seal, to the group or to us.
pub(super) fn sealed(config: &InstanceConfig, from: Ipv4Addr, priority: u8, seal: Seal<'_>) -> Delivery {
    let advert = Advert {
        version: config.version,
        vrid: config.vrid,
        priority: Priority(priority),
        interval: config.interval,
        coverage: if config.version == Version::V2 { Coverage::Advert } else { Coverage::PseudoHeader },
        addresses: config.addresses.iter().map(|address| address.prefix.address()).collect(),
    };
    let destination = match config.mode {
        Mode::Multicast { group: IpAddr::V4(group) } => group,
        Mode::Multicast { .. } | Mode::Unicast { .. } => OURS,
    };
    let header = Ipv4Header { id: 1, ttl: 255, source: from, destination };
    Delivery {
        link: ETH0,
        source: IpAddr::V4(from),
        destination: IpAddr::V4(destination),
        hop_limit: Some(255),
        bytes: advert.encode_ipv4(&header, seal),
    }
}

/// The adverts among the orders, from their IP header on.
pub(super) fn adverts(actions: &[Action]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for action in actions {
        if let Action::Send(Datagram { packet: Packet::Ipv4(bytes), .. }) = action {
            all.push(bytes.clone());
        }
    }
    all
}

/// Orders in short: `advert 100`, `garp 192.0.2.100`, `+192.0.2.100/32`, `listen [51]`, `run 1`; states as their
/// word; other notices are left out.
pub(super) fn brief(actions: &[Action]) -> Vec<String> {
    actions.iter().filter_map(short).collect()
}

fn short(action: &Action) -> Option<String> {
    Some(match action {
        Action::Listen(_, vrids) => format!("listen {vrids:?}"),
        Action::Size(_, bytes) => format!("size {bytes}"),
        Action::Ignore(_) => "ignore".into(),
        Action::Run(id, _) => format!("run {}", id.0),
        Action::End(id) => format!("end {}", id.0),
        Action::Firewall(_, FirewallOp::Install(table)) => {
            let v4 = table.ipv4.iter().flat_map(|half| half.dropped.iter().map(|one| format!("{one}")));
            let v6 = table.ipv6.iter().flat_map(|half| half.dropped.iter().map(|one| format!("{one}")));
            let dropped = v4.chain(v6).collect::<Vec<_>>().join(" ");
            format!("filter [{dropped}]")
        }
        Action::Firewall(_, FirewallOp::Remove(_)) => "-filter".into(),
        Action::Network(_, op) => match op {
            NetworkOp::AddLink(link) => format!("+link {}", link.name),
            NetworkOp::RemoveLink(name) => format!("-link {name}"),
            NetworkOp::Promote(link) => format!("+promote {link}"),
            NetworkOp::Demote(link) => format!("-promote {link}"),
            NetworkOp::AddAddress(address) => format!("+{}", address.prefix),
            NetworkOp::RenewAddress(address) => format!("renew {}", address.prefix),
            NetworkOp::RemoveAddress(address) => format!("-{}", address.prefix),
            NetworkOp::AddRoute(route) => format!("+route {}", route.destination),
            NetworkOp::RemoveRoute(route) => format!("-route {}", route.destination),
            NetworkOp::AddRule(rule) => format!("+rule {}", rule.priority),
            NetworkOp::RemoveRule(rule) => format!("-rule {}", rule.priority),
        },
        Action::Send(datagram) => match &datagram.packet {
            // Behind an authentication header, if there is one.
            Packet::Ipv4(bytes) => format!("advert {}", bytes[if bytes[9] == 51 { 46 } else { 22 }]),
            Packet::Ipv6 { payload, .. } => format!("advert {}", payload[2]),
            Packet::Ethernet(frame) => match wire::arp::GratuitousArp::decode(frame) {
                Some(arp) => format!("garp {}", arp.address),
                None => "na".into(),
            },
        },
        Action::Notice(Notice::Instance { fact: InstanceFact::Entered { state, .. }, .. }) => {
            state.word().into()
        }
        Action::Notice(Notice::Group { name, fact: GroupFact::Entered { state, .. } }) => {
            format!("{name} {state}")
        }
        Action::Notice(_) => return None,
    })
}

/// The notices among the orders, as log lines.
pub(super) fn log(actions: &[Action]) -> Vec<String> {
    let line =
        |action: &Action| if let Action::Notice(notice) = action { Some(format!("{notice}")) } else { None };
    actions.iter().filter_map(line).collect()
}
