//! What is read and checked and that nobody obeys yet, by feature: the list in the compatibility page.

use std::collections::{BTreeMap, BTreeSet};

use super::blocks;
use crate::table::BlockRows;

/// Where the list begins in a page.
pub const BEGIN: &str = "<!-- not-yet-obeyed:begin -->";
/// Where it ends.
pub const END: &str = "<!-- not-yet-obeyed:end -->";

/// Features with the keywords that belong to them, as `block/keyword`. A block of which nothing is obeyed stands as
/// `block/*`. Sorted by feature.
pub fn features() -> BTreeMap<&'static str, Vec<String>> {
    let mut features: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let whole: BTreeMap<&str, &'static str> =
        blocks().iter().filter_map(|block| Some((block.path.as_str(), feature_of(block)?))).collect();
    for block in blocks() {
        let inside = |outer: &&str| block.path.strip_prefix(*outer).is_some_and(|rest| rest.starts_with('/'));
        if whole.keys().any(inside) {
            continue;
        }
        if let Some(feature) = whole.get(block.path.as_str()) {
            features.entry(feature).or_default().push(format!("{}/*", block.path));
            continue;
        }
        let prefix = if block.path.is_empty() { String::new() } else { format!("{}/", block.path) };
        for row in &block.rows {
            if let Some(feature) = row.not_yet {
                features.entry(feature).or_default().push(format!("{prefix}{}", row.name));
            }
        }
    }
    features
}

/// The feature of a block of which nothing is obeyed.
fn feature_of(block: &BlockRows) -> Option<&'static str> {
    let mut features = block.rows.iter().map(|row| row.not_yet);
    let first = features.next()??;
    features.all(|feature| feature == Some(first)).then_some(first)
}

/// The list as a table of Markdown, without the marks around it.
pub fn table() -> String {
    let mut text = String::from("| Feature | Keywords |\n|---|---|\n");
    for (feature, keywords) in features() {
        let mut seen = BTreeSet::new();
        let unique = keywords.iter().filter(|keyword| seen.insert(keyword.as_str()));
        let keywords: Vec<String> = unique.map(|keyword| format!("`{keyword}`")).collect();
        text += &format!("| {feature} | {} |\n", keywords.join(", "));
    }
    text
}

/// A page with the list between its marks as it is now; a page without marks stays as it is.
pub fn renewed(page: &str) -> String {
    let parts = page.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    match parts {
        Some((before, after)) => format!("{before}{BEGIN}\n{}{END}{after}", table()),
        None => page.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many lines the list has at most. It may only fall.
    const MOST: usize = 200;

    #[test]
    fn the_list_may_only_shrink() {
        let count: usize = features().values().map(Vec::len).sum();
        assert!(count <= MOST, "{count} keywords are not obeyed, {MOST} were: {:#?}", features());
    }

    #[test]
    fn the_compatibility_page_has_the_list() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../COMPATIBILITY.md");
        let page = std::fs::read_to_string(page).unwrap();
        assert!(page.contains(BEGIN) && page.contains(END));
        assert!(renewed(&page) == page, "run: cargo run -p standfast -- reference write .");
    }
}
