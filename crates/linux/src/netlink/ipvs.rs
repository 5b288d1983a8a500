//! What is said between us and IPVS, in generic netlink's messages (linux/ip_vs.h): here orders and questions, in
//! [`read`] the answers.
//!
//! ```text
//! | command (1) | version (1) | reserved (2) | SERVICE { … } | DEST { … } |
//! ```

pub(crate) mod read;

use std::net::IpAddr;

use host::ipvs::{
    Destination, DestinationKey, Forwarding, Granularity, Persistence, Service, ServiceKey, SyncDaemon,
    SyncRole, Timeouts, Transport, Tunnel, TunnelChecksum,
};
use host::{Family, Refusal};

use super::attributes::Attributes;
use super::family_number;

/// The controller of generic netlink, which knows the numbers of families (linux/genetlink.h).
pub(crate) const CONTROLLER: u16 = 16;
const GET_FAMILY: u8 = 3;
const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;
const NAME: &str = "IPVS";
/// Bytes before the attributes (`struct genlmsghdr`).
const HEADER: usize = 4;
const VERSION: u8 = 1;

/// Commands (linux/ip_vs.h).
const NEW_SERVICE: u8 = 1;
const SET_SERVICE: u8 = 2;
const DEL_SERVICE: u8 = 3;
const GET_SERVICE: u8 = 4;
const NEW_DEST: u8 = 5;
const SET_DEST: u8 = 6;
const DEL_DEST: u8 = 7;
const GET_DEST: u8 = 8;
const NEW_DAEMON: u8 = 9;
const DEL_DAEMON: u8 = 10;
const GET_DAEMON: u8 = 11;
const SET_CONFIG: u8 = 12;
const GET_CONFIG: u8 = 13;
const FLUSH: u8 = 17;

/// Attributes of commands.
const SERVICE: u16 = 1;
const DEST: u16 = 2;
const DAEMON: u16 = 3;
const TIMEOUT_TCP: u16 = 4;
const TIMEOUT_TCP_FIN: u16 = 5;
const TIMEOUT_UDP: u16 = 6;

/// Attributes of services.
mod svc {
    pub(super) const AF: u16 = 1;
    pub(super) const PROTOCOL: u16 = 2;
    pub(super) const ADDR: u16 = 3;
    pub(super) const PORT: u16 = 4;
    pub(super) const FWMARK: u16 = 5;
    pub(super) const SCHED_NAME: u16 = 6;
    pub(super) const FLAGS: u16 = 7;
    pub(super) const TIMEOUT: u16 = 8;
    pub(super) const NETMASK: u16 = 9;
    pub(super) const STATS: u16 = 10;
    pub(super) const PE_NAME: u16 = 11;
    pub(super) const STATS64: u16 = 12;
    /// The flag of services with persistence.
    pub(super) const PERSISTENT: u32 = 0x01;
}

/// Attributes of destinations.
mod dest {
    pub(super) const ADDR: u16 = 1;
    pub(super) const PORT: u16 = 2;
    pub(super) const FWD_METHOD: u16 = 3;
    pub(super) const WEIGHT: u16 = 4;
    pub(super) const U_THRESH: u16 = 5;
    pub(super) const L_THRESH: u16 = 6;
    pub(super) const ACTIVE_CONNS: u16 = 7;
    pub(super) const INACT_CONNS: u16 = 8;
    pub(super) const PERSIST_CONNS: u16 = 9;
    pub(super) const STATS: u16 = 10;
    pub(super) const ADDR_FAMILY: u16 = 11;
    pub(super) const STATS64: u16 = 12;
    pub(super) const TUN_TYPE: u16 = 13;
    pub(super) const TUN_PORT: u16 = 14;
    pub(super) const TUN_FLAGS: u16 = 15;
}

/// Attributes of synchronising daemons.
mod daemon {
    pub(super) const STATE: u16 = 1;
    pub(super) const MCAST_IFN: u16 = 2;
    pub(super) const SYNC_ID: u16 = 3;
    pub(super) const SYNC_MAXLEN: u16 = 4;
    pub(super) const MCAST_GROUP: u16 = 5;
    pub(super) const MCAST_GROUP6: u16 = 6;
    pub(super) const MCAST_PORT: u16 = 7;
    pub(super) const MCAST_TTL: u16 = 8;
}

/// Forwarding methods (`IP_VS_CONN_F_*`) and the bits that hold them; types of tunnels.
const MASQUERADE: u8 = 0;
const TUNNEL: u8 = 2;
const DIRECT: u8 = 3;
const METHODS: u8 = 0x07;
const IPIP: u8 = 0;
const GUE: u8 = 1;
const GRE: u8 = 2;

/// Whether what is put is new or changes what is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Put {
    New,
    Change,
}

