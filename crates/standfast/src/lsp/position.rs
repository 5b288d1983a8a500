//! Places: paths and URIs, characters and the protocol's UTF-16 code units.

use lsp_types::{Position, Range, Uri};

/// The path of a document; what is no file keeps its URI as its path.
pub(super) fn path_of(uri: &Uri) -> String {
    let text = uri.as_str();
    let Some(rest) = text.strip_prefix("file://") else { return text.to_owned() };
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    decoded(path)
}

/// The URI of a path.
pub(super) fn uri_of(path: &str) -> Option<Uri> {
    super::uri(&config::diagnostic::sarif::uri(path))
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The line that a position is on, and how many bytes of it come before.
pub(super) fn line_at(text: &str, position: Position) -> (&str, usize) {
    let number = usize::try_from(position.line).unwrap_or(usize::MAX);
    let line = text.split('\n').nth(number).unwrap_or("");
    let line = line.strip_suffix('\r').unwrap_or(line);
    (line, bytes_of(line, position.character))
}

/// The text before a position.
pub(super) fn before(text: &str, position: Position) -> &str {
    let number = usize::try_from(position.line).unwrap_or(usize::MAX);
    let start = match number.checked_sub(1) {
        None => 0,
        Some(before) => text.match_indices('\n').nth(before).map_or(text.len(), |(at, _)| at + 1),
    };
    let (_, within) = line_at(text, position);
    text.get(..start + within).unwrap_or(text)
}

/// Bytes before so many code units of a line; all of them if there are fewer.
fn bytes_of(line: &str, units: u32) -> usize {
    let mut left = units;
    for (at, c) in line.char_indices() {
        let width = if c.len_utf16() == 2 { 2 } else { 1 };
        if left < width {
            return at;
        }
        left -= width;
    }
    line.len()
}

/// Code units before so many bytes of a line.
pub(super) fn units(line: &str, bytes: usize) -> u32 {
    let head = line.get(..bytes).unwrap_or(line);
    u32::try_from(head.encode_utf16().count()).unwrap_or(u32::MAX)
}

/// A range of bytes of a line.
pub(super) fn range(number: u32, line: &str, bytes: std::ops::Range<usize>) -> Range {
    Range::new(Position::new(number, units(line, bytes.start)), Position::new(number, units(line, bytes.end)))
}

/// The range of so many characters from a place (line and column from 1) of a text.
pub(super) fn range_of(text: &str, line: u32, column: u32, width: u32) -> Range {
    let number = line.saturating_sub(1);
    let content = text.split('\n').nth(usize::try_from(number).unwrap_or(usize::MAX)).unwrap_or("");
    let content = content.strip_suffix('\r').unwrap_or(content);
    let byte = |chars: u32| {
        let chars = usize::try_from(chars).unwrap_or(usize::MAX);
        content.char_indices().nth(chars).map_or(content.len(), |(at, _)| at)
    };
    let start = column.saturating_sub(1);
    range(number, content, byte(start)..byte(start.saturating_add(width)))
}

/// Whether a position is in a range, its end included: there a cursor stands behind the word.
pub(super) fn is_in(position: Position, range: Range) -> bool {
    range.start <= position && position <= range.end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_in_code_units() {
        let text = "a\r\nüb😀c\n";
        assert_eq!(range_of(text, 2, 3, 2), Range::new(Position::new(1, 2), Position::new(1, 5)));
        assert_eq!(line_at(text, Position::new(1, 4)), ("üb😀c", "üb😀".len()));
        assert_eq!(line_at(text, Position::new(1, 3)), ("üb😀c", "üb".len()));
        assert_eq!(before(text, Position::new(1, 1)), "a\r\nü");
        assert_eq!(before(text, Position::new(7, 7)), text);
        assert_eq!(line_at(text, Position::new(70, 7)), ("", 0));
    }

    #[test]
    fn paths_and_uris_are_the_same_both_ways() {
        for path in ["/etc/keepalived/keepalived.conf", "/a b/ü#%.conf"] {
            assert_eq!(path_of(&uri_of(path).unwrap()), path);
        }
        assert_eq!(path_of(&super::super::uri("untitled:One").unwrap()), "untitled:One");
        assert_eq!(decoded("%zz%4"), "%zz%4");
    }
}
