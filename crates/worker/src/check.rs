//! The check worker.

use std::time::Duration;

use ::check::{Action, Director, Event, News, Notice};
use bfd::Verdict;
use host::ipvs::Ipvs;
use host::{Arrival, Engine, Instant, Job, Journal, Severity};

use crate::bfd::received;
use crate::bus::{CheckBus, FromCheck, ToCheck};
use crate::notify::fifo::EventPipes;
use crate::notify::script::LIMIT;

/// How long a stop waits for the kernel to confirm that services are gone. Some thousand take it less than a second.
pub const STOP_LIMIT: Duration = Duration::from_secs(3);

/// Servers and checks in one piece of a status. One takes at most some 400 bytes of JSON.
pub const SERVERS_A_PIECE: usize = 128;

/// The check worker: an engine on a machine.
///
/// Whoever owns it waits for the machine's arrivals, the supervisor's messages and [`Self::deadline`], hands each in
/// as it comes, and ends when it [`Self::is_finished`]. Nothing that comes in can make it panic.
#[derive(Debug)]
pub struct Check<M> {
    machine: M,
    director: Director,
    /// When a stop that was asked for ends at the latest.
    stop: Option<Instant>,
    now: Instant,
    // Used again each turn, so that a turn allocates little.
    actions: Vec<Action>,
}

impl<M: Ipvs + Journal + CheckBus + EventPipes> Check<M> {
    /// A worker without a configuration, which does nothing until it hears [`ToCheck::Configure`].
    pub fn new(machine: M) -> Self {
        Self { machine, director: Director::default(), stop: None, now: Instant::ZERO, actions: Vec::new() }
    }

    /// The supervisor said something.
    pub fn hear(&mut self, message: ToCheck, now: Instant) {
        match message {
            // A stop is final: a reload that crossed it on the bus comes too late.
            ToCheck::Configure(_) if self.stop.is_some() => {}
            ToCheck::Configure(config) => {
                self.step(Event::Configured(config), now);
                self.machine.tell_supervisor(FromCheck::Ready);
            }
            ToCheck::Resume(config) => {
                self.step(Event::Resumed(config), now);
                self.machine.tell_supervisor(FromCheck::Ready);
            }
            ToCheck::TellStatus => self.tell_status(),
            ToCheck::Ping => self.machine.tell_supervisor(FromCheck::Alive),
            ToCheck::Stop => {
                if self.stop.is_none() {
                    self.stop = Some(self.now.max(now) + STOP_LIMIT);
                    self.step(Event::Stop, now);
                }
            }
        }
    }

    /// Something happened on the machine.
    pub fn arrive(&mut self, arrival: Arrival, now: Instant) {
        let event = match arrival {
            Arrival::IpvsSurveyed(found) => Event::Surveyed(found),
            Arrival::Settled { ticket, result } => Event::Settled { ticket, result },
            Arrival::Woken => Event::Wake,
            // It gives no orders but to IPVS, and no check listens to anything but BFD.
            Arrival::Surveyed { .. }
            | Arrival::LinkChanged(_)
            | Arrival::LinkRemoved(_)
            | Arrival::AddressAdded(_)
            | Arrival::AddressRemoved(_)
            | Arrival::RouteAdded(_)
            | Arrival::RouteRemoved(_)
            | Arrival::RuleAdded(_)
            | Arrival::RuleRemoved(_)
            | Arrival::CarrierRead { .. }
            | Arrival::FileRead { .. }
            | Arrival::ProcessesCounted { .. }
            | Arrival::ClockSet(_)
            | Arrival::Received(_)
            | Arrival::UdpReceived(_)
            | Arrival::UdpClosed { .. }
            | Arrival::Unsent { .. }
            | Arrival::Deaf { .. } => return,
        };
        self.step(event, now);
    }

    /// The bfd worker has judged the path of a session.
    pub fn hear_verdict(&mut self, verdict: Verdict, now: Instant) {
        self.machine.write(Severity::Info, &received(&verdict, now));
        let Verdict { session, alive, at: _, audience: _ } = verdict;
        self.step(Event::PathJudged { session, alive }, now);
    }

    /// When it wants [`Arrival::Woken`], if nothing else happens first.
    pub fn deadline(&self) -> Option<Instant> {
        self.director.next_deadline().into_iter().chain(self.stop).min()
    }

    /// It was told to stop, and the machine has carried out its last orders, or took longer than [`STOP_LIMIT`].
    pub fn is_finished(&self) -> bool {
        self.stop.is_some_and(|limit| self.director.has_stopped() || self.now >= limit)
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

    /// Tells the engine, and performs what it asks for, in order; it puts orders before what is for people.
    fn step(&mut self, event: Event, now: Instant) {
        debug_assert!(now >= self.now, "the machine's clock is monotonic");
        self.now = self.now.max(now);
        let mut actions = core::mem::take(&mut self.actions);
        self.director.handle(event, self.now, &mut actions);
        for action in actions.drain(..) {
            match action {
                Action::Survey => self.machine.survey_ipvs(),
                Action::Ipvs(ticket, op) => self.machine.balance(ticket, op),
                Action::Tell(news) => self.tell(news),
                Action::Notice(notice) => self.write(&notice),
            }
        }
        self.actions = actions;
    }

    fn tell_status(&mut self) {
        let mut pieces = self.director.status(self.now).pieces(SERVERS_A_PIECE).into_iter().peekable();
        while let Some(status) = pieces.next() {
            let more = pieces.peek().is_some();
            self.machine.tell_supervisor(FromCheck::Status { status: Box::new(status), more });
        }
    }

    /// As keepalived: scripts first. Those of one virtual server run one after the other.
    fn tell(&mut self, news: News) {
        let line = format!("{news}\n");
        if let Some(command) = news.script {
            let job = Job { command, limit: Some(LIMIT) };
            self.machine.tell_supervisor(FromCheck::Notify { queue: news.service, job });
        }
        self.machine.put(&line);
    }

    fn write(&mut self, notice: &Notice) {
        if self.machine.wants(notice.severity()) {
            self.machine.write(notice.severity(), &notice.to_string());
        }
    }
}

#[cfg(test)]
mod tests;
