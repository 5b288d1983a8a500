//! A simulated machine: what the kernel of a node knows and does, as plain maps.
//!
//! The worker's orders land in an outbox that the world empties after each turn; the world decides when they are
//! carried out and when their answers come. What lives here is what outlives a worker: links and addresses.

mod kernel;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use host::firewall::{FilterTable, FirewallOp};
use host::{
    Arrival, Channel, Datagram, Datagrams, Journal, Link, LinkAddress, LinkIndex, LinkName, MacAddress,
    Network, NetworkOp, Prefix, Refusal, RouteKey, Rule, Severity, Ticket,
};
use worker::bus::{Bus, ToSupervisor};
use worker::notify::fifo::EventPipes;

/// `ENODEV`: there is no such link.
pub const NO_DEVICE: i32 = 19;
/// `EADDRNOTAVAIL`: no such source address.
pub const NO_SUCH_ADDRESS: i32 = 99;
/// `ENETDOWN`: the link is not up.
pub const NETWORK_DOWN: i32 = 100;
/// `ENOBUFS`, the error of an order refused on request.
pub const NO_BUFFERS: i32 = 105;

/// Something that the kernel is asked for.
#[derive(Debug)]
pub(crate) enum Order {
    Network(NetworkOp),
    Filter(FirewallOp),
}

/// Something a worker did.
#[derive(Debug)]
pub(crate) enum Effect {
    Order(Ticket, Order),
    Send(Datagram),
    Say(ToSupervisor),
    Line(String),
    /// A line for the event pipes.
    Pipe(String),
    Deaf(Channel, Refusal),
    /// A channel that was refused before was opened.
    Opened(Channel),
}

/// A machine.
#[derive(Debug, Default)]
pub struct Machine {
    links: BTreeMap<LinkIndex, Link>,
    /// Of the links that a worker made: the links that they are on.
    bases: BTreeMap<LinkIndex, LinkIndex>,
    addresses: Vec<LinkAddress>,
    /// Which of the promises to renew an address counts; earlier ones are void.
    leases: BTreeMap<(LinkIndex, IpAddr), u64>,
    /// With the links that they lead to.
    routes: BTreeMap<RouteKey, Vec<LinkIndex>>,
    rules: BTreeSet<Rule>,
    /// Tables of the packet filter.
    filters: BTreeMap<String, FilterTable>,
    last_lease: u64,
    last_link: u32,
    channels: BTreeMap<Channel, Vec<u8>>,
    outbox: Vec<Effect>,
    refusals: u32,
    channel_refusals: u32,
    /// Channels that were refused, and are not believed in since.
    deaf: BTreeSet<Channel>,
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
        // 1 is the loopback's, as on Linux; a number is not used twice.
        self.last_link = self.last_link.max(1) + 1;
        let index = LinkIndex(self.last_link);
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

    /// The link that a link is on: itself, unless a worker made it.
    pub fn base(&self, index: LinkIndex) -> LinkIndex {
        self.bases.get(&index).copied().unwrap_or(index)
    }

