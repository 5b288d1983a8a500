//! Silence (RFC 5880 §6.8.4).

use core::time::Duration;

use host::{Engine, Instant, UdpDelivery};

use super::bench::*;
use crate::config::SessionConfig;
use crate::event::Event;
use crate::notice::SessionFact;
use crate::wire::SessionState::{AdminDown, Down, Init, Up};
use crate::wire::{Control, Diagnostic};

/// R5880-6.8.4-01: "If [...] a period of time equal to the Detection Time passes without receiving a BFD Control packet from the
/// remote system, and bfd.SessionState is Init or Up, the session has gone down -- the local system MUST set bfd.SessionState to
/// Down and bfd.LocalDiag to 1". R5880-6.8.1-08: bfd.RemoteDiscr "MUST be set to zero". R5880-6.8.18-04: "it SHOULD reset
/// bfd.RemoteMinRxInterval to its initial value of 1".
#[test]
fn silence_for_the_detection_time_takes_the_session_down() {
    let mut bench = Bench::up(session());
    let out = bench.wait(ms(49));
    assert!(!controls(&out).is_empty() && controls(&out).iter().all(|packet| packet.state == Up));
    assert_eq!(bench.state(), Up);
    let out = bench.wait(ms(1));
    assert_eq!(brief(&out), ["-> Down 1", "tell dead", "Down P"]);
    assert_eq!(facts(&out)[0], SessionFact::Expired { after: ms(50), overdue: Duration::ZERO });
    assert_eq!(controls(&out)[0].diagnostic, Diagnostic::EXPIRED);
    let remote = bench.status().remote;
    assert_eq!((remote.discriminator, remote.intervals.required_min_rx), (0, Duration::from_micros(1)));
    assert_eq!(bench.status().counters.expired, 1);
}

#[test]
fn silence_takes_a_session_down_that_is_in_init() {
    let mut bench = Bench::in_state(Init);
    bench.wait(ms(4_999));
    assert_eq!(bench.state(), Init);
    let out = bench.wait(ms(1));
    assert_eq!(brief(&out), ["-> Down 1", "Down"]);
}

/// R5880-6.8.6-34: "If the packet was not discarded, it has been received for purposes of the Detection Time expiration rules".
/// Differs: keepalived's detection time does not start again in Init.
#[test]
fn each_packet_starts_the_detection_time_again() {
    for state in [Init, Up] {
        let mut bench = Bench::in_state(state);
        let says = if state == Init { Down } else { Up };
        let nearly = if state == Init { ms(4_900) } else { ms(49) };
        for _ in 0..20 {
            bench.wait(nearly);
            bench.hear(bench.theirs(says));
            assert_eq!(bench.state(), state);
        }
    }
}

/// The detection time counts from the host's reception: late ourselves, we neither keep a dead path alive for that long, nor
/// take one down whose packets lay there.
#[test]
fn a_packet_that_is_read_late_counts_from_when_it_came() {
    let mut bench = Bench::up(session());
    let came = bench.now + ms(46);
    bench.now += ms(53);
    let packet = delivery(bench.theirs(Up).encode());
    bench.tell(Event::Received(UdpDelivery { at: came, ..packet.clone() }));
    bench.tell(Event::Wake);
    assert_eq!((bench.state(), bench.status().heard), (Up, Some(came)));
    // One that was overtaken by another does not take anything back.
    bench.tell(Event::Received(UdpDelivery { at: came - ms(3), ..packet }));
    bench.run_until(came + ms(49));
    assert_eq!(bench.state(), Up);
    bench.run_until(came + ms(50));
    assert_eq!(bench.state(), Down);
    assert_eq!(bench.speaker.status(bench.now).gauges.detection.max(), ms(50));
}

/// R5880-6.8.4-05, R5880-6.8.6-02: a packet "is considered to have been received [...] only if it has not been "discarded"".
#[test]
fn packets_that_are_thrown_away_do_not_feed_the_timer() {
    let mut bench = Bench::up(session());
    let before = bench.status();
    for _ in 0..9 {
        bench.wait(ms(5));
        let mut low_ttl = delivery(bench.theirs(Down).encode());
        low_ttl.hop_limit = Some(254);
        let mut wrong_version = delivery(bench.theirs(Down).encode());
        wrong_version.bytes[0] = 0;
        for packet in [low_ttl, wrong_version] {
            assert_eq!(controls(&bench.tell(Event::Received(packet))), []);
        }
    }
    let after = bench.status();
    assert_eq!((before.state, before.remote, before.heard), (after.state, after.remote, after.heard));
    assert_eq!((after.counters.discards.ttl, after.counters.discards.version), (9, 9));
    bench.wait(ms(5));
    assert_eq!(bench.state(), Down);
}

