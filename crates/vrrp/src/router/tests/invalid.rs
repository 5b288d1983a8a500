//! Packets that pass some check not: whatever they are, they change no state and no timer.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use host::{Delivery, Instant, WallClock};

use super::bench::*;
use crate::config::{Authentication, Hmac, HmacKey, HmacMode, InstanceConfig, Mode, Peer};
use crate::event::Event;
use crate::notice::State;
use crate::status::Counters;
use crate::wire::{Seal, Stamp};

const PASSWORD: [u8; 8] = *b"secret\0\0";
pub(super) const DATE: Duration = Duration::from_secs(1_800_000_000);

/// A kind of invalid packet: its name, whom it is sent to, how it is made of an advert of priority 250, and where it
/// is counted.
struct Kind {
    name: &'static str,
    to: fn() -> InstanceConfig,
    packet: fn(&InstanceConfig, Instant) -> Delivery,
    counter: fn(&Counters) -> u64,
}

pub(super) fn v2() -> InstanceConfig {
    InstanceConfig { authentication: Authentication::Password(PASSWORD), ..instance() }
}

pub(super) fn headed() -> InstanceConfig {
    InstanceConfig { authentication: Authentication::Header(PASSWORD), ..instance() }
}

pub(super) fn key(id: u8) -> HmacKey {
    HmacKey { id, secret: vec![b'k'; 32] }
}

pub(super) fn signed() -> InstanceConfig {
    let window = Duration::from_secs(5);
    let hmac = Hmac { keys: vec![key(1)], active: 1, window, monotonic: false, mode: HmacMode::Enforce };
    instance_v3().with(|it| it.hmac = Some(hmac))
}

pub(super) fn unicast() -> InstanceConfig {
    let peers = vec![Peer { address: IpAddr::V4(LOW), ttl: (250, 255) }];
    instance().with(|it| it.mode = Mode::Unicast { peers, ttl: None, check_source: true })
}

/// A good advert, and something changed about it.
fn spoilt(config: &InstanceConfig, spoil: impl FnOnce(&mut Delivery)) -> Delivery {
    let mut delivery = advert(config, HIGH, 250);
    spoil(&mut delivery);
    delivery
}

/// A signed advert by a clock that is so many seconds ahead, and something changed about it.
pub(super) fn signature(
    config: &InstanceConfig,
    now: Instant,
    id: u8,
    ahead: u64,
    spoil: impl FnOnce(&mut Vec<u8>),
) -> Delivery {
    let (key, clock) = (key(id), DATE + now.since(Instant::ZERO) + Duration::from_secs(ahead));
    let mut delivery = sealed(config, HIGH, 250, Seal::Signature { key: &key, stamp: Stamp::at(clock) });
    spoil(&mut delivery.bytes);
    delivery
}

pub(super) fn numbered(config: &InstanceConfig, key: &[u8; 8], sequence: u32) -> Delivery {
    sealed(config, HIGH, 250, Seal::Header { key, sequence })
}

