//! One configuration replaces another (lvs-behaviour §8).

use alloc::string::String;
use alloc::vec::Vec;

use super::bench::*;
use crate::config::{Config, Member, Target};

/// Runs one configuration after another, some sessions being down, and tells what was ordered, said and told.
fn reload(before: Config, down: &[&str], after: Config) -> (Bench, Vec<String>, Vec<String>, Vec<String>) {
    let mut bench = Bench::new(before);
    for session in down {
        bench.path(session, false);
    }
    bench.ordered();
    bench.said();
    bench.told();
    bench.configure(after);
    let said = bench.said();
    let said = said
        .into_iter()
        .filter(|line| !line.starts_with("Activating") && !line.starts_with("Virtual servers"))
        .collect();
    let (ordered, told) = (bench.ordered(), bench.told());
    (bench, ordered, said, told)
}

fn two() -> Config {
    config([service([server(11), server(12)])])
}

/// "none | – (counters kept) | – | –"; "unchanged, RS down | – | – | –".
#[test]
fn what_stays_as_it_is_is_not_touched_and_keeps_its_health() {
    let (mut bench, ordered, said, told) = reload(two(), &["12"], two());
    assert!(ordered.is_empty() && said.is_empty() && told.is_empty());
    assert_eq!(bench.table(), ["[10.0.0.100]:tcp:80 rr", "10.0.0.11:80 1"]);
    bench.path("12", true);
    assert_eq!(bench.table().len(), 3);
}

/// "RS weight 1→5 | dest edited, counters kept | – | `Changing weight from 1 to 5 for active service …`".
#[test]
fn a_weight_is_changed_under_way() {
    let after = config([service([weighing(5, server(11)), weighing(5, server(12))])]);
    let (_, ordered, said, told) = reload(two(), &["12"], after);
    assert!(ordered.len() == 1 && ordered[0].starts_with("PutDestination"), "{ordered:?}");
    assert_eq!(
        said,
        [
            "Changing weight from 1 to 5 for active service [10.0.0.11]:tcp:80 of VS [10.0.0.100]:tcp:80",
            "Changing weight from 1 to 5 for inactive service [10.0.0.12]:tcp:80 of VS [10.0.0.100]:tcp:80"
        ]
    );
    assert!(told.is_empty());
}

/// "RS removed | dest deleted | RS DOWN, notify_down | `service [10.0.0.12]:tcp:80 no longer exist`, `Removing service …`";
/// "down RS removed | – | – | `… no longer exist`".
#[test]
fn a_server_that_is_removed_goes_down() {
    let one = || config([service([server(11)])]);
    let (_, ordered, said, told) = reload(two(), &[], one());
    assert!(ordered.len() == 1 && ordered[0].starts_with("RemoveDestination"));
    assert_eq!(
        said,
        [
            "service [10.0.0.12]:tcp:80 no longer exist",
            "Removing service [10.0.0.12]:tcp:80 from VS [10.0.0.100]:tcp:80"
        ]
    );
    assert_eq!(told, ["RS [10.0.0.12]:tcp:80 [10.0.0.100]:tcp:80 DOWN"]);
    let (_, ordered, said, told) = reload(two(), &["12"], one());
    assert!(ordered.is_empty() && said.len() == 1 && told.is_empty());
}

/// "RS added | added at once; if dead removed …, none; then RS DOWN"; "RS added, alpha | added after its check".
#[test]
fn a_new_server_serves_at_once_unless_it_starts_failed() {
    let after = config([service([server(11), server(12), server(13), alpha(server(15))])]);
    let (mut bench, ordered, said, told) = reload(two(), &[], after);
    assert!(ordered.len() == 1 && said.is_empty() && told.is_empty(), "{ordered:?} {said:?}");
    bench.path("13", false);
    bench.path("15", true);
    assert_eq!(bench.told().len(), 2);
}

#[test]
fn a_new_server_whose_path_is_known_to_be_dead_leaves_at_once() {
    let other = checked([follows("12")], server(13));
    let after = config([service([server(11), server(12), other])]);
    let (bench, _, _, told) = reload(two(), &["12"], after);
    assert_eq!(bench.table(), ["[10.0.0.100]:tcp:80 rr", "10.0.0.11:80 1"]);
    assert_eq!(told, ["RS [10.0.0.13]:tcp:80 [10.0.0.100]:tcp:80 DOWN"]);
}

