//! Who gives way to whom.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use host::{Instant, Prefix};

use super::bench::*;
use crate::config::{Config, InstanceConfig, Mode, Peer, Preemption, Priority, VirtualAddress, Vrid};
use crate::event::Event;
use crate::notice::State;

/// RFC 9568 §6.4.2: "If the Priority in the ADVERTISEMENT is 0, then: Set the Active_Down_Timer to Skew_Time".
///
/// vrrp-behaviour §4.
#[test]
fn a_backup_takes_over_a_skew_time_after_the_master_gives_up() {
    let mut bench = Bench::with(instance());
    bench.hear(HIGH, 150);
    bench.wait(500);
    assert_eq!(log(&bench.hear(HIGH, 0)), ["(VI_1) Backup received priority 0 advertisement"]);
    let skew = Duration::from_nanos(609_375_000);
    assert_eq!(bench.next_deadline(), Some(bench.now + skew));
}

#[test]
fn an_advert_of_the_master_restarts_the_master_down_time() {
    let mut bench = Bench::with(instance());
    bench.wait(3_000);
    bench.hear(LOW, 100);
    assert_eq!(bench.next_deadline(), Some(bench.now + Duration::from_nanos(3_609_375_000)));
}

#[test]
fn a_better_backup_lets_its_time_run_down_and_takes_over() {
    let mut bench = Bench::with(instance());
    bench.wait(1_000);
    let out = bench.hear(HIGH, 99);
    assert!(
        log(&out).contains(&"(VI_1) received lower priority (99) advert from 192.0.2.20 - discarding".into())
    );
    assert_eq!(bench.next_deadline(), Some(Instant::from_nanos(3_609_375_000)));
}

/// vrrp-behaviour §4.1.
#[test]
fn nopreempt_waits_for_any_master() {
    let mut bench = Bench::with(instance().with(|it| it.preemption = Preemption::Never));
    for _ in 0..20 {
        bench.hear(HIGH, 50);
        assert_eq!(brief(&bench.wait(1_000)), [""; 0]);
    }
    assert_eq!(bench.state(), State::Backup);
    bench.wait(4_000);
    assert_eq!(bench.state(), State::Master);
}

/// Recorded from Keepalived: delay 2 s, interval 1 s, first lower advert at 0.72 s, takeover at 6.33 s: the advert at
/// 2.72 s, which came just before the delay had passed, was the last to restart the timer.
///
/// vrrp-behaviour §4.1.
#[test]
fn preempt_delay_begins_with_the_first_lesser_advert() {
    let preemption = Preemption::Delayed(Duration::from_millis(2_001));
    let mut bench = Bench::with(instance().with(|it| it.preemption = preemption));
    bench.wait(720);
    let lines = log(&bench.hear(HIGH, 50));
    assert!(lines.contains(&"(VI_1) start preempt delay (2.001000)".into()), "{lines:?}");
    while bench.state() == State::Backup && bench.now < Instant::from_millis(8_000) {
        bench.wait(1_000);
        bench.hear(HIGH, 50);
    }
    assert_eq!(bench.status().since, Instant::from_nanos(2_720_000_000 + 3_609_375_000));
}

/// vrrp-behaviour §4.1.
#[test]
fn an_advert_that_is_not_lesser_calls_the_delay_off() {
    let preemption = Preemption::Delayed(Duration::from_secs(2));
    let mut bench = Bench::with(instance().with(|it| it.preemption = preemption));
    bench.hear(HIGH, 50);
    assert_eq!(log(&bench.hear(HIGH, 100)), ["(VI_1) stop preempt delay"]);
    assert!(log(&bench.hear(HIGH, 50)).contains(&"(VI_1) start preempt delay (2.000000)".into()));
}

