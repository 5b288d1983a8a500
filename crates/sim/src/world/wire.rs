//! Packets on their way from one machine to others.

use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use host::{Arrival, Channel, Datagram, Delivery, Link, LinkIndex, Packet, Protocol, Refusal};

use super::{Happening, World};
use crate::machine::{NETWORK_DOWN, NO_DEVICE, NO_SUCH_ADDRESS, refusal};
use crate::network::{Fate, announcement};
use crate::node::Input;

/// The kernel's hop limit where a sender does not ask for one.
const DEFAULT_HOP_LIMIT: u8 = 64;
/// Bytes of an IPv4 header as adverts have it, and of an authentication header.
const HEADER: usize = 20;
const AUTHENTICATION_HEADER: usize = 24;

/// An advert on the wire.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) protocol: Protocol,
    pub(crate) hop_limit: u8,
    pub(crate) bytes: Vec<u8>,
    pub(crate) vrid: u8,
    pub(crate) priority: u8,
}

impl Frame {
    /// `None` if the packet is too short to be an advert.
    pub(crate) fn of(packet: Packet) -> Option<Self> {
        match packet {
            Packet::Ipv4(bytes) => {
                let address = |at: usize| -> Option<IpAddr> {
                    Some(Ipv4Addr::from(*bytes.get(at..)?.first_chunk::<4>()?).into())
                };
                let (source, destination) = (address(12)?, address(16)?);
                let (protocol, at) = match bytes.get(9)? {
                    51 => (Protocol::AuthenticationHeader, HEADER + AUTHENTICATION_HEADER),
                    _ => (Protocol::Vrrp, HEADER),
                };
                let (hop_limit, vrid, priority) = (*bytes.get(8)?, *bytes.get(at + 1)?, *bytes.get(at + 2)?);
                Some(Self { source, destination, protocol, hop_limit, bytes, vrid, priority })
            }
            Packet::Ipv6 { source, destination, hop_limit, payload } => {
                let (vrid, priority) = (*payload.get(1)?, *payload.get(2)?);
                let hop_limit = hop_limit.unwrap_or(DEFAULT_HOP_LIMIT);
                let protocol = Protocol::Vrrp;
                Some(Self { source, destination, protocol, hop_limit, bytes: payload, vrid, priority })
            }
            Packet::Ethernet(_) => None,
        }
    }
}

impl World {
    /// A worker sends.
    pub(super) fn send(&mut self, node: usize, datagram: Datagram) {
        let Datagram { link, packet, tag } = datagram;
        match self.refusal_to_send(node, link, &packet) {
            Some(refusal) => {
                let (now, life) = (self.now, self.nodes[node].life);
                let input = Input::Arrival(Arrival::Unsent { tag, refusal });
                self.schedule(now, Happening::Input { node, life, input });
                return;
            }
            // Without a carrier a packet leaves the kernel and goes nowhere; nobody is told.
            None if !self.nodes[node].machine().link(link).is_some_and(Link::is_up) => return,
            None => {}
        }
        let Some((segment, port)) = self.port_of(node, link) else { return };
        let mac = self.segments[segment].ports[port].mac;
        self.segments[segment].learn(port, mac);
        if let Packet::Ethernet(frame) = packet {
            self.announce(segment, port, link, frame);
        } else if let Some(frame) = Frame::of(packet) {
            self.transmit(segment, port, link, frame);
        }
    }

    /// Where a link is plugged in.
    pub(crate) fn port_of(&self, node: usize, link: LinkIndex) -> Option<(usize, usize)> {
        let mut segments = self.segments.iter().enumerate();
        segments.find_map(|(number, segment)| Some((number, segment.port_of(node, link)?)))
    }

    /// What the kernel says against sending.
    fn refusal_to_send(&self, node: usize, link: LinkIndex, packet: &Packet) -> Option<Refusal> {
        let machine = self.nodes[node].machine();
        let Some(it) = machine.link(link) else { return Some(refusal(NO_DEVICE, "No such device")) };
        if !it.admin_up {
            return Some(refusal(NETWORK_DOWN, "Network is down"));
        }
        match packet {
            Packet::Ipv6 { source, .. } if !machine.holds_on(link, *source) => {
                Some(refusal(NO_SUCH_ADDRESS, "Cannot assign requested address"))
            }
            Packet::Ipv6 { .. } | Packet::Ipv4(_) | Packet::Ethernet(_) => None,
        }
    }

    /// An announcement: only the segment's client cares.
    fn announce(&mut self, segment: usize, port: usize, link: LinkIndex, frame: Vec<u8>) {
        let node = self.segments[segment].ports[port].node;
        if let Some((address, _)) = announcement(&frame) {
            self.watch.announced(self.now, node, link, address);
        }
        let it = &mut self.segments[segment];
        if it.reaches_client(port) && !self.chance.happens(it.weather.loss) {
            let at = self.now + self.chance.time(it.weather.delay);
            self.schedule(at, Happening::Client { segment, frame: Rc::new(frame) });
        }
    }

    /// An advert, to a group or to one node.
    fn transmit(&mut self, segment: usize, from: usize, link: LinkIndex, frame: Frame) {
        let node = self.segments[segment].ports[from].node;
        self.watch.sent_advert(self.now, node, link, &frame);
        let frame = Rc::new(frame);
        for to in 0..self.segments[segment].ports.len() {
            let port = self.segments[segment].ports[to];
            let machine = self.nodes[port.node].machine();
            let is_for_it =
                frame.destination.is_multicast() || machine.holds_on(port.link, frame.destination);
            if to == from || !is_for_it || !self.segments[segment].passes(from, to) {
                continue;
            }
            match self.segments[segment].fate(to, self.now, &mut self.chance) {
                Fate::Lost => self.watch.disturb(self.now, segment),
                Fate::Arrives(at) => {
                    self.schedule(at, Happening::Frame { segment, to, frame: Rc::clone(&frame) });
                }
                Fate::Twice(at, again) => {
                    self.schedule(at, Happening::Frame { segment, to, frame: Rc::clone(&frame) });
                    self.schedule(again, Happening::Frame { segment, to, frame: Rc::clone(&frame) });
                }
            }
        }
    }

    /// An advert reaches a port; the kernel's filter looks at it first.
    pub(super) fn deliver(&mut self, segment: usize, to: usize, frame: &Frame) {
        let port = self.segments[segment].ports[to];
        let node = &self.nodes[port.node];
        let machine = node.machine();
        let up = node.powered && machine.link(port.link).is_some_and(Link::is_up);
        let channel = Channel { link: port.link, address: frame.destination, protocol: frame.protocol };
        if !up || port.deaf || !machine.hears(channel, frame.vrid) {
            return;
        }
        let delivery = Delivery {
            link: port.link,
            source: frame.source,
            destination: frame.destination,
            hop_limit: Some(frame.hop_limit),
            bytes: frame.bytes.clone(),
        };
        self.tell(port.node, Input::Arrival(Arrival::Received(delivery)));
    }
}
