//! `keepalived_check.data`: virtual servers, their real servers and their checks. Upstream's heads and labels.

use std::fmt::{self, Write};

use ::check::config::{Check, Member, RealServer, SorryServer, Target, VirtualServer};
use ::check::status::{ServerStatus, ServiceStatus};
use host::Family;
use host::ipvs::{Forwarding, Service, Transport, Tunnel};

use super::{Report, globals, quoted};

/// The whole of it.
pub fn check(report: &Report<'_>) -> String {
    let mut text = globals(report);
    // Writing to a string cannot fail.
    let _ = write_all(&mut text, report);
    text
}

fn write_all(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let Some(status) = report.check else { return Ok(()) };
    let config = &report.effective.check;
    writeln!(out, "------< LVS Topology >------")?;
    for server in &config.virtual_servers {
        write_group(out, &server.target)?;
    }
    let pairs = || config.virtual_servers.iter().zip(&status.services);
    for (server, status) in pairs() {
        write_service(out, server, status)?;
        for (real, status) in server.real_servers.iter().zip(&status.servers) {
            write_server(out, real, status)?;
        }
    }
    writeln!(out, "------< Health checkers >------")?;
    for (server, service) in pairs() {
        for (real, status) in server.real_servers.iter().zip(&service.servers) {
            let made = real.checks.iter().filter(|check| check.kind.is_supported());
            for (check, up) in made.zip(status.checks.iter().map(|check| check.up)) {
                writeln!(out, " {} -> {}", service.name, status.name)?;
                write_check(out, check, up)?;
            }
        }
    }
    Ok(())
}

fn write_group(out: &mut String, target: &Target) -> fmt::Result {
    let Target::Group { name, members } = target else { return Ok(()) };
    let has = |family: Family| {
        let of = |member: &Member| match member {
            Member::Addresses { first, .. } => Family::of(*first) == family,
            Member::Mark { family: of, .. } => *of == Some(family),
        };
        yes(members.iter().any(of))
    };
    writeln!(out, "------< Virtual server group >------")?;
    writeln!(out, " Virtual Server Group = {name}, IPv4 = {}, IPv6 = {}", has(Family::V4), has(Family::V6))?;
    for member in members {
        match member {
            Member::Addresses { first, last, port } if first == last => {
                writeln!(out, "   VIP = {first}, VPORT = {port}")?;
            }
            Member::Addresses { first, last, port } => {
                writeln!(out, "   VIP Range = {first}-{last}, VPORT = {port}")?;
            }
            Member::Mark { mark, .. } => writeln!(out, "   FWMARK = {mark}")?,
        }
    }
    Ok(())
}

fn write_service(out: &mut String, server: &VirtualServer, status: &ServiceStatus) -> fmt::Result {
    writeln!(out, "------< Virtual server >------")?;
    match &server.target {
        Target::Address { address, port } => writeln!(out, " VS VIP = {address}, VPORT = {port}")?,
        Target::Mark(mark) => writeln!(out, " VS FWMARK = {mark}")?,
        Target::Group { name, .. } => writeln!(out, " VS GROUP = {name}")?,
    }
    let family = if server.family == Family::V4 { "inet" } else { "inet6" };
    writeln!(out, "   Address family = {family}")?;
    let Service { scheduler, flags, persistence } = &server.service;
    writeln!(out, "   lvs_sched = {scheduler}")?;
    for (number, flag) in [Service::FLAG_1, Service::FLAG_2, Service::FLAG_3].into_iter().enumerate() {
        writeln!(out, "   flag-{} = {}", number + 1, enabled(flags & flag != 0))?;
    }
    writeln!(out, "   One packet scheduling = {}", enabled(flags & Service::ONE_PACKET != 0))?;
    if let Some(persistence) = persistence {
        writeln!(out, "   persistence timeout = {}", persistence.timeout)?;
        if let Some(engine) = &persistence.engine {
            writeln!(out, "   persistence engine = {engine}")?;
        }
    }
    match server.transport {
        Some(Transport::Tcp) => writeln!(out, "   protocol = TCP")?,
        Some(Transport::Udp) => writeln!(out, "   protocol = UDP")?,
        Some(Transport::Sctp) => writeln!(out, "   protocol = SCTP")?,
        None => {}
    }
    writeln!(out, "   omega is {}", on(server.fails_at_stop))?;
    let quorum = &server.quorum;
    writeln!(out, "   quorum = {}, hysteresis = {}", quorum.needed, quorum.hysteresis)?;
    for (way, command) in [("up", &quorum.gained), ("down", &quorum.lost)] {
        if let Some(command) = command {
            writeln!(out, "   Quorum {way} notify script = {}", quoted(command))?;
        }
    }
    if let (Some(sorry), Some(name)) = (&server.sorry_server, &status.sorry_server) {
        write_sorry(out, sorry, name, status.sorry)?;
    }
    writeln!(out, "   quorum_state_up = {}", u8::from(status.quorum == Some(true)))
}

