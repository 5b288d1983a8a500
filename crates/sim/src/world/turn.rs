//! A worker's turn: what it is told, what it does, and what the kernel does about that.

use std::net::IpAddr;
use std::time::Duration;

use host::{Arrival, LinkIndex, NetworkOp};

use worker::bus::ToWorker;

use super::{Happening, World};
use crate::invariant::{Promise, Thing};
use crate::machine::{Effect, Order};
use crate::node::{Daemon, Input};
use crate::timeline::Fact;

/// How long after a channel was opened again the worker believes that it works, as `vrrp::channels` has it.
const PROBATION: Duration = Duration::from_millis(101);

/// Most turns of one worker in a row without time passing; more, and it would never sleep again.
const TURNS_IN_PLACE: u32 = 1000;

impl World {
    /// Tells a worker something, now or once it gets processor time again.
    pub(super) fn tell(&mut self, node: usize, input: Input) {
        let now = self.now;
        let it = &mut self.nodes[node];
        if it.paused {
            it.queue(input);
            return;
        }
        let local = it.local(now);
        #[cfg(test)]
        let Some(input) = (self.sabotage.told)(node, input) else { return };
        let Daemon::Up(worker) = &mut it.daemon else { return };
        let mut obeyed = None;
        match input {
            Input::Arrival(arrival) => {
                // During the delay after its start (`vrrp_startup_delay`) nothing is heard.
                let listens = it.supervisor.listens_at.is_some_and(|at| at <= local);
                if let (Arrival::Received(delivery), true) = (&arrival, listens) {
                    self.watch.heard_advert(now, node, delivery);
                }
                worker.arrive(arrival, local);
            }
            Input::Message(message) => {
                if let ToWorker::Configure(configure) = &message {
                    obeyed = Some(configure.config.clone());
                }
                worker.hear(message, local);
            }
            Input::Verdict(verdict) => {
                let (session, alive) = (verdict.session.clone(), verdict.alive);
                worker.hear_verdict(verdict, local);
                if it.verdicts.insert(session, alive) != Some(alive) {
                    self.disturb_node(node);
                }
            }
        }
        self.look_after(node);
        if let Some(config) = obeyed {
            self.watch.forget_unnamed(node, &config);
        }
    }

    /// What all that watch the kernel are told, in order, by the time that the worker reads it.
    pub(super) fn report(&mut self, node: usize, arrivals: impl IntoIterator<Item = Arrival>) {
        for arrival in arrivals {
            let it = &mut self.nodes[node];
            // Who asks a link for its carrier may not have noticed that it had none.
            if let Arrival::LinkChanged(link) = &arrival
                && link.is_up()
                && !it.config.polled_links.iter().any(|polled| polled.link == link.name)
            {
                self.watch.link_came_up(self.now, node, link.index);
            }
            it.reports_read = it.reports_read.max(self.now + self.chance.time(self.latency.report));
            let (at, life, flood) = (it.reports_read, it.life, it.floods);
            if !it.congested {
                self.schedule(at, Happening::Report { node, life, flood, arrival });
            }
        }
    }

    /// Answers come by another socket than reports, in order among themselves: either may be read first.
    fn answer(&mut self, node: usize, life: u64, answer: Arrival) {
        let it = &mut self.nodes[node];
        it.answers_read = it.answers_read.max(self.now + self.chance.time(self.latency.report));
        let at = it.answers_read;
        self.schedule(at, Happening::Input { node, life, input: Input::Arrival(answer) });
    }

    pub(super) fn wake(&mut self, node: usize) {
        let now = self.now;
        let it = &mut self.nodes[node];
        if it.paused || it.timer.is_none_or(|(at, _)| at != now) {
            return;
        }
        it.timer = None;
        self.tell(node, Input::Arrival(Arrival::Woken));
        let it = &self.nodes[node];
        if let Daemon::Up(worker) = &it.daemon
            && worker.deadline().is_some_and(|deadline| it.worldly(deadline) <= now)
        {
            self.watch.violate(now, Promise::DeadlinesAhead, &it.name);
        }
    }

    /// Performs what a worker did in its turn, and sets its timer.
    pub(super) fn look_after(&mut self, node: usize) {
        self.count_turn(node);
        let mut effects = std::mem::take(&mut self.effects);
        self.nodes[node].machine_mut().drain(&mut effects);
        #[cfg(test)]
        (self.sabotage.done)(node, &mut effects);
        for effect in effects.drain(..) {
            self.perform(node, effect);
        }
        self.effects = effects;
        let now = self.now;
        let it = &mut self.nodes[node];
        let Daemon::Up(worker) = &it.daemon else { return };
        if worker.is_finished() {
            self.worker_ended(node, "stopped");
            if self.nodes[node].wanted {
                self.start_worker(node);
                self.start_paths(node);
            }
            return;
        }
        let deadline = worker.deadline();
        if it.timer.map(|(_, deadline)| deadline) != deadline {
            let late = self.chance.time(self.latency.wake);
            it.timer = deadline.map(|deadline| (it.worldly(deadline).max(now) + late, deadline));
            if let Some((at, _)) = it.timer {
                self.schedule(at, Happening::Wake { node });
            }
        }
    }

