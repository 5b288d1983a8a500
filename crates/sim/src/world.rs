//! The world: nodes and segments on virtual time.
//!
//! One heap of (time, event), one seed, no threads. Time jumps from event to event, so an hour passes in milliseconds,
//! and the same seed gives the same hour.

mod command;
pub(crate) mod wire;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use host::{
    Arrival, Instant, JobId, LinkAddress, LinkIndex, LinkName, MacAddress, NetworkOp, Outcome, Prefix,
};
use vrrp::Config;
use worker::bus::{ToSupervisor, ToWorker};

pub use self::command::Command;
use self::wire::Frame;
use crate::chance::Chance;
use crate::invariant::{Check, Violation, Watch};
use crate::machine::{Effect, Machine};
use crate::network::{Segment, Weather};
use crate::node::{Daemon, Input, Node, Socket};
use crate::timeline::{Entry, Fact, Takeover};

/// Most wake-ups of one worker in a row without time passing; more, and it would never sleep again.
const WAKES_IN_PLACE: u32 = 1000;

/// How long things take that are not the network's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Latency {
    /// From an order to its answer; orders are carried out one after the other.
    pub kernel: (Duration, Duration),
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
    wakes: (usize, Instant, u32),
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
            wakes: (0, Instant::ZERO, 0),
        }
    }

    /// The timeline keeps the workers' log lines. To be called before nodes are added.
    pub const fn keep_lines(&mut self) {
        self.keeps_lines = true;
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
            let link = machine.add_link(link.clone(), mac);
            let addresses: Vec<_> = prefixes.iter().map(|prefix| LinkAddress::plain(link, *prefix)).collect();
            for address in &addresses {
                machine.add_address(address.clone());
            }
            self.segments[*segment].plug(number, link, mac);
            sockets.push(Socket { link, segment: *segment, addresses });
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
                    self.watch.trouble(self.now, node, address);
                }
                self.report(node, arrival);
            }
            Happening::Input { node, life, input } => {
                if self.nodes[node].life == life {
                    self.tell(node, input);
                }
            }
            Happening::Introduce { node, life } => {
                if self.nodes[node].life == life && self.nodes[node].is_running() {
                    self.introduce(node);
                }
            }
            Happening::Survey { node, life } => {
                if self.nodes[node].life == life {
                    let survey = self.nodes[node].machine().survey();
                    self.tell(node, Input::Arrival(survey));
                }
            }
            Happening::Wake { node } => self.wake(node),
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

    /// Tells a worker something, now or once it gets processor time again.
    fn tell(&mut self, node: usize, input: Input) {
        let now = self.now;
        let it = &mut self.nodes[node];
        if it.paused {
            it.queue(input);
            return;
        }
        let local = it.local(now);
        let Daemon::Up(worker) = &mut it.daemon else { return };
        match input {
            Input::Arrival(arrival) => {
                if let Arrival::Received(delivery) = &arrival {
                    self.watch.heard_advert(now, node, delivery);
                }
                worker.arrive(arrival, local);
            }
            Input::Message(message) => worker.hear(message, local),
        }
        self.look_after(node);
    }

    /// Hands out what all that watch the kernel are told.
    fn report(&mut self, node: usize, arrivals: impl IntoIterator<Item = Arrival>) {
        for arrival in arrivals {
            self.tell(node, Input::Arrival(arrival));
        }
    }

    fn wake(&mut self, node: usize) {
        let now = self.now;
        let it = &mut self.nodes[node];
        if it.paused || it.timer.is_none_or(|(at, _)| at != now) {
            return;
        }
        it.timer = None;
        self.tell(node, Input::Arrival(Arrival::Woken));
        let it = &self.nodes[node];
        if let Daemon::Up(worker) = &it.daemon
            && worker.deadline().is_some_and(|deadline| it.worldly(deadline) <= now)
        {
            self.watch.violate(now, "after a wake-up every deadline lies ahead", &it.name);
        }
        self.wakes = if self.wakes.0 == node && self.wakes.1 == now {
            (node, now, self.wakes.2 + 1)
        } else {
            (node, now, 0)
        };
        if self.wakes.2 > WAKES_IN_PLACE {
            self.watch.violate(now, "a worker sleeps between its wake-ups", &self.nodes[node].name);
        }
    }

    /// Performs what a worker did in its turn, and sets its timer.
    fn look_after(&mut self, node: usize) {
        let mut effects = std::mem::take(&mut self.effects);
        self.nodes[node].machine_mut().drain(&mut effects);
        for effect in effects.drain(..) {
            self.perform(node, effect);
        }
        self.effects = effects;
        let now = self.now;
        let it = &mut self.nodes[node];
        let Daemon::Up(worker) = &it.daemon else { return };
        if worker.is_finished() {
            self.worker_ended(node, "stopped");
            if self.nodes[node].wanted {
                self.start_worker(node);
            }
            return;
        }
        let deadline = worker.deadline();
        if it.timer.map(|(_, deadline)| deadline) != deadline {
            let late = self.chance.time(self.latency.wake);
            it.timer = deadline.map(|deadline| (it.worldly(deadline).max(now) + late, deadline));
            if let Some((at, _)) = it.timer {
                self.schedule(at, Happening::Wake { node });
            }
        }
    }

    fn perform(&mut self, node: usize, effect: Effect) {
        let (now, life) = (self.now, self.nodes[node].life);
        match effect {
            Effect::Order(ticket, op) => {
                self.watch.ordered(now, node, &op);
                let takes = self.chance.time(self.latency.kernel);
                let it = &mut self.nodes[node];
                it.kernel_free = it.kernel_free.max(now) + takes;
                it.kernel.push_back((life, ticket, op));
                let at = it.kernel_free;
                self.schedule(at, Happening::Kernel { node });
            }
            Effect::Send(datagram) => self.send(node, datagram),
            Effect::Say(message) => self.hear(node, message),
            Effect::Line(line) => self.note(node, Fact::Line(line)),
            Effect::Deaf(channel, refusal) => {
                let input = Input::Arrival(Arrival::Deaf { channel, refusal });
                self.schedule(now, Happening::Input { node, life, input });
            }
        }
    }

    /// The kernel carries out the oldest order that it has.
    fn carry_out(&mut self, node: usize) {
        let it = &mut self.nodes[node];
        let Some((life, ticket, op)) = it.kernel.pop_front() else { return };
        let address = match &op {
            NetworkOp::AddAddress(it) | NetworkOp::RenewAddress(it) | NetworkOp::RemoveAddress(it) => {
                Some((it.link, it.prefix.address(), it.valid_lifetime))
            }
            NetworkOp::AddLink(_)
            | NetworkOp::RemoveLink(_)
            | NetworkOp::AddRoute(_)
            | NetworkOp::RemoveRoute(_)
            | NetworkOp::AddRule(_)
            | NetworkOp::RemoveRule(_) => None,
        };
        let (result, arrivals) = it.machine_mut().apply(op);
        match address {
            Some((_, address, _)) if result.is_err() => self.watch.trouble(self.now, node, address),
            Some((link, address, Some(seconds))) => self.lease(node, link, address, seconds),
            Some(_) => {}
            None => self.replug(node),
        }
        let settled = Arrival::Settled { ticket, result };
        // Answers and reports come by different sockets: either may be read first.
        let report_first = self.chance.happens(500);
        if report_first {
            self.report(node, arrivals.iter().cloned());
        }
        if self.nodes[node].life == life {
            self.tell(node, Input::Arrival(settled));
        }
        if !report_first {
            self.report(node, arrivals);
        }
    }

    /// An address that is not renewed goes when its lifetime is over.
    fn lease(&mut self, node: usize, link: LinkIndex, address: IpAddr, seconds: u32) {
        if let Some(lease) = self.nodes[node].machine().lease(link, address) {
            let at = self.now + Duration::from_secs(seconds.into());
            self.schedule(at, Happening::Expire { node, link, address, lease });
        }
    }

    /// Links that a worker made are plugged in beside the one they are on; those that it removed are no more.
    pub(crate) fn replug(&mut self, node: usize) {
        let machine = self.nodes[node].machine();
        let links: Vec<_> =
            machine.links().map(|link| (link.index, machine.base(link.index), link.mac)).collect();
        let mut changed = false;
        for segment in &mut self.segments {
            for port in segment.ports.iter_mut().filter(|port| port.node == node && !port.gone) {
                port.gone = !links.iter().any(|(link, ..)| *link == port.link);
                changed |= port.gone;
            }
            for (link, base, mac) in &links {
                if let (Some(base), None) = (segment.port_of(node, *base), segment.port_of(node, *link)) {
                    segment.plug_on(base, *link, mac.unwrap_or_default());
                    changed = true;
                }
            }
        }
        if changed {
            self.watch_node(node);
            self.disturb_node(node);
        }
    }

    /// The supervisor's side of the bus.
    fn hear(&mut self, node: usize, message: ToSupervisor) {
        let (now, life) = (self.now, self.nodes[node].life);
        match message {
            ToSupervisor::Ready | ToSupervisor::Status(_) => {}
            ToSupervisor::Run(id, job) => {
                let script = job.command.argv.first().cloned().unwrap_or_default();
                self.nodes[node].supervisor.jobs.insert(id, script);
                let (outcome, hangs) = self.nodes[node].script_outcome(&job.command.argv);
                let takes = match job.limit {
                    Some(limit) if hangs => limit,
                    None if hangs => return,
                    Some(_) | None => self.chance.time(self.latency.script),
                };
                self.schedule(now + takes, Happening::JobEnds { node, life, id, outcome });
            }
            ToSupervisor::End(id) => {
                self.nodes[node].supervisor.jobs.remove(&id);
            }
            ToSupervisor::Notify { queue, job } => {
                self.nodes[node].supervisor.notified.push((queue, job.command.argv.join(" ")));
            }
            ToSupervisor::Mastership { instance, master } => self.mastership(node, instance, master),
        }
    }

    fn mastership(&mut self, node: usize, instance: String, master: bool) {
        let masters = &mut self.nodes[node].supervisor.masters;
        if master {
            masters.insert(instance.clone());
            self.takeovers.push(Takeover { at: self.now, node, instance: instance.clone() });
        } else {
            masters.remove(&instance);
        }
        self.watch.mastership(self.now, node, &instance, master);
        self.note(node, Fact::Mastership { instance, master });
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
