//! The world: nodes and segments on virtual time.
//!
//! One heap of (time, event), one seed, no threads. Time jumps from event to event, so an hour passes in milliseconds,
//! and the same seed gives the same hour.

mod command;
mod describe;
mod fault;
mod links;
mod path;
mod supervisor;
mod turn;
pub(crate) mod wire;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use host::{
    Arrival, Channel, Instant, JobId, LinkAddress, LinkIndex, LinkName, MacAddress, Outcome, Prefix,
    UdpDelivery,
};
use vrrp::Config;
use worker::bus::ToWorker;

pub use self::command::Command;
use self::wire::Frame;
use crate::chance::Chance;
use crate::invariant::{Check, Thing, Violation, Watch};
use crate::machine::{Effect, Machine};
use crate::network::{Segment, Weather};
use crate::node::{Input, Node, Socket};
use crate::timeline::{Entry, Fact, Takeover};

/// How long things take that are not the network's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Latency {
    /// From an order to its answer; orders are carried out one after the other.
    pub kernel: (Duration, Duration),
    /// From a change in the kernel, or an answer of it, until the worker reads of it.
    pub report: (Duration, Duration),
    /// From a worker's start until it is told its configuration, and until its first look at links and addresses;
    /// in either order.
    pub start: (Duration, Duration),
    /// How late a worker is woken.
    pub wake: (Duration, Duration),
    /// How long a script runs.
    pub script: (Duration, Duration),
    /// From a worker's first crash until the next one is told its configuration. Later ones take a second, then two,
    /// and so on.
    pub restart: (Duration, Duration),
}

impl Latency {
    /// Exact and short, for tests that know the time of everything.
    pub const EXACT: Self = Self {
        kernel: (Duration::from_micros(50), Duration::from_micros(50)),
        report: (Duration::ZERO, Duration::ZERO),
        start: (Duration::from_millis(1), Duration::from_millis(1)),
        wake: (Duration::ZERO, Duration::ZERO),
        script: (Duration::from_millis(2), Duration::from_millis(2)),
        restart: (Duration::from_millis(20), Duration::from_millis(20)),
    };
}

/// The world.
#[derive(Debug)]
pub struct World {
    now: Instant,
    order: u64,
    queue: BinaryHeap<Reverse<Due>>,
    pub(crate) chance: Chance,
    pub(crate) latency: Latency,
    pub(crate) nodes: Vec<Node>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) watch: Watch,
    timeline: Vec<Entry>,
    takeovers: Vec<Takeover>,
    keeps_lines: bool,
    effects: Vec<Effect>,
    /// The node that had the last turn, when, and how often already in this instant.
    turns: (usize, Instant, u32),
    #[cfg(test)]
    pub(crate) sabotage: crate::sabotage::Sabotage<Input, Effect>,
}

/// Something that will happen.
#[derive(Debug)]
enum Happening {
    Frame {
        segment: usize,
        to: usize,
        frame: Rc<Frame>,
    },
    Client {
        segment: usize,
        frame: Rc<Vec<u8>>,
    },
    Kernel {
        node: usize,
    },
    /// The lifetime of an address is over, unless it was renewed.
    Expire {
        node: usize,
        link: LinkIndex,
        address: IpAddr,
        lease: u64,
    },
    Input {
        node: usize,
        life: u64,
        input: Input,
    },
    /// A report of a change, unless it is lost in a flood of others.
    Report {
        node: usize,
        life: u64,
        flood: u64,
        arrival: Arrival,
    },
    /// A channel that was refused works again, and is believed to.
    Audible {
        node: usize,
        life: u64,
        channel: Channel,
    },
    /// A new worker is told its configuration.
    Introduce {
        node: usize,
        life: u64,
    },
    /// A new worker has its first look at links and addresses.
    Survey {
        node: usize,
        life: u64,
    },
    Wake {
        node: usize,
    },
    /// A packet that watches a path reaches a node.
    Datagram {
        to: usize,
        delivery: Box<UdpDelivery>,
    },
    WakePaths {
        node: usize,
    },
    RestartPaths {
        node: usize,
        life: u64,
    },
    /// Carriers are asked for.
    Beat {
        node: usize,
        life: u64,
    },
    JobEnds {
        node: usize,
        life: u64,
        id: JobId,
        outcome: Outcome,
    },
    Restart {
        node: usize,
        life: u64,
    },
    Command(Box<Command>),
    Check(Check),
}

#[derive(Debug)]
struct Due {
    at: Instant,
    order: u64,
    what: Happening,
}

