//! Places that log lines go to, and do not get in: nothing waits for them.

use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use linux::clock;
use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::bench::{Bench, PROGRAM};

/// A transition takes 0.4 s here, the master-down time, if nobody waits for anything.
const PROMPTLY: Duration = Duration::from_secs(3);

/// Takes the link away and brings it back: the address goes and comes, each in good time.
fn transitions(bench: &Bench) {
    let link = |state: &str| {
        let status = bench.inside(|| Command::new("ip").args(["link", "set", "eth1", state]).status());
        assert!(status.unwrap().success());
        let began = clock::now();
        bench.until("the transition", || bench.has_address() == (state == "up"));
        let took = clock::now().since(began);
        assert!(took < PROMPTLY, "{took:?} for link {state}");
    };
    for _ in 0..3 {
        link("down");
        link("up");
    }
}

/// A pipe without room for another byte. Writing to it waits.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let flags = |flags| fcntl(&writer, FcntlArg::F_SETFL(flags)).unwrap();
    flags(OFlag::O_NONBLOCK);
    for size in [4096, 1] {
        while writer.write(&vec![b'\n'; size]).is_ok() {}
    }
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    (reader, writer)
}

#[test]
fn a_pipe_on_standard_error_that_is_full_delays_no_transition() {
    let Some(bench) = Bench::new("a_pipe_on_standard_error_that_is_full_delays_no_transition") else {
        return;
    };
    bench.configure("");
    let (mut reader, writer) = full_pipe();
    let mut command = bench.command();
    command.stderr(writer);
    let daemon = bench.spawn_as_it_is(&mut command);
    drop(command);
    bench.until("the address", || bench.has_address());
    transitions(&bench);
    // Read again, it gets what has waited.
    let mut text = String::new();
    let mut block = [0; 65536];
    while text.matches("Entering FAULT STATE").count() < 3 {
        let length = reader.read(&mut block).unwrap();
        assert!(length > 0, "it ended:\n{text}");
        text += &String::from_utf8_lossy(&block[..length]);
    }
    assert!(text.contains("(VI_1) Entering MASTER STATE"), "{text}");
    // And full again at the end.
    assert_eq!(daemon.stop(), Some(0));
    assert!(!bench.has_address());
}

/// First there is no log daemon, then there is one that hangs, then it reads.
#[test]
fn a_log_daemon_that_is_not_there_or_hangs_delays_no_transition() {
    let Some(bench) = Bench::new("a_log_daemon_that_is_not_there_or_hangs_delays_no_transition") else {
        return;
    };
    bench.configure("");
    let devices = "mount -t tmpfs tmpfs \"$0\" && mknod -m 666 \"$0/null\" c 1 3 && mount --move \"$0\" /dev && exec \"$@\"";
    let place = bench.path("dev");
    std::fs::create_dir(&place).unwrap();
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-c", devices]).arg(&place).arg(PROGRAM);
    command.args(["-n", "-D", "-f"]).arg(bench.path("conf"));
    command.arg("-p").arg(bench.path("pid")).arg("-r").arg(bench.path("vrrp.pid"));
    command.env("TMPDIR", &bench.directory).stdin(Stdio::null());
    let daemon = bench.spawn(&mut command);
    bench.until("the address", || bench.has_address());
    transitions(&bench);

    let log = UnixDatagram::bind(format!("/proc/{}/root/dev/log", daemon.child.id())).unwrap();
    transitions(&bench);

    log.set_read_timeout(Some(super::bench::SOON)).unwrap();
    let mut faults = 0;
    while faults < 6 {
        let mut line = [0; 4096];
        let length = log.recv(&mut line).expect("what has waited is read now");
        faults += usize::from(String::from_utf8_lossy(&line[..length]).contains("Entering FAULT STATE"));
    }
    assert_eq!(bench.text("log"), "", "nothing went to standard error");
    assert_eq!(daemon.stop(), Some(0));
    assert!(!bench.has_address());
}
