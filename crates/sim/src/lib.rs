//! The simulated machine, network and time.
//!
//! A [`World`] is one heap of events on virtual time. Its [`node`]s are real workers on simulated [`machine`]s, its
//! [`network`] loses, delays and parts what they send, and [`invariant`] watches that they keep the protocol's
//! promises all the while. [`scenario`] reads a world and what happens to it from text; [`explore`] makes such
//! scenarios by chance, and shrinks one that breaks a promise. [`paths`] does the same for pairs of bfd workers. [`rehearsal`] is one engine alone, to see what a
//! configuration would do. Nothing here waits, and nothing is random but for the
//! seed: what was seen once can be seen again.
#![forbid(unsafe_code)]

pub mod chance;
pub mod explore;
pub mod invariant;
pub mod machine;
pub mod network;
pub mod node;
pub mod paths;
pub mod rehearsal;
#[cfg(test)]
mod sabotage;
pub mod scenario;
pub mod timeline;
pub mod world;

pub use invariant::Violation;
pub use network::Weather;
pub use node::Behaviour;
pub use rehearsal::Rehearsal;
pub use scenario::Scenario;
pub use world::{Command, Latency, World};
