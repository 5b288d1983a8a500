//! `keepalived.data`: the VRRP topology and the scripts. Upstream calls the layout unstable; its heads and labels are
//! what tools look for.

use std::fmt::{self, Write};

use vrrp::config::{Authentication, InstanceConfig, Mode, Preemption, Version, VirtualAddress, Weight};
use vrrp::status::InstanceStatus;

use super::{Moment, address, config_of, master_down, quoted};

/// The whole of it.
pub fn data(status: &vrrp::Status, config: &vrrp::Config, moment: Moment) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut text, status, config, moment);
    text
}

fn write_all(out: &mut String, status: &vrrp::Status, config: &vrrp::Config, moment: Moment) -> fmt::Result {
    if !status.instances.is_empty() {
        writeln!(out, "------< VRRP Topology >------")?;
    }
    for instance in &status.instances {
        if let Some(config) = config_of(instance, config) {
            write_state(out, instance, config, moment)?;
            write_announcements(out, config)?;
            write_protocol(out, instance, config)?;
            write_addresses(out, instance, config)?;
            write_tracking(out, config)?;
            write_scripts(out, config)?;
        }
    }
    if !config.scripts.is_empty() {
        writeln!(out, "------< VRRP Scripts >------")?;
    }
    for script in &config.scripts {
        let good = status.scripts.iter().find(|known| known.name == script.name).and_then(|known| known.good);
        let state = match good {
            None => "INIT",
            Some(true) => "GOOD",
            Some(false) => "BAD",
        };
        writeln!(out, " VRRP Script = {}", script.name)?;
        writeln!(out, "   Command = {}", quoted(&script.command))?;
        writeln!(out, "   Interval = {} sec", script.interval.as_secs_f64())?;
        writeln!(out, "   Timeout = {} sec", script.timeout.as_secs_f64())?;
        writeln!(out, "   Rise = {}\n   Fall = {}\n   Status = {state}", script.rise, script.fall)?;
    }
    Ok(())
}

fn write_state(
    out: &mut String,
    status: &InstanceStatus,
    config: &InstanceConfig,
    moment: Moment,
) -> fmt::Result {
    writeln!(out, " VRRP Instance = {}", config.name)?;
    writeln!(out, "   VRRP Version = {}", config.version.number())?;
    if config.family == host::Family::V6 {
        writeln!(out, "   Using Native IPv6")?;
    }
    writeln!(out, "   State = {}", status.state)?;
    match config.mode {
        Mode::Multicast { .. } => writeln!(out, "   Flags: none")?,
        Mode::Unicast { .. } => writeln!(out, "   Flags:\n     Using unicast")?,
    }
    writeln!(out, "   Wantstate = {}", if config.wants_master { "MASTER" } else { "BACKUP" })?;
    writeln!(out, "   Number of config faults = 0")?;
    writeln!(out, "   Number of interface and track script faults = {}", status.faults.len())?;
    writeln!(out, "   Last transition = {}", time(moment.micros(status.since)))?;
    writeln!(out, "   Master down timer = {} usecs", master_down(config, status).as_micros())?;
    writeln!(out, "   Interface = {}", config.link)?;
    if let Some(source) = status.source {
        let origin = if config.source.is_some() { " (from configuration)" } else { "" };
        writeln!(out, "   Using src_ip = {source}{origin}")?;
    }
    if let Mode::Multicast { group } = config.mode {
        writeln!(out, "   Multicast address {group}")?;
    }
    Ok(())
}

fn write_announcements(out: &mut String, config: &InstanceConfig) -> fmt::Result {
    let announce = config.announce;
    writeln!(out, "   Gratuitous ARP delay = {}", announce.delay.as_secs())?;
    writeln!(out, "   Gratuitous ARP repeat = {}", announce.repeat)?;
    writeln!(out, "   Gratuitous ARP refresh = {}", announce.refresh.as_secs())?;
    writeln!(out, "   Gratuitous ARP refresh repeat = {}", announce.refresh_repeat)?;
    writeln!(out, "   Gratuitous ARP lower priority delay = {}", announce.lower_priority_delay.as_secs())?;
    writeln!(out, "   Gratuitous ARP lower priority repeat = {}", announce.lower_priority_repeat)
}

