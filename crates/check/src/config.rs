//! What the engine obeys: virtual servers, their real servers, and how each is checked.
//!
//! Everything that a block of the file inherits is filled in; a check knows all that it needs without its real server,
//! and a real server without its virtual server.

mod check;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::num::NonZeroU32;

use host::ipvs::{Forwarding, Service, Timeouts, Transport};
use host::{Command, Family};
use serde::{Deserialize, Serialize};

pub use check::{
    Bytes, Check, CheckKind, Connection, DnsCheck, FileCheck, HttpCheck, HttpVersion, MiscCheck, Pace,
    Pattern, PatternOption, QueryType, ReplyByte, Source, UdpCheck, UrlCheck,
};

/// The whole of it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
pub struct Config {
    /// In the order of the file; no two program the same entry of the kernel's table, unless they are groups.
    pub virtual_servers: Vec<VirtualServer>,
    /// What `SSL_GET` shows and trusts (`SSL`).
    pub tls: TlsIdentity,
    /// What is done to the kernel's table as a whole.
    pub table: TableCare,
    /// Real servers that are up at the start are notified, too (`rs_init_notifies`).
    pub initial_notifies: bool,
}

/// What is done to the kernel's table as a whole.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
pub struct TableCare {
    /// It is cleared at the start (`lvs_flush`).
    pub flush: bool,
    /// How it is left at the end (`lvs_flush_on_stop`).
    pub stop: Leaving,
    /// How long it keeps idle connections (`lvs_timeouts`).
    pub timeouts: Timeouts,
}

/// How the kernel's table is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
pub enum Leaving {
    /// Real servers are taken from our services, then these go. The default.
    #[default]
    ServerByServer,
    /// Our services go (`lvs_flush_on_stop VS`), whatever is in them.
    Services,
    /// Everything goes (`lvs_flush_on_stop`), what is not ours too.
    Everything,
}

/// Who we are for servers that we check over TLS (`SSL`). By default nobody in particular.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
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
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct VirtualServer {
    /// What packets it takes.
    pub target: Target,
    /// Transport protocol; `None` if marks alone choose the packets.
    pub transport: Option<Transport>,
    /// Family of the service; of a group of both families that of its real servers. IPv4 if nothing tells.
    pub family: Family,
    /// How a real server is chosen for a new connection (`lvs_sched`, its flags, `ops`, `persistence_*`). Of a group of
    /// both families, as those of [`Self::family`] have it.
    pub service: Service,
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
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub enum Target {
    /// Packets to an address.
    Address {
        /// The address.
        address: IpAddr,
        /// The port; 0 is every port, which goes with persistence only.
        port: u16,
    },
    /// Packets with a firewall mark.
    Mark(NonZeroU32),
    /// Whatever a `virtual_server_group` names.
    Group {
        /// Its name.
        name: String,
        /// Not empty, in the order of the file.
        members: Vec<Member>,
    },
}

/// A line of a `virtual_server_group`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
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
        mark: NonZeroU32,
        /// Family of the service; `None` is that of the virtual server.
        family: Option<Family>,
    },
}

/// How much of a service must live, counted in weight.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
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
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
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

/// One that serves (`real_server`).
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
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
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
pub struct ServerScripts {
    /// When it comes (`notify_up`).
    pub up: Option<Command>,
    /// When it goes (`notify_down`).
    pub down: Option<Command>,
}
