//! Numbers that are written into tracked files at the start (`init_file`).
//!
//! The supervisor does it: a worker that is started anew after a crash must not undo what others wrote since.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;

use host::Severity;
use vrrp::config::FileConfig;

use super::Supervisor;

impl Supervisor {
    /// Writes into the files of the configuration in force that `before` does not have.
    pub(super) fn init_files(&mut self, before: &[FileConfig]) {
        let new = self.effective.files.iter().filter(|file| !before.contains(file));
        let failures: Vec<String> = new
            .filter_map(|file| {
                let (value, overwrite) = file.init?;
                let error = write(&file.path, value, overwrite).err()?;
                Some(format!("Unable to initialise tracked file {}: {error}", file.path))
            })
            .collect();
        for line in failures {
            self.log(Severity::Warning, &line);
        }
    }
}

/// Writes a number. Without `overwrite` a file that is there stays as it is.
fn write(path: &str, value: i64, overwrite: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o644);
    if overwrite {
        // What a link in a directory for all points to is not ours to write to.
        options.create(true).truncate(true).custom_flags(linux::process::NO_FOLLOW);
    } else {
        options.create_new(true);
    }
    match options.open(path) {
        Ok(mut file) => writeln!(file, "{value}"),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !overwrite => Ok(()),
        Err(error) => Err(error),
    }
}
