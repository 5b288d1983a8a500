//! Intervals: what packets say of them, what is used, and when the next packet is due (RFC 5880 §6.8.2 to §6.8.7).
//!
//! Intervals are in microseconds, as in packets.

use core::time::Duration;

use host::Instant;

use crate::chance::Chance;

/// RFC 5880 §6.8.3: not less than this "when bfd.SessionState is not Up", nor, as a SHOULD, is the interval of
/// receiving while Echo packets are sent.
pub(crate) const SLOW: u32 = 1_000_000;

/// Packets of many sessions leave together, on a grid of the machine's clock, where jitter leaves room for it: one
/// wake-up and one system call serve them all.
const GRID: u64 = 500_000;

/// The whole of an interval, in the unit of [`Pace::share`].
const WHOLE: u32 = 100_000;

/// A duration in microseconds; beyond 71 minutes it stays there.
pub(crate) fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

/// Microseconds as a duration.
pub(crate) fn duration(micros: u32) -> Duration {
    Duration::from_micros(u64::from(micros))
}

/// RFC 5880 §6.8.4: the remote Detect Mult, "multiplied by the agreed transmit interval of the remote system (the
/// greater of bfd.RequiredMinRxInterval and the last received Desired Min TX Interval)".
pub(crate) fn detection(multiplier: u8, required: u32, desired: u32) -> Duration {
    duration(required.max(desired)) * u32::from(multiplier)
}

/// When the last packet left, and the jitter of the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pace {
    /// When.
    pub(crate) sent_at: Instant,
    /// How much of the interval passes until the next, in hundred-thousandths.
    share: u32,
}

impl Pace {
    /// A packet leaves now. RFC 5880 §6.8.7: "the interval MUST be reduced by a random value of 0 to 25%", and with a
    /// multiplier of 1 it "MUST be no more than 90%" and "no less than 75%".
    ///
    /// Differs: Keepalived reduces by 10 to 25% always.
    pub(crate) fn start(now: Instant, multiplier: u8, chance: &mut Chance) -> Self {
        let most = if multiplier == 1 { WHOLE / 10 * 9 } else { WHOLE };
        Self { sent_at: now, share: chance.between(WHOLE / 4 * 3, most) }
    }

    /// When the next packet is due. Derived, so that another interval counts at once: RFC 5880 §6.8.3 "the local
    /// system cannot wait longer than the new interval between the previous packet transmission and the next one".
    pub(crate) fn due(&self, interval: u32) -> Instant {
        let after = |share: u32| duration(interval) * share / WHOLE;
        let due = self.sent_at + after(self.share);
        let on_grid = Instant::from_nanos(due.as_nanos() / GRID * GRID);
        if on_grid >= self.sent_at + after(WHOLE / 4 * 3) { on_grid } else { due }
    }
}

/// The intervals of ours that packets carry, and those that still count until the other side knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Advertised {
    /// bfd.DesiredMinTxInterval.
    pub(crate) desired: u32,
    /// bfd.RequiredMinRxInterval.
    pub(crate) required: u32,
    /// What they were before the Poll Sequence that is under way began.
    before: Option<(u32, u32)>,
}

impl Advertised {
    /// The first.
    pub(crate) const fn new(desired: u32, required: u32) -> Self {
        Self { desired, required, before: None }
    }

    /// Others. A Poll Sequence has to tell the neighbour.
    pub(crate) fn change(&mut self, desired: u32, required: u32, up: bool) {
        self.before = if up { Some(self.before.unwrap_or((self.desired, self.required))) } else { None };
        (self.desired, self.required) = (desired, required);
    }

    /// The Poll Sequence has terminated.
    pub(crate) const fn settle(&mut self) {
        self.before = None;
    }

    /// What our transmission is reckoned by. RFC 5880 §6.8.3: "If bfd.DesiredMinTxInterval is increased and
    /// bfd.SessionState is Up, the actual transmission interval used MUST NOT change until the Poll Sequence
    /// described above has terminated."
    pub(crate) fn desired_in_use(&self) -> u32 {
        self.before.map_or(self.desired, |(before, _)| before.min(self.desired))
    }

    /// What the detection time is reckoned by. RFC 5880 §6.8.3: "If bfd.RequiredMinRxInterval is reduced and
    /// bfd.SessionState is Up, the previous value of bfd.RequiredMinRxInterval MUST be used [...] until the Poll
    /// Sequence described above has terminated."
    pub(crate) fn required_in_use(&self) -> u32 {
        self.before.map_or(self.required, |(_, before)| before.max(self.required))
    }
}

