//! Gratuitous ARPs and unsolicited neighbour advertisements, once the addresses have been asked for.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::net::IpAddr;

use host::{Datagram, Instant, Packet};

use super::Router;
use crate::announce::{Announcement, Round};
use crate::event::Action;
use crate::instance::{Instance, InstanceId, Turn};
use crate::links::Links;
use crate::notice::InstanceFact;
use crate::wire::{arp::GratuitousArp, ndp::NeighbourAdvertisement};

/// Tag of announcements; adverts carry their instance's number. A lost announcement has others after it.
const ANNOUNCEMENT: u64 = u64::MAX;

impl Router {
    /// Sends the announcements that are due: after the addresses, which were ordered just before.
    pub(super) fn announce(&mut self, now: Instant, touched: &BTreeSet<InstanceId>, out: &mut Vec<Action>) {
        let mut due = Vec::new();
        let relieved = self.holdings.take_relieved();
        let lags = |id: &InstanceId| self.holdings.lags(*id);
        self.unannounced.extend(touched.iter().filter(|id| lags(id)));
        // What is not asked for yet is not announced; the round stays due.
        let mut ready: BTreeSet<InstanceId> = touched.difference(&self.unannounced).copied().collect();
        let eased = touched.iter().chain(&relieved).filter(|id| self.unannounced.contains(id) && !lags(id));
        let eased: Vec<InstanceId> = eased.copied().collect();
        for id in eased {
            self.unannounced.remove(&id);
            ready.insert(id);
        }
        let links = &self.links;
        let name_of = |link| links.get(link).map(|link| &link.name);
        for id in &ready {
            let Some(instance) = self.instances.get_mut(id) else { continue };
            while let Some(round) = instance.due_round(now) {
                let (all, repeat) = match round {
                    Round::Addresses(repeat) | Round::Healing(repeat) => {
                        (instance.announcements(links), repeat)
                    }
                    Round::Elsewhere => (instance.announcements_elsewhere(links), 1),
                };
                if instance.tells_rounds() {
                    say_announcing(instance, &all, links, now, out);
                }
                self.announcements.add(&all, name_of, repeat, now, |announcement| due.push(announcement));
            }
        }
        ready.into_iter().for_each(|id| self.enter_timer(id));
        self.announcements.run(now, |announcement| due.push(announcement));
        for announcement in due {
            self.announce_one(announcement, now, out);
        }
    }

    fn announce_one(&self, announcement: Announcement, now: Instant, out: &mut Vec<Action>) {
        let Some(link) = self.links.get(announcement.link).filter(|link| link.arp) else { return };
        let Some(mac) = link.mac else { return };
        let frame = match announcement.address {
            IpAddr::V4(address) => GratuitousArp { mac, address }.encode(),
            IpAddr::V6(address) => NeighbourAdvertisement { mac, address, router: link.ipv6_router }.encode(),
        };
        let packet = Packet::Ethernet(frame);
        out.push(Action::Send(Datagram { link: link.index, packet, tag: ANNOUNCEMENT }));
        if let Some(instance) =
            self.instances.get(&announcement.instance).filter(|instance| instance.tells_rounds())
        {
            let fact = InstanceFact::Announced { address: announcement.address, link: link.name.clone() };
            instance.say(fact, &mut Turn { now, out });
        }
    }
}

fn say_announcing(
    instance: &Instance,
    announcements: &[Announcement],
    links: &Links,
    now: Instant,
    out: &mut Vec<Action>,
) {
    for announcement in announcements {
        if let Some(link) = links.get(announcement.link) {
            let fact = InstanceFact::Announcing { address: announcement.address, link: link.name.clone() };
            instance.say(fact, &mut Turn { now, out });
        }
    }
}
