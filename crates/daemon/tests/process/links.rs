//! Links of its own, what they need of the kernel, and what the packet filter holds: seen from beside it.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::bench::Bench;

fn ip(bench: &Bench, line: &str) {
    let status = bench.inside(|| Command::new("ip").args(line.split(' ')).status()).unwrap();
    assert!(status.success(), "ip {line}");
}

fn link(bench: &Bench, name: &str) -> Value {
    let output = bench.inside(|| Command::new("ip").args(["-d", "-j", "link", "show", "dev", name]).output());
    let all: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap_or_default();
    all[0].clone()
}

/// Settings of links, `ipv4/LINK/NAME` each.
fn settings<const N: usize>(bench: &Bench, names: [&str; N]) -> [String; N] {
    names.map(|name| {
        let (family, rest) = name.split_once('/').unwrap();
        let path = format!("/proc/sys/net/{family}/conf/{rest}");
        bench
            .inside(|| fs::read_to_string(&path))
            .unwrap_or_else(|why| panic!("{path}: {why}"))
            .trim()
            .to_owned()
    })
}

fn set(bench: &Bench, name: &str, value: &str) {
    let (family, rest) = name.split_once('/').unwrap();
    bench.inside(|| fs::write(format!("/proc/sys/net/{family}/conf/{rest}"), value)).unwrap();
}

/// Instances on `eth0`: a name, lines, and an address each.
fn configure(bench: &Bench, global: &str, instances: &[(&str, &str, &str)]) {
    let mut text = format!("global_defs {{\n script_user root\n {global}\n}}\n");
    for (name, lines, address) in instances {
        text += &format!(
            "vrrp_instance {name} {{\n interface eth0\n priority 100\n version 3\n advert_int 0.1\n {lines}\n \
             virtual_ipaddress {{\n  {address}\n }}\n}}\n"
        );
    }
    bench.write("conf", &text);
}

/// Once for each family, whose second cannot have the name of the first; one with a name of its own and the rest by a
/// prefix. The base's group is theirs unless they have one.
///
/// vrrp-behaviour §11.
/// As observed: B11-01.
#[test]
fn vmacs_have_the_names_addresses_and_groups_that_keepalived_gives_them() {
    let test = "vmacs_have_the_names_addresses_and_groups_that_keepalived_gives_them";
    let Some(bench) = Bench::new(test) else { return };
    ip(&bench, "link set eth0 group 7");
    let instances = [
        ("VI_1", "virtual_router_id 7\n use_vmac", "10.60.0.100/24"),
        ("VI_2", "virtual_router_id 7\n use_vmac", "fe80::100/64"),
        ("VI_3", "virtual_router_id 8\n use_vmac mine group 9", "10.60.0.101/24"),
    ];
    configure(&bench, "", &instances);
    let daemon = bench.start(&[]).ready();
    for name in ["VI_1", "VI_2", "VI_3"] {
        bench.await_log(&format!("({name}) Entering MASTER STATE"));
    }
    for (name, mac, group) in [
        ("vrrp.7", "00:00:5e:00:01:07", "7"),
        ("vrrp6.7", "00:00:5e:00:02:07", "7"),
        ("mine", "00:00:5e:00:01:08", "9"),
    ] {
        let shown = link(&bench, name);
        assert_eq!((&shown["address"], &shown["group"]), (&mac.into(), &group.into()), "{shown}");
        let info = &shown["linkinfo"];
        assert_eq!(
            (&info["info_kind"], &info["info_data"]["mode"]),
            (&"macvlan".into(), &"private".into()),
            "{shown}"
        );
        assert_eq!(
            (&shown["link"], &shown["inet6_addr_gen_mode"]),
            (&"eth0".into(), &"none".into()),
            "{shown}"
        );
    }
    assert_eq!(daemon.stop(), Some(0));
    for name in ["vrrp.7", "vrrp6.7", "mine"] {
        assert_eq!(link(&bench, name), Value::Null);
    }

    configure(&bench, "vmac_prefix ha", &instances[..1]);
    let daemon = bench.start(&[]).ready();
    bench.until("the other name", || link(&bench, "ha.7") != Value::Null);
    assert_eq!(daemon.stop(), Some(0));
}

/// A link that is as it would be made is taken over; one of that name that is not is somebody else's.
///
/// vrrp-behaviour §11.
/// As observed: B11-01.
#[test]
fn a_vmac_that_is_there_is_taken_over() {
    let Some(bench) = Bench::new("a_vmac_that_is_there_is_taken_over") else { return };
    ip(&bench, "link add vrrp.7 link eth0 address 00:00:5e:00:01:07 type macvlan mode private");
    let before = link(&bench, "vrrp.7")["ifindex"].clone();
    configure(&bench, "", &[("VI_1", "virtual_router_id 7\n use_vmac", "10.60.0.100/24")]);
    let daemon = bench.start(&[]).ready();
    bench.await_log("(VI_1) Entering MASTER STATE");
    assert_eq!(link(&bench, "vrrp.7")["ifindex"], before);
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(link(&bench, "vrrp.7"), Value::Null);
}