/// RFC 9568 §6.4.3: a master gives way to a greater priority, or an equal one with a greater primary address.
#[test]
fn a_master_gives_way_without_giving_up_on_the_wire() {
    for (from, priority) in [(LOW, 101), (HIGH, 100)] {
        let mut bench = Bench::master(instance());
        let out = bench.hear(from, priority);
        assert_eq!(brief(&out), ["BACKUP", "-192.0.2.100/32"]);
        assert_eq!(bench.next_deadline(), Some(bench.now + Duration::from_nanos(3_609_375_000)));
    }
}

/// vrrp-behaviour §22.5.
#[test]
fn a_master_may_send_one_more_advert_before_it_gives_way() {
    let mut bench = Bench::master(instance().with(|it| it.higher_priority_send_advert = true));
    assert_eq!(brief(&bench.hear(HIGH, 101)), ["advert 100", "BACKUP", "-192.0.2.100/32"]);
}

/// As keepalived: a lesser master is answered with an advert and announcements. At most once an interval.
///
/// vrrp-behaviour §5, §22.5.
#[test]
fn a_master_answers_a_lesser_one_once_an_interval() {
    let mut bench = Bench::master(instance());
    bench.wait(500);
    for (from, priority) in [(HIGH, 99), (LOW, 100)] {
        let out = bench.hear(from, priority);
        assert_eq!(brief(&out), ["advert 100", "garp 192.0.2.100"]);
        for _ in 0..100 {
            assert_eq!(brief(&bench.hear(from, priority)), [""; 0], "a flood is not amplified");
        }
        bench.wait(2_100);
    }
    assert_eq!(bench.state(), State::Master);
}

/// R9568-6.4.3-25 (worse ADVERTISEMENT): "Discard the ADVERTISEMENT"
/// R5798-6.4.3-03 (worse ADVERTISEMENT): "Discard ADVERTISEMENT"
/// R3768-6.4.3-16 (worse ADVERTISEMENT): "Discard ADVERTISEMENT"
/// vrrp-behaviour §22.5.
#[test]
fn a_master_told_so_answers_a_lesser_one_with_announcements_alone() {
    let mut bench = Bench::master(instance().with(|it| it.lower_priority_no_advert = true));
    assert_eq!(brief(&bench.hear(HIGH, 99)), ["garp 192.0.2.100"]);
}

/// RFC 9568 §6.4.3: "If the Priority in the ADVERTISEMENT is 0, then: Send an ADVERTISEMENT. Reset the Adver_Timer to
/// Advertisement_Interval".
#[test]
fn a_master_answers_one_that_gives_up() {
    let mut bench = Bench::master(instance());
    bench.wait(300);
    assert_eq!(brief(&bench.hear(HIGH, 0)), ["advert 100", "garp 192.0.2.100"]);
    assert_eq!(bench.next_deadline(), Some(bench.now + Duration::from_secs(1)));
}

/// R9568-8.3.2-04: "If multiple VRRP Routers advertising the same priority are detected, this condition MAY be logged
/// as a warning (subject to rate-limiting)."
/// vrrp-behaviour §5.
#[test]
fn our_own_address_with_our_own_priority_is_only_a_warning() {
    let mut bench = Bench::master(instance());
    let out = bench.hear(OURS, 100);
    let warning = "(VI_1) WARNING - equal priority advert received from remote host with our IP address.";
    assert_eq!(log(&out), [warning]);
    assert_eq!(log(&bench.hear(OURS, 100)), [""; 0], "said once");
    assert_eq!(bench.state(), State::Master);
}

/// The weakness that no bad packet may share: Keepalived restarts the master's timer after every packet, so that five
/// bad ones a second silence it.
///
/// vrrp-behaviour §3.
#[test]
fn bad_packets_neither_silence_a_master_nor_hold_a_backup() {
    let mut bench = Bench::master(instance());
    let mut bad = advert(&instance(), HIGH, 200);
    bad.bytes[26] ^= 1;
    let mut adverts = 0;
    for _ in 0..100 {
        adverts += bench.wait(100).len();
        assert_eq!(brief(&bench.tell(Event::Received(bad.clone()))), [""; 0]);
    }
    assert!(adverts >= 10, "{adverts}");
    assert_eq!(bench.status().counters.checksum, 100);

    let mut bench = Bench::with(instance());
    for _ in 0..40 {
        bench.wait(100);
        bench.tell(Event::Received(bad.clone()));
    }
    assert_eq!(bench.state(), State::Master);
}

