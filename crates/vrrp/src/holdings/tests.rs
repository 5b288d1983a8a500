use core::net::Ipv4Addr;

use super::orders::MOST_ORDERS;
use super::*;

const LINK: LinkIndex = LinkIndex(2);
const A: InstanceId = InstanceId(1);
const B: InstanceId = InstanceId(2);

fn address(last: u8) -> LinkAddress {
    LinkAddress::plain(LINK, host::Prefix::host(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))))
}

fn item(last: u8) -> Item {
    Item::Address(address(last))
}

fn present(lasts: &[u8]) -> BTreeSet<Key> {
    lasts.iter().map(|last| Key::of(&address(*last))).collect()
}

fn claim(holdings: &mut Holdings, addresses: &[LinkAddress]) {
    holdings.claim(addresses.iter().map(Key::of).collect());
}

/// The orders that are due, as `+last` and `-last` octets.
fn orders(holdings: &mut Holdings, now: Instant) -> Vec<(Ticket, char, u8)> {
    let mut out = Vec::new();
    holdings.order(now, &mut out);
    let order = |action| {
        let Action::Network(ticket, op) = action else { panic!("{action:?}") };
        if let NetworkOp::AddAddress(address) = op {
            (ticket, '+', last(&address))
        } else if let NetworkOp::RemoveAddress(address) = op {
            (ticket, '-', last(&address))
        } else {
            panic!("{op:?}")
        }
    };
    out.into_iter().map(order).collect()
}

fn last(address: &LinkAddress) -> u8 {
    let IpAddr::V4(address) = address.prefix.address() else { panic!("IPv4 only") };
    address.octets()[3]
}

fn refusal() -> Refusal {
    Refusal { code: 13, why: "no".into() }
}

/// Settles every order as done, with the kernel's echo after the answer.
fn obey(holdings: &mut Holdings, orders: &[(Ticket, char, u8)], now: Instant) {
    for (ticket, kind, last) in orders {
        assert_eq!(holdings.settled(*ticket, Ok(()), now), None);
        match kind {
            '+' => holdings.added(&Key::of(&address(*last))),
            _ => assert!(!holdings.removed(&Key::of(&address(*last)), now)),
        }
    }
}

/// Holdings with address 1 claimed, wanted by A and held.
fn holding() -> Holdings {
    let mut holdings = Holdings::default();
    claim(&mut holdings, &[address(1)]);
    holdings.want(A, alloc::vec![item(1)]);
    let due = orders(&mut holdings, Instant::ZERO);
    obey(&mut holdings, &due, Instant::ZERO);
    assert!(holdings.has(&Key::of(&address(1))));
    assert!(orders(&mut holdings, Instant::ZERO).is_empty());
    holdings
}

#[test]
fn an_address_that_moves_between_instances_costs_no_order() {
    let mut holdings = holding();
    holdings.want(B, alloc::vec![item(1)]);
    holdings.want(A, Vec::new());
    assert!(orders(&mut holdings, Instant::ZERO).is_empty());
    holdings.want(B, Vec::new());
    assert_eq!(orders(&mut holdings, Instant::ZERO).len(), 1);
}

#[test]
fn an_address_that_another_removed_is_put_back_at_once_and_then_ever_less_often() {
    let mut holdings = holding();
    let mut now = Instant::ZERO;
    for pause in [0, 100, 200, 400] {
        assert!(holdings.removed(&Key::of(&address(1)), now), "it is lost");
        let due = now + Duration::from_millis(pause);
        if pause > 0 {
            assert!(orders(&mut holdings, now).is_empty());
            assert_eq!(holdings.next_deadline(), Some(due));
        }
        let again = orders(&mut holdings, due);
        assert!(matches!(again[..], [(_, '+', 1)]), "{again:?}");
        obey(&mut holdings, &again, due);
        now = due;
    }
    // Calm for a while, the next loss is repaired at once again.
    now += CALM;
    assert!(holdings.removed(&Key::of(&address(1)), now));
    assert_eq!(orders(&mut holdings, now).len(), 1);
}

#[test]
fn what_an_earlier_life_left_goes_unless_it_is_wanted() {
    let mut holdings = Holdings::default();
    claim(&mut holdings, &[address(1), address(2)]);
    assert!(holdings.survey(&present(&[1, 2, 9]), Instant::ZERO).is_empty());
    holdings.want(A, alloc::vec![item(1)]);
    let due = orders(&mut holdings, Instant::ZERO);
    assert!(matches!(due[..], [(_, '-', 2)]), "only the difference is touched, others' never: {due:?}");
}

#[test]
fn a_survey_tells_of_losses_that_were_missed() {
    let mut holdings = holding();
    assert_eq!(holdings.survey(&present(&[]), Instant::ZERO), [Key::of(&address(1))]);
    assert_eq!(orders(&mut holdings, Instant::ZERO).len(), 1);
}

