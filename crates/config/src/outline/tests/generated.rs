//! Configurations made from the rows: printing, settings and schema agree with reading.

use std::fmt::Write;

use proptest::prelude::*;
use serde_json::Value as Json;

use super::{outline, reads_the_same};
use crate::fuzz::Draw;
use crate::reference::{block, blocks, schema};
use crate::table::{Row, Value};

/// A word for a row: mostly good, sometimes at the edge, sometimes not.
fn word(draw: &mut Draw, path: &str, row: &Row) -> String {
    let odd = draw.below(12);
    match &row.value {
        Value::Number { least, most, .. } => match odd {
            0 => (most + 1).to_string(),
            1 => "7x".into(),
            2 => format!("00{least}"),
            3 => "0".into(),
            _ => (least
                + i128::try_from(draw.below(usize::try_from((most - least).min(300)).unwrap() + 1)).unwrap())
            .to_string(),
        },
        Value::Decimal { least, .. } => match odd {
            0 => "-1".into(),
            1 => format!("{}.5000000", least + 1.0),
            2 => "2s".into(),
            _ => format!("{}", least + 0.01 * f64::from(u32::try_from(draw.below(500)).unwrap())),
        },
        Value::Switch => ["on", "off", "true", "no", "", "maybe"][draw.below(6)].into(),
        Value::Choice(words) => words[draw.below(words.len())].into(),
        Value::Text => ["x", "\"a b\"", "\"#\"", "ü", "a\\#b"][draw.below(5)].into(),
        Value::Flag
        | Value::Link
        | Value::Address
        | Value::Script
        | Value::Words
        | Value::Lines
        | Value::Block => crate::reference::example_words(path, row),
    }
}

/// Some of a block's rows, and of the blocks in it.
fn rows(draw: &mut Draw, path: &str, share: usize, text: &mut String) {
    for row in block(path).map_or(&[][..], |block| &block.rows) {
        if draw.below(100) >= share || matches!(row.name, "include_check") {
            continue;
        }
        match row.value {
            Value::Block => {
                let _ = writeln!(text, "{} {{", crate::reference::example_head(path, row.name));
                rows(draw, &schema::join(path, row.name), share, text);
                text.push_str("}\n");
            }
            Value::Lines => {
                for line in crate::reference::example_line(path, row) {
                    let _ = writeln!(text, "{line}");
                }
            }
            Value::Flag
            | Value::Switch
            | Value::Number { .. }
            | Value::Decimal { .. }
            | Value::Choice(_)
            | Value::Text
            | Value::Link
            | Value::Address
            | Value::Script
            | Value::Words => {
                let _ = writeln!(text, "{} {}", row.name, word(draw, path, row));
            }
        }
    }
}

fn configuration(seed: u64) -> String {
    let mut draw = Draw::new(seed);
    let mut text = String::from("$WHO=x\n@nobody router_id y\n");
    let share = 10 + draw.below(60);
    rows(&mut draw, "", share, &mut text);
    for number in 1..=draw.below(4) {
        let _ = write!(
            text,
            "vrrp_script s{number} {{\nscript \"/bin/true ${{WHO}}\"\nweight {number}\n}}\n\
             vrrp_instance I{number} {{\ninterface eth{number}\nvirtual_router_id {number}\nvirtual_ipaddress {{\n\
             192.0.2.{number}\n}}\ntrack_script {{\ns{number}\n}}\n"
        );
        rows(&mut draw, "vrrp_instance", share / 2, &mut text);
        text.push_str("}\n");
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn what_is_printed_reads_to_the_same(seed: u64) {
        reads_the_same(&configuration(seed));
    }

    #[test]
    fn settings_are_as_the_schema_says(seed: u64) {
        let schema: Json = serde_json::from_str(&schema::schema()).unwrap();
        let text = configuration(seed);
        let (settings, places) = outline(&text).settings();
        fits(&schema, &settings, "").unwrap_or_else(|why| panic!("{why}\n{text}"));
        for (pointer, place) in places.as_object().unwrap() {
            prop_assert!(settings.pointer(pointer).is_some(), "{pointer} points nowhere\n{text}");
            prop_assert!(place["line"].as_u64() > Some(0));
        }
    }
}

#[test]
fn every_block_is_reached() {
    let all: String = (0..40).map(configuration).collect();
    for block in blocks().iter().filter(|block| !block.path.is_empty()) {
        let name = block.path.rsplit('/').next().unwrap();
        assert!(all.contains(&format!("{name} ")), "{}", block.path);
    }
}

/// As much of JSON schema as ours uses.
fn fits(schema: &Json, value: &Json, at: &str) -> Result<(), String> {
    let good = match schema["type"].as_str() {
        Some("object") => {
            let Some(object) = value.as_object() else { return Err(format!("{at} is no object")) };
            for (name, inner) in object {
                let Some(property) = schema["properties"].get(name) else {
                    return Err(format!("{at}/{name} is unknown"));
                };
                fits(property, inner, &format!("{at}/{name}"))?;
            }
            true
        }
        Some("array") => {
            let Some(array) = value.as_array() else { return Err(format!("{at} is no array")) };
            for (index, inner) in array.iter().enumerate() {
                fits(&schema["items"], inner, &format!("{at}/{index}"))?;
            }
            true
        }
        Some("boolean") => value.is_boolean(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        _ => false,
    };
    let within = |key: &str, side: fn(f64, f64) -> bool| match (schema[key].as_f64(), value.as_f64()) {
        (Some(bound), Some(value)) => side(value, bound),
        _ => true,
    };
    let known = schema["enum"].as_array().is_none_or(|words| words.contains(value));
    if good
        && known
        && within("minimum", |value, bound| value >= bound)
        && within("maximum", |value, bound| value <= bound)
    {
        Ok(())
    } else {
        Err(format!("{at}: {value} is not as {schema}"))
    }
}
