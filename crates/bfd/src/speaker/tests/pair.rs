//! Two speakers over a pretend wire that loses, delays, doubles and reorders packets, on nodes that pause.
//!
//! Whatever happens, a session never stays Up longer than its detection time after the last packet, and never goes
//! Down without cause. A failing seed is in the message.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use host::{Engine, Instant, UdpDatagram, UdpDelivery};

use super::bench::{ETH0, OURS, THEIRS, ms};
use crate::chance::Chance;
use crate::config::{AuthConfig, AuthKey, AuthKind, Config, SessionConfig};
use crate::event::{Action, Event};
use crate::notice::{Notice, SessionFact};
use crate::speaker::Speaker;
use crate::status::SessionStatus;
use crate::wire::control::decode;
use crate::wire::{Control, Diagnostic, SessionState};

/// What the wire and the nodes do.
#[derive(Clone, Copy, Debug)]
struct Faults {
    /// Packets in a thousand that are lost.
    loss: u32,
    /// Packets in a thousand that arrive twice.
    double: u32,
    /// Shortest and longest delay in microseconds; packets overtake one another within it.
    delay: (u32, u32),
    /// Longest pause of a node in microseconds, and how far apart pauses are at least.
    pause: (u32, Duration),
}

const NONE: Faults = Faults { loss: 0, double: 0, delay: (100, 100), pause: (0, ms(1)) };

struct Node {
    name: &'static str,
    speaker: Speaker,
    address: IpAddr,
    config: SessionConfig,
    /// Receiving intervals that were in force: the least and the greatest bound its detection time.
    min_rx: (Duration, Duration),
    /// Arrived while it paused.
    waiting: Vec<UdpDelivery>,
    awake_at: Instant,
    next_pause: Instant,
    /// The last packet that it accepted, and when.
    heard: Option<(Instant, Control)>,
    downs: Vec<(Instant, Diagnostic)>,
}

impl Node {
    fn new(name: &'static str, config: SessionConfig, address: IpAddr, seed: u64) -> Self {
        Self {
            name,
            speaker: Speaker::new(seed),
            address,
            min_rx: (config.min_rx, config.min_rx),
            config,
            waiting: vec![],
            awake_at: Instant::ZERO,
            next_pause: Instant::ZERO,
            heard: None,
            downs: vec![],
        }
    }

    fn status(&self, now: Instant) -> SessionStatus {
        self.speaker.status(now).sessions[0].clone()
    }

