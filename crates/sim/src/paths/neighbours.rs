//! Pairs by chance, and what can befall them.

use std::fmt;
use std::num::NonZeroU8;
use std::time::Duration;

use bfd::config::{AuthConfig, AuthKey, AuthKind, EchoConfig, EchoRoute, EchoSend, Path, SessionConfig};
use host::{Family, Instant};

use super::Pair;
use super::node::{NAMES, address};
use crate::chance::Chance;
use crate::explore::{Plan, Tale, Trouble};
use crate::invariant::{Promise, Violation};
use crate::network::Weather;
use crate::scenario::Failure;

/// From then on things go wrong.
const BEGINS: Instant = Instant::from_millis(1_000);
/// When everything is good again.
const HEALED: Instant = Instant::from_millis(9_000);
/// By then a session has gone down that was to go down for what befell it: the longest detection time is that of one that
/// sends Echo packets, five packets a second apart.
const GOES_DOWN: Duration = Duration::from_secs(6);
/// A session comes up in this time on a sound path: a neighbour that uses passwords with numbers may still remember
/// those of an earlier life, a port may be tried again only later, and a session whose Echo function failed some times
/// in a row waits.
const COMES_UP: Duration = Duration::from_secs(90);
/// How long nothing may change in the end.
const QUIET: Duration = Duration::from_secs(2);
/// Most misfortunes of a plan, recoveries not counted.
const MISFORTUNES: u64 = 8;

/// Something that goes wrong, or is made right.
#[derive(Clone, PartialEq, Debug)]
pub enum Misfortune {
    /// A worker dies.
    Kill(usize),
    /// A worker is asked to end.
    Stop(usize),
    /// A worker starts, unless it runs.
    Start(usize),
    /// A worker gets no processor time.
    Pause(usize),
    /// It does again.
    Resume(usize),
    /// Nothing gets out of a node, or something does again.
    Mute(usize, bool),
    /// Nothing gets into a node, or something does again.
    Deafen(usize, bool),
    /// What the path does to packets.
    Weather(Weather),
    /// A worker obeys another configuration.
    Configure(usize, Box<SessionConfig>),
    /// So many of the ports that a worker opens next are others'.
    Refuse(usize, u32),
}

impl fmt::Display for Misfortune {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let choose = |which: &bool, yes, no| if *which { yes } else { no };
        match self {
            Self::Kill(node) => write!(f, "kill {}", NAMES[*node]),
            Self::Stop(node) => write!(f, "stop {}", NAMES[*node]),
            Self::Start(node) => write!(f, "start {}", NAMES[*node]),
            Self::Pause(node) => write!(f, "pause {}", NAMES[*node]),
            Self::Resume(node) => write!(f, "resume {}", NAMES[*node]),
            Self::Mute(node, mute) => write!(f, "{} {}", choose(mute, "mute", "unmute"), NAMES[*node]),
            Self::Deafen(node, deaf) => write!(f, "{} {}", choose(deaf, "deafen", "undeafen"), NAMES[*node]),
            Self::Weather(Weather { delay, loss, duplicate, reorder }) => {
                let (shortest, longest) = delay;
                write!(
                    f,
                    "weather delay={shortest:?}..{longest:?} loss={loss} duplicate={duplicate} reorder={reorder}"
                )
            }
            Self::Configure(node, session) => {
                write!(f, "configure {} ", NAMES[*node])?;
                write_session(f, session)
            }
            Self::Refuse(node, channels) => write!(f, "refuse {} {channels}", NAMES[*node]),
        }
    }
}

/// A pair, and when all is healed.
#[derive(Clone, PartialEq, Debug)]
pub struct Neighbours {
    /// Where the rest of chance comes from.
    pub seed: u64,
    /// What the two obey.
    pub sessions: [SessionConfig; 2],
    /// What the path does to packets, when nothing is wrong with it.
    pub weather: Weather,
    /// How late a worker is woken at most.
    pub late: Duration,
    /// When everything is good again.
    pub healed: Instant,
}

impl Neighbours {
    /// What makes everything good again.
    pub fn healing(&self) -> Vec<Misfortune> {
        let mut all = vec![Misfortune::Weather(self.weather)];
        for (node, session) in self.sessions.iter().enumerate() {
            all.push(Misfortune::Mute(node, false));
            all.push(Misfortune::Deafen(node, false));
            all.push(Misfortune::Refuse(node, 0));
            all.push(Misfortune::Resume(node));
            all.push(Misfortune::Start(node));
            all.push(Misfortune::Configure(node, Box::new(session.clone())));
        }
        all
    }
}

impl Tale for Neighbours {
    type Deed = Misfortune;
    type Stage = Pair;

    fn of(seed: u64, chance: &mut Chance) -> Self {
        let mut sessions = pair(chance);
        // Two that wait for one another wait for ever.
        let waits = chance.below(8);
        for (node, session) in sessions.iter_mut().enumerate() {
            session.passive = u64::try_from(node) == Ok(waits);
        }
        let late = Duration::from_micros(chance.below(400));
        let weather = Weather::fair(Duration::from_micros(50 + chance.below(300)));
        Self { seed, sessions, weather, late, healed: HEALED }
    }

    /// Some time is left for what was asked to stop: it may tell its neighbour for a second.
    fn trouble(&self) -> Trouble {
        let until = HEALED - Duration::from_secs(1);
        Trouble { from: BEGINS, until, most: MISFORTUNES, unit: self.sessions[0].min_rx * 8 }
    }

