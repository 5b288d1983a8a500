//! Lines of files → lines with conditions, definitions, sequences and includes obeyed.
//!
//! Upstream does this line by line before it looks at words, so a definition may hold half a block. What is being
//! read is a stack of frames on the heap (files, stored lines of definitions, sequences): nothing recurses, and every
//! kind of growth has a limit.

mod condition;
mod include;
mod sequence;
mod variable;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::diagnostic::{Diagnostic, Report, code};
use crate::files::Files;
use crate::lex;
use crate::load::Request;
use crate::source::{Sources, Span};
use crate::surroundings::Surroundings;
use include::{Checks, Waiting};
use sequence::Sequence;
use variable::{Definition, Substitution};

pub(crate) use include::pattern as included_pattern;
pub(crate) use variable::{definition, name_used};

/// Most bytes in a line of keepalived's, the newline not counted.
const LINE_LIMIT: usize = 1022;

/// Deepest nesting of files, definitions and sequences: keepalived holds a descriptor a file, so 1,024 is more than it
/// could ever read.
const MAX_DEPTH: usize = 1024;

/// What is being read.
enum Frame {
    /// A file: where its next line starts and where it ends.
    File(OpenFile),
    /// Files that an include found, still to be read.
    Waiting(Waiting),
    /// The rest of a multi-line definition.
    Stored { name: String, lines: Rc<[Span]>, next: usize, used_at: Span },
    /// A repetition.
    Sequence(Sequence),
}

struct OpenFile {
    at: usize,
    end: usize,
    directory: String,
    path: String,
    asked_at: Option<Span>,
    /// The level of checks to go back to when this file ends.
    outer: Checks,
}

/// A source of expanded lines.
pub(crate) struct Expander<'a> {
    files: &'a dyn Files,
    surroundings: &'a dyn Surroundings,
    pub(crate) sources: &'a mut Sources,
    pub(crate) report: &'a mut Report,
    frames: Vec<Frame>,
    /// How many files of a name are open, the directory left out.
    open_names: BTreeMap<String, usize>,
    definitions: BTreeMap<String, Definition>,
    config_id: String,
    checks: Checks,
    random: u64,
    turns: usize,
    /// A line that a definition or a sequence made, to be looked at before the next.
    again: Option<Span>,
}

impl<'a> Expander<'a> {
    pub(crate) fn new(
        request: &Request<'_>,
        files: &'a dyn Files,
        surroundings: &'a dyn Surroundings,
        sources: &'a mut Sources,
        report: &'a mut Report,
    ) -> Self {
        let config_id = match request.config_id {
            Some(id) => id.to_owned(),
            None => surroundings.node_name().split('.').next().unwrap_or("").to_owned(),
        };
        Self {
            files,
            surroundings,
            sources,
            report,
            frames: Vec::new(),
            open_names: BTreeMap::new(),
            definitions: BTreeMap::new(),
            config_id,
            checks: if request.check_includes { Checks::ALL } else { Checks::NONE },
            random: request.seed,
            turns: 0,
            again: None,
        }
    }

    /// The next line that is not empty, without comments and without blanks around it.
    pub(crate) fn next_line(&mut self) -> Option<Span> {
        self.report.settle(self.sources);
        loop {
            let (line, fresh) = match self.again.take() {
                Some(line) => (line, false),
                None => (self.raw_line()?, true),
            };
            if let Some(line) = self.line(line, fresh) {
                return Some(line);
            }
        }
    }

    /// The next line of whatever is on top; what has ended is left.
    fn raw_line(&mut self) -> Option<Span> {
        loop {
            let line = match self.frames.last_mut()? {
                Frame::File(file) => self.sources.next_line_in(&mut file.at, file.end),
                Frame::Stored { lines, next, used_at, .. } => {
                    *next += 1;
                    let (line, used_at) = (lines.get(*next - 1).copied(), *used_at);
                    line.and_then(|line| self.restate(line, used_at))
                }
                Frame::Sequence(_) => self.turn(),
                Frame::Waiting(_) => {
                    if self.open_waiting() {
                        continue;
                    }
                    None
                }
            };
            match line {
                Some(line) => return Some(line),
                None => self.leave(),
            }
        }
    }

