//! Waiting: the deadline, packets that came in time, floods.

use host::{Arrival, Datagrams, Instant, Packet};

use crate::poll::Token;
use crate::testbed::{golden_v4, golden_v6, received, with_two_hosts};
use crate::{Machine, clock};

/// RFC 9568 §6.4.2 restarts the timer at each advert: one that came before the timer expired must be seen first.
#[test]
fn a_packet_that_waits_beats_the_timer_that_expired() {
    with_two_hosts("a_packet_that_waits_beats_the_timer_that_expired", |a, b| {
        b.machine.listen(b.channel("224.0.0.18"), &[51]);
        a.enter();
        a.machine.send(a.datagram(1, Packet::Ipv4(golden_v4())));
        a.settle();
        b.enter();
        let mut arrivals = Vec::new();
        b.machine.wait(Some(Instant::ZERO), &mut arrivals, &mut Vec::new()).unwrap();
        arrivals.retain(|one| !matches!(one, Arrival::ClockSet(_)));
        assert!(matches!(&arrivals[..], [Arrival::Received(_), Arrival::Woken]), "{arrivals:?}");
    });
}

#[test]
fn a_flood_is_taken_in_bounded_turns_and_nothing_of_it_is_lost() {
    with_two_hosts("a_flood_is_taken_in_bounded_turns_and_nothing_of_it_is_lost", |a, b| {
        b.machine.listen(b.channel("224.0.0.18"), &[51]);
        a.enter();
        // More than one turn takes, and no more than a socket's buffer holds.
        let flood: u16 = 200;
        for number in 0..flood {
            let mut packet = golden_v4();
            packet[4..6].copy_from_slice(&(number + 1).to_be_bytes());
            a.machine.send(a.datagram(u64::from(number), Packet::Ipv4(packet)));
        }
        a.settle();
        b.enter();
        let mut arrivals = Vec::new();
        b.machine.wait(None, &mut arrivals, &mut Vec::new()).unwrap();
        assert_eq!(arrivals.len(), 128);
        arrivals.extend(b.settle());
        let numbers: Vec<u16> = arrivals
            .into_iter()
            .filter_map(received)
            .map(|one| u16::from_be_bytes([one.bytes[4], one.bytes[5]]))
            .collect();
        assert_eq!(numbers, (1..=flood).collect::<Vec<u16>>());
    });
}

/// RFC 9568 §6.4.2 restarts the timer at each advert, also where it waits behind a thousand others of a lesser router.
#[test]
fn all_packets_of_a_flood_that_wait_beat_the_timer_that_expired() {
    with_two_hosts("all_packets_of_a_flood_that_wait_beat_the_timer_that_expired", |a, b| {
        b.machine.listen(b.channel("224.0.0.18"), &[51]);
        a.enter();
        let flood = 1_500;
        for _ in 0..flood {
            a.machine.send(a.datagram(1, Packet::Ipv4(golden_v4())));
        }
        a.settle();
        b.enter();
        let mut arrivals = Vec::new();
        b.machine.wait(Some(Instant::ZERO), &mut arrivals, &mut Vec::new()).unwrap();
        assert_eq!(arrivals.pop(), Some(Arrival::Woken));
        assert_eq!(arrivals.into_iter().filter_map(received).count(), flood, "none was lost");
    });
}

/// RFC 9568 §6.4.2: the timer runs from the advert, however long the host was busy when it came.
#[test]
fn what_came_while_nobody_waited_is_told_as_of_then() {
    with_two_hosts("what_came_while_nobody_waited_is_told_as_of_then", |a, b| {
        b.machine.listen(b.channel("224.0.0.18"), &[51]);
        b.machine.listen(b.channel("ff02::12"), &[53]);
        b.settle();
        for packet in [Packet::Ipv4(golden_v4()), golden_v6("fe80::a", "ff02::12")] {
            a.enter();
            a.machine.send(a.datagram(1, packet));
            a.settle();
            let sent = clock::now();
            b.enter();
            let mut arrivals = Vec::new();
            let at = b.machine.wait(None, &mut arrivals, &mut Vec::new()).unwrap();
            assert!(matches!(&arrivals[..], [Arrival::Received(_)]), "{arrivals:?}");
            assert!(at <= sent.max(clock::now() - clock::BELIEVED), "{:?} late", at.since(sent));
        }
    });
}

