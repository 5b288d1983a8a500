//! Whether there were descriptors enough to look at everything. A file that could not be opened for want of one looks like a
//! file that is not there: a configuration that was read meanwhile may lack users, interfaces and whole included files.

use std::cell::Cell;
use std::io;

/// `ENOMEM`, `ENFILE` and `EMFILE` of Linux.
const SHORTAGES: [i32; 3] = [12, 23, 24];

/// Remembers the first thing that could not be looked at for want of a descriptor or memory.
#[derive(Clone, Debug, Default)]
pub struct Shortage(Cell<Option<i32>>);

impl Shortage {
    /// Passes on how an attempt ended, and remembers it if it is a shortage.
    pub fn note<T>(&self, attempt: io::Result<T>) -> io::Result<T> {
        let code = attempt.as_ref().err().and_then(io::Error::raw_os_error);
        if let Some(code) = code.filter(|code| SHORTAGES.contains(code))
            && self.0.get().is_none()
        {
            self.0.set(Some(code));
        }
        attempt
    }

    /// The first one; with it nothing that was found is to be believed.
    pub fn first(&self) -> Option<io::Error> {
        self.0.get().map(io::Error::from_raw_os_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_shortage_is_remembered_and_other_failures_are_none() {
        let shortage = Shortage::default();
        let fail = |code| shortage.note::<()>(Err(io::Error::from_raw_os_error(code))).is_err();
        assert!(shortage.note(Ok(7)).is_ok_and(|value| value == 7) && fail(2));
        assert!(shortage.first().is_none());
        assert!(fail(23) && fail(24) && fail(2));
        assert_eq!(shortage.first().and_then(|error| error.raw_os_error()), Some(23));
    }
}
