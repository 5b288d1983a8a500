//! Rows of `global_defs`: defaults of virtual routers.

use super::{GlobalDefsBlock, read};
use crate::table::{Keyword, Missing, Shape};
use crate::value::Kind;

type K = Keyword<GlobalDefsBlock>;

const U32: u64 = 4_294_967_295;
/// Seconds that fit in 32 bits of microseconds.
const SECONDS: u64 = 4294;
const MICROS: u64 = 4_294_967_295;
const I32: (i64, i64) = (-2_147_483_648, 2_147_483_647);

/// Defaults of virtual routers.
pub(super) static ROWS: &[K] = &[
    K::new("dynamic_interfaces", Kind::Custom(Shape::Line, read::dynamic_interfaces))
        .takes("[allow_if_changes]")
        .help("Interfaces may be absent at the start."),
    K::new("vrrp_version", Kind::Number(|b| &mut b.vrrp_version, 2, 3))
        .lax()
        .default("2")
        .help("Protocol version of IPv4 instances."),
    K::new("vrrp_strict", Kind::Switch(|b| &mut b.vrrp_strict))
        .default("off")
        .help("Obey the RFCs to the letter."),
    K::new("vrrp_mcast_group4", Kind::Custom(Shape::Line, read::group4))
        .takes("<IPv4 group>")
        .default("224.0.0.18")
        .help("Group that IPv4 adverts go to."),
    K::new("vrrp_mcast_group6", Kind::Custom(Shape::Line, read::group6))
        .takes("<IPv6 group>")
        .default("ff02::12")
        .help("Group that IPv6 adverts go to."),
    K::new("vrrp_garp_master_delay", Kind::Number(|b| &mut b.vrrp_garp_master_delay, 0, SECONDS))
        .unit("s")
        .lax()
        .default("5")
        .help("Seconds from becoming master to the second round of gratuitous ARPs. 0 sends none."),
    K::new("vrrp_garp_master_repeat", Kind::Number(|b| &mut b.vrrp_garp_master_repeat, 0, U32))
        .lax()
        .zero(1)
        .default("5")
        .help("Gratuitous ARPs for each address and round."),
    K::new("vrrp_garp_master_refresh", Kind::Number(|b| &mut b.vrrp_garp_master_refresh, 0, U32))
        .unit("s")
        .bad(0)
        .default("0")
        .help("Seconds between further rounds while master. 0 sends none."),
    K::new(
        "vrrp_garp_master_refresh_repeat",
        Kind::Number(|b| &mut b.vrrp_garp_master_refresh_repeat, 0, U32),
    )
    .lax()
    .zero(1)
    .default("1")
    .help("Gratuitous ARPs for each address in such a round."),
    K::new("vrrp_garp_lower_prio_delay", Kind::Number(|b| &mut b.vrrp_garp_lower_prio_delay, 0, SECONDS))
        .unit("s")
        .inherits("vrrp_garp_master_delay")
        .lax()
        .help(
            "Seconds to the second round after a lower priority was heard. Without it \
            vrrp_garp_master_delay.",
        ),
    K::new(
        "vrrp_garp_lower_prio_repeat",
        Kind::Number(|b| &mut b.vrrp_garp_lower_prio_repeat, 0, 2_147_483_647),
    )
    .inherits("vrrp_garp_master_repeat")
    .lax()
    .help("Gratuitous ARPs after a lower priority was heard. Without it vrrp_garp_master_repeat."),
    K::new("vrrp_garp_interval", Kind::Seconds(|b| &mut b.vrrp_garp_interval, 0, MICROS, 6))
        .unit("s")
        .lax()
        .help("Smallest gap between gratuitous ARPs on one interface. Without it there is none."),
    K::new("vrrp_gna_interval", Kind::Seconds(|b| &mut b.vrrp_gna_interval, 0, MICROS, 6))
        .unit("s")
        .lax()
        .help(
            "Smallest gap between unsolicited neighbour advertisements on one interface. Without it \
            there is none.",
        ),
    K::new("vrrp_min_garp", Kind::Switch(|b| &mut b.vrrp_min_garp))
        .default("off")
        .help("One gratuitous ARP, no second round, where nothing else is said."),
    K::new("vrrp_down_timer_adverts", Kind::Number(|b| &mut b.vrrp_down_timer_adverts, 1, 100))
        .unit("adverts")
        .lax()
        .default("3")
        .help("Adverts that must be missing before a master counts as down."),
    K::new("vrrp_lower_prio_no_advert", Kind::Switch(|b| &mut b.vrrp_lower_prio_no_advert))
        .default("off")
        .help("A master does not answer a lower priority with an advert."),
    K::new("vrrp_higher_prio_send_advert", Kind::Switch(|b| &mut b.vrrp_higher_prio_send_advert))
        .default("off")
        .help("A master sends one more advert before it yields to a higher priority."),
    K::new("vrrp_check_unicast_src", Kind::Flag(|b| &mut b.vrrp_check_unicast_src, true))
        .help("Take unicast adverts from the peers only."),
    K::new("vrrp_skip_check_adv_addr", Kind::Switch(|b| &mut b.vrrp_skip_check_adv_addr))
        .default("off")
        .help("Do not compare the addresses in adverts of the known master."),
    // As keepalived: `no` behind it is not read.
    K::new("v3_checksum_as_v2", Kind::Flag(|b| &mut b.v3_checksum_as_v2, true))
        .since("2.2.8")
        .help("Leave the pseudo-header out of version 3 checksums over IPv4."),
    K::new("vrrp_garp_extra_if", Kind::Custom(Shape::Line, read::garp_extra_if))
        .takes("[all] <1..86400>")
        .unit("s")
        .help(
            "Seconds between announcements on the other interfaces that hold addresses: on interfaces of \
            its own, or on all.",
        ),
    K::new("vrrp_vmac_garp_intvl", Kind::Custom(Shape::Line, read::garp_extra_if))
        .takes("[all] <1..86400>")
        .unit("s")
        .deprecated("vrrp_garp_extra_if")
        .help("The same as vrrp_garp_extra_if."),
    K::new("vrrp_heal_announce", Kind::Switch(|b| &mut b.vrrp_heal_announce))
        .since("standfast")
        .default("on")
        .help(
            "A master that hears a rival and stays announces its addresses at once, also where \
            garp_lower_prio_repeat sends nothing.",
        ),
    K::new("vrrp_heal_notify", Kind::Switch(|b| &mut b.vrrp_heal_notify))
        .since("standfast")
        .default("off")
        .help("A master that hears a rival and stays runs notify_master and notify again."),
    K::new("vrrp_owner_ignore_adverts", Kind::Switch(|b| &mut b.vrrp_owner_ignore_adverts))
        .since("2.3.3")
        .help("Owners of addresses do not listen to others."),
    K::new("vrrp_startup_delay", Kind::Seconds(|b| &mut b.vrrp_startup_delay, 1_000, MICROS, 6))
        .lax()
        .unit("s")
        .help("How long instances wait at the start before they listen."),
    K::new("vrrp_delay_after_boot", Kind::Seconds(|b| &mut b.vrrp_delay_after_boot, 1_000, MICROS, 6))
        .since("2.4.0")
        .lax()
        .unit("s")
        .help("Instances wait until the host has been up for so long."),
    K::new("vmac_prefix", Kind::Text(|b| &mut b.vmac_prefix, 15))
        .once()
        .default("vrrp")
        .help("What names of interfaces of their own begin with."),
    K::new("vmac_addr_prefix", Kind::Text(|b| &mut b.vmac_addr_prefix, 15))
        .once()
        .inherits("vmac_prefix")
        .later("interfaces of their own for single addresses")
        .help("The same for interfaces of single addresses."),
    K::new("log_unknown_vrids", Kind::Flag(|b| &mut b.log_unknown_vrids, true))
        .help("Log adverts for virtual routers that are not configured on the interface."),
    K::new("default_interface", Kind::Link(|b| &mut b.default_interface))
        .missing(Missing::Complaint)
        .default("eth0")
        .help("Interface of static addresses that name none."),
    K::new("disable_local_igmp", Kind::Flag(|b| &mut b.disable_local_igmp, true))
        .later("kernel settings")
        .help("The kernel sends no reports for groups of 224.0.0.0/24."),
];

