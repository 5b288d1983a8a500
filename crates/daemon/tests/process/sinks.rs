//! Places that log lines go to, and do not get in: nothing waits for them.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use linux::{Poll, clock};
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

/// What a serial line at 9,600 baud takes in a tenth of a second: ten bits a byte.
const SLOW: usize = 96;

/// Reads as slowly as such a line takes bytes until it is told to hurry.
fn read_slowly(mut console: File, hurry: &AtomicBool, until: &str) -> String {
    let (mut text, mut poll) = (Vec::new(), Poll::new().unwrap());
    let mut block = [0; 65536];
    while !String::from_utf8_lossy(&text).contains(until) {
        let most = if hurry.load(Ordering::Relaxed) { block.len() } else { SLOW };
        text.extend_from_slice(console.read(&mut block[..most]).map_or(&[], |length| &block[..length]));
        if most == SLOW {
            poll.wait(Some(clock::now() + Duration::from_millis(100)), &mut Vec::new()).unwrap();
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// It takes minutes for what is said of six transitions of a hundred addresses. Keepalived's master came 5 s late.
#[test]
fn a_console_at_9600_baud_delays_no_transition_and_is_told_how_many_lines_it_missed() {
    let test = "a_console_at_9600_baud_delays_no_transition_and_is_told_how_many_lines_it_missed";
    let Some(bench) = Bench::new(test) else { return };
    let mut excluded = String::new();
    for number in 1..=100 {
        let _ = writeln!(excluded, "  10.60.1.{number}/32");
    }
    bench.configure(&format!("virtual_ipaddress_excluded {{\n{excluded} }}"));
    let terminal = nix::pty::openpty(None, None).unwrap();
    let hurry = Arc::new(AtomicBool::new(false));
    let reader = std::thread::spawn({
        let (console, hurry) = (File::from(terminal.master), Arc::clone(&hurry));
        move || read_slowly(console, &hurry, "log lines were lost")
    });
    let mut command = bench.command();
    command.stderr(File::from(terminal.slave));
    let daemon = bench.spawn_as_it_is(&mut command);
    bench.until("the address", || bench.has_address());
    transitions(&bench);
    // It was not read to the end: what was lost is told with the next line that finds room.
    hurry.store(true, Ordering::Relaxed);
    bench.until("the number", || {
        transitions(&bench);
        reader.is_finished()
    });
    let text = reader.join().unwrap();
    assert!(text.contains("(VI_1) Entering MASTER STATE"), "{text}");
    assert_eq!(daemon.stop(), Some(0));
    assert!(!bench.has_address());
}
