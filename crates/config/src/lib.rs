//! `keepalived.conf` in, engine configuration out.
//!
//! The text goes downhill through one file a stage; read them in this order. [`source`] keeps the bytes and knows
//! where each came from. `expand` obeys `@id`, `$NAME`, `~SEQ`, `~LST` and `include`, line by line, because upstream
//! substitutes text before it looks at words. `lex` makes words and braces, `tree` nests them, `table` says what a
//! keyword is (one row of data each) and `value` reads its words. `block/*` hold a struct and its rows for each block.
//! `resolve` turns names into things and fills in defaults; what comes out is [`effective::Effective`].
//!
//! A failure at any stage is a [`diagnostic::Diagnostic`], and reading goes on. Nothing here opens a file, reads a
//! clock or asks the system: files come through [`files::Files`], facts about the host through
//! [`surroundings::Surroundings`]. The exceptions are [`files::Disk`] and [`surroundings::ThisHost`], which the daemon
//! hands in.
#![forbid(unsafe_code)]

pub mod diagnostic;
pub mod effective;
pub mod files;
pub mod outline;
pub mod reference;
pub mod shortage;
pub mod source;
pub mod surroundings;
pub mod table;

mod block;
mod expand;
mod fuzz;
mod lex;
mod load;
mod resolve;
mod tree;
mod value;

pub use diagnostic::{Class, Code, Diagnostic, Severity};
pub use effective::{Daemon, Effective, TrackGroup};
pub use files::{Disk, Files, InMemory};
pub use fuzz::{fuzz_files, fuzz_mutate, fuzz_pipeline, fuzz_reading};
pub use load::{Loaded, Request, load};
pub use shortage::Shortage;
pub use source::{Place, Sources, Span};
pub use surroundings::{Assumed, PathFacts, Surroundings, ThisHost};
