//! The drawing of ARCHITECTURE.md and the habits of CONTRIBUTING.md, as far as a machine can check them.
#![expect(clippy::unwrap_used, reason = "a tree that cannot be read is a failed test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Which of our crates may use which. ARCHITECTURE.md draws it; rooms that are not built yet are listed already.
const ARROWS: &[(&str, &[&str])] = &[
    ("host", &[]),
    ("vrrp", &["host"]),
    ("bfd", &["host"]),
    ("check", &["host"]),
    ("linux", &["host"]),
    ("config", &["host", "vrrp", "bfd", "check"]),
    ("worker", &["host", "vrrp", "bfd", "check"]),
    ("sim", &["host", "vrrp", "bfd", "check", "worker"]),
    ("herald", &["host", "vrrp", "bfd", "check"]),
    ("daemon", &["host", "vrrp", "bfd", "check", "config", "worker", "linux", "herald"]),
    ("standfast", &["host", "vrrp", "bfd", "check", "config", "worker", "linux", "sim", "daemon"]),
];

/// Crates that must not be able to reach a clock, a socket or a thread.
const ENGINES: &[&str] = &["host", "vrrp", "bfd", "check"];

/// Most lines a source file may have before its tests.
const CEILING: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every file below a folder with one of these endings, sorted.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            if entry.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(entry);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(entry);
            }
        }
    }
    found.sort();
    found
}

fn room(package: &str) -> &str {
    package.strip_prefix("standfast-").unwrap_or(package)
}

#[test]
fn arrows_between_crates_are_those_of_the_drawing() {
    let metadata = MetadataCommand::new().no_deps().current_dir(root()).exec().unwrap();
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    for package in &metadata.packages {
        let name = room(&package.name);
        let Some(may_use) = allowed.get(name) else { panic!("{name} is not in the drawing") };
        for dependency in package.dependencies.iter().filter(|d| d.path.is_some()) {
            let used = room(&dependency.name);
            let test_only = dependency.kind == DependencyKind::Development;
            assert!(test_only || may_use.contains(&used), "{name} may not use {used}");
        }
    }
}

#[test]
fn unsafe_code_stands_in_one_file() {
    let doors = |file: &PathBuf| file.ends_with("lib.rs") || file.ends_with("main.rs");
    for file in files(&root().join("crates"), &["lib.rs", "main.rs"]).into_iter().filter(doors) {
        let text = fs::read_to_string(&file).unwrap();
        let forbids = text.contains("#![forbid(unsafe_code)]");
        let is_linux = file.ends_with("crates/linux/src/lib.rs");
        assert!(forbids || is_linux, "{} does not forbid unsafe code", file.display());
    }
    for file in files(&root().join("crates/linux"), &[".rs"]) {
        let text = fs::read_to_string(&file).unwrap();
        let allows = text.contains("expect(unsafe_code") || text.contains("allow(unsafe_code");
        assert!(!allows || file.ends_with("linux/src/sys.rs"), "{} relaxes unsafe_code", file.display());
    }
}

#[test]
fn engines_have_no_standard_library() {
    for engine in ENGINES {
        let Ok(text) = fs::read_to_string(root().join(format!("crates/{engine}/src/lib.rs"))) else {
            continue;
        };
        assert!(text.contains("#![no_std]"), "{engine} is not no_std");
    }
}

#[test]
fn files_are_short_and_named_for_what_they_hold() {
    for file in files(&root().join("crates"), &[".rs"]) {
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
        let is_test =
            file.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs");
        assert!(
            is_test || lines <= CEILING,
            "{} has {lines} lines, the ceiling is {CEILING}",
            file.display()
        );
        let name = file.file_name().unwrap().to_string_lossy();
        let vague = ["utils.rs", "util.rs", "helpers.rs", "common.rs", "types.rs", "mod.rs"];
        assert!(is_test || !vague.contains(&name.as_ref()), "{} is no name for a room", file.display());
        assert!(text.starts_with("//!") || is_test, "{} does not say what it is for", file.display());
    }
}

#[test]
fn programs_are_libraries_with_a_door() {
    for file in files(&root().join("crates"), &[".rs"]).iter().filter(|file| file.ends_with("main.rs")) {
        let lines = fs::read_to_string(file).unwrap().lines().count();
        assert!(lines <= 15, "{} has {lines} lines", file.display());
    }
}

#[test]
fn papers_are_there_and_name_each_crate() {
    for paper in
        ["README.md", "CONTRIBUTING.md", "COMPATIBILITY.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"]
    {
        assert!(root().join(paper).exists(), "{paper} is missing");
    }
    let drawing = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for folder in fs::read_dir(root().join("crates")).unwrap() {
        let name = folder.unwrap().file_name().to_string_lossy().into_owned();
        assert!(drawing.contains(&format!("`{name}`")), "ARCHITECTURE.md does not speak of `{name}`");
    }
}

#[test]
fn every_local_link_of_the_papers_leads_somewhere() {
    for file in files(&root(), &[".md"]) {
        let text = fs::read_to_string(&file).unwrap();
        for piece in text.split("](").skip(1) {
            let target = piece.split([')', '#', ' ']).next().unwrap();
            if target.is_empty() || target.contains("://") || target.contains('\n') {
                continue;
            }
            let path = file.parent().unwrap().join(target);
            assert!(path.exists(), "{} links to {target}, which is not there", file.display());
        }
    }
}
