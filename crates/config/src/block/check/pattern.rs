//! `regex` and what belongs to it: what the body of a page must match.

use std::collections::BTreeMap;

use fancy_regex::{CompileError, Error, RegexBuilder};

use super::url::UrlBlock;
use crate::diagnostic::{Class, Diagnostic, Severity, code};
use crate::lex;
use crate::resolve::Resolver;
use crate::source::Span;
use crate::tree::NodeId;
use crate::value::{Field, Reader, Set};
use check::config::{Pattern, PatternOption};

/// A pattern as written.
#[derive(Debug, Default)]
pub(crate) struct PatternBlock {
    pub(crate) regex: Option<Set<String>>,
    pub(crate) regex_no_match: Option<Set<bool>>,
    pub(crate) regex_options: Vec<PatternOption>,
    pub(crate) regex_min_offset: Option<Set<u64>>,
    pub(crate) regex_max_offset: Option<Set<u64>>,
    pub(crate) regex_stack: Option<Set<(u64, u64)>>,
}

impl PatternBlock {
    pub(super) fn lower(self, resolver: &mut Resolver<'_, '_>, at: Span) -> Option<Box<Pattern>> {
        let reader = &mut resolver.reader;
        let Self {
            regex,
            regex_no_match,
            mut regex_options,
            regex_min_offset,
            regex_max_offset,
            regex_stack,
        } = self;
        let value = |set: Option<Set<u64>>| set.map(|set| set.value);
        let (mut least_offset, mut most_offset) =
            (value(regex_min_offset).unwrap_or(0), value(regex_max_offset));
        let Some(regex) = regex else {
            if regex_no_match.is_some()
                || !regex_options.is_empty()
                || least_offset > 0
                || most_offset.is_some()
            {
                minor(reader, at, "What is said of a regex has no effect, for there is none");
            }
            return None;
        };
        if most_offset.is_some_and(|most| most < least_offset) {
            minor(reader, regex.at, "regex_max_offset is below regex_min_offset; neither counts");
            (least_offset, most_offset) = (0, None);
        }
        regex_options.sort_unstable();
        regex_options.dedup();
        if let Err(fault) = resolver.patterns.compiled(&regex.value, &regex_options) {
            bad(&mut resolver.reader, &regex, &fault);
            return None;
        }
        Some(Box::new(Pattern {
            text: regex.value.into(),
            options: regex_options,
            inverted: regex_no_match.is_some(),
            least_offset,
            most_offset,
            stack: regex_stack.map(|set| set.value),
        }))
    }
}

/// Something about a pattern. As keepalived: a test does not mind.
fn minor(reader: &mut Reader<'_>, at: Span, message: &str) {
    let found = Diagnostic::new(code::BAD_WORD, at, message);
    reader.report.add(found.severity(Severity::Warning).class(Class::Silent));
}

/// What became of the patterns that were compiled: many servers are checked with the same few.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    known: BTreeMap<(String, Vec<PatternOption>), Result<(), Fault>>,
}

/// Most different patterns that are compiled; a configuration with more has them from a machine, which needs no
/// telling.
const MOST_PATTERNS: usize = 1000;

/// Most bytes and most steps that a compiled pattern may take.
const PATTERN_SIZE: usize = 1 << 20;

/// Why a pattern cannot be used.
#[derive(Clone, Debug)]
struct Fault {
    /// At which byte of the pattern, if that is known.
    at: Option<usize>,
    why: String,
}

impl Patterns {
    /// Whether a pattern can be compiled.
    fn compiled(&mut self, text: &str, options: &[PatternOption]) -> Result<(), Fault> {
        let key = (text.to_owned(), options.to_vec());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        if self.known.len() >= MOST_PATTERNS {
            return Ok(());
        }
        let compiled = compile(text, options);
        self.known.insert(key, compiled.clone());
        compiled
    }
}

/// Compiles a pattern with those of the options that change what may stand in it.
fn compile(text: &str, options: &[PatternOption]) -> Result<(), Fault> {
    let has = |option| options.contains(&option);
    let mut builder = RegexBuilder::new(text);
    builder
        .case_insensitive(has(PatternOption::Caseless))
        .multi_line(has(PatternOption::Multiline))
        .dot_matches_new_line(has(PatternOption::Dotall))
        .ignore_whitespace(has(PatternOption::Extended))
        .delegate_size_limit(PATTERN_SIZE)
        .max_prog_size(PATTERN_SIZE);
    let Err(error) = builder.build() else { return Ok(()) };
    let (at, why) = match &error {
        Error::ParseError(at, why) => (Some(*at), why.to_string()),
        Error::CompileError(why) => (None, compile_error(why)),
        Error::RuntimeError(why) => (None, why.to_string()),
        // Others' enum, which may grow.
        _ => (None, error.to_string()),
    };
    Err(Fault { at, why: last_line(&why) })
}

