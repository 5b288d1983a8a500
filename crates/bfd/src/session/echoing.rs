//! Echo packets of this session (RFC 5880 §6.8.5, §6.8.8, §6.8.9; RFC 5881 §4).

use core::net::{IpAddr, SocketAddr};

use host::{Instant, UdpChannel, UdpDatagram, UdpDelivery, Way};

use super::{Session, State, Turn, Up};
use crate::config::{EchoRoute, EchoSend, Path};
use crate::echo::{self, Echo, HOLD};
use crate::event::Action;
use crate::notice::SessionFact;
use crate::timing;
use crate::wire::{DecodeError, Diagnostic, echo::EchoPacket};

impl Session {
    /// One of our Echo packets came back.
    pub(crate) fn echo_returned(&mut self, packet: EchoPacket, delivery: &UdpDelivery, turn: &mut Turn<'_>) {
        let from_afar = delivery.hop_limit.is_none_or(|ttl| ttl < echo::RETURNED_TTL);
        let accepted = match &mut self.state {
            State::Up(Up { echo: Some(echo), .. }) if !from_afar => {
                echo.returned(packet.sequence, delivery.at.min(turn.now))
            }
            State::Up(_) | State::AdminDown(_) | State::Down(_) | State::Init(_) => false,
        };
        if accepted {
            self.counters.echo_received += 1;
            self.echo_failures = 0;
        } else {
            self.discard(DecodeError::Echo, delivery, turn);
        }
    }

    /// Sends back an Echo packet of the neighbour that is destined to us, once: a mirror for nodes that forward nothing,
    /// where RFC 5881 knows the forwarding plane only. Returns whether it was one.
    pub(crate) fn reflect(&mut self, delivery: &UdpDelivery, turn: &mut Turn<'_>) -> bool {
        let willing = self.config.path == Path::SingleHop && !self.config.echo.min_rx.is_zero();
        if !willing || !self.is_up() || delivery.hop_limit != Some(echo::TTL) {
            return false;
        }
        let Some(way) = self.way() else { return false };
        self.counters.echo_reflected += 1;
        turn.out.push(Action::Send(UdpDatagram {
            from: self.channel(),
            to: SocketAddr::new(self.config.neighbour, echo::PORT),
            way,
            hop_limit: echo::RETURNED_TTL,
            payload: delivery.bytes.clone(),
            tag: u64::from(self.id.0),
        }));
        true
    }

    /// Whether Echo packets of ours are under way: "the Echo function active".
    pub(super) const fn is_echoing(&self) -> bool {
        matches!(self.state, State::Up(Up { echo: Some(_), .. }))
    }

    /// Begins or ceases, as state, neighbour and configuration have it.
    pub(super) fn review_echo(&mut self, turn: &mut Turn<'_>) {
        let wanted = self.echo_wanted().is_some();
        if let State::Up(up) = &mut self.state
            && up.echo.is_some() != wanted
        {
            up.echo = wanted.then(|| Echo::start(turn.now));
            self.say(SessionFact::Echo { active: wanted }, turn);
            self.retime();
        }
    }

    /// "Cease the transmission of BFD Echo packets".
    pub(super) fn cease_echo(&mut self, turn: &mut Turn<'_>) {
        if self.is_echoing() {
            self.say(SessionFact::Echo { active: false }, turn);
        }
    }

    /// When the next one is due.
    pub(super) fn echo_at(&self) -> Option<Instant> {
        Some(self.echo()?.due(self.echo_interval()?))
    }

    /// When the Echo function has failed, if nothing comes back.
    pub(super) fn echo_fails_at(&self) -> Option<Instant> {
        Some(self.echo()?.fails_at(self.echo_interval()?, self.config.multiplier.get()))
    }

    /// RFC 5880 §6.8.5: "the local system MUST set bfd.SessionState to Down and bfd.LocalDiag to 2".
    pub(super) fn lose_echo(&mut self, turn: &mut Turn<'_>) {
        if let Some(echo) = self.echo() {
            self.say(SessionFact::EchoLost { after: echo.silence(turn.now) }, turn);
        }
        self.enter(crate::wire::SessionState::Down, Some(Diagnostic::ECHO_FAILED), turn);
        if let State::Down(state) = &mut self.state {
            // We had asked the neighbour for one packet a second at most: what it owes us is reckoned from now on.
            state.heard_at = Some(turn.now);
            state.held_until = Some(turn.now + (HOLD.0 * 2_u32.pow(self.echo_failures.min(16))).min(HOLD.1));
        }
        self.echo_failures = self.echo_failures.saturating_add(1);
    }

    /// Sends the one that is due.
    pub(super) fn transmit_echo(&mut self, turn: &mut Turn<'_>) {
        if self.echo_at().is_none_or(|due| due > turn.now) {
            return;
        }
        let Some((from, to, way)) = self.echo_wanted().and_then(|send| self.echo_route(send)) else { return };
        let multiplier = self.config.multiplier.get();
        let State::Up(Up { echo: Some(echo), .. }) = &mut self.state else { return };
        let sequence = echo.send(turn.now, multiplier, turn.chance);
        self.counters.echo_sent += 1;
        let packet = EchoPacket { discriminator: self.discriminator, sequence };
        turn.out.push(Action::Send(UdpDatagram {
            from,
            to: SocketAddr::new(to, echo::PORT),
            way,
            hop_limit: echo::TTL,
            payload: packet.encode(turn.secret),
            tag: u64::from(self.id.0),
        }));
    }

    const fn echo(&self) -> Option<Echo> {
        match self.state {
            State::Up(Up { echo, .. }) => echo,
            State::AdminDown(_) | State::Down(_) | State::Init(_) => None,
        }
    }

    /// What to send, if it may be sent now. RFC 5880 §6.8.9: not "when bfd.SessionState is not Up", nor "unless the
    /// last BFD Control packet received from the remote system contains a nonzero value in Required Min Echo RX
    /// Interval". RFC 5883 §3: "the Echo function MUST NOT be used over multiple hops."
    fn echo_wanted(&self) -> Option<EchoSend> {
        let send = self.config.echo.send.filter(|_| self.is_up() && self.config.path == Path::SingleHop)?;
        self.echo_route(send).filter(|_| self.remote.required_min_echo_rx != 0).map(|_| send)
    }

    /// RFC 5880 §6.8.9: not less than the neighbour's Required Min Echo RX Interval.
    fn echo_interval(&self) -> Option<u32> {
        let send = self.config.echo.send?;
        Some(timing::micros(send.interval).max(self.remote.required_min_echo_rx).max(1))
    }

    /// Where an Echo packet leaves, where it goes, and how.
    fn echo_route(&self, send: EchoSend) -> Option<(UdpChannel, IpAddr, Way)> {
        match send.route {
            EchoRoute::Reflected => Some((self.channel(), self.config.neighbour, self.way()?)),
            EchoRoute::Forwarded { source } => {
                let (link, ours) = self.met_at?;
                let off_subnet = match self.config.neighbour {
                    IpAddr::V4(_) => echo::OFF_SUBNET_V4,
                    IpAddr::V6(_) => echo::OFF_SUBNET_V6,
                };
                let from = UdpChannel { address: source.unwrap_or(off_subnet), port: echo::PORT };
                Some((from, ours, Way::Neighbour(link, self.config.neighbour)))
            }
        }
    }
}
