//! Files and sets of processes that instances track, by name alone: nobody reads or counts them in a simulation.

use vrrp::Config;
use vrrp::config::{FileConfig, ProcessConfig, ProcessMatch};

/// Enters a file.
pub(crate) fn file(config: &mut Config, name: &str) {
    if !config.files.iter().any(|file| file.name == name) {
        config.files.push(FileConfig { name: name.to_owned(), path: format!("/{name}"), init: None });
    }
}

/// Enters a set of processes.
pub(crate) fn processes(config: &mut Config, name: &str) {
    if !config.processes.iter().any(|set| set.name == name) {
        config.processes.push(ProcessConfig {
            name: name.to_owned(),
            process: name.to_owned(),
            matching: ProcessMatch::Name,
            quorum: (1, u32::MAX),
            terminate_delay: std::time::Duration::ZERO,
            fork_delay: std::time::Duration::ZERO,
        });
    }
}
