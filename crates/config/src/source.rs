//! All text of one reading, and where each byte of it came from.
//!
//! Files and generated lines lie end to end in one buffer; a [`Span`] is a range of it, eight bytes, and
//! [`Sources::place`] turns it into file, line and column when a person asks. A generated line (a definition put in,
//! a turn of a sequence) remembers the line that it stands for, so a place leads back to a file by any number of
//! steps.

use std::fmt;
use std::sync::OnceLock;

/// Most bytes of text, expansions included, that one reading may produce: far beyond any real configuration (10,000
/// instances are 3 MiB) and small enough that a runaway expansion ends in milliseconds.
pub const MAX_TEXT: usize = 64 * 1024 * 1024;

/// Most files and made lines together: what they cost stays below 16 MiB and half a second.
const MAX_PARTS: usize = 1 << 19;

/// A piece of the text of one reading.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl Span {
    pub(crate) const fn new(start: usize, end: usize) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "no text is longer than MAX_TEXT, which fits")]
        let (start, len) = (start as u32, end.saturating_sub(start) as u32);
        Self { start, len }
    }

    pub(crate) const fn start(self) -> usize {
        self.start as usize
    }

    pub(crate) const fn end(self) -> usize {
        self.start as usize + self.len as usize
    }

    /// Whether there is nothing in it.
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// Where a piece of text stands in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file as it was named or found.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Why a piece of text is there.
#[derive(Clone, Copy, Debug)]
enum Origin {
    /// A file: index in [`Sources::files`].
    File(u32),
    /// Text made by expansion. `used_at` is the line that asked for it, `from` what it was made from (may be empty).
    Made { used_at: Span, from: Span },
}

#[derive(Debug)]
struct Part {
    start: u32,
    origin: Origin,
}

#[derive(Debug)]
struct File {
    name: String,
    included_at: Option<Span>,
    /// Where each of its lines begins in the text, counted when a place in it is first asked for.
    starts: OnceLock<Vec<u32>>,
}

/// All text of one reading.
#[derive(Debug, Default)]
pub struct Sources {
    text: String,
    parts: Vec<Part>,
    files: Vec<File>,
}

impl Sources {
    /// Appends a file; `None` when there is too much text.
    pub(crate) fn add_file(&mut self, name: &str, text: &str, included_at: Option<Span>) -> Option<Span> {
        if self.text.is_empty() {
            // The usual case, one file: do not grow by doubling.
            self.text.reserve_exact(text.len() + 1);
        }
        let index = u32::try_from(self.files.len()).ok()?;
        let span = self.add(text, Origin::File(index))?;
        self.files.push(File { name: name.into(), included_at, starts: OnceLock::new() });
        Some(span)
    }

    /// Appends a line that stands for `used_at` and was made from `from`; `None` when there is too much text.
    pub(crate) fn add_made(&mut self, line: &str, used_at: Span, from: Option<Span>) -> Option<Span> {
        self.add(line, Origin::Made { used_at, from: from.unwrap_or_default() })
    }

    fn add(&mut self, text: &str, origin: Origin) -> Option<Span> {
        if self.text.len().saturating_add(text.len()) > MAX_TEXT || self.parts.len() >= MAX_PARTS {
            return None;
        }
        let start = self.text.len();
        self.parts.push(Part { start: Span::new(start, start).start, origin });
        self.text.push_str(text);
        let span = Span::new(start, self.text.len());
        // No two parts share an end, so a span at the end of a line belongs to one part.
        self.text.push('\n');
        Some(span)
    }

    /// The next line between `at` and `end`, which moves behind it; `None` at the end.
    pub(crate) fn next_line_in(&self, at: &mut usize, end: usize) -> Option<Span> {
        let rest = self.text.get(*at..end).filter(|rest| !rest.is_empty())?;
        let length = rest.find('\n').unwrap_or(rest.len());
        let line = Span::new(*at, *at + length);
        *at = (line.end() + 1).min(end);
        Some(line)
    }

    /// The text of a span.
    pub fn text(&self, span: Span) -> &str {
        self.text.get(span.start()..span.end()).unwrap_or("")
    }

    fn part(&self, span: Span) -> Option<(&Part, Span)> {
        let index = self.parts.partition_point(|part| part.start <= span.start).checked_sub(1)?;
        let part = self.parts.get(index)?;
        let end = self.parts.get(index + 1).map_or(self.text.len(), |next| next.start as usize);
        Some((part, Span::new(part.start as usize, end.saturating_sub(1))))
    }

