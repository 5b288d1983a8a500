//! The control socket, and the files that signals ask for.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use serde_json::Value;

use super::bench::Bench;

fn ask(bench: &Bench, requests: &[&str]) -> Vec<Value> {
    let mut stream = UnixStream::connect(bench.path("pid.sock")).unwrap();
    stream.set_read_timeout(Some(super::bench::SOON)).unwrap();
    for request in requests {
        stream.write_all(format!("{request}\n").as_bytes()).unwrap();
    }
    let lines = BufReader::new(stream).lines().take(requests.len());
    lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
}

/// What the daemon says of itself.
pub(crate) fn status(bench: &Bench) -> Value {
    ask(bench, &["status"]).remove(0)
}

#[test]
fn the_control_socket_tells_how_the_daemon_stands() {
    let Some(bench) = Bench::new("the_control_socket_tells_how_the_daemon_stands") else { return };
    bench.configure("");
    let daemon = bench.start(&[]).master();
    let mode = std::fs::metadata(bench.path("pid.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "for root alone");
    let status = status(&bench);
    assert_eq!(status["pid"], daemon.child.id());
    assert_eq!(status["vrrp_pid"], bench.pid("vrrp.pid"));
    assert_eq!(status["vrrp"]["instances"][0]["name"], "VI_1");
    assert_eq!(status["vrrp"]["instances"][0]["state"], "Master");
    let lateness = &status["vrrp"]["lateness"];
    assert!(lateness["wakes"].as_u64() >= Some(1), "{lateness}");
    let answers = ask(&bench, &["nonsense", "status"]);
    assert!(answers[0]["error"].as_str().unwrap().contains("nonsense"));
    assert_eq!(answers[1]["pid"], daemon.child.id());
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_worker_that_does_not_answer_does_not_keep_the_asker() {
    let Some(bench) = Bench::new("a_worker_that_does_not_answer_does_not_keep_the_asker") else { return };
    bench.configure("");
    let daemon = bench.start(&[]).ready();
    super::bench::send(bench.pid("vrrp.pid"), "STOP");
    assert_eq!(status(&bench)["vrrp"], Value::Null);
    super::bench::send(bench.pid("vrrp.pid"), "CONT");
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn signals_write_the_dumps_that_tools_read() {
    let Some(bench) = Bench::new("signals_write_the_dumps_that_tools_read") else { return };
    bench.configure("");
    let daemon = bench.start(&[]).master();
    for (signal, file) in
        [("USR1", "keepalived.data"), ("USR2", "keepalived.stats"), ("RTMIN+2", "keepalived.json")]
    {
        daemon.signal(signal);
        bench.until(file, || bench.path(file).exists());
        let mode = std::fs::metadata(bench.path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert!(
        bench
            .text("keepalived.data")
            .contains(" VRRP Instance = VI_1\n   VRRP Version = 3\n   State = MASTER\n")
    );
    assert!(
        bench
            .text("keepalived.stats")
            .starts_with("VRRP Instance: VI_1\n  Advertisements:\n    Received: 0\n")
    );
    let json: Value = serde_json::from_str(&bench.text("keepalived.json")).unwrap();
    assert_eq!(json[0]["data"]["iname"], "VI_1");
    assert_eq!(json[0]["data"]["state"], 2);
    assert_eq!(json[0]["stats"]["become_master"], 1);
    assert_eq!(daemon.stop(), Some(0));
}
