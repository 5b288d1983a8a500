//! The rows as data for whoever prints them: explanations, manual, schema, completions.

use super::{Keyword, Missing, Rows, Shape};
use crate::block::root::ROOT;
use crate::value::Kind;

/// All rows of one block.
#[derive(Clone, Debug)]
pub struct BlockRows {
    /// Names from the outermost block in, with `/` between them; empty for what stands outside all blocks.
    pub path: String,
    /// The keywords, in the order of the table.
    pub rows: Vec<Row>,
}

/// One keyword.
#[derive(Clone, Debug)]
pub struct Row {
    /// The keyword.
    pub name: &'static str,
    /// What stands behind it, as a manual has it; empty for a keyword alone.
    pub syntax: String,
    /// Of what kind its value is.
    pub value: Value,
    /// Default as it would be written; `None` if there is none, or it is taken from [`Self::inherits`].
    pub default: Option<&'static str>,
    /// The keyword that is obeyed where this one does not stand.
    pub inherits: Option<&'static str>,
    /// What a number counts; empty if it is a mere number.
    pub unit: &'static str,
    /// It may stand several times, and each counts; otherwise the last counts, or [`Self::first_counts`].
    pub repeats: bool,
    /// Of several the first counts, and the others are complained of.
    pub first_counts: bool,
    /// Version of keepalived that brought it; `None` is 2.2.7 or older.
    pub since: Option<&'static str>,
    /// It is an old spelling: what to write instead.
    pub deprecated: Option<&'static str>,
    /// Nobody obeys it yet: the feature that it belongs to.
    pub not_yet: Option<&'static str>,
    /// Reading stops if its word is missing.
    pub must_have_word: bool,
    /// `7x` is 7, with a warning, unless it is a test.
    pub lax: bool,
    /// What a bad number becomes; `None` leaves what was there.
    pub if_bad: Option<u64>,
    /// What 0 becomes.
    pub if_zero: Option<u64>,
    /// What a line of its block may hold, where lines are data; empty otherwise.
    pub options: &'static [OptionRow],
    /// One sentence or two.
    pub help: &'static str,
}

/// The kind of a keyword's value.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// The keyword alone says it.
    Flag,
    /// `on`, `off` and their like; without a word `on`.
    Switch,
    /// A whole number within bounds.
    Number {
        /// Least.
        least: i128,
        /// Most.
        most: i128,
        /// What it is without a number; `None` if there must be one.
        alone: Option<i128>,
    },
    /// A decimal number of seconds (or of the row's unit) within bounds.
    Decimal {
        /// Least.
        least: f64,
        /// Most.
        most: f64,
        /// How many decimals count.
        decimals: u8,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Free text.
    Text,
    /// The name of an interface.
    Link,
    /// An IPv4 or IPv6 address.
    Address,
    /// A command line, and perhaps user and group.
    Script,
    /// A block whose lines are data.
    Lines,
    /// A block of keywords.
    Block,
    /// Words of its own, told by [`Row::syntax`].
    Words,
}

/// An option of a line in a block whose lines are data.
#[derive(Clone, Copy, Debug)]
pub struct OptionRow {
    /// The word that introduces it; in angle brackets if it has none.
    pub name: &'static str,
    /// What stands behind it; empty for a word alone.
    pub syntax: &'static str,
    /// Default as it would be written, if there is one.
    pub default: Option<&'static str>,
    /// What to write instead.
    pub deprecated: Option<&'static str>,
    /// Version of keepalived that brought it; `None` is 2.2.7 or older.
    pub since: Option<&'static str>,
    /// One sentence.
    pub help: &'static str,
}

impl OptionRow {
    pub(crate) const fn new(name: &'static str, syntax: &'static str, help: &'static str) -> Self {
        Self { name, syntax, default: None, deprecated: None, since: None, help }
    }

    pub(crate) const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    pub(crate) const fn deprecated(mut self, by: &'static str) -> Self {
        self.deprecated = Some(by);
        self
    }
}

/// Every block with its rows, outermost first, in the order of the tables.
pub fn all() -> Vec<BlockRows> {
    let mut blocks = Vec::new();
    below(String::new(), &ROOT, &mut blocks);
    blocks
}

/// Deepest nesting of blocks in the tables; they are ours, and none is inside itself.
const DEEPEST: usize = 8;

