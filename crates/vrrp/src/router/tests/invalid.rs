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
const DATE: Duration = Duration::from_secs(1_800_000_000);

/// A kind of invalid packet: its name, whom it is sent to, how it is made of an advert of priority 250, and where it
/// is counted.
struct Kind {
    name: &'static str,
    to: fn() -> InstanceConfig,
    packet: fn(&InstanceConfig, Instant) -> Delivery,
    counter: fn(&Counters) -> u64,
}

fn v2() -> InstanceConfig {
    InstanceConfig { authentication: Authentication::Password(PASSWORD), ..instance() }
}

fn headed() -> InstanceConfig {
    InstanceConfig { authentication: Authentication::Header(PASSWORD), ..instance() }
}

fn key(id: u8) -> HmacKey {
    HmacKey { id, secret: vec![b'k'; 32] }
}

fn signed() -> InstanceConfig {
    let window = Duration::from_secs(5);
    let hmac = Hmac { keys: vec![key(1)], active: 1, window, monotonic: false, mode: HmacMode::Enforce };
    InstanceConfig { hmac: Some(hmac), ..instance_v3() }
}

fn unicast() -> InstanceConfig {
    let peers = vec![Peer { address: IpAddr::V4(LOW), ttl: (250, 255) }];
    InstanceConfig { mode: Mode::Unicast { peers, ttl: None, check_source: true }, ..instance() }
}

/// A good advert, and something changed about it.
fn spoilt(config: &InstanceConfig, spoil: impl FnOnce(&mut Delivery)) -> Delivery {
    let mut delivery = advert(config, HIGH, 250);
    spoil(&mut delivery);
    delivery
}

/// A signed advert by a clock that is so many seconds ahead, and something changed about it.
fn signature(
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

fn numbered(config: &InstanceConfig, key: &[u8; 8], sequence: u32) -> Delivery {
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
            let other = InstanceConfig { version: crate::config::Version::V2, ..config.clone() };
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

/// A node that knows the date and has heard a signature of a moment that is still ahead.
fn bench(kind: &Kind) -> Bench {
    let mut bench = Bench::with((kind.to)());
    bench.tell(Event::ClockSet(WallClock::showing(DATE, Instant::ZERO)));
    let config = (kind.to)();
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

/// The first of a kind is said; the rest are counted.
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
