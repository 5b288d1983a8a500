//! Routes, rules, static things, links of our own, and addresses with a lifetime.

use alloc::boxed::Box;
use alloc::vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use host::{
    Family, LinkAddress, LinkIndex, LinkName, MacAddress, NetworkOp, NextHop, Prefix, Refusal, Route, Rule,
    RuleAction, VirtualLink, VirtualLinkKind,
};

use super::bench::*;
use crate::config::{
    Config, InstanceConfig, Mode, OwnLink, Statics, Version, VirtualAddress, VirtualRoute, VirtualRule,
};
use crate::event::{Action, Event};
use crate::notice::State;

pub(super) fn route(last: u8) -> VirtualRoute {
    let destination = Prefix::new(Ipv4Addr::new(198, 51, 100, last).into(), 32).unwrap();
    let hop = NextHop {
        via: Some(IpAddr::V4(HIGH)),
        link: Some(LinkName::new("eth0").unwrap()),
        weight: 1,
        onlink: false,
        realms: None,
        encapsulation: None,
    };
    VirtualRoute { route: Route { hops: vec![hop], ..Route::to(destination) }, track: true }
}

pub(super) fn rule(priority: u32) -> VirtualRule {
    let rule = Rule {
        from: Some(Prefix::host(VIP.into())),
        ..Rule::plain(Family::V4, priority, RuleAction::Table(100))
    };
    VirtualRule { rule, track: true }
}

pub(super) fn routed() -> InstanceConfig {
    instance().with(|it| {
        it.routes = vec![route(1)];
        it.rules = vec![rule(1000)];
    })
}

/// A route by a link that is down is refused. Once a link comes up it waits no more, however often that was.
#[test]
fn a_route_that_was_refused_is_tried_at_once_when_a_link_comes_up() {
    let mut bench = Bench::master(routed().with(|it| it.track_own_link = false));
    bench.tell(Event::LinkChanged(link(false)));
    bench.obedient = false;
    let ticket = |action: &Action| {
        if let Action::Network(ticket, NetworkOp::AddRoute(_)) = action { Some(*ticket) } else { None }
    };
    let mut out = bench.tell(Event::RouteRemoved(route(1).route.key()));
    for _ in 0..4 {
        let ticket = out.iter().find_map(ticket).expect("it is asked for again and again");
        let refusal = Refusal { code: 100, why: "Network is down".into() };
        bench.tell(Event::Settled { ticket, result: Err(refusal) });
        out = bench.wait(2_000);
    }
    let asked = out.iter().find_map(ticket).unwrap();
    bench.tell(Event::Settled {
        ticket: asked,
        result: Err(Refusal { code: 100, why: "Network is down".into() }),
    });
    let out = bench.tell(Event::LinkChanged(link(true)));
    assert!(out.iter().any(|action| ticket(action).is_some()), "{out:?}");
}

/// Linux takes the IPv6 addresses of a link that goes down. A link that went down before makes nobody wait longer.
#[test]
fn an_address_that_went_with_its_link_is_back_with_it_however_often_that_is() {
    let excluded = VirtualAddress::plain(Prefix::host("2001:db8::9".parse().unwrap()));
    let with_six = InstanceConfig { excluded: vec![excluded], ..instance() };
    let with_six = with_six.with(|it| it.track_own_link = false);
    let mut bench = Bench::master(with_six);
    let six = LinkAddress {
        flags: LinkAddress::NODAD,
        preferred_lifetime: Some(0),
        ..LinkAddress::plain(ETH0, Prefix::host("2001:db8::9".parse().unwrap()))
    };
    for _ in 0..4 {
        bench.tell(Event::LinkChanged(link(false)));
        let mut out = bench.tell(Event::AddressRemoved(six.clone()));
        out.extend(bench.tell(Event::LinkChanged(link(true))));
        assert!(brief(&out).contains(&"+2001:db8::9/128".into()), "{:?}", brief(&out));
    }
}

