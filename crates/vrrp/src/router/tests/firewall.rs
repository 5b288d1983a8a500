//! The packet filter.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::net::Ipv6Addr;

use host::{Family, FilterTable, FirewallOp, LinkIndex, LinkName, MacAddress, Prefix, Refusal};
use host::{VirtualLink, VirtualLinkKind};

use super::bench::*;
use crate::config::{Firewall, InstanceConfig, Mode, OwnLink, Priority, Version, VirtualAddress};
use crate::event::{Action, Event};
use crate::notice::State;

fn closed() -> InstanceConfig {
    instance().with(|it| it.accept = false)
}

fn six(vip: &str) -> InstanceConfig {
    InstanceConfig {
        source: Some("fe80::10".parse().unwrap()),
        addresses: vec![VirtualAddress::plain(Prefix::host(vip.parse().unwrap()))],
        ..closed()
    }
    .with(|it| {
        it.family = Family::V6;
        it.version = Version::V3;
        it.mode = Mode::Multicast { group: Mode::GROUP_V6 };
    })
}

/// The tables that were ordered.
fn tables(out: &[Action]) -> Vec<FilterTable> {
    let table = |action: &Action| {
        if let Action::Firewall(_, FirewallOp::Install(table)) = action { Some(table.clone()) } else { None }
    };
    out.iter().filter_map(table).collect()
}

/// RFC 9568 §6.4.3: "MUST NOT accept packets addressed to the IPvX address(es) associated with the Virtual Router if
/// it is not the IPvX address owner or if Accept_Mode is not True."
///
/// vrrp-behaviour §11.
#[test]
fn an_address_is_dropped_before_it_is_put_and_until_it_is_gone() {
    let (mut bench, out) = Bench::start(config([closed()], []));
    assert_eq!(brief(&out), ["BACKUP", "filter []", "listen [51]"]);
    let out = brief(&bench.wait(3_700));
    assert_eq!(out, ["advert 100", "MASTER", "filter [192.0.2.100]", "+192.0.2.100/32", "garp 192.0.2.100"]);
    assert_eq!(brief(&bench.hear(HIGH, 200)), ["BACKUP", "-192.0.2.100/32", "filter []"]);
    bench.wait(3_700);
    assert_eq!(bench.state(), State::Master);
    let out = brief(&bench.tell(Event::Stop));
    assert_eq!(out, ["advert 0", "STOP", "ignore", "-192.0.2.100/32", "-filter"]);
}

#[test]
fn while_the_kernel_owes_an_answer_the_filter_stays() {
    let mut bench = Bench::master(closed());
    bench.obedient = false;
    assert_eq!(brief(&bench.hear(HIGH, 200)), ["BACKUP", "-192.0.2.100/32"]);
}

/// vrrp-behaviour §11, §22.5.
#[test]
fn who_accepts_and_who_owns_needs_no_filter() {
    let owner = InstanceConfig { priority: Priority::OWNER, ..closed() };
    for open in [instance(), owner] {
        let (mut bench, mut out) = Bench::start(config([open], []));
        out.extend(bench.wait(10_000));
        assert_eq!(bench.state(), State::Master);
        out.extend(bench.tell(Event::Stop));
        assert!(!out.iter().any(|action| matches!(action, Action::Firewall(..))), "{:?}", brief(&out));
    }
}

#[test]
fn a_reload_that_accepts_drops_the_filter_and_keeps_its_first_options() {
    let named = |name: &str, instance: InstanceConfig| {
        let firewall = Firewall { table: name.into(), ..Firewall::default() };
        Event::Configured(Box::new(crate::Config { firewall, ..config([instance], []) }))
    };
    let mut bench = Bench { router: Default::default(), now: host::Instant::ZERO, obedient: true };
    bench.tell(named("first", closed()));
    let out = bench.tell(survey(vec![link(true)], vec![address(OURS)]));
    assert_eq!(tables(&out)[0].name, "first");
    let out = bench.tell(named("second", instance()));
    let gone =
        |action: &Action| matches!(action, Action::Firewall(_, FirewallOp::Remove(name)) if name == "first");
    assert!(out.iter().any(gone), "{out:?}");
    let out = bench.tell(named("second", closed()));
    assert_eq!(tables(&out)[0].name, "first");
}

#[test]
fn link_local_addresses_are_dropped_on_their_link_alone() {
    let vip: Ipv6Addr = "fe80::100".parse().unwrap();
    let of = |instance| {
        let (mut bench, _) = Bench::start(config([instance], []));
        let out = bench.wait(10_000);
        tables(&out).pop().unwrap().ipv6.unwrap()
    };
    let half = of(six("fe80::100"));
    assert_eq!(half.link_local, [(vip, ETH0)].into());
    assert!(half.dropped.is_empty() && half.link_local_by_name.is_empty());
    let half = of(six("fe80::100").with(|it| it.track_own_link = false));
    assert_eq!(half.link_local_by_name, [(vip, LinkName::new("eth0").unwrap())].into());
    assert!(half.link_local.is_empty());
    let half = of(six("2001:db8::100"));
    assert_eq!(half.dropped.len(), 1);
}

fn vmac(family: Family) -> VirtualLink {
    VirtualLink {
        name: LinkName::new("vrrp.51").unwrap(),
        base: LinkName::new("eth0").unwrap(),
        kind: VirtualLinkKind::Vmac(MacAddress([0, 0, 0x5e, 0, 1, 51])),
        group: None,
        family,
        both_families: false,
    }
}

