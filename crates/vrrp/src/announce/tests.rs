use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::*;

fn config() -> AnnounceConfig {
    AnnounceConfig { refresh: Duration::from_secs(60), ..AnnounceConfig::default() }
}

fn announcement(last: u8) -> Announcement {
    let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
    Announcement { instance: InstanceId(1), link: LinkIndex(2), address }
}

fn lasts(sent: &[Announcement]) -> Vec<u8> {
    let last = |announcement: &Announcement| match announcement.address {
        IpAddr::V4(address) => address.octets()[3],
        IpAddr::V6(_) => 0,
    };
    sent.iter().map(last).collect()
}

/// Keepalived: `garp_master_repeat` packets on becoming master and again after `garp_master_delay`; the first
/// refresh comes that delay and one refresh interval later.
#[test]
fn rounds_come_at_once_after_the_delay_and_at_each_refresh() {
    let mut rounds = Rounds::on_becoming_master(&config(), Instant::ZERO);
    let mut seen = Vec::new();
    let mut now = Instant::ZERO;
    while now < Instant::from_millis(130_000) {
        now = rounds.next_deadline().unwrap();
        while let Some(round) = rounds.due(&config(), now) {
            seen.push((now.as_nanos() / 1_000_000_000, round.repeat));
        }
    }
    assert_eq!(seen, [(0, 5), (5, 5), (65, 1), (125, 1), (185, 1)]);
}

#[test]
fn a_delay_of_zero_sends_no_second_round() {
    let config = AnnounceConfig { delay: Duration::ZERO, ..AnnounceConfig::default() };
    let mut rounds = Rounds::on_becoming_master(&config, Instant::ZERO);
    assert!(rounds.due(&config, Instant::ZERO).is_some());
    assert_eq!(rounds.next_deadline(), None);
}

#[test]
fn a_lesser_router_brings_a_round_now_and_one_after_the_delay() {
    let config =
        AnnounceConfig { lower_priority_repeat: 2, delay: Duration::ZERO, ..AnnounceConfig::default() };
    let mut rounds = Rounds::on_becoming_master(&config, Instant::ZERO);
    rounds.due(&config, Instant::ZERO);
    rounds.on_lesser_heard(&config, Instant::from_millis(1_000));
    assert_eq!(rounds.due(&config, Instant::from_millis(1_000)), Some(Round { repeat: 2 }));
    assert_eq!(rounds.due(&config, Instant::from_millis(1_000)), None);
    assert_eq!(rounds.next_deadline(), Some(Instant::from_millis(6_000)));

    let silent = AnnounceConfig { lower_priority_repeat: 0, ..config };
    let mut rounds = Rounds::default();
    rounds.on_lesser_heard(&silent, Instant::ZERO);
    assert_eq!(rounds.next_deadline(), None);
}

#[test]
fn without_a_gap_each_repetition_goes_through_all_addresses() {
    let mut queue = Queue::default();
    let mut sent = Vec::new();
    let all = [announcement(1), announcement(2)];
    queue.add(&all, Round { repeat: 3 }, Instant::ZERO, |announcement| sent.push(announcement));
    assert_eq!(lasts(&sent), [1, 2, 1, 2, 1, 2]);
    assert_eq!(queue.next_deadline(), None);
}

#[test]
fn with_a_gap_announcements_queue_and_take_turns() {
    let mut queue = Queue::default();
    let gap = Duration::from_millis(10);
    queue.set_pace(AnnouncePace { arp: gap, neighbour: Duration::ZERO });
    let all = [announcement(1), announcement(2)];
    queue.add(&all, Round { repeat: 2 }, Instant::ZERO, |_| panic!("nothing goes around the queue"));
    // Asked for again while waiting: the count does not add up.
    queue.add(&all, Round { repeat: 2 }, Instant::ZERO, |_| panic!("nothing goes around the queue"));
    let mut sent = Vec::new();
    let mut times = Vec::new();
    while let Some(at) = queue.next_deadline() {
        queue.run(at, |announcement| sent.push(announcement));
        times.push(at.as_nanos() / 1_000_000);
    }
    assert_eq!(lasts(&sent), [1, 2, 1, 2]);
    assert_eq!(times, [0, 10, 20, 30]);
}

#[test]
fn who_is_master_no_more_announces_no_more() {
    let mut queue = Queue::default();
    queue.set_pace(AnnouncePace { arp: Duration::from_millis(10), neighbour: Duration::ZERO });
    queue.add(&[announcement(1)], Round { repeat: 5 }, Instant::ZERO, |_| {});
    queue.forget(InstanceId(1));
    assert_eq!(queue.next_deadline(), None);
}

#[test]
fn a_round_is_bounded_whatever_the_file_says() {
    let mut queue = Queue::default();
    let mut sent = 0_u32;
    queue.add(&[announcement(1)], Round { repeat: u32::MAX }, Instant::ZERO, |_| sent += 1);
    assert_eq!(sent, MOST_REPEATS);
}
