//! Where configuration files come from: a disk, or memory.

mod disk;
mod pattern;

use std::collections::BTreeMap;

pub use disk::Disk;
pub(crate) use pattern::{alternatives, is_pattern};

/// Why a file could not be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// There is none.
    Missing,
    /// It is a directory or some other thing that is not a regular file.
    NotAFile,
    /// It may be executed: keepalived takes it for a script put there by mistake.
    Executable,
    /// It cannot be opened, or reading failed.
    Denied,
    /// It is larger than all of a configuration may be.
    TooLarge,
}

/// Files of a configuration.
pub trait Files {
    /// The bytes of a file.
    fn read(&self, path: &str) -> Result<Vec<u8>, Unreadable>;
    /// Whether a file could be read, without reading it.
    fn readable(&self, path: &str) -> Result<(), Unreadable>;
    /// Paths that match a pattern of `*`, `?` and `[…]` (braces are dealt with before), in the order of their names.
    fn matches(&self, pattern: &str) -> Vec<String>;
    /// The path with symbolic links and `..` resolved, to recognise a file that includes itself; the path as it
    /// stands if that fails.
    fn canonical(&self, path: &str) -> String;
}

/// Files that exist in memory only.
#[derive(Clone, Debug, Default)]
pub struct InMemory {
    files: BTreeMap<String, Vec<u8>>,
}

impl InMemory {
    /// One file.
    pub fn one(path: &str, text: impl Into<Vec<u8>>) -> Self {
        Self::default().with(path, text)
    }

    /// And another.
    #[must_use]
    pub fn with(mut self, path: &str, text: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.into(), text.into());
        self
    }
}

impl Files for InMemory {
    fn read(&self, path: &str) -> Result<Vec<u8>, Unreadable> {
        self.files.get(path).cloned().ok_or(Unreadable::Missing)
    }
    fn readable(&self, path: &str) -> Result<(), Unreadable> {
        if self.files.contains_key(path) { Ok(()) } else { Err(Unreadable::Missing) }
    }
    fn matches(&self, wanted: &str) -> Vec<String> {
        self.files.keys().filter(|path| pattern::path_matches(wanted, path)).cloned().collect()
    }
    fn canonical(&self, path: &str) -> String {
        path.into()
    }
}
