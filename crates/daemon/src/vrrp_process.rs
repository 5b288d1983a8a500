//! The vrrp worker's process: `worker::Vrrp` on this host, with one end of the bus and a log.
//!
//! It is told everything by its supervisor over the bus, which it finds at descriptor 0. When the supervisor is gone, it
//! gives up at once: masters say so, addresses go, and since nobody else is left to run them, it runs the last scripts
//! itself.

mod here;
mod orphan;
mod outlets;
mod watchers;

use std::time::Duration;

use host::{Arrival, Instant, Severity};
use linux::poll::WaitError;
use linux::{Interest, Machine, OpenError, Poll, Token, clock, process, signal};
use worker::Vrrp;
use worker::bus::ToWorker;

use crate::bus::{Begin, Heard, ToProcess};
use crate::exit::Exit;
use crate::manner::Manner;
use here::{Here, ToSupervisorLine};
use watchers::Watchers;

/// The bus, among the descriptors that the machine watches for us.
const BUS: Token = Token(1);

/// How soon a bus that could not take something is tried again.
const RETRY: Duration = Duration::from_millis(100);

/// What a vrrp worker's process does.
pub(crate) fn run() -> Exit {
    let Ok(socket) = process::take_stdin() else { return Exit::Fatal };
    let mut line = ToSupervisorLine::from_socket(socket);
    // Without this the end of the supervisor still closes the bus; with it a worker that hangs ends too.
    let _ = process::end_with_parent();
    let Some(begin) = await_begin(&mut line) else { return Exit::Fatal };
    let failures = begin.manner.adopt(None);
    let mut journal = begin.log.open();
    for failure in failures {
        host::Journal::write(&mut journal, Severity::Warning, &failure);
    }
    match open(&line) {
        Ok(machine) => {
            let [orders, news] = begin.netlink;
            if let Err(error) = machine.size_netlink(orders, news) {
                let line = format!("Unable to size netlink buffers: {error}");
                host::Journal::write(&mut journal, Severity::Warning, &line);
            }
            let watchers = Watchers::new(begin.home);
            Process::new(Here::new(machine, journal, line), watchers, begin.manner, begin.keep_vrrp).live()
        }
        Err(error) => {
            host::Journal::write(&mut journal, Severity::Error, &error.to_string());
            journal.flush();
            if error.is_permission() { Exit::Permission } else { Exit::Fatal }
        }
    }
}

/// Waits for the first message. `None` if there is no supervisor that sends one.
fn await_begin(line: &mut ToSupervisorLine) -> Option<Begin> {
    let mut poll = Poll::new().ok()?;
    poll.watch(&*line, BUS, Interest::Read).ok()?;
    loop {
        poll.wait(None, &mut Vec::new()).ok()?;
        match line.receive() {
            Heard::Message(ToProcess::Begin(begin)) => return Some(begin),
            Heard::Nothing => {}
            Heard::Message(ToProcess::Worker(_) | ToProcess::Pipes(_) | ToProcess::Run(_))
            | Heard::Closed
            | Heard::Nonsense(_) => return None,
        }
    }
}

fn open(line: &ToSupervisorLine) -> Result<Machine, OpenError> {
    let mut machine = Machine::open()?;
    machine.watch(line, BUS)?;
    // Sent to all processes of one name, as `killall -HUP` does, they concern the supervisor alone.
    let ignored = [signal::INTERRUPT, signal::RELOAD, signal::DATA, signal::STATS, signal::QUIT];
    let mut caught = vec![signal::STOP, signal::CHILD, signal::stats_clear(), signal::json()];
    caught.extend(ignored);
    machine.catch(&caught)?;
    Ok(machine)
}

struct Process {
    vrrp: Vrrp<Here>,
    watchers: Watchers,
    manner: Manner,
    /// `-V`.
    keep: bool,
    /// The latest time that the worker was told.
    now: Instant,
    arrivals: Vec<Arrival>,
    ready: Vec<Token>,
}

impl Process {
    fn new(here: Here, watchers: Watchers, manner: Manner, keep: bool) -> Self {
        Self {
            vrrp: Vrrp::new(here),
            watchers,
            manner,
            keep,
            now: Instant::ZERO,
            arrivals: Vec::new(),
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
        if let Some(due) = self.vrrp.deadline().filter(|due| *due <= now) {
            self.vrrp.machine_mut().mind_lateness(due, now);
            self.raise(now.since(due));
        }
        for token in &self.ready {
            self.watchers.serve(*token, now, &mut self.arrivals);
        }
        self.watchers.wake(now, &mut self.arrivals);
        for arrival in self.arrivals.drain(..) {
            self.vrrp.arrive(arrival, now);
        }
        let stop = self.vrrp.machine_mut().signals().contains(&signal::STOP);
        // Before the signal: it may be that of our supervisor's end, and then the bus says so.
        if stop || self.ready.contains(&BUS) {
            self.listen();
        }
        if stop {
            self.hear(ToWorker::Stop);
        }
        self.ready.clear();
        Ok(())
    }

    /// Served sooner from now on, if it was woken so late and may (`max_auto_priority`).
    fn raise(&mut self, late: Duration) {
        let line = match self.manner.mind_lateness(late) {
            None => return,
            Some(Ok(priority)) => format!("Set real-time priority to {priority}, since a timer was late"),
            Some(Err(error)) => format!("Unable to set real-time priority: {error}"),
        };
        host::Journal::write(self.vrrp.machine_mut(), Severity::Info, &line);
    }

    fn listen(&mut self) {
        loop {
            match self.vrrp.machine_mut().receive() {
                Heard::Message(ToProcess::Worker(message)) => self.hear(message),
                Heard::Message(ToProcess::Pipes(paths)) => self.vrrp.machine_mut().write_events_to(paths),
                Heard::Message(ToProcess::Run(manner)) => self.run_as(manner),
                Heard::Message(ToProcess::Begin(_)) => {}
                Heard::Nothing => return,
                Heard::Closed => return self.bereave("The supervisor is gone"),
                Heard::Nonsense(why) => {
                    return self.bereave(&format!("The supervisor makes no sense: {why}"));
                }
            }
        }
    }

    fn run_as(&mut self, manner: Manner) {
        let failures = manner.adopt(Some(&self.manner));
        self.manner = manner;
        for failure in failures {
            host::Journal::write(self.vrrp.machine_mut(), Severity::Warning, &failure);
        }
    }

    fn hear(&mut self, message: ToWorker) {
        if self.keep && message == ToWorker::Stop {
            self.vrrp.machine_mut().keep();
        }
        self.now = clock::now();
        if let ToWorker::Configure(configure) = &message {
            let mut found = Vec::new();
            self.watchers.configure(&configure.config, self.vrrp.machine_mut(), &mut found);
            for arrival in found {
                self.vrrp.arrive(arrival, self.now);
            }
        }
        if message == ToWorker::TellStatus {
            let processes = self.watchers.processes();
            self.vrrp.machine_mut().know_processes(processes);
        }
        self.vrrp.hear(message, self.now);
    }

    fn bereave(&mut self, why: &str) {
        let here = self.vrrp.machine_mut();
        if here.bereave() {
            host::Journal::write(here, Severity::Alert, &format!("{why}: giving up"));
            self.hear(ToWorker::Stop);
        }
    }
}
