//! Diagnostics as JSON, for scripts and CI.

use serde_json::{Map, Value as Json, json};

use super::{Diagnostic, Severity};
use crate::load::Loaded;
use crate::source::{Sources, Span};

/// What came of reading a configuration: the file asked for, the exit status of a test, whether a daemon would run
/// with it, and every diagnostic with its places.
pub fn report(file: &str, loaded: &Loaded) -> Json {
    let found: Vec<Json> =
        loaded.diagnostics.iter().map(|found| diagnostic(found, &loaded.sources)).collect();
    json!({
        "file": file,
        "status": loaded.test_status(),
        "runs": loaded.effective.is_some(),
        "diagnostics": found,
    })
}

/// One diagnostic. `place` is absent where it is about no place in particular; `repeats` is how many more there are
/// that the same text leads to.
pub fn diagnostic(found: &Diagnostic, sources: &Sources) -> Json {
    let mut json = Map::new();
    json.insert("code".into(), found.code.to_string().into());
    json.insert("severity".into(), word(found.severity).into());
    json.insert("message".into(), found.message.as_str().into());
    json.insert("status".into(), found.class.status().into());
    if let Some(span) = found.span {
        json.insert("place".into(), place(sources, span, None));
        let via: Vec<Json> =
            sources.steps(span).into_iter().map(|(step, what)| place(sources, step, Some(what))).collect();
        if !via.is_empty() {
            json.insert("via".into(), via.into());
        }
    }
    json.extend(found.label.as_deref().map(|label| ("label".into(), label.into())));
    json.extend(found.help.as_deref().map(|help| ("help".into(), help.into())));
    if found.repeats > 0 {
        json.insert("repeats".into(), found.repeats.into());
    }
    let related: Vec<Json> =
        found.related.iter().map(|(span, what)| place(sources, *span, Some(what))).collect();
    if !related.is_empty() {
        json.insert("related".into(), related.into());
    }
    json.into()
}

/// A severity in a word.
pub(super) const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// Lines and columns count from 1, columns in characters; `end_column` is the first one behind.
fn place(sources: &Sources, span: Span, what: Option<&str>) -> Json {
    let place = sources.place(span);
    let mut json = json!({
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "end_column": place.column.saturating_add(sources.width(span)),
    });
    if let (Json::Object(json), Some(what)) = (&mut json, what) {
        json.insert("what".into(), what.into());
    }
    json
}