const KINDS: [Kind; 21] = [
    Kind {
        name: "too short for its count",
        to: v2,
        packet: |config, _| spoilt(config, |it| it.bytes[23] = 200),
        counter: |counters| counters.packet_length,
    },
    Kind {
        name: "a total length that lies",
        to: v2,
        packet: |config, _| spoilt(config, |it| it.bytes[3] += 4),
        counter: |counters| counters.packet_length,
    },
    Kind {
        name: "from another network",
        to: v2,
        packet: |config, _| spoilt(config, |it| it.hop_limit = Some(254)),
        counter: |counters| counters.ttl,
    },
    Kind {
        name: "another version",
        to: instance_v3,
        packet: |config, _| {
            let other = config.clone().with(|it| it.version = crate::config::Version::V2);
            advert(&other, HIGH, 250)
        },
        counter: |counters| counters.version,
    },
    Kind {
        name: "an authentication type that does not exist",
        to: v2,
        packet: |config, _| spoilt(config, |it| it.bytes[24] = 3),
        counter: |counters| counters.invalid_authentication_type,
    },
    Kind {
        name: "another authentication type",
        to: v2,
        packet: |config, _| spoilt(config, |it| it.bytes[24] = 0),
        counter: |counters| counters.authentication_type_mismatch,
    },
    Kind {
        name: "a wrong password",
        to: v2,
        packet: |config, _| spoilt(config, |it| it.bytes[39] = 1),
        counter: |counters| counters.authentication_failure,
    },
    Kind {
        name: "another interval",
        to: v2,
        packet: |config, _| spoilt(config, |it| it.bytes[25] = 9),
        counter: |counters| counters.interval,
    },
    Kind {
        name: "no advert",
        to: v2,
        packet: |config, _| spoilt(config, |it| it.bytes[20] = 0x22),
        counter: |counters| counters.invalid_type,
    },
    Kind {
        name: "a wrong checksum",
        to: instance_v3,
        packet: |config, _| spoilt(config, |it| it.bytes[26] ^= 0x55),
        counter: |counters| counters.checksum,
    },
    Kind {
        name: "to us alone instead of the group",
        to: v2,
        packet: |config, _| spoilt(config, |it| it.destination = IpAddr::V4(OURS)),
        counter: |counters| counters.address_list,
    },
    Kind {
        name: "not from a peer",
        to: unicast,
        packet: |config, _| spoilt(config, |_| {}),
        counter: |counters| counters.unknown_peer,
    },
    Kind {
        name: "from a peer too far away",
        to: unicast,
        packet: |config, _| Delivery { hop_limit: Some(9), ..advert(config, LOW, 250) },
        counter: |counters| counters.ttl,
    },
    Kind {
        name: "an authentication header by another password",
        to: headed,
        packet: |config, _| numbered(config, b"another\0", 99),
        counter: |counters| counters.authentication_failure,
    },
    Kind {
        name: "an authentication header sent again",
        to: headed,
        packet: |config, _| numbered(config, &PASSWORD, 0),
        counter: |counters| counters.authentication_failure,
    },
    Kind {
        name: "no signature",
        to: signed,
        packet: |config, _| spoilt(config, |_| {}),
        counter: |counters| counters.signatures.missing,
    },
    Kind {
        name: "a malformed signature",
        to: signed,
        packet: |config, now| signature(config, now, 1, 0, |bytes| bytes[32] = 2),
        counter: |counters| counters.signatures.malformed,
    },
    Kind {
        name: "a signature by an unknown key",
        to: signed,
        packet: |config, now| signature(config, now, 9, 0, |_| {}),
        counter: |counters| counters.signatures.unknown_key,
    },
    Kind {
        name: "a wrong signature",
        to: signed,
        packet: |config, now| signature(config, now, 1, 0, |bytes| bytes[50] ^= 1),
        counter: |counters| counters.signatures.wrong,
    },
    Kind {
        name: "a signature of another time",
        to: signed,
        packet: |config, now| signature(config, now, 1, 60, |_| {}),
        counter: |counters| counters.signatures.stale,
    },
    Kind {
        name: "a signature sent again",
        to: signed,
        // Of the first moment, when it was heard.
        packet: |config, _| signature(config, Instant::ZERO, 1, 4, |_| {}),
        counter: |counters| counters.signatures.replayed,
    },
];

fn bench(kind: &Kind) -> Bench {
    dated((kind.to)())
}

/// A node that knows the date and has heard a signature of a moment that is still ahead.
pub(super) fn dated(config: InstanceConfig) -> Bench {
    let mut bench = Bench::with(config.clone());
    bench.tell(Event::ClockSet(WallClock::showing(DATE, Instant::ZERO)));
    if config.hmac.is_some() {
        bench.tell(Event::Received(signature(&config, Instant::ZERO, 1, 4, |_| {})));
    }
    bench
}

