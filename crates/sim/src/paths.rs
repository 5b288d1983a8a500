//! Pairs of bfd workers: two neighbours, the path between them, and what befalls the three.
//!
//! The workers are the real ones. `node` is the machine under each, `watch` keeps the books and knows what must
//! hold, [`Neighbours`] makes pairs by chance. What a worker reads late is dated by when the machine received it, as on this
//! host, and comes before the wake-up that expired with it.

mod neighbours;
pub(crate) mod node;
mod watch;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use host::{Arrival, Instant, Refusal, UdpChannel, UdpDatagram, UdpDelivery};
use worker::bus::ToBfd;

pub use self::neighbours::{Misfortune, Neighbours};
use self::node::{Effect, LINK, Node};
use self::watch::{Cause, Watch};
use crate::chance::Chance;
use crate::explore::Plan;
use crate::invariant::{Promise, Violation};
use crate::network::{Fate, Segment};
use crate::timeline::{Entry, Fact};

/// As far back as a machine dates a packet that lay there, as `linux::clock` has it.
const BELIEVED: Duration = Duration::from_millis(5);
/// Most turns of one worker in a row without time passing; more, and it would never sleep again.
const TURNS_IN_PLACE: u32 = 1000;
/// `EADDRINUSE`: somebody else has the port.
const IN_USE: i32 = 98;

/// Two nodes on virtual time.
#[derive(Debug)]
pub struct Pair {
    now: Instant,
    order: u64,
    queue: BTreeMap<(Instant, u64), Happening>,
    nodes: [Node; 2],
    segment: Segment,
    /// How late a worker is woken at most.
    late: Duration,
    chance: Chance,
    watch: Watch,
    /// The node that has its turn, since when, and how often already.
    turns: (usize, Instant, u32),
    effects: Vec<Effect>,
    keeps_story: bool,
    timeline: Vec<Entry>,
    #[cfg(test)]
    pub(crate) sabotage: crate::sabotage::Sabotage<Arrival, Effect>,
}

#[derive(Debug)]
enum Happening {
    /// A packet reaches a machine.
    Frame {
        to: usize,
        delivery: UdpDelivery,
    },
    Wake {
        node: usize,
        at: Instant,
    },
    /// A channel could not be opened.
    Closed {
        node: usize,
        life: u64,
        channel: UdpChannel,
    },
    /// By now a session must have gone down, unless it was heard meanwhile.
    Overdue {
        node: usize,
        life: u64,
    },
    Misfortune(Misfortune),
}

impl Pair {
    /// The pair of a plan, which begins with both started. Its story is only kept if asked for.
    pub fn new(plan: &Plan<Neighbours>, keeps_story: bool) -> Self {
        let Plan { tale, misfortunes } = plan;
        let mut segment = Segment::new("path", tale.weather);
        let nodes = [0, 1].map(|number| Node::new(number, tale.sessions[number].clone()));
        for (number, node) in nodes.iter().enumerate() {
            segment.plug(number, LINK, node.mac());
        }
        let mut pair = Self {
            now: Instant::from_millis(1_000),
            order: 0,
            queue: BTreeMap::new(),
            nodes,
            segment,
            late: tale.late,
            chance: Chance::new(tale.seed),
            watch: Watch::new(tale.late),
            turns: (0, Instant::ZERO, 0),
            effects: Vec::new(),
            keeps_story,
            timeline: Vec::new(),
            #[cfg(test)]
            sabotage: crate::sabotage::Sabotage::default(),
        };
        for (at, misfortune) in misfortunes {
            pair.schedule(*at, Happening::Misfortune(misfortune.clone()));
        }
        for misfortune in tale.healing() {
            pair.schedule(tale.healed, Happening::Misfortune(misfortune));
        }
        [0, 1].into_iter().for_each(|node| pair.start(node));
        pair
    }

