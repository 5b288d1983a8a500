//! Load balancing: virtual servers, their real servers, and how each is checked.
//!
//! These are the types that a check engine obeys. Everything that a block of the file inherits is filled in; a check
//! knows all that it needs without its real server, and a real server without its virtual server.

mod check;

use std::net::IpAddr;

use host::{Command, Family};
use serde::Serialize;

pub use check::{
    Bytes, Check, CheckKind, Connection, DnsCheck, FileCheck, HttpCheck, HttpVersion, MiscCheck, Pace,
    Pattern, PatternOption, QueryType, ReplyByte, Source, UdpCheck, UrlCheck,
};

/// The whole of it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Services {
    /// In the order of the file; no two program the same entry of the kernel's table, unless they are groups.
    pub virtual_servers: Vec<VirtualServer>,
    /// What `SSL_GET` shows and trusts (`SSL`).
    pub tls: TlsIdentity,
}

/// Who we are for servers that we check over TLS (`SSL`). By default nobody in particular.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct TlsIdentity {
    /// Passphrase of the key.
    pub password: Option<String>,
    /// File of trusted authorities. As keepalived: certificates are not verified all the same.
    pub authorities: Option<String>,
    /// File of our certificate.
    pub certificate: Option<String>,
    /// File of our private key.
    pub key: Option<String>,
}

/// A service that is spread over real servers (`virtual_server`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct VirtualServer {
    /// What packets it takes.
    pub target: Target,
    /// Transport protocol; `None` if marks alone choose the packets.
    pub protocol: Option<Protocol>,
    /// Family of the service; of a group of both families that of its real servers. IPv4 if nothing tells.
    pub family: Family,
    /// How a real server is chosen (`lvs_sched`).
    pub scheduler: Scheduler,
    /// Flags 1 to 3 of the scheduler (`flag-1`, `sh-port`, `mh-fallback` and so on).
    pub flags: [bool; 3],
    /// Every packet is scheduled for itself (`ops`); UDP and marks only.
    pub one_packet: bool,
    /// Clients stay with their real server.
    pub persistence: Option<Persistence>,
    /// How much must live.
    pub quorum: Quorum,
    /// Who serves when the quorum is lost.
    pub sorry_server: Option<SorryServer>,
    /// At least one, in the order of the file; no two with the same address and port.
    pub real_servers: Vec<RealServer>,
    /// At stop the scripts of failure are run (`omega`).
    pub fails_at_stop: bool,
    /// It is checked only while one of its addresses is on this host (`ha_suspend`).
    pub suspends_without_address: bool,
    /// A change of the quorum is mailed (`smtp_alert`).
    pub mails: bool,
    /// Label for SNMP (`snmp_name`).
    pub snmp_name: Option<String>,
}

/// What packets a virtual server takes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub enum Target {
    /// Packets to an address.
    Address {
        /// The address.
        address: IpAddr,
        /// The port; 0 is every port, which goes with persistence only.
        port: u16,
    },
    /// Packets with a firewall mark.
    Mark(u32),
    /// Whatever a `virtual_server_group` names.
    Group {
        /// Its name.
        name: String,
        /// Not empty, in the order of the file.
        members: Vec<Member>,
    },
}

/// A line of a `virtual_server_group`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Member {
    /// Packets to any of these addresses, each a service of its own.
    Addresses {
        /// First address.
        first: IpAddr,
        /// Last, of the same family and not below the first.
        last: IpAddr,
        /// The port; 0 is every port.
        port: u16,
    },
    /// Packets with a firewall mark.
    Mark {
        /// The mark.
        mark: u32,
        /// Family of the service; `None` is that of the virtual server.
        family: Option<Family>,
    },
}

/// Transport protocol of a service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// Its name in logs, events and mail.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
}

