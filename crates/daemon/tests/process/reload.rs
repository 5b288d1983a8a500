//! SIGHUP.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::bench::Bench;

/// vrrp-behaviour §12.
/// As observed: B12-02.
#[test]
fn a_good_file_takes_effect_and_a_broken_one_changes_nothing() {
    let Some(bench) = Bench::new("a_good_file_takes_effect_and_a_broken_one_changes_nothing") else { return };
    bench.script("told", "#!/bin/sh\necho \"$*\" >> @/states\n");
    bench.configure("notify @/told");
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
    assert_eq!(bench.count("sent 0 priority"), 0);
    assert_eq!(daemon.stop(), Some(0));
    // Nobody was told anything of it.
    let states = ["BACKUP", "MASTER", "STOP"].map(|state| format!("INSTANCE VI_1 {state} 100\n"));
    assert_eq!(bench.text("states"), states.concat());
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

/// Manual: "config_save_dir causes keepalived to save configuration state and configuration files before and after each
/// reload. … The directory will be created if it does not exist". The names are those that keepalived 2.2.7 gives.
#[test]
fn copies_for_debugging_tell_what_was_read_and_how_it_stood_before_and_after() {
    let test = "copies_for_debugging_tell_what_was_read_and_how_it_stood_before_and_after";
    let Some(bench) = Bench::new(test) else { return };
    let configure = |priority: &str| {
        bench.configure("include @/more");
        let text =
            bench.text("conf").replace("script_user root", "script_user root\n config_save_dir @/saved");
        bench.write("conf", &text);
        bench.write("more", &format!("priority {priority}\n"));
    };
    configure("110");
    let daemon = bench.start(&[]).master();
    let (pid, worker) = (bench.pid("pid"), bench.pid("vrrp.pid"));
    configure("120");
    daemon.signal("HUP");
    let after = format!("saved/keepalived_vrrp.{worker}.1.post");
    bench.until("the last of the copies", || bench.path(&after).exists());
    for (number, priority) in [(0, "priority 110"), (1, "priority 120")] {
        let text = bench.text(&format!("saved/keepalived.conf.{pid}.{number}"));
        assert!(text.contains(priority) && !text.contains("include"), "{text}");
    }
    let before = format!("saved/keepalived_vrrp.{worker}.1.pre");
    for (name, priority) in [(before, "   Priority = 110\n"), (after, "   Priority = 120\n")] {
        let text = bench.text(&name);
        assert!(text.contains(priority) && text.contains("   State = MASTER\n"), "{name}: {text}");
        assert_eq!(fs::metadata(bench.path(&name)).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(daemon.stop(), Some(0));
}
