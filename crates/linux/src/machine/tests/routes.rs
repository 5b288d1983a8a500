//! Routes.

use std::net::IpAddr;

use host::{
    Arrival, Encapsulation, Family, Insertion, LinkIndex, Network, NetworkOp, NextHop, Prefix, Refusal,
    Route, RouteKey, Rule, Ticket,
};

use super::network::settled;
use crate::Machine;
use crate::testbed::{Host, with_two_hosts};

type Put = fn(&mut Route<LinkIndex>, LinkIndex);

fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

pub(super) fn prefix(text: &str) -> Prefix {
    let (address, length) = text.split_once('/').unwrap();
    Prefix::new(address.parse().unwrap(), length.parse().unwrap()).unwrap()
}

fn by(link: LinkIndex, via: &str) -> NextHop<LinkIndex> {
    let via = if via.is_empty() { None } else { ip(via) };
    NextHop { via, link: Some(link), weight: 1, onlink: false, realms: None, encapsulation: None }
}

fn route(destination: &str, change: impl FnOnce(&mut Route<LinkIndex>)) -> Route<LinkIndex> {
    let mut route = Route::to(prefix(destination));
    change(&mut route);
    route
}

pub(super) fn perform(host: &mut Host, op: NetworkOp) -> (Result<(), Refusal>, Vec<Arrival>) {
    host.enter();
    host.machine.submit(Ticket(1), op);
    let arrivals = host.settle();
    let [(Ticket(1), result)] = &settled(&arrivals)[..] else { panic!("{arrivals:?}") };
    (result.clone(), arrivals)
}

pub(super) fn surveyed() -> (Vec<RouteKey>, Vec<Rule>) {
    let mut arrivals = Vec::new();
    Machine::open().unwrap().wait(None, &mut arrivals, &mut Vec::new()).unwrap();
    let Some(Arrival::Surveyed { routes, rules, .. }) = arrivals.pop() else { panic!("{arrivals:?}") };
    (routes, rules)
}

/// Puts a route, looks at it as `ip` shows it, and takes it again.
fn is_put(host: &mut Host, route: &Route<LinkIndex>, expected: &str) {
    let (result, arrivals) = perform(host, NetworkOp::AddRoute(route.clone()));
    assert_eq!(result, Ok(()), "{expected}");
    assert!(arrivals.contains(&Arrival::RouteAdded(route.key())), "{expected}: {arrivals:?}");
    let family = if route.destination.family() == Family::V4 { "-4" } else { "-6" };
    let show = format!("-d {family} route show table {} proto keepalived", route.table);
    let listed = host.ip(&show);
    let words: Vec<&str> = listed.split_whitespace().collect();
    assert_eq!(words.join(" "), expected);
    assert_eq!(surveyed().0, [route.key()], "{expected}");
    let (result, arrivals) = perform(host, NetworkOp::RemoveRoute(route.clone()));
    assert_eq!(result, Ok(()), "{expected}");
    assert!(arrivals.contains(&Arrival::RouteRemoved(route.key())), "{expected}: {arrivals:?}");
    assert_eq!(host.ip(&show), "");
}

fn are_put(host: &mut Host, cases: &[(&str, Put, &str)]) {
    let link = host.link;
    for (destination, change, expected) in cases {
        is_put(host, &route(destination, |route| change(route, link)), expected);
    }
}

