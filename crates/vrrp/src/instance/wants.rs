//! What an instance wants in the kernel: its own link always, addresses, routes and rules while it is master.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};

use host::{Family, LinkAddress, LinkIndex, LinkName, MacAddress, Prefix, VirtualLink, VirtualLinkKind};

use super::Instance;
use crate::announce::Announcement;
use crate::config::{OwnLink, VirtualAddress, VirtualRoute};
use crate::item::Item;
use crate::links::Links;

impl Instance {
    /// What it wants now.
    pub(crate) fn wants(&self, links: &Links) -> Vec<Item> {
        let mut wants = self.foundations(links);
        if self.is_master() {
            wants.extend(self.spoils(links));
            wants.retain(|item| self.let_go.is_empty() || !self.has_let_go(&item.key(), links));
        }
        wants
    }

    /// Everything that it may come to want on the links that exist.
    pub(crate) fn claims(&self, links: &Links) -> Vec<Item> {
        let mut claims = self.foundations(links);
        claims.extend(self.spoils(links));
        claims
    }

    /// All its addresses on the links that exist, in the order of the file, wanted or not.
    pub(crate) fn addresses<'a>(&'a self, links: &'a Links) -> impl Iterator<Item = LinkAddress> + 'a {
        let all = self.config.addresses.iter().chain(&self.config.excluded);
        all.filter_map(|address| self.address(address, links))
    }

    /// One of its addresses; `None` while its link is missing.
    pub(super) fn address(&self, address: &VirtualAddress, links: &Links) -> Option<LinkAddress> {
        let link = match (&address.own_link, &address.link) {
            (Some(name), _) => self.address_link(name, links)?,
            (None, None) => self.place.map(|place| place.home).filter(|home| *home != LinkIndex::ANY)?,
            (None, Some(name)) => links.named(name)?.index,
        };
        Some(link_address(address, link, self.config.lifetime))
    }

    /// Announcements of all its addresses, in the order of the file.
    pub(crate) fn announcements(&self, links: &Links) -> Vec<Announcement> {
        let announcement = |address: LinkAddress| Announcement {
            instance: self.id,
            link: address.link,
            paced_by: self.base_of(address.link, links),
            address: address.prefix.address(),
        };
        self.addresses(links).map(announcement).collect()
    }

    /// The first announcement of each link that adverts do not leave by, so that switches do not forget where its
    /// Ethernet address is: of links of our own, or of all.
    pub(crate) fn announcements_elsewhere(&self, links: &Links) -> Vec<Announcement> {
        let adverts = self.place.map(|place| place.adverts);
        let is_own = |link: LinkIndex| self.base_of(link, links) != link;
        let mut first: Vec<Announcement> = Vec::new();
        for announcement in self.announcements(links) {
            let link = announcement.link;
            let counts = Some(link) != adverts && (self.config.announce.everywhere || is_own(link));
            if counts && !first.iter().any(|known| known.link == link) {
                first.push(announcement);
            }
        }
        first
    }

    /// A link of its own that carries addresses, if it is the one that was made: another of its name has not the
    /// virtual router's Ethernet address.
    fn address_link(&self, name: &LinkName, links: &Links) -> Option<LinkIndex> {
        let kind = self.config.address_links.iter().find(|link| link.name == *name).map(|link| &link.kind)?;
        let link = links.named(name)?;
        let fits = match kind {
            VirtualLinkKind::Vmac(mac) => link.mac == Some(*mac),
            VirtualLinkKind::Ipvlan(_) => true,
        };
        fits.then_some(link.index)
    }

    /// The link that a link of its own is on; any other is on itself.
    fn base_of(&self, link: LinkIndex, links: &Links) -> LinkIndex {
        if let Some(place) = self.place.filter(|place| place.home == link) {
            return place.base;
        }
        let name = links.get(link).map(|link| &link.name);
        let own = self.config.address_links.iter().find(|own| Some(&own.name) == name);
        own.and_then(|own| links.named(&own.base)).map_or(link, |base| base.index)
    }

