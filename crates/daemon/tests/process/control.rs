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

/// The sections that keepalived 2.4.3 was recorded with, but for the numbers of descriptors.
#[test]
fn the_data_dump_tells_of_sockets_and_of_who_follows_static_things() {
    let test = "the_data_dump_tells_of_sockets_and_of_who_follows_static_things";
    let Some(bench) = Bench::new(test) else { return };
    bench.configure("kernel_rx_buf_size 5000");
    let text = bench.text("conf");
    let second = text.split_once("vrrp_instance").unwrap().1.replace("VI_1", "VI_2").replace("id 7", "id 8");
    let peers = "unicast_peer {\n 10.60.0.2\n }\n virtual_ipaddress";
    let third = second.replace("VI_2", "VI_3").replace("id 8", "id 9").replace("kernel_rx_buf_size 5000", "");
    let third = third.replace("virtual_ipaddress", peers);
    let blocks = "track_group tg {\n group {\n  VI_1\n  VI_3\n }\n}\n\
                  static_ipaddress {\n 10.3.0.7/24 dev eth0 track_group tg\n 10.3.0.8/24 dev eth0\n}\n\
                  static_routes {\n 10.77.0.0/24 via 10.60.0.9 dev eth0 track_group tg\n}\n\
                  static_rules {\n from 10.3.0.7 table 100 priority 777 iif eth0 track_group tg\n}\n";
    bench.write("conf", &format!("{text}vrrp_instance{second}vrrp_instance{third}{blocks}"));
    let daemon = bench.start(&[]).master();
    daemon.signal("USR1");
    bench.until("the dump", || bench.text("keepalived.data").contains("------< Interfaces >------"));
    let dump = bench.text("keepalived.data");
    for section in [
        "------< Static Addresses >------\n     10.3.0.7/24 dev eth0 scope global track_group tg set\n     \
         10.3.0.8/24 dev eth0 scope global set\n",
        "     prepend 10.77.0.0/24 via inet 10.60.0.9 dev eth0 proto 18 track_group tg\n",
        "     from 10.3.0.7 priority 777 tos 0x0 iif eth0 protocol 18 lookup 100 track_group tg\n",
        "------< Static Track groups >------\n Static Track Group = tg\n   VRRP member instances :\n     VI_1\n     \
         VI_3\n------< VRRP Topology >------\n",
        "------< VRRP Sockpool >------\n fd_in - fd_out = -\n   Interface = eth0\n   Family = IPv4\n   Protocol = \
         VRRP\n   Type = Multicast\n   Rx buf size = 10000\n   VRRP instances\n     VI_1 vrid 7\n     VI_2 vrid \
         8\n fd_in - fd_out = -\n   Interface = eth0\n   Family = IPv4\n   Protocol = VRRP\n   Type = Unicast\n   \
         Address = 10.60.0.1\n   Rx buf size = 0\n   VRRP instances\n     VI_3 vrid 9\n",
    ] {
        assert!(dump.contains(section), "{section:?} is not in\n{dump}");
    }
    assert_eq!(daemon.stop(), Some(0));
}