#[test]
fn what_a_vmac_would_say_of_groups_leaves_by_its_base_whoever_is_master() {
    for family in [Family::V4, Family::V6] {
        let own = vmac(family);
        let own_link = Some(OwnLink { link: own, adverts_by_base: false, address: None });
        let plain = if family == Family::V4 { instance() } else { six("fe80::100") };
        let (_, out) = Bench::start(config(
            [plain.with(|it| {
                it.own_link = own_link;
                it.accept = true;
            })],
            [],
        ));
        let table = tables(&out).pop().unwrap();
        let vmacs = [(LinkIndex(9), ETH0)].into();
        match family {
            Family::V4 => {
                assert_eq!(table.ipv4.unwrap().vmacs, vmacs);
                assert_eq!(table.ipv6, None);
            }
            Family::V6 => {
                let half = table.ipv6.unwrap();
                assert_eq!(half.vmacs, vmacs);
                let source: Ipv6Addr = "fe80::10".parse().unwrap();
                assert_eq!(half.of_bases, [(source, LinkName::new("vrrp.51").unwrap())].into());
                assert_eq!(table.ipv4, None);
            }
        }
    }
}

/// vrrp-behaviour §11.
#[test]
fn where_the_kernel_reports_no_groups_a_vmac_needs_no_filter_for_ipv4() {
    let options = Firewall { no_local_reports: true, ..Firewall::default() };
    for (family, plain) in [(Family::V4, instance()), (Family::V6, six("fe80::100"))] {
        let own_link = Some(OwnLink { link: vmac(family), adverts_by_base: false, address: None });
        let one = plain.with(|it| {
            it.own_link = own_link;
            it.accept = true;
        });
        let (_, out) = Bench::start(crate::config::Config { firewall: options.clone(), ..config([one], []) });
        let table = tables(&out).pop();
        assert_eq!(table.is_some(), family == Family::V6, "{table:?}");
        assert!(table.is_none_or(|table| table.ipv4.is_none() && table.ipv6.is_some()));
    }
}

#[test]
fn a_refused_filter_is_told_and_tried_again() {
    let (mut bench, out) = Bench::start(config([closed()], []));
    let ticket =
        out.iter().find_map(|a| if let Action::Firewall(ticket, _) = a { Some(*ticket) } else { None });
    let refusal = Refusal { code: 1, why: "Operation not permitted".into() };
    let out = bench.tell(Event::Settled { ticket: ticket.unwrap(), result: Err(refusal) });
    assert_eq!(log(&out), ["The packet filter could not be changed: Operation not permitted"]);
    // The address is put all the same: to be reachable by nobody would be worse.
    let out = brief(&bench.wait(9_000));
    assert!(out.contains(&"+192.0.2.100/32".into()) && !out.iter().any(|line| line.starts_with("filter")));
    assert!(brief(&bench.wait(1_000)).contains(&"filter [192.0.2.100]".into()));
}

/// After a crash the link is there. That it is asked for must cost no mastership, whatever happens meanwhile.
#[test]
fn a_master_that_resumes_keeps_its_own_link() {
    let own = vmac(Family::V4);
    let own_link = Some(OwnLink { link: own.clone(), adverts_by_base: false, address: None });
    let mut bench =
        Bench { router: Default::default(), now: host::Instant::from_millis(5_000), obedient: false };
    let memory = crate::Memory { instance: "VI_1".into(), master_until: bench.now };
    bench.tell(Event::Remembered(vec![memory]));
    bench.tell(Event::Configured(Box::new(config([instance().with(|it| it.own_link = own_link)], []))));
    let there = host::Link { index: LinkIndex(9), name: own.name, ..link(true) };
    let out = bench.tell(survey(vec![link(true), there.clone()], vec![address(OURS)]));
    assert_eq!(bench.state(), State::Master);
    assert!(brief(&out).contains(&"+link vrrp.51".into()), "{:?}", brief(&out));
    bench.tell(Event::LinkChanged(host::Link { mtu: 9000, ..there }));
    assert_eq!(bench.state(), State::Master);
}

/// A link of the right name may be anything: it is asked for, and not used until it is known to be ours.
#[test]
fn a_foreign_link_of_the_name_of_ours_is_not_used() {
    let own = vmac(Family::V4);
    let own_link = Some(OwnLink { link: own.clone(), adverts_by_base: false, address: None });
    let mut bench = Bench { router: Default::default(), now: host::Instant::ZERO, obedient: false };
    bench.tell(Event::Configured(Box::new(config([instance().with(|it| it.own_link = own_link)], []))));
    let there = host::Link { index: LinkIndex(9), name: own.name, ..link(true) };
    let out = bench.tell(survey(vec![link(true), there], vec![address(OURS)]));
    let asked =
        out.iter().find_map(|a| if let Action::Network(ticket, _) = a { Some(*ticket) } else { None });
    assert!(brief(&out).contains(&"+link vrrp.51".into()), "{:?}", brief(&out));
    let refusal = Refusal { code: 17, why: "not ours".into() };
    bench.tell(Event::Settled { ticket: asked.unwrap(), result: Err(refusal) });
    bench.wait(50);
    assert_ne!(bench.state(), State::Backup);
    // One that fits is taken over, and then it is used at once.
    let out = bench.wait(200);
    let again =
        out.iter().find_map(|a| if let Action::Network(ticket, _) = a { Some(*ticket) } else { None });
    bench.tell(Event::Settled { ticket: again.unwrap(), result: Ok(()) });
    assert_eq!(bench.state(), State::Backup);
}
