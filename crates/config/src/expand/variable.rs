//! `$NAME=value` and its uses, `$NAME` and `${NAME}`.

use std::rc::Rc;

use super::{Expander, Frame, MAX_DEPTH, trim};
use crate::diagnostic::{Diagnostic, code};
use crate::lex::{comment_at, is_blank};
use crate::source::Span;

/// Longest line that substitution may make: sixty times what keepalived can hold.
const MAX_LINE: usize = 64 * 1024;
/// Most substitutions in one line, so that definitions doubling one another end at once.
const MAX_SUBSTITUTIONS: usize = 4096;
/// Deepest nesting of names within names.
const MAX_NESTING: usize = 64;

/// What a name stands for.
pub(super) enum Definition {
    Value { text: String, at: Span },
    Lines { lines: Rc<[Span]> },
}

/// What came of a line.
pub(super) enum Substitution {
    /// Nothing to put in.
    None,
    /// A new line.
    Made(Span),
    /// A new line that must be looked at again: the first of a multi-line definition.
    Again(Span),
    /// An error; the line is gone.
    Dropped,
}

/// `[A-Za-z_][A-Za-z0-9_]*`
pub(super) fn is_name(word: &str) -> bool {
    !word.is_empty() && name_length(word) == word.len()
}

fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    if !bytes.first().is_some_and(|&first| first.is_ascii_alphabetic() || first == b'_') {
        return 0;
    }
    bytes.iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'_').count()
}

/// A line that defines: its name and value.
pub(crate) fn definition(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix('$')?;
    let (name, rest) = rest.split_at_checked(name_length(rest))?;
    let value = rest.strip_prefix('=')?;
    (!name.is_empty()).then(|| (name, value.trim_start_matches(is_blank)))
}

/// How a use of a name ends a scan.
enum Stop {
    /// A name within itself; the names on the way.
    Loop(Vec<String>),
    TooLong,
}

/// A use of a multi-line name at the end of a line.
struct Tail {
    name: String,
    lines: Rc<[Span]>,
}

#[derive(Default)]
struct Scan {
    out: String,
    count: usize,
    names: Vec<String>,
    from: Option<Span>,
    tail: Option<Tail>,
    undefined: Option<String>,
}

/// One use of a name in a text.
struct Use<'t> {
    name: &'t str,
    arguments: &'t str,
    braces: bool,
    rest: &'t str,
}

/// The use that begins at the `$` with which `text` begins.
fn use_at(text: &str) -> Option<Use<'_>> {
    let rest = text.strip_prefix('$')?;
    if let Some(inside) = rest.strip_prefix('{') {
        let (inside, rest) = inside.split_once('}')?;
        let (name, arguments) = inside.split_at_checked(name_length(inside))?;
        let sound = !name.is_empty() && (arguments.is_empty() || arguments.starts_with(is_blank));
        return sound.then_some(Use {
            name,
            arguments: arguments.trim_matches(is_blank),
            braces: true,
            rest,
        });
    }
    let (name, rest) = rest.split_at_checked(name_length(rest))?;
    let ends = rest.chars().next().is_none_or(|next| is_blank(next) || next == ',' || next == ')');
    (!name.is_empty() && ends).then_some(Use { name, arguments: "", braces: false, rest })
}

/// The name used at the `$` with which `text` begins, and how many bytes its use takes.
pub(crate) fn name_used(text: &str) -> Option<(&str, usize)> {
    use_at(text).map(|used| (used.name, text.len() - used.rest.len()))
}

