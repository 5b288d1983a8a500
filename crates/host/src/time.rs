//! A point in time that is only a number, so that tests start at zero and a recording replays exactly.

use core::fmt;
use core::num::NonZeroU64;
use core::ops::{Add, AddAssign, Sub};
use core::time::Duration;

use serde::{Deserialize, Serialize};

/// A point on the machine's monotonic clock, in nanoseconds since an origin that the machine chooses.
///
/// On Linux the origin is that of `CLOCK_MONOTONIC`, so instants can be compared between processes of one boot.
/// Arithmetic saturates: the far future stays the far future.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
pub struct Instant(
    /// One more than the nanoseconds, so that an `Option` needs no room of its own: instances hold many.
    NonZeroU64,
);

impl Instant {
    /// The origin of the clock.
    pub const ZERO: Self = Self(NonZeroU64::MIN);
    /// Later than anything that happens.
    pub const NEVER: Self = Self(NonZeroU64::MAX);

    /// The instant `nanos` nanoseconds after the origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(NonZeroU64::MIN.saturating_add(nanos))
    }

    /// The instant `millis` milliseconds after the origin.
    pub const fn from_millis(millis: u64) -> Self {
        Self::from_nanos(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0.get() - 1
    }

    /// How much later `self` is than `earlier`; zero if it is not later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.as_nanos().saturating_sub(earlier.as_nanos()))
    }
}

/// A duration in whole nanoseconds; beyond 584 years it stays there.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(nanos(later)))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, later: Duration) {
        *self = *self + later;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;
    fn sub(self, earlier: Duration) -> Self {
        Self::from_nanos(self.as_nanos().saturating_sub(nanos(earlier)))
    }
}

impl Default for Instant {
    fn default() -> Self {
        Self::ZERO
    }
}

impl From<u64> for Instant {
    fn from(nanos: u64) -> Self {
        Self::from_nanos(nanos)
    }
}

impl From<Instant> for u64 {
    fn from(instant: Instant) -> Self {
        instant.as_nanos()
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Instant").field(&self.as_nanos()).finish()
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.as_nanos();
        write!(f, "{}.{:06}", nanos / 1_000_000_000, nanos / 1_000 % 1_000_000)
    }
}

/// How far the clock on the wall is ahead of the machine's monotonic clock. It changes when somebody sets the clock, or
/// when the machine was asleep.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WallClock {
    ahead_nanos: i64,
}

impl WallClock {
    /// The clock that shows `wall`, the time since 1970-01-01 00:00 UTC, at `now`.
    pub fn showing(wall: Duration, now: Instant) -> Self {
        let difference = i128::from(nanos(wall)) - i128::from(now.as_nanos());
        Self { ahead_nanos: i64::try_from(difference).unwrap_or(i64::MAX) }
    }

    /// The time since 1970-01-01 00:00 UTC; zero before that.
    pub const fn at(self, now: Instant) -> Duration {
        Duration::from_nanos(now.as_nanos().saturating_add_signed(self.ahead_nanos))
    }

    /// How far two clocks are apart.
    pub const fn difference(self, other: Self) -> Duration {
        Duration::from_nanos(self.ahead_nanos.abs_diff(other.ahead_nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(Instant::NEVER + Duration::from_secs(1), Instant::NEVER);
        assert_eq!(Instant::ZERO - Duration::from_secs(1), Instant::ZERO);
        assert_eq!(Instant::from_millis(1).since(Instant::from_millis(2)), Duration::ZERO);
    }

    #[test]
    fn the_wall_s_clock_goes_on_with_the_monotonic_one() {
        let clock = WallClock::showing(Duration::from_secs(1_000), Instant::from_millis(400));
        assert_eq!(clock.at(Instant::from_millis(1_400)), Duration::from_secs(1_001));
        let set = WallClock::showing(Duration::from_secs(900), Instant::from_millis(400));
        assert_eq!(clock.difference(set), Duration::from_secs(100));
        // Without a battery it may show less than the machine has been up.
        let early = WallClock::showing(Duration::from_secs(1), Instant::from_millis(5_000));
        assert_eq!(early.at(Instant::from_millis(4_000)), Duration::ZERO);
        assert_eq!(early.at(Instant::from_millis(6_000)), Duration::from_secs(2));
    }
}
