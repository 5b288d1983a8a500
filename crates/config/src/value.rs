//! Kinds of values: how each reads its words, and what it says when it cannot.

mod field;
pub(crate) mod read;
mod word;

use std::net::IpAddr;
use std::time::Duration;

use host::LinkName;

use crate::lex::CommandLine;
use crate::source::Span;
use crate::table::{Rows, Shape};
use crate::tree::NodeId;
pub(crate) use read::Reader;

/// A value and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Set<T> {
    pub(crate) value: T,
    pub(crate) at: Span,
}

/// Finds a field of a block's struct.
pub(crate) type Field<B, T> = fn(&mut B) -> &mut Option<Set<T>>;

/// What a keyword takes.
pub(crate) enum Kind<B: 'static> {
    /// No word; sets the field to this.
    Flag(Field<B, bool>, bool),
    /// `on`, `off` and their like; without a word `on`.
    Switch(Field<B, bool>),
    /// A whole number from, to.
    Number(Field<B, u64>, u64, u64),
    /// A whole number from, to, either of which may be below zero.
    Signed(Field<B, i64>, i64, i64),
    /// A whole number from, to; without a word the last.
    NumberOr(Field<B, i64>, i64, i64, i64),
    /// A weight up to so much either way, and perhaps `reverse`.
    Weight(Field<B, (i16, bool)>, i16),
    /// One of these words.
    Choice(Field<B, &'static str>, &'static [&'static str]),
    /// All words of the line, at least one.
    Words(Field<B, Vec<String>>),
    /// A decimal number of seconds: least and most in microseconds, and how many decimals count.
    Seconds(Field<B, Duration>, u64, u64, u8),
    /// A decimal number of milliseconds with three decimals: least and most in microseconds.
    Milliseconds(Field<B, Duration>, u64, u64),
    /// One word, of at most so many bytes.
    Text(Field<B, String>, usize),
    /// The name of an interface.
    Link(Field<B, LinkName>),
    /// An address.
    Address(Field<B, IpAddr>),
    /// A script with its identity; the first of two counts.
    Script(Field<B, CommandLine>),
    /// Lines of data, kept for later; blocks of the same name add up.
    Lines(fn(&mut B) -> &mut Vec<NodeId>),
    /// A block of keywords.
    Block(&'static dyn Rows, fn(&mut Reader<'_>, NodeId, &mut B)),
    /// Something of its own.
    Custom(Shape, fn(&mut Reader<'_>, NodeId, &mut B)),
}

impl<B> Kind<B> {
    /// What stands behind the keyword.
    pub(crate) const fn shape(&self) -> Shape {
        match self {
            Self::Flag(..)
            | Self::Switch(..)
            | Self::Number(..)
            | Self::Signed(..)
            | Self::NumberOr(..)
            | Self::Weight(..)
            | Self::Choice(..)
            | Self::Words(..)
            | Self::Seconds(..)
            | Self::Milliseconds(..)
            | Self::Text(..)
            | Self::Link(..)
            | Self::Address(..) => Shape::Line,
            Self::Script(..) => Shape::Script,
            Self::Lines(..) => Shape::Lines,
            Self::Block(rows, _) => Shape::Block(*rows),
            Self::Custom(shape, _) => *shape,
        }
    }
}

impl<B> Kind<B> {
    /// Where the field was set before, if it was.
    pub(crate) fn set_at(&self, block: &mut B) -> Option<Span> {
        match self {
            Self::Flag(field, _) | Self::Switch(field) => field(block).as_ref().map(|set| set.at),
            Self::Number(field, ..) => field(block).as_ref().map(|set| set.at),
            Self::Signed(field, ..) | Self::NumberOr(field, ..) => field(block).as_ref().map(|set| set.at),
            Self::Weight(field, _) => field(block).as_ref().map(|set| set.at),
            Self::Choice(field, _) => field(block).as_ref().map(|set| set.at),
            Self::Words(field) => field(block).as_ref().map(|set| set.at),
            Self::Seconds(field, ..) | Self::Milliseconds(field, ..) => {
                field(block).as_ref().map(|set| set.at)
            }
            Self::Text(field, _) => field(block).as_ref().map(|set| set.at),
            Self::Link(field) => field(block).as_ref().map(|set| set.at),
            Self::Address(field) => field(block).as_ref().map(|set| set.at),
            Self::Script(field) => field(block).as_ref().map(|set| set.at),
            Self::Lines(_) | Self::Block(..) | Self::Custom(..) => None,
        }
    }
}

/// A number as the C library reads it: decimal, `0x…` or `0…` octal, with a sign.
pub(crate) fn c_integer(word: &str) -> Option<i64> {
    let (negative, digits) = match word.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, word.strip_prefix('+').unwrap_or(word)),
    };
    let (digits, radix) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (digits.get(1..)?, 8),
        None => (digits, 10),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let value = i64::from_str_radix(digits, radix).ok()?;
    Some(if negative { -value } else { value })
}

