//! What scripts find.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::bench::{Bench, is_over};

/// A script that writes what it sees to a file that everybody may write to.
fn witness(bench: &Bench) {
    bench.write("seen", "");
    fs::set_permissions(bench.path("seen"), fs::Permissions::from_mode(0o666)).unwrap();
    let text = "#!/bin/sh\nfds=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 | sort -u)\n{\n echo \"id $(id -u) $(id -g) $(id -G)\"\n \
        echo \"group $(test \"$(ps -o pgid= -p $$ | tr -d ' ')\" = $$ && echo own)\"\n \
        echo \"fds $fds\"\n \
        echo \"environment ${KEPT-}/${IFS_SEEN-}/${LD_PRELOAD-}/${NOTIFY_SOCKET-}\"\n \
        echo \"blocked $(sed -n 's/SigBlk:.//p' /proc/$$/status)\"\n echo \"words $*\"\n} >> @/seen\n";
    bench.script("witness", text);
}

#[test]
fn a_script_runs_as_its_user_in_a_group_of_its_own_with_nothing_open() {
    let test = "a_script_runs_as_its_user_in_a_group_of_its_own_with_nothing_open";
    let Some(bench) = Bench::new(test) else { return };
    witness(&bench);
    bench.configure("notify_master \"@/witness 'one word' two\" nobody");
    let mut command = bench.command();
    command.env("KEPT", "kept").env("NOTIFY_SOCKET", "/nonexistent").env("LD_PRELOAD", "");
    let daemon = bench.spawn(&mut command);
    bench.until("the script", || bench.text("seen").contains("words"));
    let seen = bench.text("seen");
    let lines: Vec<&str> = seen.lines().collect();
    assert!(lines[0].starts_with("id 65534 65534 65534"), "{seen}");
    assert_eq!(
        lines[1..],
        [
            "group own",
            "fds /dev/null",
            "environment kept///",
            "blocked 0000000000000000",
            "words one word two"
        ],
        "{seen}"
    );
    assert_eq!(daemon.stop(), Some(0));
}

/// cli-and-files §5.1: "executed directly (no shell) unless a file lacks a recognisable executable header".
#[test]
fn a_text_without_a_header_is_run_by_the_shell() {
    let Some(bench) = Bench::new("a_text_without_a_header_is_run_by_the_shell") else { return };
    bench.script("plain", "echo \"$0 $*\" >> @/plainly\n");
    bench.configure("notify_master \"@/plain a 'b  c'\"");
    let daemon = bench.start(&[]).master();
    let expected = format!("{} a b  c\n", bench.path("plain").display());
    bench.until("the script", || bench.text("plainly") == expected);
    assert_eq!(daemon.stop(), Some(0));
}

/// vrrp-behaviour §14.
/// As observed: B14-02.
#[test]
fn notify_scripts_of_an_instance_come_in_the_order_of_its_states() {
    let test = "notify_scripts_of_an_instance_come_in_the_order_of_its_states";
    let Some(bench) = Bench::new(test) else { return };
    // The first takes longest: unordered, it would come last.
    bench.script("told", "#!/bin/sh\ntest \"$3\" = BACKUP && sleep 0.5\necho \"$*\" >> @/states\n");
    bench.configure("notify @/told\n notify_master \"@/told specific\"");
    let daemon = bench.start(&[]).master();
    assert_eq!(daemon.stop(), Some(0));
    let expected = "INSTANCE VI_1 BACKUP 100\nspecific\nINSTANCE VI_1 MASTER 100\nINSTANCE VI_1 STOP 100\n";
    assert_eq!(bench.text("states"), expected);
}

#[test]
fn a_script_that_cannot_begin_is_told_of() {
    let Some(bench) = Bench::new("a_script_that_cannot_begin_is_told_of") else { return };
    bench.script("gone", "#!/nonexistent/interpreter\n");
    bench.configure("notify_master @/gone");
    let daemon = bench.start(&[]).master();
    bench.await_log("could not be started, error 2");
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_tracking_script_that_takes_too_long_is_ended_and_counts_as_failed() {
    let test = "a_tracking_script_that_takes_too_long_is_ended_and_counts_as_failed";
    let Some(bench) = Bench::new(test) else { return };
    bench.script("watch", "#!/bin/sh\necho $$ > @/watching\nexec sleep 1000\n");
    bench.configure("track_script {\n  w\n }");
    let script = "vrrp_script w {\n script @/watch\n interval 1\n timeout 1\n fall 1\n weight -10\n}\n";
    bench.write("conf", &(script.to_owned() + &bench.text("conf")));
    let daemon = bench.start(&[]).ready();
    bench.await_log("VRRP_Script(w) timed out");
    let first = bench.pid("watching");
    bench.until("the end of what it ran", || bench.pid("watching") != first || is_over(first));
    assert_eq!(daemon.stop(), Some(0));
    let last = bench.pid("watching");
    bench.until("the end of the last run", || is_over(last));
}

/// An init that does not reap is common in containers; so the supervisor does.
#[test]
fn what_scripts_leave_behind_is_reaped() {
    let Some(bench) = Bench::new("what_scripts_leave_behind_is_reaped") else { return };
    bench.script("leave", "#!/bin/sh\n(sleep 0.2) &\necho $! > @/left\n");
    bench.configure("notify_master @/leave");
    let daemon = bench.start(&[]).master();
    bench.until("the script", || bench.pid("left") != 0);
    let left = bench.pid("left");
    // Not a zombie either.
    bench.until("its burial", || !fs::exists(format!("/proc/{left}")).unwrap());
    assert_eq!(daemon.stop(), Some(0));
}

/// It begins as a script that failed, and people are told of that only when it has: not where the first runs succeed.
///
/// vrrp-behaviour §9.1.
/// As observed: B9-03.
#[test]
fn with_init_fail_a_fault_is_told_of_when_the_script_has_failed() {
    let test = "with_init_fail_a_fault_is_told_of_when_the_script_has_failed";
    let Some(bench) = Bench::new(test) else { return };
    bench.script("told", "#!/bin/sh\necho \"$*\" >> @/states\n");
    bench.script("watch", "#!/bin/sh\necho >> @/runs\ntest -e @/sound\n");
    bench.configure("notify @/told\n track_script {\n  w\n }");
    let script = "vrrp_script w {\n script @/watch\n interval 1\n rise 2\n fall 1\n init_fail\n}\n";
    bench.write("conf", &(script.to_owned() + &bench.text("conf")));
    let story = |states: &[&str]| {
        states.iter().map(|state| format!("INSTANCE VI_1 {state} 100\n")).collect::<String>()
    };

    bench.write("sound", "");
    let daemon = bench.start(&[]).ready();
    bench.until("the first run", || !bench.text("runs").is_empty());
    assert!(!bench.has_address(), "one success is not two");
    assert_eq!(bench.text("states"), "", "nobody is told before");
    let daemon = daemon.master();
    assert!(bench.text("runs").len() >= 2, "two successes");
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(bench.text("states"), story(&["BACKUP", "MASTER", "STOP"]));

    for file in ["states", "sound", "runs", "log"] {
        fs::remove_file(bench.path(file)).unwrap();
    }
    let daemon = bench.start(&[]).ready();
    bench.until("the third run", || bench.text("runs").len() >= 3);
    bench.until("the script", || bench.text("states") == story(&["FAULT"]));
    bench.write("sound", "");
    bench.until("the way back", || bench.has_address());
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(bench.text("states"), story(&["FAULT", "BACKUP", "MASTER", "STOP"]));
}
