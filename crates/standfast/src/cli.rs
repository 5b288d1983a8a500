//! The command line: one file a verb.

mod check;
mod demo;
mod diff;
mod explain;
mod inside;
mod lsp;
mod reference;
mod show;
mod simulate;
mod status;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// What people ask of a pair of routers that must stand fast.
#[derive(Parser, Debug)]
#[command(name = "standfast", version, about, long_about = None, disable_help_subcommand = true)]
struct Line {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Show a pair failing over, on this machine alone (needs root)
    Demo(demo::Options),
    /// Read configuration files as the daemon would, and say what is wrong with them
    Check(check::Options),
    /// Show what a reload with another file would do, without doing it
    Diff(diff::Options),
    /// Say what a keyword or a diagnostic means, with an example
    Explain(explain::Options),
    /// Show a configuration as it is understood: every setting with its place, or one tidy file
    Show(show::Options),
    /// Show how the running daemon stands
    Status(status::Options),
    /// Run routers on a simulated network in simulated time (needs nothing)
    Simulate(simulate::Options),
    /// Serve an editor: mistakes while typing, completion, explanations, definitions, renaming
    Lsp(lsp::Options),
    /// Print the reference of the configuration: manual page, documentation, JSON schema, completion
    Reference(reference::Options),
    #[command(hide = true)]
    DemoService(inside::ServiceOptions),
    #[command(hide = true)]
    DemoGuard(inside::GuardOptions),
}

/// The program.
pub fn run() -> ExitCode {
    match Line::parse().verb {
        Verb::Demo(options) => demo::run(&options),
        Verb::Check(options) => check::run(&options),
        Verb::Diff(options) => diff::run(&options),
        Verb::Explain(options) => explain::run(&options),
        Verb::Show(options) => show::run(&options),
        Verb::Status(options) => status::run(&options),
        Verb::Simulate(options) => simulate::run(&options),
        Verb::Lsp(options) => lsp::run(&options),
        Verb::Reference(options) => reference::run(&options, Line::command()),
        Verb::DemoService(options) => inside::service(&options),
        Verb::DemoGuard(options) => inside::guard(&options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Line::command().debug_assert();
    }

    #[test]
    fn verbs_of_the_demo_itself_are_not_shown() {
        let help = Line::command().render_help().to_string();
        assert!(help.contains("demo") && !help.contains("demo-guard"), "{help}");
    }
}
