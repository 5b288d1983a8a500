//! `-t`: is this configuration any good?

use std::fs::OpenOptions;
use std::io::{IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use config::Disk;

use super::Options;
use crate::exit::Exit;
use crate::say::complain;

/// Reads the configuration, says what is wrong with it on standard error or at the end of `file`, and gives the verdict.
pub fn run(options: &Options, file: Option<&Path>) -> Exit {
    for complaint in &options.complaints {
        complain(complaint);
    }
    let loaded = config::load(&options.request(0, true), &Disk::default(), &options.environment.this_host());
    let text = loaded.render(file.is_none() && std::io::stderr().is_terminal());
    let said = match file {
        None => std::io::stderr().write_all(text.as_bytes()),
        Some(path) => OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes())),
    };
    match (said, file) {
        (Err(error), Some(path)) => {
            complain(&format!("Unable to open config-test log file {}: {error}", path.display()));
            Exit::Fatal
        }
        _ => match loaded.test_status() {
            0 => Exit::Normal,
            status => Exit::Configuration(status),
        },
    }
}
