//! Diagnostics as SARIF 2.1.0, which code hosts and editors show beside the line.

use serde_json::{Value as Json, json};

use super::{Code, Diagnostic, json::word};
use crate::load::Loaded;
use crate::source::{Sources, Span};

/// One log with one run over all configurations.
pub fn log<'a>(readings: impl Iterator<Item = &'a Loaded>) -> Json {
    let mut rules: Vec<Code> = Vec::new();
    let mut results = Vec::new();
    for loaded in readings {
        for found in &loaded.diagnostics {
            if !rules.contains(&found.code) {
                rules.push(found.code);
            }
            let index = rules.iter().position(|rule| *rule == found.code);
            results.push(result(found, index, &loaded.sources));
        }
    }
    let rules: Vec<Json> = rules.into_iter().map(rule).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "standfast", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Json {
    json!({
        "id": code.to_string(),
        "shortDescription": { "text": code.meaning() },
        "defaultConfiguration": { "level": word(code.severity) },
    })
}

fn result(found: &Diagnostic, rule: Option<usize>, sources: &Sources) -> Json {
    let text = match &found.help {
        Some(help) => format!("{} ({help})", found.message),
        None => found.message.clone(),
    };
    let locations: Vec<Json> = found.span.iter().map(|&span| location(sources, span, None)).collect();
    let steps = found.span.map(|span| sources.steps(span)).unwrap_or_default();
    let related: Vec<Json> = steps
        .iter()
        .map(|(span, what)| location(sources, *span, Some(what)))
        .chain(found.related.iter().map(|(span, what)| location(sources, *span, Some(what))))
        .collect();
    json!({
        "ruleId": found.code.to_string(),
        "ruleIndex": rule,
        "level": word(found.severity),
        "message": { "text": text },
        "occurrenceCount": found.repeats + 1,
        "locations": locations,
        "relatedLocations": related,
    })
}

fn location(sources: &Sources, span: Span, what: Option<&str>) -> Json {
    let place = sources.place(span);
    let mut json = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&place.file) },
            "region": {
                "startLine": place.line,
                "startColumn": place.column,
                "endColumn": place.column.saturating_add(sources.width(span)),
            },
        },
    });
    if let (Json::Object(json), Some(what)) = (&mut json, what) {
        json.insert("message".into(), json!({ "text": what }));
    }
    json
}

/// A path as a URI: absolute ones begin with `file://`, relative ones stay relative.
pub fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Assumed, InMemory, Request, load};

    #[test]
    fn a_mistake_in_an_included_file_is_told_with_its_place_and_the_way_there() {
        let files = InMemory::one("/e/k.conf", "include lan one.conf\n")
            .with("/e/lan one.conf", "vrrp_instance A {\n  interfce eth0\n}\n");
        let loaded = load(&Request::new("/e/k.conf"), &files, &Assumed::default());
        let log = log(std::iter::once(&loaded));
        let run = &log["runs"][0];
        let result = &run["results"][0];
        assert_eq!(result["ruleId"], "SF0201");
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "SF0201");
        let physical = &result["locations"][0]["physicalLocation"];
        assert_eq!(physical["artifactLocation"]["uri"], "file:///e/lan%20one.conf");
        assert_eq!(physical["region"], json!({ "startLine": 2, "startColumn": 3, "endColumn": 11 }));
        assert_eq!(result["relatedLocations"][0]["message"]["text"], "included here");

        let json = crate::diagnostic::json::report("/e/k.conf", &loaded);
        let found = &json["diagnostics"][0];
        assert_eq!((&found["code"], &found["severity"]), (&json!("SF0201"), &json!("error")));
        assert_eq!(found["place"]["line"], 2);
        assert_eq!(found["via"][0]["file"], "/e/k.conf");
        assert_eq!(found["help"], "did you mean `interface`?");
        assert_eq!((&json["status"], &json["runs"]), (&json!(5), &json!(false)));
    }
}
