//! The cases of the matrix: how each pair is set up, and what must then be seen.

mod accept;
mod announce;
mod begin;
mod change;
mod domain;
mod election;
mod events;
mod file_table;
mod flood;
mod forged;
pub(crate) mod frr;
mod group;
mod helpers;
mod holds;
mod ipvlan;
mod outage;
mod pause;
mod preempt;
mod protocol;
mod seal;
mod source;
mod storm;
mod three;
mod track;
mod vmac;

use crate::netns::daemon::Make;
use crate::netns::pair::Pair;
use crate::netns::runner::OWN_MACHINE;

/// One case.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// Its name in the report.
    pub(crate) name: &'static str,
    /// Who can play it.
    pub(crate) players: Players,
    /// What it needs of the kernel that not every kernel has.
    pub(crate) kernel: Option<&'static str>,
    /// Makes the pair, A's daemon first.
    pub(crate) set: fn((Make, Make)) -> Pair,
    /// Plays it; fails by panicking.
    pub(crate) play: fn(&mut Pair),
}

/// Who can play a case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Players {
    /// Either, in either role.
    Any,
    /// It asks something of A that keepalived does not do.
    OursAsA,
    /// It asks something of both that the distribution's keepalived does not do.
    OursAlone,
}

impl Players {
    /// Whether these two can play it.
    pub(crate) fn can(self, makes: (Make, Make)) -> bool {
        match self {
            Players::Any => true,
            Players::OursAsA => makes.0 == Make::Ours,
            Players::OursAlone => makes == (Make::Ours, Make::Ours),
        }
    }
}

/// A case that both must pass as A.
const fn both(name: &'static str, set: fn((Make, Make)) -> Pair, play: fn(&mut Pair)) -> Case {
    Case { name, players: Players::Any, kernel: None, set, play }
}

/// A case that asks something of A that keepalived does not do.
const fn ours(name: &'static str, set: fn((Make, Make)) -> Pair, play: fn(&mut Pair)) -> Case {
    Case { name, players: Players::OursAsA, kernel: None, set, play }
}

/// A case that asks something of both that the distribution's keepalived does not do.
const fn alone(name: &'static str, set: fn((Make, Make)) -> Pair, play: fn(&mut Pair)) -> Case {
    Case { name, players: Players::OursAlone, kernel: None, set, play }
}

/// All of them, the longest first, so that the short ones fill the gaps at the end.
pub(crate) fn all() -> impl Iterator<Item = Case> {
    breakdowns()
        .into_iter()
        .chain([
            both("v2 multicast with PASS", protocol::v2_pass, protocol::life),
            both("v2 multicast with AH", protocol::v2_header, protocol::life),
            both("unicast v2 with AH", protocol::unicast_v2_header, protocol::life),
            alone("v3 IPv4 signed", protocol::v3_signed, protocol::life),
            alone("unicast v3 IPv6 signed", protocol::unicast_v3_ipv6_signed, protocol::life),
            alone("new keys by reloads", seal::pair, seal::new_keys_by_reloads),
            both("unicast v2 IPv4", protocol::unicast_v2_ipv4, protocol::life),
            both("unicast v2 IPv6", protocol::unicast_v2_ipv6, protocol::life),
            ours("floods of lesser adverts", forged::v2, forged::floods_of_lesser_ones),
            both("wrong password", change::strangers, change::wrong_password),
            alone("signatures that are wrong", seal::alone, seal::wrong_ones),
            both("wrong AH password", seal::strangers, seal::wrong_password),
            both("script weight", track::script, track::script_weight),
            both("preempt_delay", preempt::delayed, preempt::preempt_delay),
            both("nopreempt", preempt::patient, preempt::nopreempt),
            both("graceful stop", outage::pair_v2, outage::graceful_stop),
            both("link down and up", outage::pair, outage::link_down_and_up),
            both("polled link down and up", outage::polled, outage::polled_link_down_and_up),
            both("partition and heal", outage::pair, outage::partition_and_heal),
            both("address deleted by hand", outage::pair, outage::deleted_address),
            both("reload", change::pair, change::reload),
            ours("reload of a broken file", change::pair, change::reload_of_a_broken_file),
            ours("adverts that are wrong", forged::v2, forged::wrong_ones),
            ours(
                "adverts that are wrong, and a backup",
                forged::v3,
                forged::wrong_ones_keep_no_backup_waiting,
            ),
            ours("adverts of a lesser one", forged::v3_terse, forged::lesser_ones),
            ours("lower_prio_no_advert", forged::v3_silent, forged::lesser_ones_in_silence),
            ours("higher_prio_send_advert", forged::v3_polite, forged::better_ones),
            both("interface weight", track::interface, track::interface_weight),
            both("reversed interface weight", track::reversed, track::reversed_weight),
            both("v3 IPv4 at 0.2 s", protocol::v3_ipv4, protocol::life),
            both("v3 IPv6", protocol::v3_ipv6, protocol::life),
            both("no_accept", accept::refusing, accept::no_accept),
            both("owner with no_accept", accept::owning, accept::accept),
            both("accept", accept::accepting, accept::accept),
            both("strict mode", accept::strict, accept::no_accept),
            both("strict mode with accept", accept::strict_accepting, accept::accept),
            both("strict mode with unicast peers", protocol::strict_unicast, protocol::life),
            both("other addresses, with skip_check_adv_addr", forged::skipping, forged::other_addresses),
            both("rounds of announcements", announce::pair, announce::rounds),
            both("source address that goes", source::pair, source::goes_and_comes),
            both("three nodes", three::pair, three::succession),
            both("excluded addresses, routes and rules", holds::pair, holds::life),
            both("tracked file", track::file, track::file_value),
            ours("tracked process", track::process, track::process_runs),
            both("unicast v3 IPv4", protocol::unicast_v3_ipv4, protocol::life),
            both("unicast v3 IPv6", protocol::unicast_v3_ipv6, protocol::life),
            both("unicast v3 IPv4 without an interface", protocol::anywhere_ipv4, protocol::life),
            both("unicast v3 IPv6 without an interface", protocol::anywhere_ipv6, protocol::life),
        ])
        .chain(of_several())
        .chain(with_own_links())
        .chain(on_special_kernels())
}

