//! A virtual server: how much of it must live, who serves when too little does, and what the kernel's table has of it.
//!
//! ```text
//!            weight ≥ quorum + hysteresis
//!  undecided ───────────────────────────▶ gained
//!      │                                  │   ▲
//!      └───────────────▶ lost ◀───────────┘   │   weight = 0, or weight < quorum − hysteresis
//!                         └───────────────────┘
//! ```
//!
//! While it is lost the sorry server serves, if there is one; without one those that live go on.

mod entries;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use host::ipvs::{Destination, DestinationKey, ServiceKey};

use crate::config::{Leaving, RealServer, SorryServer, VirtualServer};
use crate::event::{Action, News};
use crate::name;
use crate::notice::{Measure, Notice, ServerFact, ServiceFact};
use crate::probe::Stimulus;
use crate::server::{Server, Turn};
use crate::status::ServiceStatus;

/// What a service has in the kernel's table.
pub(crate) type Table = BTreeMap<ServiceKey, (host::ipvs::Service, BTreeMap<DestinationKey, Destination>)>;

/// A virtual server.
#[derive(Debug)]
pub(crate) struct Service {
    /// Its real servers are in `servers`.
    pub(crate) config: VirtualServer,
    pub(crate) name: String,
    /// What packets are its own.
    pub(crate) keys: Vec<ServiceKey>,
    pub(crate) servers: Vec<Server>,
    /// Whether enough of it lives; `None` is undecided.
    pub(crate) quorum: Option<bool>,
}

/// When the quorum is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Moment {
    /// For the first time.
    Start,
    /// After a reload.
    Reload,
    /// Since a real server came or went.
    Change,
}

impl Service {
    /// A service that nobody has heard of yet. `number` counts those of the same group before it.
    pub(crate) fn new(mut config: VirtualServer, number: u32) -> Self {
        let servers = core::mem::take(&mut config.real_servers);
        let servers = servers.into_iter().map(|server| Server::new(server, config.transport)).collect();
        let name = name::service(&config.target, config.transport, number);
        Self { keys: entries::keys(&config), config, name, servers, quorum: None }
    }

    /// What is said of it when it begins: its checks, its servers if those are told of too, its quorum.
    pub(crate) fn begin(&mut self, tells_servers: bool, out: &mut Vec<Action>) {
        if entries::are_too_many(&self.config.target) {
            self.say(ServiceFact::TooManyAddresses, out);
        }
        for server in &self.servers {
            for fact in server.introduce() {
                self.say_of(server, fact, out);
            }
        }
        for server in self.servers.iter().filter(|server| tells_servers && server.is_up()) {
            self.tell_of(server, true, out);
        }
        self.review(Moment::Start, out);
    }

    /// Its checks hear of something. Returns whether a real server came or went.
    pub(crate) fn hear(&mut self, stimulus: Stimulus<'_>, out: &mut Vec<Action>) -> bool {
        let mut changed = false;
        for place in 0..self.servers.len() {
            let mut facts = Vec::new();
            self.servers[place].hear(stimulus, &mut facts);
            for fact in facts {
                self.say_of(&self.servers[place], fact, out);
            }
            changed |= self.turn(place, out);
        }
        changed
    }

    /// A reload removes it.
    pub(crate) fn remove(&self, out: &mut Vec<Action>) {
        self.say(ServiceFact::Removed, out);
        for server in self.servers.iter().filter(|server| server.is_up()) {
            self.say_leaves(server, out);
        }
        if self.quorum == Some(true) {
            self.tell(false, out);
        }
    }

    /// The daemon stops.
    pub(crate) fn shut_down(&self, leaving: Leaving, out: &mut Vec<Action>) {
        for server in &self.servers {
            if leaving == Leaving::ServerByServer {
                self.say_of(server, ServerFact::ShutDown { inhibited: server.is_inhibited() }, out);
            }
            if self.config.fails_at_stop && server.is_up() {
                self.tell_of(server, false, out);
            }
        }
        if self.config.fails_at_stop && self.quorum == Some(true) {
            self.tell(false, out);
        }
    }

    /// The sorry server while it serves.
    pub(crate) fn serving_sorry_server(&self) -> Option<&SorryServer> {
        self.config.sorry_server.as_ref().filter(|_| self.quorum == Some(false))
    }

    /// What the kernel's table should have of it.
    pub(crate) fn table(&self) -> Table {
        entries::table(self)
    }

    pub(crate) fn status(&self) -> ServiceStatus {
        let sorry_server = self.config.sorry_server.as_ref().map(|sorry| self.sorry_name(sorry));
        ServiceStatus {
            name: self.name.clone(),
            quorum: self.quorum,
            needed: self.config.quorum.needed,
            hysteresis: self.config.quorum.hysteresis,
            weight: self.weight(),
            sorry_server,
            sorry: self.serving_sorry_server().is_some(),
            servers: self.servers.iter().map(Server::status).collect(),
        }
    }

