//! Whether and when a better router takes the address back.

use crate::netns::clock::{Stamp, sleep_until};
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::pair::{Pair, Who};

use std::time::Duration;

pub(crate) fn patient(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| {
        let patient = |priority| Instance::v3(priority, 400).with("nopreempt");
        (patient(150), patient(100))
    })
}

/// With `nopreempt` a better backup leaves a lower master alone, and still takes over when it falls silent.
///
/// vrrp-behaviour §4.1.
pub(crate) fn nopreempt(pair: &mut Pair) {
    pair.start_alone(Who::B);
    pair.start_backup(Who::A);
    let wait = pair.side(Who::A).instance.master_down();
    pair.steady(Who::B, Stamp::now(), 2.0 * wait);

    let died = pair.side_mut(Who::B).daemon.power_off();
    pair.side(Who::B).host.forget(&pair.side(Who::B).virtual_addresses());
    pair.takes_over(Who::A, died);
}

/// `preempt_delay` of A.
const DELAY: f64 = 2.0;

pub(crate) fn delayed(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| {
        (Instance::v3(150, 400).with(format!("preempt_delay {DELAY}")), Instance::v3(100, 400))
    })
}

/// The delay counts from the first advert of a lower master; while it runs, adverts restart the master-down time,
/// so A takes over that time after the last advert within the delay. With nobody there it waits for no delay.
///
/// vrrp-behaviour §4.1.
/// As observed: B4.1-02.
pub(crate) fn preempt_delay(pair: &mut Pair) {
    pair.start_alone(Who::B);
    let started = pair.side_mut(Who::A).daemon.start();
    pair.side(Who::A).expect_log("Entering BACKUP STATE");
    let heard = pair.next_advert(Who::B).at;
    let (interval, wait) = {
        let instance = &pair.side(Who::A).instance;
        (instance.interval.as_secs_f64(), instance.master_down())
    };
    let latest = heard.since(started) + DELAY + wait;
    let back = pair.becomes_master(Who::A, started, DELAY - interval + wait, latest);
    pair.steps_back(Who::B, back);

    let died = pair.side_mut(Who::A).daemon.power_off();
    pair.side(Who::A).host.forget(&pair.side(Who::A).virtual_addresses());
    pair.takes_over(Who::B, died);
    pair.side_mut(Who::B).daemon.power_off();
    pair.side(Who::B).host.forget(&pair.side(Who::B).virtual_addresses());
    sleep_until(Stamp::now().plus(Duration::from_millis(100)));
    pair.start_alone(Who::A);
}
