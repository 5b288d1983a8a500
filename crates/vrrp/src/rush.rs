//! Many instances that become master at once, as at a start or when a router with thousands of them dies.
//!
//! All would then send at once for ever, each advert as late as the burst before it is long, and a receiver's buffer
//! would fill in the same moment. So the first interval of those after the first [`TOGETHER`] is a little shorter: they
//! spread over half an interval. An advert that comes early is never wrong (RFC 9568 §6.1: who hears it waits for three
//! whole intervals from it). Differs: Keepalived lets them send at once.
//!
//! While more takeovers are due within moments, their adverts go before the orders of those that are through: another
//! backup of a lower priority waits for them only a fraction of an interval longer.

use core::time::Duration;

use host::Instant;

/// So many keep together: one batch of packets.
const TOGETHER: u32 = 32;

/// Places over half an interval.
const PLACES: u32 = 64;

/// A takeover that is due within this time is near.
pub(crate) const NEAR: Duration = Duration::from_millis(1);

/// Orders are put off for so long at most: by then a thousand takeovers are through.
const LONGEST_PUT_OFF: Duration = Duration::from_millis(30);

/// Those that became master of late.
#[derive(Debug, Default)]
pub(crate) struct Rush {
    last: Instant,
    count: u32,
    /// Since when a takeover has been near, again and again.
    near_since: Option<Instant>,
    puts_off: bool,
}

impl Rush {
    /// How much earlier than after a whole interval one that becomes master now sends its second advert: less than half
    /// of it.
    pub(crate) fn join(&mut self, now: Instant, interval: Duration) -> Duration {
        // Whoever came an interval ago has found its place.
        if now.since(self.last) >= interval {
            self.count = 0;
        }
        self.last = now;
        let place = self.count / TOGETHER % PLACES;
        self.count = self.count.wrapping_add(1);
        interval * place / (2 * PLACES)
    }

    /// Decides whether orders are put off: while a takeover is near, but not for long.
    pub(crate) fn decide(&mut self, near: bool, now: Instant) {
        self.near_since = near.then(|| self.near_since.unwrap_or(now));
        self.puts_off = self.near_since.is_some_and(|since| now.since(since) < LONGEST_PUT_OFF);
    }

    /// What [`Self::decide`] decided.
    pub(crate) const fn puts_off(&self) -> bool {
        self.puts_off
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(100);

    #[test]
    fn a_few_keep_their_interval() {
        let mut rush = Rush::default();
        let now = Instant::from_millis(1_000);
        assert!((0..TOGETHER).all(|_| rush.join(now, INTERVAL).is_zero()));
    }

    #[test]
    fn orders_are_put_off_while_takeovers_are_near_but_not_for_long() {
        let mut rush = Rush::default();
        let mut put_off = |near, millis| {
            rush.decide(near, Instant::from_millis(millis));
            rush.puts_off()
        };
        assert!(!put_off(false, 1_000));
        assert!(
            put_off(true, 1_001) && put_off(true, 1_030) && !put_off(true, 1_031) && !put_off(true, 1_032)
        );
        assert!(!put_off(false, 1_033) && put_off(true, 1_034));
    }

    #[test]
    fn many_spread_over_half_an_interval_in_batches() {
        let mut rush = Rush::default();
        let now = Instant::from_millis(1_000);
        let earlier: alloc::vec::Vec<Duration> = (0..2_000).map(|_| rush.join(now, INTERVAL)).collect();
        assert!(earlier.iter().all(|early| *early < INTERVAL / 2));
        for (place, batch) in (0_u32..).zip(earlier.chunks(32)) {
            assert!(batch.iter().all(|early| *early == INTERVAL * place / 128), "{place}");
        }
    }

    #[test]
    fn whoever_comes_later_keeps_its_interval() {
        let mut rush = Rush::default();
        for _ in 0..100 {
            let _ = rush.join(Instant::from_millis(1_000), INTERVAL);
        }
        assert!(!rush.join(Instant::from_millis(1_099), INTERVAL).is_zero());
        assert!(rush.join(Instant::from_millis(1_199), INTERVAL).is_zero());
    }
}
