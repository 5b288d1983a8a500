//! `vrrp_instance`: one virtual router.

mod later;
pub(crate) mod lower;
mod read;

use std::net::IpAddr;
use std::time::Duration;

use host::LinkName;

use crate::block::authentication::{AUTHENTICATION, AuthenticationBlock};
use crate::lex::CommandLine;
use crate::source::Span;
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Set};

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
    pub(crate) accept: Option<Set<bool>>,
    pub(crate) down_timer_adverts: Option<Set<u64>>,
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
}

/// What the master holds.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    pub(crate) virtual_ipaddress: Vec<NodeId>,
    pub(crate) virtual_ipaddress_excluded: Vec<NodeId>,
    pub(crate) no_virtual_ipaddress: Option<Set<bool>>,
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
}

/// How it deals with others' adverts.
#[derive(Debug, Default)]
pub(crate) struct Conduct {
    pub(crate) skip_check_adv_addr: Option<Set<bool>>,
    pub(crate) v3_checksum_as_v2: Option<Set<bool>>,
    pub(crate) lower_prio_no_advert: Option<Set<bool>>,
    pub(crate) higher_prio_send_advert: Option<Set<bool>>,
}

/// What matters to it.
#[derive(Debug, Default)]
pub(crate) struct Track {
    pub(crate) dont_track_primary: Option<Set<bool>>,
    pub(crate) track_script: Vec<NodeId>,
    pub(crate) track_interface: Vec<NodeId>,
}

const U32: u64 = 4_294_967_295;
/// Seconds that fit in 32 bits of microseconds.
const SECONDS: u64 = 4294;

type K = Keyword<VrrpInstanceBlock>;

