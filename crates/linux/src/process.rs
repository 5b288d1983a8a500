//! Starting, signalling and reaping processes.
//!
//! A child is this same executable started again (`/proc/self/exe`, which names the running file even after an
//! upgrade replaced it on disk). Only [`crate::script`] starts others.

use std::ffi::{CStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::sys::wait::{Id, WaitPidFlag};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group};

/// The path by which a process starts itself anew.
const SELF: &str = "/proc/self/exe";

/// What a child of this process begins with.
#[derive(Debug)]
pub struct Spawn {
    arguments: Vec<OsString>,
    name: OsString,
    input: Option<OwnedFd>,
    output: Option<OwnedFd>,
    error: bool,
    withheld: &'static [&'static str],
}

impl Spawn {
    /// This executable, called `name` in listings of processes, with these arguments.
    pub fn itself(
        name: impl Into<OsString>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        Self {
            arguments: arguments.into_iter().map(Into::into).collect(),
            name: name.into(),
            input: None,
            output: None,
            error: false,
            withheld: &[],
        }
    }

    /// What it finds at descriptor 0; `/dev/null` otherwise.
    #[must_use]
    pub fn input(mut self, input: OwnedFd) -> Self {
        self.input = Some(input);
        self
    }

    /// What it finds at descriptor 1; `/dev/null` otherwise.
    #[must_use]
    pub fn output(mut self, output: OwnedFd) -> Self {
        self.output = Some(output);
        self
    }

    /// It shares our descriptor 2; `/dev/null` otherwise.
    #[must_use]
    pub fn share_stderr(mut self, share: bool) -> Self {
        self.error = share;
        self
    }

    /// Environment variables that it does not inherit.
    #[must_use]
    pub fn withhold(mut self, variables: &'static [&'static str]) -> Self {
        self.withheld = variables;
        self
    }

    /// Starts it. No descriptor but 0 to 2 is inherited: every other is opened close-on-exec throughout this crate.
    /// Signals that are blocked here are blocked in the child too.
    pub fn start(self) -> io::Result<Child> {
        let mut command = Command::new(SELF);
        command.arg0(&self.name).args(&self.arguments);
        command.stdin(self.input.map_or_else(Stdio::null, Stdio::from));
        command.stdout(self.output.map_or_else(Stdio::null, Stdio::from));
        command.stderr(if self.error { Stdio::inherit() } else { Stdio::null() });
        for variable in self.withheld {
            command.env_remove(variable);
        }
        Child::adopt(&command.spawn()?)
    }
}

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// With this status.
    Exited(u8),
    /// By this signal.
    Signalled(i32),
}

/// A child that has not been reaped. Its number cannot name another process while this exists, so there is no need of a
/// descriptor for it, which might not be had when the child is there already.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
}

impl Child {
    /// Takes over a child that nobody has waited for, nor will.
    pub(crate) fn adopt(child: &std::process::Child) -> io::Result<Self> {
        let raw = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = raw.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        Ok(Self { pid })
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Asks or forces it to end. A process that ended already is no failure.
    pub fn signal(&self, signal: StopSignal) {
        // The one failure possible for a child of ours is that it has ended.
        let _ = kill_process(self.pid, signal.number());
    }

    /// The same for its whole process group, which it must lead.
    pub fn signal_group(&self, signal: StopSignal) {
        // As above; the group's number is the child's, which is not used again before it is reaped.
        let _ = kill_process_group(self.pid, signal.number());
    }

    /// How it ended, if it has; it is reaped then, and must not be asked again.
    pub fn try_reap(&self) -> io::Result<Option<Ended>> {
        self.reap(WaitIdOptions::NOHANG)
    }

    /// Waits until it has ended. For a process that has nothing else to do.
    pub fn wait(&self) -> io::Result<Ended> {
        loop {
            match self.reap(WaitIdOptions::empty()) {
                Ok(Some(ended)) => return Ok(ended),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn reap(&self, how: WaitIdOptions) -> io::Result<Option<Ended>> {
        let status = rustix::process::waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED | how)?;
        Ok(status.map(|status| match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => Ended::Exited(u8::try_from(code).unwrap_or(u8::MAX)),
            (None, signal) => Ended::Signalled(signal.unwrap_or(0)),
        }))
    }
}

/// The two signals that end a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopSignal {
    /// SIGTERM.
    Ask,
    /// SIGKILL.
    Force,
}

impl StopSignal {
    const fn number(self) -> Signal {
        match self {
            Self::Ask => Signal::TERM,
            Self::Force => Signal::KILL,
        }
    }
}

/// The number of some child that has ended and has not been reaped, if there is one. It stays unreaped: one of ours is
/// reaped by its [`Child`], so that its number cannot be mistaken; any other with [`reap_stranger`].
pub fn any_ended() -> Option<u32> {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    // The one failure possible is that there are no children.
    let status = nix::sys::wait::waitid(Id::All, flags).ok()?;
    status.pid().map(|pid| pid.as_raw().unsigned_abs())
}

/// Reaps a process that was left to us by its parent's end ([`adopt_orphans`]).
pub fn reap_stranger(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // It has ended, so this takes no time; that it is gone already is no harm.
        let _ = rustix::process::waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
    }
}