/// Firewalls.
pub(super) static FILTERS: &[K] = &[
    K::new("vrrp_iptables", Kind::Custom(Shape::Line, read::iptables))
        .takes("[<chain in> [<chain out>]]")
        .help("Has the effect of nftables, which is used instead."),
    K::new("vrrp_ipsets", Kind::Custom(Shape::Line, read::iptables))
        .takes("[<IPv4> [<IPv6> [<IPv6 with interface> [<IGMP> [<MLD> [<neighbours>]]]]]]")
        .help("Has the effect of nftables, which is used instead."),
    K::new("nftables", Kind::Custom(Shape::Line, read::nftables))
        .takes("[<table>]")
        .help("Drop packets with nftables, in a table of this name."),
    K::new("nftables_priority", Kind::Signed(|b| &mut b.filter.nftables_priority, I32.0, I32.1))
        .default("-1")
        .help("Priority of the chains in that table."),
    K::new("nftables_ifindex", Kind::Flag(|b| &mut b.filter.nftables_ifindex, true))
        .help("Tell link-local addresses apart by the number of their interface rather than its name."),
    K::new("nftables_counters", Kind::Flag(|b| &mut b.filter.nftables_counters, true))
        .help("Count what the rules match."),
    K::new("nftables_ipvs", Kind::Custom(Shape::Line, read::nftables_ipvs))
        .takes("[<table>]")
        .later("load balancing")
        .help("Mark traffic of groups of virtual servers with nftables, in a table of this name."),
    K::new("nftables_ipvs_priority", Kind::Signed(|b| &mut b.filter.nftables_ipvs_priority, I32.0, I32.1))
        .default("-1")
        .later("load balancing")
        .help("Priority of the chain that marks."),
    K::new("nftables_ipvs_start_fwmark", Kind::Number(|b| &mut b.filter.nftables_ipvs_start_fwmark, 1, U32))
        .default("1000")
        .later("load balancing")
        .help("First mark that is given to a group of virtual servers."),
];
