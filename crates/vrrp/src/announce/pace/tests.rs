use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

use super::*;

const GAP: Duration = Duration::from_millis(10);

fn name(of: &str) -> LinkName {
    LinkName::new(of).unwrap()
}

/// Address `last` on link `eth{link}`.
fn announcement(link: u32, last: u8) -> Announcement {
    let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
    let link = LinkIndex(link);
    Announcement { instance: InstanceId(1), link, paced_by: link, address }
}

fn last(announcement: Announcement) -> u8 {
    match announcement.address {
        IpAddr::V4(address) => address.octets()[3],
        IpAddr::V6(_) => 0,
    }
}

/// Puts announcements into a queue at time zero; what goes at once.
fn add(queue: &mut Queue, all: &[Announcement], repeat: u32) -> Vec<u8> {
    let names = [name("eth0"), name("eth1"), name("eth2")];
    let name_of = |link: LinkIndex| names.get(usize::try_from(link.0).unwrap());
    let mut sent = Vec::new();
    queue.add(all, name_of, repeat, Instant::ZERO, |one| sent.push(last(one)));
    sent
}

/// All that waits: when each goes, in milliseconds.
fn drain(queue: &mut Queue) -> Vec<(u64, u8)> {
    let mut sent = Vec::new();
    while let Some(at) = queue.next_deadline() {
        queue.run(at, |one| sent.push((at.as_nanos() / 1_000_000, last(one))));
    }
    sent
}

fn arps(gap: Duration) -> AnnouncePace {
    AnnouncePace { arp: gap, neighbour: Duration::ZERO }
}

#[test]
fn without_a_gap_each_repetition_goes_through_all_addresses() {
    let mut queue = Queue::default();
    assert_eq!(add(&mut queue, &[announcement(0, 1), announcement(0, 2)], 3), [1, 2]);
    assert_eq!(drain(&mut queue), [(0, 1), (0, 2), (0, 1), (0, 2)]);
}

/// Thousands of packets of one turn would make adverts late.
#[test]
fn repetitions_leave_in_turns_that_are_bounded() {
    let mut queue = Queue::default();
    let all: Vec<_> = (0..100).map(|number| announcement(0, number)).collect();
    assert_eq!(add(&mut queue, &all, 2).len(), 100);
    let mut turns = Vec::new();
    while let Some(at) = queue.next_deadline() {
        let mut sent = 0;
        queue.run(at, |_| sent += 1);
        turns.push((at, sent));
    }
    assert_eq!(turns, [(Instant::ZERO, 64), (Instant::ZERO, 36)]);
}

#[test]
fn with_a_gap_announcements_queue_and_take_turns() {
    let mut queue = Queue::default();
    queue.set_pace(arps(GAP), Vec::new());
    let all = [announcement(0, 1), announcement(0, 2)];
    assert_eq!(add(&mut queue, &all, 2), [0; 0]);
    // Asked for again while waiting: the count does not add up.
    assert_eq!(add(&mut queue, &all, 2), [0; 0]);
    assert_eq!(drain(&mut queue), [(0, 1), (10, 2), (20, 1), (30, 2)]);
}

/// The manual of Keepalived on `garp_group`: `interface` is "the physical interface to which the intervals apply".
#[test]
fn a_link_may_have_a_gap_of_its_own() {
    let mut queue = Queue::default();
    let groups = [
        PaceGroup { links: [name("eth1")].into(), shared: false, pace: arps(GAP * 2) },
        PaceGroup { links: [name("eth2")].into(), shared: false, pace: arps(Duration::ZERO) },
    ];
    queue.set_pace(arps(GAP), groups.into());
    assert_eq!(add(&mut queue, &[announcement(0, 1), announcement(1, 2), announcement(2, 3)], 2), [3]);
    assert_eq!(drain(&mut queue), [(0, 1), (0, 2), (0, 3), (10, 1), (20, 2)]);
}

/// The manual of Keepalived on `garp_group`: `interfaces` is "a list of interfaces across which the delays are
/// aggregated".
#[test]
fn links_of_a_group_share_one_gap() {
    let mut queue = Queue::default();
    let group = PaceGroup { links: [name("eth0"), name("eth1")].into(), shared: true, pace: arps(GAP) };
    queue.set_pace(AnnouncePace::default(), [group].into());
    assert_eq!(add(&mut queue, &[announcement(0, 1), announcement(1, 2), announcement(2, 3)], 1), [3]);
    assert_eq!(drain(&mut queue), [(0, 1), (10, 2)]);
}

#[test]
fn announcements_of_a_vmac_count_for_its_base() {
    let mut queue = Queue::default();
    queue.set_pace(arps(GAP), Vec::new());
    let on_vmac = Announcement { link: LinkIndex(9), ..announcement(0, 2) };
    assert_eq!(add(&mut queue, &[announcement(0, 1), on_vmac], 1), [0; 0]);
    assert_eq!(drain(&mut queue), [(0, 1), (10, 2)]);
}

#[test]
fn who_is_master_no_more_announces_no_more() {
    let mut queue = Queue::default();
    queue.set_pace(arps(GAP), Vec::new());
    add(&mut queue, &[announcement(0, 1)], 5);
    queue.forget(InstanceId(1));
    assert_eq!(queue.next_deadline(), None);
}

#[test]
fn a_round_is_bounded_whatever_the_file_says() {
    let mut queue = Queue::default();
    let sent = add(&mut queue, &[announcement(0, 1)], u32::MAX).len() + drain(&mut queue).len();
    assert_eq!(sent, usize::try_from(MOST_REPEATS).unwrap());
}
