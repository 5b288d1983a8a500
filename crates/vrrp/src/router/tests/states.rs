//! The state tables of RFC 9568 §6.4 and RFC 3768 §6.4, walked in both versions, and what is said of packets that fail.

use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use host::{Delivery, Engine, Family, Instant, Link, LinkAddress, Packet, Prefix};

use super::bench::*;
use crate::config::{InstanceConfig, Mode, Preemption, Priority, Version, VirtualAddress, Vrid};
use crate::event::{Action, Event};
use crate::notice::State;
use crate::status::Counters;
use crate::wire::ndp::NeighbourAdvertisement;
use crate::wire::{Advert, Coverage, Ipv4Header, Seal};

const SECOND: Duration = Duration::from_secs(1);
/// Of priority 100 at an interval of a second, the same in both versions.
const SKEW: Duration = Duration::from_nanos(609_375_000);
const MASTER_DOWN: Duration = Duration::from_nanos(3_609_375_000);

/// The same virtual router in both versions, an advert a second.
fn versions() -> [InstanceConfig; 2] {
    [instance(), instance_v3().with(|it| it.interval = SECOND)]
}

fn first_sent(out: &[Action]) -> &Packet {
    for action in out {
        if let Action::Send(datagram) = action {
            return &datagram.packet;
        }
    }
    panic!("nothing is sent: {out:?}")
}

/// What happens, and what comes of it: state, orders, next deadline counted from then.
type Step = (fn(&mut Bench) -> Vec<Action>, State, &'static [&'static str], Option<Duration>);

const TAKING_OVER: &[&str] = &["advert 100", "MASTER", "+192.0.2.100/32", "garp 192.0.2.100"];

/// R9568-6.4.2-01: "While in the {Backup} state, a VRRP Router MUST do the following:"
/// R9568-6.4.2-07 (Shutdown): "Cancel the Active_Down_Timer"
/// R9568-6.4.2-08 (Shutdown): "Transition to the {Initialize} state"
/// R9568-6.4.2-09 (Active_Down_Timer fires): "Send an ADVERTISEMENT"
/// R9568-6.4.2-13 (Active_Down_Timer fires): "Set the Adver_Timer to Advertisement_Interval"
/// R9568-6.4.2-14 (Active_Down_Timer fires): "Transition to the {Active} state"
/// R9568-6.4.2-15 (ADVERTISEMENT with Priority 0): "Set the Active_Down_Timer to Skew_Time"
/// R9568-6.4.2-17 (Preempt_Mode False or Priority ≥ local): "Recompute the Skew_Time"
/// R9568-6.4.2-18 (Preempt_Mode False or Priority ≥ local): "Recompute the Active_Down_Interval"
/// R9568-6.4.2-19 (Preempt_Mode False or Priority ≥ local): "Set the Active_Down_Timer to Active_Down_Interval"
/// R9568-6.4.2-20 (Preempt_Mode True and Priority below local): "Discard the ADVERTISEMENT"
/// R5798-6.4.2-01 (Priority ≥ local or no preemption): "Recompute the Master_Down_Interval"
/// R5798-6.4.2-02 (Priority ≥ local or no preemption): "Reset the Master_Down_Timer to Master_Down_Interval"
/// R3768-6.4.2-01: "While in this state, a VRRP router MUST do the following:"
/// R3768-6.4.2-05 (Shutdown): "Cancel the Master_Down_Timer"
/// R3768-6.4.2-06 (Shutdown): "Transition to the {Initialize} state"
/// R3768-6.4.2-07 (Master_Down_Timer fires): "Send an ADVERTISEMENT"
/// R3768-6.4.2-09 (Master_Down_Timer fires): "Set the Adver_Timer to Advertisement_Interval"
/// R3768-6.4.2-10 (Master_Down_Timer fires): "Transition to the {Master} state"
/// R3768-6.4.2-11 (ADVERTISEMENT with Priority 0): "Set the Master_Down_Timer to Skew_Time"
/// R3768-6.4.2-12 (Preempt_Mode False or Priority ≥ local): "Reset the Master_Down_Timer to Master_Down_Interval"
/// R3768-6.4.2-13 (otherwise): "Discard the ADVERTISEMENT"
/// vrrp-behaviour §4, §5.
#[test]
fn a_backup_does_what_the_table_says() {
    let passes = |bench: &mut Bench| {
        bench.now = bench.next_deadline().unwrap();
        bench.tell(Event::Wake)
    };
    let steps: [Step; 6] = [
        (passes, State::Master, TAKING_OVER, Some(SECOND)),
        (|bench| bench.hear(HIGH, 0), State::Backup, &[], Some(SKEW)),
        (|bench| bench.hear(LOW, 100), State::Backup, &[], Some(MASTER_DOWN)),
        (|bench| bench.hear(LOW, 101), State::Backup, &[], Some(MASTER_DOWN)),
        // The timer runs on: half a second of it has passed.
        (|bench| bench.hear(HIGH, 99), State::Backup, &[], Some(Duration::from_nanos(3_109_375_000))),
        (|bench| bench.tell(Event::Stop), State::Stop, &["STOP", "ignore"], None),
    ];
    for config in versions() {
        for (number, (happens, state, orders, deadline)) in steps.iter().enumerate() {
            let mut bench = Bench::with(config.clone());
            bench.wait(500);
            assert_eq!(brief(&happens(&mut bench)), *orders, "{number}");
            assert_eq!(bench.state(), *state, "{number}");
            let left = bench.next_deadline().map(|at| at.since(bench.now));
            assert_eq!(left, *deadline, "{number}");
        }
    }
}