/// How far a Poll Sequence of ours is (RFC 5880 §6.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Poll {
    /// Nothing has to be told.
    Idle,
    /// Packets carry the Poll bit until one with the Final bit comes.
    Sending,
    /// It is over, but a Final on its way could be taken for an answer to the next one. RFC 5880 §6.8.3: "an
    /// additional BFD Control packet with the Final (F) bit *clear* MUST be received after the Poll Sequence has
    /// completed prior to the initiation of another".
    Settling,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: [u32; 6] = [1, 333, 10_000, 50_000, 1_000_000, u32::MAX];

    /// R5880-6.8.7-02: "the interval MUST be reduced by a random value of 0 to 25%", on a per-packet basis.
    #[test]
    fn each_interval_is_75_to_100_percent_and_spread_over_all_of_it() {
        let mut chance = Chance::new(1);
        for interval in ANY {
            let whole = u64::from(interval) * 1_000;
            let (mut least, mut most) = (u64::MAX, 0);
            for _ in 0..2_000 {
                let now = Instant::from_nanos(chance.number() >> 20);
                let gap = Pace::start(now, 3, &mut chance).due(interval).since(now);
                let gap = u64::try_from(gap.as_nanos()).unwrap();
                assert!(gap * 4 >= whole * 3 - 3 && gap <= whole, "{gap} of {whole}");
                (least, most) = (least.min(gap), most.max(gap));
            }
            assert!(least < whole * 77 / 100 && most > whole * 97 / 100, "{least} to {most} of {whole}");
        }
    }

    /// R5880-6.8.7-03: "If bfd.DetectMult is equal to 1, the interval [...] MUST be no more than 90% of the negotiated
    /// transmission interval, and MUST be no less than 75%".
    #[test]
    fn with_a_multiplier_of_1_each_interval_is_75_to_90_percent() {
        let mut chance = Chance::new(2);
        for interval in ANY {
            let whole = u64::from(interval) * 1_000;
            for _ in 0..2_000 {
                let now = Instant::from_nanos(chance.number() >> 20);
                let gap = Pace::start(now, 1, &mut chance).due(interval).since(now);
                let gap = u64::try_from(gap.as_nanos()).unwrap();
                assert!(gap * 4 >= whole * 3 - 3 && gap * 10 <= whole * 9, "{gap} of {whole}");
            }
        }
    }

    #[test]
    fn packets_of_many_sessions_leave_together() {
        let mut chance = Chance::new(3);
        let on_grid = (0..1_000)
            .map(|at| Pace::start(Instant::from_millis(at), 3, &mut chance).due(50_000))
            .filter(|due| due.as_nanos() % GRID == 0);
        assert!(on_grid.count() > 900);
    }

    /// R5880-6.8.4-03: the detection time is the remote multiplier times the greater of the two intervals.
    #[test]
    fn the_detection_time_is_the_multiplier_times_the_greater_interval() {
        assert_eq!(detection(3, 10_000, 50_000), Duration::from_millis(150));
        assert_eq!(detection(5, 100_000, 50_000), Duration::from_millis(500));
        assert_eq!(detection(1, 1, 1), Duration::from_micros(1));
        assert_eq!(detection(255, u32::MAX, 0), Duration::from_micros(255 * u64::from(u32::MAX)));
    }

    /// R5880-6.8.3-03, R5880-6.8.3-04: a longer transmission interval and a shorter receiving interval wait for the
    /// end of the Poll Sequence while Up; the other two count at once.
    #[test]
    fn what_would_break_the_neighbour_s_reckoning_waits_for_the_poll() {
        let mut intervals = Advertised::new(10, 20);
        intervals.change(40, 5, true);
        assert_eq!((intervals.desired, intervals.required), (40, 5));
        assert_eq!((intervals.desired_in_use(), intervals.required_in_use()), (10, 20));
        intervals.settle();
        assert_eq!((intervals.desired_in_use(), intervals.required_in_use()), (40, 5));
        intervals.change(10, 20, true);
        assert_eq!((intervals.desired_in_use(), intervals.required_in_use()), (10, 20));
        intervals.change(1_000, 1, false);
        assert_eq!((intervals.desired_in_use(), intervals.required_in_use()), (1_000, 1));
    }

    #[test]
    fn durations_beyond_32_bits_of_microseconds_stay_there() {
        assert_eq!(micros(Duration::from_secs(5_000)), u32::MAX);
        assert_eq!(duration(micros(Duration::from_millis(10))), Duration::from_millis(10));
    }
}
