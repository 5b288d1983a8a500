//! A speaker on a pretend node, and a neighbour that says what a test wants.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;

use host::{Engine, Instant, Link, LinkIndex, LinkName, MacAddress, UdpDatagram, UdpDelivery};

use super::super::Speaker;
use crate::config::{Config, Path, SessionConfig};
use crate::event::{Action, Event, Verdict};
use crate::notice::{Notice, SessionFact};
use crate::status::SessionStatus;
use crate::wire::control::decode;
use crate::wire::{Control, Diagnostic, SessionState};

pub(super) const ETH0: LinkIndex = LinkIndex(2);
pub(super) const ETH1: LinkIndex = LinkIndex(3);
pub(super) const OURS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
pub(super) const THEIRS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
/// Their discriminator.
pub(super) const THEM: u32 = 0x7777;

/// A session as a guide has it: 10 ms × 5.
pub(super) fn session() -> SessionConfig {
    SessionConfig::plain("B", THEIRS)
}

pub(super) fn config(sessions: impl IntoIterator<Item = SessionConfig>) -> Config {
    Config { sessions: sessions.into_iter().collect() }
}

pub(super) fn link(index: LinkIndex, name: &str) -> Link {
    Link {
        index,
        name: LinkName::new(name).unwrap(),
        admin_up: true,
        running: true,
        mtu: 1500,
        mac: Some(MacAddress([2, 0, 0, 0, 0, 1])),
        arp: true,
        multicast: true,
        loopback: false,
        ipv6_router: false,
    }
}

pub(super) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(super) struct Bench {
    pub(super) speaker: Speaker,
    pub(super) now: Instant,
}

impl Bench {
    /// A node that was configured at ten seconds, and what that led to.
    pub(super) fn start(config: Config) -> (Self, Vec<Action>) {
        let mut bench = Self { speaker: Speaker::new(7), now: Instant::from_millis(10_000) };
        let out = bench.tell(Event::Configured(Box::new(config)));
        (bench, out)
    }

    /// The same with one session.
    pub(super) fn with(session: SessionConfig) -> Self {
        Self::start(config([session])).0
    }

    /// A session that is Up with a neighbour of 10 ms × 5, its Poll Sequence over.
    pub(super) fn up(session: SessionConfig) -> Self {
        let mut bench = Self::with(session);
        bench.come_up();
        bench
    }

    pub(super) fn come_up(&mut self) {
        self.hear(Control { your_discriminator: 0, ..self.theirs(SessionState::Down) });
        assert_eq!(self.state(), SessionState::Init);
        self.hear(self.theirs(SessionState::Up));
        assert_eq!(self.state(), SessionState::Up);
        self.settle();
    }

    /// Answers a Poll Sequence and lets it settle.
    pub(super) fn settle(&mut self) {
        let state = self.status().remote.state;
        self.hear(Control { is_final: true, ..self.theirs(state) });
        self.hear(self.theirs(state));
    }

    /// Brings the first session into a state by what the neighbour says.
    pub(super) fn in_state(state: SessionState) -> Self {
        match state {
            SessionState::AdminDown => Self::with(SessionConfig { enabled: false, ..session() }),
            SessionState::Down => Self::with(session()),
            SessionState::Init => {
                let mut bench = Self::with(session());
                bench.hear(bench.theirs(SessionState::Down));
                bench
            }
            SessionState::Up => Self::up(session()),
        }
    }

    pub(super) fn tell(&mut self, event: Event) -> Vec<Action> {
        let mut out = Vec::new();
        self.speaker.handle(event, self.now, &mut out);
        out
    }

    /// A packet of a neighbour of 10 ms × 5, or of 1 s while not Up, that knows our discriminator.
    pub(super) fn theirs(&self, state: SessionState) -> Control {
        Control {
            diagnostic: Diagnostic::NONE,
            state,
            poll: false,
            is_final: false,
            independent: false,
            demand: false,
            multiplier: 5,
            my_discriminator: THEM,
            your_discriminator: self.status().discriminator,
            desired_min_tx: if state == SessionState::Up { 10_000 } else { 1_000_000 },
            required_min_rx: 10_000,
            required_min_echo_rx: 0,
        }
    }

    pub(super) fn hear(&mut self, control: Control) -> Vec<Action> {
        self.tell(Event::Received(delivery(control.encode())))
    }

