//! Lines of data: a row of words, each an option or what belongs to one.

use std::net::IpAddr;

use host::{Family, LinkName, Prefix};

use crate::diagnostic::{Code, Diagnostic, code};
use crate::resolve::Resolver;
use crate::resolve::names::Names;
use crate::source::Span;
use crate::table::OptionRow;
use crate::tree::NodeId;
use crate::value::c_integer;

/// The line has to be left out; why has been said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dropped;

/// A line on its way: the words that are still to be read.
pub(crate) struct Line<'l, 'r, 'a> {
    pub(crate) resolver: &'l mut Resolver<'r, 'a>,
    rest: &'r [Span],
    /// The word read last.
    pub(crate) at: Span,
    /// What a line is, for messages.
    what: &'static str,
}

impl<'l, 'r, 'a> Line<'l, 'r, 'a> {
    pub(crate) fn new(resolver: &'l mut Resolver<'r, 'a>, node: NodeId, what: &'static str) -> Self {
        let tree = resolver.reader.tree;
        Self { resolver, rest: tree.words(node), at: Span::default(), what }
    }

    /// The next word.
    pub(crate) fn word(&mut self) -> Option<&'r str> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        self.at = first;
        Some(self.resolver.reader.text(first))
    }

    /// The next word, left where it is.
    pub(crate) fn peek(&self) -> Option<&'r str> {
        Some(self.resolver.reader.text(*self.rest.first()?))
    }

    /// Takes the next word if it is this one.
    pub(crate) fn take(&mut self, word: &str) -> bool {
        let there = self.peek() == Some(word);
        if there {
            self.word();
        }
        there
    }

    /// The word that must stand behind an option.
    pub(crate) fn need(&mut self, option: &str) -> Result<&'r str, Dropped> {
        match self.word() {
            Some(word) => Ok(word),
            None => Err(self.drop(code::MISSING_WORD, format!("nothing stands behind `{option}`"))),
        }
    }

    /// Says why the line is left out.
    pub(crate) fn drop(&mut self, code: Code, why: impl std::fmt::Display) -> Dropped {
        self.warn(code, format!("{why}; the {} is left out", self.what));
        Dropped
    }

    /// Says something about the word read last.
    pub(crate) fn warn(&mut self, code: Code, message: impl Into<String>) {
        let message: String = message.into();
        let mut letters = message.chars();
        let message: String =
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        self.resolver.reader.complain(code, self.at, message);
    }

    /// A word that is no option of these.
    pub(crate) fn unknown(&mut self, word: &str, options: &[OptionRow]) -> Dropped {
        let message = format!("`{word}` is no option of a {what}; the {what} is left out", what = self.what);
        let names = options.iter().map(|option| option.name);
        let near = self.resolver.reader.guess(code::BAD_WORD, self.at, word, names);
        let help = near.map(|near| format!("did you mean `{near}`?"));
        self.resolver.reader.report.add(Diagnostic::new(code::BAD_WORD, self.at, message).maybe_help(help));
        Dropped
    }

    /// A number within bounds, decimal or as in C.
    pub(crate) fn number(&mut self, option: &str, least: i64, most: i64) -> Result<i64, Dropped> {
        let word = self.need(option)?;
        match c_integer(word) {
            Some(number) if (least..=most).contains(&number) => Ok(number),
            Some(_) => Err(self.drop(code::BAD_NUMBER, format!("{word} is outside {least} to {most}"))),
            None => Err(self.drop(code::BAD_NUMBER, format!("`{word}` is not a number"))),
        }
    }

    pub(crate) fn number_u32(&mut self, option: &str) -> Result<u32, Dropped> {
        let number = self.number(option, 0, i64::from(u32::MAX))?;
        u32::try_from(number).map_err(|_| Dropped)
    }

    pub(crate) fn number_u8(&mut self, option: &str) -> Result<u8, Dropped> {
        let number = self.number(option, 0, 255)?;
        u8::try_from(number).map_err(|_| Dropped)
    }

    /// A name out of a table, or its number.
    pub(crate) fn named(&mut self, option: &str, names: Names) -> Result<u32, Dropped> {
        let word = self.need(option)?;
        match self.resolver.number_of(names, word) {
            Some(number) => Ok(number),
            None => Err(self.drop(code::UNKNOWN_NAME, format!("`{word}` is no {}", names.what()))),
        }
    }

    pub(crate) fn named_u8(&mut self, option: &str, names: Names) -> Result<u8, Dropped> {
        let number = self.named(option, names)?;
        u8::try_from(number).map_err(|_| Dropped)
    }

    /// `TO` or `FROM/TO`: destination realm, and source realm in the upper half.
    pub(crate) fn realms(&mut self, option: &str) -> Result<u32, Dropped> {
        let word = self.need(option)?;
        let (from, to) = word.split_once('/').map_or((None, word), |(from, to)| (Some(from), to));
        let to = self.resolver.number_of(Names::Realms, to);
        let from = from.map_or(Some(0), |from| self.resolver.number_of(Names::Realms, from));
        match (from, to) {
            (Some(from), Some(to)) => Ok(from << 16 | to),
            (None, _) | (_, None) => {
                Err(self.drop(code::UNKNOWN_NAME, format!("`{word}` is no realm, and no two")))
            }
        }
    }

    pub(crate) fn address(&mut self, option: &str) -> Result<IpAddr, Dropped> {
        let word = self.need(option)?;
        word.parse().map_err(|_| self.drop(code::BAD_ADDRESS, format!("`{word}` is not an address")))
    }

    pub(crate) fn prefix(&mut self, option: &str) -> Result<Prefix, Dropped> {
        let word = self.need(option)?;
        crate::block::address::prefix(word)
            .ok_or_else(|| self.drop(code::BAD_ADDRESS, format!("`{word}` is not an address with a prefix")))
    }

    /// The name of an interface that is there, or may come later.
    pub(crate) fn link(&mut self, option: &str) -> Result<LinkName, Dropped> {
        let word = self.need(option)?;
        let Ok(link) = LinkName::new(word) else {
            return Err(self.drop(code::BAD_LINK, format!("`{word}` is no interface")));
        };
        if self.resolver.link_may_be_used(&link) {
            return Ok(link);
        }
        self.resolver.no_link(self.at, &link, &format!("for this {}", self.what));
        Err(Dropped)
    }

    /// The family that all parts of a line share.
    pub(crate) fn family(&mut self, settled: &mut Option<Family>, family: Family) -> Result<(), Dropped> {
        match *settled {
            Some(before) if before != family => {
                Err(self.drop(code::FAMILY, format!("{family} does not go with {before} in one line")))
            }
            Some(_) | None => {
                *settled = Some(family);
                Ok(())
            }
        }
    }
}
