//! The event pipes: made before the workers that write to them, and removed after them.
//!
//! Differs: at a reload a pipe that stays configured stays open. With keepalived its readers see an end of file.

use std::path::{Path, PathBuf};

use config::effective::Pipe;
use host::{Command, Instant, Job, Severity};
use linux::fifo;

use super::Supervisor;

/// The pipes that are there.
#[derive(Debug, Default)]
pub(super) struct EventPipes {
    pipes: Vec<Standing>,
}

/// What is written to a pipe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Events {
    All,
    Vrrp,
    Checks,
}

#[derive(Debug)]
struct Standing {
    path: PathBuf,
    events: Events,
    /// We made it, so we remove it.
    made: bool,
    /// What reads it, if we started something that does.
    reader: Option<Command>,
}

impl EventPipes {
    /// Those that events of VRRP are written to.
    pub(super) fn paths_of_vrrp(&self) -> Vec<PathBuf> {
        self.paths(Events::Vrrp)
    }

    /// Those that events of health checks are written to.
    pub(super) fn paths_of_checks(&self) -> Vec<PathBuf> {
        self.paths(Events::Checks)
    }

    fn paths(&self, events: Events) -> Vec<PathBuf> {
        let of = |pipe: &&Standing| matches!(pipe.events, Events::All) || pipe.events == events;
        self.pipes.iter().filter(of).map(|pipe| pipe.path.clone()).collect()
    }

    /// The end: those that we made go.
    pub(super) fn remove(&mut self) {
        for pipe in self.pipes.drain(..).filter(|pipe| pipe.made) {
            // Somebody else may have removed it: what is to be is.
            let _ = fifo::remove(&pipe.path);
        }
    }
}

impl Supervisor {
    /// Sees to the pipes of the configuration in force, and to what reads them.
    pub(super) fn provide_pipes(&mut self, now: Instant) {
        let pipes = &self.effective.daemon.pipes;
        let kinds = [(&pipes.all, Events::All), (&pipes.vrrp, Events::Vrrp), (&pipes.lvs, Events::Checks)];
        let wanted: Vec<(Pipe, Events)> =
            kinds.into_iter().filter_map(|(pipe, events)| Some((pipe.clone()?, events))).collect();
        let mut before = std::mem::take(&mut self.pipes.pipes);
        for (Pipe { path, owner, reader }, events) in wanted {
            let path = PathBuf::from(path);
            let known = before.iter().position(|pipe| pipe.path == path);
            let mut known = known.map(|place| before.swap_remove(place));
            let made = match fifo::provide(&path, owner.as_ref()) {
                Ok(made) => made || known.as_ref().is_some_and(|pipe| pipe.made),
                Err(error) => {
                    let line = format!("Unable to use FIFO {}: {error}", path.display());
                    self.log(Severity::Error, &line);
                    self.jobs.end_reader(&path, now);
                    continue;
                }
            };
            let reading = known.as_mut().and_then(|pipe| pipe.reader.take());
            if reading != reader {
                self.jobs.end_reader(&path, now);
                if let Some(command) = &reader {
                    self.start_reader(&path, command, now);
                }
            }
            self.pipes.pipes.push(Standing { path, events, made, reader });
        }
        for gone in before {
            self.jobs.end_reader(&gone.path, now);
            if gone.made {
                let _ = fifo::remove(&gone.path);
            }
        }
    }

    /// As keepalived: the path is its last argument.
    fn start_reader(&mut self, path: &Path, command: &Command, now: Instant) {
        let mut command = command.clone();
        command.argv.push(path.to_string_lossy().into_owned());
        self.finished.extend(self.jobs.read_pipe(path, Job { command, limit: None }, now));
    }
}
