//! One session: its state, and the single place where a change of state becomes orders.
//!
//! ```text
//!                          +--+
//!                          |  | UP, ADMIN DOWN, TIMER
//!                          |  V
//!                  DOWN  +------+  INIT
//!           +------------|      |------------+
//!           |            | DOWN |            |
//!           |  +-------->|      |<--------+  |
//!           |  |         +------+         |  |
//!           |  |                          |  |
//!           |  |               ADMIN DOWN,|  |
//!           |  |ADMIN DOWN,          DOWN,|  |
//!           |  |TIMER                TIMER|  |
//!           V  |                          |  V
//!         +------+                      +------+
//!    +----|      |                      |      |----+
//! DOWN|   | INIT |--------------------->|  UP  |    |INIT, UP
//!    +--->|      | INIT, UP             |      |<---+
//!         +------+                      +------+
//! ```
//!
//! RFC 5880 §6.2, §6.8. On the arcs stands the state that the other side says it has, or TIMER: the detection time
//! passed. AdminDown is entered and left by configuration and by the stop. The reactions are in the files of this
//! folder.

mod admin;
mod echoing;
mod receive;
mod report;
mod silence;
mod transmit;

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use host::{Instant, LinkIndex};

use crate::chance::Chance;
use crate::config::SessionConfig;
use crate::echo::Echo;
use crate::event::{Action, Verdict};
use crate::notice::{Notice, SessionFact};
use crate::status::{Counters, Gauges};
use crate::timing::{self, Advertised, Pace, Poll, SLOW};
use crate::wire::{Control, DecodeError, Diagnostic, SessionState, echo::Secret};

pub(crate) use transmit::Port;

/// Names a session for as long as it lives, whatever a reload does to names and order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct SessionId(pub(crate) u32);

/// One turn of the engine: the time, chance, and where orders go.
pub(crate) struct Turn<'a> {
    /// When it is.
    pub(crate) now: Instant,
    /// Orders so far.
    pub(crate) out: &'a mut Vec<Action>,
    /// Jitter.
    pub(crate) chance: &'a mut Chance,
    /// What Echo packets are told by.
    pub(crate) secret: &'a Secret,
    /// How precise we are.
    pub(crate) gauges: &'a mut Gauges,
}

/// Where a session stands (RFC 5880 §6.2). What is true in one state only is there; deadlines are reckoned from when
/// the neighbour was heard, so that other intervals count at once and no deadline can be stale.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    AdminDown(AdminDown),
    Down(Down),
    Init(Init),
    Up(Up),
}

/// Held down by configuration, or by the stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct AdminDown {
    /// When the neighbour was heard last, until it is forgotten.
    heard_at: Option<Instant>,
    /// The stop: when the neighbour has been told for long enough.
    ends_at: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Down {
    /// When the neighbour was heard last, until it is forgotten.
    heard_at: Option<Instant>,
    /// Until then it does not come up: the Echo function has failed.
    held_until: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Init {
    heard_at: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Up {
    heard_at: Instant,
    echo: Option<Echo>,
}

/// What the other side said last (RFC 5880 §6.8.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Remote {
    /// bfd.RemoteDiscr; 0 while not known.
    discriminator: u32,
    /// bfd.RemoteSessionState.
    state: SessionState,
    diagnostic: Diagnostic,
    desired_min_tx: u32,
    /// bfd.RemoteMinRxInterval.
    required_min_rx: u32,
    required_min_echo_rx: u32,
    /// 0 while not known.
    multiplier: u8,
    /// bfd.RemoteDemandMode.
    demand: bool,
}

impl Remote {
    /// RFC 5880 §6.8.1: each "MUST be initialized" so.
    const UNKNOWN: Self = Self {
        discriminator: 0,
        state: SessionState::Down,
        diagnostic: Diagnostic::NONE,
        desired_min_tx: 0,
        required_min_rx: 1,
        required_min_echo_rx: 0,
        multiplier: 0,
        demand: false,
    };
}

/// The sequence number of an authenticated packet (bfd.RcvAuthSeq), while bfd.AuthSeqKnown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Known {
    sequence: u32,
    /// RFC 5880 §6.8.1: unknown again "after no packets have been received on this session for at least twice the
    /// Detection Time".
    until: Instant,
}

