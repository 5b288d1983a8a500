//! `standfast check`: the configuration pipeline, and what it found.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use config::diagnostic::{json, sarif};
use config::{Assumed, Disk, Loaded, Request, Severity, Surroundings};
use serde_json::Value;

use crate::output;

/// Reads each file as a daemon would that was started with it, and shows what is wrong, where, and what would be
/// right. The exit status is that of `keepalived -t`: 0 good, 4 it cannot run, 5 mistakes, 6 unsafe scripts, 2 it
/// cannot be read.
///
/// Interfaces, accounts and programs that a file names are taken to exist, so that files of other hosts can be
/// checked anywhere; with --host they are looked for on this host.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// Files, or patterns of several that make one configuration
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Check against this host: its interfaces, accounts and programs
    #[arg(long, alias = "here")]
    host: bool,
    /// How to say what was found: for people, as JSON, or as SARIF for code hosts and editors
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// The configuration id, for lines that begin with @ (the daemon's -i)
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    /// Text with the line and a caret
    Human,
    /// One JSON document
    Json,
    /// A SARIF 2.1.0 log
    Sarif,
}

pub(super) fn run(options: &Options) -> ExitCode {
    let host = daemon::compat::this_host();
    let assumed = Assumed::default();
    let surroundings: &dyn Surroundings = if options.host { &host } else { &assumed };
    let readings: Vec<(&str, Loaded)> = options
        .files
        .iter()
        .map(|file| {
            let request =
                Request { config_id: options.id.as_deref(), test: true, ..Request::new(file.as_str()) };
            let loaded = config::load(&request, &Disk::default(), surroundings);
            if options.format == Format::Human {
                output::put(&loaded.render(output::is_watched()));
                output::say(&verdict(file, &loaded));
            }
            (file.as_str(), loaded)
        })
        .collect();
    let status = worst(readings.iter().map(|(_, loaded)| loaded.test_status()));
    match options.format {
        Format::Human => {}
        Format::Json => {
            let files: Vec<Value> =
                readings.iter().map(|(file, loaded)| json::report(file, loaded)).collect();
            output::put(&format!("{:#}\n", serde_json::json!({ "status": status, "files": files })));
        }
        Format::Sarif => {
            output::put(&format!("{:#}\n", sarif::log(readings.iter().map(|(_, loaded)| loaded))));
        }
    }
    ExitCode::from(status)
}

/// The most telling of several statuses: upstream's order, in which a later one hides an earlier.
fn worst(statuses: impl Iterator<Item = u8>) -> u8 {
    const ORDER: [u8; 5] = [0, 4, 5, 6, 2];
    let place = |status: &u8| ORDER.iter().position(|one| one == status);
    statuses.max_by_key(place).unwrap_or(0)
}

fn verdict(file: &str, loaded: &Loaded) -> String {
    let count = |severity| loaded.diagnostics.iter().filter(|one| one.severity == severity).count();
    let counts: Vec<String> = [
        (count(Severity::Error), "error"),
        (count(Severity::Warning), "warning"),
        (count(Severity::Note), "note"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
    .collect();
    let found = if counts.is_empty() { "good".to_owned() } else { counts.join(", ") };
    let runs = if loaded.effective.is_none() { "; the daemon would not run with it" } else { "" };
    format!("{file}: {found}{runs}")
}

#[cfg(test)]
mod tests {
    use config::InMemory;

    use super::*;

    fn loaded(text: &str) -> Loaded {
        let request = Request { test: true, ..Request::new("x.conf") };
        config::load(&request, &InMemory::one("x.conf", text.as_bytes()), &Assumed::default())
    }

    #[test]
    fn the_examples_are_good() {
        for file in [
            include_str!("../../../../examples/pair/a.conf"),
            include_str!("../../../../examples/pair/b.conf"),
        ] {
            let loaded = loaded(file);
            assert_eq!(verdict("x.conf", &loaded), "x.conf: good", "{}", loaded.render(false));
            assert_eq!(loaded.test_status(), 0);
        }
    }

    #[test]
    fn mistakes_are_counted() {
        let loaded = loaded("global_defs {\n router_idd x\n}\n");
        assert_eq!(verdict("x.conf", &loaded), "x.conf: 1 error");
        assert_eq!(loaded.test_status(), 5);
    }

    #[test]
    fn the_worst_file_decides() {
        assert_eq!(worst([0, 5, 4].into_iter()), 5);
        assert_eq!(worst([2, 6].into_iter()), 2);
    }
}
