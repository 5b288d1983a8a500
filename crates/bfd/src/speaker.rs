//! The engine: all sessions of a node.
//!
//! A packet goes to the session that it names by its discriminator, or, while the neighbour does not know it, to the
//! one that is configured for its addresses (RFC 5880 §6.3). Deadlines are met on a wake-up only: a packet that was
//! there in time beats the timer, however late we are ourselves.

mod reload;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use host::{Engine, Family, Instant, Refusal, UdpChannel, UdpDelivery, UdpUse};

use crate::chance::Chance;
use crate::channels::Channels;
use crate::config::Path;
use crate::echo;
use crate::event::{Action, Event};
use crate::links::Links;
use crate::notice::Notice;
use crate::session::{Session, SessionId, Turn};
use crate::status::{Discards, Gauges, Status};
use crate::wire::echo::{EchoPacket, Secret};
use crate::wire::{DecodeError, control};

/// UDP source ports (RFC 5881 §4).
const PORTS: (u16, u16) = (49_152, 65_535);

/// Packets of no session are talked of at most this often: anybody can send them.
const STRAY_PAUSE: Duration = Duration::from_secs(1);

/// All sessions of a node.
#[derive(Debug)]
pub struct Speaker {
    sessions: BTreeMap<SessionId, Session>,
    /// Sessions in the order of the file.
    order: Vec<SessionId>,
    last_id: u32,
    /// Sessions by bfd.LocalDiscr.
    discriminators: BTreeMap<u32, SessionId>,
    /// Sessions by kind of path and neighbour.
    neighbours: BTreeMap<(Path, IpAddr), Vec<SessionId>>,
    /// Deadlines of sessions, and which one each is entered under.
    timers: BTreeSet<(Instant, SessionId)>,
    entered: BTreeMap<SessionId, Instant>,
    links: Links,
    channels: Channels,
    chance: Chance,
    secret: Secret,
    strays: Discards,
    /// When a stray packet may be talked of again.
    stray_said: Instant,
    gauges: Gauges,
    configured: bool,
    stopping: bool,
}

impl Engine for Speaker {
    type Event = Event;
    type Action = Action;
    type Status = Status;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        let mut touched = BTreeSet::new();
        self.take_in(event, now, &mut touched, out);
        self.channels.run(now, out);
        let before = self.sessions.len();
        for id in touched {
            // A packet came before the wake-up that was due.
            if let Some(at) = self.entered.get(&id).filter(|at| **at < now) {
                self.gauges.lateness.add(now.since(*at));
            }
            self.with(id, now, out, |session, turn| session.run(turn));
            if self.sessions.get(&id).is_some_and(|session| session.has_ended(now)) {
                self.forget(id);
            } else {
                self.enter_timer(id);
            }
        }
        if self.sessions.len() != before {
            self.listen(out);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let session = self.timers.first().map(|(at, _)| *at);
        session.into_iter().chain(self.channels.next_deadline()).min()
    }

    fn status(&self, _now: Instant) -> Status {
        let sessions = self.order.iter().filter_map(|id| self.sessions.get(id));
        Status {
            sessions: sessions.map(Session::status).collect(),
            strays: self.strays,
            gauges: self.gauges.clone(),
        }
    }
}

impl Speaker {
    /// An engine without sessions. The seed is where discriminators, ports, sequence numbers and jitter come from.
    pub fn new(seed: u64) -> Self {
        Self {
            sessions: BTreeMap::new(),
            order: Vec::new(),
            last_id: 0,
            discriminators: BTreeMap::new(),
            neighbours: BTreeMap::new(),
            timers: BTreeSet::new(),
            entered: BTreeMap::new(),
            links: Links::default(),
            channels: Channels::default(),
            chance: Chance::new(seed),
            secret: Secret::new(seed),
            strays: Discards::default(),
            stray_said: Instant::ZERO,
            gauges: Gauges::default(),
            configured: false,
            stopping: false,
        }
    }

    /// Whether it was told to stop and every neighbour has been told.
    pub fn has_stopped(&self) -> bool {
        self.stopping && self.sessions.is_empty()
    }

    fn take_in(
        &mut self,
        event: Event,
        now: Instant,
        touched: &mut BTreeSet<SessionId>,
        out: &mut Vec<Action>,
    ) {
        match event {
            Event::Configured(config) => self.configure(*config, now, touched, out),
            Event::Surveyed(links) => {
                self.links.survey(links);
                self.locate(touched);
            }
            Event::LinkChanged(link) => {
                self.links.change(link);
                self.locate(touched);
            }
            Event::LinkRemoved(link) => {
                self.links.remove(link);
                self.locate(touched);
            }
            Event::Received(delivery) => self.receive(&delivery, now, touched, out),
            Event::Unsent { tag, refusal } => {
                if let Ok(id) = u32::try_from(tag) {
                    self.with(SessionId(id), now, out, |session, turn| session.unsent(refusal, turn));
                }
            }
            Event::Closed { channel, refusal } => self.closed(channel, &refusal, now, touched, out),
            Event::TrackersCame => {
                for id in self.order.clone() {
                    self.with(id, now, out, |session, turn| session.tell(turn));
                }
            }
            Event::Wake => self.wake(now, touched, out),
            Event::Stop => self.stop(now, touched, out),
        }
    }

