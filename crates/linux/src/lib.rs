//! The real machine: it performs what an engine orders and tells what happened. It decides nothing.
//!
//! Read in this order: [`machine`] is the whole, an implementation of the ports of `host`; [`poll`] is how it
//! waits; [`clock`] is where time comes from. `socket` opens, filters, reads and writes packets; `netlink` speaks
//! with the kernel about links and addresses. [`schedule`] and [`namespace`] place the process; `sys` is the only
//! unsafe code of the workspace.

pub mod clock;
pub mod machine;
pub mod namespace;
mod netlink;
pub mod poll;
pub mod schedule;
mod socket;
mod sys;

pub use machine::{Machine, OpenError};
pub use netlink::fuzz_netlink;
pub use poll::{Interest, Poll, Token, WaitError};
