//! What a virtual router holds besides addresses: routes, policy rules, a link of its own; and what is held always.

use std::net::IpAddr;

use config::{Assumed, Effective, InMemory, Loaded, Request, load};
use host::{Encapsulation, Family, Insertion, LinkName, Prefix, Route, Rule, RuleAction, VirtualLinkKind};
use vrrp::config::{InstanceConfig, Weight};

fn read(text: &str) -> Loaded {
    load(&Request::new("k"), &InMemory::one("k", text), &Assumed::default())
}

fn codes(loaded: &Loaded) -> Vec<String> {
    let counted = loaded.diagnostics.iter().filter(|found| found.class > config::Class::Silent);
    counted.map(|found| found.code.to_string()).collect()
}

fn effective(loaded: Loaded) -> Effective {
    let said = loaded.render(false);
    loaded.effective.unwrap_or_else(|| panic!("{said}"))
}

fn instance(lines: &str) -> (InstanceConfig, Vec<String>) {
    let loaded = read(&format!(
        "vrrp_instance I {{\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress {{\n192.0.2.1\n}}\n{lines}\n}}\n"
    ));
    let found = codes(&loaded);
    (effective(loaded).vrrp.instances.remove(0), found)
}

fn route(line: &str) -> Result<Route<LinkName>, Vec<String>> {
    let (mut it, found) = instance(&format!("virtual_routes {{\n{line}\n}}\n"));
    if it.routes.is_empty() { Err(found) } else { Ok(it.routes.remove(0).route) }
}

fn rule(line: &str) -> Result<Rule, Vec<String>> {
    let (mut it, found) = instance(&format!("virtual_rules {{\n{line}\n}}\n"));
    if it.rules.is_empty() { Err(found) } else { Ok(it.rules.remove(0).rule) }
}

