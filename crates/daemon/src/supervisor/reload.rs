//! SIGHUP: the file is read again. A good one takes effect as the difference to the one in force; a bad one changes
//! nothing.
//!
//! Differs: keepalived obeys what is left of a bad file unless `reload_check_config` is set. Here an error that the
//! configuration in force does not have itself is reason enough to keep that.

use host::{Instant, Severity};
use linux::clock;
use serde::{Deserialize, Serialize};
use worker::bus::{Configure, ToWorker};

use super::Supervisor;
use super::reading::{self, Reading};

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
        if self.reload.running && self.vrrp.pid().is_some() {
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
        let Reading { effective, refusal: _, lines, errors } = reading::read(&self.options);
        for (severity, line) in &lines {
            self.log(*severity, line);
        }
        let good = errors.is_within(&self.accepted);
        let effective = effective.filter(|_| good);
        let diagnostics = lines.into_iter().map(|(_, line)| line).collect();
        let last = LastReload { at: clock::wall().seconds, taken: effective.is_some(), diagnostics };
        self.reload.last = Some(last);
        let Some(effective) = effective else {
            let line = format!(
                "New config failed validation, see the lines above for details: {} does not take effect, the running \
                 configuration stays",
                self.options.config
            );
            self.log(Severity::Error, &line);
            self.readiness.ready();
            return;
        };
        self.log(Severity::Info, &format!("Configuration file {}", self.options.config));
        self.effective = effective;
        self.accepted = errors;
        self.reload.running = true;
        if self.vrrp.pid().is_some() {
            let configure = Configure { config: self.effective.vrrp.clone(), memories: Vec::new() };
            self.vrrp.tell(ToWorker::Configure(Box::new(configure)));
        } else if self.wants_vrrp() {
            // One that is waiting to be started again starts with the new configuration, and perhaps that helps.
            self.start_vrrp(now);
        } else {
            self.complete_reload(now);
        }
    }

    /// Every worker obeys its configuration: so ends the reload, if there was one.
    pub(super) fn complete_reload(&mut self, now: Instant) {
        if std::mem::replace(&mut self.reload.running, false) {
            self.log(Severity::Info, "Reload complete");
            self.readiness.ready();
        }
        if self.reload.again && !self.phase.is_stopping() {
            self.reload(now);
        }
    }
}
