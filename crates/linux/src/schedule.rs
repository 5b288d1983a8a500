//! When and where the kernel lets this process run, and with what memory.

use std::io;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use rustix::mm::MlockAllFlags;
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::sys::{self, Policy};

/// Gives the calling thread a real-time priority, 1 to 99 (`SCHED_RR`); children start without it.
pub fn real_time(priority: u8) -> io::Result<()> {
    sys::set_policy(Policy::RoundRobin(priority))
}

/// Takes the real-time priority away again.
pub fn ordinary() -> io::Result<()> {
    sys::set_policy(Policy::Other)
}

/// Sets the nice value of this process, -20 (first served) to 19.
pub fn nice(value: i8) -> io::Result<()> {
    rustix::process::setpriority_process(None, i32::from(value)).map_err(io::Error::from)
}

/// Keeps the memory of this process, present and future, from being written to swap.
pub fn lock_memory() -> io::Result<()> {
    rustix::mm::mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE).map_err(io::Error::from)
}

/// Hands back to the kernel what was needed for a while only: reading a configuration takes several times the memory
/// that it leaves behind. Costs up to a millisecond.
pub fn give_back_memory() {
    sys::trim_memory();
}

/// The same, and the pages of the executable that were needed for that: they are mapped again as they are called, from
/// the file that the kernel has in memory. Pages that are locked in memory stay.
pub fn settle() {
    sys::trim_memory();
    sys::drop_code();
}

/// Lets it be written again.
pub fn unlock_memory() -> io::Result<()> {
    rustix::mm::munlockall().map_err(io::Error::from)
}

/// How many microseconds this process may run in one go at a real-time priority before the kernel ends it; `None` has
/// no limit.
pub fn limit_real_time(micros: Option<u32>) -> io::Result<()> {
    let micros = micros.map(u64::from);
    Ok(setrlimit(Resource::Rttime, Rlimit { current: micros, maximum: micros })?)
}

/// Confines the calling thread, and those it starts, to these processors, counted from 0; empty is all.
pub fn processors(allowed: &[usize]) -> io::Result<()> {
    let mut set = CpuSet::new();
    for processor in allowed {
        set.set(*processor)?;
    }
    if allowed.is_empty() {
        // Those that do not exist, the kernel leaves out.
        for processor in 0..CpuSet::count() {
            set.set(processor)?;
        }
    }
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::skipped;

    /// What `/proc` says of the calling thread: fields 19 (nice), 40 (priority) and 41 (policy) of `stat`.
    fn stat() -> Vec<String> {
        let text = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let after_name = text.rsplit_once(')').unwrap().1;
        after_name.split_whitespace().map(Into::into).collect()
    }

    #[test]
    fn a_real_time_thread_is_scheduled_round_robin_until_it_gives_it_up() {
        if skipped("a_real_time_thread_is_scheduled_round_robin_until_it_gives_it_up") {
            return;
        }
        std::thread::spawn(|| {
            real_time(20).unwrap();
            assert_eq!((stat()[37].as_str(), stat()[38].as_str()), ("20", "2"));
            ordinary().unwrap();
            assert_eq!((stat()[37].as_str(), stat()[38].as_str()), ("0", "0"));
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_thread_is_confined_to_the_processors_it_may_use() {
        std::thread::spawn(|| {
            processors(&[0]).unwrap();
            let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
            let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
            assert_eq!(list.trim(), "0");
            assert!(processors(&[1 << 20]).is_err());
            let before = status;
            processors(&[]).unwrap();
            let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
            let many = std::thread::available_parallelism().is_ok_and(|count| count.get() > 1);
            assert!(!many || status != before, "all again");
        })
        .join()
        .unwrap();
    }
}
