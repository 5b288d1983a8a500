//! `standfast demo`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::demo::{self, DemoError, Manner, Play};
use crate::output;

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Wait for the Enter key before each step
    #[arg(long)]
    step: bool,
    /// Print the report alone, as JSON
    #[arg(long)]
    json: bool,
    /// The daemon to show, instead of the `keepalived` that was built or installed with this program
    #[arg(long, value_name = "PROGRAM")]
    daemon: Option<PathBuf>,
}

pub(super) fn run(options: &Options) -> ExitCode {
    let manner = match (options.json, output::is_watched()) {
        (true, _) => Manner::Silent,
        (false, true) => Manner::Picture,
        (false, false) => Manner::Lines,
    };
    let play = Play { manner, step: options.step, daemon: options.daemon.clone() };
    match demo::run(&play) {
        Ok(report) => {
            output::put(&if options.json { report.json() } else { report.text() });
            if report.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(DemoError::Interrupted) => {
            output::complain("interrupted; everything the demo made was removed");
            ExitCode::from(130)
        }
        Err(cause) => {
            output::complain(&format!("standfast demo: {cause}"));
            if matches!(cause, DemoError::NotRoot) {
                output::complain(
                    "It makes network namespaces of its own, and removes them. Either\n    \
                     sudo standfast demo\nor, without any rights, in simulated time,\n    standfast simulate",
                );
            }
            ExitCode::FAILURE
        }
    }
}
