//! Handing a letter in at a relay, by SMTP (RFC 5321).
//!
//! It waits, for as long as the relay's patience allows at each step: whoever calls this has nothing else to do.
//! Differs: Keepalived opens a connection for each mail, all at once; here letters go one after the other, in the order
//! of what happened, and by one connection for as long as more come.

use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::SmtpConnection;
use lettre::transport::smtp::extension::{ClientId, Extension};
use serde::{Deserialize, Serialize};

use crate::letter::{Letter, Relay};

/// What came of one attempt.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// For how many recipients the relay took it.
    pub taken: usize,
    /// For whom the relay refused it for good, and why.
    pub refused: Vec<(String, String)>,
    /// For whom it may be tried again.
    pub remaining: Vec<String>,
    /// Why some remain.
    pub trouble: Option<String>,
}

/// The connection to a relay, while there is one.
#[derive(Default)]
pub struct Post {
    open: Option<(Relay, SmtpConnection)>,
}

impl Post {
    /// Tries to deliver a letter to all its recipients.
    pub fn deliver(&mut self, letter: &Letter) -> Report {
        if self.open.as_ref().is_some_and(|(relay, _)| *relay != letter.relay) {
            self.close();
        }
        // One that has been open for a while may have been closed from the other side, or have had its fill.
        if let Some((_, connection)) = &mut self.open
            && begin(connection, letter).is_ok()
        {
            return self.continue_with(letter);
        }
        self.close();
        let mut connection = match open(&letter.relay) {
            Ok(connection) => connection,
            // Whatever it says for itself, it says nothing of this letter.
            Err(error) => {
                return Report {
                    remaining: letter.recipients.clone(),
                    trouble: Some(told(&error)),
                    ..Report::default()
                };
            }
        };
        match begin(&mut connection, letter) {
            Ok(()) => {
                self.open = Some((letter.relay.clone(), connection));
                self.continue_with(letter)
            }
            Err(error) => {
                if error.status().is_some() {
                    part(connection);
                }
                Report::nothing(letter, &error)
            }
        }
    }

    /// Says goodbye to the relay, if there is a connection.
    pub fn close(&mut self) {
        if let Some((_, connection)) = self.open.take() {
            part(connection);
        }
    }

    /// The relay knows the sender; the rest follows.
    fn continue_with(&mut self, letter: &Letter) -> Report {
        let Some((_, connection)) = &mut self.open else { return Report::default() };
        let (report, after) = transfer(connection, letter);
        match after {
            After::AsBefore => {}
            After::Halfway => self.close(),
            After::Dead => self.open = None,
        }
        report
    }
}

impl Report {
    /// Nobody got it.
    fn nothing(letter: &Letter, error: &Error) -> Self {
        let mut report = Self::default();
        for recipient in &letter.recipients {
            report.miss(recipient, error);
        }
        report
    }

    /// This one did not get it.
    fn miss(&mut self, recipient: &str, error: &Error) {
        if error.is_permanent() {
            self.refused.push((recipient.to_owned(), told(error)));
        } else {
            self.remaining.push(recipient.to_owned());
            self.trouble = Some(told(error));
        }
    }
}

fn open(relay: &Relay) -> Result<SmtpConnection, Error> {
    let greeting = ClientId::Domain(relay.greeting.clone());
    SmtpConnection::connect((relay.host.as_str(), relay.port), Some(relay.patience), &greeting, None, None)
}

/// RFC 5321 §3.3: "The first step in the procedure is the MAIL command."
fn begin(connection: &mut SmtpConnection, letter: &Letter) -> Result<(), Error> {
    let Letter { sender, recipients, text, .. } = letter;
    let server = connection.server_info();
    let offered = |extension, word: &'static str| {
        if server.supports_feature(extension) { word } else { "" }
    };
    // What is not ASCII is said where the relay wants to know it (RFC 6152, RFC 6531), and sent all the same: names of
    // instances are as they are.
    let body = if text.is_ascii() { "" } else { offered(Extension::EightBitMime, " BODY=8BITMIME") };
    let plain = sender.is_ascii() && recipients.iter().all(|one| one.is_ascii());
    let names = if plain { "" } else { offered(Extension::SmtpUtfEight, " SMTPUTF8") };
    connection.command(format_args!("MAIL FROM:<{sender}>{body}{names}\r\n")).map(|_| ())
}

/// How a connection is left behind.
enum After {
    /// Fit for the next letter.
    AsBefore,
    /// In the middle of this one.
    Halfway,
    /// Nothing comes back any more.
    Dead,
}

impl After {
    fn failure(error: &Error) -> Self {
        if error.status().is_some() { Self::Halfway } else { Self::Dead }
    }
}

/// The recipients and the text.
fn transfer(connection: &mut SmtpConnection, letter: &Letter) -> (Report, After) {
    let mut report = Report::default();
    let mut accepted = Vec::new();
    let mut after = After::Halfway;
    for recipient in &letter.recipients {
        // Differs: with Keepalived nobody gets a mail of which one recipient is refused.
        match connection.command(format_args!("RCPT TO:<{recipient}>\r\n")) {
            Ok(_) => accepted.push(recipient),
            Err(error) => {
                report.miss(recipient, &error);
                after = After::failure(&error);
                if let After::Dead = after {
                    break;
                }
            }
        }
    }
    let asked = accepted.len() + report.refused.len() + report.remaining.len();
    if accepted.is_empty() || asked < letter.recipients.len() {
        report.remaining.extend(accepted.into_iter().cloned());
        report.remaining.extend(letter.recipients.iter().skip(asked).cloned());
        return (report, after);
    }
    // RFC 5321 §4.5.2: a line that begins with a dot gets another. All in one write: of two, the second would wait until the
    // relay's host has acknowledged the first, which many put off for 40 ms.
    let text = format!("{}\r\n.\r\n", letter.text.replace("\r\n.", "\r\n.."));
    match connection.command("DATA\r\n").and_then(|_| connection.command(text)) {
        Ok(_) => {
            report.taken = accepted.len();
            (report, After::AsBefore)
        }
        Err(error) => {
            for recipient in accepted {
                report.miss(recipient, &error);
            }
            (report, After::failure(&error))
        }
    }
}

/// Best done in a hurry: a relay that does not say goodbye has had its letters all the same.
fn part(mut connection: SmtpConnection) {
    let _ = connection.set_timeout(Some(GOODBYE));
    let _ = connection.quit();
}

/// How long the relay has to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// An error in one line: a relay's words may have several.
fn told(error: &Error) -> String {
    error.to_string().chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}

#[cfg(test)]
mod tests;
