//! Poll Sequences (RFC 5880 §6.5) and the neighbour's Demand mode (§6.6).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU8;

use super::bench::*;
use crate::config::SessionConfig;
use crate::event::Event;
use crate::wire::Control;
use crate::wire::SessionState::{AdminDown, Down, Init, Up};

fn reload(bench: &mut Bench, change: impl FnOnce(&mut SessionConfig)) -> Vec<Control> {
    let mut session = session();
    change(&mut session);
    controls(&bench.tell(Event::Configured(Box::new(config([session])))))
}

/// R5880-6.8.7-08, R5880-6.8.6-33: "the receiving system MUST transmit a BFD Control packet with the Poll (P) bit clear and the
/// Final (F) bit set as soon as practicable, without respect to the transmission timer [...], without respect to the session
/// state". R5880-6.5-01: never both bits. R5880-6.8.7-17, R5880-6.8.7-18: the bits of Poll and answer.
#[test]
fn a_poll_is_answered_at_once_in_every_state_that_takes_packets() {
    for (state, says) in [(Down, Up), (Init, Down), (Up, Up)] {
        let mut bench = Bench::in_state(state);
        let due = bench.run_until(bench.now + ms(3)).len();
        assert_eq!(due, 0, "nothing is due");
        let out = bench.hear(Control { poll: true, ..bench.theirs(says) });
        let answer = controls(&out);
        assert_eq!(answer.len(), 1, "{state}");
        assert!(answer[0].is_final && !answer[0].poll);
        assert_eq!(answer[0].state, state);
    }
}

/// The answer leaves the periodic packets as they were. R5880-6.8.7-08: "without respect to [...] any other transmission
/// limitations".
#[test]
fn an_answer_does_not_move_the_schedule() {
    let mut bench = Bench::up(session());
    let due = bench.speaker_due();
    bench.hear(Control { poll: true, ..bench.theirs(Up) });
    assert_eq!(bench.speaker_due(), due);
}

impl Bench {
    fn speaker_due(&self) -> Option<host::Instant> {
        host::Engine::next_deadline(&self.speaker)
    }
}

/// R5880-6.8.3-01: "If either bfd.DesiredMinTxInterval is changed or bfd.RequiredMinRxInterval is changed, a Poll Sequence MUST be
/// initiated". R5880-6.5-02: it "MUST be performed by setting the Poll (P) bit on those scheduled periodic transmissions;
/// additional packets MUST NOT be sent." R5880-6.8.6-18: "If a Poll Sequence is being transmitted by the local system and the
/// Final (F) bit in the received packet is set, the Poll Sequence MUST be terminated."
#[test]
fn other_intervals_ride_on_the_scheduled_packets_until_the_final() {
    let mut bench = Bench::up(session());
    let due = bench.speaker_due();
    assert_eq!(reload(&mut bench, |session| session.min_rx = ms(30)), []);
    assert_eq!(bench.speaker_due(), due, "no packet more than there would have been");
    let polls = controls(&bench.wait(ms(30)));
    assert!(polls.len() >= 2 && polls.iter().all(|packet| packet.poll && packet.required_min_rx == 30_000));
    bench.hear(Control { is_final: true, ..bench.theirs(Up) });
    let after = controls(&bench.wait(ms(30)));
    assert!(after.len() >= 2 && after.iter().all(|packet| !packet.poll && !packet.is_final));
}

/// R5880-6.8.3-02: "the new parameter values MAY be carried in packets with the Final (F) bit set, even if the Poll Sequence has
/// not yet been sent."
#[test]
fn an_answer_carries_other_intervals_already() {
    let mut bench = Bench::up(session());
    reload(&mut bench, |session| session.min_rx = ms(30));
    let out = bench.hear(Control { poll: true, ..bench.theirs(Up) });
    assert_eq!(brief(&out), ["Up F"]);
    assert_eq!(controls(&out)[0].required_min_rx, 30_000);
    assert!(bench.status().polling, "our own Poll Sequence goes on");
}

