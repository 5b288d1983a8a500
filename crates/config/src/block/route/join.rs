//! Routes of one file with one key: destination, table, type of service and metric.
//!
//! The kernel keeps them all and uses, for IPv4, the one that stands first among them; those for IPv6 with gateways become
//! hops of one route, which share the traffic. So is what they come to here.

use host::{Family, Insertion, LinkName, Route};
use vrrp::config::VirtualRoute;

/// Adds a route to those above it. Says where it stands among them, or what stands there in its stead.
///
/// Differs: Keepalived puts all of them into the kernel, of IPv4 also those that never come to be used.
pub(crate) fn join(routes: &mut Vec<VirtualRoute>, new: VirtualRoute) -> usize {
    let same = |have: &VirtualRoute| have.route.key() == new.route.key() && have.route.from == new.route.from;
    let Some(place) = routes.iter().position(same) else {
        routes.push(new);
        return routes.len() - 1;
    };
    let Some(have) = routes.get_mut(place) else { return place };
    let exclusive = new.route.insertion == Insertion::Exclusive;
    if !exclusive && share_traffic(&have.route, &new.route) {
        for hop in new.route.hops {
            if !have.route.hops.contains(&hop) {
                have.route.hops.push(hop);
            }
        }
        have.track |= new.track;
    } else if new.route.insertion == Insertion::Prepend {
        *have = new;
    }
    place
}

/// Whether the kernel makes hops of one route of them.
fn share_traffic(one: &Route<LinkName>, other: &Route<LinkName>) -> bool {
    const UNICAST: u8 = 1;
    let by_gateways = |route: &Route<LinkName>| {
        route.kind == UNICAST && !route.hops.is_empty() && route.hops.iter().all(|hop| hop.via.is_some())
    };
    let bare =
        |route: &Route<LinkName>| Route { hops: Vec::new(), insertion: Insertion::Prepend, ..route.clone() };
    one.destination.family() == Family::V6
        && by_gateways(one)
        && by_gateways(other)
        && bare(one) == bare(other)
}
