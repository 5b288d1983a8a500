//! A daemon's status for people.

use std::fmt::Write;
use std::time::Duration;

use bfd::status::{Gauges, SessionStatus};
use check::status::{CheckStatus, ServerStatus, ServiceStatus};
use daemon::status::{DaemonStatus, MailStatus};
use host::Instant;
use vrrp::config::Version;
use vrrp::notice::State;
use vrrp::status::{InstanceStatus, Lateness, ScriptStatus};
use vrrp::wire::Coverage;

/// All of it, each virtual router in a paragraph.
pub(super) fn render(status: &DaemonStatus) -> String {
    let mut text = format!("{}, pid {}, {}\n", status.version, status.pid, status.configuration);
    text.push_str(&worker("vrrp", status.vrrp_pid, status.vrrp_starts));
    if status.bfd_starts > 0 {
        text.push_str(&worker("bfd", status.bfd_pid, status.bfd_starts));
    }
    if status.check_starts > 0 {
        text.push_str(&worker("check", status.check_pid, status.check_starts));
    }
    let MailStatus { waiting, sent, lost } = status.mail;
    if status.mail != MailStatus::default() {
        let _ = writeln!(text, "mail: {sent} sent, {waiting} waiting, {lost} lost");
    }
    if let Some(reload) = status.last_reload.as_ref().filter(|reload| !reload.taken) {
        text.push_str("The last reload failed, the configuration before it is in force:\n");
        for line in &reload.diagnostics {
            let _ = writeln!(text, "  {line}");
        }
    }
    if let Some(bfd) = &status.bfd {
        for session in &bfd.sessions {
            text.push_str(&session_text(session, status.now));
        }
        text.push_str(&gauges_text(&bfd.gauges));
    }
    for service in status.check.iter().flat_map(|check| &check.services) {
        text.push_str(&service_text(service));
    }
    let Some(vrrp) = &status.vrrp else {
        return text + "The vrrp worker does not say how it stands.\n";
    };
    for instance in &vrrp.instances {
        text.push('\n');
        text.push_str(&instance_text(instance, status.now));
    }
    if !vrrp.scripts.is_empty() {
        let scripts: Vec<String> = vrrp.scripts.iter().map(script).collect();
        let _ = writeln!(text, "\nscripts: {}", scripts.join(", "));
    }
    let _ = writeln!(text, "\n{}", lateness(&vrrp.lateness));
    text
}

fn worker(name: &str, pid: Option<u32>, starts: u64) -> String {
    match pid {
        Some(pid) if starts > 1 => format!("{name} worker: pid {pid}, started {starts} times\n"),
        Some(pid) => format!("{name} worker: pid {pid}\n"),
        None => format!("{name} worker: none runs\n"),
    }
}

fn session_text(session: &SessionStatus, now: Instant) -> String {
    let SessionStatus { name, neighbour, state, transmit, detection, counters, .. } = session;
    let detection =
        detection.map_or_else(String::new, |time| format!(", detection time {} ms", millis(time)));
    let mut text = format!(
        "{name}: {state} for {} with {neighbour}, sending every {} ms{detection}\n",
        length(now.since(session.since)),
        millis(*transmit)
    );
    let ago = |at: Option<Instant>| {
        at.map_or_else(String::new, |at| format!(", last {} ago", length(now.since(at))))
    };
    let _ = writeln!(
        text,
        "  {} times up{}, {} times down{}; packets {} sent, {} received, {} discarded",
        counters.ups,
        ago(session.up_at),
        counters.downs,
        ago(session.down_at),
        counters.sent,
        counters.received,
        counters.discards.total()
    );
    text
}

/// How precise the bfd worker is.
fn gauges_text(gauges: &Gauges) -> String {
    let Gauges { detection, overdue, lateness } = gauges;
    format!(
        "paths found dead: {}, after {} ms at most, {} ms of it late; timers: {}, worst {} ms late\n",
        detection.count(),
        millis(detection.max()),
        millis(overdue.max()),
        lateness.count(),
        millis(lateness.max())
    )
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn service_text(service: &ServiceStatus) -> String {
    let ServiceStatus { name, quorum, needed, hysteresis: _, weight, sorry_server, sorry, servers } = service;
    let state = match quorum {
        Some(true) => "up",
        Some(false) => "down",
        None => "undecided",
    };
    let mut text = format!("\n{name}: {state}, weight {weight} of {needed} needed\n");
    for ServerStatus { name, weight, up, checks } in servers {
        let word = |up: bool| if up { "up" } else { "down" };
        let _ = write!(text, "  {name}: {}, weight {weight}", word(*up));
        for CheckStatus { kind, session, up } in checks {
            let session = session.as_ref().map_or_else(String::new, |name| format!(" {name}"));
            let _ = write!(text, ", {kind}{session} {}", word(*up));
        }
        text.push('\n');
    }
    if let Some(name) = sorry_server {
        let _ = writeln!(text, "  sorry server {name}{}", if *sorry { ": serves" } else { "" });
    }
    text
}

fn lateness(lateness: &Lateness) -> String {
    let Lateness { wakes, over_1_ms, over_10_ms, over_100_ms, worst } = lateness;
    format!(
        "timers: {wakes}, more than 1 ms late {over_1_ms}, 10 ms {over_10_ms}, 100 ms {over_100_ms}, worst {:.1} ms",
        worst.as_secs_f64() * 1000.0
    )
}

fn instance_text(instance: &InstanceStatus, now: Instant) -> String {
    let place = instance.link.as_ref().map_or(String::new(), |link| format!(" on {link}"));
    let mut text = format!(
        "{}: {} for {}, {} virtual router {}{place}, version {}\n",
        instance.name,
        instance.state,
        length(now.since(instance.since)),
        instance.family,
        instance.vrid,
        instance.version.number()
    );
    let changed = if instance.base_priority == instance.effective_priority {
        String::new()
    } else {
        format!(" (configured {})", instance.base_priority)
    };
    let _ = writeln!(
        text,
        "  priority {}{changed}, adverts every {} s",
        instance.effective_priority,
        instance.interval.as_secs_f64()
    );
    if let (true, Some((address, priority))) = (instance.state == State::Backup, instance.master) {
        let _ = writeln!(text, "  master is {address} with priority {priority}");
    }
    if let (Version::V3, Some(Coverage::Advert)) = (instance.version, instance.checksum) {
        let _ = writeln!(text, "  adverts heard are summed without the pseudo-header, as RFC 9568 has it");
    }
    if !instance.faults.is_empty() {
        let faults: Vec<String> = instance.faults.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "  fault: {}", faults.join(", "));
    }
    for (address, link, held) in &instance.addresses {
        let _ = writeln!(text, "  {address} on {link}{}", if *held { ": here" } else { "" });
    }
    let counters = &instance.counters;
    let _ = writeln!(
        text,
        "  adverts {} sent, {} received; master {} times",
        counters.adverts_sent, counters.adverts_received, counters.became_master
    );
    text
}

