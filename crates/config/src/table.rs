//! What a keyword is: one row of data.
//!
//! A block is a list of rows over the struct that they fill. The reader walks a block's lines, finds each row by its
//! name, and the row's kind reads the words; kinds are in `crate::value`. What is printed about keywords (help,
//! manual, schema) is printed from the same rows.

mod describe;
mod index;

use std::sync::OnceLock;

use crate::value::Kind;

use index::Index;

pub use describe::{BlockRows, OptionRow, Row, Value, all};

/// What stands behind a keyword.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// Words.
    Line,
    /// A command line, read with the second tokeniser.
    Script,
    /// A block of lines that are data.
    Lines,
    /// A block of keywords.
    Block(&'static dyn Rows),
}

/// The rows of a block, whatever struct they fill.
pub(crate) trait Rows: Sync {
    /// Shape of a keyword, if there is one of this name.
    fn shape(&self, word: &str) -> Option<Shape>;
    /// All names.
    fn names(&self) -> Vec<&'static str>;
    /// Some keywords here change how the following text is read.
    fn steers(&self) -> bool;
    /// The rows as data, and the blocks that they open.
    fn describe(&self) -> Vec<(Row, Option<&'static dyn Rows>)>;
}

/// What happens when the word is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Missing {
    /// Reading stops: exit status 2.
    Stops,
    /// A complaint, and the keyword is ignored.
    Complaint,
    /// The keyword is ignored without a word.
    Nothing,
}

/// One keyword.
pub(crate) struct Keyword<B: 'static> {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind<B>,
    pub(crate) missing: Missing,
    /// `7x` is 7, with a warning, unless this is a test.
    pub(crate) lax: bool,
    /// What a bad number becomes; `None` leaves what was there.
    pub(crate) bad: Option<u64>,
    /// What 0 becomes, with a complaint.
    pub(crate) zero: Option<u64>,
    /// The name to use instead.
    pub(crate) deprecated: Option<&'static str>,
    /// A test does not mind that it is an old spelling.
    pub(crate) borne: bool,
    /// Default as it would be written; `None` if there is none, or it is taken from elsewhere.
    pub(crate) default: Option<&'static str>,
    /// The keyword of `global_defs` or of the block around that is obeyed if this one is not there.
    pub(crate) inherits: Option<&'static str>,
    /// What a number counts: `s`, `ms`, `bytes` and so on; empty if it is a mere number.
    pub(crate) unit: &'static str,
    /// Words behind the keyword, where the kind does not tell.
    pub(crate) takes: Option<&'static str>,
    /// It may stand several times, and each counts.
    pub(crate) repeats: bool,
    /// A second one is complained of and left out.
    pub(crate) once: bool,
    /// A second one is complained of and counts.
    pub(crate) replaces: bool,
    /// The version of keepalived that it came with; `None` is 2.2.7 or older.
    pub(crate) since: Option<&'static str>,
    /// It is read and checked, and nobody obeys it yet: the feature that it belongs to.
    pub(crate) later: Option<&'static str>,
    /// What a line of its block may hold, where lines are data.
    pub(crate) options: &'static [OptionRow],
    /// One sentence.
    pub(crate) help: &'static str,
}

impl<B> Keyword<B> {
    pub(crate) const fn new(name: &'static str, kind: Kind<B>) -> Self {
        Self {
            name,
            kind,
            missing: Missing::Stops,
            lax: false,
            bad: None,
            zero: None,
            deprecated: None,
            borne: false,
            default: None,
            inherits: None,
            unit: "",
            takes: None,
            repeats: false,
            once: false,
            replaces: false,
            since: None,
            later: None,
            options: &[],
            help: "",
        }
    }

    pub(crate) const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    pub(crate) const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    pub(crate) const fn inherits(mut self, from: &'static str) -> Self {
        self.inherits = Some(from);
        self
    }

    pub(crate) const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    pub(crate) const fn takes(mut self, words: &'static str) -> Self {
        self.takes = Some(words);
        self
    }

    pub(crate) const fn repeats(mut self) -> Self {
        self.repeats = true;
        self
    }

    pub(crate) const fn once(mut self) -> Self {
        self.once = true;
        self
    }

    pub(crate) const fn replaces(mut self) -> Self {
        self.replaces = true;
        self
    }

    pub(crate) const fn since(mut self, version: &'static str) -> Self {
        self.since = Some(version);
        self
    }

    pub(crate) const fn later(mut self, feature: &'static str) -> Self {
        self.later = Some(feature);
        self
    }

    pub(crate) const fn options(mut self, options: &'static [OptionRow]) -> Self {
        self.options = options;
        self
    }

    pub(crate) const fn lax(mut self) -> Self {
        self.lax = true;
        self
    }

    pub(crate) const fn bad(mut self, value: u64) -> Self {
        self.bad = Some(value);
        self
    }

    pub(crate) const fn zero(mut self, value: u64) -> Self {
        self.zero = Some(value);
        self
    }

    pub(crate) const fn missing(mut self, missing: Missing) -> Self {
        self.missing = missing;
        self
    }

    pub(crate) const fn deprecated(mut self, by: &'static str) -> Self {
        self.deprecated = Some(by);
        self
    }

    /// An old spelling that a test does not mind.
    pub(crate) const fn borne(mut self) -> Self {
        self.borne = true;
        self
    }
}

/// Most lists of rows in one block.
const PARTS: usize = 8;

/// A block: its rows, and an index over their names.
pub(crate) struct Block<B: 'static> {
    pub(crate) name: &'static str,
    parts: [&'static [Keyword<B>]; PARTS],
    steers: bool,
    later: Option<&'static str>,
    index: OnceLock<Index<B>>,
}

impl<B> Block<B> {
    pub(crate) const fn new(name: &'static str, keywords: &'static [Keyword<B>]) -> Self {
        let mut parts: [&'static [Keyword<B>]; PARTS] = [&[]; PARTS];
        parts[0] = keywords;
        Self { name, parts, steers: false, later: None, index: OnceLock::new() }
    }

    /// Further rows.
    pub(crate) const fn and(mut self, more: &'static [Keyword<B>]) -> Self {
        let mut at = 0;
        while !self.parts[at].is_empty() {
            at += 1;
        }
        self.parts[at] = more;
        self
    }

    /// Nobody obeys anything in this block yet, which is said once for the file and not for each keyword.
    pub(crate) const fn later(mut self, feature: &'static str) -> Self {
        self.later = Some(feature);
        self
    }

    /// All rows.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &'static Keyword<B>> + use<B> {
        self.parts.into_iter().flatten()
    }

    /// Some of the keywords change how the text after them is read.
    pub(crate) const fn steering(mut self) -> Self {
        self.steers = true;
        self
    }

    /// The row of a keyword.
    pub(crate) fn find(&self, word: &str) -> Option<&'static Keyword<B>> {
        self.index.get_or_init(|| Index::new(self.rows())).get(word)
    }
}

impl<B> Rows for Block<B> {
    fn shape(&self, word: &str) -> Option<Shape> {
        Some(self.find(word)?.kind.shape())
    }
    fn names(&self) -> Vec<&'static str> {
        self.rows().map(|row| row.name).collect()
    }
    fn steers(&self) -> bool {
        self.steers
    }
    fn describe(&self) -> Vec<(Row, Option<&'static dyn Rows>)> {
        let mut rows: Vec<_> = self.rows().map(describe::row).collect();
        for (row, _) in &mut rows {
            row.not_yet = row.not_yet.or(self.later);
        }
        rows
    }
}
