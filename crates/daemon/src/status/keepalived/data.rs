//! `keepalived.data`: the VRRP topology and the scripts. Upstream calls the layout unstable; its heads and labels are
//! what tools look for.

mod links;
mod objects;

use std::fmt::{self, Write};

use host::VirtualLinkKind;
use vrrp::config::{
    Authentication, InstanceConfig, Mode, NotifyScripts, Preemption, Version, VirtualAddress, Weight,
};
use vrrp::notice::FaultReason;
use vrrp::status::InstanceStatus;
use vrrp::wire::Coverage;

use super::{Report, address, config_of, globals, master_down, quoted, route, wanted};

/// The whole of it.
pub fn data(report: &Report<'_>) -> String {
    let mut text = globals(report);
    // Writing to a string cannot fail.
    let _ = write_all(&mut text, report);
    text
}

fn write_all(out: &mut String, report: &Report<'_>) -> fmt::Result {
    objects::write_statics(out, report)?;
    if !report.status.instances.is_empty() {
        writeln!(out, "------< VRRP Topology >------")?;
    }
    for instance in &report.status.instances {
        if let Some(config) = config_of(instance, report.config()) {
            write_state(out, instance, config, report)?;
            write_announcements(out, config)?;
            write_protocol(out, instance, config)?;
            write_addresses(out, instance, config)?;
            write_held(out, config)?;
            write_tracking(out, config)?;
            write_scripts(out, config)?;
        }
    }
    objects::write_sockets(out, report)?;
    objects::write_groups(out, report)?;
    objects::write_track_scripts(out, report)?;
    objects::write_files(out, report)?;
    objects::write_processes(out, report)?;
    objects::write_sessions(out, report)?;
    links::write_links(out, report)
}

fn write_state(
    out: &mut String,
    status: &InstanceStatus,
    config: &InstanceConfig,
    report: &Report<'_>,
) -> fmt::Result {
    writeln!(out, " VRRP Instance = {}", config.name)?;
    writeln!(out, "   VRRP Version = {}", config.version.number())?;
    if config.family == host::Family::V6 {
        writeln!(out, "   Using Native IPv6")?;
    }
    let group = report.config().groups.iter().find(|group| group.members.contains(&config.name));
    if let Some(group) = group {
        writeln!(out, "   Sync group = {}", group.name)?;
    }
    writeln!(out, "   State = {}", status.state)?;
    match config.mode {
        Mode::Multicast { .. } => writeln!(out, "   Flags: none")?,
        Mode::Unicast { .. } => writeln!(out, "   Flags:\n     Using unicast")?,
    }
    writeln!(out, "   Wantstate = {}", wanted(status, config))?;
    writeln!(out, "   Number of config faults = 0")?;
    let pending = |fault: &&FaultReason| matches!(fault, FaultReason::ScriptPending(_));
    let scripts = status.faults.iter().filter(pending).count();
    writeln!(out, "   Number of tracker faults = {}", status.faults.len() - scripts)?;
    let mut flags = status.faults.iter().filter(|fault| !pending(fault)).peekable();
    if flags.peek().is_none() {
        writeln!(out, "   Flags of interface faults - (none)")?;
    } else {
        writeln!(out, "   Flags of interface faults:")?;
        flags.try_for_each(|fault| writeln!(out, "     {fault}"))?;
    }
    writeln!(out, "   Number of track scripts init = {scripts}")?;
    writeln!(out, "   Last transition = {}", time(report.moment.micros(status.since)))?;
    writeln!(out, "   Master down timer = {} usecs", master_down(config, status).as_micros())?;
    match (&config.link, &config.own_link) {
        (None, _) => {}
        (Some(link), None) => writeln!(out, "   Interface = {link}")?,
        (Some(base), Some(own)) => {
            let (name, by_base) = (&own.link.name, own.adverts_by_base);
            let (kind, short) = match own.link.kind {
                VirtualLinkKind::Vmac(_) => ("VMAC", "vmac"),
                VirtualLinkKind::Ipvlan(_) => ("IPVLAN", "ipvlan"),
            };
            let link = report.status.links.iter().find(|status| status.link.name == *name);
            let up = link.is_some_and(|status| status.link.is_up());
            writeln!(out, "   Use {kind}, i/f name {name}, is_up = {up}, xmit_base = {by_base}")?;
            let tail = if by_base { ", xmit base i/f" } else { "" };
            writeln!(out, "   Interface = {name}, {short} on {base}{tail}")?;
        }
    }
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
    match status.checksum.filter(|_| config.version == Version::V3) {
        Some(Coverage::PseudoHeader) => writeln!(out, "   Checksum received = with pseudo-header")?,
        Some(Coverage::OldPseudoHeader) => {
            writeln!(out, "   Checksum received = of keepalived before 1.3.7")?
        }
        Some(Coverage::Advert) => writeln!(out, "   Checksum received = without pseudo-header")?,
        Some(Coverage::Kernel) | None => {}
    }
    if let Some(hmac) = &config.hmac {
        let keys: Vec<String> = hmac.keys.iter().map(|key| key.id.to_string()).collect();
        let (keys, active, window) = (keys.join(", "), hmac.active, hmac.window.as_secs());
        writeln!(
            out,
            "   Authentication extension = keys {keys}, active {active}, time window {window} sec"
        )?;
    }
    writeln!(out, "   Accept = {}", enabled(config.accept))?;
    writeln!(out, "   Preempt = {}", enabled(config.preemption != Preemption::Never))?;
    if let Preemption::Delayed(delay) = config.preemption {
        writeln!(out, "   Preempt delay = {} secs", delay.as_secs_f64())?;
    }
    writeln!(out, "   Promote_secondaries = {}", enabled(config.promote_secondaries))?;
    match config.authentication {
        Authentication::Password(_) => {
            writeln!(out, "   Authentication type = SIMPLE_PASSWORD\n   Password = ********")
        }
        Authentication::Header(_) => {
            writeln!(out, "   Authentication type = IPSEC_AH\n   Password = ********")
        }
        Authentication::None if config.version == Version::V2 => {
            writeln!(out, "   Authentication type = none")
        }
        Authentication::None => Ok(()),
    }
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
    if let Mode::Unicast { peers, check_source, ttl } = &config.mode {
        if let Some(ttl) = ttl.or((config.family == host::Family::V4).then_some(255)) {
            writeln!(out, "   Unicast TTL = {ttl}")?;
        }
        writeln!(out, "   Check unicast src : {}", if *check_source { "yes" } else { "no" })?;
        writeln!(out, "   Unicast Peer :")?;
        for peer in peers {
            writeln!(out, "     {} min_ttl {} max_ttl {}", peer.address, peer.ttl.0, peer.ttl.1)?;
        }
    }
    Ok(())
}

