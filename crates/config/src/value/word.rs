//! Reading one word: a number, a name, an address.

use std::net::IpAddr;
use std::time::Duration;

use host::LinkName;

use super::{Reader, leading_decimal, leading_integer};
use crate::diagnostic::{Diagnostic, code};
use crate::source::Span;

impl Reader<'_> {
    /// A whole number within bounds; complains and gives `None` otherwise.
    pub(crate) fn integer(&mut self, at: Span, least: i128, most: i128, lax: bool) -> Option<i128> {
        let word = self.text(at);
        let range = || format!("a number from {least} to {most} belongs here");
        let Some((value, rubbish)) = leading_integer(word) else {
            self.report.add(
                Diagnostic::new(code::BAD_NUMBER, at, format!("`{word}` is not a number")).help(range()),
            );
            return None;
        };
        if rubbish && !(lax && !self.test && (least..=most).contains(&value)) {
            let found = Diagnostic::new(code::BAD_NUMBER, at, format!("`{word}` is not a number"));
            self.report.add(found.help(range()));
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
            self.complain(code::BAD_NUMBER, at, format!("`{word}` is not a decimal number"));
            return None;
        };
        let scale = 10_u128.saturating_pow(u32::from(6_u8.saturating_sub(decimals)));
        let micros = u64::try_from(value.saturating_mul(scale)).unwrap_or(u64::MAX);
        let inside = (least..=most).contains(&micros);
        if rubbish && !(lax && !self.test && inside) {
            self.complain(code::BAD_NUMBER, at, format!("`{word}` is not a decimal number"));
            return None;
        }
        if !inside {
            let (least, most) = (Duration::from_micros(least), Duration::from_micros(most));
            let message = format!("{word} is outside {} to {}", least.as_secs_f64(), most.as_secs_f64());
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

    /// An address; complains if it is none. As keepalived: a prefix length behind it is not read.
    pub(crate) fn address(&mut self, at: Span) -> Option<IpAddr> {
        let text = self.text(at);
        let (address, length) =
            text.split_once('/').map_or((text, None), |(address, rest)| (address, Some(rest)));
        let Ok(address) = address.parse() else {
            self.complain(code::BAD_ADDRESS, at, format!("`{text}` is not an address"));
            return None;
        };
        if length.is_some() {
            let message = format!("The prefix length behind {address} has no meaning here");
            self.report.add(Diagnostic::new(code::UNUSUAL, at, message));
        }
        Some(address)
    }
}