/// RFC 9568 §6.4.2 and §6.1: a version 3 backup computes with the interval that the master advertises.
///
/// R9568-6.1-04 (Active_Adver_Interval): "This value is saved by Virtual Routers in the Backup state and used to
/// compute Skew_Time (as specified in Section 8.3.2) and Active_Down_Interval."
/// R9568-6.4.2-16 (Preempt_Mode False or Priority ≥ local): "Set the Active_Adver_Interval to the Max Advertise
/// Interval contained in the ADVERTISEMENT"
/// R9568-6.4.2-17 (Preempt_Mode False or Priority ≥ local): "Recompute the Skew_Time"
/// R9568-6.4.2-18 (Preempt_Mode False or Priority ≥ local): "Recompute the Active_Down_Interval"
/// R5798-6.4.2-01 (Priority ≥ local or no preemption): "Recompute the Master_Down_Interval"
/// vrrp-behaviour §4.
#[test]
fn version_3_learns_the_masters_interval() {
    let mut bench = Bench::with(instance_v3());
    let theirs = instance_v3().with(|it| it.interval = Duration::from_millis(500));
    let out = bench.tell(Event::Received(advert(&theirs, HIGH, 150)));
    let line = "(VI_1) advertisement interval updated from 100ms to 500ms by master";
    assert!(log(&out).contains(&line.into()), "{:?}", log(&out));
    // 3 * 500 ms + 156 / 256 * 500 ms
    assert_eq!(bench.next_deadline(), Some(Instant::from_nanos(1_804_687_500)));
    bench.wait(2_000);
    assert_eq!(bench.state(), State::Master);
    assert_eq!(bench.status().interval, Duration::from_millis(100), "a master uses its own");
}

/// RFC 3768 §7.1: "verify that the Adver Interval in the packet is the same as the locally configured ... otherwise
/// ... MUST discard".
///
/// R3768-7.1-10: "MUST verify that the Adver Interval in the packet is the same as the locally configured for this
/// virtual router"
/// R3768-7.1-11: "If the above check fails, the receiver MUST discard the packet, SHOULD log the event and MAY
/// indicate via network management that a misconfiguration was detected."
#[test]
fn version_2_drops_another_interval() {
    let mut bench = Bench::with(instance());
    let theirs = instance().with(|it| it.interval = Duration::from_secs(2));
    bench.tell(Event::Received(advert(&theirs, HIGH, 150)));
    assert_eq!(bench.status().counters.interval, 1);
    assert_eq!(bench.status().counters.adverts_received, 0);
}

/// As keepalived since 2.3.3: another list of addresses is counted and said, and the advert counts all the same.
///
/// R9568-7.1-11: "A receiver MAY also verify that "IPvX Addr Count" and the list of IPvX address(es) match the IPvX
/// address(es) configured for the VRID."
/// R9568-7.1-12: "If this check fails, the receiver SHOULD log (subject to rate-limiting) the event and MAY indicate
/// via network management that a misconfiguration was detected."
/// R5798-7.1-04: "MAY verify that "Count IPvX Addrs" and the list of IPvX address(es) match the IPvX Address(es)
/// configured for the VRID."
/// R5798-7.1-05: "If the above check fails, the receiver SHOULD log the event and MAY indicate via network management
/// that a misconfiguration was detected."
/// R3768-7.1-08: "MAY verify that "Count IP Addrs" and the list of IP Address matches the IP_Addresses configured for
/// the VRID If the above check fails, the receiver SHOULD log the event and MAY indicate via network management that
/// a …"
/// R3768-7.1-09: "If the packet was not generated by the address owner (Priority does not equal 255 (decimal)), the
/// receiver MUST drop the packet, otherwise continue processing."
/// vrrp-behaviour §3.
#[test]
fn another_address_list_is_a_remark() {
    let own = VIP.octets()[3];
    for (theirs, line) in [
        (&[][..], "received an unexpected ip number count 0, expected 1!"),
        (&[own, 7], "received an unexpected ip number count 2, expected 1!"),
        (&[7], "ip address associated with VRID 51 not present in MASTER advert: 192.0.2.100"),
    ] {
        let mut bench = Bench::with(instance());
        let out = bench.tell(Event::Received(advert(&listing(theirs), HIGH, 150)));
        assert!(log(&out).contains(&format!("(VI_1) {line} (from 192.0.2.20)")), "{:?}", log(&out));
        let counters = bench.status().counters;
        assert_eq!((counters.address_list, counters.adverts_received), (1, 1));
    }
}

