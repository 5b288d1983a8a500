//! Processes that stand still for ten seconds: a virtual machine that is moved, a debugger, a host that starves.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::netns::clock::{Stamp, sleep_until};
use crate::netns::pair::{Pair, Who};

const PAUSE: Duration = Duration::from_secs(10);
/// A former master gives way without a second of double ownership; what the trials allow for lateness comes on top.
const PROMPTLY: f64 = 0.5;

/// A master that stood still finds a rival, gives way at once, and comes back by an ordinary election.
pub(crate) fn of_a_master(pair: &mut Pair) {
    pair.establish();
    let paused = pair.side_mut(Who::A).daemon.pause();
    pair.takes_over(Who::B, paused);
    sleep_until(paused.plus(PAUSE));
    pair.holds(Who::A);
    let before = pair.side(Who::A).daemon.worker();

    let resumed = pair.side_mut(Who::A).daemon.resume();
    for address in pair.side(Who::A).virtual_addresses() {
        let gone = pair.side(Who::A).watch.wait(address, false, resumed, Duration::from_secs(2));
        let gone = gone.unwrap_or_else(|| panic!("A kept {address} after its pause")).since(resumed);
        assert!(gone < 1.0, "A kept {address} for {gone:.3} s after its pause");
    }
    let wait = pair.side(Who::A).instance.master_down();
    pair.becomes_master(Who::A, resumed, wait, wait + 1.0);
    pair.settles_on(Who::A, wait, 0.5);
    pair.held_by_one(resumed, PROMPTLY, wait);
    assert_eq!(pair.side(Who::A).daemon.worker(), before, "nobody had to be started anew");
}

/// A backup that stood still hears what came meanwhile before it looks at its clock: the master goes on.
pub(crate) fn of_a_backup(pair: &mut Pair) {
    pair.establish();
    let paused = pair.side_mut(Who::B).daemon.pause();
    sleep_until(paused.plus(PAUSE));
    pair.side_mut(Who::B).daemon.resume();
    let wait = pair.side(Who::B).instance.master_down();
    pair.steady(Who::A, paused, PAUSE.as_secs_f64() + wait + 0.5);
}

/// The worker does its work without its supervisor, and is not taken for dead by one that stood still itself.
pub(crate) fn of_a_supervisor(pair: &mut Pair) {
    pair.establish();
    let before = pair.side(Who::A).daemon.worker();
    let supervisor = pair.side(Who::A).daemon.supervisor();
    let paused = Stamp::now();
    supervisor.signal(Signal::SIGSTOP);
    sleep_until(paused.plus(PAUSE));
    supervisor.signal(Signal::SIGCONT);
    let wait = pair.side(Who::B).instance.master_down();
    pair.steady(Who::A, paused, PAUSE.as_secs_f64() + wait + 2.0);
    assert_eq!(pair.side(Who::A).daemon.worker(), before, "nobody had to be started anew");
}

/// Only the worker stands still: it is replaced after some seconds, and what replaces it gives the addresses up.
pub(crate) fn of_a_worker(pair: &mut Pair) {
    pair.establish();
    let worker = pair.side(Who::A).daemon.worker().expect("it wrote its pid file");
    let paused = Stamp::now();
    worker.signal(Signal::SIGSTOP);
    let taken = pair.takes_over(Who::B, paused);
    let patience = Duration::from_secs(18);
    for address in pair.side(Who::A).virtual_addresses() {
        let gone = pair.side(Who::A).watch.wait(address, false, paused, patience);
        assert!(gone.is_some(), "A kept {address} for {patience:?}");
    }
    let wait = pair.side(Who::A).instance.master_down();
    pair.settles_on(Who::A, 2.0 + wait, 0.5);
    // Five seconds until it is asked, eight without an answer, and the one that replaces it.
    pair.held_by_one(taken, 14.0, wait);
}
