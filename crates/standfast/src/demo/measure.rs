//! What a takeover took, read off what was seen.

use std::time::Duration;

use host::Instant;

use super::sighting::{Node, Seen, Sighting};

/// A takeover, in time since its cause.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Measured {
    /// The first advert of the new master.
    pub(super) takeover: Option<Duration>,
    /// Its kernel has the address.
    pub(super) address: Option<Duration>,
    /// The first gratuitous ARP.
    pub(super) announced: Option<Duration>,
    /// Its first answer to the client.
    pub(super) answered: Option<Duration>,
    /// The longest time that the client was without an answer; `None` if it never had one before.
    pub(super) outage: Option<Duration>,
    /// Requests of the client that nobody answered.
    pub(super) lost: usize,
}

impl Measured {
    /// Of the takeover by `to` that a deed at `since` caused. `history` may begin earlier.
    pub(super) fn of(history: &[Sighting], since: Instant, to: Node) -> Self {
        let begin = history.partition_point(|one| one.at < since);
        let (before, after) = history.split_at(begin);
        let first = |is: &dyn Fn(&Seen) -> bool| {
            after.iter().find(|one| is(&one.seen)).map(|one| one.at.since(since))
        };
        let last_answer = before.iter().rev().find(|one| matches!(one.seen, Seen::Answered { .. }));
        Self {
            takeover: first(&|seen| matches!(seen, Seen::Advert { from, priority: 1.. } if *from == to)),
            address: first(&|seen| matches!(seen, Seen::Held { by, held: true } if *by == to)),
            announced: first(&|seen| matches!(seen, Seen::Announced { by } if *by == to)),
            answered: first(&|seen| matches!(seen, Seen::Answered { by } if *by == to)),
            outage: last_answer.map(|answer| longest_outage(answer.at, after)),
            lost: after.iter().filter(|one| one.seen == Seen::Unanswered).count(),
        }
    }

    /// The new master advertises, has the address, has told everyone and answers.
    pub(super) fn is_complete(&self) -> bool {
        [self.takeover, self.address, self.announced, self.answered].iter().all(Option::is_some)
    }
}

/// The longest span between two answers with a lost request in it.
fn longest_outage(mut last_answer: Instant, history: &[Sighting]) -> Duration {
    let (mut longest, mut lost) = (Duration::ZERO, false);
    for one in history {
        match one.seen {
            Seen::Unanswered => lost = true,
            Seen::Answered { .. } => {
                if lost {
                    longest = longest.max(one.at.since(last_answer));
                }
                (last_answer, lost) = (one.at, false);
            }
            Seen::Advert { .. }
            | Seen::Announced { .. }
            | Seen::Held { .. }
            | Seen::Told { .. }
            | Seen::Key
            | Seen::NoMoreKeys
            | Seen::Interrupted
            | Seen::Blind(_) => {}
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(of: &[(u64, Seen)]) -> Vec<Sighting> {
        of.iter().map(|(at, seen)| Sighting { at: Instant::from_millis(*at), seen: seen.clone() }).collect()
    }

    #[test]
    fn an_outage_spans_the_lost_requests_from_answer_to_answer() {
        let (a, b) = (Node::A, Node::B);
        let history = history(&[
            (0, Seen::Advert { from: a, priority: 100 }),
            (90, Seen::Answered { by: a }),
            (150, Seen::Unanswered),
            (160, Seen::Advert { from: b, priority: 0 }),
            (3700, Seen::Advert { from: b, priority: 90 }),
            (3701, Seen::Held { by: b, held: true }),
            (3702, Seen::Announced { by: b }),
            (3750, Seen::Answered { by: b }),
            (9000, Seen::Answered { by: b }),
        ]);
        let millis = |millis| Some(Duration::from_millis(millis));
        let measured = Measured::of(&history, Instant::from_millis(100), b);
        assert_eq!(
            measured,
            Measured {
                takeover: millis(3600),
                address: millis(3601),
                announced: millis(3602),
                answered: millis(3650),
                outage: millis(3660),
                lost: 1,
            }
        );
        assert!(measured.is_complete());
    }

    #[test]
    fn nothing_is_lost_before_anything_was_answered() {
        let history = history(&[(5, Seen::Unanswered), (9, Seen::Answered { by: Node::A })]);
        let measured = Measured::of(&history, Instant::ZERO, Node::A);
        assert_eq!(measured.outage, None);
        assert!(!measured.is_complete());
    }
}
