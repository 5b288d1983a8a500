//! A log file.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{Put, failed, wrote};

/// Entries between two looks whether the file was moved away: so that one rotated by others is begun anew soon, without
/// asking the file system for each entry.
const LOOK_AFTER: u32 = 64;

#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    entries: u32,
}

impl LogFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_path_buf(), file: open(path)?, entries: 0 })
    }

    pub(super) fn put(&mut self, entry: &[u8]) -> Put {
        self.entries += 1;
        if self.entries >= LOOK_AFTER {
            self.entries = 0;
            self.follow();
        }
        rustix::io::write(&self.file, entry).map_or_else(failed, |written| wrote(written, entry))
    }

    fn follow(&mut self) {
        let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
        let there = std::fs::metadata(&self.path).map(identity);
        let ours = self.file.metadata().map(identity);
        if there.ok() != ours.ok()
            && let Ok(file) = open(&self.path)
        {
            self.file = file;
        }
    }
}

/// A symbolic link is not followed: the default is in a directory that everybody may write to.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_NOCTTY)
        .open(path)
}