/// Differs: keepalived leaves the base's settings as it set them.
///
/// vrrp-behaviour §11.
/// As observed: B11-02, B11-03, B11-04.
#[test]
fn what_vmacs_need_of_the_kernel_is_there_while_they_are() {
    let Some(bench) = Bench::new("what_vmacs_need_of_the_kernel_is_there_while_they_are") else { return };
    const SHARED: [&str; 5] = [
        "ipv4/eth0/arp_ignore",
        "ipv4/eth0/arp_filter",
        "ipv4/all/rp_filter",
        "ipv4/default/rp_filter",
        "ipv4/eth0/rp_filter",
    ];
    for (name, value) in SHARED.iter().zip(["0", "0", "2", "0", "1"]) {
        set(&bench, name, value);
    }
    ip(&bench, "addr add fe80::1/64 dev eth0 nodad");
    let instances = [
        ("VI_1", "virtual_router_id 7\n use_vmac", "10.60.0.100/24"),
        ("VI_2", "virtual_router_id 8\n use_vmac", "fe80::100/64"),
    ];
    configure(&bench, "", &instances);
    let daemon = bench.start(&[]).ready();
    bench.await_log("(VI_1) Entering MASTER STATE");
    bench.await_log("(VI_2) Entering MASTER STATE");
    assert_eq!(settings(&bench, SHARED), ["1", "1", "0", "2", "2"]);
    let of_ipv4 = [
        "ipv4/vrrp.7/arp_ignore",
        "ipv4/vrrp.7/accept_local",
        "ipv4/vrrp.7/rp_filter",
        "ipv4/vrrp.7/promote_secondaries",
        "ipv6/vrrp.7/disable_ipv6",
    ];
    assert_eq!(settings(&bench, of_ipv4), ["1", "1", "0", "1", "1"]);
    let of_ipv6 = ["ipv4/vrrp.8/arp_ignore", "ipv6/vrrp.8/disable_ipv6"];
    assert_eq!(settings(&bench, of_ipv6), ["1", "0"]);
    let output =
        bench.inside(|| Command::new("ip").args(["-6", "-o", "addr", "show", "dev", "vrrp.8"]).output());
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    let own = text.lines().find(|line| line.contains("fe80::1/64")).unwrap_or_else(|| panic!("{text}"));
    assert!(own.contains("nodad") && own.contains("deprecated"), "{own}");
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(settings(&bench, SHARED), ["0", "0", "2", "0", "1"]);
}

/// The tables that keepalived 2.4.3 was recorded with, for the same instances; gone with the daemon.
///
/// vrrp-behaviour §11.
/// As observed: B11-05, B22.5-01.
#[test]
fn the_packet_filter_is_keepalived_s() {
    let Some(bench) = Bench::new("the_packet_filter_is_keepalived_s") else { return };
    let refusing = [
        ("v2", "version 2\n advert_int 1\n virtual_router_id 1\n no_accept", "10.1.0.100\n10.1.0.101"),
        ("strict", "virtual_router_id 2\n strict_mode", "10.1.0.103"),
        ("v6", "virtual_router_id 3\n no_accept", "fe80::55\n2001:db8:1::55"),
        ("open", "virtual_router_id 4\n accept", "10.1.0.104"),
        ("strict_open", "virtual_router_id 5\n strict_mode\n accept", "10.1.0.105"),
        ("owner", "virtual_router_id 6\n no_accept\n priority 255\n state MASTER", "10.1.0.106"),
    ];
    configure(&bench, "", &refusing);
    let daemon = bench.start(&[]).ready();
    for (name, ..) in refusing {
        bench.await_log(&format!("({name}) Entering MASTER STATE"));
    }
    let listed = || {
        let output = bench.inside(|| Command::new("nft").args(["list", "ruleset"]).output()).unwrap();
        words(&String::from_utf8(output.stdout).unwrap())
    };
    let recorded = words(include_str!("links/no_accept.nft"));
    bench.until("the last address", || listed().contains("fe80::55") && listed().contains("10.1.0.103"));
    assert_eq!(listed(), recorded);
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(listed(), "");
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As observed: B22.3-03.
#[test]
fn the_link_of_an_address_that_is_not_there_is_a_fault_until_it_is() {
    let Some(bench) = Bench::new("the_link_of_an_address_that_is_not_there_is_a_fault_until_it_is") else {
        return;
    };
    let address = "10.60.0.100/24\n  10.61.0.100/24 dev x0";
    configure(&bench, "", &[("VI_1", "virtual_router_id 7", address)]);
    let daemon = bench.start(&[]).ready();
    bench.await_log("(VI_1) entering FAULT state");
    ip(&bench, "link add x0 type veth peer name x1");
    ip(&bench, "link set x1 up");
    ip(&bench, "link set x0 up");
    bench.await_log("(VI_1) Entering MASTER STATE");
    assert_eq!(daemon.stop(), Some(0));
}
