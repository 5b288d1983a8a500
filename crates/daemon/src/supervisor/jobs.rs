//! Scripts: started, limited in time, ended, reaped.
//!
//! A tracking script runs at once. Notify scripts of one instance run one after the other, so that their effects come in
//! the order of the states; those of different instances run side by side. Nothing here waits: whoever owns this asks
//! for the next [`Jobs::deadline`] and tells when a child has ended.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use host::{Instant, Job, JobId, Outcome};
use linux::process::{self, Child, Ended, StopSignal};
use linux::script;

/// From SIGTERM to SIGKILL for a script that does not end.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// How long what reads an event pipe may live on once nobody writes to it any more: many end by themselves at its end.
pub(crate) const READER_GRACE: Duration = Duration::from_secs(1);

/// Most scripts that run at once. Each is a process; a host with more than this many due at once is not well, and more
/// would make it worse. What is beyond it waits until one has ended.
pub(crate) const MAX_RUNNING: usize = 512;

/// Most notify scripts that wait for one instance. A change of state queues two, so this is thirty-two changes that its
/// scripts did not keep up with. The oldest that waits is dropped then: the last state is what counts.
pub(crate) const MAX_QUEUED: usize = 64;

/// How soon a script that could not be started for want of a descriptor or a process is tried again. It waits until there is
/// one: a notify script may be what ties the outside world to a new master, and that a tracking script cannot run says
/// nothing of what it looks at.
pub(crate) const AGAIN: Duration = Duration::from_secs(1);

/// What a script does not inherit: what would let one user's environment reach another's program, and systemd's socket,
/// which is ours. As keepalived.
const WITHHELD: &[&str] = &["IFS", "LD_PRELOAD", "LD_LIBRARY_PATH", "NOTIFY_SOCKET"];

/// How a script is started.
type Begin = fn(&host::Command) -> io::Result<Child>;

/// All scripts of the daemon.
#[derive(Debug)]
pub(crate) struct Jobs {
    /// [`script::start`], but in tests.
    begin: Begin,
    /// [`MAX_RUNNING`], but in tests.
    most: usize,
    running: BTreeMap<u32, Running>,
    queues: BTreeMap<String, VecDeque<Job>>,
    /// Tracking scripts that there was no place, no descriptor or no process for.
    waiting: BTreeMap<JobId, Job>,
    /// There is a shortage: nothing that may wait is started before then.
    retry: Option<Instant>,
    /// It was said that scripts wait.
    short: bool,
}

/// What came of a script, for whoever wants to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Finished {
    /// A tracking script; the worker waits for this.
    Tracking(JobId, Outcome),
    /// Nobody waits, but it did not do its work: for the log.
    Failed {
        /// The program.
        program: String,
        /// What came of it.
        outcome: Outcome,
    },
    /// A script of the daemon's start or end.
    Hook {
        /// The program.
        program: String,
        /// What came of it.
        outcome: Outcome,
    },
    /// What read a named pipe does so no longer. As keepalived, it is not started again.
    ReaderEnded {
        /// The program.
        program: String,
        /// The pipe.
        path: PathBuf,
        /// What came of it.
        outcome: Outcome,
    },
    /// Scripts wait for a descriptor or a process; the system's error number. Said once until one ran and none waits.
    Short(i32),
    /// The oldest script that waited was dropped from an instance's full queue.
    Dropped {
        /// The instance.
        queue: String,
    },
}

#[derive(Debug)]
struct Running {
    child: Child,
    program: String,
    purpose: Purpose,
    ending: Ending,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Purpose {
    Tracking(JobId),
    /// Its worker no longer wants the answer.
    Forgotten,
    Notify(String),
    /// It belongs to the daemon's start or end.
    Hook,
    /// It reads the named pipe at this path for as long as the daemon runs.
    Reader(PathBuf),
}

/// How far ending it has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    /// It may run until then.
    Allowed(Option<Instant>),
    /// SIGTERM was sent, because it took too long or (`false`) because it is not wanted; SIGKILL comes then.
    Asked { overdue: bool, force: Instant },
    /// SIGKILL was sent.
    Forced { overdue: bool },
}

impl Default for Jobs {
    fn default() -> Self {
        Self::new(MAX_RUNNING)
    }
}

impl Jobs {
    fn new(most: usize) -> Self {
        Self {
            begin: |command| script::start(command, WITHHELD),
            most,
            running: BTreeMap::new(),
            queues: BTreeMap::new(),
            waiting: BTreeMap::new(),
            retry: None,
            short: false,
        }
    }

