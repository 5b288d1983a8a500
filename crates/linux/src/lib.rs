//! The real machine: it performs what an engine orders and tells what happened. It decides nothing.
//!
//! Read in this order: [`machine`] is the whole, an implementation of the ports of `host`; [`poll`] is how it
//! waits; [`clock`] is where time comes from. `socket` opens, filters, reads and writes packets; `netlink` speaks
//! with the kernel about links, addresses, routes and rules; `virtual_links` makes links, `packet_filter` drops
//! packets, `ipvs` shares them out. [`schedule`] and [`namespace`] place the process; [`process`] starts others, [`privilege`] says who they
//! are, [`bus`] is how they speak with one another and [`sealed`] what they put aside, [`pidfile`], [`fifo`] and
//! [`journal`] are what they leave for people. [`watch_file`], [`watch_process`] and [`link_beat`] follow what is tracked. `sys` is the only unsafe code of the workspace.

pub mod bus;
pub mod clock;
pub mod fifo;
pub mod group_reports;
mod ipvs;
pub mod journal;
pub mod link_beat;
pub mod machine;
pub mod namespace;
mod netlink;
mod packet_filter;
pub mod pidfile;
pub mod poll;
pub mod privilege;
pub mod process;
pub mod schedule;
pub mod script;
pub mod sealed;
pub mod signal;
mod socket;
mod sys;
#[cfg(test)]
mod testbed;
mod virtual_links;
pub mod watch_file;
pub mod watch_process;

pub use machine::{Machine, OpenError};
pub use netlink::{fuzz_ipvs, fuzz_netlink, vrf_tables};
pub use poll::{Interest, Poll, Token, WaitError};
