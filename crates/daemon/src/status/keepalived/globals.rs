//! `keepalived_parent.data`: the global definitions, as far as they mean something here.

use ::check::config::Leaving;
use std::fmt::{self, Write};

use config::effective::{Buffers, Mail, Pipe, Worker};

use super::Report;

/// The whole of it.
pub fn globals(report: &Report<'_>) -> String {
    let mut text = String::from("------< Global definitions >------\n");
    // Writing to a string cannot fail.
    let _ = write_daemon(&mut text, report);
    let _ = write_vrrp(&mut text, report);
    text
}

fn write_daemon(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let daemon = &report.effective.daemon;
    let identity = &daemon.identity;
    if let Some(directory) = &daemon.reload.save_directory {
        writeln!(out, " Config save dir = {directory}")?;
    }
    writeln!(out, " Network namespace = {}", identity.namespace.as_deref().unwrap_or("(default)"))?;
    let ipvs = identity.ipvs_namespace.as_ref().and_then(|name| name.as_deref());
    writeln!(out, " Network namespace ipvs = {}", ipvs.unwrap_or("(main namespace)"))?;
    if let Some(instance) = &identity.instance {
        writeln!(out, " Instance name = {instance}")?;
    }
    writeln!(out, " Router ID = {}", daemon.router_id)?;
    write_mail(out, &daemon.mail)?;
    writeln!(out, " Checkers log all failures = {}", daemon.lvs.log_all_failures)?;
    match &daemon.reload.check {
        None => writeln!(out, " No test config before reload")?,
        Some(file) => {
            writeln!(out, " Test config before reload = {}", file.as_deref().unwrap_or("/dev/null"))?;
        }
    }
    writeln!(out, " Dynamic interfaces = {}", daemon.dynamic_interfaces.is_some())?;
    if let Some(changes) = daemon.dynamic_interfaces {
        writeln!(out, " Allow interface changes = {changes}")?;
    }
    writeln!(out, " Disable local IGMP = {}", if daemon.no_local_igmp { "yes" } else { "no" })?;
    let table = &report.effective.check.table;
    writeln!(out, " LVS flush = {}", table.flush)?;
    let on_stop = match table.stop {
        Leaving::ServerByServer => "disabled",
        Leaving::Services => "VS",
        Leaving::Everything => "full",
    };
    writeln!(out, " LVS flush on stop = {on_stop}")?;
    pipe(out, "Global", daemon.pipes.all.as_ref())?;
    pipe(out, "VRRP", daemon.pipes.vrrp.as_ref())?;
    pipe(out, "LVS", daemon.pipes.lvs.as_ref())?;
    writeln!(out, " FIFO write vrrp states on reload = {}", daemon.pipes.states_on_reload)
}

fn write_mail(out: &mut String, mail: &Mail) -> fmt::Result {
    if let Some(server) = &mail.server {
        writeln!(out, " Smtp server = {server}\n Smtp server port = {}", mail.port)?;
    }
    writeln!(out, " Smtp HELO name = {}", mail.helo)?;
    if mail.server.is_some() {
        writeln!(out, " Smtp server connection timeout = {}", mail.timeout_seconds)?;
    }
    writeln!(out, " Email notification from = {}", mail.from)?;
    if !mail.to.is_empty() {
        writeln!(out, " Email notification to:")?;
        mail.to.iter().try_for_each(|to| writeln!(out, "   {to}"))?;
    }
    Ok(())
}

/// Differs: defaults of instances are not here, but with each instance.
fn write_vrrp(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let daemon = &report.effective.daemon;
    let firewall = &report.config().firewall;
    writeln!(out, " nftables table name = {}", firewall.table)?;
    writeln!(out, " nftables base chain priority = {}", firewall.priority)?;
    let not = if firewall.by_index { "" } else { "don't " };
    writeln!(out, " nftables {not}force use ifindex for link local IPv6")?;
    let counters = if firewall.counters { "with" } else { "without" };
    writeln!(out, " nftables {counters} counters")?;
    let (most, delay) =
        daemon.workers.auto_priority.map_or((0, 1_000_000), |auto| (auto.most, auto.delay_us));
    writeln!(out, " Max auto priority = {most}\n Min auto priority delay = {delay} usecs")?;
    worker(out, "VRRP", &daemon.workers.vrrp)?;
    worker(out, "Checker", &daemon.workers.checker)?;
    worker(out, "BFD", &daemon.workers.bfd)?;
    write_agents(out, report)?;
    let enabled = |is: bool| if is { "enabled" } else { "disabled" };
    writeln!(out, " Script security {}", enabled(daemon.script_security))?;
    let Buffers { vrrp_command, vrrp_monitor, lvs_command, lvs_monitor, process_monitor, .. } =
        daemon.buffers;
    for (name, (bytes, force)) in [
        ("vrrp_netlink_cmd", vrrp_command),
        ("vrrp_netlink_monitor", vrrp_monitor),
        ("process_monitor", process_monitor),
        ("lvs_netlink_cmd", lvs_command),
        ("lvs_netlink_monitor", lvs_monitor),
    ] {
        writeln!(out, " {name}_rcv_bufs = {}", bytes.unwrap_or(0))?;
        writeln!(out, " {name}_rcv_bufs_force = {}", u8::from(force))?;
    }
    writeln!(out, " rs_init_notifies = {}", u8::from(report.effective.check.initial_notifies))?;
    writeln!(out, " no_checker_emails = {}", u8::from(daemon.lvs.no_checker_mail))?;
    writeln!(out, " rx_bufs_multiples = {}", daemon.buffers.advert_multiplier)?;
    writeln!(out, " umask = {:04o}", daemon.umask)?;
    writeln!(out, " json_version {}", daemon.dumps.json_version)
}

fn write_agents(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let daemon = &report.effective.daemon;
    let snmp = &daemon.snmp;
    for (name, is) in [
        ("SNMP vrrp", snmp.vrrp),
        ("SNMP checker", snmp.checker),
        ("SNMP RFCv2", snmp.rfc_v2),
        ("SNMP RFCv3", snmp.rfc_v3),
        ("SNMP traps", snmp.traps),
    ] {
        writeln!(out, " {name} {}", if is { "enabled" } else { "disabled" })?;
    }
    let socket = snmp.socket.as_deref().unwrap_or("default (unix:/var/agentx/master)");
    writeln!(out, " SNMP socket = {socket}")?;
    writeln!(out, " DBus {}", if daemon.dbus.on { "enabled" } else { "disabled" })?;
    writeln!(out, " DBus service name = {}", daemon.dbus.name.as_deref().unwrap_or_default())
}

fn worker(out: &mut String, name: &str, worker: &Worker) -> fmt::Result {
    let Worker { nice, locked, realtime, rttime, name: _, cpus: _ } = worker;
    writeln!(out, " {name} process priority = {nice}\n {name} don't swap = {locked}")?;
    writeln!(out, " {name} realtime priority = {}", realtime.unwrap_or(0))?;
    writeln!(out, " {name} realtime limit = {}", rttime.unwrap_or(0))
}

fn pipe(out: &mut String, whose: &str, pipe: Option<&Pipe>) -> fmt::Result {
    let Some(Pipe { path, owner, reader }) = pipe else { return Ok(()) };
    let (uid, gid) = owner.as_ref().map_or((0, 0), |owner| (owner.uid, owner.gid));
    writeln!(out, " {whose} notify fifo = {path}, uid:gid {uid}:{gid}")?;
    match reader {
        Some(command) => writeln!(out, " {whose} notify fifo script = {}", super::quoted(command)),
        None => Ok(()),
    }
}
