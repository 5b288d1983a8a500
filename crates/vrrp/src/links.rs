//! What the engine knows of the node's links and addresses.

mod delay;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;

use host::{Family, Instant, Link, LinkAddress, LinkIndex, LinkName, Prefix};

use crate::config::{InstanceConfig, LinkDelay, PolledLink};
use crate::event::Action;
use crate::notice::Notice;
use crate::status::LinkStatus;
use delay::Delays;

/// `IFA_F_TENTATIVE` and `IFA_F_DADFAILED`: an IPv6 address that cannot be sent from.
const UNUSABLE: u32 = 0x40 | 0x08;

/// Links by number with their addresses in the kernel's order.
#[derive(Debug, Default)]
pub(crate) struct Links {
    links: BTreeMap<LinkIndex, Link>,
    addresses: BTreeMap<LinkIndex, Vec<Present>>,
    delays: Delays,
    /// Links whose carriers are asked for: what the kernel says of those does not count, once there is an answer.
    polled: BTreeSet<LinkName>,
    carriers: BTreeMap<LinkName, bool>,
}

/// What matters of an address that is there: a link of a director has thousands.
#[derive(Debug)]
struct Present {
    prefix: Prefix,
    /// One can speak from it.
    usable: bool,
}

impl Links {
    /// Takes in everything anew. Says nothing of the first survey. The links that came up.
    pub(crate) fn survey(
        &mut self,
        links: Vec<Link>,
        addresses: Vec<LinkAddress>,
        now: Instant,
        out: &mut Vec<Action>,
    ) -> Vec<LinkIndex> {
        let first = self.links.is_empty();
        let gone: Vec<LinkIndex> = self
            .links
            .keys()
            .filter(|index| !links.iter().any(|link| link.index == **index))
            .copied()
            .collect();
        for index in gone {
            self.remove(index, out);
        }
        self.addresses.clear();
        let mut quiet = Vec::new();
        let mut came_up = Vec::new();
        for link in links {
            let index = link.index;
            let up = self.change(link, now, if first { &mut quiet } else { out });
            came_up.extend(up.then_some(index));
        }
        for address in &addresses {
            self.add_address(address);
        }
        came_up
    }

    /// A link appeared or changed. Whether it came up.
    pub(crate) fn change(&mut self, link: Link, now: Instant, out: &mut Vec<Action>) -> bool {
        let (name, up) = (link.name.clone(), self.is_up(&link));
        self.delays.changed(&link, up, now);
        let mut say = |notice| out.push(Action::Notice(notice));
        match self.links.insert(link.index, link) {
            Some(before) if before.name == name => {
                if self.is_up(&before) == up {
                    return false;
                }
                say(Notice::Link { name, up, asked: false });
            }
            Some(before) => {
                say(Notice::LinkPresence { name: before.name, present: false });
                say(Notice::LinkPresence { name, present: true });
            }
            None => say(Notice::LinkPresence { name, present: true }),
        }
        up
    }

    /// The driver of a link told of its carrier. The link, and whether it is up now, if that changed.
    pub(crate) fn carrier_read(
        &mut self,
        name: LinkName,
        carrier: bool,
        now: Instant,
        out: &mut Vec<Action>,
    ) -> Option<(LinkIndex, bool)> {
        let link = self.named(&name).cloned();
        let before = link.as_ref().map(|link| self.is_up(link));
        self.carriers.insert(name.clone(), carrier);
        let link = link?;
        let up = self.is_up(&link);
        self.delays.changed(&link, up, now);
        let changed = before != Some(up);
        if changed {
            out.push(Action::Notice(Notice::Link { name, up, asked: true }));
        }
        changed.then_some((link.index, up))
    }

    /// A link is gone.
    pub(crate) fn remove(&mut self, index: LinkIndex, out: &mut Vec<Action>) {
        self.addresses.remove(&index);
        self.delays.removed(index);
        if let Some(link) = self.links.remove(&index) {
            self.carriers.remove(&link.name);
            out.push(Action::Notice(Notice::LinkPresence { name: link.name, present: false }));
        }
    }

