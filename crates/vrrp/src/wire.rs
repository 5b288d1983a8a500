//! Packets of the protocol: adverts, and the announcements of ARP and neighbour discovery.
//!
//! [`advert`] is VRRP itself (RFC 9568 §5.2, RFC 3768 §5.3), with what makes it credible in `seal`, `ah` and `trailer`
//! and its headers in `frame`; [`arp`] is the gratuitous ARP and [`ndp`] the unsolicited
//! neighbour advertisement by which a new master tells switches and hosts where its addresses are now. Nothing here
//! keeps state, and no bytes can make it panic.

pub mod advert;
mod ah;
pub mod arp;
mod frame;
mod fuzz;
pub mod ndp;
mod seal;
mod trailer;

use core::fmt;
use core::net::{IpAddr, Ipv4Addr};

pub use advert::{Advert, Coverage, Expect, Ipv4Header, decode, priority_of, vrid_of};
pub use fuzz::fuzz_advert;
pub use ndp::fuzz_announcement;
pub use seal::{Demand, Proof, Seal};
pub use trailer::Stamp;

/// What is wrong with an advert, one variant a rule, in the order of the checks (RFC 9568 §7.1 and RFC 3768 §7.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum DecodeError {
    /// Shorter than its headers, or another length than its address count makes.
    Length,
    /// TTL or hop limit is not 255.
    Ttl(u8),
    /// Not our version.
    Version(u8),
    /// Version 2: an authentication type that does not exist.
    InvalidAuthenticationType(u8),
    /// Version 2: not our authentication type.
    AuthenticationTypeMismatch {
        /// Theirs: 0 none, 1 password, 2 authentication header.
        theirs: u8,
        /// Ours.
        ours: u8,
    },
    /// Version 2: wrong password.
    AuthenticationFailure,
    /// An authentication header in front of something else than an advert.
    NextHeader(u8),
    /// An authentication header whose value is not that of our key.
    WrongValue,
    /// An authentication header with another index than its source address.
    SecurityIndex(Ipv4Addr),
    /// An authentication header with a sequence number that was used before.
    Sequence {
        /// Theirs.
        theirs: u32,
        /// The last that was used.
        known: u32,
    },
    /// No signature, where there must be one.
    Unsigned,
    /// A signature of another type than ours.
    MalformedSignature,
    /// A signature of another time.
    Stale {
        /// By how many seconds it is ahead of our clock, or (negative) behind it.
        ahead: i32,
    },
    /// A signature by a key that we do not have.
    UnknownKey(u8),
    /// A signature that is not that of our key of this number.
    WrongSignature(u8),
    /// A signature that was used before.
    Replayed,
    /// Version 2: not our interval. Both in seconds.
    Interval {
        /// Theirs.
        theirs: u8,
        /// Ours.
        ours: u8,
    },
    /// Version 3: an interval of zero, from which no time to wait for a master could be made.
    ZeroInterval,
    /// Not an advert.
    Type(u8),
    /// Checksum.
    Checksum,
    /// A unicast packet where multicast is used, or the other way around.
    Destination,
}

impl DecodeError {
    /// The sentence for people, with the packet's source address; Keepalived's wording where people grep for it.
    pub fn heard_from(self, source: IpAddr) -> impl fmt::Display {
        Sentence { error: self, source }
    }
}

struct Sentence {
    error: DecodeError,
    source: IpAddr,
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = self.source;
        match self.error {
            DecodeError::Length => write!(f, "invalid packet length from {from}"),
            DecodeError::Ttl(ttl) => write!(f, "invalid TTL/HL from {from}. Received {ttl} and expect 255"),
            DecodeError::Version(version) => write!(f, "invalid version from {from}. Received {version}"),
            DecodeError::InvalidAuthenticationType(kind) => {
                write!(f, "received an invalid auth type {kind} from {from}")
            }
            DecodeError::AuthenticationTypeMismatch { theirs, ours } => {
                write!(f, "received a {theirs} auth from {from}, expecting {ours}!")
            }
            DecodeError::AuthenticationFailure => write!(f, "received an invalid passwd from {from}!"),
            DecodeError::NextHeader(protocol) => {
                write!(f, "received AH in front of protocol {protocol} from {from}")
            }
            DecodeError::WrongValue => {
                write!(f, "received AH from {from} that was not made with our password")
            }
            DecodeError::SecurityIndex(index) => {
                write!(f, "received AH from {from} with the index of {index}")
            }
            DecodeError::Sequence { theirs, known } => {
                write!(f, "received AH from {from} with sequence number {theirs}, {known} was used already")
            }
            DecodeError::Unsigned => write!(f, "received an unsigned advert from {from}"),
            DecodeError::MalformedSignature => write!(f, "received a malformed signature from {from}"),
            DecodeError::Stale { ahead } => {
                let side = if ahead > 0 { "ahead of" } else { "behind" };
                let seconds = ahead.unsigned_abs();
                write!(f, "received a signature from {from} that is {seconds} s {side} our clock")
            }
            DecodeError::UnknownKey(id) => write!(f, "received a signature from {from} by unknown key {id}"),
            DecodeError::WrongSignature(id) => {
                write!(f, "received a signature from {from} that was not made with our key {id}")
            }
            DecodeError::Replayed => write!(f, "received a signature from {from} that was used already"),
            DecodeError::Interval { theirs, ours } => {
                write!(f, "advertisement interval mismatch with {from} mine={ours} sec rcv'd={theirs} sec")
            }
            DecodeError::ZeroInterval => write!(f, "advertisement interval of zero from {from}"),
            DecodeError::Type(kind) => write!(f, "invalid packet type {kind} from {from}"),
            DecodeError::Checksum => write!(f, "invalid checksum from {from}"),
            DecodeError::Destination => write!(f, "unicast/multicast destination mismatch from {from}"),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "packet length",
            Self::Ttl(_) => "TTL/HL is not 255",
            Self::Version(_) => "version is not ours",
            Self::InvalidAuthenticationType(_) => "authentication type does not exist",
            Self::AuthenticationTypeMismatch { .. } => "authentication type is not ours",
            Self::AuthenticationFailure => "password is wrong",
            Self::NextHeader(_) => "AH is in front of something else",
            Self::WrongValue => "AH was made with another password",
            Self::SecurityIndex(_) => "AH has another index than its source",
            Self::Sequence { .. } => "AH has a sequence number that was used already",
            Self::Unsigned => "signature is missing",
            Self::MalformedSignature => "signature is malformed",
            Self::Stale { .. } => "signature is of another time",
            Self::UnknownKey(_) => "signature is by an unknown key",
            Self::WrongSignature(_) => "signature is wrong",
            Self::Replayed => "signature was used already",
            Self::Interval { .. } => "advertisement interval is not ours",
            Self::ZeroInterval => "advertisement interval is zero",
            Self::Type(_) => "packet type is not advertisement",
            Self::Checksum => "checksum is wrong",
            Self::Destination => "unicast and multicast mixed",
        })
    }
}

impl core::error::Error for DecodeError {}
