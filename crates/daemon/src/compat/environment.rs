//! What the environment says to the daemon.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Variables that have a meaning for the daemon.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Environment {
    /// `NOTIFY_SOCKET`: where systemd wants to be told.
    pub(crate) notify_socket: Option<OsString>,
    /// `TMPDIR`, if it is an absolute directory.
    pub(crate) temporary: Option<PathBuf>,
    /// All of it that is text, for `${_ENV NAME}` in configurations.
    variables: BTreeMap<String, String>,
}

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub(super) fn read() -> Self {
        let temporary = std::env::var_os("TMPDIR").map(PathBuf::from);
        let text =
            |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        Self {
            variables: std::env::vars_os().filter_map(text).collect(),
            notify_socket: std::env::var_os("NOTIFY_SOCKET"),
            temporary: temporary.filter(|path| path.is_absolute() && path.is_dir()),
        }
    }

    /// The host, for the configuration.
    pub(crate) fn this_host(&self) -> config::ThisHost {
        config::ThisHost::new(self.variables.clone()).with_vrf_tables(linux::vrf_tables())
    }

    /// Where dumps go.
    pub(crate) fn dumps(&self) -> &Path {
        self.temporary.as_deref().unwrap_or(Path::new("/tmp"))
    }
}
