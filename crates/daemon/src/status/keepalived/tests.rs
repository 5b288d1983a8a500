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
fn instance() -> (vrrp::Status, vrrp::Config) {
    let loaded = config::load(&Request::new("conf"), &InMemory::one("conf", TEXT), &Assumed::default());
    let config = loaded.effective.expect("the file is good").vrrp;
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
    (status, config)
}

fn moment() -> Moment {
    Moment { now: Instant::from_millis(7_500), wall: WallTime { seconds: 1_795_357_569, nanos: 961_427_000 } }
}

/// Recorded from keepalived 2.2.7, but for the numbers.
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
  Priority Zero:
    Received: 1
    Sent: 4
";
    assert_eq!(stats(&status), expected);
}

#[test]
fn json_has_upstreams_names_and_no_password() {
    let (status, config) = instance();
    let text = json(&status, &config, moment());
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
    let (status, config) = instance();
    let text = data(&status, &config, moment());
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
        "   Virtual IP (1):",
        "     10.1.0.100/24 brd 10.1.0.255 dev eth0 scope global label eth0:v1 set",
        "   Virtual IP Excluded :",
        "   Generic state transition script = '/etc/keepalived/args.sh' 'IN', uid:gid 0:0",
    ] {
        assert!(text.lines().any(|has| has == line), "{line:?} is not in\n{text}");
    }
    assert!(text.contains("   Last transition = 1795357567.461427 ("), "{text}");
}
