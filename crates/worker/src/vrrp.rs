//! The vrrp worker.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bfd::Verdict;
use host::{Arrival, Datagrams, Engine, Firewall, Instant, Journal, Network, Severity};
use vrrp::config::Priority;
use vrrp::notice::{InstanceFact, Notice, State};
use vrrp::{Action, Event, Router};

use crate::bfd::received;
use crate::bus::{Bus, Configure, Mastership, ToSupervisor, ToWorker};
use crate::notify::fifo::{self, EventPipes, Pace};
use crate::notify::mail;
use crate::notify::news::Sieve;
use crate::notify::script::{Notification, Scripts};

/// How long a stop waits for the kernel to confirm that the addresses are gone. It answers within milliseconds, and
/// what it refuses is asked again a few times; then ending is better than waiting.
pub const STOP_LIMIT: Duration = Duration::from_secs(1);

/// Most notices that people are told of in one turn: the log lines of a takeover of thousands of instances must make no
/// advert late. The rest follows in the next turn, which comes at once.
const MOST_TOLD: usize = 64;
/// Most of more than those, while adverts of many are due at once or within moments.
const FEW_TOLD: usize = 8;

/// Most instances and links in a piece of the status: it is made within a fraction of a millisecond, and fits into one
/// message.
const STATUS_PIECE: usize = 32;
/// Room that is kept from turn to turn. What a takeover of thousands needed is given back.
const ROOM: usize = 64;

/// The vrrp worker: an engine on a machine.
///
/// Whoever owns it waits for the machine's arrivals, the supervisor's messages and [`Self::deadline`], hands each in
/// as it comes, and ends when it [`Self::is_finished`]. Nothing that comes in can make it panic.
#[derive(Debug)]
pub struct Vrrp<M> {
    machine: M,
    router: Router,
    sieve: Sieve,
    pace: Pace,
    scripts: Scripts,
    configured: bool,
    /// The machine has told what links and addresses there are.
    surveyed: bool,
    /// When a stop that was asked for ends at the latest.
    stop: Option<Instant>,
    now: Instant,
    // Used again each turn, so that a turn allocates little.
    actions: Vec<Action>,
    /// What people are still to be told of.
    untold: VecDeque<Notice>,
    /// The status is being told; so many instances and links have been.
    status_told: Option<usize>,
    notifications: Vec<Notification>,
}

impl<M: Network + Firewall + Datagrams + Journal + Bus + EventPipes> Vrrp<M> {
    /// A worker without a configuration, which does nothing until it hears [`ToWorker::Configure`].
    pub fn new(machine: M) -> Self {
        Self {
            machine,
            router: Router::default(),
            sieve: Sieve::default(),
            pace: Pace::default(),
            scripts: Scripts::default(),
            configured: false,
            surveyed: false,
            stop: None,
            now: Instant::ZERO,
            actions: Vec::new(),
            untold: VecDeque::new(),
            status_told: None,
            notifications: Vec::new(),
        }
    }

    /// The supervisor said something.
    pub fn hear(&mut self, message: ToWorker, now: Instant) {
        self.obey(message, now);
        self.inform();
    }

    fn obey(&mut self, message: ToWorker, now: Instant) {
        match message {
            ToWorker::Configure(configure) => self.configure(*configure, now),
            ToWorker::JobEnded(id, outcome) => self.step(Event::JobEnded(id, outcome), now),
            ToWorker::TellStatus => {
                // Who asked before hears all of it first.
                self.tell_status(usize::MAX);
                self.status_told = Some(0);
                self.tell_status(1);
            }
            ToWorker::Ping => self.machine.tell(ToSupervisor::Alive),
            ToWorker::ClearCounters => {
                // Who asked before hears what they were.
                self.tell_status(usize::MAX);
                self.step(Event::ClearCounters, now);
            }
            ToWorker::WriteStates => self.write_states(),
            ToWorker::Stop => self.stop(now),
        }
    }

