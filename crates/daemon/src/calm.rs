//! What a process does to be small when it has little to do: a start, a reload and a dump need memory, and code, that
//! nothing else needs.

use linux::schedule;

/// Whether something of that kind went on lately.
#[derive(Debug, Default)]
pub(crate) struct Calm {
    stirred: bool,
}

impl Calm {
    /// Something is over that needed much. Much may follow from it.
    pub(crate) fn stir(&mut self) {
        schedule::give_back_memory();
        self.stirred = true;
    }

    /// All goes its ordinary way again: a sign of life was asked for, or given.
    pub(crate) fn settle(&mut self) {
        if std::mem::take(&mut self.stirred) {
            schedule::settle();
        }
    }
}
