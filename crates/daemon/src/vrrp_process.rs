//! The vrrp worker's process: `worker::Vrrp` on this host, with one end of the bus and a log.
//!
//! It is told everything by its supervisor over the bus, which it finds at descriptor 0. When the supervisor is gone, it
//! gives up at once: masters say so, addresses go, and since nobody else is left to run them, it runs the last scripts
//! itself.

mod beats;
mod here;
mod orphan;
mod watchers;

use host::{Arrival, Instant, Severity};
use linux::poll::WaitError;
use linux::{Token, clock, process, schedule, signal};
use worker::Vrrp;
use worker::bus::ToWorker;

use crate::bus::{Heard, Past, ToProcess};
use crate::calm::Calm;
use crate::exit::Exit;
use crate::manner::Manner;
use crate::worker_process::{self, BUS, Verdicts};
use here::{Here, ToSupervisorLine};
use watchers::Watchers;

/// What the bfd worker says; those of the watchers come before it.
const VERDICTS: Token = Token(4);

/// Arrivals that room is kept for.
const ROOM: usize = 64;

/// What a vrrp worker's process does.
pub(crate) fn run() -> Exit {
    let Ok(socket) = process::take_stdin() else { return Exit::Shortage };
    let mut line = ToSupervisorLine::from_socket(socket);
    // Without this the end of the supervisor still closes the bus; with it a worker that hangs ends too.
    let _ = process::end_with_parent();
    let Some(ToProcess::Begin(begin)) = worker_process::await_first(&mut line) else { return Exit::Shortage };
    let failures = begin.manner.adopt(None);
    let mut journal = begin.log.open();
    for failure in failures {
        host::Journal::write(&mut journal, Severity::Warning, &failure);
    }
    match worker_process::open(&line) {
        Ok(machine) => {
            let [orders, news, processes] = begin.netlink;
            if let Err(error) = machine.size_netlink(orders, news) {
                let line = format!("Unable to size netlink buffers: {error}");
                host::Journal::write(&mut journal, Severity::Warning, &line);
            }
            let watchers = Watchers::new(begin.home, processes);
            Process::new(
                Here::new(machine, journal, line, begin.promoted),
                watchers,
                begin.manner,
                begin.keep,
            )
            .live()
        }
        Err(error) => worker_process::give_up(&error, &mut journal),
    }
}

struct Process {
    vrrp: Vrrp<Here>,
    watchers: Watchers,
    manner: Manner,
    /// `-V`.
    keep: bool,
    /// What was before us, until we obey a configuration.
    past: Option<Past>,
    verdicts: Verdicts,
    /// The latest time that the worker was told.
    now: Instant,
    arrivals: Vec<Arrival>,
    calm: Calm,
    /// Much happened at once, which needed memory.
    behind: bool,
    ready: Vec<Token>,
}

impl Process {
    fn new(here: Here, watchers: Watchers, manner: Manner, keep: bool) -> Self {
        Self {
            vrrp: Vrrp::new(here),
            watchers,
            manner,
            keep,
            past: None,
            verdicts: Verdicts::new(VERDICTS),
            now: Instant::ZERO,
            arrivals: Vec::new(),
            calm: Calm::default(),
            behind: false,
            ready: Vec::new(),
        }
    }

    fn live(mut self) -> Exit {
        while !self.vrrp.is_finished() {
            if let Err(error) = self.turn() {
                let here = self.vrrp.machine_mut();
                host::Journal::write(here, Severity::Alert, &error.to_string());
                return Exit::Broken;
            }
        }
        self.vrrp.into_machine().part();
        Exit::Normal
    }

