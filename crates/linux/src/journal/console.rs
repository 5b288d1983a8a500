//! Descriptor 2.
//!
//! It may be a pipe that others share, so it must not be made non-blocking: that would change it for them too. What the
//! descriptor names is opened anew where that is possible; elsewhere each write is preceded by a look whether it would
//! wait.

use std::io::{self, Stderr};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::net::SendFlags;

use super::{Put, failed, wrote};

#[derive(Debug)]
pub(super) enum Console {
    /// A pipe or terminal, opened anew: a write that would wait fails instead.
    Anew(OwnedFd),
    /// A socket: told with each record not to wait.
    Socket(Stderr),
    /// A file, which never waits, or what could not be opened anew.
    Shared(Stderr),
}

impl Console {
    pub(super) fn open() -> Self {
        let stderr = io::stderr();
        let kind = rustix::fs::fstat(&stderr).map(|stat| FileType::from_raw_mode(stat.st_mode));
        match kind {
            Ok(FileType::Socket) => Self::Socket(stderr),
            // A file opened anew would be written from its beginning.
            Ok(FileType::RegularFile) | Err(_) => Self::Shared(stderr),
            Ok(_) => {
                let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
                match rustix::fs::open("/proc/self/fd/2", flags, Mode::empty()) {
                    Ok(anew) => Self::Anew(anew),
                    Err(_) => Self::Shared(stderr),
                }
            }
        }
    }

    /// What is written together need not be one record.
    pub(super) const fn is_stream(&self) -> bool {
        !matches!(self, Self::Socket(_))
    }

    pub(super) fn put(&self, entry: &[u8]) -> Put {
        let result = match self {
            Self::Anew(anew) => rustix::io::write(anew, entry),
            Self::Socket(stderr) => {
                rustix::net::send(stderr.as_fd(), entry, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)
            }
            Self::Shared(stderr) => {
                let mut ready = [PollFd::new(stderr, PollFlags::OUT)];
                match poll(&mut ready, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
                    Ok(1..) => rustix::io::write(stderr, entry),
                    Ok(0) => Err(rustix::io::Errno::AGAIN),
                    Err(error) => Err(error),
                }
            }
        };
        result.map_or_else(failed, |written| wrote(written, entry))
    }
}