impl Expander<'_> {
    /// Stores a definition. One that ends with a backslash goes on in the next lines.
    pub(super) fn define(&mut self, name: String, value: Span) {
        let text = self.sources.text(value);
        let Some(first) = text.strip_suffix('\\') else {
            let text = text.to_owned();
            self.definitions.insert(name, Definition::Value { text, at: value });
            return;
        };
        let mut lines = Vec::new();
        let first = trim(self.sources, Span::new(value.start(), value.start() + first.len()));
        lines.extend(Some(first).filter(|first| !first.is_empty()));
        while let Some(raw) = self.raw_line() {
            let line = trim(self.sources, raw);
            let text = self.sources.text(line);
            // A line that is nothing but a comment goes on as well, if it says so.
            let (text, more) = text.strip_suffix('\\').map_or((text, false), |text| (text, true));
            let kept = trim(self.sources, Span::new(line.start(), line.start() + comment_at(text)));
            if !kept.is_empty() {
                lines.push(kept);
            } else if more && !text.is_empty() {
                // Differs: keepalived 2.4.3 ends the definition here, and 2.2.7 does not.
                let message = format!("keepalived 2.4 ends the definition of ${name} at this comment");
                let found = Diagnostic::new(code::COMMENT_IN_DEFINITION, line, message);
                self.report.add(found.help("take the comment out; here the definition goes on"));
            }
            if !more {
                break;
            }
        }
        self.definitions.insert(name, Definition::Lines { lines: lines.into() });
    }

    /// Gives a name a value that was not written as a definition.
    pub(super) fn define_value(&mut self, name: String, text: String, at: Span) {
        self.definitions.insert(name, Definition::Value { text, at });
    }

    /// A text with its names put in; `None` after an error.
    pub(super) fn substituted_text(&mut self, span: Span) -> Option<String> {
        let text = self.sources.text(span).to_owned();
        let mut scan = Scan::default();
        match self.scan(&text, &mut scan, false) {
            Ok(()) => Some(scan.out),
            Err(stop) => {
                self.stopped(span, &stop);
                None
            }
        }
    }

    /// A line that begins with a name for a sequence: that name put in, and no other.
    pub(super) fn leading_sequence(&mut self, line: Span) -> Option<Span> {
        let used = use_at(self.sources.text(line))?;
        let Some(Definition::Value { text, at }) = self.definitions.get(used.name) else { return None };
        if !(text.starts_with("~SEQ") || text.starts_with("~LST")) {
            return None;
        }
        let (text, at) = (format!("{text}{}", used.rest), *at);
        self.made(&text, line, Some(at))
    }

    /// Puts the names of a line in.
    pub(super) fn substitute(&mut self, line: Span) -> Substitution {
        let text = self.sources.text(line).to_owned();
        let mut scan = Scan::default();
        if let Err(stop) = self.scan(&text, &mut scan, true) {
            self.stopped(line, &stop);
            return Substitution::Dropped;
        }
        self.mention_undefined(line, scan.undefined.as_deref());
        if let Some(Tail { name, lines }) = scan.tail {
            return self.unfold(line, scan.out, name, lines);
        }
        if scan.count == 0 {
            return Substitution::None;
        }
        match self.made(&scan.out, line, scan.from) {
            Some(made) => Substitution::Made(made),
            None => Substitution::Dropped,
        }
    }

    /// The first line of a multi-line definition joins what stands before it; the others follow.
    fn unfold(&mut self, line: Span, mut head: String, name: String, lines: Rc<[Span]>) -> Substitution {
        let open = self.frames.iter().filter_map(|frame| match frame {
            Frame::Stored { name, used_at, .. } => Some((name, *used_at)),
            Frame::File(_) | Frame::Waiting(_) | Frame::Sequence(_) => None,
        });
        let mut chain = open.skip_while(|(have, _)| **have != name).peekable();
        if chain.peek().is_some() || self.frames.len() >= MAX_DEPTH {
            let mut found = Diagnostic::new(code::DEFINITION_LOOP, line, format!("${name} names itself"));
            for (name, used_at) in chain.take(8) {
                found = found.related(used_at, format!("by way of ${name} here"));
            }
            self.frames.retain(|frame| !matches!(frame, Frame::Stored { .. }));
            self.report.add(found.help("the rest of the definition is left out"));
            return Substitution::Dropped;
        }
        let first = lines.first().copied();
        if let Some(first) = first {
            head.push_str(self.sources.text(first));
        }
        self.frames.push(Frame::Stored { name, lines, next: 1, used_at: line });
        match self.made(&head, line, first) {
            Some(made) => Substitution::Again(made),
            None => Substitution::Dropped,
        }
    }

    /// Copies `text`, putting in what is defined. The work still to do is a stack, so depth costs no call stack.
    fn scan(&mut self, text: &str, scan: &mut Scan, lines_allowed: bool) -> Result<(), Stop> {
        let mut work: Vec<(String, Option<String>)> = vec![(text.to_owned(), None)];
        while let Some((text, name)) = work.pop() {
            let Some(at) = text.find('$') else {
                scan.out.push_str(&text);
                if name.is_some() {
                    scan.names.pop();
                }
                continue;
            };
            let (head, tail) = text.split_at_checked(at).unwrap_or((&text, ""));
            scan.out.push_str(head);
            let Some(used) = use_at(tail) else {
                scan.out.push('$');
                work.push((tail.get(1..).unwrap_or("").to_owned(), name));
                continue;
            };
            let at_end = used.rest.is_empty() && work.iter().all(|(text, _)| text.is_empty());
            let value = match self.definitions.get(used.name) {
                Some(Definition::Value { text, at }) => {
                    scan.from = scan.from.or(Some(*at));
                    Some(text.clone())
                }
                Some(Definition::Lines { lines }) if at_end && lines_allowed => {
                    scan.tail = Some(Tail { name: used.name.to_owned(), lines: Rc::clone(lines) });
                    return Ok(());
                }
                Some(Definition::Lines { .. }) => None,
                None => self.predefined(used.name, used.arguments),
            };
            let Some(value) = value else {
                if used.braces {
                    scan.undefined.get_or_insert_with(|| used.name.to_owned());
                }
                scan.out.push('$');
                work.push((tail.get(1..).unwrap_or("").to_owned(), name));
                continue;
            };
            scan.count += 1;
            if scan.names.iter().any(|have| have == used.name) {
                scan.names.push(used.name.to_owned());
                return Err(Stop::Loop(std::mem::take(&mut scan.names)));
            }
            if scan.count > MAX_SUBSTITUTIONS || scan.out.len() > MAX_LINE || scan.names.len() > MAX_NESTING {
                return Err(Stop::TooLong);
            }
            scan.names.push(used.name.to_owned());
            let used_name = used.name.to_owned();
            work.push((used.rest.to_owned(), name));
            work.push((value, Some(used_name)));
        }
        Ok(())
    }

    /// The names that need no definition.
    fn predefined(&mut self, name: &str, arguments: &str) -> Option<String> {
        match name {
            "_PWD" => Some(self.directory().to_owned()),
            "_INSTANCE" => Some(self.config_id.clone()),
            "_HASH" => Some("#".into()),
            "_BANG" => Some("!".into()),
            "_ENV" => Some(self.surroundings.environment(arguments).unwrap_or_default()),
            "_RANDOM" => {
                let mut bounds = arguments.split(is_blank).filter_map(|word| word.parse::<u64>().ok());
                let low = bounds.next();
                let high = bounds.next();
                let (low, high) = match (low, high) {
                    (Some(low), Some(high)) => (low, high.max(low)),
                    (Some(high), None) => (0, high),
                    (None, _) => (0, 32_767),
                };
                // splitmix64: chance that a seed decides.
                self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut bits = self.random;
                bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                bits ^= bits >> 31;
                let width = (high - low).saturating_add(1);
                Some((low + bits % width.max(1)).to_string())
            }
            _ => None,
        }
    }

    /// Sets the seed of `${_RANDOM}`.
    pub(crate) const fn random_seed(&mut self, seed: u64) {
        self.random = seed;
    }

    fn mention_undefined(&mut self, line: Span, name: Option<&str>) {
        let Some(name) = name.filter(|_| !self.definitions.is_empty()) else { return };
        let near = self.report.guess(
            (code::UNDEFINED, line, self.sources),
            name,
            self.definitions.keys().map(String::as_str),
        );
        let help = near.map(|near| format!("`${near}` is defined"));
        let message = format!("${{{name}}} is not defined, so it stands as it is");
        self.report.add(Diagnostic::new(code::UNDEFINED, line, message).maybe_help(help));
    }

    fn stopped(&mut self, line: Span, stop: &Stop) {
        let diagnostic = match stop {
            Stop::Loop(names) => {
                let looped = names.last().map_or("", String::as_str);
                let chain: Vec<_> = names.iter().skip_while(|name| *name != looped).collect();
                let way = chain.iter().map(|name| format!("${name}")).collect::<Vec<_>>().join(" → ");
                let mut found =
                    Diagnostic::new(code::DEFINITION_LOOP, line, format!("${looped} names itself: {way}"));
                for name in chain.iter().skip(1) {
                    if let Some(Definition::Value { at, .. }) = self.definitions.get(name.as_str()) {
                        found = found.related(*at, format!("${name} is defined here"));
                    }
                }
                found.help("the line is left out")
            }
            Stop::TooLong => {
                let message = "The definitions in this line make it too long; the line is left out";
                Diagnostic::new(code::EXPANSION_SIZE, line, message)
            }
        };
        self.report.add(diagnostic);
    }
}
