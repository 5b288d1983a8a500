//! Where a virtual router speaks: on an interface, or between peers, by whichever the routing table says or in a virtual
//! routing domain (VRF).

use std::net::IpAddr;

use host::LinkName;
use vrrp::config::Mode;

use super::Lowering;
use super::addresses::Held;
use super::transport::Travel;
use crate::block::vrrp_instance::Own;
use crate::diagnostic::code;
use crate::source::Span;
use crate::value::Set;

/// Where it speaks.
pub(super) struct Place {
    /// The interface, or the domain's.
    pub(super) link: Option<LinkName>,
    /// Where it stands that there is no interface.
    without: Option<Span>,
}

impl Lowering<'_, '_, '_> {
    /// Its interface; without one, the domain that stands for it, if there is one.
    pub(super) fn place(&mut self, interface: Option<Set<LinkName>>, vrf: Option<Set<LinkName>>) -> Place {
        let interface = interface.filter(|set| self.is_no_loopback(set));
        let domain = vrf.filter(|set| {
            if interface.is_some() {
                let message = "vrf is for instances without an interface; it is ignored";
                self.complain(code::NOT_TOGETHER, set.at, message.into());
            }
            interface.is_none() && self.is_no_loopback(set) && self.is_domain(set)
        });
        let without = match (&interface, &domain) {
            (Some(_), _) => None,
            (None, Some(set)) => Some(set.at),
            (None, None) => Some(self.at),
        };
        let link = interface.or(domain);
        if let Some(Set { value: link, at }) = &link
            && !self.resolver.link_may_be_used(link)
        {
            self.resolver.no_link(*at, link, "");
        }
        Place { link: link.map(|set| set.value), without }
    }

    fn is_no_loopback(&mut self, set: &Set<LinkName>) -> bool {
        let loopback = self.resolver.is_loopback(&set.value);
        if loopback {
            let message =
                format!("{} is a loopback, which adverts never leave; the line is ignored", set.value);
            self.complain(code::BAD_LINK, set.at, message);
        }
        !loopback
    }

    /// One that is not there yet may become one.
    fn is_domain(&mut self, set: &Set<LinkName>) -> bool {
        let name = &set.value;
        let other =
            self.resolver.has_link(name) && self.resolver.surroundings.vrf_table(name.as_str()).is_none();
        if other {
            let message = format!("{name} is no virtual routing domain; the line is ignored");
            self.complain(code::BAD_LINK, set.at, message);
        }
        !other
    }

    /// What needs an interface: without one there are no neighbours, no addresses and nothing to put links on.
    pub(super) fn do_without(&mut self, place: &Place, travel: &Travel, held: &mut Held, own: &mut Own) {
        let Some(at) = place.without else { return };
        let speaks_from = travel.source.filter(|source| match source {
            IpAddr::V4(_) => true,
            IpAddr::V6(source) => !source.is_unicast_link_local(),
        });
        if speaks_from.is_none() || matches!(travel.mode, Mode::Multicast { .. }) {
            let help = "say `interface NAME`, or unicast_src_ip and unicast_peer".to_owned();
            let message =
                "Without an interface adverts go to peers only, and from an address that is not link-local";
            return self.refuse(code::NO_INTERFACE, at, message, Some(help));
        }
        let links = [&mut own.use_vmac, &mut own.use_ipvlan].map(|words| words.take().map(|set| set.at));
        for at in links.into_iter().flatten() {
            self.complain(
                code::NOT_TOGETHER,
                at,
                "there is no interface to put one on; the line is ignored".into(),
            );
        }
        // As keepalived: they go on the default interface.
        let Some(default) = self.resolver.default_interface() else { return };
        for (address, at) in held.advertised.iter_mut().chain(&mut held.excluded) {
            if address.link.is_none() {
                let message =
                    format!("without an interface {} needs `dev`; {default} is taken", address.prefix);
                address.link = Some(default.clone());
                self.complain(code::ADJUSTED, *at, message);
            }
        }
    }
}
