//! Where things are: definitions, uses, the names of a file.

use config::outline::text::{definitions, included};
use config::outline::{Named, Role};
use lsp_types::{
    DocumentSymbolResponse, GotoDefinitionResponse, Location, Position, Range, SymbolInformation, SymbolKind,
    TextDocumentPositionParams, Uri,
};

use super::documents::Documents;
use super::position::{line_at, path_of, range};
use super::reading::Reading;

pub(super) fn definition(
    documents: &Documents,
    at: &TextDocumentPositionParams,
) -> Option<GotoDefinitionResponse> {
    let path = path_of(&at.text_document.uri);
    let text = documents.text(&path)?;
    let (line, byte) = line_at(&text, at.position);
    let reading = Reading::of(documents, &path);
    let mut found = variable(documents, &reading, line, byte, Some(Role::Defines));
    if found.is_empty() {
        found = files(documents, &path, line, byte);
    }
    if found.is_empty()
        && let Some(name) = reading.name_at(documents, &path, at.position)
    {
        let given = reading.places_of(&name).into_iter().filter(|place| place.role == Role::Defines);
        found = given.filter_map(|place| reading.location(documents, place.span)).collect();
    }
    if found.is_empty() {
        found.extend(program(documents, line, byte));
    }
    (!found.is_empty()).then_some(GotoDefinitionResponse::Array(found))
}

pub(super) fn references(
    documents: &Documents,
    at: &TextDocumentPositionParams,
    declared: bool,
) -> Option<Vec<Location>> {
    let path = path_of(&at.text_document.uri);
    let text = documents.text(&path)?;
    let (line, byte) = line_at(&text, at.position);
    let reading = Reading::of(documents, &path);
    let role = if declared { None } else { Some(Role::Uses) };
    let found = variable(documents, &reading, line, byte, role);
    if !found.is_empty() {
        return Some(found);
    }
    let name = reading.name_at(documents, &path, at.position)?;
    let places = reading.places_of(&name).into_iter().filter(|place| declared || place.role == Role::Uses);
    Some(places.filter_map(|place| reading.location(documents, place.span)).collect())
}

/// The names that a document gives.
pub(super) fn symbols(documents: &Documents, uri: &Uri) -> DocumentSymbolResponse {
    let path = path_of(uri);
    let reading = Reading::of(documents, &path);
    let mut found = Vec::new();
    for (name, word) in reading.defined() {
        let Some(location) = reading.location(documents, name.span) else { continue };
        if path_of(&location.uri) != path {
            continue;
        }
        let kind = match name.named {
            Named::Instance => SymbolKind::CLASS,
            Named::SyncGroup | Named::ServerGroup | Named::TrackGroup => SymbolKind::NAMESPACE,
            Named::Script | Named::Process => SymbolKind::FUNCTION,
            Named::File => SymbolKind::FILE,
            Named::Session => SymbolKind::INTERFACE,
        };
        #[expect(deprecated, reason = "the type has no other way to be made")]
        found.push(SymbolInformation {
            name: word.to_owned(),
            kind,
            tags: None,
            deprecated: None,
            location,
            container_name: None,
        });
    }
    DocumentSymbolResponse::Flat(found)
}

/// Places of the definition at a byte of a line.
fn variable(
    documents: &Documents,
    reading: &Reading,
    line: &str,
    byte: usize,
    wanted: Option<Role>,
) -> Vec<Location> {
    let here = definitions(line).into_iter().find(|(at, _, _)| at.start <= byte && byte <= at.end);
    let Some((_, name, _)) = here else { return Vec::new() };
    let mut found = Vec::new();
    for file in reading.files() {
        let (Some(text), Some(uri)) = (documents.text(&file), documents.uri(&file)) else { continue };
        for (number, line) in (0..).zip(text.split('\n')) {
            for (at, other, role) in definitions(line) {
                if other == name && wanted.is_none_or(|wanted| wanted == role) {
                    found.push(Location { uri: uri.clone(), range: range(number, line, at) });
                }
            }
        }
    }
    found
}

/// The files that the line includes.
fn files(documents: &Documents, path: &str, line: &str, byte: usize) -> Vec<Location> {
    let directory = path.rsplit_once('/').map_or(".", |(directory, _)| directory);
    let Some((at, paths)) = included(line, directory, documents) else { return Vec::new() };
    if byte > at.end {
        return Vec::new();
    }
    paths.iter().filter_map(|path| top_of(documents, path)).collect()
}

/// A file of the system that the word at a byte of a line names with its full path: a script, most likely.
fn program(documents: &Documents, line: &str, byte: usize) -> Option<Location> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '{' | '}');
    let start = line.get(..byte)?.rfind(ends).map_or(0, |at| at + 1);
    let end = line.get(byte..)?.find(ends).map_or(line.len(), |at| byte + at);
    let word = line.get(start..end).filter(|word| word.starts_with('/'))?;
    std::fs::metadata(word).is_ok_and(|file| file.is_file()).then(|| top_of(documents, word))?
}

fn top_of(documents: &Documents, path: &str) -> Option<Location> {
    let start = Position::new(0, 0);
    Some(Location { uri: documents.uri(path)?, range: Range::new(start, start) })
}
