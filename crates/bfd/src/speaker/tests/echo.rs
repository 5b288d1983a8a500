//! The Echo function (RFC 5880 §6.8.5, §6.8.8, §6.8.9; RFC 5881 §4; RFC 5883 §3).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use host::{Engine, Instant, UdpDatagram, UdpDelivery, Way};

use super::bench::*;
use crate::config::{EchoConfig, EchoRoute, EchoSend, Path, SessionConfig};
use crate::echo::{OFF_SUBNET_V4, PORT};
use crate::event::{Action, Event};
use crate::notice::SessionFact;
use crate::wire::SessionState::{Down, Up};
use crate::wire::{Control, Diagnostic};

const FORWARDED: EchoRoute = EchoRoute::Forwarded { source: None };

fn echoing(route: EchoRoute) -> SessionConfig {
    let send = Some(EchoSend { interval: ms(20), route });
    SessionConfig { echo: EchoConfig { min_rx: Duration::ZERO, send }, ..session() }
}

/// The neighbour sends echoes back every 10 ms at most.
fn willing(bench: &Bench) -> Control {
    Control { required_min_echo_rx: 10_000, ..bench.theirs(Up) }
}

fn echoes(actions: &[Action]) -> Vec<UdpDatagram> {
    datagrams(actions).into_iter().filter(|sent| sent.to.port() == PORT).collect()
}

/// An Echo packet as it comes back.
fn back(sent: &UdpDatagram) -> UdpDelivery {
    UdpDelivery {
        link: ETH0,
        source: SocketAddr::new(sent.from.address, sent.from.port),
        destination: SocketAddr::new(OURS, PORT),
        hop_limit: Some(254),
        at: Instant::NEVER,
        bytes: sent.payload.clone(),
    }
}

/// Waits while the neighbour says what it says and sends back every echo.
fn wait_echoing(bench: &mut Bench, span: Duration, says: Control) -> Vec<(host::Instant, UdpDatagram)> {
    let end = bench.now + span;
    let mut all = Vec::new();
    while bench.now < end {
        let out = bench.run_until((bench.now + ms(1)).min(end));
        for (at, action) in out {
            for sent in echoes(&[action]) {
                bench.tell(Event::Received(back(&sent)));
                all.push((at, sent));
            }
        }
        bench.hear(says);
    }
    all
}

/// R5880-6.8.9-01, R5880-6.8.9-02, R5880-6.8.9-03: "BFD Echo packets MUST NOT be transmitted when bfd.SessionState is not Up", nor "unless
/// the last BFD Control packet received from the remote system contains a nonzero value in Required Min Echo RX Interval."
/// R5880-6.8.6-17: "If the Required Min Echo RX Interval field is zero, the transmission of Echo packets, if any, MUST cease."
#[test]
fn echoes_are_sent_only_while_up_and_wanted() {
    let mut bench = Bench::with(echoing(FORWARDED));
    let down = Control { required_min_echo_rx: 10_000, ..bench.theirs(Down) };
    bench.hear(down);
    assert_eq!(echoes(&bench.wait(ms(1_000))), []);
    bench.hear(bench.theirs(Up));
    assert_eq!(echoes(&bench.wait(ms(40))), [], "not wanted");
    let out = bench.hear(willing(&bench));
    assert_eq!(echoes(&out).len(), 1);
    assert!(facts(&out).contains(&SessionFact::Echo { active: true }));
    assert!(bench.status().echoing);
    let out = bench.hear(bench.theirs(Up));
    assert!(facts(&out).contains(&SessionFact::Echo { active: false }));
    assert_eq!(echoes(&bench.wait(ms(40))), []);
    bench.hear(willing(&bench));
    bench.hear(bench.theirs(Down));
    assert!(!bench.status().echoing);
    assert_eq!(echoes(&bench.wait(ms(500))), []);
}

