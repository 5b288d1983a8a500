//! Reloads by chance: a configuration, another, the first again, or a third.
#![expect(clippy::unwrap_used, reason = "numbers that are chosen here are in range")]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use host::{
    Family, LinkName, MacAddress, NextHop, Prefix, Route, Rule, RuleAction, VirtualLink, VirtualLinkKind,
};
use proptest::prelude::*;
use sim::Rehearsal;
use sim::rehearsal::{Held, Sent};
use vrrp::Config;
use vrrp::config::{
    GroupConfig, InstanceConfig, Mode, NotifyScripts, OwnLink, Peer, Priority, Statics, Version,
    VirtualAddress, VirtualRoute, VirtualRule, Vrid,
};
use vrrp::notice::State;

/// Longer than any instance here waits before it is master, and after a change before it rests.
const LONG: Duration = Duration::from_secs(30);

/// What is drawn of an instance; the number is its virtual router identifier.
#[derive(Clone, Debug)]
struct Draw {
    six: bool,
    link: u8,
    priority: u8,
    interval: u8,
    addresses: Vec<(u8, Option<u8>)>,
    excluded: Vec<u8>,
    routes: Vec<u8>,
    rules: Vec<u8>,
    own_link: bool,
    unicast: bool,
    renamed: bool,
}

fn draw() -> impl Strategy<Value = Draw> {
    let numbers =
        |most: u8| proptest::sample::subsequence((1..=most).collect::<Vec<_>>(), 0..=usize::from(most));
    let addresses = proptest::collection::btree_map(1_u8..5, proptest::option::of(0_u8..2), 1..4);
    let plain = (any::<bool>(), 0_u8..2, 1_u8..=254, 0_u8..3, addresses);
    let more = (numbers(2), numbers(2), numbers(2), any::<bool>(), any::<bool>(), any::<bool>());
    (plain, more).prop_map(|((six, link, priority, interval, addresses), more)| {
        let (excluded, routes, rules, own_link, unicast, renamed) = more;
        let addresses = addresses.into_iter().collect();
        Draw { six, link, priority, interval, addresses, excluded, routes, rules, own_link, unicast, renamed }
    })
}

fn link(number: u8) -> LinkName {
    LinkName::new(&format!("eth{number}")).unwrap()
}

fn address(vrid: u8, six: bool, last: u8, on: Option<u8>) -> VirtualAddress {
    let prefix = if six {
        Prefix::new(Ipv6Addr::new(0x2001, 0xdb8, 0, vrid.into(), 0, 0, 0, last.into()).into(), 64)
    } else {
        Prefix::new(Ipv4Addr::new(192, 0, vrid, last).into(), 24)
    };
    VirtualAddress { link: on.map(link), ..VirtualAddress::plain(prefix.unwrap()) }
}

fn route(vrid: u8, last: u8, on: u8) -> VirtualRoute {
    let hop = NextHop {
        via: None,
        link: Some(link(on)),
        weight: 1,
        onlink: false,
        realms: None,
        encapsulation: None,
    };
    let to = Prefix::new(Ipv4Addr::new(198, 51, vrid, last).into(), 32).unwrap();
    VirtualRoute { route: Route { hops: vec![hop], ..Route::to(to) }, track: true }
}

