//! The configuration file, read for the supervisor.

use std::collections::BTreeSet;

use config::{Disk, Effective, Loaded};
use host::Severity;
use linux::clock;

use crate::compat::Options;

/// The errors of the configuration in force. It runs with them, so they are no reason to refuse the next one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Accepted(BTreeSet<String>);

/// What reading a file came to.
#[derive(Debug)]
pub(super) struct Reading {
    /// What to obey; `None` if running it would be wrong.
    pub(super) effective: Option<Effective>,
    /// Exit status of a daemon that was to start with it.
    pub(super) refusal: Option<u8>,
    /// What was found, for the log.
    pub(super) lines: Vec<(Severity, String)>,
    /// Its errors.
    pub(super) errors: Accepted,
    /// The whole of it in one file, if copies are wanted.
    pub(super) copy: Option<String>,
    /// Where to put that.
    pub(super) save_directory: Option<String>,
}

/// Reads the file that the command line names.
pub(super) fn read(options: &Options) -> Reading {
    let seed = u64::from(clock::wall().nanos) ^ u64::from(std::process::id()) << 32;
    let (request, host) = (options.request(seed, false), options.environment.this_host());
    let disk = Disk::default();
    let loaded = config::load(&request, &disk, &host);
    if let Some(shortage) = disk.shortage().first().or_else(|| host.shortage().first()) {
        return Reading::none(format!("Unable to read the configuration now: {shortage}"));
    }
    let refusal = loaded.refusal();
    let severities = loaded.diagnostics.iter().map(|found| severity(found.severity));
    let lines = severities.zip(loaded.log_lines()).collect();
    let errors = Accepted(errors(&loaded).collect());
    let effective = loaded.effective.filter(|_| refusal.is_none());
    let save_directory = effective.as_ref().and_then(|new| new.daemon.reload.save_directory.clone());
    let copy = save_directory.as_ref().map(|_| config::outline::read(&request, &disk, &host).printed());
    Reading { effective, refusal, lines, errors, copy, save_directory }
}

impl Reading {
    /// Nothing was found out but this.
    fn none(line: String) -> Self {
        Self {
            effective: None,
            refusal: None,
            lines: vec![(Severity::Error, line)],
            errors: Accepted::default(),
            copy: None,
            save_directory: None,
        }
    }
}

impl Accepted {
    /// Whether `self` has nothing that `running` does not have too.
    pub(super) fn is_within(&self, running: &Self) -> bool {
        self.0.is_subset(&running.0)
    }
}

fn severity(severity: config::Severity) -> Severity {
    match severity {
        config::Severity::Note => Severity::Info,
        config::Severity::Warning => Severity::Warning,
        config::Severity::Error => Severity::Error,
    }
}

/// Without their places: an error that moved down a line is the same one.
fn errors(loaded: &Loaded) -> impl Iterator<Item = String> + '_ {
    let errors = loaded.diagnostics.iter().filter(|found| found.severity == config::Severity::Error);
    errors.map(|found| format!("{} {}", found.code, found.message))
}
