//! What a change of state means for others: scripts to run, lines for those who read the event pipes, mail.
//!
//! [`news`] tells what of the engine's notices is news; [`script`] makes runs of it, [`fifo`] lines, [`mail`] alerts.

pub mod fifo;
pub mod mail;
pub mod news;
pub mod script;
