//! With a relay that answers as each test has it, on loopback.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::*;

/// What the relay does about a line.
enum Answer {
    Say(&'static str),
    /// It says nothing and keeps the connection.
    Hang,
    /// It closes the connection.
    Leave,
}

struct TestRelay {
    port: u16,
    heard: Receiver<String>,
}

impl TestRelay {
    /// It says what `answer` has it say to each line, the first of which is the connection itself (an empty line) with
    /// its number. It takes every text.
    fn new(answer: impl Fn(usize, &str) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (told, heard) = channel();
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            for (number, stream) in listener.incoming().enumerate() {
                let stream = stream.unwrap();
                if let Err(stream) = serve(stream, number, &answer, &told) {
                    kept.push(stream);
                }
            }
        });
        Self { port, heard }
    }

    fn letter(&self, recipients: &[&str]) -> Letter {
        let host = "127.0.0.1".to_owned();
        let relay =
            Relay { host, port: self.port, greeting: "lb1".into(), patience: Duration::from_millis(300) };
        let to: Vec<String> = recipients.iter().map(|one| (*one).to_owned()).collect();
        Letter::new(relay, "from@a", &to, "DATE", "subject", ".body")
    }

    fn heard(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.heard.try_iter().collect();
        // The last word may still be on its way.
        lines.extend(self.heard.recv_timeout(Duration::from_millis(200)));
        lines
    }
}