fn link(name: &str) -> LinkName {
    LinkName::new(name).expect("a name of a link")
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn prefix(text: &str) -> Prefix {
    let (host, length) = text.split_once('/').expect("an address and a length");
    Prefix::new(address(host), length.parse().expect("a length")).expect("a prefix")
}

const D: &str = "10.60.1.0/24";

/// Seen of keepalived: the kernel has them all, in this order for IPv4, and as hops of one route for IPv6.
///
/// vrrp-behaviour §17.2.
#[test]
fn of_routes_with_one_key_the_one_that_the_kernel_uses_counts_or_their_hops_share_the_traffic() {
    let hops = |lines: &[&str]| {
        let (it, _) = instance(&format!("virtual_routes {{\n{}\n}}", lines.join("\n")));
        let routes = it.routes.iter().map(|it| it.route.hops.iter().map(|hop| hop.via.unwrap().to_string()));
        routes.map(Iterator::collect::<Vec<_>>).collect::<Vec<_>>()
    };
    let [seven, eight] = ["10.60.1.0/24 via 10.1.0.7 dev eth0", "10.60.1.0/24 via 10.1.0.8 dev eth0"];
    assert_eq!(hops(&[seven, eight]), [["10.1.0.8"]], "each goes before those that are there");
    let [later, first] = [seven, eight].map(|line| format!("append {line}"));
    assert_eq!(hops(&[&later, &first]), [["10.1.0.7"]], "or behind them");
    assert_eq!(hops(&[seven, &first]), [["10.1.0.7"]]);
    assert_eq!(hops(&[&later, eight]), [["10.1.0.8"]]);
    assert_eq!(hops(&[seven, &format!("add {eight}")]), [["10.1.0.7"]], "the kernel refuses it");
    assert_eq!(hops(&[seven, &format!("{eight} metric 7")]), [["10.1.0.7"], ["10.1.0.8"]], "another key");
    let [seven, eight] =
        ["2001:db8:9::/64 via 2001:db8::7 dev eth0", "2001:db8:9::/64 via 2001:db8::8 dev eth0"];
    let both = [["2001:db8::7", "2001:db8::8"]];
    assert_eq!(hops(&[seven, eight, eight]), both);
    assert_eq!(hops(&[&format!("append {seven}"), eight]), both);
}

/// vrrp-behaviour §17.2.
#[test]
fn a_route_is_read_as_ip_route_reads_it() {
    let plain = route(&format!("{D} dev eth1")).unwrap();
    assert_eq!(
        (plain.destination, plain.table, plain.protocol, plain.scope, plain.kind),
        (prefix(D), 254, 18, 0, 1)
    );
    assert_eq!(
        (plain.hops.len(), plain.hops[0].link.clone(), plain.hops[0].weight),
        (1, Some(link("eth1")), 1)
    );
    assert_eq!(plain.insertion, Insertion::Prepend);
    let full = route(&format!(
        "unicast {D} via 10.1.0.254 dev eth1 onlink src 10.1.0.1 metric 17 tos 0x10 table 100 scope link realms 5/6"
    ))
    .unwrap();
    assert_eq!((full.hops[0].via, full.hops[0].onlink), (Some(address("10.1.0.254")), true));
    assert_eq!(full.preferred_source, Some(address("10.1.0.1")));
    assert_eq!(
        (full.metric, full.tos, full.table, full.scope, full.realms),
        (Some(17), 0x10, 100, 253, Some(5 << 16 | 6))
    );
    for (line, family) in
        [("default via 10.1.0.254", Family::V4), ("inet6 default via fe80::9 dev eth0", Family::V6)]
    {
        let route = route(line).unwrap();
        assert_eq!((route.destination.family(), route.destination.length()), (family, 0), "{line}");
    }
    assert_eq!(route("blackhole 10.0.0.0/8").unwrap().hops, []);
    assert_eq!(route("blackhole 10.0.0.0/8").unwrap().kind, 6);
    assert_eq!(route(&format!("append {D} dev eth0")).unwrap().insertion, Insertion::Append);
    assert_eq!(route(&format!("add {D} dev eth0")).unwrap().insertion, Insertion::Exclusive);
    let six = route("2001:db8:60::/64 from 2001:db8:61::/64 dev eth0 expires 600 pref low").unwrap();
    assert_eq!(
        (six.from, six.expires, six.preference),
        (Some(prefix("2001:db8:61::/64")), Some(600), Some(3))
    );
    assert_eq!(route(&format!("{D} dev eth0 vrf v0")).unwrap().table, 1000);
    assert_eq!(route(&format!("{D} dev eth0 ttl-propagate enabled")).unwrap().ttl_propagate, Some(true));
}

/// `RTAX_*`: MTU 2, window 3, RTT 4 in eighths, RTTVAR 5 in quarters of a millisecond, RTO_MIN 13 in milliseconds.
#[test]
fn metrics_of_a_route_are_the_kernels() {
    let metrics = |words: &str| {
        let route = route(&format!("{D} dev eth0 {words}")).unwrap();
        (route.metrics, route.locked)
    };
    assert_eq!(metrics("mtu 1400"), (vec![(2, 1400)], 0));
    assert_eq!(metrics("mtu lock 1400 window 4096"), (vec![(2, 1400), (3, 4096)], 1 << 2));
    assert_eq!(metrics("rtt 300ms"), (vec![(4, 2400)], 0));
    assert_eq!(metrics("rtt 300"), (vec![(4, 1600)], 0));
    assert_eq!(metrics("rtt lock 2s rttvar 150ms"), (vec![(4, 16_000), (5, 800)], 1 << 4));
    assert_eq!(metrics("rto_min 40ms"), (vec![(13, 200)], 0));
    assert_eq!(metrics("features ecn quickack 1 hoplimit 33"), (vec![(10, 33), (12, 1), (15, 1)], 0));
    let route = route(&format!("{D} dev eth0 congctl lock reno")).unwrap();
    assert_eq!((route.congestion_control.as_deref(), route.locked), (Some("reno"), 1 << 16));
}

#[test]
fn hops_share_the_traffic_and_wrap_it() {
    let many = route(&format!(
        "{D} nexthop via 10.1.0.1 dev eth0 weight 2 nexthop via 10.1.0.2 dev eth1 weight 256 onlink"
    ));
    let hops = many.unwrap().hops;
    assert_eq!((hops[0].weight, hops[1].weight, hops[1].onlink), (2, 256, true));
    assert_eq!(route(&format!("{D} via 10.1.0.1 or 10.1.0.2")).unwrap().hops.len(), 2);
    // Differs: keepalived refuses this and drops the encapsulation of a nexthop.
    let other = route(&format!("{D} via inet6 fe80::9 dev eth0")).unwrap();
    assert_eq!(other.hops[0].via, Some(address("fe80::9")));
    let wrap =
        |words: &str| route(&format!("{D} encap {words} dev eth0")).unwrap().hops.remove(0).encapsulation;
    assert_eq!(wrap("mpls 100/200"), Some(Encapsulation::Mpls(vec![100, 200])));
    assert_eq!(wrap("ila 1:2:3:4"), Some(Encapsulation::Ila(0x0001_0002_0003_0004)));
    assert_eq!(
        wrap("ip id 7 dst 10.88.0.1 src 10.1.0.1 tos 0x10 ttl 9"),
        Some(Encapsulation::Ip {
            id: Some(7),
            destination: address("10.88.0.1"),
            source: Some(address("10.1.0.1")),
            tos: Some(0x10),
            ttl: Some(9),
            flags: None,
        })
    );
    let hops = route(&format!("{D} nexthop via 10.1.0.1 dev eth0 encap mpls 300 nexthop via 10.1.0.2"))
        .unwrap()
        .hops;
    assert_eq!(hops[0].encapsulation, Some(Encapsulation::Mpls(vec![300])));
}

#[test]
fn a_route_that_cannot_be_is_left_out() {
    for line in [
        "dev eth0",
        "10.0.0.0/8 via 2001:db8::1",
        "10.0.0.0/8 dev eth0 expires 60",
        "10.0.0.0/8 dev eth0 pref high",
        "10.0.0.0/8 dev eth0 from 2001:db8::/32",
        "2001:db8::/32 dev eth0 realms 5",
        "10.0.0.0/8 dev eth0 nonsense",
        "10.0.0.0/8 dev eth0 metric",
        "10.0.0.0/8 10.1.0.0/16 dev eth0",
        "10.0.0.0/33 dev eth0",
    ] {
        assert_eq!(route(line).unwrap_err().len(), 1, "{line}");
    }
}

/// As keepalived: the protocol is its own unless nobody watches.
#[test]
fn the_protocol_is_ours_unless_it_is_not_tracked() {
    let (it, found) = instance(&format!("virtual_routes {{\n{D} dev eth0 protocol static\n}}"));
    assert_eq!(
        (it.routes[0].route.protocol, it.routes[0].track, found),
        (18, true, vec!["SF0304".to_owned()])
    );
    let (it, found) = instance(&format!("virtual_routes {{\n{D} dev eth0 protocol 99 no_track\n}}"));
    assert_eq!((it.routes[0].route.protocol, it.routes[0].track, found.len()), (99, false, 0));
    assert_eq!(rule("from 10.0.0.0/8 table 100 preference 5 protocol 77 no_track").unwrap().protocol, 77);
}

/// vrrp-behaviour §17.3.
#[test]
fn a_rule_is_read_as_ip_rule_reads_it() {
    let it = rule(
        "not from 10.70.2.0/24 to 10.71.0.0/16 lookup 100 preference 0x410 tos 0x10 fwmark 0x10/0xff iif eth0 oif eth1 \
         uidrange 100-200 ipproto tcp sport 80-90 dport 443-443 tunnel-id 99 realms 3/4 suppress_prefixlength 0 \
         suppress_ifgroup 5",
    )
    .unwrap();
    assert_eq!(
        (it.family, it.priority, it.action, it.invert),
        (Family::V4, 0x410, RuleAction::Table(100), true)
    );
    assert_eq!((it.from, it.to), (Some(prefix("10.70.2.0/24")), Some(prefix("10.71.0.0/16"))));
    assert_eq!(
        (it.tos, it.mark, it.uids, it.ip_protocol),
        (0x10, Some((0x10, Some(0xff))), Some((100, 200)), Some(6))
    );
    assert_eq!((it.input.as_deref(), it.output.as_deref()), (Some("eth0"), Some("eth1")));
    assert_eq!(
        (it.source_ports, it.destination_ports, it.tunnel),
        (Some((80, 90)), Some((443, 443)), Some(99))
    );
    assert_eq!(
        (it.realms, it.suppress_prefix_length, it.suppress_group),
        (Some(3 << 16 | 4), Some(0), Some(5))
    );
    for (words, action) in [
        ("l3mdev", RuleAction::L3mdev),
        ("goto 30000", RuleAction::Goto(30_000)),
        ("nop", RuleAction::Nop),
        ("blackhole", RuleAction::Blackhole),
        ("type prohibit", RuleAction::Prohibit),
        ("unreachable", RuleAction::Unreachable),
        ("table main", RuleAction::Table(254)),
        ("table 4000000000", RuleAction::Table(4_000_000_000)),
    ] {
        assert_eq!(rule(&format!("from 10.0.0.0/8 preference 5 {words}")).unwrap().action, action, "{words}");
    }
    assert_eq!(rule("from 2001:db8::/32 table 100 preference 5").unwrap().family, Family::V6);
    assert_eq!(rule("from all table 100 preference 5").unwrap().from, None);
}

/// As observed: B17-06.
#[test]
fn a_rule_that_cannot_be_is_left_out() {
    for line in [
        "from 10.0.0.0/8 preference 5",
        "from 10.0.0.0/8 table 0 preference 5",
        "from 10.0.0.0/8 table 100 nop preference 5",
        "from 10.0.0.0/8 to 2001:db8::/32 table 100 preference 5",
        "from 10.0.0.0/8 nop realms 5 preference 5",
        "from 2001:db8::/32 table 100 realms 5 preference 5",
        "from 10.0.0.0/8 goto 5 preference 5",
        "from 10.0.0.0/8 table 100 pref 5",
        "from 10.0.0.0/8 table 100 sport 80 preference 5",
    ] {
        assert_eq!(rule(line).unwrap_err().len(), 1, "{line}");
    }
}

/// As keepalived: counted down, for each family.
///
/// vrrp-behaviour §17.3.
#[test]
fn rules_without_a_preference_are_given_one() {
    let lines = "from 10.0.0.0/8 table 1\nfrom 10.1.0.0/16 table 1\nfrom 2001:db8::/32 table 1\n";
    let (it, found) = instance(&format!("virtual_rules {{\n{lines}}}"));
    assert_eq!(it.rules.iter().map(|rule| rule.rule.priority).collect::<Vec<_>>(), [16_384, 16_383, 16_384]);
    assert_eq!(found, ["SF0304"; 3]);
}

/// RFC 9568 §7.3: 00-00-5E-00-01-{VRID} for IPv4, 00-00-5E-00-02-{VRID} for IPv6.
///
/// vrrp-behaviour §11, §19.
#[test]
fn a_virtual_router_may_have_a_link_of_its_own() {
    let own = |lines: &str| instance(lines).0.own_link.clone().unwrap();
    let plain = own("use_vmac");
    assert_eq!((plain.link.name.as_str(), plain.link.base.as_str()), ("vrrp.51", "eth0"));
    assert_eq!(plain.link.kind, VirtualLinkKind::Vmac(host::MacAddress([0, 0, 0x5e, 0, 1, 51])));
    assert_eq!((plain.adverts_by_base, plain.link.both_families, plain.link.group), (false, false, None));
    let chosen = own(
        "use_vmac v0 02:00:00:00:00 group 7\nvmac_xmit_base\nvirtual_ipaddress_excluded {\n2001:db8::1\n}",
    );
    assert_eq!(chosen.link.kind, VirtualLinkKind::Vmac(host::MacAddress([2, 0, 0, 0, 0, 51])));
    assert_eq!(
        (chosen.link.name.as_str(), chosen.adverts_by_base, chosen.link.both_families),
        ("v0", true, true)
    );
    assert_eq!(chosen.link.group, Some(7));
    let (peers, found) = instance("use_vmac\nunicast_peer {\n192.0.2.9\n}");
    assert_eq!((peers.own_link.as_ref().unwrap().adverts_by_base, found), (true, vec!["SF0606".to_owned()]));
    let vlan = own("use_ipvlan ip0 192.0.2.5/24 vepa");
    assert_eq!((vlan.link.kind, vlan.address), (VirtualLinkKind::Ipvlan(2), Some(prefix("192.0.2.5/24"))));
    assert_eq!(instance("use_ipvlan").1, ["SF0603"]);
    let strict =
        instance("strict_mode\nuse_vmac 02:00:00:00:00:01\nvmac_xmit_base").0.own_link.clone().unwrap();
    assert_eq!(strict.link.kind, VirtualLinkKind::Vmac(host::MacAddress([0, 0, 0x5e, 0, 1, 51])));
    assert!(!strict.adverts_by_base);
}

/// Differs: keepalived asks the kernel for each as it is written, and the last, or on other kernels the first, counts for all.
#[test]
fn ipvlans_on_one_interface_are_all_as_the_first() {
    let one = |vrid: u8, link: &str, flags: &str| {
        format!(
            "vrrp_instance I{vrid} {{\ninterface {link}\nvirtual_router_id {vrid}\nuse_ipvlan 192.0.2.{vrid} {flags}\n\
             virtual_ipaddress {{\n192.0.2.100\n}}\n}}\n"
        )
    };
    let text = [
        one(1, "eth0", "private"),
        one(2, "eth0", "vepa"),
        one(3, "eth0", "private"),
        one(4, "eth1", "vepa"),
    ];
    let loaded = read(&text.concat());
    let said: Vec<_> = loaded.diagnostics.iter().map(|found| found.message.clone()).collect();
    assert_eq!(said, ["(I2) the ipvlans on eth0 are all private, as that of I1, which is the first"]);
    let instances = effective(loaded).vrrp.instances;
    let kinds: Vec<_> = instances.into_iter().map(|it| it.own_link.clone().unwrap().link.kind).collect();
    assert_eq!(kinds, [1, 1, 1, 2].map(VirtualLinkKind::Ipvlan));
}

/// A name that is taken gives way: vrrp.VRID, vrrp6.VRID for IPv6, vrrp1.VRID and so on.
#[test]
fn links_of_their_own_have_names_of_their_own() {
    let one = |name: &str, link: &str, address: &str, words: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface {link}\nvirtual_router_id 7\nuse_vmac {words}\nvirtual_ipaddress {{\n{address}\n}}\n}}\n"
        )
    };
    let text = [
        one("a", "eth0", "192.0.2.1", ""),
        one("b", "eth0", "2001:db8::1", ""),
        one("c", "eth1", "192.0.2.2", ""),
        one("d", "eth2", "192.0.2.3", "vrrp.7"),
    ]
    .concat();
    let loaded = read(&text);
    assert_eq!(codes(&loaded), ["SF0401"]);
    let instances = effective(loaded).vrrp.instances;
    let names: Vec<_> = instances.iter().map(|it| it.own_link.as_ref().unwrap().link.name.as_str()).collect();
    assert_eq!(names, ["vrrp.7", "vrrp6.7", "vrrp1.7", "vrrp2.7"]);
    let prefixed = format!("global_defs {{\nvmac_prefix vm\n}}\n{}", one("a", "eth0", "192.0.2.1", ""));
    let instances = effective(read(&prefixed)).vrrp.instances;
    assert_eq!(instances[0].own_link.as_ref().unwrap().link.name.as_str(), "vm.7");
}