    /// The detection time by the last packet, as short and as long as our own intervals can make it.
    fn detection(&self) -> Option<(Duration, Duration)> {
        let (_, packet) = self.heard?;
        let desired = Duration::from_micros(packet.desired_min_tx.into());
        let times = u32::from(packet.multiplier);
        Some((self.min_rx.0.max(desired) * times, self.min_rx.1.max(desired) * times))
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
        let nodes = [Node::new("a", a, OURS, seed * 2 + 1), Node::new("b", b, THEIRS, seed * 2 + 2)];
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
        it.min_rx = (it.min_rx.0.min(min_rx), it.min_rx.1.max(min_rx));
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
                    self.judge(node);
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
            let control = decode(&delivery.bytes).unwrap().control;
            let before = self.nodes[node].status(self.now).counters.received;
            // The cause is known before the effect is judged.
            let known = self.nodes[node].heard.replace((self.now, control));
            self.tell(node, Event::Received(delivery));
            if self.nodes[node].status(self.now).counters.received == before {
                self.nodes[node].heard = known;
            }
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
                }) => self.look_for_cause(node, before, local),
                Action::Notice(_) | Action::Bind(..) | Action::Unbind(_) | Action::Tell(_) => {}
            }
        }
    }

    fn send(&mut self, from: usize, datagram: UdpDatagram) {
        let copies = if self.chance.between(1, 1_000) <= self.faults.double { 2 } else { 1 };
        for _ in 0..copies {
            if self.cut || self.chance.between(1, 1_000) <= self.faults.loss {
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

    /// Never Up longer than the detection time after the last packet.
    fn judge(&self, node: usize) {
        let it = &self.nodes[node];
        if it.speaker.has_stopped() {
            return;
        }
        if it.status(self.now).state == SessionState::Up {
            let (heard_at, _) = it.heard.expect("what is Up was heard");
            let silence = self.now.since(heard_at);
            let (_, longest) = it.detection().unwrap();
            assert!(silence < longest, "{} seed {}: Up after {silence:?} of {longest:?}", it.name, self.seed);
        }
        let next = it.speaker.next_deadline();
        assert!(next.is_none_or(|at| at > self.now), "seed {}: a deadline lies ahead", self.seed);
    }

    /// Never Down without cause.
    fn look_for_cause(&mut self, node: usize, before: SessionState, diagnostic: Diagnostic) {
        let it = &mut self.nodes[node];
        if before == SessionState::Up {
            it.downs.push((self.now, diagnostic));
        }
        let (heard_at, packet) = it.heard.expect("what was Init or Up was heard");
        let says_down = matches!(packet.state, SessionState::Down | SessionState::AdminDown);
        let (shortest, _) = it.detection().unwrap();
        let cause = match diagnostic {
            Diagnostic::NEIGHBOUR_DOWN => says_down && heard_at == self.now,
            Diagnostic::EXPIRED => self.now.since(heard_at) >= shortest,
            _ => false,
        };
        assert!(cause, "{} seed {}: Down from {before} with {diagnostic} for no reason", it.name, self.seed);
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

fn secured(kind: AuthKind) -> SessionConfig {
    let keys = vec![AuthKey::parse(1, "sesame").unwrap()];
    SessionConfig { auth: Some(AuthConfig { kind, keys }), ..session() }
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
    let faults = Faults { loss: 0, double: 50, delay: (100, 5_000), pause: (25_000, ms(100)) };
    for seed in 0..20 {
        let mut pair = Pair::new(session(), session(), seed);
        pair.bring_up();
        pair.faults = faults;
        pair.run(ms(20_000));
        assert_eq!(pair.downs(), 0, "seed {seed}: {:?}", pair.nodes.map(|node| node.downs));
    }
}

/// The invariants hold on any wire, and the sessions come up once it is sound again.
#[test]
fn an_unbearable_wire_takes_sessions_down_only_with_cause() {
    let mut downs = 0;
    for seed in 0..40 {
        let mut chance = Chance::new(seed + 1_000);
        let faults = Faults {
            loss: chance.between(0, 700),
            double: chance.between(0, 300),
            delay: (100, chance.between(200, 60_000)),
            pause: (chance.between(0, 150_000), ms(50)),
        };
        let (a, b) = match seed % 4 {
            0 => (session(), session()),
            1 => (SessionConfig { passive: true, ..session() }, session()),
            2 => (secured(AuthKind::MeticulousKeyedSha1), secured(AuthKind::MeticulousKeyedSha1)),
            _ => (secured(AuthKind::KeyedMd5), secured(AuthKind::KeyedMd5)),
        };
        let mut pair = Pair::new(a, b, seed);
        pair.faults = faults;
        for _ in 0..10 {
            pair.run(ms(1_500));
            let node = chance.between(0, 1) as usize;
            if chance.between(0, 2) == 0 {
                let choices = [10, 20, 50];
                let mut pick = || ms(choices[chance.between(0, 2) as usize]);
                let (min_rx, min_tx) = (pick(), pick());
                pair.change(node, min_rx, min_tx);
            }
        }
        downs += pair.downs();
        pair.faults = NONE;
        pair.run(ms(25_000));
        assert_eq!(pair.states(), [SessionState::Up; 2], "seed {seed}: {faults:?}");
        let before = pair.downs();
        pair.run(ms(5_000));
        assert_eq!(pair.downs(), before, "seed {seed}");
    }
    assert!(downs > 50, "the wire was unbearable: {downs}");
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