/// A whole number, and whether something follows it: `7x` is 7 and rubbish. `None` if there is no number at all.
pub(crate) fn leading_integer(word: &str) -> Option<(i128, bool)> {
    let word = word.trim_start();
    let sign = usize::from(word.starts_with(['+', '-']));
    let digits = word.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return None;
    }
    let (number, rest) = word.split_at_checked(sign + digits)?;
    // More digits than fit are a number too large for any range.
    let value = number.parse().unwrap_or(if number.starts_with('-') { i128::MIN } else { i128::MAX });
    Some((value, !rest.is_empty()))
}

/// A decimal number as a count of `10^-decimals`, rounded; whether it had more decimals than that; and whether
/// something follows it. `None` if there is no number at all, or a negative one.
pub(crate) fn leading_decimal(word: &str, decimals: u8) -> Option<(u128, bool, bool)> {
    let word = word.trim_start();
    let word = word.strip_prefix('+').unwrap_or(word);
    let whole_len = word.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = word.split_at_checked(whole_len)?;
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(after) => after.split_at_checked(after.bytes().take_while(u8::is_ascii_digit).count())?,
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value: u128 = if whole.is_empty() { 0 } else { whole.parse().unwrap_or(u128::MAX / 10_000_000) };
    let mut digits = fraction.bytes().map(|digit| u128::from(digit - b'0'));
    for _ in 0..decimals {
        value = value.saturating_mul(10).saturating_add(digits.next().unwrap_or(0));
    }
    let more = fraction.len() > usize::from(decimals);
    if digits.next().is_some_and(|next| next >= 5) {
        value = value.saturating_add(1);
    }
    Some((value, more, !rest.is_empty()))
}

/// `on`, `true`, `yes` and their opposites, in small letters only.
pub(crate) fn switch(word: &str) -> Option<bool> {
    match word {
        "on" | "true" | "yes" => Some(true),
        "off" | "false" | "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_have_rubbish_behind_them() {
        assert_eq!(leading_integer("7x"), Some((7, true)));
        assert_eq!(leading_integer(" -7"), Some((-7, false)));
        assert_eq!(leading_integer("x"), None);
        assert_eq!(leading_integer("99999999999999999999999999999999999999999999"), Some((i128::MAX, false)));
    }

    #[test]
    fn decimals_are_rounded_to_what_counts() {
        assert_eq!(leading_decimal("0.35", 6), Some((350_000, false, false)));
        assert_eq!(leading_decimal("0.0005", 3), Some((1, true, false)));
        assert_eq!(leading_decimal("1.", 3), Some((1000, false, false)));
        assert_eq!(leading_decimal("-1", 3), None);
        assert_eq!(leading_decimal("1s", 3), Some((1000, false, true)));
    }

    #[test]
    fn c_numbers_know_hexadecimal_and_octal() {
        assert_eq!(c_integer("0x10"), Some(16));
        assert_eq!(c_integer("010"), Some(8));
        assert_eq!(c_integer("-3"), Some(-3));
        assert_eq!(c_integer("3x"), None);
        assert_eq!(c_integer("--3"), None);
    }
}
