//! What the kernel does about an order.

use std::net::IpAddr;

use host::firewall::FirewallOp;
use host::{
    Arrival, Link, LinkAddress, LinkIndex, LinkName, NetworkOp, Refusal, RouteKey, VirtualLink,
    VirtualLinkKind,
};

use super::{Machine, NETWORK_DOWN, NO_BUFFERS, NO_DEVICE, refusal};

type Answer = (Result<(), Refusal>, Vec<Arrival>);

impl Machine {
    /// Carries an order to the packet filter out. A table takes the place of the one of its name.
    pub(crate) fn filter(&mut self, op: FirewallOp) -> Result<(), Refusal> {
        if self.refusals > 0 {
            self.refusals -= 1;
            return Err(refusal(NO_BUFFERS, "No buffer space available"));
        }
        match op {
            FirewallOp::Install(table) => drop(self.filters.insert(table.name.clone(), table)),
            FirewallOp::Remove(name) => drop(self.filters.remove(&name)),
        }
        Ok(())
    }

    /// Carries an order out. The answer, and what all that watch are told of it. As [`host::NetworkOp`] says, what is
    /// there already counts as put, and what is not there as taken.
    pub fn apply(&mut self, op: NetworkOp) -> Answer {
        if self.refusals > 0 {
            self.refusals -= 1;
            return (Err(refusal(NO_BUFFERS, "No buffer space available")), Vec::new());
        }
        let done = |arrival: Option<Arrival>| (Ok(()), arrival.into_iter().collect());
        match op {
            NetworkOp::AddLink(link) => self.make_link(link),
            NetworkOp::RemoveLink(name) => (Ok(()), self.remove_link(&name)),
            NetworkOp::AddAddress(address) if !self.links.contains_key(&address.link) => {
                (Err(refusal(NO_DEVICE, "No such device")), Vec::new())
            }
            NetworkOp::AddAddress(address) | NetworkOp::RenewAddress(address) => {
                done(self.add_address(address))
            }
            NetworkOp::RemoveAddress(address) => {
                done(self.remove_address(address.link, address.prefix.address()))
            }
            // What it is for, the order in which the kernel takes addresses, is not simulated.
            NetworkOp::Promote(_) | NetworkOp::Demote(_) => done(None),
            NetworkOp::AddRoute(route) => {
                let key = route.key();
                let links: Vec<LinkIndex> = route.hops.iter().filter_map(|hop| hop.link).collect();
                if links.iter().any(|link| !self.links.get(link).is_some_and(|link| link.admin_up)) {
                    return (Err(refusal(NETWORK_DOWN, "Network is down")), Vec::new());
                }
                done(self.routes.insert(key, links).is_none().then_some(Arrival::RouteAdded(key)))
            }
            NetworkOp::RemoveRoute(route) => {
                let key = route.key();
                done(self.routes.remove(&key).map(|_| Arrival::RouteRemoved(key)))
            }
            NetworkOp::AddRule(rule) => {
                done(self.rules.insert(rule.clone()).then_some(Arrival::RuleAdded(rule)))
            }
            NetworkOp::RemoveRule(rule) => {
                done(self.rules.remove(&rule).then_some(Arrival::RuleRemoved(rule)))
            }
        }
    }

    /// Puts an address on a link, as `apply` or somebody by hand does. `None` if it is there already.
    pub fn add_address(&mut self, address: LinkAddress) -> Option<Arrival> {
        if address.valid_lifetime.is_some() {
            self.last_lease += 1;
            self.leases.insert((address.link, address.prefix.address()), self.last_lease);
        }
        if self.holds_on(address.link, address.prefix.address()) {
            return None;
        }
        self.addresses.push(address.clone());
        Some(Arrival::AddressAdded(address))
    }

    /// Takes an address from a link. `None` if it is not there.
    pub fn remove_address(&mut self, link: LinkIndex, address: IpAddr) -> Option<Arrival> {
        let at = self.addresses.iter().position(|a| a.link == link && a.prefix.address() == address)?;
        self.leases.remove(&(link, address));
        Some(Arrival::AddressRemoved(self.addresses.remove(at)))
    }

