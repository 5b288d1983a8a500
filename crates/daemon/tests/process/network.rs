//! What the daemon does to the network, and what it makes of what others do to it: seen from beside it.

use std::fs;

use serde_json::Value;

use super::bench::{Bench, Daemon, ip, list, programs};
use super::control::status;

/// `more` in the block of the instance, `global` in that of all.
fn configure(bench: &Bench, global: &str, more: &str) {
    bench.configure(more);
    let text = bench.text("conf").replace("script_user root\n", &format!("script_user root\n {global}\n"));
    bench.write("conf", &text);
}

fn instance(bench: &Bench) -> Value {
    status(bench)["vrrp"]["instances"][0].clone()
}

fn is(bench: &Bench, state: &str) -> bool {
    instance(bench)["state"] == state
}

fn end(bench: &Bench, daemon: Daemon<'_>) {
    assert_eq!(daemon.stop(), Some(0));
    assert!(!bench.has_address());
}

/// As observed: B10-01, B10-02, B10-03.
#[test]
fn what_a_file_leaves_out_is_filled_in_as_keepalived_does() {
    let Some(bench) = Bench::new("what_a_file_leaves_out_is_filled_in_as_keepalived_does") else { return };
    bench.configure(
        "virtual_ipaddress_excluded {\n 10.60.0.101\n 2001:db8::1\n }\n\
         virtual_routes {\n 198.51.100.0/24 dev eth0\n }\n\
         virtual_rules {\n from 10.60.0.100 table 100\n from 10.60.0.101 table 100\n }",
    );
    let daemon = bench.start(&[]).master();
    let length = |address: &str| {
        let links = list(&bench, "addr show dev eth0");
        let all = links[0]["addr_info"].as_array().unwrap();
        all.iter().find(|one| one["local"] == address).map(|one| one["prefixlen"].clone())
    };
    bench.until("the rules", || list(&bench, "rule show").len() == 5);
    for (address, wanted) in [("10.60.0.100", 24), ("10.60.0.101", 32), ("2001:db8::1", 128)] {
        assert_eq!(length(address), Some(wanted.into()), "{address}");
    }
    let route = list(&bench, "route show 198.51.100.0/24");
    assert_eq!(route[0]["protocol"], "keepalived", "{route:?}");
    let rules = list(&bench, "-d rule show");
    for preference in [16384, 16383] {
        bench.await_log(&format!("{preference}"));
    }
    let ours = rules.iter().filter(|rule| rule["protocol"] == "keepalived");
    let ours: Vec<_> = ours.map(|rule| (rule["priority"].clone(), rule["src"].clone())).collect();
    assert_eq!(ours, [(16383.into(), "10.60.0.101".into()), (16384.into(), "10.60.0.100".into())]);
    end(&bench, daemon);
}

/// Differs: keepalived wants `dynamic_interfaces` for it, and does not start without.
///
/// As observed: B22.3-03.
#[test]
fn an_interface_that_is_not_there_at_start_is_waited_for() {
    let Some(bench) = Bench::new("an_interface_that_is_not_there_at_start_is_waited_for") else { return };
    bench.configure("");
    bench.write("conf", &bench.text("conf").replace("interface eth0", "interface eth7"));
    let daemon = bench.start(&[]).ready();
    bench.until("the fault", || is(&bench, "Fault"));
    ip(&bench, "link add eth7 type veth peer name eth8");
    ip(&bench, "link set eth8 up");
    ip(&bench, "link set eth7 up");
    ip(&bench, "addr add 10.61.0.1/24 dev eth7");
    bench.until("mastership", || is(&bench, "Master"));
    assert_eq!(daemon.stop(), Some(0));
}

/// Differs: keepalived wants `dynamic_interfaces allow_if_changes` for it.
///
/// vrrp-behaviour §10.
#[test]
fn an_interface_that_comes_back_as_another_kind_is_the_same() {
    let Some(bench) = Bench::new("an_interface_that_comes_back_as_another_kind_is_the_same") else { return };
    bench.configure("use_vmac");
    let daemon = bench.start(&[]).ready();
    bench.until("mastership", || is(&bench, "Master"));
    ip(&bench, "link del eth0");
    bench.await_log("(VI_1) Entering FAULT STATE");
    for line in [
        "link add x0 type veth peer name x1",
        "link set x0 up",
        "link set x1 up",
        "link add eth0 link x0 type macvlan mode bridge",
        "link set eth0 up",
        "addr add 10.60.0.1/24 dev eth0",
    ] {
        ip(&bench, line);
    }
    bench.until("mastership", || is(&bench, "Master"));
    let held = list(&bench, "addr show dev vrrp.7");
    assert_eq!(held[0]["addr_info"][0]["local"], "10.60.0.100", "{held:?}");
    assert_eq!(daemon.stop(), Some(0));
}

