//! Becoming a daemon: without `-n` the process that an operator started starts the supervisor detached, and ends when
//! that is ready. Differs: keepalived's returns at once; ours returns 0 only once every worker obeys its configuration,
//! and the supervisor's own status if it ends before that.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use linux::process::{self, Ended, Spawn};

use crate::Part;
use crate::exit::Exit;
use crate::say::complain;

/// What the starting process does.
pub(crate) fn run(arguments: &[OsString]) -> Exit {
    match start(arguments) {
        Ok(exit) => exit,
        Err(error) => {
            complain(&format!("Unable to start the daemon: {error}"));
            Exit::Fatal
        }
    }
}

fn start(arguments: &[OsString]) -> std::io::Result<Exit> {
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.clone(), rest),
        None => ("keepalived".into(), arguments),
    };
    let (told, telling) = process::pipe()?;
    let marker = OsString::from(Part::Detached.argument());
    let words = std::iter::once(marker).chain(rest.iter().cloned());
    // Until it is ready it shares our standard error, so that what goes wrong at the start is seen.
    let child = Spawn::itself(name, words).output(telling).share_stderr(true).start()?;
    let mut ready = [0];
    if File::from(told).read(&mut ready)? == 1 {
        return Ok(Exit::Normal);
    }
    Ok(match child.wait()? {
        Ended::Exited(0) => Exit::Normal,
        Ended::Exited(status) => Exit::Child(status),
        Ended::Signalled(_) => Exit::Fatal,
    })
}

/// The detached supervisor's way to say that it is ready.
#[derive(Debug)]
pub(crate) struct Starter {
    telling: OwnedFd,
}

impl Starter {
    /// Leaves the session of the process that started us.
    pub(crate) fn leave() -> std::io::Result<Self> {
        let telling = process::take_stdout()?;
        process::leave_session()?;
        Ok(Self { telling })
    }

    /// Lets the process that started us end with status 0, and leaves its standard error.
    pub(crate) fn ready(self) {
        let _ = process::drop_stderr();
        // If it is gone, nobody waits.
        let _ = File::from(self.telling).write_all(&[1]);
    }
}
