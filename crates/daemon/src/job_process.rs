//! A script that is about to begin: this process becomes who it runs as, and then the script.
//!
//! It is a process of its own, and not code between a fork and an exec, because changing groups is not among what may
//! safely be done there.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};

use host::Account;
use linux::{privilege, process};

use crate::exit::Exit;

/// The arguments for a script's process: who it becomes, and what it runs.
pub(crate) fn arguments(command: &host::Command) -> Vec<String> {
    let account = command.account.as_ref().map_or_else(String::new, |Account { uid, gid, groups }| {
        groups.iter().fold(format!("{uid}:{gid}"), |text, group| format!("{text}:{group}"))
    });
    std::iter::once(account).chain(command.argv.iter().cloned()).collect()
}

/// What a script's process does. Descriptor 1 is a pipe that closes when the script begins; if it cannot, the system's
/// error number is written there.
pub(crate) fn run(arguments: &[OsString]) -> Exit {
    // The supervisor reads it; if it is gone, nobody wants to know.
    let _ = match process::take_stdout() {
        Ok(report) => tell(&begin(arguments), File::from(report)),
        Err(error) => tell(&error, io::stdout()),
    };
    Exit::Fatal
}

fn tell(error: &io::Error, mut report: impl Write) -> io::Result<()> {
    report.write_all(&error.raw_os_error().unwrap_or(0).to_be_bytes())?;
    report.flush()
}

fn begin(arguments: &[OsString]) -> io::Error {
    let Some((account, argv)) = arguments.split_first() else { return io::ErrorKind::InvalidInput.into() };
    let account = match parse(&account.to_string_lossy()) {
        Ok(account) => account,
        Err(error) => return error,
    };
    if let Some(account) = account
        && let Err(error) = privilege::become_account(&account)
    {
        return error;
    }
    // After the change of account, which would undo it. Without it a script outlives a supervisor that was killed.
    if let Err(error) = process::end_with_parent() {
        return error;
    }
    process::become_program(argv)
}

/// Reads what [`arguments`] wrote.
fn parse(text: &str) -> io::Result<Option<Account>> {
    if text.is_empty() {
        return Ok(None);
    }
    let numbers: Result<Vec<u32>, _> = text.split(':').map(str::parse).collect();
    match numbers.as_deref() {
        Ok([uid, gid, groups @ ..]) => Ok(Some(Account { uid: *uid, gid: *gid, groups: groups.to_vec() })),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_survives_the_way_through_the_arguments() {
        for account in [
            None,
            Some(Account { uid: 0, gid: 0, groups: vec![] }),
            Some(Account { uid: 65_534, gid: 4_294_967_294, groups: vec![4, 27] }),
        ] {
            let command =
                host::Command { argv: vec!["/bin/true".into(), "a b".into()], account: account.clone() };
            let words = arguments(&command);
            assert_eq!(parse(&words[0]).unwrap(), account);
            assert_eq!(words[1..], ["/bin/true", "a b"]);
        }
        assert!(parse("1:x").is_err());
        assert!(parse("1").is_err());
    }
}