    /// Lets time pass; what was promised and not kept.
    pub fn run_until(&mut self, until: Instant) -> Result<(), Violation> {
        while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= until) {
            let ((at, _), what) = entry.remove_entry();
            self.now = at;
            self.happen(what);
            self.watch.verdict()?;
        }
        self.now = self.now.max(until);
        self.watch.verdict()
    }

    /// The present.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Both sessions are Up.
    pub fn is_up(&self) -> bool {
        (0..2).all(|node| self.watch.is_up(node))
    }

    /// Changes of any session's state so far.
    pub const fn changes(&self) -> u64 {
        self.watch.changes()
    }

    /// What happened, a line a fact: when, to which node, what.
    pub fn story(&self) -> String {
        let mut story = String::new();
        for Entry { at, node, fact } in &self.timeline {
            let node = node.map_or("", |node| node::NAMES[node]);
            // A string takes everything.
            let _ = writeln!(story, "{:>14} {node:<4} {fact}", at.to_string());
        }
        story
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::Frame { to, delivery } => self.arrive(to, delivery),
            Happening::Wake { node, at } => {
                if !self.nodes[node].paused && self.nodes[node].timer.is_some_and(|(_, rings)| rings == at) {
                    self.nodes[node].timer = None;
                    self.wake(node);
                }
            }
            Happening::Closed { node, life, channel } => {
                if self.nodes[node].life == life {
                    let refusal = Refusal { code: IN_USE, why: "Address already in use".to_owned() };
                    self.nodes[node].close(channel);
                    self.tell(node, Arrival::UdpClosed { channel, refusal });
                }
            }
            Happening::Overdue { node, life } => {
                if self.nodes[node].life == life {
                    self.watch.checked(node);
                    self.mind_overdue(node);
                }
            }
            Happening::Misfortune(misfortune) => self.befall(misfortune),
        }
    }

    fn befall(&mut self, misfortune: Misfortune) {
        if self.keeps_story {
            self.note(None, Fact::Command(misfortune.to_string()));
        }
        match misfortune {
            Misfortune::Kill(node) => {
                self.nodes[node].wanted = false;
                self.end(node, "killed");
            }
            Misfortune::Stop(node) => {
                self.nodes[node].wanted = false;
                self.say(node, ToBfd::Stop);
            }
            Misfortune::Start(node) => self.start(node),
            Misfortune::Pause(node) => self.nodes[node].paused = true,
            Misfortune::Resume(node) => self.resume(node),
            Misfortune::Mute(node, mute) => self.segment.ports[node].mute = mute,
            Misfortune::Deafen(node, deaf) => self.segment.ports[node].deaf = deaf,
            Misfortune::Weather(weather) => self.segment.weather = weather,
            Misfortune::Configure(node, config) => {
                self.nodes[node].config = *config;
                self.say(node, self.nodes[node].configure());
            }
            Misfortune::Refuse(node, channels) => self.nodes[node].refusals = channels,
        }
    }

    /// One that is asked to stop ends first.
    fn start(&mut self, node: usize) {
        self.nodes[node].wanted = true;
        if self.nodes[node].worker.is_some() {
            return;
        }
        let seed = self.chance.next();
        self.nodes[node].start(seed, self.keeps_story);
        self.watch.started(node, &self.nodes[node].config);
        self.note(Some(node), Fact::Worker("started"));
        self.say(node, self.nodes[node].configure());
    }

    fn end(&mut self, node: usize, how: &'static str) {
        if self.nodes[node].end() {
            self.watch.ended(node);
            self.note(Some(node), Fact::Worker(how));
        }
    }

    /// The worker gets processor time again: it reads what lies there, and then looks at the clock.
    fn resume(&mut self, node: usize) {
        let it = &mut self.nodes[node];
        if !std::mem::replace(&mut it.paused, false) {
            return;
        }
        it.timer = None;
        for message in std::mem::take(&mut it.messages) {
            self.say(node, message);
        }
        for delivery in std::mem::take(&mut self.nodes[node].inbox) {
            self.arrive(node, delivery);
        }
        self.wake(node);
        self.mind_overdue(node);
    }

    /// A packet is there; whoever is paused reads it later.
    fn arrive(&mut self, node: usize, delivery: UdpDelivery) {
        let it = &mut self.nodes[node];
        if it.worker.is_none() || !it.hears(&delivery) {
            return;
        }
        if it.paused {
            it.inbox.push_back(delivery);
            return;
        }
        let at = delivery.at.max(self.now - BELIEVED);
        self.tell(node, Arrival::UdpReceived(UdpDelivery { at, ..delivery }));
    }

    fn wake(&mut self, node: usize) {
        self.tell(node, Arrival::Woken);
        let deadline = self.nodes[node].worker.as_ref().and_then(worker::Bfd::deadline);
        if deadline.is_some_and(|deadline| deadline <= self.now) {
            self.watch.violate(self.now, Promise::DeadlinesAhead, node::NAMES[node].to_owned());
        }
    }

    fn tell(&mut self, node: usize, arrival: Arrival) {
        let cause = Cause::of(&arrival);
        #[cfg(test)]
        let Some(arrival) = (self.sabotage.told)(node, arrival) else { return };
        if let Some(worker) = &mut self.nodes[node].worker {
            worker.arrive(arrival, self.now);
            self.look_after(node, &cause);
        }
    }

    fn say(&mut self, node: usize, message: ToBfd) {
        let it = &mut self.nodes[node];
        if it.paused {
            it.messages.push(message);
            return;
        }
        if let Some(worker) = &mut it.worker {
            if let ToBfd::Configure(config) = &message {
                config.sessions.iter().for_each(|session| self.watch.configured(node, session));
            }
            worker.hear(message, self.now);
            self.look_after(node, &Cause::Command);
        }
    }

    /// Performs what a worker did in its turn, looks how it stands, and sets its timer.
    fn look_after(&mut self, node: usize, cause: &Cause) {
        let (now, mut effects) = (self.now, std::mem::take(&mut self.effects));
        self.nodes[node].drain(&mut effects);
        #[cfg(test)]
        (self.sabotage.done)(node, &mut effects);
        let status = self.nodes[node].status(now).and_then(|status| status.sessions.into_iter().next());
        if let Some(session) = &status {
            self.watch.hear(node, cause, session);
        }
        for effect in effects.drain(..) {
            match effect {
                Effect::Send(datagram) => self.send(node, datagram),
                Effect::Unsent(channel) => {
                    let details = format!("{} {channel:?}", node::NAMES[node]);
                    self.watch.violate(now, Promise::ChannelsOpen, details);
                }
                Effect::Tell(verdict) => self.watch.told(node, verdict.alive),
                Effect::Line(line) => self.note(Some(node), Fact::Line(line)),
                Effect::Refused(channel) => {
                    let life = self.nodes[node].life;
                    self.schedule(now, Happening::Closed { node, life, channel });
                }
            }
        }
        self.effects = effects;
        if let Some(session) = &status {
            self.watch.look(now, node, cause, session);
        }
        if self.nodes[node].worker.as_ref().is_some_and(worker::Bfd::is_finished) {
            self.end(node, "stopped");
            if self.nodes[node].wanted {
                self.start(node);
            }
            return;
        }
        self.watch_over(node);
        self.set_timer(node);
        self.turns = if (self.turns.0, self.turns.1) == (node, now) {
            (node, now, self.turns.2 + 1)
        } else {
            (node, now, 0)
        };
        if self.turns.2 > TURNS_IN_PLACE {
            self.watch.violate(now, Promise::Sleeps, node::NAMES[node].to_owned());
        }
    }

    fn set_timer(&mut self, node: usize) {
        let it = &self.nodes[node];
        let Some(deadline) = it.worker.as_ref().and_then(worker::Bfd::deadline) else {
            self.nodes[node].timer = None;
            return;
        };
        if it.timer.is_some_and(|(set_to, _)| set_to == deadline) {
            return;
        }
        let at = self.now.max(deadline) + self.chance.time((Duration::ZERO, self.late));
        self.nodes[node].timer = Some((deadline, at));
        self.schedule(at, Happening::Wake { node, at });
    }

    /// Sees to it that somebody looks whether a session goes down in time.
    fn watch_over(&mut self, node: usize) {
        if let Some(at) = self.watch.next_check(node) {
            let life = self.nodes[node].life;
            self.schedule(at.max(self.now), Happening::Overdue { node, life });
        }
    }

    fn mind_overdue(&mut self, node: usize) {
        if !self.nodes[node].paused {
            self.watch.mind_overdue(self.now, node);
            self.watch_over(node);
        }
    }

    fn send(&mut self, from: usize, datagram: UdpDatagram) {
        let now = self.now;
        self.watch.sent(now, from, &datagram);
        let UdpDatagram { from: channel, to: destination, way: _, hop_limit, payload, tag: _ } = datagram;
        let (to, it) = (1 - from, &self.nodes[from]);
        let source = SocketAddr::new(it.address(), channel.port);
        if it.has_refused(channel) || !self.segment.passes(from, to) {
            return;
        }
        let arrivals = match self.segment.fate(to, now, &mut self.chance) {
            Fate::Lost => [None, None],
            Fate::Arrives(at) => [Some(at), None],
            Fate::Twice(at, again) => [Some(at), Some(again)],
        };
        for at in arrivals.into_iter().flatten() {
            let (link, hop_limit, bytes) = (LINK, Some(hop_limit), payload.clone());
            let delivery = UdpDelivery { link, source, destination, hop_limit, at, bytes };
            self.schedule(at, Happening::Frame { to, delivery });
        }
    }

    fn schedule(&mut self, at: Instant, what: Happening) {
        self.order += 1;
        self.queue.insert((at, self.order), what);
    }

    fn note(&mut self, node: Option<usize>, fact: Fact) {
        if self.keeps_story {
            self.timeline.push(Entry { at: self.now, node, fact });
        }
    }
}
