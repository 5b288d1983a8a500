//! A namespace with a link, a directory, and daemons in them.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use linux::namespace::Namespace;
use linux::{Poll, clock};
use serde_json::Value;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_keepalived");

/// That, and the distribution's if it is there.
pub(crate) fn programs() -> impl Iterator<Item = &'static Path> {
    [PROGRAM, "/usr/sbin/keepalived"].map(Path::new).into_iter().filter(|path| path.exists())
}

/// How long something may take that takes milliseconds on a machine that is not busy.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A place to run daemons in.
pub(crate) struct Bench {
    pub(crate) directory: PathBuf,
    namespace: Namespace,
}

/// A running daemon. It is killed if a test ends without having it stopped.
pub(crate) struct Daemon<'a> {
    pub(crate) child: Child,
    bench: &'a Bench,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Bench {
    /// `None`, with a word why, where there cannot be one.
    pub(crate) fn new(test: &str) -> Option<Self> {
        let directory = directory();
        let namespace = match Namespace::create() {
            Ok(namespace) => namespace,
            Err(error) => {
                println!("SKIPPED: {test}: no network namespace: {error}");
                let _ = fs::remove_dir_all(directory);
                return None;
            }
        };
        let bench = Self { directory, namespace };
        for line in [
            "link set lo up",
            "link add eth0 type veth peer name eth1",
            "link set eth1 up",
            "link set eth0 up",
            "addr add 10.60.0.1/24 dev eth0",
        ] {
            let status = bench.inside(|| Command::new("ip").args(line.split(' ')).status());
            if !status.is_ok_and(|status| status.success()) {
                println!("SKIPPED: {test}: `ip {line}` does not work");
                return None;
            }
        }
        Some(bench)
    }

    /// Does something in the namespace.
    pub(crate) fn inside<T: Send>(&self, what: impl FnOnce() -> T + Send) -> T {
        self.namespace.run(what).expect("root may enter a namespace that it made")
    }

    /// The path of a file here.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// What a file here says; nothing if there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Writes a file here, `@` standing for this directory.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text.replace('@', self.directory.to_str().unwrap())).unwrap();
    }

    /// Writes a program.
    pub(crate) fn script(&self, name: &str, text: &str) {
        self.write(name, text);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A configuration with one virtual router that is master after 300 ms, and `more` in its block.
    /// Shorter intervals make a busy host a late one, which listens before it speaks.
    pub(crate) fn configure(&self, more: &str) {
        let text = format!(
            "global_defs {{\n script_user root\n enable_script_security\n}}\nvrrp_instance VI_1 {{\n interface eth0\n \
             state MASTER\n virtual_router_id 7\n priority 100\n version 3\n advert_int 0.1\n \
             virtual_ipaddress {{\n  10.60.0.100/24\n }}\n {more}\n}}\n"
        );
        self.write("conf", &text);
    }

    /// The program with the options that keep it here, in the foreground.
    pub(crate) fn command(&self) -> Command {
        self.command_of(Path::new(PROGRAM))
    }

    /// The same of another program, which takes the same options.
    pub(crate) fn command_of(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.args(["-n", "-l", "-D", "-G", "-f"]).arg(self.path("conf"));
        command.arg("-p").arg(self.path("pid")).arg("-r").arg(self.path("vrrp.pid"));
        command.env("TMPDIR", &self.directory).stdin(Stdio::null());
        command
    }

    /// Starts a daemon with further options; its log is the file `log`.
    pub(crate) fn start(&self, options: &[&str]) -> Daemon<'_> {
        let mut command = self.command();
        command.args(options);
        self.spawn(&mut command)
    }

    /// Starts a daemon; its log is the file `log`.
    pub(crate) fn spawn(&self, command: &mut Command) -> Daemon<'_> {
        self.inside(|| self.spawn_here(command))
    }

    /// The same in the namespace that the test is in.
    pub(crate) fn spawn_here(&self, command: &mut Command) -> Daemon<'_> {
        let log = fs::OpenOptions::new().append(true).create(true).open(self.path("log")).unwrap();
        self.run_here(command.stderr(log))
    }

    /// Starts a daemon whose log goes where the command says.
    pub(crate) fn spawn_as_it_is(&self, command: &mut Command) -> Daemon<'_> {
        self.inside(|| self.run_here(command))
    }

    fn run_here(&self, command: &mut Command) -> Daemon<'_> {
        let child = command.spawn().expect("the program was built");
        Daemon { child, bench: self }
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, options: &[&str]) -> Output {
        let mut command = self.command();
        command.args(options);
        self.inside(|| command.output()).unwrap()
    }

    /// Waits until the log has a line with this.
    pub(crate) fn await_log(&self, text: &str) {
        wait(&format!("log line {text:?}"), || self.text("log").contains(text), || self.text("log"));
    }

    /// How often the log has this.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.text("log").matches(text).count()
    }

    /// Waits until something is true.
    pub(crate) fn until(&self, what: &str, is_so: impl FnMut() -> bool) {
        wait(what, is_so, || self.text("log"));
    }

    /// The addresses on `eth0`.
    pub(crate) fn addresses(&self) -> String {
        let output =
            self.inside(|| Command::new("ip").args(["-o", "-4", "addr", "show", "dev", "eth0"]).output());
        String::from_utf8_lossy(&output.unwrap().stdout).into_owned()
    }

    /// Whether the virtual address is there.
    pub(crate) fn has_address(&self) -> bool {
        self.addresses().contains("10.60.0.100/24")
    }

    /// Gives a link to another bench, under another name.
    pub(crate) fn send_link(&self, link: &str, to: &Self, name: &str) {
        let there = to.inside(|| fs::File::open("/proc/thread-self/ns/net")).unwrap();
        let there = format!("/proc/{}/fd/{}", std::process::id(), there.as_raw_fd());
        let line = format!("link set {link} netns {there} name {name}");
        let status = self.inside(|| Command::new("ip").args(line.split(' ')).status()).unwrap();
        assert!(status.success(), "{line}");
    }

    /// Kills the process of a pid file, once it is there.
    pub(crate) fn kill_process(&self, pid_file: &str) {
        self.until(pid_file, || self.pid(pid_file) != 0);
        send(self.pid(pid_file), "KILL");
    }

    /// The number in a pid file.
    pub(crate) fn pid(&self, name: &str) -> u32 {
        self.text(name).trim().parse().unwrap_or_default()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // A detached daemon that a failed test left behind, and the worker of one that was killed.
        for name in ["pid", "vrrp.pid", "check.pid", "bfd.pid"] {
            let pid = self.pid(name);
            let ours = fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == Path::new(PROGRAM));
            if pid != 0 && ours {
                send(pid, "KILL");
            }
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Daemon<'_> {
    /// Sends a signal to the supervisor.
    pub(crate) fn signal(&self, name: &str) {
        send(self.child.id(), name);
    }

    /// Waits for the first complete start.
    pub(crate) fn ready(self) -> Self {
        self.bench.await_log("Startup complete");
        self
    }

    /// Waits until it holds the address.
    pub(crate) fn master(self) -> Self {
        self.bench.await_log("(VI_1) Entering MASTER STATE");
        self.bench.until("the address", || self.bench.has_address());
        self
    }

    /// Waits for the end of the supervisor.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let child = &mut self.child;
        let mut status = None;
        wait(
            "the end of the daemon",
            || {
                status = child.try_wait().unwrap();
                status.is_some()
            },
            || self.bench.text("log"),
        );
        status.expect("the wait ended for this")
    }

    /// Stops it, and says with which status it ended.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.ended().code()
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A namespace with a name, and a link like a bench's. It goes when this is dropped.
pub(crate) struct NamedNamespace(pub(crate) String);

