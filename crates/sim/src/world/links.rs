//! Links that somebody takes out of a machine and puts back, and those whose carriers are asked for.

use std::time::Duration;

use host::{Arrival, LinkIndex};

use super::{Happening, World};
use crate::node::Input;

/// How often carriers are asked for, as `daemon` has it.
const BEAT: Duration = Duration::from_secs(1);

impl World {
    /// Somebody takes a link out, with what was made on top of it.
    pub(super) fn take_out(&mut self, node: usize, built: LinkIndex) {
        if let Some(link) = self.nodes[node].link_built(built).filter(|_| self.nodes[node].powered) {
            self.disturb_node(node);
            let arrivals = self.nodes[node].machine_mut().take_out(link);
            self.report(node, arrivals);
            self.replug(node);
            self.disturb_node(node);
        }
    }

    /// It is put back under a new number, with the addresses that it had of itself.
    pub(super) fn put_back(&mut self, node: usize, built: LinkIndex) {
        let which = self.nodes[node].sockets.iter().position(|socket| socket.built == built);
        if let Some(which) = which.filter(|_| self.nodes[node].powered) {
            self.plug_in(node, which);
        }
    }

    /// A machine has a link again that it was built with, if it was taken out.
    pub(super) fn plug_in(&mut self, node: usize, which: usize) {
        let socket = &self.nodes[node].sockets[which];
        if self.nodes[node].machine().link(socket.link).is_some() {
            return;
        }
        let (name, segment, old) = (socket.name.clone(), socket.segment, socket.link);
        let Some(mac) = self.segments[segment].mac_of(node, old) else { return };
        let link = self.nodes[node].machine_mut().add_link(name, mac);
        let socket = &mut self.nodes[node].sockets[which];
        socket.link = link;
        socket.addresses.iter_mut().for_each(|address| address.link = link);
        let addresses = socket.addresses.clone();
        self.segments[segment].plug(node, link, mac);
        let machine = self.nodes[node].machine_mut();
        let mut arrivals: Vec<Arrival> =
            machine.link(link).cloned().map(Arrival::LinkChanged).into_iter().collect();
        arrivals.extend(addresses.into_iter().filter_map(|address| machine.add_address(address)));
        self.report(node, arrivals);
        self.watch_node(node);
        self.disturb_node(node);
    }

    /// Links whose carriers are asked for are asked at once, and then again and again.
    pub(super) fn begin_beats(&mut self, node: usize) {
        let it = &mut self.nodes[node];
        it.beats += 1;
        let life = it.beats;
        self.beat(node, life);
    }

    pub(super) fn beat(&mut self, node: usize, life: u64) {
        let it = &self.nodes[node];
        if it.beats != life || !it.is_running() || it.config.polled_links.is_empty() {
            return;
        }
        let carrier =
            |link: &host::LinkName| it.machine().links().find(|l| l.name == *link).map(|l| l.running);
        let links = it.config.polled_links.iter().map(|polled| polled.link.clone());
        let found: Vec<_> = links.filter_map(|link| Some((carrier(&link)?, link))).collect();
        self.schedule(self.now + BEAT, Happening::Beat { node, life });
        for (carrier, link) in found {
            self.tell(node, Input::Arrival(Arrival::CarrierRead { link, carrier }));
        }
    }
}
