//! Who is master: the Virtual Router Redundancy Protocol, versions 2 (RFC 3768) and 3 (RFC 9568), as an engine.
//!
//! It is told what happened and when, and says what to do; it has no socket, no clock and no thread, and being
//! `no_std` it cannot get one. Read in this order:
//!
//! 1. [`config`]: what it obeys, complete and checked; [`event`]: what it can be told and what it can ask for.
//! 2. [`router`]: the engine. An event goes to the instance that it concerns, then the node settles.
//! 3. `instance`: the state machine of one virtual router, a file a state in its folder; `election` and `timing`
//!    are its rules, pure.
//! 4. What an instance leans on: `group` (who changes with it), `track` (scripts, links, weights), `announce` (when gratuitous ARPs are due),
//!    `holdings` (addresses wanted minus addresses held), `channels`, `links`.
//! 5. [`wire`]: the bytes. [`notice`]: facts for people; [`status`]: how everything stands.
//!
//! Not here: how a packet is sent, how an address is put on a link, how a script is run.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod announce;
mod channels;
pub mod config;
mod election;
pub mod event;
mod firewall;
mod group;
mod holdings;
mod instance;
mod item;
mod links;
pub mod notice;
pub mod router;
mod rush;
pub mod status;
mod timers;
mod timing;
mod track;
pub mod wire;

pub use config::Config;
pub use event::{Action, Event, Memory};
pub use notice::Notice;
pub use router::Router;
pub use status::Status;
