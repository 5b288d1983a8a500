//! Where the stages leave what they find.
//!
//! A mistake in a definition or a sequence is found again in every text that is made of it. Only the first is kept; the
//! others are counted, so that one mistake is one diagnostic however often it is repeated.

use std::collections::BTreeMap;

use super::{Class, Code, Diagnostic, code, nearest};
use crate::source::{Sources, Span};

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    found: Vec<Diagnostic>,
    /// Not yet looked at for what it repeats.
    fresh: Vec<Diagnostic>,
    /// Where in `found` something of made text is.
    known: BTreeMap<Origin, usize>,
    left_out: usize,
    worst: Option<Class>,
    refused: bool,
    hushed: bool,
}

/// What is the same for all that is made of the same text in the same way: code, effect, words of the line before the
/// place, and the texts of files that it comes from.
type Origin = (u16, Class, bool, usize, Vec<Span>);

/// Most diagnostics kept: a file with more mistakes than this is not a configuration.
const MAX_DIAGNOSTICS: usize = 1000;

/// Most names that a word is compared with.
const MOST_NAMES: usize = 1000;

impl Report {
    pub(crate) fn add(&mut self, mut diagnostic: Diagnostic) {
        if self.hushed {
            diagnostic.class = Class::Silent;
        }
        if self.fresh.len() < MAX_DIAGNOSTICS {
            self.fresh.push(diagnostic);
        } else {
            self.keep(diagnostic);
        }
    }

    /// Counts what repeats something, and keeps the rest. Called line by line, so that little is held that is only
    /// counted.
    pub(crate) fn settle(&mut self, sources: &Sources) {
        for diagnostic in std::mem::take(&mut self.fresh) {
            let origin = origin(&diagnostic, sources);
            let first = origin.as_ref().and_then(|origin| self.known.get(origin));
            if let Some(first) = first.and_then(|first| self.found.get_mut(*first)) {
                first.repeats += 1;
                continue;
            }
            if self.keep(diagnostic)
                && let Some(origin) = origin
            {
                self.known.insert(origin, self.found.len() - 1);
            }
        }
    }

    /// Whether it is kept. Beyond the limit only what decides the exit status is.
    fn keep(&mut self, diagnostic: Diagnostic) -> bool {
        let worse = self.worst < Some(diagnostic.class);
        let refuses = !self.refused && diagnostic.refuses.is_some();
        self.worst = self.worst.max(Some(diagnostic.class));
        self.refused |= refuses;
        let keep = !self.is_full() || worse || refuses;
        if keep {
            self.found.push(diagnostic);
        } else {
            self.left_out += 1;
        }
        keep
    }

    /// Whether what comes now leaves the exit status of a test as it is.
    pub(crate) const fn hush(&mut self, hushed: bool) {
        self.hushed = hushed;
    }

    /// Nothing that was found has an effect on the exit status of a test, but for what stops reading.
    pub(crate) fn forgive(&mut self) {
        for found in self.found.iter_mut().chain(&mut self.fresh) {
            if found.class != Class::Stop {
                found.class = Class::Silent;
            }
        }
    }

    /// Whether what comes now is only counted.
    const fn is_full(&self) -> bool {
        self.found.len() >= MAX_DIAGNOSTICS
    }

    /// The name most like a word of which something of this code is going to be said; `None` where that will only be
    /// counted, for looking through many names takes its time.
    pub(crate) fn guess<'n>(
        &self,
        (code, at, sources): (Code, Span, &Sources),
        word: &str,
        names: impl Iterator<Item = &'n str>,
    ) -> Option<&'n str> {
        let repeated = || origin(&Diagnostic::new(code, at, ""), sources);
        if self.is_full() || repeated().is_some_and(|origin| self.known.contains_key(&origin)) {
            return None;
        }
        nearest(word, names.take(MOST_NAMES))
    }

    pub(crate) fn into_list(mut self, sources: &Sources) -> Vec<Diagnostic> {
        self.settle(sources);
        if self.left_out > 0 {
            let message = format!("{} more diagnostics are not shown", self.left_out);
            self.found.push(Diagnostic::new(code::TOO_MANY, None, message));
        }
        self.found
    }
}

/// Where something comes from; `None` for what stands in a file as it is.
fn origin(diagnostic: &Diagnostic, sources: &Sources) -> Option<Origin> {
    let span = diagnostic.span?;
    let texts = sources.lineage(span)?;
    let (line, range) = sources.line_of(span);
    // Not the column: what is put in may be of any length.
    let words = line.get(..range.start).unwrap_or_default().split_whitespace().count();
    Some((diagnostic.code.number, diagnostic.class, diagnostic.refuses.is_some(), words, texts))
}