/// One session.
#[derive(Debug)]
pub(crate) struct Session {
    id: SessionId,
    config: SessionConfig,
    state: State,
    since: Instant,
    /// bfd.LocalDiag.
    diagnostic: Diagnostic,
    /// bfd.LocalDiscr.
    ///
    /// Differs: Keepalived takes another one each time a session goes down. RFC 5880 §6.8.1: state variables "are
    /// never reinitialized, even if the session fails and is reestablished".
    discriminator: u32,
    remote: Remote,
    advertised: Advertised,
    poll: Poll,
    pace: Option<Pace>,
    /// The packet sent last.
    last: Option<Control>,
    port: Port,
    /// The configured link: not known while it does not exist.
    link: Option<LinkIndex>,
    /// Where the neighbour's packets come to: the link, and our address.
    met_at: Option<(LinkIndex, IpAddr)>,
    /// bfd.XmitAuthSeq.
    sequence: u32,
    known: Option<Known>,
    /// Failures of the Echo function since a packet of it came back.
    echo_failures: u32,
    judged: Judged,
    /// When a packet was accepted last, for people: it is not forgotten.
    accepted_at: Option<Instant>,
    up_at: Option<Instant>,
    down_at: Option<Instant>,
    counters: Counters,
    /// What has been said, until the state changes.
    said: Vec<Said>,
}

/// What trackers were told last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Judged {
    /// Nothing yet: before that time a session that is not Up says nothing of the path.
    ///
    /// Differs: Keepalived's trackers hear of a new session at once that it is down. So a reload that adds one, or a
    /// BFD process that was started anew, would cost a master its addresses.
    Not { until: Instant },
    /// The path is alive.
    Alive,
    /// It is dead.
    Dead,
}

/// How many of its idle intervals a new session has to come up before its path counts as dead: a neighbour that has
/// just found it down sends that seldom too.
const PATIENCE: u32 = 3;

/// What is said once and then only counted, until the state changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Said {
    Discarded(core::mem::Discriminant<DecodeError>),
    Unsent,
}

impl Session {
    /// A session that nothing is known of.
    pub(crate) fn new(
        id: SessionId,
        config: SessionConfig,
        discriminator: u32,
        port: Port,
        now: Instant,
        chance: &mut Chance,
    ) -> Self {
        let state = if config.enabled {
            State::Down(Down { heard_at: None, held_until: None })
        } else {
            State::AdminDown(AdminDown { heard_at: None, ends_at: None })
        };
        Self {
            id,
            state,
            since: now,
            diagnostic: if config.enabled { Diagnostic::NONE } else { Diagnostic::ADMIN_DOWN },
            discriminator,
            remote: Remote::UNKNOWN,
            advertised: Advertised::new(
                timing::micros(config.idle_tx).max(SLOW),
                timing::micros(config.min_rx),
            ),
            poll: Poll::Idle,
            pace: None,
            last: None,
            port,
            link: None,
            met_at: None,
            sequence: chance.word(),
            known: None,
            echo_failures: 0,
            judged: Judged::Not { until: now + config.idle_tx * PATIENCE },
            accepted_at: None,
            up_at: None,
            down_at: None,
            counters: Counters::default(),
            said: Vec::new(),
            config,
        }
    }

    /// Tells people and trackers how it stands at its start.
    pub(crate) fn introduce(&self, turn: &mut Turn<'_>) {
        self.say_entered(None, turn);
    }

    /// Tells trackers how it stands, if that is known.
    pub(crate) fn tell(&self, turn: &mut Turn<'_>) {
        let (alive, at) = match self.judged {
            Judged::Not { .. } => return,
            Judged::Alive => (true, self.up_at),
            Judged::Dead => (false, self.down_at),
        };
        turn.out.push(Action::Tell(Verdict {
            session: self.config.name.clone(),
            alive,
            at: at.unwrap_or(self.since),
            audience: self.config.audience,
        }));
    }

    /// Time has passed. Packets that were there in time have been received.
    pub(crate) fn wake(&mut self, turn: &mut Turn<'_>) {
        if self.expires_at().is_some_and(|at| at <= turn.now) {
            self.expire(turn);
        }
        if self.echo_fails_at().is_some_and(|at| at <= turn.now) {
            self.lose_echo(turn);
        }
        if self.judge_at().is_some_and(|at| at <= turn.now) {
            self.judge_dead(turn);
        }
    }

    /// Sends what is due, after whatever changed.
    pub(crate) fn run(&mut self, turn: &mut Turn<'_>) {
        self.review_echo(turn);
        self.transmit(turn);
        self.transmit_echo(turn);
    }

