//! What may be typed next.

use config::outline::Named;
use config::outline::text::{Inside, definitions, inside};
use config::reference::completion::{self, Candidate};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionItemTag, Documentation, InsertTextFormat, MarkupContent,
    MarkupKind, TextDocumentPositionParams,
};

use super::documents::Documents;
use super::position::{before, path_of};
use super::reading::Reading;

/// The block at the start of a file: that of the line which includes it.
pub(super) fn start_of(documents: &Documents, reading: &Reading, path: &str) -> Inside {
    let Some(place) = reading.outline.sources.included_at(path) else { return Inside::default() };
    let Some(text) = documents.text(&place.file) else { return Inside::default() };
    let lines = usize::try_from(place.line.saturating_sub(1)).unwrap_or(0);
    let head: String = text.split_inclusive('\n').take(lines).collect();
    // A file that includes itself has no beginning.
    let outer =
        if place.file == path { Inside::default() } else { start_of(documents, reading, &place.file) };
    Inside { words: Vec::new(), ..inside(&head, &outer) }
}

pub(super) fn complete(documents: &Documents, at: &TextDocumentPositionParams) -> Vec<CompletionItem> {
    let path = path_of(&at.text_document.uri);
    let Some(text) = documents.text(&path) else { return Vec::new() };
    let before = before(&text, at.position);
    let reading = Reading::of(documents, &path);
    let here = inside(before, &start_of(documents, &reading, &path));
    if here.words.last().is_some_and(|word| word.contains('$')) {
        return variables(documents, &reading);
    }
    if here.unknown {
        return Vec::new();
    }
    match (&here.lines_of, here.words.as_slice()) {
        (Some(keyword), [_]) => {
            let mut items: Vec<CompletionItem> = names(&reading, tracked(keyword));
            if items.is_empty() {
                items.extend(completion::words(&here.path, keyword).into_iter().map(word));
            }
            items
        }
        (Some(keyword), _) if keyword == "group" => names(&reading, Some(Named::Instance)),
        (Some(keyword), _) => completion::words(&here.path, keyword).into_iter().map(word).collect(),
        (None, [] | [_]) => completion::keywords(&here.path).into_iter().map(keyword).collect(),
        (None, [keyword, ..]) => {
            let mut items: Vec<CompletionItem> =
                completion::words(&here.path, keyword).into_iter().map(word).collect();
            items.extend(names(&reading, used_by(&here.path, keyword)));
            items
        }
    }
}

/// What the lines of a block name.
fn tracked(keyword: &str) -> Option<Named> {
    match keyword {
        "track_script" => Some(Named::Script),
        "track_file" => Some(Named::File),
        "track_process" => Some(Named::Process),
        "track_bfd" => Some(Named::Session),
        "group" => Some(Named::Instance),
        _ => None,
    }
}

/// What the words behind a keyword name.
fn used_by(path: &str, keyword: &str) -> Option<Named> {
    match (path.rsplit('/').next().unwrap_or_default(), keyword) {
        ("", "virtual_server") => Some(Named::ServerGroup),
        ("FILE_CHECK", "track_file") => Some(Named::File),
        ("BFD_CHECK", "name") => Some(Named::Session),
        ("global_defs", "lvs_sync_daemon") => Some(Named::Instance),
        _ => None,
    }
}

fn names(reading: &Reading, named: Option<Named>) -> Vec<CompletionItem> {
    let Some(named) = named else { return Vec::new() };
    reading
        .defined()
        .filter(|(name, _)| name.named == named)
        .map(|(_, word)| CompletionItem {
            label: word.to_owned(),
            kind: Some(CompletionItemKind::REFERENCE),
            ..CompletionItem::default()
        })
        .collect()
}

fn variables(documents: &Documents, reading: &Reading) -> Vec<CompletionItem> {
    let mut names: Vec<String> =
        ["_PWD", "_INSTANCE", "_RANDOM", "_ENV", "_HASH", "_BANG"].map(Into::into).into();
    for file in reading.files() {
        let text = documents.text(&file).unwrap_or_default();
        let given =
            text.lines().flat_map(definitions).filter(|(_, _, role)| *role == config::outline::Role::Defines);
        names.extend(given.map(|(_, name, _)| name.to_owned()));
    }
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| CompletionItem {
            label: format!("${{{name}}}"),
            filter_text: Some(format!("${name}")),
            kind: Some(CompletionItemKind::VARIABLE),
            ..CompletionItem::default()
        })
        .collect()
}

fn word(candidate: Candidate) -> CompletionItem {
    CompletionItem {
        insert_text: None,
        insert_text_format: None,
        ..item(candidate, CompletionItemKind::VALUE)
    }
}

fn keyword(candidate: Candidate) -> CompletionItem {
    let is_block = candidate.snippet.ends_with('}') && candidate.snippet.contains('\n');
    item(candidate, if is_block { CompletionItemKind::STRUCT } else { CompletionItemKind::PROPERTY })
}

fn item(candidate: Candidate, kind: CompletionItemKind) -> CompletionItem {
    let Candidate { word, syntax, help, is_old, snippet } = candidate;
    CompletionItem {
        label: word.to_owned(),
        kind: Some(kind),
        detail: (!syntax.is_empty()).then_some(syntax),
        documentation: (!help.is_empty()).then(|| {
            Documentation::MarkupContent(MarkupContent { kind: MarkupKind::PlainText, value: help.into() })
        }),
        tags: is_old.then(|| vec![CompletionItemTag::DEPRECATED]),
        insert_text: Some(snippet),
        insert_text_format: Some(InsertTextFormat::SNIPPET),
        ..CompletionItem::default()
    }
}