#[test]
fn the_echo_of_our_own_removal_is_no_loss() {
    let mut holdings = holding();
    holdings.want(A, Vec::new());
    let [(gone, '-', 1)] = orders(&mut holdings, Instant::ZERO)[..] else { panic!() };
    holdings.want(A, alloc::vec![item(1)]);
    let [(back, '+', 1)] = orders(&mut holdings, Instant::ZERO)[..] else {
        panic!("asked for again at once")
    };
    // Both answers come before both echoes.
    holdings.settled(gone, Ok(()), Instant::ZERO);
    holdings.settled(back, Ok(()), Instant::ZERO);
    assert!(!holdings.removed(&Key::of(&address(1)), Instant::ZERO));
    // It may have been another's removal all the same: asking again is harmless.
    let [(again, '+', 1)] = orders(&mut holdings, Instant::ZERO)[..] else { panic!() };
    holdings.added(&Key::of(&address(1)));
    holdings.settled(again, Ok(()), Instant::ZERO);
    assert!(holdings.has(&Key::of(&address(1))));
    assert_eq!(holdings.outstanding(), 0);
}

#[test]
fn a_refused_address_is_tried_again_after_a_pause() {
    let mut holdings = Holdings::default();
    claim(&mut holdings, &[address(1)]);
    holdings.want(A, alloc::vec![item(1)]);
    let [(ticket, '+', 1)] = orders(&mut holdings, Instant::ZERO)[..] else { panic!() };
    let refused = holdings.settled(ticket, Err(refusal()), Instant::ZERO);
    assert_eq!(refused, Some((Key::of(&address(1)), refusal())));
    assert!(orders(&mut holdings, Instant::ZERO).is_empty());
    let due = holdings.next_deadline().unwrap();
    assert_eq!(due, Instant::ZERO + RETRY.0);
    assert_eq!(orders(&mut holdings, due).len(), 1);
}

#[test]
fn an_address_that_nobody_wants_any_more_when_the_answer_comes_goes_again() {
    let mut holdings = Holdings::default();
    claim(&mut holdings, &[address(1)]);
    holdings.want(A, alloc::vec![item(1)]);
    let due = orders(&mut holdings, Instant::ZERO);
    holdings.want(A, Vec::new());
    assert!(orders(&mut holdings, Instant::ZERO).is_empty(), "not before it is known to be there");
    obey(&mut holdings, &due, Instant::ZERO);
    assert!(matches!(orders(&mut holdings, Instant::ZERO)[..], [(_, '-', 1)]));
}

#[test]
fn other_options_replace_the_address_taking_comes_first() {
    let mut holdings = holding();
    let labelled = LinkAddress { label: Some("eth0:1".into()), ..address(1) };
    holdings.want(A, alloc::vec![Item::Address(labelled)]);
    let due = orders(&mut holdings, Instant::ZERO);
    assert!(matches!(due[..], [(_, '-', 1), (_, '+', 1)]), "{due:?}");
}

#[test]
fn an_address_that_left_the_configuration_still_goes() {
    let mut holdings = holding();
    holdings.want(A, Vec::new());
    claim(&mut holdings, &[]);
    assert!(matches!(orders(&mut holdings, Instant::ZERO)[..], [(_, '-', 1)]));
}

#[test]
fn a_link_that_goes_takes_its_addresses_and_comes_back_without_them() {
    let mut holdings = holding();
    holdings.link_removed(LINK);
    assert!(!holdings.has(&Key::of(&address(1))));
    claim(&mut holdings, &[address(1)]);
    assert!(matches!(orders(&mut holdings, Instant::ZERO)[..], [(_, '+', 1)]));
}

/// Left alone it would stay for ever on a node that is not master: two nodes would answer for one address.
#[test]
fn an_address_that_the_kernel_refuses_to_take_is_asked_to_go_again_after_a_pause() {
    let mut holdings = holding();
    holdings.want(A, alloc::vec![]);
    let due = orders(&mut holdings, Instant::ZERO);
    assert_eq!(holdings.settled(due[0].0, Err(refusal()), Instant::ZERO), None);
    assert!(orders(&mut holdings, Instant::ZERO).is_empty());
    let retry_at = holdings.next_deadline().unwrap();
    assert!(retry_at > Instant::ZERO);
    let again = orders(&mut holdings, retry_at);
    assert_eq!(again[0].1, '-');
    obey(&mut holdings, &again, retry_at);
    assert_eq!(holdings.next_deadline(), None);
}

#[test]
fn a_stuck_address_that_is_wanted_again_is_simply_held() {
    let mut holdings = holding();
    holdings.want(A, alloc::vec![]);
    let due = orders(&mut holdings, Instant::ZERO);
    holdings.settled(due[0].0, Err(refusal()), Instant::ZERO);
    holdings.want(B, alloc::vec![Item::Address(address(1))]);
    assert!(orders(&mut holdings, Instant::ZERO).is_empty());
    assert!(holdings.has(&Key::of(&address(1))));
    assert_eq!(holdings.next_deadline(), None);
}

