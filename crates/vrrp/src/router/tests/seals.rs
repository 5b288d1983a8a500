//! Authentication headers and signatures: sequence numbers, stamps, keys.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use host::{Instant, WallClock};

use super::bench::*;
use crate::config::{Authentication, Hmac, HmacKey, HmacMode, InstanceConfig, Mode, Peer};
use crate::event::{Action, Event};
use crate::notice::State;
use crate::status::SignatureCounters;
use crate::wire::{Seal, Stamp};

const KEY: [u8; 8] = *b"secret\0\0";
/// The date of time zero.
const DATE: Duration = Duration::from_secs(1_800_000_000);

fn headed() -> InstanceConfig {
    InstanceConfig { authentication: Authentication::Header(KEY), ..instance() }
}

fn key(id: u8) -> HmacKey {
    HmacKey { id, secret: vec![b'a' + id; 32] }
}

fn hmac(keys: &[u8], active: u8) -> Hmac {
    let keys = keys.iter().copied().map(key).collect();
    Hmac { keys, active, window: Duration::from_secs(5), monotonic: false, mode: HmacMode::Enforce }
}

fn signed(hmac: Hmac) -> InstanceConfig {
    instance().with(|it| it.hmac = Some(hmac))
}

/// The clock shows the date when time is zero, plus so many seconds.
fn date(seconds_ahead: i64) -> Event {
    let shown = DATE.as_secs().checked_add_signed(seconds_ahead).unwrap();
    Event::ClockSet(WallClock::showing(Duration::from_secs(shown), Instant::ZERO))
}

/// The clock shows 1970, as it does without a battery.
fn no_date() -> Event {
    Event::ClockSet(WallClock::showing(Duration::ZERO, Instant::from_millis(1_000_000)))
}

/// An authentication header's sequence number.
fn sequence(packet: &[u8]) -> u32 {
    u32::from_be_bytes(packet[28..32].try_into().unwrap())
}

fn sequences(actions: &[Action]) -> Vec<u32> {
    adverts(actions).iter().map(|packet| sequence(packet)).collect()
}

/// Seconds and counter of a signature.
fn stamp(packet: &[u8]) -> (u64, u16) {
    let at = packet.len() - 28;
    let seconds = u32::from_be_bytes(packet[at + 4..at + 8].try_into().unwrap());
    (seconds.into(), u16::from_be_bytes(packet[at + 10..at + 12].try_into().unwrap()))
}

impl Bench {
    fn hear_numbered(&mut self, from: Ipv4Addr, priority: u8, sequence: u32) -> Vec<Action> {
        let seal = Seal::Header { key: &KEY, sequence };
        self.tell(Event::Received(sealed(&headed(), from, priority, seal)))
    }

    /// An advert signed by a key now, by a clock that is so many seconds ahead.
    fn hear_signed(&mut self, from: Ipv4Addr, priority: u8, id: u8, ahead: u64) -> Vec<Action> {
        let config = self.router.instances.values().next().unwrap().config().clone();
        let clock = DATE + self.now.since(Instant::ZERO) + Duration::from_secs(ahead);
        let (key, stamp) = (key(id), Stamp::at(clock));
        self.tell(Event::Received(sealed(&config, from, priority, Seal::Signature { key: &key, stamp })))
    }

    fn signatures(&self) -> SignatureCounters {
        self.status().counters.signatures
    }
}

#[test]
fn sequence_numbers_count_adverts() {
    let mut bench = Bench::with(headed());
    bench.tell(no_date());
    let out = bench.wait(5_000);
    assert_eq!(sequences(&out), [1, 2]);
    assert_eq!(adverts(&out)[0][9], 51);
}

/// As keepalived: one counter for what is sent and what is heard, so that the next master is believed by all.
#[test]
fn who_takes_over_goes_on_where_the_last_master_left_off() {
    let mut bench = Bench::with(headed());
    for sequence in 4_000..4_003 {
        bench.hear_numbered(HIGH, 150, sequence);
        bench.wait(1_000);
    }
    assert_eq!(bench.status().counters.authentication_failure, 0);
    assert_eq!(sequences(&bench.wait(3_000)), [4_003]);
}