/// R9568-6.4.3-01: "While in the {Active} state, a VRRP Router MUST do the following:"
/// R9568-6.4.3-11 (Shutdown): "Cancel the Adver_Timer"
/// R9568-6.4.3-12 (Shutdown): "Send an ADVERTISEMENT with Priority = 0"
/// R9568-6.4.3-13 (Shutdown): "Transition to the {Initialize} state"
/// R9568-6.4.3-14 (Adver_Timer fires): "Send an ADVERTISEMENT"
/// R9568-6.4.3-15 (Adver_Timer fires): "Reset the Adver_Timer to Advertisement_Interval"
/// R9568-6.4.3-16 (ADVERTISEMENT with Priority 0): "Send an ADVERTISEMENT"
/// R9568-6.4.3-17 (ADVERTISEMENT with Priority 0): "Reset the Adver_Timer to Advertisement_Interval"
/// R9568-6.4.3-18 (election condition): "If the Priority in the ADVERTISEMENT is greater than the local Priority or
/// the Priority in the ADVERTISEMENT is equal to the local Priority and the primary IPvX address of the sender is
/// greater than the local primary IPvX …"
/// R9568-6.4.3-19 (better ADVERTISEMENT): "Cancel Adver_Timer"
/// R9568-6.4.3-23 (better ADVERTISEMENT): "Set the Active_Down_Timer to Active_Down_Interval"
/// R9568-6.4.3-24 (better ADVERTISEMENT): "Transition to the {Backup} state"
/// R9568-6.4.3-25 (worse ADVERTISEMENT): "Discard the ADVERTISEMENT"
/// R9568-6.4.3-26 (worse ADVERTISEMENT): "Send an ADVERTISEMENT immediately to assert the {Active} state to the
/// sending VRRP Router and to update any learning bridges with the correct Active VRRP Router path."
/// R9568-1.1-02: "When a VRRP advertisement is received from a lower priority VRRP Router, the Active VRRP Router
/// will immediately send a VRRP advertisement to assure learning bridges will bridge the packets to the correct
/// Ethernet segment …"
/// R5798-6.4.3-02 (election condition): "If the Priority in the ADVERTISEMENT is equal to the local Priority and the
/// primary IPvX Address of the sender is greater than the local primary IPvX Address, then:"
/// R3768-6.4.3-01: "While in this state, a VRRP router MUST do the following:"
/// R3768-6.4.3-06 (Shutdown): "Send an ADVERTISEMENT with Priority = 0"
/// R3768-6.4.3-07 (Shutdown): "Cancel the Adver_Timer"
/// R3768-6.4.3-08 (Shutdown): "Transition to the {Initialize} state"
/// R3768-6.4.3-09 (Adver_Timer fires): "Send an ADVERTISEMENT"
/// R3768-6.4.3-10 (Adver_Timer fires): "Reset the Adver_Timer to Advertisement_Interval"
/// R3768-6.4.3-11 (ADVERTISEMENT with Priority 0): "Send an ADVERTISEMENT"
/// R3768-6.4.3-12 (ADVERTISEMENT with Priority 0): "Reset the Adver_Timer to Advertisement_Interval"
/// R3768-6.4.3-13 (better ADVERTISEMENT): "Cancel Adver_Timer"
/// R3768-6.4.3-14 (better ADVERTISEMENT): "Set Master_Down_Timer to Master_Down_Interval"
/// R3768-6.4.3-15 (better ADVERTISEMENT): "Transition to the {Backup} state"
/// vrrp-behaviour §5.
#[test]
fn a_master_does_what_the_table_says() {
    let passes = |bench: &mut Bench| {
        bench.now = bench.next_deadline().unwrap();
        bench.tell(Event::Wake)
    };
    let gives_way: &[&str] = &["BACKUP", "-192.0.2.100/32"];
    let answers: &[&str] = &["advert 100", "garp 192.0.2.100"];
    let steps: [Step; 8] = [
        (passes, State::Master, &["advert 100"], Some(SECOND)),
        (|bench| bench.hear(HIGH, 0), State::Master, answers, Some(SECOND)),
        (|bench| bench.hear(LOW, 101), State::Backup, gives_way, Some(MASTER_DOWN)),
        (|bench| bench.hear(HIGH, 255), State::Backup, gives_way, Some(MASTER_DOWN)),
        (|bench| bench.hear(HIGH, 100), State::Backup, gives_way, Some(MASTER_DOWN)),
        (|bench| bench.hear(LOW, 100), State::Master, answers, Some(SECOND)),
        (|bench| bench.hear(HIGH, 99), State::Master, answers, Some(SECOND)),
        (
            |bench| bench.tell(Event::Stop),
            State::Stop,
            &["advert 0", "STOP", "ignore", "-192.0.2.100/32"],
            None,
        ),
    ];
    for config in versions() {
        for (number, (happens, state, orders, deadline)) in steps.iter().enumerate() {
            let mut bench = Bench::master(config.clone());
            assert_eq!(brief(&happens(&mut bench)), *orders, "{number}");
            assert_eq!(bench.state(), *state, "{number}");
            let left = bench.next_deadline().map(|at| at.since(bench.now));
            assert_eq!(left, *deadline, "{number}");
        }
    }
}

