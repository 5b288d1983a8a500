//! Processes that die.

use std::fs;

use super::bench::{Bench, is_over, send};

/// A long interval: the worker is back well within the master-down time.
fn slow(bench: &Bench, more: &str) {
    bench.configure(more);
    let text = bench.text("conf").replace("advert_int 0.1", "advert_int 0.5");
    bench.write("conf", &text);
}

/// vrrp-behaviour §13.
#[test]
fn a_worker_that_is_killed_comes_back_as_master_with_its_address() {
    let Some(bench) = Bench::new("a_worker_that_is_killed_comes_back_as_master_with_its_address") else {
        return;
    };
    bench.script("told", "#!/bin/sh\necho \"$*\" >> @/states\n");
    slow(&bench, "notify @/told");
    let daemon = bench.start(&[]).master();
    bench.until("the script", || bench.text("states").contains("MASTER"));
    let (worker, states) = (bench.pid("vrrp.pid"), bench.text("states"));
    send(worker, "KILL");
    bench.await_log(&format!("VRRP child process({worker}) died: Respawning"));
    bench.until("the next worker", || {
        bench.pid("vrrp.pid") != worker && bench.count("Starting VRRP child") == 2
    });
    assert!(bench.has_address(), "it was never away");
    bench.await_log("pid={}".replace("{}", &bench.pid("vrrp.pid").to_string()).as_str());
    // It resumes: nothing else happened to the scripts, and no second election took place.
    bench.until("the resumption", || {
        super::control::status(&bench)["vrrp"]["instances"][0]["state"] == "Master"
    });
    assert!(bench.has_address());
    assert_eq!(bench.text("states"), states);
    assert_eq!(bench.count("removing VIPs"), 0);
    assert_eq!(daemon.stop(), Some(0));
    assert!(!bench.has_address());
}

/// vrrp-behaviour §13: "first early death: at once; further early deaths: 1 s, doubling".
/// As observed: B13-02.
#[test]
fn the_second_early_death_is_followed_by_a_wait() {
    let Some(bench) = Bench::new("the_second_early_death_is_followed_by_a_wait") else { return };
    slow(&bench, "");
    let daemon = bench.start(&[]).ready();
    send(bench.pid("vrrp.pid"), "KILL");
    bench.await_log("Restart of VRRP process delayed 0 seconds");
    bench.until("the second", || bench.count("Starting VRRP child process") == 2);
    let died = linux::clock::now();
    send(bench.pid("vrrp.pid"), "KILL");
    bench.await_log("Restart of VRRP process delayed 1 seconds");
    bench.until("the third", || bench.count("Starting VRRP child process") == 3);
    let waited = linux::clock::now().since(died).as_secs_f64();
    assert!(waited >= 1.0, "{waited}");
    assert_eq!(daemon.stop(), Some(0));
}

/// monitoring.md §8: "`-R` and child killed: daemon ends, status 0".
#[test]
fn with_r_the_end_of_a_worker_ends_the_daemon() {
    let Some(bench) = Bench::new("with_r_the_end_of_a_worker_ends_the_daemon") else { return };
    bench.configure("");
    let mut daemon = bench.start(&["-R"]).ready();
    send(bench.pid("vrrp.pid"), "KILL");
    assert_eq!(daemon.ended().code(), Some(0));
    assert!(!bench.path("pid").exists());
}

#[test]
fn a_supervisor_that_is_killed_takes_its_worker_and_the_address_with_it() {
    let test = "a_supervisor_that_is_killed_takes_its_worker_and_the_address_with_it";
    let Some(bench) = Bench::new(test) else { return };
    bench.script("told", "#!/bin/sh\necho \"$*\" >> @/states\n");
    bench.script("watch", "#!/bin/sh\necho $$ > @/watching\nexec sleep 1000\n");
    bench.configure("notify @/told\n track_script {\n  w\n }");
    let script = "vrrp_script w {\n script @/watch\n interval 100\n timeout 50\n weight 5\n}\n";
    bench.write("conf", &(script.to_owned() + &bench.text("conf")));
    let mut daemon = bench.start(&[]).master();
    let worker = bench.pid("vrrp.pid");
    bench.until("the tracking script", || bench.pid("watching") != 0);
    daemon.signal("KILL");
    daemon.ended();
    let killed = linux::clock::now();
    bench.until("the address's end", || !bench.has_address());
    let took = linux::clock::now().since(killed);
    assert!(took < std::time::Duration::from_secs(1), "{took:?}");
    bench.until("the worker's end", || is_over(worker));
    assert_eq!(bench.count("(VI_1) sent 0 priority"), 1);
    bench.until("the tracking script's end", || is_over(bench.pid("watching")));
    // Nobody else is left to run them.
    bench.until("the last script", || bench.text("states").ends_with("INSTANCE VI_1 STOP 100\n"));
}

