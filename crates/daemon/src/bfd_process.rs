//! The bfd worker's process: `worker::Bfd` on this host, with one end of the bus, a line to each of the other workers, and a
//! log.
//!
//! It is told everything by its supervisor over the bus, which it finds at descriptor 0. When the supervisor is gone, it
//! tells its neighbours so and ends.

mod here;

use std::hash::{BuildHasher, RandomState};

use host::{Arrival, Instant, Journal as _, Severity};
use linux::poll::WaitError;
use linux::{Token, clock, privilege, process, signal};
use worker::Bfd;
use worker::bus::ToBfd;

use crate::bus::{Heard, ToBfdProcess, Tracker, VerdictSender};
use crate::calm::Calm;
use crate::exit::Exit;
use crate::manner::Manner;
use crate::worker_process::{self, BUS};
use here::{Here, ToSupervisorLine};

/// What a bfd worker's process does.
pub(crate) fn run() -> Exit {
    let Ok(socket) = process::take_stdin() else { return Exit::Shortage };
    let mut line = ToSupervisorLine::from_socket(socket);
    // Without this the end of the supervisor still closes the bus; with it a worker that hangs ends too.
    let _ = process::end_with_parent();
    let Some(ToBfdProcess::Begin(begin)) = worker_process::await_first(&mut line) else {
        return Exit::Shortage;
    };
    let mut failures = begin.manner.adopt(None);
    // Each session has a socket of its own.
    if let Err(error) = privilege::allow_many_files() {
        failures.push(format!("Unable to raise the limit of open files: {error}"));
    }
    let mut journal = begin.log.open();
    for failure in failures {
        journal.write(Severity::Warning, &failure);
    }
    match worker_process::open(&line) {
        Ok(machine) => Process::new(Here::new(machine, journal, line), begin.manner).live(),
        Err(error) => worker_process::give_up(&error, &mut journal),
    }
}

struct Process {
    bfd: Bfd<Here>,
    manner: Manner,
    /// The latest time that the worker was told.
    now: Instant,
    arrivals: Vec<Arrival>,
    calm: Calm,
    ready: Vec<Token>,
}

impl Process {
    fn new(here: Here, manner: Manner) -> Self {
        // The keys of this hasher are the system's random numbers.
        let seed = RandomState::new().hash_one(std::process::id());
        Self {
            bfd: Bfd::new(here, seed),
            manner,
            now: Instant::ZERO,
            arrivals: Vec::new(),
            calm: Calm::default(),
            ready: Vec::new(),
        }
    }

    fn live(mut self) -> Exit {
        while !self.bfd.is_finished() {
            if let Err(error) = self.turn() {
                self.bfd.machine_mut().write(Severity::Alert, &error.to_string());
                return Exit::Broken;
            }
        }
        self.bfd.into_machine().part();
        Exit::Normal
    }

    fn turn(&mut self) -> Result<(), WaitError> {
        let deadline = self.bfd.deadline();
        let here = self.bfd.machine_mut();
        let deadline = deadline.into_iter().chain(here.hand_on()).min();
        // A packet may have come in while the last turn went on.
        let now = here.wait(deadline, &mut self.arrivals, &mut self.ready)?.max(self.now);
        self.now = now;
        for arrival in self.arrivals.drain(..) {
            self.bfd.arrive(arrival, now);
        }
        if self.bfd.machine_mut().has_caught_up() {
            self.bfd.tell_all(now);
        }
        let stop = self.bfd.machine_mut().desk.machine.signals().contains(&signal::STOP);
        // Before the signal: it may be that of our supervisor's end, and then the bus says so.
        if stop || self.ready.contains(&BUS) {
            self.listen();
        }
        if stop {
            self.hear(ToBfd::Stop);
        }
        self.ready.clear();
        Ok(())
    }

    fn listen(&mut self) {
        loop {
            match self.bfd.machine_mut().desk.receive() {
                Heard::Message(ToBfdProcess::Worker(message)) => self.hear(message),
                Heard::Message(ToBfdProcess::Tracker(tracker)) => self.meet(tracker),
                Heard::Message(ToBfdProcess::Run(manner)) => self.run_as(manner),
                Heard::Message(ToBfdProcess::Begin(_)) => {}
                Heard::Nothing => return,
                Heard::Closed | Heard::Nonsense(_) => return self.hear(ToBfd::Stop),
            }
        }
    }

    fn hear(&mut self, message: ToBfd) {
        let configured = matches!(message, ToBfd::Configure(_));
        if message == ToBfd::Ping {
            self.calm.settle();
        }
        self.now = clock::now();
        self.bfd.hear(message, self.now);
        if configured {
            self.calm.stir();
        }
    }

    fn meet(&mut self, tracker: Tracker) {
        if let Some(socket) = self.bfd.machine_mut().desk.line.take_descriptor() {
            self.bfd.machine_mut().speak_to(tracker, VerdictSender::from_socket(socket));
            self.now = clock::now();
            self.bfd.tell_all(self.now);
        }
    }

    fn run_as(&mut self, manner: Manner) {
        worker_process::run_as(&mut self.manner, manner, self.bfd.machine_mut());
    }
}
