//! Whoever cleans up: a process of its own, so that nothing stays behind however the demo ends.
//!
//! It waits for the end of its standard input, whose other end the demo holds. That end comes when the demo is
//! through, interrupted, broken or killed.

use std::fs;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::stage::{Names, clear};

/// The word that keeps the directory with the logs.
const KEEP: &[u8] = b"keep";

/// The demo's end of it.
pub(super) struct Guard {
    child: Child,
}

impl Guard {
    /// Starts the process. To be called with the signals of the terminal blocked: it must not end with us.
    pub(super) fn post(names: &Names, directory: &Path) -> io::Result<Self> {
        let child = Command::new(std::env::current_exe()?)
            .arg("demo-guard")
            .arg("--directory")
            .arg(directory)
            .args(names.all())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { child })
    }

    /// Lets it clean up, and waits until it has. The directory stays if `keep` says so.
    pub(super) fn relieve(mut self, keep: bool) {
        if let Some(mut input) = self.child.stdin.take()
            && keep
        {
            // A guard that is gone cannot be told, and needs not.
            let _ = io::Write::write_all(&mut input, KEEP);
        }
        let _ = self.child.wait();
    }
}

/// The process: waits, then removes all.
pub(crate) fn stand(namespaces: &[String], directory: &Path) {
    let mut said = Vec::new();
    // An input that cannot be read has ended.
    let _ = io::stdin().lock().read_to_end(&mut said);
    namespaces.iter().for_each(|name| clear(name));
    if said != KEEP {
        let _ = fs::remove_dir_all(directory);
    }
}
