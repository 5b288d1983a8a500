//! Rows of `global_defs`: files, kernel buffers, load balancing.

use super::{GlobalDefsBlock, read};
use crate::table::{Keyword, Missing, Shape};
use crate::value::Kind;

type K = Keyword<GlobalDefsBlock>;

const U32: u64 = 4_294_967_295;

/// Files and kernel buffers.
pub(super) static ROWS: &[K] = &[
    K::new("include_check", Kind::Custom(Shape::Line, |_, _, _| {}))
        .takes("[[+|-]read|match|wildcard_match|brace_match]...")
        .repeats()
        .help("Which problems with an include are errors from here on."),
    K::new("random_seed", Kind::Custom(Shape::Line, read::random_seed))
        .takes("<0..4294967295>")
        .help("Seed of ${_RANDOM}."),
    K::new(
        "reload_check_config",
        Kind::Custom(Shape::Line, |r, node, b| read::maybe_word(r, node, &mut b.system.reload_check_config)),
    )
    .takes("[<file>]")
    .help(
        "A new configuration is tested first, the output going to the file, and is not taken if the \
            test fails.",
    ),
    K::new(
        "reload_time_file",
        Kind::Custom(Shape::Line, |r, node, b| read::absolute_path(r, node, &mut b.system.reload_time_file)),
    )
    .takes("<path>")
    .missing(Missing::Complaint)
    .help("File whose first line says when to reload."),
    K::new("reload_repeat", Kind::Flag(|b| &mut b.system.reload_repeat, true))
        .help("A time without a date in that file counts every day."),
    K::new(
        "reload_file",
        Kind::Custom(Shape::Line, |r, node, b| read::maybe_word(r, node, &mut b.system.reload_file)),
    )
    .takes("[<path>]")
    .help("File that is there while a configuration is read."),
    K::new("config_save_dir", Kind::Text(|b| &mut b.system.config_save_dir, usize::MAX))
        .takes("<directory>")
        .help("Directory for copies of configuration and state around a reload."),
    K::new("tmp_config_directory", Kind::Text(|b| &mut b.system.tmp_config_directory, usize::MAX))
        .takes("<directory>")
        .missing(Missing::Complaint)
        .once()
        .help("Has no effect: no copy of the configuration is needed."),
    K::new("data_use_instance", Kind::Switch(|b| &mut b.system.data_use_instance))
        .default("off")
        .help("Names of dumps hold the instance and the namespace."),
    K::new("json_version", Kind::Number(|b| &mut b.system.json_version, 1, 2))
        .since("2.2.8")
        .lax()
        .missing(Missing::Complaint)
        .default("1")
        .help("Layout of the JSON dump."),
    K::new(
        "state_dump_file",
        Kind::Custom(Shape::Line, |r, node, b| read::one_word(r, node, &mut b.system.state_dump_file)),
    )
    .since("2.3.3")
    .takes("<path>|<directory>/")
    .missing(Missing::Complaint)
    .help("Where SIGUSR1 writes the state."),
    K::new(
        "stats_dump_file",
        Kind::Custom(Shape::Line, |r, node, b| read::one_word(r, node, &mut b.system.stats_dump_file)),
    )
    .since("2.3.3")
    .takes("<path>|<directory>/")
    .missing(Missing::Complaint)
    .help("Where SIGUSR2 writes statistics."),
    K::new(
        "json_dump_file",
        Kind::Custom(Shape::Line, |r, node, b| read::one_word(r, node, &mut b.system.json_dump_file)),
    )
    .since("2.3.3")
    .takes("<path>|<directory>/")
    .missing(Missing::Complaint)
    .help("Where the JSON dump is written."),
    K::new(
        "iproute_usr_dir",
        Kind::Custom(Shape::Line, |r, node, b| read::one_word(r, node, &mut b.iproute_usr_dir)),
    )
    .since("2.3.2")
    .takes("<directory>")
    .missing(Missing::Complaint)
    .default("/usr/share/iproute2")
    .help("Where iproute2's tables of names are shipped."),
    K::new(
        "iproute_etc_dir",
        Kind::Custom(Shape::Line, |r, node, b| read::one_word(r, node, &mut b.iproute_etc_dir)),
    )
    .since("2.3.2")
    .takes("<directory>")
    .missing(Missing::Complaint)
    .default("/etc/iproute2")
    .help("Where tables of names stand that come before those."),
    K::new("vrrp_netlink_cmd_rcv_bufs", Kind::Number(|b| &mut b.system.vrrp_command.bytes, 0, U32))
        .missing(Missing::Complaint)
        .unit("bytes")
        .help("Receive buffer of VRRP's socket for orders to the kernel."),
    K::new("vrrp_netlink_cmd_rcv_bufs_force", Kind::Switch(|b| &mut b.system.vrrp_command.force))
        .default("off")
        .help("That buffer may exceed the system's limit."),
    K::new("vrrp_netlink_monitor_rcv_bufs", Kind::Number(|b| &mut b.system.vrrp_monitor.bytes, 0, U32))
        .missing(Missing::Complaint)
        .unit("bytes")
        .help("Receive buffer of VRRP's socket for news of the kernel."),
    K::new("vrrp_netlink_monitor_rcv_bufs_force", Kind::Switch(|b| &mut b.system.vrrp_monitor.force))
        .default("off")
        .help("That buffer may exceed the system's limit."),
    K::new("process_monitor_rcv_bufs", Kind::Number(|b| &mut b.system.process_monitor.bytes, 0, U32))
        .missing(Missing::Complaint)
        .unit("bytes")
        .help("Receive buffer of the socket that tells of processes."),
    K::new("process_monitor_rcv_bufs_force", Kind::Switch(|b| &mut b.system.process_monitor.force))
        .default("off")
        .help("That buffer may exceed the system's limit."),
    K::new("lvs_netlink_cmd_rcv_bufs", Kind::Number(|b| &mut b.system.lvs_command.bytes, 0, U32))
        .missing(Missing::Complaint)
        .unit("bytes")
        .later("kernel settings")
        .help("Receive buffer of health checks' socket for orders to the kernel."),
    K::new("lvs_netlink_cmd_rcv_bufs_force", Kind::Switch(|b| &mut b.system.lvs_command.force))
        .default("off")
        .later("kernel settings")
        .help("That buffer may exceed the system's limit."),
    K::new("lvs_netlink_monitor_rcv_bufs", Kind::Number(|b| &mut b.system.lvs_monitor.bytes, 0, U32))
        .missing(Missing::Complaint)
        .unit("bytes")
        .later("kernel settings")
        .help("Receive buffer of health checks' socket for news of the kernel."),
    K::new("lvs_netlink_monitor_rcv_bufs_force", Kind::Switch(|b| &mut b.system.lvs_monitor.force))
        .default("off")
        .later("kernel settings")
        .help("That buffer may exceed the system's limit."),
    K::new("vrrp_rx_bufs_policy", Kind::Custom(Shape::Line, read::rx_bufs_policy))
        .takes("MTU|ADVERT|<0..4294967295>")
        .missing(Missing::Complaint)
        .unit("bytes")
        .help(
            "How large the buffers are that adverts come in by: by the largest packet, by the advert, or \
            so many bytes.",
        ),
    K::new("vrrp_rx_bufs_multiplier", Kind::Number(|b| &mut b.system.vrrp_rx_bufs_multiplier, 1, U32))
        .missing(Missing::Complaint)
        .default("3")
        .help("What such a size is multiplied with."),
];

