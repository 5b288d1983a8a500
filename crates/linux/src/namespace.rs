//! Network namespaces: the kernel's way of having several hosts on one machine.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::thread;

use rustix::fs::{Mode, OFlags};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A network namespace. It lives as long as this value, a process or a socket in it, or its name.
#[derive(Debug)]
pub struct Namespace {
    file: OwnedFd,
}

impl Namespace {
    /// The namespace that `ip netns` calls by this name.
    pub fn named(name: &str) -> io::Result<Self> {
        Self::at(&Self::path(name))
    }

    /// The file that stands for the namespace that `ip netns` calls by this name.
    pub fn path(name: &str) -> PathBuf {
        Path::new("/run/netns").join(name)
    }

    /// The namespace that the calling thread is in.
    pub fn current() -> io::Result<Self> {
        Self::at(Path::new("/proc/thread-self/ns/net"))
    }

    /// A new namespace without a name, with nothing in it but a loopback link that is down.
    pub fn create() -> io::Result<Self> {
        let made = thread::spawn(|| {
            // Only this thread moves, and it ends here. Descriptors stay shared: FILES is not asked for.
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET)?;
            Self::current()
        });
        made.join().unwrap_or_else(|_| Err(io::Error::other("the thread that made a namespace died")))
    }

    /// Moves the calling thread here. Sockets it has opened stay where they were opened.
    pub fn enter(&self) -> io::Result<()> {
        let kind = LinkNameSpaceType::Network;
        move_into_link_name_space(self.file.as_fd(), Some(kind)).map_err(io::Error::from)
    }

    /// Runs something in a thread of its own in here, and waits for it.
    pub fn run<T: Send>(&self, what: impl FnOnce() -> T + Send) -> io::Result<T> {
        thread::scope(|scope| {
            let inside = scope.spawn(|| self.enter().map(|()| what()));
            inside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// The namespace that a file stands for.
    pub fn at(path: &Path) -> io::Result<Self> {
        let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { file })
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.file.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::skipped;

    #[test]
    fn what_runs_inside_sees_only_that_namespace() {
        if skipped("what_runs_inside_sees_only_that_namespace") {
            return;
        }
        let list = || std::fs::read_to_string("/proc/thread-self/net/dev").unwrap().lines().count();
        let inside = Namespace::create().unwrap().run(list).unwrap();
        assert_eq!(inside, 3, "two lines of heading and lo");
    }

    #[test]
    fn a_name_that_is_not_there_is_an_error() {
        assert_eq!(Namespace::named("no-such-namespace").unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
