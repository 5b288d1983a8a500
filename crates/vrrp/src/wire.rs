//! Packets of the protocol: adverts, and the announcements of ARP and neighbour discovery.

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
    AuthenticationTypeMismatch(u8),
    /// Version 2: wrong password.
    AuthenticationFailure,
    /// Version 2: not our interval, in seconds.
    Interval(u8),
    /// Not an advert.
    Type(u8),
    /// Checksum.
    Checksum,
    /// A unicast packet where multicast is used, or the other way around.
    Destination,
}