#[test]
fn the_deadline_of_the_last_wait_counts() {
    with_two_hosts("the_deadline_of_the_last_wait_counts", |a, _| {
        a.enter();
        let mut machine = Machine::open().unwrap();
        let mut arrivals = Vec::new();
        machine.wait(Some(Instant::ZERO), &mut arrivals, &mut Vec::new()).unwrap();
        assert!(
            matches!(&arrivals[..], [Arrival::ClockSet(_), Arrival::Surveyed { .. }, Arrival::Woken]),
            "{arrivals:?}"
        );
        arrivals.clear();
        // Something to tell, so that the wait does not wait; the old deadline is no longer asked for.
        machine.listen(host::Channel { link: host::LinkIndex(9999), ..a.channel("224.0.0.18") }, &[51]);
        let later = clock::now() + std::time::Duration::from_secs(60);
        machine.wait(Some(later), &mut arrivals, &mut Vec::new()).unwrap();
        assert!(matches!(&arrivals[..], [Arrival::Deaf { .. }]), "{arrivals:?}");
    });
}

#[test]
fn a_foreign_descriptor_is_told_by_its_token() {
    let mut machine = Machine::open().unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    machine.watch(&reader, Token(7)).unwrap();
    let (mut arrivals, mut ready) = (Vec::new(), Vec::new());
    machine.wait(None, &mut arrivals, &mut ready).unwrap();
    assert_eq!(ready, []);
    std::io::Write::write_all(&mut writer, b"x").unwrap();
    machine.wait(None, &mut arrivals, &mut ready).unwrap();
    assert_eq!(ready, [Token(7)]);
    machine.unwatch(&reader);
    ready.clear();
    machine.wait(Some(Instant::ZERO), &mut arrivals, &mut ready).unwrap();
    assert_eq!(ready, []);
}

/// The kernel names some descriptors at a time; the deadline may be among the first of many.
#[test]
fn packets_on_many_channels_all_come_before_the_timer() {
    with_two_hosts("packets_on_many_channels_all_come_before_the_timer", |a, b| {
        let channels: u8 = 200;
        for number in 0..channels {
            b.machine.listen(b.channel(&format!("239.1.0.{number}")), &[51]);
        }
        a.enter();
        for number in 0..channels {
            let mut packet = golden_v4();
            packet[16..20].copy_from_slice(&[239, 1, 0, number]);
            a.machine.send(a.datagram(u64::from(number), Packet::Ipv4(packet)));
        }
        assert_eq!(a.settle(), []);
        b.enter();
        let mut arrivals = Vec::new();
        b.machine.wait(Some(Instant::ZERO), &mut arrivals, &mut Vec::new()).unwrap();
        assert_eq!(arrivals.pop(), Some(Arrival::Woken));
        assert_eq!(arrivals.into_iter().filter_map(received).count(), usize::from(channels));
    });
}

#[test]
fn the_clock_on_the_wall_is_told_of_at_first_and_when_it_was_set() {
    with_two_hosts("the_clock_on_the_wall_is_told_of_at_first_and_when_it_was_set", |a, _| {
        a.enter();
        let clocks = |machine: &mut Machine| {
            let mut arrivals = Vec::new();
            machine.wait(Some(clock::now()), &mut arrivals, &mut Vec::new()).unwrap();
            arrivals.retain(|one| matches!(one, Arrival::ClockSet(_)));
            arrivals
        };
        let mut machine = Machine::open().unwrap();
        let first = clocks(&mut machine);
        let now = clock::now();
        let [Arrival::ClockSet(shown)] = first[..] else { panic!("{first:?}") };
        let seconds = u64::try_from(clock::wall().seconds).unwrap();
        assert!(shown.at(now).as_secs().abs_diff(seconds) <= 1);
        assert_eq!(clocks(&mut machine), []);
        // As if it had been set by a minute since.
        let minute = std::time::Duration::from_secs(60);
        machine.wall = Some(host::WallClock::showing(shown.at(now) - minute, now));
        assert_eq!(clocks(&mut machine).len(), 1);
    });
}
