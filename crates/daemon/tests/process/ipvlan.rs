//! Virtual routers with an ipvlan of their own, on a kernel that has them.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::bench::{Bench, list};
use super::control::status;

fn instance(bench: &Bench) -> Value {
    status(bench)["vrrp"]["instances"][0].clone()
}

/// A link with all that `ip` tells of it.
fn link(bench: &Bench, name: &str) -> Value {
    list(bench, &format!("-d addr show dev {name}")).pop().unwrap_or_default()
}

fn addresses(link: &Value) -> Vec<String> {
    let all = link["addr_info"].as_array().into_iter().flatten();
    all.map(|one| format!("{}/{}", one["local"].as_str().unwrap(), one["prefixlen"])).collect()
}

/// The settings that a VMAC or its base would get, and the tables of the packet filter.
fn surroundings(bench: &Bench, links: &[&str]) -> (Vec<String>, String) {
    let names = ["arp_ignore", "arp_filter", "accept_local", "rp_filter", "promote_secondaries"];
    bench.inside(|| {
        let paths =
            links.iter().flat_map(|link| names.map(|name| format!("/proc/sys/net/ipv4/conf/{link}/{name}")));
        let settings = paths.map(|path| fs::read_to_string(path).unwrap()).collect();
        let tables = Command::new("nft").args(["list", "tables"]).output().unwrap();
        (settings, String::from_utf8(tables.stdout).unwrap())
    })
}

/// vrrp-behaviour §19.
/// As observed: B19-01.
#[test]
#[ignore = "needs a kernel with ipvlan"]
fn an_ipvlan_speaks_from_its_address_and_the_virtual_ones_are_on_its_base() {
    let test = "an_ipvlan_speaks_from_its_address_and_the_virtual_ones_are_on_its_base";
    let Some(bench) = Bench::new(test) else { return };
    for (words, name, length, flag) in [
        ("10.60.0.50", "vrrp.7", 32, None),
        ("10.60.0.50/24 bridge", "vrrp.7", 24, None),
        ("ip7 10.60.0.50/24 private", "ip7", 24, Some("private")),
        ("name ip8 vepa 10.60.0.50", "ip8", 32, Some("vepa")),
    ] {
        // What is configured besides does not replace it.
        bench.configure(&format!("use_ipvlan {words}\n mcast_src_ip 10.60.0.1"));
        let (before, none) = surroundings(&bench, &["default", "eth0"]);
        let daemon = bench.start(&[]).ready();
        bench.until("mastership", || instance(&bench)["state"] == "Master");
        let made = link(&bench, name);
        let information = &made["linkinfo"];
        assert_eq!(information["info_kind"], "ipvlan", "{made}");
        assert_eq!((&made["link"], &information["info_data"]["mode"]), (&"eth0".into(), &"l2".into()));
        for one in ["private", "vepa"] {
            let flagged = !information["info_data"][one].is_null();
            assert_eq!(flagged, flag == Some(one), "{words}: {made}");
        }
        assert_eq!(made["address"], link(&bench, "eth0")["address"], "{made}");
        assert!(addresses(&made).iter().any(|address| address.starts_with("fe80:")), "of the kernel: {made}");
        assert!(addresses(&made).contains(&format!("10.60.0.50/{length}")), "{made}");
        assert!(!addresses(&made).iter().any(|address| address.starts_with("10.60.0.100")), "{made}");
        bench.until("the address", || bench.has_address());
        assert_eq!(instance(&bench)["source"], "10.60.0.50");
        assert_eq!(surroundings(&bench, &[name, "eth0"]), (before, none));
        assert_eq!(daemon.stop(), Some(0));
        assert!(!bench.has_address());
        assert!(link(&bench, name).is_null(), "it goes at the end");
        bench.write("log", "");
    }
}

