//! How a session comes up and goes down by what the two sides say (RFC 5880 §6.1, §6.2).

use alloc::vec::Vec;

use super::bench::*;
use crate::config::SessionConfig;
use crate::wire::SessionState::{AdminDown, Down, Init, Up};
use crate::wire::{Control, Diagnostic};

/// R5880-6.1-01: "A system taking the Active role MUST send BFD Control packets for a particular session, regardless of
/// whether it has received any BFD packets for that session." As keepalived: the first leaves at once.
#[test]
fn an_active_session_sends_at_once_and_goes_on() {
    let (mut bench, out) = Bench::start(config([session()]));
    assert_eq!(brief(&out), ["-> Down 0", "bind 3784", "bind own", "Down"]);
    let first = controls(&out)[0];
    assert_eq!(
        (first.your_discriminator, first.desired_min_tx, first.required_min_rx),
        (0, 1_000_000, 10_000)
    );
    let later = controls(&bench.wait(ms(10_000)));
    assert!((10..=13).contains(&later.len()), "{}", later.len());
    assert!(later.iter().all(|packet| *packet == first));
}

/// R5880-6.1-02, R5880-6.8.7-05: "A system MUST NOT transmit BFD Control packets if bfd.RemoteDiscr is zero and the system is
/// taking the Passive role."
#[test]
fn a_passive_session_is_silent_until_it_hears() {
    let (mut bench, out) = Bench::start(config([SessionConfig { passive: true, ..session() }]));
    assert_eq!(controls(&out), []);
    assert_eq!(controls(&bench.wait(ms(60_000))), []);
    let out = bench.hear(Control { your_discriminator: 0, ..bench.theirs(Down) });
    assert_eq!(brief(&out), ["-> Init 0", "Init"]);
    assert_eq!(controls(&out)[0].your_discriminator, THEM);
    // It hears no more: the neighbour's discriminator is forgotten after the detection time of 5 s.
    let out = bench.wait(ms(5_000));
    assert_eq!(brief(&out).last().unwrap(), "-> Down 1");
    assert_eq!(controls(&bench.wait(ms(60_000))), []);
}

/// As keepalived, recorded: A waits in Down, B starts. "B sends Down → A Init; A sends Init → B Up, B sends Up with P → A Up,
/// A replies at once Up with F".
#[test]
fn the_three_way_handshake_takes_no_longer_than_the_packets() {
    let mut bench = Bench::with(session());
    let out = bench.hear(Control { your_discriminator: 0, ..bench.theirs(Down) });
    assert_eq!(brief(&out), ["-> Init 0", "Init"]);
    let out = bench.hear(Control { poll: true, ..bench.theirs(Up) });
    assert_eq!(brief(&out), ["-> Up 0", "tell alive", "Up F"]);

    let mut bench = Bench::with(session());
    let out = bench.hear(bench.theirs(Init));
    assert_eq!(brief(&out), ["-> Up 0", "tell alive", "Up P"]);
    let out = bench.hear(Control { is_final: true, ..bench.theirs(Up) });
    assert_eq!(brief(&out), nothing());
    assert!(!bench.status().polling);
}

/// R5880-6.2-01, §6.2: "it cannot come back up until the remote end first signals that it is down".
#[test]
fn a_session_that_is_down_stays_so_while_the_neighbour_says_up() {
    let mut bench = Bench::with(session());
    for _ in 0..100 {
        let up = bench.theirs(Up);
        assert_eq!(brief(&bench.hear(up)), nothing());
        bench.wait(ms(10));
    }
    assert_eq!(bench.state(), Down);
}

/// As keepalived, recorded: a neighbour that is killed and started again says Down with another discriminator and without
/// ours; the session goes down with diagnostic 3 at once, and comes up again.
#[test]
fn a_neighbour_that_starts_again_is_noticed_at_once() {
    let mut bench = Bench::up(session());
    let again = Control { my_discriminator: 0x8888, your_discriminator: 0, ..bench.theirs(Down) };
    let out = bench.hear(again);
    assert_eq!(brief(&out), ["-> Down 3", "tell dead", "Down P"]);
    let packet = controls(&out)[0];
    assert_eq!((packet.diagnostic, packet.your_discriminator), (Diagnostic::NEIGHBOUR_DOWN, 0x8888));
    assert_eq!(packet.desired_min_tx, 1_000_000);
    let out = bench.hear(Control { my_discriminator: 0x8888, ..bench.theirs(Init) });
    assert_eq!(brief(&out), ["-> Up 3", "tell alive", "Up P"]);
}

/// Differs: Keepalived takes another discriminator when a session goes down, and clears the diagnostic when it comes up. R5880-6.3-01: the discriminator
/// identifies the session; §6.8.1: variables "are never reinitialized, even if the session fails and is reestablished".
#[test]
fn discriminator_and_diagnostic_outlive_a_failure() {
    let mut bench = Bench::up(session());
    let discriminator = bench.status().discriminator;
    bench.hear(bench.theirs(Down));
    bench.hear(bench.theirs(Init));
    assert_eq!(bench.state(), Up);
    let status = bench.status();
    assert_eq!((status.discriminator, status.diagnostic), (discriminator, Diagnostic::NEIGHBOUR_DOWN));
    assert_eq!((status.counters.ups, status.counters.downs), (2, 1));
    assert_eq!((status.up_at, status.down_at), (Some(bench.now), Some(bench.now)));
}

/// RFC 5882 §4.2: "If [...] the session transitions from Up to Down because the remote system is indicating that the session is
/// in state AdminDown, clients SHOULD NOT take any control protocol action."
#[test]
fn a_neighbour_s_admin_down_is_no_failure_of_the_path_until_it_falls_silent() {
    let mut bench = Bench::up(session());
    let admin_down = Control { diagnostic: Diagnostic::ADMIN_DOWN, ..bench.theirs(AdminDown) };
    let out = bench.hear(admin_down);
    assert_eq!(brief(&out), ["-> Down 3", "Down P"]);
    assert!(bench.status().alive);
    for _ in 0..20 {
        let out = bench.wait(ms(900));
        assert_eq!(verdicts(&out), []);
        bench.hear(admin_down);
    }
    let out = bench.wait(ms(5_000));
    assert_eq!(verdicts(&out).iter().map(|verdict| verdict.alive).collect::<Vec<_>>(), [false]);
}

#[test]
fn what_is_told_has_name_time_and_audience() {
    let audience = crate::config::Audience { vrrp: true, checker: false };
    let mut bench = Bench::with(SessionConfig { audience, ..session() });
    bench.wait(ms(500));
    let told = verdicts(&bench.hear(bench.theirs(Init)));
    let alive = crate::Verdict { session: "B".into(), alive: true, at: bench.now, audience };
    assert_eq!(told, [alive]);
}

#[test]
fn the_log_is_keepalived_s() {
    let mut bench = Bench::with(session());
    let mut lines = log(&bench.hear(bench.theirs(Down)));
    lines.extend(log(&bench.hear(bench.theirs(Up))));
    lines.extend(log(&bench.wait(ms(51))));
    let lines: Vec<&str> =
        lines.iter().map(|line| line.as_str()).filter(|line| !line.contains("Sending")).collect();
    assert_eq!(
        lines,
        [
            "(B) Entering Init state",
            "(B) Entering Up state",
            "(B) Expired after 50 ms (0 usec overdue)",
            "(B) Entering Down state (Local diagnostic - Control Detection Time Expired, Remote diagnostic - No \
             Diagnostic)",
        ]
    );
}