/// The lines are those that Keepalived's routes were shown by: what it can say, we say.
///
/// vrrp-behaviour §17.2.
#[test]
fn every_plain_option_of_an_ipv4_route_reaches_the_kernel() {
    with_two_hosts("every_plain_option_of_an_ipv4_route_reaches_the_kernel", |a, _| {
        are_put(
            a,
            &[
                (
                    "10.60.1.0/24",
                    |r, a0| r.hops = vec![by(a0, "")],
                    "unicast 10.60.1.0/24 dev a0 scope global",
                ),
                (
                    "10.60.2.0/24",
                    |r, _| r.hops = vec![NextHop { link: None, ..by(LinkIndex(0), "10.1.0.254") }],
                    "unicast 10.60.2.0/24 via 10.1.0.254 dev a0 scope global",
                ),
                (
                    "10.60.5.0/24",
                    |r, a0| r.hops = vec![NextHop { onlink: true, ..by(a0, "10.99.0.1") }],
                    "unicast 10.60.5.0/24 via 10.99.0.1 dev a0 scope global onlink",
                ),
                // Differs: Keepalived refuses a gateway of the other family.
                (
                    "10.60.6.0/24",
                    |r, a0| r.hops = vec![by(a0, "fe80::9")],
                    "unicast 10.60.6.0/24 via inet6 fe80::9 dev a0 scope global",
                ),
                (
                    "10.60.7.0/24",
                    |r, a0| (r.hops, r.preferred_source) = (vec![by(a0, "10.1.0.254")], ip("10.1.0.1")),
                    "unicast 10.60.7.0/24 via 10.1.0.254 dev a0 scope global src 10.1.0.1",
                ),
                (
                    "10.60.8.0/24",
                    |r, a0| (r.hops, r.metric, r.tos) = (vec![by(a0, "")], Some(17), 0x10),
                    "unicast 10.60.8.0/24 tos 0x10 dev a0 scope global metric 17",
                ),
                (
                    "10.60.13.0/24",
                    |r, a0| (r.hops, r.table) = (vec![by(a0, "")], 100),
                    "unicast 10.60.13.0/24 dev a0 scope global",
                ),
                (
                    "10.60.14.0/24",
                    |r, a0| (r.hops, r.table) = (vec![by(a0, "")], 4_000_000_000),
                    "unicast 10.60.14.0/24 dev a0 scope global",
                ),
                (
                    "10.60.16.0/24",
                    |r, a0| (r.hops, r.scope) = (vec![by(a0, "")], 253),
                    "unicast 10.60.16.0/24 dev a0 scope link",
                ),
            ],
        );
    });
}

/// vrrp-behaviour §17.2.
#[test]
fn every_metric_of_a_route_reaches_the_kernel() {
    with_two_hosts("every_metric_of_a_route_reaches_the_kernel", |a, _| {
        are_put(
            a,
            &[(
                "10.60.23.0/24",
                |r, a0| {
                    r.hops = vec![by(a0, "10.1.0.254")];
                    // mtu, window, rtt, rttvar, ssthresh, cwnd, advmss, reordering, hoplimit, initcwnd, features,
                    // rto_min, initrwnd, quickack, fastopen_no_cookie.
                    r.metrics = vec![(2, 1400), (3, 4096), (4, 1600), (5, 800), (6, 13), (7, 12), (8, 1300)];
                    r.metrics.extend([
                        (9, 5),
                        (10, 33),
                        (11, 14),
                        (12, 1),
                        (13, 200),
                        (14, 15),
                        (15, 1),
                        (17, 1),
                    ]);
                    r.locked = 1 << 2 | 1 << 8 | 1 << 16;
                    r.congestion_control = Some("reno".into());
                },
                "unicast 10.60.23.0/24 via 10.1.0.254 dev a0 scope global mtu lock 1400 window 4096 rtt 200ms rttvar \
                 200ms ssthresh 13 cwnd 12 advmss lock 1300 reordering 5 hoplimit 33 initcwnd 14 features ecn rto_min \
                 200ms initrwnd 15 quickack 1 congctl lock reno fastopen_no_cookie 1",
            )],
        );
    });
}

/// vrrp-behaviour §17.2.
/// As observed: B17-02.
#[test]
fn every_kind_of_ipv4_route_reaches_the_kernel() {
    with_two_hosts("every_kind_of_ipv4_route_reaches_the_kernel", |a, _| {
        are_put(
            a,
            &[
                ("10.60.47.0/24", |r, _| r.kind = 6, "blackhole 10.60.47.0/24 scope global"),
                ("10.60.48.0/24", |r, _| r.kind = 7, "unreachable 10.60.48.0/24 scope global"),
                ("10.60.49.0/24", |r, _| r.kind = 8, "prohibit 10.60.49.0/24 scope global"),
                ("10.60.50.0/24", |r, _| (r.kind, r.table) = (9, 100), "throw 10.60.50.0/24 scope global"),
                (
                    "232.60.54.0/24",
                    |r, a0| (r.kind, r.hops) = (5, vec![by(a0, "")]),
                    "multicast 232.60.54.0/24 dev a0 scope global",
                ),
                (
                    "10.60.51.1/32",
                    |r, a0| (r.kind, r.scope, r.hops) = (2, 254, vec![by(a0, "")]),
                    "local 10.60.51.1 dev a0 scope host",
                ),
            ],
        );
    });
}