    /// Something happened on the machine.
    pub fn arrive(&mut self, arrival: Arrival, now: Instant) {
        self.arrive_all([arrival], now);
    }

    /// Several things happened: the engine reacts to each in turn, and people hear of it all at the end.
    pub fn arrive_all(&mut self, arrivals: impl IntoIterator<Item = Arrival>, now: Instant) {
        let mut woken = false;
        for arrival in arrivals {
            woken |= matches!(arrival, Arrival::Woken);
            self.take_in(arrival, now);
        }
        self.inform();
        // One piece a turn, however much arrives in it, and packets before it.
        if woken && self.status_told.is_some() {
            self.machine.dispatch();
            self.tell_status(1);
        }
    }

    fn take_in(&mut self, arrival: Arrival, now: Instant) {
        let event = match arrival {
            Arrival::Received(delivery) => Event::Received(delivery),
            Arrival::Surveyed { links, addresses, routes, rules } => {
                return self.survey(Event::Surveyed { links, addresses, routes, rules }, now);
            }
            Arrival::RouteAdded(key) => Event::RouteAdded(key),
            Arrival::RouteRemoved(key) => Event::RouteRemoved(key),
            Arrival::RuleAdded(rule) => Event::RuleAdded(rule),
            Arrival::RuleRemoved(rule) => Event::RuleRemoved(rule),
            Arrival::LinkChanged(link) => Event::LinkChanged(link),
            Arrival::LinkRemoved(link) => Event::LinkRemoved(link),
            Arrival::AddressAdded(address) => Event::AddressAdded(address),
            Arrival::AddressRemoved(address) => Event::AddressRemoved(address),
            Arrival::Settled { ticket, result } => Event::Settled { ticket, result },
            Arrival::Unsent { tag, refusal } => Event::Unsent { tag, refusal },
            Arrival::Deaf { channel, refusal } => Event::Deaf { channel, refusal },
            Arrival::FileRead { file, value } => Event::FileRead { file, value },
            Arrival::ProcessesCounted { name, quorum } => Event::ProcessesCounted { name, quorum },
            Arrival::CarrierRead { link, carrier } => Event::CarrierRead { link, carrier },
            // It opens no such channel, and does not ask.
            Arrival::UdpReceived(_) | Arrival::UdpClosed { .. } | Arrival::IpvsSurveyed(_) => return,
            Arrival::ClockSet(clock) => Event::ClockSet(clock),
            Arrival::Woken => Event::Wake,
        };
        self.step(event, now);
    }

    /// The bfd worker has judged the path of a session.
    pub fn hear_verdict(&mut self, verdict: Verdict, now: Instant) {
        let line = received(&verdict, now);
        let Verdict { session, alive, at: _, audience: _ } = verdict;
        self.step(Event::BfdChanged { name: session, up: alive }, now);
        self.inform();
        self.machine.write(Severity::Info, &line);
    }

    /// When it wants [`Arrival::Woken`], if nothing else happens first.
    pub fn deadline(&self) -> Option<Instant> {
        if !self.untold.is_empty() || self.status_told.is_some() {
            return Some(Instant::ZERO);
        }
        let stop = self.stop.filter(|_| self.is_waiting());
        self.router.next_deadline().into_iter().chain(stop).min()
    }

    /// Much happened at once, and people have not been told of all of it yet.
    pub fn is_behind(&self) -> bool {
        !self.untold.is_empty()
    }

    /// It was told to stop, and the machine has carried out its last orders, or took longer than [`STOP_LIMIT`].
    pub fn is_finished(&self) -> bool {
        self.untold.is_empty() && self.stop.is_some_and(|limit| !self.is_waiting() || self.now >= limit)
    }

    /// The machine that it runs on.
    pub const fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine that it runs on.
    pub const fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// The machine, when the worker is done with it.
    pub fn into_machine(self) -> M {
        self.machine
    }

