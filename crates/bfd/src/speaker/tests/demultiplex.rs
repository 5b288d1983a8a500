//! Which session a packet is for (RFC 5880 §6.3, §6.8.6; RFC 5881 §3; RFC 5883 §4), and its TTL (RFC 5881 §5).

use alloc::collections::BTreeSet;
use alloc::vec;
use core::net::{IpAddr, SocketAddr};

use host::{Engine, LinkName};

use super::bench::*;
use crate::config::{Hops, Path, SessionConfig};
use crate::event::Event;
use crate::status::Discards;
use crate::wire::Control;
use crate::wire::SessionState::{self, Down, Init, Up};

fn states(bench: &Bench) -> alloc::vec::Vec<SessionState> {
    bench.speaker.status(bench.now).sessions.iter().map(|session| session.state).collect()
}

fn first_packet(bench: &Bench) -> Control {
    Control { your_discriminator: 0, ..bench.theirs(Down) }
}

/// R5880-6.3-01, R5880-6.8.1-05: each session's discriminator "MUST be unique among all BFD sessions on the system" and not zero.
/// R5880-6.8.1-06: "It SHOULD be set to a random (but still unique) value".
#[test]
fn discriminators_are_unique_and_random() {
    let sessions = || {
        (0..250_u8)
            .map(|number| SessionConfig::plain(&alloc::format!("{number}"), [198, 51, 100, number].into()))
    };
    let (bench, _) = Bench::start(config(sessions()));
    let all: BTreeSet<u32> =
        bench.speaker.status(bench.now).sessions.iter().map(|session| session.discriminator).collect();
    assert_eq!(all.len(), 250);
    assert!(!all.contains(&0));
    let mut other = crate::Speaker::new(8);
    other.handle(Event::Configured(alloc::boxed::Box::new(config(sessions()))), bench.now, &mut vec![]);
    let others: BTreeSet<u32> =
        other.status(bench.now).sessions.iter().map(|session| session.discriminator).collect();
    assert!(all.is_disjoint(&others));
}

/// R5880-6.8.6-09: "If the Your Discriminator field is nonzero, it MUST be used to select the session with which this BFD packet is
/// associated." R5881-4-06: the source port does not.
#[test]
fn a_discriminator_selects_whatever_the_addresses_are() {
    let other = SessionConfig::plain("C", [192, 0, 2, 3].into());
    let (mut bench, _) = Bench::start(config([session(), other]));
    let mut packet = delivery(bench.theirs(Down).encode());
    (packet.source, packet.link) = (SocketAddr::new([192, 0, 2, 3].into(), 7), ETH1);
    bench.tell(Event::Received(packet));
    assert_eq!(states(&bench), [Init, Down]);
}

/// R5880-6.8.6-10: "If no session is found, the packet MUST be discarded."
#[test]
fn a_discriminator_of_no_session_is_thrown_away() {
    let mut bench = Bench::with(session());
    let unknown = bench.status().discriminator ^ 1;
    let out = bench.hear(Control { your_discriminator: unknown, ..bench.theirs(Down) });
    assert_eq!(brief(&out), nothing());
    assert_eq!(log(&out).len(), 1);
    let strays = bench.speaker.status(bench.now).strays;
    assert_eq!(strays, Discards { your_discriminator: 1, ..Discards::default() });
    assert_eq!(bench.state(), Down);
}

/// R5880-6.8.6-12: "If the Your Discriminator field is zero, the session MUST be selected based on some combination of other fields".
/// R5880-6.8.6-13: "If a matching session is not found, [...] the packet MAY be discarded."
#[test]
fn without_a_discriminator_the_addresses_select() {
    let other = SessionConfig::plain("C", [192, 0, 2, 3].into());
    let (mut bench, _) = Bench::start(config([session(), other]));
    let mut packet = delivery(first_packet(&bench).encode());
    packet.source = SocketAddr::new([192, 0, 2, 3].into(), 55_555);
    bench.tell(Event::Received(packet.clone()));
    assert_eq!(states(&bench), [Down, Init]);
    packet.source = SocketAddr::new([192, 0, 2, 4].into(), 55_555);
    let out = bench.tell(Event::Received(packet));
    assert_eq!(log(&out), ["Discarding BFD packet from 192.0.2.4: no session is configured for it"]);
    assert_eq!(bench.speaker.status(bench.now).strays.no_session, 1);
}

