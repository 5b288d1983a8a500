//! What a scenario can do to the world.

use std::net::IpAddr;
use std::time::Duration;

use host::{Instant, LinkAddress, LinkIndex, Prefix};
use vrrp::Config;

use super::{Happening, World};
use crate::invariant::Thing;
use crate::network::{Port, Weather};
use crate::node::Behaviour;

/// Something done to the world. Nodes and segments are given by their numbers, links by the number that they were built
/// with.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// The daemon is started, with power first if there is none.
    Start(usize),
    /// The daemon is told to stop, gives up and ends.
    Stop(usize),
    /// The daemon is gone at once, supervisor and all, and what it put into the kernel stays.
    Abandon(usize),
    /// The bfd worker ends without a word; the supervisor starts another.
    CrashPaths(usize),
    /// Somebody takes a link out of the machine.
    TakeOut(usize, LinkIndex),
    /// Somebody puts it back.
    PutBack(usize, LinkIndex),
    /// The power is cut: addresses, memory and all.
    Kill(usize),
    /// The worker ends without a word; the supervisor starts another.
    Crash(usize),
    /// The worker gets no processor time; packets wait, a few.
    Pause(usize),
    /// It gets some again.
    Resume(usize),
    /// A link is taken down or brought up by its administrator.
    SetAdmin(usize, LinkIndex, bool),
    /// A cable is pulled or plugged in.
    SetCarrier(usize, LinkIndex, bool),
    /// Nothing gets out of a link, or everything again.
    Mute(usize, LinkIndex, bool),
    /// Nothing gets into a link, or everything again.
    Deafen(usize, LinkIndex, bool),
    /// Nodes are put on sides; those not named stay on side 0, and so does the client.
    Partition(usize, Vec<(usize, u8)>),
    /// A segment has no partition and no cut any more.
    Heal(usize),
    /// A segment's weather changes.
    SetWeather(usize, Weather),
    /// Somebody puts an address on a link.
    AddAddress(usize, LinkIndex, Prefix),
    /// Somebody takes an address from a link.
    RemoveAddress(usize, LinkIndex, IpAddr),
    /// A script behaves like this from now on.
    Script(usize, String, Behaviour),
    /// The kernel refuses a node's next orders, this many.
    Refuse(usize, u32),
    /// The clock on a node's wall is set to so many milliseconds ahead of the true time, or (negative) behind it.
    SetClock(usize, i64),
    /// The kernel refuses a node's next channels, this many.
    RefuseChannels(usize, u32),
    /// The buffer of reports about changes overflows: what is on the way to the worker is lost, and so is what follows
    /// until it has looked at everything anew.
    Overflow(usize),
    /// The node's clock leaps, as that of a virtual machine that is moved.
    Leap(usize, Duration),
    /// A tracked file holds this number from now on.
    File(usize, String, i64),
    /// A set of tracked processes is complete from now on, or is not.
    Processes(usize, String, bool),
    /// Somebody removes the links that the worker made.
    RemoveLinks(usize),
    /// Somebody removes the routes and rules of the worker.
    FlushRoutes(usize),
    /// The daemon obeys another configuration.
    Configure(usize, Box<Config>),
}

impl Command {
    /// The node that it is about; `None` if it is about a segment.
    pub const fn node(&self) -> Option<usize> {
        match *self {
            Self::Start(node)
            | Self::Stop(node)
            | Self::Abandon(node)
            | Self::CrashPaths(node)
            | Self::TakeOut(node, _)
            | Self::PutBack(node, _)
            | Self::Kill(node)
            | Self::Crash(node)
            | Self::Pause(node)
            | Self::Resume(node)
            | Self::SetAdmin(node, ..)
            | Self::SetCarrier(node, ..)
            | Self::Mute(node, ..)
            | Self::Deafen(node, ..)
            | Self::AddAddress(node, ..)
            | Self::RemoveAddress(node, ..)
            | Self::Script(node, ..)
            | Self::Refuse(node, _)
            | Self::SetClock(node, _)
            | Self::RefuseChannels(node, _)
            | Self::Overflow(node)
            | Self::Leap(node, _)
            | Self::File(node, ..)
            | Self::Processes(node, ..)
            | Self::RemoveLinks(node)
            | Self::FlushRoutes(node)
            | Self::Configure(node, _) => Some(node),
            Self::Partition(..) | Self::Heal(_) | Self::SetWeather(..) => None,
        }
    }
}

