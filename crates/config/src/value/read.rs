//! Walking a block's lines and filling its struct from the rows.

use super::{Kind, Set};
use crate::diagnostic::{Class, Code, Diagnostic, Report, Severity, code};
use crate::source::{Sources, Span};
use crate::table::{Block, Keyword, Missing, Rows, Shape};
use crate::tree::{NodeId, Tree};

/// What reading a block needs.
pub(crate) struct Reader<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) sources: &'a Sources,
    pub(crate) report: &'a mut Report,
    /// The keywords outside all blocks, for hints.
    pub(crate) outermost: &'static dyn Rows,
    /// This is a test: numbers are taken strictly.
    pub(crate) test: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn text(&self, span: Span) -> &'a str {
        self.sources.text(span)
    }

    /// The words behind a node's keyword.
    pub(crate) fn arguments(&self, node: NodeId) -> &'a [Span] {
        self.tree.words(node).get(1..).unwrap_or_default()
    }

    /// The span of a node's keyword.
    pub(crate) fn keyword(&self, node: NodeId) -> Span {
        self.tree.words(node).first().copied().unwrap_or_default()
    }

    pub(crate) fn complain(&mut self, code: Code, at: Span, message: impl Into<String>) {
        self.report.add(Diagnostic::new(code, at, message));
    }

    /// Reads the lines of a block.
    pub(crate) fn block<B>(&mut self, block: &Block<B>, node: NodeId, into: &mut B) {
        let children = self.tree.children(node);
        for child in children {
            self.line(block, child, into);
        }
    }

    /// Reads one line of a block.
    pub(crate) fn line<B>(&mut self, block: &Block<B>, node: NodeId, into: &mut B) {
        self.report.settle(self.sources);
        let has_block = self.tree.node(node).is_some_and(|node| node.has_block);
        let unmatched = self.tree.node(node).is_some_and(|node| node.unmatched);
        let Some(&first) = self.tree.words(node).first() else {
            if has_block {
                self.complain(
                    code::NO_BLOCK_HERE,
                    self.place_of(node),
                    "A block that no keyword opens is left out",
                );
            } else {
                self.complain(
                    code::UNMATCHED_QUOTE,
                    self.place_of(node),
                    "A quotation mark without its partner",
                );
            }
            return;
        };
        let word = self.text(first);
        let Some(row) = block.find(word) else {
            self.unknown(block, first, has_block);
            return;
        };
        let script = matches!(row.kind.shape(), Shape::Script);
        if unmatched && !script {
            let message =
                format!("A quotation mark without its partner; the rest of the `{word}` line is left out");
            self.complain(code::UNMATCHED_QUOTE, self.place_of(node), message);
        }
        if has_block && matches!(row.kind.shape(), Shape::Line | Shape::Script) {
            let found = Diagnostic::new(
                code::NO_BLOCK_HERE,
                first,
                format!("`{word}` takes no block; it is left out"),
            );
            self.report.add(found.help("its lines are not read as lines of the block around it"));
        }
        if let Some(by) = row.deprecated {
            let found = Diagnostic::new(code::DEPRECATED, first, format!("`{word}` is an old spelling"));
            let class = if row.borne { Class::Silent } else { found.class };
            self.report.add(found.help(format!("write `{by}`")).class(class));
        }
        self.value(row, node, into);
    }

    /// What was probably meant by a word of which something is going to be said; `None` if nothing is like it, and
    /// where nobody would see it.
    pub(crate) fn guess<'n>(
        &self,
        code: Code,
        at: Span,
        word: &str,
        names: impl Iterator<Item = &'n str>,
    ) -> Option<&'n str> {
        self.report.guess((code, at, self.sources), word, names)
    }

    /// The whole line of a node.
    pub(crate) fn place_of(&self, node: NodeId) -> Span {
        self.tree.node(node).map_or(Span::default(), |node| node.line)
    }

    fn unknown<B>(&mut self, block: &Block<B>, at: Span, has_block: bool) {
        let word = self.text(at);
        let place =
            if block.name.is_empty() { "outside all blocks".into() } else { format!("in {}", block.name) };
        let behind = if has_block { "; its block is left out with it" } else { "" };
        let message = format!("Unknown keyword '{word}' {place}{behind}");
        let near = self.guess(code::UNKNOWN_KEYWORD, at, word, block.names().into_iter());
        let help = match near {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None if has_block && self.outermost.shape(word).is_some() => {
                Some(format!("`{word}` stands outside all blocks: is a }} missing above?"))
            }
            None => None,
        };
        self.report.add(Diagnostic::new(code::UNKNOWN_KEYWORD, at, message).maybe_help(help));
    }

    pub(crate) fn not_yet(&mut self, at: Span, feature: &str) {
        let message = format!("`{}` is not yet supported; it has no effect", self.text(at));
        let help = (!feature.is_empty()).then(|| format!("it belongs to {feature}"));
        let found = Diagnostic::new(code::NOT_YET, at, message).class(Class::Silent).maybe_help(help);
        self.report.add(found);
    }

    fn value<B>(&mut self, row: &Keyword<B>, node: NodeId, into: &mut B) {
        let at = self.keyword(node);
        if row.once
            && let Some(first) = row.kind.set_at(into)
        {
            self.second(row.name, at, first);
            return;
        }
        if row.replaces
            && let Some(first) = row.kind.set_at(into)
        {
            let message = format!("`{}` stands here a second time", row.name);
            let found = Diagnostic::new(code::DUPLICATE, at, message);
            self.report.add(found.related(first, "the first, which this one replaces"));
        }
        match &row.kind {
            Kind::Flag(field, value) => *field(into) = Some(Set { value: *value, at }),
            Kind::Switch(field) => self.switch(*field, node, into),
            Kind::Number(field, least, most) => self.number(row, *field, (*least, *most), node, into),
            Kind::Signed(field, least, most) => self.signed(row, *field, (*least, *most), node, into),
            Kind::NumberOr(field, least, most, alone) => {
                self.number_or(row, *field, (*least, *most), *alone, node, into);
            }
            Kind::Weight(field, most) => self.weight(row, *field, *most, node, into),
            Kind::Choice(field, words) => self.choice(row, *field, words, node, into),
            Kind::Words(field) => self.words(row, *field, node, into),
            Kind::Seconds(field, least, most, decimals) => {
                self.seconds(row, *field, (*least, *most), *decimals, node, into);
            }
            Kind::Milliseconds(field, least, most) => {
                self.milliseconds(row, *field, (*least, *most), node, into);
            }
            Kind::Text(field, most) => self.string(row, *field, *most, node, into),
            Kind::Link(field) => {
                if let Some(at) = self.argument(row, node)
                    && let Some(link) = self.link(at)
                {
                    *field(into) = Some(Set { value: link, at });
                }
            }
            Kind::Address(field) => {
                if let Some(at) = self.argument(row, node)
                    && let Some(address) = self.address(at)
                {
                    *field(into) = Some(Set { value: address, at });
                }
            }
            Kind::Script(field) => self.script(row, *field, node, into),
            Kind::Lines(field) => field(into).push(node),
            Kind::Block(_, read) | Kind::Custom(_, read) => read(self, node, into),
        }
        if let Some(feature) = row.later {
            self.not_yet(at, feature);
        }
    }

    /// A keyword that stands a second time where the first counts.
    pub(crate) fn second(&mut self, name: &str, at: Span, first: Span) {
        let found = Diagnostic::new(code::DUPLICATE, at, format!("`{name}` stands here a second time"));
        self.report.add(found.related(first, "the first, which counts"));
    }

    /// The first word behind a keyword; its lack is answered as the row says.
    pub(crate) fn argument<B>(&mut self, row: &Keyword<B>, node: NodeId) -> Option<Span> {
        if let Some(&first) = self.arguments(node).first() {
            return Some(first);
        }
        self.lacks_word(node, row.missing);
        None
    }

    /// A keyword without the word that must follow it.
    pub(crate) fn lacks_word(&mut self, node: NodeId, missing: Missing) {
        let at = self.keyword(node);
        let name = self.text(at);
        let found = Diagnostic::new(code::MISSING_WORD, at, format!("`{name}` is missing a parameter"));
        match missing {
            Missing::Stops => {
                self.report.add(found.label("a word must follow").class(Class::Stop).refuses(2))
            }
            Missing::Complaint => self.report.add(found.label("a word must follow")),
            Missing::Nothing => self.report.add(found.severity(Severity::Note).class(Class::Silent)),
        }
    }
}