/// vrrp-behaviour §17.2.
/// As observed: B17-04.
#[test]
fn several_hops_and_their_options_reach_the_kernel() {
    with_two_hosts("several_hops_and_their_options_reach_the_kernel", |a, _| {
        are_put(
            a,
            &[
                (
                    "10.60.56.0/24",
                    |r, a0| {
                        let onlink = NextHop { onlink: true, weight: 256, ..by(a0, "10.77.0.1") };
                        r.hops =
                            vec![NextHop { weight: 2, ..by(a0, "10.1.0.254") }, onlink, by(a0, "fe80::9")];
                    },
                    "unicast 10.60.56.0/24 scope global nexthop via 10.1.0.254 dev a0 weight 2 nexthop via 10.77.0.1 \
                 dev a0 weight 256 onlink nexthop via inet6 fe80::9 dev a0 weight 1",
                ),
                (
                    "10.60.63.0/24",
                    |r, a0| (r.hops, r.ttl_propagate) = (vec![by(a0, "")], Some(true)),
                    "unicast 10.60.63.0/24 dev a0 scope global",
                ),
                (
                    "0.0.0.0/0",
                    |r, a0| (r.hops, r.metric) = (vec![by(a0, "10.1.0.254")], Some(9999)),
                    "unicast default via 10.1.0.254 dev a0 scope global metric 9999",
                ),
                ("0.0.0.0/1", |r, a0| r.hops = vec![by(a0, "")], "unicast 0.0.0.0/1 dev a0 scope global"),
                (
                    "10.60.59.0/24",
                    |r, a0| {
                        let encapsulation = Some(Encapsulation::Ip {
                            id: Some(7),
                            destination: "10.88.0.1".parse().unwrap(),
                            source: ip("10.1.0.1"),
                            tos: Some(16),
                            ttl: Some(9),
                            flags: None,
                        });
                        r.hops = vec![NextHop { encapsulation, ..by(a0, "10.1.0.254") }];
                    },
                    "unicast 10.60.59.0/24 encap ip id 7 src 10.1.0.1 dst 10.88.0.1 ttl 9 tos 16 via 10.1.0.254 dev a0 \
                 scope global",
                ),
                // Differs: Keepalived loses the encapsulation of one hop among several.
                (
                    "10.60.62.0/24",
                    |r, a0| {
                        let encapsulation = Some(Encapsulation::Ip {
                            id: Some(8),
                            destination: "2001:db8::88".parse().unwrap(),
                            source: None,
                            tos: Some(4),
                            ttl: Some(7),
                            flags: None,
                        });
                        let tunnel = NextHop { encapsulation, ..by(a0, "") };
                        r.hops = vec![tunnel, by(a0, "10.1.0.254")];
                    },
                    "unicast 10.60.62.0/24 scope global nexthop encap ip6 id 8 src :: dst 2001:db8::88 hoplimit 7 tc 4 dev \
                 a0 weight 1 nexthop via 10.1.0.254 dev a0 weight 1",
                ),
            ],
        );
    });
}

/// vrrp-behaviour §17.2.
#[test]
fn every_option_of_an_ipv6_route_reaches_the_kernel() {
    with_two_hosts("every_option_of_an_ipv6_route_reaches_the_kernel", |a, _| {
        a.ip("addr add 2001:db8:1::1/64 dev a0 nodad");
        let cases: &[(&str, Put, &str)] = &[
            (
                "2001:db8:60:1::/64",
                |r, a0| r.hops = vec![by(a0, "")],
                "dev a0 scope global metric 1024 pref medium",
            ),
            (
                "2001:db8:60:2::/64",
                |r, a0| r.hops = vec![by(a0, "fe80::9")],
                "via fe80::9 dev a0 scope global metric 1024 pref medium",
            ),
            (
                "2001:db8:60:3::/64",
                |r, _| r.hops = vec![NextHop { link: None, ..by(LinkIndex(0), "2001:db8:1::9") }],
                "via 2001:db8:1::9 dev a0 scope global metric 1024 pref medium",
            ),
            (
                "2001:db8:60:6::/64",
                |r, a0| (r.hops, r.preference, r.metric) = (vec![by(a0, "")], Some(1), Some(77)),
                "dev a0 scope global metric 77 pref high",
            ),
            (
                "2001:db8:60:7::/64",
                |r, a0| (r.hops, r.preference) = (vec![by(a0, "")], Some(3)),
                "dev a0 scope global metric 1024 pref low",
            ),
            (
                "2001:db8:60:9::/64",
                |r, a0| (r.hops, r.preferred_source) = (vec![by(a0, "fe80::9")], ip("2001:db8:1::1")),
                "via fe80::9 dev a0 scope global src 2001:db8:1::1 metric 1024 pref medium",
            ),
            (
                "2001:db8:60:a::/64",
                |r, a0| {
                    r.hops = vec![by(a0, "fe80::9")];
                    (r.metrics, r.locked) = (vec![(2, 1300), (8, 1200), (10, 20)], 1 << 2);
                },
                "via fe80::9 dev a0 scope global metric 1024 mtu lock 1300 advmss 1200 hoplimit 20 pref medium",
            ),
            (
                "2001:db8:60:b::/64",
                |r, a0| r.hops = vec![NextHop { weight: 4, ..by(a0, "fe80::9") }, by(a0, "fe80::a1")],
                "scope global metric 1024 pref medium nexthop via fe80::9 dev a0 weight 4 nexthop via fe80::a1 dev a0 \
                 weight 1",
            ),
            (
                "2001:db8:60:10::/64",
                |r, a0| {
                    (r.hops, r.table) = (vec![NextHop { onlink: true, ..by(a0, "fe80::9") }], 1000);
                },
                "via fe80::9 dev a0 scope global metric 1024 onlink pref medium",
            ),
        ];
        let link = a.link;
        for (destination, change, expected) in cases {
            let route = route(destination, |route| change(route, link));
            is_put(a, &route, &format!("unicast {destination} {expected}"));
        }
        for (kind, word) in [(6, "blackhole"), (7, "unreachable"), (8, "prohibit"), (9, "throw")] {
            let route = route("2001:db8:60:c::/64", |route| route.kind = kind);
            let expected = format!("{word} 2001:db8:60:c::/64 dev lo scope global metric 1024");
            is_put(a, &route, &format!("{expected} pref medium"));
        }
        let local = route("2001:db8:60:16::1/128", |route| {
            // `ip` leaves local routes out of the main table.
            (route.kind, route.hops, route.table) = (2, vec![by(link, "")], 100);
        });
        is_put(a, &local, "local 2001:db8:60:16::1 dev a0 scope global metric 1024 pref medium");
    });
}

