//! The words that say where a server is: an address, and perhaps a port.

use std::net::IpAddr;

use crate::diagnostic::{Diagnostic, code};
use crate::source::Span;
use crate::tree::NodeId;
use crate::value::{Reader, Set};

/// An address and a port; 0 is no port.
pub(crate) type Endpoint = (IpAddr, u16);

impl Reader<'_> {
    /// An address, with or without something behind it. As keepalived: what follows a `/` or a `-` is not looked at.
    pub(crate) fn server_address(&mut self, at: Span) -> Option<IpAddr> {
        let word = self.text(at);
        let Some(end) = word.find(['/', '-']) else { return word.parse().ok() };
        let address = word.get(..end)?.parse().ok()?;
        let message = format!("`{word}` is taken as {address}");
        self.complain(code::UNUSUAL, at, message);
        Some(address)
    }

    /// An address, and perhaps a port behind it; complains that `what` has none.
    pub(crate) fn endpoint(&mut self, words: &[Span], what: &str) -> Option<Endpoint> {
        let &at = words.first()?;
        let Some(address) = self.server_address(at) else {
            let message = format!("`{}` is not an address; {what} is left out", self.text(at));
            self.complain(code::BAD_ADDRESS, at, message);
            return None;
        };
        let Some(&at) = words.get(1) else { return Some((address, 0)) };
        match self.text(at).parse() {
            Ok(port) if self.text(at).bytes().all(|byte| byte.is_ascii_digit()) => Some((address, port)),
            _ => {
                let message = format!("`{}` is not a port; {what} is left out", self.text(at));
                let found = Diagnostic::new(code::BAD_NUMBER, at, message);
                self.report.add(found.help("a number from 1 to 65535, or nothing"));
                None
            }
        }
    }

    /// The address behind a keyword; complains if it is none.
    pub(crate) fn address_word(&mut self, node: NodeId) -> Option<Set<IpAddr>> {
        let Some(&at) = self.arguments(node).first() else {
            self.lacks_word(node, crate::table::Missing::Stops);
            return None;
        };
        let Some(value) = self.server_address(at) else {
            self.complain(code::BAD_ADDRESS, at, format!("`{}` is not an address", self.text(at)));
            return None;
        };
        Some(Set { value, at })
    }
}