/// As keepalived: addresses, routes, rules, and the other way around.
///
/// vrrp-behaviour §10.
#[test]
fn routes_come_after_addresses_and_go_before_them() {
    let mut bench = Bench::with(routed());
    let out = brief(&bench.wait(3_700));
    assert_eq!(out[2..5], ["+192.0.2.100/32", "+route 198.51.100.1/32", "+rule 1000"]);
    let out = brief(&bench.tell(Event::Stop));
    assert_eq!(out[3..], ["-rule 1000", "-route 198.51.100.1/32", "-192.0.2.100/32"]);
}

/// vrrp-behaviour §10.
#[test]
fn a_route_or_rule_that_somebody_deletes_is_put_back_and_mastership_kept() {
    let mut bench = Bench::master(routed());
    let out = bench.tell(Event::RouteRemoved(route(1).route.key()));
    assert_eq!(brief(&out)[0], "+route 198.51.100.1/32");
    let line = "(VI_1) route to 198.51.100.1/32 in table 254 was removed by another, putting it back";
    assert_eq!(log(&out)[0], line);
    let out = bench.tell(Event::RuleRemoved(rule(1000).rule));
    assert_eq!(brief(&out)[0], "+rule 1000");
    assert_eq!(bench.state(), State::Master);
}

#[test]
fn a_reload_touches_only_the_routes_that_changed() {
    let mut bench = Bench::master(routed());
    let changed = instance().with(|it| {
        it.routes = vec![route(1), route(2)];
        it.rules = vec![];
    });
    let out = bench.tell(Event::Configured(Box::new(config([changed], []))));
    assert_eq!(brief(&out), ["-rule 1000", "+route 198.51.100.2/32"]);
}

/// vrrp-behaviour §10.
#[test]
fn static_things_are_there_from_the_start_and_come_back() {
    let address = VirtualAddress::plain(Prefix::host(Ipv4Addr::new(192, 0, 2, 7).into()));
    let statics = Statics {
        addresses: vec![(LinkName::new("eth0").unwrap(), address)],
        routes: vec![route(9)],
        rules: vec![rule(77)],
    };
    let (mut bench, out) = Bench::start(Config { statics, ..config([instance()], []) });
    let put = ["+192.0.2.7/32", "+route 198.51.100.9/32", "+rule 77"];
    assert_eq!(brief(&out)[2..], put);
    assert_eq!(brief(&bench.tell(Event::RuleRemoved(rule(77).rule))), ["+rule 77"]);
    let out = brief(&bench.tell(Event::Stop));
    assert_eq!(out[2..], ["-rule 77", "-route 198.51.100.9/32", "-192.0.2.7/32"]);
}

fn vmac(family: Family, adverts_by_base: bool) -> InstanceConfig {
    let own = VirtualLink {
        name: LinkName::new("vrrp.51").unwrap(),
        base: LinkName::new("eth0").unwrap(),
        kind: VirtualLinkKind::Vmac(MacAddress([0, 0, 0x5e, 0, 1, 51])),
        group: None,
        family,
        both_families: false,
    };
    let own_link = Some(OwnLink { link: own, adverts_by_base, address: None });
    instance().with(|it| it.own_link = own_link)
}

/// The link that a datagram leaves by.
fn links_of(out: &[Action]) -> vec::Vec<u32> {
    out.iter().filter_map(|action| if let Action::Send(d) = action { Some(d.link.0) } else { None }).collect()
}

/// vrrp-behaviour §10, §22.5.
#[test]
fn secondary_addresses_are_let_live_from_the_beginning_to_the_end() {
    let (mut bench, out) = Bench::start(config([instance().with(|it| it.promote_secondaries = true)], []));
    assert_eq!(brief(&out), ["BACKUP", "listen [51]", "+promote 2"]);
    bench.wait(10_000);
    let out = brief(&bench.tell(Event::Stop));
    assert_eq!(out, ["advert 0", "STOP", "ignore", "-192.0.2.100/32", "-promote 2"]);
}

