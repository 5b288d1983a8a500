//! Who a process runs as, and what files and cores it may leave.

use std::io;

use host::Account;
use nix::errno::Errno;
use nix::unistd::{Gid, Uid, getgid, getuid, setgid, setgroups, setuid};
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// An account as the kernel wants it, so that becoming it takes system calls only.
pub(crate) struct Role {
    uid: Uid,
    gid: Gid,
    groups: Vec<Gid>,
}

impl Role {
    pub(crate) fn of(account: &Account) -> Self {
        let Account { uid, gid, groups } = account;
        let groups = groups.iter().copied().map(Gid::from_raw).collect();
        Self { uid: Uid::from_raw(*uid), gid: Gid::from_raw(*gid), groups }
    }

    /// Takes it on for good: supplementary groups first, then group, then user, as each step needs the right that the last
    /// one gives up. Becoming who one is, without supplementary groups asked for, needs no right.
    pub(crate) fn assume(&self) -> nix::Result<()> {
        let Self { uid, gid, groups } = self;
        if !getuid().is_root() && *uid == getuid() && *gid == getgid() && groups.is_empty() {
            return Ok(());
        }
        setgroups(groups)?;
        setgid(*gid)?;
        setuid(*uid)
    }
}

/// The user and the group that own nothing: the kernel's own for those who have no number here.
const NOBODY: u32 = 65_534;

/// Gives up every right for good, those too that executing something could give. Where there is no such user (a
/// container with few numbers), or where we are not root, we stay who we are.
pub fn become_nobody() -> io::Result<()> {
    rustix::thread::set_no_new_privs(true)?;
    if !getuid().is_root() {
        return Ok(());
    }
    match Role::of(&Account { uid: NOBODY, gid: NOBODY, groups: Vec::new() }).assume() {
        Ok(()) | Err(Errno::EINVAL) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Sets which permissions new files do not get; returns what was set before.
pub fn set_umask(mask: u32) -> u32 {
    rustix::process::umask(Mode::from_raw_mode(mask & 0o777)).as_raw_mode()
}

/// Lets this process open as many files as its hard limit allows.
pub fn allow_many_files() -> io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// Lets this process and its children leave core files of any size.
pub fn allow_core_dumps() -> io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Core);
    setrlimit(Resource::Core, Rlimit { current: None, maximum: None })
        .or_else(|_| setrlimit(Resource::Core, Rlimit { current: maximum, maximum }))?;
    Ok(())
}