    /// Starts a tracking script. The answer, if it cannot be started and waiting does not help, comes at once.
    pub(crate) fn track(&mut self, id: JobId, job: Job, now: Instant, out: &mut Vec<Finished>) {
        if self.running.len() >= self.most || self.retry.is_some() {
            self.waiting.insert(id, job);
        } else if let Err(outcome) = self.start(&job, Purpose::Tracking(id), now) {
            match shortage(outcome) {
                Some(code) => {
                    self.waiting.insert(id, job);
                    self.wait(code, now, out);
                }
                None => out.push(Finished::Tracking(id, outcome)),
            }
        }
    }

    /// Something could not be started for want of a descriptor or a process.
    fn wait(&mut self, code: i32, now: Instant, out: &mut Vec<Finished>) {
        self.retry.get_or_insert(now + AGAIN);
        if !std::mem::replace(&mut self.short, true) {
            out.push(Finished::Short(code));
        }
    }

    /// Ends a tracking script; no answer comes.
    pub(crate) fn end(&mut self, id: JobId, now: Instant) {
        self.waiting.remove(&id);
        for job in self.running.values_mut().filter(|job| job.purpose == Purpose::Tracking(id)) {
            job.purpose = Purpose::Forgotten;
            job.ask(false, now);
        }
    }

    /// Ends all tracking scripts, and one of the daemon's start; no answers come.
    pub(crate) fn end_tracking(&mut self, now: Instant) {
        self.waiting.clear();
        for job in self.running.values_mut() {
            if let Purpose::Tracking(_) | Purpose::Hook = job.purpose {
                job.purpose = Purpose::Forgotten;
                job.ask(false, now);
            }
        }
    }

    /// Runs a notify script after all others of its queue.
    pub(crate) fn notify(&mut self, queue: String, job: Job, now: Instant, out: &mut Vec<Finished>) {
        let waiting = self.queues.entry(queue.clone()).or_default();
        if waiting.len() >= MAX_QUEUED {
            waiting.pop_front();
            out.push(Finished::Dropped { queue: queue.clone() });
        }
        waiting.push_back(job);
        self.advance(&queue, now, out);
    }

    /// Starts a script of the daemon's start or end. The answer, if it cannot be started, comes at once.
    pub(crate) fn hook(&mut self, job: Job, now: Instant) -> Option<Finished> {
        let outcome = self.start(&job, Purpose::Hook, now).err()?;
        Some(Finished::Hook { program: program(&job), outcome })
    }

    /// Starts what reads a named pipe for as long as the daemon runs.
    pub(crate) fn read_pipe(&mut self, path: &Path, job: Job, now: Instant) -> Option<Finished> {
        let outcome = self.start(&job, Purpose::Reader(path.to_owned()), now).err()?;
        Some(Finished::Failed { program: program(&job), outcome })
    }

    /// Ends what reads a named pipe.
    pub(crate) fn end_reader(&mut self, path: &Path, now: Instant) {
        for job in self.running.values_mut() {
            if matches!(&job.purpose, Purpose::Reader(read) if read == path) {
                job.purpose = Purpose::Forgotten;
                job.ask(false, now);
            }
        }
    }

    /// Nobody writes to the pipes any more: what reads them may take in the last lines.
    pub(crate) fn part_with_readers(&mut self, now: Instant) {
        for job in self.running.values_mut() {
            if let (Purpose::Reader(_), Ending::Allowed(_)) = (&job.purpose, job.ending) {
                job.purpose = Purpose::Forgotten;
                job.ending = Ending::Allowed(Some(now + READER_GRACE));
            }
        }
    }

    /// Whether this is one of our children.
    pub(crate) fn owns(&self, pid: u32) -> bool {
        self.running.contains_key(&pid)
    }

    /// Reaps a child of ours that has ended.
    pub(crate) fn reap(&mut self, pid: u32, now: Instant, out: &mut Vec<Finished>) {
        let Some(job) = self.running.remove(&pid) else { return };
        let Some(outcome) = job.outcome() else {
            self.running.insert(pid, job);
            return;
        };
        self.short &= self.retry.is_some();
        let Running { program, purpose, .. } = job;
        match purpose {
            Purpose::Tracking(id) => out.push(Finished::Tracking(id, outcome)),
            Purpose::Forgotten => {}
            Purpose::Hook => out.push(Finished::Hook { program, outcome }),
            Purpose::Reader(path) => out.push(Finished::ReaderEnded { program, path, outcome }),
            Purpose::Notify(queue) => {
                if !outcome.is_success() {
                    out.push(Finished::Failed { program, outcome });
                }
                self.advance(&queue, now, out);
            }
        }
        // One place is free; whichever waited for it gets it.
        self.advance_all(now, out);
    }

