//! Packets of the protocol: adverts, and the announcements of ARP and neighbour discovery.
//!
//! [`advert`] is VRRP itself (RFC 9568 §5.2, RFC 3768 §5.3), [`arp`] the gratuitous ARP and [`ndp`] the unsolicited
//! neighbour advertisement by which a new master tells switches and hosts where its addresses are now. Nothing here
//! keeps state, and no bytes can make it panic.

pub mod advert;
pub mod arp;
pub mod ndp;

use core::fmt;
use core::net::IpAddr;

pub use advert::{Advert, Coverage, Expect, Ipv4Header, decode, fuzz_advert, vrid_of};
pub use ndp::fuzz_announcement;

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
        /// Ours: 0 or 1.
        ours: u8,
    },
    /// Version 2: wrong password.
    AuthenticationFailure,
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
            Self::Interval { .. } => "advertisement interval is not ours",
            Self::ZeroInterval => "advertisement interval is zero",
            Self::Type(_) => "packet type is not advertisement",
            Self::Checksum => "checksum is wrong",
            Self::Destination => "unicast and multicast mixed",
        })
    }
}

impl core::error::Error for DecodeError {}
