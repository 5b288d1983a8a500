//! A virtual router that speaks by an ipvlan of its own.

use alloc::vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use host::{Family, LinkAddress, LinkIndex, LinkName, Prefix, VirtualLink, VirtualLinkKind};

use super::bench::*;
use crate::config::{InstanceConfig, Mode, OwnLink, Version, VirtualAddress};
use crate::event::Event;
use crate::notice::{FaultReason, State};

/// The number that the bench gives the ipvlan.
const OWN: LinkIndex = LinkIndex(9);

fn ipvlan(plain: InstanceConfig, address: Option<Prefix>) -> InstanceConfig {
    let link = VirtualLink {
        name: LinkName::new("vrrp.51").unwrap(),
        base: eth0(),
        kind: VirtualLinkKind::Ipvlan(0),
        group: None,
        family: plain.family,
        both_families: true,
    };
    plain.with(|it| it.own_link = Some(OwnLink { link, adverts_by_base: false, address }))
}

fn over_ipv6() -> InstanceConfig {
    let address = IpAddr::V6("fe80::100".parse().unwrap());
    let addresses = vec![VirtualAddress::plain(Prefix::host(address))];
    InstanceConfig { addresses, ..instance() }.with(|it| {
        it.family = Family::V6;
        it.version = Version::V3;
        it.mode = Mode::Multicast { group: Mode::GROUP_V6 };
    })
}

/// What is configured besides does not take the place of its address.
///
/// vrrp-behaviour §19.
#[test]
fn an_ipvlan_for_ipv4_speaks_from_its_address_alone() {
    let own = Ipv4Addr::new(192, 0, 2, 50);
    for source in [None, Some(IpAddr::V4(OURS))] {
        let plain = InstanceConfig { source, ..instance() };
        let (mut bench, out) =
            Bench::start(config([ipvlan(plain.clone(), Some(Prefix::host(own.into())))], []));
        let out = brief(&out);
        assert!(out.contains(&"+192.0.2.50/32".into()) && !out.contains(&"FAULT".into()), "{out:?}");
        bench.wait(10_000);
        assert_eq!((bench.state(), bench.status().source), (State::Master, Some(own.into())));
        assert_eq!(bench.status().addresses[0].1.as_str(), "eth0", "virtual ones are on its base");

        let (mut bench, out) = Bench::start(config([ipvlan(plain, None)], []));
        assert_eq!(brief(&out)[..2], ["+link vrrp.51", "FAULT"]);
        bench.wait(10_000);
        assert_eq!(bench.status().faults, [FaultReason::NoSourceAddress(Family::V4)]);
    }
}

/// vrrp-behaviour §19.
#[test]
fn an_ipvlan_for_ipv6_without_an_address_waits_for_the_kernel_s() {
    let source = Some("2001:db8::1".parse().unwrap());
    for source in [None, source] {
        let plain = InstanceConfig { source, ..over_ipv6() };
        let (mut bench, out) = Bench::start(config([ipvlan(plain, None)], []));
        assert_eq!(brief(&out)[..2], ["+link vrrp.51", "FAULT"]);
        let given: Ipv6Addr = "fe80::1234".parse().unwrap();
        let given = LinkAddress::plain(OWN, Prefix::new(given.into(), 64).unwrap());
        assert_eq!(brief(&bench.tell(Event::AddressAdded(given))).first(), Some(&"BACKUP".into()));
        bench.wait(10_000);
        let source = Some("fe80::1234".parse().unwrap());
        assert_eq!((bench.state(), bench.status().source), (State::Master, source));
    }
}
