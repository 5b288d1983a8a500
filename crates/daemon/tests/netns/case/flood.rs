//! A neighbour that sends what nobody should believe.

use std::time::Duration;

use host::bytes::Checksum;
use host::{Datagram, Datagrams, Instant, LinkIndex, Packet};

use crate::netns::clock::{Stamp, sleep_until};
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::lab::Host;
use crate::netns::pair::{Pair, Who};
use crate::netns::process::Process;

/// Where a frame has its IP header, and what follows it.
const IP: usize = 14;
const ADVERT: usize = IP + 20;

/// As often as five a second, which is enough to silence keepalived, and then as fast as one can.
const ROUNDS: u32 = 15;
const PAUSE: Duration = Duration::from_millis(200);
const AT_ONCE: usize = 2_000;

/// So many handfuls, one after the other: each would wake somebody.
const SPREAD: u32 = 100;

pub(crate) fn pair(makes: (Make, Make)) -> Pair {
    Pair::new(makes, |_, _| (Instance::v3(150, 400), Instance::v3(100, 400)))
}

pub(crate) fn signed(makes: (Make, Make)) -> Pair {
    let block = "auth_hmac {\n        key 1 0123456789abcdef0123456789abcdef\n        active_key 1\n    }";
    Pair::new(makes, |_, _| (Instance::v3(150, 400).with(block), Instance::v3(100, 400).with(block)))
}

/// RFC 9568 §7.1: a packet that fails a check is discarded. It restarts no timer either: the master sends all of its
/// adverts, and nobody takes over.
pub(crate) fn invalid_packets(pair: &mut Pair) {
    pair.establish();
    let attacker = pair.lab.host("eth0");
    let advert = pair.next_advert(Who::A).frame;
    let of = |spoil: fn(&mut Vec<u8>)| spoilt(&advert, &attacker, spoil);
    let frames = vec![
        of(|frame| frame[ADVERT + 2] = 250),
        of(|frame| frame[IP + 8] = 64),
        of(|frame| frame[ADVERT + 3] = 9),
        of(|frame| frame[ADVERT] = 0x32),
    ];
    withstands(pair, &attacker, frames);
}

/// What was sent before is sent again, unchanged, and with another signature.
pub(crate) fn replay(pair: &mut Pair) {
    pair.establish();
    let attacker = pair.lab.host("eth0");
    let advert = pair.next_advert(Who::A).frame;
    let mut forged = spoilt(&advert, &attacker, |_| {});
    *forged.last_mut().expect("a frame has bytes") ^= 1;
    withstands(pair, &attacker, vec![advert, forged]);
    assert!(pair.side(Who::B).daemon.log().contains("used already"), "B noticed the replay");
}

/// A neighbour's other virtual routers concern nobody here: the kernel drops their packets, and nobody is woken.
pub(crate) fn other_virtual_routers(pair: &mut Pair) {
    pair.establish();
    let attacker = pair.lab.host("eth0");
    let advert = pair.next_advert(Who::A).frame;
    let stranger = spoilt(&advert, &attacker, |frame| frame[ADVERT + 1] = 77);
    let workers = [Who::A, Who::B].map(|who| pair.side(who).daemon.worker().expect("it runs"));
    let began = Stamp::now();
    let before = workers.map(Process::sleeps);
    for round in 1..=SPREAD {
        send(&attacker, vec![stranger.clone(); AT_ONCE / 10]);
        sleep_until(began.plus(PAUSE / 10 * round));
    }
    let woken: Vec<u64> =
        workers.iter().zip(before).map(|(worker, before)| worker.sleeps() - before).collect();
    // Twice or thrice an interval for what is theirs, and for whoever asks whether they live.
    assert!(woken.iter().all(|woken| *woken < u64::from(SPREAD)), "woken {woken:?} times");
    pair.steady(Who::A, began, Stamp::now().since(began) + 0.5);
}

fn withstands(pair: &Pair, attacker: &Host, frames: Vec<Vec<u8>>) {
    let began = Stamp::now();
    for round in 1..=ROUNDS {
        send(attacker, frames.clone());
        sleep_until(began.plus(PAUSE * round));
    }
    send(attacker, frames.iter().cloned().cycle().take(AT_ONCE).collect());
    let seconds = Stamp::now().since(began) + 1.0;
    pair.steady(Who::A, began, seconds);
    for who in [Who::A, Who::B] {
        let log = pair.side(who).daemon.log();
        let lines = log.lines().filter(|line| line.contains(&attacker.v4().to_string())).count();
        // Once a kind, and once more after ten seconds.
        assert!(lines <= 2 * frames.len(), "{who:?} wrote {lines} lines of it");
        assert!(!log.contains("higher priority"), "{who:?} believed one");
    }
}

/// An advert as the attacker would send it, with something wrong about it; the IP header is right.
fn spoilt(advert: &[u8], attacker: &Host, spoil: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut frame = advert.to_vec();
    frame[IP + 12..IP + 16].copy_from_slice(&attacker.v4().octets());
    spoil(&mut frame);
    frame[IP + 10..IP + 12].fill(0);
    let sum = Checksum::new().add(&frame[IP..ADVERT]).finish();
    frame[IP + 10..IP + 12].copy_from_slice(&sum.to_be_bytes());
    frame
}

fn send(from: &Host, frames: Vec<Vec<u8>>) {
    let name = from.link.clone();
    from.namespace.inside(move || {
        let link = LinkIndex(nix::net::if_::if_nametoindex(name.as_str()).expect("the lab made the link"));
        let mut machine = linux::Machine::open().expect("root may");
        for frame in frames {
            machine.send(Datagram { link, packet: Packet::Ethernet(frame), tag: 0 });
        }
        // The frames leave before it waits.
        let _ = machine.wait(Some(Instant::ZERO), &mut Vec::new(), &mut Vec::new());
    });
}
