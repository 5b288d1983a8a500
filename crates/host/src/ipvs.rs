//! Virtual services of IPVS and the servers behind them: what there is to be, what there is, and orders between the two.
//!
//! A service is told from others by its [`ServiceKey`], a destination from others of its service by its
//! [`DestinationKey`]; what can be changed while traffic flows is in [`Service`] and [`Destination`].

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr};
use core::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::{Family, LinkName, Refusal, Ticket};

/// What a virtual service takes traffic by. Services of other protocols than these are no concern of ours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        })
    }
}

/// What tells a virtual service from others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ServiceKey {
    /// Traffic to an address.
    Address {
        /// Its protocol.
        transport: Transport,
        /// The address.
        address: IpAddr,
        /// Its port; 0 is any that has no service of its own, for persistent services only.
        port: u16,
    },
    /// Traffic that the packet filter has marked.
    Mark {
        /// The mark.
        mark: NonZeroU32,
        /// Of this family.
        family: Family,
    },
}

impl ServiceKey {
    /// The family of the traffic. Destinations of the other can only be reached by tunnel.
    pub const fn family(&self) -> Family {
        match self {
            Self::Address { address, .. } => Family::of(*address),
            Self::Mark { family, .. } => *family,
        }
    }
}

/// As in `[192.0.2.1]:tcp:80` or `FWM 7`.
impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { transport, address, port } => write!(f, "[{address}]:{transport}:{port}"),
            Self::Mark { mark, family: _ } => write!(f, "FWM {mark}"),
        }
    }
}

/// How a virtual service shares its traffic out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Service {
    /// The scheduler's name, as `wlc`; at most 15 bytes.
    pub scheduler: String,
    /// `IP_VS_SVC_F_*`: [`Service::ONE_PACKET`] and the scheduler's own three.
    pub flags: u32,
    /// Connections of one client go to one destination; `None` lets each go where it may.
    pub persistence: Option<Persistence>,
}

impl Service {
    /// Every packet is scheduled by itself, UDP only.
    pub const ONE_PACKET: u32 = 0x04;
    /// The scheduler's first flag: `sh-fallback`, `mh-fallback`.
    pub const FLAG_1: u32 = 0x08;
    /// The scheduler's second flag: `sh-port`, `mh-port`.
    pub const FLAG_2: u32 = 0x10;
    /// The scheduler's third flag.
    pub const FLAG_3: u32 = 0x20;
    /// All of these. What other flags there are, the kernel sets.
    pub const FLAGS: u32 = Self::ONE_PACKET | Self::FLAG_1 | Self::FLAG_2 | Self::FLAG_3;
}

/// Connections of one client go to one destination.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Persistence {
    /// Seconds that a client is remembered after its last connection has ended; not 0.
    pub timeout: u32,
    /// What counts as one client.
    pub granularity: Granularity,
    /// What else tells clients apart: the name of a persistence engine, as `sip`; at most 15 bytes.
    pub engine: Option<String>,
}

/// Which bits of a client's address tell it from others. A service has that of its family.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Granularity {
    /// The bits of this mask, which need not be contiguous. 255.255.255.255 is each address by itself.
    Mask(Ipv4Addr),
    /// So many of the first bits of an IPv6 address, 1 to 128.
    Prefix(u8),
}

impl Granularity {
    /// Each address by itself.
    pub const fn finest(family: Family) -> Self {
        match family {
            Family::V4 => Self::Mask(Ipv4Addr::BROADCAST),
            Family::V6 => Self::Prefix(128),
        }
    }
}

/// What tells a destination from others of its service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct DestinationKey {
    /// Its address, of either family.
    pub address: IpAddr,
    /// Its port. 0 is that of the packet; the service's own port must be 0 too, or it is a mark.
    pub port: u16,
}

/// How a destination is served.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Destination {
    /// Its share, 0 to 2147483647. 0 takes no new connections.
    pub weight: u32,
    /// How packets get there.
    pub forwarding: Forwarding,
    /// From so many connections on it takes no more; 0 is no limit.
    pub upper_threshold: u32,
    /// Below so many it takes some again; 0 is three quarters of the upper.
    pub lower_threshold: u32,
}

/// How packets get to a destination.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Forwarding {
    /// With their addresses translated (NAT).
    Masquerade,
    /// As they are, to the destination's Ethernet address (DR).
    Direct,
    /// Wrapped in others (TUN).
    Tunnel(Tunnel),
    /// Another of the kernel's methods (`IP_VS_CONN_F_FWD_MASK`). No configuration says so.
    Other(u8),
}

/// What packets are wrapped in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Tunnel {
    /// An IP header.
    Ipip,
    /// UDP (generic UDP encapsulation).
    Gue {
        /// The destination's port for them; not 0.
        port: u16,
        /// How they are protected.
        checksum: TunnelChecksum,
    },
    /// GRE.
    Gre {
        /// How they are protected.
        checksum: TunnelChecksum,
    },
}

/// The checksum of what packets are wrapped in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum TunnelChecksum {
    /// None.
    #[default]
    None,
    /// One over the whole packet.
    Full,
    /// One that the destination works out from that of the packet inside, GUE only.
    Remote,
}

