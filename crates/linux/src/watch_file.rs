//! Following files by their directories (inotify): written, put in place, taken away.
//!
//! A file need not exist; its directory is looked for again and again while it does not. What a file holds is read by
//! [`number`], after [`FileWatch::changed`] named it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};

use crate::process;

/// More than any number has digits.
const MOST_BYTES: u64 = 128;
/// Room for some fifty events; more are read by the next call.
const BUFFER: usize = 4096;

/// Follows any number of files.
#[derive(Debug)]
pub struct FileWatch {
    inotify: OwnedFd,
    /// Each directory, with its watch while it can be watched.
    directories: BTreeMap<PathBuf, Option<i32>>,
    files: BTreeSet<PathBuf>,
}

impl FileWatch {
    /// Follows nothing yet.
    pub fn open() -> io::Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        Ok(Self { inotify, directories: BTreeMap::new(), files: BTreeSet::new() })
    }

    /// Follows these files from now on, and no others.
    pub fn follow(&mut self, files: impl IntoIterator<Item = PathBuf>) {
        self.files = files.into_iter().collect();
        let wanted: BTreeSet<PathBuf> = self.files.iter().map(|file| directory(file).to_owned()).collect();
        let gone = self.directories.extract_if(.., |directory, _| !wanted.contains(directory));
        for watch in gone.filter_map(|(_, watch)| watch) {
            // It fails only if the directory went first.
            let _ = inotify::remove_watch(&self.inotify, watch);
        }
        for directory in wanted {
            self.directories.entry(directory).or_insert(None);
        }
        self.retry();
    }

    /// Looks for directories that were not there; returns the files in those that now are.
    pub fn retry(&mut self) -> Vec<PathBuf> {
        let flags = WatchFlags::CLOSE_WRITE
            | WatchFlags::MOVE
            | WatchFlags::DELETE
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        let mut found = BTreeSet::new();
        for (directory, watch) in self.directories.iter_mut().filter(|(_, watch)| watch.is_none()) {
            *watch = inotify::add_watch(&self.inotify, directory, flags).ok();
            if watch.is_some() {
                found.insert(directory.as_path());
            }
        }
        self.files.iter().filter(|file| found.contains(directory(file))).cloned().collect()
    }

    /// Whether a directory is missing: then [`Self::retry`] is due from time to time.
    pub fn is_incomplete(&self) -> bool {
        self.directories.values().any(Option::is_none)
    }

    /// The files that something happened to. Never waits.
    pub fn changed(&mut self) -> BTreeSet<PathBuf> {
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut changed = BTreeSet::new();
        let mut lost = Vec::new();
        while let Ok(event) = reader.next() {
            let flags = event.events();
            if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
                changed.extend(self.files.iter().cloned());
                continue;
            }
            let of = |watch: &Option<i32>| *watch == Some(event.wd());
            let Some(directory) = self.directories.iter().find(|(_, watch)| of(watch)).map(|(path, _)| path)
            else {
                continue;
            };
            if flags.intersects(ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::IGNORED) {
                lost.push(directory.clone());
            } else if let Some(name) = event.file_name() {
                let file = directory.join(OsStr::from_bytes(name.to_bytes()));
                changed.extend(self.files.get(&file).cloned());
            }
        }
        for gone in lost {
            changed.extend(self.files.iter().filter(|file| directory(file) == gone).cloned());
            if let Some(Some(watch)) = self.directories.insert(gone, None) {
                // A directory that was moved is still watched.
                let _ = inotify::remove_watch(&self.inotify, watch);
            }
        }
        changed
    }
}

impl AsFd for FileWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

/// The number that a file begins with; 0 if there is none, or no file. An error only if it cannot be told now, for want of
/// a descriptor: another time it can.
///
/// As keepalived: read as C reads numbers (`010` is 8, `0x10` is 16), and what follows it does not matter.
pub fn number(path: &Path) -> io::Result<i64> {
    let mut text = Vec::new();
    let read = OpenOptions::new()
        .read(true)
        // A named pipe in the place of a file must not make us wait.
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .and_then(|file| file.take(MOST_BYTES).read_to_end(&mut text));
    match read {
        Ok(_) => Ok(parse(&text)),
        Err(error) if process::is_shortage(&error) => Err(error),
        Err(_) => Ok(0),
    }
}

