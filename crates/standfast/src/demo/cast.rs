//! Who plays: on each node the daemon and a web service, as processes.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use daemon::supervisor::control::socket_path;
use linux::namespace::Namespace;
use nix::sys::signal::SigSet;

use super::DemoError;
use super::service::LISTENING;
use super::sighting::Node;

/// The files of both nodes.
pub(crate) const FILES: [&str; 2] =
    [include_str!("../../../../examples/pair/a.conf"), include_str!("../../../../examples/pair/b.conf")];
/// Where the web services listen; the files' script looks there.
pub(super) const PORT: u16 = 80;
const PID_FILE: &str = "daemon.pid";

/// The programs of one node.
pub(super) struct Player {
    node: Node,
    program: PathBuf,
    directory: PathBuf,
    daemon: Option<Child>,
    service: Option<Child>,
}

impl Player {
    /// A node with its file in place and nothing running.
    pub(super) fn new(node: Node, program: &Path, directory: &Path) -> io::Result<Self> {
        let directory = directory.join(node.letter());
        fs::create_dir_all(&directory)?;
        let [a, b] = FILES;
        let file = match node {
            Node::A => a,
            Node::B => b,
        };
        fs::write(directory.join("keepalived.conf"), file)?;
        Ok(Self { node, program: program.to_owned(), directory, daemon: None, service: None })
    }

    pub(super) fn start_daemon(&mut self, namespace: &Namespace) -> Result<(), DemoError> {
        let file = |name: &str| self.directory.join(name);
        let log = File::options()
            .create(true)
            .append(true)
            .open(file("log"))
            .map_err(DemoError::when("open a daemon's log"))?;
        let errors = log.try_clone().map_err(DemoError::when("open a daemon's log"))?;
        let mut command = Command::new(&self.program);
        command
            .args(["--dont-fork", "--log-console", "--log-detail", "--no-syslog", "--vrrp"])
            .arg("--use-file")
            .arg(file("keepalived.conf"))
            .arg("--pid")
            .arg(file(PID_FILE))
            .arg("--vrrp_pid")
            .arg(file("vrrp.pid"))
            .arg("--checkers_pid")
            .arg(file("checkers.pid"))
            .arg("--bfd_pid")
            .arg(file("bfd.pid"))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
        self.daemon = Some(spawn(command, namespace).map_err(DemoError::when("start the daemon"))?);
        Ok(())
    }

    /// Starts the web service and waits until it listens.
    pub(super) fn start_service(&mut self, namespace: &Namespace) -> Result<(), DemoError> {
        let program = std::env::current_exe().map_err(DemoError::when("find this program"))?;
        let mut command = Command::new(program);
        command
            .arg("demo-service")
            .args(["--page", &format!("node {}", self.node.letter())])
            .args(["--port", &PORT.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = spawn(command, namespace).map_err(DemoError::when("start a web service"))?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line).map_err(DemoError::when("start a web service"))?;
        }
        self.service = Some(child);
        if line.trim_end() == LISTENING { Ok(()) } else { Err(DemoError::Service(self.node.letter())) }
    }

    pub(super) fn kill_service(&mut self) {
        end(&mut self.service);
    }

    /// After the node lost its power: both programs are dead.
    pub(super) fn bury(&mut self) {
        end(&mut self.daemon);
        end(&mut self.service);
    }

    /// Whether the daemon ended without having been killed by us.
    pub(super) fn has_fallen(&mut self) -> bool {
        self.daemon.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None)))
    }

    /// Where our daemon can be asked: beside its pid file.
    pub(super) fn control_socket(&self) -> PathBuf {
        socket_path(&self.directory.join(PID_FILE))
    }

    pub(super) fn node(&self) -> Node {
        self.node
    }

    pub(super) fn runs(&self) -> (bool, bool) {
        (self.daemon.is_some(), self.service.is_some())
    }
}

/// Kills a child that may be dead already, and takes it from the process table.
fn end(child: &mut Option<Child>) {
    if let Some(mut child) = child.take() {
        // It can only fail for one that has ended.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Starts a program inside a node: away from the terminal's signals, and with none blocked.
fn spawn(mut command: Command, namespace: &Namespace) -> io::Result<Child> {
    namespace.run(move || {
        SigSet::empty().thread_set_mask()?;
        command.process_group(0).spawn()
    })?
}