/// R9568-6.4.1-01 (Startup, Priority = 255): "Send an ADVERTISEMENT"
/// R9568-6.4.1-04 (Startup, Priority = 255): "Set the Adver_Timer to Advertisement_Interval"
/// R9568-6.4.1-05 (Startup, Priority = 255): "Transition to the {Active} state"
/// R9568-2.4-01: "Trigger a message immediately after transitioning to the Active Router to update MAC learning."
/// R3768-6.4.1-01 (Startup, Priority = 255): "Send an ADVERTISEMENT"
/// R3768-6.4.1-03 (Startup, Priority = 255): "Set the Adver_Timer to Advertisement_Interval"
/// R3768-6.4.1-04 (Startup, Priority = 255): "Transition to the {Master} state"
#[test]
fn an_owner_that_starts_is_master_and_heard_at_once() {
    for config in versions() {
        let owner = InstanceConfig { wants_master: true, priority: Priority::OWNER, ..config };
        let (mut bench, mut out) = Bench::start(super::bench::config([owner], []));
        out.extend(bench.wait(0));
        assert_eq!(brief(&out)[1..], ["advert 255", "MASTER", "+192.0.2.100/32", "garp 192.0.2.100"]);
        assert_eq!(bench.next_deadline(), Some(Instant::ZERO + SECOND));
    }
}