impl World {
    /// An empty world at time zero.
    pub fn new(seed: u64, latency: Latency) -> Self {
        Self {
            now: Instant::ZERO,
            order: 0,
            queue: BinaryHeap::new(),
            chance: Chance::new(seed),
            latency,
            nodes: Vec::new(),
            segments: Vec::new(),
            watch: Watch::new(latency),
            timeline: Vec::new(),
            takeovers: Vec::new(),
            keeps_lines: false,
            effects: Vec::new(),
            turns: (0, Instant::ZERO, 0),
            #[cfg(test)]
            sabotage: crate::sabotage::Sabotage::default(),
        }
    }

    /// The timeline keeps the workers' log lines. To be called before nodes are added.
    pub const fn keep_lines(&mut self) {
        self.keeps_lines = true;
    }

    /// Broken promises do not count: what can be promised of configurations that a scenario has no words for is not known
    /// here, only what comes of them.
    pub const fn look_away(&mut self) {
        self.watch.looks_away = true;
    }

    /// Adds a segment; its number.
    pub fn add_segment(&mut self, name: &str, weather: Weather) -> usize {
        self.segments.push(Segment::new(name, weather));
        self.segments.len() - 1
    }

    /// Adds a node with power and without a running daemon; its number. A link is its name, its segment and the
    /// addresses it has of itself.
    pub fn add_node(
        &mut self,
        name: &str,
        config: Config,
        links: &[(LinkName, usize, Vec<Prefix>)],
    ) -> usize {
        let number = self.nodes.len();
        let mut machine = Machine::new();
        if self.keeps_lines {
            machine.keep_lines();
        }
        // Clocks of different machines have nothing to do with one another.
        let clock = self.chance.time((Duration::ZERO, Duration::from_hours(1000)));
        let mut sockets = Vec::new();
        for (which, (link, segment, prefixes)) in links.iter().enumerate() {
            let mac = MacAddress([2, 0, 0, 0, number_in_mac(number + 1), number_in_mac(which)]);
            let name = link.clone();
            let link = machine.add_link(name.clone(), mac);
            let addresses: Vec<_> = prefixes.iter().map(|prefix| LinkAddress::plain(link, *prefix)).collect();
            for address in &addresses {
                machine.add_address(address.clone());
            }
            self.segments[*segment].plug(number, link, mac);
            sockets.push(Socket { name, built: link, link, segment: *segment, addresses });
        }
        let mut node = Node::new(name, config, machine, clock);
        node.sockets = sockets;
        self.nodes.push(node);
        self.watch_node(number);
        number
    }

    /// The present.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// A node by its number.
    pub fn node(&self, number: usize) -> &Node {
        &self.nodes[number]
    }

    /// All nodes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A segment by its number.
    pub fn segment(&self, number: usize) -> &Segment {
        &self.segments[number]
    }

