//! `global_defs` and what stands outside all blocks → what the daemon as a whole obeys.

use std::time::Duration;

use check::config::{Leaving, TableCare};
use host::ipvs::Timeouts;
use vrrp::config::{Firewall, ReceiveBuffer};

use super::{BufferBlock, GlobalDefsBlock, LvsBlock, PipeBlock, PipesBlock, Process, Processes, SystemBlock};
use crate::block::root::IdentityBlock;
use crate::diagnostic::code;
use crate::effective::{
    AutoPriority, Buffers, Daemon, Dbus, Dumps, Hook, Hooks, Identity, LvsDefaults, Mail, NetFilter, Pipe,
    Pipes, ReceiveBuffers, Reload, Snmp, Worker, Workers,
};
use crate::lex::CommandLine;
use crate::resolve::Resolver;
use crate::value::Set;

/// What the daemon as a whole obeys.
pub(crate) fn daemon(resolver: &mut Resolver<'_, '_>, identity: &IdentityBlock) -> Daemon {
    let block = resolver.global;
    let router_id = text(&block.router_id);
    Daemon {
        router_id: router_id.unwrap_or_else(|| resolver.surroundings.node_name()),
        script_security: block.enable_script_security.is_some(),
        mail: mail(resolver, block),
        identity: lower_identity(identity),
        workers: workers(&block.processes),
        hooks: hooks(resolver, &block.processes),
        pipes: pipes(resolver, &block.pipes),
        snmp: snmp(&block.pipes),
        dbus: dbus(&block.pipes),
        reload: reload(resolver, &block.system),
        dumps: dumps(&block.system),
        buffers: buffers(&block.system),
        lvs: lvs(block),
        filter: filter(block),
        umask: block.processes.umask.as_ref().map_or(0o177, |set| set.value),
        dynamic_interfaces: block.dynamic_interfaces.as_ref().map(|set| set.value),
        no_local_igmp: block.disable_local_igmp.is_some(),
        delay_after_boot: block.vrrp_delay_after_boot.as_ref().map_or(Duration::ZERO, |set| set.value),
    }
}

/// The part of a socket's buffer that an instance asks for which says nothing itself.
pub(crate) fn receive_buffer(block: &GlobalDefsBlock) -> Option<ReceiveBuffer> {
    let Buffers { adverts, advert_multiplier: times, .. } = buffers(&block.system);
    Some(match adverts? {
        ReceiveBuffers::Mtu => ReceiveBuffer::Mtu(times),
        ReceiveBuffers::Advert => ReceiveBuffer::Advert(times),
        ReceiveBuffers::Bytes(bytes) => ReceiveBuffer::Bytes(bytes),
    })
}

/// How packets to addresses that are not accepted are dropped.
pub(crate) fn firewall(block: &GlobalDefsBlock) -> Firewall {
    let usual = Firewall::default();
    let priority = block.filter.nftables_priority.as_ref().and_then(|set| i32::try_from(set.value).ok());
    Firewall {
        table: text(&block.filter.nftables).unwrap_or(usual.table),
        priority: priority.unwrap_or(usual.priority),
        counters: block.filter.nftables_counters.is_some(),
        by_index: block.filter.nftables_ifindex.is_some(),
        no_local_reports: block.disable_local_igmp.is_some(),
    }
}

fn text(set: &Option<Set<String>>) -> Option<String> {
    set.as_ref().map(|set| set.value.clone())
}

fn on(set: &Option<Set<bool>>) -> bool {
    set.as_ref().is_some_and(|set| set.value)
}

fn number(set: &Option<Set<u64>>) -> Option<u32> {
    set.as_ref().map(|set| u32::try_from(set.value).unwrap_or(u32::MAX))
}

fn mail(resolver: &mut Resolver<'_, '_>, block: &GlobalDefsBlock) -> Mail {
    let reader = &mut resolver.reader;
    let mut to = Vec::new();
    for &list in &block.notification_email {
        let before = to.len();
        for line in reader.tree.children(list) {
            to.extend(reader.tree.words(line).iter().map(|word| reader.text(*word).to_owned()));
        }
        if to.len() == before {
            let message = "No address stands in this notification_email";
            reader.complain(code::EMPTY_BLOCK, reader.keyword(list), message);
        }
    }
    let server = block.smtp_server.as_ref().map(|set| set.value.clone());
    let host = resolver.surroundings.node_name();
    let user = || resolver.surroundings.user_named(resolver.surroundings.running_as().uid);
    Mail {
        to,
        from: text(&block.notification_email_from)
            .unwrap_or_else(|| format!("{}@{host}", user().unwrap_or_else(|| "root".into()))),
        port: server.as_ref().map_or(25, |(_, port)| *port),
        server: server.map(|(server, _)| server),
        helo: text(&block.smtp_helo_name).unwrap_or(host.clone()),
        timeout_seconds: number(&block.smtp_connect_timeout).unwrap_or(30),
        no_faults: block.no_email_faults.is_some(),
    }
}

