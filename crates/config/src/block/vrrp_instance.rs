//! `vrrp_instance`: one virtual router.

pub(crate) mod lower;
mod own;
mod read;
mod rows;

use std::net::IpAddr;
use std::time::Duration;

use host::LinkName;

use crate::block::auth_hmac::AuthHmacBlock;
use crate::block::authentication::AuthenticationBlock;
use crate::block::track::Lists;
use crate::lex::CommandLine;
use crate::source::Span;
use crate::table::Block;
use crate::tree::NodeId;
use crate::value::Set;
pub(crate) use own::{OwnWords, extra};

/// As written.
#[derive(Debug, Default)]
pub(crate) struct VrrpInstanceBlock {
    pub(crate) name: String,
    pub(crate) at: Span,
    pub(crate) interface: Option<Set<LinkName>>,
    pub(crate) virtual_router_id: Option<Set<u64>>,
    pub(crate) advert_int: Option<Set<Duration>>,
    pub(crate) version: Option<Set<u64>>,
    pub(crate) election: Election,
    pub(crate) transport: Transport,
    pub(crate) addresses: Addresses,
    pub(crate) garp: Garp,
    pub(crate) scripts: Scripts,
    pub(crate) conduct: Conduct,
    pub(crate) track: Track,
    pub(crate) native_ipv6: Option<Set<bool>>,
    pub(crate) strict_mode: Option<Set<bool>>,
    pub(crate) authentication: AuthenticationBlock,
    pub(crate) auth_hmac: Option<AuthHmacBlock>,
    pub(crate) accept: Option<Set<bool>>,
    pub(crate) down_timer_adverts: Option<Set<u64>>,
    pub(crate) own: Own,
    pub(crate) rest: Rest,
}

/// A link of its own.
#[derive(Debug, Default)]
pub(crate) struct Own {
    pub(crate) use_vmac: Option<Set<OwnWords>>,
    pub(crate) use_ipvlan: Option<Set<OwnWords>>,
    pub(crate) use_vmac_addr: Option<Set<bool>>,
    pub(crate) vmac_xmit_base: Option<Set<bool>>,
    pub(crate) promote_secondaries: Option<Set<bool>>,
}

/// What belongs nowhere else.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    pub(crate) vrf: Option<Set<LinkName>>,
    pub(crate) smtp_alert: Option<Set<bool>>,
    pub(crate) notify_priority_changes: Option<Set<bool>>,
    pub(crate) owner_ignore_adverts: Option<Set<bool>>,
    pub(crate) timer_expired_backup: Option<Set<i64>>,
    pub(crate) kernel_rx_buf_size: Option<Set<u64>>,
    pub(crate) lvs_sync_daemon_interface: Option<Set<LinkName>>,
    pub(crate) linkbeat_use_polling: Option<Set<bool>>,
    pub(crate) step_down: Option<Set<bool>>,
    pub(crate) vip_lifetime: Option<Set<u64>>,
}

/// Who leads.
#[derive(Debug, Default)]
pub(crate) struct Election {
    pub(crate) state: Option<Set<bool>>,
    pub(crate) priority: Option<Set<u64>>,
    pub(crate) nopreempt: Option<Set<bool>>,
    pub(crate) preempt_delay: Option<Set<Duration>>,
}

/// How adverts travel.
#[derive(Debug, Default)]
pub(crate) struct Transport {
    pub(crate) mcast_src_ip: Option<Set<IpAddr>>,
    pub(crate) mcast_dst_ip: Option<Set<IpAddr>>,
    pub(crate) unicast_peer: Vec<NodeId>,
    pub(crate) unicast_ttl: Option<Set<u64>>,
    pub(crate) check_unicast_src: Option<Set<bool>>,
    pub(crate) unicast_fault_no_peer: Option<Set<bool>>,
    pub(crate) old_unicast_checksum: Option<Set<bool>>,
    /// `unicast_src_ip` stands there, as a word that asks for unicast.
    pub(crate) unicast_src_ip: Option<Set<IpAddr>>,
}

/// What the master holds.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    pub(crate) virtual_ipaddress: Vec<NodeId>,
    pub(crate) virtual_ipaddress_excluded: Vec<NodeId>,
    pub(crate) no_virtual_ipaddress: Option<Set<bool>>,
    pub(crate) virtual_routes: Vec<NodeId>,
    pub(crate) virtual_rules: Vec<NodeId>,
}

/// Gratuitous ARP and neighbour advertisements.
#[derive(Debug, Default)]
pub(crate) struct Garp {
    pub(crate) garp_master_delay: Option<Set<u64>>,
    pub(crate) garp_master_repeat: Option<Set<u64>>,
    pub(crate) garp_master_refresh: Option<Set<u64>>,
    pub(crate) garp_master_refresh_repeat: Option<Set<u64>>,
    pub(crate) garp_lower_prio_delay: Option<Set<u64>>,
    pub(crate) garp_lower_prio_repeat: Option<Set<u64>>,
    pub(crate) garp_extra_if: Option<Set<(u64, bool)>>,
    pub(crate) heal_announce: Option<Set<bool>>,
}

/// What is run on a change.
#[derive(Debug, Default)]
pub(crate) struct Scripts {
    pub(crate) notify: Option<Set<CommandLine>>,
    pub(crate) notify_master: Option<Set<CommandLine>>,
    pub(crate) notify_backup: Option<Set<CommandLine>>,
    pub(crate) notify_fault: Option<Set<CommandLine>>,
    pub(crate) notify_stop: Option<Set<CommandLine>>,
    pub(crate) notify_master_rx_lower_pri: Option<Set<CommandLine>>,
    /// Without a script it still says that deletion is told.
    pub(crate) notify_deleted: Option<Set<CommandLine>>,
}

/// How it deals with others' adverts.
#[derive(Debug, Default)]
pub(crate) struct Conduct {
    pub(crate) skip_check_adv_addr: Option<Set<bool>>,
    pub(crate) v3_checksum_as_v2: Option<Set<bool>>,
    pub(crate) lower_prio_no_advert: Option<Set<bool>>,
    pub(crate) higher_prio_send_advert: Option<Set<bool>>,
    pub(crate) heal_notify: Option<Set<bool>>,
}

/// What matters to it.
#[derive(Debug, Default)]
pub(crate) struct Track {
    pub(crate) dont_track_primary: Option<Set<bool>>,
    pub(crate) track_src_ip: Option<Set<bool>>,
    pub(crate) lists: Lists,
}

/// The rows of `vrrp_instance`.
pub(crate) static VRRP_INSTANCE: Block<VrrpInstanceBlock> =
    Block::new("vrrp_instance", rows::ELECTION).and(rows::HOLDINGS).and(rows::CONDUCT).and(rows::NOTICE);