/// Others want more than they have seen: a router that was started anew, as an owner, would not be believed.
#[test]
fn sequence_numbers_begin_by_the_clock() {
    let mut bench = Bench::with(headed());
    bench.tell(date(0));
    let first = u32::try_from(DATE.as_secs()).unwrap() + 3;
    assert_eq!(sequences(&bench.wait(5_000)), [first, first + 1]);
    // And never go back with it.
    bench.tell(date(-1_000));
    assert_eq!(sequences(&bench.wait(1_000)), [first + 2]);
}

/// A clock of the year 2100 would use nearly all numbers up.
#[test]
fn a_clock_that_cannot_be_right_begins_no_sequence() {
    let mut bench = Bench::with(headed());
    bench.tell(date(2_300_000_000));
    assert_eq!(sequences(&bench.wait(4_000)), [1]);
}

#[test]
fn a_sequence_number_that_was_used_is_counted_and_said_and_changes_nothing() {
    let mut bench = Bench::with(headed());
    bench.hear_numbered(HIGH, 150, 10);
    bench.wait(1_000);
    let before = bench.next_deadline();
    let out = bench.hear_numbered(HIGH, 150, 10);
    assert_eq!(
        log(&out),
        ["(VI_1) received AH from 192.0.2.20 with sequence number 10, 10 was used already"]
    );
    assert_eq!(bench.hear_numbered(LOW, 150, 9), []);
    assert_eq!(bench.status().counters.authentication_failure, 2);
    assert_eq!(bench.next_deadline(), before);
}

/// Two masters that chose the same number at the same moment would otherwise go on with equal numbers for ever.
#[test]
fn a_sequence_number_that_we_chose_ourselves_is_believed_of_each_other_once() {
    let mut bench = Bench::with(headed());
    bench.tell(no_date());
    assert_eq!(sequences(&bench.wait(4_000)), [1]);
    bench.hear_numbered(LOW, 50, 1);
    assert_eq!(bench.status().counters.adverts_received, 1);
    bench.hear_numbered(LOW, 50, 1);
    assert_eq!(bench.status().counters.authentication_failure, 1);
    // It was answered with 2, which another may have chosen too.
    bench.hear_numbered(HIGH, 200, 2);
    assert_eq!(bench.state(), State::Backup);
}

/// As keepalived: a master that hears a lesser one whose numbers are greater goes on from those.
#[test]
fn a_master_is_believed_again_after_it_heard_a_rival_with_greater_numbers() {
    let mut bench = Bench::master(headed());
    let out = bench.hear_numbered(LOW, 50, 9_000);
    assert_eq!(sequences(&out), [9_001]);
    assert_eq!(bench.state(), State::Master);
}

/// As keepalived: counting stops before the numbers wrap, and the next master begins anew.
#[test]
fn sequence_numbers_that_run_out_begin_anew_with_the_next_master() {
    let mut bench = Bench::with(headed());
    bench.tell(no_date());
    bench.hear_numbered(HIGH, 150, 0xffff_fffb);
    bench.wait(3_000);
    assert_eq!(sequences(&bench.wait(3_000)), [0xffff_fffc, 0xffff_fffd, 0xffff_fffd]);
    bench.hear_numbered(HIGH, 150, 0xffff_fffe);
    assert_eq!(bench.state(), State::Backup);
    assert_eq!(sequences(&bench.wait(4_000)), [1]);
}

