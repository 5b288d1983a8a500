//! `standfast show`: a configuration as it is understood.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use config::outline;
use config::{Assumed, Disk, Loaded, Request, Surroundings};

use crate::output;

/// Shows what a configuration means once includes, definitions, inheritance and defaults are put in.
#[derive(Args, Debug)]
pub(super) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Every setting with its value and its place, and what the engines obey, as JSON
    Effective(Source),
    /// One tidy file that reads to the same: nothing left to include, to define or to repeat
    Keepalived(Source),
}

#[derive(Args, Debug)]
struct Source {
    /// The file, or a pattern of several that make one configuration
    #[arg(value_name = "FILE")]
    file: String,
    /// Look for interfaces, accounts and programs on this host instead of taking them to exist
    #[arg(long)]
    host: bool,
    /// The configuration id, for lines that begin with @ (the daemon's -i)
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

pub(super) fn run(options: &Options) -> ExitCode {
    let (What::Effective(source) | What::Keepalived(source)) = &options.what;
    let host = daemon::compat::this_host();
    let assumed = Assumed::default();
    let surroundings: &dyn Surroundings = if source.host { &host } else { &assumed };
    let request = Request { config_id: source.id.as_deref(), ..Request::new(source.file.as_str()) };
    let loaded = config::load(&request, &Disk::default(), surroundings);
    let outline = outline::read(&request, &Disk::default(), surroundings);
    match options.what {
        What::Effective(_) => {
            let json = outline::effective(&outline, &loaded);
            output::put(&format!("{json:#}\n"));
        }
        What::Keepalived(_) => output::put(&outline.printed()),
    }
    status(&loaded)
}

/// Mistakes are counted where they do not spoil the output; `check` shows them.
fn status(loaded: &Loaded) -> ExitCode {
    let Some(status) = loaded.refusal() else { return ExitCode::SUCCESS };
    let Some(why) = loaded.log_lines().next() else { return ExitCode::from(status) };
    output::complain(&format!("the daemon would not run with this: {why}; standfast check says more"));
    ExitCode::from(status)
}
