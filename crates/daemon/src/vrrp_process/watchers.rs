//! Files and processes that are tracked, as the vrrp worker's process watches them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use host::{Arrival, Instant, Severity};
use linux::namespace::Namespace;
use linux::watch_file::{self, FileWatch};
use linux::watch_process::{self, ProcessEvent, ProcessSeen, ProcessWatch};
use linux::{Token, clock};
use vrrp::Config;
use vrrp::status::ProcessStatus;
use worker::processes::{Processes, Seen};

use super::here::Here;

/// Something happened to a file.
pub(super) const FILES: Token = Token(2);
/// Something happened to a process.
pub(super) const PROCESSES: Token = Token(3);

/// How often a directory is looked for that is not there, and processes where the kernel tells nothing of them; and how
/// long after events were lost all processes are looked at again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Watchers {
    files: Option<FileWatch>,
    /// The names of each file's blocks.
    names: BTreeMap<PathBuf, Vec<String>>,
    processes: Processes,
    events: Option<ProcessWatch>,
    /// The kernel was asked for events and does not tell any.
    no_events: bool,
    /// When to look again at what nobody tells of.
    look: Option<Instant>,
    home: Option<PathBuf>,
}

impl Watchers {
    /// `home`: the network namespace where the kernel tells of processes, if it is not this one.
    pub(super) fn new(home: Option<PathBuf>) -> Self {
        Self { home, ..Self::default() }
    }

    /// Watches what a configuration tracks. What is found comes before the configuration takes effect, so that it
    /// counts in its first decisions.
    pub(super) fn configure(&mut self, config: &Config, here: &mut Here, out: &mut Vec<Arrival>) {
        self.names.clear();
        for file in &config.files {
            self.names.entry(file.path.clone().into()).or_default().push(file.name.clone());
        }
        self.follow_files(here);
        self.read(self.names.keys().cloned().collect(), out);
        self.processes.configure(&config.processes);
        if self.processes.is_empty() {
            self.no_events = false;
            if let Some(events) = self.events.take() {
                here.unwatch(&events);
            }
        } else {
            self.follow_processes(here);
            self.processes.survey(&all());
            self.tell(out);
        }
        self.plan(clock::now());
    }

    /// Something of ours is ready.
    pub(super) fn serve(&mut self, token: Token, now: Instant, out: &mut Vec<Arrival>) {
        match token {
            FILES => {
                let changed = self.files.as_mut().map(FileWatch::changed).unwrap_or_default();
                self.read(changed, out);
                self.plan(now);
            }
            PROCESSES => {
                let events = self.events.as_mut().map(ProcessWatch::events).unwrap_or_default();
                events.into_iter().for_each(|event| self.take_in(event, now));
                self.tell(out);
            }
            _ => {}
        }
    }

    /// Does what is due.
    pub(super) fn wake(&mut self, now: Instant, out: &mut Vec<Arrival>) {
        if self.look.is_some_and(|look| look <= now) {
            self.look = None;
            if let Some(files) = &mut self.files {
                let found = files.retry().into_iter().collect();
                self.read(found, out);
            }
            if self.no_events {
                self.processes.recount(&all(), now);
            } else if !self.processes.is_empty() {
                self.processes.survey(&all());
            }
            self.plan(now);
        }
        self.processes.wake(now);
        self.tell(out);
    }

    /// How the tracked sets of processes stand.
    pub(super) fn processes(&self) -> Vec<ProcessStatus> {
        self.processes.statuses()
    }

    /// When [`Self::wake`] has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.look.into_iter().chain(self.processes.deadline()).min()
    }

    fn plan(&mut self, now: Instant) {
        let incomplete = self.files.as_ref().is_some_and(FileWatch::is_incomplete);
        if incomplete || self.no_events {
            self.look.get_or_insert(now + LOOK_EVERY);
        }
    }

    fn follow_files(&mut self, here: &mut Here) {
        if self.files.is_none() && !self.names.is_empty() {
            let opened = FileWatch::open().and_then(|watch| {
                here.watch(&watch, FILES).map_err(io::Error::other)?;
                Ok(watch)
            });
            match opened {
                Ok(watch) => self.files = Some(watch),
                Err(error) => say(here, Severity::Error, &format!("Unable to follow tracked files: {error}")),
            }
        }
        if let Some(files) = &mut self.files {
            files.follow(self.names.keys().cloned());
        }
    }

    fn read(&self, files: BTreeSet<PathBuf>, out: &mut Vec<Arrival>) {
        for file in files {
            let value = watch_file::number(&file);
            for name in self.names.get(&file).into_iter().flatten() {
                out.push(Arrival::FileRead { file: name.clone(), value });
            }
        }
    }

    /// Differs: where the kernel tells nothing of processes, keepalived tracks none; here they are looked at each
    /// second.
    fn follow_processes(&mut self, here: &mut Here) {
        if self.events.is_some() || self.no_events {
            return;
        }
        let opened = open_events(self.home.as_deref()).and_then(|events| {
            here.watch(&events, PROCESSES).map_err(io::Error::other)?;
            Ok(events)
        });
        match opened {
            Ok(events) => self.events = Some(events),
            Err(error) => {
                self.no_events = true;
                let line =
                    format!("The kernel tells nothing of processes here ({error}): looking each second");
                say(here, Severity::Warning, &line);
            }
        }
    }

    fn take_in(&mut self, event: ProcessEvent, now: Instant) {
        match event {
            ProcessEvent::Forked { parent, child } => self.processes.forked(parent, child, now),
            ProcessEvent::Executed(pid) => {
                // One that is gone already is told of next.
                if let Some(process) = watch_process::one(pid) {
                    self.processes.executed(pid, &seen(process).1, now);
                }
            }
            ProcessEvent::Renamed(pid, name) => self.processes.renamed(pid, &name, now),
            ProcessEvent::Ended(pid) => self.processes.ended(pid, now),
            ProcessEvent::Lost => {
                self.look.get_or_insert(now + LOOK_EVERY);
            }
        }
    }

    fn tell(&mut self, out: &mut Vec<Arrival>) {
        let changes = self.processes.changes().into_iter();
        out.extend(changes.map(|(name, quorum)| Arrival::ProcessesCounted { name, quorum }));
    }
}

fn open_events(home: Option<&Path>) -> io::Result<ProcessWatch> {
    match home {
        None => ProcessWatch::open(),
        Some(home) => Namespace::at(home)?.run(ProcessWatch::open)?,
    }
}

fn all() -> BTreeMap<u32, Seen> {
    watch_process::all().into_iter().map(seen).collect()
}

fn seen(process: ProcessSeen) -> (u32, Seen) {
    let ProcessSeen { pid, name, words } = process;
    (pid, Seen { name, words })
}

fn say(here: &mut Here, severity: Severity, line: &str) {
    host::Journal::write(here, severity, line);
}
