//! Who is master.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod announce;
mod channels;
pub mod config;
mod election;
pub mod event;
mod holdings;
mod instance;
mod links;
pub mod notice;
pub mod router;
pub mod status;
mod timing;
mod track;
pub mod wire;

pub use config::Config;
pub use event::{Action, Event, Memory};
pub use notice::Notice;
pub use router::Router;
pub use status::Status;
