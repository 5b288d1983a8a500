//! One virtual router: its state, and the single place where a change of state becomes orders.
//!
//! ```text
//!                     +------------+
//!          +--------->| Initialize |<- before the first survey, or a script has not ended yet
//!          |          +------------+
//!          |            |        | faults
//!          |  no faults |        v
//!          |            |   +---------+  faults   (keepalived's own state:
//!          |            |   |  Fault  |<-------+   RFC 9568's Initialize with a reason)
//!          |            v   v         |        |
//!          |          +----------+    |   +----------+
//!     stop +----------|  Backup  |<---|---|  Master  |
//!                     +----------+    |   +----------+
//!                       |   better heard      ^
//!                       +--------------------+
//!                          master-down time passed
//! ```
//!
//! RFC 9568 §6.4, RFC 3768 §6.4. The reactions of each state are in the files of this folder, pure but for the orders
//! they append.

mod backup;
mod faults;
mod former;
mod let_go;
mod master;
mod owners;
mod said;
mod seals;
mod send;
mod tally;
mod wants;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use host::{Channel, Delivery, Instant, LinkIndex, Protocol, Refusal, WallClock};

use crate::config::{Authentication, InstanceConfig, Mode, Priority, Settings, Version};
use crate::election::Candidate;
use crate::event::Action;
use crate::item::Key;
use crate::notice::{FaultReason, InstanceFact, Notice, Reject, State};
use crate::timing;
use crate::wire::{self, Coverage};

pub(crate) use faults::{Findings, View};
pub(crate) use wants::link_address;

use backup::{Backup, Countdown};
use former::Former;
use master::Master;
use said::{Said, Spoken};
use seals::Seals;
use tally::Tally;

/// Names an instance for as long as it lives, whatever a reload does to names and order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct InstanceId(pub(crate) u32);

/// The virtual routers of a node. Boxed, since the leaves of a tree are half empty.
pub(crate) type Instances = BTreeMap<InstanceId, Box<Instance>>;

/// One turn of the engine: the time, and where orders go.
pub(crate) struct Turn<'a> {
    /// When it is.
    pub(crate) now: Instant,
    /// Orders so far.
    pub(crate) out: &'a mut Vec<Action>,
}

/// Where a virtual router stands (RFC 9568 §6.4). Each state owns its deadlines, so none can be stale.
#[derive(Debug)]
enum Stage {
    Initialize,
    Backup(Backup),
    Master(Master),
    Fault,
}

/// Where an instance's links are now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// The configured link.
    base: LinkIndex,
    /// The link that adverts leave by and come in by.
    adverts: LinkIndex,
    /// The link of addresses that name none.
    home: LinkIndex,
    /// Adverts can leave.
    up: bool,
}

/// One virtual router.
#[derive(Debug)]
pub(crate) struct Instance {
    id: InstanceId,
    config: InstanceConfig,
    stage: Stage,
    since: Instant,
    place: Option<Place>,
    /// What it goes on with until the link of its own that a reload gave it is ready.
    former: Option<Former>,
    source: Option<IpAddr>,
    faults: BTreeSet<FaultReason>,
    priority: Priority,
    /// The state that people were told last.
    told: Option<State>,
    /// The master last heard.
    rival: Option<Candidate>,
    said: Vec<Spoken>,
    tally: Tally,
    /// Identification of the last IPv4 header.
    ipv4_id: u16,
    /// What makes its adverts and others' credible.
    seals: Seals,
    /// What the checksum of the last advert that was accepted covers.
    coverage: Option<Coverage>,
    /// A peer uses the checksum of keepalived before 1.3.7.
    old_peers: bool,
    /// What it wants in the kernel may have changed.
    wants_changed: bool,
    /// What others took away and it does not want back before it becomes master again.
    let_go: BTreeSet<Key>,
    /// It was master until then, in an earlier life of this worker.
    resume_before: Option<Instant>,
    /// It changes its state together with others.
    in_group: bool,
    /// Until then it neither hears nor speaks (`vrrp_startup_delay`).
    quiet_until: Instant,
    /// It heard a rival and stayed master, which its group has not been told.
    rival_heard: bool,
    /// People are told of the announcements of the last round.
    tells_rounds: bool,
    /// It owns the addresses and gave in to another that does.
    demoted: bool,
}

/// A state to change to, with the reason where it matters.
enum Next {
    Backup { interval: Duration, countdown: Countdown },
    Master,
    Fault,
}

