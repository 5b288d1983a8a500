//! Reports of groups that never leave the link (`disable_local_igmp`): the kernel sends none for as long as the daemon
//! runs. As keepalived, a reload cannot change that.

use std::fs;

use config::effective::Daemon;
use host::Severity;

use super::Supervisor;

/// The kernel's setting, of the network namespace that we are in.
const SETTING: &str = "/proc/sys/net/ipv4/igmp_link_local_mcast_reports";

/// Whether we changed it.
#[derive(Debug, Default)]
pub(super) struct LocalIgmp {
    silenced: bool,
}

impl Supervisor {
    /// The start.
    pub(super) fn silence_local_igmp(&mut self) {
        let reports = fs::read_to_string(SETTING).is_ok_and(|text| text.trim() != "0");
        if self.effective.daemon.no_local_igmp && reports {
            self.igmp.silenced = self.set_local_igmp("0");
        }
    }

    /// The end: it is as it was.
    pub(super) fn restore_local_igmp(&mut self) {
        if std::mem::take(&mut self.igmp.silenced) {
            self.set_local_igmp("1");
        }
    }

    /// Whether a configuration leaves it as it is; says so if not.
    pub(super) fn keeps_local_igmp(&mut self, daemon: &Daemon) -> bool {
        let same = daemon.no_local_igmp == self.effective.daemon.no_local_igmp;
        if !same {
            let line = "Cannot change disable_local_igmp at a reload - please restart keepalived";
            self.log(Severity::Error, line);
        }
        same
    }

    fn set_local_igmp(&mut self, value: &str) -> bool {
        let result = fs::write(SETTING, value);
        if let Err(error) = &result {
            self.log(Severity::Warning, &format!("Unable to write {SETTING}: {error}"));
        }
        result.is_ok()
    }
}
