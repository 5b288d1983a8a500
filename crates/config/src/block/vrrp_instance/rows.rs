//! The rows of `vrrp_instance`.

use super::{VrrpInstanceBlock, own, read};
use crate::block::auth_hmac::AUTH_HMAC;
use crate::block::authentication::AUTHENTICATION;
use crate::block::{address, route, rule, track};
use crate::lex::CommandLine;
use crate::table::{Keyword, Missing, Shape};
use crate::value::Kind;

const U32: u64 = 4_294_967_295;
/// Seconds that fit in 32 bits of microseconds.
const SECONDS: u64 = 4294;

type K = Keyword<VrrpInstanceBlock>;

/// Who leads, and how adverts travel.
pub(super) static ELECTION: &[K] = &[
    K::new("state", Kind::Custom(Shape::Line, read::state))
        .takes("MASTER|BACKUP")
        .help("MASTER or BACKUP: how it begins. Without a priority MASTER means 255."),
    K::new("interface", Kind::Link(|b| &mut b.interface)).help("Interface that adverts leave by. With unicast_src_ip and unicast_peer it may be left out: the routing table says."),
    K::new("virtual_router_id", Kind::Number(|b| &mut b.virtual_router_id, 1, 255))
        .help("Number of the virtual router, the same on all that share its addresses."),
    K::new("priority", Kind::Number(|b| &mut b.election.priority, 1, 255))
        .bad(100)
        .default("100")
        .help("The highest becomes master. 255 is the owner of the addresses."),
    K::new("advert_int", Kind::Seconds(|b| &mut b.advert_int, 10_000, 255_000_000, 6))
        .unit("s")
        .lax()
        .default("1")
        .help("Seconds between adverts. Whole seconds in version 2, hundredths in version 3."),
    K::new("version", Kind::Number(|b| &mut b.version, 2, 3))
        .inherits("vrrp_version")
        .lax()
        .help("Protocol version. Without it vrrp_version, and 3 for IPv6."),
    K::new("native_ipv6", Kind::Flag(|b| &mut b.native_ipv6, true))
        .deprecated("an IPv6 address in virtual_ipaddress")
        .borne()
        .help("IPv6 and version 3."),
    K::new("strict_mode", Kind::Switch(|b| &mut b.strict_mode))
        .inherits("vrrp_strict")
        .help("Obey the RFCs to the letter."),
    K::new("nopreempt", Kind::Flag(|b| &mut b.election.nopreempt, true))
        .help("Leave a master of lower priority alone."),
    K::new("preempt", Kind::Flag(|b| &mut b.election.nopreempt, false))
        .help("Take over from a master of lower priority."),
    K::new("preempt_delay", Kind::Seconds(|b| &mut b.election.preempt_delay, 0, 1_000_000_000, 6))
        .unit("s")
        .bad(0)
        .default("0")
        .help("Seconds to wait before taking over from a master of lower priority."),
    K::new("down_timer_adverts", Kind::Number(|b| &mut b.down_timer_adverts, 1, 100))
        .unit("adverts")
        .inherits("vrrp_down_timer_adverts")
        .lax()
        .help("Adverts that must be missing before a master counts as down."),
    K::new(
        "authentication",
        Kind::Block(&AUTHENTICATION, |r, node, b| {
            r.block(&AUTHENTICATION, node, &mut b.authentication);
        }),
    )
    .help("Authentication of version 2."),
    K::new(
        "auth_hmac",
        Kind::Block(&AUTH_HMAC, |r, node, b| {
            r.block(&AUTH_HMAC, node, b.auth_hmac.get_or_insert_default());
        }),
    )
    .since("2.4.0")
    .help("Adverts are signed with HMAC-SHA256."),
    K::new("mcast_src_ip", Kind::Address(|b| &mut b.transport.mcast_src_ip))
        .help("Source address of adverts."),
    K::new("unicast_src_ip", Kind::Address(|b| &mut b.transport.unicast_src_ip))
        .help("Source address of adverts to peers."),
    K::new("mcast_dst_ip", Kind::Address(|b| &mut b.transport.mcast_dst_ip))
        .inherits("vrrp_mcast_group4")
        .help("Group that the adverts go to."),
    K::new("unicast_peer", Kind::Lines(|b| &mut b.transport.unicast_peer))
        .options(read::PEER_OPTIONS)
        .help("Routers that adverts are sent to one by one, instead of to a group."),
    K::new("unicast_ttl", Kind::Number(|b| &mut b.transport.unicast_ttl, 0, 255))
        .unit("hops")
        .help("TTL or hop limit of adverts."),
    K::new("check_unicast_src", Kind::Flag(|b| &mut b.transport.check_unicast_src, true))
        .inherits("vrrp_check_unicast_src")
        .help("Take adverts from the peers only."),
    K::new("unicast_fault_no_peer", Kind::Flag(|b| &mut b.transport.unicast_fault_no_peer, true))
        .help("Words that ask for unicast and no peer: a fault rather than multicast."),
    K::new("old_unicast_checksum", Kind::Custom(Shape::Line, read::old_unicast_checksum))
        .takes("[never]")
        .help("Version 3 adverts to peers carry the checksum of keepalived before 1.3.7, or never do."),
    K::new("vrf", Kind::Link(|b| &mut b.rest.vrf))
        .since("2.4")
        .once()
        .help("Virtual routing domain of a unicast instance without an interface."),
];

