//! Many instances that become master at once.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use host::{Engine, Instant, NetworkOp, Packet, Prefix};

use super::bench::{Bench, config, instance_v3};
use crate::config::{InstanceConfig, VirtualAddress, Vrid};
use crate::event::{Action, Event};

const MANY: u8 = 200;

/// All are backups, and nobody is master.
fn many() -> Bench {
    let one = |number| InstanceConfig {
        name: format!("VI_{number}"),
        vrid: Vrid::new(number).unwrap(),
        addresses: Vec::from([VirtualAddress::plain(Prefix::host(IpAddr::V4(address(number))))]),
        ..instance_v3()
    };
    Bench { obedient: false, ..Bench::start(config((1..=MANY).map(one), [])).0 }
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
        for action in core::mem::take(&mut out) {
            if let Action::Network(ticket, NetworkOp::AddAddress(address)) = action {
                let answers = [Event::Settled { ticket, result: Ok(()) }, Event::AddressAdded(address)];
                let more: Vec<Action> =
                    answers.into_iter().flat_map(|answer| handle(&mut bench, answer)).collect();
                assert!(bench.next_deadline() > Some(bench.now) || put(&more).is_empty(), "{more:?}");
            }
        }
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
