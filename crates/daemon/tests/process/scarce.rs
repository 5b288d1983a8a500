//! What runs out: space on a disk, and descriptors.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use linux::{Poll, clock};

use super::bench::{Bench, Daemon, PROGRAM, send};

/// A daemon whose directory `small` is a full disk of its own, with pid files, an event pipe, dumps and a log on it.
fn on_a_full_disk(bench: &Bench) -> (Daemon<'_>, std::path::PathBuf) {
    let small = bench.path("small");
    fs::create_dir_all(&small).unwrap();
    let script =
        "mount -t tmpfs -o size=64k tmpfs \"$0\" && { head -c 99999 /dev/zero > \"$0/fill\"; exec \"$@\"; }";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-c", script]).arg(&small).arg(PROGRAM);
    command.args(["-n", "-l", "-D"]).arg(format!("--log-file={}", small.join("full.log").display()));
    command.arg("-f").arg(bench.path("conf"));
    command.arg("-p").arg(small.join("pid")).arg("-r").arg(small.join("vrrp.pid")).stdin(Stdio::null());
    let daemon = bench.spawn(&mut command);
    let seen = format!("/proc/{}/root{}", daemon.child.id(), small.display()).into();
    (daemon, seen)
}

/// As keepalived: what cannot be written down is said, and the address is held all the same.
#[test]
fn a_full_disk_keeps_nobody_from_being_master() {
    let Some(bench) = Bench::new("a_full_disk_keeps_nobody_from_being_master") else { return };
    bench.configure("");
    let global = "script_user root\n notify_fifo @/small/fifo\n state_dump_file @/small/state\n \
                  config_save_dir @/small/saved";
    bench.write("conf", &bench.text("conf").replace("script_user root", global));
    let (daemon, small) = on_a_full_disk(&bench);
    let daemon = daemon.master();
    bench.await_log("Unable to write pid file");
    daemon.signal("USR1");
    bench.await_log("Unable to write");
    bench.until("the end of the attempt", || bench.count("small/state: ") == 1);
    let names = || -> Vec<String> {
        let entries = fs::read_dir(&small).unwrap().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    };
    assert!(names().iter().all(|name| !name.starts_with("state")), "no half of a dump: {:?}", names());
    daemon.signal("HUP");
    bench.await_log("Reload complete");
    assert!(bench.has_address());

    // What the log on that disk missed is counted, and told when there is room.
    fs::remove_file(small.join("fill")).unwrap();
    daemon.signal("HUP");
    let logged = || -> String {
        let logs = names().into_iter().filter(|name| name.ends_with(".log"));
        logs.map(|name| fs::read_to_string(small.join(name)).unwrap_or_default()).collect()
    };
    bench.until("what was lost", || logged().contains(" log lines were lost"));
    let lost = logged()
        .lines()
        .find_map(|line| line.split_once(" log lines were lost")?.0.rsplit_once(' ')?.1.parse().ok());
    assert!(lost > Some(5_u32), "{}", logged());
    daemon.signal("USR1");
    bench.until("the dump", || {
        fs::read_to_string(small.join("state")).unwrap_or_default().contains("VRRP Topology")
    });
    assert_eq!(daemon.stop(), Some(0));
    assert!(!bench.has_address());
}

/// Descriptors that a daemon may have: some more than it needs, fewer than it may have connections.
const FEW: u32 = 40;

/// A daemon with few descriptors, and as many connections as take the last of them.
fn exhausted(bench: &Bench) -> (Daemon<'_>, Vec<UnixStream>) {
    let mut command = Command::new("prlimit");
    command.arg(format!("--nofile={FEW}:{FEW}")).arg(bench.command().get_program());
    command.args(bench.command().get_args()).env("TMPDIR", &bench.directory).stdin(Stdio::null());
    let daemon = bench.spawn(&mut command).master();
    let path = bench.path("pid.sock");
    let connections = (0..FEW).map(|_| UnixStream::connect(&path).unwrap()).collect();
    let table = format!("/proc/{}/fd", daemon.child.id());
    let open = |number: u32| Path::new(&table).join(number.to_string()).symlink_metadata().is_ok();
    bench.until("the last", || (0..FEW).all(open));
    (daemon, connections)
}

fn pause(millis: u64) {
    let until = clock::now() + Duration::from_millis(millis);
    let mut poll = Poll::new().unwrap();
    while clock::now() < until {
        poll.wait(Some(until), &mut Vec::new()).unwrap();
    }
}

