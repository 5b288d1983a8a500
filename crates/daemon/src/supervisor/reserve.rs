//! Descriptors kept for what must not fail for want of them: a worker that has to be started anew while the file table is
//! full, and connections that are to be turned away instead of waking us for ever.

use std::fs::File;

/// What a start of a worker opens: both ends of its bus, a memory file for its configuration, `/dev/null` twice, and then both
/// ends of its line to the bfd worker; and some to spare for what it opens itself, where not our table is full but the whole
/// system's.
const KEPT: usize = 8;

/// The descriptors in reserve.
#[derive(Debug, Default)]
pub(super) struct Reserve(Vec<File>);

impl Reserve {
    /// A full reserve, as far as there are descriptors.
    pub(super) fn new() -> Self {
        let mut reserve = Self::default();
        reserve.refill();
        reserve
    }

    /// Gives them back to the process, to be used at once.
    pub(super) fn lend(&mut self) {
        self.0.clear();
    }

    /// Takes as many as are missing, or as there are.
    pub(super) fn refill(&mut self) {
        while self.0.len() < KEPT {
            let Ok(file) = File::open("/dev/null") else { return };
            self.0.push(file);
        }
    }
}
