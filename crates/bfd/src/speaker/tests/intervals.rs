//! Negotiation of intervals, and changes under way (RFC 5880 §6.8.2, §6.8.3).

use alloc::boxed::Box;
use core::time::Duration;

use host::Instant;

use super::bench::*;
use crate::config::SessionConfig;
use crate::event::Event;
use crate::wire::Control;
use crate::wire::SessionState::{Down, Init, Up};

fn reload(bench: &mut Bench, change: impl FnOnce(&mut SessionConfig)) {
    let mut session = session();
    change(&mut session);
    bench.tell(Event::Configured(Box::new(config([session]))));
}

/// Gaps between packets that leave while the neighbour is heard.
fn gaps(bench: &mut Bench, span: Duration, says: Control) -> (Duration, Duration) {
    let sent = bench.wait_hearing(span, says);
    let times: alloc::vec::Vec<Instant> = sent.iter().map(|(at, _)| *at).collect();
    let gaps = times.windows(2).map(|pair| pair[1].since(pair[0]));
    (gaps.clone().min().unwrap(), gaps.max().unwrap())
}

/// R5880-6.8.3-05: "When bfd.SessionState is not Up, the system MUST set bfd.DesiredMinTxInterval to a value of not less than one
/// second". A configuration that asks for less is not obeyed.
#[test]
fn a_session_that_is_not_up_is_slow() {
    for idle_tx in [ms(1), ms(1_000)] {
        let mut bench = Bench::with(SessionConfig { idle_tx, ..session() });
        for says in [None, Some(Down)] {
            if let Some(says) = says {
                bench.hear(bench.theirs(says));
                assert_eq!(bench.state(), Init);
            }
            let says = bench.theirs(Down);
            let (least, _) = if bench.state() == Init {
                gaps(&mut bench, ms(20_000), says)
            } else {
                let sent = bench.run_until(bench.now + ms(20_000));
                assert!(sent.len() <= 27);
                (ms(750), ms(0))
            };
            assert!(least >= ms(750), "{least:?}");
            assert_eq!(bench.status().local.desired_min_tx, ms(1_000));
        }
    }
}

/// R5880-6.8.6-25, R5880-6.8.7-04, R5880-6.8.7-01: the interval is the greater of our desired one and the neighbour's required
/// one, less jitter, and never shorter.
#[test]
fn the_slower_of_the_two_sides_determines_the_interval() {
    for (min_tx, their_rx, expected) in [(10, 10_000, 10), (10, 50_000, 50), (80, 50_000, 80)] {
        let mut bench = Bench::with(SessionConfig { min_tx: ms(min_tx), ..session() });
        let says = |bench: &Bench, state| Control { required_min_rx: their_rx, ..bench.theirs(state) };
        bench.hear(says(&bench, Init));
        bench.hear(Control { is_final: true, ..says(&bench, Up) });
        assert_eq!(bench.status().transmit, ms(expected));
        let up = says(&bench, Up);
        let (least, most) = gaps(&mut bench, ms(10_000), up);
        assert!(least >= ms(expected) * 3 / 4 && most <= ms(expected), "{least:?} to {most:?}");
    }
}

/// R5880-6.8.3-06: "the local system MUST honor the new interval immediately." R5880-6.8.3-07: "If this interval has already passed
/// since the last transmission [...], the local system MUST send the next periodic BFD Control packet as soon as practicable."
#[test]
fn a_neighbour_that_can_receive_more_gets_it_at_once() {
    let mut bench = Bench::up(session());
    let slow = Control { required_min_rx: 10_000_000, ..bench.theirs(Up) };
    bench.hear(slow);
    bench.wait_hearing(ms(500), slow);
    let out = bench.hear(bench.theirs(Up));
    assert_eq!(brief(&out), ["Up"]);
    let says = bench.theirs(Up);
    let (_, most) = gaps(&mut bench, ms(500), says);
    assert!(most <= ms(10));
}

/// R5880-6.8.3-03: "If bfd.DesiredMinTxInterval is increased and bfd.SessionState is Up, the actual transmission interval used MUST
/// NOT change until the Poll Sequence described above has terminated."
#[test]
fn a_longer_interval_of_ours_waits_for_the_final() {
    let mut bench = Bench::up(session());
    reload(&mut bench, |session| session.min_tx = ms(100));
    let says = bench.theirs(Up);
    let sent = bench.wait_hearing(ms(300), says);
    assert!(sent.len() >= 29 && sent.iter().all(|(_, packet)| packet.desired_min_tx == 100_000));
    assert_eq!(bench.status().transmit, ms(10));
    bench.hear(Control { is_final: true, ..says });
    assert_eq!(bench.status().transmit, ms(100));
    let (least, _) = gaps(&mut bench, ms(2_000), says);
    assert!(least >= ms(75));
}

/// R5880-6.8.3-09: "In any case other than those explicitly called out above, timing parameter changes MUST be effected
/// immediately".
#[test]
fn a_shorter_interval_of_ours_counts_at_once() {
    let mut bench = Bench::up(SessionConfig { min_tx: ms(100), ..session() });
    reload(&mut bench, |session| session.min_tx = ms(20));
    assert_eq!(bench.status().transmit, ms(20));
}

/// R5880-6.8.3-04: "If bfd.RequiredMinRxInterval is reduced and bfd.SessionState is Up, the previous value of
/// bfd.RequiredMinRxInterval MUST be used when calculating the Detection Time for the remote system until the Poll Sequence
/// described above has terminated."
#[test]
fn a_shorter_receiving_interval_waits_for_the_final() {
    let mut bench = Bench::up(SessionConfig { min_rx: ms(100), ..session() });
    assert_eq!(bench.status().detection, Some(ms(500)));
    reload(&mut bench, |session| session.min_rx = ms(20));
    assert_eq!(bench.status().detection, Some(ms(500)));
    bench.hear(Control { is_final: true, ..bench.theirs(Up) });
    assert_eq!(bench.status().detection, Some(ms(100)));
}

/// R5880-6.8.3-09: a longer one counts at once.
#[test]
fn a_longer_receiving_interval_counts_at_once() {
    let mut bench = Bench::up(session());
    bench.wait(ms(40));
    reload(&mut bench, |session| session.min_rx = ms(100));
    assert_eq!(bench.status().detection, Some(ms(500)));
    bench.wait(ms(459));
    assert_eq!(bench.state(), Up);
    bench.wait(ms(1));
    assert_eq!(bench.state(), Down);
}

/// Coming up: the fast interval is used at once and polled, so that the neighbour's detection time follows.
#[test]
fn a_session_that_comes_up_is_fast_at_once() {
    let mut bench = Bench::with(session());
    let out = bench.hear(bench.theirs(Init));
    let packet = controls(&out)[0];
    assert_eq!((packet.poll, packet.desired_min_tx), (true, 10_000));
    let sent = controls(&bench.wait(ms(49)));
    assert!(sent.len() >= 4 && sent.iter().all(|packet| packet.poll));
}

/// A session whose idle interval is its fast one has nothing to poll. As keepalived.
#[test]
fn intervals_that_stay_the_same_are_not_polled() {
    let mut bench = Bench::with(SessionConfig { min_tx: ms(1_000), ..session() });
    let out = bench.hear(bench.theirs(Init));
    assert!(!controls(&out)[0].poll);
}
