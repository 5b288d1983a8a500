//! The engine on a table that answers at once.

mod bench;
mod kernel;
mod lines;
mod quorum;
mod random;
mod reload;
mod stop;