/// As observed: B22.3-04.
#[test]
fn an_interface_that_gets_another_name_is_gone_until_it_has_its_own_again() {
    let Some(bench) = Bench::new("an_interface_that_gets_another_name_is_gone_until_it_has_its_own_again")
    else {
        return;
    };
    bench.configure("");
    let daemon = bench.start(&[]).master();
    ip(&bench, "link set eth0 down");
    ip(&bench, "link set eth0 name ethz");
    ip(&bench, "link set ethz up");
    bench.await_log("(VI_1) Entering FAULT STATE");
    bench.await_log("Interface eth0 deleted");
    bench.await_log("Interface ethz added");
    bench.await_log("Netlink reports ethz up");
    assert!(is(&bench, "Fault"));
    ip(&bench, "link set ethz down");
    ip(&bench, "link set ethz name eth0");
    ip(&bench, "link set eth0 up");
    bench.until("the address", || bench.has_address() && is(&bench, "Master"));
    end(&bench, daemon);
}

/// As observed: B22.3-05.
#[test]
fn with_dont_track_primary_a_link_that_is_down_costs_no_mastership() {
    let Some(bench) = Bench::new("with_dont_track_primary_a_link_that_is_down_costs_no_mastership") else {
        return;
    };
    bench.configure("dont_track_primary\n garp_master_delay 0");
    let daemon = bench.start(&[]).master();
    ip(&bench, "link set eth0 down");
    bench.await_log("(VI_1) send advert error 101 (Network is unreachable)");
    assert!(is(&bench, "Master"));
    let announced = "Sending gratuitous ARP on eth0";
    let known = bench.count(announced);
    ip(&bench, "link set eth0 up");
    bench.until("announcements of what is on a link that is up again", || bench.count(announced) > known);
    let unsent = |bench: &Bench| instance(bench)["counters"]["unsent"].as_u64().unwrap();
    let sent = |bench: &Bench| instance(bench)["counters"]["adverts_sent"].as_u64().unwrap() - unsent(bench);
    let before = sent(&bench);
    bench.until("adverts", || sent(&bench) > before + 2);
    assert_eq!(bench.count("Entering FAULT STATE"), 0);
    end(&bench, daemon);
}

/// As observed: B22.3-07.
#[test]
fn a_startup_delay_passes_before_the_master_down_time() {
    let Some(bench) = Bench::new("a_startup_delay_passes_before_the_master_down_time") else { return };
    bench.script("told", "#!/bin/sh\necho \"$*\" >> @/states\n");
    configure(&bench, "vrrp_startup_delay 1.5", "notify @/told");
    let began = linux::clock::now();
    let daemon = bench.start(&[]);
    bench.await_log("Delaying startup for 1.5 seconds");
    bench.await_log("(VI_1) Entering BACKUP STATE (init)");
    bench.until("the script", || bench.text("states") == "INSTANCE VI_1 BACKUP 100\n");
    assert_eq!(bench.count("Delayed start completed"), 0, "people are told at once");
    bench.await_log("Delayed start completed");
    assert_eq!(instance(&bench)["counters"]["adverts_sent"], 0);
    let daemon = daemon.master();
    let took = linux::clock::now().since(began).as_secs_f64();
    // Three intervals and the skew of priority 100.
    assert!(took > 1.5 + 0.36, "{took}");
    end(&bench, daemon);
}

/// As observed: B22.4-01.
#[test]
fn a_source_address_that_goes_is_replaced_by_the_next_without_a_word() {
    let Some(bench) = Bench::new("a_source_address_that_goes_is_replaced_by_the_next_without_a_word") else {
        return;
    };
    bench.configure("");
    ip(&bench, "addr add 10.62.0.1/24 dev eth0");
    let daemon = bench.start(&[]).master();
    assert_eq!(instance(&bench)["source"], "10.60.0.1");
    ip(&bench, "addr add 10.60.0.2/24 dev eth0");
    bench.inside(|| fs::write("/proc/sys/net/ipv4/conf/eth0/promote_secondaries", "1")).unwrap();
    ip(&bench, "addr del 10.60.0.1/24 dev eth0");
    bench.until("another source", || instance(&bench)["source"] != "10.60.0.1");
    assert!(is(&bench, "Master"));
    assert_eq!(bench.count("Entering FAULT STATE"), 0);
    for address in ["10.60.0.2/24", "10.62.0.1/24"] {
        ip(&bench, &format!("addr del {address} dev eth0"));
    }
    bench.await_log("(VI_1) Entering FAULT STATE");
    ip(&bench, "addr add 10.60.0.1/24 dev eth0");
    bench.until("mastership", || is(&bench, "Master") && bench.has_address());
    end(&bench, daemon);
}

