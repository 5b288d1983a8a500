//! Network interfaces, which the kernel calls links.

use alloc::string::String;
use core::fmt;
use core::num::NonZeroU8;

use serde::{Deserialize, Serialize};

use crate::MacAddress;

/// The kernel's number for a link. It is not used again while the machine runs, unlike the name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinkIndex(pub u32);

impl LinkIndex {
    /// No link in particular: packets come in by any, and leave by the one that the routing table says. The kernel gives no
    /// link this number.
    pub const ANY: Self = Self(0);
}

impl fmt::Display for LinkIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of a link: 1 to 15 bytes, no `/`, no white space, not `.` or `..` (the kernel's `dev_valid_name`).
///
/// It takes no memory of its own: thousands of instances and addresses each name a few.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LinkName {
    /// Zeros behind the name, so that names compare as their texts do.
    bytes: [u8; Self::MAX],
    length: NonZeroU8,
}

/// What is wrong with a text that should have been a link's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadLinkName;

impl fmt::Display for BadLinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an interface name is 1 to 15 bytes without `/`, `:` or white space")
    }
}

impl LinkName {
    /// Most bytes a name may have: the kernel's `IFNAMSIZ` less the final zero.
    pub const MAX: usize = 15;

    /// The name, if the kernel could accept it.
    pub fn new(name: &str) -> Result<Self, BadLinkName> {
        let fits = (1..=Self::MAX).contains(&name.len()) && name != "." && name != "..";
        let clean = !name.bytes().any(|b| b == b'/' || b == b':' || b.is_ascii_whitespace() || b == 0);
        let length = u8::try_from(name.len()).ok().and_then(NonZeroU8::new).filter(|_| fits && clean);
        let length = length.ok_or(BadLinkName)?;
        let mut bytes = [0; Self::MAX];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        Ok(Self { bytes, length })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        let name = &self.bytes[..usize::from(self.length.get())];
        core::str::from_utf8(name).expect("it was made from text")
    }
}

impl TryFrom<String> for LinkName {
    type Error = BadLinkName;
    fn try_from(name: String) -> Result<Self, BadLinkName> {
        Self::new(&name)
    }
}

impl From<LinkName> for String {
    fn from(name: LinkName) -> Self {
        name.as_str().into()
    }
}

impl fmt::Debug for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LinkName").field(&self.as_str()).finish()
    }
}

impl fmt::Display for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a machine knows of one of its links.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Link {
    /// The kernel's number.
    pub index: LinkIndex,
    /// The present name.
    pub name: LinkName,
    /// `IFF_UP`: an administrator wants it up.
    pub admin_up: bool,
    /// `IFF_RUNNING`: it has a carrier.
    pub running: bool,
    /// Largest packet, in bytes.
    pub mtu: u32,
    /// The Ethernet address; `None` if it is not Ethernet.
    pub mac: Option<MacAddress>,
    /// `IFF_NOARP` is clear: it resolves neighbours.
    pub arp: bool,
    /// `IFF_MULTICAST`.
    pub multicast: bool,
    /// `IFF_LOOPBACK`.
    pub loopback: bool,
    /// The kernel forwards IPv6 packets that arrive here (`net.ipv6.conf.<link>.forwarding`), so neighbour
    /// advertisements carry the Router flag (RFC 4861 §4.4).
    pub ipv6_router: bool,
}

impl Link {
    /// Whether traffic can pass: wanted up and with a carrier.
    pub const fn is_up(&self) -> bool {
        self.admin_up && self.running
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_obey_the_kernels_rule() {
        assert!(LinkName::new("eth0").is_ok());
        assert!(LinkName::new("a-name-15-bytes").is_ok());
        for bad in ["", ".", "..", "a-name-16-bytes-", "a/b", "a b", "a:b"] {
            assert_eq!(LinkName::new(bad), Err(BadLinkName), "{bad}");
        }
    }
}
