//! How long an address was on two nodes at once, and how long on none.

use std::time::Duration;

use super::clock::Stamp;
use super::pair::{Pair, Who};
use super::timing::LATE;

/// The longest stretches without exactly one holder, in seconds.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Stretches {
    /// On both.
    pub(crate) both: f64,
    /// On none.
    pub(crate) none: f64,
}

impl Pair {
    /// Since `since` no virtual address was on both nodes for longer than `both` seconds at a stretch, nor on none for
    /// longer than `none`.
    pub(crate) fn held_by_one(&self, since: Stamp, both: f64, none: f64) {
        for address in self.side(Who::A).virtual_addresses() {
            let of = |who| self.side(who).watch.history(address);
            let found = stretches(&of(Who::A), &of(Who::B), since, Stamp::now());
            assert!(
                found.both <= both + LATE,
                "{address} was on both for {:.3} s, may for {both:.3}",
                found.both
            );
            assert!(
                found.none <= none + LATE,
                "{address} was on none for {:.3} s, may for {none:.3}",
                found.none
            );
        }
    }

    /// The longest that a backup may need to notice that its master is gone.
    pub(crate) fn longest_wait(&self) -> f64 {
        [Who::A, Who::B].map(|who| self.side(who).instance.master_down()).into_iter().fold(0.0, f64::max)
    }

    /// Waits until `who` has been the only one to hold every address for `seconds`.
    pub(crate) fn settles_on(&self, who: Who, within: f64, seconds: f64) {
        let now = || {
            let of = |who| {
                let side = self.side(who);
                side.host.holds(&side.virtual_addresses())
            };
            of(who) == Some(true) && of(who.other()) == Some(false)
        };
        let mut since = None;
        let settled = super::clock::wait_for(Duration::from_secs_f64(within + seconds + LATE), || {
            since = now().then(|| since.unwrap_or_else(Stamp::now));
            since.filter(|since| Stamp::now().since(*since) >= seconds)
        });
        assert!(settled.is_some(), "{who:?} alone should hold every address within {within:.3} s");
    }
}

fn stretches(a: &[(Stamp, bool)], b: &[(Stamp, bool)], since: Stamp, until: Stamp) -> Stretches {
    let mut events: Vec<(Stamp, usize, bool)> = Vec::new();
    for (side, history) in [a, b].into_iter().enumerate() {
        events.extend(history.iter().map(|(at, present)| (*at, side, *present)));
    }
    events.sort_by_key(|(at, ..)| *at);
    let mut holds = [false; 2];
    let mut longest = Stretches::default();
    let mut began = since;
    let mut note = |holds: [bool; 2], from: Stamp, to: Stamp| {
        let length = to.since(from);
        match holds {
            [true, true] => longest.both = longest.both.max(length),
            [false, false] => longest.none = longest.none.max(length),
            [true, false] | [false, true] => {}
        }
    };
    for (at, side, present) in events {
        if holds[side] == present {
            continue;
        }
        if at > since {
            note(holds, began, at);
            began = at;
        }
        holds[side] = present;
    }
    note(holds, began, until);
    longest
}
