//! What must hold on a path, and the books that are kept to tell. `docs/simulator.md` has the promises.

use std::time::Duration;

use bfd::config::SessionConfig;
use bfd::echo;
use bfd::status::SessionStatus;
use bfd::wire::control::decode;
use bfd::wire::{Control, Diagnostic, SessionState};
use host::{Arrival, Instant, UdpDatagram};

use super::node::NAMES;
use crate::invariant::{Promise, Violation};

/// RFC 5880 §6.8.3: the interval of receiving while Echo packets are sent, at least.
const SLOW: Duration = Duration::from_secs(1);

/// What a worker was told in its turn.
pub(super) enum Cause {
    /// A packet, its content if it is a control packet, and from when it counts.
    Packet(Option<Control>, Instant),
    /// A configuration, a stop.
    Command,
    /// Anything else.
    Other,
}

impl Cause {
    pub(super) fn of(arrival: &Arrival) -> Self {
        if let Arrival::UdpReceived(delivery) = arrival {
            let control = (delivery.destination.port() != echo::PORT)
                .then(|| decode(&delivery.bytes).ok().map(|packet| packet.control));
            Self::Packet(control.flatten(), delivery.at)
        } else {
            Self::Other
        }
    }
}

/// The books of a pair.
#[derive(Debug)]
pub(super) struct Watch {
    sides: [Side; 2],
    /// How late a worker is woken at most.
    late: Duration,
    /// Changes of state.
    changes: u64,
    violation: Option<Violation>,
}

/// The books of one session.
#[derive(Debug, Default)]
struct Side {
    /// `None` while nothing runs.
    state: Option<SessionState>,
    /// The last packet that it accepted, and from when it counts.
    heard: Option<(Instant, Control)>,
    /// What it accepted in this turn.
    accepted: Option<Control>,
    received: u64,
    /// The last of its Echo packets that came back, or when it began to send them.
    echo: Option<Instant>,
    echoes: u64,
    multiplier: u32,
    /// The least and the greatest that were in force in this life.
    min_rx: (Duration, Duration),
    min_tx: Duration,
    /// Echo packets may make its receiving interval longer.
    may_echo: bool,
    /// The shortest time in which its Echo packets must come back.
    echo_detection: Duration,
    /// The last packet that it sent in its rhythm.
    sent: Option<(Instant, Control)>,
    /// What trackers were told last.
    told: Option<bool>,
    /// Somebody will look whether it goes down in time.
    checked: bool,
}

impl Side {
    /// The detection time by the last packet, as short and as long as its own intervals can make it.
    fn detection(&self) -> Option<(Duration, Duration)> {
        let (_, packet) = self.heard?;
        let desired = Duration::from_micros(packet.desired_min_tx.into());
        let times = u32::from(packet.multiplier);
        let longest = if self.may_echo { self.min_rx.1.max(SLOW) } else { self.min_rx.1 };
        Some((self.min_rx.0.max(desired) * times, longest.max(desired) * times))
    }

    /// When it must have gone down, if nothing more is heard.
    fn expires_at(&self) -> Option<Instant> {
        (self.state == Some(SessionState::Up)).then_some(())?;
        Some(self.heard?.0 + self.detection()?.1)
    }
}

impl Watch {
    pub(super) fn new(late: Duration) -> Self {
        Self { sides: [Side::default(), Side::default()], late, changes: 0, violation: None }
    }

    /// The first promise that was broken.
    pub(super) fn verdict(&self) -> Result<(), Violation> {
        self.violation.clone().map_or(Ok(()), Err)
    }

    pub(super) fn violate(&mut self, at: Instant, rule: Promise, details: String) {
        self.violation.get_or_insert(Violation { at, rule, details });
    }

    pub(super) fn is_up(&self, node: usize) -> bool {
        self.sides[node].state == Some(SessionState::Up)
    }

    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    pub(super) fn started(&mut self, node: usize, config: &SessionConfig) {
        let (min_rx, min_tx) = ((config.min_rx, config.min_rx), config.min_tx);
        self.sides[node] = Side { min_rx, min_tx, echo_detection: Duration::MAX, ..Side::default() };
    }

    pub(super) fn configured(&mut self, node: usize, config: &SessionConfig) {
        let side = &mut self.sides[node];
        let times = u32::from(config.multiplier.get());
        side.multiplier = times;
        side.min_rx = (side.min_rx.0.min(config.min_rx), side.min_rx.1.max(config.min_rx));
        side.min_tx = side.min_tx.min(config.min_tx);
        if let Some(send) = config.echo.send {
            side.may_echo = true;
            side.echo_detection = side.echo_detection.min(send.interval * times);
        }
    }

    pub(super) fn ended(&mut self, node: usize) {
        self.sides[node] = Side::default();
        self.changes += 1;
    }

    pub(super) fn told(&mut self, node: usize, alive: bool) {
        self.sides[node].told = Some(alive);
    }

