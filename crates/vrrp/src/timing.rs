//! How long to wait: skew, master-down, and what becomes of an interval (RFC 9568 §6.1, RFC 3768 §6.1).

use core::time::Duration;

use crate::config::{Priority, Version};

/// Time a backup waits beyond the missed adverts; shorter the higher its priority.
///
/// Version 2: `(256 - priority) / 256` seconds, whatever the interval (RFC 3768 §6.1). Version 3: the same share of
/// the master's interval as last heard (RFC 9568 §6.1). Never zero, never more than a second or the interval.
pub(crate) fn skew(version: Version, priority: Priority, interval: Duration) -> Duration {
    let share = 256 - u32::from(priority.0);
    match version {
        Version::V2 => Duration::from_secs(1) * share / 256,
        Version::V3 => interval * share / 256,
    }
}

/// Time without adverts after which a master counts as down: `missed` intervals and the skew.
///
/// RFC 9568 §6.1 knows `missed` = 3 only; As keepalived: `down_timer_adverts` may say otherwise.
pub(crate) fn master_down(version: Version, priority: Priority, interval: Duration, missed: u8) -> Duration {
    interval * u32::from(missed) + skew(version, priority, interval)
}

/// When the next advert is due after one that was due at `due` and sent at `sent`.
///
/// Deadlines are absolute, so that delays do not add up to missing adverts, and that instances which were late together
/// do not send at once from then on. After a delay of more than half an interval the rhythm starts anew: two adverts are
/// never closer than that.
pub(crate) fn next_advert(due: host::Instant, sent: host::Instant, interval: Duration) -> host::Instant {
    if sent.since(due) * 2 <= interval { due + interval } else { sent + interval }
}

#[cfg(test)]
mod tests {
    use super::*;
    use host::Instant;

    const SECOND: Duration = Duration::from_secs(1);

    /// RFC 3768 §6.1: "Skew_Time: Time to skew Master_Down_Interval in seconds. Calculated as:
    /// ((256 - Priority) / 256)".
    ///
    /// R3768-6.1-01 (Skew_Time): "( (256 - Priority) / 256 )"
    #[test]
    fn version_2_skews_by_a_share_of_a_second() {
        assert_eq!(skew(Version::V2, Priority(90), SECOND * 7), Duration::from_nanos(648_437_500));
        assert_eq!(skew(Version::V2, Priority(255), SECOND), Duration::from_nanos(3_906_250));
    }

    /// RFC 9568 §6.1: "Skew_Time ... Calculated as: (((256 - Priority) * Active_Adver_Interval) / 256)".
    ///
    /// R9568-6.1-06 (Skew_Time): "(((256 - Priority) * Active_Adver_Interval) / 256)"
    #[test]
    fn version_3_skews_by_a_share_of_the_masters_interval() {
        assert_eq!(skew(Version::V3, Priority(128), SECOND / 10), Duration::from_millis(50));
    }

    /// RFC 9568 §6.1: "Active_Down_Interval ... Calculated as: (3 * Active_Adver_Interval) + Skew_Time".
    ///
    /// R9568-6.1-07 (Active_Down_Interval): "(3 * Active_Adver_Interval) + Skew_Time"
    /// R3768-6.1-02 (Master_Down_Interval): "(3 * Advertisement_Interval) + Skew_time"
    #[test]
    fn a_master_is_down_after_three_intervals_and_the_skew() {
        assert_eq!(master_down(Version::V2, Priority(100), SECOND, 3), Duration::from_nanos(3_609_375_000));
    }

    #[test]
    fn small_delays_do_not_add_up() {
        let due = Instant::from_millis(1_000);
        assert_eq!(next_advert(due, due + Duration::from_millis(3), SECOND), Instant::from_millis(2_000));
    }

    #[test]
    fn a_long_delay_starts_the_rhythm_anew() {
        let due = Instant::from_millis(1_000);
        for (sent, next) in [(1_400, 2_000), (1_500, 2_000), (1_501, 2_501), (2_900, 3_900)] {
            assert_eq!(
                next_advert(due, Instant::from_millis(sent), SECOND),
                Instant::from_millis(next),
                "{sent}"
            );
        }
    }
}
