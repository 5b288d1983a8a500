//! SIGHUP.

use super::bench::Bench;

#[test]
fn a_good_file_takes_effect_and_a_broken_one_changes_nothing() {
    let Some(bench) = Bench::new("a_good_file_takes_effect_and_a_broken_one_changes_nothing") else { return };
    bench.configure("");
    let daemon = bench.start(&[]).master();
    let good = bench.text("conf");
    let more = good.replace("10.60.0.100/24", "10.60.0.100/24\n  10.60.0.101/24");
    bench.write("conf", &more);
    daemon.signal("HUP");
    bench.await_log("Reload complete");
    bench.until("the second address", || bench.addresses().contains("10.60.0.101/24"));
    bench.write("conf", &format!("{good}\nvrrp_instance VI_2 {{\n interface eth0\n"));
    daemon.signal("HUP");
    bench.await_log("does not take effect, the running configuration stays");
    // The reason is in the log, with its place.
    assert!(bench.text("log").contains("Line 1"), "{}", bench.text("log"));
    assert!(bench.has_address() && bench.addresses().contains("10.60.0.101/24"));
    bench.write("conf", &good);
    daemon.signal("HUP");
    bench.until("the second address's end", || !bench.addresses().contains("10.60.0.101/24"));
    assert!(bench.has_address());
    assert_eq!(bench.count("(VI_1) Entering MASTER STATE"), 1, "it was master all the time");
    assert_eq!(daemon.stop(), Some(0));
}

/// cli-and-files §3: "another HUP during reload is queued".
#[test]
fn reloads_that_are_asked_for_during_one_come_after_it() {
    let Some(bench) = Bench::new("reloads_that_are_asked_for_during_one_come_after_it") else { return };
    bench.configure("");
    let daemon = bench.start(&[]).ready();
    for _ in 0..50 {
        daemon.signal("HUP");
    }
    bench.configure("notify_master /bin/true");
    daemon.signal("HUP");
    bench.until("the last reload's end", || {
        bench.count("Reloading ...") > 0 && bench.count("Reloading ...") == bench.count("Reload complete")
    });
    assert_eq!(daemon.stop(), Some(0));
}

/// A start is lenient: what is wrong is left out. So a file that was good enough to start with is good enough to reload.
#[test]
fn an_error_that_it_started_with_is_no_reason_to_refuse_a_reload() {
    let test = "an_error_that_it_started_with_is_no_reason_to_refuse_a_reload";
    let Some(bench) = Bench::new(test) else { return };
    bench.configure("no_such_word 1");
    let daemon = bench.start(&[]).master();
    let more = bench.text("conf").replace("10.60.0.100/24", "10.60.0.100/24\n  10.60.0.101/24");
    bench.write("conf", &more);
    daemon.signal("HUP");
    bench.await_log("Reload complete");
    bench.until("the second address", || bench.addresses().contains("10.60.0.101/24"));
    let worse = more.replace("no_such_word 1", "no_such_word 1\n another_one 2");
    bench.write("conf", &worse);
    daemon.signal("HUP");
    bench.await_log("does not take effect");
    assert_eq!(daemon.stop(), Some(0));
}
