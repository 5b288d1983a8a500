//! What a master holds, and what is held always.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

use host::{Family, LinkName, Prefix, Route, Rule, VirtualLink};
use serde::{Deserialize, Serialize};

/// What is held as long as the daemon runs (`static_ipaddress`, `static_routes`, `static_rules`).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Statics {
    /// Addresses, each with its link.
    pub addresses: Vec<(LinkName, VirtualAddress)>,
    /// Routes.
    pub routes: Vec<VirtualRoute>,
    /// Policy rules.
    pub rules: Vec<VirtualRule>,
}

/// An address that the master holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VirtualAddress {
    /// Address and prefix length.
    pub prefix: Prefix,
    /// The link it goes on; `None` is the instance's.
    pub link: Option<LinkName>,
    /// The link of the virtual router's own that it goes on instead, on top of that one (`use_vmac` of the address): one of
    /// [`super::Settings::address_links`].
    pub own_link: Option<LinkName>,
    /// Point-to-point peer.
    pub peer: Option<IpAddr>,
    /// Broadcast address, IPv4 only.
    pub broadcast: Option<Ipv4Addr>,
    /// `ifa_scope`, IPv4 only; 0 is global.
    pub scope: u8,
    /// Label, IPv4 only, 1 to 15 bytes.
    pub label: Option<String>,
    /// `IFA_F_*` bits as in [`host::LinkAddress`].
    pub flags: u32,
    /// IPv6 only, seconds; `None` is for ever.
    pub preferred_lifetime: Option<u32>,
    /// Its link being down is a fault, and it is put back when others delete it (no `no_track`).
    pub track: bool,
}

impl VirtualAddress {
    /// An address without options on the instance's link.
    pub fn plain(prefix: Prefix) -> Self {
        Self {
            prefix,
            link: None,
            own_link: None,
            peer: None,
            broadcast: None,
            scope: 0,
            label: None,
            flags: match prefix.family() {
                Family::V4 => 0,
                Family::V6 => host::LinkAddress::NODAD,
            },
            preferred_lifetime: (prefix.family() == Family::V6 && prefix.length() == 128).then_some(0),
            track: true,
        }
    }
}

/// A route that comes and goes with something.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VirtualRoute {
    /// The route.
    pub route: Route<LinkName>,
    /// Its links being down is a fault, and it is put back when others delete it (no `no_track`).
    pub track: bool,
}

/// A policy rule that comes and goes with something.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VirtualRule {
    /// The rule.
    pub rule: Rule,
    /// Its links being down is a fault, and it is put back when others delete it (no `no_track`).
    pub track: bool,
}

/// A virtual router's own link: a VMAC, or an ipvlan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OwnLink {
    /// What is made. Its base is the instance's link.
    pub link: VirtualLink,
    /// Adverts leave by the base, with its Ethernet address (`vmac_xmit_base`).
    pub adverts_by_base: bool,
    /// Address to put on an ipvlan, the source of its adverts.
    pub address: Option<Prefix>,
}
