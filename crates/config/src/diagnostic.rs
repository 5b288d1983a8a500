//! What is wrong with a configuration, where, and what would be right.
//!
//! A diagnostic is found by its code, which never changes its meaning; the list is in [`code`].

pub mod code;
pub mod json;
mod render;
pub mod sarif;

use std::fmt;

use crate::source::{Sources, Span};

/// How much it matters to the person who wrote the file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Worth knowing; nothing was changed.
    Note,
    /// Obeyed in another way than written, or not obeyed yet.
    Warning,
    /// Not obeyed.
    Error,
}

/// What it does to the exit status of a configuration test. The order is upstream's: a later class hides an earlier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// Nothing: keepalived would not have said a word, or says it without counting it.
    Silent,
    /// Status 4: it cannot run as it is, for lack of something on the host.
    CannotRun,
    /// Status 5: an ordinary complaint.
    Complaint,
    /// Status 6: scripts without script security, or an include that had to be there.
    Security,
    /// Status 2: a word without which reading cannot go on.
    Stop,
}

impl Class {
    /// The exit status of `-t`.
    pub const fn status(self) -> u8 {
        match self {
            Self::Silent => 0,
            Self::CannotRun => 4,
            Self::Complaint => 5,
            Self::Security => 6,
            Self::Stop => 2,
        }
    }
}

/// A kind of diagnostic.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    pub(crate) number: u16,
    pub(crate) severity: Severity,
    pub(crate) class: Class,
    pub(crate) meaning: &'static str,
}

impl Code {
    /// What it means, in one sentence.
    pub const fn meaning(self) -> &'static str {
        self.meaning
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Code {}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SF{:04}", self.number)
    }
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// What it does to the exit status of a test.
    pub class: Class,
    /// Whether running this configuration would be wrong, and the daemon's exit status if it refuses.
    pub refuses: Option<u8>,
    /// What is wrong, without the place. One line.
    pub message: String,
    /// Where; `None` if it is about no place in particular.
    pub span: Option<Span>,
    /// Said at the caret.
    pub label: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// Other places that matter, each with what it has to do with it.
    pub related: Vec<(Span, String)>,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity,
            class: code.class,
            refuses: None,
            message: message.into(),
            span: span.into(),
            label: None,
            help: None,
            related: Vec::new(),
        }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = self.help.or(help);
        self
    }

    pub(crate) fn related(mut self, span: Span, what: impl Into<String>) -> Self {
        self.related.push((span, what.into()));
        self
    }

    pub(crate) fn class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Running would be wrong; the daemon ends with this status.
    pub(crate) fn refuses(mut self, status: u8) -> Self {
        self.refuses = Some(status);
        self
    }

    /// The line for a log: `(FILE: Line N) text`, without the file when there is one file only.
    pub fn log_line(&self, sources: &Sources) -> String {
        match self.span {
            None => self.message.clone(),
            Some(span) => {
                let place = sources.place(span);
                if sources.files() > 1 {
                    format!("({}: Line {}) {}", place.file, place.line, self.message)
                } else {
                    format!("(Line {}) {}", place.line, self.message)
                }
            }
        }
    }

    /// Message, place, source line with a caret, the way there, and help.
    pub fn render(&self, sources: &Sources, coloured: bool) -> String {
        render::render(self, sources, coloured)
    }
}

/// Where the stages leave what they find.
#[derive(Debug, Default)]
pub(crate) struct Report {
    found: Vec<Diagnostic>,
    left_out: usize,
    worst: Option<Class>,
    refused: bool,
    hushed: bool,
}

/// Most diagnostics kept: a file with more mistakes than this is not a configuration.
const MAX_DIAGNOSTICS: usize = 1000;

impl Report {
    /// Beyond the limit what decides the exit status is still kept.
    pub(crate) fn add(&mut self, mut diagnostic: Diagnostic) {
        if self.hushed {
            diagnostic.class = Class::Silent;
        }
        let worse = self.worst < Some(diagnostic.class);
        let refuses = !self.refused && diagnostic.refuses.is_some();
        self.worst = self.worst.max(Some(diagnostic.class));
        self.refused |= refuses;
        if !self.is_full() || worse || refuses {
            self.found.push(diagnostic);
        } else {
            self.left_out += 1;
        }
    }

    /// Whether what comes now leaves the exit status of a test as it is.
    pub(crate) const fn hush(&mut self, hushed: bool) {
        self.hushed = hushed;
    }

    /// Nothing that was found has an effect on the exit status of a test, but for what stops reading.
    pub(crate) fn forgive(&mut self) {
        for found in &mut self.found {
            if found.class != Class::Stop {
                found.class = Class::Silent;
            }
        }
    }

    /// Whether what comes now is only counted, so that no help need be thought of.
    pub(crate) const fn is_full(&self) -> bool {
        self.found.len() >= MAX_DIAGNOSTICS
    }

    pub(crate) fn into_list(mut self) -> Vec<Diagnostic> {
        if self.left_out > 0 {
            let message = format!("{} more diagnostics are not shown", self.left_out);
            self.found.push(Diagnostic::new(code::TOO_MANY, None, message));
        }
        self.found
    }
}

/// The name most like a word, if one is like it at all.
pub(crate) fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .filter(|(distance, name)| *distance <= (name.len().max(word.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
