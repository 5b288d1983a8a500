//! Sending (RFC 5880 §6.8.3, §6.8.7).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;

use host::{Instant, Refusal, UdpChannel, UdpDatagram, Way};

use super::{Said, Session, Turn};
use crate::config::Path;
use crate::event::Action;
use crate::notice::SessionFact;
use crate::timing::{self, Pace, Poll, SLOW};
use crate::wire::{Control, SessionState, auth};

/// First and longest pause before another source port is tried.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// A session's UDP source port. RFC 5881 §4: "MUST be in the range 49152 through 65535. The same UDP source port
/// number MUST be used for all BFD Control packets associated with a particular session."
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Port {
    number: u16,
    /// The machine could not open it: when another one is tried, and after which pause.
    refused: Option<(Instant, Duration)>,
}

impl Port {
    /// A port that is believed to work.
    pub(crate) const fn new(number: u16) -> Self {
        Self { number, refused: None }
    }

    /// The port.
    pub(crate) const fn number(self) -> u16 {
        self.number
    }

    /// It could not be opened.
    fn refuse(&mut self, now: Instant) {
        let pause = self.refused.map_or(RETRY.0, |(_, pause)| (pause * 2).min(RETRY.1));
        self.refused = Some((now + pause, pause));
    }

    /// Another one. The pause is remembered, in case that this one is refused too.
    fn replace(&mut self, number: u16) {
        self.number = number;
        if let Some((retry_at, _)) = &mut self.refused {
            *retry_at = Instant::NEVER;
        }
    }

    /// The neighbour speaks to us: one that was not refused works. Of one that was it says nothing.
    pub(super) fn works(&mut self) {
        if self.retry_at().is_none() {
            self.refused = None;
        }
    }

    /// When another one is to be tried.
    pub(crate) fn retry_at(self) -> Option<Instant> {
        self.refused.map(|(at, _)| at).filter(|at| *at != Instant::NEVER)
    }
}

/// Why a packet leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Occasion {
    /// Its time has come.
    Periodic,
    /// "in order to more rapidly communicate a change in state".
    Change,
    /// It answers a Poll.
    Final,
}

