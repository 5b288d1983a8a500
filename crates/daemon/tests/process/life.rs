//! What surrounds the daemon's life: its scripts, names, files, namespace.

use std::fs;
use std::process::Command;

use super::bench::{Bench, NamedNamespace, is_over};

/// `root` outside all blocks, `global` in that of all.
fn configure(bench: &Bench, root: &str, global: &str) {
    bench.configure("");
    let text = bench.text("conf").replace("script_user root\n", &format!("script_user root\n {global}\n"));
    bench.write("conf", &format!("{root}\n{text}"));
}

fn name_of(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

#[test]
fn one_script_runs_before_everything_and_one_after() {
    let Some(bench) = Bench::new("one_script_runs_before_everything_and_one_after") else { return };
    bench.script(
        "hook",
        "#!/bin/sh\necho \"$1 $(test -s @/vrrp.pid && echo worker)\" >> @/hooks\nsleep 0.3\n",
    );
    configure(&bench, "", "startup_script \"@/hook start\"\n shutdown_script \"@/hook end\"");
    let daemon = bench.start(&[]).master();
    assert_eq!(bench.text("hooks"), "start \n", "no worker yet");
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(bench.text("hooks"), "start \nend \n", "no worker any more");
    let log = bench.text("log");
    assert!(log.find("Shutdown script").unwrap() > log.find("(VI_1) sent 0 priority").unwrap());
}

#[test]
fn a_startup_script_that_hangs_is_ended_and_the_daemon_starts() {
    let Some(bench) = Bench::new("a_startup_script_that_hangs_is_ended_and_the_daemon_starts") else {
        return;
    };
    bench.script("hook", "#!/bin/sh\necho $$ > @/hooking\nexec sleep 1000\n");
    configure(&bench, "", "startup_script @/hook\n startup_script_timeout 1");
    let daemon = bench.start(&[]).master();
    bench.await_log("timed out");
    assert!(is_over(bench.pid("hooking")));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_stop_does_not_wait_for_the_startup_script() {
    let Some(bench) = Bench::new("a_stop_does_not_wait_for_the_startup_script") else { return };
    bench.script("hook", "#!/bin/sh\necho $$ > @/hooking\nexec sleep 1000\n");
    configure(&bench, "", "startup_script @/hook\n startup_script_timeout 1000");
    let daemon = bench.start(&[]);
    bench.until("the script", || bench.pid("hooking") != 0);
    assert_eq!(daemon.stop(), Some(0));
    assert!(is_over(bench.pid("hooking")));
    assert_eq!(bench.count("Starting VRRP"), 0);
}

/// vrrp-behaviour §15.
#[test]
fn processes_have_the_names_and_the_scheduling_that_the_file_gives_them() {
    let test = "processes_have_the_names_and_the_scheduling_that_the_file_gives_them";
    let Some(bench) = Bench::new(test) else { return };
    let options = "process_names\n process_name boss\n vrrp_priority -5\n vrrp_no_swap\n vrrp_cpu_affinity 0\n umask 0137";
    configure(&bench, "", options);
    let daemon = bench.start(&[]).master();
    let worker = bench.pid("vrrp.pid");
    assert_eq!((name_of(daemon.child.id()), name_of(worker)), ("boss".into(), "keepalived_vrrp".into()));
    let status = || fs::read_to_string(format!("/proc/{worker}/status")).unwrap();
    let line = |name: &str| {
        let status = status();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().to_owned()
    };
    let nice = || {
        let stat = fs::read_to_string(format!("/proc/{worker}/stat")).unwrap();
        stat.rsplit_once(')').unwrap().1.split_whitespace().nth(16).unwrap().to_owned()
    };
    assert_eq!((line("Cpus_allowed_list:").as_str(), nice().as_str()), ("0", "-5"));
    assert_ne!(line("VmLck:"), "0 kB");
    assert_eq!(line("Umask:"), "0137");
    configure(&bench, "", "process_name chief\n vrrp_process_name v\n vrrp_rt_priority 20");
    daemon.signal("HUP");
    bench.await_log("Reload complete");
    assert_eq!((name_of(daemon.child.id()), name_of(worker)), ("chief".into(), "v".into()));
    assert_eq!((line("VmLck:").as_str(), line("Umask:").as_str()), ("0 kB", "0177"));
    let policy = fs::read_to_string(format!("/proc/{worker}/stat")).unwrap();
    let fields: Vec<&str> = policy.rsplit_once(')').unwrap().1.split_whitespace().collect();
    if bench.count("Unable to set real-time priority") == 0 {
        assert_eq!((fields[37], fields[38]), ("20", "2"));
    }
    assert_eq!(daemon.stop(), Some(0));
}

/// cli-and-files §10: "the daemon joins `/run/netns/NAME` …; pid files go there under their normal names".
///
/// vrrp-behaviour §15.
#[test]
fn a_daemon_runs_in_the_namespace_that_it_is_told() {
    let Some(bench) = Bench::new("a_daemon_runs_in_the_namespace_that_it_is_told") else { return };
    let Some(namespace) = NamedNamespace::new("a_daemon_runs_in_the_namespace_that_it_is_told") else {
        return;
    };
    let name = &namespace.0;
    bench.configure("");
    let text = bench.text("conf");
    bench.write("conf", &format!("instance one\nnet_namespace {name}\n{text}"));
    let mut command = Command::new(super::bench::PROGRAM);
    command.args(["-n", "-l", "-D", "-G", "-f"]).arg(bench.path("conf")).env("TMPDIR", &bench.directory);
    let mut daemon = bench.spawn(&mut command).ready();
    bench.await_log("(VI_1) Entering MASTER STATE");
    let own = format!("/run/keepalived/{name}");
    let pid = fs::read_to_string(format!("{own}/keepalived_one.pid")).unwrap();
    assert_eq!(pid.trim().parse(), Ok(daemon.child.id()));
    let worker: u32 = fs::read_to_string(format!("{own}/vrrp_one.pid")).unwrap().trim().parse().unwrap();
    let inside = fs::read_link(format!("/proc/{worker}/ns/net")).unwrap();
    let expected =
        Command::new("ip").args(["netns", "exec", name, "readlink", "/proc/self/ns/net"]).output().unwrap();
    assert_eq!(inside.to_str().unwrap(), String::from_utf8_lossy(&expected.stdout).trim());
    bench.write("conf", &bench.text("conf").replace("instance one", "instance two"));
    daemon.signal("HUP");
    bench.await_log(
        "Cannot change instance, net_namespace or net_namespace_ipvs at a reload - please restart keepalived",
    );
    daemon.signal("TERM");
    assert_eq!(daemon.ended().code(), Some(0));
    assert!(!fs::exists(&own).unwrap(), "nothing is left");
}

#[test]
fn a_file_says_when_to_reload() {
    let Some(bench) = Bench::new("a_file_says_when_to_reload") else { return };
    configure(&bench, "", "reload_time_file @/when\n reload_file @/marker");
    let daemon = bench.start(&[]).master();
    bench.write("when", "never\n");
    bench.await_log("`never` in the reload time file is no time to come");
    let in_two =
        Command::new("date").args(["-u", "-d", "2 seconds", "+%Y-%m-%d %H:%M:%SZ"]).output().unwrap();
    bench.write("when", &String::from_utf8_lossy(&in_two.stdout));
    bench.await_log("Reload complete");
    assert!(!bench.path("when").exists(), "it has been obeyed");
    assert!(!bench.path("marker").exists());
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn what_is_wrong_with_a_new_configuration_is_written_where_the_old_one_says() {
    let test = "what_is_wrong_with_a_new_configuration_is_written_where_the_old_one_says";
    let Some(bench) = Bench::new(test) else { return };
    configure(&bench, "", "reload_check_config @/check");
    let daemon = bench.start(&[]).master();
    bench.write("conf", "vrrp_instance {");
    daemon.signal("HUP");
    bench.await_log(&format!("see {} for details", bench.path("check").display()));
    assert!(bench.text("check").contains("Line 1"), "{}", bench.text("check"));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn counters_begin_anew_when_asked_and_dumps_go_where_the_file_says() {
    let test = "counters_begin_anew_when_asked_and_dumps_go_where_the_file_says";
    let Some(bench) = Bench::new(test) else { return };
    configure(&bench, "instance one", "data_use_instance\n state_dump_file @/state.txt");
    let daemon = bench.start(&[]).master();
    daemon.signal("63");
    bench.until("the statistics", || bench.text("keepalived.stats").contains("Became master: 1\n"));
    daemon.signal("USR2");
    bench.until("zero", || bench.text("keepalived.stats").contains("Became master: 0\n"));
    daemon.signal("USR1");
    bench.until("the state", || bench.text("state.one.txt").contains("VRRP Topology"));
    bench.until("that of all", || {
        bench.text("state_parent.one.txt").contains("------< Global definitions >------")
    });
    assert_eq!(daemon.stop(), Some(0));
}
