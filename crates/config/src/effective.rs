//! What a configuration means: complete, checked, every default filled in.

use host::Command;

/// A configuration that can be obeyed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Effective {
    /// What concerns the daemon as a whole.
    pub daemon: Daemon,
    /// What the VRRP engine obeys.
    pub vrrp: vrrp::Config,
}

/// Settings of the daemon as a whole (`global_defs` and the keywords outside blocks).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Daemon {
    /// Identity in mail subjects and dumps: `router_id`, else the host's name.
    pub router_id: String,
    /// Scripts that a user other than root could have changed are refused (`enable_script_security`).
    pub script_security: bool,
    /// Alert mail.
    pub mail: Mail,
    /// Name of this daemon among several (`instance`).
    pub instance: Option<String>,
    /// Pid files go into a directory of their own (`use_pid_dir`).
    pub use_pid_dir: bool,
    /// Seconds the supervisor waits for its workers at the end (`child_wait_time`); default 5.
    pub child_wait_seconds: u32,
    /// Names of the processes, at most 15 bytes each; `None` keeps the program's.
    pub process_names: ProcessNames,
    /// Run once before the workers start (`startup_script`), and its time limit in seconds.
    pub startup_script: Option<(Command, u32)>,
    /// Run once after they ended (`shutdown_script`), and its time limit in seconds.
    pub shutdown_script: Option<(Command, u32)>,
}

/// Alert mail: kept, and sent once the herald is there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mail {
    /// `notification_email`.
    pub to: Vec<String>,
    /// `notification_email_from`.
    pub from: Option<String>,
    /// `smtp_server`: address or name; none sends no mail.
    pub server: Option<String>,
    /// Its port; default 25.
    pub port: u16,
    /// `smtp_helo_name`.
    pub helo: Option<String>,
    /// `smtp_connect_timeout` in seconds; default 30.
    pub timeout_seconds: u32,
}

/// What `ps` shows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProcessNames {
    /// `process_name`.
    pub supervisor: Option<String>,
    /// `vrrp_process_name`.
    pub vrrp: Option<String>,
    /// `checker_process_name`.
    pub checker: Option<String>,
    /// `bfd_process_name`.
    pub bfd: Option<String>,
}