    fn turn(&mut self) -> Result<(), WaitError> {
        let deadline = self.vrrp.deadline();
        let here = self.vrrp.machine_mut();
        let retry = here.hand_on();
        let deadline = deadline.into_iter().chain(retry).chain(self.watchers.deadline()).min();
        // A packet may have come in while the last turn went on.
        let now = here.wait(deadline, &mut self.arrivals, &mut self.ready)?.max(self.now);
        self.now = now;
        // What waits for a quiet turn is due at the beginning of all time, and never late.
        if let Some(due) = self.vrrp.deadline().filter(|due| (Instant::ZERO < *due) && *due <= now) {
            self.vrrp.machine_mut().mind_lateness(due, now);
            self.raise(now.since(due));
        }
        for token in &self.ready {
            self.watchers.serve(*token, now, &mut self.arrivals);
        }
        self.watchers.wake(now, self.vrrp.machine_mut(), &mut self.arrivals);
        self.vrrp.arrive_all(self.arrivals.drain(..), now);
        if self.ready.contains(&VERDICTS) {
            while let Some(verdict) = self.verdicts.next(&mut self.vrrp.machine_mut().desk) {
                self.vrrp.hear_verdict(verdict, now);
            }
        }
        let stop = self.vrrp.machine_mut().desk.machine.signals().contains(&signal::STOP);
        // Before the signal: it may be that of our supervisor's end, and then the bus says so.
        if stop || self.ready.contains(&BUS) {
            self.listen();
        }
        if stop {
            self.hear(ToWorker::Stop);
        }
        self.ready.clear();
        // A flood that has come to an end leaves nothing behind.
        self.arrivals.shrink_to(ROOM);
        if std::mem::replace(&mut self.behind, self.vrrp.is_behind()) && !self.behind {
            schedule::give_back_memory();
        }
        Ok(())
    }

    /// Served sooner from now on, if it was woken so late and may (`max_auto_priority`).
    fn raise(&mut self, late: std::time::Duration) {
        let line = match self.manner.mind_lateness(late) {
            None => return,
            Some(Ok(priority)) => format!("Set real-time priority to {priority}, since a timer was late"),
            Some(Err(error)) => format!("Unable to set real-time priority: {error}"),
        };
        host::Journal::write(self.vrrp.machine_mut(), Severity::Info, &line);
    }

    fn listen(&mut self) {
        loop {
            match self.vrrp.machine_mut().desk.receive() {
                Heard::Message(ToProcess::Worker(message)) => self.hear(message),
                Heard::Message(ToProcess::Pipes(paths)) => self.vrrp.machine_mut().write_events_to(paths),
                Heard::Message(ToProcess::Run(manner)) => self.run_as(manner),
                Heard::Message(ToProcess::Verdicts) => self.verdicts.meet(&mut self.vrrp.machine_mut().desk),
                Heard::Message(ToProcess::Resume(past)) => self.past = Some(past),
                Heard::Message(ToProcess::Begin(_)) => {}
                Heard::Nothing => return,
                Heard::Closed | Heard::Nonsense(_) => return self.hear(ToWorker::Stop),
            }
        }
    }

    fn run_as(&mut self, manner: Manner) {
        worker_process::run_as(&mut self.manner, manner, self.vrrp.machine_mut());
    }

    fn hear(&mut self, mut message: ToWorker) {
        if self.keep && message == ToWorker::Stop {
            self.vrrp.machine_mut().keep();
        }
        self.now = clock::now();
        if let ToWorker::Configure(configure) = &mut message {
            if let Some(Past { memories, startup_delay }) = self.past.take() {
                configure.memories = memories;
                configure.config.startup_delay = startup_delay;
            }
            let mut found = Vec::new();
            self.watchers.configure(&configure.config, self.vrrp.machine_mut(), &mut found);
            self.vrrp.arrive_all(found, self.now);
        }
        if message == ToWorker::TellStatus {
            let processes = self.watchers.processes();
            self.vrrp.machine_mut().know_processes(processes);
        }
        let configured = matches!(message, ToWorker::Configure(_));
        if message == ToWorker::Ping {
            self.calm.settle();
        }
        self.vrrp.hear(message, self.now);
        if configured {
            self.calm.stir();
        }
    }
}
