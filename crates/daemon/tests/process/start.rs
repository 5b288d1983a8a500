//! Starting, in the foreground and detached.

use std::fs;
use std::process::{Command, Stdio};

use super::bench::{Bench, PROGRAM, is_over, send};

#[test]
fn the_log_says_what_tools_look_for() {
    let Some(bench) = Bench::new("the_log_says_what_tools_look_for") else { return };
    bench.configure("");
    let daemon = bench.start(&[]).master();
    let (number, conf) = (bench.pid("vrrp.pid"), bench.path("conf"));
    assert_eq!(daemon.stop(), Some(0));
    let log = bench.text("log");
    let mut rest = log.as_str();
    for line in [
        "Starting Keepalived",
        "Running on Linux",
        "Command line: '",
        &format!("Opening file '{}'.", conf.display()),
        &format!("Configuration file {}", conf.display()),
        &format!("Starting VRRP child process, pid={number}"),
        "Startup complete",
        "(VI_1) Entering MASTER STATE",
        "Stopping",
        "(VI_1) sent 0 priority",
        "Stopped Keepalived",
    ] {
        let at = rest.find(line).unwrap_or_else(|| panic!("no {line:?} in its place in\n{log}"));
        rest = &rest[at..];
    }
    // `Tue Nov 24 05:54:40 2026: `
    assert!(log.lines().all(|line| line.as_bytes().get(24) == Some(&b':')), "{log}");
}

#[test]
fn all_processes_are_called_keepalived() {
    let Some(bench) = Bench::new("all_processes_are_called_keepalived") else { return };
    bench.configure("");
    let daemon = bench.start(&[]).ready();
    for pid in [daemon.child.id(), bench.pid("vrrp.pid")] {
        assert_eq!(fs::read_to_string(format!("/proc/{pid}/comm")).unwrap(), "keepalived\n");
    }
}

#[test]
fn a_detached_start_returns_when_the_daemon_is_ready() {
    let Some(bench) = Bench::new("a_detached_start_returns_when_the_daemon_is_ready") else { return };
    bench.configure("");
    let start = || {
        let mut command = Command::new(PROGRAM);
        command.args(["-D", "-G", "-f"]).arg(bench.path("conf")).arg("-p").arg(bench.path("pid"));
        command.arg("-r").arg(bench.path("vrrp.pid")).arg(format!("-g{}", bench.path("ka.log").display()));
        command.stdin(Stdio::null()).current_dir(&bench.directory);
        bench.inside(|| command.output()).unwrap()
    };
    // That this returns at all shows that the daemon has let go of the pipes that it was started with.
    assert_eq!(start().status.code(), Some(0));
    assert!(bench.text("ka.log").contains("Startup complete"));
    let pid = bench.pid("pid");
    assert!(!is_over(pid));
    assert_eq!(fs::read_link(format!("/proc/{pid}/cwd")).unwrap().to_str(), Some("/"));
    for descriptor in 0..3 {
        let there = fs::read_link(format!("/proc/{pid}/fd/{descriptor}")).unwrap();
        assert_eq!(there.to_str(), Some("/dev/null"), "{descriptor}");
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let session = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(3).unwrap().to_owned();
    assert_eq!(session, pid.to_string(), "it leads a session of its own");
    bench.until("the worker's log", || bench.text("ka_vrrp.log").contains("(VI_1) Entering MASTER STATE"));
    let again = start();
    assert_eq!(again.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&again.stderr).contains("daemon is already running"));
    send(pid, "TERM");
    bench.until("the end", || is_over(pid) && !bench.path("pid").exists());
    assert!(!bench.has_address());
}

#[test]
fn a_detached_start_that_fails_says_why_and_has_the_daemons_status() {
    let test = "a_detached_start_that_fails_says_why_and_has_the_daemons_status";
    let Some(bench) = Bench::new(test) else { return };
    bench.write("conf", "vrrp_instance VI_1 {\n interface eth0\n}\n");
    let mut command = Command::new(PROGRAM);
    command.args(["-G", "-f"]).arg(bench.path("conf")).arg("-p").arg(bench.path("pid"));
    let output = bench.inside(|| command.output()).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_ne!(output.stderr, b"");
    assert!(!bench.path("pid").exists());
}

/// The log of `-l` is a pipe that is full and that nobody reads: lines are lost, and nothing else.
#[test]
fn a_log_that_nobody_reads_holds_nothing_up() {
    let Some(bench) = Bench::new("a_log_that_nobody_reads_holds_nothing_up") else { return };
    bench.configure("");
    let (unread, writer) = linux::process::pipe().unwrap();
    // What a pipe holds unless told otherwise (pipe(7)).
    let fill =
        Command::new("head").args(["-c", "65536", "/dev/zero"]).stdout(writer.try_clone().unwrap()).status();
    assert!(fill.unwrap().success());
    let mut command = bench.command();
    command.stderr(writer);
    let mut child = bench.inside(|| command.spawn()).unwrap();
    bench.until("the address", || bench.has_address());
    assert_eq!(super::control::status(&bench)["pid"], child.id());
    send(child.id(), "TERM");
    bench.until("the end", || child.try_wait().unwrap().is_some());
    assert!(!bench.has_address());
    drop(unread);
}

#[test]
fn without_instances_there_is_no_worker_until_a_reload_brings_one() {
    let test = "without_instances_there_is_no_worker_until_a_reload_brings_one";
    let Some(bench) = Bench::new(test) else { return };
    bench.write("conf", "global_defs {\n router_id a\n}\n");
    let daemon = bench.start(&[]).ready();
    bench.await_log("Warning - keepalived has no configuration to run");
    assert_eq!(bench.text("vrrp.pid"), "");
    bench.configure("");
    daemon.signal("HUP");
    bench.await_log("Reload complete");
    let daemon = daemon.master();
    assert_eq!(daemon.stop(), Some(0));
}
