//! What is seen from outside: the only source of the report. Neither node is asked.

use std::sync::mpsc::Sender;

use host::Instant;
use vrrp::notice::State;

/// One of the pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Node {
    /// The preferred one.
    A,
    /// The one that stands in.
    B,
}

impl Node {
    pub(super) const BOTH: [Self; 2] = [Self::A, Self::B];

    /// As it is called on the stage, in the files and in the page of its web service.
    pub(super) const fn letter(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }

    pub(super) fn called(letter: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|node| node.letter() == letter)
    }
}

/// Something that was seen, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Sighting {
    pub(super) at: Instant,
    pub(super) seen: Seen,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Seen {
    /// An advert came out of a node's cable.
    Advert { from: Node, priority: u8 },
    /// A gratuitous ARP for the virtual address came out of a node's cable.
    Announced { by: Node },
    /// A node's kernel has the virtual address, or has it no more.
    Held { by: Node, held: bool },
    /// The client's request was answered.
    Answered { by: Node },
    /// The client's request was not answered.
    Unanswered,
    /// What a daemon says of itself: for the picture, not for the report.
    Told { by: Node, state: State, priority: u8 },
    /// Somebody pressed Enter.
    Key,
    /// Nobody will press it any more.
    NoMoreKeys,
    /// Somebody wants the end.
    Interrupted,
    /// An observer can see no more.
    Blind(String),
}

/// Where sightings go. A demo that has ended listens no more, and its observers end too.
#[derive(Clone)]
pub(super) struct Outlook(Sender<Sighting>);

/// Nobody listens any more.
pub(super) struct Unheard;

impl Outlook {
    pub(super) fn new(sender: Sender<Sighting>) -> Self {
        Self(sender)
    }

    pub(super) fn tell(&self, seen: Seen) -> Result<(), Unheard> {
        self.tell_of(linux::clock::now(), seen)
    }

    pub(super) fn tell_of(&self, at: Instant, seen: Seen) -> Result<(), Unheard> {
        self.0.send(Sighting { at, seen }).map_err(|_| Unheard)
    }
}
