//! The check worker's process: `worker::Check` on this host, with one end of the bus, what the bfd worker says, and a log.
//!
//! It is told everything by its supervisor over the bus, which it finds at descriptor 0. When the supervisor is gone, it
//! takes what is ours from the kernel's table and ends.

mod here;

use host::{Arrival, Instant, Journal as _, Severity};
use linux::namespace::Namespace;
use linux::poll::WaitError;
use linux::{Token, clock, process, signal};
use worker::Check;
use worker::bus::ToCheck;

use crate::bus::{Heard, ToProcess};
use crate::calm::Calm;
use crate::exit::Exit;
use crate::manner::Manner;
use crate::worker_process::{self, BUS, Verdicts};
use here::{Here, ToSupervisorLine};

/// What the bfd worker says.
const VERDICTS: Token = Token(2);

/// What a check worker's process does.
pub(crate) fn run() -> Exit {
    let Ok(socket) = process::take_stdin() else { return Exit::Shortage };
    let mut line = ToSupervisorLine::from_socket(socket);
    // Without this the end of the supervisor still closes the bus; with it a worker that hangs ends too.
    let _ = process::end_with_parent();
    let Some(ToProcess::Begin(begin)) = worker_process::await_first(&mut line) else { return Exit::Shortage };
    let failures = begin.manner.adopt(None);
    let mut journal = begin.log.open();
    for failure in failures {
        journal.write(Severity::Warning, &failure);
    }
    match worker_process::open(&line) {
        Ok(mut machine) => {
            match begin.ipvs.map(|path| Namespace::at(&path)).transpose() {
                Ok(namespace) => machine.place_ipvs(namespace),
                Err(error) => {
                    let line = format!("Unable to enter the network namespace of IPVS: {error}");
                    journal.write(Severity::Error, &line);
                    journal.flush();
                    return if process::is_shortage(&error) { Exit::Shortage } else { Exit::Fatal };
                }
            }
            Process::new(Here::new(machine, journal, line), begin.manner, begin.keep).live()
        }
        Err(error) => worker_process::give_up(&error, &mut journal),
    }
}

struct Process {
    check: Check<Here>,
    manner: Manner,
    /// `-I`.
    keep: bool,
    /// It ends without touching anything.
    left: bool,
    /// The next configuration is our predecessor's.
    resumes: bool,
    verdicts: Verdicts,
    /// The latest time that the worker was told.
    now: Instant,
    arrivals: Vec<Arrival>,
    calm: Calm,
    ready: Vec<Token>,
}

impl Process {
    fn new(here: Here, manner: Manner, keep: bool) -> Self {
        Self {
            check: Check::new(here),
            manner,
            keep,
            left: false,
            resumes: false,
            verdicts: Verdicts::new(VERDICTS),
            now: Instant::ZERO,
            arrivals: Vec::new(),
            calm: Calm::default(),
            ready: Vec::new(),
        }
    }

    fn live(mut self) -> Exit {
        while !self.left && !self.check.is_finished() {
            if let Err(error) = self.turn() {
                self.check.machine_mut().write(Severity::Alert, &error.to_string());
                return Exit::Broken;
            }
        }
        self.check.into_machine().part();
        Exit::Normal
    }

    fn turn(&mut self) -> Result<(), WaitError> {
        let deadline = self.check.deadline();
        let here = self.check.machine_mut();
        let deadline = deadline.into_iter().chain(here.hand_on()).min();
        let now = here.wait(deadline, &mut self.arrivals, &mut self.ready)?.max(self.now);
        self.now = now;
        for arrival in self.arrivals.drain(..) {
            self.check.arrive(arrival, now);
        }
        if self.ready.contains(&VERDICTS) {
            while let Some(verdict) = self.verdicts.next(&mut self.check.machine_mut().desk) {
                self.check.hear_verdict(verdict, now);
            }
        }
        let stop = self.check.machine_mut().desk.machine.signals().contains(&signal::STOP);
        // Before the signal: it may be that of our supervisor's end, and then the bus says so.
        if stop || self.ready.contains(&BUS) {
            self.listen();
        }
        if stop {
            self.hear(ToCheck::Stop);
        }
        self.ready.clear();
        Ok(())
    }

    fn listen(&mut self) {
        loop {
            match self.check.machine_mut().desk.receive() {
                Heard::Message(ToProcess::Worker(ToCheck::Configure(config)))
                    if std::mem::take(&mut self.resumes) =>
                {
                    self.hear(ToCheck::Resume(config));
                }
                Heard::Message(ToProcess::Worker(message)) => self.hear(message),
                Heard::Message(ToProcess::Pipes(paths)) => self.check.machine_mut().write_events_to(paths),
                Heard::Message(ToProcess::Run(manner)) => self.run_as(manner),
                Heard::Message(ToProcess::Verdicts) => self.verdicts.meet(&mut self.check.machine_mut().desk),
                Heard::Message(ToProcess::Resume(_)) => self.resumes = true,
                Heard::Message(ToProcess::Begin(_)) => {}
                Heard::Nothing => return,
                Heard::Closed | Heard::Nonsense(_) => return self.hear(ToCheck::Stop),
            }
        }
    }

    fn run_as(&mut self, manner: Manner) {
        worker_process::run_as(&mut self.manner, manner, self.check.machine_mut());
    }

    fn hear(&mut self, message: ToCheck) {
        if self.keep && message == ToCheck::Stop {
            self.left = true;
            return;
        }
        let configured = matches!(message, ToCheck::Configure(_) | ToCheck::Resume(_));
        if message == ToCheck::Ping {
            self.calm.settle();
        }
        self.now = clock::now();
        self.check.hear(message, self.now);
        if configured {
            self.calm.stir();
        }
    }
}
