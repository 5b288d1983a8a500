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

/// Reads an input of [`fuzz_files`] once, as the daemon would: how long it takes and how much memory is what an operator
/// would wait for.
pub fn fuzz_reading(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    read(&in_memory(&parted(&text))).diagnostics.len()
}

/// How many diagnostics are put into every form: one is as much work as the other.
const SHOWN: usize = 30;

/// Most bytes of a tidy copy whose settings are shown as JSON.
const MOST_SHOWN: usize = 64 * 1024;

/// Begins another file.
const MARK: &str = "--- ";

/// The whole pipeline over arbitrary bytes as the main file: must return, whatever the bytes.
pub fn fuzz_pipeline(bytes: &[u8]) {
    let files = InMemory::one(MAIN, bytes);
    let loaded = load(&Request::new(MAIN), &files, &Assumed::default());
    let _ = loaded.render(false);
}

/// All that is made of a configuration of several files: what runs, every form of the diagnostics, the settings, the
/// tidy copies, which must read to what they were made from. `look` (modulo 3) says at which of it, so that nothing is
/// read more than three times in one run.
pub fn fuzz_files(bytes: &[u8], look: u8) {
    let text = String::from_utf8_lossy(bytes);
    let parts = parted(&text);
    let files = in_memory(&parts);
    let mut loaded = read(&files);
    match look % 3 {
        0 => {
            loaded.diagnostics.truncate(SHOWN);
            put_into_every_form(&loaded);
            show(&files, &loaded);
        }
        1 => {
            let indented = parts.iter().map(|(name, text)| (*name, text::indented(text, "    "))).collect();
            reads_as(&loaded, &indented, "indented");
        }
        _ => {
            let printed = outline::read(&request(), &files, &Assumed::default()).printed();
            reads_as(&loaded, &BTreeMap::from([(MAIN, printed)]), "printed");
        }
    }
}

/// What was read must be what its copy reads as, if it can run at all.
fn reads_as(loaded: &Loaded, copy: &BTreeMap<&str, String>, how: &str) {
    let same = loaded.effective.is_none() || loaded.effective == read(&in_memory(copy)).effective;
    assert!(same, "is {how} as something else:\n{copy:#?}");
}

fn put_into_every_form(loaded: &Loaded) {
    let _ = (loaded.render(false), loaded.log_lines().count(), loaded.test_status(), loaded.refusal());
    let _ = (json::report(MAIN, loaded), sarif::log(std::iter::once(loaded)));
}

/// Looks at all that an outline tells.
fn show(files: &InMemory, loaded: &Loaded) {
    let outline = outline::read(&request(), files, &Assumed::default());
    let _ = outline.names();
    // As JSON each block is as large as all of its defaults together.
    if outline.printed().len() < MOST_SHOWN {
        let _ = outline::effective(&outline, loaded);
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