fn write_protocol(out: &mut String, status: &InstanceStatus, config: &InstanceConfig) -> fmt::Result {
    writeln!(out, "   Down timer adverts = {}", config.down_timer_adverts)?;
    let (lower, higher) = (!config.lower_priority_no_advert, config.higher_priority_send_advert);
    writeln!(out, "   Send advert after receive lower priority advert = {lower}")?;
    writeln!(out, "   Send advert after receive higher priority advert = {higher}")?;
    writeln!(out, "   Virtual Router ID = {}", config.vrid)?;
    writeln!(out, "   Priority = {}", status.base_priority)?;
    writeln!(out, "   Effective priority = {}", status.effective_priority)?;
    match config.version {
        Version::V2 => writeln!(out, "   Advert interval = {} sec", config.interval.as_secs())?,
        Version::V3 => writeln!(out, "   Advert interval = {} milli-sec", config.interval.as_millis())?,
    }
    writeln!(out, "   Accept = enabled")?;
    let preempt = if config.preemption == Preemption::Never { "disabled" } else { "enabled" };
    writeln!(out, "   Preempt = {preempt}")?;
    if let Preemption::Delayed(delay) = config.preemption {
        writeln!(out, "   Preempt delay = {} secs", delay.as_secs_f64())?;
    }
    if let Authentication::Password(_) = config.authentication {
        writeln!(out, "   Authentication type = SIMPLE_PASSWORD\n   Password = ********")?;
    }
    Ok(())
}

fn write_addresses(out: &mut String, status: &InstanceStatus, config: &InstanceConfig) -> fmt::Result {
    let mut list = |head: String, addresses: &[VirtualAddress]| -> fmt::Result {
        if addresses.is_empty() {
            return Ok(());
        }
        writeln!(out, "   {head}:")?;
        addresses.iter().try_for_each(|one| writeln!(out, "     {}", address(one, config, status)))
    };
    list(format!("Virtual IP ({})", config.addresses.len()), &config.addresses)?;
    list("Virtual IP Excluded ".into(), &config.excluded)?;
    if let Mode::Unicast { peers, check_source, .. } = &config.mode {
        writeln!(out, "   Check unicast src = {check_source}\n   Unicast Peer :")?;
        for peer in peers {
            writeln!(out, "     {} min_ttl {} max_ttl {}", peer.address, peer.ttl.0, peer.ttl.1)?;
        }
    }
    Ok(())
}

fn write_tracking(out: &mut String, config: &InstanceConfig) -> fmt::Result {
    if !config.track_links.is_empty() {
        writeln!(out, "   Tracked interfaces :")?;
    }
    for track in &config.track_links {
        writeln!(out, "     {} weight {}", track.link, weight(track.weight))?;
    }
    if !config.track_scripts.is_empty() {
        writeln!(out, "   Tracked scripts :")?;
    }
    for track in &config.track_scripts {
        writeln!(out, "     {} weight {}", track.script, weight(track.weight))?;
    }
    Ok(())
}

fn write_scripts(out: &mut String, config: &InstanceConfig) -> fmt::Result {
    let notify = &config.notify;
    for (name, command) in [
        ("Backup", &notify.backup),
        ("Master", &notify.master),
        ("Fault", &notify.fault),
        ("Stop", &notify.stop),
        ("Generic", &notify.any),
        ("Master rx lower pri", &notify.lower_priority_heard),
    ] {
        if let Some(command) = command {
            let account = command.account.as_ref().map_or((0, 0), |account| (account.uid, account.gid));
            let quoted = quoted(command);
            writeln!(
                out,
                "   {name} state transition script = {quoted}, uid:gid {}:{}",
                account.0, account.1
            )?;
        }
    }
    Ok(())
}

fn weight(weight: Weight) -> String {
    match weight {
        Weight::Fault { reverse: false } => "0".into(),
        Weight::Fault { reverse: true } => "0 reverse".into(),
        Weight::Points { points, reverse: false } => points.to_string(),
        Weight::Points { points, reverse: true } => format!("{points} reverse"),
    }
}

/// `1795357567.461427 (Sun Nov 22 14:26:07.461427 2026)`.
fn time(micros: i64) -> String {
    let (seconds, rest) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let at = linux::clock::WallTime { seconds, nanos: 0 }.local();
    format!("{seconds}.{rest:06} ({} {at}.{rest:06} {})", at.weekday_name(), at.year)
}