/// R9568-8.1.2-05: "At system boot, when initializing interfaces for VRRP operation, gratuitous ARP messages MUST be
/// delayed until both the IPv4 address and the Virtual Router MAC address are configured."
/// R9568-8.1.2-03: "When a VRRP Router restarts or boots, it SHOULD NOT send any ARP messages using its physical MAC
/// address for an IPv4 address for which it is the IPv4 address owner (as defined in Section 1.7), and it should only
/// send ARP …"
/// R5798-8.1.2-01: "When a VRRP router restarts or boots, it SHOULD NOT send any ARP messages using its physical MAC
/// address for the IPv4 address it owns; it should only send ARP messages that include virtual MAC addresses."
/// R3768-8.2-03: "When a VRRP router restarts or boots, it SHOULD not send any ARP messages with its physical MAC
/// address for the IP address it owns, it should only send ARP messages that include Virtual MAC addresses."
/// vrrp-behaviour §11.
#[test]
fn a_vmac_is_made_first_and_carries_adverts_addresses_and_announcements() {
    let (mut bench, out) = Bench::start(config([vmac(Family::V4, false)], []));
    assert_eq!(
        brief(&out),
        ["+link vrrp.51", "BACKUP", "filter []", "listen [51]"],
        "no fault is told meanwhile"
    );
    assert_eq!(bench.status().source, Some(OURS.into()), "the base's address");
    let out = bench.wait(3_700);
    assert_eq!(brief(&out), ["advert 100", "MASTER", "+192.0.2.100/32", "garp 192.0.2.100"]);
    assert_eq!(links_of(&out), [9, 9]);
    let out = brief(&bench.tell(Event::Stop));
    assert_eq!(out, ["advert 0", "STOP", "ignore", "-192.0.2.100/32", "-link vrrp.51", "-filter"]);
}

#[test]
fn with_vmac_xmit_base_adverts_leave_by_the_base() {
    let (mut bench, _) = Bench::start(config([vmac(Family::V4, true)], []));
    assert_eq!(links_of(&bench.wait(3_700)), [2, 9], "the advert, and the announcement");
}

/// vrrp-behaviour §10, §22.3.
#[test]
fn a_vmac_that_somebody_deletes_is_made_again() {
    let (mut bench, _) = Bench::start(config([vmac(Family::V4, false)], []));
    bench.wait(10_000);
    assert_eq!(bench.state(), State::Master);
    let out = bench.tell(Event::LinkRemoved(LinkIndex(9)));
    assert!(brief(&out).contains(&"+link vrrp.51".into()), "{:?}", brief(&out));
    bench.wait(4_000);
    assert_eq!(bench.state(), State::Master);
}

/// vrrp-behaviour §11, §22.3.
#[test]
fn a_vmac_waits_for_its_base() {
    let mut bench = Bench { router: Default::default(), now: host::Instant::ZERO, obedient: true };
    bench.tell(Event::Configured(Box::new(config([vmac(Family::V4, false)], []))));
    assert_eq!(brief(&bench.tell(survey(vec![], vec![]))), ["FAULT"]);
    assert_eq!(
        brief(&bench.tell(Event::LinkChanged(link(true)))),
        ["+link vrrp.51", "filter []", "listen [51]"]
    );
    assert_eq!(brief(&bench.tell(Event::AddressAdded(address(OURS)))), ["BACKUP"]);
}

