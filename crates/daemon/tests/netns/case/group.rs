//! Two virtual routers that are master together or not at all.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::netns::clock::{Stamp, sleep_until, wait_for};
use crate::netns::daemon::Make;
use crate::netns::forge::{Forger, Forgery};
use crate::netns::instance::{Instance, VRID};
use crate::netns::lab::{Host, Lab};
use crate::netns::packet::Packet;
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::{self, EARLY, LATE};

const SECOND: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 1, 0, 120));

const TRACK: &str = "    track_interface {\n        eth1\n    }\n";

/// Seconds between the adverts of `VI_2`: its times are longer than those of `VI_1`, which is looked at more closely.
const SECOND_INTERVAL: Duration = Duration::from_millis(600);

/// How long `VI_2` waits before it becomes master.
fn second_wait(priority: u8) -> f64 {
    timing::master_down(3, SECOND_INTERVAL, priority)
}

/// `VI_1`, and `VI_2` in a group with it: `track` stands in `VI_2`, `more` in the group.
fn grouped(priority: u8, link: &str, track: &str, more: &str) -> Instance {
    let second = format!(
        "vrrp_instance VI_2 {{\n    interface {link}\n    virtual_router_id 52\n    version 3\n    priority {priority}\n    \
         advert_int {}\n{track}    virtual_ipaddress {{\n        {SECOND}/24\n    }}\n}}",
        SECOND_INTERVAL.as_secs_f64()
    );
    let group = format!("vrrp_sync_group G {{\n    group {{\n        VI_1\n        VI_2\n    }}\n{more}}}");
    Instance::v3(priority, 400).with_block(group).with_block(second)
}

pub(crate) fn pair(makes: (Make, Make)) -> Pair {
    Pair::on(Lab::new(), makes, |lab, a, b| {
        lab.spare_link(a, "eth1");
        (grouped(150, &a.link, TRACK, ""), grouped(100, &b.link, "", ""))
    })
}

pub(crate) fn weighted(makes: (Make, Make)) -> Pair {
    tracking(makes, "eth1 weight -60", "")
}

pub(crate) fn weighted_with_members_weights(makes: (Make, Make)) -> Pair {
    tracking(makes, "eth1 weight -60", "    sync_group_tracking_weight\n")
}

pub(crate) fn failing(makes: (Make, Make)) -> Pair {
    tracking(makes, "eth1", "")
}

/// A's group tracks another link.
fn tracking(makes: (Make, Make), what: &str, word: &str) -> Pair {
    Pair::on(Lab::new(), makes, |lab, a, b| {
        lab.spare_link(a, "eth1");
        let more = format!("{word}    track_interface {{\n        {what}\n    }}\n");
        (grouped(150, &a.link, "", &more), grouped(100, &b.link, "", ""))
    })
}

/// Without a weight what the group tracks is a fault of all.
///
/// As observed: B22.2-06.
pub(crate) fn tracked_without_weight(pair: &mut Pair) {
    pair.establish();
    let event = Stamp::now();
    pair.lab.cut(&pair.side(Who::A).host.spare("eth1"));
    for name in ["VI_1", "VI_2"] {
        pair.side(Who::A).expect_log(&format!("({name}) Entering FAULT STATE"));
    }
    pair.becomes_master(Who::B, event, 0.0, second_wait(100));
    pair.sole_holder(Who::B);
    holds_second(pair, Who::B);
}

/// What the group tracks moves the priority of every member, whether or not members' own weights count.
///
/// As observed: B8-02, B22.2-06.
pub(crate) fn weights(pair: &mut Pair) {
    pair.establish();
    let spare = pair.side(Who::A).host.spare("eth1");
    let event = Stamp::now();
    pair.lab.cut(&spare);
    let host = pair.side(Who::A).host.clone();
    let within = Duration::from_secs_f64(LATE);
    for vrid in [VRID, 52] {
        let is_low = |packet: &Packet| {
            packet.advert().is_some_and(|advert| advert.vrid == vrid && advert.priority == 90)
        };
        assert!(
            pair.wire.wait(&host, event, within, is_low).is_some(),
            "no advert of {vrid} with 150 less 60"
        );
    }
    pair.becomes_master(Who::B, event, 0.0, 2.0 * pair.longest_wait());
    pair.sole_holder(Who::B);
    holds_second(pair, Who::B);
}

