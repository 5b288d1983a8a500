//! The engine as a whole: events in, orders out, in their order. Time is a number.

mod admin;
mod auth;
mod bench;
mod demultiplex;
mod detection;
mod echo;
mod handshake;
mod intervals;
mod pair;
mod poll;
mod random;
mod reload;
mod table;
mod transmission;
mod verdict;
