//! Every requirement of the RFCs that this crate obeys is named above a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Text of the comments that stand above tests, in all files under a directory.
fn comments_above_tests(directory: &Path, all: &mut String) {
    let entries = fs::read_dir(directory).expect("the crate's sources can be read");
    let mut entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            comments_above_tests(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source file is text");
            let mut block = String::new();
            for line in text.lines().map(str::trim) {
                if let Some(comment) = line.strip_prefix("///") {
                    block.push_str(comment);
                    block.push('\n');
                } else if line == "#[test]" {
                    all.push_str(&block);
                    block.clear();
                } else {
                    block.clear();
                }
            }
        }
    }
}

#[test]
fn every_requirement_is_named_above_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = fs::read_to_string(root.join("tests/requirements.tsv")).unwrap();
    let rows = list.lines().filter(|line| !line.starts_with('#')).skip(1);
    let ids: Vec<&str> = rows.map(|row| row.split_once('\t').expect("an id and a summary").0).collect();
    assert!(ids.len() > 200);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an id stands twice");

    let mut comments = String::new();
    comments_above_tests(&root.join("src"), &mut comments);
    let end = |character: char| !(character.is_ascii_alphanumeric() || character == '-' || character == '.');
    let named: BTreeSet<&str> = comments
        .split(end)
        .map(|word| word.trim_end_matches(['.', '-']))
        .filter(|word| word.starts_with("R588"))
        .collect();
    let missing: Vec<_> = ids.iter().filter(|id| !named.contains(**id)).collect();
    assert!(missing.is_empty(), "no test names {missing:?}");
    // "R5880-6.1" names a section, not a row.
    let unknown: Vec<_> =
        named.iter().filter(|id| id.matches('-').count() > 1 && !ids.contains(id)).collect();
    assert!(unknown.is_empty(), "tests name what is not listed: {unknown:?}");
}
