//! The check worker, as the supervisor sees to it.

use std::path::PathBuf;
use std::time::Duration;

use host::{Instant, Severity};
use linux::Interest;
use linux::namespace::Namespace;
use linux::pidfile::PidFile;
use worker::bus::FromCheck;

use super::place::Home;
use super::{CHECK_BUS, Supervisor};
use crate::bus::{Begin, ToProcess, Tracker};
use crate::log::LogOptions;
use crate::manner::Manner;

impl Supervisor {
    pub(super) fn wants_check(&self) -> bool {
        self.options.check && (self.options.all || self.effective.has_servers)
    }

    /// Starts the check worker, and has it obey the configuration in force.
    pub(super) fn start_check(&mut self, now: Instant) {
        let begin = Begin {
            log: LogOptions::check(&self.options, &self.place.suffix),
            manner: Manner::of(&self.effective.daemon.workers.checker, self.umask),
            keep: self.options.keep_ipvs,
            home: None,
            ipvs: self.ipvs_namespace(),
            netlink: [None; 3],
            promoted: Vec::new(),
        };
        self.reserve.lend();
        let started = self.check.start(begin, self.pipes.paths_of_checks(), &self.effective, now);
        match started {
            Ok(pid) => {
                let watched =
                    self.check.seat.line().map(|line| self.poll.watch(line, CHECK_BUS, Interest::Read));
                if let Some(Err(error)) = watched {
                    self.log(Severity::Error, &error.to_string());
                }
                if let Err(why) = self.write_check_pid(pid) {
                    self.log(Severity::Error, &format!("Unable to write the checkers pid file: {why}"));
                }
                self.log(Severity::Info, &format!("Starting Healthcheck child process, pid={pid}"));
                self.introduce(Tracker::Check);
            }
            Err(error) => {
                let line = format!("Unable to start the Healthcheck child process: {error}");
                self.log(Severity::Error, &line);
                self.check.seat.retry_at(now + Duration::from_secs(1));
            }
        }
        self.reserve.refill();
    }

    /// Where IPVS is programmed (`net_namespace_ipvs`), if not where we are.
    fn ipvs_namespace(&self) -> Option<PathBuf> {
        match self.effective.daemon.identity.ipvs_namespace.as_ref()? {
            Some(name) => Some(Namespace::path(name)),
            None => self.home.as_ref().map(Home::path),
        }
    }

    fn write_check_pid(&mut self, pid: u32) -> Result<(), String> {
        if self.check_pid_file.is_none() {
            let file = PidFile::reserve(&self.place.check_pid_file).map_err(|error| error.to_string())?;
            self.check_pid_file = Some(file);
        }
        self.check_pid_file.as_mut().map_or(Ok(()), |file| file.write(pid)).map_err(|error| error.to_string())
    }

    /// It obeys the configuration in force from now on.
    pub(super) fn reconfigure_check(&mut self, now: Instant) {
        let manner = Manner::of(&self.effective.daemon.workers.checker, self.umask);
        self.check.seat.say(&ToProcess::Run(manner));
        self.check.seat.say(&ToProcess::Pipes(self.pipes.paths_of_checks()));
        if self.check.seat.pid().is_some() {
            self.check.configure(&self.effective);
        } else if self.wants_check() {
            // As the vrrp worker's: one that waits to be started again need not wait.
            self.start_check(now);
        }
    }

    /// Hears everything that it has said.
    pub(super) fn listen_check(&mut self, now: Instant) {
        while let Some(message) = self.check.seat.hear() {
            match message {
                Ok(FromCheck::Ready) => {
                    self.check.seat.answered();
                    if self.check.seat.is_ready() {
                        self.check_watchdog.begin(now);
                    }
                    self.complete(now);
                }
                Ok(FromCheck::Status { status, more }) => {
                    if let Some(status) = self.check.assemble(*status, more) {
                        self.check_told(Some(status), now);
                    }
                }
                Ok(FromCheck::Alive) => {
                    self.check_watchdog.answered(now);
                    self.calm.settle();
                }
                Ok(FromCheck::Notify { queue, job }) => {
                    self.jobs.notify(queue, job, now, &mut self.finished);
                }
                Err(why) => {
                    let line = format!("The Healthcheck child process makes no sense: {why}");
                    self.log(Severity::Error, &line);
                }
            }
        }
        if self.check.seat.is_deaf() {
            self.unwatch_check();
        }
    }

    pub(super) fn bury_check(&mut self, now: Instant) {
        self.listen_check(now);
        self.unwatch_check();
        let Some(death) = self.check.seat.bury(now) else { return };
        self.check_watchdog.end();
        if let Some(file) = &mut self.check_pid_file {
            file.clear();
        }
        self.check_told(None, now);
        if self.phase.is_stopping() {
            self.check.seat.retire();
            self.settle_if_alone(now);
        } else {
            self.mourn("Healthcheck", &death, now);
        }
    }

    fn unwatch_check(&mut self) {
        if let Some(line) = self.check.seat.line() {
            self.poll.unwatch(line);
        }
    }
}