/// R5881-4-07: "destination UDP port 3785". R5881-4-08: "The destination address MUST be chosen in such a way as to cause the remote
/// system to forward the packet back": it is ours. R5881-2-04: such a packet bypasses "the normal forwarding lookup". R5881-4-11: "the
/// destination datalink address corresponds to the remote system". R5881-4-09, R5881-4-10: the source address is off the subnet, so that
/// no redirects are sent.
#[test]
fn a_forwarded_echo_is_destined_to_us_by_way_of_the_neighbour() {
    let mut bench = Bench::up(echoing(FORWARDED));
    let sent = echoes(&bench.hear(willing(&bench)));
    assert_eq!(sent[0].to, SocketAddr::new(OURS, 3785));
    assert_eq!(sent[0].way, Way::Neighbour(ETH0, THEIRS));
    assert_eq!(sent[0].from.address, OFF_SUBNET_V4);
    assert_eq!(sent[0].hop_limit, 255);
    let source: IpAddr = [203, 0, 113, 1].into();
    let mut bench = Bench::up(echoing(EchoRoute::Forwarded { source: Some(source) }));
    assert_eq!(echoes(&bench.hear(willing(&bench)))[0].from.address, source);
}

/// A mirror: destined to the neighbour, whose BFD sends it back.
#[test]
fn a_reflected_echo_is_destined_to_the_neighbour() {
    let mut bench = Bench::up(echoing(EchoRoute::Reflected));
    let sent = echoes(&bench.hear(willing(&bench)));
    assert_eq!((sent[0].to, sent[0].way), (SocketAddr::new(THEIRS, 3785), Way::Routed));
    assert_eq!(sent[0].hop_limit, 255);
}

/// R5880-6.8.9-04: "The interval between transmitted BFD Echo packets MUST NOT be less than the value advertised by the remote system in
/// Required Min Echo RX Interval", but for jitter, R5880-6.8.9-05: "between 75% and 100%". R5880-6.8.9-06: none is sent in between.
#[test]
fn echoes_keep_the_slower_interval() {
    for (theirs, expected) in [(10_000, ms(20)), (50_000, ms(50))] {
        let mut bench = Bench::up(echoing(FORWARDED));
        let says = Control { required_min_echo_rx: theirs, ..bench.theirs(Up) };
        bench.hear(says);
        let times: Vec<_> = wait_echoing(&mut bench, ms(2_000), says).iter().map(|(at, _)| *at).collect();
        assert!(times.len() > 30);
        for pair in times.windows(2) {
            let gap = pair[1].since(pair[0]);
            assert!(gap >= expected * 3 / 4 && gap <= expected, "{gap:?}");
        }
        assert_eq!(bench.state(), Up);
    }
}

/// R5880-6.8.5-01: "the local system MUST set bfd.SessionState to Down and bfd.LocalDiag to 2 (Echo Function Failed)." R5880-6.8.8-02:
/// missing packets are detected.
#[test]
fn a_session_whose_echoes_do_not_come_back_goes_down() {
    let mut bench = Bench::up(echoing(FORWARDED));
    let says = willing(&bench);
    bench.hear(says);
    wait_echoing(&mut bench, ms(500), says);
    let from = bench.now;
    let mut went_down_after = None;
    while went_down_after.is_none() && bench.now < from + ms(500) {
        let out = bench.wait(ms(1));
        if bench.state() == Down {
            went_down_after = Some(bench.now.since(from));
            assert!(brief(&out).contains(&"-> Down 2".into()) && brief(&out).contains(&"tell dead".into()));
        } else {
            bench.hear(says);
        }
    }
    let after = went_down_after.unwrap();
    assert!(after > ms(75) && after <= ms(101), "{after:?}: five intervals of 20 ms after the last");
    assert_eq!(bench.status().diagnostic, Diagnostic::ECHO_FAILED);
}

