//! What a configuration means: complete, checked, every default filled in.

/// A configuration that can be obeyed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Effective {
    /// What concerns the daemon as a whole.
    pub daemon: Daemon,
    /// What the VRRP engine obeys.
    pub vrrp: vrrp::Config,
}

/// Settings of the daemon as a whole.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Daemon {
    /// Identity in mail subjects and dumps: `router_id`, else the host's name.
    pub router_id: String,
    /// Scripts that a user other than root could have changed are refused (`enable_script_security`).
    pub script_security: bool,
    /// Alert mail.
    pub mail: Mail,
}

/// Alert mail: kept, and sent once there is somebody to send it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mail {
    /// `notification_email`, in the order of the file; may be empty.
    pub to: Vec<String>,
    /// `notification_email_from`; `None` is the running user at this host.
    pub from: Option<String>,
    /// `smtp_server`: an address or a name; without one no mail is sent.
    pub server: Option<String>,
    /// Its port; default 25.
    pub port: u16,
    /// `smtp_helo_name`; `None` is the host's name.
    pub helo: Option<String>,
    /// `smtp_connect_timeout` in seconds; default 30, never 0.
    pub timeout_seconds: u32,
}