impl NamedNamespace {
    /// `None`, with a word why, where there cannot be one.
    pub(crate) fn new(test: &str) -> Option<Self> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sf{}-{number}", std::process::id());
        if !run_ip(&format!("netns add {name}")) {
            println!("SKIPPED: {test}: `ip netns` does not work");
            return None;
        }
        let namespace = Self(name);
        for words in [
            "link add eth0 type veth peer name eth1",
            "link set eth0 up",
            "link set eth1 up",
            "addr add 10.60.0.1/24 dev eth0",
        ] {
            assert!(run_ip(&format!("-n {} {words}", namespace.0)), "{words}");
        }
        Some(namespace)
    }
}

impl Drop for NamedNamespace {
    fn drop(&mut self) {
        run_ip(&format!("netns del {}", self.0));
    }
}

fn run_ip(words: &str) -> bool {
    Command::new("ip").args(words.split(' ')).status().is_ok_and(|status| status.success())
}

/// Runs `ip` in a bench's namespace.
pub(crate) fn ip(bench: &Bench, line: &str) {
    assert!(bench.inside(|| run_ip(line)), "ip {line}");
}

/// What a listing of `ip -j` in a bench's namespace says; empty if what it asks for is not there.
pub(crate) fn list(bench: &Bench, words: &str) -> Vec<Value> {
    let output = bench.inside(|| Command::new("ip").arg("-j").args(words.split(' ')).output()).unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// A directory of its own that others may look into.
pub(crate) fn directory() -> PathBuf {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("standfast-process-{}-{number}", std::process::id()));
    fs::create_dir_all(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Sends a signal. The number is one of a process that this test started, or that such a one did.
pub(crate) fn send(pid: u32, signal: &str) {
    assert!(pid > 1, "no process");
    let status = Command::new("kill").args(["-s", signal, &pid.to_string()]).stderr(Stdio::null()).status();
    assert!(status.is_ok());
}

/// Whether a process is gone, or waits to be buried.
pub(crate) fn is_over(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

/// Waits until something is true; says what it waited for if it never is.
pub(crate) fn wait(what: &str, mut is_so: impl FnMut() -> bool, explain: impl Fn() -> String) {
    let limit = clock::now() + SOON;
    let mut poll = Poll::new().unwrap();
    while !is_so() {
        assert!(clock::now() < limit, "waited in vain for {what}:\n{}", explain());
        poll.wait(Some(clock::now() + Duration::from_millis(5)), &mut Vec::new()).unwrap();
    }
}