/// The rows of `vrrp_instance`.
pub(crate) static VRRP_INSTANCE: Block<VrrpInstanceBlock> = Block::new(
    "vrrp_instance",
    &[
        K::new("state", Kind::Custom(Shape::Line, read::state))
            .help("MASTER or BACKUP: how it begins. Without a priority MASTER means 255."),
        K::new("interface", Kind::Link(|b| &mut b.interface)).help("Interface that adverts leave by."),
        K::new("virtual_router_id", Kind::Number(|b| &mut b.virtual_router_id, 1, 255))
            .help("Number of the virtual router, the same on all that share its addresses."),
        K::new("priority", Kind::Number(|b| &mut b.election.priority, 1, 255))
            .bad(100)
            .default("100")
            .help("The highest becomes master. 255 is the owner of the addresses."),
        K::new("advert_int", Kind::Seconds(|b| &mut b.advert_int, 10_000, 255_000_000, 6))
            .lax()
            .default("1")
            .help("Seconds between adverts. Whole seconds in version 2, hundredths in version 3."),
        K::new("version", Kind::Number(|b| &mut b.version, 2, 3))
            .lax()
            .help("Protocol version. Without it vrrp_version, and 3 for IPv6."),
        K::new("native_ipv6", Kind::Flag(|b| &mut b.native_ipv6, true))
            .deprecated("an IPv6 address in virtual_ipaddress")
            .help("IPv6 and version 3."),
        K::new("strict_mode", Kind::Switch(|b| &mut b.strict_mode)).help("Obey the RFCs to the letter."),
        K::new(
            "authentication",
            Kind::Block(&AUTHENTICATION, |r, node, b| {
                r.block(&AUTHENTICATION, node, &mut b.authentication);
            }),
        )
        .help("Authentication of version 2."),
        K::new("virtual_ipaddress", Kind::Lines(|b| &mut b.addresses.virtual_ipaddress))
            .help("Addresses that the master holds and advertises, one a line."),
        K::new("virtual_ipaddress_excluded", Kind::Lines(|b| &mut b.addresses.virtual_ipaddress_excluded))
            .help("Addresses that the master holds and does not advertise."),
        K::new("no_virtual_ipaddress", Kind::Flag(|b| &mut b.addresses.no_virtual_ipaddress, true))
            .help("It is right that there are no addresses."),
        K::new("mcast_src_ip", Kind::Address(|b| &mut b.transport.mcast_src_ip))
            .help("Source address of adverts."),
        K::new("unicast_src_ip", Kind::Address(|b| &mut b.transport.mcast_src_ip))
            .help("Source address of adverts."),
        K::new("mcast_dst_ip", Kind::Address(|b| &mut b.transport.mcast_dst_ip))
            .help("Group that the adverts go to."),
        K::new("unicast_peer", Kind::Lines(|b| &mut b.transport.unicast_peer))
            .help("Routers that adverts are sent to one by one, instead of to a group."),
        K::new("unicast_ttl", Kind::Number(|b| &mut b.transport.unicast_ttl, 0, 255))
            .help("TTL or hop limit of adverts."),
        K::new("check_unicast_src", Kind::Flag(|b| &mut b.transport.check_unicast_src, true))
            .help("Take adverts from the peers only."),
        K::new("dont_track_primary", Kind::Flag(|b| &mut b.track.dont_track_primary, true))
            .help("The interface being down is no fault."),
        K::new("track_script", Kind::Lines(|b| &mut b.track.track_script))
            .help("Scripts that cause a fault or change the priority."),
        K::new("track_interface", Kind::Lines(|b| &mut b.track.track_interface))
            .help("Further interfaces that cause a fault or change the priority."),
        K::new("nopreempt", Kind::Flag(|b| &mut b.election.nopreempt, true))
            .help("Leave a master of lower priority alone."),
        K::new("preempt", Kind::Flag(|b| &mut b.election.nopreempt, false))
            .help("Take over from a master of lower priority."),
        K::new("preempt_delay", Kind::Seconds(|b| &mut b.election.preempt_delay, 0, 1_000_000_000, 6))
            .bad(0)
            .default("0")
            .help("Seconds to wait before taking over from a master of lower priority."),
        K::new("accept", Kind::Flag(|b| &mut b.accept, true)).help("Take packets sent to the addresses."),
        K::new("skip_check_adv_addr", Kind::Custom(Shape::Line, read::skip_check_adv_addr))
            .help("Do not compare the addresses in adverts of the known master."),
        K::new("v3_checksum_as_v2", Kind::Switch(|b| &mut b.conduct.v3_checksum_as_v2))
            .help("Leave the pseudo-header out of version 3 checksums over IPv4."),
        K::new("lower_prio_no_advert", Kind::Switch(|b| &mut b.conduct.lower_prio_no_advert))
            .help("Do not answer a lower priority with an advert."),
        K::new("higher_prio_send_advert", Kind::Switch(|b| &mut b.conduct.higher_prio_send_advert))
            .help("Send one more advert before yielding to a higher priority."),
        K::new("down_timer_adverts", Kind::Number(|b| &mut b.down_timer_adverts, 1, 100))
            .lax()
            .help("Adverts that must be missing before a master counts as down."),
        K::new("garp_master_delay", Kind::Number(|b| &mut b.garp.garp_master_delay, 0, SECONDS))
            .lax()
            .help("Seconds from becoming master to the second round of gratuitous ARPs. 0 sends none."),
        K::new("garp_master_repeat", Kind::Number(|b| &mut b.garp.garp_master_repeat, 0, U32))
            .lax()
            .zero(1)
            .help("Gratuitous ARPs for each address and round."),
        K::new("garp_master_refresh", Kind::Number(|b| &mut b.garp.garp_master_refresh, 0, U32))
            .bad(0)
            .help("Seconds between further rounds while master. 0 sends none."),
        K::new(
            "garp_master_refresh_repeat",
            Kind::Number(|b| &mut b.garp.garp_master_refresh_repeat, 0, U32),
        )
        .lax()
        .zero(1)
        .help("Gratuitous ARPs for each address in such a round."),
        K::new("garp_lower_prio_delay", Kind::Number(|b| &mut b.garp.garp_lower_prio_delay, 0, SECONDS))
            .lax()
            .help("Seconds to the second round after a lower priority was heard."),
        K::new(
            "garp_lower_prio_repeat",
            Kind::Number(|b| &mut b.garp.garp_lower_prio_repeat, 0, 2_147_483_647),
        )
        .lax()
        .help("Gratuitous ARPs after a lower priority was heard."),
        script("notify_master", |b| &mut b.scripts.notify_master).help("Run on becoming master."),
        script("notify_backup", |b| &mut b.scripts.notify_backup).help("Run on becoming backup."),
        script("notify_fault", |b| &mut b.scripts.notify_fault).help("Run on a fault."),
        script("notify_stop", |b| &mut b.scripts.notify_stop).help("Run when the daemon stops."),
        script("notify", |b| &mut b.scripts.notify).help("Run on every change, with four more arguments."),
        script("notify_master_rx_lower_pri", |b| &mut b.scripts.notify_master_rx_lower_pri)
            .help("Run when a master hears a lower priority."),
        // As keepalived: accepted, and nothing comes of it.
        K::new("debug", Kind::Custom(Shape::Line, read::debug)).help("Has no effect."),
    ],
)
.and(later::LATER);

const fn script(name: &'static str, field: crate::value::Field<VrrpInstanceBlock, CommandLine>) -> K {
    K::new(name, Kind::Script(field)).missing(Missing::Complaint)
}