    /// All links.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
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
        let carries = link.is_up();
        for (made, base) in &self.bases {
            if let (true, Some(made)) = (*base == index, self.links.get_mut(made))
                && made.running != carries
            {
                made.running = carries;
                arrivals.push(Arrival::LinkChanged(made.clone()));
            }
        }
        if goes_down {
            let lost = |a: &mut LinkAddress| a.link == index && a.prefix.address().is_ipv6();
            arrivals.extend(self.addresses.extract_if(.., lost).map(Arrival::AddressRemoved));
            arrivals.extend(self.take_routes(index));
        }
        arrivals
    }

    /// All links and addresses, as a worker is told at first.
    pub fn survey(&self) -> Arrival {
        Arrival::Surveyed {
            links: self.links.values().cloned().collect(),
            addresses: self.addresses.clone(),
            routes: self.routes.keys().copied().collect(),
            rules: self.rules.iter().cloned().collect(),
        }
    }

    /// Refuses the next orders, this many.
    pub const fn refuse(&mut self, orders: u32) {
        self.refusals = orders;
    }

    /// Refuses to open the next channels, this many.
    pub const fn refuse_channels(&mut self, channels: u32) {
        self.channel_refusals = channels;
    }

    /// Whether a channel of a link does not work, as far as the worker knows.
    pub(crate) fn is_deaf(&self, link: LinkIndex) -> bool {
        self.deaf.iter().any(|channel| channel.link == link)
    }

    /// A channel that was refused has been open for long enough. Whether that is so.
    pub(crate) fn believe(&mut self, channel: Channel) -> bool {
        self.channels.contains_key(&channel) && self.deaf.remove(&channel)
    }

    /// Whether an address is on a link.
    pub fn holds_on(&self, link: LinkIndex, address: IpAddr) -> bool {
        self.addresses.iter().any(|a| a.link == link && a.prefix.address() == address)
    }

    /// Whether an address is on any link.
    pub fn holds(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|a| a.prefix.address() == address)
    }

    /// Whether a route is there.
    pub fn has_route(&self, key: &RouteKey) -> bool {
        self.routes.contains_key(key)
    }

    /// Whether a policy rule is there.
    pub fn has_rule(&self, rule: &Rule) -> bool {
        self.rules.contains(rule)
    }

    /// Whether what comes for an address on a link is dropped.
    pub fn drops(&self, link: LinkIndex, address: IpAddr) -> bool {
        let name = self.link(link).map(|link| &link.name);
        self.filters.values().any(|table| match address {
            IpAddr::V4(address) => table.ipv4.as_ref().is_some_and(|it| it.dropped.contains(&address)),
            IpAddr::V6(address) => table.ipv6.as_ref().is_some_and(|it| {
                it.dropped.contains(&address)
                    || it.link_local.contains(&(address, link))
                    || name.is_some_and(|name| it.link_local_by_name.contains(&(address, name.clone())))
            }),
        })
    }

    /// The addresses with their links, in the order they came.
    pub fn addresses(&self) -> impl Iterator<Item = (LinkIndex, Prefix)> {
        self.addresses.iter().map(|a| (a.link, a.prefix))
    }

    /// Whether the worker listens for this virtual router there.
    pub fn hears(&self, channel: Channel, vrid: u8) -> bool {
        self.channels.get(&channel).is_some_and(|vrids| vrids.contains(&vrid))
    }

    /// The worker is gone, and its sockets and unperformed wishes with it.
    pub(crate) fn close(&mut self) {
        self.channels.clear();
        self.deaf.clear();
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
        self.outbox.push(Effect::Order(ticket, Order::Network(op)));
    }
}

impl host::Firewall for Machine {
    fn filter(&mut self, ticket: Ticket, op: FirewallOp) {
        self.outbox.push(Effect::Order(ticket, Order::Filter(op)));
    }
}

impl Datagrams for Machine {
    fn listen(&mut self, channel: Channel, vrids: &[u8]) {
        if self.channel_refusals > 0 {
            self.channel_refusals -= 1;
            self.channels.remove(&channel);
            self.deaf.insert(channel);
            self.outbox.push(Effect::Deaf(channel, refusal(NO_BUFFERS, "No buffer space available")));
        } else if self.links.contains_key(&channel.link) {
            if self.deaf.contains(&channel) {
                self.outbox.push(Effect::Opened(channel));
            }
            self.channels.insert(channel, vrids.to_vec());
        } else {
            self.outbox.push(Effect::Deaf(channel, refusal(NO_DEVICE, "No such device")));
        }
    }

    fn ignore(&mut self, channel: Channel) {
        self.channels.remove(&channel);
        self.deaf.remove(&channel);
    }

    fn send(&mut self, datagram: Datagram) {
        self.outbox.push(Effect::Send(datagram));
    }
}

impl Journal for Machine {
    fn wants(&self, _: Severity) -> bool {
        self.keeps_lines
    }

    fn write(&mut self, severity: Severity, line: &str) {
        if self.wants(severity) {
            self.outbox.push(Effect::Line(line.to_owned()));
        }
    }
}

impl Bus for Machine {
    fn tell(&mut self, message: ToSupervisor) {
        self.outbox.push(Effect::Say(message));
    }
}

impl EventPipes for Machine {
    fn put(&mut self, line: &str) {
        self.outbox.push(Effect::Pipe(line.to_owned()));
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
        assert_eq!(machine.apply(NetworkOp::AddAddress(vip.clone())), (Ok(()), vec![added]));
        assert_eq!(machine.apply(NetworkOp::AddAddress(vip.clone())), (Ok(()), vec![]));
        let removed = Arrival::AddressRemoved(vip.clone());
        assert_eq!(machine.apply(NetworkOp::RemoveAddress(vip.clone())), (Ok(()), vec![removed]));
        assert_eq!(machine.apply(NetworkOp::RemoveAddress(vip)), (Ok(()), vec![]));
    }

    #[test]
    fn refusals_are_as_many_as_asked_for() {
        let (mut machine, link) = machine();
        machine.refuse(1);
        let vip = address(link, "192.0.2.100");
        let (result, arrivals) = machine.apply(NetworkOp::AddAddress(vip.clone()));
        assert_eq!((result.unwrap_err().code, arrivals), (NO_BUFFERS, vec![]));
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
