//! A master that is told the same over and over: what it says is bounded, and still enough to keep every backup quiet.

use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::time::Duration;

use host::{Instant, Prefix};

use super::bench::*;
use crate::config::{InstanceConfig, Priority, VirtualAddress};
use crate::notice::State;
use crate::timing;

/// Hears an advert every `spacing` for ten seconds, and hands back when it was heard, what was sent and when.
fn flood(
    bench: &mut Bench,
    from: Ipv4Addr,
    priority: u8,
    spacing: Duration,
) -> (Vec<Instant>, Vec<Instant>, usize) {
    let end = bench.now + Duration::from_secs(10);
    let (mut heard, mut adverts, mut announced) = (Vec::new(), Vec::new(), 0);
    let mut note = |at, actions: &[_]| {
        for order in brief(actions) {
            adverts.extend(order.starts_with("advert").then_some(at));
            announced += usize::from(order.starts_with("garp"));
        }
    };
    while bench.now < end {
        heard.push(bench.now);
        let out = bench.hear(from, priority);
        note(bench.now, &out);
        let next = bench.now + spacing;
        while let Some(at) = bench.next_deadline().filter(|at| *at <= next) {
            let out: Vec<_> = bench.run_until(at).into_iter().map(|(_, action)| action).collect();
            note(at, &out);
        }
        bench.run_until(next);
    }
    assert_eq!(bench.state(), State::Master);
    (heard, adverts, announced)
}

/// Some that come more often than any interval, and some that do not.
const SPACINGS: [u64; 9] = [1, 3, 10, 90, 200, 310, 700, 999, 1_700];

/// Keepalived answers each packet with an advert and five gratuitous ARPs.
#[test]
fn lesser_adverts_are_answered_by_an_advert_and_a_round_an_interval() {
    for spacing in SPACINGS.map(Duration::from_millis) {
        let mut bench = Bench::master(instance());
        let (heard, adverts, announced) = flood(&mut bench, HIGH, 99, spacing);
        // One that comes when there has been nothing to answer for an interval is answered beside the regular ones.
        let most = if spacing < Duration::from_secs(1) { 11 } else { 11 + heard.len() };
        assert!((9..=most).contains(&adverts.len()), "{spacing:?}: {adverts:?}");
        assert!(announced <= 11, "{spacing:?}: {announced}");
    }
}

/// RFC 9568 §6.4.2: "If the Priority in the ADVERTISEMENT is 0, then: Set the Active_Down_Timer to Skew_Time": unless the
/// master is heard before, every backup that heard it takes over.
#[test]
fn adverts_that_give_up_are_answered_before_any_backup_takes_over_and_no_more_often_than_that_needs() {
    for config in [instance(), instance_v3()] {
        for priority in [1, 100, 200, 254] {
            let config = InstanceConfig { priority: Priority(priority), ..config.clone() };
            let skew = timing::skew(config.version, config.priority, config.interval);
            for spacing in SPACINGS.map(Duration::from_millis) {
                let mut bench = Bench::master(config.clone());
                let (heard, adverts, announced) = flood(&mut bench, HIGH, 0, spacing);
                let answered = |at: &Instant| adverts.iter().any(|sent| sent >= at && sent.since(*at) < skew);
                let unanswered = heard.iter().find(|at| **at + skew <= bench.now && !answered(at));
                assert_eq!(unanswered, None, "{priority} {spacing:?}");
                let intervals = 10.0 / config.interval.as_secs_f64();
                let most = 10.0 / (skew.as_secs_f64() / 2.0) + 2.0 * intervals + 2.0;
                assert!((adverts.len() as f64) <= most, "{priority} {spacing:?}: {} > {most}", adverts.len());
                assert!((announced as f64) <= intervals + 1.0, "{priority} {spacing:?}: {announced}");
            }
        }
    }
}

/// Lines a second that a flood may bring, all kinds together: a line twice a second, or a change four times.
const LINES: usize = 8;

/// A lesser router at a short interval; the backup hears its master too, so that the two seem to alternate.
#[test]
fn what_is_said_of_a_flood_is_a_few_lines_a_second_that_count_the_rest() {
    let addresses: Vec<_> = (1..=10)
        .map(|last| VirtualAddress::plain(Prefix::host(Ipv4Addr::new(192, 0, 2, 100 + last).into())))
        .collect();
    let config = InstanceConfig { addresses, ..instance_v3() };
    for (ours, others) in [(100, [(HIGH, 99), (LOW, 0)]), (100, [(HIGH, 200), (LOW, 99)])] {
        let config = InstanceConfig { priority: Priority(ours), ..config.clone() };
        let mut bench = if others[0].1 < ours { Bench::master(config) } else { Bench::with(config) };
        let (mut lines, mut rounds) = (Vec::new(), 0);
        for _ in 0..1_000 {
            for (from, priority) in others {
                let mut out = bench.hear(from, priority);
                out.extend(bench.wait(5));
                rounds += brief(&out).iter().filter(|order| order.starts_with("garp")).count();
                lines.extend(log(&out));
            }
        }
        // The first round of announcements is told of: that it begins, and each packet of it.
        assert!(lines.len() <= 10 * LINES + 3 * 10, "{} lines: {lines:#?}", lines.len());
        assert!(rounds <= 11 * 10, "{rounds}");
        assert!(lines.iter().any(|line| line.contains("more since the last such line")), "{lines:#?}");
    }
}
