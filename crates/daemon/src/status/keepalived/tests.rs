use config::{Assumed, InMemory, Request};
use host::{Engine, Instant, LinkName};
use linux::clock::WallTime;
use vrrp::config::Priority;
use vrrp::notice::State;
use vrrp::{Event, Router};

use super::*;

const TEXT: &str = "vrrp_instance I1 {\n interface eth0\n state MASTER\n \
    virtual_router_id 11\n priority 100\n version 2\n garp_master_delay 1\n authentication {\n  auth_type PASS\n  \
    auth_pass secret\n }\n virtual_ipaddress {\n  10.1.0.100/24 brd 10.1.0.255 label eth0:v1\n }\n \
    virtual_ipaddress_excluded {\n  10.9.0.1\n  2001:db8::55/64\n  2001:db8::56\n }\n notify \"/etc/keepalived/args.sh IN\"\n}\n";

/// How an instance of the file above could stand.
fn instance() -> (vrrp::Status, Effective) {
    let loaded = config::load(&Request::new("conf"), &InMemory::one("conf", TEXT), &Assumed::default());
    let effective = loaded.effective.expect("the file is good");
    let config = &effective.vrrp;
    let mut router = Router::default();
    router.handle(Event::Configured(Box::new(config.clone())), Instant::ZERO, &mut Vec::new());
    let mut status = router.status(Instant::ZERO);
    let instance = &mut status.instances[0];
    instance.state = State::Master;
    instance.since = Instant::from_millis(5_000);
    instance.effective_priority = Priority(104);
    instance.source = Some("10.1.0.1".parse().unwrap());
    let link = LinkName::new("eth0").unwrap();
    instance.addresses = vec![(config.instances[0].addresses[0].prefix, link, true)];
    let counters = &mut instance.counters;
    (counters.adverts_received, counters.adverts_sent) = (12, 50);
    (counters.became_master, counters.released_master) = (6, 5);
    (counters.release_received, counters.release_sent) = (1, 4);
    (status, effective)
}

fn report<'a>(status: &'a vrrp::Status, effective: &'a Effective) -> Report<'a> {
    Report { status, bfd: None, check: None, effective, moment: moment() }
}

fn moment() -> Moment {
    Moment { now: Instant::from_millis(7_500), wall: WallTime { seconds: 1_795_357_569, nanos: 961_427_000 } }
}

/// Recorded from keepalived 2.4.3, but for the numbers.
#[test]
fn statistics_are_laid_out_as_upstreams() {
    let (status, _) = instance();
    let expected = "\
VRRP Instance: I1
  Advertisements:
    Received: 12
    Sent: 50
  Became master: 6
  Released master: 5
  Packet Errors:
    Length: 0
    TTL: 0
    Invalid Type: 0
    Advertisement Interval: 0
    Address List: 0
  Authentication Errors:
    Invalid Type: 0
    Type Mismatch: 0
    Failure: 0
  Authentication Extension Errors:
    Missing: 0
    Malformed: 0
    Unknown Key: 0
    Invalid HMAC: 0
    Stale: 0
    Replay: 0
  Priority Zero:
    Received: 1
    Sent: 4
";
    assert_eq!(stats(&status), expected);
}