    /// Where a span came from: the span of the file's text that it stands for.
    pub(crate) fn root(&self, span: Span) -> Span {
        let mut span = span;
        // Made text refers to earlier text only, so this ends.
        while let Some((Part { origin: Origin::Made { used_at, .. }, .. }, _)) = self.part(span) {
            span = *used_at;
        }
        span
    }

    /// What made text comes from, and the line that asked for it: the same for each turn of a sequence. `None` for
    /// text of a file.
    pub(crate) fn lineage(&self, span: Span) -> Option<Vec<Span>> {
        let mut texts = Vec::new();
        let mut asked = span;
        for _ in 0..MAX_STEPS {
            let Some((Part { origin: Origin::Made { used_at, from }, .. }, _)) = self.part(asked) else {
                break;
            };
            texts.extend((!from.is_empty()).then_some(*from));
            asked = *used_at;
        }
        texts.push(asked);
        (asked != span).then_some(texts)
    }

    /// The steps from a span back to the main file, nearest first: what it was made from, who asked for it.
    pub fn steps(&self, span: Span) -> Vec<(Span, &'static str)> {
        let mut steps: Vec<(Span, &'static str)> = Vec::new();
        let mut span = span;
        while steps.len() < MAX_STEPS
            && let Some((part, _)) = self.part(span)
        {
            match part.origin {
                Origin::Made { used_at, from } => {
                    if !from.is_empty() {
                        steps.push((self.root(from), "defined here"));
                    }
                    span = used_at;
                }
                Origin::File(index) => {
                    let Some(at) = self.file(index).and_then(|file| file.included_at) else { break };
                    steps.push((self.root(at), "included here"));
                    span = at;
                }
            }
        }
        steps
    }

    fn file(&self, index: u32) -> Option<&File> {
        self.files.get(usize::try_from(index).ok()?)
    }

    /// The place of a span in the file that it stands for.
    pub fn place(&self, span: Span) -> Place {
        let span = self.root(span);
        let found = self.part(span).and_then(|(part, whole)| match part.origin {
            Origin::File(index) => Some((self.file(index)?, whole)),
            Origin::Made { .. } => None,
        });
        let Some((file, whole)) = found else { return Place { file: String::new(), line: 0, column: 0 } };
        let starts = file.starts.get_or_init(|| self.line_starts(whole));
        let line = starts.partition_point(|&start| start <= span.start);
        let start = starts.get(line.saturating_sub(1)).map_or(0, |&start| start as usize);
        let column = 1 + self.text(Span::new(start, span.start())).chars().count();
        Place {
            file: file.name.clone(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }

    /// How many characters long a span is in the file that it stands for.
    pub fn width(&self, span: Span) -> u32 {
        u32::try_from(self.text(self.root(span)).chars().count()).unwrap_or(u32::MAX)
    }

    fn line_starts(&self, whole: Span) -> Vec<u32> {
        let newlines = self.text(whole).match_indices('\n').map(|(at, _)| whole.start() + at + 1);
        std::iter::once(whole.start()).chain(newlines).map(|start| Span::new(start, start).start).collect()
    }

    /// The line that a span stands on (of its own text, made or not), with the span's place in it.
    pub(crate) fn line_of(&self, span: Span) -> (&str, std::ops::Range<usize>) {
        let Some((_, whole)) = self.part(span) else { return ("", 0..0) };
        let part = self.text(whole);
        let at = span.start().saturating_sub(whole.start()).min(part.len());
        let head = part.get(..at).unwrap_or("");
        let start = head.rfind('\n').map_or(0, |newline| newline + 1);
        let end = part.get(at..).and_then(|tail| tail.find('\n')).map_or(part.len(), |newline| at + newline);
        let line = part.get(start..end).unwrap_or("").trim_end_matches('\r');
        let from = at.saturating_sub(start).min(line.len());
        let to = from.saturating_add(span.len as usize).min(line.len());
        (line, from..to)
    }

    /// Whether a span is text of a file rather than made.
    pub fn is_written(&self, span: Span) -> bool {
        self.root(span) == span
    }

    /// The files that were read, by name, in the order of reading.
    pub fn file_names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.name.as_str())
    }

    /// The place of the line that includes a file; `None` for the main file and for one that was not read.
    pub fn included_at(&self, name: &str) -> Option<Place> {
        let file = self.files.iter().find(|file| file.name == name)?;
        file.included_at.map(|at| self.place(at))
    }

    /// How many files were read.
    pub fn files(&self) -> usize {
        self.files.len()
    }
}

/// Most steps shown: enough for any honest nesting, few enough to read.
const MAX_STEPS: usize = 16;