fn lower_identity(block: &IdentityBlock) -> Identity {
    // No `..` here: a keyword that is read and not obeyed must not compile.
    let IdentityBlock {
        instance,
        net_namespace,
        net_namespace_ipvs,
        namespace_with_ipsets: _,
        use_pid_dir,
        child_wait_time,
        // It concerns virtual routers.
        linkbeat_use_polling: _,
    } = block;
    Identity {
        instance: text(instance),
        namespace: text(net_namespace),
        ipvs_namespace: net_namespace_ipvs
            .as_ref()
            .map(|set| (!set.value.is_empty()).then(|| set.value.clone())),
        pid_directory: use_pid_dir.is_some() || net_namespace.is_some(),
        child_wait: child_wait_time.as_ref().map(|set| Duration::from_secs(set.value)),
    }
}

/// `usual`: its name if it has none of its own.
fn worker(block: &Process, usual: &str) -> Worker {
    // No `..` here: a keyword that is read and not obeyed must not compile.
    let Process { name, priority, no_swap, rt_priority, cpu_affinity, rlimit_rttime } = block;
    Worker {
        name: text(name).unwrap_or_else(|| usual.into()),
        nice: priority.as_ref().and_then(|set| i8::try_from(set.value).ok()).unwrap_or(0),
        locked: no_swap.is_some(),
        realtime: rt_priority.as_ref().and_then(|set| u8::try_from(set.value).ok()),
        cpus: cpu_affinity.as_ref().map(|set| set.value.clone()).unwrap_or_default(),
        // As keepalived: one microsecond is too little to be told.
        rttime: number(rlimit_rttime).map(|micros| if micros == 1 { 2 } else { micros }),
    }
}

/// Name of every process that has none of its own.
const PROCESS_NAME: &str = "keepalived";

fn workers(block: &Processes) -> Workers {
    let most = block.max_auto_priority.as_ref().map_or(0, |set| set.value);
    let auto_priority = (most != 0).then(|| AutoPriority {
        most: u8::try_from(most).unwrap_or(0),
        delay_us: number(&block.min_auto_priority_delay).unwrap_or(1_000_000),
        quiet: most < 0,
    });
    let usual = |own| if block.process_names.is_some() { own } else { PROCESS_NAME };
    Workers {
        name: text(&block.process_name).unwrap_or_else(|| PROCESS_NAME.into()),
        vrrp: worker(&block.vrrp, usual("keepalived_vrrp")),
        checker: worker(&block.checker, usual("keepalived_lvs")),
        bfd: worker(&block.bfd, usual("keepalived_bfd")),
        auto_priority,
    }
}

/// Seconds that a script around the daemon's life may take unless it is said.
const HOOK_LIMIT: u64 = 10;

fn hooks(resolver: &mut Resolver<'_, '_>, block: &Processes) -> Hooks {
    let mut hook = |script: &Option<Set<CommandLine>>, limit: &Option<Set<u64>>| {
        let command = resolver.notify(script.as_ref())?;
        let limit = Duration::from_secs(limit.as_ref().map_or(HOOK_LIMIT, |set| set.value));
        Some(Hook { command, limit })
    };
    Hooks {
        startup: hook(&block.startup_script, &block.startup_script_timeout),
        shutdown: hook(&block.shutdown_script, &block.shutdown_script_timeout),
    }
}

fn pipe(resolver: &mut Resolver<'_, '_>, block: &PipeBlock) -> Option<Pipe> {
    // No `..` here: a keyword that is read and not obeyed must not compile.
    let PipeBlock { fifo, script } = block;
    let reader = resolver.notify(script.as_ref());
    let Set { value: words, at } = fifo.as_ref()?;
    let (path, identity) = words.split_first()?;
    let owner = if identity.is_empty() { None } else { resolver.account(identity, *at) };
    Some(Pipe { path: path.clone(), owner, reader })
}

fn pipes(resolver: &mut Resolver<'_, '_>, block: &PipesBlock) -> Pipes {
    let all = pipe(resolver, &block.all);
    let mut own = |block: &PipeBlock| {
        let found = pipe(resolver, block)?;
        if all.as_ref().is_some_and(|all| all.path == found.path) {
            let at = block.fifo.as_ref().map(|set| set.at).unwrap_or_default();
            let message = format!("{} is notify_fifo already; this one is left out", found.path);
            resolver.reader.complain(code::DUPLICATE, at, message);
            return None;
        }
        Some(found)
    };
    let (vrrp, lvs) = (own(&block.vrrp), own(&block.lvs));
    Pipes { all, vrrp, lvs, states_on_reload: block.fifo_write_vrrp_states_on_reload.is_some() }
}

