//! Scripts around the daemon's life: one before the workers start (`startup_script`), one after all else has ended
//! (`shutdown_script`).

use config::effective::Hook;
use host::{Instant, Job, Severity};

use super::Supervisor;
use super::jobs::Finished;
use super::stop::Phase;

impl Supervisor {
    /// Runs the script before the workers. Returns whether they have to wait for it.
    pub(super) fn run_startup_script(&mut self, now: Instant) -> bool {
        let hook = self.effective.daemon.hooks.startup.clone();
        hook.is_some_and(|hook| self.run_hook("Startup", &hook, now))
    }

    /// Runs the script after everything, once. Returns whether the end has to wait for it.
    pub(super) fn run_shutdown_script(&mut self, now: Instant) -> bool {
        let hook = self.effective.daemon.hooks.shutdown.take();
        hook.is_some_and(|hook| self.run_hook("Shutdown", &hook, now))
    }

    /// The startup script has ended, however it did: now the workers start.
    pub(super) fn conclude_hook(&mut self, program: &str, outcome: host::Outcome, now: Instant) {
        if !outcome.is_success() {
            self.log(Severity::Warning, &format!("Script {program} {}", super::said(outcome)));
        }
        if self.phase == Phase::Starting {
            self.phase = Phase::Running;
            self.begin_workers(now);
            if self.vrrp.seat.pid().is_none() {
                self.complete_reload(now);
            }
        }
    }

    fn run_hook(&mut self, which: &str, hook: &Hook, now: Instant) -> bool {
        let Hook { command, limit } = hook;
        self.log(Severity::Info, &format!("{which} script {}", command.argv.join(" ")));
        let job = Job { command: command.clone(), limit: Some(*limit) };
        match self.jobs.hook(job, now) {
            None => true,
            Some(Finished::Hook { program, outcome }) => {
                self.log(Severity::Warning, &format!("Script {program} {}", super::said(outcome)));
                false
            }
            Some(_) => false,
        }
    }
}
