//! `standfast check`.

use std::process::ExitCode;

use clap::Args;

#[derive(Args, Debug)]
pub(super) struct Options {}

pub(super) fn run(_options: &Options) -> ExitCode {
    ExitCode::SUCCESS
}
