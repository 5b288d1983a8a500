//! What a configuration sets, as JSON, and where each value stands.
//!
//! A value that is not written is taken from the keyword that its row inherits from, else it is the row's default.

use serde_json::{Map, Value as Json, json};

use super::{Line, Outline};
use crate::lex;
use crate::reference::block;
use crate::reference::schema::{default_of, has_name, is_array, join};
use crate::source::Span;
use crate::table::{Row, Value};
use crate::tree::NodeId;
use crate::value::{leading_decimal, leading_integer, switch};

/// Blocks around the one being filled, outermost first, as far as they are filled.
struct Filling<'a> {
    outline: &'a Outline,
    /// The settings of `global_defs`.
    global: Map<String, Json>,
    places: Map<String, Json>,
}

impl Outline {
    /// The settings as `reference schema` describes them, and the place of each that is written or inherited: a JSON
    /// pointer into the settings names it. What has no place is a default.
    pub fn settings(&self) -> (Json, Json) {
        let mut filling = Filling { outline: self, global: Map::new(), places: Map::new() };
        let mut root = Map::new();
        // First, because it may stand anywhere and others inherit from it.
        let mut global = Map::new();
        for line in self.lines(None, "").filter(|line| line.row.name == GLOBAL) {
            filling.written(Some(line.node), GLOBAL, &format!("/{GLOBAL}"), &mut global);
        }
        filling.absent(GLOBAL, &format!("/{GLOBAL}"), &[], &mut global);
        filling.global.clone_from(&global);
        root.insert(GLOBAL.into(), global.into());
        filling.written(None, "", "", &mut root);
        filling.absent("", "", &[], &mut root);
        (root.into(), filling.places.into())
    }
}

const GLOBAL: &str = "global_defs";

impl Filling<'_> {
    /// Takes what a block's lines say.
    fn written(&mut self, node: Option<NodeId>, path: &str, pointer: &str, into: &mut Map<String, Json>) {
        let outline = self.outline;
        for line in outline.lines(node, path) {
            let name = line.row.name;
            let at = format!("{pointer}/{name}");
            match line.row.value {
                Value::Block if path.is_empty() && name == GLOBAL => {}
                Value::Block => self.block(line, path, &at, into),
                Value::Lines => self.data(line, path, &at, into),
                Value::Flag
                | Value::Switch
                | Value::Number { .. }
                | Value::Decimal { .. }
                | Value::Choice(_)
                | Value::Text
                | Value::Link
                | Value::Address
                | Value::Script
                | Value::Words => self.value(line, &at, into),
            }
        }
    }

    fn block(&mut self, line: Line<'_>, path: &str, at: &str, into: &mut Map<String, Json>) {
        let name = line.row.name;
        let several = is_array(path, line.row);
        let (at, mut inner) = match (several, into.get_mut(name)) {
            (true, Some(Json::Array(all))) => (format!("{at}/{}", all.len()), Map::new()),
            (true, _) => (format!("{at}/0"), Map::new()),
            // The lines of several add up.
            (false, Some(Json::Object(before))) => (at.to_owned(), std::mem::take(before)),
            (false, _) => (at.to_owned(), Map::new()),
        };
        self.place(&at, line.keyword());
        if has_name(path, name) {
            inner.insert("name".into(), words(line).join(" ").into());
        }
        let path = join(path, name);
        self.written(Some(line.node), &path, &at, &mut inner);
        let around: Vec<&Map<String, Json>> = vec![&*into];
        self.absent(&path, &at, &around, &mut inner);
        match (several, into.get_mut(name)) {
            (true, Some(Json::Array(all))) => all.push(inner.into()),
            (true, _) => drop(into.insert(name.into(), vec![Json::from(inner)].into())),
            (false, _) => drop(into.insert(name.into(), inner.into())),
        }
    }

    /// A block whose lines are data.
    fn data(&mut self, line: Line<'_>, path: &str, at: &str, into: &mut Map<String, Json>) {
        let name = line.row.name;
        let named = has_name(path, name);
        let Json::Array(all) = into.entry(name).or_insert_with(|| Vec::<Json>::new().into()) else { return };
        let at = if named { format!("{at}/{}/lines", all.len()) } else { at.to_owned() };
        let mut lines = Vec::new();
        for node in self.outline.nodes(Some(line.node)) {
            let spans = self.outline.tree.words(node);
            let Some(&first) = spans.first() else { continue };
            let count = lines.len() + if named { 0 } else { all.len() };
            let place = place_of(self.outline, first);
            self.places.insert(format!("{at}/{count}"), place);
            lines.push(Json::from(spans.iter().map(|word| self.outline.text(*word)).collect::<Vec<_>>()));
        }
        if named {
            all.push(json!({ "name": words(line).join(" "), "lines": lines }));
        } else {
            all.extend(lines);
        }
    }

    /// A line with words.
    fn value(&mut self, line: Line<'_>, at: &str, into: &mut Map<String, Json>) {
        let Some((value, span)) = value(line) else { return };
        let name = line.row.name;
        if line.row.repeats {
            let Json::Array(all) = into.entry(name).or_insert_with(|| Vec::<Json>::new().into()) else {
                return;
            };
            let at = format!("{at}/{}", all.len());
            all.push(value);
            self.place(&at, span);
        } else if !(line.row.first_counts && into.contains_key(name)) {
            into.insert(name.into(), value);
            self.place(at, span);
        }
    }

    /// Fills in what a block does not say: inherited, else the default.
    fn absent(
        &mut self,
        path: &str,
        pointer: &str,
        around: &[&Map<String, Json>],
        into: &mut Map<String, Json>,
    ) {
        for row in block(path).map_or(&[][..], |block| &block.rows) {
            if into.contains_key(row.name) || row.deprecated.is_some() {
                continue;
            }
            let from = row.inherits.and_then(|from| {
                let outer = around
                    .iter()
                    .rev()
                    .find_map(|outer| outer.get(from))
                    .map(|value| (value, outer_of(pointer)));
                let global = || Some((self.global.get(from)?, format!("/{GLOBAL}")));
                outer.or_else(global).map(|(value, at)| (value.clone(), format!("{at}/{from}")))
            });
            if let Some((value, from)) = from.filter(|(value, _)| fits(row, value)) {
                into.insert(row.name.into(), value);
                let written = self.places.get(&from).and_then(Json::as_object).cloned();
                if let Some(mut place) = written {
                    place.insert("inherited_from".into(), from.into());
                    self.places.insert(format!("{pointer}/{}", row.name), place.into());
                }
            } else if !row.repeats
                && let Some(default) = row.default.and_then(|default| default_of(row, default))
            {
                into.insert(row.name.into(), default);
            }
        }
    }

    fn place(&mut self, at: &str, span: Span) {
        self.places.insert(at.to_owned(), place_of(self.outline, span));
    }
}

