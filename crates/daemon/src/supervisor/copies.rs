//! Copies around a reload (`config_save_dir`), for whoever has to find out what several of them came to: each
//! configuration that was read, in one file with nothing left to include, and how the virtual routers stood before and
//! after it.
//!
//! As keepalived: `keepalived.conf.PID.N`, `keepalived_vrrp.PID.N.pre` and `.post`, for root alone: passwords are in them.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use host::{Instant, Severity};
use linux::clock;

use super::Supervisor;
use super::dumps::replace;
use super::in_force::InForce;
use super::survey::Statuses;
use crate::status::keepalived::{self, Moment, Report};

/// What is to be written yet.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// The configuration that the daemon starts with.
    first: Option<String>,
    /// Configurations that were read after it.
    number: u32,
    /// Where, once the worker says how it stood, and the configuration that it obeyed then.
    before: Option<(PathBuf, InForce)>,
    /// The same with the one in force.
    after: Option<PathBuf>,
}

impl Copies {
    pub(super) fn starting_with(first: Option<String>) -> Self {
        Self { first, ..Self::default() }
    }
}

impl Supervisor {
    /// The first turn.
    pub(super) fn copy_first(&mut self) {
        let first = self.copies.first.take();
        let directory = self.effective.daemon.reload.save_directory.clone();
        self.copy_configuration(directory.as_deref(), first.as_deref());
    }

    /// A configuration was read again, whether or not it is taken.
    pub(super) fn copy_next(&mut self, directory: Option<&str>, text: Option<&str>) {
        self.copies.number += 1;
        self.copy_configuration(directory, text);
    }

    /// A configuration is in force that the workers do not know yet; `before` is the one that they obey.
    pub(super) fn copy_before(&mut self, before: InForce, now: Instant) {
        if let Some(path) = self.copied_status("pre") {
            self.copies.before = Some((path, before));
            self.survey(now);
        }
    }

    /// The workers obey it.
    pub(super) fn copy_after(&mut self, now: Instant) {
        if let Some(path) = self.copied_status("post") {
            self.copies.after = Some(path);
            self.survey(now);
        }
    }

    /// The workers said how they stand.
    pub(super) fn copy_statuses(&mut self, statuses: &Statuses, now: Instant) {
        let (before, after) = (self.copies.before.take(), self.copies.after.take());
        let Some(status) = &statuses.vrrp else { return };
        let moment = Moment { now, wall: clock::wall() };
        let text = |config: &InForce| -> io::Result<String> {
            let effective = &config.read()?;
            Ok(keepalived::data(&Report { status, bfd: None, check: None, effective, moment }))
        };
        if let Some((path, config)) = before {
            self.copy(&path, text(&config));
        }
        if let Some(path) = after {
            let text = text(&self.effective);
            self.copy(&path, text);
        }
    }

    fn copied_status(&self, when: &str) -> Option<PathBuf> {
        let directory = self.effective.daemon.reload.save_directory.as_ref()?;
        let (pid, number) = (self.vrrp.seat.pid()?, self.copies.number);
        Some(Path::new(directory).join(format!("keepalived_vrrp.{pid}.{number}.{when}")))
    }

    fn copy_configuration(&mut self, directory: Option<&str>, text: Option<&str>) {
        if let (Some(directory), Some(text)) = (directory, text) {
            let name = format!("keepalived.conf.{}.{}", std::process::id(), self.copies.number);
            self.copy(&Path::new(directory).join(name), Ok(text.to_owned()));
        }
    }

    fn copy(&mut self, path: &Path, text: io::Result<String>) {
        let made = path.parent().map_or(Ok(()), make);
        if let Err(error) = made.and(text).and_then(|text| replace(path, &text)) {
            self.log(Severity::Warning, &format!("Unable to write {}: {error}", path.display()));
        }
    }
}

fn make(directory: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