    /// Moves to each deadline until `end`, and hands back everything ordered with its time.
    pub(super) fn run_until(&mut self, end: Instant) -> Vec<(Instant, Action)> {
        let mut all = Vec::new();
        while let Some(at) = self.speaker.next_deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            all.extend(self.tell(Event::Wake).into_iter().map(|action| (self.now, action)));
        }
        self.now = self.now.max(end);
        all
    }

    pub(super) fn wait(&mut self, span: Duration) -> Vec<Action> {
        let end = self.now + span;
        self.run_until(end).into_iter().map(|(_, action)| action).collect()
    }

    /// Waits while the neighbour goes on sending every 5 ms what it says; hands back when our packets left.
    pub(super) fn wait_hearing(&mut self, span: Duration, says: Control) -> Vec<(Instant, Control)> {
        let end = self.now + span;
        let mut sent = Vec::new();
        while self.now < end {
            let step = self.run_until((self.now + ms(5)).min(end));
            sent.extend(step.iter().flat_map(|(at, action)| control_of(action).map(|c| (*at, c))));
            let out = self.hear(says);
            sent.extend(controls(&out).into_iter().map(|control| (self.now, control)));
        }
        sent
    }

    pub(super) fn status(&self) -> SessionStatus {
        self.speaker.status(self.now).sessions[0].clone()
    }

    pub(super) fn state(&self) -> SessionState {
        self.status().state
    }
}

/// A packet as it comes from the neighbour: on eth0, TTL 255, to the single-hop port, this very moment.
pub(super) fn delivery(bytes: Vec<u8>) -> UdpDelivery {
    UdpDelivery {
        link: ETH0,
        source: SocketAddr::new(THEIRS, 49_999),
        destination: SocketAddr::new(OURS, Path::SingleHop.port()),
        hop_limit: Some(255),
        at: Instant::NEVER,
        bytes,
    }
}

/// Datagrams among orders.
pub(super) fn datagrams(actions: &[Action]) -> Vec<UdpDatagram> {
    let datagram = |action: &Action| match action {
        Action::Send(datagram) => Some(datagram.clone()),
        Action::Bind(..) | Action::Unbind(_) | Action::Tell(_) | Action::Notice(_) => None,
    };
    actions.iter().filter_map(datagram).collect()
}

fn control_of(action: &Action) -> Option<Control> {
    let sent = datagrams(core::slice::from_ref(action));
    let control = sent.iter().find(|sent| sent.to.port() != crate::echo::PORT)?;
    Some(decode(&control.payload).unwrap().control)
}

/// Control packets among orders.
pub(super) fn controls(actions: &[Action]) -> Vec<Control> {
    actions.iter().filter_map(control_of).collect()
}

/// What trackers are told, among orders.
pub(super) fn verdicts(actions: &[Action]) -> Vec<Verdict> {
    let verdict = |action: &Action| match action {
        Action::Tell(verdict) => Some(verdict.clone()),
        Action::Bind(..) | Action::Unbind(_) | Action::Send(_) | Action::Notice(_) => None,
    };
    actions.iter().filter_map(verdict).collect()
}

/// Facts of sessions among orders.
pub(super) fn facts(actions: &[Action]) -> Vec<SessionFact> {
    let fact = |action: &Action| match action {
        Action::Notice(Notice::Session { fact, .. }) => Some(fact.clone()),
        Action::Bind(..) | Action::Unbind(_) | Action::Send(_) | Action::Tell(_) | Action::Notice(_) => None,
    };
    actions.iter().filter_map(fact).collect()
}

/// Orders in short: `Up PF`, `tell alive`, `bind 3784`, `echo 255`, `-> Down 3`; other notices are left out.
pub(super) fn brief(actions: &[Action]) -> Vec<String> {
    actions.iter().filter_map(short).collect()
}

fn short(action: &Action) -> Option<String> {
    Some(match action {
        Action::Bind(channel, _) => format!("bind {}", port(channel.port)),
        Action::Unbind(channel) => format!("unbind {}", port(channel.port)),
        Action::Tell(verdict) => format!("tell {}", if verdict.alive { "alive" } else { "dead" }),
        Action::Send(datagram) => match control_of(action) {
            Some(control) => {
                let flags: String = [(control.poll, 'P'), (control.is_final, 'F')]
                    .iter()
                    .filter(|f| f.0)
                    .map(|f| f.1)
                    .collect();
                format!("{} {flags}", control.state).trim_end().into()
            }
            None => format!("echo {}", datagram.hop_limit),
        },
        Action::Notice(Notice::Session { fact: SessionFact::Entered { state, local, .. }, .. }) => {
            format!("-> {state} {}", local.number())
        }
        Action::Notice(_) => return None,
    })
}

fn port(port: u16) -> String {
    if port >= 49_152 { "own".into() } else { format!("{port}") }
}

/// The notices among the orders, as log lines.
pub(super) fn log(actions: &[Action]) -> Vec<String> {
    let line = |action: &Action| match action {
        Action::Notice(notice) => Some(format!("{notice}")),
        Action::Bind(..) | Action::Unbind(_) | Action::Send(_) | Action::Tell(_) => None,
    };
    actions.iter().filter_map(line).collect()
}

/// Nothing.
pub(super) fn nothing() -> Vec<String> {
    vec![]
}