/// What the master holds.
pub(super) static HOLDINGS: &[K] = &[
    K::new("virtual_ipaddress", Kind::Lines(|b| &mut b.addresses.virtual_ipaddress))
        .options(address::OPTIONS)
        .help("Addresses that the master holds and advertises, one a line."),
    K::new("virtual_ipaddress_excluded", Kind::Lines(|b| &mut b.addresses.virtual_ipaddress_excluded))
        .options(address::OPTIONS)
        .help("Addresses that the master holds and does not advertise."),
    K::new("no_virtual_ipaddress", Kind::Flag(|b| &mut b.addresses.no_virtual_ipaddress, true))
        .since("2.2.8")
        .help("It is right that there are no addresses."),
    K::new("use_vmac", Kind::Custom(Shape::Line, own::use_vmac))
        .takes("[[name] <interface>] [<Ethernet address>] [netlink_notify_msg] [group <name or number>]")
        .help(
            "The virtual router gets an interface of its own with its own Ethernet address (RFC 9568 \
            §7.3). Of an address with five octets the last is the virtual_router_id.",
        ),
    K::new("use_vmac_addr", Kind::Flag(|b| &mut b.own.use_vmac_addr, true))
        .help("Addresses on other interfaces get an interface of their own, too."),
    K::new("vmac_xmit_base", Kind::Flag(|b| &mut b.own.vmac_xmit_base, true))
        .help("Adverts leave by the interface underneath, with its Ethernet address."),
    K::new("use_ipvlan", Kind::Custom(Shape::Line, own::use_ipvlan))
        .takes("[[name] <interface>] [<address>] [bridge|private|vepa] [group <name or number>]")
        .once()
        .help(
            "The virtual router gets an ipvlan of its own; for IPv4 it needs an address, from which \
            adverts come.",
        ),
    K::new("promote_secondaries", Kind::Flag(|b| &mut b.own.promote_secondaries, true))
        .help("Secondary addresses of the interface stay when the first goes."),
    K::new("virtual_routes", Kind::Lines(|b| &mut b.addresses.virtual_routes))
        .options(route::OPTIONS)
        .help("Routes that the master holds, one a line, as `ip route add` takes them."),
    K::new("virtual_rules", Kind::Lines(|b| &mut b.addresses.virtual_rules))
        .options(rule::OPTIONS)
        .help("Policy rules that the master holds, one a line, as `ip rule add` takes them."),
];

