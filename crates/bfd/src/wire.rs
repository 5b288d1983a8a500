//! Packets of the protocol, and the rules by which one is thrown away.
//!
//! [`control`] is the BFD Control packet (RFC 5880 §4.1), [`auth`] its authentication section (§4.2 to §4.4) and
//! [`echo`] the Echo packet, whose content is ours alone (§5). Nothing here keeps state, and no bytes can make it
//! panic.

pub mod auth;
pub mod control;
pub mod echo;

use core::fmt;

pub use control::{Control, Diagnostic, SessionState, fuzz_control};

/// Why a packet was thrown away, one variant a rule, in the order of the checks (RFC 5880 §6.8.6; TTL: RFC 5881 §5).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum DecodeError {
    /// It ends before its Length field.
    Truncated,
    /// Its version is not 1.
    Version(u8),
    /// Its Length field is less than 24, or less than 26 with authentication.
    LengthTooSmall(u8),
    /// Its Length field is more than there is.
    LengthBeyondPayload(u8),
    /// Its Detect Mult field is zero.
    ZeroMultiplier,
    /// Its Multipoint bit is set.
    Multipoint,
    /// Its My Discriminator field is zero.
    ZeroMyDiscriminator,
    /// Its Your Discriminator field names no session of ours.
    UnknownDiscriminator(u32),
    /// Its Your Discriminator field is zero, but its state is Init or Up.
    NoDiscriminatorInState(SessionState),
    /// Its Your Discriminator field is zero, and no session is configured for its addresses.
    NoSuchSession,
    /// It came to the port of the other kind of path: single hop or multihop.
    OtherPath,
    /// Its TTL or hop limit is lower than the session accepts, or not known.
    Ttl(Option<u8>),
    /// It is authenticated, but the session is not.
    Authenticated,
    /// It is not authenticated, but the session is.
    NotAuthenticated,
    /// Its authentication section ends before its Auth Len field, or is longer than the packet.
    AuthTruncated,
    /// Its authentication type is not the session's.
    AuthType(u8),
    /// No key with its key identifier is configured.
    AuthKeyId(u8),
    /// Its Auth Len field is not that of its type or password.
    AuthLength(u8),
    /// Its password, digest or hash is wrong.
    AuthFailure,
    /// Its sequence number lies outside of the window: it may be replayed.
    AuthSequence(u32),
    /// An Echo packet that is not of ours, and not to be sent back.
    Echo,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("packet is too short"),
            Self::Version(version) => write!(f, "version is {version}, not 1"),
            Self::LengthTooSmall(length) => write!(f, "length field of {length} is too small"),
            Self::LengthBeyondPayload(length) => write!(f, "length field of {length} is beyond the packet"),
            Self::ZeroMultiplier => f.write_str("detection multiplier is zero"),
            Self::Multipoint => f.write_str("multipoint bit is set"),
            Self::ZeroMyDiscriminator => f.write_str("remote discriminator is zero"),
            Self::UnknownDiscriminator(discriminator) => {
                write!(f, "local discriminator 0x{discriminator:x} is of no session")
            }
            Self::NoDiscriminatorInState(state) => write!(f, "local discriminator is zero in state {state}"),
            Self::NoSuchSession => f.write_str("no session is configured for it"),
            Self::OtherPath => f.write_str("single hop and multihop mixed"),
            Self::Ttl(Some(ttl)) => write!(f, "TTL/hop limit {ttl} is too low"),
            Self::Ttl(None) => f.write_str("TTL/hop limit is not known"),
            Self::Authenticated => f.write_str("authentication is not in use"),
            Self::NotAuthenticated => f.write_str("authentication is missing"),
            Self::AuthTruncated => f.write_str("authentication section is cut short"),
            Self::AuthType(kind) => write!(f, "authentication type {kind} is not ours"),
            Self::AuthKeyId(id) => write!(f, "authentication key {id} is not configured"),
            Self::AuthLength(length) => write!(f, "authentication length {length} is wrong"),
            Self::AuthFailure => f.write_str("authentication failed"),
            Self::AuthSequence(sequence) => {
                write!(f, "authentication sequence number {sequence} is out of the window")
            }
            Self::Echo => f.write_str("echo packet is not ours"),
        }
    }
}

impl core::error::Error for DecodeError {}