/// R5880-6.2-01: "A system MAY hold a session in Down state indefinitely (by simply refusing to advance the session state)."
/// Found by the simulator. While echoes are sent the neighbour is asked for one control packet a second: with the interval that
/// counts without them it is late at once, and must not be forgotten for that, nor its diagnostic replaced.
#[test]
fn a_session_whose_echoes_fail_does_not_forget_its_neighbour_at_once() {
    let mut bench = Bench::up(echoing(FORWARDED));
    bench.hear(willing(&bench));
    bench.settle();
    let slow = willing(&bench);
    bench.hear(Control { is_final: true, ..slow });
    bench.hear(slow);
    let out = bench.wait(ms(100));
    assert!(brief(&out).contains(&"-> Down 2".into()), "{:?}", brief(&out));
    assert!(bench.speaker.next_deadline().unwrap() > bench.now);
    assert_eq!(
        (bench.status().diagnostic, bench.status().remote.discriminator),
        (Diagnostic::ECHO_FAILED, THEM)
    );
    bench.wait(ms(50));
    assert_eq!(bench.status().remote.discriminator, 0, "but it stays silent");
}

#[test]
fn a_session_whose_echoes_fail_stays_down_for_a_while_and_each_time_longer() {
    let mut bench = Bench::up(echoing(FORWARDED));
    let fail = |bench: &mut Bench| {
        bench.hear(willing(bench));
        while bench.state() == Up {
            bench.wait(ms(1));
            bench.hear(willing(bench));
        }
    };
    let held_for = |bench: &mut Bench| {
        let from = bench.now;
        while bench.state() == Down {
            bench.wait(ms(100));
            let says = Control { state: Down, desired_min_tx: 1_000_000, ..willing(bench) };
            bench.hear(says);
        }
        bench.hear(willing(bench));
        assert_eq!(bench.state(), Up);
        bench.now.since(from)
    };
    for held in [1_000, 2_000, 4_000] {
        fail(&mut bench);
        assert_eq!(held_for(&mut bench), ms(held));
    }
    for sent in echoes(&bench.wait(ms(20))) {
        bench.tell(Event::Received(back(&sent)));
    }
    fail(&mut bench);
    assert_eq!(held_for(&mut bench), ms(1_000), "one came back in between");
}

/// R5880-6.8.8-01: "A received BFD Echo packet MUST be demultiplexed to the appropriate session".
#[test]
fn an_echo_that_comes_back_is_its_session_s() {
    let other = SessionConfig { neighbour: [192, 0, 2, 3].into(), name: "C".into(), ..echoing(FORWARDED) };
    let (mut bench, _) = Bench::start(config([echoing(FORWARDED), other]));
    bench.come_up();
    let sent = echoes(&bench.hear(willing(&bench)));
    bench.tell(Event::Received(back(&sent[0])));
    let counted: Vec<u64> = {
        let sessions = bench.speaker.status(bench.now).sessions;
        sessions.iter().map(|session| session.counters.echo_received).collect()
    };
    assert_eq!(counted, [1, 0]);
}

/// R5880-5-01: an Echo packet that we did not send, sent long ago, or that comes from farther than the neighbour keeps nothing alive.
#[test]
fn a_forged_or_repeated_echo_is_thrown_away() {
    let mut bench = Bench::up(echoing(FORWARDED));
    let sent = echoes(&bench.hear(willing(&bench)));
    let mut from_afar = back(&sent[0]);
    from_afar.hop_limit = Some(253);
    bench.tell(Event::Received(from_afar));
    bench.tell(Event::Received(back(&sent[0])));
    bench.tell(Event::Received(back(&sent[0])));
    let mut forged = back(&sent[0]);
    forged.bytes[7] ^= 1;
    bench.tell(Event::Received(forged));
    let counters = bench.status().counters;
    assert_eq!((counters.echo_received, counters.discards.echo), (1, 2));
    assert_eq!(bench.speaker.status(bench.now).strays.echo, 1);
}

