//! The protocol's times, computed apart from the daemon, and how far a real machine may be from them.

use std::time::Duration;

/// Stamps are taken on the wire, timers run in a process: how much earlier than computed something may look.
pub(crate) const EARLY: f64 = 0.010;

/// How late something may be and still be right. Lateness is what the failover benchmark measures; here two
/// processors carry some twenty daemons, and only what is wrong should fail.
pub(crate) const LATE: f64 = 1.5;

/// The share of its interval, or of a second in version 2, that a backup waits beyond its three missed adverts
/// (RFC 3768 §6.1, RFC 9568 §6.1).
pub(crate) fn skew(version: u8, interval: Duration, priority: u8) -> f64 {
    let share = (256.0 - f64::from(priority)) / 256.0;
    if version == 2 { share } else { share * interval.as_secs_f64() }
}

/// How long a backup waits for an advert before it becomes master (RFC 3768 §6.1, RFC 9568 §6.1).
pub(crate) fn master_down(version: u8, interval: Duration, priority: u8) -> f64 {
    3.0 * interval.as_secs_f64() + skew(version, interval, priority)
}
