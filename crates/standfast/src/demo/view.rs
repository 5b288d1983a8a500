//! The live view: a picture that is drawn anew in place below a growing list of events, or the events alone.

use std::fmt::Write;
use std::time::Duration;

use host::Instant;

use super::Manner;
use super::board::{Board, Standing};
use super::client::EVERY;
use super::report::brief;
use super::sighting::Node;
use super::terms::Terms;
use crate::output;

/// A new picture at most this often.
const EVERY_PICTURE: Duration = Duration::from_millis(100);
/// Adverts no older than this many intervals show a master.
const FRESH: u32 = 4;

/// What is shown, and what of it stands on the terminal.
pub(super) struct View {
    manner: Manner,
    began: Instant,
    /// The step, in words.
    pub(super) headline: String,
    /// Lines of the picture on the terminal.
    drawn: usize,
    drawn_at: Instant,
}

impl View {
    pub(super) fn new(manner: Manner, began: Instant) -> Self {
        Self { manner, began, headline: String::new(), drawn: 0, drawn_at: Instant::ZERO }
    }

    /// One thing that happened.
    pub(super) fn tell(&mut self, at: Instant, what: &str) {
        if self.manner == Manner::Silent {
            return;
        }
        self.erase();
        output::say(&format!("{:8.3}  {what}", at.since(self.began).as_secs_f64()));
    }

    /// A line between the events.
    pub(super) fn title(&mut self, title: &str) {
        if self.manner == Manner::Silent {
            return;
        }
        self.erase();
        output::say(&if self.manner == Manner::Picture {
            format!("\x1b[1m{title}\x1b[0m")
        } else {
            title.to_owned()
        });
    }

    /// Draws the picture, if there is to be one and it is time.
    pub(super) fn draw(&mut self, board: &Board, terms: &Terms, now: Instant) {
        if self.manner != Manner::Picture || now.since(self.drawn_at) < EVERY_PICTURE {
            return;
        }
        let width = output::columns().saturating_sub(1);
        let mut text = String::new();
        let picture = self.picture(board, terms, now);
        for line in &picture {
            let line: String = line.chars().take(width).collect();
            let _ = writeln!(text, "{}\x1b[K", coloured(&line));
        }
        let back = self.back();
        output::put(&(back + &text));
        self.drawn = picture.len();
        self.drawn_at = now;
    }

    /// Takes the picture away; what was told stays.
    pub(super) fn erase(&mut self) {
        if self.drawn > 0 {
            let back = self.back();
            output::put(&(back + "\x1b[J"));
            self.drawn = 0;
            self.drawn_at = Instant::ZERO;
        }
    }

    /// Somebody pressed Enter, and the terminal moved down by a line.
    pub(super) fn pressed(&mut self) {
        if self.drawn > 0 {
            self.drawn += 1;
        }
    }

    fn back(&self) -> String {
        if self.drawn == 0 { String::new() } else { format!("\x1b[{}A\r", self.drawn) }
    }

    fn picture(&self, board: &Board, terms: &Terms, now: Instant) -> Vec<String> {
        let mut lines = vec![String::new(), format!("  {}", self.headline), String::new()];
        lines.extend(Node::BOTH.map(|node| node_line(node, board.node(node), terms, now)));
        let client = &board.client;
        let by = match client.answer {
            Some((_, by)) if client.lost == 0 => format!("answered by node {}", by.letter()),
            Some((last, _)) => format!("NO ANSWER for {:.1} s", now.since(last).as_secs_f64()),
            None => "no answer yet".to_owned(),
        };
        let outage = client.outage.map_or_else(|| "none yet".to_owned(), brief);
        lines.extend([
            String::new(),
            format!("  client  GET http://{}/ every {} ms: {by}", terms.address, EVERY.as_millis()),
            format!("          {}", client.strip()),
            format!(
                "          last outage {outage}; {} requests answered, {} lost",
                client.requests.answered, client.requests.lost
            ),
        ]);
        lines
    }
}

/// Marks what the eye looks for. Colours take no room, so this comes after the line was cut.
fn coloured(line: &str) -> String {
    line.replace("MASTER", "\x1b[1;32mMASTER\x1b[0m")
        .replace("NO ANSWER", "\x1b[1;31mNO ANSWER\x1b[0m")
        .replace(" down ", " \x1b[31mdown\x1b[0m ")
}

fn node_line(node: Node, standing: &Standing, terms: &Terms, now: Instant) -> String {
    let fresh = standing.advert.filter(|(at, _)| now.since(*at) < terms.interval * FRESH);
    let (state, priority) = match (standing.daemon, standing.told, fresh) {
        (false, _, _) => ("off".to_owned(), "-".to_owned()),
        (true, Some((state, priority)), _) => (state.to_string(), priority.to_string()),
        (true, None, Some((_, advertised))) => ("MASTER".to_owned(), advertised.to_string()),
        (true, None, None) => ("BACKUP".to_owned(), "?".to_owned()),
    };
    format!(
        "  node {}  {state:6}  priority {priority:>3}   web service {:4}   {}",
        node.letter(),
        if standing.service { "up" } else { "down" },
        if standing.holds { format!("has {}", terms.address) } else { String::new() }
    )
}