/// Seconds that an idle connection is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Timeouts {
    /// TCP. Here as below: `None` in an order leaves it as it is, and does not occur in what the machine tells.
    pub tcp: Option<u32>,
    /// TCP after a FIN.
    pub tcp_fin: Option<u32>,
    /// UDP.
    pub udp: Option<u32>,
}

/// What a daemon that synchronises connections does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum SyncRole {
    /// It tells of connections.
    Master,
    /// It is told.
    Backup,
}

/// A daemon of the kernel's that synchronises connections with other directors.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SyncDaemon {
    /// What it does. There is one of each at most.
    pub role: SyncRole,
    /// The link that it speaks by.
    pub link: LinkName,
    /// Tells directors that belong together from others.
    pub id: u8,
    /// Bytes of payload a packet; `None` in an order fits the link. Here as below, the machine always tells it.
    pub longest: Option<u16>,
    /// Multicast group, of either family; `None` is 224.0.0.81.
    pub group: Option<IpAddr>,
    /// UDP port; `None` is 8848.
    pub port: Option<u16>,
    /// TTL or hop limit; `None` is 1.
    pub ttl: Option<u8>,
}

/// An order about the daemons that synchronise connections.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SyncOp {
    /// Start one. One of the same role that runs with other settings is stopped first.
    Start(SyncDaemon),
    /// Stop the one of this role. None there counts as stopped.
    Stop(SyncRole),
}

/// An order about IPVS. What is put and is there already is brought into shape, its connections and counters kept; what
/// is to be taken and is not there counts as taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IpvsOp {
    /// Put a virtual service, or change the one of this key.
    PutService(ServiceKey, Service),
    /// Take a virtual service with all its destinations.
    RemoveService(ServiceKey),
    /// Put a destination of a service, or change the one of this key. Refused where there is no such service.
    PutDestination(ServiceKey, DestinationKey, Destination),
    /// Take a destination. Its connections stall until they end or it comes back.
    RemoveDestination(ServiceKey, DestinationKey),
    /// Take every virtual service, whoever put it.
    Flush,
    /// Set how long idle connections are kept.
    SetTimeouts(Timeouts),
    /// Start or stop synchronising connections.
    Sync(SyncOp),
}

/// All that IPVS holds, whoever put it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IpvsTable {
    /// The virtual services.
    pub services: BTreeMap<ServiceKey, ServiceEntry>,
    /// How long idle connections are kept.
    pub timeouts: Timeouts,
    /// The daemons that synchronise connections.
    pub sync_daemons: Vec<SyncDaemon>,
}

/// A virtual service that is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceEntry {
    /// How it shares its traffic out.
    pub service: Service,
    /// What it has seen.
    pub traffic: Traffic,
    /// Its destinations.
    pub destinations: BTreeMap<DestinationKey, DestinationEntry>,
}

/// A destination that is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DestinationEntry {
    /// How it is served.
    pub destination: Destination,
    /// Connections that are open.
    pub active: u32,
    /// Connections that are closing, or of which nothing is known, as of UDP.
    pub inactive: u32,
    /// Clients that are remembered.
    pub persistent: u32,
    /// What it has seen.
    pub traffic: Traffic,
}

/// What a service or a destination has seen since it was put, and of late.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Traffic {
    /// Since it was put.
    pub total: Counts,
    /// A second, as the kernel estimates it.
    pub rate: Counts,
}

/// Connections, packets and bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Connections.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Packets to clients; only masqueraded ones pass here.
    pub packets_out: u64,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes to clients.
    pub bytes_out: u64,
}

/// The port for orders to IPVS. Answers come as [`crate::Arrival::Settled`], in order.
pub trait Ipvs {
    /// Hands an order in.
    fn balance(&mut self, ticket: Ticket, op: IpvsOp);
    /// Asks for all that IPVS holds; what it answers arrives as [`crate::Arrival::IpvsSurveyed`]. Nothing else tells of
    /// what others change, nor of traffic.
    fn survey_ipvs(&mut self);
}

/// What asking for all that IPVS holds gave. Refused with [`NO_IPVS`], there is no IPVS on this machine.
pub type IpvsSurvey = Result<IpvsTable, Refusal>;

/// The error number (`ENOENT`) of a survey that found no IPVS, nor could have it loaded.
pub const NO_IPVS: i32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn web() -> ServiceKey {
        ServiceKey::Address {
            transport: Transport::Tcp,
            address: Ipv4Addr::new(10, 0, 0, 100).into(),
            port: 80,
        }
    }

    #[test]
    fn services_are_called_what_operators_know_them_as() {
        let mark = NonZeroU32::new(7).unwrap();
        let marked = ServiceKey::Mark { mark, family: Family::V6 };
        assert_eq!(alloc::format!("{} {marked}", web()), "[10.0.0.100]:tcp:80 FWM 7");
    }

    #[test]
    fn a_service_is_of_the_family_of_its_address_or_of_the_one_that_its_mark_says() {
        let mark = NonZeroU32::MIN;
        assert_eq!(web().family(), Family::V4);
        assert_eq!(ServiceKey::Mark { mark, family: Family::V6 }.family(), Family::V6);
    }
}