    /// An address is there, or its flags changed. One that was there keeps its place.
    pub(crate) fn add_address(&mut self, address: &LinkAddress) {
        let addresses = self.addresses.entry(address.link).or_default();
        let present = Present { prefix: address.prefix, usable: address.flags & UNUSABLE == 0 };
        match addresses.iter_mut().find(|known| known.prefix == present.prefix) {
            Some(known) => *known = present,
            None => addresses.push(present),
        }
    }

    /// An address is gone.
    pub(crate) fn remove_address(&mut self, address: &LinkAddress) {
        if let Some(addresses) = self.addresses.get_mut(&address.link) {
            addresses.retain(|known| known.prefix != address.prefix);
        }
    }

    /// Sets how long links must be down or up before it counts.
    pub(crate) fn set_delays(&mut self, delays: Vec<LinkDelay>, instances: &[InstanceConfig], now: Instant) {
        self.delays.configure(delays, instances);
        for link in self.links.values() {
            self.delays.changed(link, self.is_up(link), now);
        }
    }

    /// Sets whose carriers are asked for. Comes before [`Self::set_delays`].
    pub(crate) fn set_polled(&mut self, polled: Vec<PolledLink>) {
        self.polled = polled.into_iter().map(|polled| polled.link).collect();
        self.carriers.retain(|link, _| self.polled.contains(link));
    }

    /// Whether a link counts as up.
    pub(crate) fn counts_up(&self, link: &Link) -> bool {
        self.delays.counts_up(link).unwrap_or_else(|| self.is_up(link))
    }

    /// Whether traffic can pass.
    ///
    /// Differs: of a link that is asked for its carrier, Keepalived does not heed either what the kernel tells; that
    /// somebody set it down it finds out up to a second later, and its adverts fail meanwhile.
    fn is_up(&self, link: &Link) -> bool {
        match self.carriers.get(&link.name).filter(|_| self.polled.contains(&link.name)) {
            Some(carrier) => link.admin_up && *carrier,
            None => link.is_up(),
        }
    }

    /// What has lasted long enough counts from now on. Whether anything does.
    pub(crate) fn run(&mut self, now: Instant) -> bool {
        self.delays.run(now)
    }

    /// When something will count.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.delays.next_deadline()
    }

    /// The link that has this name now.
    pub(crate) fn named(&self, name: &LinkName) -> Option<&Link> {
        self.links.values().find(|link| link.name == *name)
    }

    /// The link of this number.
    pub(crate) fn get(&self, index: LinkIndex) -> Option<&Link> {
        self.links.get(&index)
    }

    /// How links stand, in the order of their numbers, from one of them on.
    pub(crate) fn statuses(&self, from: usize, most: usize) -> impl Iterator<Item = LinkStatus> + '_ {
        self.links.values().skip(from).take(most).map(|link| LinkStatus {
            link: link.clone(),
            ipv4: self.first_address(link.index, Family::V4, |_| true).and_then(|address| match address {
                IpAddr::V4(address) => Some(address),
                IpAddr::V6(_) => None,
            }),
            ipv6: self.first_address(link.index, Family::V6, is_link_local).and_then(
                |address| match address {
                    IpAddr::V6(address) => Some(address),
                    IpAddr::V4(_) => None,
                },
            ),
            counts_up: self.counts_up(link),
            delays: self.delays.of(&link.name),
        })
    }

    /// How many links there are.
    pub(crate) fn number(&self) -> usize {
        self.links.len()
    }

    /// Whether an address is on any link that `counts`.
    pub(crate) fn has_address(&self, address: IpAddr, counts: impl Fn(&Link) -> bool) -> bool {
        let here = |(index, known): (&LinkIndex, &Vec<Present>)| {
            known.iter().any(|known| known.prefix.address() == address)
                && self.links.get(index).is_some_and(&counts)
        };
        self.addresses.iter().any(here)
    }

    /// The first usable address of a link that `accept` takes.
    pub(crate) fn first_address(
        &self,
        link: LinkIndex,
        family: Family,
        mut accept: impl FnMut(IpAddr) -> bool,
    ) -> Option<IpAddr> {
        let usable = |known: &&Present| {
            known.prefix.family() == family && known.usable && accept(known.prefix.address())
        };
        self.addresses.get(&link)?.iter().find(usable).map(|known| known.prefix.address())
    }
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}