    fn misfortune(&self, _: Instant, chance: &mut Chance) -> (Misfortune, Option<Misfortune>) {
        let node = chance.index(2);
        match chance.below(12) {
            0 => (Misfortune::Kill(node), Some(Misfortune::Start(node))),
            1 => (Misfortune::Stop(node), Some(Misfortune::Start(node))),
            2 | 3 => (Misfortune::Pause(node), Some(Misfortune::Resume(node))),
            4 | 5 => (Misfortune::Mute(node, true), Some(Misfortune::Mute(node, false))),
            6 => (Misfortune::Deafen(node, true), Some(Misfortune::Deafen(node, false))),
            7 | 8 => (Misfortune::Weather(bad_weather(chance)), Some(Misfortune::Weather(self.weather))),
            9 => (Misfortune::Refuse(node, 1 + u32::try_from(chance.below(3)).unwrap_or(0)), None),
            _ => {
                let before = &self.sessions[node];
                let mut other = before.clone();
                change(&mut other, chance);
                let configure = |session| Misfortune::Configure(node, Box::new(session));
                (configure(other), Some(configure(before.clone())))
            }
        }
    }

    fn stage(plan: &Plan<Self>, keeps_story: bool) -> Pair {
        Pair::new(plan, keeps_story)
    }

    fn play(plan: &Plan<Self>, pair: &mut Pair) -> Result<(), Failure> {
        play(&plan.tale, pair).map_err(Failure::Violation)
    }

    fn write(plan: &Plan<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { tale: Self { seed, sessions, weather, late, healed }, misfortunes } = plan;
        writeln!(f, "seed {seed}, woken up to {late:?} late, {}", Misfortune::Weather(*weather))?;
        for (node, session) in sessions.iter().enumerate() {
            write!(f, "session {} ", NAMES[node])?;
            write_session(f, session)?;
            writeln!(f)?;
        }
        for (at, misfortune) in misfortunes {
            writeln!(f, "at {at} {misfortune}")?;
        }
        writeln!(f, "at {healed} all is healed")
    }

    fn story(pair: &Pair) -> String {
        pair.story()
    }
}

/// Until all was healed, is up, and stays so.
fn play(plan: &Neighbours, pair: &mut Pair) -> Result<(), Violation> {
    pair.run_until(plan.healed + GOES_DOWN)?;
    let step = Duration::from_millis(100);
    while !pair.is_up() {
        pair.run_until(pair.now() + step)?;
        if pair.now() > plan.healed + GOES_DOWN + COMES_UP {
            let details = "they never came up".to_owned();
            return Err(Violation { at: pair.now(), rule: Promise::EndsUp, details });
        }
    }
    // The intervals are agreed on.
    pair.run_until(pair.now() + step)?;
    let before = pair.changes();
    pair.run_until(pair.now() + QUIET)?;
    if pair.changes() != before {
        let details = format!("{} changes on a sound path", pair.changes() - before);
        return Err(Violation { at: pair.now(), rule: Promise::EndsSteady, details });
    }
    Ok(())
}

fn write_session(f: &mut fmt::Formatter<'_>, session: &SessionConfig) -> fmt::Result {
    let SessionConfig { neighbour, path, min_rx, min_tx, multiplier, passive, enabled, auth, echo, .. } =
        session;
    write!(f, "to {neighbour} {path:?} min_rx={min_rx:?} min_tx={min_tx:?} multiplier={multiplier}")?;
    for (said, word) in [(*passive, "passive"), (!enabled, "disabled"), (echo.send.is_some(), "echo")] {
        if said {
            write!(f, " {word}")?;
        }
    }
    auth.as_ref().map_or(Ok(()), |auth| write!(f, " auth={:?}", auth.kind))
}

/// Two sessions that fit together.
fn pair(chance: &mut Chance) -> [SessionConfig; 2] {
    let family = if chance.happens(150) { Family::V6 } else { Family::V4 };
    let path = if chance.happens(150) { Path::Multihop } else { Path::SingleHop };
    let kind = if chance.happens(300) { Some(*chance.one(&AuthKind::ALL)) } else { None };
    let key = || AuthKey::new(1, b"sesame").expect("six bytes make a key");
    let echoes = path == Path::SingleHop && chance.happens(150);
    [1, 0].map(|neighbour| {
        let mut session = SessionConfig::plain("path", address(neighbour, family));
        session.path = path;
        session.auth = kind.map(|kind| AuthConfig { kind, keys: vec![key()] });
        (session.min_rx, session.min_tx) = (interval(chance), interval(chance));
        session.multiplier = multiplier(chance);
        if echoes {
            let send = EchoSend { interval: interval(chance), route: EchoRoute::Reflected };
            session.echo = EchoConfig { min_rx: interval(chance), send: Some(send) };
        }
        session
    })
}

fn interval(chance: &mut Chance) -> Duration {
    Duration::from_millis(*chance.one(&[10, 20, 50, 100, 300]))
}

fn multiplier(chance: &mut Chance) -> NonZeroU8 {
    *chance.one(&[2, 3, 3, 5].map(|times| NonZeroU8::new(times).expect("none is 0")))
}

fn bad_weather(chance: &mut Chance) -> Weather {
    let mut share = |most: u64| u16::try_from(chance.below(most)).unwrap_or(0);
    let (loss, duplicate, reorder) = (share(800), share(300), share(1000));
    let longest = Duration::from_micros(200 + chance.below(60_000));
    Weather { delay: (Duration::from_micros(100), longest), loss, duplicate, reorder }
}

/// Another configuration of the same session.
fn change(session: &mut SessionConfig, chance: &mut Chance) {
    match chance.below(6) {
        0 => session.min_rx = interval(chance),
        1 => session.min_tx = interval(chance),
        2 => session.multiplier = multiplier(chance),
        3 => session.enabled = false,
        4 => session.echo = EchoConfig::default(),
        _ => (session.min_rx, session.min_tx) = (interval(chance), interval(chance)),
    }
}
