//! How the engine stands: plain data, rendered elsewhere.

mod histogram;

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use host::{Instant, LinkName};
use serde::{Deserialize, Serialize};

use crate::config::{Audience, Hops, Path, Weight};
use crate::wire::{DecodeError, Diagnostic, SessionState};

pub use histogram::Histogram;

/// How all sessions stand, in the order of the configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Status {
    /// One each.
    pub sessions: Vec<SessionStatus>,
    /// Packets of no session that were thrown away.
    pub strays: Discards,
    /// How precise the engine is.
    pub gauges: Gauges,
}

/// How precise the engine is, over all sessions.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Gauges {
    /// Silence of a neighbour until it was noticed.
    pub detection: Histogram,
    /// How much later than the detection time that was.
    pub overdue: Histogram,
    /// How much later than due a wake-up was, whatever was due.
    pub lateness: Histogram,
}

/// How one session stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionStatus {
    /// Its name.
    pub name: String,
    /// The other side.
    pub neighbour: IpAddr,
    /// Our address, if one is configured.
    pub source: Option<IpAddr>,
    /// The link, if one is configured.
    pub link: Option<LinkName>,
    /// One hop or many.
    pub path: Path,
    /// UDP source port.
    pub port: u16,
    /// TTLs sent and accepted.
    pub hops: Hops,
    /// As configured: how often packets may come in.
    pub min_rx: Duration,
    /// As configured: how often packets go out while Up.
    pub min_tx: Duration,
    /// As configured: how often packets go out while not Up.
    pub idle_tx: Duration,
    /// It waits for the other side.
    pub passive: bool,
    /// The default of trackers.
    pub weight: Weight,
    /// Who is told.
    pub audience: Audience,
    /// Its state (bfd.SessionState).
    pub state: SessionState,
    /// Since when.
    pub since: Instant,
    /// What trackers were told last.
    pub alive: bool,
    /// Why it changed last (bfd.LocalDiag).
    pub diagnostic: Diagnostic,
    /// Our number for it (bfd.LocalDiscr).
    pub discriminator: u32,
    /// The intervals of ours that packets carry.
    pub local: Intervals,
    /// What the other side said last.
    pub remote: RemoteStatus,
    /// From packet to packet of ours, before jitter.
    pub transmit: Duration,
    /// After this silence it goes down; `None` while nothing was heard.
    pub detection: Option<Duration>,
    /// The same as the other side reckons it.
    pub remote_detection: Duration,
    /// A Poll Sequence is under way.
    pub polling: bool,
    /// Echo packets of ours are under way.
    pub echoing: bool,
    /// When a packet was accepted last.
    pub heard: Option<Instant>,
    /// When it came up last.
    pub up_at: Option<Instant>,
    /// When it ceased to be up last.
    pub down_at: Option<Instant>,
    /// What was counted.
    pub counters: Counters,
}

/// Intervals as packets carry them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Intervals {
    /// Desired Min TX Interval.
    pub desired_min_tx: Duration,
    /// Required Min RX Interval.
    pub required_min_rx: Duration,
    /// Required Min Echo RX Interval.
    pub required_min_echo_rx: Duration,
    /// Detect Mult; 0 while not known.
    pub multiplier: u8,
}

/// What the other side said last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RemoteStatus {
    /// Its state.
    pub state: SessionState,
    /// Why it changed last.
    pub diagnostic: Diagnostic,
    /// Its number for the session; 0 while not known.
    pub discriminator: u32,
    /// Its intervals.
    pub intervals: Intervals,
    /// It wants no periodic packets.
    pub demand: bool,
}

/// What a session counts since it began.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Control packets accepted.
    pub received: u64,
    /// Control packets sent.
    pub sent: u64,
    /// Echo packets of ours that came back.
    pub echo_received: u64,
    /// Echo packets of ours sent.
    pub echo_sent: u64,
    /// Echo packets of the neighbour sent back.
    pub echo_reflected: u64,
    /// Times it came up.
    pub ups: u64,
    /// Times it ceased to be up.
    pub downs: u64,
    /// Times that it ceased to be up because nothing was heard.
    pub expired: u64,
    /// Packets that could not be sent.
    pub unsent: u64,
    /// Packets that were thrown away.
    pub discards: Discards,
}

