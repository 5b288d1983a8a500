//! What goes out to people by protocols of the world outside: mail so far.
//!
//! Read in this order: [`letter`] is what is sent, word for word; [`queue`] keeps letters until somebody has taken them,
//! and decides when they are tried; [`post`] tries, by SMTP; [`bus`] is what the supervisor, who has the queue, and the
//! herald's process, which has the post, say to one another.
//!
//! Not here: what is worth an alert (`worker::notify::mail`), and the process itself (`daemon::herald_process`).
#![forbid(unsafe_code)]

pub mod bus;
pub mod letter;
pub mod post;
pub mod queue;

pub use letter::{Letter, Relay};
pub use post::{Post, Report};
pub use queue::Queue;

// Named in the manifest for its version alone: this one takes names of domains as they are, and brings no tables.
use idna_adapter as _;
