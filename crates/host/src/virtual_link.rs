//! Links that we make: VMACs and ipvlans.

use serde::{Deserialize, Serialize};

use crate::{Family, LinkName, MacAddress};

/// A link on top of another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct VirtualLink {
    /// Its name.
    pub name: LinkName,
    /// The link that it is on.
    pub base: LinkName,
    /// What it is.
    pub kind: VirtualLinkKind,
    /// `IFLA_GROUP`; `None` is the base's.
    pub group: Option<u32>,
    /// The family that it is for: decides which settings it gets.
    pub family: Family,
    /// It carries addresses of the other family too.
    pub both_families: bool,
}

/// What a link that we make is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum VirtualLinkKind {
    /// A private macvlan with the virtual router's Ethernet address (RFC 9568 §7.3).
    Vmac(MacAddress),
    /// An ipvlan in layer 2 mode with these `IFLA_IPVLAN_FLAGS`: 0 bridge, 1 private, 2 VEPA.
    Ipvlan(u16),
}