/// Differs: in keepalived it is documented and without effect.
///
/// As observed: B22.4-02.
#[test]
fn a_tracked_source_address_is_a_fault_while_it_is_missing() {
    let Some(bench) = Bench::new("a_tracked_source_address_is_a_fault_while_it_is_missing") else { return };
    bench.configure("mcast_src_ip 10.60.0.9\n track_src_ip");
    let daemon = bench.start(&[]).ready();
    bench.until("the fault", || is(&bench, "Fault"));
    ip(&bench, "addr add 10.60.0.9/24 dev eth0");
    bench.until("mastership", || is(&bench, "Master"));
    assert_eq!(instance(&bench)["source"], "10.60.0.9");
    ip(&bench, "addr del 10.60.0.9/24 dev eth0");
    bench.until("the fault", || is(&bench, "Fault"));
    end(&bench, daemon);
}

/// However the source is given: to peers, over IPv6, and with a link of its own, on the base of which it is looked for.
///
/// As observed: B22.4-02.
#[test]
fn every_kind_of_source_can_be_tracked() {
    let Some(bench) = Bench::new("every_kind_of_source_can_be_tracked") else { return };
    ip(&bench, "addr add fe80::1/64 dev eth0 nodad");
    ip(&bench, "addr add 2001:db8::1/64 dev eth0 nodad");
    for (own, vip, source) in [
        ("unicast_src_ip 10.60.0.9\n unicast_peer {\n 10.60.0.2\n }", "10.60.0.100/24", "10.60.0.9/24"),
        (
            "unicast_src_ip 2001:db8::9\n unicast_peer {\n 2001:db8::2\n }",
            "2001:db8::100/64",
            "2001:db8::9/64",
        ),
        ("mcast_src_ip fe80::9", "fe80::100/64", "fe80::9/64"),
        ("mcast_src_ip 10.60.0.9\n use_vmac", "10.60.0.100/24", "10.60.0.9/24"),
        ("mcast_src_ip 10.60.0.9\n use_vmac\n vmac_xmit_base", "10.60.0.100/24", "10.60.0.9/24"),
        ("mcast_src_ip fe80::9\n use_vmac\n vmac_xmit_base", "fe80::100/64", "fe80::9/64"),
    ] {
        bench.configure(&format!("track_src_ip\n {own}"));
        bench.write("conf", &bench.text("conf").replace("10.60.0.100/24", vip));
        let daemon = bench.start(&[]).ready();
        bench.until(&format!("the fault of {own}"), || is(&bench, "Fault"));
        let nodad = if source.contains(':') { " nodad" } else { "" };
        ip(&bench, &format!("addr add {source} dev eth0{nodad}"));
        bench.until(&format!("mastership of {own}"), || is(&bench, "Master"));
        assert_eq!(instance(&bench)["source"], source.split('/').next().unwrap(), "{own}");
        ip(&bench, &format!("addr del {source} dev eth0"));
        bench.until(&format!("the fault of {own} again"), || is(&bench, "Fault"));
        assert_eq!(daemon.stop(), Some(0));
        fs::remove_file(bench.path("log")).unwrap();
    }
}

/// As observed: B22.4-03.
#[test]
fn a_unicast_source_that_is_not_there_at_start_is_waited_for() {
    let Some(bench) = Bench::new("a_unicast_source_that_is_not_there_at_start_is_waited_for") else { return };
    bench.configure("unicast_src_ip 10.60.0.9\n unicast_peer {\n 10.60.0.2\n }");
    let daemon = bench.start(&[]).master();
    assert_eq!(bench.count("Entering FAULT STATE"), 0);
    ip(&bench, "addr add 10.60.0.9/24 dev eth0");
    assert_eq!(instance(&bench)["source"], "10.60.0.9");
    let count = |name: &str| instance(&bench)["counters"][name].as_u64().unwrap();
    let (sent, unsent) = (count("adverts_sent"), count("unsent"));
    bench.until("adverts", || count("adverts_sent") > sent + 5);
    assert!(count("unsent") <= unsent + 1, "it speaks as soon as it can");
    end(&bench, daemon);
}

