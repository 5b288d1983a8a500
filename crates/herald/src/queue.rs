//! Letters that nobody has taken yet, in the order of what happened; and when they are tried.
//!
//! It knows no process and no network: whoever owns it hands the letter that [`Queue::hand_over`] gives to a herald,
//! tells what came of it, and asks for the [`Queue::deadline`].

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use host::{Instant, Severity};

use crate::letter::Letter;
use crate::post::Report;

/// Most letters that wait: twice what a takeover of 2,000 virtual routers makes. The oldest is lost then: the latest
/// state is what counts.
pub const MOST_WAITING: usize = 4096;

/// How long a letter is tried. A relay that is started anew or upgraded is back long before; what an alert said an hour
/// ago helps nobody.
pub const MOST_AGE: Duration = Duration::from_secs(3600);

/// The wait after the first failure, and the longest one; it doubles in between.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(60);

/// Most letters that are named one by one when all are lost.
const MOST_NAMED: usize = 16;

/// How many heralds may die of one letter.
const MOST_DEATHS: u8 = 3;

/// Answers of a relay to one letter besides those for its recipients: the connection, its greeting, to ours, to the
/// sender, to the beginning and to the end of the text; one for finding its address and one to spare.
const STEPS: usize = 8;

/// The letters.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: VecDeque<Entry>,
    /// A herald has the first, and answers by then if it keeps to the relay's patience.
    out: Option<Instant>,
    /// Nothing is tried before then.
    rest: Option<Instant>,
    /// The wait after the next failure.
    delay: Duration,
    hurried: bool,
    sent: u64,
    lost: u64,
}

#[derive(Debug)]
struct Entry {
    letter: Letter,
    since: Instant,
    deaths: u8,
}

/// What happened, for the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Happening {
    /// A relay took a letter.
    Sent,
    /// A relay refuses it for one recipient.
    Refused {
        /// The recipient.
        recipient: String,
        /// The relay's words.
        why: String,
    },
    /// It is tried again.
    Postponed {
        /// Where it was tried.
        relay: String,
        /// Why it failed.
        why: String,
        /// In how long.
        rest: Duration,
    },
    /// Nobody will get it.
    Lost {
        /// What it was about.
        subject: String,
        /// Why.
        why: String,
        /// How many were lost so far, this one included.
        count: u64,
    },
    /// Nobody will get any that waits.
    AllLost {
        /// How many.
        number: usize,
        /// Why.
        why: String,
        /// How many were lost so far, these included.
        count: u64,
    },
}

impl Queue {
    /// One more letter, after all before it.
    pub fn push(&mut self, letter: Letter, now: Instant, said: &mut Vec<Happening>) {
        if self.waiting.len() >= MOST_WAITING {
            // The first may be with the herald.
            let oldest = usize::from(self.out.is_some());
            self.lose(oldest, "too many wait", said);
        }
        self.waiting.push_back(Entry { letter, since: now, deaths: 0 });
    }

    /// Whether a letter is due to be handed over.
    pub fn is_due(&self, now: Instant) -> bool {
        self.out.is_none() && !self.waiting.is_empty() && self.rest.is_none_or(|rest| rest <= now)
    }

    /// The letter that is due, which from now on is with a herald.
    pub fn hand_over(&mut self, now: Instant) -> Option<Letter> {
        if !self.is_due(now) {
            return None;
        }
        let letter = self.waiting.front()?.letter.clone();
        let steps = u32::try_from(letter.recipients.len() + STEPS).unwrap_or(u32::MAX);
        self.rest = None;
        self.out = Some(now + letter.relay.patience.saturating_mul(steps));
        Some(letter)
    }

    /// What came of the letter that was handed over.
    pub fn answered(&mut self, report: Report, now: Instant, said: &mut Vec<Happening>) {
        if self.out.take().is_none() {
            return;
        }
        let Report { taken, refused, remaining, trouble } = report;
        let refusal = refused.last().map(|(_, why)| why.clone());
        said.extend(refused.into_iter().map(|(recipient, why)| Happening::Refused { recipient, why }));
        if taken > 0 {
            self.sent += 1;
            said.push(Happening::Sent);
        }
        if !remaining.is_empty() {
            if let Some(first) = self.waiting.front_mut() {
                first.letter.recipients = remaining;
            }
            return self.postpone(&trouble.unwrap_or_default(), now, said);
        }
        self.delay = Duration::ZERO;
        match refusal.filter(|_| taken == 0) {
            Some(why) => self.lose(0, &why, said),
            None => drop(self.waiting.pop_front()),
        }
    }

