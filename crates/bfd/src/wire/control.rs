//! The BFD Control packet.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |Vers |  Diag   |Sta|P|F|C|A|D|M|  Detect Mult  |    Length     |
//! |                       My Discriminator                        |
//! |                      Your Discriminator                       |
//! |                    Desired Min TX Interval                    |
//! |                   Required Min RX Interval                    |
//! |                 Required Min Echo RX Interval                 |
//! |   Auth Type   |   Auth Len    |    Authentication Data...     |   with A only
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! RFC 5880 §4.1. Times are in microseconds.

use alloc::vec::Vec;
use core::fmt;

use host::bytes::{Put, Reader, Short};
use serde::{Deserialize, Serialize};

use super::DecodeError;

/// Bytes of the mandatory section.
pub const LENGTH: u8 = 24;
/// Least bytes of a packet with an authentication section.
const LENGTH_WITH_AUTH: u8 = 26;
const VERSION: u8 = 1;

const POLL: u8 = 0x20;
const FINAL: u8 = 0x10;
const INDEPENDENT: u8 = 0x08;
pub(super) const AUTHENTICATED: u8 = 0x04;
const DEMAND: u8 = 0x02;
const MULTIPOINT: u8 = 0x01;

/// State of a session as it stands in a packet (RFC 5880 §4.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum SessionState {
    /// Held down by an administrator.
    AdminDown,
    /// The path does not work, or nobody is there.
    Down,
    /// The other side is heard, but does not know it yet.
    Init,
    /// Both sides hear one another.
    Up,
}

impl SessionState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::AdminDown, Self::Down, Self::Init, Self::Up];

    /// The word of logs and dumps.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AdminDown => "AdminDown",
            Self::Down => "Down",
            Self::Init => "Init",
            Self::Up => "Up",
        }
    }

    const fn bits(self) -> u8 {
        match self {
            Self::AdminDown => 0,
            Self::Down => 1 << 6,
            Self::Init => 2 << 6,
            Self::Up => 3 << 6,
        }
    }

    const fn of(flags: u8) -> Self {
        match flags >> 6 {
            0 => Self::AdminDown,
            1 => Self::Down,
            2 => Self::Init,
            _ => Self::Up,
        }
    }
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why a session changed its state last (RFC 5880 §4.1), 0 to 31.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Diagnostic(u8);

impl Diagnostic {
    /// Nothing to say yet.
    pub const NONE: Self = Self(0);
    /// Nothing was heard for the detection time.
    pub const EXPIRED: Self = Self(1);
    /// Echo packets did not come back.
    pub const ECHO_FAILED: Self = Self(2);
    /// The other side said that it is down.
    pub const NEIGHBOUR_DOWN: Self = Self(3);
    /// An administrator holds the session down.
    pub const ADMIN_DOWN: Self = Self(7);

    /// The number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0 => "No Diagnostic",
            1 => "Control Detection Time Expired",
            2 => "Echo Function Failed",
            3 => "Neighbor Signaled Session Down",
            4 => "Forwarding Plane Reset",
            5 => "Path Down",
            6 => "Concatenated Path Down",
            7 => "Administratively Down",
            8 => "Reverse Concatenated Path Down",
            other => return write!(f, "Reserved ({other})"),
        })
    }
}

/// The mandatory section. What is not here is constant: version 1, Multipoint clear.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Control {
    /// Why the sender changed its state last.
    pub diagnostic: Diagnostic,
    /// The sender's state.
    pub state: SessionState,
    /// The sender wants an answer.
    pub poll: bool,
    /// It is an answer.
    pub is_final: bool,
    /// The sender's BFD does not share the fate of its control plane.
    pub independent: bool,
    /// The sender wants no periodic packets.
    pub demand: bool,
    /// Packets that may be missed; not 0.
    pub multiplier: u8,
    /// The sender's number for the session; not 0.
    pub my_discriminator: u32,
    /// The receiver's number for the session; 0 while the sender does not know it.
    pub your_discriminator: u32,
    /// How often the sender would like to send.
    pub desired_min_tx: u32,
    /// How often it can receive; 0 is never.
    pub required_min_rx: u32,
    /// How often it can send Echo packets back; 0 is never.
    pub required_min_echo_rx: u32,
}