/// RFC 9568 §7.4: the link-local address must not be made from the virtual Ethernet address; it is the base's.
///
/// R5798-7.4-02: "They MUST NOT use the virtual router MAC address to create the Modified Extended Unique Identifier
/// (EUI)-64 identifiers."
/// R9568-8.2.2-05: "When a VRRP Router restarts or boots, it SHOULD NOT send any ND messages with its physical MAC
/// address for the IPv6 address it owns and it should only send ND messages that include Virtual Router MAC
/// addresses."
/// R9568-8.2.2-07: "At system boot, when initializing interfaces for VRRP operation, all ND Router Advertisements, ND
/// Neighbor Advertisements, and ND Neighbor Solicitation messages MUST be delayed until both the IPv6 address and the
/// Virtual …"
/// vrrp-behaviour §11.
#[test]
fn an_ipv6_vmac_gets_the_link_local_address_of_its_base() {
    let vip: IpAddr = "fe80::100".parse().unwrap();
    let six = InstanceConfig {
        addresses: vec![VirtualAddress::plain(Prefix::host(vip))],
        ..vmac(Family::V6, false)
    }
    .with(|it| {
        it.family = Family::V6;
        it.version = Version::V3;
        it.mode = Mode::Multicast { group: Mode::GROUP_V6 };
    });
    let mut bench = Bench { router: Default::default(), now: host::Instant::ZERO, obedient: true };
    bench.tell(Event::Configured(Box::new(config([six], []))));
    let base: IpAddr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x10).into();
    let own = host::LinkAddress::plain(ETH0, Prefix::new(base, 64).unwrap());
    let mut out = bench.tell(survey(vec![link(true)], vec![own]));
    out.extend(bench.tell(Event::Wake));
    assert_eq!(brief(&out), ["+link vrrp.51", "filter []", "listen [51]", "+fe80::10/64", "BACKUP"]);
    assert_eq!(bench.status().source, Some(base));
    assert_eq!(brief(&bench.wait(4_000))[..4], ["advert 100", "MASTER", "+fe80::100/128", "na"]);
}

#[test]
fn a_master_renews_addresses_that_have_a_lifetime() {
    let mut bench = Bench::master(instance().with(|it| it.lifetime = Some(6)));
    let renewals = |out: &[Action]| brief(out).iter().filter(|line| line.starts_with("renew")).count();
    assert_eq!(renewals(&bench.wait(6_000)), 3);
    // Given up, it is renewed no more.
    bench.hear(HIGH, 200);
    assert_eq!(renewals(&bench.wait(3_000)), 0);
}

/// A route of the right key may lead elsewhere: left by an earlier configuration, or put by somebody else.
#[test]
fn a_route_that_is_found_is_put_once_more_in_the_place_of_what_is_there() {
    let mut bench = Bench { router: Default::default(), now: host::Instant::ZERO, obedient: true };
    let memory = crate::Memory { instance: "VI_1".into(), master_until: host::Instant::ZERO };
    bench.tell(Event::Remembered(vec![memory]));
    bench.tell(Event::Configured(Box::new(config([routed()], []))));
    let left = vec![route(1).route.key()];
    let out = bench.tell(Event::Surveyed {
        links: vec![link(true)],
        addresses: vec![address(OURS)],
        routes: left,
        rules: vec![],
    });
    let orders = |insertion| {
        let is = |action: &&Action| matches!(action, Action::Network(_, host::NetworkOp::AddRoute(it)) if it.insertion == insertion);
        out.iter().filter(is).count()
    };
    assert_eq!((orders(host::Insertion::Replace), orders(host::Insertion::Prepend)), (1, 0));
    assert_eq!(brief(&bench.wait(5_000)).iter().filter(|line| line.contains("route")).count(), 0);
}

/// An instance without a link of its own, with one more address whose link is on eth1.
fn with_address_link(family: Family) -> InstanceConfig {
    let base = LinkName::new("eth1").unwrap();
    let name = LinkName::new("vrrp1.51").unwrap();
    let (fifth, address): (u8, IpAddr) = match family {
        Family::V4 => (1, [198, 51, 100, 9].into()),
        Family::V6 => (2, "2001:db8::9".parse().unwrap()),
    };
    let link = VirtualLink {
        name: name.clone(),
        base: base.clone(),
        kind: VirtualLinkKind::Vmac(MacAddress([0, 0, 0x5e, 0, fifth, 51])),
        group: None,
        family,
        both_families: false,
    };
    let address = VirtualAddress {
        link: Some(base),
        own_link: Some(name),
        ..VirtualAddress::plain(Prefix::host(address))
    };
    InstanceConfig { excluded: vec![address], ..instance() }.with(|it| {
        it.address_links = vec![link];
        it.accept = true;
    })
}

