//! The configurations in the papers are good ones, and the mistakes shown are answered as shown.
//!
//! A fenced block marked `keepalived` is a configuration of its own; marked `keepalived NAME` it is a file that the others
//! on the same page may include. One marked `keepalived wrong` is answered by the block behind it, character by
//! character.
#![expect(clippy::unwrap_used, reason = "papers that cannot be read are a failed test")]

use std::fs;
use std::path::{Path, PathBuf};

use config::{Assumed, InMemory, Loaded, Request, Severity, load};

struct Block {
    mark: String,
    text: String,
    line: usize,
}

fn papers() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders = vec![root.join("docs")];
    let mut papers: Vec<PathBuf> = in_folder(&root).into_iter().filter(|path| path.is_file()).collect();
    while let Some(folder) = folders.pop() {
        for path in in_folder(&folder) {
            if path.is_dir() { folders.push(path) } else { papers.push(path) }
        }
    }
    papers.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    papers
}

fn in_folder(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in text.lines().enumerate() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(mark)) => {
                open = Some(Block { mark: mark.trim().into(), text: String::new(), line: number + 2 });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// Reads a block, with the page's other files beside it.
fn read(text: &str, files: &InMemory) -> Loaded {
    let files = files.clone().with("keepalived.conf", text);
    load(&Request { config_id: Some("lb1"), ..Request::new("keepalived.conf") }, &files, &Assumed::default())
}

#[test]
fn configurations_in_the_papers_are_good() {
    let (mut good, mut wrong) = (0, 0);
    for paper in papers() {
        let blocks = blocks(&fs::read_to_string(&paper).unwrap());
        let name = |block: &Block| block.mark.strip_prefix("keepalived ").map(ToOwned::to_owned);
        let mut files = InMemory::default();
        for block in &blocks {
            if let Some(name) = name(block).filter(|name| name != "wrong") {
                files = files.with(&name, block.text.as_bytes());
            }
        }
        for (index, block) in blocks.iter().enumerate() {
            let at = format!("{}:{}", paper.display(), block.line);
            if block.mark == "keepalived" {
                let loaded = read(&block.text, &files);
                let bad = |found: &config::Diagnostic| found.severity == Severity::Error;
                assert!(!loaded.diagnostics.iter().any(bad), "{at}\n{}", loaded.render(false));
                good += 1;
            } else if block.mark == "keepalived wrong" {
                let said = read(&block.text, &files).render(false);
                let shown = blocks.get(index + 1).map_or("", |answer| &answer.text);
                assert_eq!(said.trim(), shown.trim(), "{at}\n{said}");
                wrong += 1;
            }
        }
    }
    assert!(good >= 8, "{good} configurations");
    assert!(wrong >= 2, "{wrong} mistakes");
}

/// docs/faults.md promises that each row is tested.
#[test]
fn tests_that_the_table_of_faults_names_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders = vec![root.join("crates")];
    let mut sources = String::new();
    while let Some(folder) = folders.pop() {
        for path in in_folder(&folder) {
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(ending) if ending == "rs" => sources.push_str(&fs::read_to_string(path).unwrap()),
                Some(_) | None => {}
            }
        }
    }
    let table = fs::read_to_string(root.join("docs/faults.md")).unwrap();
    let mut named = 0;
    for row in table.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let tests = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap();
        for test in tests.split('`').skip(1).step_by(2) {
            let is_there =
                sources.contains(&format!("\"{test}\"")) || sources.contains(&format!("fn {test}("));
            assert!(is_there, "no test is called {test:?}");
            named += 1;
        }
    }
    assert!(named > 30, "{named} tests");
}
