//! Segments: what carries frames between machines, and what goes wrong on the way.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use host::{Instant, LinkIndex, MacAddress};
use vrrp::wire::arp::GratuitousArp;
use vrrp::wire::ndp::NeighbourAdvertisement;

use crate::chance::Chance;

/// What a segment does to frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Weather {
    /// Shortest and longest time a frame takes.
    pub delay: (Duration, Duration),
    /// Frames lost in a thousand.
    pub loss: u16,
    /// Frames that arrive twice in a thousand.
    pub duplicate: u16,
    /// Frames in a thousand that may overtake others. The rest arrive in the order they were sent.
    pub reorder: u16,
}

impl Weather {
    /// A quiet wire with an exact delay.
    pub const fn fair(delay: Duration) -> Self {
        Self { delay: (delay, delay), loss: 0, duplicate: 0, reorder: 0 }
    }
}

/// Where a machine is plugged in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Port {
    /// The node, by its number in the world.
    pub node: usize,
    /// Its link.
    pub link: LinkIndex,
    /// The link that it is on: itself, unless a worker made it.
    pub base: LinkIndex,
    /// The link is no more.
    pub gone: bool,
    /// The link's Ethernet address.
    pub mac: MacAddress,
    /// The side of a partition it is on; all on 0 while there is none.
    pub side: u8,
    /// Nothing gets out.
    pub mute: bool,
    /// Nothing gets in.
    pub deaf: bool,
    /// When the last frame to it arrives, so that frames keep their order.
    last_arrival: Instant,
}

/// One layer-2 segment: a switch that floods multicast, with a client that wants to reach virtual addresses.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Its name.
    pub name: String,
    /// Who is plugged in.
    pub ports: Vec<Port>,
    /// What it does to frames.
    pub weather: Weather,
    /// The side of a partition that the client is on.
    pub client_side: u8,
    /// The client's neighbour table, which follows announcements alone: it asks again only where it knows nothing.
    neighbours: BTreeMap<IpAddr, MacAddress>,
    /// The switch's table: where a source address was last seen.
    table: BTreeMap<MacAddress, usize>,
}

/// What becomes of a frame at one receiver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It arrives.
    Arrives(Instant),
    /// It arrives twice.
    Twice(Instant, Instant),
    /// It is lost by chance.
    Lost,
}

impl Segment {
    /// A segment with nobody on it.
    pub fn new(name: &str, weather: Weather) -> Self {
        Self {
            name: name.to_owned(),
            ports: Vec::new(),
            weather,
            client_side: 0,
            neighbours: BTreeMap::new(),
            table: BTreeMap::new(),
        }
    }

    /// Plugs a link in.
    pub fn plug(&mut self, node: usize, link: LinkIndex, mac: MacAddress) {
        let (base, last_arrival) = (link, Instant::ZERO);
        let (side, mute, deaf, gone) = (0, false, false, false);
        self.ports.push(Port { node, link, base, gone, mac, side, mute, deaf, last_arrival });
    }

    /// Plugs a link in that a worker made on top of another: what goes wrong there goes wrong here.
    pub fn plug_on(&mut self, base: usize, link: LinkIndex, mac: MacAddress) {
        self.ports.push(Port { link, mac, ..self.ports[base] });
    }

    /// The Ethernet address of a link that is or was plugged in.
    pub fn mac_of(&self, node: usize, link: LinkIndex) -> Option<MacAddress> {
        self.ports.iter().find(|port| port.node == node && port.link == link).map(|port| port.mac)
    }

    /// The port of a link.
    pub fn port_of(&self, node: usize, link: LinkIndex) -> Option<usize> {
        self.ports.iter().position(|port| port.node == node && port.link == link && !port.gone)
    }

    /// Whether frames pass from one port to another, chance aside.
    pub fn passes(&self, from: usize, to: usize) -> bool {
        let (from, to) = (&self.ports[from], &self.ports[to]);
        let same_cable = (from.node, from.base) == (to.node, to.base);
        from.side == to.side && !from.mute && !to.deaf && !from.gone && !to.gone && !same_cable
    }

    /// Whether frames pass both ways.
    pub fn connects(&self, one: usize, other: usize) -> bool {
        self.passes(one, other) && self.passes(other, one)
    }

    /// What becomes of a frame sent now to a port to which frames pass.
    pub fn fate(&mut self, to: usize, now: Instant, chance: &mut Chance) -> Fate {
        let weather = self.weather;
        if chance.happens(weather.loss) {
            return Fate::Lost;
        }
        let first = now + chance.time(weather.delay);
        let port = &mut self.ports[to];
        let first = if chance.happens(weather.reorder) { first } else { first.max(port.last_arrival) };
        port.last_arrival = port.last_arrival.max(first);
        if chance.happens(weather.duplicate) {
            Fate::Twice(first, first + chance.time(weather.delay))
        } else {
            Fate::Arrives(first)
        }
    }

