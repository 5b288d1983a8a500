//! What two configurations say differently, setting by setting.

use std::collections::{BTreeMap, BTreeSet};

use config::outline::Outline;
use serde_json::Value as Json;

/// Keywords and blocks whose values are shown to nobody: that they changed is told, and where.
const SECRETS: [&str; 4] = ["auth_pass", "auth_key", "auth_hmac", "password"];
const SECRET: &str = "(not shown)";

/// A setting, a line of data or a whole block that is not the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Change {
    /// The blocks around it, each with its name, and the keyword.
    pub(crate) path: Vec<String>,
    /// What was said, and where if it was written; `None` if nothing was.
    pub(crate) old: Option<Said>,
    /// What is said now.
    pub(crate) new: Option<Said>,
}

/// A value and its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Said {
    /// As JSON; null for a whole block.
    pub(crate) value: Json,
    /// File, line and column; `None` for a default.
    pub(crate) place: Option<Json>,
}

/// All that is not the same, in the order of the paths.
pub(crate) fn settings(old: &Outline, new: &Outline) -> Vec<Change> {
    let (old, new) = (Leaves::of(old), Leaves::of(new));
    let mut changes = Vec::new();
    let heads: BTreeSet<&String> = old.heads.keys().chain(new.heads.keys()).collect();
    for head in heads {
        let said = |leaves: &Leaves| {
            leaves.heads.get(head).map(|place| Said { value: Json::Null, place: place.clone() })
        };
        match (said(&old), said(&new)) {
            (Some(_), Some(_)) => {}
            (before, now) => changes.push(Change { path: vec![head.clone()], old: before, new: now }),
        }
    }
    let paths: BTreeSet<&Vec<String>> = old.leaves.keys().chain(new.leaves.keys()).collect();
    for path in paths {
        let whole = |leaves: &Leaves| path.first().is_some_and(|head| leaves.heads.contains_key(head));
        let is_block = whole(&old) || whole(&new);
        if is_block && whole(&old) != whole(&new) {
            continue;
        }
        compare(path, old.leaves.get(path), new.leaves.get(path), &mut changes);
    }
    changes
}

/// Of lines that stay nothing is said; a single value that gives way to another is one change.
fn compare(path: &[String], old: Option<&Vec<Said>>, new: Option<&Vec<Said>>, changes: &mut Vec<Change>) {
    let mut gone: Vec<Said> = old.cloned().unwrap_or_default();
    let mut come: Vec<Said> = Vec::new();
    for said in new.into_iter().flatten() {
        match gone.iter().position(|before| before.value == said.value) {
            Some(at) => drop(gone.remove(at)),
            None => come.push(said.clone()),
        }
    }
    if path.iter().any(|word| SECRETS.contains(&word.split(' ').next().unwrap_or_default())) {
        gone.iter_mut().chain(&mut come).for_each(|said| said.value = SECRET.into());
    }
    let path = path.to_vec();
    match (&gone[..], &come[..]) {
        ([before], [now]) if old.map(Vec::len) == Some(1) && new.map(Vec::len) == Some(1) => {
            changes.push(Change { path, old: Some(before.clone()), new: Some(now.clone()) });
        }
        _ => {
            let gone = gone.into_iter().map(|said| Change { path: path.clone(), old: Some(said), new: None });
            changes.extend(gone);
            let come = come.into_iter().map(|said| Change { path: path.clone(), old: None, new: Some(said) });
            changes.extend(come);
        }
    }
}

/// Settings by path.
struct Leaves {
    leaves: BTreeMap<Vec<String>, Vec<Said>>,
    /// Blocks with names outside all others, and where each stands.
    heads: BTreeMap<String, Option<Json>>,
    places: Json,
}

impl Leaves {
    fn of(outline: &Outline) -> Self {
        let (settings, places) = outline.settings();
        let mut leaves = Self { leaves: BTreeMap::new(), heads: BTreeMap::new(), places };
        leaves.walk(&settings, "", &[]);
        leaves
    }

    fn walk(&mut self, value: &Json, pointer: &str, path: &[String]) {
        match value {
            Json::Object(object) => {
                for (keyword, value) in object.iter().filter(|(keyword, _)| *keyword != "name") {
                    let path: Vec<String> = path.iter().cloned().chain([keyword.clone()]).collect();
                    self.walk(value, &format!("{pointer}/{keyword}"), &path);
                }
            }
            Json::Array(values) => {
                for (at, value) in values.iter().enumerate() {
                    let pointer = format!("{pointer}/{at}");
                    match (value.get("name").and_then(Json::as_str), path.split_last()) {
                        (Some(name), Some((keyword, around))) => {
                            let head = format!("{keyword} {name}");
                            if around.is_empty() {
                                self.heads.insert(head.clone(), self.place(&pointer));
                            }
                            let path: Vec<String> = around.iter().cloned().chain([head]).collect();
                            self.walk(value, &pointer, &path);
                        }
                        _ if value.is_object() => self.walk(value, &pointer, path),
                        _ => self.leaf(value, &pointer, path),
                    }
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                self.leaf(value, pointer, path);
            }
        }
    }

    fn leaf(&mut self, value: &Json, pointer: &str, path: &[String]) {
        let said = Said { value: value.clone(), place: self.place(pointer) };
        self.leaves.entry(path.to_vec()).or_default().push(said);
    }

    fn place(&self, pointer: &str) -> Option<Json> {
        self.places.get(pointer).cloned()
    }
}
