//! Who a process runs as, and what files and cores it may leave.

use std::io;

use host::Account;
use nix::unistd::{Gid, Uid, getgid, getuid, setgid, setgroups, setuid};
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Becomes `account` for good: supplementary groups first, then group, then user, as each step needs the right that the
/// last one gives up. Becoming who one is, without supplementary groups asked for, needs no right.
pub fn become_account(account: &Account) -> io::Result<()> {
    let Account { uid, gid, groups } = account;
    let (uid, gid) = (Uid::from_raw(*uid), Gid::from_raw(*gid));
    if !getuid().is_root() && uid == getuid() && gid == getgid() && groups.is_empty() {
        return Ok(());
    }
    let groups: Vec<Gid> = groups.iter().copied().map(Gid::from_raw).collect();
    setgroups(&groups)?;
    setgid(gid)?;
    setuid(uid)?;
    Ok(())
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
    match become_account(&Account { uid: NOBODY, gid: NOBODY, groups: Vec::new() }) {
        Err(error) if error.raw_os_error() == Some(crate::process::INVALID) => Ok(()),
        result => result,
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
