//! The end (lvs-behaviour §2.1, §7).

use host::ipvs::{IpvsTable, Timeouts};

use super::bench::*;
use crate::Event;
use crate::config::Leaving;

/// A service of others.
fn with_foreign(bench: &mut Bench) {
    let entry = bench.kernel.services[&key(80)].clone();
    bench.kernel.services.insert(key(8080), entry);
}

/// "stop, no omega | `Shutting down service r from VS v` for every RS, `Shutting down (inhibited) service …` for one that is
/// down and inhibited | none | none".
#[test]
fn at_the_stop_what_is_ours_goes_and_nobody_is_told() {
    let mut bench = Bench::new(config([service([server(11), inhibited(server(12))])]));
    bench.path("12", false);
    with_foreign(&mut bench);
    bench.said();
    bench.told();
    bench.tell(Event::Stop);
    assert_eq!(
        bench.said(),
        [
            "Shutting down service [10.0.0.11]:tcp:80 from VS [10.0.0.100]:tcp:80",
            "Shutting down (inhibited) service [10.0.0.12]:tcp:80 from VS [10.0.0.100]:tcp:80"
        ]
    );
    assert!(bench.told().is_empty());
    assert_eq!(bench.table()[0], "[10.0.0.100]:tcp:8080 rr", "others' services stay");
    assert!(bench.director.has_stopped());
    bench.configure(config([service([server(11)])]));
    assert_eq!(bench.kernel.services.len(), 1, "a stop is final");
}

/// "stop, VS omega | same | notify_down of RS that are up, then quorum_down".
#[test]
fn with_omega_the_scripts_of_failure_run_at_the_stop() {
    let mut omega = service([server(11), server(12)]);
    omega.fails_at_stop = true;
    let mut bench = Bench::new(config([omega]));
    bench.path("12", false);
    bench.told();
    bench.tell(Event::Stop);
    assert_eq!(
        bench.told(),
        ["RS [10.0.0.11]:tcp:80 [10.0.0.100]:tcp:80 DOWN", "VS [10.0.0.100]:tcp:80 DOWN"]
    );
}

/// "With lvs_flush_on_stop (either form) no "Shutting down" lines"; "foreign services: removed | stay".
#[test]
fn the_whole_table_may_be_cleared_at_the_stop() {
    for (stop, left) in [(Leaving::Everything, 0), (Leaving::Services, 3)] {
        let mut config = config([service([server(11), server(12)])]);
        config.table.stop = stop;
        let mut bench = Bench::new(config);
        with_foreign(&mut bench);
        bench.said();
        bench.tell(Event::Stop);
        assert_eq!((bench.table().len(), bench.said().len()), (left, 0));
        assert!(bench.director.has_stopped());
    }
}

/// "`lvs_timeouts tcp tcpfin udp`: set, original values restored at exit".
#[test]
fn timeouts_are_put_back() {
    let found = Timeouts { tcp: Some(900), tcp_fin: Some(120), udp: Some(300) };
    let mut bench = Bench::empty();
    bench.kernel = IpvsTable { timeouts: found, ..IpvsTable::default() };
    let mut config = config([service([server(11)])]);
    config.table.timeouts = Timeouts { tcp: Some(50), ..Timeouts::default() };
    bench.configure(config.clone());
    assert_eq!(bench.kernel.timeouts, Timeouts { tcp: Some(50), ..found });
    config.table.timeouts = Timeouts { udp: Some(9), ..Timeouts::default() };
    bench.configure(config);
    assert_eq!(bench.kernel.timeouts, Timeouts { udp: Some(9), ..found });
    bench.tell(Event::Stop);
    assert_eq!(bench.kernel.timeouts, found);
}

#[test]
fn a_stop_before_the_table_was_seen_waits_for_it() {
    let mut bench = Bench::new(config([service([server(11)])]));
    let mut successor = Bench::empty();
    successor.kernel = bench.kernel.clone();
    successor.mute = true;
    successor.configure(config([service([server(11)])]));
    successor.tell(Event::Stop);
    successor.mute = false;
    while let Some(event) = successor.waiting.pop_front() {
        successor.tell(event);
    }
    assert!(successor.director.has_stopped() && successor.table().is_empty());
    bench.tell(Event::Stop);
    assert!(bench.table().is_empty());
}
