//! Programs to run: what, as whom, and how they ended.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

/// Names a running job among those of one engine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct JobId(pub u64);

/// Who a program runs as.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Account {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Supplementary groups; empty means none but `gid`.
    pub groups: Vec<u32>,
}

/// A program with its arguments and its account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Command {
    /// Program (an absolute path once the configuration is resolved), then its arguments. Never empty.
    pub argv: Vec<String>,
    /// Who it runs as; `None` is whoever the daemon runs as.
    pub account: Option<Account>,
}

/// A program to run once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Job {
    /// What to run.
    pub command: Command,
    /// SIGTERM to its process group after this time, SIGKILL two seconds later. `None` has no limit.
    pub limit: Option<Duration>,
}

/// How a job ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// It ended with this status, 0 to 255.
    Exited(u8),
    /// A signal ended it.
    Signalled(i32),
    /// It ran out of time and was ended.
    TimedOut,
    /// It could not be started; the system's error number.
    NotStarted(i32),
}

impl Outcome {
    /// Whether it exited with status 0.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Exited(0))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exited with status {status}"),
            Self::Signalled(signal) => write!(f, "due to signal {signal}"),
            Self::TimedOut => f.write_str("timed out"),
            Self::NotStarted(code) => write!(f, "could not be started, error {code}"),
        }
    }
}
