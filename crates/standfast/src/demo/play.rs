//! The play: five deeds, each of which must move the address.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use host::Instant;
use linux::namespace::Namespace;

use super::board::Board;
use super::cast::{self, Player};
use super::measure::Measured;
use super::report::{Report, Takeover, brief};
use super::sighting::{Node, Outlook, Seen, Sighting};
use super::stage::{Names, Stage};
use super::terms::{Bound, Terms};
use super::view::View;
use super::{DemoError, Play, client, observe, version};

/// After a takeover, so that one sees that it stays. No multiple of the advertisement interval, so that deeds do not
/// always meet the master just after an advert.
const REST: Duration = Duration::from_millis(2400);
/// Beyond its bound, a takeover is waited for so long before it counts as missed.
const PATIENCE: Duration = Duration::from_secs(5);
/// From one look at the children to the next, and from one picture to the next.
const TICK: Duration = Duration::from_millis(100);

/// What is done to the pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Deed {
    SwitchOn,
    KillService,
    RestartService,
    PowerOff,
    PowerOn,
}

impl Deed {
    const ALL: [Self; 5] =
        [Self::SwitchOn, Self::KillService, Self::RestartService, Self::PowerOff, Self::PowerOn];

    /// In the report for programs.
    const fn name(self) -> &'static str {
        match self {
            Self::SwitchOn => "start",
            Self::KillService => "service-killed",
            Self::RestartService => "service-restarted",
            Self::PowerOff => "power-off",
            Self::PowerOn => "power-on",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::SwitchOn => "both nodes are started",
            Self::KillService => "the web service of node a is killed",
            Self::RestartService => "the web service of node a is started again",
            Self::PowerOff => "node a loses its power (kill -9, cable dead)",
            Self::PowerOn => "node a has power again",
        }
    }

    /// Who must be master after it.
    const fn successor(self) -> Node {
        match self {
            Self::SwitchOn | Self::RestartService | Self::PowerOn => Node::A,
            Self::KillService | Self::PowerOff => Node::B,
        }
    }

    fn bound(self, terms: &Terms) -> Bound {
        let to = self.successor();
        match self {
            Self::SwitchOn | Self::PowerOn => terms.after_start(to),
            Self::KillService => terms.after_failure(to),
            Self::RestartService => terms.after_recovery(to),
            Self::PowerOff => terms.after_silence(to),
        }
    }
}

/// Whoever does the deeds and keeps the book.
pub(super) struct Director {
    stage: Stage,
    a: (Player, Namespace),
    b: (Player, Namespace),
    terms: Terms,
    program: PathBuf,
    seen: Receiver<Sighting>,
    history: Vec<Sighting>,
    board: Board,
    view: View,
    step: bool,
}

impl Director {
    /// Builds the stage, and posts the observers.
    pub(super) fn prepare(
        play: &Play,
        program: PathBuf,
        terms: Terms,
        names: &Names,
        directory: &Path,
        outlook: &Outlook,
        seen: Receiver<Sighting>,
    ) -> Result<Self, DemoError> {
        let stage = Stage::build(names)?;
        let entered = DemoError::when("enter a namespace");
        let client = || stage.client().map_err(&entered);
        observe::wire(client()?, &terms, outlook.clone());
        client::ask(client()?, terms.address, cast::PORT, outlook.clone());
        let player = |node| {
            observe::kernel(stage.node(node).map_err(&entered)?, node, terms.address, outlook.clone());
            let player =
                Player::new(node, &program, directory).map_err(DemoError::when("write a node's file"))?;
            observe::daemon(player.control_socket(), node, outlook.clone());
            Ok((player, stage.node(node).map_err(&entered)?))
        };
        let (a, b) = (player(Node::A)?, player(Node::B)?);
        let view = View::new(play.manner, linux::clock::now());
        let (history, board, step) = (Vec::new(), Board::default(), play.step);
        Ok(Self { stage, a, b, terms, program, seen, history, board, view, step })
    }

    /// The whole play.
    pub(super) fn direct(mut self) -> Result<Report, DemoError> {
        let version = version(&self.program)?;
        self.view.title(&format!("{version}: {}", self.program.display()));
        let mut takeovers = Vec::new();
        for (number, deed) in (1..).zip(Deed::ALL) {
            let takeover = self.perform(number, deed)?;
            let goes_on = takeover.takeover.is_some();
            takeovers.push(takeover);
            if !goes_on {
                break;
            }
        }
        self.view.erase();
        let passed = takeovers.len() == Deed::ALL.len() && takeovers.iter().all(|one| one.within_bound);
        let requests = self.board.client.requests;
        let daemon = self.program.display().to_string();
        Ok(Report { daemon, version, takeovers, requests, passed, logs: None })
    }

