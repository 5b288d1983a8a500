//! Many instances that become master at once.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use host::{Engine, Instant, NetworkOp, Packet, Prefix};

use super::bench::{Bench, HIGH, advert, config, instance_v3};
use crate::config::{InstanceConfig, Priority, VirtualAddress, Vrid};
use crate::event::{Action, Event};

const MANY: u8 = 200;

/// All are backups, and nobody is master.
fn many() -> Bench {
    backups((1..=MANY).map(one))
}

fn backups(instances: impl IntoIterator<Item = InstanceConfig>) -> Bench {
    Bench { obedient: false, ..Bench::start(config(instances, [])).0 }
}

fn one(number: u8) -> InstanceConfig {
    InstanceConfig {
        name: format!("VI_{number}"),
        vrid: Vrid::new(number).unwrap(),
        addresses: Vec::from([VirtualAddress::plain(Prefix::host(IpAddr::V4(address(number))))]),
        ..instance_v3()
    }
}

const fn address(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(198, 51, 100, number)
}

fn handle(bench: &mut Bench, event: Event) -> Vec<Action> {
    let mut out = Vec::new();
    bench.router.handle(event, bench.now, &mut out);
    out
}

/// The virtual router that an order is an advert of, and the address that it puts or announces.
fn adverts(out: &[Action]) -> Vec<u8> {
    let advert = |action: &Action| {
        let Action::Send(datagram) = action else { return None };
        let Packet::Ipv4(bytes) = &datagram.packet else { return None };
        bytes.get(21).copied()
    };
    out.iter().filter_map(advert).collect()
}

fn put(out: &[Action]) -> Vec<IpAddr> {
    let put = |action: &Action| {
        let Action::Network(_, NetworkOp::AddAddress(address)) = action else { return None };
        Some(address.prefix.address())
    };
    out.iter().filter_map(put).collect()
}

/// The kernel puts what it was told to; what is asked for then.
fn answer(bench: &mut Bench, out: &[Action]) -> Vec<Action> {
    let mut more = Vec::new();
    for action in out {
        if let Action::Network(ticket, NetworkOp::AddAddress(address)) = action {
            more.extend(handle(bench, Event::Settled { ticket: *ticket, result: Ok(()) }));
            more.extend(handle(bench, Event::AddressAdded(address.clone())));
        }
    }
    more
}

fn announced(out: &[Action]) -> usize {
    let is = |action: &&Action| matches!(action, Action::Send(d) if matches!(d.packet, Packet::Ethernet(_)));
    out.iter().filter(is).count()
}

/// Every advert goes at once, and each turn asks the kernel for some addresses, which are announced in that turn. What
/// the kernel answers meanwhile brings no more of them: with thousands it would be a long turn.
#[test]
fn adverts_go_at_once_and_addresses_follow_in_turns_that_are_bounded() {
    let mut bench = many();
    bench.now = bench.next_deadline().unwrap();
    let mut out = handle(&mut bench, Event::Wake);
    assert_eq!(adverts(&out).len(), usize::from(MANY));
    let mut turns = Vec::new();
    loop {
        turns.push(put(&out).len());
        assert_eq!(announced(&out), put(&out).len());
        let more = answer(&mut bench, &out);
        assert!(bench.next_deadline() > Some(bench.now) || put(&more).is_empty(), "{more:?}");
        if bench.next_deadline() > Some(bench.now) {
            break;
        }
        out = handle(&mut bench, Event::Wake);
    }
    assert_eq!(turns, [32, 32, 32, 32, 32, 32, 8]);
}

/// RFC 9568 §6.1: an advert each interval, and never later. Their first intervals differ, so that not all send at once
/// for ever, also when what came with the takeover made them late.
#[test]
fn they_do_not_send_at_once_for_ever() {
    let mut bench = many();
    bench.obedient = false;
    let took_over = bench.next_deadline().unwrap();
    let mut sent: BTreeMap<u8, Vec<Instant>> = BTreeMap::new();
    bench.now = took_over;
    let end = took_over + Duration::from_millis(1_000);
    while bench.now < end {
        for vrid in adverts(&handle(&mut bench, Event::Wake)) {
            sent.entry(vrid).or_default().push(bench.now);
        }
        // Each turn of the takeover takes a while.
        let late = if bench.now < took_over + Duration::from_millis(30) { 4 } else { 0 };
        bench.now = bench.now.max(bench.next_deadline().unwrap()) + Duration::from_millis(late);
    }
    let interval = Duration::from_millis(100);
    for (vrid, times) in &sent {
        let gaps: Vec<Duration> = times.windows(2).map(|pair| pair[1].since(pair[0])).collect();
        assert!(gaps.iter().all(|gap| *gap <= interval + Duration::from_millis(4)), "{vrid}: {gaps:?}");
        assert!(gaps[2..].iter().all(|gap| *gap == interval), "{vrid}: {gaps:?}");
    }
    let mut at_once: BTreeMap<Instant, usize> = BTreeMap::new();
    for times in sent.values() {
        *at_once.entry(times[5]).or_default() += 1;
    }
    assert!(at_once.values().all(|together| *together <= 32), "{at_once:?}");
}

