//! `standfast status`: what a running daemon says of itself.

mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::control::{self, AskError};
use crate::output;

#[derive(Args, Debug)]
pub(super) struct Options {
    /// The daemon's control socket, which is beside its pid file
    #[arg(long, value_name = "PATH", default_value = "/run/keepalived.sock")]
    socket: PathBuf,
    /// Print the daemon's answer as it came
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &Options) -> ExitCode {
    match shown(options) {
        Ok(shown) => {
            output::put(&shown);
            ExitCode::SUCCESS
        }
        Err(cause) => {
            output::complain(&format!("standfast status: {cause}"));
            ExitCode::FAILURE
        }
    }
}

fn shown(options: &Options) -> Result<String, AskError> {
    let answer = control::ask(&options.socket)?;
    if options.json { Ok(answer) } else { Ok(text::render(&control::read(&answer)?)) }
}
