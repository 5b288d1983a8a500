//! The demo as people run it: real namespaces, real daemons, real time.

#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_standfast");

/// The daemon that the demo looks for, if this test can be run at all; says why not, in a form that can be counted.
fn daemon(test: &str) -> Option<PathBuf> {
    let daemon = Path::new(PROGRAM).with_file_name("keepalived");
    if !daemon.is_file() {
        eprintln!("SKIPPED: {test}: {} is not built", daemon.display());
        return None;
    }
    let made = Command::new("unshare").args(["--net", "true"]).stderr(Stdio::null()).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: {test}: cannot make a network namespace");
        return None;
    }
    Some(daemon)
}

fn pause(time: Duration) {
    let (_silent, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(time);
}

/// What a demo with this process number has made and not removed.
fn left_behind(pid: u32) -> Vec<PathBuf> {
    let namespaces = ["a", "b", "c"].map(|end| PathBuf::from(format!("/run/netns/sf-demo-{pid}-{end}")));
    let directory = std::env::temp_dir().join(format!("sf-demo-{pid}"));
    namespaces.into_iter().chain([directory]).filter(|path| path.exists()).collect()
}

#[test]
fn each_takeover_of_the_demo_is_within_its_bound() {
    if daemon("each_takeover_of_the_demo_is_within_its_bound").is_none() {
        return;
    }
    let output = Command::new(PROGRAM).args(["demo", "--json"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let report: serde_json::Value = serde_json::from_str(&said).unwrap_or_else(|cause| {
        panic!("no report: {cause}: {said}{}", String::from_utf8_lossy(&output.stderr))
    });
    let masters: Vec<_> = report["takeovers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["new_master"].as_str().unwrap())
        .collect();
    assert_eq!(masters, ["a", "b", "a", "b", "a"], "{said}");
    assert_eq!(report["passed"], true, "{said}");
    assert!(output.status.success());
}

#[test]
fn a_demo_that_is_killed_leaves_nothing_behind() {
    if daemon("a_demo_that_is_killed_leaves_nothing_behind").is_none() {
        return;
    }
    let mut demo =
        Command::new(PROGRAM).arg("demo").stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let pid = demo.id();
    let mut waited = 0;
    while left_behind(pid).len() < 4 {
        waited += 1;
        assert!(waited < 100, "the demo builds nothing");
        pause(Duration::from_millis(50));
    }
    pause(Duration::from_secs(1));
    demo.kill().unwrap();
    demo.wait().unwrap();
    let mut waited = 0;
    while !left_behind(pid).is_empty() {
        waited += 1;
        assert!(waited < 100, "still there: {:?}", left_behind(pid));
        pause(Duration::from_millis(50));
    }
}
