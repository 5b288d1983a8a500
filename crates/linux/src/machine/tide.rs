//! How fast packets come. Where they come by thousands a second, a moment's wait lets one turn read many of them: waking
//! up for each costs more than what it says.

use std::time::Duration;

use host::Instant;

/// Over how long packets are counted.
const COUNTED: Duration = Duration::from_millis(10);
/// Of so many in that time, several are read together after a [`PAUSE`].
const MANY: usize = 20;
/// With so many there are always some to read, and the buffers of the sockets must not fill up: 100 in a [`PAUSE`], where
/// each keeps thousands.
const FLOOD: usize = 1_000;
/// They are dated by the kernel, so that no timer is later for it.
const PAUSE: Duration = Duration::from_millis(1);
/// The kernel may let one who sleeps sleep longer; whoever has something to do by then does not sleep.
const SLACK: Duration = Duration::from_millis(1);

/// The rate of packets of late.
#[derive(Default, Debug)]
pub(super) struct Tide {
    since: Instant,
    packets: usize,
    /// In the last whole [`COUNTED`].
    before: usize,
}

impl Tide {
    /// So many packets were read now.
    pub(super) fn count(&mut self, packets: usize, now: Instant) {
        let passed = now.since(self.since);
        if passed >= COUNTED {
            self.before = if passed >= COUNTED * 2 { 0 } else { self.packets };
            (self.packets, self.since) = (0, now);
        }
        self.packets += packets;
    }

    /// How long to let packets gather before the next look at the sockets, if nothing is to be done before `deadline`.
    pub(super) fn pause(&self, now: Instant, deadline: Option<Instant>) -> Option<Duration> {
        let lately = self.before.max(self.packets);
        let many = (MANY..FLOOD).contains(&lately) && now.since(self.since) < COUNTED * 2;
        let time = deadline.is_none_or(|deadline| deadline >= now + PAUSE + SLACK);
        (many && time).then_some(PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many packets in each of 30 milliseconds.
    fn after(packets: usize) -> Tide {
        let mut tide = Tide::default();
        (1..=30).for_each(|millis| tide.count(packets, Instant::from_millis(millis)));
        tide
    }

    #[test]
    fn only_many_packets_are_waited_for_and_no_flood() {
        let now = Instant::from_millis(30);
        let pauses = [0, 1, 2, 20, 99, 100, 1_000].map(|packets| after(packets).pause(now, None).is_some());
        assert_eq!(pauses, [false, false, true, true, true, false, false]);
    }

    #[test]
    fn whoever_has_something_to_do_does_not_wait() {
        let now = Instant::from_millis(30);
        let pause = |at| after(20).pause(now, Some(Instant::from_millis(at)));
        let pauses = [0, 30, 31, 32, 1_000].map(|at| pause(at).is_some());
        assert_eq!(pauses, [false, false, false, true, true]);
    }

    #[test]
    fn a_rate_of_long_ago_does_not_count() {
        let mut tide = after(20);
        assert_eq!(tide.pause(Instant::from_millis(60), None), None);
        tide.count(1, Instant::from_millis(1_000));
        assert_eq!(tide.pause(Instant::from_millis(1_000), None), None);
    }
}
