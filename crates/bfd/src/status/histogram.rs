//! How durations are spread.

use core::time::Duration;

use serde::{Deserialize, Serialize};

/// Upper bounds in microseconds, three a decade: from less than a timer's precision to more than any sensible
/// detection time.
const BOUNDS: [u64; 20] = [
    10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000,
    1_000_000, 2_000_000, 5_000_000, 10_000_000, 60_000_000,
];

/// Counts of durations, each in the first bucket whose bound it does not pass.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Histogram {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    sum_micros: u64,
    max_micros: u64,
}

impl Histogram {
    /// Counts one.
    pub fn add(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        // A duration of some nanoseconds more than the bound is beyond it.
        let above = duration > Duration::from_micros(micros);
        let place = BOUNDS.iter().position(|bound| micros < *bound || (micros == *bound && !above));
        if let Some(bucket) = place.and_then(|place| self.buckets.get_mut(place)) {
            *bucket += 1;
        }
        self.count += 1;
        self.sum_micros = self.sum_micros.saturating_add(micros);
        self.max_micros = self.max_micros.max(micros);
    }

    /// Each bucket's upper bound and how many are in it, without those in buckets before. The last has no bound.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<Duration>, u64)> + '_ {
        let beyond = self.count - self.buckets.iter().sum::<u64>().min(self.count);
        let bounded = BOUNDS.iter().zip(&self.buckets);
        bounded.map(|(bound, count)| (Some(Duration::from_micros(*bound)), *count)).chain([(None, beyond)])
    }

    /// How many there were.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// What they add up to.
    pub const fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_micros)
    }

    /// The longest.
    pub const fn max(&self) -> Duration {
        Duration::from_micros(self.max_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn a_duration_is_counted_in_the_bucket_whose_bound_it_does_not_pass() {
        let mut histogram = Histogram::default();
        for duration in
            [Duration::ZERO, Duration::from_micros(10), Duration::from_nanos(10_001), Duration::from_secs(61)]
        {
            histogram.add(duration);
        }
        let filled: Vec<_> = histogram.buckets().filter(|(_, count)| *count > 0).collect();
        let ten = Some(Duration::from_micros(10));
        assert_eq!(filled, [(ten, 2), (Some(Duration::from_micros(20)), 1), (None, 1)]);
        assert_eq!((histogram.count(), histogram.max()), (4, Duration::from_secs(61)));
        assert_eq!(histogram.sum(), Duration::from_micros(61_000_020));
    }
}
