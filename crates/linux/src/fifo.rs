//! Named pipes that events are written to.
//!
//! The end to write is opened for reading too: so there is always a reader, no write ends with SIGPIPE, and what nobody
//! has read yet is there for whoever comes. Nothing here waits.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, fchown};
use std::path::Path;

use host::Account;
use rustix::fs::{CWD, FileType, Mode, OFlags};

/// Most bytes that go into a pipe at once or not at all (`PIPE_BUF`).
pub const MOST_AT_ONCE: usize = 4096;

/// Sees to it that there is a named pipe at `path`, owned by `owner` if one is given. Returns whether it was made:
/// one that was there is used as it is, if it belongs to us or to `owner`.
pub fn provide(path: &Path, owner: Option<&Account>) -> io::Result<bool> {
    let made = rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o644), 0);
    match made {
        Ok(()) => {
            if let Some(Account { uid, gid, .. }) = owner {
                let pipe = Fifo::open(path)?;
                fchown(&pipe.end, Some(*uid), Some(*gid))?;
            }
            Ok(true)
        }
        Err(rustix::io::Errno::EXIST) => {
            let there = fs::symlink_metadata(path)?;
            if !there.file_type().is_fifo() {
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it is no named pipe"));
            }
            let ours = rustix::process::geteuid().as_raw() == there.uid();
            if ours || owner.is_some_and(|owner| owner.uid == there.uid()) {
                Ok(false)
            } else {
                Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to somebody else"))
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Removes the named pipe at `path`; anything else that stands there stays.
pub fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.file_type().is_fifo() { fs::remove_file(path) } else { Ok(()) }
}

/// The end to write of a named pipe.
#[derive(Debug)]
pub struct Fifo {
    end: OwnedFd,
}

impl Fifo {
    /// Opens what is at `path`. What is no named pipe, and what a symbolic link points to, is an error.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY;
        let end = rustix::fs::open(path, flags, Mode::empty())?;
        let kind = FileType::from_raw_mode(rustix::fs::fstat(&end)?.st_mode);
        if kind == FileType::Fifo {
            Ok(Self { end })
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no named pipe"))
        }
    }

    /// Whether this still is what stands at `path`.
    pub fn is_at(&self, path: &Path) -> bool {
        let (Ok(ours), Ok(there)) = (rustix::fs::fstat(&self.end), fs::symlink_metadata(path)) else {
            return false;
        };
        (ours.st_dev, ours.st_ino) == (there.dev(), there.ino())
    }

    /// Writes in one piece, or fails: [`io::ErrorKind::WouldBlock`] if the pipe is full.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > MOST_AT_ONCE {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        rustix::io::write(&self.end, bytes)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::path::PathBuf;

    use super::*;

    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("standfast-fifo-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_is_written_before_a_reader_comes_is_there_for_it() {
        let place = Place::new("early");
        let path = place.0.join("pipe");
        assert!(provide(&path, None).unwrap());
        assert!(!provide(&path, None).unwrap(), "ours, from before");
        let pipe = Fifo::open(&path).unwrap();
        pipe.write(b"one\n").unwrap();
        let mut reader = fs::File::open(&path).unwrap();
        let mut text = [0; 8];
        assert_eq!(reader.read(&mut text).unwrap(), 4);
        drop(pipe);
        assert_eq!(reader.read(&mut text).unwrap(), 0, "the last writer is gone");
        remove(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_full_pipe_does_not_wait_and_takes_whole_lines_only() {
        let place = Place::new("full");
        let path = place.0.join("pipe");
        provide(&path, None).unwrap();
        let pipe = Fifo::open(&path).unwrap();
        let line = [b'x'; 1000];
        let mut written = 0;
        let error = loop {
            match pipe.write(&line) {
                Ok(()) => written += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        let mut reader = fs::File::open(&path).unwrap();
        let mut text = vec![0; written * 1000];
        reader.read_exact(&mut text).unwrap();
        assert!(pipe.write(&line).is_ok());
        assert!(pipe.write(&[b'x'; MOST_AT_ONCE + 1]).is_err());
    }

    #[test]
    fn what_is_no_pipe_is_left_alone() {
        let place = Place::new("other");
        let (file, link) = (place.0.join("file"), place.0.join("link"));
        fs::write(&file, "mine").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        for path in [&file, &link] {
            assert!(provide(path, None).is_err());
            assert!(Fifo::open(path).is_err());
            remove(path).unwrap();
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    }

    #[test]
    fn a_pipe_that_was_replaced_is_no_longer_where_it_was() {
        let place = Place::new("replaced");
        let path = place.0.join("pipe");
        provide(&path, None).unwrap();
        let pipe = Fifo::open(&path).unwrap();
        assert!(pipe.is_at(&path));
        fs::rename(&path, place.0.join("elsewhere")).unwrap();
        assert!(!pipe.is_at(&path));
        provide(&path, None).unwrap();
        assert!(!pipe.is_at(&path));
    }
}
