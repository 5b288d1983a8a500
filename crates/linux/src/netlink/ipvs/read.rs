//! What IPVS answers.
//!
//! What cannot be read, or is of no concern to us, is passed over; no bytes make it panic.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;

use host::ipvs::{
    Counts, Destination, DestinationEntry, DestinationKey, Forwarding, Granularity, Persistence, Service,
    ServiceEntry, ServiceKey, SyncDaemon, SyncRole, Timeouts, Traffic, Transport, Tunnel, TunnelChecksum,
};
use host::{Family, LinkName};

use super::super::{attributes_of, family, ip, number, text};
use super::{
    DAEMON, DEST, DIRECT, FAMILY_ID, GRE, GUE, HEADER, IPIP, MASQUERADE, METHODS, SERVICE, TIMEOUT_TCP,
    TIMEOUT_TCP_FIN, TIMEOUT_UDP, TUNNEL, checksum_flag, daemon, dest, protocol, state, svc,
};

/// The number of the family out of the controller's answer.
pub(crate) fn family_id(payload: &[u8]) -> Option<u16> {
    Fields::of(payload).short(FAMILY_ID)
}

/// A service; its destinations are asked for by themselves.
pub(crate) fn service(payload: &[u8]) -> Option<(ServiceKey, ServiceEntry)> {
    let fields = Fields::of(payload).nested(SERVICE)?;
    let family = family(fields.short(svc::AF)?.try_into().ok()?)?;
    let mark = fields.number(svc::FWMARK).and_then(NonZeroU32::new);
    let key = match mark {
        Some(mark) => ServiceKey::Mark { mark, family },
        None => ServiceKey::Address {
            transport: transport(fields.short(svc::PROTOCOL)?)?,
            address: address(family, fields.get(svc::ADDR)?)?,
            port: fields.port(svc::PORT)?,
        },
    };
    let flags = fields.number(svc::FLAGS)?;
    let persistence = if flags & svc::PERSISTENT == 0 {
        None
    } else {
        Some(Persistence {
            timeout: fields.number(svc::TIMEOUT)?,
            granularity: granularity(family, fields.get(svc::NETMASK)?)?,
            engine: fields.get(svc::PE_NAME).map(text).filter(|name| !name.is_empty()),
        })
    };
    let service =
        Service { scheduler: text(fields.get(svc::SCHED_NAME)?), flags: flags & Service::FLAGS, persistence };
    let traffic = fields.traffic(svc::STATS64, svc::STATS);
    Some((key, ServiceEntry { service, traffic, destinations: BTreeMap::new() }))
}

/// A destination of a service of this family.
pub(crate) fn destination(service: Family, payload: &[u8]) -> Option<(DestinationKey, DestinationEntry)> {
    let fields = Fields::of(payload).nested(DEST)?;
    let family = match fields.short(dest::ADDR_FAMILY) {
        Some(number) => family(number.try_into().ok()?)?,
        // Kernels before 3.18 have no tunnels to the other family.
        None => service,
    };
    let key =
        DestinationKey { address: address(family, fields.get(dest::ADDR)?)?, port: fields.port(dest::PORT)? };
    let destination = Destination {
        weight: fields.number(dest::WEIGHT)?,
        forwarding: forwarding(&fields)?,
        upper_threshold: fields.number(dest::U_THRESH).unwrap_or(0),
        lower_threshold: fields.number(dest::L_THRESH).unwrap_or(0),
    };
    let count = |kind| fields.number(kind).unwrap_or(0);
    let entry = DestinationEntry {
        destination,
        active: count(dest::ACTIVE_CONNS),
        inactive: count(dest::INACT_CONNS),
        persistent: count(dest::PERSIST_CONNS),
        traffic: fields.traffic(dest::STATS64, dest::STATS),
    };
    Some((key, entry))
}

/// How long idle connections are kept.
pub(crate) fn timeouts(payload: &[u8]) -> Timeouts {
    let fields = Fields::of(payload);
    Timeouts {
        tcp: fields.number(TIMEOUT_TCP),
        tcp_fin: fields.number(TIMEOUT_TCP_FIN),
        udp: fields.number(TIMEOUT_UDP),
    }
}

/// A synchronising daemon. Kernels before 4.3 tell neither the longest packet nor what follows it.
pub(crate) fn sync_daemon(payload: &[u8]) -> Option<SyncDaemon> {
    let fields = Fields::of(payload).nested(DAEMON)?;
    let number = fields.number(daemon::STATE)?;
    let role = [SyncRole::Master, SyncRole::Backup].into_iter().find(|role| state(*role) == number)?;
    let group = |kind, family| fields.get(kind).and_then(|value| ip(family, value));
    Some(SyncDaemon {
        role,
        link: LinkName::new(&text(fields.get(daemon::MCAST_IFN)?)).ok()?,
        id: fields.number(daemon::SYNC_ID)?.try_into().ok()?,
        longest: fields.short(daemon::SYNC_MAXLEN),
        group: group(daemon::MCAST_GROUP, Family::V4).or_else(|| group(daemon::MCAST_GROUP6, Family::V6)),
        port: fields.short(daemon::MCAST_PORT),
        ttl: fields.get(daemon::MCAST_TTL).and_then(|value| value.first().copied()),
    })
}