/// After a crash the addresses are found, with the rest of the lifetime that the earlier life gave them.
#[test]
fn an_address_with_a_lifetime_that_is_found_is_renewed_at_once_and_from_then_on() {
    let mut holdings = Holdings::default();
    let address = LinkAddress { valid_lifetime: Some(9), ..address(1) };
    claim(&mut holdings, core::slice::from_ref(&address));
    holdings.added(&Key::of(&address));
    holdings.want(A, alloc::vec![Item::Address(address.clone())]);
    for seconds in [0, 3, 6] {
        let now = Instant::from_millis(seconds * 1_000);
        let mut out = Vec::new();
        holdings.order(now, &mut out);
        let [Action::Network(ticket, NetworkOp::RenewAddress(renewed))] = &out[..] else { panic!("{out:?}") };
        assert_eq!(*renewed, address);
        assert_eq!(holdings.settled(*ticket, Ok(()), now), None);
        assert_eq!(holdings.next_deadline(), Some(now + Duration::from_secs(3)));
    }
}

/// Reports and answers come by different sockets. Both reports may be read before the answer.
#[test]
fn an_address_that_another_takes_before_the_answer_is_there_is_put_back() {
    let mut holdings = Holdings::default();
    claim(&mut holdings, &[address(1)]);
    holdings.want(A, alloc::vec![item(1)]);
    let due = orders(&mut holdings, Instant::ZERO);
    let key = Key::of(&address(1));
    holdings.added(&key);
    assert!(holdings.removed(&key, Instant::ZERO));
    assert!(orders(&mut holdings, Instant::ZERO).is_empty(), "the first order has no answer yet");
    assert_eq!(holdings.settled(due[0].0, Ok(()), Instant::ZERO), None);
    let again = orders(&mut holdings, Instant::ZERO);
    assert_eq!(again.len(), 1);
    obey(&mut holdings, &again, Instant::ZERO);
    assert!(holdings.has(&key));
}

/// Thousands of orders of one turn would make adverts late.
#[test]
fn orders_are_given_in_turns_that_are_bounded_and_none_is_left_out() {
    let mut holdings = Holdings::default();
    let all: Vec<u8> = (1..=200).collect();
    claim(&mut holdings, &all.iter().map(|last| address(*last)).collect::<Vec<_>>());
    holdings.want(A, all.iter().map(|last| item(*last)).collect());
    let mut turns = Vec::new();
    while holdings.next_deadline().is_some() {
        assert!(turns.is_empty() || holdings.lags(A));
        let due = orders(&mut holdings, Instant::ZERO);
        obey(&mut holdings, &due, Instant::ZERO);
        turns.push(due.len());
    }
    assert_eq!(turns, [32, 32, 32, 32, 32, 32, 8]);
    assert!(!holdings.lags(A));
    holdings.want(A, Vec::new());
    let mut gone = 0;
    while holdings.outstanding() > 0 {
        let due = orders(&mut holdings, Instant::ZERO);
        assert!(due.len() <= MOST_ORDERS && due.iter().all(|(_, kind, _)| *kind == '-'));
        obey(&mut holdings, &due, Instant::ZERO);
        gone += due.len();
    }
    assert_eq!(gone, 200);
}

/// Seed 3423: the kernel refuses to replace the route that an earlier life left, and the node gives up.
#[test]
fn a_route_that_cannot_be_replaced_is_still_there_and_goes_when_it_is_wanted_no_more() {
    let mut holdings = Holdings::default();
    let route =
        Item::of_route(host::Route::to(host::Prefix::host(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)))));
    let key = route.key();
    holdings.claim(BTreeSet::from([key.clone()]));
    holdings.added(&key);
    holdings.want(A, alloc::vec![route]);
    let mut out = Vec::new();
    holdings.order(Instant::ZERO, &mut out);
    let [Action::Network(ticket, NetworkOp::AddRoute(_))] = out[..] else { panic!("{out:?}") };
    assert!(holdings.settled(ticket, Err(refusal()), Instant::ZERO).is_some());
    // Tried again after a pause.
    let retry_at = holdings.next_deadline().unwrap();
    out.clear();
    holdings.order(retry_at, &mut out);
    let [Action::Network(ticket, NetworkOp::AddRoute(_))] = out[..] else { panic!("{out:?}") };
    assert!(holdings.settled(ticket, Err(refusal()), retry_at).is_some());
    holdings.want(A, Vec::new());
    out.clear();
    holdings.order(retry_at, &mut out);
    assert!(matches!(out[..], [Action::Network(_, NetworkOp::RemoveRoute(_))]), "{out:?}");
}