/// R5883-4.1-02, R5883-4.1-01: "the initial packet is demultiplexed to the appropriate BFD session based on the source/destination
/// address pair when Your Discriminator is set to zero."
#[test]
fn multihop_sessions_are_told_apart_by_both_addresses() {
    let ours = |number: u8| IpAddr::from([192, 0, 2, number]);
    let hops = Hops::from_keywords(host::Family::V4, None, -1);
    let multihop = |name: &str, source| SessionConfig {
        name: name.into(),
        source: Some(source),
        path: Path::Multihop,
        hops,
        ..session()
    };
    let (mut bench, _) = Bench::start(config([multihop("a", ours(10)), multihop("b", ours(11))]));
    let mut packet = delivery(first_packet(&bench).encode());
    packet.hop_limit = Some(3);
    for (destination, expected) in [(ours(11), [Down, Init]), (ours(10), [Init, Init])] {
        packet.destination = SocketAddr::new(destination, 4784);
        bench.tell(Event::Received(packet.clone()));
        assert_eq!(states(&bench), expected);
    }
    packet.destination = SocketAddr::new(ours(12), 4784);
    bench.tell(Event::Received(packet));
    assert_eq!(bench.speaker.status(bench.now).strays.no_session, 1);
}

/// R5881-3-01: a packet "with a zero value of Your Discriminator MUST be associated with the session bound to the remote system,
/// interface, and protocol." R5881-2-01: two paths to one system are two sessions.
#[test]
fn single_hop_sessions_are_told_apart_by_their_links() {
    let on = |name: &str| SessionConfig {
        name: name.into(),
        link: Some(LinkName::new(name).unwrap()),
        ..session()
    };
    let (mut bench, _) = Bench::start(config([on("eth0"), on("eth1")]));
    bench.tell(Event::Surveyed(vec![link(ETH0, "eth0"), link(ETH1, "eth1")]));
    let mut packet = delivery(first_packet(&bench).encode());
    packet.link = ETH1;
    bench.tell(Event::Received(packet.clone()));
    assert_eq!(states(&bench), [Down, Init]);
    packet.link = host::LinkIndex(9);
    bench.tell(Event::Received(packet));
    assert_eq!(bench.speaker.status(bench.now).strays.no_session, 1);
}

#[test]
fn the_session_that_names_most_is_preferred() {
    let exact = SessionConfig { name: "exact".into(), source: Some(OURS), ..session() };
    let (mut bench, _) = Bench::start(config([session(), exact]));
    bench.hear(first_packet(&bench));
    assert_eq!(states(&bench), [Down, Init]);
}

/// R5883-5-01, R5881-4-01: each kind of path has its port.
#[test]
fn a_packet_to_the_other_port_is_thrown_away() {
    let mut bench = Bench::with(session());
    for packet in [first_packet(&bench), bench.theirs(Down)] {
        let mut packet = delivery(packet.encode());
        packet.destination.set_port(4784);
        bench.tell(Event::Received(packet));
    }
    assert_eq!(bench.state(), Down);
    assert_eq!(bench.status().counters.discards.other_path, 1);
    assert_eq!(bench.speaker.status(bench.now).strays.no_session, 1);
    let mut elsewhere = delivery(bench.theirs(Down).encode());
    elsewhere.destination.set_port(53);
    assert_eq!(bench.tell(Event::Received(elsewhere)), []);
}