fn compile_error(why: &CompileError) -> String {
    if let CompileError::InnerError(inner) = why
        && let Some(syntax) = inner.syntax_error()
    {
        return syntax.to_string();
    }
    why.to_string()
}

/// What remains of an error of several lines that draws the pattern first.
fn last_line(text: &str) -> String {
    let line = text.lines().last().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// As keepalived: the check goes on without the pattern, and a test does not mind.
fn bad(reader: &mut Reader<'_>, regex: &Set<String>, fault: &Fault) {
    // With escapes in it the pattern does not stand there to the letter.
    let inside = reader.text(regex.at).find(regex.value.as_str());
    let at = match (inside, fault.at) {
        (Some(inside), Some(at)) => {
            let start = regex.at.start() + inside + at.min(regex.value.len());
            let length = regex.value.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            Span::new(start, start + length)
        }
        _ => regex.at,
    };
    let message = format!("This regex cannot be understood and is ignored: {}", fault.why);
    let found = Diagnostic::new(code::BAD_PATTERN, at, message).class(Class::Silent);
    reader.report.add(found.help("verbs, callouts and \\C of PCRE2 are not known here; the rest is"));
}

/// As keepalived: read with the second tokeniser, and one word.
pub(super) fn regex(reader: &mut Reader<'_>, node: NodeId, block: &mut UrlBlock) {
    let behind = Span::new(reader.keyword(node).end(), reader.place_of(node).end());
    let at = crate::expand::trim(reader.sources, behind);
    let words = match lex::split(reader.text(behind), true) {
        Ok(words) => words,
        Err(quote) => {
            let message = format!("A {quote} without its partner; `regex` is ignored");
            reader.complain(code::UNMATCHED_QUOTE, at, message);
            return;
        }
    };
    let Ok([word]) = <[String; 1]>::try_from(words) else {
        minor(reader, at, "A regex is one word, in quotes if there are blanks in it; the line is ignored");
        return;
    };
    if let Some(first) = &block.pattern.regex {
        let found = Diagnostic::new(code::DUPLICATE, at, "`regex` stands here a second time");
        reader.report.add(found.related(first.at, "the first, which this one replaces"));
    }
    block.pattern.regex = Some(Set { value: word, at });
}

pub(super) fn regex_options(reader: &mut Reader<'_>, node: NodeId, block: &mut UrlBlock) {
    for &at in reader.arguments(node) {
        match PatternOption::named(reader.text(at)) {
            Some(option) => block.pattern.regex_options.push(option),
            None => {
                let word = reader.text(at);
                let message = format!("`{word}` is no option of a regex; it is left out");
                let near = reader.guess(code::BAD_WORD, at, word, PatternOption::NAMES.iter().copied());
                let found = Diagnostic::new(code::BAD_WORD, at, message).class(Class::Silent);
                reader.report.add(found.maybe_help(near.map(|near| format!("did you mean `{near}`?"))));
            }
        }
    }
}

pub(super) fn offset(
    reader: &mut Reader<'_>,
    node: NodeId,
    block: &mut UrlBlock,
    field: Field<PatternBlock, u64>,
) {
    let at = reader.arguments(node).first().copied();
    let Some(at) = at else {
        minor(reader, reader.keyword(node), "A number must follow; 0 is taken");
        *field(&mut block.pattern) = Some(Set { value: 0, at: reader.keyword(node) });
        return;
    };
    let value = reader.text(at).parse().unwrap_or_else(|_| {
        minor(reader, at, "This is not a number; 0 is taken");
        0
    });
    *field(&mut block.pattern) = Some(Set { value, at });
}

pub(super) fn regex_stack(reader: &mut Reader<'_>, node: NodeId, block: &mut UrlBlock) {
    let words = reader.arguments(node);
    let mut sizes = words.iter().map(|word| reader.text(*word).parse::<u64>().ok());
    let (start, most) = (sizes.next().flatten(), sizes.next().flatten());
    match (start, most) {
        (Some(start), Some(most)) if start > 0 && start <= most => {
            let at = words.first().copied().unwrap_or_default();
            block.pattern.regex_stack = Some(Set { value: (start, most), at });
        }
        _ => {
            let at = reader.keyword(node);
            minor(
                reader,
                at,
                "Two numbers must follow, the second not below the first; the line is \
                ignored",
            );
        }
    }
}
