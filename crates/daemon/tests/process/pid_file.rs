//! Refusing to run twice, and not refusing otherwise.

use std::fs;
use std::process::{Command, Stdio};

use super::bench::{Bench, send};

/// cli-and-files: "A second daemon with a live pid file: logs "daemon is already running" and exits", with status 0.
#[test]
fn a_second_daemon_is_refused_and_the_first_goes_on() {
    let Some(bench) = Bench::new("a_second_daemon_is_refused_and_the_first_goes_on") else { return };
    bench.configure("");
    let first = bench.start(&[]).ready();
    let number = bench.text("pid");
    let second = bench.run(&[]);
    assert_eq!(second.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&second.stderr).contains("daemon is already running"));
    // Another supervisor's file, but the same worker's.
    let third = bench.run(&["-p", bench.path("other.pid").to_str().unwrap()]);
    assert_eq!(third.status.code(), Some(0));
    assert!(!bench.path("other.pid").exists());
    assert_eq!(bench.text("pid"), number);
    assert_eq!(first.stop(), Some(0));
}

#[test]
fn a_stale_file_and_a_number_that_another_process_has_do_not_stop_a_start() {
    let test = "a_stale_file_and_a_number_that_another_process_has_do_not_stop_a_start";
    let Some(bench) = Bench::new(test) else { return };
    bench.configure("");
    let daemon = bench.start(&[]).ready();
    let mut dead = daemon;
    dead.signal("KILL");
    dead.ended();
    bench.until("the worker's end", || !bench.has_address() && bench.count("giving up") == 1);
    assert_ne!(bench.text("pid"), "", "the file of a killed daemon stays behind");
    // Its number is used again by another process, or by nobody.
    for number in [std::process::id(), 4_194_303] {
        fs::write(bench.path("pid"), format!("{number}\n")).unwrap();
        fs::write(bench.path("vrrp.pid"), format!("{number}\n")).unwrap();
        fs::remove_file(bench.path("log")).unwrap();
        let daemon = bench.start(&[]).ready();
        assert_eq!(bench.pid("pid"), daemon.child.id());
        assert_eq!(daemon.stop(), Some(0));
        assert!(!bench.path("pid").exists() && !bench.path("vrrp.pid").exists());
    }
}

#[test]
fn a_keepalived_that_is_not_ours_is_respected() {
    let test = "a_keepalived_that_is_not_ours_is_respected";
    let Some(bench) = Bench::new(test) else { return };
    bench.configure("");
    let mut theirs = Command::new("/usr/sbin/keepalived");
    theirs.args(["-n", "-G", "-f"]).arg(bench.path("conf")).arg("-p").arg(bench.path("pid"));
    theirs.arg("-r").arg(bench.path("vrrp.pid")).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut theirs) = bench.inside(|| theirs.spawn()) else {
        println!("SKIPPED: {test}: no /usr/sbin/keepalived");
        return;
    };
    bench.until("keepalived's pid file", || bench.pid("pid") == theirs.id());
    let ours = bench.run(&[]);
    send(theirs.id(), "TERM");
    theirs.wait().unwrap();
    assert_eq!(ours.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&ours.stderr).contains("daemon is already running"));
}