fn instance(vrid: u8, draw: &Draw) -> InstanceConfig {
    let Draw {
        six,
        link: on,
        priority,
        interval,
        addresses,
        excluded,
        routes,
        rules,
        own_link,
        unicast,
        renamed,
    } = draw;
    let name = if *renamed { format!("other {vrid}") } else { format!("VI_{vrid}") };
    let own = OwnLink {
        link: VirtualLink {
            name: LinkName::new(&format!("vrrp.{vrid}.{on}")).unwrap(),
            base: link(*on),
            kind: VirtualLinkKind::Vmac(MacAddress([0, 0, 0x5e, 0, 1, vrid])),
            group: None,
            family: if *six { Family::V6 } else { Family::V4 },
            both_families: false,
        },
        adverts_by_base: true,
        address: None,
    };
    let peer: IpAddr = if *six { "fe80::99".parse().unwrap() } else { "198.18.9.9".parse().unwrap() };
    let mode = if *unicast {
        Mode::Unicast { peers: vec![Peer { address: peer, ttl: (0, 255) }], ttl: None, check_source: false }
    } else {
        Mode::Multicast { group: if *six { Mode::GROUP_V6 } else { Mode::GROUP_V4 } }
    };
    InstanceConfig {
        priority: Priority(*priority),
        addresses: addresses.iter().map(|(last, on)| address(vrid, *six, *last, *on)).collect(),
        excluded: excluded.iter().map(|last| address(vrid, !*six, *last, None)).collect(),
        ..InstanceConfig::plain(&name, link(*on), Vrid::new(vrid).unwrap())
    }
    .with(|it| {
        it.family = if *six { Family::V6 } else { Family::V4 };
        it.version = Version::V3;
        it.interval = Duration::from_millis([100, 250, 1000][usize::from(*interval)]);
        it.mode = mode;
        it.routes = routes.iter().map(|last| route(vrid, *last, *on)).collect();
        it.rules = rules
            .iter()
            .map(|last| {
                let number = u32::from(vrid) * 10 + u32::from(*last);
                VirtualRule { rule: Rule::plain(Family::V4, number, RuleAction::Table(100)), track: true }
            })
            .collect();
        it.own_link = (*own_link && !*unicast).then_some(own);
    })
}

fn config() -> impl Strategy<Value = Config> {
    let instances = proptest::collection::btree_map(1_u8..5, draw(), 0..4);
    (instances, any::<bool>(), any::<bool>()).prop_map(|(draws, grouped, statics)| {
        let instances: Vec<InstanceConfig> = draws.iter().map(|(vrid, draw)| instance(*vrid, draw)).collect();
        let members: Vec<String> = instances.iter().take(2).map(|it| it.name.clone()).collect();
        let group = GroupConfig { name: "G".into(), members, notify: NotifyScripts::default(), mail: false };
        let groups = if grouped && instances.len() > 1 { vec![group] } else { Vec::new() };
        let statics = if statics {
            Statics {
                addresses: vec![(link(0), address(200, false, 1, None))],
                routes: vec![route(200, 1, 1)],
                rules: Vec::new(),
            }
        } else {
            Statics::default()
        };
        Config { instances, groups, statics, ..Config::default() }
    })
}

/// What a fresh start with a configuration comes to hold.
fn fresh(all: &[&Config], config: &Config) -> Held {
    let mut rehearsal = Rehearsal::new(all);
    rehearsal.obey(config);
    rehearsal.run_for(LONG);
    rehearsal.held()
}

