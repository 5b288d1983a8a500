//! Real daemons in network namespaces: ours, and Debian's keepalived as the peer.
//!
//! Read in this order: [`lab`] (a switch and the hosts on it), [`namespace`], [`daemon`] (a keepalived, ours or
//! theirs, in one of them), [`capture`] and [`packet`] (what is on the wire), [`address`] (who holds what),
//! [`pair`] (two daemons and what may be expected of them), [`runner`] (trials, several at once, with a report).
//! [`clock`] is the one file that reads the clock and sleeps.
//!
//! Everything that a trial makes is named after this process and removed when the trial ends, also after a panic.

pub(crate) mod address;
pub(crate) mod capture;
pub(crate) mod clock;
pub(crate) mod daemon;
pub(crate) mod file;
pub(crate) mod forge;
pub(crate) mod holders;
pub(crate) mod instance;
pub(crate) mod lab;
pub(crate) mod namespace;
pub(crate) mod packet;
pub(crate) mod pair;
pub(crate) mod process;
pub(crate) mod record;
pub(crate) mod runner;
pub(crate) mod seal;
pub(crate) mod service;
pub(crate) mod timing;
