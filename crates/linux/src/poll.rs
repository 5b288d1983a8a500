//! How a worker waits: one epoll, one timer, one source of signals.
//!
//! Everything is level-triggered: what was not read is told again by the next wait.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use host::Instant;
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{Timespec, epoll};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags};

use crate::{clock, sys};

/// Most descriptors told of in one call; more are told of by the next.
pub(crate) const EVENTS: usize = 64;
/// Above all tokens that others can name.
const TIMER: u64 = 1 << 32;
const SIGNALS: u64 = 2 << 32;
/// The kernel's `struct signalfd_siginfo` are read one by one; more than this never wait, as equal signals merge.
const MOST_SIGNALS: usize = 64;

/// The name of a watched descriptor, chosen by who watches it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Token(pub u32);

/// What of a descriptor is waited for. Hang-ups and errors always are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interest {
    /// Something can be read.
    Read,
    /// Something can be read, or can be written.
    ReadWrite,
}

/// The kernel did not let us wait. Nothing but a fault of our own causes it.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing}: {cause}")]
pub struct WaitError {
    /// What was tried.
    doing: &'static str,
    /// Why not.
    #[source]
    pub(crate) cause: io::Error,
}

impl WaitError {
    /// Makes the error of a failed call out of what was tried.
    pub(crate) fn when<E: Into<io::Error>>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |cause| Self { doing, cause: cause.into() }
    }
}

/// What a wait ended with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Woken {
    /// The deadline has passed.
    pub expired: bool,
    /// Signals came in since the last wait: ask [`Poll::signals`].
    pub signalled: bool,
    /// There may be more that is ready: the kernel tells of a limited number of descriptors in one answer, and begins
    /// the next where it ended the last.
    pub more: bool,
    /// When it ended.
    pub at: Instant,
}

/// Descriptors, a deadline and signals, waited for together.
pub struct Poll {
    epoll: OwnedFd,
    timer: OwnedFd,
    /// What the timer was last set to; `None` after it fired, so that it is set anew.
    armed: Option<Option<Instant>>,
    signals: Option<SignalFd>,
    events: Vec<epoll::Event>,
}