/// What breaks on a host, and what others do to it: docs/faults.md has it as a table.
fn breakdowns() -> [Case; 20] {
    [
        ours("pause of a worker", outage::pair, pause::of_a_worker),
        ours("pause of a bfd worker", helpers::tracking_pair, helpers::paused_bfd),
        ours("pause of each helper", helpers::pair, helpers::paused),
        ours("pause of a master", outage::pair, pause::of_a_master),
        ours("pause of a backup", outage::pair, pause::of_a_backup),
        ours("pause of a supervisor", outage::pair, pause::of_a_supervisor),
        ours("invalid packets", flood::pair, flood::invalid_packets),
        alone("packets of other virtual routers", flood::pair, flood::other_virtual_routers),
        alone("replayed packets", flood::signed, flood::replay),
        both("kill -9", outage::pair, outage::kill),
        both("kill -9 of the supervisor", outage::pair, outage::kill_of_the_supervisor),
        ours("kill -9 of each helper", helpers::pair, helpers::killed),
        ours("kill -9 of the vrrp worker", outage::pair, outage::kill_of_the_worker),
        both("link deleted and made again", outage::pair, storm::link_deleted_and_made_again),
        ours(
            "link deleted and made again, quickly",
            outage::pair,
            storm::link_deleted_and_made_again_quickly,
        ),
        ours("restart of a network manager", outage::pair, storm::network_manager_restarts),
        ours("routes and rules removed over and over", holds::pair, storm::routes_and_rules_removed),
        ours("addresses removed over and over", outage::pair, storm::addresses_removed),
        ours("addresses flushed", outage::pair, storm::addresses_flushed),
        ours("news of the kernel lost", outage::pair, storm::news_lost),
    ]
}

/// Those that not every kernel can play, or not with others beside.
fn on_special_kernels() -> [Case; 9] {
    let on = |feature, case| Case { kernel: Some(feature), ..case };
    [
        on(
            OWN_MACHINE,
            ours("file table full under a master", file_table::tracking_pair, file_table::under_a_master),
        ),
        on(
            OWN_MACHINE,
            alone("file table full under a backup", file_table::pair, file_table::under_a_backup),
        ),
        on(
            OWN_MACHINE,
            ours(
                "file table full under a worker that dies",
                file_table::pair,
                file_table::under_a_worker_that_dies,
            ),
        ),
        on("VRF", both("VMAC that moves between domains", domain::outside, domain::comes_and_goes)),
        on("VRF", both("VMAC in a domain", domain::with_vmac, domain::life_with_vmac)),
        on("VRF", both("multicast in a domain", domain::multicast, protocol::life)),
        on("VRF", both("unicast in a domain", domain::unicast, protocol::life)),
        on("ipvlan", both("ipvlan over IPv4", ipvlan::over_ipv4, ipvlan::life)),
        on("ipvlan", both("ipvlan over IPv6", ipvlan::over_ipv6, ipvlan::life)),
    ]
}

/// Those of groups, of equals and of owners.
fn of_several() -> [Case; 15] {
    [
        both("events", events::pair, events::told),
        both("first states", begin::mixed, begin::first_states),
        both("members that do not mind their links", begin::unmindful, begin::unmindful_members),
        both("sync group", group::pair, group::life),
        both("sync group with a polled link", group::polled, group::polled_link),
        both("sync group that begins with a fault", group::pair, group::begins_with_a_fault),
        both("sync group with an owner", group::owner, group::owner_waits),
        both("sync group with weights of its own", group::weighted, group::weights),
        both(
            "sync group with weights of its own and its members'",
            group::weighted_with_members_weights,
            group::weights,
        ),
        both("sync group that tracks without weight", group::failing, group::tracked_without_weight),
        both("sync group of which one member is outdone", group::pair, group::one_member_is_outdone),
        both("equal priorities", election::equals, election::equal_priorities),
        both("owner 255", election::owner, election::an_owner_waits_for_nobody),
        ours("two owners", election::slow_owners, election::two_owners),
        alone("two owners, the lesser one later", election::owners, election::a_lesser_owner),
    ]
}

/// Those of virtual routers with links of their own.
fn with_own_links() -> [Case; 5] {
    [
        ours("own link by reload", change::movable, change::own_link_by_reload),
        both("VMAC whose base is deleted", vmac::over_ipv4, vmac::base_deleted_and_made_again),
        both("VMAC over IPv4", vmac::over_ipv4, vmac::life),
        both("VMAC over IPv6", vmac::over_ipv6, vmac::life),
        both("VMAC of an address on another link", vmac::of_an_address, vmac::life_of_an_address),
    ]
}
