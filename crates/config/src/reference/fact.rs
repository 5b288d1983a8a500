//! What is known of a keyword, in words.

use crate::table::{OptionRow, Row, Value};

/// One thing that is known: what it is about, and what it is.
pub(super) type Fact = (&'static str, String);

/// Everything beyond name, syntax and meaning, in the order in which people ask.
pub(super) fn facts(row: &Row) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(value) = value(row) {
        facts.push(("Value", value));
    }
    match (row.default, row.inherits) {
        (Some(default), _) => facts.push(("Default", format!("`{default}`"))),
        (None, Some(from)) => facts.push(("Default", format!("as `{from}` says"))),
        (None, None) => {}
    }
    if row.repeats {
        facts.push(("Repeats", "may stand several times, and each counts".into()));
    } else if row.first_counts {
        facts.push(("Repeats", "of several the first counts".into()));
    }
    if let Some(since) = row.since {
        facts.push(("Since", age(since)));
    }
    if let Some(by) = row.deprecated {
        facts.push(("Old", format!("write {} instead", quoted(by))));
    }
    if let Some(feature) = row.not_yet {
        facts.push(("Not yet", not_yet(feature)));
    }
    facts
}

/// The like about an option of a line, as one text; empty if there is nothing to say.
pub(super) fn option_facts(option: &OptionRow) -> String {
    let mut facts: Vec<String> = Vec::new();
    facts.extend(option.default.map(|default| format!("Default `{default}`.")));
    facts.extend(option.since.map(|since| format!("Since {}.", age(since))));
    facts.extend(option.deprecated.map(|by| format!("Write {} instead.", quoted(by))));
    facts.join(" ")
}

/// The version that brought something; what is ours alone says so.
fn age(since: &str) -> String {
    if since == "standfast" {
        "standfast; keepalived does not know it".into()
    } else {
        format!("keepalived {since}")
    }
}

/// A keyword in backquotes; words that explain as they are.
fn quoted(words: &str) -> String {
    if words.contains(' ') { words.into() } else { format!("`{words}`") }
}

fn not_yet(feature: &str) -> String {
    if feature.is_empty() {
        "it is read and checked, and has no effect yet".into()
    } else {
        format!("it is read and checked, and has no effect yet; it belongs to {feature}")
    }
}

/// What may stand behind the keyword; `None` where there is nothing, or the syntax says all.
fn value(row: &Row) -> Option<String> {
    let unit = if row.unit.is_empty() { String::new() } else { format!(" {}", row.unit) };
    Some(match &row.value {
        Value::Flag | Value::Words | Value::Block => return None,
        Value::Switch => "`on`, `true`, `yes` or `off`, `false`, `no`; alone it means `on`".into(),
        Value::Number { least, most, alone } => {
            let alone = alone.map_or(String::new(), |alone| format!("; alone it means {alone}"));
            format!("a whole number from {least} to {most}{unit}{alone}")
        }
        Value::Decimal { least, most, decimals } => {
            let unit = if unit.is_empty() { " s" } else { &unit };
            format!("a number from {least} to {most}{unit}, with up to {decimals} decimals")
        }
        Value::Choice(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            format!("one of {}", words.join(", "))
        }
        Value::Text => "text, in double quotes if it has blanks".into(),
        Value::Link => "the name of an interface".into(),
        Value::Address => "an IPv4 or IPv6 address".into(),
        Value::Script => "a command line, quoted if it has arguments".into(),
        Value::Lines => "a block, one entry a line".into(),
    })
}
