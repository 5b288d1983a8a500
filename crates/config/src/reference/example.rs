//! A line that shows a keyword in use, in the blocks that it belongs to.

mod words;

use crate::table::{Row, Value};
use words::{BLOCKS, LINES, WORDS};

/// What stands behind the keywords that open blocks; as in [`LINES`], a block's name in front tells one from others.
const HEADS: &[(&str, &str)] = &[
    ("vrrp_instance", "VI_1"),
    ("vrrp_sync_group", "VG_1"),
    ("vrrp_script", "chk_haproxy"),
    ("vrrp_track_process", "haproxy"),
    ("track_file", "load"),
    ("vrrp_instance/track_file", ""),
    ("vrrp_sync_group/track_file", ""),
    ("vrrp_track_file", "load"),
    ("track_group", "TG_1"),
    ("bfd_instance", "router_1"),
    ("virtual_server_group", "web"),
    ("virtual_server", "192.0.2.10 80"),
    ("real_server", "192.0.2.21 80"),
];

/// The head of a block: its keyword and the words behind it.
pub(crate) fn head(path: &str, name: &str) -> String {
    let words = look_up(HEADS, path, name).unwrap_or_default();
    format!("{name} {words}").trim_end().to_owned()
}

/// The keyword with good words behind it, without the blocks around: one line, or a small block.
pub(crate) fn line(path: &str, row: &Row) -> Vec<String> {
    let name = row.name;
    match row.value {
        Value::Flag => vec![name.to_owned()],
        Value::Block => block(path, name, look_up(BLOCKS, path, name)),
        Value::Lines => block(path, name, look_up(LINES, path, name)),
        Value::Switch
        | Value::Number { .. }
        | Value::Decimal { .. }
        | Value::Choice(_)
        | Value::Text
        | Value::Link
        | Value::Address
        | Value::Script
        | Value::Words => {
            vec![format!("{name} {}", words(path, row)).trim_end().to_owned()]
        }
    }
}

fn block(path: &str, name: &str, content: Option<&str>) -> Vec<String> {
    let mut lines = vec![format!("{} {{", head(path, name))];
    lines.extend(content.unwrap_or("...").lines().map(|line| format!("    {line}")));
    lines.push("}".into());
    lines
}

/// The keyword in its blocks, indented.
pub(crate) fn in_its_blocks(path: &str, row: &Row) -> Vec<String> {
    all_in_their_blocks(path, &[row])
}

/// Keywords of one block in it and in those around, indented.
pub(super) fn all_in_their_blocks(path: &str, rows: &[&Row]) -> Vec<String> {
    let outer: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    let mut lines = Vec::new();
    for (depth, name) in outer.iter().enumerate() {
        lines.push(format!("{}{} {{", "    ".repeat(depth), head("", name)));
    }
    for line in rows.iter().flat_map(|row| line(path, row)) {
        lines.push(format!("{}{line}", "    ".repeat(outer.len())));
    }
    for depth in (0..outer.len()).rev() {
        lines.push(format!("{}}}", "    ".repeat(depth)));
    }
    lines
}

/// Good words behind the keyword.
pub(crate) fn words(path: &str, row: &Row) -> String {
    if let Some(words) = look_up(WORDS, path, row.name) {
        return words.to_owned();
    }
    if let Some(default) = row.default.filter(|default| !default.is_empty()) {
        return default.to_owned();
    }
    match &row.value {
        Value::Switch => "on".into(),
        Value::Number { least, most, .. } => (*least.max(&(1.min(*most)))).to_string(),
        Value::Decimal { least, most, .. } => format!("{}", least.max(most.min(1.0))),
        Value::Choice(words) => words.first().copied().unwrap_or_default().into(),
        Value::Text => "example".into(),
        Value::Link => "eth0".into(),
        Value::Address => "192.0.2.1".into(),
        Value::Script => format!("\"/usr/local/bin/{} eth0\"", row.name),
        Value::Flag | Value::Words | Value::Lines | Value::Block => String::new(),
    }
}

/// An entry for the keyword in its innermost block, else one for the keyword anywhere.
fn look_up(table: &[(&str, &'static str)], path: &str, name: &str) -> Option<&'static str> {
    let block = path.rsplit('/').next().unwrap_or_default();
    let here = table.iter().find(|(key, _)| key.split_once('/') == Some((block, name)));
    here.or_else(|| table.iter().find(|(key, _)| *key == name)).map(|(_, words)| *words)
}
