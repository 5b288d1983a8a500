//! Options that answer at once, and exit statuses.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use super::bench::{Bench, PROGRAM, directory};

/// A directory for configurations that are only read.
struct Files(PathBuf);

impl Files {
    fn new() -> Self {
        Self(directory())
    }

    fn test(&self, text: &str, options: &[&str]) -> Output {
        let path = self.0.join("conf");
        fs::write(&path, text).unwrap();
        run(&[&["-t", "-f", path.to_str().unwrap()], options].concat())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run(options: &[&str]) -> Output {
    Command::new(PROGRAM).args(options).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Good on a host with such a link.
const GOOD: &str = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 7\n priority 100\n \
    virtual_ipaddress {\n  10.60.0.100/32\n }\n}\n";

#[test]
fn a_test_of_a_good_file_says_nothing_and_ends_with_0() {
    let Some(bench) = Bench::new("a_test_of_a_good_file_says_nothing_and_ends_with_0") else { return };
    bench.write("conf", GOOD);
    let output = bench.run(&["-t"]);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

/// cli-and-files §2: "5: configuration errors (`-t`)".
#[test]
fn a_test_of_a_bad_file_shows_the_place_and_ends_with_5() {
    let bad = GOOD.replace("priority 100", "prioritty 100");
    let output = Files::new().test(&bad, &[]);
    let said = text(&output.stderr);
    assert!(said.contains("prioritty") && said.contains("conf:4:"), "{said}");
    assert_eq!(output.status.code(), Some(5));
}

/// L8-01, L8-06.
#[test]
fn a_test_can_write_to_the_end_of_a_file() {
    let files = Files::new();
    let report = files.0.join("report");
    for (times, option) in [(1, "-t"), (2, "--config-test=")] {
        let option = format!("{option}{}", report.display());
        let output = files.test(&GOOD.replace("priority 100", "prioritty 100"), &[&option]);
        assert_eq!(output.status.code(), Some(5));
        assert_eq!(text(&output.stderr), "");
        assert_eq!(
            fs::read_to_string(&report).unwrap().matches("Unknown keyword 'prioritty'").count(),
            times
        );
    }
    let output = files.test("", &["-t/nonexistent/directory/report"]);
    assert_eq!(output.status.code(), Some(1));
}

/// cli-and-files, additions: "`-t -f MISSING` … exit 0".
#[test]
fn a_test_of_a_missing_file_says_so_and_ends_with_0() {
    let output = run(&["-t", "-f", "/nonexistent/keepalived.conf"]);
    assert!(text(&output.stderr).contains("/nonexistent/keepalived.conf"));
    assert_eq!(output.status.code(), Some(0));
}

/// monitoring.md §8: "configuration file missing: 6".
#[test]
fn a_daemon_without_its_file_ends_with_6() {
    for options in [&["-n", "-G"][..], &["-G"]] {
        let output =
            run(&[options, &["-f", "/nonexistent/keepalived.conf", "-p", "/nonexistent/pid"]].concat());
        assert_eq!(output.status.code(), Some(6), "{options:?}");
        assert!(text(&output.stderr).contains("/nonexistent/keepalived.conf"), "{options:?}");
    }
}

#[test]
fn a_pid_file_that_cannot_be_written_is_fatal() {
    let files = Files::new();
    let conf = files.0.join("conf");
    fs::write(&conf, "").unwrap();
    let output = run(&["-n", "-G", "-f", conf.to_str().unwrap(), "-p", "/nonexistent/directory/pid"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/nonexistent/directory/pid"));
}

/// L8-06.
#[test]
fn options_that_make_no_sense_end_with_1() {
    for options in [&["--bogus"][..], &["-p"], &["-Z"], &["--signum=NOPE"], &["-T"]] {
        let output = run(options);
        assert_eq!(output.status.code(), Some(1), "{options:?}");
        assert_ne!(text(&output.stderr), "", "{options:?}");
    }
}

#[test]
fn questions_are_answered_with_0() {
    let output = run(&["--signum=STOP"]);
    assert_eq!((text(&output.stdout).as_str(), output.status.code()), ("15\n", Some(0)));
    for option in ["-v", "--version", "-h", "--help"] {
        let output = run(&[option]);
        assert_eq!(output.status.code(), Some(0), "{option}");
        assert!(text(&output.stderr).to_lowercase().contains("keepalived"), "{option}");
        assert_eq!(text(&output.stdout), "", "{option}");
    }
}
