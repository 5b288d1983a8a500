use alloc::vec::Vec;

use super::*;

fn config() -> AnnounceConfig {
    AnnounceConfig { refresh: Duration::from_secs(60), ..AnnounceConfig::default() }
}

/// Keepalived: `garp_master_repeat` packets on becoming master and again after `garp_master_delay`; the first
/// refresh comes that delay and one refresh interval later.
///
/// vrrp-behaviour §7.
#[test]
fn rounds_come_at_once_after_the_delay_and_at_each_refresh() {
    let mut rounds = Rounds::on_becoming_master(&config(), Instant::ZERO);
    let mut seen = Vec::new();
    let mut now = Instant::ZERO;
    while now < Instant::from_millis(130_000) {
        now = rounds.next_deadline().unwrap();
        while let Some(round) = rounds.due(&config(), now) {
            let Round::Addresses(repeat) = round else { panic!() };
            seen.push((now.as_nanos() / 1_000_000_000, repeat));
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

/// vrrp-behaviour §7, §22.5.
#[test]
fn a_lesser_router_brings_a_round_now_and_one_after_the_delay() {
    let config =
        AnnounceConfig { lower_priority_repeat: 2, delay: Duration::ZERO, ..AnnounceConfig::default() };
    let mut rounds = Rounds::on_becoming_master(&config, Instant::ZERO);
    rounds.due(&config, Instant::ZERO);
    rounds.on_rival_heard(&config, Instant::from_millis(1_000));
    assert_eq!(rounds.due(&config, Instant::from_millis(1_000)), Some(Round::Healing(2)));
    assert_eq!(rounds.due(&config, Instant::from_millis(1_000)), None);
    assert_eq!(rounds.next_deadline(), Some(Instant::from_millis(6_000)));

    let silent = AnnounceConfig { lower_priority_repeat: 0, heals: false, ..config };
    let mut rounds = Rounds::default();
    rounds.on_rival_heard(&silent, Instant::ZERO);
    assert_eq!(rounds.next_deadline(), None);
}

/// Keepalived sends nothing where `garp_lower_prio_repeat` is 0, as in strict mode.
#[test]
fn where_such_rounds_are_off_healing_still_sends_one_packet() {
    let config = AnnounceConfig { lower_priority_repeat: 0, ..AnnounceConfig::default() };
    let mut rounds = Rounds::default();
    rounds.on_rival_heard(&config, Instant::ZERO);
    assert_eq!(rounds.due(&config, Instant::ZERO), Some(Round::Healing(1)));
    assert_eq!(rounds.next_deadline(), None);
}

#[test]
fn other_links_are_announced_on_at_their_own_interval() {
    let config = AnnounceConfig {
        elsewhere: Duration::from_secs(60),
        delay: Duration::ZERO,
        ..AnnounceConfig::default()
    };
    let mut rounds = Rounds::on_becoming_master(&config, Instant::ZERO);
    rounds.due(&config, Instant::ZERO);
    for minute in 1..4 {
        let at = Instant::from_millis(60_000 * minute);
        assert_eq!(rounds.next_deadline(), Some(at));
        assert_eq!(rounds.due(&config, at), Some(Round::Elsewhere));
        assert_eq!(rounds.due(&config, at), None);
    }
    let sooner = AnnounceConfig { elsewhere: Duration::from_secs(10), ..config };
    rounds.on_reload(&sooner, Instant::from_millis(200_000));
    assert_eq!(rounds.next_deadline(), Some(Instant::from_millis(210_000)));
    rounds.on_reload(&AnnounceConfig::default(), Instant::from_millis(200_000));
    assert_eq!(rounds.next_deadline(), None);
}