impl Control {
    /// The packet without an authentication section.
    pub fn encode(&self) -> Vec<u8> {
        debug_assert!(!(self.poll && self.is_final), "RFC 5880 §6.5: never both");
        let flags = [
            (self.poll, POLL),
            (self.is_final, FINAL),
            (self.independent, INDEPENDENT),
            (self.demand, DEMAND),
        ];
        let flags = flags.iter().filter(|(set, _)| *set).fold(self.state.bits(), |bits, (_, bit)| bits | bit);
        let mut bytes = Vec::with_capacity(52);
        bytes.put(&[VERSION << 5 | self.diagnostic.0, flags, self.multiplier, LENGTH]);
        bytes.put_u32(self.my_discriminator);
        bytes.put_u32(self.your_discriminator);
        bytes.put_u32(self.desired_min_tx);
        bytes.put_u32(self.required_min_rx);
        bytes.put_u32(self.required_min_echo_rx);
        bytes
    }

    /// The same with Poll and Final clear: what has to be told, without how.
    #[must_use]
    pub const fn content(self) -> Self {
        Self { poll: false, is_final: false, ..self }
    }
}

/// A packet that passed the checks that need no session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decoded<'a> {
    /// Its mandatory section.
    pub control: Control,
    /// The Authentication Present bit.
    pub authenticated: bool,
    /// As many bytes as its Length field says.
    pub bytes: &'a [u8],
}

/// RFC 5880 §6.8.6, up to the selection of the session, "in the order specified".
///
/// Differs: Keepalived also drops packets with Poll and Final both set, with a diagnostic above 8 and with bytes
/// after the end. The RFC forbids to send the first, reserves the second and does not speak of the third, and asks
/// receivers to enforce its procedure only (§6).
pub fn decode(payload: &[u8]) -> Result<Decoded<'_>, DecodeError> {
    let [first, flags, multiplier, length] = *payload.first_chunk::<4>().ok_or_else(|| truncated(payload))?;
    if first >> 5 != VERSION {
        return Err(DecodeError::Version(first >> 5));
    }
    let authenticated = flags & AUTHENTICATED != 0;
    if length < if authenticated { LENGTH_WITH_AUTH } else { LENGTH } {
        return Err(DecodeError::LengthTooSmall(length));
    }
    let bytes = payload.get(..usize::from(length)).ok_or(DecodeError::LengthBeyondPayload(length))?;
    if multiplier == 0 {
        return Err(DecodeError::ZeroMultiplier);
    }
    if flags & MULTIPOINT != 0 {
        return Err(DecodeError::Multipoint);
    }
    let [my_discriminator, your_discriminator, desired_min_tx, required_min_rx, required_min_echo_rx] =
        words(bytes).map_err(|Short| DecodeError::Truncated)?;
    if my_discriminator == 0 {
        return Err(DecodeError::ZeroMyDiscriminator);
    }
    let state = SessionState::of(flags);
    if your_discriminator == 0 && matches!(state, SessionState::Init | SessionState::Up) {
        return Err(DecodeError::NoDiscriminatorInState(state));
    }
    let control = Control {
        diagnostic: Diagnostic(first & 0x1f),
        state,
        poll: flags & POLL != 0,
        is_final: flags & FINAL != 0,
        independent: flags & INDEPENDENT != 0,
        demand: flags & DEMAND != 0,
        multiplier,
        my_discriminator,
        your_discriminator,
        desired_min_tx,
        required_min_rx,
        required_min_echo_rx,
    };
    Ok(Decoded { control, authenticated, bytes })
}

/// The version is looked at first, where there is one.
fn truncated(payload: &[u8]) -> DecodeError {
    match payload.first() {
        Some(first) if first >> 5 != VERSION => DecodeError::Version(first >> 5),
        _ => DecodeError::Truncated,
    }
}

fn words(bytes: &[u8]) -> Result<[u32; 5], Short> {
    let mut reader = Reader::new(bytes);
    reader.take(4)?;
    Ok([reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?])
}

/// For a fuzzer: any bytes are refused or mean the same after being written and read again.
pub fn fuzz_control(bytes: &[u8]) {
    use crate::config::{AuthConfig, AuthKey, AuthKind};
    let Ok(decoded) = decode(bytes) else { return };
    for kind in AuthKind::ALL {
        let key = AuthKey::new(1, b"key").expect("three bytes are 1 to 16");
        let config = AuthConfig { kind, keys: alloc::vec![key] };
        let _ = super::auth::verify(&decoded, Some(&config), Some(7));
    }
    let control = Control { poll: decoded.control.poll && !decoded.control.is_final, ..decoded.control };
    let again = control.encode();
    assert_eq!(decode(&again).map(|decoded| decoded.control), Ok(control));
}

#[cfg(test)]
mod tests;
