//! How a process runs: its name, and when and where the kernel lets it.

use std::ffi::CString;
use std::io;

use config::effective::Worker;
use linux::{privilege, process, schedule};
use serde::{Deserialize, Serialize};

/// How a process runs, as its supervisor tells it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Manner {
    name: String,
    umask: u32,
    nice: i8,
    locked: bool,
    realtime: Option<u8>,
    cpus: Vec<u16>,
    /// Microseconds in one go at a real-time priority; `None` has no limit.
    rttime: Option<u32>,
}

impl Manner {
    /// A worker's.
    pub(crate) fn of(worker: &Worker, umask: u32) -> Self {
        let Worker { name, nice, locked, realtime, cpus, rttime } = worker;
        Self {
            name: name.clone(),
            umask,
            nice: *nice,
            locked: *locked,
            realtime: *realtime,
            cpus: cpus.clone(),
            // Differs: without the keyword there is no limit. Keepalived's of 10 ms would end a worker that takes on
            // a large configuration.
            rttime: rttime.filter(|micros| *micros > 0 && realtime.is_some()),
        }
    }

    /// This process runs so from now on; `before` is how it ran, if it was told before. Returns what is not possible.
    pub(crate) fn adopt(&self, before: Option<&Self>) -> Vec<String> {
        let Self { name, umask, nice, locked, realtime, cpus, rttime } = self;
        set_name(name);
        privilege::set_umask(*umask);
        let mut failures = Vec::new();
        let mut attempt = |what: &str, result: io::Result<()>| {
            if let Err(error) = result {
                failures.push(format!("Unable to {what}: {error}"));
            }
        };
        // What is as it was, and as every process begins, is left alone.
        let changed = |is_set: bool, is_same: bool| before.map_or(is_set, |_| !is_same);
        if changed(*nice != 0, before.is_some_and(|b| b.nice == *nice)) {
            attempt(&format!("set nice value {nice}"), schedule::nice(*nice));
        }
        if changed(*locked, before.is_some_and(|b| b.locked == *locked)) {
            let result = if *locked { schedule::lock_memory() } else { schedule::unlock_memory() };
            attempt("lock memory", result);
        }
        if changed(!cpus.is_empty(), before.is_some_and(|b| b.cpus == *cpus)) {
            let cpus: Vec<usize> = cpus.iter().copied().map(usize::from).collect();
            attempt("confine to CPUs", schedule::processors(&cpus));
        }
        if changed(rttime.is_some(), before.is_some_and(|b| b.rttime == *rttime)) {
            attempt("limit real-time run time", schedule::limit_real_time(*rttime));
        }
        if changed(realtime.is_some(), before.is_some_and(|b| b.realtime == *realtime)) {
            let result = realtime.map_or_else(schedule::ordinary, schedule::real_time);
            attempt("set real-time priority", result);
        }
        failures
    }
}

/// Sets the name in listings of processes. One with a zero byte is none.
pub(crate) fn set_name(name: &str) {
    if let Ok(name) = CString::new(name) {
        process::set_name(&name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_real_time_needs_a_real_time_priority() {
        let mut worker = config::effective::Workers::default().vrrp;
        worker.rttime = Some(5);
        assert_eq!(Manner::of(&worker, 0).rttime, None);
        worker.realtime = Some(50);
        assert_eq!(Manner::of(&worker, 0).rttime, Some(5));
        worker.rttime = Some(0);
        assert_eq!(Manner::of(&worker, 0).rttime, None);
    }
}
