//! Who serves when servers come and go (lvs-behaviour §2, §3).

use super::bench::*;
use alloc::vec::Vec;

const V: &str = "[10.0.0.100]:tcp:80 rr";

/// "start, not alpha | `Gained quorum …` | quorum_up | `VS v UP`".
#[test]
fn a_service_starts_with_its_servers_in_the_pool_and_says_that_it_is_up() {
    let mut bench = Bench::new(config([service([server(11), server(12)])]));
    assert_eq!(bench.table(), [V, "10.0.0.11:80 1", "10.0.0.12:80 1"]);
    assert_eq!(
        bench.said(),
        [
            "Activating healthchecker for service [10.0.0.11]:tcp:80 for VS [10.0.0.100]:tcp:80",
            "Activating healthchecker for service [10.0.0.12]:tcp:80 for VS [10.0.0.100]:tcp:80",
            "Gained quorum 1+0=1 <= 2 for VS [10.0.0.100]:tcp:80",
            "Activating BFD healthchecker",
        ]
    );
    assert_eq!(bench.told(), ["VS [10.0.0.100]:tcp:80 UP"]);
    assert_eq!(bench.scripts, ["gained"]);
}

/// "… with rs_init_notifies | notify_up of every live RS, then quorum_up".
#[test]
fn first_states_of_servers_are_told_if_that_is_wanted() {
    let mut config = config([service([server(11), alpha(server(12))])]);
    config.initial_notifies = true;
    let mut bench = Bench::new(config);
    assert_eq!(bench.told(), ["RS [10.0.0.11]:tcp:80 [10.0.0.100]:tcp:80 UP", "VS [10.0.0.100]:tcp:80 UP"]);
}

/// "RS fails, quorum holds"; "RS returns": "log → kernel change → flags → RS notify (script, FIFO) → quorum".
#[test]
fn a_server_whose_path_dies_leaves_and_comes_back_with_it() {
    let mut bench = Bench::new(config([service([server(11), server(12)])]));
    bench.said();
    bench.told();
    bench.ordered();
    bench.scripts.clear();
    bench.path("11", false);
    assert_eq!(bench.table(), [V, "10.0.0.12:80 1"]);
    assert_eq!(bench.ordered().len(), 1);
    assert_eq!(
        bench.said(),
        [
            "BFD check of [11] RS([10.0.0.11]:tcp:80) is DOWN",
            "Removing service [10.0.0.11]:tcp:80 from VS [10.0.0.100]:tcp:80"
        ]
    );
    assert_eq!(bench.told(), ["RS [10.0.0.11]:tcp:80 [10.0.0.100]:tcp:80 DOWN"]);
    bench.path("11", false);
    bench.path("other", false);
    assert!(bench.said().is_empty() && bench.ordered().is_empty(), "nothing new");
    bench.path("11", true);
    assert_eq!(bench.table(), [V, "10.0.0.11:80 1", "10.0.0.12:80 1"]);
    assert_eq!(bench.told(), ["RS [10.0.0.11]:tcp:80 [10.0.0.100]:tcp:80 UP"]);
    assert_eq!(bench.scripts, ["down11", "up11"]);
}

/// "RS leaves the pool on the first failed checker (count 0→1), joins when the last failing one recovers (count 1→0)".
#[test]
fn every_check_of_a_server_vetoes() {
    let two = checked([follows("a"), follows("b")], server(11));
    let mut bench = Bench::new(config([service([two, server(12)])]));
    bench.told();
    for (session, alive, up) in [("a", false, 1), ("b", false, 1), ("a", true, 1), ("b", true, 2)] {
        bench.path(session, alive);
        assert_eq!(bench.table().len(), 1 + up, "{session}");
    }
    assert_eq!(bench.told().len(), 2);
}

/// "alpha: checker starts failed, RS starts out of the pool; first success adds it"; "start, alpha, no SS: none".
#[test]
fn a_server_that_starts_failed_waits_for_its_check_and_nothing_is_said() {
    let mut bench = Bench::new(config([service([alpha(server(11))])]));
    assert_eq!(bench.table(), [V]);
    assert!(bench.told().is_empty());
    bench.path("11", true);
    assert_eq!(bench.table(), [V, "10.0.0.11:80 1"]);
    assert_eq!(bench.told(), ["RS [10.0.0.11]:tcp:80 [10.0.0.100]:tcp:80 UP", "VS [10.0.0.100]:tcp:80 UP"]);
}