    /// When it wants to be woken.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let ends_at = match self.state {
            State::AdminDown(AdminDown { ends_at, .. }) => ends_at,
            State::Down(_) | State::Init(_) | State::Up(_) => None,
        };
        let deadlines = [
            self.expires_at(),
            self.transmit_at(),
            self.echo_fails_at(),
            self.echo_at(),
            ends_at,
            self.port.retry_at(),
            self.judge_at(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Its state.
    pub(crate) const fn state(&self) -> SessionState {
        match self.state {
            State::AdminDown(_) => SessionState::AdminDown,
            State::Down(_) => SessionState::Down,
            State::Init(_) => SessionState::Init,
            State::Up(_) => SessionState::Up,
        }
    }

    /// Its configuration.
    pub(crate) const fn config(&self) -> &SessionConfig {
        &self.config
    }

    /// bfd.LocalDiscr.
    pub(crate) const fn discriminator(&self) -> u32 {
        self.discriminator
    }

    /// Notes where its configured link is, or that it has gone.
    pub(crate) const fn locate(&mut self, link: Option<LinkIndex>) {
        self.link = link;
    }

    /// The link that it is bound to.
    pub(crate) const fn link(&self) -> Option<LinkIndex> {
        self.link
    }

    /// Appends a fact about this session.
    fn say(&self, fact: SessionFact, turn: &mut Turn<'_>) {
        turn.out.push(Action::Notice(Notice::Session { name: self.name(), fact }));
    }

    fn name(&self) -> String {
        self.config.name.clone()
    }

    const fn is_up(&self) -> bool {
        matches!(self.state, State::Up(_))
    }

    /// RFC 5880 §6.8.4; `None` while nothing is known of the neighbour.
    fn detection(&self) -> Option<Duration> {
        let Remote { multiplier, desired_min_tx, .. } = self.remote;
        (multiplier != 0)
            .then(|| timing::detection(multiplier, self.advertised.required_in_use(), desired_min_tx))
    }

    /// The detection time as the neighbour reckons it.
    fn remote_detection(&self) -> Duration {
        timing::detection(self.config.multiplier.get(), self.transmit_interval(), 0)
    }

    const fn heard_at(&self) -> Option<Instant> {
        match self.state {
            State::AdminDown(AdminDown { heard_at, .. }) | State::Down(Down { heard_at, .. }) => heard_at,
            State::Init(Init { heard_at }) | State::Up(Up { heard_at, .. }) => Some(heard_at),
        }
    }

    /// When the detection time has passed.
    fn expires_at(&self) -> Option<Instant> {
        Some(self.heard_at()? + self.detection()?)
    }

    /// The only place where the state changes. What a change causes in the world is ordered here.
    fn enter(&mut self, state: SessionState, diagnostic: Option<Diagnostic>, turn: &mut Turn<'_>) {
        let before = self.state();
        let heard_at = self.heard_at();
        if let Some(diagnostic) = diagnostic {
            self.diagnostic = diagnostic;
        }
        self.cease_echo(turn);
        self.state = match state {
            SessionState::AdminDown => State::AdminDown(AdminDown { heard_at, ends_at: None }),
            SessionState::Down => State::Down(Down { heard_at, held_until: None }),
            SessionState::Init => State::Init(Init { heard_at: heard_at.unwrap_or(turn.now) }),
            SessionState::Up => State::Up(Up { heard_at: heard_at.unwrap_or(turn.now), echo: None }),
        };
        self.since = turn.now;
        self.said.clear();
        self.say_entered(Some(before), turn);
        match (before, state) {
            (_, SessionState::Up) => {
                self.counters.ups += 1;
                self.up_at = Some(turn.now);
                self.judged = Judged::Alive;
                self.tell(turn);
            }
            (_, SessionState::Down) => {
                if before == SessionState::Up {
                    self.counters.downs += 1;
                    self.down_at = Some(turn.now);
                }
                if self.remote.state != SessionState::AdminDown {
                    self.judge_dead(turn);
                }
            }
            (SessionState::Up, SessionState::AdminDown) => {
                self.counters.downs += 1;
                self.down_at = Some(turn.now);
            }
            (_, SessionState::AdminDown | SessionState::Init) => {}
        }
        self.retime_at_once();
    }

    fn say_entered(&self, before: Option<SessionState>, turn: &mut Turn<'_>) {
        let (local, remote) = (self.diagnostic, self.remote.diagnostic);
        self.say(SessionFact::Entered { state: self.state(), before, local, remote }, turn);
    }

    /// Tells trackers that the path is dead, if they do not know, and if it had its time to come up.
    fn judge_dead(&mut self, turn: &mut Turn<'_>) {
        match self.judged {
            Judged::Dead => return,
            Judged::Not { until } if until > turn.now => return,
            Judged::Not { .. } | Judged::Alive => {}
        }
        self.judged = Judged::Dead;
        self.down_at = Some(turn.now);
        self.tell(turn);
    }

    /// When a new session that has not come up is judged. RFC 5882 §3.2: that the neighbour is held down by an
    /// administrator says nothing of the path.
    fn judge_at(&self) -> Option<Instant> {
        match self.judged {
            Judged::Not { until } => (self.remote.state != SessionState::AdminDown).then_some(until),
            Judged::Alive | Judged::Dead => None,
        }
    }

    /// True once for each kind of thing to say, until the state changes.
    fn first_time(&mut self, what: Said) -> bool {
        let new = !self.said.contains(&what);
        if new {
            self.said.push(what);
        }
        new
    }
}

#[cfg(test)]
mod tests;
