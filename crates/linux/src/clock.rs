//! Where time comes from: the only place that reads a clock.

use std::fmt;
use std::time::Duration;

use host::{Instant, WallClock};
use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::sys;

/// The present time on the clock that deadlines are measured by (`CLOCK_MONOTONIC`).
pub fn now() -> Instant {
    Instant::from_nanos(nanos(clock_gettime(ClockId::Monotonic)))
}

/// Two clocks that are read one after the other are read within this time, unless something came in between.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

/// The clock on the wall against the one that deadlines are measured by.
pub(crate) fn on_the_wall() -> WallClock {
    let look = || {
        let before = now();
        let WallTime { seconds, nanos } = wall();
        let shown = Duration::new(u64::try_from(seconds).unwrap_or(0), nanos);
        (now().since(before), WallClock::showing(shown, before))
    };
    // Somebody else may get the processor between the two looks; hardly twice.
    let first = look();
    if first.0 < BETWEEN_LOOKS { first.1 } else { look().1 }
}

/// How long the host has been up.
pub fn uptime() -> Duration {
    Duration::from_nanos(nanos(clock_gettime(ClockId::Boottime)))
}

/// The present time of day.
pub fn wall() -> WallTime {
    let now = clock_gettime(ClockId::Realtime);
    WallTime { seconds: now.tv_sec, nanos: u32::try_from(now.tv_nsec).unwrap_or(0) }
}

/// As far back as a packet's stamp is believed. The last packets of a full socket are lost, so after a pause of ours the
/// last that is left may be old though its sender never fell silent.
pub(crate) const BELIEVED: Duration = Duration::from_millis(5);

/// One moment on both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    now: Instant,
    wall: WallTime,
}

impl Moment {
    /// The present one.
    pub(crate) fn present() -> Self {
        Self { now: now(), wall: wall() }
    }

    /// When something happened that the kernel stamped with the time of day, a while before this moment; this moment
    /// itself if it did not.
    pub(crate) fn placed(self, stamp: Option<WallTime>) -> Instant {
        // A clock that was set in between says nonsense, and little of it is believed.
        let age = stamp.and_then(|stamp| self.wall.since(stamp)).unwrap_or(Duration::ZERO);
        self.now - age.min(BELIEVED)
    }
}

/// A time of day, for people; never for deadlines.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WallTime {
    /// Seconds since 1970-01-01 00:00 UTC.
    pub seconds: i64,
    /// Nanoseconds within the second, 0 to 999,999,999.
    pub nanos: u32,
}

impl WallTime {
    /// How much later it is than `earlier`; `None` if it is not later.
    fn since(self, earlier: Self) -> Option<Duration> {
        let seconds = self.seconds.checked_sub(earlier.seconds).and_then(|all| u64::try_from(all).ok())?;
        let whole = Duration::from_secs(seconds) + Duration::from_nanos(self.nanos.into());
        whole.checked_sub(Duration::from_nanos(earlier.nanos.into()))
    }

    /// The same on the calendar of the local time zone; on that of UTC, if the zone cannot be told.
    pub fn local(self) -> Calendar {
        sys::local_time(self.seconds).unwrap_or(Calendar::EPOCH)
    }
}

/// A time of day in the local time zone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Calendar {
    /// Year of our era.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 6, from Sunday.
    pub weekday: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
    /// Seconds that the zone is ahead of UTC, less than a day.
    pub offset: i32,
}

impl Calendar {
    /// 1970-01-01 00:00, a Thursday.
    pub const EPOCH: Self =
        Self { year: 1970, month: 1, day: 1, weekday: 4, hour: 0, minute: 0, second: 0, offset: 0 };
    const MONTHS: [&'static str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const DAYS: [&'static str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

    /// The English name of the month in three letters, as syslog writes it (RFC 3164 §4.1.2).
    pub fn month_name(&self) -> &'static str {
        Self::MONTHS.get(usize::from(self.month).wrapping_sub(1)).copied().unwrap_or("???")
    }

    /// The English name of the day in three letters, as `asctime` writes it.
    pub fn weekday_name(&self) -> &'static str {
        Self::DAYS.get(usize::from(self.weekday)).copied().unwrap_or("???")
    }
}

impl Calendar {
    /// As RFC 5322 §3.3 has it: `Wed, 04 Nov 2026 09:05:07 +0100`.
    pub fn mail_date(&self) -> String {
        let Self { year, day, hour, minute, second, offset, .. } = self;
        let (sign, ahead) = (if *offset < 0 { '-' } else { '+' }, offset.unsigned_abs() / 60);
        let zone = format!("{sign}{:02}{:02}", ahead / 60, ahead % 60);
        let (weekday, month) = (self.weekday_name(), self.month_name());
        format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} {zone}")
    }
}

impl fmt::Display for Calendar {
    /// As RFC 3164 §4.1.2 has it: `Nov  4 09:05:07`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { day, hour, minute, second, .. } = self;
        write!(f, "{} {day:>2} {hour:02}:{minute:02}:{second:02}", self.month_name())
    }
}

/// Nanoseconds of a time since its clock's origin; times before it are the origin.
fn nanos(time: Timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let rest = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_does_not_go_back() {
        let first = now();
        assert!(first > Instant::ZERO);
        assert!(now() >= first);
    }

    #[test]
    fn a_stamp_is_believed_if_it_is_of_a_moment_ago() {
        let at = |seconds, nanos| WallTime { seconds, nanos };
        let now = Instant::from_millis(1_000);
        let present = Moment { now, wall: at(100, 1_000) };
        let before = |stamp| now.since(present.placed(Some(stamp))).as_nanos();
        assert_eq!(before(at(100, 0)), 1_000);
        assert_eq!(before(at(99, 999_999_000)), 2_000);
        assert_eq!(before(at(98, 0)), BELIEVED.as_nanos());
        // The clock was set back in between.
        assert_eq!(before(at(100, 1_001)), 0);
        assert_eq!(before(at(i64::MAX, 0)), 0);
        assert_eq!(before(at(i64::MIN, 0)), 0);
    }

    /// RFC 3164 §4.1.2: "If the day of the month is less than 10, then it MUST be represented as a space and then
    /// the number."
    #[test]
    fn a_calendar_is_written_as_syslog_has_it() {
        let time = Calendar {
            year: 2026,
            month: 11,
            day: 4,
            weekday: 3,
            hour: 9,
            minute: 5,
            second: 7,
            offset: -12_600,
        };
        assert_eq!(time.to_string(), "Nov  4 09:05:07");
        assert_eq!(time.weekday_name(), "Wed");
        assert_eq!(time.mail_date(), "Wed, 04 Nov 2026 09:05:07 -0330");
        assert_eq!(Calendar { offset: 7200, ..time }.mail_date(), "Wed, 04 Nov 2026 09:05:07 +0200");
    }
}
