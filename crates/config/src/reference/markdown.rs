//! Pages for the documentation, a block each: `docs/reference/*.md`.

use std::fmt::Write;

use super::diagnosed::{self, severity, status};
use super::example::in_its_blocks;
use super::fact::{facts, option_facts};
use super::{block_name, blocks, schema};
use crate::diagnostic::code;
use crate::table::{BlockRows, OptionRow, Row};

/// Stands above every page, so that nobody mends the page instead of the rows.
const MADE: &str =
    "<!-- Written by `standfast reference write`; change the rows in crates/config/src/block instead. -->\n";

/// One page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// Name of the file.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// All pages: the list, one a block, the diagnostics.
pub fn pages() -> Vec<Page> {
    let mut pages = vec![Page { file: "README.md".into(), text: list() }];
    pages.extend(blocks().iter().map(|block| Page { file: file(&block.path), text: page(block) }));
    pages.push(Page { file: "diagnostics.md".into(), text: diagnostics() });
    pages
}

fn file(path: &str) -> String {
    if path.is_empty() { "outside.md".into() } else { format!("{}.md", path.replace('/', ".")) }
}

fn list() -> String {
    let mut text = format!(
        "{MADE}\n# Reference of keepalived.conf\n\nEvery block, every keyword, every diagnostic. The language itself \
         (comments, definitions, repetition, includes) is explained in [the guide](../guide/configuration.md).\n\n\
         `standfast explain WORD` shows the same at a terminal.\n\n## Blocks\n\n"
    );
    for block in blocks() {
        let depth = if block.path.is_empty() { 0 } else { block.path.matches('/').count() };
        let name = if block.path.is_empty() {
            "Outside all blocks".into()
        } else {
            format!("`{}`", last(&block.path))
        };
        let count = block.rows.len();
        let words = if count == 1 { "keyword" } else { "keywords" };
        let _ = writeln!(text, "{}- [{name}]({}), {count} {words}", "  ".repeat(depth), file(&block.path));
    }
    let _ = writeln!(text, "- [Diagnostics](diagnostics.md), {} codes\n\n## Keywords\n", code::ALL.len());
    let mut names: Vec<(&str, &str)> = blocks()
        .iter()
        .flat_map(|block| block.rows.iter().map(|row| (row.name, block.path.as_str())))
        .collect();
    names.sort_unstable();
    for (name, path) in names {
        let place = if path.is_empty() { "outside all blocks".into() } else { format!("`{path}`") };
        let _ = writeln!(text, "- [`{name}`]({}#{}) ({place})", file(path), anchor(name));
    }
    text
}

fn page(block: &BlockRows) -> String {
    let title =
        if block.path.is_empty() { "Outside all blocks".into() } else { format!("`{}`", last(&block.path)) };
    let mut text = format!("{MADE}\n# {title}\n\n");
    if let Some((outer, name)) = outer_of(&block.path) {
        let place = if outer.is_empty() { String::new() } else { format!(", {}", block_name(outer)) };
        let help = super::row(outer, name).map_or("", |row| row.help);
        let _ = writeln!(text, "{help}\n\nA block of [{}]({}){place}.\n", up(outer), file(outer));
    }
    for row in &block.rows {
        keyword(&mut text, &block.path, row);
    }
    text
}

fn up(path: &str) -> String {
    if path.is_empty() { "the file".into() } else { format!("`{}`", last(path)) }
}

fn keyword(text: &mut String, path: &str, row: &Row) {
    let _ = writeln!(text, "## {}\n", row.name);
    said(text, row);
    let inner = schema::join(path, row.name);
    if super::block(&inner).is_some() {
        let _ = writeln!(text, "The keywords of the block are on [its page]({}).\n", file(&inner));
    }
    let _ = writeln!(text, "```text\n{}\n```\n", in_its_blocks(path, row).join("\n"));
}

/// What an editor shows beside a keyword: all of its entry but the example.
pub fn entry(row: &Row) -> String {
    let mut text = String::new();
    said(&mut text, row);
    text
}

/// The same for an option of a line.
pub fn option_entry(option: &OptionRow) -> String {
    let head = format!("{} {}", option.name, option.syntax);
    format!("```text\n{}\n```\n\n{} {}\n", head.trim_end(), option.help, option_facts(option))
}

fn said(text: &mut String, row: &Row) {
    let _ = writeln!(text, "```text\n{}\n```\n", format!("{} {}", row.name, row.syntax).trim_end());
    if !row.help.is_empty() {
        let _ = writeln!(text, "{}\n", row.help);
    }
    let facts = facts(row);
    for (what, fact) in &facts {
        let _ = writeln!(text, "- {what}: {fact}");
    }
    if !facts.is_empty() {
        text.push('\n');
    }
    if row.options.is_empty() {
        return;
    }
    text.push_str("| in a line | behind it | |\n|---|---|---|\n");
    for option in row.options {
        let help = format!("{} {}", option.help, option_facts(option));
        let _ = writeln!(text, "| `{}` | {} | {} |", option.name, cell(option.syntax), help.trim_end());
    }
    text.push('\n');
}

/// Code in a table: a bar would end the cell.
fn cell(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{}`", text.replace('|', "\\|")) }
}

fn diagnostics() -> String {
    let mut text = format!(
        "{MADE}\n# Diagnostics\n\nEvery mistake that `standfast check` and the daemon find has a code, which never \
         changes its meaning.\n\n"
    );
    for &code in code::ALL {
        let _ = writeln!(text, "## {code}\n\n{} {}\n", code.meaning(), diagnosed::what(code));
        let _ =
            writeln!(text, "- Severity: {}\n- In a test: {}\n", severity(code.severity), status(code.class));
        if let Some(sample) = diagnosed::sample(code) {
            let _ = writeln!(text, "```text\n{}\n```\n", sample.trim_end());
        }
    }
    text
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// The block around a block and its keyword; `None` outside all blocks.
fn outer_of(path: &str) -> Option<(&str, &str)> {
    match path.rsplit_once('/') {
        Some(both) => Some(both),
        None => (!path.is_empty()).then_some(("", path)),
    }
}

/// As the usual renderers make it from a heading.
fn anchor(name: &str) -> String {
    name.to_lowercase()
}
