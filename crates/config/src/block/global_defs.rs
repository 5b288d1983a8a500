//! `global_defs`: settings of the daemon as a whole, and defaults.

mod lower;
mod notice;
mod process;
mod read;
mod system;
mod vrrp;

use std::net::IpAddr;
use std::time::Duration;

use host::LinkName;

use crate::effective::ReceiveBuffers;
use crate::lex::CommandLine;
use crate::table::Block;
use crate::tree::NodeId;
use crate::value::Set;
pub(crate) use lower::{check_table, daemon, firewall, receive_buffer};

/// As written.
#[derive(Debug, Default)]
pub(crate) struct GlobalDefsBlock {
    pub(crate) router_id: Option<Set<String>>,
    pub(crate) notification_email: Vec<NodeId>,
    pub(crate) notification_email_from: Option<Set<String>>,
    pub(crate) smtp_server: Option<Set<(String, u16)>>,
    pub(crate) smtp_helo_name: Option<Set<String>>,
    pub(crate) smtp_connect_timeout: Option<Set<u64>>,
    pub(crate) script_user: Option<Set<Vec<String>>>,
    pub(crate) enable_script_security: Option<Set<bool>>,
    pub(crate) use_symlink_paths: Option<Set<bool>>,
    pub(crate) set_supplementary_groups: Option<Set<bool>>,
    /// `allow_if_changes` stands there.
    pub(crate) dynamic_interfaces: Option<Set<bool>>,
    pub(crate) vrrp_version: Option<Set<u64>>,
    pub(crate) vrrp_strict: Option<Set<bool>>,
    pub(crate) vrrp_mcast_group4: Option<Set<IpAddr>>,
    pub(crate) vrrp_mcast_group6: Option<Set<IpAddr>>,
    pub(crate) vrrp_garp_master_delay: Option<Set<u64>>,
    pub(crate) vrrp_garp_master_repeat: Option<Set<u64>>,
    pub(crate) vrrp_garp_master_refresh: Option<Set<u64>>,
    pub(crate) vrrp_garp_master_refresh_repeat: Option<Set<u64>>,
    pub(crate) vrrp_garp_lower_prio_delay: Option<Set<u64>>,
    pub(crate) vrrp_garp_lower_prio_repeat: Option<Set<u64>>,
    pub(crate) vrrp_garp_interval: Option<Set<Duration>>,
    pub(crate) vrrp_gna_interval: Option<Set<Duration>>,
    pub(crate) vrrp_min_garp: Option<Set<bool>>,
    pub(crate) vrrp_down_timer_adverts: Option<Set<u64>>,
    pub(crate) vrrp_lower_prio_no_advert: Option<Set<bool>>,
    pub(crate) vrrp_higher_prio_send_advert: Option<Set<bool>>,
    pub(crate) vrrp_check_unicast_src: Option<Set<bool>>,
    pub(crate) vrrp_skip_check_adv_addr: Option<Set<bool>>,
    pub(crate) v3_checksum_as_v2: Option<Set<bool>>,
    pub(crate) vrrp_owner_ignore_adverts: Option<Set<bool>>,
    pub(crate) vrrp_notify_priority_changes: Option<Set<bool>>,
    pub(crate) vrrp_garp_extra_if: Option<Set<(u64, bool)>>,
    pub(crate) vrrp_heal_announce: Option<Set<bool>>,
    pub(crate) vrrp_heal_notify: Option<Set<bool>>,
    pub(crate) vrrp_startup_delay: Option<Set<Duration>>,
    pub(crate) vrrp_delay_after_boot: Option<Set<Duration>>,
    pub(crate) vmac_prefix: Option<Set<String>>,
    pub(crate) vmac_addr_prefix: Option<Set<String>>,
    pub(crate) log_unknown_vrids: Option<Set<bool>>,
    pub(crate) default_interface: Option<Set<LinkName>>,
    pub(crate) disable_local_igmp: Option<Set<bool>>,
    pub(crate) smtp_alert: Option<Set<bool>>,
    pub(crate) smtp_alert_vrrp: Option<Set<bool>>,
    pub(crate) smtp_alert_checker: Option<Set<bool>>,
    pub(crate) no_email_faults: Option<Set<bool>>,
    pub(crate) iproute_usr_dir: Option<Set<String>>,
    pub(crate) iproute_etc_dir: Option<Set<String>>,
    pub(crate) filter: FilterBlock,
    pub(crate) processes: Processes,
    pub(crate) pipes: PipesBlock,
    pub(crate) system: SystemBlock,
    pub(crate) lvs: LvsBlock,
}

/// Firewalls.
#[derive(Debug, Default)]
pub(crate) struct FilterBlock {
    pub(crate) nftables: Option<Set<String>>,
    pub(crate) nftables_priority: Option<Set<i64>>,
    pub(crate) nftables_ifindex: Option<Set<bool>>,
    pub(crate) nftables_counters: Option<Set<bool>>,
    pub(crate) nftables_ipvs: Option<Set<String>>,
    pub(crate) nftables_ipvs_priority: Option<Set<i64>>,
    pub(crate) nftables_ipvs_start_fwmark: Option<Set<u64>>,
}