/// As observed: B22.5-02.
#[test]
fn secondaries_are_promoted_while_it_runs_and_no_longer() {
    let Some(bench) = Bench::new("secondaries_are_promoted_while_it_runs_and_no_longer") else { return };
    bench.configure("promote_secondaries");
    let setting = |link: &str| {
        let path = format!("/proc/sys/net/ipv4/conf/{link}/promote_secondaries");
        bench.inside(|| fs::read_to_string(path)).unwrap().trim().to_owned()
    };
    bench.inside(|| fs::write("/proc/sys/net/ipv4/conf/eth0/promote_secondaries", "0")).unwrap();
    let all = setting("all");
    let daemon = bench.start(&[]).master();
    assert_eq!((setting("eth0"), setting("all")), ("1".to_owned(), all.clone()));
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!((setting("eth0"), setting("all")), ("0".to_owned(), all));
}

/// A script or a BFD session with a weight is not tracked, a file's number is a fault. An interface counts all the same: as
/// keepalived, which says otherwise.
///
/// vrrp-behaviour §22.2.
/// As observed: B22.2-07.
#[test]
fn a_weight_that_a_member_of_a_group_gives_counts_for_nothing() {
    let Some(bench) = Bench::new("a_weight_that_a_member_of_a_group_gives_counts_for_nothing") else {
        return;
    };
    bench.configure("track_script {\n  s\n }");
    // Nor is it run, as nobody else tracks it.
    bench.script("run", "#!/bin/sh\necho >> @/runs\n");
    let script = "vrrp_script s {\n script @/run\n interval 1\n weight 10\n}\n";
    let group = "vrrp_sync_group G {\n group {\n  VI_1\n }\n}\n";
    bench.write("conf", &format!("{script}{}{group}", bench.text("conf")));
    let daemon = bench.start(&[]).master();
    assert_eq!(instance(&bench)["effective_priority"], 100);
    let why = "has a weight, and the instance is in a sync group";
    bench.await_log(&format!("(VI_1) s {why}; it is not tracked"));
    bench.await_log("Nothing tracks the script `s`");
    end(&bench, daemon);
    assert!(!bench.path("runs").exists());

    ip(&bench, "link add x0 type veth peer name x1");
    ip(&bench, "link set x0 up");
    ip(&bench, "link set x1 up");
    let own = "track_file {\n  f weight 1\n }\n track_interface {\n  x0 weight 6\n }";
    bench.configure(own);
    bench.write("number", "0");
    let file = "vrrp_track_file f {\n file @/number\n}\n";
    let alone = bench.text("conf");
    bench.write("conf", &format!("{file}{alone}{group}"));
    std::fs::remove_file(bench.path("log")).unwrap();
    let daemon = bench.start(&[]).master();
    assert_eq!(instance(&bench)["effective_priority"], 106);
    bench.await_log(&format!("(VI_1) f {why}; a number that is not 0 is a fault"));
    bench.await_log(&format!("(VI_1) x0 {why}; keepalived says so and obeys it all the same"));
    ip(&bench, "link set x1 down");
    bench.until("its points' end", || instance(&bench)["effective_priority"] == 100);
    assert_eq!(bench.count("Entering FAULT STATE"), 0);
    ip(&bench, "link set x1 up");
    bench.until("its points", || instance(&bench)["effective_priority"] == 106);
    bench.write("number", "3");
    bench.await_log("(VI_1) Entering FAULT STATE");
    assert_eq!(daemon.stop(), Some(0));

    // Each of two words lets the members keep their weights.
    for word in ["sync_group_tracking_weight", "global_tracking"] {
        let group = format!("vrrp_sync_group G {{\n {word}\n group {{\n  VI_1\n }}\n}}\n");
        bench.write("conf", &format!("{file}{alone}{group}"));
        std::fs::remove_file(bench.path("log")).unwrap();
        let daemon = bench.start(&[]).master();
        assert_eq!(instance(&bench)["effective_priority"], 109, "{word}");
        end(&bench, daemon);
    }
}

/// As observed: B22.2-08.
#[test]
fn the_link_of_a_static_address_is_a_fault_of_those_that_follow_it() {
    let Some(bench) = Bench::new("the_link_of_a_static_address_is_a_fault_of_those_that_follow_it") else {
        return;
    };
    ip(&bench, "link add x0 type veth peer name x1");
    ip(&bench, "link set x0 up");
    ip(&bench, "link set x1 up");
    // Whatever weight it had.
    bench.configure("track_interface {\n  x0 weight 6\n }");
    let statics = "track_group T {\n group {\n  VI_1\n }\n}\n\
                   static_ipaddress {\n 10.63.0.1/24 dev x0 track_group T\n}\n";
    bench.write("conf", &format!("{}{statics}", bench.text("conf")));
    let daemon = bench.start(&[]).master();
    ip(&bench, "link set x1 down");
    bench.await_log("(VI_1) Entering FAULT STATE");
    ip(&bench, "link set x1 up");
    bench.until("mastership", || is(&bench, "Master") && bench.has_address());
    end(&bench, daemon);
}

