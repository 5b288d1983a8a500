//! What can happen to a master: a parted segment, a pulled cable, an orderly stop, a sudden death.

use std::time::Duration;

use crate::netns::clock::{Stamp, sleep_until, wait_for};
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::packet::{Kind, Packet};
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::{EARLY, LATE};

pub(crate) fn pair(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| (Instance::v3(150, 400), Instance::v3(100, 400)))
}

pub(crate) fn pair_v2(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| (Instance::v2(150), Instance::v2(100)))
}

/// While the two do not hear one another both are master; when they do again the better one stays, without a gap.
pub(crate) fn partition_and_heal(pair: &mut Pair) {
    pair.establish();
    let parted = pair.part();
    pair.takes_over(Who::B, parted);
    pair.holds(Who::A);

    let healed = pair.heal();
    pair.steps_back(Who::B, healed);
    pair.sole_holder(Who::A);
    let wait = pair.side(Who::B).instance.master_down();
    pair.steady(Who::A, Stamp::now(), wait + 0.5);
    for address in pair.side(Who::A).virtual_addresses() {
        assert_eq!(pair.side(Who::A).watch.losses(address, parted), 0, "A let go of {address}");
    }
    pair.never_said_goodbye(Who::A, parted);
}

/// Without its link A gives the addresses up and B takes them; with it A waits its full time and comes back.
///
/// As observed: B10-05.
pub(crate) fn link_down_and_up(pair: &mut Pair) {
    pair.establish();
    down_and_up(pair);
    pair.sole_holder(Who::A);
}

/// What that is for a pair whose master is A. When the link went.
pub(crate) fn down_and_up(pair: &mut Pair) -> Stamp {
    let cut = Stamp::now();
    pair.lab.cut(&pair.side(Who::A).host);
    pair.holds_nothing(Who::A);
    pair.side(Who::A).expect_log("Entering FAULT STATE");
    pair.takes_over(Who::B, cut);

    let mended = Stamp::now();
    pair.lab.mend(&pair.side(Who::A).host);
    let wait = pair.side(Who::A).instance.master_down();
    let back = pair.becomes_master(Who::A, mended, wait, wait);
    pair.steps_back(Who::B, back);
    cut
}

pub(crate) fn polled(makes: (Make, Make)) -> Pair {
    let beats = "linkbeat_interfaces {\n    eth0\n}";
    Pair::new(makes, |_, _| (Instance::v3(150, 400).with_block(beats), Instance::v3(100, 400)))
}

/// A asks its link for the carrier once a second, and does not listen to what the kernel tells of it.
///
/// As observed: B22.3-06.
pub(crate) fn polled_link_down_and_up(pair: &mut Pair) {
    pair.establish();
    pair.side(Who::A).expect_log("NIC polling");
    let cut = Stamp::now();
    pair.lab.cut(&pair.side(Who::A).host);
    pair.side(Who::A).expect_log("Linkbeat reports eth0 down");
    pair.side(Who::A).expect_log("Entering FAULT STATE");
    pair.holds_nothing(Who::A);
    pair.takes_over(Who::B, cut);

    let mended = Stamp::now();
    pair.lab.mend(&pair.side(Who::A).host);
    pair.side(Who::A).expect_log("Linkbeat reports eth0 up");
    let wait = pair.side(Who::A).instance.master_down();
    let back = pair.becomes_master(Who::A, mended, wait, wait + 1.0);
    pair.steps_back(Who::B, back);
    pair.sole_holder(Who::A);
}

/// RFC 3768 §6.4.3, RFC 9568 §6.4.3: a master that stops says so with priority 0, and its backup waits for its skew
/// time alone.
///
/// As observed: B4-01, B13-01.
pub(crate) fn graceful_stop(pair: &mut Pair) {
    pair.establish();
    let asked = pair.side_mut(Who::A).daemon.terminate();
    let within = Duration::from_secs_f64(LATE);
    let goodbye =
        pair.wire.wait_advert(&pair.side(Who::A).host, asked, within, |advert| advert.priority == 0);
    let goodbye = goodbye.expect("A says goodbye").at;
    let skew = pair.side(Who::B).instance.skew();
    let taken = pair.becomes_master(Who::B, goodbye, skew, skew);
    let said = pair.wire.adverts(&pair.side(Who::A).host, asked, taken);
    let last = said.last().expect("A said goodbye");
    assert_eq!(last.advert().map(|advert| advert.priority), Some(0), "A spoke again after its goodbye");
    let after = taken.since(last.at);
    assert!(after >= skew - EARLY, "B took over {after:.4} s after the last goodbye, expected {skew:.4} s");
    pair.holds_nothing(Who::A);
    let status = pair.side_mut(Who::A).daemon.wait();
    assert_eq!(status.code(), Some(0), "A's exit status");
    pair.sole_holder(Who::B);
}

