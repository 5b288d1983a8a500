//! A daemon that speaks BFD: ours, or another's.

use std::fmt;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::netns::clock::wait_for;
use crate::netns::daemon::{Daemon, Make};
use crate::netns::lab::{Host, Lab};
use crate::netns::process::Process;
use crate::session::Session;

/// Whose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// The one built here.
    Ours,
    /// The distribution's keepalived.
    Keepalived,
    /// FRR's bfdd, with the zebra that it asks for links.
    Frr,
    /// BIRD 2.
    Bird,
}

impl Kind {
    /// Programs that must be there.
    pub(crate) const fn programs(self) -> &'static [&'static str] {
        match self {
            Kind::Ours | Kind::Keepalived => &["ip"],
            Kind::Frr => &["ip", "nft", "vtysh"],
            Kind::Bird => &["ip", "nft", "bird", "birdc"],
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Kind::Ours => "ours",
            Kind::Keepalived => "keepalived",
            Kind::Frr => "frr",
            Kind::Bird => "bird",
        })
    }
}

/// A daemon on a host; it ends with this.
pub(crate) enum Peer {
    /// A keepalived of either make.
    Keepalived(Box<Daemon>, Kind),
    /// Another daemon.
    Other(Other),
}

/// FRR or BIRD.
pub(crate) struct Other {
    kind: Kind,
    host: Host,
    folder: PathBuf,
    children: Vec<Child>,
}

impl Peer {
    /// Starts one with a session.
    pub(crate) fn start(lab: &Lab, host: &Host, kind: Kind, session: &Session) -> Peer {
        Peer::start_with(lab, host, kind, &session.text(kind))
    }

    /// Starts one with a configuration in its own language.
    pub(crate) fn start_with(lab: &Lab, host: &Host, kind: Kind, text: &str) -> Peer {
        let make = match kind {
            Kind::Ours => Make::Ours,
            Kind::Keepalived => Make::Theirs,
            Kind::Frr | Kind::Bird => {
                let mut other = Other::new(host, kind);
                other.configure(text);
                other.start();
                return Peer::Other(other);
            }
        };
        let name = format!("{kind}-{}", host.v4());
        let mut daemon = Daemon::new(lab, host, make, &name, text);
        daemon.start();
        Peer::Keepalived(Box::new(daemon), kind)
    }

    /// Kills it, so that it says nothing any more.
    pub(crate) fn kill(&mut self) {
        match self {
            Peer::Keepalived(daemon, _) => drop(daemon.power_off()),
            Peer::Other(other) => other.kill(),
        }
    }

    /// Starts it again.
    pub(crate) fn restart(&mut self) {
        match self {
            Peer::Keepalived(daemon, _) => drop(daemon.start()),
            Peer::Other(other) => other.start(),
        }
    }

    /// Has it obey another session.
    pub(crate) fn reload(&mut self, session: &Session) {
        match self {
            Peer::Keepalived(daemon, kind) => drop(daemon.reload(&session.text(*kind))),
            Peer::Other(other) => other.reload(session),
        }
    }

    /// Asks it to end.
    pub(crate) fn terminate(&mut self) {
        if let Peer::Keepalived(daemon, _) = self {
            daemon.terminate();
            daemon.wait();
        }
    }

    /// Time that it has spent on a processor.
    pub(crate) fn processor(&mut self) -> Duration {
        let processes = match self {
            Peer::Keepalived(daemon, _) => daemon.family(),
            Peer::Other(other) => {
                let pids = other.children.iter().filter_map(|child| i32::try_from(child.id()).ok());
                pids.filter_map(Process::of).collect()
            }
        };
        Duration::from_nanos(processes.into_iter().map(Process::cpu_ns).sum())
    }

    /// How it stands, of ours alone.
    pub(crate) fn status(&self) -> serde_json::Value {
        match self {
            Peer::Keepalived(daemon, _) => daemon.status(),
            Peer::Other(other) => panic!("{} has no such status", other.kind),
        }
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        match self {
            Peer::Keepalived(daemon, _) => daemon.log(),
            Peer::Other(other) => fs::read_to_string(other.folder.join("log")).unwrap_or_default(),
        }
    }

    /// Whether it says now that the session is up.
    pub(crate) fn is_up(&self) -> bool {
        match self {
            Peer::Keepalived(daemon, _) => {
                let log = daemon.log();
                let last = log.lines().rfind(|line| line.contains("(peer) Entering "));
                last.is_some_and(|line| line.contains("Entering Up state"))
            }
            Peer::Other(other) => other.ask().lines().any(|line| {
                let words = line.split_whitespace();
                words.clone().any(|word| word == "up" || word == "Up")
            }),
        }
    }

    /// Waits until it says so.
    pub(crate) fn await_up(&self, up: bool) {
        let within = Duration::from_secs(8);
        let seen = wait_for(within, || (self.is_up() == up).then_some(()));
        let state = if up { "up" } else { "down" };
        assert!(seen.is_some(), "the peer never said that the session is {state}:\n{}", self.story());
    }

