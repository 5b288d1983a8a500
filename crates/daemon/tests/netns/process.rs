//! A daemon and all its descendants: finding, killing and weighing them.

use std::collections::BTreeMap;
use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A process that cannot be mistaken for a later one with the same number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Process {
    /// Its number.
    pub(crate) pid: i32,
    started: u64,
}

impl Process {
    /// The process with this number, if there is one now.
    pub(crate) fn of(pid: i32) -> Option<Process> {
        let stat = Stat::of(pid)?;
        Some(Process { pid, started: stat.started })
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(self) -> bool {
        Stat::of(self.pid).is_some_and(|stat| stat.started == self.started && !stat.zombie)
    }

    /// Sends a signal, unless it is gone.
    pub(crate) fn signal(self, signal: Signal) {
        if self.is_alive() {
            // It may be gone in between; that is as well.
            let _ = kill(Pid::from_raw(self.pid), signal);
        }
    }

    /// The words that it was started with; nothing if it is gone.
    pub(crate) fn command_line(self) -> String {
        let words = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        String::from_utf8_lossy(&words).replace('\0', " ")
    }

    /// How often it went to sleep of its own accord: once more than it was woken, where it has one thread.
    pub(crate) fn sleeps(self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
    }

    /// Its share of memory: what it has alone, and its part of what it shares, in KiB.
    pub(crate) fn pss_kib(self) -> u64 {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid)).unwrap_or_default();
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
        line.trim().trim_end_matches("kB").trim().parse().unwrap_or(0)
    }

    /// Nanoseconds that its threads spent on a processor.
    pub(crate) fn cpu_ns(self) -> u64 {
        let Ok(threads) = fs::read_dir(format!("/proc/{}/task", self.pid)) else { return 0 };
        threads
            .flatten()
            .filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok())
            .filter_map(|line| line.split_whitespace().next()?.parse::<u64>().ok())
            .sum()
    }
}

/// What we need of `/proc/PID/stat` (proc(5)).
struct Stat {
    parent: i32,
    zombie: bool,
    started: u64,
}

impl Stat {
    fn of(pid: i32) -> Option<Stat> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in brackets may hold spaces and brackets itself.
        let fields: Vec<&str> = text.get(text.rfind(')')? + 2..)?.split_whitespace().collect();
        Some(Stat {
            zombie: *fields.first()? == "Z",
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }
}

/// A process and all its descendants, parents first.
pub(crate) fn family(pid: i32) -> Vec<Process> {
    let mut children: BTreeMap<i32, Vec<Process>> = BTreeMap::new();
    let numbers = fs::read_dir("/proc").expect("/proc is there").flatten();
    for number in numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()) {
        if let Some(stat) = Stat::of(number) {
            children.entry(stat.parent).or_default().push(Process { pid: number, started: stat.started });
        }
    }
    let mut found: Vec<Process> = Process::of(pid).into_iter().collect();
    let mut next = 0;
    while let Some(process) = found.get(next) {
        next += 1;
        found.extend(children.remove(&process.pid).unwrap_or_default());
    }
    found
}

/// Kills a process and all its descendants as a power-off does: they are stopped first, so that none can restart,
/// stand in for or say goodbye for another.
pub(crate) fn power_off(pid: i32) -> Vec<Process> {
    let mut stopped: Vec<Process> = Vec::new();
    loop {
        let new: Vec<Process> =
            family(pid).into_iter().filter(|process| !stopped.contains(process)).collect();
        if new.is_empty() {
            break;
        }
        new.iter().for_each(|process| process.signal(Signal::SIGSTOP));
        stopped.extend(new);
    }
    stopped.iter().rev().for_each(|process| process.signal(Signal::SIGKILL));
    stopped
}