/// Whether something failed for want of a descriptor, memory or a process: another time it may not.
pub fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::EAGAIN))
}

/// From now on what our children leave behind becomes our child, not that of an init that may not reap.
pub fn adopt_orphans() -> io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// From now on the end of our parent sends us SIGTERM. Lost when the account changes, so ask for it after that.
pub fn end_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?)
}

/// The name in listings of processes; the kernel keeps 15 bytes. Executing `/proc/self/exe` would leave `exe` there.
pub fn set_name(name: &CStr) {
    // Cosmetic: nothing depends on it.
    let _ = rustix::thread::set_name(name);
}

/// Takes descriptor 0 out of the way: returns it under another number and leaves `/dev/null` at 0.
pub fn take_stdin() -> io::Result<OwnedFd> {
    let taken = rustix::io::fcntl_dupfd_cloexec(io::stdin(), FIRST_FREE)?;
    rustix::stdio::dup2_stdin(dev_null()?)?;
    Ok(taken)
}

/// The same for descriptor 1.
pub fn take_stdout() -> io::Result<OwnedFd> {
    let taken = rustix::io::fcntl_dupfd_cloexec(io::stdout(), FIRST_FREE)?;
    rustix::stdio::dup2_stdout(dev_null()?)?;
    Ok(taken)
}

/// Leaves `/dev/null` at descriptor 2.
pub fn drop_stderr() -> io::Result<()> {
    Ok(rustix::stdio::dup2_stderr(dev_null()?)?)
}

/// Leaves the session, terminal and directory that this process was started from.
pub fn leave_session() -> io::Result<()> {
    rustix::process::setsid()?;
    Ok(rustix::process::chdir("/")?)
}

/// A pipe: the end to read, and the end to write.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?)
}

/// The first descriptor after the three standard ones.
const FIRST_FREE: i32 = 3;

fn dev_null() -> io::Result<OwnedFd> {
    Ok(rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOCTTY, Mode::empty())?)
}

/// What the kernel calls itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SystemName {
    /// `Linux`.
    pub name: String,
    /// `6.12.1-amd64`.
    pub release: String,
    /// When and how it was built.
    pub version: String,
}

/// The kernel's name (`uname`).
pub fn system_name() -> SystemName {
    let uname = rustix::system::uname();
    let text = |text: &CStr| text.to_string_lossy().into_owned();
    SystemName { name: text(uname.sysname()), release: text(uname.release()), version: text(uname.version()) }
}

/// The error number of "not now, perhaps later" (EAGAIN).
pub const TRY_AGAIN: i32 = libc::EAGAIN;
/// That of "not allowed" (EPERM).
pub const NOT_PERMITTED: i32 = libc::EPERM;
/// That of "makes no sense" (EINVAL).
pub const INVALID: i32 = libc::EINVAL;

/// Flag of `open`: a symbolic link is an error (`O_NOFOLLOW`).
pub const NO_FOLLOW: i32 = libc::O_NOFOLLOW;