#[test]
fn one_number_and_one_stamp_serve_all_peers() {
    let peers = [HIGH, LOW].map(|address| Peer { address: IpAddr::V4(address), ttl: (0, 255) });
    let mode = Mode::Unicast { peers: peers.into(), ttl: None, check_source: false };
    let mut bench = Bench::with(headed().with(|it| it.mode = mode.clone()));
    bench.tell(no_date());
    assert_eq!(sequences(&bench.wait(4_000)), [1, 1]);

    let mut bench = Bench::with(signed(hmac(&[1], 1)).with(|it| it.mode = mode));
    bench.tell(date(0));
    let sent = adverts(&bench.wait(4_000));
    let [one, other] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(one[one.len() - 28..], other[other.len() - 28..]);
    // Signed adverts come from peers or not at all, whoever checks what.
    bench.hear_signed(Ipv4Addr::new(192, 0, 2, 77), 200, 1, 0);
    assert_eq!((bench.state(), bench.status().counters.unknown_peer), (State::Master, 1));
    bench.hear_signed(HIGH, 200, 1, 0);
    assert_eq!(bench.state(), State::Backup);
}

#[test]
fn stamps_follow_the_clock_and_never_repeat() {
    let mut bench = Bench::with(signed(hmac(&[1], 1)));
    bench.tell(date(0));
    let of = |actions: &[Action]| adverts(actions).iter().map(|packet| stamp(packet)).collect::<Vec<_>>();
    let start = DATE.as_secs();
    assert_eq!(of(&bench.wait(5_000)), [(start + 3, 0), (start + 4, 0)]);
    // Set back within the window: goes on counting.
    bench.tell(date(-3));
    assert_eq!(of(&bench.wait(2_000)), [(start + 4, 1), (start + 4, 2)]);
    // Set back further: nobody believes what would follow.
    bench.tell(date(-600));
    assert_eq!(of(&bench.wait(1_000)), [(start - 593, 0)]);
}

/// The date in an advert is what the receiver's clock is compared with.
#[test]
fn a_signature_is_believed_within_the_window_and_once() {
    let mut bench = Bench::with(signed(hmac(&[1, 2], 1)));
    bench.tell(date(0));
    bench.hear_signed(HIGH, 150, 2, 0);
    assert_eq!(bench.status().counters.adverts_received, 1);
    let out = bench.hear_signed(HIGH, 150, 2, 0);
    assert_eq!(log(&out), ["(VI_1) received a signature from 192.0.2.20 that was used already"]);
    // Another sender has its own.
    bench.hear_signed(LOW, 150, 1, 0);
    bench.hear_signed(HIGH, 150, 1, 9);
    bench.hear_signed(HIGH, 150, 3, 1);
    bench.hear(HIGH, 150);
    let counted = SignatureCounters {
        replayed: 1,
        stale: 1,
        unknown_key: 1,
        missing: 1,
        ..SignatureCounters::default()
    };
    assert_eq!(bench.signatures(), counted);
    assert_eq!(bench.status().counters.adverts_received, 2);
}

#[test]
fn a_clock_that_drifts_is_said_once_while_it_is_still_believed() {
    let mut bench = Bench::with(signed(hmac(&[1], 1)));
    bench.tell(date(0));
    bench.hear_signed(HIGH, 150, 1, 2);
    bench.wait(1_000);
    let said = "(VI_1) the clock of 192.0.2.20 is 3 s ahead of ours, 5 s are allowed";
    assert_eq!(log(&bench.hear_signed(HIGH, 150, 1, 3)), [said]);
    bench.wait(1_000);
    assert_eq!(log(&bench.hear_signed(HIGH, 150, 1, 3)), [""; 0]);
}

/// A sender whose clock was wrong and was put right is heard again as soon as nobody would believe its old stamps.
#[test]
fn a_master_whose_clock_is_set_back_far_stays_master() {
    let mut bench = Bench::with(signed(hmac(&[1], 1)));
    bench.tell(date(0));
    bench.hear_signed(HIGH, 150, 1, 5);
    bench.wait(1_000);
    // It is put right, 5 s back: what it sends now was overtaken, so its old stamp has to grow old first.
    for _ in 0..3 {
        bench.hear_signed(HIGH, 150, 1, 0);
        bench.wait(1_000);
    }
    assert_eq!(bench.signatures().replayed, 3);
    // Ours is set forward, and theirs with it.
    bench.tell(date(100));
    bench.hear_signed(HIGH, 150, 1, 100);
    assert_eq!(bench.status().counters.adverts_received, 2);
}

