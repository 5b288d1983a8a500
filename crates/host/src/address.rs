//! Addresses: of a network card, of a family, with a prefix length.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// Internet Protocol version 4 or 6.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family that an address belongs to.
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// Bits in an address of this family: 32 or 128.
    pub const fn bits(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// An Ethernet (EUI-48) address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// `ff:ff:ff:ff:ff:ff`.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// The Ethernet group address of an IP multicast group (RFC 1112 §6.4, RFC 2464 §7).
    pub const fn of_group(group: IpAddr) -> Self {
        match group {
            IpAddr::V4(group) => {
                let [_, b, c, d] = group.octets();
                Self([0x01, 0x00, 0x5e, b & 0x7f, c, d])
            }
            IpAddr::V6(group) => {
                let o = group.octets();
                Self([0x33, 0x33, o[12], o[13], o[14], o[15]])
            }
        }
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// An address with the length of its network prefix, as in `192.0.2.1/24`. The host bits are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

impl Prefix {
    /// `None` if `length` is more than the family has bits.
    pub const fn new(address: IpAddr, length: u8) -> Option<Self> {
        if length <= Family::of(address).bits() { Some(Self { address, length }) } else { None }
    }

    /// The address alone: a prefix of 32 or 128 bits.
    pub const fn host(address: IpAddr) -> Self {
        Self { address, length: Family::of(address).bits() }
    }

    /// The address, host bits included.
    pub const fn address(self) -> IpAddr {
        self.address
    }

    /// The prefix length, 0 to 32 or 0 to 128.
    pub const fn length(self) -> u8 {
        self.length
    }

    /// The family of the address.
    pub const fn family(self) -> Family {
        Family::of(self.address)
    }

    /// The same prefix with every host bit clear.
    pub fn network(self) -> Self {
        let host_bits = u32::from(self.family().bits() - self.length);
        let address = match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        };
        Self { address, length: self.length }
    }

    /// The IPv4 address of this prefix with every host bit set (`true`) or clear (`false`); `None` for IPv6 and
    /// for prefixes longer than 30 bits, which have no broadcast address.
    pub fn broadcast(self, ones: bool) -> Option<Ipv4Addr> {
        let IpAddr::V4(address) = self.address else { return None };
        if self.length > 30 {
            return None;
        }
        let hosts = u32::MAX.checked_shr(u32::from(self.length)).unwrap_or(0);
        let bits = if ones { address.to_bits() | hosts } else { address.to_bits() & !hosts };
        Some(Ipv4Addr::from_bits(bits))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_longer_than_its_family_does_not_exist() {
        assert_eq!(Prefix::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 33), None);
    }

    #[test]
    fn broadcast_sets_or_clears_the_host_bits() {
        let prefix = Prefix::new(IpAddr::V4(Ipv4Addr::new(10, 50, 3, 7)), 24).unwrap();
        assert_eq!(prefix.broadcast(true), Some(Ipv4Addr::new(10, 50, 3, 255)));
        assert_eq!(prefix.broadcast(false), Some(Ipv4Addr::new(10, 50, 3, 0)));
        assert_eq!(Prefix::host(prefix.address()).broadcast(true), None);
    }
}