    /// What it needs whoever is master: its own links, settings, and the address that adverts leave from where the kernel gives none.
    fn foundations(&self, links: &Links) -> Vec<Item> {
        let base = self.config.link.as_ref().map(|base| links.named(base));
        let mut items = Vec::new();
        match base {
            Some(None) => return items,
            Some(Some(base)) if self.config.promote_secondaries => items.push(Item::Promotion(base.index)),
            Some(Some(_)) | None => {}
        }
        for own in self.former_link().into_iter().chain(&self.config.own_link) {
            items.push(Item::Link(own.link.clone()));
            items.extend(source_item(&own.link.name, self.own_source(own, links), links));
        }
        for link in self.config.address_links.iter().filter(|link| links.named(&link.base).is_some()) {
            items.push(Item::Link(link.clone()));
            if link.family == Family::V6 && self.address_link(&link.name, links).is_some() {
                items.extend(source_item(&link.name, link_local_on(&link.base, links), links));
            }
        }
        items
    }

    /// What a master holds. As keepalived: addresses, routes, rules.
    fn spoils(&self, links: &Links) -> Vec<Item> {
        let index = |name: &LinkName| links.named(name).map(|link| link.index);
        let routes = self.config.routes.iter().filter_map(|VirtualRoute { route, .. }| route.relink(index));
        let rules = self.config.rules.iter().map(|rule| rule.rule.clone());
        self.addresses(links)
            .map(Item::Address)
            .chain(routes.map(Item::of_route))
            .chain(rules.map(Item::of_rule))
            .collect()
    }

    /// The address to put on its own link. A VMAC for IPv6 gets the link-local address of its base, or one made from
    /// the base's Ethernet address (RFC 9568 §7.4: it must not be made from the virtual one).
    pub(crate) fn own_source(&self, own: &OwnLink, links: &Links) -> Option<Prefix> {
        match (&own.link.kind, self.config.family) {
            (VirtualLinkKind::Ipvlan(_), _) => own.address,
            (VirtualLinkKind::Vmac(_), Family::V4) => None,
            (VirtualLinkKind::Vmac(_), Family::V6) => {
                let configured = self.config.source.and_then(|source| Prefix::new(source, 64));
                configured.or_else(|| link_local_on(self.config.link.as_ref()?, links))
            }
        }
    }

    /// The VMACs that it has, each with the link-local address that it has from its base, if it is for IPv6.
    pub(crate) fn vmacs<'a>(
        &'a self,
        links: &'a Links,
    ) -> impl Iterator<Item = (&'a VirtualLink, Option<IpAddr>)> {
        let own = self.former_link().into_iter().chain(&self.config.own_link);
        let own = own.map(|own| (&own.link, self.own_source(own, links).map(Prefix::address)));
        let others = self.config.address_links.iter();
        let others = others.map(|link| (link, link_local_on(&link.base, links).map(Prefix::address)));
        own.chain(others).filter(|(link, _)| matches!(link.kind, VirtualLinkKind::Vmac(_)))
    }
}

/// The address that a link of its own has from the beginning.
fn source_item(link: &LinkName, source: Option<Prefix>, links: &Links) -> Option<Item> {
    let mut address = LinkAddress::plain(links.named(link)?.index, source?);
    if address.prefix.family() == Family::V6 {
        // As keepalived: without duplicate detection, and deprecated, so that nothing else leaves from it.
        address.flags = LinkAddress::NODAD;
        address.preferred_lifetime = Some(0);
    }
    Some(Item::Address(address))
}

/// The link-local address for a VMAC: that of its base, or one made from the base's Ethernet address.
fn link_local_on(base: &LinkName, links: &Links) -> Option<Prefix> {
    let base = links.named(base)?;
    let of_base = links.first_address(base.index, Family::V6, super::faults::is_link_local);
    Prefix::new(of_base.or_else(|| base.mac.map(link_local_of).map(IpAddr::V6))?, 64)
}

/// An address of a configuration on a link.
pub(crate) fn link_address(address: &VirtualAddress, link: LinkIndex, lifetime: Option<u32>) -> LinkAddress {
    LinkAddress {
        link,
        prefix: address.prefix,
        broadcast: address.broadcast.map(IpAddr::V4),
        peer: address.peer,
        scope: address.scope,
        label: address.label.clone(),
        flags: address.flags,
        preferred_lifetime: address.preferred_lifetime,
        valid_lifetime: lifetime,
    }
}

/// The link-local address that is made from an Ethernet address (RFC 4291 appendix A).
fn link_local_of(mac: MacAddress) -> Ipv6Addr {
    let [a, b, c, d, e, f] = mac.0;
    Ipv6Addr::from_octets([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f])
}