/// R9568-6.1-05 (Active_Adver_Interval): "The initial value is the same as Advertisement_Interval."
/// R9568-6.4.1-06 (Startup, not address owner): "Set the Active_Adver_Interval to Advertisement_Interval"
/// R9568-6.4.1-07 (Startup, not address owner): "Set the Active_Down_Timer to Active_Down_Interval"
/// R9568-6.4.1-08 (Startup, not address owner): "Transition to the {Backup} state"
/// R3768-6.4.1-05 (Startup, not owner): "Set the Master_Down_Timer to Master_Down_Interval"
/// R3768-6.4.1-06 (Startup, not owner): "Transition to the {Backup} state"
#[test]
fn anyone_else_that_starts_is_backup_and_waits_by_its_own_interval() {
    for config in versions() {
        let bench = Bench::with(config);
        assert_eq!(bench.state(), State::Backup);
        assert_eq!(bench.next_deadline(), Some(Instant::ZERO + MASTER_DOWN));
    }
}

/// R9568-6.4.3-20 (better ADVERTISEMENT): "Set the Active_Adver_Interval to the Max Advertise Interval contained in
/// the ADVERTISEMENT"
/// R9568-6.4.3-21 (better ADVERTISEMENT): "Recompute the Skew_Time"
/// R9568-6.4.3-22 (better ADVERTISEMENT): "Recompute the Active_Down_Interval"
#[test]
fn a_master_of_version_3_that_gives_way_waits_by_the_interval_of_the_better_one() {
    let mut bench = Bench::master(instance_v3());
    let theirs = instance_v3().with(|it| it.interval = Duration::from_millis(500));
    bench.tell(Event::Received(advert(&theirs, HIGH, 150)));
    assert_eq!(bench.state(), State::Backup);
    // 3 * 500 ms + 156 / 256 * 500 ms
    let wait = bench.next_deadline().map(|at| at.since(bench.now));
    assert_eq!(wait, Some(Duration::from_nanos(1_804_687_500)));
}

/// R9568-6.4.3-10: "Note that in the {Active} state, the Preempt_Mode Flag is not considered."
#[test]
fn a_master_gives_way_whether_or_not_it_would_preempt() {
    for config in versions() {
        let mut bench = Bench::master(config.with(|it| it.preemption = Preemption::Never));
        bench.hear(LOW, 101);
        assert_eq!(bench.state(), State::Backup);
    }
}

/// R9568-3-02: "The only exception is that a VRRP Router will always become the Active Router for any Virtual Router
/// associated with address(es) it owns."
/// R9568-6.1-09 (Preempt_Mode): "Note: The exception is that the router that owns the IPvX address associated with
/// the Virtual Router always preempts, independent of the setting of this flag."
/// R9568-8.3.2-05: "VRRP Routers with priority 255 will, as soon as they start up, preempt all lower-priority
/// routers."
/// R3768-6.1-03 (Preempt_Mode): "Note: Exception is that the router that owns the IP address(es) associated with the
/// virtual router always preempts independent of the setting of this flag."
#[test]
fn an_owner_preempts_even_if_preemption_is_off() {
    for config in versions() {
        let preemption = Preemption::Never;
        let mut bench = Bench::with(
            InstanceConfig { priority: Priority::OWNER, ..config }.with(|it| it.preemption = preemption),
        );
        for _ in 0..5 {
            bench.hear(HIGH, 254);
            bench.wait(1_000);
        }
        assert_eq!(bench.state(), State::Master);
    }
}

/// R9568-3-01: "A Backup Router will not attempt to preempt the Active Router unless the Backup Router has a higher
/// priority."
#[test]
fn equals_and_lesser_routers_never_preempt() {
    for theirs in [100, 101, 254] {
        let mut bench = Bench::with(instance());
        for _ in 0..20 {
            bench.hear(LOW, theirs);
            assert_eq!(brief(&bench.wait(1_000)), [""; 0]);
        }
    }
}

/// R9568-6.4-01: "A VRRP Router implements an instance of the state machine for each Virtual Router in which it is
/// participating."
#[test]
fn virtual_routers_of_one_link_are_apart() {
    let vrid = Vrid::new(52).unwrap();
    let second = InstanceConfig { name: "VI_2".into(), vrid, ..instance() };
    let (mut bench, _) = Bench::start(config([instance(), second], []));
    for _ in 0..10 {
        bench.hear(HIGH, 200);
        bench.wait(1_000);
    }
    let states: Vec<State> = bench.router.status(bench.now).instances.iter().map(|one| one.state).collect();
    assert_eq!(states, [State::Backup, State::Master]);
}