    fn configure(&mut self, configure: Configure, now: Instant) {
        // A stop is final: a reload that crossed it on the bus comes too late.
        if self.stop.is_some() {
            return;
        }
        // What was asked before is answered before.
        self.tell_status(usize::MAX);
        let Configure { config, memories } = configure;
        self.sieve.configure(&config);
        self.pace.configure(&config);
        self.scripts.configure(&config);
        if !self.configured && !memories.is_empty() {
            let names = memories.iter().map(|memory| memory.instance.as_str()).collect();
            let strangers = self.sieve.resume_masters(&names, &config.groups).into_iter();
            let gone = |name: &str| Mastership { instance: name.to_owned(), master: false };
            let strangers: Vec<Mastership> = strangers.map(gone).collect();
            self.announce_masterships(&strangers);
            self.step(Event::Remembered(memories), now);
        }
        let first = !core::mem::replace(&mut self.configured, true);
        self.step(Event::Configured(Box::new(config)), now);
        self.tell(usize::MAX);
        if first {
            self.take_back_memories();
        } else if self.surveyed {
            self.mind_names();
        }
        self.sieve.forget_removed();
        self.scripts.forget_removed();
        self.machine.tell(ToSupervisor::Ready);
    }

    fn stop(&mut self, now: Instant) {
        if self.stop.is_none() {
            self.stop = Some(self.now.max(now) + STOP_LIMIT);
            // What an earlier life left in the kernel is only known after the first look: it must not stay.
            if self.surveyed || !self.configured {
                self.step(Event::Stop, now);
            }
        }
    }

    fn survey(&mut self, survey: Event, now: Instant) {
        self.step(survey, now);
        if !core::mem::replace(&mut self.surveyed, true) {
            self.take_back_memories();
            if self.stop.is_some() {
                self.step(Event::Stop, now);
            }
        }
    }

    /// Once the engine has decided for the first time: what does not resume is master no more. Its new state may take
    /// a while to be told, while a script has not ended; another crash meanwhile must not make it resume after all.
    fn take_back_memories(&mut self) {
        if !self.configured || !self.surveyed || self.sieve.masters().next().is_none() {
            return;
        }
        let masters = self.masters();
        self.tell_gone(&masters);
    }

    /// As keepalived: nobody is told when a reload gives an instance another name. But the supervisor keeps who is master,
    /// and we what people were told, by names.
    fn mind_names(&mut self) {
        for (name, state) in self.router.states() {
            self.sieve.know(name, state);
        }
        let masters = self.masters();
        self.tell_gone(&masters);
        self.tell_masterships(masters.into_iter().map(|instance| Mastership { instance, master: true }));
    }

    fn masters(&self) -> BTreeSet<String> {
        let masters = self.router.states().filter(|(_, state)| *state == State::Master);
        masters.map(|(name, _)| name.to_owned()).collect()
    }

    /// The supervisor is told of those that it believes to be master and that are not.
    fn tell_gone(&mut self, masters: &BTreeSet<String>) {
        let gone = self.sieve.masters().filter(|name| !masters.contains(*name));
        let gone: Vec<String> = gone.map(String::from).collect();
        self.tell_masterships(gone.into_iter().map(|instance| Mastership { instance, master: false }));
    }

    /// The machine owes answers, or the first look that a stop waits for.
    fn is_waiting(&self) -> bool {
        self.router.outstanding() > 0 || (self.configured && !self.surveyed)
    }

    /// Tells the engine, and performs what it asks for, in order.
    fn step(&mut self, event: Event, now: Instant) {
        debug_assert!(now >= self.now, "the machine's clock is monotonic");
        self.now = self.now.max(now);
        let mut actions = core::mem::take(&mut self.actions);
        self.router.handle(event, self.now, &mut actions);
        for action in actions.drain(..) {
            if let Some(notice) = self.perform(action) {
                self.untold.push_back(notice);
            }
        }
        actions.shrink_to(ROOM);
        self.actions = actions;
    }

    /// People and the supervisor hear of what happened once the packets are gone: a takeover waits for no log.
    fn inform(&mut self) {
        if !self.untold.is_empty() && !self.router.is_ending() {
            self.machine.dispatch();
            let waits = self.router.adverts_come_first() && self.untold.len() > MOST_TOLD;
            self.tell(if waits { FEW_TOLD } else { MOST_TOLD });
        }
    }

