//! Another name for an instance, a script, a group: everywhere, or not at all.

use std::collections::HashMap;

use lsp_types::{PrepareRenameResponse, TextDocumentPositionParams, TextEdit, Uri, WorkspaceEdit};

use super::documents::Documents;
use super::position::path_of;
use super::reading::Reading;

/// What would be renamed here.
pub(super) fn prepare(
    documents: &Documents,
    at: &TextDocumentPositionParams,
) -> Option<PrepareRenameResponse> {
    let path = path_of(&at.text_document.uri);
    let reading = Reading::of(documents, &path);
    let name = reading.name_at(documents, &path, at.position)?;
    let placeholder = reading.outline.sources.text(name.span).to_owned();
    let range = reading.location(documents, name.span)?.range;
    Some(PrepareRenameResponse::RangeWithPlaceholder { range, placeholder })
}

/// The edits, or why there are none.
#[expect(clippy::mutable_key_type, reason = "the protocol's type; its URIs are not changed")]
pub(super) fn rename(
    documents: &Documents,
    at: &TextDocumentPositionParams,
    new: &str,
) -> Result<WorkspaceEdit, String> {
    let path = path_of(&at.text_document.uri);
    let reading = Reading::of(documents, &path);
    let name = reading.name_at(documents, &path, at.position).ok_or("nothing with a name stands here")?;
    let special = |c: char| c.is_whitespace() || matches!(c, '"' | '{' | '}' | '#' | '!' | '$' | '\\');
    if new.is_empty() || new.contains(special) || new.starts_with('@') {
        return Err(format!("`{new}` cannot be a name here"));
    }
    if reading.defined().any(|(other, word)| other.named == name.named && word == new) {
        return Err(format!("there is a `{new}` already"));
    }
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for place in reading.places_of(&name) {
        let sources = &reading.outline.sources;
        if !sources.is_written(place.span) {
            let place = sources.place(place.span);
            return Err(format!("{place}: here the name is made of definitions; rename it by hand"));
        }
        let Some(location) = reading.location(documents, place.span) else { continue };
        let edits = changes.entry(location.uri).or_default();
        // A file that is included twice stands twice in the text, with one place.
        if !edits.iter().any(|edit| edit.range == location.range) {
            edits.push(TextEdit::new(location.range, new.to_owned()));
        }
    }
    Ok(WorkspaceEdit::new(changes))
}
