//! For a fuzzer: the whole pipeline over arbitrary text, and changes of a text that leave it looking like a
//! configuration, so that more than the first stages see it.
//!
//! Bytes as they come reach [`fuzz_pipeline`]. Texts of several files, as [`fuzz_mutate`] makes them, reach
//! [`fuzz_files`]; a line `--- NAME` begins the file of that name.

mod draw;
mod mutate;
mod word;

use std::collections::BTreeMap;

use crate::diagnostic::{json, sarif};
use crate::files::InMemory;
use crate::load::{Loaded, Request, load};
use crate::outline::{self, text};
use crate::surroundings::Assumed;

pub(crate) use draw::Draw;
pub use mutate::fuzz_mutate;

/// The file that is read first.
const MAIN: &str = "keepalived.conf";

/// Begins another file.
const MARK: &str = "--- ";

/// The whole pipeline over arbitrary bytes as the main file: must return, whatever the bytes.
pub fn fuzz_pipeline(bytes: &[u8]) {
    let files = InMemory::one(MAIN, bytes);
    let loaded = load(&Request::new(MAIN), &files, &Assumed::default());
    let _ = loaded.render(false);
}

/// All that is made of a configuration of several files: what runs, every form of the diagnostics, the settings, the
/// tidy copies, which must read to what they were made from.
pub fn fuzz_files(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let parts = parted(&text);
    let files = in_memory(&parts);
    let loaded = read(&files);
    let _ = (loaded.render(false), loaded.log_lines().count(), loaded.test_status(), loaded.refusal());
    let _ = (json::report(MAIN, &loaded), sarif::log(std::iter::once(&loaded)));
    let outline = outline::read(&request(), &files, &Assumed::default());
    let _ = (outline::effective(&outline, &loaded), outline.names());
    let printed = BTreeMap::from([(MAIN, outline.printed())]);
    let indented = parts.iter().map(|(name, text)| (*name, text::indented(text, "    "))).collect();
    for (how, made) in [("printed", printed), ("indented", indented)] {
        let again = read(&in_memory(&made));
        let same = loaded.effective.is_none() || loaded.effective == again.effective;
        assert!(same, "is {how} as something else:\n{text}\n--- as ---\n{made:#?}");
    }
}

fn request() -> Request<'static> {
    Request { config_id: Some("main"), test: true, ..Request::new(MAIN) }
}

fn read(files: &InMemory) -> Loaded {
    load(&request(), files, &Assumed::default())
}

/// The files of a text, by name.
fn parted(text: &str) -> BTreeMap<&str, String> {
    let mut name = MAIN;
    let mut parts = BTreeMap::from([(MAIN, String::new())]);
    for line in text.split_inclusive('\n') {
        match line.strip_prefix(MARK) {
            Some(next) => name = next.trim(),
            None => parts.entry(name).or_default().push_str(line),
        }
    }
    parts
}

fn in_memory(parts: &BTreeMap<&str, String>) -> InMemory {
    parts.iter().fold(InMemory::default(), |files, (name, text)| files.with(name, text.as_str()))
}

#[cfg(test)]
mod tests;
