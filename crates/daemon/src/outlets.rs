//! The event pipes, as a worker's process writes to them.
//!
//! The supervisor makes and removes them. A line that does not fit into a pipe that nobody empties is lost, as with
//! keepalived; here that is counted and said.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use host::{Instant, Severity};
use linux::fifo::Fifo;
use linux::journal::Journal;

/// How often the log hears of lines that are lost at one pipe.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// All event pipes.
#[derive(Debug, Default)]
pub(crate) struct Outlets {
    outlets: Vec<Outlet>,
}

#[derive(Debug)]
struct Outlet {
    path: PathBuf,
    pipe: Fifo,
    /// Lines lost since the log last heard of it.
    lost: u64,
    said: Option<Instant>,
}

impl Outlets {
    /// Opens what is at these paths. One that is open and still there stays open: its reader sees no end.
    pub(crate) fn open(&mut self, paths: Vec<PathBuf>, journal: &mut Journal) {
        let mut before = std::mem::take(&mut self.outlets);
        for path in paths {
            let same = |outlet: &Outlet| outlet.path == path && outlet.pipe.is_at(&path);
            if let Some(place) = before.iter().position(same) {
                self.outlets.push(before.swap_remove(place));
                continue;
            }
            match Fifo::open(&path) {
                Ok(pipe) => self.outlets.push(Outlet { path, pipe, lost: 0, said: None }),
                Err(error) => say(journal, &format!("Unable to open FIFO {}: {error}", path.display())),
            }
        }
    }

    /// Writes a line to each.
    pub(crate) fn put(&mut self, line: &str, now: Instant, journal: &mut Journal) {
        for outlet in &mut self.outlets {
            if let Err(error) = outlet.pipe.write(line.as_bytes()) {
                outlet.lost += 1;
                outlet.complain(&error, now, journal);
            }
        }
    }

    /// The end: says what the log has not heard of yet.
    pub(crate) fn close(&mut self, journal: &mut Journal) {
        for Outlet { path, lost, .. } in self.outlets.drain(..).filter(|outlet| outlet.lost > 0) {
            say(journal, &format!("FIFO {}: {lost} more lines were lost", path.display()));
        }
    }
}

impl Outlet {
    fn complain(&mut self, error: &io::Error, now: Instant, journal: &mut Journal) {
        if self.said.is_some_and(|said| now.since(said) < SAY_EVERY) {
            return;
        }
        self.said = Some(now);
        let is_full = error.kind() == io::ErrorKind::WouldBlock;
        let why = if is_full { "it is full, nobody reads it".to_owned() } else { error.to_string() };
        let lost = std::mem::take(&mut self.lost);
        say(journal, &format!("FIFO {}: lines lost: {lost} ({why})", self.path.display()));
    }
}

fn say(journal: &mut Journal, line: &str) {
    host::Journal::write(journal, Severity::Warning, line);
}
