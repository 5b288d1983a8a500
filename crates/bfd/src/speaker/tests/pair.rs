//! Two speakers over a pretend wire that delays, doubles and reorders packets, on nodes that pause: what a sound path has to
//! bear takes nothing down. What holds on any path the simulator watches. A failing seed is in the message.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use host::{Engine, Instant, UdpDatagram, UdpDelivery};

use super::bench::{ETH0, OURS, THEIRS, ms};
use crate::chance::Chance;
use crate::config::{Config, SessionConfig};
use crate::event::{Action, Event};
use crate::notice::{Notice, SessionFact};
use crate::speaker::Speaker;
use crate::status::SessionStatus;
use crate::wire::{Diagnostic, SessionState};

/// What the wire and the nodes do.
#[derive(Clone, Copy, Debug)]
struct Faults {
    /// Packets in a thousand that arrive twice.
    double: u32,
    /// Shortest and longest delay in microseconds; packets overtake one another within it.
    delay: (u32, u32),
    /// Longest pause of a node in microseconds, and how far apart pauses are at least.
    pause: (u32, Duration),
}

const NONE: Faults = Faults { double: 0, delay: (100, 100), pause: (0, ms(1)) };

struct Node {
    speaker: Speaker,
    address: IpAddr,
    config: SessionConfig,
    /// Arrived while it paused.
    waiting: Vec<UdpDelivery>,
    awake_at: Instant,
    next_pause: Instant,
    downs: Vec<(Instant, Diagnostic)>,
}

impl Node {
    fn new(config: SessionConfig, address: IpAddr, seed: u64) -> Self {
        Self {
            speaker: Speaker::new(seed),
            address,
            config,
            waiting: vec![],
            awake_at: Instant::ZERO,
            next_pause: Instant::ZERO,
            downs: vec![],
        }
    }

    fn status(&self, now: Instant) -> SessionStatus {
        self.speaker.status(now).sessions[0].clone()
    }
}

struct Pair {
    nodes: [Node; 2],
    flying: BTreeMap<(Instant, u64), (usize, UdpDelivery)>,
    number: u64,
    chance: Chance,
    faults: Faults,
    cut: bool,
    now: Instant,
    seed: u64,
}

impl Pair {
    fn new(a: SessionConfig, b: SessionConfig, seed: u64) -> Self {
        let b = SessionConfig { neighbour: OURS, ..b };
        let nodes = [Node::new(a, OURS, seed * 2 + 1), Node::new(b, THEIRS, seed * 2 + 2)];
        let mut pair = Self {
            nodes,
            flying: BTreeMap::new(),
            number: 0,
            chance: Chance::new(seed),
            faults: NONE,
            cut: false,
            now: Instant::from_millis(1_000),
            seed,
        };
        for node in 0..2 {
            pair.configure(node);
        }
        pair
    }

    fn configure(&mut self, node: usize) {
        let config = Config { sessions: vec![self.nodes[node].config.clone()] };
        self.tell(node, Event::Configured(Box::new(config)));
    }

    /// Other intervals under way.
    fn change(&mut self, node: usize, min_rx: Duration, min_tx: Duration) {
        let it = &mut self.nodes[node];
        (it.config.min_rx, it.config.min_tx) = (min_rx, min_tx);
        self.configure(node);
    }

    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let wakes = self.nodes.iter().enumerate().filter_map(|(index, node)| {
                let due = node.speaker.next_deadline().unwrap_or(Instant::NEVER);
                let due = if node.waiting.is_empty() { due } else { node.awake_at };
                Some((due.max(node.awake_at).max(self.now), index)).filter(|(at, _)| *at <= end)
            });
            let wake = wakes.min();
            let arrival = self.flying.keys().next().copied().filter(|(at, _)| *at <= end);
            match (arrival, wake) {
                // Packets that are there in time come first.
                (Some(key), wake) if wake.is_none_or(|(at, _)| key.0 <= at) => {
                    self.now = self.now.max(key.0);
                    let (node, delivery) = self.flying.remove(&key).unwrap();
                    self.nodes[node].waiting.push(delivery);
                    if self.nodes[node].awake_at <= self.now {
                        self.serve(node);
                    }
                }
                (_, Some((at, node))) => {
                    self.now = self.now.max(at);
                    self.serve(node);
                    self.tell(node, Event::Wake);
                    self.maybe_pause(node);
                }
                (_, None) => break,
            }
        }
        self.now = self.now.max(end);
    }

    fn serve(&mut self, node: usize) {
        for delivery in core::mem::take(&mut self.nodes[node].waiting) {
            if self.nodes[node].speaker.has_stopped() {
                continue;
            }
            self.tell(node, Event::Received(delivery));
        }
    }

    fn tell(&mut self, node: usize, event: Event) {
        let mut out = Vec::new();
        self.nodes[node].speaker.handle(event, self.now, &mut out);
        for action in out {
            match action {
                Action::Send(datagram) => self.send(node, datagram),
                Action::Notice(Notice::Session {
                    fact: SessionFact::Entered { state: SessionState::Down, before: Some(before), local, .. },
                    ..
                }) => {
                    if before == SessionState::Up {
                        self.nodes[node].downs.push((self.now, local));
                    }
                }
                Action::Notice(_) | Action::Bind(..) | Action::Unbind(_) | Action::Tell(_) => {}
            }
        }
    }

    fn send(&mut self, from: usize, datagram: UdpDatagram) {
        let copies = if self.chance.between(1, 1_000) <= self.faults.double { 2 } else { 1 };
        for _ in 0..copies {
            if self.cut {
                continue;
            }
            let delay = self.chance.between(self.faults.delay.0, self.faults.delay.1);
            let delivery = UdpDelivery {
                link: ETH0,
                source: SocketAddr::new(self.nodes[from].address, datagram.from.port),
                destination: datagram.to,
                hop_limit: Some(datagram.hop_limit),
                at: Instant::NEVER,
                bytes: datagram.payload.clone(),
            };
            self.number += 1;
            let at = self.now + Duration::from_micros(delay.into());
            self.flying.insert((at, self.number), (1 - from, delivery));
        }
    }

    fn maybe_pause(&mut self, node: usize) {
        let (longest, apart) = self.faults.pause;
        let it = &mut self.nodes[node];
        if longest > 0 && it.next_pause <= self.now && self.chance.between(1, 20) == 1 {
            it.awake_at = self.now + Duration::from_micros(self.chance.between(1, longest).into());
            it.next_pause = it.awake_at + apart;
        }
    }

    fn states(&self) -> [SessionState; 2] {
        [0, 1].map(|node| self.nodes[node].status(self.now).state)
    }

    fn downs(&self) -> usize {
        self.nodes.iter().map(|node| node.downs.len()).sum()
    }

    fn bring_up(&mut self) {
        self.run(ms(3_000));
        assert_eq!(self.states(), [SessionState::Up; 2], "seed {}", self.seed);
    }
}

