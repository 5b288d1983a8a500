//! What can be said of a text without reading all of the configuration, for an editor in the middle of a word: the
//! block that a place is in, definitions and includes of a line, indentation.

use std::ops::Range;

use super::Role;
use crate::expand;
use crate::files::{Files, alternatives};
use crate::lex::{self, Lexer, Token, comment_at, is_blank};
use crate::reference::{self, schema::join};
use crate::source::Span;

/// Where in a text a place is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Inside {
    /// The block of keywords, as in `vrrp_instance`; empty outside all.
    pub path: String,
    /// The keyword of the block of data within, if it is in one.
    pub lines_of: Option<String>,
    /// It is in a block that no row knows.
    pub unknown: bool,
    /// The words before the place that belong to the same line of the language, the one being typed last.
    pub words: Vec<String>,
}

impl Inside {
    fn enter(&mut self, keyword: &str) {
        let path = join(&self.path, keyword);
        if self.lines_of.is_some() || self.unknown {
            self.unknown = true;
        } else if reference::block(&path).is_some() {
            self.path = path;
        } else if reference::row(&self.path, keyword).is_some() {
            self.lines_of = Some(keyword.to_owned());
        } else {
            self.unknown = true;
        }
    }
}

/// The block at the end of a text that begins in a certain block, and the words of the line there.
pub fn inside(before: &str, start: &Inside) -> Inside {
    // The keyword in front of each open brace.
    let mut open: Vec<String> = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut last = String::new();
    let mut lines = before.split('\n').peekable();
    while let Some(line) = lines.next() {
        words.clear();
        let line = line.get(..comment_at(line)).unwrap_or(line);
        for token in Lexer::new(line, Span::new(0, line.len())) {
            match token {
                Token::Open(_) => {
                    open.push(std::mem::take(&mut last));
                    words.clear();
                }
                Token::Close(_) => {
                    open.pop();
                    last.clear();
                    words.clear();
                }
                Token::Word(span) | Token::Unmatched(span) => {
                    let word = line.get(span.start()..span.end()).unwrap_or("");
                    if words.is_empty() {
                        word.clone_into(&mut last);
                    }
                    words.push(word.to_owned());
                }
            }
        }
        if lines.peek().is_none()
            && (line.is_empty() || line.ends_with(|c: char| is_blank(c) || c == '{' || c == '}'))
        {
            words.push(String::new());
        }
    }
    let mut found = Inside { words: Vec::new(), ..start.clone() };
    for keyword in open {
        found.enter(&keyword);
    }
    found.words = words;
    found
}

/// A definition's name in a line, given or used: where, with the `$`, and the name.
pub fn definitions(line: &str) -> Vec<(Range<usize>, &str, Role)> {
    let mut found = Vec::new();
    let start = line.len() - line.trim_start_matches(is_blank).len();
    let trimmed = line.get(start..).unwrap_or("");
    let mut from = 0;
    if let Some((name, _)) = expand::definition(trimmed) {
        found.push((start..start + 1 + name.len(), name, Role::Defines));
        from = start + 1 + name.len();
    }
    let until = comment_at(line);
    while let Some(at) = line.get(from..until).and_then(|rest| rest.find('$')).map(|at| from + at) {
        let used = line.get(at..until).and_then(expand::name_used);
        from = at + 1;
        if let Some((name, length)) = used {
            found.push((at..at + length, name, Role::Uses));
            from = at + length;
        }
    }
    // The variable of a sequence is a definition too.
    if let Some(rest) = trimmed.strip_prefix("~SEQ").or_else(|| trimmed.strip_prefix("~LST")) {
        let rest = rest.strip_prefix('x').unwrap_or(rest);
        let inner =
            rest.trim_start_matches(is_blank).strip_prefix('(').map(|rest| rest.trim_start_matches(is_blank));
        if let Some(inner) = inner {
            let at = line.len() - inner.len();
            let length =
                inner.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            if let Some(name) = line.get(at..at + length).filter(|name| !name.is_empty()) {
                found.push((at..at + length, name, Role::Defines));
            }
        }
    }
    found
}

/// The files that a line includes, and where its pattern stands; `None` if it is no include.
pub fn included(line: &str, directory: &str, files: &dyn Files) -> Option<(Range<usize>, Vec<String>)> {
    let start = line.len() - line.trim_start_matches(is_blank).len();
    let text = line.get(start..comment_at(line))?.trim_end_matches(is_blank);
    let pattern = expand::included_pattern(text)?;
    let end = start + text.len();
    let paths = alternatives(pattern)?
        .iter()
        .map(|one| if one.starts_with('/') { one.clone() } else { format!("{directory}/{one}") })
        .flat_map(|one| files.matches(&one))
        .collect();
    Some((end - pattern.len()..end, paths))
}

/// The text with every line indented by the braces around it, without blanks at its end; lines stay lines, so nothing
/// changes its meaning.
pub fn indented(text: &str, unit: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth: usize = 0;
    // Lines of a definition that goes on count for themselves: their braces need not match.
    let mut stored: Option<usize> = None;
    // Alternatives of one line, each behind its condition, open a block once.
    let mut alternative = false;
    for line in text.split_inclusive('\n') {
        let (body, newline) = match line.strip_suffix('\n') {
            Some(body) => (body.strip_suffix('\r').unwrap_or(body), true),
            None => (line, false),
        };
        let body = body.trim_matches(lex::is_blank);
        if !body.is_empty() {
            let (opens, closes, leading) = braces(body);
            let again = usize::from(alternative && body.starts_with('@') && opens > closes);
            let level = stored.map_or(depth - again.min(depth), |more| depth + more + 1);
            out.push_str(&unit.repeat(level.saturating_sub(leading)));
            out.push_str(body);
            match &mut stored {
                None if body.starts_with('$') => {}
                None => {
                    let again = alternative && body.starts_with('@') && opens > closes;
                    depth = if again { depth } else { (depth + opens).saturating_sub(closes) };
                    alternative = body.starts_with('@') && opens > closes;
                }
                Some(more) => *more = (*more + opens).saturating_sub(closes),
            }
        }
        let goes_on = body.ends_with('\\');
        stored = match stored {
            None if goes_on && expand::definition(body).is_some() => Some(0),
            Some(more) if goes_on => Some(more),
            None | Some(_) => None,
        };
        if newline {
            out.push('\n');
        }
    }
    out
}

/// Braces of a line: opened, closed, and how many it closes before it says anything.
fn braces(line: &str) -> (usize, usize, usize) {
    let line = line.get(..comment_at(line)).unwrap_or(line);
    let (mut opens, mut closes, mut leading, mut at_start) = (0, 0, 0, true);
    for token in Lexer::new(line, Span::new(0, line.len())) {
        match token {
            Token::Open(_) => opens += 1,
            Token::Close(_) => {
                closes += 1;
                leading += usize::from(at_start);
            }
            Token::Word(_) | Token::Unmatched(_) => {}
        }
        at_start &= matches!(token, Token::Close(_));
    }
    (opens, closes, leading)
}