/// The question for the family's number, which the kernel gives at random and anew when the module is loaded anew.
pub(crate) fn ask_family() -> Vec<u8> {
    request(GET_FAMILY, |put| put.put_text(FAMILY_NAME, NAME))
}

/// The question for all services.
pub(crate) fn ask_services() -> Vec<u8> {
    request(GET_SERVICE, |_| {})
}

/// The question for the destinations of a service.
pub(crate) fn ask_destinations(key: &ServiceKey) -> Vec<u8> {
    request(GET_DEST, |put| put.nest(SERVICE, |put| service_key(put, key)))
}

/// The question for how long idle connections are kept.
pub(crate) fn ask_timeouts() -> Vec<u8> {
    request(GET_CONFIG, |_| {})
}

/// The question for the synchronising daemons.
pub(crate) fn ask_sync_daemons() -> Vec<u8> {
    request(GET_DAEMON, |_| {})
}

pub(crate) fn put_service(how: Put, key: &ServiceKey, service: &Service) -> Vec<u8> {
    let command = match how {
        Put::New => NEW_SERVICE,
        Put::Change => SET_SERVICE,
    };
    request(command, |put| {
        put.nest(SERVICE, |put| {
            service_key(put, key);
            put.put_text(svc::SCHED_NAME, &service.scheduler);
            service_settings(put, key.family(), service);
        });
    })
}

pub(crate) fn remove_service(key: &ServiceKey) -> Vec<u8> {
    request(DEL_SERVICE, |put| put.nest(SERVICE, |put| service_key(put, key)))
}

pub(crate) fn put_destination(
    how: Put,
    service: &ServiceKey,
    key: &DestinationKey,
    destination: &Destination,
) -> Vec<u8> {
    let command = match how {
        Put::New => NEW_DEST,
        Put::Change => SET_DEST,
    };
    request(command, |put| {
        put.nest(SERVICE, |put| service_key(put, service));
        put.nest(DEST, |put| {
            destination_key(put, key);
            let (method, tunnel) = method(destination.forwarding);
            put.put_u32(dest::FWD_METHOD, u32::from(method));
            put.put_u32(dest::WEIGHT, destination.weight);
            put.put_u32(dest::U_THRESH, destination.upper_threshold);
            put.put_u32(dest::L_THRESH, destination.lower_threshold);
            if let Some(tunnel) = tunnel {
                put_tunnel(put, tunnel);
            }
        });
    })
}

pub(crate) fn remove_destination(service: &ServiceKey, key: &DestinationKey) -> Vec<u8> {
    request(DEL_DEST, |put| {
        put.nest(SERVICE, |put| service_key(put, service));
        put.nest(DEST, |put| destination_key(put, key));
    })
}

pub(crate) fn flush() -> Vec<u8> {
    request(FLUSH, |_| {})
}

pub(crate) fn set_timeouts(timeouts: &Timeouts) -> Vec<u8> {
    request(SET_CONFIG, |put| {
        for (kind, seconds) in
            [(TIMEOUT_TCP, timeouts.tcp), (TIMEOUT_TCP_FIN, timeouts.tcp_fin), (TIMEOUT_UDP, timeouts.udp)]
        {
            if let Some(seconds) = seconds {
                put.put_u32(kind, seconds);
            }
        }
    })
}

pub(crate) fn start_sync(sync: &SyncDaemon) -> Vec<u8> {
    request(NEW_DAEMON, |put| {
        put.nest(DAEMON, |put| {
            put.put_u32(daemon::STATE, state(sync.role));
            put.put_text(daemon::MCAST_IFN, sync.link.as_str());
            put.put_u32(daemon::SYNC_ID, u32::from(sync.id));
            if let Some(longest) = sync.longest {
                put.put(daemon::SYNC_MAXLEN, &longest.to_ne_bytes());
            }
            match sync.group {
                Some(group @ IpAddr::V4(_)) => put.put_ip(daemon::MCAST_GROUP, group),
                Some(group @ IpAddr::V6(_)) => put.put_ip(daemon::MCAST_GROUP6, group),
                None => {}
            }
            if let Some(port) = sync.port {
                put.put(daemon::MCAST_PORT, &port.to_ne_bytes());
            }
            if let Some(ttl) = sync.ttl {
                put.put_u8(daemon::MCAST_TTL, ttl);
            }
        });
    })
}

pub(crate) fn stop_sync(role: SyncRole) -> Vec<u8> {
    request(DEL_DAEMON, |put| put.nest(DAEMON, |put| put.put_u32(daemon::STATE, state(role))))
}

fn request(command: u8, write: impl FnOnce(&mut Attributes)) -> Vec<u8> {
    let mut put = Attributes::after(&[command, VERSION, 0, 0]);
    write(&mut put);
    put.into_bytes()
}