    /// The promise to renew an address that counts now.
    pub(crate) fn lease(&self, link: LinkIndex, address: IpAddr) -> Option<u64> {
        self.leases.get(&(link, address)).copied()
    }

    /// The lifetime of an address is over: it goes, unless it was renewed since that promise.
    pub(crate) fn expire(&mut self, link: LinkIndex, address: IpAddr, lease: u64) -> Option<Arrival> {
        if self.lease(link, address) == Some(lease) { self.remove_address(link, address) } else { None }
    }

    /// Nothing is left of what workers put, and nothing of what others did by hand.
    pub(crate) fn reboot(&mut self) {
        let made: Vec<LinkIndex> = self.bases.keys().copied().collect();
        for link in made {
            self.links.remove(&link);
        }
        self.bases.clear();
        self.addresses.clear();
        self.leases.clear();
        self.routes.clear();
        self.rules.clear();
        self.filters.clear();
        (self.refusals, self.channel_refusals) = (0, 0);
        self.close();
    }

    /// Somebody takes a link out, and with it those on top of it.
    pub(crate) fn take_out(&mut self, link: LinkIndex) -> Vec<Arrival> {
        let made = self.bases.iter().filter(|(_, base)| **base == link).map(|(made, _)| *made);
        let gone: Vec<LinkName> =
            made.chain([link]).filter_map(|link| Some(self.links.get(&link)?.name.clone())).collect();
        gone.iter().flat_map(|name| self.remove_link(name)).collect()
    }

    /// Somebody removes the links that a worker made.
    pub(crate) fn remove_made_links(&mut self) -> Vec<Arrival> {
        let made: Vec<LinkName> =
            self.bases.keys().filter_map(|link| Some(self.links.get(link)?.name.clone())).collect();
        made.iter().flat_map(|name| self.remove_link(name)).collect()
    }

    /// Somebody removes the routes and rules of workers.
    pub(crate) fn flush_routes(&mut self) -> Vec<Arrival> {
        let routes = std::mem::take(&mut self.routes).into_keys().map(Arrival::RouteRemoved);
        let rules = std::mem::take(&mut self.rules).into_iter().map(Arrival::RuleRemoved);
        routes.chain(rules).collect()
    }

    /// The routes that lead to a link are gone, with those that lead to others too.
    pub(super) fn take_routes(&mut self, link: LinkIndex) -> Vec<Arrival> {
        let lost = |_: &RouteKey, links: &mut Vec<LinkIndex>| links.contains(&link);
        self.routes.extract_if(.., lost).map(|(key, _)| Arrival::RouteRemoved(key)).collect()
    }

    fn make_link(&mut self, made: VirtualLink) -> Answer {
        let VirtualLink { name, base, kind, group: _, family: _, both_families: _ } = made;
        if self.links.values().any(|link| link.name == name) {
            return (Ok(()), Vec::new());
        }
        let Some(base) = self.links.values().find(|link| link.name == base).cloned() else {
            return (Err(refusal(NO_DEVICE, "No such device")), Vec::new());
        };
        let mac = match kind {
            VirtualLinkKind::Vmac(mac) => Some(mac),
            VirtualLinkKind::Ipvlan(_) => base.mac,
        };
        let running = base.is_up();
        let on = base.index;
        self.last_link += 1;
        let link = Link { index: LinkIndex(self.last_link), name, mac, admin_up: true, running, ..base };
        self.links.insert(link.index, link.clone());
        self.bases.insert(link.index, on);
        (Ok(()), vec![Arrival::LinkChanged(link)])
    }

    /// As Linux: the addresses of a link that goes are reported first.
    fn remove_link(&mut self, name: &LinkName) -> Vec<Arrival> {
        let Some(index) = self.links.values().find(|link| link.name == *name).map(|link| link.index) else {
            return Vec::new();
        };
        let lost = |a: &mut LinkAddress| a.link == index;
        let mut arrivals: Vec<_> = self.addresses.extract_if(.., lost).map(Arrival::AddressRemoved).collect();
        self.leases.retain(|(link, _), _| *link != index);
        self.channels.retain(|channel, _| channel.link != index);
        arrivals.extend(self.take_routes(index));
        self.bases.remove(&index);
        self.links.remove(&index);
        arrivals.push(Arrival::LinkRemoved(index));
        arrivals
    }
}