impl World {
    pub(super) fn obey(&mut self, command: &Command) {
        match *command {
            Command::Start(node) => self.start(node),
            Command::Stop(node) => self.stop(node),
            Command::Kill(node) => self.kill(node),
            Command::Abandon(node) => self.abandon(node),
            Command::CrashPaths(node) => self.crash_paths(node),
            Command::TakeOut(node, link) => self.take_out(node, link),
            Command::PutBack(node, link) => self.put_back(node, link),
            Command::Crash(node) => self.crash(node),
            Command::Pause(node) => {
                self.nodes[node].paused = self.nodes[node].is_running();
                self.disturb_node(node);
            }
            Command::Resume(node) => self.resume(node),
            Command::SetAdmin(node, link, up) => self.set_admin(node, link, up),
            Command::SetCarrier(node, link, up) => self.set_carrier(node, link, up),
            Command::Mute(node, link, mute) => self.at_port(node, link, |port| port.mute = mute),
            Command::Deafen(node, link, deaf) => self.at_port(node, link, |port| port.deaf = deaf),
            Command::Partition(segment, ref sides) => {
                for port in &mut self.segments[segment].ports {
                    port.side =
                        sides.iter().find(|(node, _)| *node == port.node).map_or(0, |(_, side)| *side);
                }
                self.watch.disturb(self.now, segment);
            }
            Command::Heal(segment) => {
                for port in &mut self.segments[segment].ports {
                    (port.side, port.mute, port.deaf) = (0, false, false);
                }
                self.watch.disturb(self.now, segment);
            }
            Command::SetWeather(segment, weather) => {
                self.segments[segment].weather = weather;
                self.watch.disturb(self.now, segment);
            }
            Command::AddAddress(node, link, prefix) => {
                let Some(link) = self.nodes[node].link_built(link) else { return };
                self.disturb_node(node);
                let arrival = self.nodes[node].machine_mut().add_address(LinkAddress::plain(link, prefix));
                self.report(node, arrival);
            }
            Command::RemoveAddress(node, link, address) => {
                let Some(link) = self.nodes[node].link_built(link) else { return };
                self.disturb_node(node);
                self.watch.trouble(self.now, node, &Thing::Address(address));
                let arrival = self.nodes[node].machine_mut().remove_address(link, address);
                self.report(node, arrival);
            }
            Command::Script(node, ref script, behaviour) => {
                self.nodes[node].supervisor.scripts.insert(script.clone(), behaviour);
                self.disturb_node(node);
            }
            Command::Refuse(node, orders) => self.refuse(node, |machine| machine.refuse(orders)),
            Command::RefuseChannels(node, channels) => {
                self.refuse(node, |machine| machine.refuse_channels(channels));
            }
            Command::SetClock(node, wrong) => self.set_clock(node, wrong),
            Command::Overflow(node) => self.overflow(node),
            Command::Leap(node, by) => self.leap(node, by),
            Command::File(node, ref file, value) => self.write_file(node, file, value),
            Command::Processes(node, ref name, quorum) => self.count_processes(node, name, quorum),
            Command::RemoveLinks(node) => self.remove_links(node),
            Command::FlushRoutes(node) => self.flush_routes(node),
            Command::Configure(node, ref config) => self.configure(node, config),
        }
    }

    fn kill(&mut self, node: usize) {
        self.worker_ended(node, "lost power");
        self.nodes[node].lose_power();
        self.end_paths(node);
        self.replug(node);
        for which in 0..self.nodes[node].sockets.len() {
            self.plug_in(node, which);
        }
        self.disturb_node(node);
    }

    fn set_carrier(&mut self, node: usize, link: LinkIndex, up: bool) {
        let Some(link) = self.nodes[node].link_built(link) else { return };
        let admin_up = self.nodes[node].machine().link(link).is_some_and(|link| link.admin_up);
        let arrivals = self.nodes[node].machine_mut().set_link(link, admin_up, up);
        self.disturb_node(node);
        self.report(node, arrivals);
    }

    /// What waited is told first, packets before the deadline that passed meanwhile: a worker that slept must hear who
    /// is master before it concludes that nobody is.
    fn resume(&mut self, node: usize) {
        let it = &mut self.nodes[node];
        if !it.paused {
            return;
        }
        it.paused = false;
        let inbox = std::mem::take(&mut it.inbox);
        self.disturb_node(node);
        for input in inbox {
            self.tell(node, input);
        }
        let (now, it) = (self.now, &mut self.nodes[node]);
        if let Some((at, deadline)) = it.timer
            && at <= now
        {
            it.timer = Some((now, deadline));
            self.schedule(now, Happening::Wake { node });
        }
    }

    /// As Linux: a link that comes up makes its link-local address anew. So do the other IPv6 addresses it was built
    /// with, as whoever configured them would see to.
    fn set_admin(&mut self, node: usize, link: LinkIndex, up: bool) {
        let Some(link) = self.nodes[node].link_built(link) else { return };
        self.disturb_node(node);
        let running = self.nodes[node].machine().link(link).is_some_and(|link| link.running);
        let mut arrivals = self.nodes[node].machine_mut().set_link(link, up, running);
        self.mind_losses(node, &arrivals);
        if up && !arrivals.is_empty() {
            let own =
                self.nodes[node].sockets.iter().filter(|s| s.link == link).flat_map(|s| s.addresses.clone());
            let own: Vec<_> = own.filter(|address| address.prefix.address().is_ipv6()).collect();
            let machine = self.nodes[node].machine_mut();
            arrivals.extend(own.into_iter().filter_map(|address| machine.add_address(address)));
        }
        self.report(node, arrivals);
    }

    fn at_port(&mut self, node: usize, link: LinkIndex, change: impl Fn(&mut Port)) {
        let Some(link) = self.nodes[node].link_built(link) else { return };
        for segment in 0..self.segments.len() {
            let on = |port: &&mut Port| port.node == node && port.base == link;
            self.segments[segment].ports.iter_mut().filter(on).for_each(&change);
        }
        self.disturb_node(node);
    }

    /// Everything that a node takes part in may be about to change.
    pub(super) fn disturb_node(&mut self, node: usize) {
        self.disturb_node_until(node, self.now);
    }

    /// And what it is about to be may be so until then.
    pub(super) fn disturb_node_until(&mut self, node: usize, until: Instant) {
        for at in 0..self.nodes[node].sockets.len() {
            let segment = self.nodes[node].sockets[at].segment;
            self.watch.disturb(until, segment);
        }
        self.watch.unsettle(self.now, node);
    }
}