fn below(path: String, rows: &'static dyn Rows, blocks: &mut Vec<BlockRows>) {
    if path.matches('/').count() > DEEPEST {
        return;
    }
    let described = rows.describe();
    let inner: Vec<_> = described.iter().filter_map(|(row, block)| Some((row.name, (*block)?))).collect();
    blocks.push(BlockRows { path: path.clone(), rows: described.into_iter().map(|(row, _)| row).collect() });
    for (name, rows) in inner {
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        below(path, rows, blocks);
    }
}

pub(super) fn row<B>(keyword: &'static Keyword<B>) -> (Row, Option<&'static dyn Rows>) {
    let block = match keyword.kind.shape() {
        Shape::Block(rows) => Some(rows),
        Shape::Line | Shape::Script | Shape::Lines => None,
    };
    let value = value(&keyword.kind);
    let syntax = match keyword.takes {
        Some(words) => words.to_owned(),
        None => syntax(&value),
    };
    let row = Row {
        name: keyword.name,
        syntax,
        value,
        default: keyword.default,
        inherits: keyword.inherits,
        unit: keyword.unit,
        repeats: keyword.repeats || matches!(keyword.kind, Kind::Lines(_)),
        first_counts: keyword.once || matches!(keyword.kind, Kind::Script(_)),
        since: keyword.since,
        deprecated: keyword.deprecated,
        not_yet: keyword.later,
        must_have_word: keyword.missing == Missing::Stops,
        lax: keyword.lax,
        if_bad: keyword.bad,
        if_zero: keyword.zero,
        options: keyword.options,
        help: keyword.help,
    };
    (row, block)
}

fn value<B>(kind: &Kind<B>) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "bounds of seconds are far below 2^52 microseconds")]
    let seconds = |micros: u64| micros as f64 / 1e6;
    match kind {
        Kind::Flag(..) => Value::Flag,
        Kind::Switch(_) => Value::Switch,
        Kind::Number(_, least, most) => {
            Value::Number { least: i128::from(*least), most: i128::from(*most), alone: None }
        }
        Kind::Signed(_, least, most) => {
            Value::Number { least: i128::from(*least), most: i128::from(*most), alone: None }
        }
        Kind::NumberOr(_, least, most, alone) => Value::Number {
            least: i128::from(*least),
            most: i128::from(*most),
            alone: Some(i128::from(*alone)),
        },
        Kind::Weight(_, most) => {
            Value::Number { least: -i128::from(*most), most: i128::from(*most), alone: None }
        }
        Kind::Choice(_, words) => Value::Choice(words),
        Kind::Words(_) => Value::Words,
        Kind::Seconds(_, least, most, decimals) => {
            Value::Decimal { least: seconds(*least), most: seconds(*most), decimals: *decimals }
        }
        Kind::Milliseconds(_, least, most) => {
            let milliseconds = |micros: u64| seconds(micros.saturating_mul(1000));
            Value::Decimal { least: milliseconds(*least), most: milliseconds(*most), decimals: 3 }
        }
        Kind::Text(..) => Value::Text,
        Kind::Link(_) => Value::Link,
        Kind::Address(_) => Value::Address,
        Kind::Script(_) => Value::Script,
        Kind::Lines(_) => Value::Lines,
        Kind::Block(..) => Value::Block,
        Kind::Custom(shape, _) => match shape {
            Shape::Line => Value::Words,
            Shape::Script => Value::Script,
            Shape::Lines => Value::Lines,
            Shape::Block(_) => Value::Block,
        },
    }
}

/// What stands behind a keyword, told by the kind of its value.
fn syntax(value: &Value) -> String {
    match value {
        Value::Flag => String::new(),
        Value::Switch => "[on|off]".into(),
        Value::Number { least, most, alone: None } => format!("<{least}..{most}>"),
        Value::Number { least, most, alone: Some(_) } => format!("[<{least}..{most}>]"),
        Value::Decimal { least, most, .. } => format!("<{least}..{most}>"),
        Value::Choice(words) => words.join("|"),
        Value::Text => "<text>".into(),
        Value::Link => "<interface>".into(),
        Value::Address => "<address>".into(),
        Value::Script => "<command> [<user> [[:]<group>]]".into(),
        Value::Lines => "{ <lines> }".into(),
        Value::Block => "{ <block> }".into(),
        Value::Words => "<word>...".into(),
    }
}
