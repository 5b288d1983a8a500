//! Settings of the daemon as a whole, from `global_defs` and from what stands outside all blocks.

use std::net::IpAddr;
use std::time::Duration;

use host::{Account, Command, LinkName};
use serde::Serialize;

/// Settings of the daemon as a whole.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Daemon {
    /// Identity in mail subjects and dumps: `router_id`, else the host's name.
    pub router_id: String,
    /// Scripts that a user other than root could have changed are refused (`enable_script_security`).
    pub script_security: bool,
    /// Alert mail.
    pub mail: Mail,
    /// Which of several daemons on this host it is.
    pub identity: Identity,
    /// Its processes.
    pub workers: Workers,
    /// Scripts around its life.
    pub hooks: Hooks,
    /// Pipes that events are written to.
    pub pipes: Pipes,
    /// SNMP.
    pub snmp: Snmp,
    /// D-Bus.
    pub dbus: Dbus,
    /// How a new configuration is taken.
    pub reload: Reload,
    /// Where state is written on a signal.
    pub dumps: Dumps,
    /// Sizes of kernel buffers.
    pub buffers: Buffers,
    /// What load balancing takes where a server says nothing.
    pub lvs: LvsDefaults,
    /// How traffic of groups of virtual servers is marked.
    pub filter: NetFilter,
    /// File creation mask (`umask`).
    pub umask: u32,
    /// Interfaces may be absent at the start, and with `true` may come back as something else (`dynamic_interfaces`).
    pub dynamic_interfaces: Option<bool>,
    /// The kernel sends no reports for groups of 224.0.0.0/24 (`disable_local_igmp`).
    pub no_local_igmp: bool,
    /// Instances wait until the host has been up for so long (`vrrp_delay_after_boot`); zero does not wait.
    pub delay_after_boot: Duration,
}

/// Alert mail.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Mail {
    /// `notification_email`, in the order of the file; may be empty.
    pub to: Vec<String>,
    /// `notification_email_from`, else the running user at this host.
    pub from: String,
    /// `smtp_server`: an address or a name; without one no mail is sent.
    pub server: Option<String>,
    /// Its port; default 25.
    pub port: u16,
    /// `smtp_helo_name`, else the host's name.
    pub helo: String,
    /// `smtp_connect_timeout` in seconds; default 30, never 0.
    pub timeout_seconds: u32,
    /// No mail about faults (`no_email_faults`).
    pub no_faults: bool,
}

/// Which of several daemons on a host it is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Identity {
    /// `instance`
    pub instance: Option<String>,
    /// `net_namespace`
    pub namespace: Option<String>,
    /// `net_namespace_ipvs`: where IPVS is programmed; `Some(None)` is the namespace that the daemon was started in.
    pub ipvs_namespace: Option<Option<String>>,
    /// Pid files go into a directory of their own (`use_pid_dir`, or a namespace).
    pub pid_directory: bool,
    /// How long children may take to end (`child_wait_time`); `None` is 5 s.
    pub child_wait: Option<Duration>,
}

/// The daemon's processes.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Workers {
    /// Name of the first process (`process_name`), at most 15 bytes.
    pub name: String,
    /// The one that does VRRP.
    pub vrrp: Worker,
    /// The one that does health checks.
    pub checker: Worker,
    /// The one that does BFD.
    pub bfd: Worker,
    /// How it raises its own priority when it is late; `None` never does.
    pub auto_priority: Option<AutoPriority>,
}

/// How a process runs.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Worker {
    /// Its name, at most 15 bytes (`process_names` and its own keyword).
    pub name: String,
    /// Nice value, -20 to 19.
    pub nice: i8,
    /// Its memory is locked.
    pub locked: bool,
    /// Real-time priority, 1 to 99.
    pub realtime: Option<u8>,
    /// CPUs that it may run on; empty is all.
    pub cpus: Vec<u16>,
    /// Microseconds that it may run in one go at a real-time priority; `None` and 0 have no limit.
    pub rttime: Option<u32>,
}

/// How a daemon that is late raises its own priority.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct AutoPriority {
    /// Highest real-time priority that it gives itself, 0 to 99.
    pub most: u8,
    /// How late it must be, in microseconds.
    pub delay_us: u32,
    /// It does not say so at the start (`-1`).
    pub quiet: bool,
}

/// A script around the daemon's life.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Hook {
    /// What is run.
    pub command: Command,
    /// How long it may take; default 10 s.
    pub limit: Duration,
}

/// Scripts around the daemon's life.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Hooks {
    /// Before anything else (`startup_script`).
    pub startup: Option<Hook>,
    /// After everything else (`shutdown_script`).
    pub shutdown: Option<Hook>,
}

/// A pipe that events are written to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Pipe {
    /// Its path.
    pub path: String,
    /// Who owns it; `None` is whoever the daemon runs as.
    pub owner: Option<Account>,
    /// A program that reads it, which is given the path as its last argument.
    pub reader: Option<Command>,
}

