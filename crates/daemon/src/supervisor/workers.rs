//! The workers' processes: started, spoken with, started again when they die.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use host::Instant;
use linux::process::{Child, Ended, Spawn, StopSignal};
use vrrp::Memory;
use worker::bus::{Configure, ToSupervisor, ToWorker};

use crate::Part;
use crate::bus::{Begin, Heard, Line, ToProcess};

/// A worker that lived this long is started again at once, however it died.
const STEADY: Duration = Duration::from_secs(60);
/// The wait before the second early start, and the longest one.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// The vrrp worker's place: whether or not one lives.
#[derive(Debug, Default)]
pub(crate) struct VrrpWorker {
    living: Option<Living>,
    /// When to start the next.
    restart: Option<Instant>,
    /// The wait before the next early start.
    delay: Duration,
    /// The instances that are master, each with when the worker that knew that died; `None` while it lives.
    masters: BTreeMap<String, Option<Instant>>,
    /// When instances begin to listen, counted from the first start: a worker that replaces one that crashed does not
    /// wait anew.
    listens_at: Option<Instant>,
    /// Starts so far.
    starts: u64,
}

#[derive(Debug)]
struct Living {
    child: Child,
    line: Line<ToProcess, ToSupervisor>,
    since: Instant,
    /// Configurations sent and not yet answered by [`ToSupervisor::Ready`].
    unanswered: u32,
    /// It hangs up, or speaks nonsense: not listened to any more.
    deaf: bool,
    /// It was killed because it hung, since then at the latest.
    hung: Option<Instant>,
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

impl VrrpWorker {
    /// Starts one, and has it obey the configuration. Returns its number.
    pub(crate) fn start(
        &mut self,
        begin: Begin,
        pipes: Vec<PathBuf>,
        mut config: vrrp::Config,
        now: Instant,
    ) -> io::Result<u32> {
        config.startup_delay = self.listens_at.get_or_insert(now + config.startup_delay).since(now);
        let (mut line, socket) = Line::pair()?;
        let console = begin.log.has_console();
        let child = Spawn::itself("keepalived", [Part::Vrrp.argument()])
            .input(socket)
            .share_stderr(console)
            .withhold(&["NOTIFY_SOCKET"])
            .start()?;
        let pid = child.pid();
        let memory = |(instance, died): (&String, &Option<Instant>)| {
            died.map(|master_until| Memory { instance: instance.clone(), master_until })
        };
        let memories = self.masters.iter().filter_map(memory).collect();
        line.send(&ToProcess::Begin(begin))?;
        line.send(&ToProcess::Pipes(pipes))?;
        line.send(&ToProcess::Worker(ToWorker::Configure(Box::new(Configure { config, memories }))))?;
        self.restart = None;
        self.starts += 1;
        self.living = Some(Living { child, line, since: now, unanswered: 1, deaf: false, hung: None });
        Ok(pid)
    }

    /// Sends a message to the one that lives, if one does.
    pub(crate) fn tell(&mut self, message: ToWorker) {
        let Some(living) = &mut self.living else { return };
        if let ToWorker::Configure(_) = message {
            living.unanswered += 1;
        }
        // A worker that reads nothing any more is ended by whoever waits for its answer.
        let _ = living.line.send(&ToProcess::Worker(message));
    }

    /// Sends what concerns its process to the one that lives, if one does.
    pub(crate) fn say(&mut self, message: &ToProcess) {
        if let Some(living) = &mut self.living {
            // As above.
            let _ = living.line.send(message);
        }
    }

    /// The next message of the one that lives.
    pub(crate) fn hear(&mut self) -> Option<Result<ToSupervisor, String>> {
        let living = self.living.as_mut().filter(|living| !living.deaf)?;
        match living.line.receive() {
            Heard::Message(message) => {
                match &message {
                    ToSupervisor::Ready => {
                        living.unanswered = living.unanswered.saturating_sub(1);
                        // It obeys, so what it was told to remember it now is.
                        self.masters.values_mut().for_each(|died| *died = None);
                    }
                    ToSupervisor::Mastership { instance, master: true } => {
                        self.masters.insert(instance.clone(), None);
                    }
                    ToSupervisor::Mastership { instance, master: false } => {
                        self.masters.remove(instance);
                    }
                    ToSupervisor::Run(..)
                    | ToSupervisor::End(_)
                    | ToSupervisor::Notify { .. }
                    | ToSupervisor::Alive
                    | ToSupervisor::Status(_) => {}
                }
                Some(Ok(message))
            }
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

    /// Its end of the bus, to be watched; `None` if none lives or it is not listened to any more.
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

    /// Ends one that hangs, since then at the latest: masters that it knew may have rivals since.
    pub(crate) fn kill_hanging(&mut self, since: Instant) {
        if let Some(living) = &mut self.living {
            living.hung = Some(since);
        }
        self.kill();
    }

    /// When the next is to be started.
    pub(crate) fn restart_at(&self) -> Option<Instant> {
        self.restart
    }

    /// It has ended: reaps it. Its messages must have been heard before. `None` if it has not ended after all.
    ///
    /// As keepalived: the first early death is followed by a start at once, the second by one after a second, and so on
    /// doubling; one that lived long enough is followed at once.
    pub(crate) fn bury(&mut self, now: Instant) -> Option<Death> {
        let ended = self.living.as_ref()?.child.try_reap().ok().flatten()?;
        let living = self.living.take()?;
        if now.since(living.since) >= STEADY {
            self.delay = Duration::ZERO;
        }
        let delay = self.delay;
        self.delay = (delay * 2).clamp(FIRST_DELAY, LONGEST_DELAY);
        self.restart = Some(now + delay);
        // It was alive just now, as its end is told within the same turn of the kernel; or it hung.
        let alive = living.hung.unwrap_or(now);
        for died in self.masters.values_mut() {
            died.get_or_insert(alive);
        }
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
