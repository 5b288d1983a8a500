//! `keepalived_parent.data`: the global definitions, as far as they mean something here.

use std::fmt::{self, Write};

use config::effective::{Pipe, Worker};

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
    writeln!(out, " Network namespace = {}", identity.namespace.as_deref().unwrap_or("(default)"))?;
    if let Some(instance) = &identity.instance {
        writeln!(out, " Instance name = {instance}")?;
    }
    writeln!(out, " Router ID = {}", daemon.router_id)?;
    let mail = &daemon.mail;
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
    match &daemon.reload.check {
        None => writeln!(out, " No test config before reload")?,
        Some(file) => {
            writeln!(out, " Test config before reload = {}", file.as_deref().unwrap_or("/dev/null"))?;
        }
    }
    pipe(out, "Global", daemon.pipes.all.as_ref())?;
    pipe(out, "VRRP", daemon.pipes.vrrp.as_ref())?;
    writeln!(out, " FIFO write vrrp states on reload = {}", daemon.pipes.states_on_reload)
}

fn write_vrrp(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let daemon = &report.effective.daemon;
    let firewall = &report.config().firewall;
    writeln!(out, " nftables table name = {}", firewall.table)?;
    writeln!(out, " nftables base chain priority = {}", firewall.priority)?;
    let counters = if firewall.counters { "with" } else { "without" };
    writeln!(out, " nftables {counters} counters")?;
    let Worker { nice, locked, realtime, rttime, name: _, cpus: _ } = &daemon.workers.vrrp;
    writeln!(out, " VRRP process priority = {nice}\n VRRP don't swap = {locked}")?;
    writeln!(out, " VRRP realtime priority = {}", realtime.unwrap_or(0))?;
    writeln!(out, " VRRP realtime limit = {}", rttime.unwrap_or(0))?;
    let security = if daemon.script_security { "enabled" } else { "disabled" };
    writeln!(out, " Script security {security}")?;
    writeln!(out, " umask = {:04o}", daemon.umask)?;
    writeln!(out, " json_version {}", daemon.dumps.json_version)
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
