//! IPVS: the kernel's virtual services, and what must be said to make them what they are to be.

use std::io;

use host::ipvs::{IpvsTable, NO_IPVS, SyncDaemon, SyncOp};
use host::{IpvsOp, IpvsSurvey, Refusal};
use netlink_sys::protocols::NETLINK_GENERIC;

use crate::namespace::Namespace;
use crate::netlink::ipvs::{self as message, Put, read};
use crate::netlink::{Exchange, refusal, refused};

/// IPVS of this host, or of another namespace of it.
#[derive(Default)]
pub(crate) struct Ipvs {
    /// Where it is; `None` is where the thread is.
    namespace: Option<Namespace>,
    /// Opened when it is needed: not every kernel has IPVS, and most engines do without.
    line: Option<Line>,
}

/// A socket, and the number that IPVS has in this kernel.
struct Line {
    exchange: Exchange,
    family: u16,
}

impl Ipvs {
    /// Speaks with the IPVS of another namespace from now on.
    pub(crate) fn place(&mut self, namespace: Option<Namespace>) {
        *self = Self { namespace, line: None };
    }

    /// Carries an order out.
    pub(crate) fn perform(&mut self, op: &IpvsOp) -> Result<(), Refusal> {
        let result = match self.line().and_then(|line| line.perform(op)) {
            // No such scheduler, or no such family: the module was loaded anew and has another number now.
            Err(refusal) if refusal.code == libc::ENOENT && self.was_renumbered() => {
                self.line().and_then(|line| line.perform(op))
            }
            result => result,
        };
        result.map_err(|refusal| match message::words(op, &refusal) {
            Some(words) => Refusal { why: words.into(), ..refusal },
            None => refusal,
        })
    }

    /// Asks for all that is there.
    pub(crate) fn survey(&mut self) -> IpvsSurvey {
        match self.line()?.survey() {
            Err(refusal) if refusal.code == libc::ENOENT && self.was_renumbered() => self.line()?.survey(),
            result => result,
        }
    }

    fn line(&mut self) -> Result<&mut Line, Refusal> {
        match &mut self.line {
            Some(line) => Ok(line),
            none => {
                let open = || Line::open().map_err(|cause| refused(&cause));
                let mut line = match &self.namespace {
                    Some(namespace) => namespace.run(open).unwrap_or_else(|cause| Err(refused(&cause)))?,
                    None => open()?,
                };
                line.find_family()?;
                Ok(none.insert(line))
            }
        }
    }

    /// Whether the number that was used is not that of IPVS any more.
    fn was_renumbered(&mut self) -> bool {
        let Some(line) = &mut self.line else { return false };
        let before = line.family;
        if line.find_family().is_err() {
            self.line = None;
            return false;
        }
        line.family != before
    }
}

impl Line {
    fn open() -> io::Result<Self> {
        Ok(Self { exchange: Exchange::open(NETLINK_GENERIC)?, family: 0 })
    }

    /// Asks what number IPVS has. The kernel loads the module for that if it has it.
    fn find_family(&mut self) -> Result<(), Refusal> {
        let answer =
            self.exchange.perform(message::CONTROLLER, 0, &message::ask_family()).map_err(|cause| {
                if cause.code == NO_IPVS {
                    Refusal { why: "the kernel has no IPVS".into(), ..cause }
                } else {
                    cause
                }
            })?;
        self.family =
            read::family_id(&answer).ok_or_else(|| refusal(0, Some("the kernel gave no number".into())))?;
        Ok(())
    }

    fn order(&mut self, payload: &[u8]) -> Result<(), Refusal> {
        self.exchange.perform(self.family, 0, payload).map(drop)
    }

    fn perform(&mut self, op: &IpvsOp) -> Result<(), Refusal> {
        match op {
            IpvsOp::PutService(key, service) => self.put(|how| message::put_service(how, key, service)),
            IpvsOp::PutDestination(service, key, destination) => {
                self.put(|how| message::put_destination(how, service, key, destination))
            }
            IpvsOp::RemoveService(key) => forgiven(&[libc::ESRCH], self.order(&message::remove_service(key))),
            IpvsOp::RemoveDestination(service, key) => {
                let gone = [libc::ENOENT, libc::ESRCH];
                forgiven(&gone, self.order(&message::remove_destination(service, key)))
            }
            IpvsOp::Flush => self.order(&message::flush()),
            IpvsOp::SetTimeouts(timeouts) => self.order(&message::set_timeouts(timeouts)),
            IpvsOp::Sync(SyncOp::Start(sync)) => self.start_sync(sync),
            IpvsOp::Sync(SyncOp::Stop(role)) => {
                forgiven(&[libc::ESRCH], self.order(&message::stop_sync(*role)))
            }
        }
    }

    /// Puts something, or brings what is there into shape.
    fn put(&mut self, payload: impl Fn(Put) -> Vec<u8>) -> Result<(), Refusal> {
        match self.order(&payload(Put::New)) {
            Err(refusal) if refusal.code == libc::EEXIST => self.order(&payload(Put::Change)),
            result => result,
        }
    }

    fn start_sync(&mut self, sync: &SyncDaemon) -> Result<(), Refusal> {
        match self.order(&message::start_sync(sync)) {
            Err(refusal) if refusal.code == libc::EEXIST => {
                if self.sync_daemons()?.iter().any(|running| fits(running, sync)) {
                    return Ok(());
                }
                self.order(&message::stop_sync(sync.role))?;
                self.order(&message::start_sync(sync))
            }
            result => result,
        }
    }

    fn survey(&mut self) -> IpvsSurvey {
        let mut table = IpvsTable::default();
        self.exchange.dump(self.family, &message::ask_services(), |payload| {
            table.services.extend(read::service(payload));
        })?;
        for (key, entry) in &mut table.services {
            self.exchange.dump(self.family, &message::ask_destinations(key), |payload| {
                entry.destinations.extend(read::destination(key.family(), payload));
            })?;
        }
        let answer = self.exchange.perform(self.family, 0, &message::ask_timeouts())?;
        table.timeouts = read::timeouts(&answer);
        table.sync_daemons = self.sync_daemons()?;
        Ok(table)
    }

    fn sync_daemons(&mut self) -> Result<Vec<SyncDaemon>, Refusal> {
        let mut running = Vec::new();
        self.exchange.dump(self.family, &message::ask_sync_daemons(), |payload| {
            running.extend(read::sync_daemon(payload));
        })?;
        Ok(running)
    }
}

/// What an order was for is so already: that is no refusal.
fn forgiven(so_already: &[i32], result: Result<(), Refusal>) -> Result<(), Refusal> {
    match result {
        Err(refusal) if so_already.contains(&refusal.code) => Ok(()),
        result => result,
    }
}

/// Whether a daemon that runs is the one that is wanted; what is left to the kernel fits whatever it is.
fn fits(running: &SyncDaemon, wanted: &SyncDaemon) -> bool {
    let SyncDaemon { role, link, id, longest, group, port, ttl } = wanted;
    running.role == *role
        && running.link == *link
        && running.id == *id
        && (longest.is_none() || running.longest == *longest)
        && (group.is_none() || running.group == *group)
        && (port.is_none() || running.port == *port)
        && (ttl.is_none() || running.ttl == *ttl)
}

#[cfg(test)]
mod tests;
