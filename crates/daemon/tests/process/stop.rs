//! Stopping.

use super::bench::Bench;

/// monitoring.md §8: "SIGTERM, SIGINT to parent: children end, status 0, pid files … removed".
///
/// vrrp-behaviour §13.
/// As observed: B13-01.
#[test]
fn term_and_interrupt_end_the_daemon_with_0_and_take_all_it_had_away() {
    let test = "term_and_interrupt_end_the_daemon_with_0_and_take_all_it_had_away";
    let Some(bench) = Bench::new(test) else { return };
    bench.script("told", "#!/bin/sh\necho \"$*\" >> @/states\n");
    bench.configure("notify_stop \"@/told specific\"\n notify \"@/told\"");
    bench.write("conf", &bench.text("conf"));
    for signal in ["TERM", "INT"] {
        let mut daemon = bench.start(&[]).master();
        daemon.signal(signal);
        assert_eq!(daemon.ended().code(), Some(0), "{signal}");
        assert!(!bench.has_address(), "{signal}");
        for name in ["pid", "vrrp.pid", "pid.sock"] {
            assert!(!bench.path(name).exists(), "{name}");
        }
        // The daemon waited for its last scripts.
        let states = bench.text("states");
        assert!(states.ends_with("specific\nINSTANCE VI_1 STOP 100\n"), "{states}");
        std::fs::remove_file(bench.path("log")).unwrap();
    }
}

#[test]
fn a_script_that_hangs_does_not_keep_the_daemon() {
    let Some(bench) = Bench::new("a_script_that_hangs_does_not_keep_the_daemon") else { return };
    bench.script("hang", "#!/bin/sh\ntrap '' TERM\nsleep 1000\n");
    bench.configure("notify_stop @/hang");
    let daemon = bench.start(&[]).master();
    // Within `SOON`: five seconds of patience, two from SIGTERM to SIGKILL.
    assert_eq!(daemon.stop(), Some(0));
    assert!(!bench.has_address());
}

#[test]
fn other_signals_do_not_end_it() {
    let Some(bench) = Bench::new("other_signals_do_not_end_it") else { return };
    bench.configure("");
    let daemon = bench.start(&["--ignore-sigint"]).master();
    let worker = bench.pid("vrrp.pid");
    for signal in ["QUIT", "PIPE", "USR1", "USR2", "RTMIN+2", "RTMAX-1", "INT", "HUP"] {
        daemon.signal(signal);
        super::bench::send(worker, signal);
    }
    bench.await_log("Reload complete");
    assert_eq!(bench.pid("vrrp.pid"), worker, "the worker lives");
    assert!(bench.has_address());
    assert_eq!(daemon.stop(), Some(0));
}

/// Manual: "-V: Don't remove VRRP VIPs and VROUTEs on daemon stop". Seen with 2.2.7: no advert of priority 0 either.
///
/// vrrp-behaviour §13.
#[test]
fn with_v_the_address_stays() {
    let Some(bench) = Bench::new("with_v_the_address_stays") else { return };
    bench.script("told", "#!/bin/sh\necho \"$*\" >> @/states\n");
    bench.configure("notify @/told");
    let daemon = bench.start(&["-V"]).master();
    assert_eq!(daemon.stop(), Some(0));
    assert!(bench.has_address());
    assert_eq!(bench.count("sent 0 priority"), 0);
    assert!(bench.text("states").ends_with("INSTANCE VI_1 STOP 100\n"));
}