/// Load balancing.
pub(super) static LVS: &[K] = &[
    K::new("lvs_timeouts", Kind::Custom(Shape::Line, read::lvs_timeouts))
        .takes("[tcp <0..2678400>] [tcpfin <0..2678400>] [udp <0..2678400>]")
        .repeats()
        .unit("s")
        .help("How long IPVS keeps idle connections."),
    K::new("lvs_flush", Kind::Flag(|b| &mut b.lvs.lvs_flush, true))
        .help("Clear the IPVS table at the start."),
    K::new("lvs_flush_on_stop", Kind::Custom(Shape::Line, read::flush_on_stop))
        .takes("[VS]")
        .help("Clear the IPVS table at the end, or with VS only what is ours."),
    K::new("lvs_flush_onstop", Kind::Custom(Shape::Line, read::flush_on_stop))
        .takes("[VS]")
        .help("The same as lvs_flush_on_stop."),
    K::new("lvs_sync_daemon", Kind::Custom(Shape::Line, read::sync_daemon))
        .takes(
            "<interface> [[inst] <vrrp_instance>] [id <0..255>] [maxlen <1..65507>] [port <1..65535>] \
            [ttl <1..255>] [group <group>]",
        )
        .missing(Missing::Complaint)
        .once()
        .later("connection synchronisation")
        .help(
            "IPVS connections are told to other hosts, by an instance's master, or without an instance \
            both ways.",
        ),
    K::new("checker_log_all_failures", Kind::Switch(|b| &mut b.lvs.checker_log_all_failures))
        .default("off")
        .later("health checks")
        .help("Log every failed check."),
    K::new("rs_init_notifies", Kind::Switch(|b| &mut b.lvs.rs_init_notifies))
        .default("off")
        .help("First states of servers are notified, too."),
    K::new("no_checker_emails", Kind::Switch(|b| &mut b.lvs.no_checker_emails))
        .default("off")
        .later("alert mail")
        .help("Mail about servers only, not about single checkers."),
];
