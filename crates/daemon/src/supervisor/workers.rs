//! The workers: a [`Seat`] each, and what the supervisor remembers of them.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use host::{Instant, LinkIndex};
use vrrp::Memory;
use worker::bus::{FromBfd, FromCheck, Mastership, ToBfd, ToCheck, ToSupervisor, ToWorker};

use super::in_force::InForce;
use super::seat::{Death, Seat};
use crate::Part;
use crate::bus::{Begin, Filed, Past, ToBfdProcess, ToProcess};

/// The vrrp worker.
#[derive(Debug, Default)]
pub(crate) struct VrrpWorker {
    pub(crate) seat: Seat<ToProcess<ToWorker>, ToSupervisor>,
    /// The instances that are master, sorted.
    masters: Vec<Master>,
    /// Links whose secondary addresses live on because it said so.
    promoted: BTreeSet<LinkIndex>,
    /// When instances begin to listen, counted from the first start: a worker that replaces one that crashed does not
    /// wait anew.
    listens_at: Option<Instant>,
    /// It was killed because it hung, since then at the latest.
    hung: Option<Instant>,
    /// What it has said so far of how it stands.
    pieces: Option<vrrp::Status>,
}

/// An instance that is master.
#[derive(Debug)]
struct Master {
    instance: Box<str>,
    /// When the worker that knew that died; `None` while it lives.
    died: Option<Instant>,
}

impl VrrpWorker {
    /// Starts one, and has it obey the configuration. Returns its number.
    pub(crate) fn start(
        &mut self,
        begin: Begin,
        pipes: Vec<PathBuf>,
        config: &InForce,
        now: Instant,
    ) -> io::Result<u32> {
        let console = begin.log.has_console();
        let mut first = vec![ToProcess::Begin(begin), ToProcess::Pipes(pipes)];
        match self.listens_at {
            None => self.listens_at = Some(now + config.startup_delay),
            Some(at) => first
                .push(ToProcess::Resume(Past { memories: self.memories(), startup_delay: at.since(now) })),
        }
        self.hung = None;
        self.pieces = None;
        self.seat.start(Part::Vrrp, console, &first, Some(&config.vrrp), now)
    }

    /// What was master when the worker that knew it died.
    fn memories(&self) -> Vec<Memory> {
        let memory = |Master { instance, died }: &Master| {
            died.map(|master_until| Memory { instance: String::from(&**instance), master_until })
        };
        self.masters.iter().filter_map(memory).collect()
    }

    /// Links whose secondary addresses live on because it said so.
    pub(crate) fn promoted(&self) -> Vec<LinkIndex> {
        self.promoted.iter().copied().collect()
    }

    /// Sends a message to the one that lives, if one does.
    pub(crate) fn tell(&mut self, message: ToWorker) {
        self.seat.say(&ToProcess::Worker(message));
    }

    /// The next message of the one that lives.
    pub(crate) fn hear(&mut self) -> Option<Result<ToSupervisor, String>> {
        let heard = self.seat.hear()?;
        match &heard {
            Ok(ToSupervisor::Ready) => {
                self.seat.answered();
                // It obeys, so what it was told to remember it now is.
                self.masters.iter_mut().for_each(|master| master.died = None);
            }
            Ok(ToSupervisor::Promotion { link, on: true }) => drop(self.promoted.insert(*link)),
            Ok(ToSupervisor::Promotion { link, on: false }) => drop(self.promoted.remove(link)),
            Ok(ToSupervisor::Masterships(news)) => news.iter().for_each(|news| self.remember(news)),
            Ok(
                ToSupervisor::Run(..)
                | ToSupervisor::End(_)
                | ToSupervisor::Notify { .. }
                | ToSupervisor::Mail(_)
                | ToSupervisor::Alive
                | ToSupervisor::Status { .. },
            )
            | Err(_) => {}
        }
        Some(heard)
    }

    fn remember(&mut self, news: &Mastership) {
        let Mastership { instance, master } = news;
        let place = self.masters.binary_search_by(|known| (*known.instance).cmp(instance));
        match place {
            Ok(place) if *master => self.masters[place].died = None,
            Ok(place) => drop(self.masters.remove(place)),
            Err(place) if *master => {
                self.masters.insert(place, Master { instance: instance.as_str().into(), died: None });
            }
            Err(_) => {}
        }
    }

