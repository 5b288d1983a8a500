//! `keepalived_bfd.data`: the BFD sessions. Upstream's heads and labels, and after them what is counted.

use std::fmt::{self, Write};
use std::time::Duration;

use bfd::status::{Counters, Histogram, SessionStatus};
use host::Instant;

use super::data::time;
use super::{Report, globals};

/// The whole of it.
pub fn bfd(report: &Report<'_>) -> String {
    let mut text = globals(report);
    // Writing to a string cannot fail.
    let _ = write_all(&mut text, report);
    text
}

fn write_all(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let Some(status) = report.bfd else { return Ok(()) };
    writeln!(out, "------< BFD Data >------")?;
    for (name, histogram) in [
        ("Detection times", &status.gauges.detection),
        ("Overdue", &status.gauges.overdue),
        ("Lateness of timers", &status.gauges.lateness),
    ] {
        write_histogram(out, name, histogram)?;
    }
    writeln!(out, "------< BFD Topology >------")?;
    for session in &status.sessions {
        write_settings(out, session)?;
        write_state(out, session, report)?;
        write_counters(out, &session.counters)?;
    }
    Ok(())
}

fn write_histogram(out: &mut String, name: &str, histogram: &Histogram) -> fmt::Result {
    writeln!(out, " {name} = {}, at most {} us", histogram.count(), micros(histogram.max()))?;
    for (bound, count) in histogram.buckets().filter(|(_, count)| *count > 0) {
        match bound {
            Some(bound) => writeln!(out, "   up to {} us = {count}", micros(bound))?,
            None => writeln!(out, "   longer = {count}")?,
        }
    }
    Ok(())
}

fn write_settings(out: &mut String, session: &SessionStatus) -> fmt::Result {
    writeln!(out, " BFD Instance = {}", session.name)?;
    writeln!(out, "   Neighbor IP = {}", session.neighbour)?;
    if let Some(source) = session.source {
        writeln!(out, "   Source IP = {source}")?;
    }
    if let Some(link) = &session.link {
        writeln!(out, "   Interface = {link}")?;
    }
    writeln!(out, "   Required min RX interval = {} us", micros(session.min_rx))?;
    writeln!(out, "   Desired min TX interval = {} us", micros(session.min_tx))?;
    writeln!(out, "   Desired idle TX interval = {} us", micros(session.idle_tx))?;
    writeln!(out, "   Detection multiplier = {}", session.local.multiplier)?;
    let kind = if session.neighbour.is_ipv4() { "TTL" } else { "hoplimit" };
    writeln!(out, "   {kind} = {}", session.hops.sent)?;
    writeln!(out, "   least {kind} accepted = {}", session.hops.least)?;
    writeln!(out, "   passive = {}", session.passive)?;
    let yes = |is: bool| if is { "Yes" } else { "No" };
    writeln!(out, "   send event to VRRP process = {}", yes(session.audience.vrrp))?;
    writeln!(out, "   send event to checker process = {}", yes(session.audience.checker))?;
    writeln!(out, "   source port = {}", session.port)
}

fn write_state(out: &mut String, session: &SessionStatus, report: &Report<'_>) -> fmt::Result {
    let remote = &session.remote;
    let at = |at: Option<Instant>| at.map_or("[never]".into(), |at| time(report.moment.micros(at)));
    writeln!(out, "   send error = {}", session.counters.unsent > 0)?;
    writeln!(out, "   local state = {}", session.state)?;
    writeln!(out, "   remote state = {}", remote.state)?;
    writeln!(out, "   local discriminator = {:#x}", session.discriminator)?;
    writeln!(out, "   remote discriminator = {:#x}", remote.discriminator)?;
    writeln!(out, "   local diag = {}", session.diagnostic)?;
    writeln!(out, "   remote diag = {}", remote.diagnostic)?;
    writeln!(out, "   remote min tx intv = {} us", micros(remote.intervals.desired_min_tx))?;
    writeln!(out, "   remote min rx intv = {} us", micros(remote.intervals.required_min_rx))?;
    writeln!(out, "   local demand = 0\n   remote demand = {}", u8::from(remote.demand))?;
    writeln!(out, "   remote detect multiplier = {}", remote.intervals.multiplier)?;
    writeln!(out, "   {}poll, !final", if session.polling { "" } else { "!" })?;
    writeln!(out, "   echo = {}", session.echoing)?;
    writeln!(out, "   local tx intv = {} us", micros(session.transmit))?;
    writeln!(out, "   local detection time = {} us", micros(session.detection.unwrap_or_default()))?;
    writeln!(out, "   remote detection time = {} us", micros(session.remote_detection))?;
    writeln!(out, "   last_seen = {}", at(session.heard))?;
    writeln!(out, "   last transition = {}", time(report.moment.micros(session.since)))?;
    writeln!(out, "   last up = {}\n   last down = {}", at(session.up_at), at(session.down_at))
}

fn write_counters(out: &mut String, counters: &Counters) -> fmt::Result {
    let Counters { received, sent, echo_received, echo_sent, echo_reflected, ups, downs, .. } = counters;
    writeln!(out, "   packets received = {received}\n   packets sent = {sent}")?;
    writeln!(out, "   echo packets returned = {echo_received}\n   echo packets sent = {echo_sent}")?;
    writeln!(out, "   echo packets reflected = {echo_reflected}")?;
    writeln!(out, "   times up = {ups}\n   times down = {downs}\n   times expired = {}", counters.expired)?;
    writeln!(out, "   packets not sent = {}", counters.unsent)?;
    writeln!(out, "   packets discarded = {}", counters.discards.total())
}

fn micros(duration: Duration) -> u128 {
    duration.as_micros()
}
