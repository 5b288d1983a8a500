//! What matters to an instance besides adverts.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use host::{Command, LinkName};
use serde::{Deserialize, Serialize};

/// What a tracked thing does to the priority.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Weight {
    /// Weight 0: its failure is a fault.
    Fault {
        /// Its success is the fault.
        reverse: bool,
    },
    /// Positive: added while it is good. Negative: added while it is bad. Not 0; -253 to 253.
    Points {
        /// How much.
        points: i16,
        /// It is taken away where it would be added, and the other way round.
        reverse: bool,
    },
}

/// A tracked link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrackLink {
    /// Its name.
    pub link: LinkName,
    /// What it does.
    pub weight: Weight,
}

/// A tracked file: its number times the weight is added to the priority.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrackFile {
    /// Name of the file's block.
    pub file: String,
    /// -254 to 254. With 0 a number that is not 0 is a fault.
    pub weight: i16,
    /// The sum is taken with the other sign; with weight 0 the number 0 is the fault.
    pub reverse: bool,
}

/// A tracked thing that is up or down, by the name of its block.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrackNamed {
    /// Its name.
    pub name: String,
    /// What it does.
    pub weight: Weight,
}

/// A tracked script.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrackScript {
    /// Name of a [`ScriptConfig`].
    pub script: String,
    /// What it does.
    pub weight: Weight,
}

/// A tracking script (`vrrp_script`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ScriptConfig {
    /// Its name.
    pub name: String,
    /// What to run.
    pub command: Command,
    /// From start to start; not zero.
    pub interval: Duration,
    /// Time limit of one run; not zero.
    pub timeout: Duration,
    /// Successes in a row that make it good, at least 1.
    pub rise: u32,
    /// Failures in a row that make it bad, at least 1.
    pub fall: u32,
    /// It counts as failed until `rise` successes (`init_fail`).
    pub starts_failed: bool,
}

/// A file whose number matters (`track_file`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileConfig {
    /// Its name in the configuration.
    pub name: String,
    /// Its path, absolute.
    pub path: String,
    /// The number to write into it at the start, and whether over what is there (`init_file`).
    pub init: Option<(i64, bool)>,
}

/// A set of processes whose number matters (`vrrp_track_process`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProcessConfig {
    /// Its name in the configuration.
    pub name: String,
    /// Name of the process (15 bytes count), or the first word of its command line.
    pub process: String,
    /// How a process is told.
    pub matching: ProcessMatch,
    /// So many make it good, and no more than that: least and most.
    pub quorum: (u32, u32),
    /// From losing the quorum by an end until it counts.
    pub terminate_delay: Duration,
    /// From gaining it by a fork until it counts.
    pub fork_delay: Duration,
}

/// How a process is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ProcessMatch {
    /// By the name that the kernel has for it.
    Name,
    /// By the first word of its command line (`full_command`).
    Command,
    /// By the first word, and these are all further words.
    Exact(Vec<String>),
    /// By the first word, and these are the first of the further words (`partial`).
    FirstWords(Vec<String>),
    /// As [`Self::FirstWords`], the last of which may go on (`initial`).
    Beginning(Vec<String>),
}
