//! One configuration replaces another: what stays as it is hears nothing of it, and what changes keeps its health.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use host::Family;
use host::ipvs::{ServiceKey, Transport};

use crate::config::{Target, VirtualServer};
use crate::event::Action;
use crate::notice::{ReloadSummary, ServerFact, ServiceFact};
use crate::server::Server;
use crate::service::{Moment, Service};

/// What makes a virtual server the same as one before. As keepalived: its address, port and protocol, its mark, or its
/// group.
type Identity = (String, Option<Transport>, Family);

/// Makes services of a configuration. An entry of the table that two of them name is the first's.
pub(crate) fn services(configs: Vec<VirtualServer>, out: &mut Vec<Action>) -> Vec<Service> {
    let mut groups: BTreeMap<String, u32> = BTreeMap::new();
    let mut taken: BTreeSet<ServiceKey> = BTreeSet::new();
    let mut services = Vec::with_capacity(configs.len());
    for config in configs {
        let number = match &config.target {
            Target::Group { name, .. } => {
                let count = groups.entry(name.clone()).or_default();
                core::mem::replace(count, *count + 1)
            }
            Target::Address { .. } | Target::Mark(_) => 0,
        };
        let mut service = Service::new(config, number);
        for key in core::mem::take(&mut service.keys) {
            if taken.insert(key) {
                service.keys.push(key);
            } else {
                service.say(ServiceFact::EntryTaken(key), out);
            }
        }
        services.push(service);
    }
    services
}

/// Services that replace others: those that were there before keep their health, new ones begin, the rest goes.
pub(crate) fn replace(
    before: Vec<Service>,
    services: &mut [Service],
    out: &mut Vec<Action>,
) -> ReloadSummary {
    let mut before: BTreeMap<Identity, Service> =
        before.into_iter().map(|service| (identity(&service), service)).collect();
    let mut summary = ReloadSummary::default();
    let mut new = Vec::new();
    for (place, service) in services.iter_mut().enumerate() {
        match before.remove(&identity(service)) {
            Some(old) if is_same(&old, service) => {
                *service = old;
                summary.kept += 1;
            }
            Some(old) => {
                service.take_over(old, out);
                summary.adjusted += 1;
            }
            None => {
                new.push(place);
                summary.added += 1;
            }
        }
    }
    for gone in before.values() {
        gone.remove(out);
        summary.removed += 1;
    }
    for place in new {
        services[place].begin(false, out);
    }
    summary
}

fn identity(service: &Service) -> Identity {
    (service.name.clone(), service.config.transport, service.config.family)
}

/// Whether nothing that is said of it differs.
fn is_same(old: &Service, new: &Service) -> bool {
    let servers = |service: &Service| service.servers.len();
    let mut pairs = old.servers.iter().zip(&new.servers);
    old.config == new.config
        && old.keys == new.keys
        && servers(old) == servers(new)
        && pairs.all(|(old, new)| old.config() == new.config())
}

impl Service {
    /// Takes over the health of the service that it replaces.
    fn take_over(&mut self, old: Self, out: &mut Vec<Action>) {
        self.compare_entries(&old, out);
        let transport = self.config.transport;
        let mut before: BTreeMap<_, Server> =
            old.servers.into_iter().map(|server| (server.key(), server)).collect();
        for place in 0..self.servers.len() {
            let server = &self.servers[place];
            let Some(old) = before.remove(&server.key()) else {
                for fact in server.introduce() {
                    self.say_of(server, fact, out);
                }
                continue;
            };
            let (from, to) = (old.config().weight, server.config().weight);
            if from != to {
                self.say_of(server, ServerFact::WeightChanged { from, to, up: old.is_up() }, out);
            }
            // As keepalived 2.4: checks that stay as they are are not spoken of.
            if old.config().checks != server.config().checks {
                for fact in server.introduce() {
                    self.say_of(server, fact, out);
                }
            }
            self.servers[place] = old.successor(server.config().clone(), transport);
        }
        for gone in before.values() {
            self.say_of(gone, ServerFact::Removed, out);
            if gone.is_up() {
                self.say_leaves(gone, out);
            }
        }
        self.quorum = old.quorum;
        let changed = old.config.sorry_server != self.config.sorry_server;
        if let Some(sorry) = old.config.sorry_server.filter(|_| changed && old.quorum == Some(false)) {
            self.say_sorry_goes(&sorry, out);
        }
        for place in 0..self.servers.len() {
            // One whose failed check is no more.
            self.turn(place, out);
        }
        self.review(Moment::Reload, out);
        let still_lost = old.quorum == Some(false) && self.quorum == Some(false);
        if changed && still_lost && self.config.sorry_server.is_some() {
            self.lose(Moment::Reload, self.measure(), out);
        }
    }

    /// Says which entries of its group came and went.
    fn compare_entries(&self, old: &Self, out: &mut Vec<Action>) {
        if !matches!(self.config.target, Target::Group { .. }) {
            return;
        }
        let keys = |service: &Self| service.keys.iter().copied().collect::<BTreeSet<_>>();
        let (before, now) = (keys(old), keys(self));
        for key in before.difference(&now) {
            self.say(ServiceFact::EntryWent(*key), out);
        }
        for key in now.difference(&before) {
            self.say(ServiceFact::EntryCame(*key), out);
        }
    }
}
