//! The workers: a [`Seat`] each, and what the supervisor remembers of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use host::{Instant, LinkIndex};
use vrrp::Memory;
use worker::bus::{Configure, FromBfd, FromCheck, Mastership, ToBfd, ToCheck, ToSupervisor, ToWorker};

use super::seat::{Death, Seat};
use crate::Part;
use crate::bus::{Begin, ToBfdProcess, ToProcess};

/// The vrrp worker.
#[derive(Debug, Default)]
pub(crate) struct VrrpWorker {
    pub(crate) seat: Seat<ToProcess<ToWorker>, ToSupervisor>,
    /// The instances that are master, each with when the worker that knew that died; `None` while it lives.
    masters: BTreeMap<String, Option<Instant>>,
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

impl VrrpWorker {
    /// Starts one, and has it obey the configuration. Returns its number.
    pub(crate) fn start(
        &mut self,
        begin: Begin,
        pipes: Vec<PathBuf>,
        mut config: vrrp::Config,
        now: Instant,
    ) -> io::Result<u32> {
        config.startup_delay = self.listens_at.get_or_insert(now + config.startup_delay).since(now);
        let console = begin.log.has_console();
        let memory = |(instance, died): (&String, &Option<Instant>)| {
            died.map(|master_until| Memory { instance: instance.clone(), master_until })
        };
        let memories = self.masters.iter().filter_map(memory).collect();
        let configure = ToWorker::Configure(Box::new(Configure { config, memories }));
        let first = [ToProcess::Begin(begin), ToProcess::Pipes(pipes), ToProcess::Worker(configure)];
        self.hung = None;
        self.pieces = None;
        self.seat.start(Part::Vrrp, console, &first, now)
    }

    /// Links whose secondary addresses live on because it said so.
    pub(crate) fn promoted(&self) -> Vec<LinkIndex> {
        self.promoted.iter().copied().collect()
    }

    /// Sends a message to the one that lives, if one does.
    pub(crate) fn tell(&mut self, message: ToWorker) {
        if let ToWorker::Configure(_) = message {
            self.seat.await_answer();
        }
        self.seat.say(&ToProcess::Worker(message));
    }

    /// The next message of the one that lives.
    pub(crate) fn hear(&mut self) -> Option<Result<ToSupervisor, String>> {
        let heard = self.seat.hear()?;
        match &heard {
            Ok(ToSupervisor::Ready) => {
                self.seat.answered();
                // It obeys, so what it was told to remember it now is.
                self.masters.values_mut().for_each(|died| *died = None);
            }
            Ok(ToSupervisor::Masterships(news)) => {
                for Mastership { instance, master } in news {
                    if *master {
                        self.masters.insert(instance.clone(), None);
                    } else {
                        self.masters.remove(instance);
                    }
                }
            }
            Ok(ToSupervisor::Promotion { link, on: true }) => drop(self.promoted.insert(*link)),
            Ok(ToSupervisor::Promotion { link, on: false }) => drop(self.promoted.remove(link)),
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
        for died in self.masters.values_mut() {
            died.get_or_insert(alive);
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
    pub(crate) fn start(&mut self, begin: Begin, config: bfd::Config, now: Instant) -> io::Result<u32> {
        let console = begin.log.has_console();
        let configure = ToBfd::Configure(Box::new(config));
        let first = [ToBfdProcess::Begin(begin), ToBfdProcess::Worker(configure)];
        self.pieces = None;
        self.seat.start(Part::Bfd, console, &first, now)
    }

    /// Sends a message to the one that lives, if one does.
    pub(crate) fn tell(&mut self, message: ToBfd) {
        if let ToBfd::Configure(_) = message {
            self.seat.await_answer();
        }
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
    told: Option<check::Config>,
}

impl CheckWorker {
    /// Starts one, and has it obey the configuration. Returns its number.
    pub(crate) fn start(
        &mut self,
        begin: Begin,
        pipes: Vec<PathBuf>,
        config: check::Config,
        now: Instant,
    ) -> io::Result<u32> {
        let console = begin.log.has_console();
        let (first, news) = match self.told.clone() {
            None => (ToCheck::Configure(Box::new(config.clone())), None),
            Some(told) => {
                let news = (told != config).then(|| ToCheck::Configure(Box::new(config.clone())));
                (ToCheck::Resume(Box::new(told)), news)
            }
        };
        let first = [ToProcess::Begin(begin), ToProcess::Pipes(pipes), ToProcess::Worker(first)];
        self.pieces = None;
        let pid = self.seat.start(Part::Check, console, &first, now)?;
        self.told = Some(config);
        if let Some(news) = news {
            self.tell(news);
        }
        Ok(pid)
    }

    /// Sends a message to the one that lives, if one does.
    pub(crate) fn tell(&mut self, message: ToCheck) {
        if let ToCheck::Configure(config) = &message {
            self.seat.await_answer();
            self.told = Some(check::Config::clone(config));
        }
        self.seat.say(&ToProcess::Worker(message));
    }

    /// Takes in a piece of how it stands; the whole with the last.
    pub(crate) fn assemble(&mut self, piece: check::Status, more: bool) -> Option<check::Status> {
        self.pieces.get_or_insert_default().append(piece);
        if more { None } else { self.pieces.take() }
    }
}
