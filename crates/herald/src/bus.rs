//! What the supervisor and the herald's process say to one another. The herald remembers nothing: each letter holds all
//! that is needed to send it, so one that dies loses none, and a reload is no business of its own.

use serde::{Deserialize, Serialize};

use crate::letter::Letter;
use crate::post::Report;

/// From the supervisor to the herald.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ToHerald {
    /// Try to deliver this; the answer is [`FromHerald::Tried`]. The next comes after the answer.
    Deliver(Letter),
    /// Nothing more comes: say goodbye to the relay and end.
    End,
}

/// From the herald to the supervisor.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum FromHerald {
    /// What came of the letter.
    Tried(Report),
}