/// R5880-6.8.1-01, R5880-6.8.18-02: "a system is REQUIRED to maintain session state (including timing parameters), even when a
/// session is down, until a Detection Time has passed without the receipt of any BFD Control packets."
#[test]
fn a_session_that_is_down_remembers_its_neighbour_for_a_detection_time() {
    let mut bench = Bench::with(session());
    let slow = Control { required_min_rx: 3_000_000, ..bench.theirs(AdminDown) };
    bench.hear(slow);
    bench.wait(ms(4_999));
    let status = bench.status();
    assert_eq!((status.remote.discriminator, status.transmit), (THEM, ms(3_000)));
    bench.wait(ms(1));
    let status = bench.status();
    assert_eq!((status.remote.discriminator, status.transmit, status.detection), (0, ms(1_000), None));
}

/// R5880-E5205-01: silence in Down sets diagnostic 1 too, so that it tells of a link that was lost after the neighbour went
/// AdminDown.
#[test]
fn silence_after_a_neighbour_s_admin_down_is_told_by_the_diagnostic() {
    let mut bench = Bench::up(session());
    bench.hear(bench.theirs(AdminDown));
    assert_eq!(bench.status().diagnostic, Diagnostic::NEIGHBOUR_DOWN);
    let out = bench.wait(ms(5_000));
    assert_eq!(bench.status().diagnostic, Diagnostic::EXPIRED);
    assert_eq!(controls(&out).last().unwrap().diagnostic, Diagnostic::EXPIRED);
}

/// R5880-6.8.6-26: "Update the Detection Time as described in section 6.8.4" with each packet.
#[test]
fn the_neighbour_s_multiplier_and_interval_count_from_their_packet_on() {
    let mut bench = Bench::up(session());
    assert_eq!(bench.status().detection, Some(ms(50)));
    bench.hear(Control { multiplier: 3, ..bench.theirs(Up) });
    assert_eq!(bench.status().detection, Some(ms(30)));
    bench.hear(Control { desired_min_tx: 40_000, ..bench.theirs(Up) });
    assert_eq!(bench.status().detection, Some(ms(200)));
    bench.wait(ms(199));
    assert_eq!(bench.state(), Up);
    bench.wait(ms(1));
    assert_eq!(bench.state(), Down);
}

/// A packet that was there in time beats the timer, however late we are.
#[test]
fn a_node_that_slept_looks_at_its_packets_first() {
    let mut bench = Bench::up(session());
    bench.now += ms(400);
    bench.hear(bench.theirs(Up));
    bench.tell(Event::Wake);
    assert_eq!(bench.state(), Up);
    bench.now += ms(400);
    let out = bench.tell(Event::Wake);
    assert_eq!(bench.state(), Down);
    assert_eq!(facts(&out)[0], SessionFact::Expired { after: ms(50), overdue: ms(350) });
}

#[test]
fn detection_and_lateness_are_measured() {
    let mut bench = Bench::up(session());
    bench.now += ms(53);
    bench.tell(Event::Wake);
    let gauges = bench.speaker.status(bench.now).gauges;
    assert_eq!((gauges.detection.count(), gauges.detection.max()), (1, ms(53)));
    assert_eq!((gauges.overdue.count(), gauges.overdue.max()), (1, ms(3)));
    assert!(gauges.lateness.max() > ms(40));

    let mut bench = Bench::up(session());
    let due = bench.speaker.next_deadline().unwrap();
    bench.now = due + ms(9);
    bench.hear(bench.theirs(Up));
    assert_eq!(bench.speaker.status(bench.now).gauges.lateness.max(), ms(9), "a packet came first");
}

#[test]
fn a_passive_session_detects_too() {
    let mut bench = Bench::up(SessionConfig { passive: true, ..session() });
    bench.wait(ms(50));
    assert_eq!(bench.state(), Down);
    assert!(bench.speaker.next_deadline().is_none_or(|at| at > bench.now));
    assert!(bench.now > Instant::ZERO);
}
