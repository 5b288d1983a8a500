//! A simulated machine: what the kernel of a node knows and does, as plain maps.
//!
//! The worker's orders land in an outbox that the world empties after each turn; the world decides when they are
//! carried out and when their answers come. What lives here is what outlives a worker: links and addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use host::{
    Arrival, Channel, Datagram, Datagrams, Journal, Link, LinkAddress, LinkIndex, LinkName, MacAddress, Network,
    NetworkOp, Prefix, Refusal, Severity, Ticket,
};
use worker::bus::{Bus, ToSupervisor};

/// `ENODEV`: there is no such link.
pub const NO_DEVICE: i32 = 19;
/// `EADDRNOTAVAIL`: no such source address.
pub const NO_SUCH_ADDRESS: i32 = 99;
/// `ENETDOWN`: the link is not up.
pub const NETWORK_DOWN: i32 = 100;
/// `ENOBUFS`, the error of an order refused on request.
pub const NO_BUFFERS: i32 = 105;

/// Something a worker did.
#[derive(Debug)]
pub(crate) enum Effect {
    Order(Ticket, NetworkOp),
    Send(Datagram),
    Say(ToSupervisor),
    Line(Severity, String),
    Deaf(Channel, Refusal),
}

/// A machine.
#[derive(Debug, Default)]
pub struct Machine {
    links: BTreeMap<LinkIndex, Link>,
    addresses: Vec<LinkAddress>,
    channels: BTreeMap<Channel, Vec<u8>>,
    outbox: Vec<Effect>,
    refusals: u32,
    keeps_lines: bool,
}

impl Machine {
    /// A machine without links.
    pub fn new() -> Self {
        Self::default()
    }

    /// Log lines are kept. Off at first, because a search through thousands of seeds reads none.
    pub const fn keep_lines(&mut self) {
        self.keeps_lines = true;
    }

    /// Puts a link in, up, under the next free number.
    pub fn add_link(&mut self, name: LinkName, mac: MacAddress) -> LinkIndex {
        // 1 is the loopback's, as on Linux.
        let index = LinkIndex(self.links.last_key_value().map_or(2, |(last, _)| last.0 + 1));
        let link = Link {
            index,
            name,
            admin_up: true,
            running: true,
            mtu: 1500,
            mac: Some(mac),
            arp: true,
            multicast: true,
            loopback: false,
            ipv6_router: false,
        };
        self.links.insert(index, link);
        index
    }

    /// A link by its number.
    pub fn link(&self, index: LinkIndex) -> Option<&Link> {
        self.links.get(&index)
    }

    /// Changes whether a link is wanted up and whether it has a carrier. What arrives at the worker, in order; nothing
    /// if nothing changed. As Linux: a link that goes down loses its IPv6 addresses and keeps the others.
    pub fn set_link(&mut self, index: LinkIndex, admin_up: bool, running: bool) -> Vec<Arrival> {
        let Some(link) = self.links.get_mut(&index) else { return Vec::new() };
        if (link.admin_up, link.running) == (admin_up, running) {
            return Vec::new();
        }
        let goes_down = link.admin_up && !admin_up;
        (link.admin_up, link.running) = (admin_up, running);
        let mut arrivals = vec![Arrival::LinkChanged(link.clone())];
        if goes_down {
            let lost = |a: &mut LinkAddress| a.link == index && a.prefix.address().is_ipv6();
            arrivals.extend(self.addresses.extract_if(.., lost).map(Arrival::AddressRemoved));
        }
        arrivals
    }

    /// All links and addresses, as a worker is told at first.
    pub fn survey(&self) -> Arrival {
        Arrival::Surveyed { links: self.links.values().cloned().collect(), addresses: self.addresses.clone() }
    }

    /// Carries an order out. The answer, and what all that watch are told of it.
    pub fn apply(&mut self, op: NetworkOp) -> (Result<(), Refusal>, Option<Arrival>) {
        if self.refusals > 0 {
            self.refusals -= 1;
            return (Err(refusal(NO_BUFFERS, "No buffer space available")), None);
        }
        match op {
            NetworkOp::AddAddress(address) => {
                if !self.links.contains_key(&address.link) {
                    return (Err(refusal(NO_DEVICE, "No such device")), None);
                }
                (Ok(()), self.add_address(address))
            }
            NetworkOp::RemoveAddress(address) => {
                (Ok(()), self.remove_address(address.link, address.prefix.address()))
            }
        }
    }

    /// Puts an address on a link, as `apply` or somebody by hand does. `None` if it is there already.
    pub fn add_address(&mut self, address: LinkAddress) -> Option<Arrival> {
        if self.holds_on(address.link, address.prefix.address()) {
            return None;
        }
        self.addresses.push(address.clone());
        Some(Arrival::AddressAdded(address))
    }

    /// Takes an address from a link. `None` if it is not there.
    pub fn remove_address(&mut self, link: LinkIndex, address: IpAddr) -> Option<Arrival> {
        let at = self.addresses.iter().position(|a| a.link == link && a.prefix.address() == address)?;
        Some(Arrival::AddressRemoved(self.addresses.remove(at)))
    }

