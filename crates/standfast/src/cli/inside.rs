//! Verbs that the demo starts itself, each a process that can be killed or that outlives it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::demo::{guard, service};
use crate::output;

#[derive(Args, Debug)]
pub(super) struct ServiceOptions {
    /// What the page says
    #[arg(long)]
    page: String,
    #[arg(long)]
    port: u16,
}

#[derive(Args, Debug)]
pub(super) struct GuardOptions {
    /// Directory to remove
    #[arg(long)]
    directory: PathBuf,
    /// Namespaces to remove
    namespaces: Vec<String>,
}

pub(super) fn service(options: &ServiceOptions) -> ExitCode {
    match service::serve(&options.page, options.port) {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            output::complain(&format!("the web service cannot listen on port {}: {cause}", options.port));
            ExitCode::FAILURE
        }
    }
}

pub(super) fn guard(options: &GuardOptions) -> ExitCode {
    guard::stand(&options.namespaces, &options.directory);
    ExitCode::SUCCESS
}