#[test]
fn an_ipv6_route_expires() {
    with_two_hosts("an_ipv6_route_expires", |a, _| {
        let link = a.link;
        let route = route("2001:db8:60:5::/64", |route| {
            (route.hops, route.expires) = (vec![by(link, "")], Some(600));
        });
        assert_eq!(perform(a, NetworkOp::AddRoute(route)).0, Ok(()));
        let listed = a.ip("-6 route show 2001:db8:60:5::/64");
        assert!(listed.contains("expires 60") || listed.contains("expires 59"), "{listed}");
    });
}

/// As observed: B17-05.
#[test]
fn routes_of_one_key_stand_in_the_order_that_was_asked_for() {
    with_two_hosts("routes_of_one_key_stand_in_the_order_that_was_asked_for", |a, _| {
        let link = a.link;
        let make = |via: &str, insertion| {
            route("10.60.67.0/24", |route| (route.hops, route.insertion) = (vec![by(link, via)], insertion))
        };
        let first = make("10.1.0.10", Insertion::Prepend);
        for route in [
            &first,
            &make("10.1.0.11", Insertion::Append),
            &make("10.1.0.9", Insertion::Prepend),
            // Something is there: that counts as put.
            &make("10.1.0.99", Insertion::Exclusive),
            &first,
        ] {
            assert_eq!(perform(a, NetworkOp::AddRoute(route.clone())).0, Ok(()));
        }
        let gateways = |a: &Host| {
            let listed = a.ip("route show 10.60.67.0/24");
            listed.lines().map(|line| line.split(' ').nth(2).unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(gateways(a), ["10.1.0.9", "10.1.0.10", "10.1.0.11"]);
        assert_eq!(perform(a, NetworkOp::RemoveRoute(first)).0, Ok(()));
        assert_eq!(gateways(a), ["10.1.0.9", "10.1.0.11"]);
    });
}

/// What an earlier configuration left may have the same key and lead elsewhere.
#[test]
fn a_route_takes_the_place_of_one_of_its_key() {
    with_two_hosts("a_route_takes_the_place_of_one_of_its_key", |a, _| {
        let link = a.link;
        for (destination, old, new) in
            [("10.60.68.0/24", "10.1.0.9", "10.1.0.10"), ("2001:db8:68::/64", "fe80::9", "fe80::10")]
        {
            let make = |via: &str, insertion| {
                route(destination, |route| (route.hops, route.insertion) = (vec![by(link, via)], insertion))
            };
            assert_eq!(perform(a, NetworkOp::AddRoute(make(old, Insertion::Prepend))).0, Ok(()));
            for _ in 0..2 {
                assert_eq!(perform(a, NetworkOp::AddRoute(make(new, Insertion::Replace))).0, Ok(()));
                let family = if destination.contains(':') { "-6" } else { "-4" };
                let listed = a.ip(&format!("{family} route show {destination}"));
                assert!(listed.contains(&format!("via {new} ")) && !listed.contains(old), "{listed}");
            }
        }
    });
}

#[test]
fn a_route_is_taken_by_its_key_whatever_it_is_and_anothers_stays() {
    with_two_hosts("a_route_is_taken_by_its_key_whatever_it_is_and_anothers_stays", |a, _| {
        let link = a.link;
        let bare = |destination| route(destination, |route| route.metric = Some(5));
        for destination in ["10.60.1.0/24", "2001:db8:60::/64"] {
            let blackhole = route(destination, |route| (route.kind, route.metric) = (6, Some(5)));
            let by_link = route(destination, |route| {
                (route.hops, route.metric, route.scope) = (vec![by(link, "")], Some(5), 253);
            });
            for put in [blackhole, by_link] {
                assert_eq!(perform(a, NetworkOp::AddRoute(put.clone())).0, Ok(()));
                let (result, arrivals) = perform(a, NetworkOp::RemoveRoute(bare(destination)));
                assert_eq!(result, Ok(()));
                assert!(arrivals.contains(&Arrival::RouteRemoved(put.key())), "{arrivals:?}");
            }
            a.ip(&format!("route add {destination} dev a0 metric 5"));
            let (result, arrivals) = perform(a, NetworkOp::RemoveRoute(bare(destination)));
            assert_eq!((result, arrivals.len()), (Ok(()), 1), "what is not there counts as taken");
            let family = if destination.contains(':') { "-6" } else { "-4" };
            assert!(a.ip(&format!("{family} route show {destination}")).contains("metric 5"));
        }
        let nowhere = route("10.60.9.0/24", |route| {
            (route.hops, route.table) = (vec![by(LinkIndex(9999), "")], 77);
        });
        assert_eq!(perform(a, NetworkOp::RemoveRoute(nowhere.clone())).0, Ok(()));
        let refusal = perform(a, NetworkOp::AddRoute(nowhere)).0.unwrap_err();
        assert_eq!(refusal.code, libc::ENODEV);
    });
}

/// The kernel tells of IPv6 routes that go with their link, and of IPv4 routes that go so it tells nothing.
#[test]
fn routes_that_go_with_their_link_or_their_source_are_told() {
    with_two_hosts("routes_that_go_with_their_link_or_their_source_are_told", |a, _| {
        let link = a.link;
        let v4 = route("10.60.1.0/24", |route| route.hops = vec![by(link, "")]);
        let v6 = route("2001:db8:60::/64", |route| route.hops = vec![by(link, "")]);
        for destroy in ["link set a0 down", "link del a0"] {
            for route in [&v4, &v6] {
                assert_eq!(perform(a, NetworkOp::AddRoute(route.clone())).0, Ok(()));
            }
            a.ip(destroy);
            let arrivals = a.settle();
            for route in [&v4, &v6] {
                assert!(arrivals.contains(&Arrival::RouteRemoved(route.key())), "{destroy}: {arrivals:?}");
            }
            if destroy.contains("down") {
                a.ip("link set a0 up");
                a.settle();
            }
        }
    });
    with_two_hosts("routes_that_go_with_their_link_or_their_source_are_told", |a, _| {
        let link = a.link;
        a.ip("addr add 10.1.5.5/32 dev a0");
        let route = route("10.60.1.0/24", |route| {
            (route.hops, route.preferred_source) = (vec![by(link, "")], ip("10.1.5.5"));
        });
        assert_eq!(perform(a, NetworkOp::AddRoute(route.clone())).0, Ok(()));
        a.ip("addr del 10.1.5.5/32 dev a0");
        assert!(a.settle().contains(&Arrival::RouteRemoved(route.key())));
    });
}

#[test]
fn of_others_routes_nothing_is_told_but_that_one_took_the_place_of_ours() {
    with_two_hosts("of_others_routes_nothing_is_told_but_that_one_took_the_place_of_ours", |a, _| {
        a.ip("route add 10.61.0.0/24 dev a0");
        a.ip("route replace 10.61.0.0/24 via 10.1.0.9");
        a.ip("route del 10.61.0.0/24");
        assert_eq!(a.settle(), []);
        let link = a.link;
        for (destination, via) in [("10.60.1.0/24", "10.1.0.9"), ("2001:db8:60::/64", "fe80::9")] {
            let route = route(destination, |route| route.hops = vec![by(link, "")]);
            assert_eq!(perform(a, NetworkOp::AddRoute(route.clone())).0, Ok(()));
            a.ip(&format!("route replace {destination} via {via} dev a0"));
            assert_eq!(a.settle(), [Arrival::RouteRemoved(route.key())]);
        }
    });
}