    /// Sends the signals that are due, and starts what could not be started before.
    pub(crate) fn expire(&mut self, now: Instant, out: &mut Vec<Finished>) {
        for job in self.running.values_mut() {
            match job.ending {
                Ending::Allowed(Some(limit)) if limit <= now => job.ask(true, now),
                Ending::Asked { overdue, force } if force <= now => {
                    job.child.signal_group(StopSignal::Force);
                    job.ending = Ending::Forced { overdue };
                }
                Ending::Allowed(_) | Ending::Asked { .. } | Ending::Forced { .. } => {}
            }
        }
        if self.retry.is_some_and(|at| at <= now) {
            self.retry = None;
            self.advance_all(now, out);
        }
    }

    /// When [`Self::expire`] has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.running.values().filter_map(Running::deadline).chain(self.retry).min()
    }

    /// Whether nothing runs and nothing waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.queues.is_empty() && self.waiting.is_empty()
    }

    /// How many run and how many wait.
    pub(crate) fn load(&self) -> (usize, usize) {
        let notices: usize = self.queues.values().map(VecDeque::len).sum();
        (self.running.len(), self.waiting.len() + notices)
    }

    /// Drops what waits and ends what runs.
    pub(crate) fn abandon(&mut self, now: Instant) {
        self.queues.clear();
        self.waiting.clear();
        self.retry = None;
        for job in self.running.values_mut() {
            job.ask(false, now);
        }
    }

    fn advance_all(&mut self, now: Instant, out: &mut Vec<Finished>) {
        let waiting: Vec<String> = self.queues.keys().cloned().collect();
        for queue in waiting {
            self.advance(&queue, now, out);
        }
        while self.running.len() < self.most
            && self.retry.is_none()
            && let Some((id, job)) = self.waiting.pop_first()
        {
            self.track(id, job, now, out);
        }
    }

    /// Starts the next of a queue, unless one of it runs.
    fn advance(&mut self, queue: &str, now: Instant, out: &mut Vec<Finished>) {
        if self.retry.is_some() {
            return;
        }
        let purpose = Purpose::Notify(queue.to_owned());
        while self.running.len() < self.most && !self.running.values().any(|job| job.purpose == purpose) {
            let Some(job) = self.queues.get_mut(queue).and_then(VecDeque::pop_front) else { break };
            let Err(outcome) = self.start(&job, purpose.clone(), now) else { break };
            if let Some(code) = shortage(outcome) {
                // It stays the next.
                self.queues.entry(queue.to_owned()).or_default().push_front(job);
                return self.wait(code, now, out);
            }
            out.push(Finished::Failed { program: program(&job), outcome });
        }
        if self.queues.get(queue).is_some_and(VecDeque::is_empty) {
            self.queues.remove(queue);
        }
    }

    fn start(&mut self, job: &Job, purpose: Purpose, now: Instant) -> Result<(), Outcome> {
        if self.running.len() >= self.most {
            return Err(Outcome::NotStarted(process::TRY_AGAIN));
        }
        let child = (self.begin)(&job.command)
            .map_err(|error| Outcome::NotStarted(error.raw_os_error().unwrap_or(0)))?;
        let ending = Ending::Allowed(job.limit.map(|limit| now + limit));
        self.running.insert(child.pid(), Running { program: program(job), purpose, ending, child });
        Ok(())
    }
}

impl Running {
    fn ask(&mut self, overdue: bool, now: Instant) {
        if let Ending::Allowed(_) = self.ending {
            self.child.signal_group(StopSignal::Ask);
            self.ending = Ending::Asked { overdue, force: now + GRACE };
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.ending {
            Ending::Allowed(limit) => limit,
            Ending::Asked { force, .. } => Some(force),
            Ending::Forced { .. } => None,
        }
    }

    /// `None` if it has not ended after all.
    fn outcome(&self) -> Option<Outcome> {
        let overdue = match self.ending {
            Ending::Allowed(_) => false,
            Ending::Asked { overdue, .. } | Ending::Forced { overdue } => {
                // What it started itself may have ignored SIGTERM. Now, before it is reaped, its number still is its
                // group's and nobody else's.
                self.child.signal_group(StopSignal::Force);
                overdue
            }
        };
        let ended = self.child.try_reap().ok().flatten()?;
        Some(match ended {
            _ if overdue => Outcome::TimedOut,
            Ended::Exited(status) => Outcome::Exited(status),
            Ended::Signalled(signal) => Outcome::Signalled(signal),
        })
    }
}

/// The error number of a script that could not begin for want of a descriptor, memory or a process.
fn shortage(outcome: Outcome) -> Option<i32> {
    let Outcome::NotStarted(code) = outcome else { return None };
    process::is_shortage(&io::Error::from_raw_os_error(code)).then_some(code)
}

fn program(job: &Job) -> String {
    job.command.argv.first().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests;