/// The pointer to the block around a block, an index in between left out.
fn outer_of(pointer: &str) -> String {
    let mut outer = pointer;
    while let Some((before, last)) = outer.rsplit_once('/') {
        outer = before;
        if !last.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
    }
    outer.to_owned()
}

/// Whether a value inherited from elsewhere is of the row's kind.
fn fits(row: &Row, value: &Json) -> bool {
    match row.value {
        Value::Flag | Value::Switch => value.is_boolean(),
        Value::Number { .. } => value.is_i64() || value.is_u64(),
        Value::Decimal { .. } => value.is_number(),
        Value::Choice(_) | Value::Text | Value::Link | Value::Address => value.is_string(),
        Value::Script | Value::Words => value.is_array(),
        Value::Lines | Value::Block => false,
    }
}

fn words(line: Line<'_>) -> Vec<&str> {
    line.words().iter().map(|word| line.outline.text(*word)).collect()
}

/// The value of a line, and where it stands; `None` if the line has no effect.
fn value(line: Line<'_>) -> Option<(Json, Span)> {
    let first = line.words().first().copied();
    let word = first.map(|first| line.outline.text(first));
    let at = first.unwrap_or(line.keyword());
    let value = match &line.row.value {
        Value::Flag => true.into(),
        Value::Switch => match word {
            None => true.into(),
            Some(word) => switch(word)?.into(),
        },
        Value::Number { least, most, alone } => whole(line.row, word, (*least, *most), *alone)?,
        Value::Decimal { least, most, decimals } => decimal(line.row, word?, (*least, *most), *decimals)?,
        Value::Choice(choices) => {
            let word = word?;
            let known = choices.iter().find(|choice| choice.eq_ignore_ascii_case(word));
            (*known?).into()
        }
        Value::Text | Value::Link | Value::Address => word?.into(),
        Value::Script => {
            let line = lex::command_line(line.outline.text(line.behind())).ok()?;
            line.argv.into_iter().chain(line.identity).collect::<Vec<_>>().into()
        }
        Value::Words => words(line).into(),
        Value::Lines | Value::Block => return None,
    };
    Some((value, at))
}

fn whole(row: &Row, word: Option<&str>, (least, most): (i128, i128), alone: Option<i128>) -> Option<Json> {
    let value = match word {
        None => alone?,
        Some(word) => match leading_integer(word) {
            Some((value, rubbish)) if (least..=most).contains(&value) && (row.lax || !rubbish) => value,
            _ => i128::from(row.if_bad?),
        },
    };
    let value = if value == 0 { row.if_zero.map_or(0, i128::from) } else { value };
    i64::try_from(value).map(Json::from).or_else(|_| u64::try_from(value).map(Json::from)).ok()
}

fn decimal(row: &Row, word: &str, (least, most): (f64, f64), decimals: u8) -> Option<Json> {
    #[expect(clippy::cast_precision_loss, reason = "bounds keep it far below 2^52")]
    let read = leading_decimal(word, decimals)
        .map(|(value, _, rubbish)| (value as f64 / 10_f64.powi(i32::from(decimals)), rubbish));
    let value = match read {
        Some((value, rubbish)) if (least..=most).contains(&value) && (row.lax || !rubbish) => value,
        #[expect(clippy::cast_precision_loss, reason = "what a bad value becomes is a small number")]
        _ => row.if_bad? as f64,
    };
    #[expect(clippy::cast_precision_loss, reason = "what 0 becomes is a small number")]
    let value = if value == 0.0 { row.if_zero.unwrap_or(0) as f64 } else { value };
    // Whole seconds read better without a decimal point.
    #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is within bounds")]
    let json = if value.fract() == 0.0 { (value as i64).into() } else { value.into() };
    Some(json)
}

fn place_of(outline: &Outline, span: Span) -> Json {
    let place = outline.sources.place(span);
    let mut json = json!({ "file": place.file, "line": place.line, "column": place.column });
    let steps: Vec<Json> = outline
        .sources
        .steps(span)
        .into_iter()
        .map(|(step, what)| {
            let place = outline.sources.place(step);
            json!({ "what": what, "file": place.file, "line": place.line, "column": place.column })
        })
        .collect();
    if let (Json::Object(json), false) = (&mut json, steps.is_empty()) {
        json.insert("via".into(), steps.into());
    }
    json
}
