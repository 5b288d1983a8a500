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
use crate::netns::timing::LATE;

const SECOND: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 1, 0, 120));

const TRACK: &str = "    track_interface {\n        eth1\n    }\n";

/// `VI_1`, and `VI_2` in a group with it: `track` stands in `VI_2`, `more` in the group.
fn grouped(priority: u8, link: &str, track: &str, more: &str) -> Instance {
    let second = format!(
        "vrrp_instance VI_2 {{\n    interface {link}\n    virtual_router_id 52\n    version 3\n    priority {priority}\n    \
         advert_int 0.4\n{track}    virtual_ipaddress {{\n        {SECOND}/24\n    }}\n}}"
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
    Pair::on(Lab::new(), makes, |lab, a, b| {
        lab.spare_link(a, "eth1");
        let more = "    track_interface {\n        eth1 weight -60\n    }\n";
        (grouped(150, &a.link, "", more), grouped(100, &b.link, "", ""))
    })
}

/// What the group tracks moves the priority of every member.
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

pub(crate) fn owner(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |a, b| {
        let owner = Instance { priority: 255, ..grouped(100, &a.link, "", "") };
        (owner, grouped(100, &b.link, "", ""))
    })
}

/// An owner in a group with others is no sooner master than they are.
///
/// As observed: B22.2-05.
pub(crate) fn owner_waits(pair: &mut Pair) {
    let started = pair.side_mut(Who::A).daemon.start();
    let (own, others) = (pair.side(Who::A).instance.master_down(), pair.side(Who::B).instance.master_down());
    pair.becomes_master(Who::A, started, own, 2.0 * others);
    holds_second(pair, Who::A);
}

/// A member whose link is down at the start keeps all from leading; when it comes up all wait their whole time.
///
/// As observed: B22.2-01.
pub(crate) fn begins_with_a_fault(pair: &mut Pair) {
    let spare = pair.side(Who::A).host.spare("eth1");
    pair.lab.cut(&spare);
    let started = pair.side_mut(Who::A).daemon.start();
    pair.side(Who::A).expect_log("VRRP_Group(G)");
    let wait = pair.side(Who::A).instance.master_down();
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
    let better = Forgery { addresses: vec![Ipv4Addr::new(10, 1, 0, 120)], ..Forgery::v3(200, 40).of(52) };
    let event = Stamp::now();
    let wait = pair.side(Who::A).instance.master_down();
    for _ in 0..10 {
        forger.send(&better);
        sleep_until(Stamp::now().plus(Duration::from_millis(400)));
    }
    pair.steps_back(Who::A, event);
    let late = event.plus(Duration::from_millis(300));
    pair.silent(Who::A, late, Stamp::now());
    assert_eq!(pair.side(Who::A).host.holds(&[SECOND]), Some(false), "A holds what another has");

    let event = Stamp::now();
    forger.send(&Forgery { priority: 0, ..better });
    // The member that waited does so in turns of its own time.
    pair.becomes_master(Who::A, event, 0.0, wait);
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
    let goodbye = pair.wire.wait_advert(&host, event, within, |advert| advert.priority == 0);
    let goodbye = goodbye.expect("the member that has no fault says goodbye too").at;
    let skew = pair.side(Who::B).instance.skew();
    pair.becomes_master(Who::B, goodbye, 0.0, skew);
    pair.sole_holder(Who::B);
    holds_second(pair, Who::B);

    let event = Stamp::now();
    pair.lab.mend(&spare);
    let wait = pair.side(Who::A).instance.master_down();
    // The one whose time runs out first waits for the other, at most its time again.
    pair.becomes_master(Who::A, event, wait, 2.0 * wait);
    pair.steps_back(Who::B, event);
    pair.sole_holder(Who::A);
    holds_second(pair, Who::A);
}

fn holds_second(pair: &Pair, who: Who) {
    let holds = |host: &Host| host.holds(&[SECOND]) == Some(true);
    let settled = wait_for(Duration::from_secs_f64(LATE), || {
        (holds(&pair.side(who).host) && !holds(&pair.side(who.other()).host)).then_some(())
    });
    assert!(settled.is_some(), "{who:?} alone should hold {SECOND}");
}