/// R9568-7.1-08: "If any one of the above checks fails, the receiver MUST discard the packet, SHOULD log the event
/// (subject to rate-limiting), and MAY indicate via network management that an error occurred."
/// R5798-7.1-03: "If any one of the above checks fails, the receiver MUST discard the packet, SHOULD log the event,
/// and MAY indicate via network management that an error occurred."
/// R3768-7.1-07: "If any one of the above checks fails, the receiver MUST discard the packet, SHOULD log the event
/// and MAY indicate via network management that an error occurred."
/// vrrp-behaviour §3.
#[test]
fn what_fails_a_check_is_discarded_counted_and_said_once() {
    let spoil: [fn(&mut Delivery); 5] = [
        |packet| packet.hop_limit = Some(254),
        |packet| packet.bytes[20] = 0x41,
        |packet| packet.bytes[20] |= 0x02,
        |packet| packet.bytes[26] ^= 0x10,
        |packet| packet.bytes.truncate(27),
    ];
    for config in versions() {
        for (number, spoil) in spoil.iter().enumerate() {
            let mut bench = Bench::master(config.clone());
            let mut bad = advert(&config, HIGH, 200);
            spoil(&mut bad);
            let before = bench.status();
            let mut lines = Vec::new();
            for _ in 0..50 {
                let out = bench.tell(Event::Received(bad.clone()));
                assert_eq!(brief(&out), [""; 0], "{number}");
                lines.extend(log(&out));
            }
            let after = bench.status();
            assert_eq!((after.state, after.since), (before.state, before.since), "{number}");
            assert_eq!(after.counters.adverts_received, 0, "{number}");
            // One too short to name its router is nobody's.
            if number < 4 {
                let of = |counters: &Counters| {
                    counters.ttl
                        + counters.version
                        + counters.invalid_type
                        + counters.checksum
                        + counters.packet_length
                };
                let counted = of(&after.counters) - of(&before.counters);
                assert_eq!((counted, lines.len()), (50, 1), "{number}: {lines:?}");
            }
        }
    }
}

/// R9568-7.1-09: "A receiver SHOULD also verify that the Max Advertise Interval in the received VRRP packet matches
/// the Advertisement_Interval configured for the VRID."
/// R9568-7.1-10: "If this check fails, the receiver SHOULD log the event (subject to rate-limiting) and MAY indicate
/// via network management that a misconfiguration was detected."
/// vrrp-behaviour §3.
#[test]
fn another_interval_of_version_3_is_said_once_and_the_advert_counts() {
    let mut bench = Bench::with(instance_v3());
    bench.hear(HIGH, 150);
    let theirs = instance_v3().with(|it| it.interval = Duration::from_millis(500));
    let mut lines = Vec::new();
    for _ in 0..3 {
        lines.extend(log(&bench.tell(Event::Received(advert(&theirs, HIGH, 150)))));
    }
    let mismatch = "(VI_1) advertisement interval mismatch with 192.0.2.20 mine=0.1 sec rcv'd=0.5 sec";
    assert_eq!(lines.iter().filter(|line| *line == mismatch).count(), 1, "{lines:?}");
    assert_eq!(bench.status().counters.adverts_received, 4);
}

/// R9568-5.2.5-01: "If the received count is 0, the VRRP advertisement MUST be ignored."
/// R9568-E8299-01: "It MUST verify that IPvX Addr Count is non zero."
#[test]
fn an_advert_without_addresses_is_ignored_unless_ours_has_none_either() {
    let nothing = InstanceConfig { addresses: vec![], ..instance_v3() };
    let mut bench = Bench::with(instance_v3());
    let out = bench.tell(Event::Received(advert(&nothing, HIGH, 150)));
    assert_eq!(log(&out), ["(VI_1) advert from 192.0.2.20 carries no address"]);
    let counters = bench.status().counters;
    assert_eq!((counters.adverts_received, counters.address_list), (0, 1));
    // As keepalived's `no_virtual_ipaddress`, which sends such adverts.
    let mut bench = Bench::with(nothing.clone());
    bench.tell(Event::Received(advert(&nothing, HIGH, 150)));
    assert_eq!(bench.status().counters.adverts_received, 1);
}

