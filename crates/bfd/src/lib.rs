//! Is the path alive (RFC 5880, RFC 5881, RFC 5883).
//!
//! [`Speaker`] is the engine: all sessions of a node. Read in this order: [`config`] is what it obeys, [`event`] what
//! it can be told and what it can ask for, [`wire`] the packets; then `session`, one conversation with one neighbour,
//! with its intervals in `timing` and the Echo function in [`echo`]; [`notice`] and [`status`] are what people see.
//!
//! There is no socket, no clock and no thread here: time is an argument, chance comes from a seed. What a tracker does
//! with a path that is down is not decided here either.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod chance;
mod channels;
pub mod config;
pub mod echo;
pub mod event;
mod links;
pub mod notice;
mod session;
pub mod speaker;
pub mod status;
mod timing;
pub mod wire;

pub use config::Config;
pub use event::{Action, Event, Verdict};
pub use notice::Notice;
pub use speaker::Speaker;
pub use status::Status;
pub use wire::fuzz_control;