#[test]
fn in_a_group_the_four_latest_senders_are_remembered() {
    let mut bench = Bench::with(signed(hmac(&[1], 1)));
    bench.tell(date(0));
    let sender = |n: u8| Ipv4Addr::new(192, 0, 2, 30 + n);
    for n in 0..4 {
        bench.hear_signed(sender(n), 150, 1, 0);
    }
    for n in 0..4 {
        bench.hear_signed(sender(n), 150, 1, 0);
    }
    assert_eq!(bench.signatures().replayed, 4);
    bench.hear_signed(sender(4), 150, 1, 0);
    bench.hear_signed(sender(1), 150, 1, 0);
    assert_eq!(bench.signatures().replayed, 5);
    bench.hear_signed(sender(0), 150, 1, 0);
    assert_eq!(bench.signatures().replayed, 5, "the one that was not heard for longest is forgotten");
}

/// Every node gets the new key, then every node signs with it, then every node forgets the old one.
#[test]
fn keys_are_changed_by_reloads_without_losing_an_advert() {
    let mut bench = Bench::master(signed(hmac(&[1], 1)));
    bench.tell(date(0));
    let mut sent = Vec::new();
    for (step, next) in [hmac(&[1, 2], 1), hmac(&[1, 2], 2), hmac(&[2], 2)].into_iter().enumerate() {
        sent.extend(adverts(&bench.tell(Event::Configured(Box::new(config([signed(next)], []))))));
        sent.extend(adverts(&bench.wait(2_000)));
        // A lesser router, still at the step before, is heard.
        let id = if step < 2 { 1 } else { 2 };
        bench.hear_signed(LOW, 50, id, 0);
        assert_eq!(bench.status().counters.adverts_received, step as u64 + 1);
        sent.extend(adverts(&bench.wait(1_000)));
    }
    let keys: Vec<u8> = sent.iter().map(|packet| packet[packet.len() - 27]).collect();
    assert_eq!(keys, [1, 1, 1, 2, 2, 2, 2, 2, 2]);
    assert_eq!(bench.signatures(), SignatureCounters::default());
}

#[test]
fn modes_say_who_signs_and_who_must() {
    for (mode, signs, hears) in [
        (HmacMode::Enforce, true, false),
        (HmacMode::Permissive, true, true),
        (HmacMode::ReceiveOnly, false, true),
    ] {
        let mut bench = Bench::master(signed(Hmac { mode, ..hmac(&[1], 1) }));
        bench.tell(date(0));
        let sent = adverts(&bench.wait(1_000));
        assert_eq!(sent[0].len(), if signs { 68 } else { 40 }, "{mode:?}");
        bench.hear(HIGH, 200);
        let state = if hears { State::Backup } else { State::Master };
        assert_eq!(bench.state(), state, "{mode:?}");
        let mut bench = Bench::master(signed(Hmac { mode, ..hmac(&[1], 1) }));
        bench.tell(date(0));
        bench.hear_signed(HIGH, 200, 1, 0);
        assert_eq!(bench.state(), State::Backup, "{mode:?}");
    }
}

#[test]
fn no_secret_reaches_a_text() {
    let password = InstanceConfig { authentication: Authentication::Password(*b"sesame\0\0"), ..instance() };
    let header = InstanceConfig { authentication: Authentication::Header(*b"sesame\0\0"), ..instance() };
    let key = HmacKey { id: 1, secret: b"sesamesesamesesamesesamesesamese".to_vec() };
    let signed = signed(Hmac { keys: vec![key], ..hmac(&[], 1) });
    for config in [password, header, signed] {
        let mut bench = Bench::with(config.clone());
        bench.wait(5_000);
        let (status, router) = (format!("{:?}", bench.status()), format!("{:?}", bench.router));
        // As text, and as the numbers that bytes are shown as.
        for text in [status, router, format!("{config:?}")] {
            assert!(!text.contains("sesame") && !text.contains("115, 101, 115, 97, 109, 101"), "{text}");
        }
    }
}