    /// Takes in a piece of how it stands; the whole with the last.
    pub(crate) fn assemble(&mut self, status: vrrp::Status, more: bool) -> Option<vrrp::Status> {
        match &mut self.pieces {
            None => self.pieces = Some(status),
            Some(whole) => {
                whole.instances.extend(status.instances);
                whole.links.extend(status.links);
            }
        }
        if more { None } else { self.pieces.take() }
    }

    /// Ends one that hangs, since then at the latest: masters that it knew may have rivals since.
    pub(crate) fn kill_hanging(&mut self, since: Instant) {
        self.hung = Some(since);
        self.seat.kill();
    }

    /// It has ended: reaps it, as [`Seat::bury`].
    pub(crate) fn bury(&mut self, now: Instant) -> Option<Death> {
        let death = self.seat.bury(now)?;
        // It was alive just now, as its end is told within the same turn of the kernel; or it hung.
        let alive = self.hung.take().unwrap_or(now);
        for master in &mut self.masters {
            master.died.get_or_insert(alive);
        }
        Some(death)
    }
}

/// The bfd worker.
#[derive(Debug, Default)]
pub(crate) struct BfdWorker {
    pub(crate) seat: Seat<ToBfdProcess, FromBfd>,
    /// What it has said so far of how it stands.
    pieces: Option<bfd::Status>,
}

impl BfdWorker {
    /// Starts one, and has it obey the configuration. Returns its number.
    pub(crate) fn start(&mut self, begin: Begin, config: &InForce, now: Instant) -> io::Result<u32> {
        let console = begin.log.has_console();
        self.pieces = None;
        self.seat.start(Part::Bfd, console, &[ToBfdProcess::Begin(begin)], Some(&config.bfd), now)
    }

    /// Sends a message to the one that lives, if one does.
    pub(crate) fn tell(&mut self, message: ToBfd) {
        self.seat.say(&ToBfdProcess::Worker(message));
    }

    /// Takes in a piece of how it stands; the whole with the last.
    pub(crate) fn assemble(&mut self, status: bfd::Status, more: bool) -> Option<bfd::Status> {
        let bfd::Status { sessions, strays, gauges } = status;
        let whole = self.pieces.get_or_insert_default();
        whole.sessions.extend(sessions);
        (whole.strays, whole.gauges) = (strays, gauges);
        if more { None } else { self.pieces.take() }
    }
}

/// The check worker.
#[derive(Debug, Default)]
pub(crate) struct CheckWorker {
    pub(crate) seat: Seat<ToProcess<ToCheck>, FromCheck>,
    /// What it has said so far of how it stands.
    pieces: Option<check::Status>,
    /// The configuration that it was told last. What of that is not wanted any more when another is started is still in
    /// the kernel's table.
    told: Option<Rc<Filed<ToProcess<ToCheck>>>>,
}

impl CheckWorker {
    /// Starts one, and has it obey the configuration. Returns its number.
    pub(crate) fn start(
        &mut self,
        begin: Begin,
        pipes: Vec<PathBuf>,
        config: &InForce,
        now: Instant,
    ) -> io::Result<u32> {
        let console = begin.log.has_console();
        let mut first = vec![ToProcess::Begin(begin), ToProcess::Pipes(pipes)];
        let told = self.told.clone();
        if told.is_some() {
            first.push(ToProcess::Resume(Past::default()));
        }
        let told = told.unwrap_or_else(|| Rc::clone(&config.check));
        self.pieces = None;
        let pid = self.seat.start(Part::Check, console, &first, Some(&told), now)?;
        self.told = Some(told);
        self.configure(config);
        Ok(pid)
    }

    /// Has the one that lives, if one does, obey the configuration, unless it does.
    pub(crate) fn configure(&mut self, config: &InForce) {
        if !self.told.as_ref().is_some_and(|told| Rc::ptr_eq(told, &config.check)) {
            self.seat.configure(&config.check);
            self.told = Some(Rc::clone(&config.check));
        }
    }

    /// Sends a message to the one that lives, if one does.
    pub(crate) fn tell(&mut self, message: ToCheck) {
        self.seat.say(&ToProcess::Worker(message));
    }

    /// Takes in a piece of how it stands; the whole with the last.
    pub(crate) fn assemble(&mut self, piece: check::Status, more: bool) -> Option<check::Status> {
        self.pieces.get_or_insert_default().append(piece);
        if more { None } else { self.pieces.take() }
    }
}