fn write_held(out: &mut String, config: &InstanceConfig) -> fmt::Result {
    if !config.routes.is_empty() {
        writeln!(out, "   Virtual Routes :")?;
    }
    config.routes.iter().try_for_each(|one| writeln!(out, "     {}", route::route(&one.route)))?;
    if !config.rules.is_empty() {
        writeln!(out, "   Virtual Rules :")?;
    }
    config.rules.iter().try_for_each(|one| writeln!(out, "     {}", route::rule(&one.rule)))
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
    if !config.track_files.is_empty() {
        writeln!(out, "   Tracked files :")?;
    }
    for track in &config.track_files {
        let reverse = if track.reverse { " reverse" } else { "" };
        writeln!(out, "     {}, weight {}{reverse}", track.file, track.weight)?;
    }
    for (head, list) in [("processes", &config.track_processes), ("BFDs", &config.track_bfds)] {
        if !list.is_empty() {
            writeln!(out, "   Tracked {head} :")?;
        }
        list.iter()
            .try_for_each(|track| writeln!(out, "     {}: weight {}", track.name, weight(track.weight)))?;
    }
    Ok(())
}

fn write_scripts(out: &mut String, config: &InstanceConfig) -> fmt::Result {
    writeln!(out, "   Using smtp notification = {}", if config.mail { "yes" } else { "no" })?;
    let deletion = config.deletion.as_ref();
    writeln!(out, "   Notify deleted = {}", if deletion.is_some() { "Deleted" } else { "Fault" })?;
    notify_scripts(out, &config.notify, deletion.and_then(|deletion| deletion.script.as_deref()))?;
    writeln!(out, "   Notify priority changes = {}", config.tell_priority)
}

/// The scripts of an instance or a group.
fn notify_scripts(out: &mut String, notify: &NotifyScripts, deleted: Option<&host::Command>) -> fmt::Result {
    for (name, command) in [
        ("Backup", notify.backup.as_deref()),
        ("Master", notify.master.as_deref()),
        ("Fault", notify.fault.as_deref()),
        ("Stop", notify.stop.as_deref()),
        ("Deleted", deleted),
        ("Generic", notify.any.as_deref()),
        ("Master rx lower pri", notify.lower_priority_heard.as_deref()),
    ] {
        let Some(command) = command else { continue };
        let (uid, gid) = command.account.as_ref().map_or((0, 0), |account| (account.uid, account.gid));
        writeln!(out, "   {name} state transition script = {}, uid:gid {uid}:{gid}", quoted(command))?;
    }
    Ok(())
}

const fn enabled(is: bool) -> &'static str {
    if is { "enabled" } else { "disabled" }
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
pub(super) fn time(micros: i64) -> String {
    let (seconds, rest) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let at = linux::clock::WallTime { seconds, nanos: 0 }.local();
    format!("{seconds}.{rest:06} ({} {at}.{rest:06} {})", at.weekday_name(), at.year)
}
