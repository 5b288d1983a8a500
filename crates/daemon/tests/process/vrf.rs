//! Virtual routers in a virtual routing domain, on a kernel that has them.

use serde_json::Value;

use super::bench::{Bench, ip, list};
use super::control::status;

/// A host whose `eth0` is in the domain `v0`, with table 1001.
fn host(test: &str) -> Option<Bench> {
    let bench = Bench::new(test)?;
    ip(&bench, "link add v0 type vrf table 1001");
    ip(&bench, "link set v0 up");
    ip(&bench, "link set eth0 master v0");
    Some(bench)
}

fn instance(bench: &Bench) -> Value {
    status(bench)["vrrp"]["instances"][0].clone()
}

fn is(bench: &Bench, state: &str) -> bool {
    instance(bench)["state"] == state
}

/// The domain that a link is in.
fn domain(bench: &Bench, link: &str) -> Value {
    list(bench, &format!("link show dev {link}"))[0]["master"].clone()
}

fn has_route(bench: &Bench, words: &str) -> bool {
    !list(bench, &format!("route show {words}")).is_empty()
}

/// Adverts leave.
fn speaks(bench: &Bench) {
    let count = |name: &str| instance(bench)["counters"][name].as_u64().unwrap();
    let (sent, unsent) = (count("adverts_sent"), count("unsent"));
    bench.until("adverts", || count("adverts_sent") > sent + 5);
    assert_eq!(count("unsent"), unsent);
}

/// vrrp-behaviour §15, §20.
/// As observed: B15-01, B20-01.
#[test]
#[ignore = "needs a kernel with VRF"]
fn a_virtual_router_on_a_link_of_a_domain_is_as_any_other() {
    let Some(bench) = host("a_virtual_router_on_a_link_of_a_domain_is_as_any_other") else { return };
    let unicast = "unicast_src_ip 10.60.0.1\n unicast_peer {\n 10.60.0.2\n }";
    for more in ["", unicast] {
        let routes = "virtual_routes {\n 198.51.100.0/24 via 10.60.0.2 dev eth0\n \
                      203.0.113.0/24 via 10.60.0.2 dev eth0 vrf v0\n }";
        bench.configure(&format!("{more}\n {routes}"));
        let daemon = bench.start(&[]).ready();
        bench.until("mastership", || is(&bench, "Master"));
        for route in [
            // The kernel's, and what the words say.
            "table 1001 type local 10.60.0.100",
            "table main 198.51.100.0/24",
            "table 1001 203.0.113.0/24",
        ] {
            bench.until(route, || has_route(&bench, route));
        }
        speaks(&bench);
        assert_eq!(daemon.stop(), Some(0));
        assert!(!bench.has_address());
        assert!(!has_route(&bench, "table main 198.51.100.0/24"));
        bench.write("log", "");
    }
}

/// As keepalived since 2.4.3; 2.2.7 leaves the one for IPv6 in FAULT.
///
/// As observed: B20-01.
#[test]
#[ignore = "needs a kernel with VRF"]
fn a_link_that_is_put_into_a_domain_or_out_of_it_takes_its_vmacs_along() {
    let test = "a_link_that_is_put_into_a_domain_or_out_of_it_takes_its_vmacs_along";
    let Some(bench) = host(test) else { return };
    for address in ["10.60.0.100/24", "fe80::100/64"] {
        bench.configure("use_vmac");
        bench.write("conf", &bench.text("conf").replace("10.60.0.100/24", address));
        let daemon = bench.start(&[]).ready();
        bench.until("mastership", || is(&bench, "Master"));
        assert_eq!((domain(&bench, "eth0"), domain(&bench, "vrrp.7")), ("v0".into(), "v0".into()));
        for (order, wanted) in [("nomaster", Value::Null), ("master v0", "v0".into())] {
            let faults = bench.count("(VI_1) Entering FAULT STATE");
            ip(&bench, &format!("link set eth0 {order}"));
            // The kernel takes the link down and up.
            bench.until("the fault", || bench.count("(VI_1) Entering FAULT STATE") > faults);
            bench.until("the VMAC", || domain(&bench, "vrrp.7") == wanted);
            bench.until("mastership", || is(&bench, "Master"));
            let held = || {
                let links = list(&bench, "addr show dev vrrp.7");
                links[0]["addr_info"].as_array().is_some_and(|all| {
                    all.iter().any(|one| address.starts_with(one["local"].as_str().unwrap_or("?")))
                })
            };
            bench.until("the address", held);
            speaks(&bench);
        }
        assert_eq!(daemon.stop(), Some(0));
        bench.write("log", "");
    }
}

/// As keepalived since 2.4.3; 2.2.7 knows no interface then.
///
/// As observed: B15-01, B20-01.
#[test]
#[ignore = "needs a kernel with VRF"]
fn a_domain_stands_for_the_interface_of_a_unicast_instance() {
    let test = "a_domain_stands_for_the_interface_of_a_unicast_instance";
    for (ours, theirs, virtual_address) in
        [("10.60.0.1", "10.60.0.2", "10.60.0.100/24"), ("2001:db8::1", "2001:db8::2", "2001:db8::100/64")]
    {
        let (Some(bench), Some(rival)) = (host(test), Bench::new(test)) else { return };
        bench.send_link("eth1", &rival, "far");
        ip(&bench, "addr add 2001:db8::1/64 dev eth0 nodad");
        for line in [
            "link set eth0 down",
            "link set far up",
            "addr add 10.60.0.2/24 dev far",
            "addr add 2001:db8::2/64 dev far nodad",
        ] {
            ip(&rival, line);
        }
        let configure = |bench: &Bench, place: &str, (own, other): (&str, &str), priority: u8| {
            bench.configure(&format!(
                "unicast_src_ip {own}\n unicast_peer {{\n {other}\n }}\n check_unicast_src"
            ));
            let text = bench.text("conf").replace("interface eth0", place);
            let text = text.replace("10.60.0.100/24", &format!("{virtual_address} dev eth0"));
            bench.write("conf", &text.replace("priority 100", &format!("priority {priority}")));
        };
        configure(&bench, "vrf v0", (ours, theirs), 100);
        let has_address = || {
            let address = virtual_address.split('/').next().unwrap();
            let links = list(&bench, "addr show dev eth0");
            links[0]["addr_info"].as_array().unwrap().iter().any(|one| one["local"] == address)
        };
        let daemon = bench.start(&[]).ready();
        bench.until("mastership", || is(&bench, "Master") && has_address());
        speaks(&bench);
        // They hear one another.
        configure(&rival, "interface far", (theirs, ours), 200);
        let text = rival.text("conf").replace("dev eth0", "dev far");
        rival.write("conf", &text);
        let other = rival.start(&[]).ready();
        bench.until("the better one", || is(&bench, "Backup") && !has_address());
        assert_eq!(instance(&bench)["master"][0], theirs);
        ip(&bench, "link set v0 down");
        bench.await_log("(VI_1) Entering FAULT STATE");
        ip(&bench, "link set v0 up");
        bench.until("its return", || is(&bench, "Backup"));
        bench.until("the better one", || instance(&bench)["master"][0] == theirs);
        assert_eq!(other.stop(), Some(0));
        bench.until("mastership", || is(&bench, "Master") && has_address());
        assert_eq!(daemon.stop(), Some(0));
        assert!(!has_address());
    }
}
