//! A letter: Keepalived's, byte for byte, but for what would not be a letter.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Most bytes of a line of addresses before it is folded (RFC 5322 §2.1.1: "no more than 998 characters").
const LONGEST_LINE: usize = 900;

/// Where letters are handed in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Relay {
    /// An address or a name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What we call ourselves.
    pub greeting: String,
    /// How long it may take for each answer, the connection included.
    pub patience: Duration,
}

/// A letter with all that is needed to send it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Letter {
    /// Where it is handed in.
    pub relay: Relay,
    /// The sender's address.
    pub sender: String,
    /// The addresses that it is still to go to; not empty.
    pub recipients: Vec<String>,
    /// What it is about, for the log.
    pub subject: String,
    /// Its headers, an empty line, its body. Every line ends with CR and LF.
    pub text: String,
}

impl Letter {
    /// A letter of one line. `from` and each of `to` is an address, or a name and an address in angle brackets.
    ///
    /// ```text
    /// Date: Sun, 22 Nov 2026 14:15:54 +0000
    /// From: keepalived@example.net
    /// Subject: [lb1] VRRP Instance VI_1 - Entering MASTER state
    /// X-Mailer: Keepalived
    /// To: ops@example.net, second@example.net
    ///
    /// => VRRP Instance is now owning VRRP VIPs <=
    /// ```
    pub fn new(relay: Relay, from: &str, to: &[String], date: &str, subject: &str, body: &str) -> Self {
        let [from, subject, body] = [from, subject, body].map(one_line);
        let to: Vec<String> = to.iter().map(|one| one_line(one)).collect();
        let text = format!(
            "Date: {date}\r\nFrom: {from}\r\nSubject: {subject}\r\nX-Mailer: Keepalived\r\nTo: {}\r\n\r\n{body}\r\n",
            listed(&to)
        );
        let recipients = to.iter().map(|one| address(one).to_owned()).collect();
        let relay = Relay { host: one_line(&relay.host), greeting: one_line(&relay.greeting), ..relay };
        Self { relay, sender: address(&from).to_owned(), recipients, subject, text }
    }
}

/// Nothing that a configuration or a name holds may begin a line of its own: it would be a header, or a command.
fn one_line(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}

/// The address in `Name <address>`. Differs: Keepalived gives the relay all of it, which relays refuse.
fn address(text: &str) -> &str {
    let inner = text.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inner, _)| inner);
    inner.unwrap_or(text).trim()
}

fn listed(addresses: &[String]) -> String {
    let mut text = String::new();
    let mut line = 0;
    for (index, one) in addresses.iter().enumerate() {
        if index > 0 {
            let fold = line + one.len() > LONGEST_LINE;
            text.push_str(if fold { ",\r\n " } else { ", " });
            line = if fold { 0 } else { line };
        }
        text.push_str(one);
        line += one.len() + 2;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relay() -> Relay {
        let host = "192.0.2.25".into();
        Relay { host, port: 25, greeting: "lb1".into(), patience: Duration::from_secs(30) }
    }

    fn letter(from: &str, to: &[&str], subject: &str) -> Letter {
        let to: Vec<String> = to.iter().map(|one| (*one).to_owned()).collect();
        let date = "Tue, 24 Nov 2026 12:12:04 +0000";
        Letter::new(relay(), from, &to, date, subject, "=> VRRP Instance is no longer owning VRRP VIPs <=")
    }

    /// Recorded from keepalived 2.2.7, between `354` and the dot.
    #[test]
    fn a_letter_is_keepalived_s_byte_for_byte() {
        let recorded = include_str!("letter/keepalived-2.2.7.eml").replace('\n', "\r\n");
        let to = ["ops@example.net", "second@example.net", "Third Person <third@example.net>", "root"];
        let subject = "[nodeA] VRRP Instance IX - Entering BACKUP state";
        let letter = letter("ka@nodea.example.net", &to, subject);
        // The dot that ends it has a line of its own, before which its client leaves one empty.
        assert_eq!(format!("{}\r\n", letter.text), recorded);
        assert_eq!(letter.sender, "ka@nodea.example.net");
    }

    #[test]
    fn the_relay_is_given_addresses_without_names() {
        let letter = letter("Keep Alive <ka@a.example>", &["Ops <ops@b.example>", "root", "<x@y>"], "s");
        assert_eq!(letter.sender, "ka@a.example");
        assert_eq!(letter.recipients, ["ops@b.example", "root", "x@y"]);
        assert!(letter.text.contains("\r\nFrom: Keep Alive <ka@a.example>\r\n"));
    }

    #[test]
    fn a_name_with_line_breaks_makes_neither_header_nor_command() {
        let letter =
            letter("a\r\nDATA", &["b\nRCPT TO:<c>", "x>\r\nDATA\r\n<y"], "s\r\nBcc: all\r\n\r\n.\r\nQUIT");
        assert_eq!(letter.text.matches("\r\n").count(), 7, "{:?}", letter.text);
        assert_eq!(letter.text.matches(['\r', '\n']).count(), 14);
        let commands = letter.recipients.iter().chain([&letter.sender]);
        assert!(commands.into_iter().all(|word| !word.contains(['\r', '\n'])), "{letter:?}");
    }

    #[test]
    fn a_long_list_of_recipients_is_folded() {
        let many: Vec<String> = (0..200).map(|n| format!("somebody{n}@example.net")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let letter = letter("a@b", &many, "s");
        assert!(letter.text.lines().all(|line| line.len() < 998));
        assert_eq!(letter.recipients.len(), 200);
    }
}
