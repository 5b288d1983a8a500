//! The entries of the kernel's table that a virtual server is: one for an address or a mark, many for a group.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

use host::Family;
use host::ipvs::{Destination, DestinationKey, Forwarding, Granularity, Persistence, ServiceKey, Transport};

use super::{Service, Table};
use crate::config::{Member, Target, VirtualServer};

/// Most addresses of one group entry that are served: what `a.b.c.d/16` has. A prefix of IPv6 may name more than any
/// table could hold.
const MOST_ADDRESSES: u128 = 65_536;

/// What the sorry server weighs while it serves. As keepalived.
const SORRY_WEIGHT: u32 = 1;

/// What packets a virtual server takes, each entry once, in the order of the file.
pub(super) fn keys(config: &VirtualServer) -> Vec<ServiceKey> {
    // Without a protocol there are only marks.
    let transport = config.transport.unwrap_or(Transport::Udp);
    let mark = |mark, family| ServiceKey::Mark { mark, family };
    match &config.target {
        Target::Address { address, port } => {
            alloc::vec![ServiceKey::Address { transport, address: *address, port: *port }]
        }
        Target::Mark(number) => alloc::vec![mark(*number, config.family)],
        Target::Group { members, .. } => {
            let mut keys = Vec::new();
            for member in members {
                match *member {
                    Member::Addresses { first, last, port } => {
                        keys.extend(addresses(first, last).map(|address| ServiceKey::Address {
                            transport,
                            address,
                            port,
                        }))
                    }
                    Member::Mark { mark: number, family } => {
                        keys.push(mark(number, family.unwrap_or(config.family)));
                    }
                }
            }
            keys
        }
    }
}

/// Whether an entry of a group has more addresses than are served.
pub(super) fn are_too_many(target: &Target) -> bool {
    let Target::Group { members, .. } = target else { return false };
    members.iter().any(|member| match *member {
        Member::Addresses { first, last, .. } => number(last) - number(first) >= MOST_ADDRESSES,
        Member::Mark { .. } => false,
    })
}

/// What the kernel's table should have of a service.
pub(super) fn table(service: &Service) -> Table {
    let destinations = destinations(service);
    let entry = |key: &ServiceKey| {
        let own = destinations.iter().filter_map(|(place, destination)| {
            let same = Family::of(place.address) == key.family();
            let reachable = same || matches!(destination.forwarding, Forwarding::Tunnel(_));
            reachable.then(|| (located(*place, key, destination.forwarding), *destination))
        });
        (*key, (settings(service, key.family()), own.collect()))
    };
    service.keys.iter().map(entry).collect()
}

/// Who serves, and who stays with weight 0.
fn destinations(service: &Service) -> BTreeMap<DestinationKey, Destination> {
    let pool = service.serving_sorry_server().is_none();
    let of = |server: &crate::server::Server| Some((server.key(), server.destination(pool)?));
    let mut all: BTreeMap<_, _> = service.servers.iter().filter_map(of).collect();
    if let Some(sorry) = &service.config.sorry_server {
        let key = DestinationKey { address: sorry.address, port: sorry.port };
        let weight = if pool { 0 } else { SORRY_WEIGHT };
        let destination =
            Destination { weight, forwarding: sorry.forwarding, upper_threshold: 0, lower_threshold: 0 };
        if !pool {
            all.insert(key, destination);
        } else if sorry.inhibit {
            all.entry(key).or_insert(destination);
        }
    }
    all
}

/// The port that a destination has in one entry of a service.
fn located(place: DestinationKey, key: &ServiceKey, forwarding: Forwarding) -> DestinationKey {
    let keeps = forwarding != Forwarding::Masquerade;
    let port = match key {
        ServiceKey::Address { port, .. } if keeps || place.port == 0 => *port,
        ServiceKey::Mark { .. } if keeps => 0,
        ServiceKey::Address { .. } | ServiceKey::Mark { .. } => place.port,
    };
    DestinationKey { port, ..place }
}

/// How a service shares its traffic out in entries of one family.
fn settings(service: &Service, family: Family) -> host::ipvs::Service {
    let mut settings = service.config.service.clone();
    if let Some(Persistence { granularity, .. }) = &mut settings.persistence {
        let fits = matches!(
            (&granularity, family),
            (Granularity::Mask(_), Family::V4) | (Granularity::Prefix(_), Family::V6)
        );
        if !fits {
            *granularity = Granularity::finest(family);
        }
    }
    settings
}

fn addresses(first: IpAddr, last: IpAddr) -> impl Iterator<Item = IpAddr> {
    let (from, to) = (number(first), number(last));
    (from..=to.min(from.saturating_add(MOST_ADDRESSES - 1))).map(move |number| match first {
        // Between two addresses of IPv4 there are only such.
        IpAddr::V4(_) => IpAddr::V4(u32::try_from(number).unwrap_or(u32::MAX).into()),
        IpAddr::V6(_) => IpAddr::V6(number.into()),
    })
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}