/// Reads any bytes as the payload of IPVS's messages, for a fuzzer: nothing may panic.
pub fn fuzz_ipvs(bytes: &[u8]) {
    std::hint::black_box((family_id(bytes), service(bytes), timeouts(bytes), sync_daemon(bytes)));
    std::hint::black_box((destination(Family::V4, bytes), destination(Family::V6, bytes)));
}

fn transport(number: u16) -> Option<Transport> {
    [Transport::Tcp, Transport::Udp, Transport::Sctp].into_iter().find(|one| protocol(*one) == number)
}

/// An address out of the kernel's room for one of either family.
fn address(family: Family, room: &[u8]) -> Option<IpAddr> {
    ip(family, room.get(..usize::from(family.bits() / 8))?)
}

fn granularity(family: Family, value: &[u8]) -> Option<Granularity> {
    match family {
        Family::V4 => value.first_chunk::<4>().map(|mask| Granularity::Mask(Ipv4Addr::from(*mask))),
        Family::V6 => number(value)?.try_into().ok().map(Granularity::Prefix),
    }
}

fn forwarding(fields: &Fields<'_>) -> Option<Forwarding> {
    let method = u8::try_from(fields.number(dest::FWD_METHOD)? & u32::from(METHODS)).ok()?;
    Some(match method {
        MASQUERADE => Forwarding::Masquerade,
        DIRECT => Forwarding::Direct,
        TUNNEL => tunnel(fields).map_or(Forwarding::Other(method), Forwarding::Tunnel),
        other => Forwarding::Other(other),
    })
}

/// `None` for a kind that we do not know.
fn tunnel(fields: &Fields<'_>) -> Option<Tunnel> {
    let flags = fields.short(dest::TUN_FLAGS).unwrap_or(0);
    let checksum = || {
        let all = [TunnelChecksum::None, TunnelChecksum::Full, TunnelChecksum::Remote];
        all.into_iter().find(|one| checksum_flag(*one) == flags)
    };
    // Kernels before 5.3 know but one kind.
    match fields.get(dest::TUN_TYPE).and_then(|value| value.first()).copied().unwrap_or(IPIP) {
        IPIP => Some(Tunnel::Ipip),
        GUE => Some(Tunnel::Gue { port: fields.port(dest::TUN_PORT)?, checksum: checksum()? }),
        GRE => Some(Tunnel::Gre { checksum: checksum()? }),
        _ => None,
    }
}

/// The attributes of a message or of an attribute.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn of(payload: &'a [u8]) -> Self {
        Self(payload.get(HEADER..).unwrap_or_default())
    }

    fn get(&self, wanted: u16) -> Option<&'a [u8]> {
        attributes_of(self.0).find(|(kind, _)| *kind == wanted).map(|(_, value)| value)
    }

    fn nested(&self, wanted: u16) -> Option<Self> {
        self.get(wanted).map(Self)
    }

    fn number(&self, wanted: u16) -> Option<u32> {
        self.get(wanted).and_then(number)
    }

    fn short(&self, wanted: u16) -> Option<u16> {
        self.get(wanted)?.first_chunk().map(|bytes| u16::from_ne_bytes(*bytes))
    }

    fn port(&self, wanted: u16) -> Option<u16> {
        self.get(wanted)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
    }

    /// A number of four bytes or eight.
    fn wide(&self, wanted: u16) -> u64 {
        match self.get(wanted) {
            Some(value) => match value.first_chunk() {
                Some(bytes) => u64::from_ne_bytes(*bytes),
                None => number(value).map_or(0, u64::from),
            },
            None => 0,
        }
    }

    /// What was counted; kernels before 4.1 count packets to four bytes only.
    fn traffic(&self, wide: u16, narrow: u16) -> Traffic {
        let Some(counted) = self.nested(wide).or_else(|| self.nested(narrow)) else {
            return Traffic::default();
        };
        let counts = |first: u16| Counts {
            connections: counted.wide(first),
            packets_in: counted.wide(first + 1),
            packets_out: counted.wide(first + 2),
            bytes_in: counted.wide(first + 3),
            bytes_out: counted.wide(first + 4),
        };
        // IPVS_STATS_ATTR_CONNS, IPVS_STATS_ATTR_CPS.
        Traffic { total: counts(1), rate: counts(6) }
    }
}