/// R5881-5-02, R5880-9-01: "All received BFD Control packets that are demultiplexed to the session MUST be discarded if the received
/// TTL or Hop Limit is not equal to 255."
#[test]
fn a_packet_from_farther_than_the_link_is_thrown_away() {
    let mut bench = Bench::up(session());
    for ttl in [Some(254), Some(1), Some(0), None] {
        let mut packet = delivery(bench.theirs(Down).encode());
        packet.hop_limit = ttl;
        assert_eq!(brief(&bench.tell(Event::Received(packet))), nothing());
    }
    assert_eq!((bench.state(), bench.status().counters.discards.ttl), (Up, 4));
    let mut packet = delivery(bench.theirs(Down).encode());
    packet.hop_limit = Some(255);
    bench.tell(Event::Received(packet));
    assert_eq!(bench.state(), Down);
}

/// As keepalived: `max_hops` of `ttl` may have been lost on the way, and -1 accepts all.
#[test]
fn a_packet_may_have_passed_as_many_routers_as_are_allowed() {
    for (max_hops, ttl, accepted) in [(2, 253, true), (2, 252, false), (-1, 1, true)] {
        let hops = Hops::from_keywords(host::Family::V4, None, max_hops);
        let mut bench = Bench::with(SessionConfig { path: Path::Multihop, hops, ..session() });
        let mut packet = delivery(first_packet(&bench).encode());
        packet.destination.set_port(4784);
        packet.hop_limit = Some(ttl);
        bench.tell(Event::Received(packet));
        assert_eq!(bench.state() == Init, accepted, "{max_hops} {ttl}");
    }
}

/// R5880-6.8.6-02: "If the packet is discarded according to these rules, processing of the packet MUST cease at that point."
#[test]
fn a_malformed_packet_of_a_neighbour_is_counted_for_its_session() {
    let mut bench = Bench::up(session());
    let before = bench.status();
    let mut packet = delivery(bench.theirs(Down).encode());
    packet.bytes[2] = 0;
    assert_eq!(log(&bench.tell(Event::Received(packet.clone()))).len(), 1);
    assert_eq!(log(&bench.tell(Event::Received(packet))).len(), 0, "said once");
    let mut after = bench.status();
    assert_eq!(after.counters.discards, Discards { multiplier: 2, ..Discards::default() });
    after.counters = before.counters;
    assert_eq!(after, before);
}

/// R5880-6.8.6-21 to R5880-6.8.6-24, R5880-6.8.6-21: My Discriminator; R5880-6.8.6-22: State; R5880-6.8.6-23: Demand;
/// R5880-6.8.6-24: Required Min RX Interval.
#[test]
fn what_a_packet_says_is_remembered() {
    let mut bench = Bench::up(session());
    let says = Control {
        my_discriminator: 0x4242,
        demand: true,
        required_min_rx: 33_000,
        desired_min_tx: 44_000,
        required_min_echo_rx: 55_000,
        multiplier: 7,
        ..bench.theirs(Init)
    };
    bench.hear(says);
    let remote = bench.status().remote;
    assert_eq!((remote.discriminator, remote.state, remote.demand), (0x4242, Init, true));
    let us = core::time::Duration::from_micros;
    assert_eq!(remote.intervals.required_min_rx, us(33_000));
    assert_eq!(remote.intervals.desired_min_tx, us(44_000));
    assert_eq!(remote.intervals.required_min_echo_rx, us(55_000));
    assert_eq!(remote.intervals.multiplier, 7);
    assert_eq!(bench.status().detection, Some(us(7 * 44_000)));
    assert_eq!(bench.status().heard, Some(bench.now));
}

#[test]
fn strays_are_counted_but_not_all_talked_of() {
    let mut bench = Bench::with(session());
    let mut lines = 0;
    for _ in 0..100 {
        let mut packet = delivery(first_packet(&bench).encode());
        packet.source = SocketAddr::new([192, 0, 2, 99].into(), 5);
        lines += log(&bench.tell(Event::Received(packet))).len();
        bench.now += ms(20);
    }
    assert_eq!((lines, bench.speaker.status(bench.now).strays.no_session), (2, 100));
}