/// What names a track group makes its members fail with its interface, whatever weight they gave it.
#[test]
fn statics_are_held_always_and_followed_by_groups() {
    let text = "track_group T {\ngroup {\nI\nnobody\n}\n}\n\
        vrrp_instance I {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\ntrack_interface {\neth1 weight 6\n}\n}\n\
        static_ipaddress {\n10.0.0.1/24 dev eth1 track_group T\n10.0.0.2/24\n10.0.0.3/24 track_group U\n}\n\
        static_routes {\n10.1.0.0/16 dev eth2 track_group T\n10.2.0.0/16 track_group T\n}\n\
        static_rules {\nfrom 10.0.0.0/8 table 9 preference 9 iif eth3 track_group T\n}\n";
    let loaded = read(text);
    assert_eq!(codes(&loaded), ["SF0402", "SF0606", "SF0402"]);
    let config = effective(loaded).vrrp;
    let links: Vec<_> = config.statics.addresses.iter().map(|(link, _)| link.as_str()).collect();
    assert_eq!(links, ["eth1", "eth0", "eth0"]);
    assert_eq!((config.statics.routes.len(), config.statics.rules.len()), (2, 1));
    let tracked: Vec<_> =
        config.instances[0].track_links.iter().map(|track| (track.link.as_str(), track.weight)).collect();
    let fault = Weight::Fault { reverse: false };
    assert_eq!(tracked, [("eth1", fault), ("eth2", fault), ("eth3", fault)]);
}