/// The instance with these addresses, by their last bytes.
fn listing(last: &[u8]) -> InstanceConfig {
    let address = |last: &u8| {
        let address = core::net::Ipv4Addr::new(192, 0, 2, *last);
        VirtualAddress::plain(Prefix::host(address.into()))
    };
    InstanceConfig { addresses: last.iter().map(address).collect(), ..instance() }
}

/// The order of the addresses means nothing.
///
/// vrrp-behaviour §3.
#[test]
fn the_same_addresses_in_another_order_are_the_same() {
    let mut bench = Bench::with(listing(&[100, 101]));
    bench.tell(Event::Received(advert(&listing(&[101, 100]), HIGH, 150)));
    assert_eq!(bench.status().counters.address_list, 0);
}

/// The manual of `skip_check_adv_addr`: "if the advert is from the same master as the previous advert received ...
/// then it is not checked". A master checks always.
///
/// vrrp-behaviour §3.
/// As observed: B3-12.
#[test]
fn with_skip_check_adv_addr_the_addresses_of_the_last_master_are_not_compared() {
    let skipping = instance().with(|it| it.skip_address_check = true);
    let (right, wrong) = (instance(), listing(&[7]));
    let mut bench = Bench::with(skipping);
    let odd = |bench: &mut Bench, config: &InstanceConfig, from, priority| {
        let before = bench.status().counters.address_list;
        bench.tell(Event::Received(advert(config, from, priority)));
        bench.status().counters.address_list - before
    };
    assert_eq!(odd(&mut bench, &wrong, HIGH, 150), 1, "nobody was heard before");
    assert_eq!(odd(&mut bench, &wrong, HIGH, 150), 0, "the same again");
    assert_eq!(odd(&mut bench, &listing(&[]), HIGH, 150), 0, "another number of them");
    assert_eq!(odd(&mut bench, &right, LOW, 160), 0);
    assert_eq!(odd(&mut bench, &wrong, HIGH, 170), 1, "it was another that was heard last");
    bench.wait(10_000);
    assert_eq!(bench.state(), State::Master);
    for times in 1..3 {
        assert_eq!(odd(&mut bench, &wrong, LOW, 50), 1, "a master checks always: {times}");
    }
}

/// R9568-8.3.2-02: "If multiple VRRP Routers advertising priority 255 are detected, the condition SHOULD be logged
/// (subject to rate-limiting)."
/// R9568-E8298-02: "It SHOULD verify that the local router is not the IPvX address owner (Priority = 255 (decimal))
/// and log the event (subject to rate-limiting) and MAY indicate via network management that a misconfiguration was
/// detected."
/// R9568-7.1-07: "It MUST verify that the VRID is configured on the receiving interface and the local router is not
/// the IPvX address owner (Priority = 255 (decimal))."
/// R3768-7.1-05: "MUST verify that the VRID is configured on the receiving interface and the local router is not the
/// IP Address owner (Priority equals 255 (decimal))."
/// vrrp-behaviour §22.1.
#[test]
fn two_owners_say_so_and_the_lower_address_gives_way() {
    let owner = InstanceConfig { wants_master: true, priority: Priority::OWNER, ..instance() };
    let mut bench = Bench::master(owner);
    let out = bench.hear(HIGH, 255);
    let line = "(VI_1) CONFIGURATION ERROR: local instance and 192.0.2.20 are both configured as address owner, \
                please resolve";
    assert_eq!(log(&out)[0], line);
    assert_eq!(bench.state(), State::Backup);
    // It comes back a skew of 1/256 s after the other gives up.
    bench.hear(HIGH, 0);
    assert_eq!(bench.next_deadline(), Some(bench.now + Duration::from_nanos(3_906_250)));
}