    /// Meets the deadlines that have passed.
    fn wake(&mut self, now: Instant, touched: &mut BTreeSet<SessionId>, out: &mut Vec<Action>) {
        let mut other_port = false;
        while let Some((at, id)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, id));
            self.entered.remove(&id);
            self.gauges.lateness.add(now.since(at));
            self.with(id, now, out, |session, turn| session.wake(turn));
            if self.sessions.get(&id).is_some_and(|session| session.wants_port(now)) {
                let port = self.free_port();
                if let Some(session) = self.sessions.get_mut(&id) {
                    session.take_port(port);
                }
                other_port = true;
            }
            touched.insert(id);
        }
        if other_port {
            self.listen(out);
        }
    }

    fn receive(
        &mut self,
        delivery: &UdpDelivery,
        now: Instant,
        touched: &mut BTreeSet<SessionId>,
        out: &mut Vec<Action>,
    ) {
        if self.stopping {
            return;
        }
        self.channels.heard(listener(Family::of(delivery.destination.ip()), delivery.destination.port()));
        let path = match delivery.destination.port() {
            echo::PORT => return self.receive_echo(delivery, now, touched, out),
            port if port == Path::SingleHop.port() => Path::SingleHop,
            port if port == Path::Multihop.port() => Path::Multihop,
            _ => return,
        };
        let packet = match control::decode(delivery.bytes.as_slice()) {
            Ok(packet) => packet,
            Err(why) => {
                let id = self.by_addresses(path, delivery);
                return self.discard(id, why, delivery, now, out);
            }
        };
        match self.select(path, packet.control.your_discriminator, delivery) {
            Ok(id) => {
                self.with(id, now, out, |session, turn| session.receive(&packet, delivery, turn));
                touched.insert(id);
            }
            Err((id, why)) => self.discard(id, why, delivery, now, out),
        }
    }

    /// RFC 5880 §6.8.6: a discriminator that is not zero "MUST be used to select the session"; else it is the
    /// addresses, the kind of path and the link (RFC 5881 §3, RFC 5883 §4.1). The UDP source port says nothing.
    fn select(
        &self,
        path: Path,
        discriminator: u32,
        delivery: &UdpDelivery,
    ) -> Result<SessionId, (Option<SessionId>, DecodeError)> {
        if discriminator == 0 {
            return self.by_addresses(path, delivery).ok_or((None, DecodeError::NoSuchSession));
        }
        let id = self.discriminators.get(&discriminator).copied();
        let id = id.ok_or((None, DecodeError::UnknownDiscriminator(discriminator)))?;
        match self.sessions.get(&id) {
            Some(session) if session.config().path == path => Ok(id),
            _ => Err((Some(id), DecodeError::OtherPath)),
        }
    }

    /// The session that is configured for a packet's addresses and link; of several, the one that names most of them.
    fn by_addresses(&self, path: Path, delivery: &UdpDelivery) -> Option<SessionId> {
        let candidates = self.neighbours.get(&(path, delivery.source.ip()))?;
        let fitting = candidates.iter().filter_map(|id| {
            let session = self.sessions.get(id)?;
            let config = session.config();
            let ours = config.source.is_none_or(|source| source == delivery.destination.ip());
            let here =
                path == Path::Multihop || config.link.is_none() || session.link() == Some(delivery.link);
            let named = u8::from(config.source.is_some()) + u8::from(config.link.is_some());
            (ours && here).then_some((named, *id))
        });
        fitting.max_by_key(|(named, id)| (*named, core::cmp::Reverse(*id))).map(|(_, id)| id)
    }

    /// RFC 5880 §6.8.8: "A received BFD Echo packet MUST be demultiplexed to the appropriate session".
    fn receive_echo(
        &mut self,
        delivery: &UdpDelivery,
        now: Instant,
        touched: &mut BTreeSet<SessionId>,
        out: &mut Vec<Action>,
    ) {
        let ours = EchoPacket::decode(&delivery.bytes, &self.secret);
        if let Some(packet) = ours
            && let Some(id) = self.discriminators.get(&packet.discriminator).copied()
        {
            self.with(id, now, out, |session, turn| session.echo_returned(packet, delivery, turn));
            touched.insert(id);
            return;
        }
        let id = self.by_addresses(Path::SingleHop, delivery);
        let reflected = id.is_some_and(|id| {
            self.with(id, now, out, |session, turn| session.reflect(delivery, turn)).unwrap_or_default()
        });
        if !reflected {
            self.discard(id, DecodeError::Echo, delivery, now, out);
        }
    }

    /// Throws a packet away, on the account of its session if it has one.
    fn discard(
        &mut self,
        id: Option<SessionId>,
        why: DecodeError,
        delivery: &UdpDelivery,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        let Some(id) = id else {
            self.strays.count(why);
            if self.stray_said <= now {
                self.stray_said = now + STRAY_PAUSE;
                out.push(Action::Notice(Notice::Stray { from: delivery.source.ip(), why }));
            }
            return;
        };
        self.with(id, now, out, |session, turn| session.discard(why, delivery, turn));
    }

    /// A channel could not be opened: a listening one is tried again, a session's gets another port.
    fn closed(
        &mut self,
        channel: UdpChannel,
        refusal: &Refusal,
        now: Instant,
        touched: &mut BTreeSet<SessionId>,
        out: &mut Vec<Action>,
    ) {
        match self.channels.failed(channel, now) {
            Some(UdpUse::Listen) => {
                out.push(Action::Notice(Notice::Deaf { port: channel.port, why: refusal.why.clone() }));
            }
            Some(UdpUse::Send) => {
                self.channels.forget(channel);
                let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
                for id in ids {
                    self.with(id, now, out, |session, turn| {
                        if session.channel() == channel {
                            session.refuse_port(refusal, turn);
                            touched.insert(id);
                        }
                    });
                }
            }
            None => {}
        }
    }

    /// Tells every session where its link is.
    fn locate(&mut self, touched: &mut BTreeSet<SessionId>) {
        for (id, session) in &mut self.sessions {
            let link = session.config().link.as_ref().and_then(|name| self.links.named(name));
            if link != session.link() {
                session.locate(link);
                touched.insert(*id);
            }
        }
    }

    /// Opens the channels that the sessions need.
    fn listen(&mut self, out: &mut Vec<Action>) {
        let mut wanted = BTreeMap::new();
        for session in self.sessions.values() {
            let config = session.config();
            let family = Family::of(config.neighbour);
            wanted.insert(listener(family, config.path.port()), UdpUse::Listen);
            if config.path == Path::SingleHop && (config.echo.send.is_some() || !config.echo.min_rx.is_zero())
            {
                wanted.insert(listener(family, echo::PORT), UdpUse::Listen);
            }
            if session.port().retry_at().is_none() {
                wanted.entry(session.channel()).or_insert(UdpUse::Send);
            }
        }
        self.channels.want(wanted, out);
    }

    /// A source port that no session has, while there is one. RFC 5881 §4: it "SHOULD be unique among all BFD sessions
    /// on the system".
    fn free_port(&mut self) -> u16 {
        let (low, high) = PORTS;
        let first = u16::try_from(self.chance.between(low.into(), high.into())).unwrap_or(low);
        let taken = |port: u16| self.sessions.values().any(|session| session.port().number() == port);
        (first..=high).chain(low..first).find(|port| !taken(*port)).unwrap_or(first)
    }

    /// RFC 5880 §6.8.1: "It MUST be unique across all BFD sessions on this system, and nonzero. It SHOULD be set to a
    /// random (but still unique) value".
    fn free_discriminator(&mut self) -> u32 {
        loop {
            // There are 2^32 and at most as many sessions as fit into memory: it ends soon.
            let discriminator = self.chance.word();
            if discriminator != 0 && !self.discriminators.contains_key(&discriminator) {
                return discriminator;
            }
        }
    }

    fn stop(&mut self, now: Instant, touched: &mut BTreeSet<SessionId>, out: &mut Vec<Action>) {
        if core::mem::replace(&mut self.stopping, true) {
            return;
        }
        for id in self.order.clone() {
            self.with(id, now, out, |session, turn| session.stop(turn));
            touched.insert(id);
        }
    }

    /// Lets go of a session.
    fn forget(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.remove(&id) {
            self.discriminators.remove(&session.discriminator());
        }
        for ids in self.neighbours.values_mut() {
            ids.retain(|known| *known != id);
        }
        self.order.retain(|known| *known != id);
        if let Some(at) = self.entered.remove(&id) {
            self.timers.remove(&(at, id));
        }
    }

    /// Lets a session act.
    fn with<T>(
        &mut self,
        id: SessionId,
        now: Instant,
        out: &mut Vec<Action>,
        act: impl FnOnce(&mut Session, &mut Turn<'_>) -> T,
    ) -> Option<T> {
        let session = self.sessions.get_mut(&id)?;
        let Self { chance, secret, gauges, .. } = self;
        Some(act(session, &mut Turn { now, out, chance, secret, gauges }))
    }

    fn enter_timer(&mut self, id: SessionId) {
        if let Some(before) = self.entered.remove(&id) {
            self.timers.remove(&(before, id));
        }
        if let Some(at) = self.sessions.get(&id).and_then(Session::next_deadline) {
            self.timers.insert((at, id));
            self.entered.insert(id, at);
        }
    }
}

/// Where packets to a port come in.
const fn listener(family: Family, port: u16) -> UdpChannel {
    let address = match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    UdpChannel { address, port }
}

#[cfg(test)]
mod tests;