    /// The switch sees a frame from a port.
    pub fn learn(&mut self, from: usize, source: MacAddress) {
        self.table.insert(source, from);
    }

    /// Whether a frame from a port reaches the client, chance aside.
    pub fn reaches_client(&self, from: usize) -> bool {
        self.ports[from].side == self.client_side && !self.ports[from].mute && !self.ports[from].gone
    }

    /// The client hears a frame: an announcement changes its neighbour table.
    pub fn client_hears(&mut self, frame: &[u8]) {
        if let Some((address, mac)) = announcement(frame) {
            self.neighbours.insert(address, mac);
        }
    }

    /// The port to which the client's packets for an address go, if the client knows one. `ask` is asked where the
    /// client knows nothing: who answers for the address?
    pub fn destination(
        &mut self,
        address: IpAddr,
        ask: impl FnOnce(&Self) -> Option<usize>,
    ) -> Option<usize> {
        let mac = match self.neighbours.get(&address) {
            Some(mac) => *mac,
            None => {
                let mac = self.ports[ask(self)?].mac;
                self.neighbours.insert(address, mac);
                mac
            }
        };
        let port = self
            .table
            .get(&mac)
            .copied()
            .or_else(|| self.ports.iter().position(|p| p.mac == mac && !p.gone))?;
        let it = &self.ports[port];
        (it.side == self.client_side && !it.deaf && !it.mute && !it.gone).then_some(port)
    }
}

/// The address that a frame announces, and where it is now.
pub fn announcement(frame: &[u8]) -> Option<(IpAddr, MacAddress)> {
    if let Some(arp) = GratuitousArp::decode(frame) {
        return Some((arp.address.into(), arp.mac));
    }
    NeighbourAdvertisement::decode(frame).map(|neighbour| (neighbour.address.into(), neighbour.mac))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);

    fn mac(number: u8) -> MacAddress {
        MacAddress([2, 0, 0, 0, 0, number])
    }

    fn segment() -> Segment {
        let mut segment = Segment::new("lan", Weather::fair(Duration::from_millis(1)));
        for node in 0..3_u8 {
            segment.plug(node.into(), LinkIndex(2), mac(node));
        }
        segment
    }

    #[test]
    fn a_partition_parts_and_a_one_way_cut_lets_one_way_pass() {
        let mut segment = segment();
        segment.ports[2].side = 1;
        assert!(segment.connects(0, 1) && !segment.passes(0, 2) && !segment.passes(2, 0));
        segment.ports[1].mute = true;
        assert!(segment.passes(0, 1) && !segment.passes(1, 0) && !segment.connects(0, 1));
    }

    #[test]
    fn frames_keep_their_order_unless_the_weather_says_otherwise() {
        let mut segment = segment();
        segment.weather.delay = (Duration::ZERO, Duration::from_millis(50));
        let mut chance = Chance::new(1);
        let mut arrivals = |segment: &mut Segment| -> Vec<Instant> {
            (0..100)
                .map(|n| match segment.fate(1, Instant::from_millis(n), &mut chance) {
                    Fate::Arrives(at) => at,
                    Fate::Twice(..) | Fate::Lost => unreachable!("fair weather"),
                })
                .collect()
        };
        assert!(arrivals(&mut segment).is_sorted());
        segment.weather.reorder = 1000;
        assert!(!arrivals(&mut segment).is_sorted());
    }

    #[test]
    fn a_loss_of_a_third_loses_about_a_third() {
        let mut segment = segment();
        segment.weather.loss = 333;
        let mut chance = Chance::new(1);
        let lost = (0..3000).filter(|_| segment.fate(1, Instant::ZERO, &mut chance) == Fate::Lost).count();
        assert!((900..1100).contains(&lost), "{lost}");
    }

    #[test]
    fn the_client_follows_announcements_and_nothing_else() {
        let mut segment = segment();
        assert_eq!(segment.destination(VIP.into(), |_| None), None);
        assert_eq!(segment.destination(VIP.into(), |_| Some(0)), Some(0));
        // What it knows it does not ask again.
        assert_eq!(segment.destination(VIP.into(), |_| Some(2)), Some(0));
        segment.client_hears(&GratuitousArp { mac: mac(1), address: VIP }.encode());
        assert_eq!(segment.destination(VIP.into(), |_| None), Some(1));
        segment.ports[1].side = 1;
        assert_eq!(segment.destination(VIP.into(), |_| None), None);
    }
}
