//! A packet for this session (RFC 5880 §6.8.6, from the TTL check of RFC 5881 §5 on).

use host::{Instant, UdpDelivery};

use super::{Down, Known, Remote, Said, Session, State, Turn};
use crate::notice::SessionFact;
use crate::timing::Poll;
use crate::wire::control::Decoded;
use crate::wire::{Control, DecodeError, Diagnostic, SessionState, auth};

/// RFC 5880 §6.8.6: the state to enter, with its diagnostic if it has one, when a packet with state `heard` arrives.
pub(super) const fn reaction(
    ours: SessionState,
    heard: SessionState,
) -> Option<(SessionState, Option<Diagnostic>)> {
    use SessionState::{AdminDown, Down, Init, Up};
    const DOWN: Option<(SessionState, Option<Diagnostic>)> = Some((Down, Some(Diagnostic::NEIGHBOUR_DOWN)));
    match (ours, heard) {
        (AdminDown, _) => None,
        (Down, Down) => Some((Init, None)),
        (Down, Init) | (Init, Init | Up) => Some((Up, None)),
        (Down, Up | AdminDown) | (Init, Down) | (Up, Init | Up) => None,
        (Init | Up, AdminDown) | (Up, Down) => DOWN,
    }
}

impl Session {
    /// A packet that was selected for this session.
    pub(crate) fn receive(&mut self, packet: &Decoded<'_>, delivery: &UdpDelivery, turn: &mut Turn<'_>) {
        match self.admit(packet, delivery, turn.now) {
            Ok(()) => self.accept(&packet.control, delivery, turn),
            Err(why) => self.discard(why, delivery, turn),
        }
    }

    /// Counts a packet that is thrown away, and says so once a kind.
    pub(crate) fn discard(&mut self, why: DecodeError, delivery: &UdpDelivery, turn: &mut Turn<'_>) {
        self.counters.discards.count(why);
        if self.first_time(Said::Discarded(core::mem::discriminant(&why))) {
            self.say(SessionFact::Discarded { from: delivery.source.ip(), why }, turn);
        }
    }

    fn admit(
        &mut self,
        packet: &Decoded<'_>,
        delivery: &UdpDelivery,
        now: Instant,
    ) -> Result<(), DecodeError> {
        // RFC 5881 §5: it "MAY be done before any cryptographic authentication takes place".
        let least = self.config.hops.least;
        if least > 0 && delivery.hop_limit.is_none_or(|ttl| ttl < least) {
            return Err(DecodeError::Ttl(delivery.hop_limit));
        }
        let known = self.known.filter(|known| now < known.until).map(|known| known.sequence);
        let authentic = auth::verify(packet, self.config.auth.as_ref(), known)?;
        self.known = authentic.sequence().map(|sequence| Known { sequence, until: Instant::NEVER });
        Ok(())
    }

    fn accept(&mut self, control: &Control, delivery: &UdpDelivery, turn: &mut Turn<'_>) {
        let (interval, detection) = (self.transmit_interval(), self.detection());
        let at = delivery.at.min(turn.now);
        self.counters.received += 1;
        self.accepted_at = Some(at);
        self.port.works();
        self.met_at = Some((delivery.link, delivery.destination.ip()));
        self.remote = Remote {
            discriminator: control.my_discriminator,
            state: control.state,
            diagnostic: control.diagnostic,
            desired_min_tx: control.desired_min_tx,
            required_min_rx: control.required_min_rx,
            required_min_echo_rx: control.required_min_echo_rx,
            multiplier: control.multiplier,
            demand: control.demand,
        };
        self.hear_final(control.is_final);
        self.hear(at);
        if self.state() == SessionState::AdminDown {
            // "If bfd.SessionState is AdminDown: Discard the packet". So a Poll is not answered either: what is
            // discarded has not been received, and §6.8.7 speaks of packets that are.
            self.counters.discards.admin_down += 1;
            return;
        }
        if let Some((state, diagnostic)) =
            reaction(self.state(), control.state).filter(|_| !self.is_held(turn.now))
        {
            self.enter(state, diagnostic, turn);
        }
        if control.poll {
            self.answer_poll(turn);
        }
        if (interval, detection) != (self.transmit_interval(), self.detection())
            && let Some(detection) = self.detection()
        {
            let transmit = crate::timing::duration(self.transmit_interval());
            self.say(SessionFact::Negotiated { transmit, detection }, turn);
        }
    }

    fn is_held(&self, now: Instant) -> bool {
        matches!(self.state, State::Down(Down { held_until: Some(until), .. }) if now < until)
    }

    /// "If a Poll Sequence is being transmitted by the local system and the Final (F) bit in the received packet is
    /// set, the Poll Sequence MUST be terminated."
    fn hear_final(&mut self, is_final: bool) {
        match (self.poll, is_final) {
            (Poll::Sending, true) => {
                self.poll = Poll::Settling;
                self.advertised.settle();
            }
            (Poll::Settling, false) => {
                self.poll = Poll::Idle;
                self.retime();
            }
            (Poll::Sending, false) | (Poll::Settling, true) | (Poll::Idle, _) => {}
        }
    }

    /// "It has been received for purposes of the Detection Time expiration rules": by the host, however late we are
    /// ourselves.
    fn hear(&mut self, at: Instant) {
        match &mut self.state {
            State::AdminDown(state) => state.heard_at = state.heard_at.max(Some(at)),
            State::Down(state) => state.heard_at = state.heard_at.max(Some(at)),
            // Differs: Keepalived's detection time in Init runs from the entry on, whatever comes in.
            State::Init(state) => state.heard_at = state.heard_at.max(at),
            State::Up(state) => state.heard_at = state.heard_at.max(at),
        }
        if let (Some(detection), Some(known)) = (self.detection(), &mut self.known) {
            known.until = at + detection * 2;
        }
    }
}