/// Pipes that events are written to.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Pipes {
    /// All events (`notify_fifo`).
    pub all: Option<Pipe>,
    /// Those of VRRP (`vrrp_notify_fifo`).
    pub vrrp: Option<Pipe>,
    /// Those of health checks (`lvs_notify_fifo`).
    pub lvs: Option<Pipe>,
    /// Present states are written again after a reload (`fifo_write_vrrp_states_on_reload`).
    pub states_on_reload: bool,
}

/// SNMP.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Snmp {
    /// Socket of the master agent (`snmp_socket`); `None` is unix:/var/agentx/master.
    pub socket: Option<String>,
    /// `enable_traps`
    pub traps: bool,
    /// `enable_snmp_vrrp`
    pub vrrp: bool,
    /// `enable_snmp_rfcv2`
    pub rfc_v2: bool,
    /// `enable_snmp_rfcv3`
    pub rfc_v3: bool,
    /// `enable_snmp_checker`
    pub checker: bool,
    /// How old statistics of virtual servers may be; `None` is 5 s.
    pub virtual_server_age: Option<Duration>,
    /// How old statistics of real servers may be; `None` is that of virtual servers.
    pub real_server_age: Option<Duration>,
}

/// D-Bus.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Dbus {
    /// `enable_dbus`
    pub on: bool,
    /// `dbus_service_name`; `None` is org.keepalived.Vrrp1.
    pub name: Option<String>,
    /// Word that stands for an interface where an instance has none; `None` is `none`.
    pub no_interface: Option<String>,
}

/// How a new configuration is taken.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Reload {
    /// A test comes first, its output in this file or nowhere (`reload_check_config`).
    pub check: Option<Option<String>>,
    /// A file that says when (`reload_time_file`).
    pub time_file: Option<String>,
    /// Times in it count every day (`reload_repeat`).
    pub repeat: bool,
    /// A file that is there while a configuration is read; `Some(None)` is in the directory of pid files (`reload_file`).
    pub marker: Option<Option<String>>,
    /// Configuration and state are kept there around a reload (`config_save_dir`).
    pub save_directory: Option<String>,
}

/// Where state is written on a signal.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Dumps {
    /// `state_dump_file`
    pub state: Option<String>,
    /// `stats_dump_file`
    pub statistics: Option<String>,
    /// `json_dump_file`
    pub json: Option<String>,
    /// `json_version`: 1 or 2.
    pub json_version: u8,
    /// Names hold the instance and the namespace (`data_use_instance`).
    pub use_instance: bool,
}

/// A kernel buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Buffers {
    /// VRRP's netlink socket for orders: bytes, and beyond the system's limit.
    pub vrrp_command: (Option<u32>, bool),
    /// VRRP's netlink socket for news.
    pub vrrp_monitor: (Option<u32>, bool),
    /// Checks' netlink socket for orders.
    pub lvs_command: (Option<u32>, bool),
    /// Checks' netlink socket for news.
    pub lvs_monitor: (Option<u32>, bool),
    /// The socket that tells of processes.
    pub process_monitor: (Option<u32>, bool),
    /// Sockets that adverts come in by; `None` is the kernel's default.
    pub adverts: Option<ReceiveBuffers>,
    /// What the size by a policy is multiplied with (`vrrp_rx_bufs_multiplier`).
    pub advert_multiplier: u32,
}

/// How large the buffers are that adverts come in by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum ReceiveBuffers {
    /// By the largest packet of the link.
    Mtu,
    /// By the size of the instance's adverts.
    Advert,
    /// So many bytes.
    Bytes(u32),
}

/// What load balancing takes where a server says nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct LvsDefaults {
    /// Synchronisation of connections (`lvs_sync_daemon`).
    pub sync_daemon: Option<SyncDaemon>,
    /// No mail about single checkers (`no_checker_emails`).
    pub no_checker_mail: bool,
    /// Every failed attempt is logged (`checker_log_all_failures`).
    pub log_all_failures: bool,
    /// Mail about servers where they do not say (`smtp_alert_checker`, `smtp_alert`).
    pub mail: Option<bool>,
}

/// Synchronisation of IPVS connections.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SyncDaemon {
    /// Interface.
    pub link: LinkName,
    /// The virtual router whose state it follows; `None` is both master and backup.
    pub instance: Option<String>,
    /// Identity; `None` is the virtual router's number, or 0.
    pub id: Option<u8>,
    /// Longest packet.
    pub longest: Option<u16>,
    /// UDP port; `None` is 8848.
    pub port: Option<u16>,
    /// TTL.
    pub ttl: Option<u8>,
    /// Group; `None` is 224.0.0.81.
    pub group: Option<IpAddr>,
}

/// How traffic of groups of virtual servers is marked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct NetFilter {
    /// Table that marks traffic of groups of virtual servers (`nftables_ipvs`).
    pub ipvs_table: Option<String>,
    /// Priority of its chain.
    pub ipvs_priority: Option<i32>,
    /// First mark (`nftables_ipvs_start_fwmark`); `None` is 1000.
    pub ipvs_first_mark: Option<u32>,
}