fn snmp(block: &PipesBlock) -> Snmp {
    let rfc = block.enable_snmp_rfc.is_some();
    Snmp {
        socket: text(&block.snmp_socket),
        traps: block.enable_traps.is_some(),
        vrrp: block.enable_snmp_vrrp.is_some(),
        rfc_v2: rfc || block.enable_snmp_rfcv2.is_some(),
        rfc_v3: rfc || block.enable_snmp_rfcv3.is_some(),
        checker: block.enable_snmp_checker.is_some(),
        virtual_server_age: block.snmp_vs_stats_update_interval.as_ref().map(|set| set.value),
        real_server_age: block.snmp_rs_stats_update_interval.as_ref().map(|set| set.value),
    }
}

fn dbus(block: &PipesBlock) -> Dbus {
    Dbus {
        on: block.enable_dbus.is_some(),
        name: text(&block.dbus_service_name),
        no_interface: text(&block.dbus_no_interface_name),
    }
}

fn reload(resolver: &mut Resolver<'_, '_>, block: &SystemBlock) -> Reload {
    let given = |set: &Option<Set<String>>| {
        set.as_ref().map(|set| (!set.value.is_empty()).then(|| set.value.clone()))
    };
    let mut save_directory = text(&block.config_save_dir);
    if let Some(set) = &block.config_save_dir
        && resolver.surroundings.is_real()
        && resolver.surroundings.facts(&set.value).is_some_and(|facts| !facts.is_directory())
    {
        resolver.reader.complain(
            code::NO_FILE,
            set.at,
            format!("{} is no directory; it is ignored", set.value),
        );
        save_directory = None;
    }
    Reload {
        check: given(&block.reload_check_config),
        time_file: text(&block.reload_time_file),
        repeat: block.reload_repeat.is_some(),
        marker: given(&block.reload_file),
        save_directory,
    }
}

fn dumps(block: &SystemBlock) -> Dumps {
    Dumps {
        state: text(&block.state_dump_file),
        statistics: text(&block.stats_dump_file),
        json: text(&block.json_dump_file),
        json_version: block.json_version.as_ref().and_then(|set| u8::try_from(set.value).ok()).unwrap_or(1),
        use_instance: on(&block.data_use_instance),
    }
}

fn buffers(block: &SystemBlock) -> Buffers {
    let buffer = |block: &BufferBlock| (number(&block.bytes), on(&block.force));
    Buffers {
        vrrp_command: buffer(&block.vrrp_command),
        vrrp_monitor: buffer(&block.vrrp_monitor),
        lvs_command: buffer(&block.lvs_command),
        lvs_monitor: buffer(&block.lvs_monitor),
        process_monitor: buffer(&block.process_monitor),
        adverts: block.vrrp_rx_bufs_policy.as_ref().map(|set| set.value),
        advert_multiplier: number(&block.vrrp_rx_bufs_multiplier).unwrap_or(3),
    }
}

fn lvs(block: &GlobalDefsBlock) -> LvsDefaults {
    let LvsBlock { lvs_sync_daemon, no_checker_emails, checker_log_all_failures, .. } = &block.lvs;
    let mail = block.smtp_alert_checker.as_ref().or(block.smtp_alert.as_ref());
    LvsDefaults {
        sync_daemon: lvs_sync_daemon.as_ref().map(|set| set.value.clone()),
        no_checker_mail: on(no_checker_emails),
        log_all_failures: on(checker_log_all_failures),
        mail: mail.map(|set| set.value),
    }
}

/// What the check engine does to the kernel's table as a whole, and whether first states are notified.
pub(crate) fn check_table(block: &GlobalDefsBlock) -> (TableCare, bool) {
    // No `..` here: a keyword that is read and not obeyed must not compile.
    let LvsBlock {
        tcp,
        tcpfin,
        udp,
        lvs_flush,
        lvs_flush_on_stop,
        lvs_sync_daemon: _,
        rs_init_notifies,
        no_checker_emails: _,
        checker_log_all_failures: _,
    } = &block.lvs;
    // As keepalived: 0 leaves what the kernel has.
    let seconds = |set: &Option<Set<u32>>| set.as_ref().map(|set| set.value).filter(|seconds| *seconds > 0);
    let stop = match lvs_flush_on_stop.as_ref().map(|set| set.value) {
        None => Leaving::ServerByServer,
        Some(true) => Leaving::Services,
        Some(false) => Leaving::Everything,
    };
    let timeouts = Timeouts { tcp: seconds(tcp), tcp_fin: seconds(tcpfin), udp: seconds(udp) };
    (TableCare { flush: lvs_flush.is_some(), stop, timeouts }, on(rs_init_notifies))
}

fn filter(block: &GlobalDefsBlock) -> NetFilter {
    let block = &block.filter;
    let signed = |set: &Option<Set<i64>>| set.as_ref().and_then(|set| i32::try_from(set.value).ok());
    NetFilter {
        ipvs_table: text(&block.nftables_ipvs),
        ipvs_priority: signed(&block.nftables_ipvs_priority),
        ipvs_first_mark: number(&block.nftables_ipvs_start_fwmark),
    }
}