/// R5880-6.8.3-10: "if multiple changes are made that require the use of a Poll Sequence", the second waits for the Final and then
/// for "an additional BFD Control packet with the Final (F) bit *clear*".
#[test]
fn a_second_change_waits_for_the_end_of_the_first() {
    let mut bench = Bench::up(session());
    reload(&mut bench, |session| session.min_rx = ms(30));
    reload(&mut bench, |session| session.min_rx = ms(40));
    let polls = controls(&bench.wait(ms(15)));
    assert!(polls.iter().all(|packet| packet.poll && packet.required_min_rx == 30_000));
    bench.hear(Control { is_final: true, ..bench.theirs(Up) });
    let between = controls(&bench.wait(ms(15)));
    assert!(!between.is_empty() && between.iter().all(|p| !p.poll && p.required_min_rx == 30_000));
    // A Final that the network doubled ends nothing.
    bench.hear(Control { is_final: true, ..bench.theirs(Up) });
    assert!(!bench.status().polling);
    bench.hear(bench.theirs(Up));
    let polls = controls(&bench.wait(ms(15)));
    assert!(!polls.is_empty() && polls.iter().all(|p| p.poll && p.required_min_rx == 40_000));
}

/// R5880-6.8.12-01: "The new value will be transmitted with the next BFD Control packet, and the use of a Poll Sequence is not
/// necessary."
#[test]
fn another_multiplier_needs_no_poll() {
    let mut bench = Bench::up(session());
    assert_eq!(reload(&mut bench, |session| session.multiplier = NonZeroU8::new(9).unwrap()), []);
    let next = controls(&bench.wait(ms(10)))[0];
    assert_eq!((next.multiplier, next.poll), (9, false));
    assert_eq!(bench.status().remote_detection, ms(90));
}

/// R5880-6.8.6-19, R5880-6.8.7-07: "A system MUST NOT periodically transmit BFD Control packets if Demand mode is active on the
/// remote system [...] and a Poll Sequence is not being transmitted." R5880-6.6-01: "Demand mode MAY be enabled or disabled at any
/// time [...] without affecting the BFD session state." R5880-6.8.6-20, R5880-6.8.14-02: "If Demand mode is no longer active on the
/// remote system, the local system MUST begin transmitting periodic BFD Control packets". R5880-6.8.6-32.
#[test]
fn a_neighbour_in_demand_mode_gets_no_periodic_packets() {
    let mut bench = Bench::up(session());
    let demand = Control { demand: true, ..bench.theirs(Up) };
    bench.hear(demand);
    assert_eq!(bench.wait_hearing(ms(1_000), demand), []);
    assert_eq!(bench.state(), Up);
    let says = bench.theirs(Up);
    assert!(bench.wait_hearing(ms(100), says).len() >= 9);
}

/// §6.6: Demand mode is active only while both are Up. R5880-6.8.6-20.
#[test]
fn the_demand_bit_of_a_neighbour_that_is_not_up_means_nothing() {
    let mut bench = Bench::with(session());
    bench.hear(Control { demand: true, ..bench.theirs(AdminDown) });
    assert!(controls(&bench.wait(ms(3_000))).len() >= 3);
}

/// R5880-6.6-04: "a Poll Sequence MUST be initiated whenever the contents of the next BFD Control packet to be sent would be
/// different than the contents of the previous packet". R5880-6.8.17-02: so is another diagnostic told.
#[test]
fn a_change_is_polled_to_a_neighbour_in_demand_mode() {
    let mut bench = Bench::up(session());
    let demand = Control { demand: true, ..bench.theirs(Up) };
    bench.hear(demand);
    reload(&mut bench, |session| session.multiplier = NonZeroU8::new(9).unwrap());
    let polls = bench.wait_hearing(ms(50), demand);
    assert!(polls.len() >= 3 && polls.iter().all(|(_, packet)| packet.poll && packet.multiplier == 9));
    bench.hear(Control { is_final: true, ..demand });
    assert_eq!(bench.wait_hearing(ms(100), demand), []);
}

/// R5880-6.6-02, R5880-6.8.7-11, R5880-6.8.7-21: our own Demand bit is never set. R5880-6.8.7-19: nor is C, since BFD shares the
/// fate of the host.
#[test]
fn we_never_demand() {
    let mut bench = Bench::up(session());
    let says = bench.theirs(Up);
    let sent = bench.wait_hearing(ms(500), says);
    assert!(!sent.is_empty() && sent.iter().all(|(_, packet)| !packet.demand && !packet.independent));
}

/// R5880-6.8.3-01 holds in every state: back in Down the desired interval has changed.
#[test]
fn the_slow_interval_is_polled_too() {
    let mut bench = Bench::up(session());
    let out = bench.hear(bench.theirs(Down));
    assert_eq!(brief(&out), ["-> Down 3", "tell dead", "Down P"]);
    bench.hear(Control { is_final: true, ..bench.theirs(Init) });
    assert!(bench.status().polling, "Up has its own");
}
