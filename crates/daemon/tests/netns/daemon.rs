//! A keepalived in a namespace: ours, or Debian's.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::clock::{Stamp, wait_for, wait_through};
use super::file;
use super::lab::{Host, Lab};
use super::process::{Process, family, power_off};

/// Whose daemon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Make {
    /// The one built here.
    Ours,
    /// The distribution's keepalived.
    Theirs,
}

/// Programs named on the command line instead of the usual ones: ours, theirs.
static NAMED: [OnceLock<PathBuf>; 2] = [OnceLock::new(), OnceLock::new()];

impl Make {
    /// Its program, if there is one.
    pub(crate) fn program(self) -> Option<&'static Path> {
        let usual = match self {
            // Set by cargo once the package has a program of this name.
            Make::Ours => option_env!("CARGO_BIN_EXE_keepalived").map(Path::new),
            Make::Theirs => Some(Path::new("/usr/sbin/keepalived")),
        };
        self.named().get().map(PathBuf::as_path).or(usual).filter(|path| path.exists())
    }

    /// Takes another program for the rest of the run: another build of ours, another version of theirs.
    pub(crate) fn name(self, program: PathBuf) {
        // The command line names each once; a second word has no effect.
        let _ = self.named().set(program);
    }

    fn named(self) -> &'static OnceLock<PathBuf> {
        match self {
            Make::Ours => &NAMED[0],
            Make::Theirs => &NAMED[1],
        }
    }
}

impl fmt::Display for Make {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Make::Ours => "ours",
            Make::Theirs => "theirs",
        })
    }
}

/// How long a daemon may take to end after SIGTERM: upstream always waits a second.
const GOODBYE: Duration = Duration::from_secs(10);

/// The options that name pid files, and our names: several daemons share this machine.
const PID_FILES: [(&str, &str); 4] =
    [("-p", "pid"), ("-r", "vrrp.pid"), ("-c", "check.pid"), ("-b", "bfd.pid")];

/// A daemon, running or not, with its files.
pub(crate) struct Daemon {
    make: Make,
    host: Host,
    folder: PathBuf,
    child: Option<Child>,
    /// It runs without CAP_SYS_ADMIN.
    renounced: bool,
    /// Everything that was ever seen of it, so that nothing of it outlives the trial.
    seen: Vec<Process>,
}

impl Daemon {
    /// Writes the configuration; nothing runs yet.
    pub(crate) fn new(lab: &Lab, host: &Host, make: Make, name: &str, configuration: &str) -> Daemon {
        let folder = lab.scratch.path(name);
        fs::create_dir_all(&folder).expect("the scratch folder is writable");
        let daemon =
            Daemon { make, host: host.clone(), folder, child: None, renounced: false, seen: Vec::new() };
        daemon.configure(configuration);
        daemon
    }

    /// Writes another configuration; it counts from the next start or reload.
    pub(crate) fn configure(&self, configuration: &str) {
        file::replace(&self.configuration(), configuration);
    }

    /// From its next start on it runs without CAP_SYS_ADMIN, for which some limits of the system do not count.
    pub(crate) fn renounce(&mut self) {
        self.renounced = true;
    }

    /// Starts it, in the foreground and with its log in a file. Gives the moment before.
    pub(crate) fn start(&mut self) -> Stamp {
        assert!(self.child.is_none(), "{} runs already", self.make);
        let log = OpenOptions::new().create(true).append(true).open(self.folder.join("log"));
        let log = log.expect("the scratch folder is writable");
        let program = self.make.program().expect("the runner skips what is not there");
        let mut command = Command::new(program);
        if self.renounced {
            command = Command::new("setpriv");
            command.args(["--bounding-set", "-sys_admin"]).arg(program);
        }
        command.args(["-n", "-l", "-D", "-G"]);
        command.arg("-f").arg(self.configuration());
        for (option, name) in PID_FILES {
            command.arg(option).arg(self.folder.join(name));
        }
        command.current_dir(&self.folder).process_group(0).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a descriptor to spare")).stderr(log);
        let before = Stamp::now();
        let child = self.host.namespace.inside(|| command.spawn());
        self.child = Some(child.expect("the program can be started"));
        before
    }

    /// Has it read its configuration again.
    pub(crate) fn reload(&mut self, configuration: &str) -> Stamp {
        self.configure(configuration);
        let before = Stamp::now();
        self.signal(Signal::SIGHUP);
        before
    }

    /// Asks it to end. Gives the moment before.
    pub(crate) fn terminate(&mut self) -> Stamp {
        self.family();
        let before = Stamp::now();
        self.signal(Signal::SIGTERM);
        before
    }