fn eth1() -> host::Link {
    let (index, name) = (LinkIndex(3), LinkName::new("eth1").unwrap());
    host::Link { index, name, mac: Some(MacAddress([2, 0, 0, 0, 1, 10])), ..link(true) }
}

fn start_with_address_link(family: Family) -> (Bench, vec::Vec<Action>) {
    let mut bench = Bench { router: Default::default(), now: host::Instant::ZERO, obedient: true };
    bench.tell(Event::Configured(Box::new(config([with_address_link(family)], []))));
    let mut out = bench.tell(survey(vec![link(true), eth1()], vec![address(OURS)]));
    out.extend(bench.tell(Event::Wake));
    (bench, out)
}

/// As keepalived 2.2.7 did: the link is there from the beginning, with the Ethernet address of the family; the master's
/// address goes on it and is announced from it. Adverts leave as before.
///
/// vrrp-behaviour §11.
#[test]
fn an_address_with_a_link_of_its_own_goes_on_it_and_is_announced_from_it() {
    let (mut bench, out) = start_with_address_link(Family::V4);
    assert_eq!(brief(&out), ["listen [51]", "+link vrrp1.51", "BACKUP", "filter []"]);
    let out = bench.wait(3_700);
    let order = [
        "advert 100",
        "MASTER",
        "+192.0.2.100/32",
        "+198.51.100.9/32",
        "garp 192.0.2.100",
        "garp 198.51.100.9",
    ];
    assert_eq!(brief(&out), order);
    assert_eq!(links_of(&out), [2, 2, 10]);
    let out = brief(&bench.tell(Event::Stop));
    assert_eq!(out[2..], ["ignore", "-198.51.100.9/32", "-192.0.2.100/32", "-link vrrp1.51", "-filter"]);
}

/// RFC 9568 §7.4.
///
/// vrrp-behaviour §11.
#[test]
fn a_link_for_ipv6_addresses_has_a_link_local_address_that_is_not_made_from_the_virtual_ethernet_address() {
    let (bench, out) = start_with_address_link(Family::V6);
    let made = "+fe80::ff:fe00:10a/64";
    assert!(brief(&out).contains(&made.into()), "{:?}", brief(&out));
    assert_eq!(bench.state(), State::Backup);
}

#[test]
fn a_link_for_addresses_that_cannot_be_made_keeps_the_router_from_beginning() {
    let mut bench = Bench { router: Default::default(), now: host::Instant::ZERO, obedient: false };
    bench.tell(Event::Configured(Box::new(config([with_address_link(Family::V4)], []))));
    let foreign = host::Link { index: LinkIndex(10), name: LinkName::new("vrrp1.51").unwrap(), ..eth1() };
    let out = bench.tell(survey(vec![link(true), eth1(), foreign], vec![address(OURS)]));
    let ticket =
        out.iter().find_map(|one| if let Action::Network(ticket, _) = one { Some(*ticket) } else { None });
    let refusal = host::Refusal { code: 17, why: "it is not this virtual router's".into() };
    bench.tell(Event::Settled { ticket: ticket.unwrap(), result: Err(refusal) });
    bench.wait(10_000);
    assert_ne!(bench.state(), State::Master);
    assert!(
        bench.status().addresses.iter().all(|(_, link, _)| link.as_str() == "eth0"),
        "a foreign link is not used"
    );
}

#[test]
fn a_link_for_addresses_that_somebody_deletes_is_made_again_and_costs_no_mastership() {
    let (mut bench, _) = start_with_address_link(Family::V4);
    bench.wait(10_000);
    let mut out = bench.tell(Event::LinkRemoved(LinkIndex(10)));
    out.extend(bench.tell(Event::Wake));
    let out = brief(&out);
    assert!(out.contains(&"+link vrrp1.51".into()) && out.contains(&"+198.51.100.9/32".into()), "{out:?}");
    assert_eq!(bench.state(), State::Master);
}

pub(super) fn reload(bench: &mut Bench, instance: InstanceConfig) -> vec::Vec<Action> {
    bench.tell(Event::Configured(Box::new(config([instance], []))))
}

