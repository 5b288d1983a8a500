//! What was seen, in order, with its time; and waiting for something to be seen.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::clock::{Stamp, check_interrupt};

/// How long a reader sleeps in the kernel, or a waiter on the record, before it looks whether it should stop.
pub(crate) const TURN: Duration = Duration::from_millis(100);

/// Something that was seen.
pub(crate) trait Seen: Clone + Send + 'static {
    /// When.
    fn at(&self) -> Stamp;
}

/// A growing list, filled by a thread of its own for as long as it lives.
pub(crate) struct Record<T> {
    list: Arc<List<T>>,
    reader: Option<JoinHandle<()>>,
}

struct List<T> {
    entries: Mutex<Vec<T>>,
    grown: Condvar,
    stop: AtomicBool,
}

impl<T> List<T> {
    fn entries(&self) -> MutexGuard<'_, Vec<T>> {
        // A waiter that failed has left the list whole: it only reads.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Seen> Record<T> {
    /// Starts the thread. `read` waits for at most [`TURN`] and gives what came meanwhile.
    pub(crate) fn start(mut read: impl FnMut() -> Vec<T> + Send + 'static) -> Record<T> {
        let list = Arc::new(List {
            entries: Mutex::new(Vec::new()),
            grown: Condvar::new(),
            stop: AtomicBool::new(false),
        });
        let shared = Arc::clone(&list);
        let reader = thread::spawn(move || {
            while !shared.stop.load(Ordering::Relaxed) {
                let new = read();
                if !new.is_empty() {
                    shared.entries().extend(new);
                    shared.grown.notify_all();
                }
            }
        });
        Record { list, reader: Some(reader) }
    }

    /// The first entry not before `since` that `wanted` accepts, waiting until it comes or `within` has passed.
    /// The list is locked while `wanted` looks at an entry: it must not ask the record in turn.
    pub(crate) fn wait(&self, since: Stamp, within: Duration, wanted: impl Fn(&T) -> bool) -> Option<T> {
        let deadline = Stamp::now().plus(within);
        let mut looked_at = 0;
        let mut entries = self.list.entries();
        loop {
            if let Some(found) =
                entries[looked_at..].iter().find(|entry| entry.at() >= since && wanted(entry))
            {
                return Some(found.clone());
            }
            looked_at = entries.len();
            if Stamp::now() > deadline {
                return None;
            }
            check_interrupt();
            entries = match self.list.grown.wait_timeout(entries, TURN) {
                Ok((entries, _)) => entries,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// All entries so far that `wanted` accepts.
    pub(crate) fn all(&self, wanted: impl Fn(&T) -> bool) -> Vec<T> {
        self.list.entries().iter().filter(|entry| wanted(entry)).cloned().collect()
    }
}

impl<T> Drop for Record<T> {
    fn drop(&mut self) {
        self.list.stop.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            // A reader that panicked has nothing more to say; its trial fails for want of entries.
            let _ = reader.join();
        }
    }
}