/// Both are taken in; which one the other uses is remembered, and Keepalived's is sent whatever comes.
///
/// R9568-5.2.8-02: "For the IPv4 address family, the checksum calculation only includes the VRRP message starting
/// with the Version field and ending after the last IPv4 address (refer to Section 5.2)."
/// R5798-5.2.8-01: "The checksum is the 16-bit one's complement of the one's complement sum of the entire VRRP
/// message starting with the version field and a "pseudo-header" as defined in Section 8.1 of RFC2460."
/// vrrp-behaviour §1.3.
#[test]
fn how_the_others_checksum_is_made_is_remembered() {
    let (mut bench, _) = Bench::start(config([instance_v3()], []));
    assert_eq!(bench.status().checksum, None);
    for coverage in [Coverage::Advert, Coverage::PseudoHeader] {
        let advert = Advert {
            version: Version::V3,
            vrid: Vrid::new(51).unwrap(),
            priority: Priority(150),
            interval: Duration::from_millis(100),
            coverage,
            addresses: vec![VIP.into()],
        };
        let Mode::Multicast { group: IpAddr::V4(destination) } = instance_v3().mode else { panic!() };
        let header = Ipv4Header { id: 1, ttl: 255, source: HIGH, destination };
        let bytes = advert.encode_ipv4(&header, Seal::None);
        let heard = Delivery { bytes, ..super::bench::advert(&instance_v3(), HIGH, 150) };
        bench.tell(Event::Received(heard));
        assert_eq!(bench.status().checksum, Some(coverage));
    }
}

fn six(priority: Priority) -> InstanceConfig {
    let address = |text: &str| VirtualAddress::plain(Prefix::host(text.parse().unwrap()));
    InstanceConfig {
        addresses: vec![address("fe80::100"), address("2001:db8::100")],
        priority,
        wants_master: priority.is_owner(),
        ..instance_v3()
    }
    .with(|it| {
        it.family = Family::V6;
        it.mode = Mode::Multicast { group: Mode::GROUP_V6 };
    })
}

fn start_six(config: InstanceConfig, forwards: bool) -> (Bench, Vec<Action>) {
    let mut bench = Bench { router: Default::default(), now: Instant::ZERO, obedient: true };
    bench.tell(Event::Configured(alloc::boxed::Box::new(super::bench::config([config], []))));
    let own: IpAddr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x10).into();
    let own = LinkAddress::plain(ETH0, Prefix::new(own, 64).unwrap());
    let out = bench.tell(survey(vec![Link { ipv6_router: forwards, ..link(true) }], vec![own]));
    (bench, out)
}