    /// The herald that had a letter died, or took far too long and was killed.
    pub fn forsaken(&mut self, now: Instant, said: &mut Vec<Happening>) {
        if self.out.take().is_none() {
            return;
        }
        let Some(first) = self.waiting.front_mut() else { return };
        first.deaths += 1;
        if first.deaths >= MOST_DEATHS {
            self.lose(0, "its herald died each time", said);
        }
        self.postpone("its herald died", now, said);
    }

    /// The herald that was to have a letter had ended before it came.
    pub fn untouched(&mut self) {
        self.out = None;
    }

    /// The daemon stops: each letter has one more chance, at once, for as long as the relay takes them.
    pub fn hurry(&mut self) {
        self.hurried = true;
        self.rest = None;
    }

    /// Nothing is tried any more.
    pub fn give_up(&mut self, why: &str, said: &mut Vec<Happening>) {
        self.out = None;
        let number = self.waiting.len();
        if number > MOST_NAMED {
            self.waiting.clear();
            self.lost += u64::try_from(number).unwrap_or(u64::MAX);
            said.push(Happening::AllLost { number, why: why.to_owned(), count: self.lost });
        }
        while !self.waiting.is_empty() {
            self.lose(0, why, said);
        }
    }

    /// Whether a herald has a letter and should have answered.
    pub fn is_overdue(&self, now: Instant) -> bool {
        self.out.is_some_and(|limit| limit <= now)
    }

    /// When [`Self::is_due`] or [`Self::is_overdue`] becomes true by time alone.
    pub fn deadline(&self) -> Option<Instant> {
        self.out.or(self.rest.filter(|_| !self.waiting.is_empty()))
    }

    /// How many wait, the one that is with a herald included.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many a relay took, and how many were lost.
    pub const fn counts(&self) -> (u64, u64) {
        (self.sent, self.lost)
    }

    /// The first cannot be delivered now.
    fn postpone(&mut self, why: &str, now: Instant, said: &mut Vec<Happening>) {
        if self.hurried {
            return self.give_up(why, said);
        }
        while self.waiting.front().is_some_and(|first| now.since(first.since) >= MOST_AGE) {
            self.lose(0, why, said);
        }
        let Some(first) = self.waiting.front() else { return };
        let rest = self.delay.clamp(FIRST_REST, LONGEST_REST);
        let Letter { relay, .. } = &first.letter;
        let relay = format!("[{}]:{}", relay.host, relay.port);
        said.push(Happening::Postponed { relay, why: why.to_owned(), rest });
        self.delay = (rest * 2).min(LONGEST_REST);
        self.rest = Some(now + rest);
    }

    fn lose(&mut self, index: usize, why: &str, said: &mut Vec<Happening>) {
        let Some(Entry { letter, .. }) = self.waiting.remove(index) else { return };
        self.lost += 1;
        said.push(Happening::Lost { subject: letter.subject, why: why.to_owned(), count: self.lost });
    }
}

impl Happening {
    /// How grave it is.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Sent => Severity::Info,
            Self::Postponed { .. } => Severity::Warning,
            Self::Refused { .. } | Self::Lost { .. } | Self::AllLost { .. } => Severity::Error,
        }
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // As keepalived.
            Self::Sent => f.write_str("SMTP alert successfully sent."),
            Self::Refused { recipient, why } => write!(f, "SMTP alert refused for {recipient}: {why}"),
            Self::Postponed { relay, why, rest } => {
                let seconds = rest.as_secs();
                write!(f, "SMTP alert delayed, SMTP server {relay}: {why}; tried again in {seconds} seconds")
            }
            Self::Lost { subject, why, count } => {
                write!(f, "SMTP alert lost ({count} so far), \"{subject}\": {why}")
            }
            Self::AllLost { number, why, count } => {
                write!(f, "{number} SMTP alerts lost ({count} so far): {why}")
            }
        }
    }
}

#[cfg(test)]
mod tests;
