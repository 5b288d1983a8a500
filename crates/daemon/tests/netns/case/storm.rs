//! What others do to the network: links deleted and made again, and what a network manager does when it restarts.

use std::fmt::Write as _;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::holds;
use crate::netns::clock::{Stamp, sleep_until};
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::LATE;

/// The master's link is deleted, and made again later: a fault meanwhile, an election afterwards.
///
/// vrrp-behaviour §22.3.
/// As observed: B22.3-01.
pub(crate) fn link_deleted_and_made_again(pair: &mut Pair) {
    pair.establish();
    let deleted = Stamp::now();
    pair.lab.unplug(&pair.side(Who::A).host);
    pair.takes_over(Who::B, deleted);
    for said in ["Netlink reports eth0 down", "Interface eth0 deleted", "Entering FAULT STATE"] {
        pair.side(Who::A).expect_log(said);
    }
    let log = pair.side(Who::A).daemon.log();
    assert!(!log.contains("Interface eth0 added"), "{log}");

    let made = Stamp::now();
    pair.lab.plug(&pair.side(Who::A).host);
    pair.side(Who::A).expect_log("Interface eth0 added");
    let wait = pair.side(Who::A).instance.master_down();
    let back = pair.becomes_master(Who::A, made, wait, wait);
    pair.steps_back(Who::B, back);
    pair.sole_holder(Who::A);
    pair.held_by_one(deleted, 0.0, pair.longest_wait());
    let wait = pair.side(Who::B).instance.master_down();
    pair.steady(Who::A, Stamp::now(), wait + 0.5);
}

/// The same three times within one interval: what is left at the end is one master.
pub(crate) fn link_deleted_and_made_again_quickly(pair: &mut Pair) {
    pair.establish();
    let began = Stamp::now();
    for _ in 0..3 {
        pair.lab.unplug(&pair.side(Who::A).host);
        pair.lab.plug(&pair.side(Who::A).host);
    }
    let wait = pair.longest_wait();
    pair.settles_on(Who::A, 2.0 * wait, wait + 0.5);
    pair.held_by_one(began, 0.0, wait);
}

/// `systemctl restart` of a network manager: all addresses flushed, the links set down and up, the host's own
/// addresses put back, several times over.
pub(crate) fn network_manager_restarts(pair: &mut Pair) {
    pair.establish();
    let began = Stamp::now();
    let host = pair.side(Who::A).host.clone();
    for round in 1..=3 {
        let link = &host.link;
        host.namespace.ip(&format!(
            "addr flush dev {link}\nroute flush dev {link}\nlink set {link} down\nlink set {link} up\n{}",
            host.own_addresses()
        ));
        sleep_until(began.plus(Duration::from_millis(500) * round));
    }
    let wait = pair.longest_wait();
    pair.settles_on(Who::A, 2.0 * wait, wait + 0.5);
    // Each round is a fault, from which A's own wait begins anew; B takes over after its own.
    pair.held_by_one(began, 0.0, wait);
    pair.steady(Who::A, Stamp::now(), wait);
}

/// Differs: keepalived gives up. The virtual addresses are removed over and over: the master puts them back at once,
/// and nobody takes over.
pub(crate) fn addresses_removed(pair: &mut Pair) {
    pair.establish();
    let began = Stamp::now();
    let host = pair.side(Who::A).host.clone();
    let addresses = pair.side(Who::A).virtual_addresses();
    for round in 1..=3 {
        host.forget(&addresses);
        sleep_until(began.plus(Duration::from_millis(300) * round));
        pair.holds(Who::A);
    }
    let wait = pair.longest_wait();
    pair.settles_on(Who::A, wait, wait + 0.5);
    pair.silent(Who::B, began, Stamp::now());
    pair.held_by_one(began, 0.0, 0.0);
}

/// What systemd-networkd does when it starts: routes and rules that are not its own go, while a thousand other things come
/// and go. All of it is put back, and nobody takes over.
pub(crate) fn routes_and_rules_removed(pair: &mut Pair) {
    pair.establish();
    holds::all_with(pair, Who::A);
    let began = Stamp::now();
    let host = pair.side(Who::A).host.clone();
    for round in 1..=3 {
        host.namespace.ip(&format!(
            "route del 198.51.100.0/24\nroute del blackhole 203.0.113.0/24\nroute del 2001:db8:9::/64\n\
             rule del priority 1000\nrule del priority 1001\n{}",
            a_thousand_changes()
        ));
        sleep_until(began.plus(Duration::from_millis(700) * round));
        holds::all_with(pair, Who::A);
    }
    let wait = pair.side(Who::B).instance.master_down();
    pair.steady(Who::A, began, Stamp::now().since(began) + wait);
    pair.held_by_one(began, 0.0, 0.0);
}

/// Addresses of nobody's concern, put and taken away again.
fn a_thousand_changes() -> String {
    let mut lines = String::new();
    for verb in ["add", "del"] {
        for number in 0..500 {
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "addr {verb} 10.9.{}.{}/32 dev lo", number / 250, number % 250);
        }
    }
    lines
}

/// `ip addr flush`: the host's own address goes too, so the master cannot stay; it says goodbye from the address that it
/// had, and its rival waits for its skew time alone.
///
/// vrrp-behaviour §22.4.
/// As observed: B22.4-01.
pub(crate) fn addresses_flushed(pair: &mut Pair) {
    pair.establish();
    let began = Stamp::now();
    let host = pair.side(Who::A).host.clone();
    host.namespace.ip(&format!("addr flush dev {}", host.link));
    let within = Duration::from_secs_f64(LATE);
    let goodbye = pair.wire.wait_advert(&host, began, within, |advert| advert.priority == 0);
    let skew = pair.side(Who::B).instance.skew();
    pair.becomes_master(Who::B, goodbye.expect("A says goodbye").at, skew, skew);

    host.namespace.ip(&host.own_addresses());
    let wait = pair.longest_wait();
    pair.settles_on(Who::A, wait, 0.5);
    pair.held_by_one(began, 0.0, skew);
}

/// More news than the kernel keeps for us while we do not read: what was lost among it is found out all the same.
pub(crate) fn news_lost(pair: &mut Pair) {
    pair.establish();
    let host = pair.side(Who::A).host.clone();
    let worker = pair.side(Who::A).daemon.worker().expect("it wrote its pid file");
    let began = Stamp::now();
    worker.signal(Signal::SIGSTOP);
    for _ in 0..8 {
        host.namespace.ip(&a_thousand_changes());
    }
    let address = pair.side(Who::A).virtual_addresses()[0];
    host.forget(&[address]);
    worker.signal(Signal::SIGCONT);
    let resumed = Stamp::now();
    let wait = pair.longest_wait();
    let back = pair.side(Who::A).watch.wait(address, true, resumed, Duration::from_secs_f64(2.0 + wait));
    assert!(back.is_some(), "{address} never came back");
    pair.settles_on(Who::A, 2.0 * wait, wait + 0.5);
    pair.held_by_one(began, 0.0, resumed.since(began) + wait);
}
