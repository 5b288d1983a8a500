//! What goes wrong on a machine besides links, power and processor time.

use std::time::Duration;

use host::Arrival;

use super::{Happening, World};
use crate::invariant::{Thing, is_stamped};
use crate::machine::Machine;
use crate::node::Input;
use crate::timeline::Fact;

impl World {
    pub(super) fn set_clock(&mut self, node: usize, wrong: i64) {
        let before = std::mem::replace(&mut self.nodes[node].wrong, wrong);
        let clock = self.nodes[node].wall(self.now);
        self.disturb_node(node);
        // Others know later stamps than those of a clock that was set back, until it has caught up.
        let back = Duration::from_millis(u64::try_from(before - wrong).unwrap_or(0));
        if back > Duration::ZERO && self.nodes[node].config.instances.iter().any(is_stamped) {
            self.disturb_node_until(node, self.now + back + Duration::from_secs(1));
        }
        self.report(node, [Arrival::ClockSet(clock)]);
    }

    /// The kernel will refuse something.
    pub(super) fn refuse(&mut self, node: usize, what: impl FnOnce(&mut Machine)) {
        what(self.nodes[node].machine_mut());
        self.disturb_node(node);
    }

    /// As Linux: a socket that overflowed drops everything until it was emptied, and the worker, which is told that
    /// something was lost, looks at everything anew.
    pub(super) fn overflow(&mut self, node: usize) {
        self.disturb_node(node);
        let at = self.now + self.chance.time(self.latency.start);
        let it = &mut self.nodes[node];
        it.floods += 1;
        it.inbox.retain(|input| !input.is_report());
        if it.is_running() {
            it.congested = true;
            let life = it.life;
            self.schedule(at, Happening::Survey { node, life });
        }
    }

    /// What was to come at a time on the node's clock comes sooner.
    pub(super) fn leap(&mut self, node: usize, by: Duration) {
        self.disturb_node(node);
        self.watch.clock_leapt(self.now, node);
        let it = &mut self.nodes[node];
        it.clock += by;
        it.timer = None;
        // The time of day did not leap, and the kernel says so.
        let clock = it.wall(self.now);
        self.tell(node, Input::Arrival(Arrival::ClockSet(clock)));
        self.look_after(node);
        self.reset_paths(node);
    }

    /// The daemon is gone, supervisor and all; the machine goes on.
    pub(super) fn abandon(&mut self, node: usize) {
        if !self.nodes[node].is_running() && !self.nodes[node].wanted {
            return;
        }
        self.disturb_node(node);
        self.end_paths(node);
        for instance in std::mem::take(&mut self.nodes[node].supervisor.masters) {
            self.mastership(node, instance, false);
        }
        self.nodes[node].abandon(self.now);
        self.watch.abandoned(self.now, node);
        self.note(node, Fact::Worker("and supervisor gone"));
    }

    pub(super) fn write_file(&mut self, node: usize, file: &str, value: i64) {
        self.disturb_node(node);
        if self.nodes[node].files.insert(file.to_owned(), value) != Some(value) {
            self.tell(node, Input::Arrival(Arrival::FileRead { file: file.to_owned(), value }));
        }
    }

    pub(super) fn count_processes(&mut self, node: usize, name: &str, quorum: bool) {
        self.disturb_node(node);
        if self.nodes[node].processes.insert(name.to_owned(), quorum) != Some(quorum) {
            self.tell(node, Input::Arrival(Arrival::ProcessesCounted { name: name.to_owned(), quorum }));
        }
    }

    /// Somebody removes the links that the worker made.
    pub(super) fn remove_links(&mut self, node: usize) {
        self.disturb_node(node);
        let arrivals = self.nodes[node].machine_mut().remove_made_links();
        self.report(node, arrivals);
        self.replug(node);
    }

    /// Somebody removes the routes and rules of the worker.
    pub(super) fn flush_routes(&mut self, node: usize) {
        self.disturb_node(node);
        let arrivals = self.nodes[node].machine_mut().flush_routes();
        self.mind_losses(node, &arrivals);
        self.report(node, arrivals);
    }

    /// The worker lost what a master may hold.
    pub(super) fn mind_losses(&mut self, node: usize, arrivals: &[Arrival]) {
        for arrival in arrivals {
            if let Arrival::AddressRemoved(address) = arrival {
                self.watch.trouble(self.now, node, &Thing::Address(address.prefix.address()));
            } else if let Arrival::RouteRemoved(key) = arrival {
                self.watch.trouble(self.now, node, &Thing::Route(*key));
            } else if let Arrival::RuleRemoved(rule) = arrival {
                self.watch.trouble(self.now, node, &Thing::Rule(rule.clone()));
            }
        }
    }

    /// What a worker finds of files and processes when it is told its configuration.
    pub(super) fn tell_trackers(&mut self, node: usize) {
        let it = &self.nodes[node];
        let files = it.config.files.iter().map(|file| {
            let value = it.files.get(&file.name).copied().unwrap_or(0);
            Arrival::FileRead { file: file.name.clone(), value }
        });
        let sets = it.config.processes.iter().map(|set| {
            let quorum = it.processes.get(&set.name).copied().unwrap_or(true);
            Arrival::ProcessesCounted { name: set.name.clone(), quorum }
        });
        let found: Vec<Arrival> = files.chain(sets).collect();
        for arrival in found {
            self.tell(node, Input::Arrival(arrival));
        }
    }
}
