//! The engine: all virtual servers of a node.
//!
//! What a check thinks goes downhill: `probe` → `server` → `service` → `holdings`. Nothing calls back up.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use host::{Engine, Instant};

use crate::config::{Config, Leaving};
use crate::event::{Action, Event};
use crate::holdings::Holdings;
use crate::notice::Notice;
use crate::probe::Stimulus;
use crate::reload;
use crate::server::Server;
use crate::service::Service;
use crate::status::Status;

/// All virtual servers of a node.
#[derive(Debug, Default)]
pub struct Director {
    /// In the order of the file.
    services: Vec<Service>,
    holdings: Holdings,
    /// How the paths of BFD sessions are known to stand, by name.
    paths: BTreeMap<String, bool>,
    leaving: Leaving,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Phase {
    /// There was no configuration.
    #[default]
    Empty,
    Running,
    Stopping,
}

impl Engine for Director {
    type Event = Event;
    type Action = Action;
    type Status = Status;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        // Traffic waits for orders; people are told afterwards.
        let mut told = Vec::new();
        self.take_in(event, now, out, &mut told);
        self.holdings.order(out);
        out.append(&mut told);
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.holdings.next_deadline()
    }

    fn status(&self, _now: Instant) -> Status {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Status {
            services: self.services.iter().map(Service::status).collect(),
            outstanding: number(self.holdings.outstanding()),
            refused: number(self.holdings.refused()),
        }
    }
}

impl Director {
    /// Whether it was told to stop and the kernel has carried out everything.
    pub fn has_stopped(&self) -> bool {
        self.phase == Phase::Stopping && self.holdings.outstanding() == 0
    }

    fn take_in(&mut self, event: Event, now: Instant, out: &mut Vec<Action>, told: &mut Vec<Action>) {
        match event {
            Event::Configured(config) => self.configure(*config, out, told),
            Event::Surveyed(found) => self.holdings.survey(found, now, out),
            Event::Settled { ticket, result } => self.holdings.settled(ticket, result, now, told),
            Event::PathJudged { session, alive } => {
                self.hear(Stimulus::Path(&session, alive), told);
                self.paths.insert(session, alive);
            }
            Event::Wake => self.holdings.wake(now, out),
            Event::Stop => self.stop(out, told),
        }
    }

    fn configure(&mut self, config: Config, out: &mut Vec<Action>, told: &mut Vec<Action>) {
        // A stop is final.
        if self.phase == Phase::Stopping {
            return;
        }
        let Config { virtual_servers, tls: _, table, initial_notifies } = config;
        let first = core::mem::replace(&mut self.phase, Phase::Running) == Phase::Empty;
        self.leaving = table.stop;
        self.holdings.want_timeouts(table.timeouts);
        let mut services = reload::services(virtual_servers, told);
        let before = core::mem::take(&mut self.services);
        for key in before.iter().flat_map(|service| &service.keys) {
            self.holdings.renounce(*key);
        }
        self.holdings.claim(services.iter().flat_map(|service| service.keys.iter().copied()));
        if first {
            for service in &mut services {
                service.begin(initial_notifies, told);
            }
            if table.flush {
                self.holdings.flush(out);
            }
        } else {
            let summary = reload::replace(before, &mut services, told);
            told.push(Action::Notice(Notice::Reloaded(summary)));
        }
        self.services = services;
        let sessions: BTreeSet<String> = self.servers().flat_map(Server::sessions).collect();
        if !sessions.is_empty() {
            told.push(Action::Notice(Notice::FollowsPaths));
        }
        // A session that nobody followed may have ended meanwhile.
        self.paths.retain(|session, _| sessions.contains(session));
        for service in &self.services {
            self.holdings.want(service.table());
        }
        // What is known of paths concerns new servers and new checks, too.
        for (session, alive) in core::mem::take(&mut self.paths) {
            self.hear(Stimulus::Path(&session, alive), told);
            self.paths.insert(session, alive);
        }
        self.holdings.look(out);
    }

    fn servers(&self) -> impl Iterator<Item = &Server> {
        self.services.iter().flat_map(|service| &service.servers)
    }

    fn hear(&mut self, stimulus: Stimulus<'_>, told: &mut Vec<Action>) {
        for service in &mut self.services {
            if service.hear(stimulus, told) {
                self.holdings.want(service.table());
            }
        }
    }

    fn stop(&mut self, out: &mut Vec<Action>, told: &mut Vec<Action>) {
        if core::mem::replace(&mut self.phase, Phase::Stopping) == Phase::Stopping {
            return;
        }
        for service in core::mem::take(&mut self.services) {
            service.shut_down(self.leaving, told);
            for key in service.keys {
                self.holdings.renounce(key);
            }
        }
        if self.leaving == Leaving::Everything {
            self.holdings.flush(out);
        }
        self.holdings.restore_timeouts(out);
    }
}

#[cfg(test)]
mod tests;
