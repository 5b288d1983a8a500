//! Rows of `global_defs`: who is told.

use super::{GlobalDefsBlock, read};
use crate::table::{Keyword, Missing, Shape};
use crate::value::Kind;

type K = Keyword<GlobalDefsBlock>;

/// Four thousand and odd seconds fit in 32 bits of microseconds.
const SECONDS: u64 = 4294;

/// Mail, pipes, SNMP, D-Bus.
pub(super) static ROWS: &[K] = &[
    K::new("router_id", Kind::Text(|b| &mut b.router_id, usize::MAX))
        .missing(Missing::Complaint)
        .help("Identity shown in mail subjects and dumps. Without it the host's name."),
    K::new("notification_email", Kind::Lines(|b| &mut b.notification_email))
        .takes("{ <address>... }")
        .help("Addresses that alert mail goes to, any number a line."),
    K::new("notification_email_from", Kind::Text(|b| &mut b.notification_email_from, usize::MAX))
        .missing(Missing::Complaint)
        .help("Sender of alert mail."),
    K::new("smtp_server", Kind::Custom(Shape::Line, read::smtp_server))
        .takes("<address or name> [<1..65535>]")
        .help("Relay for alert mail, and perhaps its port."),
    K::new("smtp_helo_name", Kind::Text(|b| &mut b.smtp_helo_name, usize::MAX))
        .missing(Missing::Nothing)
        .help("Name to greet the relay with."),
    K::new("smtp_connect_timeout", Kind::Number(|b| &mut b.smtp_connect_timeout, 0, SECONDS))
        .unit("s")
        .lax()
        .zero(1)
        .default("30")
        .help("Seconds to wait for the relay."),
    K::new("smtp_alert", Kind::Switch(|b| &mut b.smtp_alert))
        .help("Mail about everything that does not say otherwise."),
    K::new("smtp_alert_vrrp", Kind::Switch(|b| &mut b.smtp_alert_vrrp))
        .inherits("smtp_alert")
        .help("Mail about instances and groups that do not say otherwise."),
    K::new("smtp_alert_checker", Kind::Switch(|b| &mut b.smtp_alert_checker))
        .inherits("smtp_alert")
        .later("load balancing")
        .help("Mail about servers that do not say otherwise."),
    K::new("no_email_faults", Kind::Flag(|b| &mut b.no_email_faults, true)).help("No mail about faults."),
    K::new("notify_fifo", Kind::Words(|b| &mut b.pipes.all.fifo))
        .missing(Missing::Complaint)
        .once()
        .takes("<path> [<user> [<group>]]")
        .help("Pipe that all events are written to, and who owns it."),
    K::new("notify_fifo_script", Kind::Script(|b| &mut b.pipes.all.script))
        .missing(Missing::Complaint)
        .help("Program that reads notify_fifo; the path is its last argument."),
    K::new("vrrp_notify_fifo", Kind::Words(|b| &mut b.pipes.vrrp.fifo))
        .missing(Missing::Complaint)
        .once()
        .takes("<path> [<user> [<group>]]")
        .help("Pipe that events of VRRP are written to, and who owns it."),
    K::new("vrrp_notify_fifo_script", Kind::Script(|b| &mut b.pipes.vrrp.script))
        .missing(Missing::Complaint)
        .help("Program that reads vrrp_notify_fifo; the path is its last argument."),
    K::new("lvs_notify_fifo", Kind::Words(|b| &mut b.pipes.lvs.fifo))
        .missing(Missing::Complaint)
        .once()
        .takes("<path> [<user> [<group>]]")
        .help("Pipe that events of health checks are written to, and who owns it."),
    K::new("lvs_notify_fifo_script", Kind::Script(|b| &mut b.pipes.lvs.script))
        .missing(Missing::Complaint)
        .help("Program that reads lvs_notify_fifo; the path is its last argument."),
    K::new("vrrp_notify_priority_changes", Kind::Switch(|b| &mut b.vrrp_notify_priority_changes))
        .default("off")
        .help("Changes of priority are events, too, where instances and groups do not say otherwise."),
    K::new(
        "fifo_write_vrrp_states_on_reload",
        Kind::Flag(|b| &mut b.pipes.fifo_write_vrrp_states_on_reload, true),
    )
    .help("Write the present states again after a reload."),
    K::new("snmp_socket", Kind::Custom(Shape::Line, read::snmp_socket))
        .takes("<address>")
        .missing(Missing::Complaint)
        .once()
        .default("unix:/var/agentx/master")
        .later("SNMP")
        .help("Where the master agent of SNMP listens."),
    K::new("enable_traps", Kind::Flag(|b| &mut b.pipes.enable_traps, true)).later("SNMP").help("Send traps."),
    K::new("enable_snmp_vrrp", Kind::Flag(|b| &mut b.pipes.enable_snmp_vrrp, true))
        .later("SNMP")
        .help("Serve the VRRP part of KEEPALIVED-MIB."),
    K::new("enable_snmp_keepalived", Kind::Flag(|b| &mut b.pipes.enable_snmp_vrrp, true))
        .later("SNMP")
        .help("The same as enable_snmp_vrrp."),
    K::new("enable_snmp_rfc", Kind::Flag(|b| &mut b.pipes.enable_snmp_rfc, true))
        .later("SNMP")
        .help("Serve the MIBs of RFC 2787 and RFC 6527."),
    K::new("enable_snmp_rfcv2", Kind::Flag(|b| &mut b.pipes.enable_snmp_rfcv2, true))
        .later("SNMP")
        .help("Serve the MIB of RFC 2787."),
    K::new("enable_snmp_rfcv3", Kind::Flag(|b| &mut b.pipes.enable_snmp_rfcv3, true))
        .later("SNMP")
        .help("Serve the MIB of RFC 6527."),
    K::new("enable_snmp_checker", Kind::Flag(|b| &mut b.pipes.enable_snmp_checker, true))
        .later("SNMP")
        .help("Serve the load-balancing part of KEEPALIVED-MIB."),
    K::new(
        "snmp_vs_stats_update_interval",
        Kind::Seconds(|b| &mut b.pipes.snmp_vs_stats_update_interval, 1_000, 30_000_000, 6),
    )
    .since("2.3.0")
    .lax()
    .unit("s")
    .default("5")
    .later("SNMP")
    .help("How old statistics of virtual servers may be before they are read again."),
    K::new(
        "snmp_rs_stats_update_interval",
        Kind::Seconds(|b| &mut b.pipes.snmp_rs_stats_update_interval, 1_000, 30_000_000, 6),
    )
    .since("2.3.0")
    .lax()
    .unit("s")
    .inherits("snmp_vs_stats_update_interval")
    .later("SNMP")
    .help("The same for real servers."),
    K::new("enable_dbus", Kind::Flag(|b| &mut b.pipes.enable_dbus, true))
        .later("D-Bus")
        .help("Offer the D-Bus interface."),
    K::new("dbus_service_name", Kind::Text(|b| &mut b.pipes.dbus_service_name, usize::MAX))
        .missing(Missing::Complaint)
        .default("org.keepalived.Vrrp1")
        .later("D-Bus")
        .help("Name on the bus."),
    K::new("dbus_no_interface_name", Kind::Text(|b| &mut b.pipes.dbus_no_interface_name, usize::MAX))
        .since("2.3.0")
        .missing(Missing::Complaint)
        .default("none")
        .later("D-Bus")
        .help("What stands for the interface of an instance without one."),
];
