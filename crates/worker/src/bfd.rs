//! The bfd worker.

use std::collections::VecDeque;

use ::bfd::{Action, Event, Notice, Speaker, Status, Verdict};
use host::{Arrival, Engine, Instant, Journal, Udp};

use crate::bus::{BfdBus, FromBfd, ToBfd};

/// Sessions in one piece of a status. One takes some 1,300 bytes of JSON with a name of 31 bytes; what concerns all
/// takes as much as two.
pub const SESSIONS_A_PIECE: usize = 32;

/// The bfd worker: an engine on a machine.
///
/// Whoever owns it waits for the machine's arrivals, the supervisor's messages and [`Self::deadline`], hands each in
/// as it comes, and ends when it [`Self::is_finished`]. Nothing that comes in can make it panic. Packets that came in
/// before a deadline have to be handed in before its [`Arrival::Woken`].
#[derive(Debug)]
pub struct Bfd<M> {
    machine: M,
    speaker: Speaker,
    stopping: bool,
    now: Instant,
    // Used again each turn, so that a turn allocates little.
    actions: Vec<Action>,
    notices: Vec<Notice>,
}

impl<M: Udp + Journal + BfdBus> Bfd<M> {
    /// A worker without a configuration, which does nothing until it hears [`ToBfd::Configure`]. The seed is where its
    /// discriminators and its jitter come from: another one in each life, and not to be guessed.
    pub fn new(machine: M, seed: u64) -> Self {
        Self {
            machine,
            speaker: Speaker::new(seed),
            stopping: false,
            now: Instant::ZERO,
            actions: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// The supervisor said something.
    pub fn hear(&mut self, message: ToBfd, now: Instant) {
        match message {
            // A stop is final: a reload that crossed it on the bus comes too late.
            ToBfd::Configure(_) if self.stopping => {}
            ToBfd::Configure(config) => {
                self.step(Event::Configured(config), now);
                self.machine.tell_supervisor(FromBfd::Ready);
            }
            ToBfd::TellStatus => {
                let status = self.speaker.status(self.now.max(now));
                for message in pieces(status) {
                    self.machine.tell_supervisor(message);
                }
            }
            ToBfd::Ping => self.machine.tell_supervisor(FromBfd::Alive),
            ToBfd::Stop => {
                self.stopping = true;
                self.step(Event::Stop, now);
            }
        }
    }

    /// Something happened on the machine.
    pub fn arrive(&mut self, arrival: Arrival, now: Instant) {
        let event = match arrival {
            Arrival::UdpReceived(delivery) => Event::Received(delivery),
            Arrival::Surveyed { links, addresses: _, routes: _, rules: _ } => Event::Surveyed(links),
            Arrival::LinkChanged(link) => Event::LinkChanged(link),
            Arrival::LinkRemoved(link) => Event::LinkRemoved(link),
            Arrival::Unsent { tag, refusal } => Event::Unsent { tag, refusal },
            Arrival::UdpClosed { channel, refusal } => Event::Closed { channel, refusal },
            Arrival::Woken => Event::Wake,
            // The path is judged by its packets alone; and it gives no orders to the kernel, nor opens such channels.
            Arrival::AddressAdded(_)
            | Arrival::AddressRemoved(_)
            | Arrival::RouteAdded(_)
            | Arrival::RouteRemoved(_)
            | Arrival::RuleAdded(_)
            | Arrival::RuleRemoved(_)
            | Arrival::FileRead { .. }
            | Arrival::ProcessesCounted { .. }
            | Arrival::CarrierRead { .. }
            | Arrival::ClockSet(_)
            | Arrival::Received(_)
            | Arrival::Settled { .. }
            | Arrival::IpvsSurveyed(_)
            | Arrival::Deaf { .. } => return,
        };
        self.step(event, now);
    }

    /// Those who track sessions were started anew, or may have missed something: they are told all.
    pub fn tell_all(&mut self, now: Instant) {
        self.step(Event::TrackersCame, now);
    }

    /// When it wants [`Arrival::Woken`], if nothing else happens first.
    pub fn deadline(&self) -> Option<Instant> {
        self.speaker.next_deadline()
    }

    /// It was told to stop, and has told its neighbours for long enough: a second at most.
    pub fn is_finished(&self) -> bool {
        self.speaker.has_stopped()
    }

    /// The machine that it runs on.
    pub const fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine that it runs on.
    pub const fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// The machine, when the worker is done with it.
    pub fn into_machine(self) -> M {
        self.machine
    }

    /// Tells the engine, and performs what it asks for: trackers are told before anything else, since traffic waits
    /// for them; the rest in order, and what is for people at the end.
    fn step(&mut self, event: Event, now: Instant) {
        debug_assert!(now >= self.now, "the machine's clock is monotonic");
        self.now = self.now.max(now);
        let mut actions = core::mem::take(&mut self.actions);
        self.speaker.handle(event, self.now, &mut actions);
        for action in &actions {
            if let Action::Tell(verdict) = action {
                self.machine.tell_trackers(verdict.clone());
            }
        }
        let mut notices = core::mem::take(&mut self.notices);
        for action in actions.drain(..) {
            match action {
                Action::Bind(channel, purpose) => self.machine.bind(channel, purpose),
                Action::Unbind(channel) => self.machine.unbind(channel),
                Action::Send(datagram) => self.machine.send_udp(datagram),
                Action::Tell(_) => {}
                Action::Notice(notice) => notices.push(notice),
            }
        }
        self.actions = actions;
        for notice in notices.drain(..) {
            if self.machine.wants(notice.severity()) {
                self.machine.write(notice.severity(), &notice.to_string());
            }
        }
        self.notices = notices;
    }
}

/// What the log says of a verdict when it is heard. As keepalived.
pub(crate) fn received(verdict: &Verdict, now: Instant) -> String {
    let Verdict { session, alive, at, audience: _ } = verdict;
    let state = if *alive { "Up" } else { "Down" };
    let micros = now.since(*at).as_micros();
    format!("Received BFD event: instance {session} is in state {state} (delivered in {micros} usec)")
}

/// A status in pieces that fit into a message; one at least.
fn pieces(status: Status) -> impl Iterator<Item = FromBfd> {
    let Status { sessions, strays, gauges } = status;
    let mut rest = VecDeque::from(sessions);
    let mut over = false;
    std::iter::from_fn(move || {
        if over {
            return None;
        }
        let sessions = rest.drain(..rest.len().min(SESSIONS_A_PIECE)).collect();
        over = rest.is_empty();
        let status = Box::new(Status { sessions, strays, gauges: gauges.clone() });
        Some(FromBfd::Status { status, more: !over })
    })
}

#[cfg(test)]
mod tests;
