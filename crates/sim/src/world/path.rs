//! The bfd workers beside the vrrp workers: what they send, hear and judge.

use std::net::{IpAddr, SocketAddr};

use bfd::Verdict;
use bfd::config::SessionConfig;
use host::{Arrival, Instant, Link, LinkIndex, UdpDatagram, UdpDelivery};
use worker::Bfd;
use worker::bus::ToBfd;

use super::{Happening, World};
use crate::network::Fate;
use crate::node::Input;
use crate::paths::node::{Effect, Machine, channel_of};
use crate::timeline::Fact;

impl World {
    /// Has a node watch paths, from its next start on.
    pub fn add_sessions(&mut self, node: usize, sessions: Vec<SessionConfig>) {
        self.nodes[node].paths.sessions = sessions;
    }

    /// The bfd worker starts, if there is anything for it to do.
    pub(super) fn start_paths(&mut self, node: usize) {
        let keeps_lines = self.keeps_lines;
        let seed = self.chance.next();
        let paths = &mut self.nodes[node].paths;
        if paths.sessions.is_empty() || paths.worker.is_some() {
            return;
        }
        paths.worker = Some(Bfd::new(Machine::new(keeps_lines), seed));
        paths.life += 1;
        paths.timer = None;
        let config = bfd::Config { sessions: paths.sessions.clone() };
        self.note(node, Fact::Worker("of paths started"));
        self.with_paths(node, |worker, now| worker.hear(ToBfd::Configure(Box::new(config)), now));
    }

    /// The bfd worker is gone; what it said last stays in force. False if there was none.
    pub(super) fn end_paths(&mut self, node: usize) -> bool {
        let paths = &mut self.nodes[node].paths;
        paths.life += 1;
        paths.timer = None;
        paths.worker.take().is_some()
    }

    /// It ends without a word; the supervisor starts another.
    pub(super) fn crash_paths(&mut self, node: usize) {
        if self.end_paths(node) {
            self.note(node, Fact::Worker("of paths crashed"));
            let life = self.nodes[node].paths.life;
            let at = self.now + self.chance.time(self.latency.restart);
            self.schedule(at, Happening::RestartPaths { node, life });
        }
    }

    pub(super) fn restart_paths(&mut self, node: usize, life: u64) {
        let it = &self.nodes[node];
        if it.paths.life == life && it.wanted {
            self.start_paths(node);
        }
    }

    /// The vrrp worker is there, and is told all.
    pub(super) fn introduce_paths(&mut self, node: usize) {
        self.with_paths(node, Bfd::tell_all);
    }

    /// Its timer rings, unless it was set to another time meanwhile.
    pub(super) fn wake_paths(&mut self, node: usize) {
        let now = self.now;
        if self.nodes[node].paths.timer.is_some_and(|(at, _)| at == now) {
            self.nodes[node].paths.timer = None;
            self.with_paths(node, |worker, now| worker.arrive(Arrival::Woken, now));
        }
    }

    /// Its clock leapt.
    pub(super) fn reset_paths(&mut self, node: usize) {
        self.nodes[node].paths.timer = None;
        self.with_paths(node, |_, _| {});
    }

    /// A packet is there.
    pub(super) fn hear_path(&mut self, node: usize, delivery: UdpDelivery) {
        let it = &self.nodes[node];
        let up = it.powered && it.machine().link(delivery.link).is_some_and(Link::is_up);
        let listens = it.paths.worker.as_ref().is_some_and(|it| it.machine().hears(channel_of(&delivery)));
        if up && listens && it.machine().holds_on(delivery.link, delivery.destination.ip()) {
            let at = it.local(delivery.at);
            let delivery = UdpDelivery { at, ..delivery };
            self.with_paths(node, |worker, now| worker.arrive(Arrival::UdpReceived(delivery), now));
        }
    }

    /// Lets the bfd worker do something, performs what it did, and sets its timer.
    fn with_paths(&mut self, node: usize, turn: impl FnOnce(&mut Bfd<Machine>, Instant)) {
        let now = self.now;
        let it = &mut self.nodes[node];
        let local = it.local(now);
        let Some(worker) = &mut it.paths.worker else { return };
        turn(worker, local);
        let mut effects = Vec::new();
        worker.machine_mut().drain(&mut effects);
        let deadline = worker.deadline();
        if it.paths.timer.map(|(_, deadline)| deadline) != deadline {
            let late = self.chance.time(self.latency.wake);
            let it = &mut self.nodes[node];
            it.paths.timer = deadline.map(|deadline| (it.worldly(deadline).max(now) + late, deadline));
            if let Some((at, _)) = it.paths.timer {
                self.schedule(at, Happening::WakePaths { node });
            }
        }
        for effect in effects {
            match effect {
                Effect::Send(datagram) => self.send_path(node, &datagram),
                Effect::Tell(verdict) => self.pass_verdict(node, verdict),
                Effect::Line(line) => self.note(node, Fact::Line(line)),
                // No port is ever another's here.
                Effect::Unsent(_) | Effect::Refused(_) => {}
            }
        }
    }

    /// The vrrp worker reads it soon; one that is not there misses it.
    fn pass_verdict(&mut self, node: usize, verdict: Verdict) {
        let it = &mut self.nodes[node];
        it.verdicts_read = it.verdicts_read.max(self.now + self.chance.time(self.latency.report));
        let (at, life) = (it.verdicts_read, it.life);
        self.schedule(at, Happening::Input { node, life, input: Input::Verdict(verdict) });
    }

    fn send_path(&mut self, node: usize, datagram: &UdpDatagram) {
        let Some((source, link)) = self.way_to(node, datagram.to.ip()) else { return };
        let Some((segment, from)) = self.port_of(node, link) else { return };
        for to in 0..self.segments[segment].ports.len() {
            let port = self.segments[segment].ports[to];
            let is_for_it = self.nodes[port.node].machine().holds_on(port.link, datagram.to.ip());
            if to == from || !is_for_it || !self.segments[segment].passes(from, to) {
                continue;
            }
            let arrivals = match self.segments[segment].fate(to, self.now, &mut self.chance) {
                Fate::Lost => [None, None],
                Fate::Arrives(at) => [Some(at), None],
                Fate::Twice(at, again) => [Some(at), Some(again)],
            };
            for at in arrivals.into_iter().flatten() {
                let delivery = UdpDelivery {
                    link: port.link,
                    source: SocketAddr::new(source, datagram.from.port),
                    destination: datagram.to,
                    hop_limit: Some(datagram.hop_limit),
                    at,
                    bytes: datagram.payload.clone(),
                };
                self.schedule(at, Happening::Datagram { to: port.node, delivery: Box::new(delivery) });
            }
        }
    }

    /// The own address and the link by which a neighbour is reached: those of the first link that is up and has an
    /// address of its family.
    fn way_to(&self, node: usize, neighbour: IpAddr) -> Option<(IpAddr, LinkIndex)> {
        let it = &self.nodes[node];
        let own = it.sockets.iter().flat_map(|socket| {
            let addresses = socket.addresses.iter().map(|address| address.prefix.address());
            addresses.map(move |address| (address, socket.link))
        });
        let usable = |(address, link): &(IpAddr, LinkIndex)| {
            address.is_ipv4() == neighbour.is_ipv4()
                && it.machine().holds_on(*link, *address)
                && it.machine().link(*link).is_some_and(Link::is_up)
        };
        own.into_iter().find(usable)
    }
}
