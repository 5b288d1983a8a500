//! The reference of the language, printed from the rows: one explanation, the manual page, pages for the
//! documentation, a JSON schema and what an editor or a shell completes.
//!
//! Everything here is a pure function of [`crate::table`] and [`crate::diagnostic::code`]; whoever asks writes it to a
//! file or shows it. `fact` is what is known of a keyword, in words; `example` makes a line of it; `explain`,
//! `markdown`, `man`, `schema` and `completion` are the forms. `not_yet` lists what nobody obeys yet.

pub mod completion;
pub mod man;
pub mod markdown;
pub mod not_yet;
pub mod schema;

mod diagnosed;
mod example;
mod explain;
mod fact;

use std::sync::OnceLock;

use crate::table::{self, BlockRows, Row};

pub use diagnosed::sample;
pub use explain::{Asked, explain, nearest};

/// All blocks with their rows, listed once.
pub fn blocks() -> &'static [BlockRows] {
    static BLOCKS: OnceLock<Vec<BlockRows>> = OnceLock::new();
    BLOCKS.get_or_init(table::all)
}

/// The block of this path: names from the outermost in, with `/` between them; empty for what stands outside.
pub fn block(path: &str) -> Option<&'static BlockRows> {
    blocks().iter().find(|block| block.path == path)
}

/// The row of a keyword in a block.
pub fn row(path: &str, name: &str) -> Option<&'static Row> {
    block(path)?.rows.iter().find(|row| row.name == name)
}

/// A configuration a block with an example of each of its keywords, by the block's name: what a fuzzer starts from.
pub fn examples() -> impl Iterator<Item = (String, String)> {
    blocks().iter().map(|block| {
        let name = if block.path.is_empty() { "outside".into() } else { block.path.replace('/', ".") };
        let keywords: Vec<&Row> = block.rows.iter().filter(|row| row.value != table::Value::Block).collect();
        (name, example::all_in_their_blocks(&block.path, &keywords).join("\n") + "\n")
    })
}

/// How a block is spoken of.
pub(crate) fn block_name(path: &str) -> String {
    match path.rsplit_once('/') {
        None if path.is_empty() => "outside all blocks".into(),
        None => path.into(),
        Some((outer, name)) => format!("{name} of {}", block_name(outer)),
    }
}

#[cfg(test)]
pub(crate) use example::head as example_head;
pub(crate) use example::{
    in_its_blocks as example_in_its_blocks, line as example_line, words as example_words,
};

#[cfg(test)]
mod tests;
