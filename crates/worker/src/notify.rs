//! What a change of state means for others: scripts to run.

pub mod script;