fn session() -> SessionConfig {
    super::bench::session()
}

#[test]
fn two_speakers_come_up_within_the_idle_interval() {
    for seed in 0..50 {
        let mut pair = Pair::new(session(), session(), seed);
        pair.run(ms(2));
        assert_eq!(pair.states(), [SessionState::Up; 2]);
        let mut pair = Pair::new(session(), SessionConfig { passive: true, ..session() }, seed);
        pair.bring_up();
    }
}

/// R5880-6.1: two passive sides wait for one another for ever.
#[test]
fn two_passive_speakers_stay_down() {
    let passive = SessionConfig { passive: true, ..session() };
    let mut pair = Pair::new(passive.clone(), passive, 1);
    pair.run(ms(60_000));
    assert_eq!(pair.states(), [SessionState::Down; 2]);
}

#[test]
fn both_notice_a_cut_within_the_detection_time() {
    for seed in 0..50 {
        let mut pair = Pair::new(session(), session(), seed);
        pair.bring_up();
        pair.cut = true;
        let cut_at = pair.now;
        pair.run(ms(200));
        for node in &pair.nodes {
            let (at, diagnostic) = node.downs[0];
            assert_eq!(diagnostic, Diagnostic::EXPIRED);
            let after = at.since(cut_at);
            assert!(after >= ms(39) && after <= ms(51), "{after:?}");
        }
        pair.cut = false;
        pair.run(ms(3_000));
        assert_eq!(pair.states(), [SessionState::Up; 2], "seed {seed}");
    }
}

/// Nothing that 10 ms × 5 has to bear takes it down: delays that overtake one another, doubled packets, pauses of either node.
#[test]
fn a_bearable_wire_takes_nothing_down() {
    let faults = Faults { double: 50, delay: (100, 5_000), pause: (25_000, ms(100)) };
    for seed in 0..20 {
        let mut pair = Pair::new(session(), session(), seed);
        pair.bring_up();
        pair.faults = faults;
        pair.run(ms(20_000));
        assert_eq!(pair.downs(), 0, "seed {seed}: {:?}", pair.nodes.map(|node| node.downs));
    }
}

/// Other intervals under way, on a sound wire: nothing goes down, in whatever order they come.
#[test]
fn intervals_change_under_way_without_a_failure() {
    for seed in 0..30 {
        let mut chance = Chance::new(seed + 5_000);
        let mut pair = Pair::new(session(), session(), seed);
        pair.bring_up();
        pair.faults = Faults { delay: (100, 3_000), double: 20, ..NONE };
        for _ in 0..40 {
            let node = chance.between(0, 1) as usize;
            let min_rx = Duration::from_micros(chance.between(5_000, 200_000).into());
            let min_tx = Duration::from_micros(chance.between(5_000, 200_000).into());
            pair.change(node, min_rx, min_tx);
            pair.run(Duration::from_micros(chance.between(1, 900_000).into()));
        }
        assert_eq!(pair.downs(), 0, "seed {seed}");
        pair.run(ms(3_000));
        let [a, b] = [0, 1].map(|node| pair.nodes[node].status(pair.now));
        assert_eq!(a.transmit, a.local.desired_min_tx.max(b.local.required_min_rx));
        assert_eq!(a.detection.unwrap(), b.remote_detection, "seed {seed}");
        assert_eq!(b.detection.unwrap(), a.remote_detection, "seed {seed}");
        assert!(!a.polling && !b.polling);
    }
}

/// A stop is told, not found out.
#[test]
fn the_stop_of_one_is_known_to_the_other_at_once() {
    let mut pair = Pair::new(session(), session(), 3);
    pair.bring_up();
    pair.tell(0, Event::Stop);
    pair.run(ms(1));
    let status = pair.nodes[1].status(pair.now);
    assert_eq!((status.state, status.remote.state), (SessionState::Down, SessionState::AdminDown));
    assert!(status.alive, "its path has not failed");
    pair.run(ms(5_000));
    assert!(!pair.nodes[1].status(pair.now).alive, "but then it fell silent");
}
