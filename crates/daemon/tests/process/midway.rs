//! Processes that are killed in the middle of a reload, or of the stop.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use super::bench::{Bench, Daemon, is_over, send};
use super::control::status;

/// The pid files of the workers.
const WORKERS: [&str; 3] = ["vrrp.pid", "bfd.pid", "check.pid"];
const RELAY: u16 = 2525;

/// A daemon of all processes that there are: its workers, one that waits for a relay which never speaks, a tracking script that
/// runs on and a script that was told.
fn whole<'a>(bench: &'a Bench) -> (Daemon<'a>, TcpListener) {
    bench.script("watch", "#!/bin/sh\necho $$ > @/watching\nexec sleep 1000\n");
    bench.script("told", "#!/bin/sh\necho $$ > @/telling\nexec sleep 1000\n");
    bench.configure("notify_master @/told\n smtp_alert\n track_script {\n  watch\n }");
    let mail = format!(
        "notification_email {{\n  root@example.net\n }}\n notification_email_from a@example.net\n \
         smtp_server 127.0.0.1 {RELAY}\n script_user root"
    );
    let others = "child_wait_time 1\nvrrp_script watch {\n script @/watch\n interval 100\n timeout 50\n weight 5\n}\n\
                  bfd_instance path {\n neighbor_ip 10.60.0.9\n}\n\
                  virtual_server 10.60.0.100 80 {\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n \
                  real_server 10.60.0.9 80 {\n  weight 1\n }\n}\n";
    // Its interval lets a worker be back in time.
    let text =
        bench.text("conf").replace("script_user root", &mail).replace("advert_int 0.1", "advert_int 0.5");
    bench.write("conf", &(others.to_owned() + &text));
    super::bench::ip(bench, "link set lo up");
    let relay = bench.inside(|| TcpListener::bind((Ipv4Addr::LOCALHOST, RELAY))).unwrap();
    let files = [bench.path("bfd.pid"), bench.path("check.pid")];
    let [bfd, check] = files.map(|path| path.display().to_string());
    let daemon = bench.start(&["-b", &bfd, "-c", &check]).master();
    bench.until("its processes", || WORKERS.iter().all(|file| bench.pid(file) != 0));
    bench.until("its scripts", || bench.pid("watching") != 0 && bench.pid("telling") != 0);
    bench.until("who sends mail", || herald(&daemon).is_some());
    (daemon, relay)
}

fn herald(daemon: &Daemon<'_>) -> Option<u32> {
    let children = format!("/proc/{0}/task/{0}/children", daemon.child.id());
    let children = fs::read_to_string(children).unwrap_or_default();
    let is_herald = |pid: &u32| {
        fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|words| words.contains("herald"))
    };
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).find(is_herald)
}

/// Every process of a daemon but its supervisor, by what it is.
fn all(bench: &Bench, daemon: &Daemon<'_>) -> Vec<(&'static str, u32)> {
    let files = WORKERS.into_iter().chain(["watching", "telling"]);
    files.map(|file| (file, bench.pid(file))).chain([("mail", herald(daemon).unwrap())]).collect()
}

/// It comes to its end all the same, and the address stays where it is.
#[test]
fn whoever_is_killed_during_a_reload_it_takes_effect_and_costs_no_mastership() {
    let test = "whoever_is_killed_during_a_reload_it_takes_effect_and_costs_no_mastership";
    let Some(bench) = Bench::new(test) else { return };
    let (daemon, _relay) = whole(&bench);
    for (reloads, (what, pid)) in all(&bench, &daemon).into_iter().enumerate() {
        let next = format!("10.60.0.{}/24", 110 + reloads);
        let text = bench.text("conf").replace("10.60.0.100/24", &format!("10.60.0.100/24\n  {next}"));
        bench.write("conf", &text);
        // It is not ready before it has been killed.
        send(pid, "STOP");
        daemon.signal("HUP");
        bench.until("the reload", || bench.count("Configuration file") == 2 + reloads);
        send(pid, "KILL");
        bench.until(&format!("its end without {what}"), || bench.count("Reload complete") == 1 + reloads);
        bench.until("the address", || bench.addresses().contains(&next));
        assert!(bench.has_address(), "{what}");
        let state = || status(&bench)["vrrp"]["instances"][0]["state"].clone();
        bench.until("mastership", || state() == "Master");
    }
    assert_eq!((bench.count("removing VIPs"), bench.count("0 priority")), (0, 0));
    assert_eq!(daemon.stop(), Some(0));
    assert!(!bench.has_address());
}

/// Nothing is left behind, and nobody waits for the dead.
#[test]
fn whoever_is_killed_during_the_stop_it_comes_to_its_end() {
    let Some(bench) = Bench::new("whoever_is_killed_during_the_stop_it_comes_to_its_end") else { return };
    for number in 0..6 {
        let (mut daemon, _relay) = whole(&bench);
        let everybody = all(&bench, &daemon);
        let (what, pid) = everybody[number];
        send(pid, "STOP");
        daemon.signal("TERM");
        bench.await_log("Stopping");
        send(pid, "KILL");
        assert_eq!(daemon.ended().code(), Some(0), "{what}");
        assert!(!bench.has_address(), "{what}");
        for (other, pid) in everybody {
            bench.until(&format!("the end of {other}"), || is_over(pid));
        }
        for file in ["log", "watching", "telling"] {
            fs::remove_file(bench.path(file)).unwrap();
        }
    }
}

/// Its workers, which it spoke to last, hear that it is gone, and do what then is to be done.
#[test]
fn a_supervisor_that_is_killed_during_a_reload_or_the_stop_leaves_nothing_behind() {
    let test = "a_supervisor_that_is_killed_during_a_reload_or_the_stop_leaves_nothing_behind";
    let Some(bench) = Bench::new(test) else { return };
    for (signal, line, times) in [("HUP", "Configuration file", 2), ("TERM", "Stopping", 1)] {
        let (mut daemon, _relay) = whole(&bench);
        let everybody = all(&bench, &daemon);
        let text = bench.text("conf").replace("10.60.0.100/24", "10.60.0.100/24\n  10.60.0.101/24");
        bench.write("conf", &text);
        WORKERS.iter().for_each(|file| send(bench.pid(file), "STOP"));
        daemon.signal(signal);
        bench.until(line, || bench.count(line) == times);
        daemon.signal("KILL");
        daemon.ended();
        everybody.iter().filter(|(what, _)| WORKERS.contains(what)).for_each(|(_, pid)| send(*pid, "CONT"));
        for (what, pid) in everybody {
            bench.until(&format!("the end of {what}"), || is_over(pid));
        }
        assert_eq!(bench.addresses().matches("inet ").count(), 1, "{signal}: {}", bench.addresses());
        assert_eq!(bench.count("(VI_1) sent 0 priority"), 1, "{signal}");
        for file in ["log", "watching", "telling"] {
            fs::remove_file(bench.path(file)).unwrap();
        }
    }
}