/// Reads a number as `strtol` with base 0 does; too large a one is the largest.
fn parse(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, text) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let (radix, digits) = match text {
        [b'0', b'x' | b'X', digits @ ..] => (16, digits),
        [b'0', digits @ ..] => (8, digits),
        digits => (10, digits),
    };
    let digits = digits.iter().map_while(|byte| char::from(*byte).to_digit(radix));
    let value = digits
        .fold(0i64, |value, digit| value.saturating_mul(i64::from(radix)).saturating_add(i64::from(digit)));
    if negative { -value } else { value }
}

fn directory(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("standfast-watch-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// As keepalived 2.2.7 took them.
    #[test]
    fn numbers_are_read_as_c_reads_them() {
        for (text, value) in [
            ("12abc", 12),
            ("abc", 0),
            ("0x10", 16),
            (" 7", 7),
            ("+5", 5),
            ("010", 8),
            ("-5 3", -5),
            ("1.9", 1),
            ("", 0),
            ("\n8\n", 8),
            ("-", 0),
            ("99999999999999999999", i64::MAX),
            ("-99999999999999999999", -i64::MAX),
        ] {
            assert_eq!(parse(text.as_bytes()), value, "{text:?}");
        }
    }

    #[test]
    fn a_file_is_told_of_when_it_is_written_replaced_and_taken_away() {
        let place = Place::new("file");
        let (file, other) = (place.0.join("file"), place.0.join("other"));
        let mut watch = FileWatch::open().unwrap();
        watch.follow([file.clone()]);
        assert!(!watch.is_incomplete());
        assert_eq!(number(&file).unwrap(), 0);
        let one = BTreeSet::from([file.clone()]);
        fs::write(&file, "5").unwrap();
        assert_eq!((watch.changed(), number(&file).unwrap()), (one.clone(), 5));
        fs::write(&other, "6").unwrap();
        assert_eq!(watch.changed(), BTreeSet::new());
        fs::rename(&other, &file).unwrap();
        assert_eq!((watch.changed(), number(&file).unwrap()), (one.clone(), 6));
        fs::remove_file(&file).unwrap();
        assert_eq!((watch.changed(), number(&file).unwrap()), (one, 0));
        watch.follow([other.clone()]);
        fs::write(&file, "7").unwrap();
        assert_eq!(watch.changed(), BTreeSet::new(), "no longer followed");
    }

    #[test]
    fn a_directory_that_goes_and_comes_again_is_followed_again() {
        let place = Place::new("directory");
        let directory = place.0.join("inner");
        let file = directory.join("file");
        let mut watch = FileWatch::open().unwrap();
        watch.follow([file.clone()]);
        assert!(watch.is_incomplete());
        fs::create_dir(&directory).unwrap();
        assert_eq!(watch.retry(), std::slice::from_ref(&file));
        assert!(!watch.is_incomplete());
        fs::rename(&directory, place.0.join("elsewhere")).unwrap();
        assert_eq!(watch.changed(), BTreeSet::from([file.clone()]));
        assert!(watch.is_incomplete());
        fs::create_dir(&directory).unwrap();
        assert_eq!(watch.retry(), std::slice::from_ref(&file));
        fs::write(&file, "5").unwrap();
        assert_eq!(watch.changed(), BTreeSet::from([file]));
    }

    #[test]
    fn a_pipe_in_the_place_of_a_file_does_not_make_us_wait() {
        let place = Place::new("pipe");
        let pipe = place.0.join("pipe");
        crate::fifo::provide(&pipe, None).unwrap();
        assert_eq!(number(&pipe).unwrap(), 0);
    }
}