    /// Waits until it has ended after [`Daemon::terminate`].
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let child = self.child.as_mut().expect("it was started");
        let status = wait_for(GOODBYE, || child.try_wait().expect("it is our child"));
        let status = status.unwrap_or_else(|| panic!("{} did not end within {GOODBYE:?}", self.make));
        self.child = None;
        status
    }

    /// Kills all its processes at once, as a power-off does. Gives the moment after.
    pub(crate) fn power_off(&mut self) -> Stamp {
        let mut child = self.child.take().expect("it was started");
        let pid = i32::try_from(child.id()).expect("a process number");
        self.seen.extend(power_off(pid));
        let after = Stamp::now();
        child.wait().expect("it is our child");
        let dead = || self.seen.iter().all(|process| !process.is_alive()).then_some(());
        wait_through(GOODBYE, dead).expect("what is killed dies");
        if self.make == Make::Theirs {
            // It refuses to start while its old pid file names a process that is not yet buried.
            for name in PID_FILES.map(|(_, name)| name) {
                let _ = fs::remove_file(self.folder.join(name));
            }
        }
        after
    }

    /// Kills the process that started the others, and nothing else. Gives the moment before.
    pub(crate) fn kill_supervisor(&mut self) -> Stamp {
        self.family();
        let before = Stamp::now();
        self.signal(Signal::SIGKILL);
        self.child.take().expect("it was started").wait().expect("it is our child");
        before
    }

    /// Kills the worker that speaks VRRP, and nothing else. Gives the moment before.
    pub(crate) fn kill_worker(&mut self) -> Stamp {
        let worker = self.worker().expect("the VRRP worker wrote its pid file");
        let before = Stamp::now();
        worker.signal(Signal::SIGKILL);
        before
    }

    /// Kills the worker that speaks BFD, and nothing else. Gives the moment before.
    pub(crate) fn kill_bfd_worker(&mut self) -> Stamp {
        self.family();
        let worker = self.pid_in("bfd.pid").expect("the BFD worker wrote its pid file");
        let before = Stamp::now();
        worker.signal(Signal::SIGKILL);
        before
    }

    /// Stops all its processes, as a paused virtual machine does; [`Daemon::resume`] lets them go on. Gives the moment
    /// after.
    pub(crate) fn pause(&mut self) -> Stamp {
        self.family().into_iter().for_each(|process| process.signal(Signal::SIGSTOP));
        Stamp::now()
    }

    /// Lets all its processes go on. Gives the moment before.
    pub(crate) fn resume(&mut self) -> Stamp {
        let before = Stamp::now();
        self.family().into_iter().for_each(|process| process.signal(Signal::SIGCONT));
        before
    }

    /// The process that started the others.
    pub(crate) fn supervisor(&self) -> Process {
        let child = self.child.as_ref().expect("it was started");
        Process::of(i32::try_from(child.id()).expect("a process number")).expect("it has not been waited for")
    }

    /// The worker that speaks VRRP, by its pid file.
    pub(crate) fn worker(&self) -> Option<Process> {
        self.pid_in("vrrp.pid")
    }

    fn pid_in(&self, file: &str) -> Option<Process> {
        let text = fs::read_to_string(self.folder.join(file)).ok()?;
        Process::of(text.trim().parse().ok()?)
    }

    /// All its processes, the supervisor first; none if it does not run.
    pub(crate) fn family(&mut self) -> Vec<Process> {
        let Some(child) = &self.child else { return Vec::new() };
        let family = family(i32::try_from(child.id()).expect("a process number"));
        self.seen.extend(
            family.iter().filter(|process| !self.seen.contains(process)).copied().collect::<Vec<_>>(),
        );
        family
    }

    /// How it stands, of ours alone: what its control socket says.
    pub(crate) fn status(&self) -> serde_json::Value {
        let mut stream = UnixStream::connect(self.folder.join("pid.sock")).expect("it listens");
        stream.set_read_timeout(Some(GOODBYE)).expect("a socket may have one");
        stream.write_all(b"status\n").expect("it reads");
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).expect("it answers");
        serde_json::from_str(&line).expect("in JSON")
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(self.folder.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whose it is.
    pub(crate) fn make(&self) -> Make {
        self.make
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("conf")
    }

    fn signal(&self, signal: Signal) {
        self.supervisor().signal(signal);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.power_off();
        }
        self.seen.iter().for_each(|process| process.signal(Signal::SIGKILL));
    }
}
