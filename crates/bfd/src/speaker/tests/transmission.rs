//! What leaves, when, and how (RFC 5880 §6.8.7; RFC 5881 §4 to §6; RFC 5883 §5).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::num::NonZeroU8;

use host::{Engine, Refusal, UdpChannel, UdpUse, Way};

use super::bench::*;
use crate::config::{Hops, Path, SessionConfig};
use crate::event::{Action, Event};
use crate::wire::Control;
use crate::wire::SessionState::{Down, Init, Up};

/// R5881-4-01: "BFD Control packets MUST be transmitted in UDP packets with destination port 3784". R5881-4-02: "The source port
/// MUST be in the range 49152 through 65535." R5881-5-01, R5881-5-03, R5880-9-01: TTL 255.
#[test]
fn a_packet_goes_to_port_3784_from_a_high_port_with_the_greatest_ttl() {
    let (_, out) = Bench::start(config([session()]));
    let sent = &datagrams(&out)[0];
    assert_eq!(sent.to, SocketAddr::new(THEIRS, 3784));
    assert!(sent.from.port >= 49_152);
    assert_eq!((sent.hop_limit, sent.way), (255, Way::Routed));
    let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let binds = [
        Action::Bind(UdpChannel { address: any, port: 3784 }, UdpUse::Listen),
        Action::Bind(sent.from, UdpUse::Send),
    ];
    assert!(binds.iter().all(|bind| out.contains(bind)));
}

/// R5883-5-01: "the UDP destination port MUST have a value of 4784."
#[test]
fn a_multihop_packet_goes_to_port_4784() {
    let hops = Hops::from_keywords(host::Family::V4, None, 5);
    let (_, out) = Bench::start(config([SessionConfig { path: Path::Multihop, hops, ..session() }]));
    assert_eq!(datagrams(&out)[0].to, SocketAddr::new(THEIRS, 4784));
    assert!(brief(&out).contains(&"bind 4784".into()));
}

