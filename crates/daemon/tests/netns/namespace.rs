//! A network namespace of our own.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::{panic, thread};

use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

use super::process::family;

/// A network namespace; it goes with the last copy of this handle, and what still runs in it goes too.
#[derive(Clone)]
pub(crate) struct Namespace(Arc<Owned>);

struct Owned {
    name: String,
    file: File,
    processes: OnceLock<Processes>,
}

/// A process and a mount namespace besides, so that `killall` sees what runs on this host and nothing else.
struct Processes {
    pid: File,
    mount: File,
    init: Mutex<Child>,
}

/// The first process of a host: it only buries orphans. It says when `/proc` is its own.
const INIT: &str = "echo ready; while :; do sleep 1000 & wait $!; done";

impl Namespace {
    /// Makes one. Nothing in it but a loopback that is up; duplicate address detection is off.
    pub(crate) fn new(name: String) -> Namespace {
        run("ip", &["netns", "add", &name]);
        let file = File::open(format!("/run/netns/{name}")).expect("the namespace was just made");
        let namespace = Namespace(Arc::new(Owned { name, file, processes: OnceLock::new() }));
        namespace.sysctl("ipv6/conf/all/accept_dad", "0");
        namespace.sysctl("ipv6/conf/default/accept_dad", "0");
        namespace.ip("link set lo up");
        namespace
    }

    /// Its name, as `ip netns` shows it.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// Gives it processes of its own: what is started inside from now on sees no others.
    pub(crate) fn with_own_processes(&self) {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", INIT]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
        let mut init = self.inside(|| command.spawn()).expect("unshare is installed");
        let mut ready = [0; 6];
        init.stdout.take().expect("it is a pipe").read_exact(&mut ready).expect("the first process starts");
        let outer = i32::try_from(init.id()).expect("a process number");
        let inner = family(outer).get(1).expect("unshare has forked").pid;
        let open = |kind| File::open(format!("/proc/{inner}/ns/{kind}")).expect("it runs");
        let processes = Processes { pid: open("pid"), mount: open("mnt"), init: Mutex::new(init) };
        assert!(self.0.processes.set(processes).is_ok(), "it has processes of its own already");
    }

    /// Does something inside: sockets opened and processes started there belong to the namespace.
    pub(crate) fn inside<R: Send>(&self, what: impl FnOnce() -> R + Send) -> R {
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                setns(&self.0.file, CloneFlags::CLONE_NEWNET).expect("root may enter its own namespace");
                if let Some(processes) = self.0.processes.get() {
                    // A thread shares its root with its fellows unless it says otherwise.
                    unshare(CloneFlags::CLONE_FS).expect("a thread may have its own root");
                    setns(&processes.mount, CloneFlags::CLONE_NEWNS)
                        .expect("root may enter its own namespace");
                    setns(&processes.pid, CloneFlags::CLONE_NEWPID)
                        .expect("root may enter its own namespace");
                }
                // The runner keeps the signals that end it from all threads; what is started here must have them.
                SigSet::all().thread_unblock().expect("a thread may unblock signals");
                what()
            });
            inside.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked))
        })
    }

    /// Adds rules to the namespace's packet filter.
    pub(crate) fn nft(&self, rules: &str) {
        run("ip", &["netns", "exec", self.name(), "nft", rules.trim_end_matches('\n')]);
    }

    /// Runs lines of `ip` in the namespace, all of which must succeed.
    pub(crate) fn ip(&self, lines: &str) {
        let mut batch = Command::new("ip")
            .args(["-n", self.name(), "-b", "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("ip is installed");
        let mut input = batch.stdin.take().expect("its input is a pipe");
        input.write_all(lines.as_bytes()).and_then(|()| input.write_all(b"\n")).expect("ip reads its input");
        drop(input);
        let output = batch.wait_with_output().expect("ip ends");
        assert!(
            output.status.success(),
            "ip in {}: {lines}: {}",
            self.name(),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// What a listing of `ip -j` in the namespace says.
    pub(crate) fn ip_json(&self, words: &[&str]) -> serde_json::Value {
        self.json("ip", words)
    }

    /// The same of `bridge -j`.
    pub(crate) fn bridge_json(&self, words: &[&str]) -> serde_json::Value {
        self.json("bridge", words)
    }

    fn json(&self, program: &str, words: &[&str]) -> serde_json::Value {
        let output = Command::new(program).args(["-j", "-n", self.name()]).args(words).output();
        let output = output.expect("iproute2 is installed");
        if output.stdout.is_empty() {
            return serde_json::Value::Array(Vec::new());
        }
        serde_json::from_slice(&output.stdout).expect("ip -j writes JSON")
    }

    /// Writes a kernel setting below `/proc/sys/net`.
    pub(crate) fn sysctl(&self, key: &str, value: &str) {
        let path = format!("/proc/sys/net/{key}");
        self.inside(|| std::fs::write(&path, value)).unwrap_or_else(|why| panic!("{path}: {why}"));
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // A daemon's orphans, if it left any: the namespace is ours, so what runs in it is ours.
        if let Ok(output) = Command::new("ip").args(["netns", "pids", &self.name]).output() {
            for pid in
                String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| line.trim().parse().ok())
            {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
        }
        if let Some(processes) = self.processes.get() {
            let mut init = processes.init.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = init.kill().and_then(|()| init.wait());
        }
        let _ = Command::new("ip").args(["netns", "del", &self.name]).output();
    }
}

/// Runs a program that must succeed.
pub(crate) fn run(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output().unwrap_or_else(|why| panic!("{program}: {why}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {}: {said}", words.join(" "));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