    fn leave(&mut self) {
        if let Some(Frame::File(file)) = self.frames.pop() {
            self.checks = file.outer;
            let name = include::file_name(&file.path);
            if let Some(count) = self.open_names.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    self.open_names.remove(name);
                }
            }
        }
    }

    /// A stored line, said to come from where it is used.
    fn restate(&mut self, line: Span, used_at: Span) -> Option<Span> {
        let text = self.sources.text(line).to_owned();
        self.made(&text, used_at, Some(line))
    }

    /// Adds a made line; reading ends with an error when there is too much text.
    fn made(&mut self, text: &str, used_at: Span, from: Option<Span>) -> Option<Span> {
        let made = self.sources.add_made(text, used_at, from);
        if made.is_none() {
            self.too_large(used_at);
        }
        made
    }

    fn too_large(&mut self, at: Span) {
        self.frames.clear();
        let diagnostic =
            Diagnostic::new(code::TOO_LARGE, at, "The configuration grows too large here; reading ends")
                .help("look for an include or a definition that repeats itself");
        self.report.add(diagnostic.refuses(1));
    }

    /// One line through all that a line may be. `None`: nothing of it is left, or it is in [`Self::again`].
    fn line(&mut self, raw: Span, fresh: bool) -> Option<Span> {
        let mut line = trim(self.sources, raw);
        if line.is_empty() || (fresh && !self.is_sound(line)) {
            return None;
        }
        let conditional = fresh && self.sources.text(line).starts_with('@');
        if conditional {
            line = self.condition(line)?;
        }
        let text = self.sources.text(line);
        line = trim(self.sources, Span::new(line.start(), line.start() + lex::comment_at(text)));
        let text = self.sources.text(line);
        match text.as_bytes().first()? {
            b'i' if include::keyword(text).is_some() => {
                self.include(line, conditional);
                return None;
            }
            b'$' if let Some((name, value)) = variable::definition(text) => {
                let (name, value) = (name.to_owned(), Span::new(line.end() - value.len(), line.end()));
                self.define(name, value);
                return None;
            }
            b'~' if text.starts_with("~SEQ") || text.starts_with("~LST") => {
                self.sequence(line);
                return None;
            }
            _ => {}
        }
        if !text.contains('$') {
            return Some(line);
        }
        self.again = self.leading_sequence(line);
        if self.again.is_some() {
            return None;
        }
        match self.substitute(line) {
            Substitution::None => Some(line),
            Substitution::Dropped => None,
            Substitution::Again(made) => {
                self.again = Some(made);
                None
            }
            Substitution::Made(made) => {
                let text = self.sources.text(made);
                let cut = Span::new(made.start(), made.start() + lex::comment_at(text));
                Some(trim(self.sources, cut)).filter(|line| !line.is_empty())
            }
        }
    }

    /// Length and bytes.
    fn is_sound(&mut self, line: Span) -> bool {
        let text = self.sources.text(line);
        if text.len() > LINE_LIMIT {
            let message =
                format!("A line of {} bytes; keepalived reads {LINE_LIMIT} and cuts it there", text.len());
            let head = Span::new(line.start(), line.start() + text.chars().next().map_or(0, char::len_utf8));
            self.report.add(
                Diagnostic::new(code::LONG_LINE, head, message).help("keep it shorter, or use definitions"),
            );
        }
        if let Some(at) = self.sources.text(line).find('\0') {
            let at = Span::new(line.start() + at, line.start() + at + 1);
            self.report.add(Diagnostic::new(code::NUL, at, "A zero byte in this line; the line is left out"));
            return false;
        }
        true
    }
}

/// The span without blanks at its ends.
pub(crate) fn trim(sources: &Sources, span: Span) -> Span {
    let text = sources.text(span);
    let head = text.len() - text.trim_start_matches(lex::is_blank).len();
    let body = text.trim_matches(lex::is_blank).len();
    Span::new(span.start() + head, span.start() + head + body)
}

#[cfg(test)]
mod tests;
