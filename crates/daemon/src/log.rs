//! Where a process of the daemon logs to: the command line's wishes for one process.

use std::path::{Path, PathBuf};

use host::Severity;
use linux::journal::{DEV_LOG, Facility, Journal, JournalOptions};
use serde::{Deserialize, Serialize};

use crate::compat::Options;

/// The log of one process, as its supervisor tells it over the bus.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct LogOptions {
    ident: String,
    /// Facility's number, 0 to 23, as syslog counts; `None` writes nothing there.
    facility: Option<u8>,
    console: bool,
    file: Option<PathBuf>,
    detail: bool,
}

impl LogOptions {
    /// The supervisor's. `suffix`: which of several daemons it is.
    pub(crate) fn supervisor(options: &Options, suffix: &str) -> Self {
        Self::of(options, format!("Keepalived{suffix}"), options.log_file.clone())
    }

    /// The vrrp worker's.
    pub(crate) fn vrrp(options: &Options, suffix: &str) -> Self {
        let file = options.log_file.as_deref().map(|file| insert(file, "_vrrp"));
        Self::of(options, format!("Keepalived_vrrp{suffix}"), file)
    }

    /// The bfd worker's.
    pub(crate) fn bfd(options: &Options, suffix: &str) -> Self {
        let file = options.log_file.as_deref().map(|file| insert(file, "_bfd"));
        Self::of(options, format!("Keepalived_bfd{suffix}"), file)
    }

    /// The check worker's.
    pub(crate) fn check(options: &Options, suffix: &str) -> Self {
        let file = options.log_file.as_deref().map(|file| insert(file, "_healthcheckers"));
        Self::of(options, format!("Keepalived_healthcheckers{suffix}"), file)
    }

    fn of(options: &Options, ident: String, file: Option<PathBuf>) -> Self {
        Self {
            ident,
            facility: options.syslog.then_some(match options.facility {
                Facility::User => 1,
                Facility::Daemon => 3,
                Facility::Local(number) => 16 + number,
            }),
            // As keepalived: only in the foreground; detached there is no terminal any more.
            console: options.console && options.foreground,
            file,
            detail: options.detail,
        }
    }

    /// Whether something is written to descriptor 2.
    pub(crate) const fn has_console(&self) -> bool {
        self.console
    }

    /// Opens it. A file that cannot be opened is said to the others.
    pub(crate) fn open(&self) -> Journal {
        let Self { ident, facility, console, file, detail } = self;
        let facility = facility.map(|number| match number {
            1 => Facility::User,
            16.. => Facility::Local(number - 16),
            _ => Facility::Daemon,
        });
        let (mut journal, failure) = Journal::open(&JournalOptions {
            ident: ident.clone(),
            syslog: facility.map(|facility| (PathBuf::from(DEV_LOG), facility)),
            console: *console,
            file: file.clone(),
            detail: *detail,
        });
        if let (Some(failure), Some(file)) = (failure, file) {
            let line = format!("Unable to open log file {}: {failure}", file.display());
            host::Journal::write(&mut journal, Severity::Error, &line);
        }
        journal
    }
}

/// The name with `part` before its extension: `/tmp/keepalived_vrrp.log`.
pub(crate) fn insert(file: &Path, part: &str) -> PathBuf {
    let mut name = file.file_stem().unwrap_or_default().to_os_string();
    name.push(part);
    if let Some(extension) = file.extension() {
        name.push(".");
        name.push(extension);
    }
    file.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Manual: "FILE will have _vrrp … inserted before the last '.' in FILE".
    #[test]
    fn the_workers_file_is_named_after_the_supervisors() {
        assert_eq!(insert(Path::new("/tmp/keepalived.log"), "_vrrp"), Path::new("/tmp/keepalived_vrrp.log"));
        assert_eq!(insert(Path::new("/tmp/a.b.log"), "_vrrp"), Path::new("/tmp/a.b_vrrp.log"));
        assert_eq!(insert(Path::new("/tmp/log"), "_vrrp"), Path::new("/tmp/log_vrrp"));
    }
}