#[test]
fn json_has_upstreams_names_and_no_password() {
    let (status, effective) = instance();
    let text = json(&report(&status, &effective), 1);
    assert!(text.ends_with("}}]\n") && text.contains(r"'\/etc\/keepalived\/args.sh' 'IN'"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let data = &json[0]["data"];
    for (name, value) in [
        ("iname", serde_json::json!("I1")),
        ("ifp_ifname", "eth0".into()),
        ("last_transition", 1_795_357_567.461_427.into()),
        ("garp_delay", 1.into()),
        ("garp_rep", 5.into()),
        ("vrid", 11.into()),
        ("base_priority", 100.into()),
        ("effective_priority", 104.into()),
        ("vipset", true.into()),
        ("adver_int", 1.into()),
        ("nopreempt", false.into()),
        ("preempt_delay", 0.into()),
        ("state", 2.into()),
        ("wantstate", 2.into()),
        ("version", 2.into()),
        ("script", "'/etc/keepalived/args.sh' 'IN'".into()),
        ("vips", serde_json::json!(["10.1.0.100/24 brd 10.1.0.255 dev eth0 scope global label eth0:v1 set"])),
        (
            "evips",
            serde_json::json!([
                "10.9.0.1 dev eth0 scope global",
                "2001:db8::55/64 dev eth0 scope global preferred_lft forever",
                "2001:db8::56 dev eth0 scope global deprecated"
            ]),
        ),
        ("auth_type", 1.into()),
        ("auth_data", "********".into()),
    ] {
        assert_eq!(data[name], value, "{name}");
    }
    assert_eq!(json[0]["stats"]["advert_sent"], 50);
    assert_eq!(json[0]["stats"]["pri_zero_rcvd"], 1);
    // Only what is configured.
    assert_eq!(data.get("script_master"), None);
    assert_eq!(data.get("track_ifp"), None);
}

#[test]
fn the_data_dump_has_upstreams_heads_and_labels() {
    let (status, effective) = instance();
    let text = data(&report(&status, &effective));
    for line in [
        "------< VRRP Topology >------",
        " VRRP Instance = I1",
        "   VRRP Version = 2",
        "   State = MASTER",
        "   Flags: none",
        "   Interface = eth0",
        "   Using src_ip = 10.1.0.1",
        "   Multicast address 224.0.0.18",
        "   Virtual Router ID = 11",
        "   Effective priority = 104",
        "   Advert interval = 1 sec",
        "   Preempt = enabled",
        "   Password = ********",
        "   Notify deleted = Fault",
        "------< Global definitions >------",
        " umask = 0177",
        "   Virtual IP (1):",
        "     10.1.0.100/24 brd 10.1.0.255 dev eth0 scope global label eth0:v1 set",
        "   Virtual IP Excluded :",
        "   Generic state transition script = '/etc/keepalived/args.sh' 'IN', uid:gid 0:0",
    ] {
        assert!(text.lines().any(|has| has == line), "{line:?} is not in\n{text}");
    }
    assert!(text.contains("   Last transition = 1795357567.461427 ("), "{text}");
}

/// Recorded from keepalived 2.2.7 with this configuration. What is not there is 2.4.3's, or has a reason.
#[test]
fn global_definitions_are_in_upstreams_order_and_words() {
    let text = "global_defs {\n router_id nodeA\n notification_email {\n  ops@example.net\n  second@example.net\n }\n \
        notification_email_from ka@nodea.example.net\n smtp_server 127.0.0.1 2525\n smtp_helo_name \
        helo.example.net\n enable_script_security\n script_user root\n notify_fifo /run/all.fifo\n \
        vrrp_notify_fifo /run/vrrp.fifo\n dynamic_interfaces\n nftables keepalived\n}\n";
    let loaded = config::load(&Request::new("conf"), &InMemory::one("conf", text), &Assumed::default());
    let effective = loaded.effective.unwrap();
    let written = globals(&report(&vrrp::Status::default(), &effective));
    let mut recorded = include_str!("tests/globals-2.2.7.txt").lines();
    let ours = [
        " json_version 1",
        " VRRP realtime limit = 0",
        " Checker realtime limit = 0",
        " BFD realtime limit = 0",
    ];
    for line in written.lines().filter(|line| !ours.contains(line)) {
        assert!(recorded.any(|has| has == line), "{line:?} is not there, or not in this place:\n{written}");
    }
}

/// Recorded from keepalived 2.2.7 but for the settings of links that it changed.
#[test]
fn links_are_told_with_who_looks_at_them() {
    let text = "vrrp_instance I6 {\n interface eth0\n use_vmac\n virtual_router_id 16\n track_interface {\n  eth1 weight 4\n \
        }\n virtual_ipaddress {\n  fe80::16\n }\n}\n";
    let loaded = config::load(&Request::new("conf"), &InMemory::one("conf", text), &Assumed::default());
    let effective = loaded.effective.unwrap();
    let link = |index, name: &str| host::Link {
        index: host::LinkIndex(index),
        name: LinkName::new(name).unwrap(),
        admin_up: true,
        running: true,
        mtu: 1500,
        mac: Some(host::MacAddress([0, 0, 0x5e, 0, 2, 0x10])),
        arp: true,
        multicast: true,
        loopback: false,
        ipv6_router: false,
    };
    let lo = host::Link { mtu: 65536, mac: None, multicast: false, loopback: true, ..link(1, "lo") };
    let status = |link, ipv4: Option<&str>| vrrp::status::LinkStatus {
        link,
        ipv4: ipv4.map(|address| address.parse().unwrap()),
        ipv6: None,
        counts_up: true,
        delays: (std::time::Duration::ZERO, std::time::Duration::from_millis(5)),
    };
    let links = vec![
        status(lo, Some("127.0.0.1")),
        status(link(2, "eth0"), None),
        status(link(3, "eth1"), None),
        status(link(4, "vrrp.16"), None),
    ];
    let text = data(&report(&vrrp::Status { links, ..vrrp::Status::default() }, &effective));
    let text = text.split_once("------< Interfaces >------\n").expect("they are there").1;
    let lo = " Name = lo\n   index = 1\n   IPv4 address = 127.0.0.1\n   IPv6 address = (none)\n   State = UP, RUNNING, no \
        broadcast, loopback, no multicast\n   Seen up = 1\n   Delayed state change running = false\n   Up debounce timer \
        = 5000us\n   Down debounce timer = 0us\n   MTU = 65536\n   HW Type = LOOPBACK\n   NIC netlink status update\n";
    assert!(text.starts_with(lo), "{text}");
    for part in [
        "   MAC = 00:00:5e:00:02:10\n   MAC broadcast = ff:ff:ff:ff:ff:ff\n   State = UP, RUNNING\n",
        "   VMAC type private, underlying interface = eth0, state = UP, RUNNING\n   I/f created by keepalived\n   MTU = 1500\n",
        "   NIC netlink status update\n   Tracking VRRP instances :\n     I6, weight 0\n Name = eth1\n",
        "   Tracking VRRP instances :\n     I6, weight 4\n Name = vrrp.16\n",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

/// The order of `json-v2`, as keepalived 2.4.3 writes it.
#[test]
fn json_has_upstreams_order() {
    let (status, effective) = instance();
    let text = json(&report(&status, &effective), 2);
    assert!(text.starts_with(r#"{"vrrp":[{"data":{"iname":"I1","dont_track_primary":0,"#), "{text}");
    assert!(!text.contains("track_process"), "only if any is configured");
    let order = [
        "iname",
        "dont_track_primary",
        "skip_check_adv_addr",
        "strict_mode",
        "vmac_ifname",
        "ifp_ifname",
        "master_priority",
        "last_transition",
        "garp_delay",
        "garp_refresh",
        "garp_rep",
        "garp_refresh_rep",
        "garp_lower_prio_delay",
        "garp_lower_prio_rep",
        "lower_prio_no_advert",
        "higher_prio_send_advert",
        "vrid",
        "base_priority",
        "effective_priority",
        "vipset",
        "promote_secondaries",
        "adver_int",
        "master_adver_int",
        "accept",
        "nopreempt",
        "preempt_delay",
        "state",
        "wantstate",
        "version",
        "smtp_alert",
        "notify_deleted",
        "script",
        "vips",
        "evips",
        "auth_type",
        "auth_data",
        "stats",
        "advert_rcvd",
        "advert_sent",
        "become_master",
        "release_master",
        "packet_len_err",
        "advert_interval_err",
        "ip_ttl_err",
        "invalid_type_rcvd",
        "addr_list_err",
        "invalid_authtype",
        "authtype_mismatch",
        "auth_failure",
        "auth_ext_missing",
        "auth_ext_malformed",
        "auth_ext_unknown_key",
        "auth_ext_invalid_hmac",
        "auth_ext_stale",
        "auth_ext_replay",
        "pri_zero_rcvd",
        "pri_zero_sent",
    ];
    let places: Vec<_> = order.iter().map(|name| text.find(&format!("\"{name}\":")).expect(name)).collect();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn tracked_processes_are_in_version_2() {
    let text = "vrrp_track_process rev {\n process /tmp/p 4 2\n weight 3 reverse\n quorum 2\n quorum_max 3\n \
        fork_delay 2\n}\nvrrp_instance I {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress {\n  10.1.0.1\n }\n \
        track_process {\n  rev\n }\n}\n";
    let loaded = config::load(&Request::new("conf"), &InMemory::one("conf", text), &Assumed::default());
    let effective = loaded.effective.unwrap();
    let process = vrrp::status::ProcessStatus {
        name: "rev".into(),
        quorum: false,
        number: 1,
        fork_delay_runs: true,
        terminate_delay_runs: false,
    };
    let status = vrrp::Status { processes: vec![process], ..vrrp::Status::default() };
    let expected = "{\"vrrp\":[],\"track_process\":[{\"process\":\"rev\",\"parameters\":\"4 2\",\
        \"param_match\":\"exact\",\"min_processes\":2,\"max_processes\":3,\"current_processes\":1,\
        \"have_quorum\":false,\"weight\":-3,\"terminate_delay\":0,\"fork_delay\":2,\
        \"fork_delay_timer_running\":true,\"terminate_delay_timer_running\":false,\"full_command\":true}]}\n";
    assert_eq!(json(&report(&status, &effective), 2), expected);
    assert!(!json(&report(&status, &effective), 1).contains("rev"));
    let text = data(&report(&status, &effective));
    assert!(text.contains(" VRRP Track process = rev\n   Process = /tmp/p\n   Parameters = 4 2\n"), "{text}");
    assert!(text.contains("   Tracking instances :\n     I, weight 3 reverse\n"), "{text}");
}

/// As recorded from keepalived 2.4.3.
#[test]
fn routes_and_rules_are_written_as_upstream_does() {
    let text = "static_routes {\n blackhole 10.78.0.0/24\n 10.90.0.0/24 via 10.1.0.2 dev eth0 metric 5\n \
        10.91.0.0/24 nexthop via 10.1.0.2 dev eth0 weight 2 nexthop via 10.1.0.3 dev eth0\n}\n\
        static_rules {\n from 10.3.0.7 table 100 priority 777\n to 10.3.0.9 iif eth1 table 101 priority 778\n}\n";
    let loaded = config::load(&Request::new("conf"), &InMemory::one("conf", text), &Assumed::default());
    let effective = loaded.effective.unwrap();
    let status = vrrp::Status::default();
    let text = data(&report(&status, &effective));
    for line in [
        "     prepend blackhole 10.78.0.0/24 proto 18",
        "     prepend 10.90.0.0/24 via inet 10.1.0.2 dev eth0 proto 18 metric 5",
        "     prepend 10.91.0.0/24 proto 18 nexthop via inet 10.1.0.2 dev eth0 weight 2 nexthop via inet 10.1.0.3 dev eth0",
        "     from 10.3.0.7 priority 777 tos 0x0 protocol 18 lookup 100",
        "     from all to 10.3.0.9 priority 778 tos 0x0 iif eth1 protocol 18 lookup 101",
    ] {
        assert!(text.lines().any(|has| has == line), "{line:?} is not in\n{text}");
    }
}

/// Labels and their order as Keepalived 2.4.3 writes them (`keepalived_check.data`).
#[test]
fn virtual_servers_are_laid_out_as_upstreams() {
    let text = "bfd_instance B {\n neighbor_ip 10.0.0.11\n}\nvirtual_server_group GRP {\n 10.0.0.101 80\n \
                10.0.0.102-104 80\n fwmark 6\n}\nvirtual_server group GRP {\n lvs_sched rr\n protocol TCP\n \
                lvs_method NAT\n persistence_timeout 50\n alpha\n sorry_server 10.0.0.14 80\n \
                real_server 10.0.0.11 80 {\n weight 2\n BFD_CHECK {\n name B\n }\n }\n}\n";
    let loaded = config::load(&Request::new("conf"), &InMemory::one("conf", text), &Assumed::default());
    let effective = loaded.effective.expect("the file is good");
    let mut director = ::check::Director::default();
    let configured = ::check::Event::Configured(Box::new(effective.check.clone()));
    director.handle(configured, Instant::ZERO, &mut Vec::new());
    let (status, checks) = (vrrp::Status::default(), director.status(Instant::ZERO));
    let report = Report { check: Some(&checks), ..report(&status, &effective) };
    let written = check(&report);
    let expected = "\
------< LVS Topology >------
------< Virtual server group >------
 Virtual Server Group = GRP, IPv4 = yes, IPv6 = no
   VIP = 10.0.0.101, VPORT = 80
   VIP Range = 10.0.0.102-10.0.0.104, VPORT = 80
   FWMARK = 6
------< Virtual server >------
 VS GROUP = GRP
   Address family = inet
   lvs_sched = rr
   flag-1 = disabled
   flag-2 = disabled
   flag-3 = disabled
   One packet scheduling = disabled
   persistence timeout = 50
   protocol = TCP
   omega is OFF
   quorum = 1, hysteresis = 0
   sorry server = [10.0.0.14]:tcp:80
     forwarding method = NAT
     Inhibit on failure is OFF
     set = 1
     alive = 1
   quorum_state_up = 0
   ------< Real server >------
   RIP = 10.0.0.11, RPORT = 80, WEIGHT = 2 EFF WEIGHT = 2
   forwarding method = NAT
   Alpha is ON
   connection limit range = 0 -> 0
   Inhibit on failure is OFF
   initial weight = 2
   effective weight = 2
   alive = 0
   num failed checkers = 1
------< Health checkers >------
 [GRP]:0 -> [10.0.0.11]:tcp:80
   Enabled = yes
   Up = no
   Alpha = yes
   Keepalive method = BFD_CHECK
   Name = B
";
    assert!(written.ends_with(expected), "{written}");
}