    /// Tells so many more pieces of the status, if it is being told.
    fn tell_status(&mut self, pieces: usize) {
        for _ in 0..pieces {
            let Some(from) = self.status_told else { return };
            let (status, more) = self.router.status_piece(from, STATUS_PIECE);
            self.status_told = more.then_some(from + STATUS_PIECE);
            self.machine.tell(ToSupervisor::Status { status: Box::new(status), more });
        }
    }

    fn tell(&mut self, most: usize) {
        let some: Vec<Notice> = self.untold.drain(..most.min(self.untold.len())).collect();
        self.tell_masterships(some.iter().filter_map(mastership));
        for notice in &some {
            self.tell_people(notice);
        }
        if self.untold.is_empty() {
            self.untold.shrink_to(ROOM);
        }
    }

    /// Performs what the machine can do; what is for people is given back.
    fn perform(&mut self, action: Action) -> Option<Notice> {
        match action {
            Action::Listen(channel, vrids) => self.machine.listen(channel, &vrids),
            Action::Size(channel, bytes) => self.machine.size(channel, bytes),
            Action::Ignore(channel) => self.machine.ignore(channel),
            Action::Send(datagram) => self.machine.send(datagram),
            Action::Network(ticket, op) => self.machine.submit(ticket, op),
            Action::Firewall(ticket, op) => self.machine.filter(ticket, op),
            Action::Run(id, job) => self.machine.tell(ToSupervisor::Run(id, job)),
            Action::End(id) => self.machine.tell(ToSupervisor::End(id)),
            Action::Notice(notice) => return Some(notice),
        }
        None
    }

    fn tell_people(&mut self, notice: &Notice) {
        if self.machine.wants(notice.severity()) {
            self.machine.write(notice.severity(), &notice.to_string());
        }
        let Some(news) = self.sieve.sift(notice) else { return };
        self.scripts.react(&news, self.now, &mut self.notifications);
        for Notification { queue, job } in self.notifications.drain(..) {
            self.machine.tell(ToSupervisor::Notify { queue, job });
        }
        // As keepalived: scripts first, mail last.
        if self.pace.allows(&news, self.now)
            && let Some(line) = fifo::line(&news)
        {
            self.machine.put(&line);
        }
        if self.sieve.mails(&news)
            && let Some(alert) = mail::alert(&news)
        {
            self.machine.tell(ToSupervisor::Mail(alert));
        }
    }

    fn write_states(&mut self) {
        self.tell(usize::MAX);
        let instances = self.router.status(self.now).instances;
        let priorities: BTreeMap<&str, Priority> =
            instances.iter().map(|instance| (instance.name.as_str(), instance.effective_priority)).collect();
        let present = |name: &str| priorities.get(name).copied().unwrap_or(Priority::RELEASE);
        for line in self.sieve.states(present).filter_map(|news| fifo::line(&news)) {
            self.machine.put(&line);
        }
    }

    /// Before the scripts: they may take long, and a crash in between must not forget the master.
    fn tell_masterships(&mut self, news: impl Iterator<Item = Mastership>) {
        let sieve = &mut self.sieve;
        let changed: Vec<Mastership> =
            news.filter(|Mastership { instance, master }| sieve.tell_mastership(instance, *master)).collect();
        self.announce_masterships(&changed);
    }

    fn announce_masterships(&mut self, news: &[Mastership]) {
        for some in news.chunks(MOST_TOLD) {
            self.machine.tell(ToSupervisor::Masterships(some.to_vec()));
        }
    }
}

/// What a notice says of who is master.
fn mastership(notice: &Notice) -> Option<Mastership> {
    let Notice::Instance { name, fact: InstanceFact::Entered { state, .. } } = notice else { return None };
    Some(Mastership { instance: name.clone(), master: *state == State::Master })
}

#[cfg(test)]
mod tests;
