//! Who is master.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod config;
pub mod event;
pub mod notice;
pub mod router;
pub mod status;
pub mod wire;

pub use config::Config;
pub use event::{Action, Event, Memory};
pub use notice::Notice;
pub use router::Router;
pub use status::Status;
