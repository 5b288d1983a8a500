//! Indentation by the braces, line by line; nothing else is touched.

use config::outline::text::indented;
use lsp_types::{FormattingOptions, TextEdit, Uri};

use super::documents::Documents;
use super::position::{path_of, range};

/// Widest indentation that is taken from an editor's settings.
const WIDEST: u32 = 16;

pub(super) fn format(documents: &Documents, uri: &Uri, options: &FormattingOptions) -> Vec<TextEdit> {
    let Some(text) = documents.text(&path_of(uri)) else { return Vec::new() };
    let width = usize::try_from(options.tab_size.min(WIDEST)).unwrap_or(4);
    let unit = if options.insert_spaces { " ".repeat(width) } else { "\t".into() };
    let tidy = indented(&text, &unit);
    let lines = text.split('\n').zip(tidy.split('\n'));
    (0..)
        .zip(lines)
        .filter_map(|(number, (old, new))| {
            // The line's end stays as it is.
            let old = old.strip_suffix('\r').unwrap_or(old);
            let new = new.strip_suffix('\r').unwrap_or(new);
            (old != new).then(|| TextEdit::new(range(number, old, 0..old.len()), new.to_owned()))
        })
        .collect()
}