/// How it deals with others, and what matters to it.
pub(super) static CONDUCT: &[K] = &[
    K::new("accept", Kind::Flag(|b| &mut b.accept, true)).help("Take packets sent to the addresses."),
    K::new("no_accept", Kind::Flag(|b| &mut b.accept, false))
        .help("Drop packets sent to the addresses, unless they are its own."),
    K::new("dont_track_primary", Kind::Flag(|b| &mut b.track.dont_track_primary, true))
        .help("The interface being down is no fault."),
    K::new("track_script", Kind::Lines(|b| &mut b.track.lists.scripts))
        .options(track::OPTIONS)
        .help("Scripts that cause a fault or change the priority."),
    K::new("track_interface", Kind::Lines(|b| &mut b.track.lists.links))
        .options(track::LINK_OPTIONS)
        .help("Further interfaces that cause a fault or change the priority."),
    K::new("track_file", Kind::Lines(|b| &mut b.track.lists.files))
        .options(track::WIDE_OPTIONS)
        .help("Files that cause a fault or change the priority."),
    K::new("track_process", Kind::Lines(|b| &mut b.track.lists.processes))
        .options(track::WIDE_OPTIONS)
        .help("Sets of processes that cause a fault or change the priority."),
    K::new("track_bfd", Kind::Lines(|b| &mut b.track.lists.bfds))
        .options(track::OPTIONS)
        .help("BFD sessions that cause a fault or change the priority."),
    K::new("track_src_ip", Kind::Flag(|b| &mut b.track.track_src_ip, true))
        .help("The configured source address not being there is a fault."),
    K::new("skip_check_adv_addr", Kind::Custom(Shape::Line, read::skip_check_adv_addr))
        .takes("[on|off]")
        .inherits("vrrp_skip_check_adv_addr")
        .help("Do not compare the addresses in adverts of the known master."),
    K::new("v3_checksum_as_v2", Kind::Switch(|b| &mut b.conduct.v3_checksum_as_v2))
        .since("2.2.8")
        .inherits("v3_checksum_as_v2")
        .help("Leave the pseudo-header out of version 3 checksums over IPv4."),
    K::new("lower_prio_no_advert", Kind::Switch(|b| &mut b.conduct.lower_prio_no_advert))
        .inherits("vrrp_lower_prio_no_advert")
        .help("Do not answer a lower priority with an advert."),
    K::new("higher_prio_send_advert", Kind::Switch(|b| &mut b.conduct.higher_prio_send_advert))
        .inherits("vrrp_higher_prio_send_advert")
        .help("Send one more advert before yielding to a higher priority."),
    K::new("garp_master_delay", Kind::Number(|b| &mut b.garp.garp_master_delay, 0, SECONDS))
        .unit("s")
        .inherits("vrrp_garp_master_delay")
        .lax()
        .help("Seconds from becoming master to the second round of gratuitous ARPs. 0 sends none."),
    K::new("garp_master_repeat", Kind::Number(|b| &mut b.garp.garp_master_repeat, 0, U32))
        .inherits("vrrp_garp_master_repeat")
        .lax()
        .zero(1)
        .help("Gratuitous ARPs for each address and round."),
    K::new("garp_master_refresh", Kind::Number(|b| &mut b.garp.garp_master_refresh, 0, U32))
        .unit("s")
        .inherits("vrrp_garp_master_refresh")
        .bad(0)
        .help("Seconds between further rounds while master. 0 sends none."),
    K::new("garp_master_refresh_repeat", Kind::Number(|b| &mut b.garp.garp_master_refresh_repeat, 0, U32))
        .lax()
        .zero(1)
        .inherits("vrrp_garp_master_refresh_repeat")
        .help("Gratuitous ARPs for each address in such a round."),
    K::new("garp_lower_prio_delay", Kind::Number(|b| &mut b.garp.garp_lower_prio_delay, 0, SECONDS))
        .unit("s")
        .inherits("vrrp_garp_lower_prio_delay")
        .lax()
        .help("Seconds to the second round after a lower priority was heard."),
    K::new("garp_lower_prio_repeat", Kind::Number(|b| &mut b.garp.garp_lower_prio_repeat, 0, 2_147_483_647))
        .lax()
        .inherits("vrrp_garp_lower_prio_repeat")
        .help("Gratuitous ARPs after a lower priority was heard."),
    K::new("garp_extra_if", Kind::Custom(Shape::Line, own::garp_extra_if))
        .takes("[all] <0..86400>")
        .inherits("vrrp_garp_extra_if")
        .unit("s")
        .help(
            "Seconds between announcements on the other interfaces that hold addresses: on those of its \
            own, or on all. 0 sends none.",
        ),
    K::new("vmac_garp_intvl", Kind::Custom(Shape::Line, own::garp_extra_if))
        .takes("[all] <0..86400>")
        .inherits("vrrp_garp_extra_if")
        .unit("s")
        .deprecated("garp_extra_if")
        .help("The same as garp_extra_if."),
    K::new("heal_announce", Kind::Switch(|b| &mut b.garp.heal_announce))
        .since("standfast")
        .inherits("vrrp_heal_announce")
        .help(
            "A master that hears a rival and stays announces its addresses at once, also where \
            garp_lower_prio_repeat sends nothing.",
        ),
    K::new("heal_notify", Kind::Switch(|b| &mut b.conduct.heal_notify))
        .since("standfast")
        .inherits("vrrp_heal_notify")
        .help(
            "A master that hears a rival and stays runs notify_master and notify again, for what they tie to \
            it may have followed the rival.",
        ),
    K::new("timer_expired_backup", Kind::NumberOr(|b| &mut b.rest.timer_expired_backup, 1, 254, 254))
        .since("2.2.8")
        .help(
            "A master that wakes late goes back to backup if a router of this priority could have taken \
            over. Needs nopreempt.",
        ),
    K::new("thread_timer_expired", Kind::NumberOr(|b| &mut b.rest.timer_expired_backup, 1, 254, 254))
        .since("2.3.2")
        .deprecated("timer_expired_backup")
        .help("The same as timer_expired_backup."),
    K::new("owner_ignore_adverts", Kind::Switch(|b| &mut b.rest.owner_ignore_adverts))
        .since("2.3.3")
        .inherits("vrrp_owner_ignore_adverts")
        .help("The owner of the addresses does not listen to others."),
];

