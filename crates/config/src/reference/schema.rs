//! A JSON schema (draft 2020-12) of the configuration as `standfast show effective` prints its settings.
//!
//! A block is an object with a property a keyword; what may stand several times is an array. A block with words
//! behind its keyword carries them in `name`. A block whose lines are data is an array of lines, each an array of
//! words. So is what a keyword has that takes words of its own.

use serde_json::{Map, Value as Json, json};

use super::fact::facts;
use super::{block, example};
use crate::table::{Row, Value};

/// The schema, as text that ends with a newline.
pub fn schema() -> String {
    let mut root = object("");
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "keepalived.conf",
        "description": "The settings of a configuration, as `standfast show effective` prints them.",
    });
    if let (Json::Object(root), Json::Object(head)) = (&mut root, head) {
        root.extend(head);
    }
    // Written by hand because nothing in it can fail: a map of strings, numbers and maps.
    serde_json::to_string_pretty(&root).unwrap_or_default() + "\n"
}

/// Whether blocks of this keyword carry words behind it.
pub(crate) fn has_name(path: &str, keyword: &str) -> bool {
    example::head(path, keyword) != keyword
}

/// Whether there may be several of a keyword, so that its value is an array.
pub(crate) fn is_array(path: &str, row: &Row) -> bool {
    match row.value {
        // Several of these continue one another.
        Value::Block if row.name == "global_defs" => false,
        Value::Block => row.repeats || has_name(path, row.name),
        // The lines of several such blocks come one after the other.
        Value::Lines => has_name(path, row.name),
        Value::Flag
        | Value::Switch
        | Value::Number { .. }
        | Value::Decimal { .. }
        | Value::Choice(_)
        | Value::Text
        | Value::Link
        | Value::Address
        | Value::Script
        | Value::Words => row.repeats,
    }
}

fn object(path: &str) -> Json {
    let mut properties = Map::new();
    let (outer, keyword) = path.rsplit_once('/').unwrap_or(("", path));
    if has_name(outer, keyword) {
        properties.insert(
            "name".into(),
            json!({ "type": "string", "description": "What stands behind the keyword." }),
        );
    }
    for row in block(path).map_or(&[][..], |block| &block.rows) {
        properties.insert(row.name.into(), property(path, row));
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn property(path: &str, row: &Row) -> Json {
    let mut one = value(path, row);
    let several = is_array(path, row);
    if several {
        one = json!({ "type": "array", "items": one });
    }
    if let Json::Object(one) = &mut one {
        if !row.help.is_empty() {
            one.insert("description".into(), row.help.into());
        }
        let default = row.default.filter(|_| !several).and_then(|default| default_of(row, default));
        if let Some(default) = default {
            one.insert("default".into(), default);
        }
        if row.deprecated.is_some() {
            one.insert("deprecated".into(), true.into());
        }
        for (what, fact) in facts(row) {
            let key = match what {
                "Since" => "x-since",
                "Not yet" => "x-not-yet-obeyed",
                _ => continue,
            };
            one.insert(key.into(), fact.into());
        }
        if let Some(from) = row.inherits {
            one.insert("x-inherits".into(), from.into());
        }
        if !row.unit.is_empty() {
            one.insert("x-unit".into(), row.unit.into());
        }
    }
    one
}

fn value(path: &str, row: &Row) -> Json {
    let words = json!({ "type": "array", "items": { "type": "string" } });
    match &row.value {
        Value::Flag | Value::Switch => json!({ "type": "boolean" }),
        Value::Number { least, most, .. } => {
            // What a bad number becomes may lie outside: "none at all".
            let least = row.if_bad.map_or(*least, |bad| i128::from(bad).min(*least));
            json!({ "type": "integer", "minimum": number(least), "maximum": number(*most) })
        }
        Value::Decimal { least, most, .. } => {
            let least = row.if_bad.map_or(*least, |_| least.min(0.0));
            json!({ "type": "number", "minimum": least, "maximum": most })
        }
        Value::Choice(words) => json!({ "type": "string", "enum": words }),
        Value::Text | Value::Link | Value::Address => json!({ "type": "string" }),
        Value::Script | Value::Words => words,
        Value::Lines if has_name(path, row.name) => {
            json!({
                "type": "object",
                "properties": { "name": { "type": "string" }, "lines": { "type": "array", "items": words } },
                "additionalProperties": false,
            })
        }
        Value::Lines => json!({ "type": "array", "items": words }),
        Value::Block => object(&join(path, row.name)),
    }
}

fn number(value: i128) -> Json {
    i64::try_from(value)
        .map(Json::from)
        .or_else(|_| u64::try_from(value).map(Json::from))
        .unwrap_or(Json::Null)
}

/// A default as it would be written, as a value of the row's kind.
pub(crate) fn default_of(row: &Row, default: &str) -> Option<Json> {
    match &row.value {
        Value::Flag | Value::Switch => crate::value::switch(default).map(Json::from),
        Value::Number { .. } => default.parse::<i128>().ok().map(number),
        Value::Decimal { .. } => {
            default.parse::<i64>().map(Json::from).or_else(|_| default.parse::<f64>().map(Json::from)).ok()
        }
        Value::Choice(_) | Value::Text | Value::Link | Value::Address => Some(default.into()),
        Value::Script | Value::Words => Some(default.split_whitespace().collect::<Vec<_>>().into()),
        Value::Lines | Value::Block => None,
    }
}

/// The path of a block within another.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}