/// Whoever brings a change about is told of first, then its fellows, and the group last; only at the start the group comes
/// before its members. The same is asked of ours and of the distribution's.
///
/// vrrp-behaviour §13.
/// As observed: B13-01, B14-03.
#[test]
fn a_group_is_told_of_before_its_members_at_start_and_after_them_later() {
    const STORY: [&str; 6] = [
        "GROUP G BACKUP, INSTANCE VI_1 BACKUP, INSTANCE VI_2 BACKUP",
        "INSTANCE VI_2 MASTER, INSTANCE VI_1 MASTER, GROUP G MASTER",
        "INSTANCE VI_2 FAULT, INSTANCE VI_1 FAULT, GROUP G FAULT",
        "INSTANCE VI_2 BACKUP, INSTANCE VI_1 BACKUP, GROUP G BACKUP",
        "INSTANCE VI_2 MASTER, INSTANCE VI_1 MASTER, GROUP G MASTER",
        "INSTANCE VI_1 STOP, INSTANCE VI_2 STOP, GROUP G STOP",
    ];
    let test = "a_group_is_told_of_before_its_members_at_start_and_after_them_later";
    for program in programs() {
        let Some(bench) = Bench::new(test) else { return };
        ip(&bench, "link add x0 type veth peer name x1");
        ip(&bench, "link set x0 up");
        ip(&bench, "link set x1 up");
        // It reads on when keepalived, which does not wait for it, tells it to end.
        bench.script(
            "told",
            "#!/bin/sh\ntrap '' TERM\nwhile read -r line; do echo \"$line\"; done < \"$1\" >> @/read\n",
        );
        configure(&bench, "notify_fifo @/all\n notify_fifo_script @/told", "");
        let text = bench.text("conf");
        let second = text.split_once("vrrp_instance").unwrap().1;
        let second = second.replace("VI_1", "VI_2").replace("id 7", "id 8").replace("0.100/", "0.101/");
        // The last to want mastership, so that it brings it to the group.
        let second = second.replace("priority 100", "priority 50\n track_interface {\n x0\n }");
        let group = "vrrp_sync_group G {\n group {\n  VI_1\n  VI_2\n }\n}\n";
        bench.write("conf", &format!("{text}vrrp_instance{second}{group}"));
        let mut daemon = bench.spawn(&mut bench.command_of(program));
        let told = |state: &str, times: usize| {
            let line = format!("GROUP \"G\" {state} 0\n");
            bench.until(&line, || bench.text("read").matches(&line).count() == times);
        };
        told("MASTER", 1);
        ip(&bench, "link set x1 down");
        told("FAULT", 1);
        ip(&bench, "link set x1 up");
        told("MASTER", 2);
        daemon.signal("TERM");
        daemon.ended();
        told("STOP", 1);
        let log = bench.text("log");
        let goodbyes = ["(VI_1) sent 0 priority", "(VI_2) sent 0 priority"].map(|line| log.rfind(line));
        assert!(goodbyes[0].is_some() && goodbyes[0] < goodbyes[1], "in the order of the file: {log}");
        let words = bench.text("read").replace('"', "");
        let lines: Vec<&str> = words.lines().map(|line| line.rsplit_once(' ').unwrap().0).collect();
        let story: Vec<String> = lines.chunks(3).map(|three| three.join(", ")).collect();
        assert_eq!(story, STORY, "{program:?}");
    }
}

/// As keepalived 2.2.7: it sets the setting and puts it back. A reload cannot change it.
#[test]
fn the_kernel_reports_no_local_groups_while_it_runs_if_told_so() {
    let Some(bench) = Bench::new("the_kernel_reports_no_local_groups_while_it_runs_if_told_so") else {
        return;
    };
    let reports =
        || bench.inside(|| fs::read_to_string("/proc/sys/net/ipv4/igmp_link_local_mcast_reports")).unwrap();
    assert_eq!(reports(), "1\n");
    configure(&bench, "disable_local_igmp", "use_vmac");
    let daemon = bench.start(&[]).ready();
    assert_eq!(reports(), "0\n");
    bench.until("mastership", || is(&bench, "Master"));
    bench.configure("use_vmac");
    daemon.signal("HUP");
    bench.await_log("Cannot change disable_local_igmp at a reload");
    assert_eq!(reports(), "0\n");
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(reports(), "1\n");
}
