//! What a master holds: what an earlier life left of it, what others take away, and in which order it goes.

use std::process::Command;
use std::time::Duration;

use super::bench::{Bench, programs};
use super::control::status;

fn ip(bench: &Bench, line: &str) {
    let status = bench.inside(|| Command::new("ip").args(line.split(' ')).status()).unwrap();
    assert!(status.success(), "ip {line}");
}

fn lists(bench: &Bench, words: &str) -> String {
    let output = bench.inside(|| Command::new("ip").args(words.split(' ')).output()).unwrap();
    String::from_utf8(output.stdout).unwrap()
}

const HOLDS: &str = "virtual_ipaddress_excluded {\n 10.60.0.101/24\n 2001:db8::101/64\n }\n\
                     virtual_routes {\n 198.51.100.0/24 dev eth0\n 203.0.113.0/24 dev eth0 protocol static no_track\n }\n\
                     virtual_rules {\n from 10.60.0.100 table 100 priority 1000\n }";

/// The virtual address is the first on its link: it is not taken for the host's own.
///
/// vrrp-behaviour §4.2.
/// As observed: B4.2-02.
#[test]
fn what_an_earlier_life_left_goes_at_the_start_and_is_no_source() {
    let Some(bench) = Bench::new("what_an_earlier_life_left_goes_at_the_start_and_is_no_source") else {
        return;
    };
    bench.configure(HOLDS);
    bench.write("conf", &bench.text("conf").replace("advert_int 0.1", "advert_int 1"));
    for line in [
        "addr flush dev eth0",
        "addr add 10.60.0.100/24 dev eth0",
        "addr add 10.60.0.1/24 dev eth0",
        "addr add 10.60.0.101/24 dev eth0",
        "addr add 2001:db8::101/64 dev eth0",
        "route add 198.51.100.0/24 dev eth0 proto keepalived",
        "rule add from 10.60.0.100 table 100 priority 1000 proto keepalived",
    ] {
        ip(&bench, line);
    }
    bench.inside(|| std::fs::write("/proc/sys/net/ipv4/conf/eth0/promote_secondaries", "1")).unwrap();
    let daemon = bench.start(&[]).ready();
    bench.until("the end of what was left", || {
        let addresses = lists(&bench, "addr show dev eth0");
        let all = ["10.60.0.100/", "10.60.0.101/", "2001:db8::101/"];
        all.iter().all(|left| !addresses.contains(left))
            && lists(&bench, "route show 198.51.100.0/24").is_empty()
            && lists(&bench, "rule show priority 1000").is_empty()
    });
    let stands = status(&bench)["vrrp"]["instances"][0].clone();
    assert_eq!((&stands["state"], &stands["source"]), (&"Backup".into(), &"10.60.0.1".into()), "{stands}");
    let daemon = daemon.master();
    assert_eq!(daemon.stop(), Some(0));
}

/// Differs: keepalived steps down and is elected anew. What is not tracked stays away.
///
/// vrrp-behaviour §10.
/// As observed: B10-04.
#[test]
fn whatever_others_delete_comes_back_and_mastership_stays() {
    let Some(bench) = Bench::new("whatever_others_delete_comes_back_and_mastership_stays") else { return };
    bench.configure(HOLDS);
    let daemon = bench.start(&[]).master();
    bench.until("the rule", || !lists(&bench, "rule show priority 1000").is_empty());
    for (listing, deletion) in [
        ("addr show to 10.60.0.100", "addr del 10.60.0.100/24 dev eth0"),
        ("addr show to 10.60.0.101", "addr del 10.60.0.101/24 dev eth0"),
        ("addr show to 2001:db8::101", "addr del 2001:db8::101/64 dev eth0"),
        ("route show 198.51.100.0/24", "route del 198.51.100.0/24 dev eth0"),
        ("rule show priority 1000", "rule del priority 1000"),
    ] {
        let before = lists(&bench, listing);
        assert!(!before.is_empty(), "{listing}");
        ip(&bench, deletion);
        bench.until(listing, || lists(&bench, listing).lines().count() == before.lines().count());
    }
    assert_eq!(bench.count("Entering MASTER STATE"), 1);
    assert_eq!(bench.count("Entering BACKUP STATE"), 1);
    assert_eq!(daemon.stop(), Some(0));
}

/// As keepalived: "the address/route/rule will not be reinstated until the vrrp instance next transitions to master", which it
/// stays meanwhile. Seen of the distribution's with the same file and the same deletions.
///
/// vrrp-behaviour §10.
/// As observed: B10-06.
#[test]
fn what_is_not_tracked_stays_away_when_others_delete_it_and_mastership_stays() {
    let test = "what_is_not_tracked_stays_away_when_others_delete_it_and_mastership_stays";
    let Some(bench) = Bench::new(test) else { return };
    for program in programs() {
        bench.configure(
            "virtual_ipaddress_excluded {\n 10.60.0.101/24 no_track\n 2001:db8::101/64 no_track\n }\n\
             virtual_routes {\n 198.51.100.0/24 dev eth0 no_track\n }\n\
             virtual_rules {\n from 10.60.0.100 table 100 priority 1000 no_track\n }",
        );
        bench.write("log", "");
        let mut command = bench.command_of(program);
        let mut daemon = bench.spawn(&mut command).master();
        bench.until("the rule", || !lists(&bench, "rule show priority 1000").is_empty());
        let deletions = [
            ("addr show to 10.60.0.101", "addr del 10.60.0.101/24 dev eth0"),
            ("addr show to 2001:db8::101", "addr del 2001:db8::101/64 dev eth0"),
            ("route show 198.51.100.0/24", "route del 198.51.100.0/24 dev eth0"),
            ("rule show priority 1000", "rule del priority 1000"),
        ];
        for (listing, deletion) in deletions {
            assert!(!lists(&bench, listing).is_empty(), "{listing}");
            ip(&bench, deletion);
        }
        let later = linux::clock::now() + Duration::from_secs(1);
        bench.until("a second", || linux::clock::now() > later);
        for (listing, _) in deletions {
            assert!(lists(&bench, listing).is_empty(), "{program:?}: {listing}");
        }
        assert_eq!(bench.count("Entering MASTER STATE"), 1, "{}", bench.text("log"));
        // A link that goes down and comes up costs mastership, and with the next all is back.
        ip(&bench, "link set eth1 down");
        bench.await_log("(VI_1) Entering FAULT STATE");
        ip(&bench, "link set eth1 up");
        bench.until("all of it", || deletions.iter().all(|(listing, _)| !lists(&bench, listing).is_empty()));
        daemon.signal("TERM");
        daemon.ended();
    }
}