/// R9568-6.4.1-03 (Startup, Priority = 255, IPv6): "For each IPv6 address associated with the Virtual Router, send an
/// unsolicited ND Neighbor Advertisement with the Router Flag (R) set, the Solicited Flag (S) clear, the Override
/// flag (O) set, the target address set to the …"
/// R9568-6.4.2-12 (Active_Down_Timer fires, IPv6): "For each IPv6 address associated with the Virtual Router, send an
/// unsolicited ND Neighbor Advertisement with the Router Flag (R) set, the Solicited Flag (S) clear, the Override
/// flag (O) set, the target address set to the …"
/// R9568-8.2.2-06: "When configuring an interface, Active Routers SHOULD send an unsolicited ND Neighbor
/// Advertisement message containing the Virtual Router MAC address for the IPv6 address on that interface."
/// R9568-1.7-02: "In IPv6, the link-local address of the interface over which the packet is transmitted is used."
/// R9568-7.2-06 (IPv6): "Set the source IPv6 address to the interface's link-local IPv6 address"
/// R9568-5.1.2.2-02: "The IPv6 multicast address assigned by the IANA for VRRP is: ff02:0:0:0:0:0:0:12"
/// R9568-5.1.2.3-01: "The Hop Limit MUST be set to 255."
#[test]
fn an_ipv6_master_announces_each_address_by_a_neighbour_advertisement() {
    for (priority, millis) in [(Priority(100), 400), (Priority::OWNER, 0)] {
        for forwards in [false, true] {
            let (mut bench, mut out) = start_six(six(priority), forwards);
            out.extend(bench.wait(millis));
            assert_eq!(bench.state(), State::Master);
            let announced: Vec<(Ipv6Addr, bool)> = out
                .iter()
                .filter_map(|action| {
                    let Action::Send(datagram) = action else { return None };
                    let Packet::Ethernet(frame) = &datagram.packet else { return None };
                    let sent = NeighbourAdvertisement::decode(frame)?;
                    assert_eq!(sent.mac, link(true).mac.unwrap());
                    Some((sent.address, sent.router))
                })
                .collect();
            let addresses = ["fe80::100", "2001:db8::100"].map(|text| text.parse().unwrap());
            assert_eq!(announced, addresses.map(|address| (address, forwards)));
            let Packet::Ipv6 { source, destination, hop_limit, .. } = first_sent(&out) else {
                panic!("{out:?}")
            };
            assert_eq!(*source, IpAddr::from(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x10)));
            assert_eq!((*destination, *hop_limit), (Mode::GROUP_V6, Some(255)));
        }
    }
}

/// R9568-E8300-01: "It MUST verify that the first address in the IPvX Address(es) field is an IPv6 link-local
/// address."
#[test]
fn an_ipv6_advert_counts_whatever_its_first_address_is() {
    let (mut bench, _) = start_six(six(Priority(100)), true);
    let advert = Advert {
        version: Version::V3,
        vrid: Vrid::new(51).unwrap(),
        priority: Priority(150),
        interval: Duration::from_millis(100),
        coverage: Coverage::Kernel,
        addresses: vec!["2001:db8::100".parse().unwrap(), "fe80::100".parse().unwrap()],
    };
    let source: IpAddr = "fe80::20".parse().unwrap();
    let bytes = advert.encode_ipv6(source, Seal::None);
    let heard = Delivery { link: ETH0, source, destination: Mode::GROUP_V6, hop_limit: Some(255), bytes };
    bench.tell(Event::Received(heard));
    assert_eq!(bench.status().counters.adverts_received, 1);
    assert_eq!(bench.status().master, Some((source, Priority(150))));
}

/// R9568-1.7-01: "In IPv4, VRRP advertisements are always sent using the primary IPv4 address as the source of the
/// IPv4 packet."
/// R9568-5.1.1.2-02: "The IPv4 multicast address as assigned by the IANA for VRRP is: 224.0.0.18"
/// R9568-5.1.1.3-01: "The TTL MUST be set to 255."
/// R9568-5.1.1.4-01: "The IPv4 protocol number assigned by the IANA for VRRP is 112 (decimal)."
/// R9568-7.2-05 (IPv4): "Set the source IPv4 address to the interface's primary IPv4 address"
/// R9568-7.2-07: "Set the IPvX protocol to VRRP"
/// R9568-7.2-08: "Send the VRRP packet to the VRRP IPvX multicast group"
/// R3768-7.2-05: "Set the source IP address to interface primary IP address"
/// R3768-7.2-07: "Send the VRRP packet to the VRRP IP multicast group"
#[test]
fn adverts_come_from_the_primary_address_and_go_to_the_group() {
    for config in versions() {
        let mut bench = Bench::with(config);
        let further = LinkAddress::plain(ETH0, Prefix::host(Ipv4Addr::new(198, 51, 100, 1).into()));
        bench.tell(Event::AddressAdded(further));
        let out = bench.wait(3_700);
        let Packet::Ipv4(bytes) = first_sent(&out) else { panic!("{out:?}") };
        assert_eq!((bytes[8], bytes[9]), (255, 112), "TTL and protocol");
        assert_eq!(bytes[12..16], OURS.octets());
        assert_eq!(bytes[16..20], [224, 0, 0, 18]);
    }
}
