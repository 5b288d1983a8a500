//! In which order people are told of the first states: of single virtual routers, groups and owners, some of them with a
//! fault.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use crate::netns::clock::{Stamp, sleep, wait_for};
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::lab::Lab;
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::LATE;

use super::events::program;

/// The virtual routers in the order of the file: name, link, priority.
const ROUTERS: [(&str, &str, u8); 9] = [
    ("S", "eth0", 100),
    ("A", "eth0", 100),
    ("C", "eth0", 100),
    ("P", "eth0", 255),
    ("O", "eth0", 255),
    ("B", "eth1", 100),
    ("F", "eth1", 100),
    ("D", "eth0", 100),
    ("Q", "eth0", 255),
];

/// Groups of one on each link, of two on one, and of owners.
const GROUPS: [(&str, [&str; 2]); 3] = [("G", ["A", "B"]), ("H", ["C", "D"]), ("OO", ["P", "Q"])];

pub(crate) fn mixed(makes: (Make, Make)) -> Pair {
    Pair::on(Lab::new(), makes, |lab, a, _| {
        lab.spare_link(a, "eth1");
        a.namespace.ip("addr add 10.2.0.1/24 dev eth1");
        let events = lab.scratch.path("events").display().to_string();
        let reader = program(lab, "reader", &format!("cat \"$1\" >> {events}"));
        let pipe = lab.scratch.path("pipe").display().to_string();
        let mut file = format!(
            "global_defs {{\n    script_user root\n    vrrp_notify_fifo {pipe}\n    vrrp_notify_fifo_script {reader}\n}}\n"
        );
        for (name, members) in GROUPS {
            // Writing to a string cannot fail.
            let _ =
                writeln!(file, "vrrp_sync_group {name} {{\n    group {{\n{}\n    }}\n}}", members.join("\n"));
        }
        for ((name, link, priority), vrid) in ROUTERS.iter().zip(51..) {
            let state = if *priority == 255 { "MASTER" } else { "BACKUP" };
            let net = if *link == "eth0" { 1 } else { 2 };
            let _ = writeln!(
                file,
                "vrrp_instance {name} {{\n    interface {link}\n    virtual_router_id {vrid}\n    state {state}\n    priority \
                 {priority}\n    virtual_ipaddress {{\n        10.{net}.0.{vrid}/24\n    }}\n}}"
            );
        }
        (Instance { file: Some(file), ..Instance::v2(255) }, Instance::v2(100))
    })
}

/// Of an owner nobody hears BACKUP; a fault of a member comes with that of its fellow, before all else.
///
/// vrrp-behaviour §14.
/// As observed: B14-04.
pub(crate) fn first_states(pair: &mut Pair) {
    let mut backups =
        vec!["GROUP G BACKUP 0", "GROUP H BACKUP 0", "INSTANCE S BACKUP 100", "INSTANCE A BACKUP 100"];
    let rest =
        ["C BACKUP 100", "B BACKUP 100", "F BACKUP 100", "D BACKUP 100"].map(|one| format!("INSTANCE {one}"));
    backups.extend(rest.iter().map(String::as_str));
    begins_with(pair, &backups);

    let spare = pair.side(Who::A).host.spare("eth1");
    pair.lab.cut(&spare);
    let down = || spare.namespace.ip_json(&["link", "show", "dev", "eth1"])[0]["operstate"] != "UP";
    assert!(wait_for(Duration::from_secs(5), || down().then_some(())).is_some(), "eth1 keeps its carrier");
    let faults = ["INSTANCE A FAULT 100", "INSTANCE B FAULT 100", "INSTANCE F FAULT 100", "GROUP G FAULT 0"];
    let backups =
        ["GROUP H BACKUP 0", "INSTANCE S BACKUP 100", "INSTANCE C BACKUP 100", "INSTANCE D BACKUP 100"];
    begins_with(pair, &[faults, backups].concat());
}

/// It starts, tells this, then of its owners, and ends.
fn begins_with(pair: &mut Pair, expected: &[&str]) {
    let events = pair.lab.scratch.path("events");
    let _ = fs::remove_file(&events);
    pair.side_mut(Who::A).daemon.start();
    let all = expected.len() + 3;
    let read = || {
        let text = fs::read_to_string(&events).unwrap_or_default();
        text.lines().map(|line| line.replace('"', "")).collect::<Vec<_>>()
    };
    let within = Duration::from_secs_f64(1.0 + LATE);
    let came = wait_for(within, || (read().len() >= all).then_some(()));
    assert!(came.is_some(), "{:?}", read());
    let told = read();
    assert_eq!(told[..expected.len()], *expected);
    let mut owners = told[expected.len()..all].to_vec();
    owners.sort_unstable();
    assert_eq!(owners, ["INSTANCE O MASTER 255", "INSTANCE P MASTER 255", "INSTANCE Q MASTER 255"]);
    pair.side_mut(Who::A).daemon.terminate();
    pair.side_mut(Who::A).daemon.wait();
    // The reader of the pipe ends.
    sleep(Duration::from_millis(200));
}

pub(crate) fn unmindful(makes: (Make, Make)) -> Pair {
    Pair::on(Lab::new(), makes, |lab, a, _| {
        lab.spare_link(a, "eth1");
        a.namespace.ip("addr add 10.2.0.1/24 dev eth1");
        let group = "vrrp_sync_group G {\n    group {\n        VI_1\n        VI_2\n        VI_3\n    }\n}";
        let other = |name: &str, vrid: u8, more: &str| {
            format!(
                "vrrp_instance {name} {{\n    interface eth1\n    virtual_router_id {vrid}\n    version 3\n    priority 150\n    \
                 advert_int 0.4\n    dont_track_primary\n{more}    virtual_ipaddress {{\n        10.2.0.{vrid}/24\n    }}\n}}"
            )
        };
        let (second, third) = (other("VI_2", 52, ""), other("VI_3", 53, "    use_vmac\n"));
        let instance = Instance::v3(150, 400).with_block(group).with_block(second).with_block(third);
        (instance, Instance::v3(100, 400))
    })
}

/// A link that members need not mind costs their group nothing, whether it goes while they are masters or is away at the
/// start, and whether it is theirs or underneath their own.
///
/// As observed: B22.3-05.
pub(crate) fn unmindful_members(pair: &mut Pair) {
    let spare = pair.side(Who::A).host.spare("eth1");
    pair.establish();
    let holds = |pair: &Pair| {
        pair.side(Who::A)
            .host
            .holds(&["10.2.0.52", "10.2.0.53"].map(|it| it.parse().expect("it is an address")))
    };
    assert_eq!(wait_for(Duration::from_secs_f64(LATE), || holds(pair).filter(|all| *all)), Some(true));
    let cut = Stamp::now();
    pair.lab.cut(&spare);
    pair.side(Who::A).expect_log("Netlink reports eth1 down");
    pair.steady(Who::A, cut, 2.0);
    assert_eq!(holds(pair), Some(true));

    pair.side_mut(Who::A).daemon.terminate();
    pair.side_mut(Who::A).daemon.wait();
    pair.holds(Who::B);
    pair.side_mut(Who::A).daemon.start();
    pair.becomes_master(Who::A, Stamp::now(), 0.0, pair.side(Who::A).instance.master_down());
    assert_eq!(wait_for(Duration::from_secs_f64(LATE), || holds(pair).filter(|all| *all)), Some(true));
    assert!(!pair.side(Who::A).daemon.log().contains("FAULT"), "a fault of a link that is not minded");
}