macro_rules! schedulers {
    ($($variant:ident $name:literal $doc:literal)*) => {
        /// How a real server is chosen for a new connection.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
        pub enum Scheduler {
            $(#[doc = $doc] $variant),*
        }

        impl Scheduler {
            /// Names in the file and for the kernel.
            pub(crate) const NAMES: &'static [&'static str] = &[$($name),*];

            /// The name in the file and for the kernel.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The scheduler of a name.
            pub fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

schedulers! {
    RoundRobin "rr" "One after the other."
    WeightedRoundRobin "wrr" "One after the other, by weight."
    LeastConnections "lc" "Fewest connections."
    WeightedLeastConnections "wlc" "Fewest connections for its weight. The default."
    LocalityLeastConnections "lblc" "By destination, else fewest connections."
    LocalityLeastConnectionsReplicated "lblcr" "By destination among a set, else fewest connections."
    SourceHash "sh" "By source."
    MaglevHash "mh" "By source, with little change when a server goes."
    DestinationHash "dh" "By destination."
    WeightedFailover "fo" "The heaviest that lives."
    WeightedOverflow "ovf" "The heaviest that is not full."
    ShortestExpectedDelay "sed" "Shortest expected delay."
    NeverQueue "nq" "An idle one, else shortest expected delay."
    TwoRandomChoices "twos" "The better of two chosen by chance."
}

/// Clients stay with their real server for a while.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Persistence {
    /// Seconds since the last connection (`persistence_timeout`), 1 to 2,678,400.
    pub timeout_seconds: u32,
    /// Bits of the client's address that count (`persistence_granularity`); `None` counts them all.
    pub granularity: Option<Granularity>,
    /// What else tells clients apart (`persistence_engine`), such as `sip`; with UDP only.
    pub engine: Option<String>,
}

/// Which bits of a client's address count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Granularity {
    /// This mask, which need not be contiguous.
    V4(std::net::Ipv4Addr),
    /// The first so many bits, 1 to 128.
    V6(u8),
}

/// How much of a service must live, counted in weight.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Quorum {
    /// Weight that must live; at least 1, at most the sum of the weights where that is not 0.
    pub needed: u32,
    /// It is gained at `needed + hysteresis` and lost below `needed - hysteresis`; less than `needed`.
    pub hysteresis: u32,
    /// Run when it is gained (`quorum_up`).
    pub gained: Option<Command>,
    /// Run when it is lost (`quorum_down`).
    pub lost: Option<Command>,
}

/// Who serves when the quorum is lost (`sorry_server`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct SorryServer {
    /// Its address.
    pub address: IpAddr,
    /// Its port; 0 is that of the packet.
    pub port: u16,
    /// How packets reach it.
    pub forwarding: Forwarding,
    /// It is there all the time, with weight 0 while it does not serve (`sorry_server_inhibit`).
    pub inhibit: bool,
}

/// How packets reach a server (`lvs_method`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Forwarding {
    /// Their destination is rewritten (`NAT`).
    Masquerade,
    /// They are put on its link as they are (`DR`).
    Direct,
    /// They are wrapped in others (`TUN`).
    Tunnel(Tunnel),
}

impl Forwarding {
    /// The destination is left as it is, so the port must be that of the service.
    pub const fn keeps_port(self) -> bool {
        match self {
            Self::Masquerade => false,
            Self::Direct | Self::Tunnel(_) => true,
        }
    }
}

/// How packets are wrapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Tunnel {
    /// IP in IP.
    Ipip,
    /// Generic UDP encapsulation.
    Gue {
        /// Destination port, not 0.
        port: u16,
        /// Checksum of the outer packet.
        checksum: TunnelChecksum,
    },
    /// Generic routing encapsulation.
    Gre {
        /// With a checksum.
        checksum: bool,
    },
}

/// Checksum of a generic UDP encapsulation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum TunnelChecksum {
    /// None (`nocsum`).
    None,
    /// Of the UDP packet (`csum`).
    Whole,
    /// Remote checksum offload (`remcsum`).
    Remote,
}

/// One that serves (`real_server`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RealServer {
    /// Its address.
    pub address: IpAddr,
    /// Its port; 0 is that of the packet.
    pub port: u16,
    /// How packets reach it.
    pub forwarding: Forwarding,
    /// Its share, 0 to 2,147,483,647; 0 takes no new connections.
    pub weight: u32,
    /// Connections at which it gets no more (`uthreshold`); 0 is never.
    pub upper_threshold: u32,
    /// Connections at which it gets some again (`lthreshold`).
    pub lower_threshold: u32,
    /// On failure it stays with weight 0 (`inhibit_on_failure`).
    pub inhibit_on_failure: bool,
    /// It counts as failed until its checks say otherwise (`alpha`).
    pub starts_failed: bool,
    /// A change is mailed (`smtp_alert`).
    pub mails: bool,
    /// Run on a change.
    pub notify: Option<Box<ServerScripts>>,
    /// Label for SNMP (`snmp_name`).
    pub snmp_name: Option<Box<str>>,
    /// All must succeed; empty is always up.
    pub checks: Vec<Check>,
}

/// What is run when a real server comes or goes.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct ServerScripts {
    /// When it comes (`notify_up`).
    pub up: Option<Command>,
    /// When it goes (`notify_down`).
    pub down: Option<Command>,
}