impl Instance {
    /// A virtual router that nothing is known of.
    pub(crate) fn new(id: InstanceId, config: InstanceConfig, quiet_until: Instant, now: Instant) -> Self {
        Self {
            id,
            stage: Stage::Initialize,
            since: now,
            place: None,
            former: None,
            source: None,
            faults: BTreeSet::new(),
            priority: config.priority,
            told: None,
            rival: None,
            coverage: None,
            said: Vec::new(),
            tally: Tally::default(),
            ipv4_id: 0,
            seals: Seals::default(),
            old_peers: false,
            wants_changed: true,
            let_go: BTreeSet::new(),
            resume_before: None,
            in_group: false,
            quiet_until,
            rival_heard: false,
            tells_rounds: true,
            demoted: false,
            config: config.tight(),
        }
    }

    /// It was master in an earlier life that ended at `until`: it may resume while no backup's time can have passed.
    ///
    /// Its last advert went out at most an interval before; the fastest backup waits for the missed adverts and a
    /// skew that may be next to nothing.
    pub(crate) fn remember(&mut self, until: Instant) {
        let missed = u32::from(self.config.down_timer_adverts).saturating_sub(1);
        self.resume_before = Some(until + self.config.interval * missed);
    }

    /// It was master in an earlier life, and may resume.
    pub(crate) fn is_remembered(&self) -> bool {
        self.resume_before.is_some()
    }

    /// Takes on another configuration of the same virtual router, keeping state and deadlines.
    pub(crate) fn adjust(&mut self, config: InstanceConfig, turn: &mut Turn<'_>) {
        let added =
            |address| !self.config.addresses.contains(address) && !self.config.excluded.contains(address);
        let gained = config.addresses.iter().chain(&config.excluded).any(added);
        self.mind_own_link(config.own_link.as_ref());
        self.config = config.tight();
        self.demoted &= self.config.priority.is_owner();
        self.wants_changed = true;
        // As keepalived.
        self.ipv4_id = 0;
        match &mut self.stage {
            Stage::Master(master) => {
                master.rounds.on_reload(&self.config.announce, turn.now);
                master.next_advert = master.next_advert.min(turn.now + self.config.interval);
                if gained {
                    master.rounds.again(turn.now);
                }
            }
            Stage::Backup(backup) => {
                if self.config.version == Version::V2 || self.rival.is_none() {
                    backup.interval = self.config.interval;
                }
            }
            Stage::Initialize | Stage::Fault => {}
        }
    }

    /// An advert arrived on its channel.
    pub(crate) fn receive(&mut self, delivery: &Delivery, turn: &mut Turn<'_>) {
        if matches!(self.stage, Stage::Initialize | Stage::Fault) || turn.now < self.quiet_until {
            return;
        }
        let (advert, proof) = match wire::decode(delivery, &self.expectation(delivery.source, turn.now)) {
            Ok(credible) => credible,
            Err(why) => return self.reject(delivery.source, Reject::Decode(why), turn),
        };
        let admitted = self.carries_addresses(&advert).and_then(|()| self.admit(delivery));
        if admitted.is_ok() {
            self.believe(proof, delivery.source, turn);
        }
        // As keepalived: an owner that is told so listens to nobody, as RFC 9568 has it for one who cannot be outdone.
        if self.config.owner_ignores_adverts && self.priority.is_owner() {
            return;
        }
        if let Err(why) = admitted {
            return self.reject(delivery.source, why, turn);
        }
        // Only now: what is not believed changes nothing.
        self.mind_pause(turn);
        self.tally.adverts_received += 1;
        self.mind_checksum(advert.coverage, delivery.source, turn);
        self.compare(&advert, delivery.source, turn);
        if advert.priority == Priority::RELEASE {
            self.tally.release_received += 1;
        }
        let theirs = Candidate { priority: advert.priority, address: delivery.source };
        let next = match &self.stage {
            Stage::Backup(_) => self.hear_as_backup(theirs, &advert, turn),
            Stage::Master(_) => self.hear_as_master(theirs, &advert, turn),
            Stage::Initialize | Stage::Fault => None,
        };
        if let Some(next) = next {
            self.enter(next, turn);
        }
    }