/// Differs: "all RS replaced: RS DOWN ×2, VS DOWN, quorum_down; no VS UP afterwards although the VS works".
#[test]
fn a_service_whose_servers_are_all_replaced_does_not_go_down() {
    let after = config([service([server(13), server(15)])]);
    let (bench, _, _, told) = reload(two(), &[], after);
    assert!(told.len() == 2 && told.iter().all(|line| line.starts_with("RS")), "{told:?}");
    assert_eq!(bench.table(), ["[10.0.0.100]:tcp:80 rr", "10.0.0.13:80 1", "10.0.0.15:80 1"]);
}

/// Differs: "checker changed, RS down: RS is added at once, removed again by the first check".
#[test]
fn another_check_of_a_dead_server_has_to_find_it_alive_first() {
    let other = |name: &str| config([service([server(11), checked([follows(name)], server(12))])]);
    let (mut bench, ordered, _, told) = reload(two(), &["12"], other("new"));
    assert!(ordered.is_empty() && told.is_empty());
    bench.path("new", true);
    assert_eq!(bench.told(), ["RS [10.0.0.12]:tcp:80 [10.0.0.100]:tcp:80 UP"]);
    // Of one that lives it is believed until it finds it dead.
    let (mut bench, _, _, told) = reload(two(), &[], other("new"));
    assert!(told.is_empty());
    bench.path("new", false);
    assert_eq!(bench.told(), ["RS [10.0.0.12]:tcp:80 [10.0.0.100]:tcp:80 DOWN"]);
}

/// "checker removed, RS down | RS added | RS UP | `Adding service …`".
#[test]
fn a_dead_server_whose_check_is_removed_comes_up() {
    let after = config([service([server(11), checked([], server(12))])]);
    let (_, ordered, said, told) = reload(two(), &["12"], after);
    assert_eq!(ordered.len(), 1);
    assert_eq!(said, ["Adding service [10.0.0.12]:tcp:80 to VS [10.0.0.100]:tcp:80"]);
    assert_eq!(told, ["RS [10.0.0.12]:tcp:80 [10.0.0.100]:tcp:80 UP"]);
}

/// "scheduler, flags, persistence | service edited"; "lb_kind NAT→DR | every dest edited"; Differs: "thresholds changed:
/// nothing: the old thresholds stay".
#[test]
fn settings_of_services_and_servers_are_changed_under_way() {
    let mut scheduler = two();
    scheduler.virtual_servers[0].service.scheduler = "lc".into();
    let (_, ordered, said, told) = reload(two(), &[], scheduler);
    assert!(ordered.len() == 1 && ordered[0].starts_with("PutService") && said.is_empty() && told.is_empty());
    let mut thresholds = two();
    thresholds.virtual_servers[0].real_servers[0].upper_threshold = 9;
    let (_, ordered, ..) = reload(two(), &[], thresholds);
    assert!(ordered.len() == 1 && ordered[0].starts_with("PutDestination"));
}

/// "VS removed | deleted | RS DOWN ×n, notify_down ×n, VS DOWN, quorum_down | `Removing Virtual Server v`"; "VS added | added |
/// VS UP, quorum_up | `Gained quorum …`"; "protocol, address, port … as both".
#[test]
fn a_virtual_server_with_another_port_is_another() {
    let mut moved = two();
    moved.virtual_servers[0].target = Target::Address { address: address(100), port: 81 };
    let (bench, _, said, told) = reload(two(), &["12"], moved);
    assert_eq!(bench.table()[0], "[10.0.0.100]:tcp:81 rr");
    assert_eq!(
        said,
        [
            "Removing Virtual Server [10.0.0.100]:tcp:80",
            "Removing service [10.0.0.11]:tcp:80 from VS [10.0.0.100]:tcp:80",
            "Gained quorum 1+0=1 <= 2 for VS [10.0.0.100]:tcp:81",
            "BFD check of [12] RS([10.0.0.12]:tcp:80) is DOWN",
            "Removing service [10.0.0.12]:tcp:80 from VS [10.0.0.100]:tcp:81",
        ]
    );
    assert_eq!(
        told,
        [
            "RS [10.0.0.11]:tcp:80 [10.0.0.100]:tcp:80 DOWN",
            "VS [10.0.0.100]:tcp:80 DOWN",
            "VS [10.0.0.100]:tcp:81 UP",
            "RS [10.0.0.12]:tcp:80 [10.0.0.100]:tcp:81 DOWN",
        ]
    );
}

