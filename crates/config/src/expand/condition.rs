//! Lines that begin with `@ID` or `@^ID`: kept on the hosts of that configuration id, or on all others.

use super::{Expander, trim};
use crate::lex::is_blank;
use crate::source::Span;

impl Expander<'_> {
    /// What is left of a line that begins with `@`. Only one condition a line is looked at.
    pub(super) fn condition(&self, line: Span) -> Option<Span> {
        let text = self.sources.text(line).get(1..)?;
        let end = text.find(is_blank)?;
        let (word, rest) = text.split_at_checked(end)?;
        let holds = match word.strip_prefix('^') {
            Some(other) => other != self.config_id && !other.is_empty(),
            None => word == self.config_id && !word.is_empty(),
        };
        holds.then(|| trim(self.sources, Span::new(line.end() - rest.len(), line.end())))
    }
}
