//! A file with a process's number, by which a second daemon and the tools of operators find the first.
//!
//! The number alone proves nothing: after a crash it is stale, and the kernel may have given it to another process. So
//! the file is locked (`flock`) as long as its daemon lives, and the lock is what counts between our own daemons. Only
//! for Keepalived itself, which does not lock, is the number looked at.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::clock;

/// A pid file that this process holds. It is removed when dropped.
#[derive(Debug)]
pub struct PidFile {
    file: File,
    path: PathBuf,
}

/// Why a pid file cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PidFileError {
    /// A living daemon has it.
    #[error("daemon is already running")]
    Running,
    /// The file system refused.
    #[error("pid file {}: {cause}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What it said.
        #[source]
        cause: io::Error,
    },
}

impl PidFile {
    /// Takes the file for as long as this process lives, and empties it: nothing is named yet.
    pub fn reserve(path: &Path) -> Result<Self, PidFileError> {
        let refused = |cause| PidFileError::Refused { path: path.to_path_buf(), cause };
        let mut file = lock(path).map_err(refused)?.ok_or(PidFileError::Running)?;
        let mut text = String::new();
        // Anything but a number is a leftover.
        let _ = Read::by_ref(&mut file).take(32).read_to_string(&mut text);
        if let Ok(other) = text.trim().parse() {
            let written = file.metadata().map_err(refused)?.mtime();
            if is_foreign_daemon(other, written) {
                return Err(PidFileError::Running);
            }
        }
        file.set_len(0).map_err(refused)?;
        Ok(Self { file, path: path.to_path_buf() })
    }

    /// Writes a number: ours, or that of a worker started anew. That it is ours does not depend on this.
    pub fn write(&mut self, pid: u32) -> io::Result<()> {
        self.file.set_permissions(Permissions::from_mode(0o644))?;
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(format!("{pid}\n").as_bytes())
    }

    /// Empties it: its process has ended, and the next has not begun.
    pub fn clear(&mut self) {
        // What stays is a stale number, which nobody should have trusted anyway.
        let _ = self.file.set_len(0);
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Another's file at our path is not ours to remove.
        if is_at(&self.file, &self.path).unwrap_or(false) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Opens and locks; `None` if another holds the lock.
fn lock(path: &Path) -> io::Result<Option<File>> {
    // A daemon that ends removes its file. Having opened it before and locked it after that, we would hold a file that
    // nobody sees; then look again. Each turn needs such an end, so a few are plenty.
    for _ in 0..10 {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o644)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        if is_at(&file, path)? {
            return Ok(Some(file));
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

/// Whether `path` names this open file.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// How much later than its pid file a process may have begun, by clocks that are set and rounded, and still be the one
/// that wrote it. A number is used again only after all others were, which takes longer.
const SLACK: Duration = Duration::from_secs(10);

/// Whether the process is a Keepalived that is not ours and that was there when the file was written (`written`, in
/// seconds since 1970). Ours would hold the lock.
fn is_foreign_daemon(pid: u32, written: i64) -> bool {
    let directory = PathBuf::from(format!("/proc/{pid}"));
    let Ok(name) = fs::read_to_string(directory.join("comm")) else { return false };
    if name.trim_end() != "keepalived" {
        return false;
    }
    let identity = |path: &Path| fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()));
    match identity(&directory.join("exe")) {
        // It has ended, and waits for its parent to notice.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return false,
        Ok(theirs) if identity(Path::new("/proc/self/exe")).is_ok_and(|ours| ours == theirs) => return false,
        // Another program, or one that we may not look at.
        Ok(_) | Err(_) => {}
    }
    let Some(age) = age_of(&directory) else { return true };
    let begun = clock::wall().seconds - seconds(age + SLACK);
    begun <= written
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// How long a process has lived: now less field 22 of its `stat`, both since boot.
fn age_of(directory: &Path) -> Option<Duration> {
    let stat = fs::read_to_string(directory.join("stat")).ok()?;
    // The second field is a name in parentheses that may hold anything, parentheses too.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: u64 = fields.split_whitespace().nth(19)?.parse().ok()?;
    let millis = ticks.checked_mul(1000)? / rustix::param::clock_ticks_per_second().max(1);
    let since_boot = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let since_boot = Duration::try_from(since_boot).ok()?;
    // The tick that it began in may not be over yet.
    Some(since_boot.saturating_sub(Duration::from_millis(millis)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(path: &Path, pid: u32) -> Result<PidFile, PidFileError> {
        let mut file = PidFile::reserve(path)?;
        file.write(pid).unwrap();
        Ok(file)
    }

    /// A directory that is removed at the end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("standfast-pidfile-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
        fn file(&self) -> PathBuf {
            self.0.join("a.pid")
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn one_daemon_has_the_file_until_it_ends() {
        let scratch = Scratch::new("once");
        let first = claim(&scratch.file(), 42).unwrap();
        assert_eq!(fs::read_to_string(scratch.file()).unwrap(), "42\n");
        assert_eq!(fs::metadata(scratch.file()).unwrap().mode() & 0o777, 0o644);
        assert!(matches!(claim(&scratch.file(), 43), Err(PidFileError::Running)));
        drop(first);
        assert!(!scratch.file().exists());
        assert!(claim(&scratch.file(), 43).is_ok());
    }

    #[test]
    fn a_stale_file_and_one_whose_number_another_program_has_do_not_count() {
        let scratch = Scratch::new("stale");
        // This process lives and is no keepalived; the others are no processes.
        for text in
            [format!("{}\n", std::process::id()), "4194305\n".into(), "nonsense".into(), String::new()]
        {
            fs::write(scratch.file(), &text).unwrap();
            assert!(claim(&scratch.file(), 1).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_file_replaced_behind_our_back_is_not_removed() {
        let scratch = Scratch::new("replaced");
        let first = claim(&scratch.file(), 42).unwrap();
        fs::remove_file(scratch.file()).unwrap();
        let second = claim(&scratch.file(), 43).unwrap();
        drop(first);
        assert_eq!(fs::read_to_string(scratch.file()).unwrap(), "43\n");
        drop(second);
    }

    #[test]
    fn the_age_of_this_process_is_known_and_short() {
        let age = age_of(Path::new("/proc/self")).unwrap();
        assert!(age < Duration::from_secs(3600), "{age:?}");
    }

    #[test]
    fn a_process_named_keepalived_counts_only_if_it_is_older_than_the_file() {
        let scratch = Scratch::new("foreign");
        let program = scratch.0.join("keepalived");
        fs::copy("/bin/sleep", &program).unwrap();
        let mut process = std::process::Command::new(&program).arg("60").spawn().unwrap();
        let name = format!("/proc/{}/comm", process.id());
        while fs::read_to_string(&name).unwrap() != "keepalived\n" {
            // The kernel gives it its name a moment after it was started.
            std::thread::yield_now();
        }
        let now = clock::wall().seconds;
        assert!(is_foreign_daemon(process.id(), now));
        assert!(!is_foreign_daemon(process.id(), now - 3600));
        process.kill().unwrap();
        // Ended but not reaped.
        while fs::metadata(format!("/proc/{}/exe", process.id())).is_ok() {
            std::thread::yield_now();
        }
        assert!(!is_foreign_daemon(process.id(), now));
        process.wait().unwrap();
    }
}