/// "start, alpha, SS | `Starting with quorum down 1-0=1 > 0 for VS v`, `Adding sorry server s to VS v`, `Removing alive
/// servers from the pool for VS v` | quorum_down | `VS v DOWN`".
#[test]
fn a_service_that_starts_below_its_quorum_is_served_by_its_sorry_server() {
    let mut bench = Bench::new(config([sorry(service([alpha(server(11))]))]));
    assert_eq!(bench.table(), [V, "10.0.0.14:80 1"]);
    let said = bench.said();
    assert_eq!(
        said[1..4],
        [
            "Starting with quorum down 1-0=1 > 0 for VS [10.0.0.100]:tcp:80",
            "Adding sorry server [10.0.0.14]:tcp:80 to VS [10.0.0.100]:tcp:80",
            "Removing alive servers from the pool for VS [10.0.0.100]:tcp:80"
        ]
    );
    assert_eq!(bench.told(), ["VS [10.0.0.100]:tcp:80 DOWN"]);
}

/// "3.1 Walk: quorum 2, hysteresis 1, RS 11, 12, 13 of weight 1, SS 14".
#[test]
fn the_walk_with_hysteresis_and_a_sorry_server() {
    let walk = sorry(quorum(2, 1, service([server(11), server(12), server(13)])));
    let mut bench = Bench::new(config([walk]));
    let steps: [(&str, bool, &[u8], usize); 6] = [
        ("11", false, &[12, 13], 1),
        ("12", false, &[13], 1),
        ("13", false, &[14], 2),
        ("11", true, &[14], 1),
        ("12", true, &[14], 1),
        ("13", true, &[11, 12, 13], 2),
    ];
    assert_eq!(bench.told(), ["VS [10.0.0.100]:tcp:80 UP"]);
    for (session, alive, serve, told) in steps {
        bench.path(session, alive);
        let mut expected: Vec<alloc::string::String> = [V.into()].into();
        expected.extend(serve.iter().map(|last| alloc::format!("10.0.0.{last}:80 1")));
        assert_eq!(bench.table(), expected, "{session} {alive}");
        assert_eq!(bench.told().len(), told, "{session} {alive}");
    }
    let said = bench.said();
    let end = &said[said.len() - 3..];
    assert_eq!(
        end,
        [
            "Gained quorum 2+1=3 <= 3 for VS [10.0.0.100]:tcp:80",
            "Removing sorry server [10.0.0.14]:tcp:80 from VS [10.0.0.100]:tcp:80",
            "Adding alive servers to the pool for VS [10.0.0.100]:tcp:80"
        ]
    );
    assert!(said.contains(&"Lost quorum 2-1=1 > 0 for VS [10.0.0.100]:tcp:80".into()), "{said:?}");
}

/// "3.2 Walk: quorum 3, hysteresis 0, weights 11:1, 12:2, 13:2, no SS": "living RS stay in the table".
#[test]
fn without_a_sorry_server_those_that_live_go_on() {
    let servers = [server(11), weighing(2, server(12)), weighing(2, server(13))];
    let mut bench = Bench::new(config([quorum(3, 0, service(servers))]));
    bench.told();
    bench.path("12", false);
    assert_eq!(bench.table(), [V, "10.0.0.11:80 1", "10.0.0.13:80 2"]);
    bench.said();
    bench.path("13", false);
    assert_eq!(bench.table(), [V, "10.0.0.11:80 1"]);
    assert_eq!(bench.said().last().unwrap(), "Lost quorum 3-0=3 > 1 for VS [10.0.0.100]:tcp:80");
    bench.path("12", true);
    assert_eq!(bench.table(), [V, "10.0.0.11:80 1", "10.0.0.12:80 2"]);
    let told = bench.told();
    let kinds: Vec<&str> = told.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(kinds, ["RS", "RS", "VS", "RS", "VS"]);
}

