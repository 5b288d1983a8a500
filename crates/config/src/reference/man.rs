//! The manual page `keepalived.conf(5)`, in roff.

use std::fmt::Write;

use super::fact::{facts, option_facts};
use super::{block_name, blocks};
use crate::table::{BlockRows, Row};

mod prose;

/// The page.
pub fn page() -> String {
    let mut text = String::from(
        ".\\\" Written by `standfast reference write`; change the rows in crates/config/src/block instead.\n\
         .TH KEEPALIVED.CONF 5 \"\" standfast \"File formats\"\n",
    );
    text.push_str(prose::BEFORE);
    for block in blocks() {
        section(&mut text, block);
    }
    text.push_str(prose::AFTER);
    text
}

fn section(text: &mut String, block: &BlockRows) {
    let title = if block.path.is_empty() {
        "KEYWORDS OUTSIDE ALL BLOCKS".into()
    } else {
        format!("KEYWORDS OF {}", block_name(&block.path).replace(" of ", " IN "))
    };
    let _ = writeln!(text, ".SH \"{}\"", roff(&title));
    for row in &block.rows {
        keyword(text, row);
    }
}

fn keyword(text: &mut String, row: &Row) {
    let _ = writeln!(text, ".TP\n\\fB{}\\fR {}", roff(row.name), roff(&row.syntax));
    let mut said = false;
    if !row.help.is_empty() {
        let _ = writeln!(text, "{}", line(row.help));
        said = true;
    }
    for (what, fact) in facts(row) {
        if said {
            text.push_str(".br\n");
        }
        let _ = writeln!(text, "{what}: {}", roff(&fact.replace('`', "")));
        said = true;
    }
    if !said {
        text.push_str("\\&\n");
    }
    if row.options.is_empty() {
        return;
    }
    text.push_str(".RS\n");
    for option in row.options {
        let _ = writeln!(text, ".TP\n\\fB{}\\fR {}", roff(option.name), roff(option.syntax));
        let help = format!("{} {}", option.help, option_facts(option).replace('`', ""));
        let _ = writeln!(text, "{}", line(help.trim_end()));
    }
    text.push_str(".RE\n");
}

/// Text that may stand anywhere in a line.
fn roff(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\e"),
            '-' => out.push_str("\\-"),
            '"' => out.push_str("\\(dq"),
            // Not every roff reads UTF-8.
            c if !c.is_ascii() => {
                let _ = write!(out, "\\[u{:04X}]", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Text that begins a line: a dot or an apostrophe there would be a request.
fn line(text: &str) -> String {
    let text = roff(text);
    if text.is_empty() || text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
