//! Finding a row by its name: twice for each line of a file, so it is worth a table of its own.

use super::Keyword;

/// More than twice as many as any block has rows.
const BUCKETS: usize = 256;

/// The rows of a block by name.
pub(super) struct Index<B: 'static> {
    buckets: Vec<Vec<&'static Keyword<B>>>,
}

impl<B> Index<B> {
    pub(super) fn new(rows: impl Iterator<Item = &'static Keyword<B>>) -> Self {
        let mut buckets: Vec<Vec<&'static Keyword<B>>> = Vec::new();
        buckets.resize_with(BUCKETS, Vec::new);
        for row in rows {
            if let Some(bucket) = buckets.get_mut(bucket(row.name)) {
                bucket.push(row);
            }
        }
        Self { buckets }
    }

    pub(super) fn get(&self, word: &str) -> Option<&'static Keyword<B>> {
        self.buckets.get(bucket(word))?.iter().copied().find(|row| row.name == word)
    }
}

/// Names of one block differ in their lengths, their ends or their middles.
fn bucket(word: &str) -> usize {
    let bytes = word.as_bytes();
    let at = |index: usize| usize::from(bytes.get(index).copied().unwrap_or(0));
    let length = bytes.len();
    let mix = length
        .wrapping_add(at(0).wrapping_mul(31))
        .wrapping_add(at(length / 2).wrapping_mul(131))
        .wrapping_add(at(length.saturating_sub(3)).wrapping_mul(17))
        .wrapping_add(at(length.saturating_sub(1)).wrapping_mul(67));
    mix % BUCKETS
}
