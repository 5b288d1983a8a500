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
    /// Who follows which static things (`track_group`), in the order of the file. What comes of it stands with the
    /// instances.
    pub track_groups: Vec<TrackGroup>,
}

/// Instances that fail with the links of static addresses, routes and rules.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct TrackGroup {
    /// Its name. Unique.
    pub name: String,
    /// The instances that there are, in the order of the file.
    pub members: Vec<String>,
    /// Places among the static addresses.
    pub addresses: Vec<usize>,
    /// Places among the static routes.
    pub routes: Vec<usize>,
    /// Places among the static rules.
    pub rules: Vec<usize>,
}
