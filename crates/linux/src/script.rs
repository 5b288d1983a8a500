//! Starting scripts: other programs, as who they are to run as.
//!
//! A script could begin as this executable, which becomes another account and then the script, so that nothing would run
//! between a fork and an exec. That doubles what starting it costs, a millisecond, and with many scripts that is what a
//! host has. So the child of the fork changes itself, by system calls only.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use crate::privilege::Role;
use crate::process::Child;
use crate::sys;

/// Starts a script: as the leader of a process group of its own, with no signal blocked, without the environment
/// variables `withheld`, and with nothing but `/dev/null` open. It gets SIGTERM when this process ends.
///
/// As keepalived: a file that the kernel does not recognise as a program (`ENOEXEC`: a script without `#!`) is run by
/// the shell.
///
/// # Errors
///
/// That it cannot become who it is to run as, or that its program cannot be executed: then there is no child.
pub fn start(script: &host::Command, withheld: &[&str]) -> io::Result<Child> {
    let Some((program, arguments)) = script.argv.split_first() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut command = Command::new(program);
    command.args(arguments).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for variable in withheld {
        command.env_remove(variable);
    }
    sys::begin_as(&mut command, script.account.as_ref().map(Role::of));
    Child::adopt(&command.spawn()?)
}

#[cfg(test)]
mod tests;