    /// A node's number by its name.
    pub fn node_named(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.name == name)
    }

    /// What happened so far.
    pub fn timeline(&self) -> &[Entry] {
        &self.timeline
    }

    /// The timeline as text, a line a fact: when, to which node, what.
    pub fn story(&self) -> String {
        let mut story = String::new();
        for Entry { at, node, fact } in &self.timeline {
            let node = node.map_or("", |node| &self.nodes[node].name);
            // A string takes everything.
            let _ = writeln!(story, "{:>14} {node:<4} {fact}", at.to_string());
        }
        story
    }

    /// Every time that an instance became master, in order.
    pub fn takeovers(&self) -> &[Takeover] {
        &self.takeovers
    }

    /// The first rule that was broken, if any was.
    pub fn violation(&self) -> Option<&Violation> {
        self.watch.violation()
    }

    /// Nodes whose worker runs and says that an instance is master.
    pub fn masters(&self, instance: &str) -> Vec<usize> {
        (0..self.nodes.len())
            .filter(|n| self.nodes[*n].is_running() && self.nodes[*n].is_master(instance))
            .collect()
    }

    /// Has something happen at a time, which must not have passed.
    pub fn at(&mut self, at: Instant, command: Command) {
        self.schedule(at.max(self.now), Happening::Command(Box::new(command)));
    }

    /// Does something now.
    pub fn command(&mut self, command: &Command) {
        self.timeline.push(Entry { at: self.now, node: None, fact: Fact::Command(self.describe(command)) });
        self.obey(command);
        self.schedule_checks();
    }

    /// Lets time pass until `until`, or until a rule is broken.
    pub fn run_until(&mut self, until: Instant) {
        while self.watch.violation().is_none() {
            match self.queue.peek() {
                Some(Reverse(due)) if due.at <= until => {}
                _ => break,
            }
            if let Some(Reverse(due)) = self.queue.pop() {
                debug_assert!(due.at >= self.now, "time goes forward");
                self.now = due.at;
                self.happen(due.what);
                self.schedule_checks();
            }
        }
        if self.watch.violation().is_none() {
            self.now = self.now.max(until);
        }
    }

    /// Lets so much time pass.
    pub fn run_for(&mut self, time: Duration) {
        self.run_until(self.now + time);
    }

    /// The node that gets the client's packets for an address and has it: where the address answers.
    pub fn answers(&mut self, segment: usize, address: IpAddr) -> Option<usize> {
        let nodes = &self.nodes;
        let alive = |it: &Segment, port: usize| {
            let port = &it.ports[port];
            let node = &nodes[port.node];
            node.powered
                && node.machine().link(port.link).is_some_and(host::Link::is_up)
                && node.machine().holds(address)
        };
        let ask = |it: &Segment| {
            (0..it.ports.len()).find(|p| it.reaches_client(*p) && !it.ports[*p].deaf && alive(it, *p))
        };
        let port = self.segments[segment].destination(address, ask)?;
        let it = &self.segments[segment];
        alive(it, port).then_some(it.ports[port].node)
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::Frame { segment, to, frame } => self.deliver(segment, to, &frame),
            Happening::Client { segment, frame } => self.segments[segment].client_hears(&frame),
            Happening::Kernel { node } => self.carry_out(node),
            Happening::Expire { node, link, address, lease } => {
                let arrival = self.nodes[node].machine_mut().expire(link, address, lease);
                if arrival.is_some() {
                    self.disturb_node(node);
                    self.watch.trouble(self.now, node, &Thing::Address(address));
                }
                self.report(node, arrival);
            }
            Happening::Input { node, life, input } => {
                if self.nodes[node].life == life {
                    self.tell(node, input);
                }
            }
            Happening::Report { node, life, flood, arrival } => {
                if (self.nodes[node].life, self.nodes[node].floods) == (life, flood) {
                    self.tell(node, Input::Arrival(arrival));
                }
            }
            Happening::Audible { node, life, channel } => {
                if self.nodes[node].life == life && self.nodes[node].machine_mut().believe(channel) {
                    self.disturb_node(node);
                }
            }
            Happening::Introduce { node, life } => {
                if self.nodes[node].life == life && self.nodes[node].is_running() {
                    self.introduce(node);
                }
            }
            Happening::Survey { node, life } => {
                if self.nodes[node].life == life {
                    self.nodes[node].congested = false;
                    let clock = Arrival::ClockSet(self.nodes[node].wall(self.now));
                    self.tell(node, Input::Arrival(clock));
                    let survey = self.nodes[node].machine().survey();
                    self.tell(node, Input::Arrival(survey));
                }
            }
            Happening::Wake { node } => self.wake(node),
            Happening::Datagram { to, delivery } => self.hear_path(to, *delivery),
            Happening::WakePaths { node } => self.wake_paths(node),
            Happening::RestartPaths { node, life } => self.restart_paths(node, life),
            Happening::Beat { node, life } => self.beat(node, life),
            Happening::JobEnds { node, life, id, outcome } => {
                if self.nodes[node].life == life
                    && let Some(changed) = self.nodes[node].job_ends(id, outcome)
                {
                    if changed {
                        self.disturb_node(node);
                    }
                    self.tell(node, Input::Message(ToWorker::JobEnded(id, outcome)));
                }
            }
            Happening::Restart { node, life } => {
                let it = &self.nodes[node];
                if (it.wanted || it.stopping) && it.life == life && !it.is_running() {
                    self.start_worker(node);
                }
            }
            Happening::Command(command) => self.command(&command),
            Happening::Check(check) => self.check(check),
        }
    }

    fn schedule(&mut self, at: Instant, what: Happening) {
        self.order += 1;
        self.queue.push(Reverse(Due { at, order: self.order, what }));
    }

    fn schedule_checks(&mut self) {
        while let Some((at, check)) = self.watch.due() {
            self.schedule(at.max(self.now), Happening::Check(check));
        }
    }

    fn note(&mut self, node: usize, fact: Fact) {
        self.timeline.push(Entry { at: self.now, node: Some(node), fact });
    }
}

fn number_in_mac(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// A link's number by its name.
pub(crate) fn link_named(node: &Node, name: &LinkName) -> Option<LinkIndex> {
    node.machine().links().find(|link| &link.name == name).map(|link| link.index)
}