/// Five a second are enough to silence keepalived's master, whose timer each of them restarts.
#[test]
fn an_invalid_packet_leaves_a_master_all_of_its_adverts() {
    for kind in KINDS {
        let config = (kind.to)();
        let mut bench = bench(&kind);
        let becomes = config.interval * 4;
        bench.run_until(Instant::ZERO + becomes);
        assert_eq!(bench.state(), State::Master, "{}", kind.name);
        let mut undisturbed = bench_at(&kind, becomes);
        let before = (kind.counter)(&bench.status().counters);
        let (mut sent, mut expected) = (Vec::new(), Vec::new());
        // While the signature that was heard is within the window.
        for tick in 1..=5 {
            let at = Instant::ZERO + becomes + Duration::from_millis(200) * tick;
            sent.extend(bench.run_until(at).into_iter().map(|(ms, action)| (ms, brief(&[action]))));
            expected.extend(undisturbed.run_until(at).into_iter().map(|(ms, action)| (ms, brief(&[action]))));
            let deadline = bench.next_deadline();
            let out = bench.tell(Event::Received((kind.packet)(&config, bench.now)));
            assert_eq!(brief(&out), [""; 0], "{}", kind.name);
            assert_eq!(bench.next_deadline(), deadline, "{}", kind.name);
        }
        assert_eq!(sent, expected, "{}", kind.name);
        assert_eq!(bench.state(), State::Master, "{}", kind.name);
        assert_eq!((kind.counter)(&bench.status().counters) - before, 5, "{}", kind.name);
    }
}

fn bench_at(kind: &Kind, time: Duration) -> Bench {
    let mut bench = bench(kind);
    bench.run_until(Instant::ZERO + time);
    bench
}

/// A backup neither waits longer for it nor takes over because of it.
#[test]
fn an_invalid_packet_does_not_keep_a_backup_waiting() {
    for kind in KINDS {
        let config = (kind.to)();
        let mut bench = bench(&kind);
        bench.wait(20);
        let deadline = bench.next_deadline();
        for _ in 0..10 {
            let out = bench.tell(Event::Received((kind.packet)(&config, bench.now)));
            assert_eq!(brief(&out), [""; 0], "{}", kind.name);
        }
        assert_eq!((bench.state(), bench.next_deadline()), (State::Backup, deadline), "{}", kind.name);
        assert_eq!((kind.counter)(&bench.status().counters), 10, "{}", kind.name);
    }
}

/// A node in fault hears nothing at all.
#[test]
fn an_invalid_packet_does_not_end_a_fault() {
    for kind in KINDS {
        let config = (kind.to)();
        let mut bench = bench(&kind);
        bench.tell(Event::LinkChanged(link(false)));
        let out = bench.tell(Event::Received((kind.packet)(&config, bench.now)));
        assert_eq!((out.len(), bench.state()), (0, State::Fault), "{}", kind.name);
    }
}

/// The first of a kind is said; the rest are counted, and their number is said with the next after a while.
#[test]
fn an_invalid_packet_is_said_every_ten_seconds_with_the_number_of_those_before() {
    for kind in KINDS.into_iter().filter(|kind| (kind.to)().hmac.is_none()) {
        let mut bench = bench(&kind);
        bench.run_until(Instant::ZERO + (kind.to)().interval * 4);
        let mut lines: Vec<String> = Vec::new();
        for _ in 0..250 {
            lines.extend(log(&bench.tell(Event::Received((kind.packet)(&(kind.to)(), bench.now)))));
            bench.wait(100);
        }
        let ends: Vec<bool> =
            lines.iter().map(|line| line.ends_with(" (99 more since the last such line)")).collect();
        assert_eq!(ends, [false, true, true], "{}: {lines:?}", kind.name);
    }
}

/// The rest within those ten seconds are counted only.
#[test]
fn an_invalid_packet_is_said_once() {
    for kind in KINDS {
        let config = (kind.to)();
        let mut bench = bench(&kind);
        let mut lines: Vec<String> = Vec::new();
        for _ in 0..100 {
            lines.extend(log(&bench.tell(Event::Received((kind.packet)(&config, bench.now)))));
        }
        let from = if lines[0].contains("peer 192.0.2.5 ") { LOW } else { HIGH };
        assert!(lines.len() == 1 && lines[0].contains(&format!("{from}")), "{}: {lines:?}", kind.name);
    }
}

