//! A worker's place, whether or not one lives: started, spoken with, started again when it dies.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use host::Instant;
use linux::process::{Child, Ended, Spawn, StopSignal};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Part;
use crate::bus::{Filed, Heard, Line};
use crate::exit::Exit;

/// A worker that lived this long is started again at once, however it died.
const STEADY: Duration = Duration::from_secs(60);
/// The wait before the second early start, and the longest one.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// The place of a worker that is sent `S` and sends `R`.
#[derive(Debug)]
pub(crate) struct Seat<S, R> {
    living: Option<Living<S, R>>,
    /// When to start the next.
    restart: Option<Instant>,
    /// The wait before the next early start.
    delay: Duration,
    /// Starts so far.
    starts: u64,
}

#[derive(Debug)]
struct Living<S, R> {
    child: Child,
    line: Line<S, R>,
    since: Instant,
    /// Configurations sent and not yet answered.
    unanswered: u32,
    /// It hangs up, or speaks nonsense: not listened to any more.
    deaf: bool,
}

/// How a worker died, and what follows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Death {
    /// Its number.
    pub(crate) pid: u32,
    /// How it ended.
    pub(crate) ended: Ended,
    /// How long the next start waits.
    pub(crate) delay: Duration,
}

impl<S, R> Default for Seat<S, R> {
    fn default() -> Self {
        Self { living: None, restart: None, delay: Duration::ZERO, starts: 0 }
    }
}

impl<S: Serialize, R: DeserializeOwned> Seat<S, R> {
    /// Starts one, sends it what it is told first, and has it obey a configuration, if it is to. Returns its number.
    pub(crate) fn start(
        &mut self,
        part: Part,
        console: bool,
        first: &[S],
        configure: Option<&Filed<S>>,
        now: Instant,
    ) -> io::Result<u32> {
        let (mut line, socket) = Line::pair()?;
        let child = Spawn::itself("keepalived", [part.argument()])
            .input(socket)
            .share_stderr(console)
            .withhold(&["NOTIFY_SOCKET"])
            .start()?;
        let pid = child.pid();
        for message in first {
            line.send(message)?;
        }
        if let Some(configure) = configure {
            line.send_filed(configure)?;
        }
        self.restart = None;
        self.starts += 1;
        self.living = Some(Living { child, line, since: now, unanswered: 1, deaf: false });
        Ok(pid)
    }

    /// Sends a message to the one that lives, if one does.
    pub(crate) fn say(&mut self, message: &S) {
        if let Some(living) = &mut self.living {
            // A worker that reads nothing any more is ended by whoever waits for its answer.
            let _ = living.line.send(message);
        }
    }

    /// The same with a descriptor.
    pub(crate) fn hand(&mut self, message: &S, descriptor: OwnedFd) {
        if let Some(living) = &mut self.living {
            // As above.
            let _ = living.line.send_with(message, descriptor);
        }
    }

    /// Has the one that lives, if one does, obey a configuration, which it answers.
    pub(crate) fn configure(&mut self, configure: &Filed<S>) {
        if let Some(living) = &mut self.living {
            living.unanswered += 1;
            // As above.
            let _ = living.line.send_filed(configure);
        }
    }

    /// It answered one.
    pub(crate) fn answered(&mut self) {
        if let Some(living) = &mut self.living {
            living.unanswered = living.unanswered.saturating_sub(1);
        }
    }

    /// The next message of the one that lives.
    pub(crate) fn hear(&mut self) -> Option<Result<R, String>> {
        let living = self.living.as_mut().filter(|living| !living.deaf)?;
        match living.line.receive() {
            Heard::Message(message) => Some(Ok(message)),
            Heard::Nothing => None,
            Heard::Closed => {
                living.deaf = true;
                None
            }
            Heard::Nonsense(why) => {
                living.deaf = true;
                living.child.signal(StopSignal::Force);
                Some(Err(why))
            }
        }
    }

    /// Its end of the bus, to be watched; `None` if none lives.
    pub(crate) fn line(&self) -> Option<impl std::os::fd::AsFd + '_> {
        self.living.as_ref().map(|living| &living.line)
    }

    /// Whether it hung up: it is not to be watched any more.
    pub(crate) fn is_deaf(&self) -> bool {
        self.living.as_ref().is_some_and(|living| living.deaf)
    }

    /// Sends what waits for it. Returns whether nothing waits any more.
    pub(crate) fn flush(&mut self) -> bool {
        self.living.as_mut().is_none_or(|living| living.line.flush())
    }

    /// Whether nothing waits to be sent to it.
    pub(crate) fn is_flushed(&self) -> bool {
        self.living.as_ref().is_none_or(|living| living.line.is_flushed())
    }

    /// The number of the one that lives.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.living.as_ref().map(|living| living.child.pid())
    }

    /// Whether it lives and obeys the last configuration that it was sent.
    pub(crate) fn is_ready(&self) -> bool {
        self.living.as_ref().is_some_and(|living| living.unanswered == 0)
    }

    /// How often one was started.
    pub(crate) fn starts(&self) -> u64 {
        self.starts
    }

    /// Ends the one that lives, at once.
    pub(crate) fn kill(&self) {
        if let Some(living) = &self.living {
            living.child.signal(StopSignal::Force);
        }
    }

    /// When the next is to be started.
    pub(crate) fn restart_at(&self) -> Option<Instant> {
        self.restart
    }

    /// It has ended: reaps it. Its messages must have been heard before. `None` if it has not ended after all.
    ///
    /// As keepalived: the first early death is followed by a start at once, the second by one after a second, and so on
    /// doubling; one that lived long enough is followed at once. One that ended for want of a descriptor or memory does not
    /// count.
    pub(crate) fn bury(&mut self, now: Instant) -> Option<Death> {
        let ended = self.living.as_ref()?.child.try_reap().ok().flatten()?;
        let living = self.living.take()?;
        if now.since(living.since) >= STEADY {
            self.delay = Duration::ZERO;
        }
        let mut delay = FIRST_DELAY;
        if !matches!(ended, Ended::Exited(status) if Exit::is_shortage(status)) {
            delay = self.delay;
            self.delay = (delay * 2).clamp(FIRST_DELAY, LONGEST_DELAY);
        }
        self.restart = Some(now + delay);
        Some(Death { pid: living.child.pid(), ended, delay })
    }

    /// A start failed; the next is tried then.
    pub(crate) fn retry_at(&mut self, at: Instant) {
        self.restart = Some(at);
    }

    /// None is to be started any more.
    pub(crate) fn retire(&mut self) {
        self.restart = None;
    }
}
