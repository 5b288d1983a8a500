//! Walking a block's lines and filling its struct from the rows.

use std::net::IpAddr;
use std::time::Duration;

use host::LinkName;

use super::{Field, Kind, Set, leading_decimal, leading_integer, switch};
use crate::diagnostic::{Class, Code, Diagnostic, Report, Severity, code};
use crate::lex;
use crate::source::{Sources, Span};
use crate::table::{Block, Keyword, Missing, Rows, Shape};
use crate::tree::{NodeId, Tree, suggestion};

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
            self.report.add(found.help(format!("write `{by}`")));
        }
        self.value(row, node, into);
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
        let full = self.report.is_full();
        let help = if full { None } else { suggestion(word, block, self.outermost, has_block) };
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
        match &row.kind {
            Kind::Flag(field, value) => *field(into) = Some(Set { value: *value, at }),
            Kind::Switch(field) => self.switch(*field, node, into),
            Kind::Number(field, least, most) => self.number(row, *field, (*least, *most), node, into),
            Kind::Seconds(field, least, most, decimals) => {
                self.seconds(row, *field, (*least, *most), *decimals, node, into);
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
            Kind::Later(_, feature) => self.not_yet(at, feature),
        }
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

    fn switch<B>(&mut self, field: Field<B, bool>, node: NodeId, into: &mut B) {
        let Some(&at) = self.arguments(node).first() else {
            *field(into) = Some(Set { value: true, at: self.keyword(node) });
            return;
        };
        match switch(self.text(at)) {
            Some(value) => *field(into) = Some(Set { value, at }),
            None => {
                let message = format!("`{}` is neither on nor off; the line is ignored", self.text(at));
                self.report.add(
                    Diagnostic::new(code::BAD_WORD, at, message).help("on, off, true, false, yes or no"),
                );
            }
        }
    }

    fn number<B>(
        &mut self,
        row: &Keyword<B>,
        field: Field<B, u64>,
        (least, most): (u64, u64),
        node: NodeId,
        into: &mut B,
    ) {
        let Some(at) = self.argument(row, node) else { return };
        match self.integer(at, i128::from(least), i128::from(most), row.lax) {
            Some(0) if row.zero.is_some() => {
                let value = row.zero.unwrap_or_default();
                self.complain(code::ADJUSTED, at, format!("`{}` of 0 is taken as {value}", row.name));
                *field(into) = Some(Set { value, at });
            }
            Some(value) => *field(into) = u64::try_from(value).ok().map(|value| Set { value, at }),
            None => {
                if let Some(value) = row.bad {
                    *field(into) = Some(Set { value, at });
                }
            }
        }
    }

    /// A whole number within bounds; complains and gives `None` otherwise.
    pub(crate) fn integer(&mut self, at: Span, least: i128, most: i128, lax: bool) -> Option<i128> {
        let word = self.text(at);
        let range = format!("a number from {least} to {most} belongs here");
        let Some((value, rubbish)) = leading_integer(word) else {
            self.report
                .add(Diagnostic::new(code::BAD_NUMBER, at, format!("`{word}` is not a number")).help(range));
            return None;
        };
        if rubbish && !(lax && !self.test && (least..=most).contains(&value)) {
            let found = Diagnostic::new(code::BAD_NUMBER, at, format!("`{word}` is not a number"));
            self.report.add(found.help(range));
            return None;
        }
        if !(least..=most).contains(&value) {
            let found = Diagnostic::new(code::BAD_NUMBER, at, format!("{word} is outside {least} to {most}"));
            self.report.add(found.label("out of range"));
            return None;
        }
        if rubbish {
            let found = Diagnostic::new(code::LAX_NUMBER, at, format!("`{word}` is taken as {value}"));
            self.report.add(found.help("a configuration test refuses it"));
        }
        Some(value)
    }

    fn seconds<B>(
        &mut self,
        row: &Keyword<B>,
        field: Field<B, Duration>,
        bounds: (u64, u64),
        decimals: u8,
        node: NodeId,
        into: &mut B,
    ) {
        let Some(at) = self.argument(row, node) else { return };
        match self.duration(at, bounds, decimals, row.lax) {
            Some(value) if value.is_zero() && row.zero.is_some() => {
                let seconds = row.zero.unwrap_or_default();
                self.complain(code::ADJUSTED, at, format!("`{}` of 0 is taken as {seconds}", row.name));
                *field(into) = Some(Set { value: Duration::from_secs(seconds), at });
            }
            Some(value) => *field(into) = Some(Set { value, at }),
            None => {
                if let Some(seconds) = row.bad {
                    *field(into) = Some(Set { value: Duration::from_secs(seconds), at });
                }
            }
        }
    }

    /// A decimal number of seconds, bounds in microseconds; complains and gives `None` otherwise.
    pub(crate) fn duration(
        &mut self,
        at: Span,
        (least, most): (u64, u64),
        decimals: u8,
        lax: bool,
    ) -> Option<Duration> {
        let word = self.text(at);
        let Some((value, more, rubbish)) = leading_decimal(word, decimals) else {
            self.complain(code::BAD_NUMBER, at, format!("`{word}` is not a number of seconds"));
            return None;
        };
        let scale = 10_u128.saturating_pow(u32::from(6_u8.saturating_sub(decimals)));
        let micros = u64::try_from(value.saturating_mul(scale)).unwrap_or(u64::MAX);
        let inside = (least..=most).contains(&micros);
        if rubbish && !(lax && !self.test && inside) {
            self.complain(code::BAD_NUMBER, at, format!("`{word}` is not a number of seconds"));
            return None;
        }
        if !inside {
            let (least, most) = (Duration::from_micros(least), Duration::from_micros(most));
            let message =
                format!("{word} is outside {} to {} seconds", least.as_secs_f64(), most.as_secs_f64());
            self.report.add(Diagnostic::new(code::BAD_NUMBER, at, message).label("out of range"));
            return None;
        }
        if more {
            self.complain(
                code::ADJUSTED,
                at,
                format!("{word} has more than {decimals} decimals; it is rounded"),
            );
            if self.test {
                return None;
            }
        }
        if rubbish {
            self.complain(code::LAX_NUMBER, at, format!("`{word}` is taken without what follows the number"));
        }
        Some(Duration::from_micros(micros))
    }

    fn string<B>(
        &mut self,
        row: &Keyword<B>,
        field: Field<B, String>,
        most: usize,
        node: NodeId,
        into: &mut B,
    ) {
        let Some(at) = self.argument(row, node) else { return };
        let mut value = self.text(at).to_owned();
        if value.len() > most {
            let mut end = most;
            while !value.is_char_boundary(end) {
                end -= 1;
            }
            value.truncate(end);
            self.complain(
                code::TOO_LONG,
                at,
                format!("`{}` is cut to `{value}`, {most} bytes at most", row.name),
            );
        }
        *field(into) = Some(Set { value, at });
    }

    /// The name of an interface; complains if no kernel could accept it.
    pub(crate) fn link(&mut self, at: Span) -> Option<LinkName> {
        match LinkName::new(self.text(at)) {
            Ok(link) => Some(link),
            Err(why) => {
                self.complain(code::BAD_LINK, at, format!("`{}` is no interface: {why}", self.text(at)));
                None
            }
        }
    }

    /// An address; complains if it is none.
    pub(crate) fn address(&mut self, at: Span) -> Option<IpAddr> {
        match self.text(at).parse() {
            Ok(address) => Some(address),
            Err(_) => {
                self.complain(code::BAD_ADDRESS, at, format!("`{}` is not an address", self.text(at)));
                None
            }
        }
    }

    fn script<B>(&mut self, row: &Keyword<B>, field: Field<B, lex::CommandLine>, node: NodeId, into: &mut B) {
        let line = self.place_of(node);
        let at = self.keyword(node);
        if let Some(before) = field(into) {
            let found =
                Diagnostic::new(code::DUPLICATE, at, format!("`{}` stands here a second time", row.name));
            self.report.add(found.related(before.at, "the first, which counts"));
            return;
        }
        let behind = Span::new(at.end(), line.end());
        match lex::command_line(self.text(behind)) {
            Ok(command) if command.argv.is_empty() => self.lacks_word(node, row.missing),
            Ok(command) => {
                *field(into) = Some(Set { value: command, at: crate::expand::trim(self.sources, behind) })
            }
            Err(quote) => {
                let message = format!("A {quote} without its partner; `{}` is ignored", row.name);
                self.complain(code::UNMATCHED_QUOTE, crate::expand::trim(self.sources, behind), message);
            }
        }
    }
}