/// R5880-6.8.3-08: "When the Echo function is active, a system SHOULD set bfd.RequiredMinRxInterval to a value of not less than one
/// second".
#[test]
fn control_packets_may_be_slow_while_echoes_are_under_way() {
    let mut bench = Bench::up(echoing(FORWARDED));
    bench.hear(willing(&bench));
    let status = bench.status();
    assert!(status.polling);
    assert_eq!((status.local.required_min_rx, status.detection), (ms(1_000), Some(ms(5_000))));
    bench.hear(Control { is_final: true, ..willing(&bench) });
    bench.hear(willing(&bench));
    let ceased = bench.theirs(Up);
    bench.hear(ceased);
    assert_eq!(bench.status().local.required_min_rx, ms(10));
    assert_eq!(bench.status().detection, Some(ms(5_000)), "until the neighbour knows");
    bench.hear(Control { is_final: true, ..ceased });
    assert_eq!(bench.status().detection, Some(ms(50)));
}

/// R5883-3-01: "the Echo function MUST NOT be used over multiple hops."
#[test]
fn a_multihop_session_does_not_echo() {
    let mut echo = echoing(FORWARDED);
    echo.echo.min_rx = ms(10);
    let (mut bench, out) = Bench::start(config([SessionConfig { path: Path::Multihop, ..echo }]));
    assert_eq!(controls(&out)[0].required_min_echo_rx, 0);
    assert!(!brief(&out).contains(&"bind 3785".into()));
    for state in [Down, Up, Up] {
        let says = Control { state, ..willing(&bench) };
        let mut packet = delivery(says.encode());
        packet.destination.set_port(4784);
        let out = bench.tell(Event::Received(packet));
        assert_eq!(echoes(&out), []);
    }
    assert_eq!(bench.state(), Up);
    assert_eq!(echoes(&bench.wait(ms(40))), []);
}

/// R5880-6.8.13-01, R5880-6.8.13-02: sending and sending back may begin and end at any time. R5880-6.8.7-29: how often we send back is
/// what packets carry.
#[test]
fn echoing_is_turned_on_and_off_under_way() {
    let mut bench = Bench::up(session());
    bench.hear(willing(&bench));
    assert_eq!(echoes(&bench.wait(ms(40))), []);
    let mut on = echoing(FORWARDED);
    on.echo.min_rx = ms(33);
    let out = bench.tell(Event::Configured(Box::new(config([on]))));
    assert!(brief(&out).contains(&"bind 3785".into()));
    assert_eq!(echoes(&out).len(), 1);
    let says = willing(&bench);
    let sent = bench.wait_hearing(ms(30), says);
    assert!(sent.iter().all(|(_, packet)| packet.required_min_echo_rx == 33_000));
    let out = bench.tell(Event::Configured(Box::new(config([session()]))));
    assert!(brief(&out).contains(&"unbind 3785".into()));
    assert_eq!(echoes(&bench.wait(ms(40))), []);
    assert_eq!(bench.state(), Up);
}

/// A mirror: an Echo packet of the neighbour that is destined to us is sent back with a TTL of one less, which is never sent back again.
#[test]
fn a_neighbour_s_echo_is_sent_back_once() {
    let mut willing = session();
    willing.echo.min_rx = ms(10);
    let mut bench = Bench::up(willing);
    let mut theirs = delivery(alloc::vec![1, 2, 3]);
    theirs.destination.set_port(PORT);
    let sent = echoes(&bench.tell(Event::Received(theirs.clone())));
    assert_eq!(sent[0].payload, [1, 2, 3]);
    assert_eq!((sent[0].to, sent[0].hop_limit), (SocketAddr::new(THEIRS, PORT), 254));
    theirs.hop_limit = Some(254);
    assert_eq!(echoes(&bench.tell(Event::Received(theirs.clone()))), []);
    theirs.hop_limit = Some(255);
    theirs.source.set_ip([192, 0, 2, 9].into());
    assert_eq!(echoes(&bench.tell(Event::Received(theirs.clone()))), [], "no neighbour");
    let mut unwilling = Bench::up(session());
    theirs.source.set_ip(THEIRS);
    assert_eq!(echoes(&unwilling.tell(Event::Received(theirs))), []);
    assert_eq!(bench.status().counters.echo_reflected, 1);
}
