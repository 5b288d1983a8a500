//! Who leads when priorities do not settle it: equals, and an address owner.

use std::time::Duration;

use crate::netns::clock::{Stamp, sleep};
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::LATE;

pub(crate) fn equals(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| (Instance::v2(100), Instance::v2(100)))
}

/// An equal never preempts, whatever its address; where two masters meet, the higher address stays (B's is higher).
///
/// vrrp-behaviour §22.1.
/// As observed: B22.1-01.
pub(crate) fn equal_priorities(pair: &mut Pair) {
    pair.establish();
    let wait = pair.side(Who::B).instance.master_down();
    pair.steady(Who::A, Stamp::now(), wait + 0.5);

    let parted = pair.part();
    pair.takes_over(Who::B, parted);
    pair.holds(Who::A);

    let healed = pair.heal();
    // RFC 3768 §6.4.3, RFC 9568 §6.4.3: equal priority and a greater sender address: back to backup.
    pair.steps_back(Who::A, healed);
    pair.side(Who::A).expect_log("with same priority 100 but higher IP address than ours");
    pair.sole_holder(Who::B);
    pair.steady(Who::B, Stamp::now(), wait + 0.5);
}

pub(crate) fn owners(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| (Instance::v3(255, 400), Instance::v3(255, 400)))
}

/// Of an interval that a skew cannot be taken for.
pub(crate) fn slow_owners(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| (Instance::v3(255, 1000), Instance::v3(255, 1000)))
}

/// Differs: keepalived 2.2.7 lets the one that runs give way. As 2.4.3: the one with the higher address, B, is master at
/// once and stays; the other says what is wrong, and is back a skew after it has gone.
///
/// As observed: B22.1-02.
pub(crate) fn two_owners(pair: &mut Pair) {
    let started = pair.side_mut(Who::A).daemon.start();
    pair.becomes_master(Who::A, started, 0.0, 0.0);
    let started = pair.side_mut(Who::B).daemon.start();
    pair.becomes_master(Who::B, started, 0.0, 0.0);
    pair.steps_back(Who::A, started);
    pair.side(Who::A).expect_log("are both configured as address owner");

    let gone = Stamp::now();
    sleep(Duration::from_secs(1));
    pair.silent(Who::A, gone, Stamp::now());

    let asked = pair.side_mut(Who::B).daemon.terminate();
    let goodbye =
        pair.wire.wait_advert(&pair.side(Who::B).host, asked, Duration::from_secs_f64(LATE), |advert| {
            advert.priority == 0
        });
    let goodbye = goodbye.expect("B says goodbye").at;
    let skew = pair.side(Who::A).instance.skew();
    let back = pair.becomes_master(Who::A, goodbye, skew, skew);
    pair.side_mut(Who::B).daemon.wait();
    speaks_as_owner(pair, Who::A, back);
    pair.sole_holder(Who::A);
}

/// The one that begins later has the lower address: the other says what is wrong, answers, and stays; it sees that the
/// first gave way.
///
/// As observed: B22.1-02.
pub(crate) fn a_lesser_owner(pair: &mut Pair) {
    let started = pair.side_mut(Who::B).daemon.start();
    pair.becomes_master(Who::B, started, 0.0, 0.0);
    pair.next_advert(Who::B);
    let started = pair.side_mut(Who::A).daemon.start();
    let host = &pair.side(Who::A).host;
    let first =
        pair.wire.wait_advert(host, started, Duration::from_secs_f64(LATE), |advert| advert.priority == 255);
    let first = first.expect("A begins as master").at;
    pair.steps_back(Who::A, first);
    let interval = pair.side(Who::B).instance.interval;
    let answers = pair.wire.adverts(&pair.side(Who::B).host, first, first.plus(interval / 4));
    assert_eq!(answers.len(), 1, "B answers at once");
    let b = pair.side(Who::B);
    b.expect_log("are both configured as address owner");
    b.expect_log("with lower priority 255, ours 255, forcing new election");
    b.expect_log("rogue address owner appears to have stopped advertising");
    pair.sole_holder(Who::B);
    pair.steady(Who::B, Stamp::now(), 1.5);
    speaks_as_owner(pair, Who::B, started);
}

/// It never had another priority: not that of a router that gives way to another owner.
fn speaks_as_owner(pair: &Pair, who: Who, since: Stamp) {
    let sent = pair.wire.adverts(&pair.side(who).host, since, Stamp::now());
    assert!(!sent.is_empty());
    for packet in sent {
        assert_eq!(packet.advert().map(|advert| advert.priority), Some(255), "{who:?}'s priority");
    }
}

pub(crate) fn owner(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| (Instance::v2(255), Instance::v2(100)))
}

/// RFC 3768 §6.4.1, RFC 9568 §6.4.1: a router with priority 255 is master at once when it starts.
///
/// vrrp-behaviour §4.2.
pub(crate) fn an_owner_waits_for_nobody(pair: &mut Pair) {
    let started = pair.side_mut(Who::A).daemon.start();
    // Far below its master-down time of three seconds.
    pair.becomes_master(Who::A, started, 0.0, 0.0);
    pair.start_backup(Who::B);
    pair.sole_holder(Who::A);

    let died = pair.side_mut(Who::A).daemon.power_off();
    pair.side(Who::A).host.forget(&pair.side(Who::A).virtual_addresses());
    pair.takes_over(Who::B, died);

    let started = pair.side_mut(Who::A).daemon.start();
    let back = pair.becomes_master(Who::A, started, 0.0, 0.0);
    pair.steps_back(Who::B, back);
    let wait = pair.side(Who::B).instance.master_down();
    pair.steady(Who::A, Stamp::now(), wait + 0.5);
}