impl Poll {
    /// Nothing is watched yet.
    pub fn new() -> Result<Self, WaitError> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(WaitError::when("create an epoll"))?;
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)
            .map_err(WaitError::when("create a timer"))?;
        let poll =
            Self { epoll, timer, armed: Some(None), signals: None, events: Vec::with_capacity(EVENTS) };
        poll.add(&poll.timer, TIMER, epoll::EventFlags::IN)?;
        Ok(poll)
    }

    /// Watches a descriptor until it is unwatched or closed.
    pub fn watch(
        &mut self,
        descriptor: impl AsFd,
        token: Token,
        interest: Interest,
    ) -> Result<(), WaitError> {
        self.add(descriptor, u64::from(token.0), interest.flags())
    }

    /// Changes what of a watched descriptor is waited for.
    pub fn rewatch(
        &mut self,
        descriptor: impl AsFd,
        token: Token,
        interest: Interest,
    ) -> Result<(), WaitError> {
        let data = epoll::EventData::new_u64(u64::from(token.0));
        epoll::modify(&self.epoll, descriptor, data, interest.flags())
            .map_err(WaitError::when("change what is watched"))
    }

    /// Forgets a descriptor. One that is not watched is left alone.
    pub fn unwatch(&mut self, descriptor: impl AsFd) {
        // Only a descriptor that is not watched can fail here.
        let _ = epoll::delete(&self.epoll, descriptor);
    }

    /// Takes these signals (numbers as in [`crate::signal`]) out of their ordinary course, for this thread and
    /// those it starts, and tells of them as [`Woken::signalled`]. Replaces the set of an earlier call.
    pub fn catch(&mut self, signals: &[i32]) -> Result<(), WaitError> {
        let mask = sys::signal_set(signals).map_err(WaitError::when("name signals"))?;
        mask.thread_block().map_err(WaitError::when("block signals"))?;
        if let Some(caught) = &self.signals {
            return caught.set_mask(&mask).map_err(WaitError::when("change the caught signals"));
        }
        let caught = SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
            .map_err(WaitError::when("catch signals"))?;
        self.add(&caught, SIGNALS, epoll::EventFlags::IN)?;
        self.signals = Some(caught);
        Ok(())
    }

    /// The signals that came in, in the kernel's order (lowest number first).
    pub fn signals(&mut self) -> Vec<i32> {
        let Some(caught) = &self.signals else { return Vec::new() };
        let next = || caught.read_signal().ok().flatten();
        std::iter::from_fn(next)
            .take(MOST_SIGNALS)
            .filter_map(|one| i32::try_from(one.ssi_signo).ok())
            .collect()
    }

    /// Waits until a descriptor is ready, a signal comes or the deadline has passed, whichever is first. A
    /// deadline in the past does not wait; none waits for ever. The tokens of ready descriptors are appended.
    pub fn wait(&mut self, deadline: Option<Instant>, ready: &mut Vec<Token>) -> Result<Woken, WaitError> {
        loop {
            self.arm(deadline)?;
            let exact = self.armed == Some(deadline);
            let told = ready.len();
            let (woken, rang) = self.turn(None, ready)?;
            // Only an answer with the timer that was set to it is known to be later than the deadline, and so to name
            // every descriptor that was ready in time.
            let expired = rang && exact;
            if !rang || expired || woken.signalled || ready.len() > told {
                return Ok(Woken { expired, ..woken });
            }
        }
    }

    /// Looks at nothing for so long, however much becomes ready.
    #[expect(clippy::disallowed_methods, reason = "this is where a worker waits")]
    pub fn rest(&self, pause: Duration) {
        std::thread::sleep(pause);
    }

    /// Tells what is ready now and whether the deadline has passed, without waiting.
    pub fn peek(&mut self, deadline: Option<Instant>, ready: &mut Vec<Token>) -> Result<Woken, WaitError> {
        // Before the look: what was ready at the deadline is among what is told.
        let expired = deadline.is_some_and(|deadline| deadline <= clock::now());
        let (woken, _) = self.turn(Some(&Timespec { tv_sec: 0, tv_nsec: 0 }), ready)?;
        Ok(Woken { expired, ..woken })
    }

    /// One look, and whether the timer rang.
    fn turn(
        &mut self,
        timeout: Option<&Timespec>,
        ready: &mut Vec<Token>,
    ) -> Result<(Woken, bool), WaitError> {
        self.events.clear();
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut self.events), timeout) {
            // A signal that is not caught, a debugger, or we were stopped: nothing was looked at.
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(cause) => return Err(WaitError::when("wait for events")(cause)),
        }
        let at = clock::now();
        let mut woken = Woken { expired: false, signalled: false, more: self.events.len() >= EVENTS, at };
        let mut rang = false;
        for event in &self.events {
            match event.data.u64() {
                TIMER => rang = true,
                SIGNALS => woken.signalled = true,
                token => ready.extend(u32::try_from(token).ok().map(Token)),
            }
        }
        if rang {
            self.armed = None;
        }
        Ok((woken, rang))
    }

    /// Sets the timer, unless it rings early enough. Each advert that is heard puts a deadline off: to set the timer
    /// when it rang too early is cheaper than each time. Here, and only here, a deadline could be given some slack so
    /// that several are served by one wake-up; none is given yet.
    fn arm(&mut self, deadline: Option<Instant>) -> Result<(), WaitError> {
        let early = |armed: Option<Instant>| armed.is_some() && deadline.is_none_or(|due| armed <= Some(due));
        if self.armed.is_some_and(|armed| armed == deadline || early(armed)) {
            return Ok(());
        }
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let at = deadline.map_or(zero, |deadline| {
            // The origin itself would disarm the timer.
            let nanos = deadline.as_nanos().max(1);
            let seconds = i64::try_from(nanos / 1_000_000_000).unwrap_or(i64::MAX);
            Timespec { tv_sec: seconds, tv_nsec: i64::try_from(nanos % 1_000_000_000).unwrap_or(0) }
        });
        let setting = Itimerspec { it_interval: zero, it_value: at };
        rustix::time::timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &setting)
            .map_err(WaitError::when("set the timer"))?;
        self.armed = Some(deadline);
        Ok(())
    }

    fn add(&self, descriptor: impl AsFd, data: u64, flags: epoll::EventFlags) -> Result<(), WaitError> {
        epoll::add(&self.epoll, descriptor, epoll::EventData::new_u64(data), flags)
            .map_err(WaitError::when("watch a descriptor"))
    }
}

impl Interest {
    const fn flags(self) -> epoll::EventFlags {
        match self {
            Self::Read => epoll::EventFlags::IN,
            Self::ReadWrite => epoll::EventFlags::IN.union(epoll::EventFlags::OUT),
        }
    }
}

#[cfg(test)]
mod tests;
