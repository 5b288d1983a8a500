//! What happened, in order.

use std::fmt;

use host::Instant;

/// A fact and when it happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// When, on the world's clock.
    pub at: Instant,
    /// To which node, by its number in the world; `None` for commands.
    pub node: Option<usize>,
    /// What.
    pub fact: Fact,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// The scenario did something.
    Command(String),
    /// An instance became master, or ceased to be.
    Mastership {
        /// Its name.
        instance: String,
        /// Became or ceased.
        master: bool,
    },
    /// The worker wrote a log line.
    Line(String),
    /// A worker started, ended, or crashed.
    Worker(&'static str),
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(command) => write!(f, "-- {command}"),
            Self::Mastership { instance, master: true } => write!(f, "{instance} is master"),
            Self::Mastership { instance, master: false } => write!(f, "{instance} is master no more"),
            Self::Line(line) => f.write_str(line),
            Self::Worker(what) => write!(f, "worker {what}"),
        }
    }
}

/// A change of master.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Takeover {
    /// When.
    pub at: Instant,
    /// Which node.
    pub node: usize,
    /// Which instance there.
    pub instance: String,
}