/// Differs: "quorum + hysteresis may exceed the sum of all weights: then gained never happens". Here it is gained when
/// all live.
#[test]
fn a_quorum_that_only_hysteresis_puts_out_of_reach_is_gained_when_all_live() {
    let mut bench = Bench::new(config([sorry(quorum(2, 1, service([server(11), server(12)])))]));
    assert_eq!(bench.told(), ["VS [10.0.0.100]:tcp:80 UP"]);
    bench.path("11", false);
    assert!(bench.told().iter().all(|line| line.starts_with("RS")), "1 is not below 2 - 1");
    bench.path("12", false);
    assert_eq!(bench.table(), [V, "10.0.0.14:80 1"]);
    bench.path("11", true);
    assert_eq!(bench.table(), [V, "10.0.0.14:80 1"]);
    bench.path("12", true);
    assert_eq!(bench.table(), [V, "10.0.0.11:80 1", "10.0.0.12:80 1"]);
}

/// "`inhibit_on_failure`: RS stays in IPVS with weight 0 instead of being deleted; it stays also while a SS serves"; the
/// golden table 40: one that lives has weight 0, too, while the sorry server serves.
#[test]
fn an_inhibited_server_stays_with_weight_0() {
    let servers = [inhibited(weighing(2, server(11))), inhibited(weighing(3, server(12)))];
    let mut walk = sorry(quorum(3, 0, service(servers)));
    walk.sorry_server.as_mut().unwrap().inhibit = true;
    let mut bench = Bench::new(config([walk]));
    assert_eq!(bench.table(), [V, "10.0.0.11:80 2", "10.0.0.12:80 3", "10.0.0.14:80 0"]);
    bench.said();
    bench.path("12", false);
    assert_eq!(bench.table(), [V, "10.0.0.11:80 0", "10.0.0.12:80 0", "10.0.0.14:80 1"]);
    let said = bench.said();
    assert_eq!(said[1], "Disabling service [10.0.0.12]:tcp:80 of VS [10.0.0.100]:tcp:80");
    assert_eq!(said[3], "Enabling sorry server [10.0.0.14]:tcp:80 to VS [10.0.0.100]:tcp:80");
    bench.path("12", true);
    assert_eq!(bench.table(), [V, "10.0.0.11:80 2", "10.0.0.12:80 3", "10.0.0.14:80 0"]);
    bench.path("11", false);
    assert_eq!(bench.table(), [V, "10.0.0.11:80 0", "10.0.0.12:80 3", "10.0.0.14:80 0"]);
}

/// The golden table 16: "SS equal to a RS … no change of the table when that RS itself regains quorum".
#[test]
fn a_sorry_server_may_be_one_of_the_real_servers() {
    let mut both = sorry(service([server(11), server(12)]));
    both.sorry_server.as_mut().unwrap().address = address(11);
    let mut bench = Bench::new(config([both]));
    bench.path("11", false);
    assert_eq!(bench.table(), [V, "10.0.0.12:80 1"]);
    bench.path("12", false);
    assert_eq!(bench.table(), [V, "10.0.0.11:80 1"]);
    bench.ordered();
    bench.path("11", true);
    assert_eq!(bench.table(), [V, "10.0.0.11:80 1"]);
    assert!(bench.ordered().is_empty());
}

/// A server is put back by nobody but its checks, so one whose checks nobody makes would never serve.
#[test]
fn a_server_whose_checks_are_not_supported_counts_as_up_and_it_is_said() {
    let dead = alpha(checked([connects()], server(11)));
    let both = checked([connects(), follows("12")], server(12));
    let mut bench = Bench::new(config([service([dead, both])]));
    assert_eq!(bench.table(), [V, "10.0.0.11:80 1", "10.0.0.12:80 1"]);
    assert_eq!(
        bench.said()[0],
        "Service [10.0.0.11]:tcp:80 of VS [10.0.0.100]:tcp:80 is not checked and counts as up: TCP_CHECK is not yet \
         supported"
    );
    bench.path("12", false);
    assert_eq!(bench.table(), [V, "10.0.0.11:80 1"]);
}
