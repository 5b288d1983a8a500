//! Which test shows what: each requirement of a standard, and each part of Keepalived's behaviour, is named in the comment
//! above a test, and `docs/coverage.md` is the table of that.
//!
//! The lists are `tests/requirements.tsv` of the engines, `behaviour.tsv` of `vrrp` and `statements.tsv` of `config`. A comment names a requirement by
//! its id, and a section of the behaviour as `vrrp-behaviour §9.1`.
#![expect(clippy::unwrap_used, reason = "a tree that cannot be read is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The lists, each with the heading of its part of the table.
const LISTS: [(&str, &str); 4] = [
    ("VRRP: RFC 9568, 5798 and 3768", "crates/vrrp/tests/requirements.tsv"),
    ("BFD: RFC 5880, 5881 and 5883", "crates/bfd/tests/requirements.tsv"),
    ("Keepalived's behaviour", "crates/vrrp/tests/behaviour.tsv"),
    ("Keepalived's configuration language", "crates/config/tests/statements.tsv"),
];

/// A row of a list: what is asked for, or why nothing is.
struct Row {
    id: String,
    summary: String,
    not_ours: Option<String>,
}

/// Names of tests by what the comments above them name.
type Named = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn rows(list: &str) -> Vec<Row> {
    let text = fs::read_to_string(root().join(list)).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    let row = |line: &str| {
        let mut columns = line.split('\t').map(str::to_owned);
        let mut next = || columns.next().filter(|text| !text.is_empty());
        Row { id: next().unwrap(), summary: next().unwrap(), not_ours: next() }
    };
    rows.map(row).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// What all tests name. A function is one if it is marked so, or stands in a folder of tests that has a runner of its own.
fn named() -> Named {
    let crates = root().join("crates");
    let mut files = Vec::new();
    sources(&crates, &mut files);
    let mut named = Named::new();
    for file in files {
        let inside = file.strip_prefix(&crates).unwrap();
        let room = inside.iter().next().unwrap().to_string_lossy().into_owned();
        let runs_itself = ["capture.rs", "guide.rs"].iter().any(|name| inside.ends_with(name));
        let with_runner = runs_itself || inside.iter().any(|part| part == "netns");
        let (mut comment, mut is_test) = (String::new(), false);
        for line in fs::read_to_string(&file).unwrap().lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("///") {
                comment.push_str(text);
                continue;
            }
            if line.starts_with("#[") {
                is_test |= line == "#[test]";
                continue;
            }
            if let Some(name) = function(line).filter(|_| is_test || with_runner) {
                for id in ids(&comment) {
                    named.entry(id).or_default().insert(format!("{room} `{name}`"));
                }
            }
            (comment, is_test) = (String::new(), false);
        }
    }
    named
}

fn function(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("fn ")?;
    rest.split_once('(').map(|(name, _)| name)
}

/// Requirements and sections that a comment names.
fn ids(comment: &str) -> Vec<String> {
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.');
    let words = comment.split(is_end).map(|word| word.trim_end_matches(['.', '-']));
    let mut ids: Vec<String> = words.filter(|word| is_id(word)).map(str::to_owned).collect();
    for (_, after) in
        comment.match_indices("vrrp-behaviour ").map(|(at, word)| (at, &comment[at + word.len()..]))
    {
        let mut rest = after;
        while let Some(section) = rest.strip_prefix('§') {
            let end = section.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(section.len());
            let number = section[..end].trim_end_matches('.');
            ids.push(format!("§{number}"));
            rest = &section[end..];
            rest = rest.strip_prefix(", ").or_else(|| rest.strip_prefix(" and ")).unwrap_or("");
        }
    }
    ids
}

/// `R9568-6.4.2-01`, `B4.1-02`, `L3-05`: a letter, then numbers, and a number of two digits at the end.
fn is_id(word: &str) -> bool {
    let Some((head, last)) = word.rsplit_once('-') else { return false };
    let standard =
        head.starts_with('R') && head.contains('-') && head[1..].starts_with(|c: char| c.is_ascii_digit());
    let seen = head.starts_with(['B', 'L']) && head[1..].starts_with(|c: char| c.is_ascii_digit());
    (standard || seen) && last.len() == 2 && last.bytes().all(|byte| byte.is_ascii_digit())
}

fn page() -> String {
    let named = named();
    let mut page = String::from(
        "# What the tests cover\n\n\
         Written by `crates/standfast/tests/coverage.rs` from the lists of requirements and the comments above the tests; it\n\
         fails when a row has no test, and says how to renew this page.\n",
    );
    for (heading, list) in LISTS {
        write!(page, "\n## {heading}\n\n| Row | What | Tests |\n|---|---|---|\n").unwrap();
        for row in rows(list) {
            let tests = named.get(&row.id).map(|tests| tests.iter().cloned().collect::<Vec<_>>().join(", "));
            let tests = tests.or_else(|| row.not_ours.map(|why| format!("none: {why}"))).unwrap_or_default();
            writeln!(page, "| {} | {} | {tests} |", row.id, row.summary).unwrap();
        }
    }
    page
}

#[test]
fn every_row_is_named_above_a_test_or_says_why_not() {
    let named = named();
    let mut missing = Vec::new();
    let mut known = BTreeSet::new();
    for (_, list) in LISTS {
        for row in rows(list) {
            if row.not_ours.is_none() && !named.contains_key(&row.id) {
                missing.push(row.id.clone());
            }
            assert!(known.insert(row.id.clone()), "{} stands twice", row.id);
        }
    }
    let unknown: Vec<_> = named.keys().filter(|id| !known.contains(*id)).collect();
    assert!(unknown.is_empty(), "tests name what is not listed: {unknown:?}");
    assert!(missing.is_empty(), "no test names {} rows: {missing:?}", missing.len());
}

#[test]
fn the_table_is_that_of_the_tests() {
    let (page, kept) = (page(), root().join("docs/coverage.md"));
    if fs::read_to_string(&kept).unwrap_or_default() != page {
        let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("coverage.md");
        fs::write(&fresh, page).unwrap();
        panic!("docs/coverage.md is out of date; renew it: cp {} {}", fresh.display(), kept.display());
    }
}