fn service_key(put: &mut Attributes, key: &ServiceKey) {
    put.put(svc::AF, &u16::from(family_number(key.family())).to_ne_bytes());
    match key {
        ServiceKey::Address { transport, address, port } => {
            put.put(svc::PROTOCOL, &protocol(*transport).to_ne_bytes());
            put.put(svc::ADDR, &padded(*address));
            put.put(svc::PORT, &port.to_be_bytes());
        }
        ServiceKey::Mark { mark, family: _ } => put.put_u32(svc::FWMARK, mark.get()),
    }
}

fn service_settings(put: &mut Attributes, family: Family, service: &Service) {
    // struct ip_vs_flags: the flags, and which of them are meant. What the kernel notes there itself must stay.
    let meant = Service::FLAGS | svc::PERSISTENT;
    let persistent = if service.persistence.is_some() { svc::PERSISTENT } else { 0 };
    let flags = service.flags & Service::FLAGS | persistent;
    put.put(svc::FLAGS, &[flags.to_ne_bytes(), meant.to_ne_bytes()].concat());
    let (timeout, granularity, engine) = match &service.persistence {
        Some(Persistence { timeout, granularity, engine }) => (*timeout, *granularity, engine.as_deref()),
        None => (0, Granularity::finest(family), None),
    };
    put.put_u32(svc::TIMEOUT, timeout);
    match granularity {
        Granularity::Mask(mask) => put.put(svc::NETMASK, &mask.octets()),
        Granularity::Prefix(length) => put.put_u32(svc::NETMASK, u32::from(length)),
    }
    if let Some(engine) = engine {
        put.put_text(svc::PE_NAME, engine);
    }
}

fn destination_key(put: &mut Attributes, key: &DestinationKey) {
    put.put(dest::ADDR_FAMILY, &u16::from(family_number(Family::of(key.address))).to_ne_bytes());
    put.put(dest::ADDR, &padded(key.address));
    put.put(dest::PORT, &key.port.to_be_bytes());
}

fn method(forwarding: Forwarding) -> (u8, Option<Tunnel>) {
    match forwarding {
        Forwarding::Masquerade => (MASQUERADE, None),
        Forwarding::Direct => (DIRECT, None),
        Forwarding::Tunnel(tunnel) => (TUNNEL, Some(tunnel)),
        Forwarding::Other(method) => (method & METHODS, None),
    }
}

/// Kernels before 5.3 know IP in IP only, and pass over attributes that they do not know.
fn put_tunnel(put: &mut Attributes, tunnel: Tunnel) {
    let (kind, port, checksum) = match tunnel {
        Tunnel::Ipip => (IPIP, 0, TunnelChecksum::None),
        Tunnel::Gue { port, checksum } => (GUE, port, checksum),
        Tunnel::Gre { checksum } => (GRE, 0, checksum),
    };
    put.put_u8(dest::TUN_TYPE, kind);
    put.put(dest::TUN_PORT, &port.to_be_bytes());
    put.put(dest::TUN_FLAGS, &checksum_flag(checksum).to_ne_bytes());
}

/// `IP_VS_TUNNEL_ENCAP_FLAG_*`.
const fn checksum_flag(checksum: TunnelChecksum) -> u16 {
    match checksum {
        TunnelChecksum::None => 0,
        TunnelChecksum::Full => 1,
        TunnelChecksum::Remote => 2,
    }
}

/// `IP_VS_STATE_*`.
const fn state(role: SyncRole) -> u32 {
    match role {
        SyncRole::Master => 1,
        SyncRole::Backup => 2,
    }
}

const fn protocol(transport: Transport) -> u16 {
    match transport {
        Transport::Tcp => 6,
        Transport::Udp => 17,
        Transport::Sctp => 132,
    }
}

/// An address in the kernel's room for one of either family (`union nf_inet_addr`).
fn padded(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
        IpAddr::V6(address) => address.octets(),
    }
}

/// What the kernel means by the number of a refused order, which it explains in words seldom. `None` if its name says it.
pub(crate) fn words(op: &host::IpvsOp, refusal: &Refusal) -> Option<&'static str> {
    use host::IpvsOp as Op;
    match op {
        Op::PutService(..) => (refusal.code == libc::ENOENT)
            .then_some("the kernel has no such scheduler, or no such persistence engine"),
        Op::PutDestination(..) => match refusal.code {
            libc::ESRCH => Some("there is no such service"),
            libc::ERANGE => Some("the weight is too large, or the lower threshold above the upper one"),
            libc::EINVAL => Some("the kernel cannot forward to such an address, or not by this method"),
            _ => None,
        },
        Op::RemoveService(_) | Op::RemoveDestination(..) | Op::Flush | Op::SetTimeouts(_) | Op::Sync(_) => {
            None
        }
    }
}

#[cfg(test)]
mod tests;
