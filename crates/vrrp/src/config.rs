//! What the engine obeys: the meaning of the VRRP part of a configuration, complete and checked.
//!
//! `config` makes it from `keepalived.conf`; every default is already filled in. Two configurations that mean the
//! same are equal.

mod authentication;
mod hold;
mod instance;
mod link;
mod share;
mod track;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use host::Command;
use serde::{Deserialize, Serialize};

pub use authentication::{Authentication, Hmac, HmacKey, HmacMode};
pub use hold::{OwnLink, Statics, VirtualAddress, VirtualRoute, VirtualRule};
pub use instance::{InstanceConfig, Settings};
pub use link::{
    AnnounceConfig, AnnouncePace, Firewall, LinkDelay, PaceGroup, PollMethod, PolledLink, ReceiveBuffer,
};
pub use share::Common;
pub use track::{
    FileConfig, ProcessConfig, ProcessMatch, ScriptConfig, TrackFile, TrackLink, TrackNamed, TrackScript,
    Weight,
};

/// The whole of it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Config {
    /// Virtual routers in the order of the file. Names are unique, and so are (link, family, VRID, group or
    /// peers).
    #[serde(with = "share")]
    pub instances: Vec<InstanceConfig>,
    /// Tracking scripts that some instance tracks. Names are unique.
    pub scripts: Vec<ScriptConfig>,
    /// Sync groups. Names are unique; an instance is in one group at most.
    pub groups: Vec<GroupConfig>,
    /// Smallest gaps between announcements on one link.
    pub pace: AnnouncePace,
    /// What is held as long as the daemon runs, whoever is master.
    pub statics: Statics,
    /// From the first configuration until instances begin to listen (`vrrp_startup_delay`).
    pub startup_delay: Duration,
    /// Files that some instance tracks. Names are unique.
    pub files: Vec<FileConfig>,
    /// Sets of processes that some instance tracks. Names are unique.
    pub processes: Vec<ProcessConfig>,
    /// Links with gaps of their own between announcements (`garp_group`); a link is in one at most.
    pub pace_groups: Vec<PaceGroup>,
    /// How long a link must be down or up before it counts (`interface_up_down_delays`); a link stands once at most.
    pub link_delays: Vec<LinkDelay>,
    /// Links whose state is asked for again and again (`linkbeat_interfaces`); a link stands once at most.
    pub polled_links: Vec<PolledLink>,
    /// How packets to addresses that are not accepted are dropped.
    pub firewall: Firewall,
    /// Adverts for virtual routers that nobody here has are told of (`log_unknown_vrids`).
    pub tell_strangers: bool,
}

/// Instances that are master together or not at all (`vrrp_sync_group`). What the group tracks, its members track.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GroupConfig {
    /// Name from the file.
    pub name: String,
    /// Names of instances in the order of the file, at least one.
    pub members: Vec<String>,
    /// Scripts to run on a change of the group's state.
    pub notify: NotifyScripts,
    /// Mail on a change of the group's state (`smtp_alert`).
    pub mail: bool,
}

/// Virtual router identifier, 1 to 255 (RFC 9568 §5.2.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Vrid(u8);

impl Vrid {
    /// `None` for 0.
    pub const fn new(vrid: u8) -> Option<Self> {
        if vrid == 0 { None } else { Some(Self(vrid)) }
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// 0 is no virtual router identifier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ZeroVrid;

impl fmt::Display for ZeroVrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a virtual router identifier is 1 to 255")
    }
}

impl TryFrom<u8> for Vrid {
    type Error = ZeroVrid;
    fn try_from(vrid: u8) -> Result<Self, ZeroVrid> {
        Self::new(vrid).ok_or(ZeroVrid)
    }
}

impl From<Vrid> for u8 {
    fn from(vrid: Vrid) -> Self {
        vrid.0
    }
}

impl fmt::Display for Vrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Priority as it stands in an advert (RFC 9568 §5.2.4): 0 gives mastership up, 255 owns the addresses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Priority(pub u8);

impl Priority {
    /// "I stop": whoever is next takes over after its skew time.
    pub const RELEASE: Self = Self(0);
    /// The default of a backup.
    pub const DEFAULT: Self = Self(100);
    /// The router that owns the addresses.
    pub const OWNER: Self = Self(255);

    /// Whether it is 255.
    pub const fn is_owner(self) -> bool {
        self.0 == 255
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Version of the protocol.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Version {
    /// RFC 3768 (with the authentication of RFC 2338).
    V2,
    /// RFC 9568 and RFC 5798.
    V3,
}

impl Version {
    /// 2 or 3.
    pub const fn number(self) -> u8 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }
}

/// How the removal of an instance is told.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Deletion {
    /// The script to run.
    pub script: Option<Box<Command>>,
}

/// Which checksum version 3 adverts to IPv4 peers carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum UnicastChecksum {
    /// The right one, and that of keepalived before 1.3.7 once a peer was heard to use it.
    #[default]
    Learn,
    /// That of keepalived before 1.3.7.
    Old,
    /// The right one, whatever is heard.
    Right,
}

/// To whom adverts go.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Mode {
    /// To a group.
    Multicast {
        /// The group, of the instance's family.
        group: IpAddr,
    },
    /// To each peer.
    Unicast {
        /// Peers in the order of the file, of the instance's family, without repeats. May be empty.
        peers: Vec<Peer>,
        /// TTL or hop limit; `None` is 255 for IPv4 and the kernel's default for IPv6.
        ttl: Option<u8>,
        /// Adverts from others than the peers are dropped.
        check_source: bool,
    },
}

impl Mode {
    /// 224.0.0.18 (RFC 9568 §5.1.1.2).
    pub const GROUP_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18));
    /// ff02::12 (RFC 9568 §5.1.2.2).
    pub const GROUP_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12));
}

/// A unicast peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// Lowest and highest TTL accepted, where the source is checked.
    pub ttl: (u8, u8),
}

/// Whether and when a backup takes over from a master of lower priority.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Preemption {
    /// After the master-down time.
    Allowed,
    /// This long after the first lower-priority advert, and then the master-down time. Never zero.
    Delayed(Duration),
    /// Not while it lives.
    Never,
}

/// Scripts to run on a change of state. The specific one is started before [`Self::any`].
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct NotifyScripts {
    /// `notify_master`.
    pub master: Option<Box<Command>>,
    /// `notify_backup`.
    pub backup: Option<Box<Command>>,
    /// `notify_fault`.
    pub fault: Option<Box<Command>>,
    /// `notify_stop`.
    pub stop: Option<Box<Command>>,
    /// `notify`: gets `INSTANCE NAME STATE PRIORITY` appended.
    pub any: Option<Box<Command>>,
    /// `notify_master_rx_lower_pri`.
    pub lower_priority_heard: Option<Box<Command>>,
}
