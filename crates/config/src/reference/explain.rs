//! One keyword or one diagnostic, for somebody who asks at a terminal or points at it in an editor.

use std::fmt::Write;

use super::example::in_its_blocks;
use super::fact::{facts, option_facts};
use super::{block_name, blocks, diagnosed};
use crate::diagnostic::{self, code};
use crate::table::{Row, Value};

/// What is asked about: a keyword wherever it stands, or in one block.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The keyword, the keyword with its blocks in front (`vrrp_instance/priority`), or a diagnostic's code.
    pub word: &'a str,
    /// The block that it stands in, if that is known.
    pub path: Option<&'a str>,
}

/// The explanation of a keyword or a code, as text for a terminal; `None` if there is neither.
pub fn explain(asked: Asked<'_>) -> Option<String> {
    if let Some(text) = diagnosed::explain(asked.word) {
        return Some(text);
    }
    let (inside, name) = match asked.word.rsplit_once('/') {
        Some((inside, name)) => (Some(inside), name),
        None => (None, asked.word),
    };
    let fits = |path: &str| match (asked.path, inside) {
        (Some(exact), _) => path == exact,
        (None, Some(inside)) => path == inside || path.ends_with(&format!("/{inside}")),
        (None, None) => true,
    };
    let mut text = String::new();
    for (paths, row) in of_name(name, fits) {
        if !text.is_empty() {
            text.push('\n');
        }
        keyword(&mut text, &paths, row);
    }
    (!text.is_empty()).then_some(text)
}

/// The keyword or code most like a word that is neither.
pub fn nearest(word: &str) -> Option<String> {
    let keywords = blocks().iter().flat_map(|block| &block.rows).map(|row| row.name);
    let codes: Vec<String> = code::ALL.iter().map(ToString::to_string).collect();
    diagnostic::nearest(word, keywords.chain(codes.iter().map(String::as_str))).map(ToOwned::to_owned)
}

/// Rows of a name, those that say the same taken together with all the blocks that they stand in.
fn of_name(name: &str, fits: impl Fn(&str) -> bool) -> Vec<(Vec<&'static str>, &'static Row)> {
    let mut found: Vec<(Vec<&'static str>, &'static Row)> = Vec::new();
    for block in blocks().iter().filter(|block| fits(&block.path)) {
        for row in block.rows.iter().filter(|row| row.name == name) {
            match found.iter_mut().find(|(_, known)| format!("{known:?}") == format!("{row:?}")) {
                Some((paths, _)) => paths.push(&block.path),
                None => found.push((vec![&block.path], row)),
            }
        }
    }
    found
}

fn keyword(text: &mut String, paths: &[&str], row: &Row) {
    let places: Vec<String> = paths.iter().map(|path| block_name(path)).collect();
    let place = if paths == [""] { places.concat() } else { format!("in {}", places.join(", in ")) };
    let _ = writeln!(text, "{}\n{place}", format!("{} {}", row.name, row.syntax).trim_end());
    if !row.help.is_empty() {
        let _ = writeln!(text, "\n{}", indented(row.help));
    }
    let facts = facts(row);
    if !facts.is_empty() {
        text.push('\n');
    }
    for (what, fact) in facts {
        let _ = writeln!(text, "  {what:<8} {}", fact.replace('`', ""));
    }
    if !row.options.is_empty() {
        let _ = writeln!(text, "\n  What a line may hold:");
    }
    for option in row.options {
        let head = format!("{} {}", option.name, option.syntax);
        let more = option_facts(option).replace('`', "");
        let _ = writeln!(text, "    {:<24} {} {more}", head.trim_end(), option.help);
    }
    let inner = match (&row.value, paths.first()) {
        (Value::Block, Some(path)) => super::block(format!("{path}/{}", row.name).trim_start_matches('/')),
        _ => None,
    };
    if let Some(inner) = inner.filter(|inner| !inner.rows.is_empty()) {
        let names: Vec<&str> = inner.rows.iter().map(|row| row.name).collect();
        let _ = writeln!(text, "\n  Keywords of the block:\n{}", wrapped(&names));
    }
    if let Some(path) = paths.first() {
        let _ = writeln!(text, "\n  Example:");
        for line in in_its_blocks(path, row) {
            let _ = writeln!(text, "    {line}");
        }
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// Width of a list of names on a terminal.
const WIDTH: usize = 92;

fn wrapped(names: &[&str]) -> String {
    let mut lines: Vec<String> = vec![];
    for name in names {
        match lines.last_mut() {
            Some(line) if line.len() + name.len() < WIDTH => {
                line.push(' ');
                line.push_str(name);
            }
            _ => lines.push(format!("    {name}")),
        }
    }
    lines.join("\n")
}
