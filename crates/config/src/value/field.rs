//! Filling the field of a row from the words of a line.

use std::time::Duration;

use super::{Field, Reader, Set, switch};
use crate::diagnostic::{Diagnostic, code};
use crate::lex;
use crate::source::Span;
use crate::table::{Keyword, Missing};
use crate::tree::NodeId;

impl Reader<'_> {
    pub(super) fn switch<B>(&mut self, field: Field<B, bool>, node: NodeId, into: &mut B) {
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

    pub(super) fn number<B>(
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

    pub(super) fn seconds<B>(
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

    pub(super) fn milliseconds<B>(
        &mut self,
        row: &Keyword<B>,
        field: Field<B, Duration>,
        (least, most): (u64, u64),
        node: NodeId,
        into: &mut B,
    ) {
        let Some(at) = self.argument(row, node) else { return };
        // Seconds a thousand times as long, so that what is said of them is said of milliseconds.
        let bounds = (least.saturating_mul(1000), most.saturating_mul(1000));
        if let Some(value) = self.duration(at, bounds, 3, row.lax) {
            *field(into) = Some(Set { value: value / 1000, at });
        }
    }

    pub(super) fn string<B>(
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

    pub(super) fn script<B>(
        &mut self,
        row: &Keyword<B>,
        field: Field<B, lex::CommandLine>,
        node: NodeId,
        into: &mut B,
    ) {
        let line = self.place_of(node);
        let at = self.keyword(node);
        if let Some(before) = field(into) {
            let found =
                Diagnostic::new(code::DUPLICATE, at, format!("`{}` stands here a second time", row.name));
            self.report.add(found.related(before.at, "the first, which counts"));
            return;
        }
        let behind = crate::expand::trim(self.sources, Span::new(at.end(), line.end()));
        match self.command_line(row.name, node) {
            Some(command) if command.argv.is_empty() => {
                // As keepalived: reading goes on behind an empty word.
                let empty = row.missing == Missing::Stops && !self.arguments(node).is_empty();
                self.lacks_word(node, if empty { Missing::Nothing } else { row.missing });
            }
            Some(command) => *field(into) = Some(Set { value: command, at: behind }),
            None => {}
        }
    }

    /// What stands behind a keyword, read as a script; complains and gives `None` if a quotation mark lacks its partner.
    pub(crate) fn command_line(&mut self, name: &str, node: NodeId) -> Option<lex::CommandLine> {
        let behind = Span::new(self.keyword(node).end(), self.place_of(node).end());
        match lex::command_line(self.text(behind)) {
            Ok(command) => Some(command),
            Err(quote) => {
                let message = format!("A {quote} without its partner; `{name}` is ignored");
                self.complain(code::UNMATCHED_QUOTE, crate::expand::trim(self.sources, behind), message);
                None
            }
        }
    }

    pub(super) fn signed<B>(
        &mut self,
        row: &Keyword<B>,
        field: Field<B, i64>,
        (least, most): (i64, i64),
        node: NodeId,
        into: &mut B,
    ) {
        let Some(at) = self.argument(row, node) else { return };
        match self.integer(at, i128::from(least), i128::from(most), row.lax) {
            Some(value) => *field(into) = i64::try_from(value).ok().map(|value| Set { value, at }),
            None => {
                if let Some(value) = row.bad {
                    *field(into) = i64::try_from(value).ok().map(|value| Set { value, at });
                }
            }
        }
    }

    pub(super) fn number_or<B>(
        &mut self,
        row: &Keyword<B>,
        field: Field<B, i64>,
        (least, most): (i64, i64),
        alone: i64,
        node: NodeId,
        into: &mut B,
    ) {
        let Some(&at) = self.arguments(node).first() else {
            *field(into) = Some(Set { value: alone, at: self.keyword(node) });
            return;
        };
        if let Some(value) = self.integer(at, i128::from(least), i128::from(most), row.lax) {
            *field(into) = i64::try_from(value).ok().map(|value| Set { value, at });
        }
    }

    pub(super) fn weight<B>(
        &mut self,
        row: &Keyword<B>,
        field: Field<B, (i16, bool)>,
        most: i16,
        node: NodeId,
        into: &mut B,
    ) {
        let Some(at) = self.argument(row, node) else { return };
        let read = self.integer(at, -i128::from(most), i128::from(most), row.lax);
        let value = read.or(row.bad.map(i128::from)).and_then(|value| i16::try_from(value).ok());
        let Some(value) = value else { return };
        let mut reverse = false;
        if let Some(&word) = self.arguments(node).get(1) {
            match self.text(word) {
                "reverse" => reverse = true,
                other => {
                    let message = format!("`{other}` behind a weight is not understood");
                    self.report
                        .add(Diagnostic::new(code::BAD_WORD, word, message).help("reverse, or nothing"));
                }
            }
        }
        *field(into) = Some(Set { value: (value, reverse), at });
    }

    pub(super) fn choice<B>(
        &mut self,
        row: &Keyword<B>,
        field: Field<B, &'static str>,
        words: &'static [&'static str],
        node: NodeId,
        into: &mut B,
    ) {
        let Some(at) = self.argument(row, node) else { return };
        let word = self.text(at);
        match words.iter().find(|known| **known == word) {
            Some(value) => *field(into) = Some(Set { value, at }),
            None => {
                let message = format!("`{word}` may not stand behind `{}`; the line is ignored", row.name);
                self.report.add(Diagnostic::new(code::BAD_WORD, at, message).help(words.join(", ")));
            }
        }
    }

    pub(super) fn words<B>(
        &mut self,
        row: &Keyword<B>,
        field: Field<B, Vec<String>>,
        node: NodeId,
        into: &mut B,
    ) {
        let Some(at) = self.argument(row, node) else { return };
        let words = self.arguments(node).iter().map(|word| self.text(*word).to_owned()).collect();
        *field(into) = Some(Set { value: words, at });
    }
}