/// From an address that nobody has, so that it cannot be confused with a rival's.
#[test]
fn who_sends_invalid_packets_is_nobody_s_rival() {
    let mut bench = Bench::with(v2());
    let stranger = Ipv4Addr::new(192, 0, 2, 66);
    bench.tell(Event::Received(Delivery { hop_limit: Some(1), ..advert(&v2(), stranger, 250) }));
    assert_eq!(bench.status().master, None);
}

/// Only who knows no better is told of each advert; a flood of them is one line an interval.
#[test]
fn a_flood_of_lesser_adverts_is_two_lines_an_interval_at_a_backup() {
    let mut bench = Bench::with(v2());
    let mut lines: Vec<String> = Vec::new();
    for _ in 0..100 {
        lines.extend(log(&bench.hear(HIGH, 50)));
        bench.wait(10);
    }
    let lines: Vec<_> = lines.iter().filter(|line| line.contains("discarding")).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].ends_with("discarding (49 more since the last such line)"), "{lines:?}");
}

/// As keepalived: instances of one number and one address are told apart by their peers.
#[test]
fn of_two_unicast_instances_the_one_that_has_the_sender_as_its_peer_hears_it() {
    let with = |name: &str, peer| {
        let peers = vec![Peer { address: IpAddr::V4(peer), ttl: (0, 255) }];
        let mode = Mode::Unicast { peers, ttl: None, check_source: false };
        InstanceConfig { name: name.into(), source: Some(IpAddr::V4(OURS)), ..instance() }
            .with(|it| it.mode = mode)
    };
    let (mut bench, _) = Bench::start(config([with("A", LOW), with("B", HIGH)], []));
    let heard = |bench: &Bench| {
        let status = host::Engine::status(&bench.router, bench.now);
        status.instances.iter().map(|it| it.counters.adverts_received).collect::<Vec<_>>()
    };
    bench.hear(HIGH, 150);
    assert_eq!(heard(&bench), [0, 1]);
    bench.hear(LOW, 150);
    assert_eq!(heard(&bench), [1, 1]);
}

/// The peer's checksum is shown; one of old is answered in kind.
#[test]
fn a_peer_of_old_is_answered_with_its_checksum() {
    use crate::wire::Coverage;
    let peers = vec![Peer { address: IpAddr::V4(HIGH), ttl: (0, 255) }];
    let mode = Mode::Unicast { peers, ttl: None, check_source: false };
    let config = instance_v3().with(|it| it.mode = mode);
    let mut bench = Bench::with(config.clone());
    bench.hear(HIGH, 150);
    assert_eq!(bench.status().checksum, Some(Coverage::PseudoHeader));
    let mut old = advert(&config, HIGH, 150);
    // The group for our address in the sum: 224.0.0.18 less 192.0.2.10.
    let sum = u16::from_be_bytes([old.bytes[26], old.bytes[27]]);
    let less = u32::from(!sum) + 0xe000 + 0x0012 + u32::from(!0xc000u16) + u32::from(!0x020au16);
    let folded = (less & 0xffff) + (less >> 16);
    let folded = u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap();
    old.bytes[26..28].copy_from_slice(&(!folded).to_be_bytes());
    let out = bench.tell(Event::Received(old));
    assert_eq!(log(&out), ["(VI_1) 192.0.2.20 uses the checksum of keepalived before 1.3.7, and so do we"]);
    assert_eq!(bench.status().checksum, Some(Coverage::OldPseudoHeader));
    let sent = adverts(&bench.wait(1_000));
    let group = host::bytes::Checksum::new().add(&OURS.octets()).add(&[224, 0, 0, 18, 0, 112, 0, 12]);
    assert_eq!(group.add(&sent[0][20..]).finish(), 0);
}