pub(crate) fn polled(makes: (Make, Make)) -> Pair {
    Pair::on(Lab::new(), makes, |lab, a, b| {
        lab.spare_link(a, "eth1");
        a.namespace.ip("addr add 10.2.0.1/24 dev eth1");
        let beats = "linkbeat_use_polling";
        (grouped(150, "eth1", "", "").with_block(beats), grouped(100, &b.link, "", ""))
    })
}

/// What the driver of one member's link tells is a fault of all.
///
/// vrrp-behaviour §8, §22.3.
/// As observed: B22.3-08.
pub(crate) fn polled_link(pair: &mut Pair) {
    pair.establish();
    let spare = pair.side(Who::A).host.spare("eth1");
    let event = Stamp::now();
    pair.lab.cut(&spare);
    pair.side(Who::A).expect_log("Linkbeat reports eth1 down");
    for name in ["VI_1", "VI_2"] {
        pair.side(Who::A).expect_log(&format!("({name}) Entering FAULT STATE"));
    }
    pair.becomes_master(Who::B, event, 0.0, 1.0 + second_wait(100));
    pair.sole_holder(Who::B);
    let event = Stamp::now();
    pair.lab.mend(&spare);
    pair.side(Who::A).expect_log("Linkbeat reports eth1 up");
    let wait = second_wait(150);
    pair.becomes_master(Who::A, event, wait, 1.0 + wait);
    pair.sole_holder(Who::A);
}

pub(crate) fn owner(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |a, b| {
        let owner = Instance { priority: 255, ..grouped(100, &a.link, "", "") };
        (owner, grouped(100, &b.link, "", ""))
    })
}

/// An owner in a group with others is no sooner master than they are: both begin as backups, and the group leads when the
/// time of the slowest has passed.
///
/// As observed: B22.2-05.
pub(crate) fn owner_waits(pair: &mut Pair) {
    let started = pair.side_mut(Who::A).daemon.start();
    pair.becomes_master(Who::A, started, second_wait(100), second_wait(100));
    holds_second(pair, Who::A);
    assert_eq!(
        pair.side(Who::A).daemon.log().matches("Entering BACKUP STATE").count(),
        2,
        "both began as backups"
    );
}

/// A member whose link is down at the start keeps all from leading; when it comes up all wait their whole time.
///
/// As observed: B22.2-01.
pub(crate) fn begins_with_a_fault(pair: &mut Pair) {
    let spare = pair.side(Who::A).host.spare("eth1");
    pair.lab.cut(&spare);
    let down = || spare.namespace.ip_json(&["link", "show", "dev", "eth1"])[0]["operstate"] != "UP";
    assert!(wait_for(Duration::from_secs(5), || down().then_some(())).is_some(), "eth1 keeps its carrier");
    let started = pair.side_mut(Who::A).daemon.start();
    pair.side(Who::A).expect_log("entering FAULT state (interface eth1 down)");
    // Its fellow too. Keepalived: `entering FAULT state` at the start, `Entering FAULT STATE` later.
    let fellow = || pair.side(Who::A).daemon.log().to_lowercase().contains("(vi_1) entering fault state");
    let within = Duration::from_secs_f64(LATE);
    assert!(wait_for(within, || fellow().then_some(())).is_some(), "{}", pair.side(Who::A).daemon.log());
    let wait = second_wait(150);
    sleep_until(started.plus(Duration::from_secs_f64(wait + 0.5)));
    pair.silent(Who::A, started, Stamp::now());
    let event = Stamp::now();
    pair.lab.mend(&spare);
    pair.becomes_master(Who::A, event, wait, wait);
    holds_second(pair, Who::A);
}