#[test]
fn a_worker_that_hangs_does_not_keep_the_daemon() {
    let Some(bench) = Bench::new("a_worker_that_hangs_does_not_keep_the_daemon") else { return };
    bench.configure("");
    let daemon = bench.start(&[]).master();
    let worker = bench.pid("vrrp.pid");
    send(worker, "STOP");
    assert_eq!(daemon.stop(), Some(0));
    assert!(is_over(worker));
    assert_eq!(bench.count("killing it"), 1);
    assert!(!bench.has_address(), "another worker gave up in its place");
}

/// A master that hangs holds its address while a rival takes over: it must not for long, and must not come back as master.
#[test]
fn a_worker_that_gives_no_sign_of_life_is_replaced() {
    let Some(bench) = Bench::new("a_worker_that_gives_no_sign_of_life_is_replaced") else { return };
    bench.configure("");
    let daemon = bench.start(&[]).master();
    let worker = bench.pid("vrrp.pid");
    send(worker, "STOP");
    bench.await_log("gave no sign of life for 8 s: killing it");
    bench.await_log("died: Respawning");
    bench.until("the next worker", || bench.count("(VI_1) Entering BACKUP STATE") == 2);
    assert_eq!(bench.count("Resuming as master"), 0, "a rival may be master since");
    assert_eq!(daemon.stop(), Some(0));
}

fn promotes(bench: &Bench) -> bool {
    let path = "/proc/sys/net/ipv4/conf/eth0/promote_secondaries";
    bench.inside(|| fs::read_to_string(path)).unwrap() == "1\n"
}

fn never_promotes(bench: &Bench) {
    bench.inside(|| fs::write("/proc/sys/net/ipv4/conf/eth0/promote_secondaries", "0")).unwrap();
}

/// Its successor finds the setting as the first made it, and is told how it was.
#[test]
fn a_setting_of_an_interface_is_put_back_by_the_successor_of_a_worker_that_was_killed() {
    let test = "a_setting_of_an_interface_is_put_back_by_the_successor_of_a_worker_that_was_killed";
    let Some(bench) = Bench::new(test) else { return };
    never_promotes(&bench);
    slow(&bench, "promote_secondaries");
    let daemon = bench.start(&[]).master();
    assert!(promotes(&bench));
    for starts in [2, 3] {
        bench.kill_process("vrrp.pid");
        bench.until("the next worker", || bench.count("Starting VRRP child") == starts);
        bench.until("mastership", || {
            super::control::status(&bench)["vrrp"]["instances"][0]["state"] == "Master"
        });
    }
    assert!(promotes(&bench));
    slow(&bench, "");
    daemon.signal("HUP");
    bench.until("the setting's return", || !promotes(&bench));
    slow(&bench, "promote_secondaries");
    daemon.signal("HUP");
    bench.until("the setting", || promotes(&bench));
    assert_eq!(daemon.stop(), Some(0));
    assert!(!promotes(&bench));
}

/// A master whose worker and whose worker's successor were killed: for a second there is none.
fn crashed_twice(bench: &Bench) -> super::bench::Daemon<'_> {
    let daemon = bench.start(&[]).master();
    bench.kill_process("vrrp.pid");
    bench.until("the second", || bench.count("Resuming as master") == 1);
    bench.kill_process("vrrp.pid");
    bench.await_log("Restart of VRRP process delayed 1 seconds");
    daemon
}

/// While nobody lives who could: another is started for that alone.
#[test]
fn a_stop_right_after_a_crash_leaves_nothing_behind() {
    let Some(bench) = Bench::new("a_stop_right_after_a_crash_leaves_nothing_behind") else { return };
    never_promotes(&bench);
    slow(&bench, "promote_secondaries");
    let daemon = crashed_twice(&bench);
    assert!(promotes(&bench) && bench.has_address());
    assert_eq!(daemon.stop(), Some(0));
    assert!(!promotes(&bench) && !bench.has_address());
}

/// What was asked for before the crash and is not any more.
#[test]
fn a_setting_that_nobody_asks_for_after_a_crash_is_put_back_at_the_stop() {
    let test = "a_setting_that_nobody_asks_for_after_a_crash_is_put_back_at_the_stop";
    let Some(bench) = Bench::new(test) else { return };
    never_promotes(&bench);
    slow(&bench, "promote_secondaries");
    let daemon = crashed_twice(&bench);
    slow(&bench, "");
    daemon.signal("HUP");
    bench.until("the third", || bench.count("Starting VRRP child") == 3);
    bench.until("its answer", || super::control::status(&bench)["vrrp"]["instances"].is_array());
    assert_eq!(daemon.stop(), Some(0));
    assert!(!promotes(&bench));
}