fn write_sorry(out: &mut String, sorry: &SorryServer, name: &str, serves: bool) -> fmt::Result {
    writeln!(out, "   sorry server = {name}")?;
    writeln!(out, "     forwarding method = {}", method(sorry.forwarding))?;
    writeln!(out, "     Inhibit on failure is {}", on(sorry.inhibit))?;
    writeln!(out, "     set = {}\n     alive = 1", u8::from(serves || sorry.inhibit))
}

fn write_server(out: &mut String, real: &RealServer, status: &ServerStatus) -> fmt::Result {
    let weight = status.weight;
    let port = real.port;
    writeln!(out, "   ------< Real server >------")?;
    writeln!(
        out,
        "   RIP = {}, RPORT = {port}, WEIGHT = {} EFF WEIGHT = {weight}",
        real.address, real.weight
    )?;
    writeln!(out, "   forwarding method = {}", method(real.forwarding))?;
    writeln!(out, "   Alpha is {}", on(real.starts_failed))?;
    writeln!(out, "   connection limit range = {} -> {}", real.lower_threshold, real.upper_threshold)?;
    writeln!(out, "   Inhibit on failure is {}", on(real.inhibit_on_failure))?;
    if let Some(scripts) = &real.notify {
        for (way, command) in [("up", &scripts.up), ("down", &scripts.down)] {
            if let Some(command) = command {
                writeln!(out, "   RS {way} notify script = {}", quoted(command))?;
            }
        }
    }
    writeln!(out, "   initial weight = {}\n   effective weight = {weight}", real.weight)?;
    writeln!(out, "   alive = {}", u8::from(status.up))?;
    let failed = status.checks.iter().filter(|check| !check.up).count();
    writeln!(out, "   num failed checkers = {failed}")
}

fn write_check(out: &mut String, check: &Check, up: bool) -> fmt::Result {
    writeln!(out, "   Enabled = yes\n   Up = {}", yes(up))?;
    writeln!(out, "   Alpha = {}", yes(check.starts_failed))?;
    writeln!(out, "   Keepalive method = {}", check.kind.keyword())?;
    if let ::check::config::CheckKind::Bfd(session) = &check.kind {
        writeln!(out, "   Name = {session}")?;
    }
    Ok(())
}

const fn method(forwarding: Forwarding) -> &'static str {
    match forwarding {
        Forwarding::Masquerade => "NAT",
        Forwarding::Direct => "DR",
        Forwarding::Tunnel(Tunnel::Ipip | Tunnel::Gue { .. } | Tunnel::Gre { .. }) => "TUN",
        Forwarding::Other(_) => "(unknown)",
    }
}

const fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

const fn on(is: bool) -> &'static str {
    if is { "ON" } else { "OFF" }
}

const fn enabled(is: bool) -> &'static str {
    if is { "enabled" } else { "disabled" }
}
