//! How often a new master announces its addresses, and when, if nobody says otherwise and if somebody does.

use std::time::Duration;

use crate::netns::clock::{Stamp, sleep_until, wait_for};
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::{EARLY, LATE};

/// Seconds from the first round to the second unless the file says otherwise.
const DELAY: f64 = 5.0;

/// A's file says nothing of it; B's that there is no second round.
pub(crate) fn pair(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| (Instance::v3(150, 400), Instance::v3(100, 400).with("garp_master_delay 0")))
}

/// Five of each address at once and five after five seconds; with a delay of 0 the first five alone.
///
/// vrrp-behaviour §7.
/// As observed: B7-01.
pub(crate) fn rounds(pair: &mut Pair) {
    let elected = pair.establish();
    // The decision, from which the delay counts, is a moment before what is seen of it.
    sleep_until(elected.plus(Duration::from_secs_f64(DELAY + LATE)));
    for address in pair.side(Who::A).virtual_addresses() {
        let all = pair.wire.announcements(&pair.side(Who::A).host, address, elected, Stamp::now());
        assert_eq!(all.len(), 10, "two rounds of {address}");
        let (first, second) = (all[0].at, all[5].at);
        assert!(all[4].at.since(first) < LATE, "five of {address} at once");
        let gap = second.since(elected);
        assert!((DELAY - 0.05 - EARLY..DELAY + LATE).contains(&gap), "the second round after {gap:.3} s");
    }

    let died = pair.side_mut(Who::A).daemon.power_off();
    pair.side(Who::A).host.forget(&pair.side(Who::A).virtual_addresses());
    let taken = pair.takes_over(Who::B, died);
    let host = pair.side(Who::B).host.clone();
    for address in pair.side(Who::B).virtual_addresses() {
        let count = || pair.wire.announcements(&host, address, taken, Stamp::now()).len();
        let once = wait_for(Duration::from_secs_f64(LATE), || (count() == 5).then_some(()));
        assert!(once.is_some(), "B announced {address} {} times", count());
    }
    sleep_until(taken.plus(Duration::from_secs_f64(DELAY + 1.0)));
    for address in pair.side(Who::B).virtual_addresses() {
        let all = pair.wire.announcements(&host, address, taken, Stamp::now());
        assert_eq!(all.len(), 5, "one round of {address}");
    }
}
