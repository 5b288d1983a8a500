//! The bfd worker, as the supervisor sees to it.
//!
//! What it finds out goes to the vrrp worker and the check worker without the supervisor, by sockets that both ends are
//! handed whenever one of them is started. When it dies, what it said last stays in force until its successor has had its time to hear from
//! the neighbours: a fault of ours is no fault of the path.

use std::time::Duration;

use bfd::Verdict;
use host::{Instant, Severity};
use linux::Interest;
use linux::pidfile::PidFile;
use worker::bus::FromBfd;

use super::{BFD_BUS, Supervisor};
use crate::bus::{Begin, Line, ToBfdProcess, ToProcess, Tracker};
use crate::log::LogOptions;
use crate::manner::Manner;

impl Supervisor {
    pub(super) fn wants_bfd(&self) -> bool {
        self.options.bfd && (self.options.all || self.effective.has_sessions)
    }

    /// Starts the bfd worker, and has it obey the configuration in force.
    pub(super) fn start_bfd(&mut self, now: Instant) {
        let begin = Begin {
            log: LogOptions::bfd(&self.options, &self.place.suffix),
            manner: Manner::of(&self.effective.daemon.workers.bfd, self.umask),
            keep: false,
            home: None,
            ipvs: None,
            netlink: [None; 3],
            promoted: Vec::new(),
        };
        self.reserve.lend();
        let started = self.bfd.start(begin, &self.effective, now);
        match started {
            Ok(pid) => {
                let watched = self.bfd.seat.line().map(|line| self.poll.watch(line, BFD_BUS, Interest::Read));
                if let Some(Err(error)) = watched {
                    self.log(Severity::Error, &error.to_string());
                }
                if let Err(why) = self.write_bfd_pid(pid) {
                    self.log(Severity::Error, &format!("Unable to write the BFD pid file: {why}"));
                }
                self.log(Severity::Info, &format!("Starting BFD child process, pid={pid}"));
                self.introduce_bfd();
            }
            Err(error) => {
                self.log(Severity::Error, &format!("Unable to start the BFD child process: {error}"));
                self.bfd.seat.retry_at(now + Duration::from_secs(1));
            }
        }
        self.reserve.refill();
    }

    fn write_bfd_pid(&mut self, pid: u32) -> Result<(), String> {
        if self.bfd_pid_file.is_none() {
            let file = PidFile::reserve(&self.place.bfd_pid_file).map_err(|error| error.to_string())?;
            self.bfd_pid_file = Some(file);
        }
        self.bfd_pid_file.as_mut().map_or(Ok(()), |file| file.write(pid)).map_err(|error| error.to_string())
    }

    /// Lets the bfd worker speak to the others; after its start.
    pub(super) fn introduce_bfd(&mut self) {
        self.introduce(Tracker::Vrrp);
        self.introduce(Tracker::Check);
    }

    /// Lets the bfd worker speak to another; after the start of one of them.
    pub(super) fn introduce(&mut self, tracker: Tracker) {
        let lives = match tracker {
            Tracker::Vrrp => self.vrrp.seat.pid().is_some(),
            Tracker::Check => self.check.seat.pid().is_some(),
        };
        if !lives || self.bfd.seat.pid().is_none() {
            return;
        }
        match Line::<Verdict, ()>::strangers() {
            Ok((speaks, listens)) => {
                match tracker {
                    Tracker::Vrrp => self.vrrp.seat.hand(&ToProcess::Verdicts, listens),
                    Tracker::Check => self.check.seat.hand(&ToProcess::Verdicts, listens),
                }
                self.bfd.seat.hand(&ToBfdProcess::Tracker(tracker), speaks);
            }
            Err(error) => {
                self.log(Severity::Error, &format!("Unable to connect the child processes: {error}"))
            }
        }
    }

    /// It obeys the configuration in force from now on.
    pub(super) fn reconfigure_bfd(&mut self, now: Instant) {
        let manner = Manner::of(&self.effective.daemon.workers.bfd, self.umask);
        self.bfd.seat.say(&ToBfdProcess::Run(manner));
        if self.bfd.seat.pid().is_some() {
            self.bfd.seat.configure(&self.effective.bfd);
        } else if self.wants_bfd() {
            // As the vrrp worker's: one that waits to be started again need not wait.
            self.start_bfd(now);
        }
    }

    /// Hears everything that it has said.
    pub(super) fn listen_bfd(&mut self, now: Instant) {
        while let Some(message) = self.bfd.seat.hear() {
            match message {
                Ok(FromBfd::Ready) => {
                    self.bfd.seat.answered();
                    if self.bfd.seat.is_ready() {
                        self.bfd_watchdog.begin(now);
                    }
                    self.complete(now);
                }
                Ok(FromBfd::Alive) => {
                    self.bfd_watchdog.answered(now);
                    self.calm.settle();
                }
                Ok(FromBfd::Status { status, more }) => {
                    if let Some(status) = self.bfd.assemble(*status, more) {
                        self.bfd_told(Some(status), now);
                    }
                }
                Err(why) => {
                    self.log(Severity::Error, &format!("The BFD child process makes no sense: {why}"))
                }
            }
        }
        if self.bfd.seat.is_deaf() {
            self.unwatch_bfd();
        }
    }

    pub(super) fn bury_bfd(&mut self, now: Instant) {
        self.listen_bfd(now);
        self.unwatch_bfd();
        let Some(death) = self.bfd.seat.bury(now) else { return };
        self.bfd_watchdog.end();
        if let Some(file) = &mut self.bfd_pid_file {
            file.clear();
        }
        self.bfd_told(None, now);
        if self.phase.is_stopping() {
            self.bfd.seat.retire();
            self.settle_if_alone(now);
        } else {
            self.mourn("BFD", &death, now);
        }
    }

    fn unwatch_bfd(&mut self) {
        if let Some(line) = self.bfd.seat.line() {
            self.poll.unwatch(line);
        }
    }
}
