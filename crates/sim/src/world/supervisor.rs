//! The supervisor's stand-in: starts and stops workers, runs their scripts, remembers their masters.

use std::time::Duration;

use vrrp::Config;
use worker::bus::{Configure, Mastership, ToSupervisor, ToWorker};

use super::{Happening, World};
use crate::node::Input;
use crate::timeline::{Fact, Takeover};

/// Longest time between two starts of a worker that crashes again and again.
const RESTART_LIMIT: Duration = Duration::from_mins(1);

impl World {
    pub(super) fn start(&mut self, node: usize) {
        let it = &mut self.nodes[node];
        if !it.powered {
            it.gain_power();
        }
        // A supervisor that is about to start its worker anew does so by itself.
        // One that is stopping is started once it has stopped.
        let was_wanted = std::mem::replace(&mut it.wanted, true);
        if !was_wanted && !it.is_running() && !it.stopping {
            it.supervisor.crashes = 0;
            (it.abandoned, it.supervisor.listens_at) = (None, None);
            self.start_worker(node);
            self.start_paths(node);
        }
    }

    /// A supervisor whose worker has just crashed starts another to clean up after it: a daemon that is gone must not
    /// leave addresses behind.
    pub(super) fn stop(&mut self, node: usize) {
        self.disturb_node(node);
        let it = &mut self.nodes[node];
        if !std::mem::replace(&mut it.wanted, false) || it.stopping {
            return;
        }
        it.stopping = true;
        if it.is_running() && it.introduced {
            self.tell(node, Input::Message(ToWorker::Stop));
        } else if !it.is_running() {
            self.start_worker(node);
        }
    }

    pub(super) fn start_worker(&mut self, node: usize) {
        self.nodes[node].start_worker();
        let memories: Vec<String> =
            self.nodes[node].supervisor.memories.iter().map(|memory| memory.instance.clone()).collect();
        let groups = self.nodes[node].config.groups.clone();
        self.watch.forget_told(node, &memories, &groups);
        self.note(node, Fact::Worker("started"));
        let told = self.now + self.latency.start.1;
        self.watch.worker_started(self.now, told, node);
        let life = self.nodes[node].life;
        let at = self.now + self.chance.time(self.latency.start);
        self.schedule(at, Happening::Introduce { node, life });
        let at = self.now + self.chance.time(self.latency.start);
        self.schedule(at, Happening::Survey { node, life });
        self.disturb_node(node);
    }

    /// A new worker is told its configuration, and to stop if that was asked for meanwhile.
    pub(super) fn introduce(&mut self, node: usize) {
        let it = &mut self.nodes[node];
        it.introduced = true;
        self.watch.worker_introduced(node);
        let it = &mut self.nodes[node];
        let memories = std::mem::take(&mut it.supervisor.memories);
        let mut config = it.config.clone();
        // The delay counts from the daemon's start.
        let local = it.local(self.now);
        let listens_at = *it.supervisor.listens_at.get_or_insert(local + config.startup_delay);
        config.startup_delay = listens_at.since(local);
        self.tell_trackers(node);
        let configure = Configure { config, memories };
        self.tell(node, Input::Message(ToWorker::Configure(Box::new(configure))));
        self.introduce_paths(node);
        self.begin_beats(node);
        if self.nodes[node].stopping {
            self.tell(node, Input::Message(ToWorker::Stop));
        }
    }

    /// The worker ended in order, or with the machine: nobody remembers it.
    pub(super) fn worker_ended(&mut self, node: usize, how: &'static str) {
        let it = &mut self.nodes[node];
        it.end_worker();
        (it.paused, it.stopping) = (false, false);
        self.end_paths(node);
        let it = &mut self.nodes[node];
        // One that crashed just before is still remembered.
        let masters = std::mem::take(&mut it.supervisor.masters);
        for instance in masters {
            self.mastership(node, instance, false);
        }
        self.note(node, Fact::Worker(how));
        self.disturb_node(node);
    }

    pub(super) fn crash(&mut self, node: usize) {
        let now = self.now;
        let it = &mut self.nodes[node];
        if !it.is_running() {
            return;
        }
        it.remember(now);
        it.end_worker();
        it.paused = false;
        let (life, crashes) = (it.life, it.supervisor.crashes);
        self.watch.worker_crashed(now, node);
        self.note(node, Fact::Worker("crashed"));
        let after = match crashes {
            0 | 1 => self.chance.time(self.latency.restart),
            more => Duration::from_secs(1 << (more - 2).min(10)).min(RESTART_LIMIT),
        };
        self.schedule(now + after, Happening::Restart { node, life });
        self.disturb_node(node);
    }

    pub(super) fn configure(&mut self, node: usize, config: &Config) {
        let before = std::mem::replace(&mut self.nodes[node].config, config.clone());
        if before.scripts != config.scripts {
            self.nodes[node].supervisor.outcomes.clear();
        }
        self.watch_node(node);
        self.disturb_node(node);
        if self.nodes[node].is_running() && self.nodes[node].introduced {
            let configure = Configure { config: config.clone(), memories: Vec::new() };
            self.tell_trackers(node);
            self.tell(node, Input::Message(ToWorker::Configure(Box::new(configure))));
            self.begin_beats(node);
        }
    }

    /// Masters that hear a rival and stay run their scripts once more, as somebody asked for.
    pub(super) fn repeats_hooks(&self, node: usize) -> bool {
        self.nodes[node].config.instances.iter().any(|it| it.heal_hooks)
    }

    /// The supervisor's side of the bus.
    pub(super) fn hear(&mut self, node: usize, message: ToSupervisor) {
        let (now, life) = (self.now, self.nodes[node].life);
        match message {
            ToSupervisor::Ready
            | ToSupervisor::Alive
            | ToSupervisor::Status { .. }
            | ToSupervisor::Promotion { .. }
            | ToSupervisor::Mail(_) => {}
            ToSupervisor::Run(id, job) => {
                let script = job.command.argv.first().cloned().unwrap_or_default();
                self.nodes[node].supervisor.jobs.insert(id, script);
                let (outcome, hangs) = self.nodes[node].script_outcome(&job.command.argv);
                let takes = match job.limit {
                    Some(limit) if hangs => limit,
                    None if hangs => return,
                    Some(_) | None => self.chance.time(self.latency.script),
                };
                self.schedule(now + takes, Happening::JobEnds { node, life, id, outcome });
            }
            ToSupervisor::End(id) => {
                self.nodes[node].supervisor.jobs.remove(&id);
            }
            ToSupervisor::Notify { queue, job } => {
                let again = self.repeats_hooks(node);
                self.watch.notified(now, node, &job.command.argv, again);
                self.nodes[node].supervisor.notified.push((queue, job.command.argv.join(" ")));
            }
            ToSupervisor::Masterships(news) => {
                for Mastership { instance, master } in news {
                    self.mastership(node, instance, master);
                }
            }
        }
    }

    pub(super) fn mastership(&mut self, node: usize, instance: String, master: bool) {
        let masters = &mut self.nodes[node].supervisor.masters;
        if master {
            masters.insert(instance.clone());
            self.takeovers.push(Takeover { at: self.now, node, instance: instance.clone() });
        } else {
            masters.remove(&instance);
        }
        self.watch.mastership(self.now, node, &instance, master);
        self.note(node, Fact::Mastership { instance, master });
    }
}
