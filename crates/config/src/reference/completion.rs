//! What an editor offers: the keywords of a block, and the words behind one.

use std::sync::OnceLock;

use super::{block, example, row};
use crate::diagnostic::code;
use crate::table::Value;

/// Something that may be typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The word.
    pub word: &'static str,
    /// What stands behind it, as a manual has it.
    pub syntax: String,
    /// What it means.
    pub help: &'static str,
    /// It is an old spelling.
    pub is_old: bool,
    /// What to put in: lines, with `$1` and so on where the next word is to be typed.
    pub snippet: String,
}

/// The keywords of a block.
pub fn keywords(path: &str) -> Vec<Candidate> {
    let rows = block(path).map_or(&[][..], |block| &block.rows);
    rows.iter()
        .map(|row| Candidate {
            word: row.name,
            syntax: row.syntax.clone(),
            help: row.help,
            is_old: row.deprecated.is_some(),
            snippet: snippet(path, row),
        })
        .collect()
}

/// The words that may stand behind a keyword: those of a choice, `on` and `off`, or the options of a block's lines.
pub fn words(path: &str, keyword: &str) -> Vec<Candidate> {
    let Some(row) = row(path, keyword) else { return Vec::new() };
    let plain = |word: &'static str| Candidate {
        word,
        syntax: String::new(),
        help: "",
        is_old: false,
        snippet: word.to_owned(),
    };
    match &row.value {
        Value::Choice(words) => words.iter().copied().map(plain).collect(),
        Value::Switch => ["on", "off"].into_iter().map(plain).collect(),
        Value::Words | Value::Lines if !row.options.is_empty() => options(row.options),
        // The syntax of such a row is a list of words.
        Value::Words => Vec::new(),
        Value::Flag
        | Value::Number { .. }
        | Value::Decimal { .. }
        | Value::Text
        | Value::Link
        | Value::Address
        | Value::Script
        | Value::Lines
        | Value::Block => Vec::new(),
    }
}

/// All names of keywords, sorted, each once, and then the codes of diagnostics: what a shell offers behind `explain`.
pub fn explainable() -> Vec<&'static str> {
    static CODES: OnceLock<Vec<String>> = OnceLock::new();
    let mut names: Vec<&str> =
        super::blocks().iter().flat_map(|block| &block.rows).map(|row| row.name).collect();
    names.sort_unstable();
    names.dedup();
    let codes = CODES.get_or_init(|| code::ALL.iter().map(ToString::to_string).collect());
    names.extend(codes.iter().map(String::as_str));
    names
}

fn options(options: &'static [crate::table::OptionRow]) -> Vec<Candidate> {
    options
        .iter()
        .filter(|option| !option.name.starts_with('<'))
        .map(|option| Candidate {
            word: option.name,
            syntax: option.syntax.to_owned(),
            help: option.help,
            is_old: option.deprecated.is_some(),
            snippet: option.name.to_owned(),
        })
        .collect()
}

fn snippet(path: &str, row: &crate::table::Row) -> String {
    let name = row.name;
    match &row.value {
        Value::Flag | Value::Switch => name.to_owned(),
        Value::Lines | Value::Block => {
            let head = example::head(path, name);
            match head.split_once(' ') {
                Some((_, words)) => format!("{name} ${{1:{words}}} {{\n\t$0\n}}"),
                None => format!("{name} {{\n\t$0\n}}"),
            }
        }
        Value::Number { .. }
        | Value::Decimal { .. }
        | Value::Choice(_)
        | Value::Text
        | Value::Link
        | Value::Address
        | Value::Script
        | Value::Words => match example::line(path, row).first().and_then(|line| line.split_once(' ')) {
            Some((_, words)) => format!("{name} ${{1:{}}}", escaped(words)),
            None => name.to_owned(),
        },
    }
}

/// Signs that mean something within a placeholder.
fn escaped(words: &str) -> String {
    words.replace('\\', "\\\\").replace('$', "\\$").replace('}', "\\}")
}