/// R5881-4-01, R5881-2-02: "within an IPv4 or IPv6 packet", and each protocol has its own session.
#[test]
fn ipv6_is_spoken_too() {
    let neighbour: IpAddr = "2001:db8::2".parse().unwrap();
    let sessions = [session(), SessionConfig { name: "six".into(), ..SessionConfig::plain("B", neighbour) }];
    let (_, out) = Bench::start(config(sessions));
    let sent = datagrams(&out);
    assert_eq!(sent.iter().map(|sent| sent.to.ip()).collect::<Vec<_>>(), [THEIRS, neighbour]);
    assert_eq!(sent[1].from.address, IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    assert_eq!(sent[1].hop_limit, 255);
    assert_eq!(brief(&out).iter().filter(|order| *order == "bind 3784").count(), 2);
}

/// R5881-4-03: "The same UDP source port number MUST be used for all BFD Control packets associated with a particular session."
/// R5881-4-04: "The source port number SHOULD be unique among all BFD sessions on the system."
#[test]
fn each_session_has_its_own_port_and_keeps_it() {
    let neighbour = |number: u8| IpAddr::from([198, 51, 100, number]);
    let sessions =
        (1..=200).map(|number| SessionConfig::plain(&alloc::format!("{number}"), neighbour(number)));
    let (mut bench, _) = Bench::start(config(sessions));
    let sent = datagrams(&bench.wait(ms(5_000)));
    let pairs: BTreeSet<_> = sent.iter().map(|sent| (sent.to, sent.from.port)).collect();
    let ports: BTreeSet<_> = sent.iter().map(|sent| sent.from.port).collect();
    assert_eq!((pairs.len(), ports.len()), (200, 200));
}

/// R5881-6-01: "Implementations MUST ensure that all BFD Control packets are transmitted over the one-hop path being protected by
/// BFD." R5881-6-02: with addresses of the subnet, as configured.
#[test]
fn a_session_on_a_link_sends_by_that_link_or_not_at_all() {
    let on_eth1 =
        SessionConfig { link: Some(host::LinkName::new("eth1").unwrap()), source: Some(OURS), ..session() };
    let (mut bench, out) = Bench::start(config([on_eth1]));
    assert_eq!(datagrams(&out), []);
    assert_eq!(controls(&bench.wait(ms(5_000))), []);
    let links = alloc::vec![link(ETH0, "eth0"), link(ETH1, "eth1")];
    let sent = datagrams(&bench.tell(Event::Surveyed(links)));
    assert_eq!((sent[0].way, sent[0].from.address), (Way::Link(ETH1), OURS));
    bench.tell(Event::LinkRemoved(ETH1));
    assert_eq!(controls(&bench.wait(ms(5_000))), []);
    let sent = datagrams(&bench.tell(Event::LinkChanged(link(host::LinkIndex(9), "eth1"))));
    assert_eq!(sent[0].way, Way::Link(host::LinkIndex(9)));
}

/// R5881-6-05: "If the received source address changes, the local system MUST NOT use that address as the destination in outgoing
/// BFD Control packets".
#[test]
fn a_neighbour_whose_address_changes_is_answered_where_it_is_configured() {
    let mut bench = Bench::up(session());
    let mut packet = delivery(Control { poll: true, ..bench.theirs(Up) }.encode());
    packet.source = SocketAddr::new(IpAddr::from([192, 0, 2, 77]), 50_000);
    let sent = datagrams(&bench.tell(Event::Received(packet)));
    assert_eq!(sent[0].to, SocketAddr::new(THEIRS, 3784));
    assert_eq!(bench.state(), Up);
}

/// R5880-6.8.7-02: jitter of 0 to 25 % on each packet.
#[test]
fn packets_leave_with_jitter() {
    let mut bench = Bench::up(SessionConfig { min_tx: ms(100), ..session() });
    let says = bench.theirs(Up);
    let times: Vec<_> = bench.wait_hearing(ms(60_000), says).iter().map(|(at, _)| *at).collect();
    let gaps: Vec<_> = times.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    assert!(gaps.iter().all(|gap| *gap >= ms(75) && *gap <= ms(100)));
    assert!(gaps.iter().any(|gap| *gap < ms(78)) && gaps.iter().any(|gap| *gap > ms(97)));
}

/// R5880-6.8.7-03: with a multiplier of 1 not more than 90 %.
#[test]
fn packets_that_must_not_be_missed_leave_early() {
    let multiplier = NonZeroU8::new(1).unwrap();
    let mut bench = Bench::up(SessionConfig { multiplier, min_tx: ms(100), ..session() });
    let says = bench.theirs(Up);
    let times: Vec<_> = bench.wait_hearing(ms(20_000), says).iter().map(|(at, _)| *at).collect();
    assert!(times.windows(2).all(|pair| pair[1].since(pair[0]) <= ms(90)));
    assert!(times.windows(2).all(|pair| pair[1].since(pair[0]) >= ms(75)));
}

/// R5880-6.8.7-06: "A system MUST NOT periodically transmit BFD Control packets if bfd.RemoteMinRxInterval is zero." Differs:
/// keepalived goes on. A change of state is told all the same.
#[test]
fn a_neighbour_that_wants_no_packets_gets_none_but_changes() {
    let mut bench = Bench::up(session());
    let quiet = Control { required_min_rx: 0, ..bench.theirs(Up) };
    bench.hear(quiet);
    assert_eq!(bench.wait_hearing(ms(2_000), quiet), []);
    let out = bench.hear(Control { state: Down, ..quiet });
    assert_eq!(controls(&out).len(), 1);
    assert_eq!(bench.state(), Down);
}

/// R5880-6.8.7-12: "A BFD Control packet SHOULD be transmitted during the interval between periodic Control packet transmissions when
/// the contents of that packet would differ [...] in order to more rapidly communicate a change in state."
#[test]
fn a_change_of_state_is_told_between_the_periodic_packets() {
    let mut bench = Bench::with(session());
    bench.wait(ms(300));
    assert_eq!(brief(&bench.hear(bench.theirs(Down))), ["-> Init 0", "Init"]);
    bench.wait(ms(300));
    assert_eq!(brief(&bench.hear(bench.theirs(Up))), ["-> Up 0", "tell alive", "Up P"]);
}

/// R5880-6.8.7-20: A is 0 without authentication. R5880-6.8.7-26: Your Discriminator is what the neighbour said.
#[test]
fn what_the_neighbour_said_is_given_back() {
    let mut bench = Bench::in_state(Init);
    let sent = datagrams(&bench.wait(ms(1_000)));
    assert_eq!((sent[0].payload[1] & 0x04, sent[0].payload.len()), (0, 24));
    assert_eq!(sent[0].payload[8..12], THEM.to_be_bytes());
    assert_eq!(sent[0].payload[4..8], bench.status().discriminator.to_be_bytes());
}

#[test]
fn a_source_port_that_is_taken_is_replaced_after_a_pause() {
    let (mut bench, out) = Bench::start(config([session()]));
    let channel = datagrams(&out)[0].from;
    let refusal = || Refusal { code: 98, why: "Address already in use".into() };
    let out = bench.tell(Event::Closed { channel, refusal: refusal() });
    assert_eq!(log(&out).len(), 1);
    assert_eq!(brief(&bench.wait(ms(249))), nothing());
    assert_eq!(brief(&bench.wait(ms(1))), ["bind own"]);
    let sent = datagrams(&bench.wait(ms(750)));
    assert_ne!(sent[0].from.port, channel.port);
    // The next one is refused too: the pause grows.
    bench.tell(Event::Closed { channel: sent[0].from, refusal: refusal() });
    assert_eq!(brief(&bench.wait(ms(499))), nothing());
    assert_eq!(brief(&bench.wait(ms(1)))[0], "bind own");
    // Once the neighbour has answered, a port is believed in again.
    bench.hear(bench.theirs(Down));
    let channel = UdpChannel { port: bench.status().port, ..channel };
    bench.tell(Event::Closed { channel, refusal: refusal() });
    assert_eq!(brief(&bench.wait(ms(250)))[0], "bind own");
}

/// Found by the simulator: the neighbour's packets come in by another channel, and the session believed in its own for ever.
#[test]
fn a_packet_that_comes_in_does_not_open_a_source_port_that_was_refused() {
    let (mut bench, out) = Bench::start(config([session()]));
    let channel = datagrams(&out)[0].from;
    let refusal = Refusal { code: 98, why: "Address already in use".into() };
    bench.tell(Event::Closed { channel, refusal });
    assert_eq!(brief(&bench.hear(Control { your_discriminator: 0, ..bench.theirs(Down) })), ["-> Init 0"]);
    let out = bench.wait(ms(1_000));
    assert_eq!(brief(&out)[..2], ["bind own", "Init"]);
    assert_ne!(datagrams(&out)[0].from, channel);
}

#[test]
fn a_port_that_cannot_be_listened_on_is_tried_again() {
    let (mut bench, _) = Bench::start(config([session()]));
    let channel = UdpChannel { address: Ipv4Addr::UNSPECIFIED.into(), port: 3784 };
    let refusal = Refusal { code: 98, why: "Address already in use".into() };
    let out = bench.tell(Event::Closed { channel, refusal });
    assert_eq!(log(&out), ["Cannot receive BFD packets on port 3784: Address already in use"]);
    assert_eq!(brief(&bench.wait(ms(250))), ["bind 3784"]);
}

#[test]
fn what_could_not_be_sent_is_counted_and_said_once() {
    let mut bench = Bench::with(session());
    let refusal = || Refusal { code: 101, why: "Network is unreachable".into() };
    let out = bench.tell(Event::Unsent { tag: 1, refusal: refusal() });
    assert_eq!(log(&out), ["(B) Error sending packet: Network is unreachable (101)"]);
    assert_eq!(log(&bench.tell(Event::Unsent { tag: 1, refusal: refusal() })).len(), 0);
    bench.tell(Event::Unsent { tag: 99, refusal: refusal() });
    assert_eq!(bench.status().counters.unsent, 2);
    assert!(bench.speaker.next_deadline().is_some());
}
