//! The engine: all virtual servers of a node.
//!
//! What a check thinks goes downhill: `probe` → `server` → `service` → `holdings`. Nothing calls back up.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

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

/// How long a successor waits to be told how paths stand. BFD tells what it knows within milliseconds.
const RESUMPTION: Duration = Duration::from_secs(1);

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
    /// What its predecessor obeyed, while it waits.
    resumption: Option<Resumption>,
}

/// What a successor waits for.
#[derive(Debug)]
struct Resumption {
    config: Config,
    /// Sessions of which nothing was heard yet.
    awaited: BTreeSet<String>,
    until: Instant,
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
        let resumption = self.resumption.as_ref().map(|resumption| resumption.until);
        resumption.into_iter().chain(self.holdings.next_deadline()).min()
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
            Event::Configured(config) => {
                self.resume(out, told);
                self.configure(*config, out, told);
            }
            Event::Resumed(config) => self.await_paths(*config, now, out, told),
            Event::Surveyed(found) => self.holdings.survey(found, now, out),
            Event::Settled { ticket, result } => self.holdings.settled(ticket, result, now, told),
            Event::PathJudged { session, alive } => {
                self.hear(Stimulus::Path(&session, alive), told);
                let settled = self.resumption.as_mut().is_some_and(|resumption| {
                    resumption.awaited.remove(&session);
                    resumption.awaited.is_empty()
                });
                self.paths.insert(session, alive);
                if settled {
                    self.resume(out, told);
                }
            }
            Event::Wake => {
                if self.resumption.as_ref().is_some_and(|resumption| resumption.until <= now) {
                    self.resume(out, told);
                }
                self.holdings.wake(now, out);
            }
            Event::Stop => {
                self.resume(out, told);
                self.stop(out, told);
            }
        }
    }

    fn await_paths(&mut self, config: Config, now: Instant, out: &mut Vec<Action>, told: &mut Vec<Action>) {
        let servers = config.virtual_servers.iter().flat_map(|service| &service.real_servers);
        let checks = servers.flat_map(|server| &server.checks);
        let awaited: BTreeSet<String> = checks.filter_map(|check| check.kind.session()).collect();
        let nothing = awaited.is_empty();
        self.resumption = Some(Resumption { config, awaited, until: now + RESUMPTION });
        if nothing {
            self.resume(out, told);
        }
    }

    /// Ends the wait of a successor, if it waits.
    fn resume(&mut self, out: &mut Vec<Action>, told: &mut Vec<Action>) {
        if let Some(Resumption { mut config, .. }) = self.resumption.take() {
            // What is there is ours.
            config.table.flush = false;
            self.configure(config, out, told);
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
                // What is known at the start was told by the life before.
                service.servers.iter_mut().for_each(|server| server.recall(&self.paths));
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
