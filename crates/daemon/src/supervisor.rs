//! The process that operators see: reads the configuration, starts the workers, runs the scripts, answers signals and
//! the control socket.
//!
//! One thread, one loop. What happens is a signal (a child's end among them), a message of a worker, a request on the
//! control socket, or a time that has passed. Nothing in here waits for anything else.
//!
//! `start` is the way into the loop, `stop` the way out, `hooks` the scripts around both; `place` says where on this host
//! it is. `reload` is what SIGHUP does, `copies` what it leaves for debugging, `timetable` the clock, `dumps` what the
//! other signals do; `in_force` is the configuration that all of it is about.
//! `workers` keeps the workers alive, each in its `seat`, `bfd` and `check` are what is special about these workers; `watchdog`
//! notices when one hangs, `reserve` keeps what a start needs, `survey` asks how they stand, `jobs` runs scripts, `pipes`
//! sees to the event pipes, `mail` to alerts, `control` speaks with the
//! operator's tool.

mod bfd;
mod check;
pub mod control;
mod copies;
mod dumps;
mod hooks;
mod in_force;
mod init_files;
pub(crate) mod jobs;
mod mail;
mod pipes;
mod place;
mod reading;
mod reload;
mod reserve;
mod seat;
mod start;
mod stop;
mod survey;
mod timetable;
mod watchdog;
mod workers;

use std::time::Duration;

use config::effective::Buffers;
use host::{Instant, Outcome, Severity};
use linux::group_reports::Silence;
use linux::journal::Journal;
use linux::pidfile::PidFile;
use linux::process::{self, Ended};
use linux::{Interest, Poll, Token, clock, signal};
use worker::bus::{ToSupervisor, ToWorker};

use crate::bus::{Begin, Tracker};
use crate::calm::Calm;
use crate::compat::Options;
use crate::detach::Starter;
use crate::exit::Exit;
use crate::log::LogOptions;
use crate::manner::Manner;
use crate::readiness::Readiness;
pub use reload::LastReload;

use control::Control;
use copies::Copies;
use dumps::Dumps;
use in_force::InForce;
use jobs::{Finished, Jobs};
use mail::Mail;
use pipes::EventPipes;
use place::{Directory, Home, Place};
use reading::Accepted;
use reload::Reload;
use reserve::Reserve;
use seat::Death;
use stop::Phase;
use survey::Survey;
use timetable::{TIME_FILE, Timetable};
use watchdog::Watchdog;
use workers::{BfdWorker, CheckWorker, VrrpWorker};

/// The vrrp worker's end of the bus.
const BUS: Token = Token(1);
/// The herald's.
const HERALD_BUS: Token = Token(2);
/// The bfd worker's.
const BFD_BUS: Token = Token(3);
/// The check worker's.
const CHECK_BUS: Token = Token(4);
/// Clients of the control socket have tokens from here on; the socket itself has this one.
const CONTROL: Token = Token(5);

/// How soon a worker that could not take something is tried again.
const RETRY: Duration = Duration::from_millis(100);

/// Starts the supervisor and runs it to its end. `detached`: another process waits for it to be ready.
pub fn run(options: Options, detached: bool) -> Exit {
    match start::start(options, detached) {
        Ok(mut supervisor) => supervisor.live(),
        Err(exit) => exit,
    }
}

struct Supervisor {
    options: Options,
    umask: u32,
    place: Place,
    home: Option<Home>,
    poll: Poll,
    journal: Journal,
    readiness: Readiness,
    /// Until the start is complete: whoever waits for it.
    starter: Option<Starter>,
    started: bool,
    /// Removed when this is dropped, the last thing of all.
    _pid_file: PidFile,
    vrrp_pid_file: PidFile,
    /// Taken when the first bfd worker starts: of several daemons on a host, most have none.
    bfd_pid_file: Option<PidFile>,
    /// The same for the check worker.
    check_pid_file: Option<PidFile>,
    effective: InForce,
    accepted: Accepted,
    vrrp: VrrpWorker,
    bfd: BfdWorker,
    check: CheckWorker,
    jobs: Jobs,
    mail: Mail,
    pipes: EventPipes,
    control: Option<Control>,
    reserve: Reserve,
    reload: Reload,
    timetable: Timetable,
    watchdog: Watchdog,
    bfd_watchdog: Watchdog,
    check_watchdog: Watchdog,
    survey: Survey,
    dumps: Dumps,
    copies: Copies,
    phase: Phase,
    /// A worker was started to end what one that died at the stop left behind.
    cleaning: bool,
    calm: Calm,
    exit: Exit,
    finished: Vec<Finished>,
    /// Dropped last, after the files in it.
    _directory: Directory,
    /// `disable_local_igmp`.
    _silence: Option<Silence>,
}