/// A better router for one member alone takes both away in silence; while it is there the other member waits, however
/// often its time runs out; once it has said goodbye both come back.
///
/// As observed: B22.2-03.
pub(crate) fn one_member_is_outdone(pair: &mut Pair) {
    let forger = Forger::on(&pair.lab.host("eth0"));
    pair.start_alone(Who::A);
    // Of an interval of which neither the skew nor the whole time can be taken for the other.
    let better = Forgery { addresses: vec![Ipv4Addr::new(10, 1, 0, 120)], ..Forgery::v3(200, 100).of(52) };
    let event = Stamp::now();
    for _ in 0..10 {
        forger.send(&better);
        sleep_until(Stamp::now().plus(Duration::from_millis(400)));
    }
    pair.steps_back(Who::A, event);
    let late = event.plus(Duration::from_millis(300));
    pair.silent(Who::A, late, Stamp::now());
    assert_eq!(goodbyes(pair, event), [0, 0], "both go in silence");
    assert_eq!(pair.side(Who::A).host.holds(&[SECOND]), Some(false), "A holds what another has");

    let event = Stamp::now();
    forger.send(&Forgery { priority: 0, ..better });
    // The other has waited long enough already. The interval of the better one was learnt.
    let skew = timing::skew(3, Duration::from_secs(1), 150);
    pair.becomes_master(Who::A, event, skew, skew);
    holds_second(pair, Who::A);
}

/// A fault of one member takes both away, each with its goodbye, so that the other node has both after its skew time;
/// what gives the fault up takes both back.
///
/// vrrp-behaviour §8, §22.2.
/// As observed: B5-01, B8-01, B22.2-02, B22.2-04.
pub(crate) fn life(pair: &mut Pair) {
    pair.establish();
    holds_second(pair, Who::A);
    let spare = pair.side(Who::A).host.spare("eth1");

    let event = Stamp::now();
    pair.lab.cut(&spare);
    let host = pair.side(Who::A).host.clone();
    let within = Duration::from_secs_f64(LATE);
    let first = [VRID, 52].map(|vrid| {
        let goodbye = pair.wire.wait(&host, event, within, |packet| {
            packet.advert().is_some_and(|advert| advert.vrid == vrid && advert.priority == 0)
        });
        goodbye.unwrap_or_else(|| panic!("{vrid} never says goodbye")).at
    });
    let skews = [pair.side(Who::B).instance.skew(), timing::skew(3, SECOND_INTERVAL, 100)];
    let last = first[0].max(first[1]);
    pair.becomes_master(Who::B, last, skews[1] - EARLY, skews[1]);
    pair.sole_holder(Who::B);
    holds_second(pair, Who::B);
    // Differs: of the member with the fault, keepalived says it twice, and of the other without a word in the log.
    let ours = pair.side(Who::A).daemon.make() == Make::Ours;
    assert_eq!(goodbyes(pair, event), if ours { [1, 1] } else { [1, 2] });
    let log = pair.side(Who::A).daemon.log();
    let said = ["(VI_1) sent 0 priority", "(VI_2) sent 0 priority"].map(|line| log.matches(line).count());
    assert_eq!(said, if ours { [1, 1] } else { [0, 1] }, "{log}");

    let event = Stamp::now();
    pair.lab.mend(&spare);
    let wait = second_wait(150);
    pair.becomes_master(Who::A, event, wait, wait);
    pair.steps_back(Who::B, event);
    pair.sole_holder(Who::A);
    holds_second(pair, Who::A);
}

/// How often A has said goodbye for each of its virtual routers since then.
fn goodbyes(pair: &Pair, since: Stamp) -> [usize; 2] {
    [VRID, 52].map(|vrid| {
        let is_goodbye = |packet: &Packet| {
            packet.at >= since
                && packet.advert().is_some_and(|advert| advert.vrid == vrid && advert.priority == 0)
        };
        pair.wire.all(&pair.side(Who::A).host, is_goodbye).len()
    })
}

fn holds_second(pair: &Pair, who: Who) {
    let holds = |host: &Host| host.holds(&[SECOND]) == Some(true);
    let settled = wait_for(Duration::from_secs_f64(LATE), || {
        (holds(&pair.side(who).host) && !holds(&pair.side(who.other()).host)).then_some(())
    });
    assert!(settled.is_some(), "{who:?} alone should hold {SECOND}");
}