/// Adverts of backups whose times end one after another, each within a millisecond of the one before.
///
/// Whoever waits with a lower priority would take over too if they came late (RFC 9568 §6.1: a skew time apart), so no
/// order comes before them; but what has been taken over is not without its address for long.
#[test]
fn takeovers_that_are_due_within_moments_come_before_orders_but_not_for_long() {
    let priority = |number: u8| Priority(150 - number);
    let mut bench =
        backups((1..=100).map(|number| InstanceConfig { priority: priority(number), ..one(number) }));
    let first = bench.next_deadline().unwrap();
    let mut ordered = BTreeMap::new();
    let mut taken_over = 0;
    while taken_over < 100 || bench.next_deadline() <= Some(bench.now) {
        bench.now = bench.now.max(bench.next_deadline().unwrap());
        let out = handle(&mut bench, Event::Wake);
        taken_over += adverts(&out).len();
        *ordered.entry(bench.now.since(first).as_millis()).or_insert(0) += put(&out).len();
    }
    let until = |end| ordered.range(..end).map(|(_, orders)| orders).sum::<usize>();
    assert_eq!(until(30), 0, "{ordered:?}");
    assert!(until(31) >= 75, "{ordered:?}");
    assert_eq!(until(1_000), 100, "{ordered:?}");
}

/// A few that are due at different times do not wait for one another.
#[test]
fn takeovers_that_lie_apart_wait_for_nothing() {
    let apart = |number: u8| InstanceConfig { priority: Priority(110 - 10 * number), ..one(number) };
    let mut bench = backups([1, 2].map(apart));
    bench.now = bench.next_deadline().unwrap();
    let out = handle(&mut bench, Event::Wake);
    assert_eq!((adverts(&out), put(&out).len()), (Vec::from([1]), 1));
}

/// An advert of the last takeover's master makes it none: what waited for it waits no more.
#[test]
fn orders_that_wait_for_a_takeover_go_on_when_it_does_not_come() {
    let near = |number: u8| InstanceConfig { priority: Priority(101 - number), ..one(number) };
    let mut bench = backups([1, 2].map(near));
    bench.now = bench.next_deadline().unwrap();
    let out = handle(&mut bench, Event::Wake);
    assert_eq!((adverts(&out), put(&out).len()), (Vec::from([1]), 0));
    let better = advert(&near(2), HIGH, 200);
    let out = handle(&mut bench, Event::Received(better));
    assert_eq!(put(&out).len(), 1);
}

/// RFC 9568 §6.4.3, on a Shutdown event: "Send an ADVERTISEMENT with Priority = 0". Their backups count from those, so
/// nothing comes before them, and the first leave before the last are made.
#[test]
fn masters_that_stop_all_say_so_before_anything_else_and_in_turns_that_are_bounded() {
    let mut bench = many();
    bench.now = bench.next_deadline().unwrap();
    while bench.next_deadline() <= Some(bench.now) {
        let out = handle(&mut bench, Event::Wake);
        answer(&mut bench, &out);
    }
    let mut turns = Vec::from([adverts(&handle(&mut bench, Event::Stop)).len()]);
    while turns.iter().sum::<usize>() < usize::from(MANY) {
        assert_eq!(bench.next_deadline(), Some(Instant::ZERO), "at once");
        assert!(bench.router.outstanding() > 0, "it is not over");
        let out = handle(&mut bench, Event::Wake);
        let taken = out.iter().any(|action| matches!(action, Action::Network(..)));
        turns.push(adverts(&out).len());
        assert_eq!(taken, turns.iter().sum::<usize>() == usize::from(MANY));
    }
    assert_eq!(turns, [128, 72]);
}