    /// Time has passed: adverts that are due go out, a master that is silent is replaced.
    pub(crate) fn wake(&mut self, turn: &mut Turn<'_>) {
        self.mind_pause(turn);
        match &mut self.stage {
            Stage::Master(_) => self.wake_master(turn),
            Stage::Backup(backup) if backup.master_down(&self.config, self.priority) <= turn.now => {
                let waited = matches!(backup.countdown, Countdown::Down(_) | Countdown::Released(_));
                if self.in_group {
                    // As keepalived: it waits a further master-down time for the others of its group.
                    (backup.wishes, backup.countdown) = (true, Countdown::Down(turn.now));
                }
                if waited {
                    self.say(InstanceFact::AdvertTimeout, turn);
                }
                self.restore(turn);
                if !self.in_group {
                    self.enter(Next::Master, turn);
                }
            }
            Stage::Backup(_) | Stage::Initialize | Stage::Fault => {}
        }
    }

    /// A master that was not run for longer than the fastest backup waits is perhaps master no more: it listens for
    /// an interval before it speaks, so that two never speak at once for longer than a packet takes.
    ///
    /// Differs: Keepalived sends the overdue advert, and both are masters until one hears the other; its
    /// `timer_expired_backup` has to be asked for. Here it tells how fast the fastest backup is.
    fn mind_pause(&mut self, turn: &mut Turn<'_>) {
        let Stage::Master(master) = &self.stage else { return };
        let late = turn.now.since(master.next_advert);
        let Settings { interval, version, down_timer_adverts, late_master_yields_to: rival, .. } =
            *self.config.settings;
        let skew = rival.map_or(Duration::ZERO, |rival| timing::skew(version, rival, interval));
        if late + interval < interval * u32::from(down_timer_adverts) + skew {
            return;
        }
        self.say(InstanceFact::Paused { late }, turn);
        self.enter(Next::Backup { interval, countdown: Countdown::Paused(turn.now) }, turn);
    }

    /// The clock on the wall was set.
    pub(crate) fn set_clock(&mut self, wall: WallClock) {
        self.seals.set_clock(wall);
    }

    /// It is in a sync group now, or is not.
    pub(crate) fn set_in_group(&mut self, in_group: bool) {
        self.in_group = in_group;
    }

    /// Its time has passed, and only its group keeps it from being master.
    pub(crate) fn wishes_to_be_master(&self) -> bool {
        matches!(&self.stage, Stage::Backup(backup) if backup.wishes)
    }

    /// Begins its part: an owner as master, if it may be so `at_once`.
    pub(crate) fn start(&mut self, at_once: bool, turn: &mut Turn<'_>) {
        self.enter(self.begin(at_once, turn.now), turn);
    }

    /// Goes where another member of its group went.
    pub(crate) fn follow(&mut self, state: State, turn: &mut Turn<'_>) {
        let interval = self.config.interval;
        self.enter(
            match state {
                State::Master => Next::Master,
                State::Fault => Next::Fault,
                State::Init | State::Backup | State::Stop | State::Deleted => {
                    Next::Backup { interval, countdown: Countdown::Down(turn.now) }
                }
            },
            turn,
        );
    }

    /// Gives up for good: the daemon stops, or a reload removed the instance.
    pub(crate) fn end(&mut self, state: State, turn: &mut Turn<'_>) {
        if self.is_master() {
            self.release(turn);
            self.tally.released_master += 1;
            self.say(InstanceFact::Addresses { wanted: false, excluded: false }, turn);
        }
        self.stage = Stage::Initialize;
        self.wants_changed = true;
        self.tell(state, turn);
    }

    /// When it wants to be woken.
    pub(crate) fn next_deadline(&self, announces: bool) -> Option<Instant> {
        match &self.stage {
            Stage::Initialize | Stage::Fault => None,
            Stage::Backup(backup) => Some(backup.master_down(&self.config, self.priority)),
            Stage::Master(master) => Some(master.next_deadline(announces)),
        }
    }

    /// Whether it holds, or is about to hold, its addresses.
    pub(crate) fn is_master(&self) -> bool {
        matches!(self.stage, Stage::Master(_))
    }

    /// Whether it waits to take over.
    pub(crate) fn is_backup(&self) -> bool {
        matches!(self.stage, Stage::Backup(_))
    }

