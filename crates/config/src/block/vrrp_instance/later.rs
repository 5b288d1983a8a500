//! Keywords of `vrrp_instance` that are recognised and not yet supported.

use super::{K, VrrpInstanceBlock};
use crate::block::later::AUTH_HMAC;
use crate::table::{Keyword, Shape};
use crate::value::Kind;

const fn line(name: &'static str, feature: &'static str) -> K {
    K::new(name, Kind::Later(Shape::Line, feature))
}

const fn lines(name: &'static str, feature: &'static str) -> K {
    K::new(name, Kind::Later(Shape::Lines, feature))
}

pub(super) static LATER: &[Keyword<VrrpInstanceBlock>] = &[
    line("use_vmac", "virtual MAC addresses"),
    line("use_vmac_addr", "virtual MAC addresses"),
    line("vmac_xmit_base", "virtual MAC addresses"),
    line("use_ipvlan", "virtual MAC addresses"),
    line("unicast_fault_no_peer", "unicast"),
    line("old_unicast_checksum", "unicast"),
    line("vrf", "unicast"),
    lines("track_file", "tracked files"),
    lines("track_process", "tracked processes"),
    lines("track_bfd", "BFD"),
    line("track_src_ip", "tracked source addresses"),
    line("promote_secondaries", "kernel settings"),
    line("linkbeat_use_polling", "polling of links").deprecated("linkbeat_interfaces"),
    lines("virtual_routes", "routes and rules"),
    lines("virtual_rules", "routes and rules"),
    line("no_accept", "accept mode"),
    K::new("notify_deleted", Kind::Later(Shape::Script, "notification")),
    line("smtp_alert", "alert mail"),
    line("notify_priority_changes", "notification"),
    line("lvs_sync_daemon_interface", "load balancing").deprecated("lvs_sync_daemon in global_defs"),
    line("timer_expired_backup", "late timers"),
    line("thread_timer_expired", "late timers").deprecated("timer_expired_backup"),
    line("garp_extra_if", "virtual MAC addresses"),
    line("vmac_garp_intvl", "virtual MAC addresses").deprecated("garp_extra_if"),
    line("owner_ignore_adverts", "the owner of addresses"),
    line("kernel_rx_buf_size", "kernel settings"),
    K::new("auth_hmac", Kind::Later(Shape::Block(&AUTH_HMAC), "authentication by HMAC")),
];
