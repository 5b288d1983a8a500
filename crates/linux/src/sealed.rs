//! Memory files that nobody can change any more: bytes for another process, or put aside. As long as none reads it, such
//! a file is in no process's memory.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, memfd_create};

/// Most bytes that are read: far above any configuration, and a limit on what a broken peer can make us read.
pub const MOST_BYTES: usize = 64 * 1024 * 1024;

/// A sealed memory file.
#[derive(Debug)]
pub struct Sealed(File);

impl Sealed {
    /// One with what `fill` writes.
    pub fn new(fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<Self> {
        let file = memfd_create("standfast", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        let mut writer = BufWriter::new(File::from(file));
        fill(&mut writer)?;
        let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Ok(Self(file))
    }

    /// One that somebody else made. Fails if it could still change under our hands.
    pub fn received(file: OwnedFd) -> io::Result<Self> {
        if !fcntl_get_seals(&file)?.contains(SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Self(file.into()))
    }

    /// The same file once more.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self(self.0.try_clone()?))
    }

    /// What is in it. Fails above [`MOST_BYTES`].
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let size = usize::try_from(self.0.metadata()?.len()).ok().filter(|&size| size <= MOST_BYTES);
        let mut bytes = vec![0; size.ok_or(io::ErrorKind::InvalidData)?];
        // Not from where the file stands: whoever else has it shares that.
        self.0.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }
}

impl AsFd for Sealed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<Sealed> for OwnedFd {
    fn from(file: Sealed) -> Self {
        file.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_file_is_read_as_often_as_it_is_asked_for() {
        let file = Sealed::new(|writer| writer.write_all(&[7; 100_000])).unwrap();
        let other = Sealed::received(file.try_clone().unwrap().into()).unwrap();
        for file in [&file, &other, &file] {
            assert_eq!(file.read().unwrap(), [7; 100_000]);
        }
        assert!(File::from(OwnedFd::from(file)).write(b"x").is_err());
    }

    #[test]
    fn a_memory_file_that_could_still_change_is_refused() {
        let file = memfd_create("loose", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        assert!(Sealed::received(file).is_err());
    }
}
