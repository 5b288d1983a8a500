//! SIGHUP: the file is read again. A good one takes effect as the difference to the one in force; a bad one changes
//! nothing.
//!
//! Differs: keepalived obeys what is left of a bad file unless `reload_check_config` is set. Here an error that the
//! configuration in force does not have itself is reason enough to keep that.

use std::fs::{self, File};
use std::path::PathBuf;

use config::Effective;
use config::effective::Identity;
use host::{Instant, Severity};
use linux::{clock, privilege};
use serde::{Deserialize, Serialize};
use worker::bus::ToWorker;

use super::in_force::InForce;
use super::place::Place;
use super::reading::{self, Reading};
use super::stop::Phase;
use super::{Supervisor, start};
use crate::bus::ToProcess;
use crate::manner::set_name;

/// How far reloading is.
#[derive(Debug, Default)]
pub(super) struct Reload {
    /// Workers have been told, and not all have answered.
    running: bool,
    /// It was asked for again meanwhile.
    again: bool,
    last: Option<LastReload>,
}

/// What the last reload came to, for `status`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LastReload {
    /// When, in seconds since 1970.
    pub at: i64,
    /// Whether the file was good. If not, the configuration before it is still in force.
    pub taken: bool,
    /// What was found in the file.
    pub diagnostics: Vec<String>,
}

impl Reload {
    pub(super) fn last(&self) -> Option<&LastReload> {
        self.last.as_ref()
    }
}

impl Supervisor {
    /// A reload is wanted: now, or after the one that is going on.
    pub(super) fn ask_reload(&mut self, now: Instant) {
        if self.phase.is_stopping() {
            return;
        }
        // One that is waiting to be started again answers nothing, and perhaps a better file is what it needs.
        let pids = [self.vrrp.seat.pid(), self.bfd.seat.pid(), self.check.seat.pid()];
        let workers = pids.iter().any(Option::is_some);
        if self.phase == Phase::Starting || self.reload.running && workers {
            self.reload.again = true;
        } else {
            self.reload(now);
        }
    }

    fn reload(&mut self, now: Instant) {
        self.reload.again = false;
        self.readiness.reloading(now);
        self.log(Severity::Info, "Reloading ...");
        self.log(Severity::Detail, &format!("Opening file '{}'.", self.options.config));
        let marker = self.mark();
        let Reading { effective, refusal: _, lines, errors, copy, save_directory } =
            reading::read(&self.options);
        self.copy_next(save_directory.as_deref(), copy.as_deref());
        if let Some(marker) = marker {
            // It told whoever looked.
            let _ = fs::remove_file(marker);
        }
        for (severity, line) in &lines {
            self.log(*severity, line);
        }
        let good = errors.is_within(&self.accepted);
        let same = effective.as_ref().is_none_or(|new| self.is_same_daemon(&new.daemon.identity));
        if !same {
            let line = "Cannot change instance, net_namespace or net_namespace_ipvs at a reload - please restart keepalived";
            self.log(Severity::Error, line);
        }
        let silent = self.effective.daemon.no_local_igmp;
        let differs = effective.as_ref().is_some_and(|new| new.daemon.no_local_igmp != silent);
        if differs {
            let line = "Cannot change disable_local_igmp at a reload - please restart keepalived";
            self.log(Severity::Error, line);
        }
        let effective = effective.filter(|_| good && same && !differs).and_then(|new| self.put_aside(new));
        let diagnostics: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
        let told = self.tell_check(&diagnostics);
        let last = LastReload { at: clock::wall().seconds, taken: effective.is_some(), diagnostics };
        self.reload.last = Some(last);
        let Some(effective) = effective else { return self.refuse(&told) };
        self.log(Severity::Info, &format!("Configuration file {}", self.options.config));
        let before = std::mem::replace(&mut self.effective, effective);
        self.init_files(&before.files);
        self.copy_before(before, now);
        self.accepted = errors;
        self.reload.running = true;
        self.provide_pipes(now);
        self.follow_time_file(now);
        self.run_as_configured();
        if self.vrrp.seat.pid().is_some() {
            self.vrrp.seat.say(&ToProcess::Pipes(self.pipes.paths_of_vrrp()));
            self.vrrp.seat.configure(&self.effective.vrrp);
            if self.effective.daemon.pipes.states_on_reload {
                self.vrrp.tell(ToWorker::WriteStates);
            }
        } else if self.wants_vrrp() {
            // One that is waiting to be started again starts with the new configuration, and perhaps that helps.
            self.start_vrrp(now);
        }
        self.reconfigure_bfd(now);
        self.reconfigure_check(now);
        self.complete(now);
    }

    fn put_aside(&mut self, effective: Effective) -> Option<InForce> {
        let failed = |error| self.log(Severity::Error, &format!("Unable to keep the configuration: {error}"));
        InForce::new(effective).map_err(failed).ok()
    }

    /// The running configuration stays.
    fn refuse(&mut self, told: &str) {
        let line = format!(
            "New config failed validation, see {told} for details: {} does not take effect, the running \
             configuration stays",
            self.options.config
        );
        self.log(Severity::Error, &line);
        self.readiness.ready();
        self.calm.stir();
    }

    /// Puts a file there that says that a configuration is being read (`reload_file`).
    fn mark(&mut self) -> Option<PathBuf> {
        let marker = self.effective.daemon.reload.marker.as_ref()?;
        let path = marker.as_ref().map_or_else(|| self.place.marker.clone(), PathBuf::from);
        if let Err(error) = File::create(&path) {
            self.log(Severity::Warning, &format!("Unable to write {}: {error}", path.display()));
        }
        Some(path)
    }

    /// Writes what was found where `reload_check_config` says; returns where to look for it.
    fn tell_check(&mut self, diagnostics: &[String]) -> String {
        let Some(Some(path)) = self.effective.daemon.reload.check.clone() else {
            return "the lines above".into();
        };
        let text: String = diagnostics.iter().map(|line| format!("{line}\n")).collect();
        if let Err(error) = fs::write(&path, text) {
            self.log(Severity::Warning, &format!("Unable to write {path}: {error}"));
        }
        path
    }

    /// As keepalived: which daemon of this host it is stays for its life.
    fn is_same_daemon(&self, identity: &Identity) -> bool {
        let Place { suffix, namespace, .. } = Place::of(&self.options, identity);
        let ipvs = &self.effective.daemon.identity.ipvs_namespace;
        suffix == self.place.suffix && namespace == self.place.namespace && identity.ipvs_namespace == *ipvs
    }

    /// Names and scheduling of the configuration in force.
    fn run_as_configured(&mut self) {
        self.umask = start::umask_of(&self.options, &self.effective.daemon);
        privilege::set_umask(self.umask);
        set_name(&self.effective.daemon.workers.name);
        let manner = self.vrrp_manner();
        self.vrrp.seat.say(&ToProcess::Run(manner));
    }

    /// Every worker obeys its configuration: so ends the reload, if there was one.
    pub(super) fn complete_reload(&mut self, now: Instant) {
        if std::mem::replace(&mut self.reload.running, false) {
            self.log(Severity::Info, "Reload complete");
            self.copy_after(now);
            self.readiness.ready();
            self.calm.stir();
        }
        if self.reload.again && !self.phase.is_stopping() {
            self.reload(now);
        }
    }
}
