//! What is wrong with a configuration, where, and what would be right.
//!
//! A diagnostic is found by its code, which never changes its meaning; the list is in [`code`].

pub mod code;
pub mod json;
mod render;
mod report;
pub mod sarif;

use std::fmt;

use crate::source::{Sources, Span};
pub(crate) use report::Report;

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
    /// How many more of the kind the same text of the files led to, turn by turn of a sequence.
    pub repeats: usize,
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
            repeats: 0,
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
        let more = self.more().map_or(String::new(), |more| format!(" ({more})"));
        match self.span {
            None => self.message.clone(),
            Some(span) => {
                let place = sources.place(span);
                if sources.files() > 1 {
                    format!("({}: Line {}) {}{more}", place.file, place.line, self.message)
                } else {
                    format!("(Line {}) {}{more}", place.line, self.message)
                }
            }
        }
    }

    /// How often it is repeated, in words; `None` if it is not.
    pub fn more(&self) -> Option<String> {
        (self.repeats > 0).then(|| format!("and {} more of the same", grouped(self.repeats)))
    }

    /// Message, place, source line with a caret, the way there, and help.
    pub fn render(&self, sources: &Sources, coloured: bool) -> String {
        render::render(self, sources, coloured)
    }
}

/// A number with its thousands apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The name most like a word, if one is like it at all.
pub(crate) fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .filter(|(distance, name)| *distance <= (name.len().max(word.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
