//! What the processes of all workers have in common: how they begin, and how they end.

mod verdicts;

use std::os::fd::AsFd;
use std::time::Duration;

use host::{Instant, Severity};
use linux::journal::Journal;
use linux::{Interest, Machine, OpenError, Poll, Token, clock, signal};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bus::{Heard, Line};
use crate::exit::Exit;
use crate::manner::Manner;
pub(crate) use verdicts::Verdicts;

/// The bus, among the descriptors that the machine watches for us.
pub(crate) const BUS: Token = Token(1);

/// How soon a bus that could not take something is tried again.
const RETRY: Duration = Duration::from_millis(100);

/// How long the end waits for the supervisor to take the last messages.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a worker sits at whose supervisor takes everything that is left undone with it: the machine, the log and the bus.
pub(crate) struct Desk<S, R> {
    pub(crate) machine: Machine,
    pub(crate) journal: Journal,
    pub(crate) line: Line<S, R>,
    orphaned: bool,
}

impl<S: Serialize, R: DeserializeOwned> Desk<S, R> {
    pub(crate) const fn new(machine: Machine, journal: Journal, line: Line<S, R>) -> Self {
        Self { machine, journal, line, orphaned: false }
    }

    /// The supervisor's next message. Once it hangs up or makes no sense, which is told once, there is none any more.
    pub(crate) fn receive(&mut self) -> Heard<R> {
        if self.orphaned {
            return Heard::Nothing;
        }
        let heard = self.line.receive();
        let why = match &heard {
            Heard::Message(_) | Heard::Nothing => return heard,
            Heard::Closed => "The supervisor is gone".to_owned(),
            Heard::Nonsense(why) => format!("The supervisor makes no sense: {why}"),
        };
        self.machine.unwatch(&self.line);
        self.orphaned = true;
        host::Journal::write(&mut self.journal, Severity::Alert, &format!("{why}: giving up"));
        heard
    }

    /// Whether there is no supervisor any more.
    pub(crate) const fn is_orphaned(&self) -> bool {
        self.orphaned
    }

    /// Tells the supervisor, if there is one.
    pub(crate) fn tell(&mut self, message: &S) {
        if self.orphaned {
            return;
        }
        if let Err(error) = self.line.send(message) {
            let line = format!("The supervisor does not listen: {error}");
            host::Journal::write(&mut self.journal, Severity::Error, &line);
        }
    }

    /// Hands on what waits; `told`: nothing waits elsewhere. Returns when what is left is to be tried again.
    pub(crate) fn hand_on(&mut self, told: bool) -> Option<Instant> {
        self.journal.flush();
        let flushed = self.orphaned || self.line.flush();
        let retry = (!flushed || !told).then(|| clock::now() + RETRY);
        self.journal.deadline().into_iter().chain(retry).min()
    }
}

/// Runs as it is told from now on; what fails is said.
pub(crate) fn run_as(current: &mut Manner, next: Manner, journal: &mut impl host::Journal) {
    let failures = next.adopt(Some(current));
    *current = next;
    for failure in failures {
        journal.write(Severity::Warning, &failure);
    }
}

/// Waits for the first message. `None` if there is no supervisor that sends one, or no descriptor to wait with.
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
    if error.is_permission() {
        Exit::Permission
    } else if error.is_shortage() {
        Exit::Shortage
    } else {
        Exit::Fatal
    }
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
