//! What stands under the cursor, explained.

use config::outline::text::{Inside, definitions, inside};
use config::outline::{Named, Role};
use config::reference::{self, markdown};
use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind, Position, TextDocumentPositionParams};

use super::complete::start_of;
use super::documents::Documents;
use super::position::{line_at, path_of, units};
use super::reading::Reading;

pub(super) fn hover(documents: &Documents, at: &TextDocumentPositionParams) -> Option<Hover> {
    let path = path_of(&at.text_document.uri);
    let text = documents.text(&path)?;
    let (line, byte) = line_at(&text, at.position);
    let reading = Reading::of(documents, &path);
    let value = variable(documents, &reading, line, byte)
        .or_else(|| name(documents, &reading, &path, at.position))
        .or_else(|| keyword(documents, &reading, &path, &text, at.position))?;
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value }),
        range: None,
    })
}

/// Where the word at a byte of a line ends.
fn word_end(line: &str, byte: usize) -> usize {
    let rest = line.get(byte..).unwrap_or("");
    let ends = |c: char| c.is_whitespace() || matches!(c, '{' | '}' | '"' | '#' | '!');
    byte + rest.find(ends).unwrap_or(rest.len())
}

fn keyword(
    documents: &Documents,
    reading: &Reading,
    path: &str,
    text: &str,
    position: Position,
) -> Option<String> {
    let (line, byte) = line_at(text, position);
    let end = Position::new(position.line, units(line, word_end(line, byte)));
    let here = inside(super::position::before(text, end), &start_of(documents, reading, path));
    let Inside { path, lines_of, unknown, words } = here;
    let word = words.last()?;
    if unknown || word.is_empty() {
        return None;
    }
    let of_line = match &lines_of {
        Some(keyword) => reference::row(&path, keyword)?,
        None if words.len() == 1 => return reference::row(&path, word).map(markdown::entry),
        None => reference::row(&path, words.first()?)?,
    };
    of_line.options.iter().find(|option| option.name == word).map(markdown::option_entry)
}

fn name(documents: &Documents, reading: &Reading, path: &str, position: Position) -> Option<String> {
    let name = reading.name_at(documents, path, position)?;
    let sources = &reading.outline.sources;
    let kind = match name.named {
        Named::Instance => "vrrp_instance",
        Named::SyncGroup => "vrrp_sync_group",
        Named::Script => "vrrp_script",
        Named::File => "track_file",
        Named::Process => "vrrp_track_process",
        Named::Session => "bfd_instance",
        Named::ServerGroup => "virtual_server_group",
        Named::TrackGroup => "track_group",
    };
    let places = reading.places_of(&name);
    let defined = places.iter().find(|place| place.role == Role::Defines);
    let uses = places.iter().filter(|place| place.role == Role::Uses).count();
    let at = match defined {
        Some(place) => format!("defined at {}", sources.place(place.span)),
        None => "not defined".into(),
    };
    Some(format!("`{kind} {}`\n\n{at}, used {uses} times", sources.text(name.span)))
}

fn variable(documents: &Documents, reading: &Reading, line: &str, byte: usize) -> Option<String> {
    let (_, wanted, _) =
        definitions(line).into_iter().find(|(at, _, _)| at.start <= byte && byte <= at.end)?;
    let mut found = Vec::new();
    for file in reading.files() {
        let text = documents.text(&file).unwrap_or_default();
        for (number, line) in text.lines().enumerate() {
            let gives = |(_, name, role): (std::ops::Range<usize>, &str, Role)| {
                name == wanted && role == Role::Defines
            };
            if definitions(line).into_iter().any(gives) {
                found.push(format!("```text\n{}\n```\n{file}:{}", line.trim(), number + 1));
            }
        }
    }
    if found.is_empty() {
        return Some(format!("`${wanted}` is not defined in this configuration"));
    }
    Some(found.join("\n\n"))
}