/// All of A dies at once, and its kernel keeps the addresses. B takes over; A, when it is back, first takes away what
/// its earlier life left, then preempts.
///
/// As observed: B4.2-02.
pub(crate) fn kill(pair: &mut Pair) {
    pair.establish();
    let died = pair.side_mut(Who::A).daemon.power_off();
    pair.takes_over(Who::B, died);
    pair.holds(Who::A);

    let started = pair.side_mut(Who::A).daemon.start();
    let wait = pair.side(Who::A).instance.master_down();
    for address in pair.side(Who::A).virtual_addresses() {
        let gone = pair.side(Who::A).watch.wait(address, false, started, Duration::from_secs_f64(LATE));
        let gone = gone.unwrap_or_else(|| panic!("A kept {address} of its earlier life")).since(started);
        assert!(gone < wait, "A kept {address} of its earlier life for {gone:.3} s");
    }
    let back = pair.becomes_master(Who::A, started, wait, wait);
    pair.steps_back(Who::B, back);
    pair.sole_holder(Who::A);
}

/// Differs: keepalived's respawned worker takes the addresses away and starts as backup, an outage of a whole
/// failover. Ours resumes as master within its master-down time, and nobody notices.
pub(crate) fn kill_of_the_worker(pair: &mut Pair) {
    pair.establish();
    let before = pair.side(Who::A).daemon.worker();
    let last = pair.next_advert(Who::A).at;
    let killed = pair.side_mut(Who::A).daemon.kill_worker();
    let within = Duration::from_secs_f64(pair.side(Who::B).instance.master_down());
    let resumed =
        pair.wire.wait_advert(&pair.side(Who::A).host, killed, within, |advert| advert.priority > 0);
    let resumed = resumed.expect("A resumes as master").at;
    let (gap, interval) = (resumed.since(last), pair.side(Who::A).instance.interval.as_secs_f64());
    assert!(gap < 2.0 * interval, "A was silent for {gap:.3} s: an advert was late by more than an interval");
    let after = wait_for(Duration::from_secs(1), || pair.side(Who::A).daemon.worker().filter(|_| true));
    assert!(after.is_some() && after != before, "the worker is a new one");
    // Long enough for B to have become master if it had missed anything.
    sleep_until(resumed.plus(within));
    pair.silent(Who::B, killed, Stamp::now());
    for address in pair.side(Who::A).virtual_addresses() {
        assert_eq!(pair.side(Who::A).watch.losses(address, killed), 0, "A let go of {address}");
    }
    pair.sole_holder(Who::A);
}

/// The supervisor that is killed takes its workers and the addresses with it within a second; B takes over.
pub(crate) fn kill_of_the_supervisor(pair: &mut Pair) {
    pair.establish();
    let killed = pair.side_mut(Who::A).daemon.kill_supervisor();
    for address in pair.side(Who::A).virtual_addresses() {
        let gone = pair.side(Who::A).watch.wait(address, false, killed, Duration::from_secs_f64(1.0 + LATE));
        assert!(gone.is_some(), "A kept {address} after its supervisor's death");
    }
    // With or without a goodbye: at the latest after the whole of B's time.
    let wait = pair.side(Who::B).instance.master_down();
    pair.becomes_master(Who::B, killed, 0.0, 1.0 + wait);
    pair.sole_holder(Who::B);
    pair.held_by_one(killed, 0.0, wait);
}

/// An address that somebody takes away behind the master's back comes back, and A leads in the end.
///
/// Differs: a master of keepalived's steps down for its skew time. Ours puts it back at once, announces it, and goes on.
///
/// vrrp-behaviour §10.
/// As observed: B10-04.
pub(crate) fn deleted_address(pair: &mut Pair) {
    pair.establish();
    let a = pair.side(Who::A);
    let address = a.virtual_addresses()[0];
    let deleted = Stamp::now();
    a.host.forget(&[address]);
    let within = Duration::from_secs_f64(2.0 * a.instance.master_down() + LATE);
    let back = a.watch.wait(address, true, deleted, within);
    let back = back.unwrap_or_else(|| panic!("{address} never came back"));
    if a.daemon.make() == Make::Ours {
        assert!(back.since(deleted) < LATE, "{address} came back after {:.3} s", back.since(deleted));
        let within = Duration::from_secs_f64(LATE);
        let is_announced = |packet: &Packet| packet.kind == Kind::Announcement(address);
        assert!(pair.wire.wait(&a.host, deleted, within, is_announced).is_some(), "it is announced again");
        pair.steady(Who::A, back, 2.0);
        pair.silent(Who::B, deleted, Stamp::now());
        pair.never_said_goodbye(Who::A, deleted);
    }
    let settled = wait_for(within, || {
        let (a, b) = (pair.side(Who::A), pair.side(Who::B));
        let addresses = a.virtual_addresses();
        (a.host.holds(&addresses) == Some(true) && b.host.holds(&addresses) == Some(false)).then_some(())
    });
    assert!(settled.is_some(), "A should hold every address again");
    let wait = pair.side(Who::B).instance.master_down();
    pair.steady(Who::A, Stamp::now(), wait + 0.5);
}
