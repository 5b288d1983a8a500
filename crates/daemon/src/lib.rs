//! The program `keepalived`: upstream's command line, the supervisor, and what its workers begin as.
//!
//! Read in this order: [`compat`] is the command line, [`exit`] the exit statuses. [`supervisor`] is the process that
//! operators see: it reads the configuration, starts the workers, runs the scripts, answers signals. `vrrp_process` is
//! the vrrp worker's process: `worker::Vrrp` on `linux::Machine`; `bfd_process` is the bfd worker's,
//! `check_process` the check worker's; `herald_process` is where mail is sent. [`status`] is what the daemon tells of itself.
//!
//! One executable plays every part. Which one a process plays is told by its first argument; without one it
//! is what an operator started.
#![forbid(unsafe_code)]

mod bfd_process;
mod bus;
mod calm;
mod check_process;
pub mod compat;
mod detach;
pub mod exit;
mod herald_process;
mod log;
mod manner;
mod outlets;
mod readiness;
mod say;
pub mod status;
pub mod supervisor;
mod vrrp_process;
mod worker_process;

use std::ffi::OsString;
use std::process::ExitCode;

use compat::Wish;
use exit::Exit;

/// What this program is called in logs and by `-v`.
pub const VERSION: &str = concat!("standfast ", env!("CARGO_PKG_VERSION"));

/// A part that this executable plays when the daemon started it itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    /// The supervisor, freed from the terminal that it was started at.
    Detached,
    /// The vrrp worker.
    Vrrp,
    /// The bfd worker.
    Bfd,
    /// The check worker.
    Check,
    /// What sends mail.
    Herald,
}

impl Part {
    const ALL: [Self; 5] = [Self::Detached, Self::Vrrp, Self::Bfd, Self::Check, Self::Herald];

    /// The first argument that means this part. Nobody types it, and no option of upstream's looks like it.
    const fn argument(self) -> &'static str {
        match self {
            Self::Detached => "--standfast=detached",
            Self::Vrrp => "--standfast=vrrp",
            Self::Bfd => "--standfast=bfd",
            Self::Check => "--standfast=check",
            Self::Herald => "--standfast=herald",
        }
    }
}

/// Runs the program with the arguments of this process.
pub fn run() -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    let part = arguments.get(1).and_then(|first| Part::ALL.into_iter().find(|part| first == part.argument()));
    if part.is_some() {
        arguments.remove(1);
    }
    let exit = match part {
        None | Some(Part::Detached) => begin(&arguments, part.is_some()),
        Some(Part::Vrrp) => vrrp_process::run(),
        Some(Part::Bfd) => bfd_process::run(),
        Some(Part::Check) => check_process::run(),
        Some(Part::Herald) => herald_process::run(),
    };
    exit.into()
}

fn begin(arguments: &[OsString], detached: bool) -> Exit {
    match compat::parse(arguments) {
        Wish::Run(options) if !options.foreground && !detached => detach::run(arguments),
        Wish::Run(options) => supervisor::run(*options, detached),
        Wish::Test(options, file) => compat::check::run(&options, file.as_deref()),
        Wish::Answer(text) => {
            say::answer(&text);
            Exit::Normal
        }
        Wish::Explain(text) => {
            say::complain(&text);
            Exit::Normal
        }
        Wish::Refuse(text) => {
            say::complain(&text);
            Exit::Fatal
        }
    }
}
