//! The stages, one after the other.

use crate::diagnostic::{Class, Diagnostic};
use crate::effective::Effective;
use crate::files::{Files, InMemory};
use crate::source::Sources;
use crate::surroundings::{Assumed, Surroundings};

/// What to read, and how.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The main file, or a pattern of several (`-f`).
    pub path: &'a str,
    /// The configuration id (`-i`); `None` is the host's node name up to the first dot.
    pub config_id: Option<&'a str>,
    /// Every problem with an include is an error from the start (`-e`).
    pub check_includes: bool,
    /// This is a test (`-t`): numbers with rubbish behind them are refused.
    pub test: bool,
    /// Seed of `${_RANDOM}` unless the file has one.
    pub seed: u64,
}

impl<'a> Request<'a> {
    /// The file, with nothing else asked for.
    pub const fn new(path: &'a str) -> Self {
        Self { path, config_id: None, check_includes: false, test: false, seed: 0 }
    }
}

/// What came of a reading.
#[derive(Debug)]
pub struct Loaded {
    /// What to obey; `None` if running it would be wrong.
    pub effective: Option<Effective>,
    /// What was found, in the order of the stages.
    pub diagnostics: Vec<Diagnostic>,
    /// The text, to show places.
    pub sources: Sources,
}

impl Loaded {
    /// Exit status of a configuration test (`-t`): 0, 2, 4, 5 or 6 as keepalived's.
    pub fn test_status(&self) -> u8 {
        self.diagnostics.iter().map(|found| found.class).max().unwrap_or(Class::Silent).status()
    }

    /// Exit status of a daemon that must refuse to start with this; `None` if it may run.
    pub fn refusal(&self) -> Option<u8> {
        self.diagnostics.iter().find_map(|found| found.refuses)
    }

    /// All diagnostics for people, each after an empty line.
    pub fn render(&self, coloured: bool) -> String {
        self.diagnostics
            .iter()
            .fold(String::new(), |text, found| text + &found.render(&self.sources, coloured) + "\n\n")
    }

    /// All diagnostics as lines for a log.
    pub fn log_lines(&self) -> impl Iterator<Item = String> + '_ {
        self.diagnostics.iter().map(|found| found.log_line(&self.sources))
    }
}

/// Reads a configuration.
pub fn load(request: &Request<'_>, files: &dyn Files, surroundings: &dyn Surroundings) -> Loaded {
    let _ = (request, files, surroundings);
    Loaded { effective: None, diagnostics: Vec::new(), sources: Sources::default() }
}

/// The whole pipeline over arbitrary bytes as the main file, for fuzzing: must return, whatever the bytes.
pub fn fuzz_pipeline(bytes: &[u8]) {
    let files = InMemory::one("keepalived.conf", bytes);
    let loaded = load(&Request::new("keepalived.conf"), &files, &Assumed::default());
    let _ = loaded.render(false);
}