/// The kernel leads packets where it does with the distribution's, which puts all of them there.
///
/// vrrp-behaviour §17.2.
/// As observed: B17-05.
#[test]
fn routes_of_one_file_with_one_key_lead_where_keepalived_s_do() {
    let Some(bench) = Bench::new("routes_of_one_file_with_one_key_lead_where_keepalived_s_do") else {
        return;
    };
    ip(&bench, "addr add 2001:db8:1::1/64 dev eth0 nodad");
    let mut seen = Vec::new();
    for program in programs() {
        bench.configure(
            "virtual_routes {\n 198.51.100.0/24 via 10.60.0.7 dev eth0 append\n \
             198.51.100.0/24 via 10.60.0.8 dev eth0 append\n 203.0.113.0/24 via 10.60.0.7 dev eth0\n \
             203.0.113.0/24 via 10.60.0.8 dev eth0\n 2001:db8:9::/64 via 2001:db8:1::7 dev eth0\n \
             2001:db8:9::/64 via 2001:db8:1::8 dev eth0 append\n }",
        );
        bench.write("log", "");
        let mut daemon = bench.spawn(&mut bench.command_of(program)).master();
        bench.until("the routes", || lists(&bench, "-6 route show 2001:db8:9::/64").contains("::8"));
        for (destination, hop) in [("198.51.100.9", "via 10.60.0.7"), ("203.0.113.9", "via 10.60.0.8")] {
            let way = lists(&bench, &format!("route get {destination}"));
            assert!(way.contains(hop), "{program:?}: {way}");
        }
        seen.push(lists(&bench, "-6 route show 2001:db8:9::/64"));
        assert_eq!(seen[0].matches("nexthop").count(), 2, "{seen:?}");
        daemon.signal("TERM");
        daemon.ended();
        let left =
            lists(&bench, "route show 198.51.100.0/24") + &lists(&bench, "-6 route show 2001:db8:9::/64");
        assert_eq!(left, "", "{program:?}");
    }
    assert!(seen.iter().all(|routes| *routes == seen[0]), "{seen:?}");
}

/// As keepalived: rules, then routes, then addresses; each router says goodbye first, and scripts are told last.
///
/// vrrp-behaviour §13.
/// As observed: B13-01.
#[test]
fn the_stop_takes_everything_away_in_keepalived_s_order() {
    let Some(bench) = Bench::new("the_stop_takes_everything_away_in_keepalived_s_order") else { return };
    bench.script(
        "told",
        "#!/bin/sh\ntest -z \"$(ip -4 addr show to 10.60.0.100)\" && echo \"$*\" >> @/after\n",
    );
    bench.configure(&format!("{HOLDS}\n use_vmac\n notify_stop @/told"));
    let daemon = bench.start(&[]).ready();
    bench.until("mastership", || status(&bench)["vrrp"]["instances"][0]["state"] == "Master");
    bench.until("the rule", || !lists(&bench, "rule show priority 1000").is_empty());
    let heard = std::fs::File::create(bench.path("heard")).unwrap();
    let mut monitor = Command::new("ip");
    monitor.args(["monitor", "link", "address", "route", "rule"]).stdout(heard);
    let mut monitor = bench.inside(|| monitor.spawn()).unwrap();
    // It says nothing when it begins to listen.
    bench.until("the monitor", || {
        ip(&bench, "link set eth1 alias heard");
        !bench.text("heard").is_empty()
    });
    assert_eq!(daemon.stop(), Some(0));
    bench.until("the end of the link", || {
        bench.text("heard").lines().any(|line| line.starts_with("Deleted") && line.contains("vrrp.7@eth0"))
    });
    let _ = monitor.kill();
    let _ = monitor.wait();
    assert_ne!(bench.text("after"), "", "scripts come when all is gone");
    let heard = bench.text("heard");
    let lines: Vec<&str> = heard.lines().collect();
    let at = |words: &[&str]| {
        let place = lines.iter().position(|line| words.iter().all(|word| line.contains(word)));
        place.unwrap_or_else(|| panic!("no {words:?} in\n{}", lines.join("\n")))
    };
    let order = [
        at(&["Deleted", "1000:"]),
        at(&["Deleted", "198.51.100.0/24"]),
        at(&["Deleted", "10.60.0.100/24"]),
        at(&["Deleted", "vrrp.7@eth0"]),
    ];
    assert!(order.is_sorted(), "{order:?} of\n{}", lines.join("\n"));
    let log = bench.text("log");
    assert!(log.find("sent 0 priority") < log.find("removing VIPs"), "{log}");
}