/// `Err` keeps the connection open.
fn serve(
    stream: std::net::TcpStream,
    number: usize,
    answer: &impl Fn(usize, &str) -> Answer,
    told: &Sender<String>,
) -> Result<(), std::net::TcpStream> {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut line = String::new();
    let mut text = false;
    loop {
        let reply = match (text, line.as_str()) {
            (true, ".") => {
                text = false;
                answer(number, ".")
            }
            (true, _) => Answer::Say(""),
            (false, line) => answer(number, line),
        };
        match reply {
            Answer::Hang => return Err(stream),
            Answer::Leave => return Ok(()),
            Answer::Say("") => {}
            Answer::Say(words) => {
                text = words.starts_with("354");
                (&stream).write_all(format!("{words}\r\n").as_bytes()).unwrap();
            }
        }
        let Some(Ok(next)) = lines.next() else { return Ok(()) };
        line = next;
        told.send(line.clone()).unwrap();
        if line == "QUIT" {
            (&stream).write_all(b"221 bye\r\n").unwrap();
            return Ok(());
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a relay that hangs is measured by the clock on the wall")]
fn clock() -> std::time::Instant {
    std::time::Instant::now()
}

fn usual(line: &str) -> Answer {
    Answer::Say(match line {
        "" => "220 relay",
        "DATA" => "354 go on",
        _ => "250 ok",
    })
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn letters_go_one_after_the_other_by_one_connection() {
    let relay = TestRelay::new(|_, line| usual(line));
    let mut post = Post::default();
    let letter = relay.letter(&["a@x", "b@x"]);
    let report = post.deliver(&letter);
    assert_eq!(report, Report { taken: 2, ..Report::default() });
    assert_eq!(post.deliver(&letter).taken, 2);
    post.close();
    let one = "MAIL FROM:<from@a>|RCPT TO:<a@x>|RCPT TO:<b@x>|DATA|Date: DATE|From: from@a|Subject: subject|\
               X-Mailer: Keepalived|To: a@x, b@x||..body||.";
    assert_eq!(relay.heard().join("|"), format!("EHLO lb1|{one}|{one}|QUIT"));
}

#[test]
fn one_refused_recipient_keeps_no_other_from_getting_it() {
    let relay = TestRelay::new(|_, line| match line {
        "RCPT TO:<gone@x>" => Answer::Say("550 no such user"),
        "RCPT TO:<grey@x>" => Answer::Say("450 come back later"),
        line => usual(line),
    });
    let report = Post::default().deliver(&relay.letter(&["gone@x", "grey@x", "a@x"]));
    assert_eq!((report.taken, &report.remaining), (1, &strings(&["grey@x"])));
    assert_eq!(report.refused.len(), 1);
    let (recipient, why) = &report.refused[0];
    assert!(recipient == "gone@x" && why.contains("550") && why.contains("no such user"), "{why}");
    assert!(report.trouble.unwrap().contains("come back later"));
}

#[test]
fn a_text_that_is_refused_is_refused_for_all_and_one_put_off_is_put_off_for_all() {
    for (words, is_final) in [("554 looks odd", true), ("451 disk full", false)] {
        let relay = TestRelay::new(move |_, line| if line == "." { Answer::Say(words) } else { usual(line) });
        let report = Post::default().deliver(&relay.letter(&["a@x", "b@x"]));
        assert_eq!((report.taken, report.refused.len(), report.remaining.len()), {
            if is_final { (0, 2, 0) } else { (0, 0, 2) }
        });
    }
}

#[test]
fn a_relay_that_hangs_costs_its_patience_and_no_more() {
    for place in ["", "EHLO lb1", "RCPT TO:<a@x>", "."] {
        let relay = TestRelay::new(move |_, line| if line == place { Answer::Hang } else { usual(line) });
        let begun = clock();
        let report = Post::default().deliver(&relay.letter(&["a@x"]));
        assert_eq!(report.remaining, ["a@x"], "{place:?}");
        assert!(clock().duration_since(begun) < Duration::from_secs(2), "{place:?}");
    }
}

#[test]
fn nobody_there_and_nonsense_are_troubles_that_pass() {
    let closed = TestRelay { port: 1, heard: channel().1 };
    let report = Post::default().deliver(&closed.letter(&["a@x"]));
    assert_eq!(report.remaining, ["a@x"]);
    assert!(report.trouble.unwrap().contains("refused"));
    for nonsense in ["", "hello", "220", "999 what", "220-\r\n220-\r\n", "\u{1}\u{2}", "554 no mail today"] {
        let relay = TestRelay::new(
            move |_, _| {
                if nonsense.is_empty() { Answer::Leave } else { Answer::Say(nonsense) }
            },
        );
        let report = Post::default().deliver(&relay.letter(&["a@x"]));
        assert_eq!(report.remaining, ["a@x"], "{nonsense:?}: {report:?}");
        let trouble = report.trouble.unwrap();
        assert!(!trouble.is_empty() && !trouble.contains(char::is_control), "{trouble:?}");
    }
}

#[test]
fn a_connection_that_the_relay_has_enough_of_is_replaced_at_once() {
    for leaves in [true, false] {
        let letters = AtomicUsize::new(0);
        let relay = TestRelay::new(move |number, line| {
            let more = line.starts_with("MAIL") && letters.fetch_add(1, Ordering::Relaxed) == 1;
            match (number, more, leaves) {
                (0, true, true) => Answer::Leave,
                (0, true, false) => Answer::Say("421 that was enough"),
                _ => usual(line),
            }
        });
        let mut post = Post::default();
        let letter = relay.letter(&["a@x"]);
        assert_eq!([post.deliver(&letter).taken, post.deliver(&letter).taken], [1, 1]);
        assert_eq!(relay.heard().iter().filter(|line| line.starts_with("EHLO")).count(), 2);
    }
}

#[test]
fn a_connection_that_breaks_among_the_recipients_leaves_all_of_them_for_later() {
    let relay = TestRelay::new(|_, line| if line == "RCPT TO:<b@x>" { Answer::Leave } else { usual(line) });
    let report = Post::default().deliver(&relay.letter(&["a@x", "b@x", "c@x"]));
    let mut remaining = report.remaining.clone();
    remaining.sort();
    assert_eq!((report.taken, remaining), (0, strings(&["a@x", "b@x", "c@x"])));
}