    /// A worker sends. RFC 5880 §6.8.7: not sooner than both sides allow, less a quarter.
    pub(super) fn sent(&mut self, now: Instant, node: usize, datagram: &UdpDatagram) {
        let side = &mut self.sides[node];
        if datagram.to.port() == echo::PORT {
            return;
        }
        let Ok(packet) = decode(&datagram.payload) else { return };
        let control = packet.control;
        let same = |before: Control| (before.state, before.diagnostic) == (control.state, control.diagnostic);
        if control.is_final {
            // An answer leaves at any time, and says what else it has to say.
            side.sent = side.sent.filter(|(_, before)| same(*before));
            return;
        }
        let asked = side.heard.map_or(1, |(_, heard)| heard.required_min_rx);
        let asked = Duration::from_micros(asked.into());
        let own = match control.state {
            SessionState::Up => side.min_tx,
            SessionState::AdminDown | SessionState::Down | SessionState::Init => {
                Duration::from_micros(control.desired_min_tx.into())
            }
        };
        let least = asked.max(own) * 3 / 4;
        let before = side.sent.replace((now, control)).filter(|(_, before)| same(*before));
        if let Some((at, _)) = before.filter(|(at, _)| now.since(*at) < least) {
            let details = format!("{}: after {:?} of {least:?}", NAMES[node], now.since(at));
            self.violate(now, Promise::PacketsNotTooSoon, details);
        }
    }

    /// What a session has accepted in its worker's turn.
    pub(super) fn hear(&mut self, node: usize, cause: &Cause, status: &SessionStatus) {
        let side = &mut self.sides[node];
        side.accepted = None;
        if status.counters.received > side.received {
            side.received = status.counters.received;
            if let Cause::Packet(Some(control), at) = cause {
                let heard_at = side.heard.map_or(*at, |(before, _)| before.max(*at));
                side.heard = Some((heard_at, *control));
                side.accepted = Some(*control);
            }
        }
        if status.counters.echo_received > side.echoes {
            side.echoes = status.counters.echo_received;
            if let Cause::Packet(_, at) = cause {
                side.echo = side.echo.max(Some(*at));
            }
        }
    }

    /// How a session stands after its worker's turn.
    pub(super) fn look(&mut self, now: Instant, node: usize, cause: &Cause, status: &SessionStatus) {
        let before = self.sides[node].state.replace(status.state);
        if before != Some(status.state) {
            self.changes += 1;
            self.changed(now, node, before, cause, status);
        }
        let side = &mut self.sides[node];
        side.echo = status.echoing.then(|| side.echo.unwrap_or(now));
        // It has forgotten its neighbour, and what that asked for.
        if status.remote.discriminator == 0 {
            side.heard = None;
        }
        let told = side.told;
        let knows = told.is_none_or(|told| told == status.alive);
        if !knows || (status.state == SessionState::Up && told != Some(true)) {
            let details = format!("{}: {told:?} in {}", NAMES[node], status.state);
            self.violate(now, Promise::TrackersKnow, details);
        }
    }

    /// Never Down without cause.
    fn changed(
        &mut self,
        now: Instant,
        node: usize,
        before: Option<SessionState>,
        cause: &Cause,
        status: &SessionStatus,
    ) {
        let Some(before @ (SessionState::Init | SessionState::Up)) = before else { return };
        let side = &self.sides[node];
        let accepted = side.accepted;
        let since = |at: Option<Instant>| at.map_or(Duration::MAX, |at| now.since(at));
        let has_cause = match (status.state, status.diagnostic) {
            (SessionState::Init | SessionState::Up, _) => true,
            (SessionState::AdminDown, _) => matches!(cause, Cause::Command),
            (SessionState::Down, Diagnostic::NEIGHBOUR_DOWN) => {
                let says = accepted.map(|packet| packet.state);
                matches!(says, Some(SessionState::Down | SessionState::AdminDown))
            }
            (SessionState::Down, Diagnostic::EXPIRED) => {
                let shortest = side.detection().map_or(Duration::MAX, |(shortest, _)| shortest);
                since(side.heard.map(|(at, _)| at)) >= shortest
            }
            (SessionState::Down, Diagnostic::ECHO_FAILED) => since(side.echo) >= side.echo_detection,
            (SessionState::Down, _) => false,
        };
        let must_know = status.state == SessionState::Down
            && before == SessionState::Up
            && accepted.is_none_or(|packet| packet.state != SessionState::AdminDown)
            && status.remote.state != SessionState::AdminDown;
        let told = side.told;
        if !has_cause {
            let details = format!("{}: from {before} with “{}”", NAMES[node], status.diagnostic);
            self.violate(now, Promise::DownWithCause, details);
        } else if must_know && told != Some(false) {
            self.violate(now, Promise::TrackersKnow, format!("{}: {told:?} when it went down", NAMES[node]));
        }
    }

    /// When somebody must look whether a session goes down in time, unless somebody will.
    pub(super) fn next_check(&mut self, node: usize) -> Option<Instant> {
        let side = &mut self.sides[node];
        let at = side.expires_at().filter(|_| !side.checked)?;
        side.checked = true;
        // A timer that is set anew may be late twice.
        Some(at + self.late * 2 + Duration::from_micros(1))
    }

    /// Somebody has looked.
    pub(super) fn checked(&mut self, node: usize) {
        self.sides[node].checked = false;
    }

    /// Never Up longer than the detection time after the last packet.
    pub(super) fn mind_overdue(&mut self, now: Instant, node: usize) {
        let Some(at) = self.sides[node].expires_at().filter(|at| now > *at + self.late * 2) else { return };
        let details = format!("{}: Up {:?} beyond its detection time", NAMES[node], now.since(at));
        self.violate(now, Promise::DownInTime, details);
    }
}