    /// One step: does the deed, waits for the takeover and measures it.
    fn perform(&mut self, number: usize, deed: Deed) -> Result<Takeover, DemoError> {
        let (to, bound) = (deed.successor(), deed.bound(&self.terms));
        let step = format!("Step {number} of {}: {}", Deed::ALL.len(), deed.words());
        if self.step {
            self.view.headline = format!("Enter for {}", step.to_lowercase());
            self.wait_for_key()?;
        }
        let expected = format!("node {} is to be master within {}", to.letter(), brief(bound.limit));
        self.view.title(&format!("\n{step}; {expected}"));
        self.view.headline = step;
        let since = self.act(deed)?;
        self.show_programs();
        let from = self.history.len();
        let until = linux::clock::now() + bound.limit + PATIENCE;
        // Sightings made while the deed was done are still in the channel: none is missed.
        let complete = |history: &[Sighting]| {
            Measured::of(history.get(from..).unwrap_or_default(), since, to).is_complete()
        };
        if self.watch_until(until, complete)? {
            self.watch_until(linux::clock::now() + REST, |_| false)?;
        }
        let measured = Measured::of(&self.history, since, to);
        Ok(Takeover::of(deed.name(), deed.words().to_owned(), to, bound, &measured))
    }

    /// The moment from which the takeover counts.
    fn act(&mut self, deed: Deed) -> Result<Instant, DemoError> {
        let (a, namespace_a) = &mut self.a;
        let (b, namespace_b) = &mut self.b;
        match deed {
            Deed::SwitchOn => {
                a.start_service(namespace_a)?;
                b.start_service(namespace_b)?;
                let since = linux::clock::now();
                a.start_daemon(namespace_a)?;
                b.start_daemon(namespace_b)?;
                Ok(since)
            }
            Deed::KillService => {
                let since = linux::clock::now();
                a.kill_service();
                Ok(since)
            }
            Deed::RestartService => {
                a.start_service(namespace_a)?;
                Ok(linux::clock::now())
            }
            Deed::PowerOff => {
                let since = linux::clock::now();
                self.stage.power_off(Node::A)?;
                a.bury();
                Ok(since)
            }
            Deed::PowerOn => {
                self.stage.plug(Node::A)?;
                a.start_service(namespace_a)?;
                let since = linux::clock::now();
                a.start_daemon(namespace_a)?;
                Ok(since)
            }
        }
    }

    fn show_programs(&mut self) {
        for node in Node::BOTH {
            let (player, _) = match node {
                Node::A => &self.a,
                Node::B => &self.b,
            };
            let (daemon, service) = player.runs();
            let standing = self.board.node_mut(node);
            (standing.daemon, standing.service) = (daemon, service);
            if !daemon {
                standing.told = None;
            }
        }
    }

    /// Takes in what is seen until the time is over or enough was seen; which of the two, is the answer.
    fn watch_until(
        &mut self,
        until: Instant,
        enough: impl Fn(&[Sighting]) -> bool,
    ) -> Result<bool, DemoError> {
        loop {
            let now = linux::clock::now();
            self.view.draw(&self.board, &self.terms, now);
            for (player, _) in [&mut self.a, &mut self.b] {
                if player.has_fallen() {
                    return Err(DemoError::Fallen(player.node().letter()));
                }
            }
            if now >= until {
                return Ok(false);
            }
            if let Some(sighting) = self.next(TICK.min(until.since(now)))? {
                let may_matter = !matches!(sighting.seen, Seen::Unanswered);
                self.take(sighting)?;
                if may_matter && enough(&self.history) {
                    return Ok(true);
                }
            }
        }
    }

    fn wait_for_key(&mut self) -> Result<(), DemoError> {
        loop {
            self.view.draw(&self.board, &self.terms, linux::clock::now());
            match self.next(TICK)? {
                Some(Sighting { seen: Seen::Key, .. }) => {
                    self.view.pressed();
                    return Ok(());
                }
                Some(Sighting { seen: Seen::NoMoreKeys, .. }) => {
                    self.step = false;
                    return Ok(());
                }
                Some(sighting) => self.take(sighting)?,
                None => {}
            }
        }
    }

    fn next(&self, patience: Duration) -> Result<Option<Sighting>, DemoError> {
        match self.seen.recv_timeout(patience) {
            Ok(sighting) => Ok(Some(sighting)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => {
                Err(DemoError::Blind("nobody observes any more".to_owned()))
            }
        }
    }

    fn take(&mut self, sighting: Sighting) -> Result<(), DemoError> {
        match &sighting.seen {
            Seen::Interrupted => {
                self.view.erase();
                return Err(DemoError::Interrupted);
            }
            Seen::Blind(why) => return Err(DemoError::Blind(why.clone())),
            Seen::Advert { .. }
            | Seen::Announced { .. }
            | Seen::Held { .. }
            | Seen::Answered { .. }
            | Seen::Unanswered
            | Seen::Told { .. }
            | Seen::Key
            | Seen::NoMoreKeys => {}
        }
        if let Some(news) = self.board.note(&sighting) {
            self.view.tell(sighting.at, &news);
        }
        // Observers are threads: what one saw may overtake what another saw a little earlier.
        let place = self.history.partition_point(|one| one.at <= sighting.at);
        self.history.insert(place, sighting);
        Ok(())
    }
}
