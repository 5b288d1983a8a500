//! A configuration written down again: one file, nothing left to expand, values in their plainest form.
//!
//! It reads to the same as the text that it was made from. Only what no row knows is left out, which reading leaves out
//! too. A value that is not quite good stays as it is, so that it is taken, or refused, as before.

use std::fmt::Write;

use super::{Line, Outline};
use crate::source::Span;
use crate::table::Value;
use crate::tree::NodeId;
use crate::value::{leading_decimal, leading_integer, switch};

const INDENT: &str = "    ";

impl Outline {
    /// The configuration as one tidy file.
    pub fn printed(&self) -> String {
        let mut text = String::new();
        for line in self.lines(None, "") {
            if line.row.value == Value::Block && !text.is_empty() {
                text.push('\n');
            }
            self.line(&mut text, line, "", 0);
        }
        text
    }

    fn line(&self, text: &mut String, line: Line<'_>, path: &str, depth: usize) {
        let indent = INDENT.repeat(depth);
        // These have done their work when the text is expanded.
        if line.row.name == "include_check" {
            return;
        }
        let _ = write!(text, "{indent}{}", line.row.name);
        match line.row.value {
            Value::Block => {
                push_words(text, self, line.words());
                text.push_str(" {\n");
                let path = crate::reference::schema::join(path, line.row.name);
                for inner in self.lines(Some(line.node), &path) {
                    self.line(text, inner, &path, depth + 1);
                }
                let _ = writeln!(text, "{indent}}}");
            }
            Value::Lines => {
                push_words(text, self, line.words());
                text.push_str(" {\n");
                self.data(text, line.node, depth + 1);
                let _ = writeln!(text, "{indent}}}");
            }
            Value::Script => {
                let behind = self.text(line.behind());
                let gap = if behind.is_empty() { "" } else { " " };
                let _ = writeln!(text, "{gap}{behind}");
            }
            Value::Flag
            | Value::Switch
            | Value::Number { .. }
            | Value::Decimal { .. }
            | Value::Choice(_)
            | Value::Text
            | Value::Link
            | Value::Address
            | Value::Words => {
                self.value(text, line);
                text.push('\n');
            }
        }
    }

    /// Lines that are data.
    fn data(&self, text: &mut String, block: NodeId, depth: usize) {
        for node in self.nodes(Some(block)) {
            let Some((&first, rest)) = self.tree.words(node).split_first() else { continue };
            let _ = write!(text, "{}{}", INDENT.repeat(depth), leading(self.text(first)));
            push_words(text, self, rest);
            text.push('\n');
        }
    }

    /// The words behind a keyword, the first as plain as it goes.
    fn value(&self, text: &mut String, line: Line<'_>) {
        let Some((&first, rest)) = line.words().split_first() else { return };
        let word = self.text(first);
        let plain = match &line.row.value {
            Value::Switch => switch(word).map(|on| if on { "on" } else { "off" }.to_owned()),
            Value::Number { least, most, .. } => leading_integer(word)
                .filter(|(value, rubbish)| !rubbish && (least..=most).contains(&value))
                .map(|(value, _)| value.to_string()),
            Value::Decimal { decimals, .. } => decimal(word, *decimals),
            Value::Address => word.parse::<std::net::IpAddr>().ok().map(|address| address.to_string()),
            Value::Flag
            | Value::Choice(_)
            | Value::Text
            | Value::Link
            | Value::Script
            | Value::Words
            | Value::Lines
            | Value::Block => None,
        };
        let _ = write!(text, " {}", plain.unwrap_or_else(|| quoted(word)));
        push_words(text, self, rest);
    }
}

fn push_words(text: &mut String, outline: &Outline, words: &[Span]) {
    for word in words {
        let _ = write!(text, " {}", quoted(outline.text(*word)));
    }
}

/// A decimal number without needless noughts; `None` if it is not quite one.
fn decimal(word: &str, decimals: u8) -> Option<String> {
    let (value, more, rubbish) = leading_decimal(word, decimals)?;
    if more || rubbish {
        return None;
    }
    let scale = 10_u128.checked_pow(u32::from(decimals))?;
    let (whole, fraction) = (value / scale, value % scale);
    let fraction = format!("{fraction:0width$}", width = usize::from(decimals));
    let fraction = fraction.trim_end_matches('0');
    Some(if fraction.is_empty() { whole.to_string() } else { format!("{whole}.{fraction}") })
}

/// A word as it must be written to be read as this word.
fn quoted(word: &str) -> String {
    let word = word.replace("\\#", "\\\\#").replace("\\!", "\\\\!");
    let special = |c: char| matches!(c, '#' | '!' | '{' | '}') || crate::lex::is_blank(c);
    if word.is_empty() || word.contains(special) { format!("\"{word}\"") } else { word }
}

/// The like of a word that begins a line, which must not be taken for a condition, a definition or an include.
fn leading(word: &str) -> String {
    let directive = word.starts_with(['@', '$', '~']) || word.starts_with("include");
    let quoted = quoted(word);
    if directive && !quoted.starts_with('"') { format!("\"{quoted}\"") } else { quoted }
}
