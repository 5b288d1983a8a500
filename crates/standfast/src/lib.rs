//! `standfast`, the operator's tool: what people ask of the daemon and of its configuration, and a demonstration.
//!
//! [`run`] is the program. `cli` holds one file a verb: each reads its options, calls a library and shows what came
//! of it. `control` asks a running daemon. `diff` tries a reload in memory. `demo` is the only
//! part with a life of its own: a pair of nodes, a client and a play on this one machine.
//! `output` is where text leaves. Nothing here decides about an address; that is done by the daemon alone.
#![forbid(unsafe_code)]

mod cli;
mod control;
mod demo;
mod diff;
mod lsp;
mod output;

pub use cli::run;