/// As keepalived 2.2.7 names and shares them, and keeps them apart from the virtual router's own.
///
/// vrrp-behaviour §11.
#[test]
fn addresses_may_have_links_of_their_own() {
    let of = |global: &str, lines: &str| {
        let loaded = read(&format!(
            "global_defs {{\n{global}\n}}\nvrrp_instance I {{\ninterface eth0\nvirtual_router_id 5\n{lines}\n}}\n"
        ));
        let found = codes(&loaded);
        let it = effective(loaded).vrrp.instances.remove(0);
        let all = it.addresses.iter().chain(&it.excluded);
        let on = |address: &vrrp::config::VirtualAddress| {
            let own = address.own_link.as_ref().map_or("-", |link| link.as_str());
            format!("{} {own}", address.prefix.address())
        };
        let made =
            it.address_links.iter().map(|link| format!("{} on {} {}", link.name, link.base, link.family));
        (all.map(on).collect::<Vec<_>>(), made.collect::<Vec<_>>(), found)
    };
    let lines = "virtual_ipaddress {\n10.1.0.9\n10.2.0.9 dev eth1 use_vmac\n10.2.0.8 dev eth1 use_vmac\n}\n\
        virtual_ipaddress_excluded {\n2001:db8::9\n2001:db8::8 use_vmac\n2001:db8:2::8 dev eth1 use_vmac\n}\n";
    let (on, made, found) = of("", &format!("use_vmac\n{lines}"));
    let own = ["10.1.0.9 -", "10.2.0.9 vrrp1.5", "10.2.0.8 vrrp1.5"];
    assert_eq!(on[..3], own);
    assert_eq!(on[3..], ["2001:db8::9 -", "2001:db8::8 vrrp6.5", "2001:db8:2::8 vrrp2.5"]);
    assert_eq!(made, ["vrrp1.5 on eth1 IPv4", "vrrp6.5 on eth0 IPv6", "vrrp2.5 on eth1 IPv6"]);
    assert_eq!(found, Vec::<String>::new());
    let (on, made, _) = of("", lines);
    assert_eq!((on[1].as_str(), made[0].as_str()), ("10.2.0.9 vrrp.5", "vrrp.5 on eth1 IPv4"));

    let all = lines.replace(" use_vmac", "");
    let (on, made, found) = of("vmac_addr_prefix vx", &format!("use_vmac_addr\n{all}"));
    assert_eq!(on[..4], ["10.1.0.9 -", "10.2.0.9 vx.5", "10.2.0.8 vx.5", "2001:db8::9 vx6.5"]);
    assert_eq!(made, ["vx.5 on eth1 IPv4", "vx6.5 on eth0 IPv6", "vx1.5 on eth1 IPv6"]);
    assert_eq!(found, Vec::<String>::new());

    let twice = "use_vmac\nvirtual_ipaddress {\n10.1.0.9 use_vmac\n}";
    let (on, made, found) = of("", twice);
    assert_eq!((on, made.len(), found), (vec!["10.1.0.9 -".to_owned()], 0, vec!["SF0606".to_owned()]));
}
