//! What the daemon tells of itself: plain data, and the texts that are made of it.

pub mod keepalived;

use host::Instant;
use serde::{Deserialize, Serialize};

pub use crate::supervisor::LastReload;

/// How alert mail stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct MailStatus {
    /// Alerts that no relay has taken yet.
    pub waiting: usize,
    /// Alerts that a relay took.
    pub sent: u64,
    /// Alerts that nobody will get.
    pub lost: u64,
}

/// How the daemon stands: the answer to `status` on the control socket.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DaemonStatus {
    /// Name and version of the program.
    pub version: String,
    /// The supervisor's process number.
    pub pid: u32,
    /// When this was said, on the clock that [`vrrp::status::InstanceStatus::since`] is measured by.
    pub now: Instant,
    /// The configuration file, or a pattern of several.
    pub configuration: String,
    /// The vrrp worker's process number, if it lives.
    pub vrrp_pid: Option<u32>,
    /// How often a vrrp worker was started; more than 1 means that one died.
    pub vrrp_starts: u64,
    /// The bfd worker's process number, if it lives.
    pub bfd_pid: Option<u32>,
    /// How often a bfd worker was started.
    pub bfd_starts: u64,
    /// The check worker's process number, if it lives.
    pub check_pid: Option<u32>,
    /// How often a check worker was started.
    pub check_starts: u64,
    /// Scripts that run.
    pub scripts_running: usize,
    /// Notify scripts that wait for others of their instance.
    pub scripts_waiting: usize,
    /// How alert mail stands.
    pub mail: MailStatus,
    /// What the last reload came to, if there was one.
    pub last_reload: Option<LastReload>,
    /// How the virtual routers stand; `None` if the worker does not say.
    pub vrrp: Option<vrrp::Status>,
    /// How the BFD sessions stand; `None` if there is no worker, or it does not say.
    pub bfd: Option<bfd::Status>,
    /// How the virtual servers stand; `None` if there is no worker, or it does not say.
    pub check: Option<check::Status>,
}