    /// Says so if a real server came or went.
    pub(crate) fn turn(&mut self, place: usize, out: &mut Vec<Action>) -> bool {
        let Some(turn) = self.servers[place].turn() else { return false };
        let server = &self.servers[place];
        match turn {
            Turn::Up => {
                let inhibit = server.config().inhibit_on_failure;
                self.say_of(server, ServerFact::Joined { inhibit }, out);
                self.tell_of(server, true, out);
            }
            Turn::Down => self.say_leaves(server, out),
        }
        self.review(Moment::Change, out);
        true
    }

    /// Whether enough of it lives.
    pub(crate) fn review(&mut self, moment: Moment, out: &mut Vec<Action>) {
        let weight = self.weight();
        let (needed, hysteresis) = (self.config.quorum.needed.into(), self.config.quorum.hysteresis.into());
        let total: u64 = self.servers.iter().map(|server| u64::from(server.config().weight)).sum();
        // Differs: where quorum and hysteresis exceed what all servers weigh, keepalived never gains it.
        let above = u64::min(hysteresis, total.saturating_sub(needed));
        let gained = weight >= needed + above;
        let lost = weight == 0 || weight + hysteresis < needed;
        let measure = Measure { needed, hysteresis, weight };
        match self.quorum {
            Some(false) | None if gained => {
                self.say(ServiceFact::QuorumGained(Measure { hysteresis: above, ..measure }), out);
                let sorry = self.serving_sorry_server().copied();
                self.quorum = Some(true);
                if let Some(sorry) = sorry {
                    self.say_sorry_goes(&sorry, out);
                }
                self.tell(true, out);
            }
            Some(true) | None if lost => {
                self.quorum = Some(false);
                let silent = moment == Moment::Start && self.config.sorry_server.is_none();
                if !silent {
                    self.lose(moment, measure, out);
                }
            }
            Some(_) | None => {}
        }
    }

    /// Says that too little of it lives, and who serves.
    pub(crate) fn lose(&self, moment: Moment, measure: Measure, out: &mut Vec<Action>) {
        let fact = match moment {
            Moment::Start | Moment::Reload => ServiceFact::StartsBelowQuorum(measure),
            Moment::Change => ServiceFact::QuorumLost(measure),
        };
        self.say(fact, out);
        if let Some(sorry) = self.serving_sorry_server() {
            let (server, inhibit) = (self.sorry_name(sorry), sorry.inhibit);
            self.say(ServiceFact::SorryServerCame { server, inhibit }, out);
            self.say(ServiceFact::PoolEmptied, out);
        }
        self.tell(false, out);
    }

    /// What is measured.
    pub(crate) fn measure(&self) -> Measure {
        let quorum = &self.config.quorum;
        Measure { needed: quorum.needed.into(), hysteresis: quorum.hysteresis.into(), weight: self.weight() }
    }

    pub(crate) fn say_sorry_goes(&self, sorry: &SorryServer, out: &mut Vec<Action>) {
        let (server, inhibit) = (self.sorry_name(sorry), sorry.inhibit);
        self.say(ServiceFact::SorryServerWent { server, inhibit }, out);
        if self.serving_sorry_server().is_none() {
            self.say(ServiceFact::PoolFilled, out);
        }
    }

    /// A real server that was up goes.
    pub(crate) fn say_leaves(&self, server: &Server, out: &mut Vec<Action>) {
        let RealServer { inhibit_on_failure: inhibit, .. } = *server.config();
        self.say_of(server, ServerFact::Left { inhibit }, out);
        self.tell_of(server, false, out);
    }

    pub(crate) fn say(&self, fact: ServiceFact, out: &mut Vec<Action>) {
        out.push(Action::Notice(Notice::Service { service: self.name.clone(), fact }));
    }

    pub(crate) fn say_of(&self, server: &Server, fact: ServerFact, out: &mut Vec<Action>) {
        let (service, server) = (self.name.clone(), server.name().into());
        out.push(Action::Notice(Notice::Server { service, server, fact }));
    }

    fn tell(&self, up: bool, out: &mut Vec<Action>) {
        let quorum = &self.config.quorum;
        let script = if up { quorum.gained.clone() } else { quorum.lost.clone() };
        out.push(Action::Tell(News { service: self.name.clone(), server: None, up, script }));
    }

    fn tell_of(&self, server: &Server, up: bool, out: &mut Vec<Action>) {
        let (service, name, script) = (self.name.clone(), server.name().into(), server.script(up));
        out.push(Action::Tell(News { service, server: Some(name), up, script }));
    }

    /// What lives weighs.
    fn weight(&self) -> u64 {
        self.servers.iter().map(Server::living_weight).sum()
    }

    fn sorry_name(&self, sorry: &SorryServer) -> String {
        name::server(sorry.address, self.config.transport, sorry.port)
    }
}
