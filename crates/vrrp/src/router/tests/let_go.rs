//! What others take away and nobody wants back at once.

use alloc::vec::Vec;

use host::{LinkAddress, NetworkOp};

use super::bench::*;
use super::holds::{reload, route, routed, rule};
use crate::event::{Action, Event};
use crate::notice::State;

/// "no_track ... means that the vrrp_instance will not transition out of master state if the address/route/rule is deleted
/// and the address/route/rule will not be reinstated until the vrrp instance next transitions to master." A link that was
/// down took what was on it, which was nobody's deletion.
///
/// vrrp-behaviour §10.
#[test]
fn what_is_not_tracked_stays_away_until_the_next_mastership_when_somebody_deletes_it() {
    let mut untracked = routed().with(|it| {
        it.routes[0].track = false;
        it.rules[0].track = false;
    });
    untracked.addresses[0].track = false;
    let taken = [
        Event::RouteRemoved(route(1).route.key()),
        Event::RuleRemoved(rule(1000).rule),
        Event::AddressRemoved(LinkAddress::plain(ETH0, untracked.addresses[0].prefix)),
    ];
    let mut bench = Bench::master(untracked.clone());
    for event in taken.clone() {
        assert_eq!(brief(&bench.tell(event)), [""; 0]);
    }
    let out = bench.wait(60_000);
    assert!(brief(&out).iter().all(|order| order == "advert 100"), "{:?}", brief(&out));
    assert_eq!((bench.state(), log(&out)), (State::Master, Vec::new()));
    bench.hear(HIGH, 200);
    bench.hear(HIGH, 0);
    let out = brief(&bench.wait(1_000));
    let back = ["+192.0.2.100/32", "+route 198.51.100.1/32", "+rule 1000"];
    assert!(back.iter().all(|put| out.contains(&(*put).into())), "{out:?}");

    // A reload is none, but may have it tracked.
    let mut bench = Bench::master(untracked.clone());
    taken.iter().for_each(|event| drop(bench.tell(event.clone())));
    let mut changed = untracked.clone();
    changed.priority.0 -= 1;
    assert_eq!(brief(&reload(&mut bench, changed)), [""; 0]);
    assert_eq!(brief(&reload(&mut bench, routed()))[..3], back);

    let mut bench = Bench::master(untracked.with(|it| it.track_own_link = false));
    bench.tell(Event::LinkChanged(link(false)));
    taken.into_iter().for_each(|event| drop(bench.tell(event)));
    let out = brief(&bench.tell(Event::LinkChanged(link(true))));
    assert_eq!(out[..2], back[..2], "the rule needs no link");
}

/// The reports of an address that is taken and put again at once may be those of the orders before: nothing stays away for
/// an echo.
#[test]
fn what_is_not_tracked_and_still_asked_for_is_put_back() {
    let mut untracked = instance();
    untracked.addresses[0].track = false;
    let address = LinkAddress::plain(ETH0, untracked.addresses[0].prefix);
    let mut bench = Bench { obedient: false, ..Bench::with(untracked) };
    let out = bench.wait(4_000);
    let ticket = out.iter().find_map(|action| {
        let Action::Network(ticket, NetworkOp::AddAddress(_)) = action else { return None };
        Some(*ticket)
    });
    bench.tell(Event::AddressAdded(address.clone()));
    bench.tell(Event::AddressRemoved(address));
    let mut out = bench.tell(Event::Settled { ticket: ticket.unwrap(), result: Ok(()) });
    out.extend(bench.wait(1_000));
    assert!(brief(&out).contains(&"+192.0.2.100/32".into()), "{:?}", brief(&out));
}