/// Seconds that a process spent on a processor.
fn cpu(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

#[test]
fn connections_for_which_there_is_no_descriptor_are_turned_away() {
    let Some(bench) = Bench::new("connections_for_which_there_is_no_descriptor_are_turned_away") else {
        return;
    };
    bench.configure("");
    let (daemon, connections) = exhausted(&bench);
    let before = cpu(daemon.child.id());
    pause(1_000);
    let spent = cpu(daemon.child.id()) - before;
    assert!(spent < 0.3, "it spent {spent} s on nothing");
    drop(connections);
    bench.until("an answer", || super::control::status(&bench)["vrrp"]["instances"][0]["state"] == "Master");
    assert_eq!(daemon.stop(), Some(0));
    assert!(!bench.has_address());
}

/// The master's notify script may be what moves an address of a cloud: it is late, not lost.
#[test]
fn a_worker_is_started_anew_and_scripts_wait_while_there_are_no_descriptors() {
    let test = "a_worker_is_started_anew_and_scripts_wait_while_there_are_no_descriptors";
    let Some(bench) = Bench::new(test) else { return };
    bench.script("told", "#!/bin/sh\necho \"$*\" >> @/states\n");
    bench.configure("notify @/told");
    let text = bench.text("conf").replace("advert_int 0.1", "advert_int 0.5");
    bench.write("conf", &(text + "bfd_instance path {\n neighbor_ip 10.60.0.9\n}\n"));
    let (daemon, connections) = exhausted(&bench);
    let worker = bench.pid("vrrp.pid");
    send(worker, "KILL");
    bench.until("the next worker", || ![0, worker].contains(&bench.pid("vrrp.pid")));
    bench.await_log("Resuming as master");
    // Nor is it cut off from the bfd worker, or left out of a pid file.
    assert_eq!(bench.count("Unable"), 0);

    bench.inside(|| Command::new("ip").args(["link", "set", "eth1", "down"]).status()).unwrap();
    bench.await_log("(VI_1) Entering FAULT STATE");
    pause(1_500);
    assert!(!bench.text("states").contains("FAULT"), "there is no descriptor for a script");
    drop(connections);
    bench.until("the script", || bench.text("states").contains("INSTANCE VI_1 FAULT 100\n"));
    assert_eq!(daemon.stop(), Some(0));
}

/// An included file that could not be opened is not one that is empty.
#[test]
fn a_reload_for_which_there_is_no_descriptor_changes_nothing() {
    let Some(bench) = Bench::new("a_reload_for_which_there_is_no_descriptor_changes_nothing") else { return };
    bench.configure("");
    bench.write("instance", &bench.text("conf"));
    bench.write("conf", "include @/instanc*\n");
    let (daemon, connections) = exhausted(&bench);
    bench.write("instance", &bench.text("instance").replace("10.60.0.100", "10.60.0.101"));
    daemon.signal("HUP");
    bench.await_log("Unable to read the configuration now: Too many open files");
    bench.await_log("New config failed validation");
    assert!(bench.has_address());
    drop(connections);
    bench.until("an answer", || super::control::status(&bench)["vrrp"]["instances"][0]["state"] == "Master");
    daemon.signal("HUP");
    bench.await_log("Reload complete");
    bench.until("the other address", || bench.addresses().contains("10.60.0.101") && !bench.has_address());
    assert_eq!(daemon.stop(), Some(0));
}

/// A file that cannot be read is not one that is gone, a process that cannot be looked at neither, and a script that cannot
/// run found no fault.
#[test]
fn what_is_tracked_counts_as_it_did_while_there_are_no_descriptors() {
    let test = "what_is_tracked_counts_as_it_did_while_there_are_no_descriptors";
    let Some(bench) = Bench::new(test) else { return };
    let name = format!("t{}", std::process::id());
    fs::copy("/bin/sleep", bench.path(&name)).unwrap();
    let mut tracked = Command::new(bench.path(&name)).arg("600").spawn().unwrap();
    bench.write("score", "20\n");
    bench.script("looks", "#!/bin/sh\necho >> @/looked\n");
    bench.configure(
        "track_file {\n  score weight 1\n }\n track_process {\n  runs\n }\n track_script {\n  looks\n }",
    );
    let trackers = format!(
        "track_file score {{\n file @/score\n}}\nvrrp_track_process runs {{\n process {name}\n}}\n\
         vrrp_script looks {{\n script @/looks\n interval 1\n}}\n"
    );
    bench.write("conf", &(trackers + &bench.text("conf")));
    let daemon = bench.start(&[]).master();
    let limit = |limit: &str| {
        for pid in [daemon.child.id(), bench.pid("vrrp.pid")] {
            let words = ["--pid", &pid.to_string(), &format!("--nofile={limit}:")];
            assert!(Command::new("prlimit").args(words).status().unwrap().success());
        }
    };
    limit("3");
    let (priorities, looked) = (bench.count("effective priority"), bench.count("now returning"));
    bench.write("score", "20\n");
    bench.await_log("Scripts wait, as they cannot be started now: Too many open files");
    let before = bench.text("looked");
    pause(2_500);
    assert_eq!(bench.text("looked"), before);
    assert_eq!((bench.count("effective priority"), bench.count("now returning")), (priorities, looked));
    assert_eq!((bench.count("FAULT"), bench.count("Scripts wait")), (0, 1));
    assert!(bench.has_address());
    limit("1024");
    bench.until("the script", || bench.text("looked") != before);
    bench.write("score", "30\n");
    bench.await_log("effective priority from 120 to 130");
    tracked.kill().and_then(|()| tracked.wait()).unwrap();
    bench.await_log("Entering FAULT STATE");
    assert_eq!(daemon.stop(), Some(0));
}

/// The worker needs a socket for a link that is new: until it gets one it is deaf, and that is a fault.
#[test]
fn a_worker_without_a_descriptor_for_its_socket_gets_one_later() {
    let Some(bench) = Bench::new("a_worker_without_a_descriptor_for_its_socket_gets_one_later") else {
        return;
    };
    bench.configure("");
    let daemon = bench.start(&[]).master();
    let worker = bench.pid("vrrp.pid").to_string();
    let limit = |limit: &str| {
        let status = Command::new("prlimit").args(["--pid", &worker, &format!("--nofile={limit}:")]).status();
        assert!(status.unwrap().success());
    };
    limit("3");
    for line in [
        "link del eth0",
        "link add eth0 type veth peer name eth1",
        "link set eth1 up",
        "link set eth0 up",
        "addr add 10.60.0.1/24 dev eth0",
    ] {
        assert!(bench.inside(|| Command::new("ip").args(line.split(' ')).status()).unwrap().success());
    }
    bench.await_log("Entering FAULT STATE");
    bench.until("deafness", || super::control::status(&bench)["vrrp"]["instances"][0]["state"] == "Fault");
    pause(1_000);
    assert!(!bench.has_address());
    limit("1024");
    bench.until("the address", || bench.has_address());
    assert_eq!(bench.count("died"), 0);
    assert_eq!(daemon.stop(), Some(0));
}