impl Supervisor {
    fn live(&mut self) -> Exit {
        let mut ready = Vec::new();
        self.begin(clock::now());
        while self.phase != Phase::Done {
            let deadline = self.deadline();
            ready.clear();
            let woken = match self.poll.wait(deadline, &mut ready) {
                Ok(woken) => woken,
                Err(error) => {
                    self.log(Severity::Alert, &error.to_string());
                    return Exit::Fatal;
                }
            };
            let now = clock::now();
            if woken.signalled {
                for number in self.poll.signals() {
                    self.obey(number, now);
                }
            }
            for token in ready.drain(..) {
                match token {
                    BUS => self.listen(now),
                    BFD_BUS => self.listen_bfd(now),
                    CHECK_BUS => self.listen_check(now),
                    HERALD_BUS => self.listen_herald(now),
                    TIME_FILE => self.time_file_changed(now),
                    token => self.serve_control(token, now),
                }
            }
            self.expire(now);
            self.conclude();
        }
        self.part()
    }

    fn deadline(&self) -> Option<Instant> {
        [
            self.journal.deadline(),
            (!self.are_flushed()).then(|| clock::now() + RETRY),
            self.vrrp.seat.restart_at(),
            self.bfd.seat.restart_at(),
            self.check.seat.restart_at(),
            self.jobs.deadline(),
            self.mail.deadline(),
            self.phase.deadline(),
            self.timetable.deadline(),
            self.watchdog.deadline(),
            self.bfd_watchdog.deadline(),
            self.check_watchdog.deadline(),
            self.control.as_ref().and_then(Control::deadline),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Whether nothing waits to be sent to a worker.
    fn are_flushed(&self) -> bool {
        self.vrrp.seat.is_flushed() && self.bfd.seat.is_flushed() && self.check.seat.is_flushed()
    }

    /// A signal came.
    fn obey(&mut self, number: i32, now: Instant) {
        match number {
            signal::STOP => self.stop(now),
            signal::INTERRUPT if !self.options.ignore_interrupt => self.stop(now),
            signal::RELOAD => self.ask_reload(now),
            signal::CHILD => self.bury_children(now),
            signal::DATA | signal::STATS => self.ask_dump(number, now),
            number if number == signal::json() || number == signal::stats_clear() => {
                self.ask_dump(number, now)
            }
            // SIGQUIT, and an interrupt that is not wanted: As keepalived, ignored.
            _ => {}
        }
    }

    /// What is due at this time.
    fn expire(&mut self, now: Instant) {
        self.journal.flush();
        self.vrrp.seat.flush();
        self.bfd.seat.flush();
        self.check.seat.flush();
        self.jobs.expire(now, &mut self.finished);
        if self.vrrp.seat.restart_at().is_some_and(|at| at <= now) {
            self.start_vrrp(now);
        }
        if self.bfd.seat.restart_at().is_some_and(|at| at <= now) {
            self.start_bfd(now);
        }
        if self.check.seat.restart_at().is_some_and(|at| at <= now) {
            self.start_check(now);
        }
        self.expire_control(now);
        self.expire_timetable(now);
        self.expire_watchdog(now);
        self.expire_mail(now);
        self.expire_phase(now);
    }

    /// What follows from what happened in this turn.
    fn conclude(&mut self) {
        for finished in std::mem::take(&mut self.finished) {
            self.conclude_job(finished);
        }
        self.advance_phase();
    }

    fn conclude_job(&mut self, finished: Finished) {
        match finished {
            Finished::Tracking(id, outcome) => self.vrrp.tell(ToWorker::JobEnded(id, outcome)),
            Finished::Failed { program, outcome } => {
                self.log(Severity::Warning, &format!("Notify script {program} {}", said(outcome)));
            }
            Finished::Hook { program, outcome } => self.conclude_hook(&program, outcome, clock::now()),
            Finished::ReaderEnded { program, path, outcome } => {
                let line = format!("FIFO script {program} of {} {}", path.display(), said(outcome));
                self.log(Severity::Warning, &line);
            }
            Finished::Short(code) => {
                let why = std::io::Error::from_raw_os_error(code);
                self.log(Severity::Warning, &format!("Scripts wait, as they cannot be started now: {why}"));
            }
            Finished::Dropped { queue } => {
                let line = format!("({queue}) more notify scripts wait than can: the oldest was dropped");
                self.log(Severity::Warning, &line);
            }
        }
    }

    /// How the vrrp worker's process runs.
    fn vrrp_manner(&self) -> Manner {
        let workers = &self.effective.daemon.workers;
        Manner::of(&workers.vrrp, self.umask).rising(workers.auto_priority)
    }

    /// Starts the vrrp worker, and has it obey the configuration in force.
    fn start_vrrp(&mut self, now: Instant) {
        let begin = Begin {
            log: LogOptions::vrrp(&self.options, &self.place.suffix),
            manner: self.vrrp_manner(),
            keep: self.options.keep_vrrp,
            home: self.home.as_ref().map(Home::path),
            ipvs: None,
            netlink: {
                let Buffers { vrrp_command, vrrp_monitor, process_monitor, .. } =
                    &self.effective.daemon.buffers;
                [vrrp_command, vrrp_monitor, process_monitor]
                    .map(|(bytes, force)| bytes.map(|bytes| (bytes, *force)))
            },
            promoted: self.vrrp.promoted(),
        };
        let pipes = self.pipes.paths_of_vrrp();
        self.reserve.lend();
        let started = self.vrrp.start(begin, pipes, &self.effective, now);
        match started {
            Ok(pid) => {
                let watched = self.vrrp.seat.line().map(|line| self.poll.watch(line, BUS, Interest::Read));
                if let Some(Err(error)) = watched {
                    self.log(Severity::Error, &error.to_string());
                }
                if let Err(error) = self.vrrp_pid_file.write(pid) {
                    self.log(Severity::Error, &format!("Unable to write the VRRP pid file: {error}"));
                }
                self.log(Severity::Info, &format!("Starting VRRP child process, pid={pid}"));
                self.introduce(Tracker::Vrrp);
            }
            Err(error) => {
                self.log(Severity::Alert, &format!("Unable to start the VRRP child process: {error}"));
                self.vrrp.seat.retry_at(now + Duration::from_secs(1));
            }
        }
        self.reserve.refill();
    }

    /// Hears everything that the worker has said.
    fn listen(&mut self, now: Instant) {
        while let Some(message) = self.vrrp.hear() {
            match message {
                Ok(message) => self.hear(message, now),
                Err(why) => {
                    self.log(Severity::Error, &format!("The VRRP child process makes no sense: {why}"))
                }
            }
        }
        if self.vrrp.seat.is_deaf() {
            self.unwatch_vrrp();
        }
    }

    fn hear(&mut self, message: ToSupervisor, now: Instant) {
        match message {
            ToSupervisor::Ready => self.vrrp_is_ready(now),
            ToSupervisor::Run(id, job) => self.jobs.track(id, job, now, &mut self.finished),
            ToSupervisor::End(id) => self.jobs.end(id, now),
            ToSupervisor::Notify { queue, job } => self.jobs.notify(queue, job, now, &mut self.finished),
            // The worker's place remembers it.
            ToSupervisor::Masterships(_) | ToSupervisor::Promotion { .. } => {}
            ToSupervisor::Mail(alert) => self.mail(alert, now),
            ToSupervisor::Alive => {
                self.watchdog.answered(now);
                self.calm.settle();
            }
            ToSupervisor::Status { status, more } => {
                if let Some(status) = self.vrrp.assemble(*status, more) {
                    self.vrrp_told(Some(status), now);
                }
            }
        }
    }

    fn vrrp_is_ready(&mut self, now: Instant) {
        if self.vrrp.seat.is_ready() {
            self.watchdog.begin(now);
            self.complete(now);
        }
    }

    /// Ends start and reload once every worker obeys.
    fn complete(&mut self, now: Instant) {
        let obeys = |lives: bool, ready: bool, wanted: bool| if lives { ready } else { !wanted };
        let (vrrp, bfd, check) = (&self.vrrp.seat, &self.bfd.seat, &self.check.seat);
        if obeys(vrrp.pid().is_some(), vrrp.is_ready(), self.wants_vrrp())
            && obeys(bfd.pid().is_some(), bfd.is_ready(), self.wants_bfd())
            && obeys(check.pid().is_some(), check.is_ready(), self.wants_check())
        {
            self.complete_start();
            self.complete_reload(now);
        }
    }

    /// Some child has ended: ours, or one that a script left behind.
    fn bury_children(&mut self, now: Instant) {
        // A worker's last words count.
        self.listen(now);
        self.listen_bfd(now);
        self.listen_check(now);
        while let Some(pid) = process::any_ended() {
            if self.vrrp.seat.pid() == Some(pid) {
                self.bury_vrrp(now);
            } else if self.bfd.seat.pid() == Some(pid) {
                self.bury_bfd(now);
            } else if self.check.seat.pid() == Some(pid) {
                self.bury_check(now);
            } else if self.mail.owns(pid) {
                self.bury_herald(now);
            } else if self.jobs.owns(pid) {
                self.jobs.reap(pid, now, &mut self.finished);
            } else {
                process::reap_stranger(pid);
            }
        }
    }

    fn bury_vrrp(&mut self, now: Instant) {
        self.listen(now);
        self.unwatch_vrrp();
        let Some(death) = self.vrrp.bury(now) else { return };
        self.watchdog.end();
        self.vrrp_pid_file.clear();
        self.vrrp_told(None, now);
        // They were its tracking scripts; the next worker starts its own.
        self.jobs.end_tracking(now);
        if self.phase.is_stopping() {
            self.vrrp_has_died(&death, now);
        } else {
            self.mourn("VRRP", &death, now);
        }
    }

    /// A worker has died, unasked: says so, and what follows.
    fn mourn(&mut self, name: &str, death: &Death, now: Instant) {
        let pid = death.pid;
        let permanent = match death.ended {
            Ended::Exited(status) => Exit::permanent(status).map(|name| (status, name)),
            Ended::Signalled(number) => {
                self.log(Severity::Info, &format!("pid {pid} exited due to signal {number}"));
                None
            }
        };
        if let Some((status, name)) = permanent {
            let line = format!("pid {pid} exited with permanent error {name}. Terminating");
            self.log(Severity::Error, &line);
            self.readiness.failed(if status == 4 { process::NOT_PERMITTED } else { process::INVALID });
            self.exit = Exit::Child(status);
            self.stop(now);
        } else if self.options.respawn {
            self.log(Severity::Alert, &format!("{name} child process({pid}) died: Respawning"));
            let seconds = death.delay.as_secs();
            let line = format!("Restart of {name} process delayed {seconds} seconds to limit respawn rate");
            self.log(Severity::Alert, &line);
            self.expire(now);
        } else {
            self.log(Severity::Alert, &format!("{name} child process({pid}) died: Exiting"));
            self.stop(now);
        }
    }

    fn unwatch_vrrp(&mut self) {
        if let Some(line) = self.vrrp.seat.line() {
            self.poll.unwatch(line);
        }
    }

    fn log(&mut self, severity: Severity, line: &str) {
        host::Journal::write(&mut self.journal, severity, line);
    }
}

/// How a job ended, for the log.
fn said(outcome: Outcome) -> String {
    match outcome {
        Outcome::Signalled(_) => format!("failed ({outcome})"),
        Outcome::Exited(_) | Outcome::TimedOut | Outcome::NotStarted(_) => outcome.to_string(),
    }
}
