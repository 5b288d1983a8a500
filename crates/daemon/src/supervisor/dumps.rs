//! The files that signals ask for.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use host::{Instant, Severity};
use linux::{clock, signal};
use worker::bus::ToWorker;

use super::Supervisor;
use super::survey::Statuses;
use crate::log::insert;
use crate::status::keepalived;

/// What was asked for and waits for the worker to say how it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Dumps {
    data: bool,
    stats: bool,
    json: bool,
}

impl Supervisor {
    /// One of the signals DATA, STATS, STATS_CLEAR, JSON came.
    pub(super) fn ask_dump(&mut self, number: i32, now: Instant) {
        let pid = std::process::id();
        if number == signal::DATA {
            self.log(Severity::Info, &format!("Printing parent data for process({pid}) on signal"));
            self.log(Severity::Info, &format!("Printing VRRP data for process({pid}) on signal"));
            if self.bfd.seat.pid().is_some() {
                self.log(Severity::Info, &format!("Printing BFD data for process({pid}) on signal"));
            }
            if self.check.seat.pid().is_some() {
                let line = format!("Printing Healthchecker data for process({pid}) on signal");
                self.log(Severity::Info, &line);
            }
            self.dumps.data = true;
        } else if number == signal::json() {
            self.log(Severity::Info, &format!("Printing VRRP as json for process({pid}) on signal"));
            self.dumps.json = true;
        } else {
            self.log(Severity::Info, &format!("Printing VRRP stats for process({pid}) on signal"));
            self.dumps.stats = true;
        }
        self.survey(now);
        if number == signal::stats_clear() {
            // As keepalived: first written, then cleared.
            self.vrrp.tell(ToWorker::ClearCounters);
        }
    }

    /// The workers said how they stand: writes and answers all that waits for it.
    pub(super) fn tell_status(&mut self, statuses: Statuses, now: Instant) {
        let dumps = std::mem::take(&mut self.dumps);
        match self.dumped(dumps, &statuses, now) {
            Ok(texts) => texts.into_iter().for_each(|(path, text)| self.dump(&path, &text)),
            Err(error) => self.log(Severity::Error, &format!("Unable to read the configuration: {error}")),
        }
        self.copy_statuses(&statuses, now);
        self.answer_status(statuses, now);
        // That was much for a moment.
        self.calm.stir();
    }

    fn dumped(&self, dumps: Dumps, statuses: &Statuses, now: Instant) -> io::Result<Vec<(PathBuf, String)>> {
        let Dumps { data, stats, json } = dumps;
        let nothing = vrrp::Status::default();
        let status = statuses.vrrp.as_ref().unwrap_or(&nothing);
        let files = self.files();
        let mut texts = Vec::new();
        if data || json {
            let effective = &self.effective.read()?;
            let moment = keepalived::Moment { now, wall: clock::wall() };
            let (bfd, check) = (statuses.bfd.as_ref(), statuses.check.as_ref());
            let report = keepalived::Report { status, bfd, check, effective, moment };
            if data {
                texts.push((files.parent, keepalived::globals(&report)));
                texts.push((files.data, keepalived::data(&report)));
                texts.extend(bfd.map(|_| (files.bfd, keepalived::bfd(&report))));
                texts.extend(check.map(|_| (files.check, keepalived::check(&report))));
            }
            // As keepalived: nothing is written when there are no instances.
            if json && !status.instances.is_empty() {
                let version = effective.daemon.dumps.json_version;
                texts.push((files.json, keepalived::json(&report, version)));
            }
        }
        if stats {
            texts.push((files.stats, keepalived::stats(status)));
        }
        Ok(texts)
    }

    fn dump(&mut self, path: &Path, text: &str) {
        if let Err(error) = replace(path, text) {
            self.log(Severity::Error, &format!("Unable to write {}: {error}", path.display()));
        }
    }
}

/// Where dumps are written.
struct Files {
    parent: PathBuf,
    data: PathBuf,
    bfd: PathBuf,
    check: PathBuf,
    stats: PathBuf,
    json: PathBuf,
}

impl Supervisor {
    /// Differs: keepalived accepts `stats_dump_file` and `json_dump_file` and does nothing about them.
    fn files(&self) -> Files {
        let directory = self.options.environment.dumps();
        let config::effective::Dumps { state, statistics, json, use_instance, json_version: _ } =
            &self.effective.daemon.dumps;
        let at = |given: &Option<String>, usual: &str| match given {
            None => directory.join(usual),
            Some(path) if path.ends_with('/') => Path::new(path).join(usual),
            Some(path) => directory.join(path),
        };
        let state = at(state, "keepalived.data");
        let tail = self.place.suffix.strip_prefix('_').filter(|_| *use_instance);
        let own = |path: PathBuf| match tail {
            Some(tail) => insert(&path, &format!(".{tail}")),
            None => path,
        };
        Files {
            parent: own(insert(&state, "_parent")),
            bfd: own(insert(&state, "_bfd")),
            check: own(insert(&state, "_check")),
            data: own(state),
            stats: at(statistics, "keepalived.stats"),
            json: at(json, "keepalived.json"),
        }
    }
}

/// Puts a file in the place of another at once, so that nobody reads half of it. Its directory may be writable for all:
/// nothing that stands there is followed or written to.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}", std::process::id()));
    let temporary = path.with_file_name(name);
    let _ = fs::remove_file(&temporary);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}
