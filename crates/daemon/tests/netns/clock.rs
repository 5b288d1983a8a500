//! Time and waiting: the one file of these tests that reads the clock and sleeps.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::time::TimeSpec;

/// How often a condition is looked at. Short beside every interval under test, long beside the work of a look.
const STEP: Duration = Duration::from_millis(20);

/// How often the machine's punctuality is measured.
const BEAT: Duration = Duration::from_millis(20);

/// Set by a signal: every wait then gives up, so that what was made is removed.
pub(crate) static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// When the machine last kept a sleeper waiting, and how long: see [`watch_for_stalls`].
static LAST_STALL: AtomicI64 = AtomicI64::new(0);
/// How late a wake-up must be to be called a stall of the machine: half the margin of the quickest trial.
const STALL: Duration = Duration::from_millis(100);

/// A moment, in nanoseconds of the real-time clock: the one in which the kernel stamps packets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Stamp(i64);

impl Stamp {
    /// Now.
    #[expect(clippy::disallowed_methods, reason = "the one place in these tests that reads the clock")]
    pub(crate) fn now() -> Stamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock stands after 1970");
        Stamp(i64::try_from(since.as_nanos()).expect("the clock stands before 2262"))
    }

    /// A stamp of the kernel.
    pub(crate) fn of(time: TimeSpec) -> Stamp {
        Stamp(time.tv_sec() * 1_000_000_000 + time.tv_nsec())
    }

    /// Whole seconds since 1970.
    pub(crate) fn unix_seconds(self) -> u64 {
        u64::try_from(self.0 / 1_000_000_000).expect("the clock stands after 1970")
    }

    /// Seconds since `earlier`; negative if it is later.
    pub(crate) fn since(self, earlier: Stamp) -> f64 {
        (self.0 - earlier.0) as f64 / 1e9
    }

    /// That much later.
    pub(crate) fn plus(self, span: Duration) -> Stamp {
        Stamp(self.0.saturating_add(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// That much earlier.
    pub(crate) fn minus(self, span: Duration) -> Stamp {
        Stamp(self.0.saturating_sub(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)))
    }
}

/// Sleeps.
#[expect(clippy::disallowed_methods, reason = "real daemons take real time; nothing else here sleeps")]
pub(crate) fn sleep(span: Duration) {
    thread::sleep(span);
}

/// Waits until a moment, in steps, so that an interrupted run ends soon.
pub(crate) fn sleep_until(moment: Stamp) {
    loop {
        check_interrupt();
        let left = moment.since(Stamp::now());
        if left <= 0.0 {
            return;
        }
        sleep(Duration::from_secs_f64(left).min(Duration::from_millis(200)));
    }
}

/// Looks again and again until `look` has something to show; nothing once `within` has passed.
pub(crate) fn wait_for<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    wait_through(within, || {
        check_interrupt();
        look()
    })
}

/// The same, but goes on when the run is interrupted: for what cleans up.
pub(crate) fn wait_through<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Stamp::now().plus(within);
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Stamp::now() > deadline {
            return None;
        }
        sleep(STEP);
    }
}

/// Ends the trial if the run was interrupted.
pub(crate) fn check_interrupt() {
    assert!(!INTERRUPTED.load(Ordering::Relaxed), "interrupted");
}

/// Starts the thread that notices when the machine stands still: timers of daemons are then late through no fault
/// of theirs, and a trial that fails during such a stall has shown nothing.
pub(crate) fn watch_for_stalls() {
    thread::spawn(|| {
        let mut before = Stamp::now();
        loop {
            sleep(BEAT);
            let now = Stamp::now();
            if now.since(before) > (BEAT + STALL).as_secs_f64() {
                LAST_STALL.store(now.0, Ordering::Relaxed);
            }
            before = now;
        }
    });
}

/// Whether the machine stalled after a moment.
pub(crate) fn stalled_since(moment: Stamp) -> bool {
    LAST_STALL.load(Ordering::Relaxed) >= moment.0
}
