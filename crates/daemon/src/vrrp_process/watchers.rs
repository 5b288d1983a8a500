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

use super::beats::Beats;
use super::here::Here;

/// Something happened to a file.
pub(super) const FILES: Token = Token(2);
/// Something happened to a process.
pub(super) const PROCESSES: Token = Token(3);

/// How often a directory is looked for that is not there, processes where the kernel tells nothing of them, and what there
/// was no descriptor for; and how long after events were lost all processes are looked at again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Watchers {
    files: Option<FileWatch>,
    /// The names of each file's blocks.
    names: BTreeMap<PathBuf, Vec<String>>,
    /// Files that could not be read for want of a descriptor: what they said last counts until they can.
    unread: BTreeSet<PathBuf>,
    beats: Beats,
    processes: Processes,
    events: Option<ProcessWatch>,
    /// The kernel was asked for events and does not tell any.
    no_events: bool,
    /// When to look again at what nobody tells of.
    look: Option<Instant>,
    home: Option<PathBuf>,
    /// Receive buffer for events of processes: bytes, and whether beyond the system's limit.
    buffer: Option<(u32, bool)>,
}

impl Watchers {
    /// `home`: the network namespace where the kernel tells of processes, if it is not this one.
    pub(super) fn new(home: Option<PathBuf>, buffer: Option<(u32, bool)>) -> Self {
        Self { home, buffer, ..Self::default() }
    }

    /// Watches what a configuration tracks. What is found comes before the configuration takes effect, so that it
    /// counts in its first decisions.
    pub(super) fn configure(&mut self, config: &Config, here: &mut Here, out: &mut Vec<Arrival>) {
        let now = clock::now();
        self.beats.configure(&config.polled_links, now, here, out);
        self.names.clear();
        for file in &config.files {
            self.names.entry(file.path.clone().into()).or_default().push(file.name.clone());
        }
        if let Err(error) = self.follow_files(here) {
            say(here, Severity::Error, &format!("Unable to follow tracked files: {error}"));
        }
        self.unread.clear();
        self.read(self.names.keys().cloned().collect(), out);
        self.processes.configure(&config.processes);
        if self.processes.is_empty() {
            self.no_events = false;
            if let Some(events) = self.events.take() {
                here.desk.machine.unwatch(&events);
            }
        } else {
            self.follow_processes(here);
            self.look_at_all(now, Processes::survey);
            self.tell(out);
        }
        self.plan(now);
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
    pub(super) fn wake(&mut self, now: Instant, here: &mut Here, out: &mut Vec<Arrival>) {
        if self.look.is_some_and(|look| look <= now) {
            self.look = None;
            let mut found = std::mem::take(&mut self.unread);
            if let Some(files) = &mut self.files {
                found.extend(files.retry());
            } else if self.follow_files(here).is_ok() {
                found.extend(self.names.keys().cloned());
            }
            self.read(found, out);
            if self.no_events {
                self.look_at_all(now, |processes, all| processes.recount(all, now));
            } else if !self.processes.is_empty() {
                self.look_at_all(now, Processes::survey);
            }
            self.plan(now);
        }
        self.beats.wake(now, out);
        self.processes.wake(now);
        self.tell(out);
    }

    /// How the tracked sets of processes stand.
    pub(super) fn processes(&self) -> Vec<ProcessStatus> {
        self.processes.statuses()
    }

    /// When [`Self::wake`] has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.look.into_iter().chain(self.beats.deadline()).chain(self.processes.deadline()).min()
    }

    fn plan(&mut self, now: Instant) {
        let incomplete = self.files.as_ref().map_or(!self.names.is_empty(), FileWatch::is_incomplete);
        if incomplete || self.no_events || !self.unread.is_empty() {
            self.look.get_or_insert(now + LOOK_EVERY);
        }
    }

    fn follow_files(&mut self, here: &mut Here) -> io::Result<()> {
        if self.files.is_none() && !self.names.is_empty() {
            let watch = FileWatch::open()?;
            here.desk.machine.watch(&watch, FILES).map_err(io::Error::other)?;
            self.files = Some(watch);
        }
        if let Some(files) = &mut self.files {
            files.follow(self.names.keys().cloned());
        }
        Ok(())
    }

    fn read(&mut self, files: BTreeSet<PathBuf>, out: &mut Vec<Arrival>) {
        for file in files {
            let Some(names) = self.names.get(&file) else { continue };
            match watch_file::number(&file) {
                Ok(value) => {
                    out.extend(names.iter().map(|name| Arrival::FileRead { file: name.clone(), value }));
                }
                Err(_) => drop(self.unread.insert(file)),
            }
        }
    }

    /// Looks at all processes; later, if there is no descriptor for that now.
    fn look_at_all(&mut self, now: Instant, take_in: impl FnOnce(&mut Processes, &BTreeMap<u32, Seen>)) {
        match watch_process::all() {
            Ok(all) => take_in(&mut self.processes, &all.into_iter().map(seen).collect()),
            Err(_) => drop(self.look.get_or_insert(now + LOOK_EVERY)),
        }
    }

    /// Differs: where the kernel tells nothing of processes, keepalived tracks none; here they are looked at each
    /// second.
    fn follow_processes(&mut self, here: &mut Here) {
        if self.events.is_some() || self.no_events {
            return;
        }
        let opened = open_events(self.home.as_deref()).and_then(|events| {
            self.buffer.map_or(Ok(()), |(bytes, force)| events.size(bytes, force))?;
            here.desk.machine.watch(&events, PROCESSES).map_err(io::Error::other)?;
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
                match watch_process::one(pid) {
                    Ok(Some(process)) => self.processes.executed(pid, &seen(process).1, now),
                    // One that is gone already is told of next.
                    Ok(None) => {}
                    Err(_) => drop(self.look.get_or_insert(now + LOOK_EVERY)),
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

fn seen(process: ProcessSeen) -> (u32, Seen) {
    let ProcessSeen { pid, name, words } = process;
    (pid, Seen { name, words })
}

fn say(here: &mut Here, severity: Severity, line: &str) {
    host::Journal::write(here, severity, line);
}