fn script(script: &ScriptStatus) -> String {
    let word = match script.good {
        Some(true) => "good",
        Some(false) => "bad",
        None => "not known yet",
    };
    format!("{} {word}", script.name)
}

/// A length of time in its two largest units.
fn length(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_two_units() {
        assert_eq!(length(Duration::from_millis(59_999)), "59 s");
        assert_eq!(length(Duration::from_secs(61)), "1 min 1 s");
        assert_eq!(length(Duration::from_secs(7_260)), "2 h 1 min");
        assert_eq!(length(Duration::from_secs(90_000)), "1 d 1 h");
    }

    #[test]
    fn dead_paths_are_told_by_how_late_they_were_found() {
        let mut gauges = Gauges::default();
        gauges.detection.add(Duration::from_micros(50_300));
        gauges.overdue.add(Duration::from_micros(300));
        gauges.lateness.add(Duration::from_micros(60));
        gauges.lateness.add(Duration::from_micros(400));
        let expected =
            "paths found dead: 1, after 50.3 ms at most, 0.3 ms of it late; timers: 2, worst 0.4 ms late\n";
        assert_eq!(gauges_text(&gauges), expected);
    }

    #[test]
    fn late_timers_are_told_by_how_late() {
        let mut counted = Lateness::default();
        for ms in [0, 2, 20, 250] {
            counted.count(Duration::from_millis(ms));
        }
        let expected = "timers: 4, more than 1 ms late 3, 10 ms 2, 100 ms 1, worst 250.0 ms";
        assert_eq!(lateness(&counted), expected);
    }

    fn service() -> ServiceStatus {
        let check = CheckStatus { kind: "BFD_CHECK".into(), session: Some("B".into()), up: false };
        let server =
            ServerStatus { name: "[10.0.0.11]:tcp:80".into(), weight: 1, up: false, checks: vec![check] };
        ServiceStatus {
            name: "[10.0.0.100]:tcp:80".into(),
            quorum: Some(false),
            needed: 1,
            hysteresis: 0,
            weight: 0,
            sorry_server: Some("[10.0.0.14]:tcp:80".into()),
            sorry: true,
            servers: vec![server],
        }
    }

    #[test]
    fn a_failed_reload_is_told_first() {
        let status = DaemonStatus {
            version: "standfast 1".to_owned(),
            pid: 7,
            now: Instant::ZERO,
            configuration: "/etc/keepalived/keepalived.conf".to_owned(),
            vrrp_pid: None,
            vrrp_starts: 0,
            bfd_pid: Some(8),
            bfd_starts: 2,
            check_pid: Some(9),
            check_starts: 1,
            scripts_running: 0,
            scripts_waiting: 0,
            mail: daemon::status::MailStatus { waiting: 2, sent: 7, lost: 1 },
            last_reload: Some(daemon::status::LastReload {
                at: 0,
                taken: false,
                diagnostics: vec!["it is broken".to_owned()],
            }),
            vrrp: None,
            bfd: None,
            check: Some(check::Status { services: vec![service()], outstanding: 0, refused: 0 }),
        };
        let text = render(&status);
        assert!(
            text.contains(
                "\n[10.0.0.100]:tcp:80: down, weight 0 of 1 needed\n  [10.0.0.11]:tcp:80: down, weight 1, BFD_CHECK B down\n  \
                 sorry server [10.0.0.14]:tcp:80: serves\n"
            ),
            "{text}"
        );
        assert!(text.contains("vrrp worker: none runs\nbfd worker: pid 8, started 2 times\n"), "{text}");
        assert!(text.contains("mail: 7 sent, 2 waiting, 1 lost\n"), "{text}");
        assert!(text.contains("in force:\n  it is broken\n"), "{text}");
    }
}