/// Packets that were thrown away, by rule: [`DecodeError`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Discards {
    /// [`DecodeError::Truncated`].
    pub truncated: u64,
    /// [`DecodeError::Version`].
    pub version: u64,
    /// [`DecodeError::LengthTooSmall`] and [`DecodeError::LengthBeyondPayload`].
    pub length: u64,
    /// [`DecodeError::ZeroMultiplier`].
    pub multiplier: u64,
    /// [`DecodeError::Multipoint`].
    pub multipoint: u64,
    /// [`DecodeError::ZeroMyDiscriminator`].
    pub my_discriminator: u64,
    /// [`DecodeError::UnknownDiscriminator`].
    pub your_discriminator: u64,
    /// [`DecodeError::NoDiscriminatorInState`].
    pub no_discriminator: u64,
    /// [`DecodeError::NoSuchSession`].
    pub no_session: u64,
    /// [`DecodeError::OtherPath`].
    pub other_path: u64,
    /// [`DecodeError::Ttl`].
    pub ttl: u64,
    /// [`DecodeError::Authenticated`] and [`DecodeError::NotAuthenticated`].
    pub auth_presence: u64,
    /// [`DecodeError::AuthTruncated`] and [`DecodeError::AuthLength`].
    pub auth_length: u64,
    /// [`DecodeError::AuthType`].
    pub auth_type: u64,
    /// [`DecodeError::AuthKeyId`].
    pub auth_key: u64,
    /// [`DecodeError::AuthFailure`].
    pub auth_failure: u64,
    /// [`DecodeError::AuthSequence`].
    pub auth_sequence: u64,
    /// [`DecodeError::Echo`].
    pub echo: u64,
    /// Packets accepted in form, and without effect because the session is held down.
    pub admin_down: u64,
}

impl Discards {
    /// All of them.
    pub fn total(&self) -> u64 {
        let Self {
            truncated,
            version,
            length,
            multiplier,
            multipoint,
            my_discriminator,
            your_discriminator,
            no_discriminator,
            no_session,
            other_path,
            ttl,
            auth_presence,
            auth_length,
            auth_type,
            auth_key,
            auth_failure,
            auth_sequence,
            echo,
            admin_down,
        } = self;
        let wrong = [truncated, version, length, multiplier, multipoint, echo, admin_down];
        let strange = [my_discriminator, your_discriminator, no_discriminator, no_session, other_path, ttl];
        let forged = [auth_presence, auth_length, auth_type, auth_key, auth_failure, auth_sequence];
        wrong.into_iter().chain(strange).chain(forged).sum()
    }

    /// Counts one.
    pub(crate) fn count(&mut self, why: DecodeError) {
        let counter = match why {
            DecodeError::Truncated => &mut self.truncated,
            DecodeError::Version(_) => &mut self.version,
            DecodeError::LengthTooSmall(_) | DecodeError::LengthBeyondPayload(_) => &mut self.length,
            DecodeError::ZeroMultiplier => &mut self.multiplier,
            DecodeError::Multipoint => &mut self.multipoint,
            DecodeError::ZeroMyDiscriminator => &mut self.my_discriminator,
            DecodeError::UnknownDiscriminator(_) => &mut self.your_discriminator,
            DecodeError::NoDiscriminatorInState(_) => &mut self.no_discriminator,
            DecodeError::NoSuchSession => &mut self.no_session,
            DecodeError::OtherPath => &mut self.other_path,
            DecodeError::Ttl(_) => &mut self.ttl,
            DecodeError::Authenticated | DecodeError::NotAuthenticated => &mut self.auth_presence,
            DecodeError::AuthTruncated | DecodeError::AuthLength(_) => &mut self.auth_length,
            DecodeError::AuthType(_) => &mut self.auth_type,
            DecodeError::AuthKeyId(_) => &mut self.auth_key,
            DecodeError::AuthFailure => &mut self.auth_failure,
            DecodeError::AuthSequence(_) => &mut self.auth_sequence,
            DecodeError::Echo => &mut self.echo,
        };
        *counter += 1;
    }
}