    /// Waits until FRR or BIRD has read of its session with this neighbour.
    pub(crate) fn await_session_with(&self, neighbour: &str) {
        if let Peer::Other(other) = self {
            let read = wait_for(Duration::from_secs(8), || other.ask().contains(neighbour).then_some(()));
            assert!(read.is_some(), "the peer does not know {neighbour}:\n{}", self.story());
        }
    }

    /// What it says of itself, for a report.
    pub(crate) fn story(&self) -> String {
        match self {
            Peer::Keepalived(daemon, _) => daemon.log(),
            Peer::Other(other) => other.ask() + &self.log(),
        }
    }
}

impl Other {
    fn new(host: &Host, kind: Kind) -> Other {
        // FRR gives up being root, and must be able to reach and to write to its folder.
        let folder = std::env::temp_dir().join(format!("{}-{kind}", host.namespace.name()));
        fs::create_dir_all(&folder).expect("the folder for temporary files is writable");
        let other = Other { kind, host: host.clone(), folder, children: Vec::new() };
        other.own(&other.folder);
        other
    }

    fn own(&self, path: &Path) {
        if self.kind == Kind::Frr {
            let user = nix::unistd::User::from_name("frr").ok().flatten().expect("its package made its user");
            let (uid, gid) = (Some(user.uid.as_raw()), Some(user.gid.as_raw()));
            std::os::unix::fs::chown(path, uid, gid).expect("root may give files away");
        }
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).to_str().expect("we named it").to_owned()
    }

    fn configure(&self, text: &str) {
        for (name, text) in [("conf", text), ("zebra.conf", "")] {
            let path = self.folder.join(name);
            fs::write(&path, text).expect("the folder is ours");
            self.own(&path);
        }
    }

    fn start(&mut self) {
        match self.kind {
            Kind::Frr => {
                self.spawn("/usr/lib/frr/zebra", &["-f", &self.file("zebra.conf")]);
                let socket = self.folder.join("zserv.api");
                let there = wait_for(Duration::from_secs(5), || socket.exists().then_some(()));
                assert!(there.is_some(), "zebra does not start");
                let control = self.file("bfdd.sock");
                self.spawn("/usr/lib/frr/bfdd", &["-f", &self.file("conf"), "--bfdctl", &control]);
            }
            Kind::Bird | Kind::Ours | Kind::Keepalived => {
                let (conf, control, pid) = (self.file("conf"), self.file("ctl"), self.file("pid"));
                self.spawn("/usr/sbin/bird", &["-f", "-c", &conf, "-s", &control, "-P", &pid]);
            }
        }
    }

    fn spawn(&mut self, program: &str, words: &[&str]) {
        let log = File::options().create(true).append(true).open(self.folder.join("log"));
        let log = log.expect("the folder is ours");
        let mut command = Command::new(program);
        if self.kind == Kind::Frr {
            let name = program.rsplit('/').next().unwrap_or(program);
            command.args(["-u", "frr", "-g", "frr", "--log", "stdout", "-P", "0"]);
            command.args(["-z", &self.file("zserv.api"), "--vty_socket", &self.file("")]);
            command.args(["-i", &self.file(&format!("{name}.pid"))]);
        }
        command.args(words).process_group(0).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a descriptor to spare")).stderr(log);
        let child = self.host.namespace.inside(|| command.spawn()).expect("the program can be started");
        self.children.push(child);
    }

    fn kill(&mut self) {
        for mut child in self.children.drain(..).rev() {
            let pid = i32::try_from(child.id()).expect("a process number");
            Process::of(pid).iter().for_each(|process| process.signal(Signal::SIGKILL));
            let _ = child.wait();
        }
        let _ = fs::remove_file(self.folder.join("zserv.api"));
    }

    /// FRR is told word by word, BIRD reads its file again.
    fn reload(&self, session: &Session) {
        self.configure(&session.text(self.kind));
        match self.kind {
            Kind::Frr => {
                let mut words: Vec<String> = vec!["configure terminal".into()];
                let text = session.text(self.kind);
                words.extend(text.lines().map(|line| line.trim().to_owned()).filter(|line| line != "!"));
                if session.enabled {
                    words.push("no shutdown".into());
                }
                let socket = self.file("");
                let mut command = Command::new("vtysh");
                command.args(["--vty_socket", &socket]);
                for word in &words {
                    command.args(["-c", word]);
                }
                command.output().expect("vtysh is installed");
            }
            Kind::Bird | Kind::Ours | Kind::Keepalived => {
                let control = self.file("ctl");
                Command::new("birdc").args(["-s", &control, "configure"]).output().expect("it is installed");
            }
        }
    }

    /// How it says that its session stands.
    fn ask(&self) -> String {
        let socket = self.file("");
        let control = self.file("ctl");
        let output = match self.kind {
            Kind::Frr => {
                Command::new("vtysh").args(["--vty_socket", &socket, "-c", "show bfd peers brief"]).output()
            }
            Kind::Bird | Kind::Ours | Kind::Keepalived => {
                Command::new("birdc").args(["-s", &control, "show", "bfd", "sessions"]).output()
            }
        };
        String::from_utf8_lossy(&output.expect("it is installed").stdout).into_owned()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
