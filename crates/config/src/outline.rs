//! A configuration as it stands, for tools that look at it: what it sets and where, the names that it gives and uses,
//! and a tidy copy of it.
//!
//! [`read`] goes as far as the tree: includes, definitions, conditions and sequences are obeyed, keywords are in their
//! blocks, nothing is resolved yet. The rows tell the rest: `settings` makes JSON of it with each value's place,
//! `print` writes it down again, `name` finds who is called what.

mod name;
mod print;
mod settings;
pub mod text;

use crate::diagnostic::Report;
use crate::expand::Expander;
use crate::files::Files;
use crate::load::{Loaded, Request};
use crate::reference;
use crate::source::{Sources, Span};
use crate::surroundings::Surroundings;
use crate::table::Row;
use crate::tree::{self, NodeId, Tree};

use crate::block::root::ROOT;
pub use name::{Name, Named, Role};

/// A configuration as lines in blocks.
#[derive(Debug)]
pub struct Outline {
    tree: Tree,
    /// The text, to show places.
    pub sources: Sources,
}

/// Reads a configuration as far as its tree.
pub fn read(request: &Request<'_>, files: &dyn Files, surroundings: &dyn Surroundings) -> Outline {
    let mut sources = Sources::default();
    // `load` finds the same again, and more; nobody asks here.
    let mut report = Report::default();
    let tree = {
        let mut expander = Expander::new(request, files, surroundings, &mut sources, &mut report);
        expander.start(request.path);
        tree::build(&mut expander, &ROOT)
    };
    Outline { tree, sources }
}

/// A configuration resolved, as JSON: `settings` as written, inherited or by default; `places`, where each stands;
/// `engines`, what is obeyed in the end, or null if running it would be wrong.
pub fn effective(outline: &Outline, loaded: &Loaded) -> serde_json::Value {
    let (settings, places) = outline.settings();
    serde_json::json!({ "settings": settings, "places": places, "engines": loaded.effective })
}

/// A line that a row knows.
#[derive(Clone, Copy)]
struct Line<'a> {
    outline: &'a Outline,
    node: NodeId,
    row: &'static Row,
}

impl Outline {
    /// The lines of a block (of the whole for `None`) that its rows know, in order.
    fn lines<'a>(&'a self, block: Option<NodeId>, path: &'a str) -> impl Iterator<Item = Line<'a>> {
        self.nodes(block).filter_map(move |node| {
            let keyword = self.sources.text(*self.tree.words(node).first()?);
            Some(Line { outline: self, node, row: reference::row(path, keyword)? })
        })
    }

    /// All lines of a block, whatever they hold.
    fn nodes(&self, block: Option<NodeId>) -> impl Iterator<Item = NodeId> + '_ {
        match block {
            Some(node) => self.tree.children(node),
            None => self.tree.roots(),
        }
    }

    fn text(&self, span: Span) -> &str {
        self.sources.text(span)
    }
}

impl<'a> Line<'a> {
    /// The words behind the keyword.
    fn words(&self) -> &'a [Span] {
        self.outline.tree.words(self.node).get(1..).unwrap_or_default()
    }

    /// The keyword itself.
    fn keyword(&self) -> Span {
        self.outline.tree.words(self.node).first().copied().unwrap_or_default()
    }

    /// What follows the keyword, quotes and all.
    fn behind(&self) -> Span {
        let line = self.outline.tree.node(self.node).map_or(Span::default(), |node| node.line);
        let keyword = self.keyword();
        crate::expand::trim(&self.outline.sources, Span::new(keyword.end().max(line.start()), line.end()))
    }
}

#[cfg(test)]
mod tests;