/// How the processes run.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    pub(crate) process_names: Option<Set<bool>>,
    pub(crate) process_name: Option<Set<String>>,
    pub(crate) vrrp: Process,
    pub(crate) checker: Process,
    pub(crate) bfd: Process,
    pub(crate) max_auto_priority: Option<Set<i64>>,
    pub(crate) min_auto_priority_delay: Option<Set<u64>>,
    pub(crate) startup_script: Option<Set<CommandLine>>,
    pub(crate) startup_script_timeout: Option<Set<u64>>,
    pub(crate) shutdown_script: Option<Set<CommandLine>>,
    pub(crate) shutdown_script_timeout: Option<Set<u64>>,
    pub(crate) umask: Option<Set<u32>>,
}

/// How one process runs.
#[derive(Debug, Default)]
pub(crate) struct Process {
    pub(crate) name: Option<Set<String>>,
    pub(crate) priority: Option<Set<i64>>,
    pub(crate) no_swap: Option<Set<bool>>,
    pub(crate) rt_priority: Option<Set<u64>>,
    pub(crate) cpu_affinity: Option<Set<Vec<u16>>>,
    pub(crate) rlimit_rttime: Option<Set<u64>>,
}

/// A pipe and who reads it.
#[derive(Debug, Default)]
pub(crate) struct PipeBlock {
    pub(crate) fifo: Option<Set<Vec<String>>>,
    pub(crate) script: Option<Set<CommandLine>>,
}

/// Who is told of events.
#[derive(Debug, Default)]
pub(crate) struct PipesBlock {
    pub(crate) all: PipeBlock,
    pub(crate) vrrp: PipeBlock,
    pub(crate) lvs: PipeBlock,
    pub(crate) fifo_write_vrrp_states_on_reload: Option<Set<bool>>,
    pub(crate) snmp_socket: Option<Set<String>>,
    pub(crate) enable_traps: Option<Set<bool>>,
    pub(crate) enable_snmp_vrrp: Option<Set<bool>>,
    pub(crate) enable_snmp_rfc: Option<Set<bool>>,
    pub(crate) enable_snmp_rfcv2: Option<Set<bool>>,
    pub(crate) enable_snmp_rfcv3: Option<Set<bool>>,
    pub(crate) enable_snmp_checker: Option<Set<bool>>,
    pub(crate) snmp_vs_stats_update_interval: Option<Set<Duration>>,
    pub(crate) snmp_rs_stats_update_interval: Option<Set<Duration>>,
    pub(crate) enable_dbus: Option<Set<bool>>,
    pub(crate) dbus_service_name: Option<Set<String>>,
    pub(crate) dbus_no_interface_name: Option<Set<String>>,
}

/// A kernel buffer.
#[derive(Debug, Default)]
pub(crate) struct BufferBlock {
    pub(crate) bytes: Option<Set<u64>>,
    pub(crate) force: Option<Set<bool>>,
}

/// Files and buffers.
#[derive(Debug, Default)]
pub(crate) struct SystemBlock {
    pub(crate) vrrp_command: BufferBlock,
    pub(crate) vrrp_monitor: BufferBlock,
    pub(crate) lvs_command: BufferBlock,
    pub(crate) lvs_monitor: BufferBlock,
    pub(crate) process_monitor: BufferBlock,
    pub(crate) vrrp_rx_bufs_policy: Option<Set<ReceiveBuffers>>,
    pub(crate) vrrp_rx_bufs_multiplier: Option<Set<u64>>,
    /// Empty is nowhere.
    pub(crate) reload_check_config: Option<Set<String>>,
    pub(crate) reload_time_file: Option<Set<String>>,
    pub(crate) reload_repeat: Option<Set<bool>>,
    /// Empty is in the directory of pid files.
    pub(crate) reload_file: Option<Set<String>>,
    pub(crate) config_save_dir: Option<Set<String>>,
    pub(crate) tmp_config_directory: Option<Set<String>>,
    pub(crate) data_use_instance: Option<Set<bool>>,
    pub(crate) json_version: Option<Set<u64>>,
    pub(crate) state_dump_file: Option<Set<String>>,
    pub(crate) stats_dump_file: Option<Set<String>>,
    pub(crate) json_dump_file: Option<Set<String>>,
}

/// Load balancing.
#[derive(Debug, Default)]
pub(crate) struct LvsBlock {
    pub(crate) tcp: Option<Set<u32>>,
    pub(crate) tcpfin: Option<Set<u32>>,
    pub(crate) udp: Option<Set<u32>>,
    pub(crate) lvs_flush: Option<Set<bool>>,
    /// `VS` stands there.
    pub(crate) lvs_flush_on_stop: Option<Set<bool>>,
    pub(crate) lvs_sync_daemon: Option<Set<crate::effective::SyncDaemon>>,
    pub(crate) rs_init_notifies: Option<Set<bool>>,
    pub(crate) no_checker_emails: Option<Set<bool>>,
    pub(crate) checker_log_all_failures: Option<Set<bool>>,
}

/// The rows of `global_defs`.
pub(crate) static GLOBAL_DEFS: Block<GlobalDefsBlock> = Block::new("global_defs", vrrp::ROWS)
    .and(vrrp::FILTERS)
    .and(notice::ROWS)
    .and(process::ROWS)
    .and(system::ROWS)
    .and(system::LVS)
    .steering();
