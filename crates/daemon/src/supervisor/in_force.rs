//! The configuration in force.
//!
//! What the engines obey is kept as the workers are sent it: taken apart, thousands of virtual routers take megabytes,
//! and the supervisor looks at them only when it is asked to write them out.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use config::Effective;
use config::effective::{Daemon, TrackGroup};
use vrrp::config::FileConfig;
use worker::bus::{Configure, ToBfd, ToCheck, ToWorker};

use crate::bus::{Filed, ToBfdProcess, ToProcess};

/// A configuration that is obeyed.
#[derive(Debug)]
pub(super) struct InForce {
    /// What concerns the daemon as a whole.
    pub(super) daemon: Daemon,
    /// Who follows which static things.
    track_groups: Vec<TrackGroup>,
    /// Tracked files.
    pub(super) files: Vec<FileConfig>,
    /// How long instances wait before they listen.
    pub(super) startup_delay: Duration,
    /// Whether there are virtual routers, BFD sessions, virtual servers.
    pub(super) has_routers: bool,
    pub(super) has_sessions: bool,
    pub(super) has_servers: bool,
    /// The messages that make the workers obey it.
    pub(super) vrrp: Filed<ToProcess<ToWorker>>,
    pub(super) bfd: Filed<ToBfdProcess>,
    pub(super) check: Rc<Filed<ToProcess<ToCheck>>>,
}

impl InForce {
    /// Puts a configuration aside.
    pub(super) fn new(effective: Effective) -> io::Result<Self> {
        let Effective { daemon, vrrp, bfd, check, track_groups } = effective;
        let files = vrrp.files.clone();
        let startup_delay = vrrp.startup_delay;
        let has_routers = !vrrp.instances.is_empty();
        let has_sessions = !bfd.sessions.is_empty();
        let has_servers = !check.virtual_servers.is_empty();
        let configure = Configure { config: vrrp, memories: Vec::new() };
        let vrrp = Filed::new(&ToProcess::Worker(ToWorker::Configure(Box::new(configure))))?;
        let bfd = Filed::new(&ToBfdProcess::Worker(ToBfd::Configure(Box::new(bfd))))?;
        let check = Rc::new(Filed::new(&ToProcess::Worker(ToCheck::Configure(Box::new(check))))?);
        Ok(Self {
            daemon,
            track_groups,
            files,
            startup_delay,
            has_routers,
            has_sessions,
            has_servers,
            vrrp,
            bfd,
            check,
        })
    }

    /// The whole of it.
    pub(super) fn read(&self) -> io::Result<Effective> {
        let other = || io::Error::from(io::ErrorKind::InvalidData);
        let ToProcess::Worker(ToWorker::Configure(vrrp)) = self.vrrp.read()? else { return Err(other()) };
        let ToBfdProcess::Worker(ToBfd::Configure(bfd)) = self.bfd.read()? else { return Err(other()) };
        let ToProcess::Worker(ToCheck::Configure(check)) = self.check.read()? else { return Err(other()) };
        let (daemon, track_groups) = (self.daemon.clone(), self.track_groups.clone());
        Ok(Effective { daemon, vrrp: vrrp.config, bfd: *bfd, check: *check, track_groups })
    }
}

#[cfg(test)]
mod tests {
    use config::{Assumed, InMemory, Request};

    use super::*;

    const TEXT: &str = "vrrp_instance I1 {\n interface eth0\n virtual_router_id 11\n virtual_ipaddress {\n  10.1.0.100\n }\n}\n\
        bfd_instance B1 {\n neighbor_ip 10.1.0.2\n}\n\
        virtual_server 10.1.0.101 80 {\n real_server 10.1.0.3 80 {\n }\n}\n";

    #[test]
    fn a_configuration_that_was_put_aside_is_read_as_it_was() {
        let loaded = config::load(&Request::new("c"), &InMemory::one("c", TEXT), &Assumed::default());
        let effective = loaded.effective.unwrap();
        let kept = InForce::new(effective.clone()).unwrap();
        assert!(kept.has_routers && kept.has_sessions && kept.has_servers);
        assert_eq!(kept.read().unwrap(), effective);
    }
}
