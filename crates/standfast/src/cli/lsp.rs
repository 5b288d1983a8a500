//! `standfast lsp`: the language server.

use std::io;
use std::process::ExitCode;

use clap::Args;

use crate::{lsp, output};

/// Speaks the language server protocol over standard input and output, for editors: mistakes while typing,
/// completion, explanations, definitions, renaming, indentation. docs/guide/editors.md tells how to hook it up.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// For editors that always say so; there is no other way
    #[arg(long, hide = true)]
    stdio: bool,
}

pub(super) fn run(_: &Options) -> ExitCode {
    match lsp::serve(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(lsp::End::Asked) => ExitCode::SUCCESS,
        Ok(lsp::End::Abrupt) => ExitCode::FAILURE,
        Err(why) => {
            output::complain(&format!("the editor cannot be reached: {why}"));
            ExitCode::FAILURE
        }
    }
}
