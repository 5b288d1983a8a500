//! What the dump has besides instances: what is held always, sync groups, and what is tracked.

use std::fmt::{self, Write};

use config::TrackGroup;
use host::{Channel, LinkName, Protocol};
use vrrp::config::{Config, InstanceConfig, ProcessMatch, VirtualAddress};

use super::{notify_scripts, weight};
use crate::status::keepalived::{Report, prefix, quoted, route, scope};

/// A section's head, if there is something in it.
pub(super) fn head(out: &mut String, title: &str, is_empty: bool) -> fmt::Result {
    if is_empty { Ok(()) } else { writeln!(out, "------< {title} >------") }
}

pub(super) fn write_statics(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let (statics, groups) = (&report.config().statics, &report.effective.track_groups);
    // As keepalived: the group that follows a thing stands behind it.
    let group = |places: fn(&TrackGroup) -> &[usize], place: usize| {
        let found = groups.iter().find(|group| places(group).contains(&place));
        found.map_or_else(String::new, |group| format!(" track_group {}", group.name))
    };
    head(out, "Static Addresses", statics.addresses.is_empty())?;
    for (place, (link, address)) in statics.addresses.iter().enumerate() {
        let group = group(|group| &group.addresses, place);
        writeln!(out, "     {}{group} set", static_address(link, address))?;
    }
    head(out, "Static Routes", statics.routes.is_empty())?;
    for (place, one) in statics.routes.iter().enumerate() {
        writeln!(out, "     {}{}", route::route(&one.route), group(|group| &group.routes, place))?;
    }
    head(out, "Static Rules", statics.rules.is_empty())?;
    for (place, one) in statics.rules.iter().enumerate() {
        writeln!(out, "     {}{}", route::rule(&one.rule), group(|group| &group.rules, place))?;
    }
    head(out, "Static Track groups", groups.is_empty())?;
    for group in groups {
        writeln!(out, " Static Track Group = {}\n   VRRP member instances :", group.name)?;
        group.members.iter().try_for_each(|member| writeln!(out, "     {member}"))?;
    }
    Ok(())
}

/// The sockets that adverts come in by, each with the instances that share it. Descriptors are the worker's affair.
pub(super) fn write_sockets(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let instances = &report.status.instances;
    let mut channels: Vec<Channel> = Vec::new();
    for channel in instances.iter().filter_map(|instance| instance.channel) {
        if !channels.contains(&channel) {
            channels.push(channel);
        }
    }
    head(out, "VRRP Sockpool", channels.is_empty())?;
    for channel in channels {
        let users = || instances.iter().filter(|instance| instance.channel == Some(channel));
        let link = report.status.links.iter().find(|status| status.link.index == channel.link);
        writeln!(out, " fd_in - fd_out = -")?;
        match link {
            Some(status) => writeln!(out, "   Interface = {}", status.link.name)?,
            None => writeln!(out, "   Interface = (none)")?,
        }
        writeln!(out, "   Family = {}", channel.family())?;
        let protocol = match channel.protocol {
            Protocol::Vrrp => "VRRP",
            Protocol::AuthenticationHeader => "AH",
        };
        writeln!(out, "   Protocol = {protocol}")?;
        if channel.address.is_multicast() {
            writeln!(out, "   Type = Multicast")?;
        } else {
            writeln!(out, "   Type = Unicast\n   Address = {}", channel.address)?;
        }
        let buffer: u64 = users().filter_map(|user| user.receive_buffer).map(u64::from).sum();
        writeln!(out, "   Rx buf size = {buffer}\n   VRRP instances")?;
        users().try_for_each(|user| writeln!(out, "     {} vrid {}", user.name, user.vrid))?;
    }
    Ok(())
}

fn static_address(link: &LinkName, address: &VirtualAddress) -> String {
    let label = address.label.as_ref().map_or_else(String::new, |label| format!(" label {label}"));
    format!("{} dev {link} scope {}{label}", prefix(address.prefix), scope(address.scope))
}

pub(super) fn write_groups(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let groups = &report.config().groups;
    head(out, "VRRP Sync groups", groups.is_empty())?;
    for group in groups {
        let status = report.status.groups.iter().find(|status| status.name == group.name);
        let state = status.and_then(|status| status.state).map_or("INIT", vrrp::notice::State::word);
        writeln!(out, " VRRP Sync Group = {}, {state}", group.name)?;
        let count = |wanted| {
            let members = report.status.instances.iter().filter(|one| group.members.contains(&one.name));
            members.filter(|member| member.state == wanted).count()
        };
        let (fault, init) = (count(vrrp::notice::State::Fault), count(vrrp::notice::State::Init));
        writeln!(out, "   Num member fault {fault}, num member init {init}")?;
        writeln!(out, "   VRRP member instances :")?;
        group.members.iter().try_for_each(|member| writeln!(out, "     {member}"))?;
        writeln!(out, "   Using smtp notification = {}", if group.mail { "yes" } else { "no" })?;
        notify_scripts(out, &group.notify, None)?;
    }
    Ok(())
}