/// Who is told, and what is left.
pub(super) static NOTICE: &[K] = &[
    script("notify_master", |b| &mut b.scripts.notify_master).help("Run on becoming master."),
    script("notify_backup", |b| &mut b.scripts.notify_backup).help("Run on becoming backup."),
    script("notify_fault", |b| &mut b.scripts.notify_fault).help("Run on a fault."),
    script("notify_stop", |b| &mut b.scripts.notify_stop).help("Run when the daemon stops."),
    script("notify", |b| &mut b.scripts.notify).help("Run on every change, with four more arguments."),
    script("notify_master_rx_lower_pri", |b| &mut b.scripts.notify_master_rx_lower_pri)
        .help("Run when a master hears a lower priority."),
    K::new("notify_deleted", Kind::Custom(Shape::Script, read::notify_deleted))
        .takes("[<command> [<user> [[:]<group>]]]")
        .help("Removal by a reload is told as DELETED, not as FAULT, and by the script if there is one."),
    K::new("smtp_alert", Kind::Switch(|b| &mut b.rest.smtp_alert))
        .inherits("smtp_alert_vrrp")
        .help("Mail on a change of state."),
    K::new("notify_priority_changes", Kind::Switch(|b| &mut b.rest.notify_priority_changes))
        .inherits("vrrp_notify_priority_changes")
        .help("Changes of priority are written to the event pipes."),
    K::new("lvs_sync_daemon_interface", Kind::Link(|b| &mut b.rest.lvs_sync_daemon_interface))
        .once()
        .deprecated("lvs_sync_daemon in global_defs")
        .later("connection synchronisation")
        .help("Interface of the connection synchronisation that follows this instance."),
    K::new("step_down", Kind::Flag(|b| &mut b.rest.step_down, true))
        .since("standfast")
        .help("A master whose priority falls below that of the best rival it has heard gives up at once."),
    K::new("vip_lifetime", Kind::Number(|b| &mut b.rest.vip_lifetime, 3, U32))
        .since("standfast")
        .unit("s")
        .help("The kernel removes the addresses by itself when they were not renewed for so long."),
    K::new("kernel_rx_buf_size", Kind::Number(|b| &mut b.rest.kernel_rx_buf_size, 0, U32))
        .inherits("vrrp_rx_bufs_policy")
        .unit("bytes")
        .help("Receive buffer of the instance's socket."),
    K::new("linkbeat_use_polling", Kind::Flag(|b| &mut b.rest.linkbeat_use_polling, true))
        .deprecated("linkbeat_interfaces")
        .help("The carrier of the interface is asked for once a second."),
    // As keepalived: accepted, and nothing comes of it.
    K::new("debug", Kind::Custom(Shape::Line, read::debug)).takes("<0..4>").lax().help("Has no effect."),
];

const fn script(name: &'static str, field: crate::value::Field<VrrpInstanceBlock, CommandLine>) -> K {
    K::new(name, Kind::Script(field)).missing(Missing::Complaint)
}
