//! When checks are made: said for a virtual server, a real server or one check, the nearest counts.

use std::time::Duration;

use crate::table::Keyword;
use crate::value::{Field, Kind, Set};

/// As written.
#[derive(Clone, Debug, Default)]
pub(crate) struct PaceBlock {
    pub(crate) retry: Option<Set<u64>>,
    pub(crate) delay_before_retry: Option<Set<Duration>>,
    pub(crate) warmup: Option<Set<Duration>>,
    pub(crate) delay_loop: Option<Set<Duration>>,
    pub(crate) connect_timeout: Option<Set<Duration>>,
}

impl PaceBlock {
    /// Nothing said.
    pub(crate) const fn new() -> Self {
        Self { retry: None, delay_before_retry: None, warmup: None, delay_loop: None, connect_timeout: None }
    }

    /// What is not said here is taken from what is around.
    pub(crate) fn or(&self, around: &Self) -> Self {
        let Self { retry, delay_before_retry, warmup, delay_loop, connect_timeout } = self.clone();
        Self {
            retry: retry.or_else(|| around.retry.clone()),
            delay_before_retry: delay_before_retry.or_else(|| around.delay_before_retry.clone()),
            warmup: warmup.or_else(|| around.warmup.clone()),
            delay_loop: delay_loop.or_else(|| around.delay_loop.clone()),
            connect_timeout: connect_timeout.or_else(|| around.connect_timeout.clone()),
        }
    }
}

/// Most microseconds that keepalived counts.
const LONGEST: u64 = 18_446_744_073_709_551_614;
const U32: u64 = 4_294_967_295;

/// Attempts beyond the first, at least so many.
pub(crate) const fn retry<B>(field: Field<B, u64>, least: u64) -> Keyword<B> {
    Keyword::new("retry", Kind::Number(field, least, U32))
        .unit("attempts")
        .help("Further attempts before a server that was up counts as down.")
}

/// Seconds before each of them.
pub(crate) const fn delay_before_retry<B>(field: Field<B, Duration>) -> Keyword<B> {
    Keyword::new("delay_before_retry", Kind::Seconds(field, 0, LONGEST, 6))
        .lax()
        .unit("s")
        .help("Seconds before each further attempt.")
}

/// Bound of the random delay of the first check.
pub(crate) const fn warmup<B>(field: Field<B, Duration>) -> Keyword<B> {
    Keyword::new("warmup", Kind::Seconds(field, 0, LONGEST, 6))
        .lax()
        .unit("s")
        .help("The first check is made after a second and a random part of this. 0 adds nothing.")
}

/// Seconds between checks.
pub(crate) const fn delay_loop<B>(field: Field<B, Duration>) -> Keyword<B> {
    Keyword::new("delay_loop", Kind::Seconds(field, 1, LONGEST, 6))
        .lax()
        .unit("s")
        .help("Seconds from the end of a check to the next.")
}

/// Seconds for each step of a check.
pub(crate) const fn connect_timeout<B>(field: Field<B, Duration>) -> Keyword<B> {
    Keyword::new("connect_timeout", Kind::Seconds(field, 1, U32, 6))
        .lax()
        .unit("s")
        .help("Seconds that connecting, and each step after it, may take.")
}
