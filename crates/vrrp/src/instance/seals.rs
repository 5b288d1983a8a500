//! What an instance remembers so that its adverts are believed and nobody's are believed twice.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use host::{Instant, WallClock};

use crate::config::{Authentication, HmacMode, InstanceConfig, Mode};
use crate::wire::{Demand, Proof, Seal, Stamp};

/// The last sequence number of an authentication header; As keepalived: there counting stops.
const LAST_SEQUENCE: u32 = 0xffff_fffd;

/// Sequence numbers are begun by the clock up to here, in the year 2072: beyond it, it must be wrong.
const LATEST_BEGINNING: u32 = 0xc000_0000;

/// Senders in a group whose stamps are kept. As keepalived: so many routers of one number that speak at once are an
/// attack, or will be fewer in a second.
const SENDERS_IN_A_GROUP: usize = 4;

/// Sequence numbers and stamps.
#[derive(Debug, Default)]
pub(super) struct Seals {
    wall: WallClock,
    /// From the first one on: most instances have neither.
    used: Option<Box<Used>>,
}

#[derive(Debug, Default)]
struct Used {
    /// The greatest sequence number that was sent or heard. As keepalived: one for all, so that whoever takes over goes
    /// on where the last left off.
    sequence: u32,
    /// Who was heard with that very number.
    used_by: Vec<IpAddr>,
    /// The last stamp that was sent.
    sent: Option<Stamp>,
    /// The last stamp that was believed of each sender, the latest last.
    heard: Vec<(IpAddr, Stamp)>,
}

impl Used {
    fn reach(&mut self, sequence: u32) {
        if self.sequence != sequence {
            self.used_by.clear();
        }
        self.sequence = sequence;
    }
}

impl Seals {
    /// The clock on the wall was set.
    pub(super) fn set_clock(&mut self, wall: WallClock) {
        self.wall = wall;
    }

    /// The time since 1970.
    pub(super) fn wall(&self, now: Instant) -> Duration {
        self.wall.at(now)
    }

    /// As keepalived: sequence numbers that have run out begin anew with the next master.
    pub(super) fn begin_as_master(&mut self) {
        if let Some(used) = self.used.as_deref_mut().filter(|used| used.sequence >= LAST_SEQUENCE) {
            used.reach(0);
        }
    }

    /// The seal of the advert that is sent now.
    pub(super) fn next<'a>(&mut self, config: &'a InstanceConfig, now: Instant) -> Seal<'a> {
        if let Some(hmac) = &config.hmac {
            let key = hmac.keys.iter().find(|key| key.id == hmac.active);
            let Some(key) = key.filter(|_| hmac.mode != HmacMode::ReceiveOnly) else { return Seal::None };
            let clock = self.wall.at(now);
            let fresh = Stamp::at(clock);
            // A clock that was set back far: what was sent lies in a future that nobody believes any more.
            let used = self.used.get_or_insert_default();
            let sent = used.sent.filter(|sent| {
                hmac.monotonic || i64::from(sent.ahead_of(clock)) <= hmac.window.as_secs().cast_signed()
            });
            let stamp = match sent {
                Some(sent) if !fresh.is_after(sent) => sent.next(),
                Some(_) | None => fresh,
            };
            used.sent = Some(stamp);
            return Seal::Signature { key, stamp };
        }
        match &config.authentication {
            Authentication::None => Seal::None,
            Authentication::Password(password) => Seal::Password(password),
            Authentication::Header(key) => Seal::Header { key, sequence: self.next_sequence(now) },
        }
    }

    /// Differs: never less than the seconds since 1970, where Keepalived begins with 1. Others, who want more than they
    /// have seen, thus believe a router that was started anew at once, and not only after a second master.
    fn next_sequence(&mut self, now: Instant) -> u32 {
        let clock = u32::try_from(self.wall.at(now).as_secs()).unwrap_or(0);
        let clock = if clock < LATEST_BEGINNING { clock } else { 0 };
        let used = self.used.get_or_insert_default();
        if used.sequence < LAST_SEQUENCE {
            used.reach((used.sequence + 1).max(clock));
        }
        used.sequence
    }

    /// The sequence number that one from `source` must exceed.
    ///
    /// Differs: our own number is believed once of another, who may have chosen it at the same time as we. Keepalived
    /// discards it; two masters that begin together, and go on together, then never hear one another.
    fn known_to(&self, source: IpAddr) -> u32 {
        let Some(Used { sequence, used_by, .. }) = self.used.as_deref() else { return 0 };
        let used = used_by.contains(&source) || used_by.len() >= SENDERS_IN_A_GROUP;
        if used { *sequence } else { sequence.saturating_sub(1) }
    }

    /// What is demanded of an advert from `source`.
    pub(super) fn demand<'a>(&self, config: &'a InstanceConfig, source: IpAddr, now: Instant) -> Demand<'a> {
        match &config.hmac {
            Some(hmac) => Demand::Signature { hmac, now: self.wall.at(now), last: self.last_of(source) },
            None => Demand::Plain { authentication: &config.authentication, known: self.known_to(source) },
        }
    }

    fn last_of(&self, source: IpAddr) -> Option<Stamp> {
        let heard = self.used.as_deref().map_or(&[][..], |used| &used.heard);
        heard.iter().find(|(from, _)| *from == source).map(|(_, stamp)| *stamp)
    }

    /// Keeps what was proved. Who was not heard for longest is forgotten for a new sender, in a group; peers all have
    /// their place.
    pub(super) fn believe(&mut self, proof: Proof, config: &InstanceConfig, from: IpAddr) {
        if let Some(sequence) = proof.sequence() {
            let used = self.used.get_or_insert_default();
            used.reach(sequence);
            used.used_by.push(from);
        }
        if let Some(stamp) = proof.stamp() {
            let room = match &config.mode {
                Mode::Multicast { .. } => SENDERS_IN_A_GROUP,
                Mode::Unicast { peers, .. } => peers.len(),
            };
            let heard = &mut self.used.get_or_insert_default().heard;
            heard.retain(|(known, _)| *known != from);
            let surplus = (heard.len() + 1).saturating_sub(room.max(1));
            heard.drain(..surplus);
            heard.push((from, stamp));
        }
    }
}
