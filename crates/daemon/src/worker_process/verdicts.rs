//! What the bfd worker says to another.

use bfd::Verdict;
use host::{Journal as _, Severity};
use linux::Token;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Desk;
use crate::bus::{Heard, VerdictReceiver};

/// The line from the bfd worker, while there is one.
pub(crate) struct Verdicts {
    token: Token,
    line: Option<VerdictReceiver>,
}

impl Verdicts {
    /// None yet. The machine calls it by `token`.
    pub(crate) const fn new(token: Token) -> Self {
        Self { token, line: None }
    }

    /// The supervisor's last message brought one.
    pub(crate) fn meet<S: Serialize, R: DeserializeOwned>(&mut self, desk: &mut Desk<S, R>) {
        self.part(desk);
        let Some(socket) = desk.line.take_descriptor() else { return };
        let line = VerdictReceiver::from_socket(socket);
        match desk.machine.watch(&line, self.token) {
            Ok(()) => self.line = Some(line),
            Err(error) => desk.journal.write(Severity::Error, &error.to_string()),
        }
    }

    /// The next thing that it says. When it is gone, what it said last stays in force.
    pub(crate) fn next<S, R>(&mut self, desk: &mut Desk<S, R>) -> Option<Verdict> {
        match self.line.as_mut()?.receive() {
            Heard::Message(verdict) => return Some(verdict),
            Heard::Nothing => {}
            Heard::Closed | Heard::Nonsense(_) => self.part(desk),
        }
        None
    }

    fn part<S, R>(&mut self, desk: &mut Desk<S, R>) {
        if let Some(line) = self.line.take() {
            desk.machine.unwatch(&line);
        }
    }
}