    /// Refuses the next orders, this many.
    pub const fn refuse(&mut self, orders: u32) {
        self.refusals = orders;
    }

    /// Whether an address is on a link.
    pub fn holds_on(&self, link: LinkIndex, address: IpAddr) -> bool {
        self.addresses.iter().any(|a| a.link == link && a.prefix.address() == address)
    }

    /// Whether an address is on any link.
    pub fn holds(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|a| a.prefix.address() == address)
    }

    /// The addresses with their links, in the order they came.
    pub fn addresses(&self) -> impl Iterator<Item = (LinkIndex, Prefix)> {
        self.addresses.iter().map(|a| (a.link, a.prefix))
    }

    /// Whether the worker listens for this virtual router there.
    pub fn hears(&self, link: LinkIndex, destination: IpAddr, vrid: u8) -> bool {
        let channel = Channel { link, address: destination };
        self.channels.get(&channel).is_some_and(|vrids| vrids.contains(&vrid))
    }

    /// The worker is gone, and its sockets and unperformed wishes with it.
    pub(crate) fn close(&mut self) {
        self.channels.clear();
        self.outbox.clear();
    }

    /// What the worker did since the last call goes to the end of `into`.
    pub(crate) fn drain(&mut self, into: &mut Vec<Effect>) {
        into.append(&mut self.outbox);
    }
}

/// An answer in the kernel's words.
pub(crate) fn refusal(code: i32, why: &str) -> Refusal {
    Refusal { code, why: why.to_owned() }
}

impl Network for Machine {
    fn submit(&mut self, ticket: Ticket, op: NetworkOp) {
        self.outbox.push(Effect::Order(ticket, op));
    }
}

impl Datagrams for Machine {
    fn listen(&mut self, channel: Channel, vrids: &[u8]) {
        if self.links.contains_key(&channel.link) {
            self.channels.insert(channel, vrids.to_vec());
        } else {
            self.outbox.push(Effect::Deaf(channel, refusal(NO_DEVICE, "No such device")));
        }
    }

    fn ignore(&mut self, channel: Channel) {
        self.channels.remove(&channel);
    }

    fn send(&mut self, datagram: Datagram) {
        self.outbox.push(Effect::Send(datagram));
    }
}

impl Journal for Machine {
    fn write(&mut self, severity: Severity, line: &str) {
        if self.keeps_lines {
            self.outbox.push(Effect::Line(severity, line.to_owned()));
        }
    }
}

impl Bus for Machine {
    fn tell(&mut self, message: ToSupervisor) {
        self.outbox.push(Effect::Say(message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> (Machine, LinkIndex) {
        let mut machine = Machine::new();
        let link = machine.add_link(LinkName::new("eth0").unwrap(), MacAddress([2, 0, 0, 0, 0, 1]));
        (machine, link)
    }

    fn address(link: LinkIndex, text: &str) -> LinkAddress {
        LinkAddress::plain(link, Prefix::host(text.parse().unwrap()))
    }

    #[test]
    fn an_address_that_is_there_counts_as_put_and_one_that_is_not_as_taken() {
        let (mut machine, link) = machine();
        let vip = address(link, "192.0.2.100");
        let added = Arrival::AddressAdded(vip.clone());
        assert_eq!(machine.apply(NetworkOp::AddAddress(vip.clone())), (Ok(()), Some(added)));
        assert_eq!(machine.apply(NetworkOp::AddAddress(vip.clone())), (Ok(()), None));
        let removed = Arrival::AddressRemoved(vip.clone());
        assert_eq!(machine.apply(NetworkOp::RemoveAddress(vip.clone())), (Ok(()), Some(removed)));
        assert_eq!(machine.apply(NetworkOp::RemoveAddress(vip)), (Ok(()), None));
    }

    #[test]
    fn refusals_are_as_many_as_asked_for() {
        let (mut machine, link) = machine();
        machine.refuse(1);
        let vip = address(link, "192.0.2.100");
        let (result, arrival) = machine.apply(NetworkOp::AddAddress(vip.clone()));
        assert_eq!((result.unwrap_err().code, arrival), (NO_BUFFERS, None));
        assert_eq!(machine.apply(NetworkOp::AddAddress(vip)).0, Ok(()));
        let nowhere = address(LinkIndex(9), "192.0.2.100");
        assert_eq!(machine.apply(NetworkOp::AddAddress(nowhere)).0.unwrap_err().code, NO_DEVICE);
    }

    /// Linux: `addrconf_ifdown` takes the IPv6 addresses of a link that goes down.
    #[test]
    fn a_link_that_goes_down_loses_its_ipv6_addresses_only() {
        let (mut machine, link) = machine();
        machine.add_address(address(link, "192.0.2.1"));
        machine.add_address(address(link, "fe80::1"));
        assert_eq!(machine.set_link(link, true, false).len(), 1);
        assert!(machine.holds("fe80::1".parse().unwrap()));
        assert_eq!(machine.set_link(link, false, false).len(), 2);
        assert!(!machine.holds("fe80::1".parse().unwrap()) && machine.holds("192.0.2.1".parse().unwrap()));
        assert!(machine.set_link(link, false, false).is_empty());
    }
}