impl Session {
    /// The channel that its packets leave by.
    pub(crate) fn channel(&self) -> UdpChannel {
        let any: IpAddr = match self.config.neighbour {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        UdpChannel { address: self.config.source.unwrap_or(any), port: self.port.number }
    }

    /// Its source port could not be opened: it is silent until another one is.
    pub(crate) fn refuse_port(&mut self, refusal: &Refusal, turn: &mut Turn<'_>) {
        let fact = SessionFact::PortRefused { port: self.port.number, why: refusal.why.clone() };
        self.port.refuse(turn.now);
        self.say(fact, turn);
    }

    /// Whether another source port is to be tried now.
    pub(crate) fn wants_port(&self, now: Instant) -> bool {
        self.port.retry_at().is_some_and(|at| at <= now)
    }

    /// Its source port.
    pub(crate) const fn port(&self) -> Port {
        self.port
    }

    /// Takes another source port.
    pub(crate) fn take_port(&mut self, number: u16) {
        self.port.replace(number);
    }

    /// A packet could not be sent. Said once.
    pub(crate) fn unsent(&mut self, refusal: Refusal, turn: &mut Turn<'_>) {
        self.counters.unsent += 1;
        if self.first_time(Said::Unsent) {
            self.say(SessionFact::SendFailed { code: refusal.code, why: refusal.why }, turn);
        }
    }

    /// Takes on the intervals that configuration and state ask for, unless a Poll Sequence is under way: then its end
    /// does (RFC 5880 §6.8.3).
    pub(super) fn retime(&mut self) {
        if !self.is_up() || self.poll == Poll::Idle {
            self.retime_at_once();
        }
    }

    /// The same, whatever is under way: the state has changed.
    pub(super) fn retime_at_once(&mut self) {
        let up = self.is_up();
        let (min_rx, min_tx) = (timing::micros(self.config.min_rx), timing::micros(self.config.min_tx));
        // "When bfd.SessionState is not Up, the system MUST set bfd.DesiredMinTxInterval to a value of not less than
        // one second".
        let desired = if up { min_tx } else { timing::micros(self.config.idle_tx).max(SLOW) };
        // "When the Echo function is active, a system SHOULD set bfd.RequiredMinRxInterval to a value of not less than
        // one second".
        let required = if self.is_echoing() { min_rx.max(SLOW) } else { min_rx };
        if (desired, required) != (self.advertised.desired, self.advertised.required) {
            self.advertised.change(desired, required, up);
            // "a Poll Sequence MUST be initiated".
            self.poll = Poll::Sending;
        } else if !up {
            self.advertised.settle();
        }
    }

    /// RFC 5880 §6.8.7: the larger of bfd.DesiredMinTxInterval and bfd.RemoteMinRxInterval.
    pub(super) fn transmit_interval(&self) -> u32 {
        self.advertised.desired_in_use().max(self.remote.required_min_rx)
    }

    /// When a periodic packet is due; `None` while none may be sent.
    pub(super) fn transmit_at(&self) -> Option<Instant> {
        let periodic = self.may_transmit()
            // Differs: Keepalived goes on "if bfd.RemoteMinRxInterval is zero".
            && self.remote.required_min_rx != 0
            && (!self.is_demanded() || self.poll == Poll::Sending);
        // The first leaves at once.
        periodic.then(|| self.pace.map_or(Instant::ZERO, |pace| pace.due(self.transmit_interval())))
    }

    /// Sends what is due.
    pub(super) fn transmit(&mut self, turn: &mut Turn<'_>) {
        self.poll_if_demanded();
        let content = self.content();
        let told = |last: Control| (last.state, last.diagnostic) == (content.state, content.diagnostic);
        if self.last.is_some_and(|last| !told(last)) {
            // "A BFD Control packet SHOULD be transmitted during the interval between periodic Control packet
            // transmissions when the contents of that packet would differ". Other intervals ride on the next
            // scheduled packet (§6.5).
            self.send(Occasion::Change, turn);
        } else if self.transmit_at().is_some_and(|due| due <= turn.now) {
            self.send(Occasion::Periodic, turn);
        }
    }

    /// RFC 5880 §6.8.7: the answer leaves "as soon as practicable, without respect to the transmission timer or any
    /// other transmission limitations".
    pub(super) fn answer_poll(&mut self, turn: &mut Turn<'_>) {
        self.send(Occasion::Final, turn);
    }

    /// RFC 5880 §6.8.6: "Demand mode is active on the remote system".
    fn is_demanded(&self) -> bool {
        self.remote.demand && self.is_up() && self.remote.state == SessionState::Up
    }

    /// RFC 5880 §6.6: "If Demand mode is active on either or both systems, a Poll Sequence MUST be initiated whenever
    /// the contents of the next BFD Control packet to be sent would be different".
    fn poll_if_demanded(&mut self) {
        let differs = self.last.is_some_and(|last| last.content() != self.content());
        if differs && self.is_demanded() && self.poll == Poll::Idle {
            self.poll = Poll::Sending;
        }
    }

    /// Whether packets may be sent at all.
    fn may_transmit(&self) -> bool {
        // "if bfd.RemoteDiscr is zero and the system is taking the Passive role".
        let waits = self.config.passive && self.remote.discriminator == 0;
        !waits && self.way().is_some() && self.port.retry_at().is_none()
    }

    /// The way to the neighbour; `None` while the configured link does not exist.
    pub(super) fn way(&self) -> Option<Way> {
        match (&self.config.link, self.link) {
            (None, _) => Some(Way::Routed),
            (Some(_), Some(link)) => Some(match self.config.path {
                Path::SingleHop => Way::Link(link),
                Path::Multihop => Way::Routed,
            }),
            (Some(_), None) => None,
        }
    }

    /// RFC 5880 §6.8.7, "The contents of transmitted BFD Control packets MUST be set as follows", but for Poll and
    /// Final.
    fn content(&self) -> Control {
        Control {
            diagnostic: self.diagnostic,
            state: self.state(),
            poll: false,
            is_final: false,
            // We share the fate of our control plane, and never want Demand mode.
            independent: false,
            demand: false,
            multiplier: self.config.multiplier.get(),
            my_discriminator: self.discriminator,
            your_discriminator: self.remote.discriminator,
            desired_min_tx: self.advertised.desired,
            required_min_rx: self.advertised.required,
            required_min_echo_rx: match self.config.path {
                Path::SingleHop => timing::micros(self.config.echo.min_rx),
                Path::Multihop => 0,
            },
        }
    }

    fn send(&mut self, occasion: Occasion, turn: &mut Turn<'_>) {
        let Some(way) = self.way().filter(|_| self.may_transmit()) else { return };
        let control = Control {
            // §6.5: never both.
            poll: occasion != Occasion::Final && self.poll == Poll::Sending,
            is_final: occasion == Occasion::Final,
            ..self.content()
        };
        let mut payload = control.encode();
        if let Some(auth) = &self.config.auth
            && let Some(key) = auth.keys.first()
        {
            // §6.7.3: the meticulous kinds count packets, the others "SHOULD be incremented when the session state
            // changes, or when the transmitted BFD Control packet carries different contents".
            if auth.kind.is_meticulous() || self.last.is_some_and(|last| last != control) {
                self.sequence = self.sequence.wrapping_add(1);
            }
            auth::seal(&mut payload, auth.kind, key, self.sequence);
        }
        self.counters.sent += 1;
        self.last = Some(control);
        if occasion != Occasion::Final || self.pace.is_none() {
            self.pace = Some(Pace::start(turn.now, self.config.multiplier.get(), turn.chance));
        }
        turn.out.push(Action::Send(UdpDatagram {
            from: self.channel(),
            to: SocketAddr::new(self.config.neighbour, self.config.path.port()),
            way,
            hop_limit: self.config.hops.sent,
            payload,
            tag: u64::from(self.id.0),
        }));
    }
}