/// "quorum raised above S, SS | RS out, SS in | VS DOWN, quorum_down | `Starting with quorum down 2-0=2 > 1 …`"; "quorum
/// lowered to S | SS out, RS in | VS UP, quorum_up | `Gained quorum …`" (golden table 29).
#[test]
fn another_quorum_is_judged_at_once() {
    let of = |needed| config([sorry(quorum(needed, 0, service([server(11), server(12)])))]);
    let (mut bench, _, said, told) = reload(of(1), &["12"], of(2));
    assert_eq!(bench.table(), ["[10.0.0.100]:tcp:80 rr", "10.0.0.14:80 1"]);
    assert_eq!(said[0], "Starting with quorum down 2-0=2 > 1 for VS [10.0.0.100]:tcp:80");
    assert_eq!(told, ["VS [10.0.0.100]:tcp:80 DOWN"]);
    bench.configure(of(1));
    assert_eq!(bench.table(), ["[10.0.0.100]:tcp:80 rr", "10.0.0.11:80 1"]);
    assert_eq!(bench.told(), ["VS [10.0.0.100]:tcp:80 UP"]);
}

/// "SS added while quorum is lost | SS added | VS DOWN and quorum_down again"; "SS removed while in use | deleted; living RS
/// added back | – (state stays down) | `Removing sorry server …`, `Adding alive servers to the pool …`".
#[test]
fn a_sorry_server_comes_and_goes_while_the_quorum_is_lost() {
    let plain = || config([quorum(2, 0, service([server(11), server(12)]))]);
    let with = || config([sorry(quorum(2, 0, service([server(11), server(12)])))]);
    let (mut bench, _, said, told) = reload(plain(), &["12"], with());
    assert_eq!(bench.table(), ["[10.0.0.100]:tcp:80 rr", "10.0.0.14:80 1"]);
    assert_eq!((said.len(), told.as_slice()), (3, ["VS [10.0.0.100]:tcp:80 DOWN".into()].as_slice()));
    bench.said();
    bench.configure(plain());
    assert_eq!(bench.table(), ["[10.0.0.100]:tcp:80 rr", "10.0.0.11:80 1"]);
    assert!(bench.told().is_empty());
    let said = bench.said();
    assert_eq!(said[0], "Removing sorry server [10.0.0.14]:tcp:80 from VS [10.0.0.100]:tcp:80");
    assert_eq!(said[1], "Adding alive servers to the pool for VS [10.0.0.100]:tcp:80");
}

/// "group entry added / removed | its service with all living RS added / deleted | – | `VS [[10.0.0.102]:tcp:80] added into
/// group GR` / `VS [[10.0.0.101]:tcp:80] in group GR no longer exists`".
#[test]
fn entries_of_a_group_come_and_go() {
    let group = |first, last| {
        let mut group = service([server(11), server(12)]);
        let members = [Member::Addresses { first: address(first), last: address(last), port: 80 }];
        group.target = Target::Group { name: "GR".into(), members: members.into() };
        config([group])
    };
    let (bench, _, said, told) = reload(group(101, 102), &["12"], group(102, 103));
    assert_eq!(
        bench.table(),
        ["[10.0.0.102]:tcp:80 rr", "10.0.0.11:80 1", "[10.0.0.103]:tcp:80 rr", "10.0.0.11:80 1"]
    );
    assert_eq!(
        said,
        [
            "VS [[10.0.0.101]:tcp:80] in group GR no longer exists",
            "VS [[10.0.0.103]:tcp:80] added into group GR"
        ]
    );
    assert!(told.is_empty());
}