pub(super) fn write_track_scripts(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let config = report.config();
    head(out, "VRRP Scripts", config.scripts.is_empty())?;
    for script in &config.scripts {
        let status = report.status.scripts.iter().find(|known| known.name == script.name);
        let state = match status.and_then(|status| status.good) {
            None => "INIT",
            Some(true) => "GOOD",
            Some(false) => "BAD",
        };
        let account = script.command.account.as_ref().map_or((0, 0), |account| (account.uid, account.gid));
        writeln!(out, " VRRP Script = {}", script.name)?;
        writeln!(out, "   Command = {}", quoted(&script.command))?;
        writeln!(out, "   Interval = {} sec", script.interval.as_secs_f64())?;
        writeln!(out, "   Timeout = {} sec", script.timeout.as_secs_f64())?;
        writeln!(out, "   Rise = {}\n   Fall = {}\n   Insecure = no", script.rise, script.fall)?;
        writeln!(out, "   Init state = {}", if script.starts_failed { "failed" } else { "unknown" })?;
        writeln!(out, "   Status = {state}\n   Script uid:gid = {}:{}", account.0, account.1)?;
        trackers(out, config, |instance| {
            let tracked = instance.track_scripts.iter().find(|tracked| tracked.script == script.name)?;
            Some(weight(tracked.weight))
        })?;
    }
    Ok(())
}

pub(super) fn write_files(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let config = report.config();
    head(out, "VRRP Track files", config.files.is_empty())?;
    for file in &config.files {
        let status = report.status.files.iter().find(|status| status.name == file.name);
        writeln!(out, " Track file = {}\n   File = {}", file.name, file.path)?;
        writeln!(out, "   Status = {}", status.map_or(0, |status| status.value))?;
        trackers(out, config, |instance| {
            let tracked = instance.track_files.iter().find(|tracked| tracked.file == file.name)?;
            Some(format!("{}{}", tracked.weight, if tracked.reverse { " reverse" } else { "" }))
        })?;
    }
    Ok(())
}

pub(super) fn write_processes(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let config = report.config();
    head(out, "VRRP Track processes", config.processes.is_empty())?;
    for process in &config.processes {
        let status = report.status.processes.iter().find(|status| status.name == process.name);
        let (kind, words): (_, &[String]) = match &process.matching {
            ProcessMatch::Name | ProcessMatch::Command => ("", &[]),
            ProcessMatch::Exact(words) => ("exact", words),
            ProcessMatch::FirstWords(words) => ("partial", words),
            ProcessMatch::Beginning(words) => ("initial", words),
        };
        writeln!(out, " VRRP Track process = {}\n   Process = {}", process.name, process.process)?;
        if !words.is_empty() {
            writeln!(out, "   Parameters = {}", words.join(" "))?;
        }
        if !kind.is_empty() {
            writeln!(out, "   Param match = {kind}")?;
        }
        writeln!(out, "   Min processes = {}", process.quorum.0)?;
        if process.quorum.1 != u32::MAX {
            writeln!(out, "   Max processes = {}", process.quorum.1)?;
        }
        writeln!(out, "   Current processes = {}", status.map_or(0, |status| status.number))?;
        let quorum = status.is_some_and(|status| status.quorum);
        writeln!(out, "   Have quorum = {}", if quorum { "true" } else { "false" })?;
        writeln!(out, "   Terminate delay = {:.6}s", process.terminate_delay.as_secs_f64())?;
        writeln!(out, "   Fork delay = {:.6}s", process.fork_delay.as_secs_f64())?;
        let runs = status.map_or((false, false), |one| (one.fork_delay_runs, one.terminate_delay_runs));
        writeln!(out, "   Fork delay timer {}", if runs.0 { "running" } else { "not running" })?;
        writeln!(out, "   Terminate delay timer {}", if runs.1 { "running" } else { "not running" })?;
        writeln!(out, "   Full command = {}", process.matching != ProcessMatch::Name)?;
        trackers(out, config, |instance| {
            let tracked = instance.track_processes.iter().find(|tracked| tracked.name == process.name)?;
            Some(weight(tracked.weight))
        })?;
    }
    Ok(())
}

/// The BFD sessions that are tracked.
pub(super) fn write_sessions(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let config = report.config();
    let weight_of = |name: &str, instance: &InstanceConfig| {
        let tracked = instance.track_bfds.iter().find(|tracked| tracked.name == name)?;
        Some(weight(tracked.weight))
    };
    let is_tracked = |name: &str| config.instances.iter().any(|one| weight_of(name, one).is_some());
    let sessions = &report.effective.bfd.sessions;
    let tracked: Vec<_> = sessions.iter().filter(|session| is_tracked(&session.name)).collect();
    head(out, "VRRP Track BFDs", tracked.is_empty())?;
    for session in tracked {
        let status = report.bfd.and_then(|bfd| bfd.sessions.iter().find(|known| known.name == session.name));
        let state = if status.is_some_and(|status| status.alive) { "up" } else { "down" };
        writeln!(out, " VRRP Track BFD = {}\n   Weight = {}", session.name, session.weight.points)?;
        writeln!(out, "   Bfd is {state}")?;
        trackers(out, config, |instance| weight_of(&session.name, instance))?;
    }
    Ok(())
}

/// The instances that track something, each with the weight that it gives it.
fn trackers(
    out: &mut String,
    config: &Config,
    weight_of: impl Fn(&InstanceConfig) -> Option<String>,
) -> fmt::Result {
    writeln!(out, "   Tracking instances :")?;
    for instance in &config.instances {
        if let Some(weight) = weight_of(instance) {
            writeln!(out, "     {}, weight {weight}", instance.name)?;
        }
    }
    Ok(())
}
