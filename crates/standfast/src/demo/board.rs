//! How things stand, folded from what was seen: what the picture shows and the lines tell.

use std::collections::VecDeque;
use std::time::Duration;

use host::Instant;
use vrrp::notice::State;

use super::report::{Requests, brief};
use super::sighting::{Node, Seen, Sighting};

/// One sign of the strip stands for this long.
const TICK: Duration = Duration::from_millis(250);
/// Signs of the strip.
const STRIP: usize = 60;
/// A shorter gap between two answers is not worth a line.
const NOTABLE: Duration = Duration::from_millis(20);

/// How things stand.
#[derive(Debug, Default)]
pub(super) struct Board {
    pub(super) a: Standing,
    pub(super) b: Standing,
    pub(super) client: Client,
}

/// How a node stands, seen from outside.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) daemon: bool,
    pub(super) service: bool,
    pub(super) holds: bool,
    /// When its last advert was seen, if it has not given up since, with its priority.
    pub(super) advert: Option<(Instant, u8)>,
    /// What its daemon says of itself.
    pub(super) told: Option<(State, u8)>,
}

/// How the client fares.
#[derive(Debug, Default)]
pub(super) struct Client {
    pub(super) requests: Requests,
    /// The last answer, and from whom.
    pub(super) answer: Option<(Instant, Node)>,
    /// Requests lost since then.
    pub(super) lost: usize,
    pub(super) outage: Option<Duration>,
    strip: VecDeque<char>,
    tick: Option<Instant>,
}

impl Board {
    pub(super) fn node(&self, node: Node) -> &Standing {
        match node {
            Node::A => &self.a,
            Node::B => &self.b,
        }
    }

    pub(super) fn node_mut(&mut self, node: Node) -> &mut Standing {
        match node {
            Node::A => &mut self.a,
            Node::B => &mut self.b,
        }
    }

    /// Takes a sighting in, and puts into words what is new by it.
    pub(super) fn note(&mut self, sighting: &Sighting) -> Option<String> {
        let at = sighting.at;
        match sighting.seen {
            Seen::Advert { from, priority } => {
                let before = self.node_mut(from).advert.replace((at, priority));
                if priority == 0 {
                    self.node_mut(from).advert = None;
                    return Some(format!("wire     node {} gives up: advert of priority 0", from.letter()));
                }
                match before {
                    None => Some(format!(
                        "wire     node {} advertises as master, priority {priority}",
                        from.letter()
                    )),
                    Some((_, old)) if old != priority => Some(format!(
                        "wire     node {} advertises priority {priority}, no longer {old}",
                        from.letter()
                    )),
                    Some(_) => None,
                }
            }
            Seen::Held { by, held } => {
                let node = self.node_mut(by);
                if node.holds == held {
                    return None;
                }
                node.holds = held;
                if !held {
                    node.advert = None;
                }
                let word = if held { "has the address" } else { "has the address no more" };
                Some(format!("kernel   node {} {word}", by.letter()))
            }
            Seen::Told { by, state, priority } => {
                let standing = self.node_mut(by);
                // The answer may be older than the daemon's end.
                standing.told = standing.daemon.then_some((state, priority));
                None
            }
            Seen::Answered { by } => self.client.answered(at, by),
            Seen::Unanswered => self.client.unanswered(at),
            Seen::Announced { .. } | Seen::Key | Seen::NoMoreKeys | Seen::Interrupted | Seen::Blind(_) => {
                None
            }
        }
    }
}

impl Client {
    /// The last quarter of a minute: who answered, or a dot.
    pub(super) fn strip(&self) -> String {
        self.strip.iter().collect()
    }

    fn answered(&mut self, at: Instant, by: Node) -> Option<String> {
        self.requests.answered += 1;
        let before = self.answer.replace((at, by));
        let lost = std::mem::take(&mut self.lost);
        self.mark(at, by.letter().chars().next().unwrap_or('?'));
        let Some((last, from)) = before else {
            return Some(format!("client   node {} answers", by.letter()));
        };
        let gap = at.since(last);
        if lost > 0 {
            self.outage = Some(gap);
        }
        match (lost > 0 && gap >= NOTABLE, from != by) {
            (true, _) => Some(format!(
                "client   node {} answers, after {} without an answer ({lost} requests lost)",
                by.letter(),
                brief(gap)
            )),
            (false, true) => Some(format!("client   node {} answers, no request lost", by.letter())),
            (false, false) => None,
        }
    }

    fn unanswered(&mut self, at: Instant) -> Option<String> {
        // Before the first answer there is nothing to lose.
        self.answer?;
        self.requests.lost += 1;
        self.lost += 1;
        self.mark(at, '.');
        (self.lost == 1).then(|| "client   no answer".to_owned())
    }

    /// Sets the sign of the present tick. A lost request outweighs the answers around it.
    fn mark(&mut self, at: Instant, sign: char) {
        let is_new = self.tick.is_none_or(|tick| at.since(tick) >= TICK);
        if is_new {
            self.tick = Some(at);
            if self.strip.len() == STRIP {
                self.strip.pop_front();
            }
            self.strip.push_back(sign);
        } else if let Some(last) = self.strip.back_mut()
            && *last != '.'
        {
            *last = sign;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(board: &mut Board, at: u64, seen: Seen) -> Option<String> {
        board.note(&Sighting { at: Instant::from_millis(at), seen })
    }

    #[test]
    fn an_outage_is_told_once_with_its_length() {
        let mut board = Board::default();
        assert_eq!(note(&mut board, 0, Seen::Unanswered), None);
        assert!(note(&mut board, 10, Seen::Answered { by: Node::A }).is_some());
        assert!(note(&mut board, 20, Seen::Unanswered).is_some());
        assert_eq!(note(&mut board, 400, Seen::Unanswered), None);
        let told = note(&mut board, 1010, Seen::Answered { by: Node::B }).unwrap();
        assert!(told.contains("after 1 s") && told.contains("2 requests"), "{told}");
        assert_eq!(board.client.strip(), "..b");
        assert_eq!((board.client.requests.answered, board.client.requests.lost), (2, 2));
    }

    #[test]
    fn only_news_of_a_master_is_told() {
        let mut board = Board::default();
        let advert = |priority| Seen::Advert { from: Node::A, priority };
        assert!(note(&mut board, 0, advert(100)).is_some());
        assert_eq!(note(&mut board, 1000, advert(100)), None);
        let told = note(&mut board, 2000, advert(80)).unwrap();
        assert!(told.contains("priority 80, no longer 100"), "{told}");
    }
}
