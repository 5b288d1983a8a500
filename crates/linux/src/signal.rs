//! Numbers of the signals by which an operator speaks to the daemon. They are upstream's.

use std::io;

use crate::sys;

/// Stop (SIGTERM).
pub const STOP: i32 = libc::SIGTERM;
/// Stop, typed at the terminal (SIGINT).
pub const INTERRUPT: i32 = libc::SIGINT;
/// Read the configuration again (SIGHUP).
pub const RELOAD: i32 = libc::SIGHUP;
/// Write how everything stands (SIGUSR1).
pub const DATA: i32 = libc::SIGUSR1;
/// Write what was counted (SIGUSR2).
pub const STATS: i32 = libc::SIGUSR2;
/// A child ended (SIGCHLD).
pub const CHILD: i32 = libc::SIGCHLD;
/// Ignored by upstream (SIGQUIT).
pub const QUIT: i32 = libc::SIGQUIT;

/// Write what was counted, and begin anew. A real-time signal: its number depends on the C library.
pub fn stats_clear() -> i32 {
    libc::SIGRTMAX() - 1
}

/// Write how everything stands as JSON. A real-time signal too.
pub fn json() -> i32 {
    libc::SIGRTMIN() + 2
}

/// A signal that was blocked when this process began takes its ordinary course again.
pub fn obey(number: i32) -> io::Result<()> {
    Ok(sys::signal_set(&[number])?.thread_unblock()?)
}
