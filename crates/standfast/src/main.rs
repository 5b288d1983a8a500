//! `standfast`, the operator's tool.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    standfast::run()
}
