//! Where log lines go: the system's log, the terminal, a file. Writing never waits.
//!
//! A sink that cannot take a line now keeps it, up to [`MAX_WAITING`]; after that lines are lost, counted, and their
//! number is written once the sink takes lines again.

mod console;
mod file;
mod syslog;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use host::{Instant, Severity};

use crate::clock::{self, WallTime};

pub use syslog::Facility;

use console::Console;
use file::LogFile;
use syslog::Syslog;

/// Most lines that wait in one sink. A start or a takeover of many instances writes a few hundred at once.
pub const MAX_WAITING: usize = 1024;

/// Longest line, in bytes: with its head it stays below what one write to a pipe takes as a whole (4,096).
pub const MAX_LINE: usize = 3800;

/// What one write to a pipe takes as a whole: lines that wait together are written together, up to here.
const CHUNK: usize = 4096;

/// Most entries that [`Journal::flush`] hands on at once, a millisecond's work: writing the log makes nothing late.
const MOST_AT_ONCE: usize = 64;

/// The system's log socket.
pub const DEV_LOG: &str = "/dev/log";

/// How soon a sink that could not take a line is tried again. While it goes on refusing, as on a host without a log
/// daemon, it is asked ever more seldom, up to [`LONGEST_REST`].
const FIRST_REST: Duration = Duration::from_millis(100);
const LONGEST_REST: Duration = Duration::from_secs(5);

/// What to write, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalOptions {
    /// What lines in the system's log begin with: `Keepalived_vrrp`.
    pub ident: String,
    /// The log socket and the facility to use there; `None` does not write there.
    pub syslog: Option<(PathBuf, Facility)>,
    /// Write to descriptor 2.
    pub console: bool,
    /// Write to the end of this file.
    pub file: Option<PathBuf>,
    /// Write [`Severity::Detail`] too.
    pub detail: bool,
}

/// The log of one process.
#[derive(Debug)]
pub struct Journal {
    detail: bool,
    /// Lines wait for [`Journal::flush`].
    gathers: bool,
    sinks: Vec<Sink>,
}

impl Journal {
    /// Opens all sinks. That of the system may come later; a file that cannot be opened is told of.
    pub fn open(options: &JournalOptions) -> (Self, Option<io::Error>) {
        let JournalOptions { ident, syslog, console, file, detail } = options;
        let mut sinks = Vec::new();
        if let Some((socket, facility)) = syslog {
            sinks.push(Sink::new(Outlet::Syslog(Syslog::new(socket, *facility, ident))));
        }
        if *console {
            sinks.push(Sink::new(Outlet::Console(Console::open())));
        }
        let file = file.as_ref().map(|path| LogFile::open(path)).transpose();
        let (file, failure) = match file {
            Ok(file) => (file, None),
            Err(failure) => (None, Some(failure)),
        };
        sinks.extend(file.map(|file| Sink::new(Outlet::File(file))));
        (Self { detail: *detail, gathers: false, sinks }, failure)
    }

    /// Nowhere.
    pub fn silent() -> Self {
        Self { detail: false, gathers: false, sinks: Vec::new() }
    }

    /// From now on lines wait for [`Self::flush`], for an owner who calls it before each wait: a thousand lines are then
    /// some dozen writes, and what is urgent comes before all of them.
    pub fn gather(&mut self) {
        self.gathers = true;
    }

    /// When [`Self::flush`] has something to try again; `None` if no line waits.
    pub fn deadline(&self) -> Option<Instant> {
        self.sinks.iter().filter_map(Sink::deadline).min()
    }

    /// Hands waiting lines to the sinks whose time has come to be tried again.
    pub fn flush(&mut self) {
        if self.deadline().is_some() {
            self.flush_at(clock::now());
        }
    }

    fn flush_at(&mut self, now: Instant) {
        for sink in &mut self.sinks {
            sink.flush(now);
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.flush();
    }
}

impl host::Journal for Journal {
    fn wants(&self, severity: Severity) -> bool {
        severity != Severity::Detail || self.detail
    }

    /// A text of several lines becomes several entries.
    fn write(&mut self, severity: Severity, line: &str) {
        if !self.wants(severity) {
            return;
        }
        let now = (clock::now(), clock::wall());
        for line in line.lines().filter(|line| !line.trim().is_empty()) {
            let line = printable(line);
            for sink in &mut self.sinks {
                sink.write(severity, now, &line, self.gathers);
            }
        }
    }
}

/// One place that lines go to, with those that wait for it.
#[derive(Debug)]
struct Sink {
    outlet: Outlet,
    waiting: VecDeque<Entry>,
    /// Lines among what waits.
    lines: usize,
    lost: u64,
    /// It refused a line: it is let be until then, and so long the next time.
    rest: Option<(Instant, Duration)>,
}

/// Lines that are written together.
#[derive(Debug)]
struct Entry {
    bytes: Vec<u8>,
    /// Lines that are lost if it is: its own, and those whose loss it tells of.
    worth: u64,
}

#[derive(Debug)]
enum Outlet {
    Syslog(Syslog),
    Console(Console),
    File(LogFile),
}

/// What became of an attempt to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Put {
    /// All of it is written.
    Done,
    /// The first bytes are written; the rest waits.
    Partly(usize),
    /// It can be tried again later.
    Later,
    /// It never can.
    Never,
}

