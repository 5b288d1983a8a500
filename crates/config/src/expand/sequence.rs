//! Repetition: `~SEQ(var, start, step, end) text` counts, `~LST(var, a, b) text` lists.

use super::{Expander, Frame, MAX_DEPTH, trim};
use crate::diagnostic::{Diagnostic, code};
use crate::lex::is_blank;
use crate::source::Span;

/// Most values of one sequence: more than there are addresses in a /16.
const MAX_VALUES: usize = 65_536;
/// Most turns of all sequences together.
const MAX_TURNS: usize = 1 << 17;

/// A repetition under way.
pub(super) struct Sequence {
    names: Vec<String>,
    values: Values,
    /// The text to repeat.
    body: Span,
}

enum Values {
    Count { next: i64, step: i64, left: usize, hex: bool },
    List { sets: std::vec::IntoIter<Vec<String>> },
}

impl Expander<'_> {
    /// Obeys a line that begins with `~SEQ` or `~LST`.
    pub(super) fn sequence(&mut self, line: Span) {
        let Some(close) = self.sources.text(line).find(')') else {
            self.malformed(line, "there is no closing parenthesis");
            return;
        };
        let head = Span::new(line.start(), line.start() + close);
        let body = trim(self.sources, Span::new(line.start() + close + 1, line.end()));
        let Some(text) = self.substituted_text(head) else { return };
        let sequence = if text.starts_with("~SEQ") { count(&text) } else { list(&text) };
        match sequence {
            Err(why) => self.malformed(line, &why),
            Ok(_) if body.is_empty() => {}
            Ok(_) if self.frames.len() >= MAX_DEPTH => {
                // It would be found again at every turn of every sequence around it.
                self.malformed(line, "it is nested too deep, and reading ends");
                self.frames.clear();
            }
            Ok((names, values)) => self.frames.push(Frame::Sequence(Sequence { names, values, body })),
        }
    }

    /// The text of the next turn, with the variables set.
    pub(super) fn turn(&mut self) -> Option<Span> {
        let Some(Frame::Sequence(sequence)) = self.frames.last_mut() else { return None };
        let values = match &mut sequence.values {
            Values::List { sets } => sets.next()?,
            Values::Count { left: 0, .. } => return None,
            Values::Count { next, step, left, hex } => {
                let value = if *hex { format!("{next:x}") } else { next.to_string() };
                *next = next.saturating_add(*step);
                *left -= 1;
                vec![value]
            }
        };
        let (names, body) = (sequence.names.clone(), sequence.body);
        self.turns += 1;
        if self.turns > MAX_TURNS {
            self.frames.clear();
            let message = format!("Sequences have made more than {MAX_TURNS} turns; reading ends");
            self.report.add(Diagnostic::new(code::SEQUENCE_SIZE, body, message).refuses(1));
            return None;
        }
        for (name, value) in names.into_iter().zip(values) {
            self.define_value(name, value, body);
        }
        Some(body)
    }

    fn malformed(&mut self, line: Span, why: &str) {
        let which = if why.starts_with("it has more") { code::SEQUENCE_SIZE } else { code::SEQUENCE };
        let diagnostic = Diagnostic::new(which, line, format!("The sequence is left out: {why}"))
            .help("~SEQ(var, start, step, end) text, or ~LST(var, value, value…) text");
        self.report.add(diagnostic);
    }
}

type Read = Result<(Vec<String>, Values), String>;

/// What stands between the parentheses, without blanks.
fn arguments(text: &str) -> Result<(&str, Vec<&str>), String> {
    let (keyword, inside) = text.split_once('(').ok_or("there is no opening parenthesis")?;
    Ok((keyword.trim_matches(is_blank), inside.split(',').map(|word| word.trim_matches(is_blank)).collect()))
}

fn name(word: &str) -> Result<String, String> {
    if super::variable::is_name(word) { Ok(word.to_owned()) } else { Err(format!("`{word}` is not a name")) }
}

fn integer(word: &str) -> Result<i64, String> {
    crate::value::c_integer(word).ok_or_else(|| format!("`{word}` is not a number"))
}

fn count(text: &str) -> Read {
    let (keyword, words) = arguments(text)?;
    let hex = match keyword {
        "~SEQ" => false,
        "~SEQx" => true,
        _ => return Err(format!("`{keyword}` is neither ~SEQ nor ~SEQx")),
    };
    let (var, start, step, end) = match *words.as_slice() {
        [var, end] => (var, None, None, integer(end)?),
        [var, start, end] => (var, Some(integer(start)?), None, integer(end)?),
        [var, start, step, end] => (var, Some(integer(start)?), Some(integer(step)?), integer(end)?),
        _ => return Err("it takes a name and one to three numbers".into()),
    };
    let start = start.unwrap_or(if end < 0 { -1 } else { 1 });
    let step = step.unwrap_or(if end < start { -1 } else { 1 });
    if step == 0 || (end > start && step < 0) || (end < start && step > 0) {
        return Err(format!("a step of {step} does not lead from {start} to {end}"));
    }
    if hex && (start < 0 || end < 0) {
        return Err("hexadecimal bounds must not be negative".into());
    }
    let span = i128::from(end) - i128::from(start);
    let left = usize::try_from(span / i128::from(step)).unwrap_or(usize::MAX).saturating_add(1);
    if left > MAX_VALUES {
        return Err(format!("it has more than {MAX_VALUES} values"));
    }
    Ok((vec![name(var)?], Values::Count { next: start, step, left, hex }))
}

fn list(text: &str) -> Read {
    let (keyword, inside) = text.split_once('(').ok_or("there is no opening parenthesis")?;
    if keyword.trim_matches(is_blank) != "~LST" {
        return Err(format!("`{}` is not ~LST", keyword.trim_matches(is_blank)));
    }
    let mut groups = groups(inside)?.into_iter();
    let names = groups.next().unwrap_or_default();
    let names = names.iter().map(|word| name(word)).collect::<Result<Vec<_>, _>>()?;
    let mut sets = Vec::new();
    for mut group in groups {
        if group.len() > names.len() {
            return Err(format!("there are {} values for {} names", group.len(), names.len()));
        }
        group.resize(names.len(), String::new());
        sets.push(group);
    }
    Ok((names, Values::List { sets: sets.into_iter() }))
}

/// `a, {b, c}, d` → `[a] [b c] [d]`.
fn groups(text: &str) -> Result<Vec<Vec<String>>, String> {
    let mut groups = Vec::new();
    let mut rest = text.trim_matches(is_blank);
    while !rest.is_empty() {
        let (group, tail) = match rest.strip_prefix('{') {
            Some(inside) => {
                let (group, tail) = inside.split_once('}').ok_or("a brace is not closed")?;
                let words = group.split(',').map(|word| word.trim_matches(is_blank).to_owned()).collect();
                (words, tail.trim_start_matches(is_blank))
            }
            None => {
                let (word, _) = rest.split_once(',').unwrap_or((rest, ""));
                (vec![word.trim_matches(is_blank).to_owned()], rest.get(word.len()..).unwrap_or(""))
            }
        };
        groups.push(group);
        rest = tail.strip_prefix(',').unwrap_or(tail).trim_matches(is_blank);
        if groups.len() > MAX_VALUES {
            return Err(format!("it has more than {MAX_VALUES} values"));
        }
    }
    Ok(groups)
}