    /// Whatever brings a turn about, one after the other without time passing has an end.
    fn count_turn(&mut self, node: usize) {
        let before = Some(self.turns.2).filter(|_| (self.turns.0, self.turns.1) == (node, self.now));
        self.turns = (node, self.now, before.map_or(0, |before| before + 1));
        if self.turns.2 > TURNS_IN_PLACE {
            self.watch.violate(self.now, Promise::Sleeps, &self.nodes[node].name);
        }
    }

    fn perform(&mut self, node: usize, effect: Effect) {
        let (now, life) = (self.now, self.nodes[node].life);
        match effect {
            Effect::Order(ticket, order) => {
                if let Order::Network(op) = &order {
                    self.watch.ordered(now, node, op);
                }
                let takes = self.chance.time(self.latency.kernel);
                let it = &mut self.nodes[node];
                it.kernel_free = it.kernel_free.max(now) + takes;
                it.kernel.push_back((life, ticket, order));
                let at = it.kernel_free;
                self.schedule(at, Happening::Kernel { node });
            }
            Effect::Send(datagram) => self.send(node, datagram),
            Effect::Say(message) => self.hear(node, message),
            Effect::Line(line) => self.note(node, Fact::Line(line)),
            Effect::Pipe(line) => {
                let again = self.repeats_hooks(node);
                self.watch.piped(now, node, &line, again);
            }
            Effect::Opened(channel) => {
                self.schedule(now + PROBATION, Happening::Audible { node, life, channel });
            }
            Effect::Deaf(channel, refusal) => {
                let input = Input::Arrival(Arrival::Deaf { channel, refusal });
                self.schedule(now, Happening::Input { node, life, input });
            }
        }
    }

    /// The kernel carries out the oldest order that it has.
    pub(super) fn carry_out(&mut self, node: usize) {
        let it = &mut self.nodes[node];
        let (life, ticket, op) = match it.kernel.pop_front() {
            Some((life, ticket, Order::Network(op))) => (life, ticket, op),
            Some((life, ticket, Order::Filter(op))) => {
                let result = it.machine_mut().filter(op);
                if result.is_err() {
                    self.watch.filter_refused(self.now, node);
                }
                return self.answer(node, life, Arrival::Settled { ticket, result });
            }
            None => return,
        };
        let leased = match &op {
            NetworkOp::AddAddress(it) | NetworkOp::RenewAddress(it) => {
                it.valid_lifetime.map(|seconds| (it.link, it.prefix.address(), seconds))
            }
            NetworkOp::RemoveAddress(_)
            | NetworkOp::AddLink(_)
            | NetworkOp::Promote(_)
            | NetworkOp::Demote(_)
            | NetworkOp::RemoveLink(_)
            | NetworkOp::AddRoute(_)
            | NetworkOp::RemoveRoute(_)
            | NetworkOp::AddRule(_)
            | NetworkOp::RemoveRule(_) => None,
        };
        let thing = Thing::of(&op);
        let made = if let NetworkOp::AddLink(link) = &op { Some(link.name.clone()) } else { None };
        let (result, arrivals) = it.machine_mut().apply(op);
        if let Some(link) = made {
            let changed = match &result {
                Ok(()) => it.refused_links.remove(&link),
                Err(_) => it.refused_links.insert(link),
            };
            if changed {
                self.disturb_node(node);
            }
        }
        match (thing, leased) {
            (Some(thing), _) if result.is_err() => self.watch.trouble(self.now, node, &thing),
            (Some(_), Some((link, address, seconds))) => self.lease(node, link, address, seconds),
            (Some(_), None) => {}
            (None, _) => self.replug(node),
        }
        let settled = Arrival::Settled { ticket, result };
        if self.chance.happens(500) {
            self.answer(node, life, settled);
            self.report(node, arrivals);
        } else {
            self.report(node, arrivals);
            self.answer(node, life, settled);
        }
    }

    /// An address that is not renewed goes when its lifetime is over.
    fn lease(&mut self, node: usize, link: LinkIndex, address: IpAddr, seconds: u32) {
        if let Some(lease) = self.nodes[node].machine().lease(link, address) {
            let at = self.now + Duration::from_secs(seconds.into());
            self.schedule(at, Happening::Expire { node, link, address, lease });
        }
    }

    /// Links that a worker made are plugged in beside the one they are on; those that it removed are no more.
    pub(super) fn replug(&mut self, node: usize) {
        let machine = self.nodes[node].machine();
        let links: Vec<_> =
            machine.links().map(|link| (link.index, machine.base(link.index), link.mac)).collect();
        let mut changed = false;
        for segment in &mut self.segments {
            for port in segment.ports.iter_mut().filter(|port| port.node == node && !port.gone) {
                port.gone = !links.iter().any(|(link, ..)| *link == port.link);
                changed |= port.gone;
            }
            for (link, base, mac) in &links {
                if let (Some(base), None) = (segment.port_of(node, *base), segment.port_of(node, *link)) {
                    segment.plug_on(base, *link, mac.unwrap_or_default());
                    changed = true;
                }
            }
        }
        if changed {
            self.watch_node(node);
            self.disturb_node(node);
        }
    }
}