/// No instance was silent for longer than its interval, the longer of those before and after, while it was master.
fn no_advert_is_late(adverts: &[Sent], longest: Duration) {
    let mut last: BTreeMap<u64, Sent> = BTreeMap::new();
    for sent in adverts {
        if let Some(before) = last.insert(sent.instance, *sent)
            // Whoever gave up is silent by right.
            && before.priority != 0
        {
            let gap = sent.at.since(before.at);
            assert!(gap <= longest, "{gap:?} between {before:?} and {sent:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn after_reloads_the_machine_holds_what_a_fresh_start_holds(
        configs in proptest::collection::vec(config(), 1..4),
        waits in proptest::collection::vec(0_u64..6000, 3),
        back in any::<bool>(),
    ) {
        let mut order: Vec<&Config> = configs.iter().collect();
        if back {
            order.push(&configs[0]);
        }
        let all: Vec<&Config> = configs.iter().collect();
        let mut rehearsal = Rehearsal::new(&all);
        for (at, config) in order.iter().enumerate() {
            rehearsal.obey(config);
            // Some reloads find masters, others find instances on their way there.
            rehearsal.run_for(Duration::from_millis(waits[at % waits.len()]));
        }
        rehearsal.run_for(LONG);
        let last = order.last().unwrap();
        prop_assert_eq!(rehearsal.held(), fresh(&all, last));
        for instance in rehearsal.status().instances {
            prop_assert_eq!(instance.state, State::Master, "{}", instance.name);
        }
    }

    #[test]
    fn no_advert_is_later_than_its_interval_over_a_reload(one in config(), other in config(), after in 0_u64..1000) {
        // A virtual router that is new has to wait for its link, and its group with it.
        let identity = |it: &InstanceConfig| {
            (it.link.clone(), it.family, it.vrid, matches!(it.mode, Mode::Unicast { .. }))
        };
        let all = |config: &Config| config.instances.iter().map(identity).collect::<Vec<_>>();
        let (before, then) = (all(&one), all(&other));
        let (mut one, mut other) = (one, other);
        for instance in one.instances.iter_mut().chain(&mut other.instances) {
            let it = identity(instance);
            if !before.contains(&it) || !then.contains(&it) {
                instance.own_link = None;
            }
        }
        let mut rehearsal = Rehearsal::new(&[&one, &other]);
        rehearsal.obey(&one);
        rehearsal.run_for(LONG + Duration::from_millis(after));
        rehearsal.adverts.clear();
        rehearsal.run_for(Duration::from_secs(2));
        rehearsal.obey(&other);
        rehearsal.run_for(Duration::from_secs(2));
        rehearsal.obey(&one);
        rehearsal.run_for(Duration::from_secs(2));
        let intervals = one.instances.iter().chain(&other.instances).map(|instance| instance.interval);
        no_advert_is_late(&rehearsal.adverts, intervals.max().unwrap_or_default());
    }

    #[test]
    fn an_instance_that_does_not_change_is_not_touched(same in config(), other in config(), after in 0_u64..1000) {
        let same = Config { groups: Vec::new(), ..same };
        // The others change, and come and go, around those that stay.
        let kept: Vec<u8> = same.instances.iter().map(|instance| instance.vrid.get()).collect();
        let mut changed = other;
        changed.groups.clear();
        changed.statics = same.statics.clone();
        changed.instances.retain(|instance| !kept.contains(&instance.vrid.get()));
        changed.instances.extend(same.instances.iter().cloned());

        let mut rehearsal = Rehearsal::new(&[&same, &changed]);
        rehearsal.obey(&same);
        rehearsal.run_for(LONG + Duration::from_millis(after));
        let before = rehearsal.held();
        rehearsal.adverts.clear();
        rehearsal.orders.clear();
        for config in [&changed, &same] {
            rehearsal.obey(config);
            rehearsal.run_for(Duration::from_secs(5));
            let held = rehearsal.held();
            prop_assert!(before.addresses.is_subset(&held.addresses), "{:?}", rehearsal.orders);
            prop_assert!(before.routes.is_subset(&held.routes) && before.rules.is_subset(&held.rules));
        }
        let stays = |instance: &InstanceConfig| rehearsal.notices.iter().filter(|notice| matches!(
            notice,
            vrrp::Notice::Instance { name, fact: vrrp::notice::InstanceFact::Entered { .. } } if *name == instance.name
        )).count();
        for instance in &same.instances {
            prop_assert!(stays(instance) <= 2, "{} became backup and master, and nothing since", instance.name);
        }
        let ours = same.instances.len();
        let first: BTreeMap<u64, Sent> = rehearsal.adverts.iter().rev().map(|sent| (sent.instance, *sent)).collect();
        for (id, instance) in first.iter().take(ours).map(|(id, _)| *id).zip(&same.instances) {
            let times: Vec<_> = rehearsal.adverts.iter().filter(|sent| sent.instance == id).map(|sent| sent.at).collect();
            for pair in times.windows(2) {
                prop_assert_eq!(pair[1].since(pair[0]), instance.interval, "{} keeps its rhythm", instance.name);
            }
        }
    }
}