/// As observed: B19-01.
#[test]
#[ignore = "needs a kernel with ipvlan"]
fn an_ipvlan_for_ipv4_without_an_address_is_made_and_stays_in_fault() {
    let test = "an_ipvlan_for_ipv4_without_an_address_is_made_and_stays_in_fault";
    let Some(bench) = Bench::new(test) else { return };
    for more in ["", "mcast_src_ip 10.60.0.1"] {
        bench.configure(&format!("use_ipvlan\n {more}"));
        let daemon = bench.start(&[]).ready();
        bench.until("the link", || !link(&bench, "vrrp.7").is_null());
        bench.until("the fault", || instance(&bench)["state"] == "Fault");
        bench.await_log("an ipvlan for IPv4 needs an address; the instance stays in fault");
        assert_eq!(instance(&bench)["faults"][0]["NoSourceAddress"], "V4");
        assert_eq!(daemon.stop(), Some(0));
        assert!(link(&bench, "vrrp.7").is_null());
        bench.write("log", "");
    }
}

/// As observed: B19-01.
#[test]
#[ignore = "needs a kernel with ipvlan"]
fn an_ipvlan_for_ipv6_waits_for_the_link_local_address_that_the_kernel_gives_it() {
    let test = "an_ipvlan_for_ipv6_waits_for_the_link_local_address_that_the_kernel_gives_it";
    let Some(bench) = Bench::new(test) else { return };
    bench.configure("use_ipvlan");
    bench.write("conf", &bench.text("conf").replace("10.60.0.100/24", "fe80::100/64"));
    let daemon = bench.start(&[]).ready();
    // It has none before the kernel knows that nobody else does.
    bench.await_log("(VI_1) entering FAULT state");
    bench.until("mastership", || instance(&bench)["state"] == "Master");
    let source = instance(&bench)["source"].as_str().unwrap().to_owned();
    assert!(addresses(&link(&bench, "vrrp.7")).contains(&format!("{source}/64")));
    let base = || addresses(&link(&bench, "eth0"));
    assert!(!base().contains(&format!("{source}/64")), "another than its base's");
    bench.until("the virtual address", || base().contains(&"fe80::100/64".to_owned()));
    let unsent = |bench: &Bench| instance(bench)["counters"]["unsent"].as_u64().unwrap();
    let sent = |bench: &Bench| instance(bench)["counters"]["adverts_sent"].as_u64().unwrap();
    bench.until("adverts", || sent(&bench) > 5);
    assert_eq!(unsent(&bench), 0);
    assert_eq!(daemon.stop(), Some(0));
}

/// Differs: the kernel keeps one set of flags for all on one base, and keepalived does not say so.
///
/// As observed: B19-01.
#[test]
#[ignore = "needs a kernel with ipvlan"]
fn of_ipvlans_on_one_base_the_first_says_how_all_are() {
    let Some(bench) = Bench::new("of_ipvlans_on_one_base_the_first_says_how_all_are") else { return };
    bench.configure("use_ipvlan 10.60.0.50 private");
    let text = bench.text("conf");
    let second = text.split_once("vrrp_instance").unwrap().1;
    let second = second.replace("VI_1", "VI_2").replace("id 7", "id 8").replace("0.100/", "0.101/");
    let second = second.replace("10.60.0.50 private", "10.60.0.51 vepa");
    bench.write("conf", &format!("{text}vrrp_instance{second}"));
    let daemon = bench.start(&[]).ready();
    bench.await_log("(VI_2) the ipvlans on eth0 are all private, as that of VI_1, which is the first");
    for (number, address) in [(7, "10.60.0.50/32"), (8, "10.60.0.51/32")] {
        let name = format!("vrrp.{number}");
        bench.until(&name, || addresses(&link(&bench, &name)).contains(&address.to_owned()));
        let data = link(&bench, &name)["linkinfo"]["info_data"].clone();
        assert!(!data["private"].is_null() && data["vepa"].is_null(), "{data}");
    }
    assert_eq!(daemon.stop(), Some(0));
}