/// A master that a reload gives a link of its own speaks on from its base until the link is there, then from the link, in
/// its rhythm.
#[test]
fn a_master_that_gets_a_link_of_its_own_goes_on_by_its_base_until_it_is_there() {
    let mut bench = Bench::master(instance());
    bench.obedient = false;
    bench.wait(5_000);
    let out = reload(&mut bench, vmac(Family::V4, false));
    assert_eq!(brief(&out), ["+link vrrp.51"]);
    let ticket =
        out.iter().find_map(|one| if let Action::Network(ticket, _) = one { Some(*ticket) } else { None });
    let out = bench.wait(1_000);
    assert_eq!((brief(&out), links_of(&out)), (vec!["advert 100".into()], vec![2]));
    let mac = Some(MacAddress([0, 0, 0x5e, 0, 1, 51]));
    let (index, name) = (LinkIndex(9), LinkName::new("vrrp.51").unwrap());
    let out = bench.tell(Event::LinkChanged(host::Link { index, name, mac, ..link(true) }));
    assert_eq!(brief(&out), ["filter []"], "it is not set up yet");
    bench.obedient = true;
    let out = bench.tell(Event::Settled { ticket: ticket.unwrap(), result: Ok(()) });
    let brief_out = brief(&out);
    let moved = ["-192.0.2.100/32", "+192.0.2.100/32", "garp 192.0.2.100"];
    assert_eq!(brief_out[brief_out.len() - 3..], moved, "{brief_out:?}");
    let out: vec::Vec<_> = out.into_iter().chain(bench.wait(1_000)).collect();
    assert_eq!(links_of(&out), [9, 9]);
    assert_eq!(bench.state(), State::Master);
}

#[test]
fn a_master_that_loses_its_link_goes_on_by_its_base_at_once() {
    let (mut bench, _) = Bench::start(config([vmac(Family::V4, false)], []));
    bench.wait(10_000);
    let mut out = reload(&mut bench, instance());
    out.extend(bench.tell(Event::Wake));
    let brief = brief(&out);
    assert!(!brief.contains(&"FAULT".into()) && !brief.contains(&"BACKUP".into()), "{brief:?}");
    assert!(brief.contains(&"-link vrrp.51".into()), "{brief:?}");
    assert_eq!(links_of(&out), [2], "an announcement: {brief:?}");
    assert_eq!(bench.state(), State::Master);
}

/// Of two links of one Ethernet address on one base the kernel takes one.
#[test]
fn a_link_under_another_name_takes_the_place_of_the_former_by_way_of_the_base() {
    let (mut bench, _) = Bench::start(config([vmac(Family::V4, false)], []));
    bench.wait(10_000);
    let mut other = vmac(Family::V4, false);
    other.own_link.as_mut().unwrap().link.name = LinkName::new("other").unwrap();
    let mut out = reload(&mut bench, other);
    out.extend(bench.tell(Event::Wake));
    let brief = brief(&out);
    let at = |order: &str| brief.iter().position(|one| one == order);
    assert!(at("-link vrrp.51").unwrap() < at("+link other").unwrap(), "{brief:?}");
    assert_eq!(bench.state(), State::Master);
    assert_eq!(links_of(&bench.wait(1_000)).first(), Some(&10));
}

/// A link that cannot be made costs nothing but itself.
#[test]
fn a_master_whose_new_link_is_refused_goes_on_without() {
    let mut bench = Bench::master(instance());
    bench.obedient = false;
    let out = reload(&mut bench, vmac(Family::V4, false));
    let ticket =
        out.iter().find_map(|one| if let Action::Network(ticket, _) = one { Some(*ticket) } else { None });
    let refusal = host::Refusal { code: 17, why: "it is not this virtual router's".into() };
    bench.tell(Event::Settled { ticket: ticket.unwrap(), result: Err(refusal) });
    let out = bench.wait(10_000);
    assert_eq!(bench.state(), State::Master);
    assert!(links_of(&out).iter().all(|link| *link == 2));
}
