//! Rows of `global_defs`: how the processes run, and what is run around them.

use super::{GlobalDefsBlock, read};
use crate::table::{Keyword, Missing, Shape};
use crate::value::Kind;

type K = Keyword<GlobalDefsBlock>;

const U32: u64 = 4_294_967_295;

/// Processes and scripts.
pub(super) static ROWS: &[K] = &[
    K::new("script_user", Kind::Custom(Shape::Line, read::script_user))
        .takes("<user> [[:]<group>]")
        .help("User, and perhaps group, that scripts run as unless they say otherwise."),
    K::new("enable_script_security", Kind::Flag(|b| &mut b.enable_script_security, true))
        .help("Refuse to run as root what others than root could change."),
    K::new("use_symlink_paths", Kind::Switch(|b| &mut b.use_symlink_paths))
        .since("2.3.0")
        .default("off")
        .help("Run scripts by the path as written, symbolic links and all."),
    K::new("set_supplementary_groups", Kind::Switch(|b| &mut b.set_supplementary_groups))
        .since("2.4.4")
        .default("off")
        .help("Give every script the further groups of its user."),
    K::new("startup_script", Kind::Script(|b| &mut b.processes.startup_script))
        .missing(Missing::Complaint)
        .help("Run before anything else."),
    K::new("startup_script_timeout", Kind::Number(|b| &mut b.processes.startup_script_timeout, 1, 1000))
        .lax()
        .missing(Missing::Complaint)
        .unit("s")
        .default("10")
        .help("How long startup_script may take."),
    K::new("shutdown_script", Kind::Script(|b| &mut b.processes.shutdown_script))
        .missing(Missing::Complaint)
        .help("Run after everything else."),
    K::new("shutdown_script_timeout", Kind::Number(|b| &mut b.processes.shutdown_script_timeout, 1, 1000))
        .lax()
        .missing(Missing::Complaint)
        .unit("s")
        .default("10")
        .help("How long shutdown_script may take."),
    K::new("process_names", Kind::Flag(|b| &mut b.processes.process_names, true))
        .help("Call the processes keepalived_vrrp, keepalived_lvs and keepalived_bfd."),
    K::new("process_name", Kind::Text(|b| &mut b.processes.process_name, 15))
        .default("keepalived")
        .help("Name of the first process, at most 15 bytes."),
    K::new("lvs_process_name", Kind::Text(|b| &mut b.processes.checker.name, 15))
        .deprecated("checker_process_name")
        .help("The same as checker_process_name."),
    K::new("vrrp_process_name", Kind::Text(|b| &mut b.processes.vrrp.name, 15))
        .default("keepalived")
        .help("Name of the process that does VRRP, at most 15 bytes."),
    K::new("vrrp_priority", Kind::Signed(|b| &mut b.processes.vrrp.priority, -20, 19))
        .missing(Missing::Complaint)
        .bad(0)
        .default("0")
        .help("Nice value of the process that does VRRP."),
    K::new("vrrp_no_swap", Kind::Flag(|b| &mut b.processes.vrrp.no_swap, true))
        .help("Lock the memory of the process that does VRRP."),
    K::new(
        "vrrp_rt_priority",
        Kind::Custom(Shape::Line, |r, node, b| read::realtime(r, node, &mut b.processes.vrrp)),
    )
    .takes("<1..99>")
    .missing(Missing::Complaint)
    .help("Real-time priority of the process that does VRRP."),
    K::new(
        "vrrp_cpu_affinity",
        Kind::Custom(Shape::Line, |r, node, b| read::cpus(r, node, &mut b.processes.vrrp)),
    )
    .takes("<cpu>...")
    .missing(Missing::Complaint)
    .help("CPUs that the process that does VRRP may run on."),
    K::new("vrrp_rlimit_rttime", Kind::Number(|b| &mut b.processes.vrrp.rlimit_rttime, 1, U32))
        .bad(0)
        .unit("us")
        .help("How long the process that does VRRP may run in one go at a real-time priority; without it, for ever."),
    K::new("vrrp_rlimit_rtime", Kind::Number(|b| &mut b.processes.vrrp.rlimit_rttime, 1, U32))
        .bad(0)
        .unit("us")
        .deprecated("vrrp_rlimit_rttime")
        .help("The same as vrrp_rlimit_rttime."),
    K::new("checker_process_name", Kind::Text(|b| &mut b.processes.checker.name, 15))
        .default("keepalived")
        .help("Name of the process that does health checks, at most 15 bytes."),
    K::new("checker_priority", Kind::Signed(|b| &mut b.processes.checker.priority, -20, 19))
        .missing(Missing::Complaint)
        .bad(0)
        .default("0")
        .help("Nice value of the process that does health checks."),
    K::new("checker_no_swap", Kind::Flag(|b| &mut b.processes.checker.no_swap, true))
        .help("Lock the memory of the process that does health checks."),
    K::new(
        "checker_rt_priority",
        Kind::Custom(Shape::Line, |r, node, b| read::realtime(r, node, &mut b.processes.checker)),
    )
    .takes("<1..99>")
    .missing(Missing::Complaint)
    .help("Real-time priority of the process that does health checks."),
    K::new(
        "checker_cpu_affinity",
        Kind::Custom(Shape::Line, |r, node, b| read::cpus(r, node, &mut b.processes.checker)),
    )
    .takes("<cpu>...")
    .missing(Missing::Complaint)
    .help("CPUs that the process that does health checks may run on."),
    K::new("checker_rlimit_rttime", Kind::Number(|b| &mut b.processes.checker.rlimit_rttime, 1, U32))
        .bad(0)
        .unit("us")
        .help("How long the process that does health checks may run in one go at a real-time priority; without it, for ever."),
    K::new("checker_rlimit_rtime", Kind::Number(|b| &mut b.processes.checker.rlimit_rttime, 1, U32))
        .bad(0)
        .unit("us")
        .deprecated("checker_rlimit_rttime")
        .help("The same as checker_rlimit_rttime."),
    K::new("bfd_process_name", Kind::Text(|b| &mut b.processes.bfd.name, 15))
        .default("keepalived")
        .help("Name of the process that does BFD, at most 15 bytes."),
    K::new("bfd_priority", Kind::Signed(|b| &mut b.processes.bfd.priority, -20, 19))
        .missing(Missing::Complaint)
        .bad(0)
        .default("0")
        .help("Nice value of the process that does BFD."),
    K::new("bfd_no_swap", Kind::Flag(|b| &mut b.processes.bfd.no_swap, true))
        .help("Lock the memory of the process that does BFD."),
    K::new(
        "bfd_rt_priority",
        Kind::Custom(Shape::Line, |r, node, b| read::realtime(r, node, &mut b.processes.bfd)),
    )
    .takes("<1..99>")
    .missing(Missing::Complaint)
    .help("Real-time priority of the process that does BFD."),
    K::new(
        "bfd_cpu_affinity",
        Kind::Custom(Shape::Line, |r, node, b| read::cpus(r, node, &mut b.processes.bfd)),
    )
    .takes("<cpu>...")
    .missing(Missing::Complaint)
    .help("CPUs that the process that does BFD may run on."),
    K::new("bfd_rlimit_rttime", Kind::Number(|b| &mut b.processes.bfd.rlimit_rttime, 1, U32))
        .bad(0)
        .unit("us")
        .help("How long the process that does BFD may run in one go at a real-time priority; without it, for ever."),
    K::new("bfd_rlimit_rtime", Kind::Number(|b| &mut b.processes.bfd.rlimit_rttime, 1, U32))
        .bad(0)
        .unit("us")
        .deprecated("bfd_rlimit_rttime")
        .help("The same as bfd_rlimit_rttime."),
    K::new("max_auto_priority", Kind::NumberOr(|b| &mut b.processes.max_auto_priority, -1, 99, 99))
        .lax()
        .default("0")
        .help(
            "Highest real-time priority that the daemon gives itself when it is late. 0: none; -1: none, \
            and nothing is said of it.",
        ),
    K::new(
        "min_auto_priority_delay",
        Kind::Number(|b| &mut b.processes.min_auto_priority_delay, 1, 10_000_000),
    )
    .lax()
    .missing(Missing::Complaint)
    .unit("us")
    .default("1000000")
    .help("How late it must be."),
    K::new("umask", Kind::Custom(Shape::Line, read::umask))
        .takes("<number>|<bit>[|<bit>]...")
        .default("IXUSR|IRWXG|IRWXO")
        .help("File creation mask: a number, or bits such as IWGRP, IRWXO. The command line comes first."),
];
