//! Which servers may take traffic.
//!
//! [`Director`] is the engine: all virtual servers of a node. Read in this order: [`config`] is what it obeys, [`event`]
//! what it can be told and what it can ask for; then, as a decision flows, `probe` (one check), `server` (which checks
//! veto, what it weighs), `service` (quorum, sorry server), `holdings` (the kernel's table, wanted and held); `reload` is
//! what another configuration changes; [`notice`], [`status`] and [`name`] are what people see.
//!
//! There is no socket, no clock and no thread here: time is an argument. Checks that connect, ask or run something are
//! read by `config` and not made yet; a server that has no others counts as up, and says so.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod config;
pub mod director;
pub mod event;
mod holdings;
pub mod name;
pub mod notice;
mod probe;
mod reload;
mod server;
mod service;
pub mod status;

pub use config::Config;
pub use director::Director;
pub use event::{Action, Event, News};
pub use notice::Notice;
pub use status::Status;