impl Sink {
    fn new(outlet: Outlet) -> Self {
        Self { outlet, waiting: VecDeque::new(), lines: 0, lost: 0, rest: None }
    }

    fn deadline(&self) -> Option<Instant> {
        let due = self.rest.map_or(Instant::ZERO, |(due, _)| due);
        (!self.waiting.is_empty()).then_some(due)
    }

    fn write(&mut self, severity: Severity, (now, wall): (Instant, WallTime), line: &str, gathers: bool) {
        let waits = |sink: &Self| gathers && sink.lines < MAX_WAITING / 2;
        if !waits(self) {
            self.flush(now);
        }
        // Not for each line that finds room at a sink that is slower than what is to be said.
        if self.lost > 0 && self.lines <= MAX_WAITING / 2 {
            let lost = std::mem::take(&mut self.lost);
            self.enqueue(Severity::Warning, wall, &format!("{lost} log lines were lost"), lost);
        }
        self.enqueue(severity, wall, line, 1);
        if !waits(self) {
            self.flush(now);
        }
    }

    fn enqueue(&mut self, severity: Severity, now: WallTime, line: &str, worth: u64) {
        if self.lines >= MAX_WAITING {
            self.lost += worth;
            return;
        }
        self.lines += 1;
        let bytes = self.outlet.format(severity, now, line);
        match self.waiting.back_mut().filter(|_| self.outlet.is_stream()) {
            Some(last) if last.bytes.len() + bytes.len() <= CHUNK => {
                last.bytes.extend(bytes);
                last.worth += worth;
            }
            Some(_) | None => self.waiting.push_back(Entry { bytes, worth }),
        }
    }

    fn flush(&mut self, now: Instant) {
        if self.deadline().is_none_or(|due| due > now) {
            return;
        }
        let mut rest = self.rest.take().map_or(FIRST_REST, |(_, rest)| (rest * 2).min(LONGEST_REST));
        for _ in 0..MOST_AT_ONCE {
            let Some(entry) = self.waiting.front_mut() else { return };
            match self.outlet.put(&entry.bytes) {
                Put::Done => {
                    self.lines -= self.outlet.lines_of(&entry.bytes);
                    self.waiting.pop_front();
                    rest = FIRST_REST;
                }
                // What takes a part takes the rest soon.
                Put::Partly(written) => {
                    self.lines -= self.outlet.lines_of(&entry.bytes[..written]);
                    entry.bytes.drain(..written);
                    self.rest = Some((now + FIRST_REST, FIRST_REST));
                    return;
                }
                Put::Later => {
                    self.rest = Some((now + rest, rest));
                    return;
                }
                Put::Never => {
                    self.lines -= self.outlet.lines_of(&entry.bytes);
                    self.lost += entry.worth;
                    self.waiting.pop_front();
                }
            }
        }
    }
}

impl Outlet {
    fn format(&self, severity: Severity, now: WallTime, line: &str) -> Vec<u8> {
        match self {
            Self::Syslog(syslog) => syslog.format(severity, now, line),
            Self::Console(_) | Self::File(_) => {
                let at = now.local();
                format!("{} {at} {}: {line}\n", at.weekday_name(), at.year).into_bytes()
            }
        }
    }

    /// Lines may be joined.
    const fn is_stream(&self) -> bool {
        match self {
            Self::Syslog(_) => false,
            Self::Console(console) => console.is_stream(),
            Self::File(_) => true,
        }
    }

    /// Lines that end in an entry, or a part of one.
    fn lines_of(&self, entry: &[u8]) -> usize {
        if self.is_stream() { entry.iter().filter(|byte| **byte == b'\n').count() } else { 1 }
    }

    fn put(&mut self, entry: &[u8]) -> Put {
        match self {
            Self::Syslog(syslog) => syslog.put(entry),
            Self::Console(console) => console.put(entry),
            Self::File(file) => file.put(entry),
        }
    }
}

/// The line with what could move a terminal's cursor or fake another line made visible, cut at [`MAX_LINE`].
fn printable(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for letter in line.chars() {
        if text.len() >= MAX_LINE {
            text.push('…');
            break;
        }
        if letter.is_control() && letter != '\t' {
            text.extend(letter.escape_unicode());
        } else {
            text.push(letter);
        }
    }
    text
}

/// What a failed write to a descriptor that never waits means.
fn failed(error: rustix::io::Errno) -> Put {
    match error {
        rustix::io::Errno::AGAIN | rustix::io::Errno::NOBUFS | rustix::io::Errno::INTR => Put::Later,
        _ => Put::Never,
    }
}

/// What a write of so many bytes of an entry means.
fn wrote(written: usize, entry: &[u8]) -> Put {
    if written < entry.len() { Put::Partly(written) } else { Put::Done }
}

#[cfg(test)]
mod tests;