/// vrrp-behaviour §3.
#[test]
fn a_unicast_advert_goes_to_each_peer_and_others_are_dropped_if_asked() {
    let peers =
        vec![Peer { address: HIGH.into(), ttl: (0, 255) }, Peer { address: LOW.into(), ttl: (0, 255) }];
    let mode = Mode::Unicast { peers, ttl: None, check_source: true };
    let mut bench = Bench::with(instance().with(|it| it.mode = mode));
    let stranger = core::net::Ipv4Addr::new(192, 0, 2, 66);
    let mut packet = advert(&instance(), stranger, 200);
    packet.destination = OURS.into();
    packet.bytes[16..20].copy_from_slice(&OURS.octets());
    bench.tell(Event::Received(packet.clone()));
    assert_eq!(bench.status().counters.unknown_peer, 1);
    // A packet to the group is not for a unicast instance.
    bench.tell(Event::Received(advert(&instance(), HIGH, 200)));
    assert_eq!(bench.status().counters.address_list, 1);
    assert_eq!(brief(&bench.wait(3_700))[..2], ["advert 100", "advert 100"]);
}

/// R9568-E8298-01: "It MUST verify that the VRID is configured on the receiving interface."
/// R9568-7.1-07: "It MUST verify that the VRID is configured on the receiving interface and the local router is not
/// the IPvX address owner (Priority = 255 (decimal))."
/// R3768-7.1-05: "MUST verify that the VRID is configured on the receiving interface and the local router is not the
/// IP Address owner (Priority equals 255 (decimal))."
#[test]
fn others_virtual_routers_are_nobodys_business() {
    let mut bench = Bench::with(instance());
    let other = InstanceConfig { vrid: crate::config::Vrid::new(52).unwrap(), ..instance() };
    assert_eq!(bench.tell(Event::Received(advert(&other, HIGH, 200))), []);
    assert_eq!(bench.status().counters, Default::default());
}

/// vrrp-behaviour §3.
#[test]
fn an_owner_that_ignores_adverts_stays_whatever_it_hears() {
    let owner = InstanceConfig { wants_master: true, priority: Priority::OWNER, ..instance() }
        .with(|it| it.owner_ignores_adverts = true);
    let mut bench = Bench::master(owner);
    assert_eq!(bench.hear(HIGH, 255), []);
    assert_eq!(bench.state(), State::Master);
}

/// Keepalived's `log_unknown_vrids`.
#[test]
fn virtual_routers_that_nobody_here_has_are_told_of_once_if_somebody_asks() {
    let stranger = InstanceConfig { vrid: Vrid::new(77).unwrap(), ..instance() };
    let stranger = Event::Received(advert(&stranger, HIGH, 100));
    let mut bench = Bench::with(instance());
    assert_eq!(log(&bench.tell(stranger.clone())), [""; 0]);

    let asked = Config { tell_strangers: true, ..config([instance()], []) };
    let (mut bench, out) = Bench::start(asked);
    let all: Vec<u8> = (1..=255).collect();
    assert!(brief(&out).contains(&format!("listen {all:?}")));
    let line = "Unknown VRID(77) received on interface(eth0). ignoring...";
    assert_eq!(log(&bench.tell(stranger.clone())), [line]);
    assert_eq!(log(&bench.tell(stranger)), [""; 0]);
}
