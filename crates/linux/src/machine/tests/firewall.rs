//! The packet filter, as `nft` shows it and as packets feel it.

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr, UdpSocket};
use std::process::{Command, Stdio};

use host::firewall::{FilterTable, FirewallOp, Ipv4Filter, Ipv6Filter};
use host::{Firewall, LinkIndex, LinkName, Refusal, Ticket};

use super::network::settled;
use crate::testbed::{Host, ip, with_two_hosts};

fn table() -> FilterTable {
    FilterTable { name: "keepalived".into(), priority: -1, counters: false, ipv4: None, ipv6: None }
}

fn v4(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn v6(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

fn perform(host: &mut Host, op: FirewallOp) -> Result<(), Refusal> {
    host.enter();
    host.machine.filter(Ticket(1), op);
    let [(Ticket(1), result)] = &settled(&host.settle())[..] else { panic!("no answer") };
    result.clone()
}

fn install(host: &mut Host, table: &FilterTable) {
    assert_eq!(perform(host, FirewallOp::Install(table.clone())), Ok(()));
}

/// What `nft` lists where the thread is, words apart by one space.
fn listed() -> String {
    let output = Command::new("nft").args(["list", "ruleset"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    words(&String::from_utf8(output.stdout).unwrap())
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn nft(script: &str) {
    let mut nft = Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    nft.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(nft.wait().unwrap().success());
}

/// Recorded from Keepalived 2.4.3 (four instances without accept).
///
/// vrrp-behaviour §11.
/// As observed: B11-05.
#[test]
fn addresses_that_are_not_accepted_are_dropped_as_keepalived_drops_them() {
    with_two_hosts("addresses_that_are_not_accepted_are_dropped_as_keepalived_drops_them", |a, _| {
        let ipv4 = Ipv4Filter {
            dropped: ["10.1.0.100", "10.1.0.101", "10.1.0.103"].map(v4).into(),
            ..Ipv4Filter::default()
        };
        let ipv6 = Ipv6Filter {
            dropped: [v6("2001:db8:1::55")].into(),
            link_local: [(v6("fe80::55"), a.link)].into(),
            ..Ipv6Filter::default()
        };
        install(a, &FilterTable { ipv4: Some(ipv4), ipv6: Some(ipv6), ..table() });
        assert_eq!(listed(), words(include_str!("firewall/no_accept.nft")));
        assert_eq!(perform(a, FirewallOp::Remove("keepalived".into())), Ok(()));
        assert_eq!(listed(), "");
        assert_eq!(perform(a, FirewallOp::Remove("keepalived".into())), Ok(()), "what is not there counts");
    });
}

/// Recorded from Keepalived 2.2.7 (a VMAC for IPv4 and one for IPv6, with counters), with what 2.4.3 added for bases.
///
/// vrrp-behaviour §11.
#[test]
fn vmacs_are_kept_from_speaking_as_keepalived_keeps_them() {
    with_two_hosts("vmacs_are_kept_from_speaking_as_keepalived_keeps_them", |a, _| {
        a.enter();
        ip("link add vrrp.51 link a0 address 00:00:5e:00:01:33 type macvlan mode private");
        ip("link add vrrp.52 link a0 address 00:00:5e:00:02:34 type macvlan mode private");
        let link = |name: &str| LinkIndex(nix::net::if_::if_nametoindex(name).unwrap());
        let ipv4 =
            Ipv4Filter { dropped: [v4("10.1.0.100")].into(), vmacs: [(link("vrrp.51"), a.link)].into() };
        let name = LinkName::new("vrrp.52").unwrap();
        let ipv6 = Ipv6Filter {
            dropped: [v6("2001:db8:1::55")].into(),
            link_local: [(v6("fe80::55"), link("vrrp.52"))].into(),
            link_local_by_name: [(v6("fe80::56"), name.clone())].into(),
            vmacs: [(link("vrrp.52"), a.link)].into(),
            of_bases: [(v6("fe80::a"), name)].into(),
        };
        install(a, &FilterTable { counters: true, ipv4: Some(ipv4), ipv6: Some(ipv6), ..table() });
        // The host speaks meanwhile.
        let counted = listed();
        let mut shown: Vec<&str> = counted.split(' ').collect();
        for place in 1..shown.len() {
            if matches!(shown[place - 1], "packets" | "bytes") {
                shown[place] = "0";
            }
        }
        assert_eq!(shown.join(" "), words(include_str!("firewall/vmac.nft")));
    });
}

#[test]
fn a_table_takes_the_place_of_the_one_before_whatever_was_done_to_it() {
    with_two_hosts("a_table_takes_the_place_of_the_one_before_whatever_was_done_to_it", |a, _| {
        a.enter();
        nft("add table ip keepalived\nadd chain ip keepalived mine\nadd table inet theirs");
        let with = |addresses: &[&str]| FilterTable {
            ipv4: Some(Ipv4Filter {
                dropped: addresses.iter().map(|one| v4(one)).collect(),
                ..Ipv4Filter::default()
            }),
            ..table()
        };
        install(a, &with(&["10.1.0.100"]));
        let first = listed();
        assert!(first.contains("table inet theirs") && !first.contains("mine"), "{first}");
        install(a, &with(&["10.1.0.101", "10.1.0.102"]));
        assert_eq!(listed(), first.replace("{ 10.1.0.100 }", "{ 10.1.0.101, 10.1.0.102 }"));
        // Another worker that knows nothing of it.
        a.machine = crate::Machine::open().unwrap();
        install(a, &with(&["10.1.0.100"]));
        assert_eq!(listed(), first);
        for damage in
            ["flush ruleset", "flush table ip keepalived", "delete element ip keepalived vips { 10.1.0.100 }"]
        {
            nft(damage);
            install(a, &with(&["10.1.0.102"]));
            install(a, &with(&["10.1.0.100"]));
            assert!(listed().contains("elements = { 10.1.0.100 }"), "{damage}: {}", listed());
        }
        install(a, &FilterTable { priority: 5, counters: true, ..with(&["10.1.0.100"]) });
        let other = listed();
        assert!(
            other.contains("priority filter + 5;") && other.contains("counter packets 0 bytes 0 drop"),
            "{other}"
        );
    });
}

/// As keepalived does not: it must be restarted after a firewall was.
#[test]
fn a_table_that_somebody_removes_is_put_back() {
    with_two_hosts("a_table_that_somebody_removes_is_put_back", |a, _| {
        let ipv4 = Ipv4Filter { dropped: [v4("10.1.0.100")].into(), ..Ipv4Filter::default() };
        install(a, &FilterTable { ipv4: Some(ipv4), ..table() });
        let first = listed();
        for damage in ["flush ruleset", "delete table ip keepalived"] {
            nft(damage);
            assert_eq!(listed(), "");
            a.settle();
            assert_eq!(listed(), first);
        }
        // Our own removal is none of somebody's.
        assert_eq!(perform(a, FirewallOp::Remove("keepalived".into())), Ok(()));
        a.settle();
        assert_eq!(listed(), "");
    });
}

/// R9568-6.1-02: "Note: IPv6 Neighbor Solicitations and Neighbor Advertisements MUST NOT be dropped when Accept_Mode
/// is False."
/// R9568-6.4.3-06 (Accept_Mode is False): "It MUST NOT drop IPv6 Neighbor Solicitations and Neighbor Advertisements."
/// R9568-6.4.3-09 (packets addressed to the IPvX address(es): "Otherwise, it MUST NOT accept these packets."
#[test]
fn packets_to_a_dropped_address_do_not_come_in_and_neighbours_find_it_all_the_same() {
    let test = "packets_to_a_dropped_address_do_not_come_in_and_neighbours_find_it_all_the_same";
    with_two_hosts(test, |a, b| {
        a.ip("addr add 10.1.0.100/32 dev a0");
        a.ip("addr add 2001:db8::100/64 dev a0 nodad");
        a.ip("addr add fe80::100/128 dev a0 nodad");
        b.ip("addr add 2001:db8::2/64 dev b0 nodad");
        let ipv4 = Ipv4Filter { dropped: [v4("10.1.0.100")].into(), ..Ipv4Filter::default() };
        let name = LinkName::new("a0").unwrap();
        let ipv6 = Ipv6Filter {
            dropped: [v6("2001:db8::100")].into(),
            link_local_by_name: [(v6("fe80::100"), name)].into(),
            ..Ipv6Filter::default()
        };
        let closed = FilterTable { ipv4: Some(ipv4), ipv6: Some(ipv6), ..table() };
        let received = |a: &Host, b: &Host, to: &str| {
            a.enter();
            let at = if to.contains(':') { "[::]:7777" } else { "0.0.0.0:7777" };
            let socket = UdpSocket::bind(at).unwrap();
            socket.set_read_timeout(Some(std::time::Duration::from_millis(300))).unwrap();
            b.enter();
            let from = if to.contains(':') { "[::]:0" } else { "0.0.0.0:0" };
            UdpSocket::bind(from).unwrap().send_to(b"hello", to).unwrap();
            socket.recv(&mut [0; 16]).is_ok()
        };
        let scoped = format!("[fe80::100%{}]:7777", b.link.0);
        for to in ["10.1.0.100:7777", "[2001:db8::100]:7777", &scoped] {
            b.ip("neigh flush all");
            assert!(received(a, b, to), "{to} is open");
            install(a, &closed);
            b.ip("neigh flush all");
            assert!(!received(a, b, to), "{to} is closed");
            assert!(b.ip("neigh").contains("lladdr 02:00:00:00:00:0a"), "{to}: {}", b.ip("neigh"));
            assert_eq!(perform(a, FirewallOp::Remove("keepalived".into())), Ok(()));
        }
        install(a, &closed);
        assert!(received(a, b, "10.1.0.1:7777"), "its own address is open");
    });
}

/// A switch must learn the virtual Ethernet address from the master alone.
///
/// As observed: B11-06.
#[test]
fn reports_of_group_membership_leave_by_the_base() {
    with_two_hosts("reports_of_group_membership_leave_by_the_base", |a, b| {
        a.enter();
        ip("link add vrrp.51 link a0 address 00:00:5e:00:01:33 type macvlan mode private");
        let vmac = LinkIndex(nix::net::if_::if_nametoindex("vrrp.51").unwrap());
        let ipv4 = Ipv4Filter { vmacs: [(vmac, a.link)].into(), ..Ipv4Filter::default() };
        install(a, &FilterTable { ipv4: Some(ipv4), ..table() });
        let mut capture = b.capture();
        a.ip("link set vrrp.51 up");
        a.ip("addr add 10.1.0.50/32 dev vrrp.51");
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        socket.join_multicast_v4(&v4("224.1.2.3"), &v4("10.1.0.50")).unwrap();
        let mut reports = Vec::new();
        for _ in 0..50 {
            reports.extend(capture.raw(0x0800).into_iter().filter(|frame| frame.get(23) == Some(&2)));
            if !reports.is_empty() {
                break;
            }
        }
        assert!(!reports.is_empty(), "no report came");
        for frame in reports {
            assert_eq!(frame[6..12], [2, 0, 0, 0, 0, 0x0a], "from the base: {frame:02x?}");
        }
    });
}

/// Two thousand addresses need several messages for one set.
#[test]
fn many_addresses_are_dropped_and_more_are_added() {
    with_two_hosts("many_addresses_are_dropped_and_more_are_added", |a, _| {
        let mut half = Ipv4Filter::default();
        for number in 0..2000_u16 {
            let [high, low] = number.to_be_bytes();
            half.dropped.insert(Ipv4Addr::new(10, 7, high, low));
        }
        install(a, &FilterTable { ipv4: Some(half.clone()), ..table() });
        half.dropped.insert(v4("10.8.0.99"));
        half.dropped.remove(&v4("10.7.0.0"));
        install(a, &FilterTable { ipv4: Some(half), ..table() });
        let shown = listed();
        assert!(shown.contains("10.7.7.207") && shown.contains("10.8.0.99") && !shown.contains("10.7.0.0,"));
    });
}
