//! What the processes of all workers have in common: how they begin, and how they end.

use std::os::fd::AsFd;
use std::time::Duration;

use host::Severity;
use linux::journal::Journal;
use linux::{Interest, Machine, OpenError, Poll, Token, clock, signal};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bus::{Heard, Line};
use crate::exit::Exit;

/// The bus, among the descriptors that the machine watches for us.
pub(crate) const BUS: Token = Token(1);

/// How soon a bus that could not take something is tried again.
pub(crate) const RETRY: Duration = Duration::from_millis(100);

/// How long the end waits for the supervisor to take the last messages.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Waits for the first message. `None` if there is no supervisor that sends one.
pub(crate) fn await_first<S: Serialize, R: DeserializeOwned>(line: &mut Line<S, R>) -> Option<R> {
    let mut poll = Poll::new().ok()?;
    poll.watch(&*line, BUS, Interest::Read).ok()?;
    loop {
        poll.wait(None, &mut Vec::new()).ok()?;
        match line.receive() {
            Heard::Message(message) => return Some(message),
            Heard::Nothing => {}
            Heard::Closed | Heard::Nonsense(_) => return None,
        }
    }
}

/// Opens the machine, with the bus watched and the signals caught that a worker may get.
pub(crate) fn open(line: &impl AsFd) -> Result<Machine, OpenError> {
    let mut machine = Machine::open()?;
    machine.watch(line, BUS)?;
    // Sent to all processes of one name, as `killall -HUP` does, they concern the supervisor alone.
    let ignored = [signal::INTERRUPT, signal::RELOAD, signal::DATA, signal::STATS, signal::QUIT];
    let mut caught = vec![signal::STOP, signal::CHILD, signal::stats_clear(), signal::json()];
    caught.extend(ignored);
    machine.catch(&caught)?;
    Ok(machine)
}

/// Says why the machine could not be opened.
pub(crate) fn give_up(error: &OpenError, journal: &mut Journal) -> Exit {
    host::Journal::write(journal, Severity::Error, &error.to_string());
    journal.flush();
    if error.is_permission() { Exit::Permission } else { Exit::Fatal }
}

/// The end: the supervisor takes the last messages.
pub(crate) fn take_leave<S: Serialize, R: DeserializeOwned>(line: &mut Line<S, R>, machine: &mut Machine) {
    let limit = clock::now() + LAST_WORDS;
    while !line.flush() && !line.is_broken() && clock::now() < limit {
        let retry = clock::now() + Duration::from_millis(5);
        if machine.wait(Some(retry), &mut Vec::new(), &mut Vec::new()).is_err() {
            break;
        }
    }
}
