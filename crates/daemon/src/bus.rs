//! Messages over a bus: JSON in records.

use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use bfd::Verdict;
use bfd::config::Audience;
use host::LinkIndex;
use linux::bus::{BusEnd, Received};
use linux::sealed::Sealed;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vrrp::Memory;
use worker::bus::{MAX_MESSAGE, ToBfd};

use crate::log::LogOptions;
use crate::manner::Manner;

/// What the supervisor sends to the process of a worker that hears `M`: the vrrp worker's, the check worker's.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum ToProcess<M> {
    /// The first message: what concerns the process and not the engine.
    Begin(Begin),
    /// Where events are written from now on: paths of named pipes that are there.
    Pipes(Vec<PathBuf>),
    /// How it runs from now on.
    Run(Manner),
    /// The bfd worker speaks by the socket that comes with this, and no other, from now on.
    Verdicts,
    /// The configuration that comes next is the one that a worker obeyed that died.
    Resume(Past),
    /// For the worker in it.
    Worker(M),
}

/// What is remembered of a worker that died, for its successor.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Past {
    /// What was master.
    pub(crate) memories: Vec<Memory>,
    /// What is left of the time that instances wait before they listen.
    pub(crate) startup_delay: Duration,
}

/// What the supervisor sends to the bfd worker's process.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum ToBfdProcess {
    /// The first message.
    Begin(Begin),
    /// How it runs from now on.
    Run(Manner),
    /// This one, which was started anew or is told of for the first time, listens at the socket that comes with this.
    Tracker(Tracker),
    /// For the worker in it.
    Worker(ToBfd),
}

/// A worker that hears what the bfd worker finds out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(crate) enum Tracker {
    /// The vrrp worker.
    Vrrp,
    /// The check worker.
    Check,
}

impl Tracker {
    /// Whether it is among those who are to hear of a session.
    pub(crate) const fn is_of(self, audience: Audience) -> bool {
        match self {
            Self::Vrrp => audience.vrrp,
            Self::Check => audience.checker,
        }
    }
}

/// The end of the socket between the bfd worker and another that sends.
pub(crate) type VerdictSender = Line<Verdict, ()>;
/// The end that receives.
pub(crate) type VerdictReceiver = Line<(), Verdict>;

/// What a worker's process is told first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Begin {
    /// Where it logs.
    pub(crate) log: LogOptions,
    /// How it runs.
    pub(crate) manner: Manner,
    /// `-V`: at the end addresses stay, and no advert says that we stop. `-I`: the kernel's IPVS table stays as it is.
    pub(crate) keep: bool,
    /// The network namespace that the daemon was started in, if it left it: there the kernel tells of processes.
    pub(crate) home: Option<PathBuf>,
    /// The network namespace where it programs IPVS, if it is another one.
    pub(crate) ipvs: Option<PathBuf>,
    /// Receive buffers of its netlink sockets, for orders, for news and for events of processes: bytes, and whether beyond
    /// the system's limit.
    pub(crate) netlink: [Option<(u32, bool)>; 3],
    /// Links whose secondary addresses live on because one that died said so.
    pub(crate) promoted: Vec<LinkIndex>,
}

/// A message that was put aside: it can be sent again and again and read again, and is in nobody's memory meanwhile.
#[derive(Debug)]
pub(crate) struct Filed<S> {
    file: Sealed,
    marker: PhantomData<fn(S) -> S>,
}

impl<S: Serialize + DeserializeOwned> Filed<S> {
    /// Puts one aside.
    pub(crate) fn new(message: &S) -> io::Result<Self> {
        let file = Sealed::new(|file| serde_json::to_writer(file, message).map_err(io::Error::from))?;
        Ok(Self { file, marker: PhantomData })
    }

    /// What it says.
    pub(crate) fn read(&self) -> io::Result<S> {
        Ok(serde_json::from_slice(&self.file.read()?)?)
    }
}

/// One end of a bus that sends `S` and receives `R`.
#[derive(Debug)]
pub(crate) struct Line<S, R> {
    end: BusEnd,
    marker: PhantomData<fn(S) -> R>,
}

/// What one receive found.
#[derive(Debug)]
pub(crate) enum Heard<R> {
    /// A message.
    Message(R),
    /// Nothing for now.
    Nothing,
    /// The other end is closed.
    Closed,
    /// What makes no sense; the peer is another version, or broken.
    Nonsense(String),
}

impl<S: Serialize, R: DeserializeOwned> Line<S, R> {
    /// Two ends: ours, and a descriptor for the other process.
    pub(crate) fn pair() -> io::Result<(Self, OwnedFd)> {
        let (end, other) = BusEnd::pair(MAX_MESSAGE)?;
        Ok((Self { end, marker: PhantomData }, other))
    }

    /// The other process's end.
    pub(crate) fn from_socket(socket: OwnedFd) -> Self {
        Self { end: BusEnd::from_socket(socket, MAX_MESSAGE), marker: PhantomData }
    }

    /// Sends a message after all before it, without waiting. Fails if far too many wait.
    pub(crate) fn send(&mut self, message: &S) -> io::Result<()> {
        let bytes = serde_json::to_vec(message).map_err(io::Error::other)?;
        self.end.send(bytes)
    }

    /// The same with a message that was put aside.
    pub(crate) fn send_filed(&mut self, message: &Filed<S>) -> io::Result<()> {
        self.end.send_file(message.file.try_clone()?)
    }

    /// The same with a descriptor, which closes here.
    pub(crate) fn send_with(&mut self, message: &S, descriptor: OwnedFd) -> io::Result<()> {
        let bytes = serde_json::to_vec(message).map_err(io::Error::other)?;
        self.end.send_with(bytes, descriptor)
    }

    /// What came along with the message that was received last.
    pub(crate) fn take_descriptor(&mut self) -> Option<OwnedFd> {
        self.end.take_descriptor()
    }

    /// Two descriptors of one line, for two other processes.
    pub(crate) fn strangers() -> io::Result<(OwnedFd, OwnedFd)> {
        let (end, other) = BusEnd::pair(MAX_MESSAGE)?;
        Ok((end.into(), other))
    }

    /// Sends what waits. Returns whether nothing waits any more.
    pub(crate) fn flush(&mut self) -> bool {
        self.end.flush()
    }

    /// Whether nothing waits to be sent.
    pub(crate) fn is_flushed(&self) -> bool {
        !self.end.is_waiting()
    }

    /// Whether the other end is known to be closed.
    pub(crate) fn is_broken(&self) -> bool {
        self.end.is_broken()
    }

    /// The next message.
    pub(crate) fn receive(&mut self) -> Heard<R> {
        match self.end.receive() {
            Ok(Received::Record(bytes)) => match serde_json::from_slice(&bytes) {
                Ok(message) => Heard::Message(message),
                Err(error) => Heard::Nonsense(error.to_string()),
            },
            Ok(Received::Nothing) => Heard::Nothing,
            Ok(Received::Closed) => Heard::Closed,
            Err(error) => Heard::Nonsense(error.to_string()),
        }
    }
}

impl<S, R> AsFd for Line<S, R> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.end.as_fd()
    }
}