    /// A backup that nobody has to look at.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.is_backup() && !self.wants_changed && !self.rival_heard
    }

    /// Its state as people know it.
    pub(crate) fn state(&self) -> State {
        match self.stage {
            Stage::Initialize => self.told.filter(|told| *told == State::Stop).unwrap_or(State::Init),
            Stage::Backup(_) => State::Backup,
            Stage::Master(_) => State::Master,
            Stage::Fault => State::Fault,
        }
    }

    /// Its configuration.
    pub(crate) fn config(&self) -> &InstanceConfig {
        &self.config
    }

    /// How well it knows whoever sends from an address: the master last heard best, then its peers.
    pub(crate) fn acquaintance(&self, source: IpAddr) -> u8 {
        let is_peer = match &self.config.mode {
            Mode::Multicast { .. } => false,
            Mode::Unicast { peers, .. } => peers.iter().any(|peer| peer.address == source),
        };
        if self.rival.is_some_and(|rival| rival.address == source) { 2 } else { u8::from(is_peer) }
    }

    /// What it has to listen on; `None` while its link or its address is missing.
    pub(crate) fn channel(&self) -> Option<Channel> {
        let link = self.place?.adverts;
        let address = match &self.config.mode {
            Mode::Multicast { group } => *group,
            Mode::Unicast { .. } => self.source?,
        };
        let protocol = match self.config.authentication {
            Authentication::None | Authentication::Password(_) => Protocol::Vrrp,
            Authentication::Header(_) => Protocol::AuthenticationHeader,
        };
        Some(Channel { link, address, protocol })
    }

    /// Whether what it wants in the kernel may have changed since this was last asked.
    pub(crate) fn take_wants_changed(&mut self) -> bool {
        core::mem::take(&mut self.wants_changed)
    }

    /// Counts from zero again.
    pub(crate) fn clear_counters(&mut self) {
        self.tally = Tally::default();
    }

    /// An advert could not be sent.
    pub(crate) fn unsent(&mut self, refusal: Refusal, turn: &mut Turn<'_>) {
        self.tally.unsent += 1;
        if self.first_time(Said::Unsent) {
            self.say(InstanceFact::SendFailed { code: refusal.code, why: refusal.why }, turn);
        }
    }

    /// Appends a fact about this instance.
    pub(crate) fn say(&self, fact: InstanceFact, turn: &mut Turn<'_>) {
        turn.out.push(Action::Notice(Notice::Instance { name: self.config.name.clone(), fact }));
    }

    /// The only place where the state changes. What a change causes in the world is ordered here.
    fn enter(&mut self, next: Next, turn: &mut Turn<'_>) {
        let was_master = self.is_master();
        self.since = turn.now;
        let remembered = self.resume_before.take().is_some();
        self.said.clear();
        self.take_all_back();
        match next {
            Next::Backup { interval, countdown } => {
                self.stage = Stage::Backup(Backup { countdown, interval, delay_ends: None, wishes: false });
                // As keepalived: an owner's first state is MASTER. Of one that was master in an earlier life people know.
                if self.told.is_some() || remembered || !matches!(countdown, Countdown::Over(_)) {
                    self.tell(State::Backup, turn);
                }
            }
            Next::Master => {
                self.stage = Stage::Master(Master::new(&self.config, turn.now));
                self.tally.became_master += 1;
                self.seals.begin_as_master();
                // RFC 9568 §6.4.2: the advert goes first, then the announcements; the address in between.
                self.advert(self.priority, turn);
                self.tell(State::Master, turn);
                self.say_addresses(true, turn);
            }
            Next::Fault => {
                if was_master {
                    self.release(turn);
                }
                self.stage = Stage::Fault;
                self.former = None;
                self.rival = None;
                self.demoted = false;
                self.tell(State::Fault, turn);
            }
        }
        if was_master {
            self.tally.released_master += 1;
            self.say_addresses(false, turn);
        }
        self.wants_changed |= was_master != self.is_master();
    }

    fn say_addresses(&self, wanted: bool, turn: &mut Turn<'_>) {
        self.say(InstanceFact::Addresses { wanted, excluded: false }, turn);
        if !self.config.excluded.is_empty() {
            self.say(InstanceFact::Addresses { wanted, excluded: true }, turn);
        }
    }

    /// Tells people of a state, once.
    fn tell(&mut self, state: State, turn: &mut Turn<'_>) {
        if self.told == Some(state) {
            return;
        }
        let first = self.told.replace(state).is_none();
        self.say(InstanceFact::Entered { state, first, priority: self.priority }, turn);
    }
}
