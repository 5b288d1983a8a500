//! What a configuration means: complete, checked, every default filled in.

mod daemon;

pub use daemon::{
    AutoPriority, Buffers, Daemon, Dbus, Dumps, Hook, Hooks, Identity, LvsDefaults, Mail, NetFilter, Pipe,
    Pipes, ReceiveBuffers, Reload, Snmp, SyncDaemon, Worker, Workers,
};

use serde::Serialize;

/// A configuration that can be obeyed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Effective {
    /// What concerns the daemon as a whole.
    pub daemon: Daemon,
    /// What the VRRP engine obeys.
    pub vrrp: vrrp::Config,
    /// What the BFD engine obeys.
    pub bfd: bfd::Config,
    /// What the check engine obeys.
    pub check: check::Config,
}
