//! What the supervisor and a worker say to one another.
//!
//! One message is one `SOCK_SEQPACKET` record of JSON, at most [`MAX_MESSAGE`] bytes. A configuration may be larger:
//! it goes as a sealed memory file whose descriptor comes with [`ToWorker::Configure`]'s record.
//!
//! The bfd worker and the check worker have messages of their own, and one kind goes past the supervisor:
//! [`bfd::Verdict`]s.

use host::{Job, JobId, LinkIndex, Outcome};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vrrp::{Config, Memory, Status};

use crate::notify::mail::Alert;

/// Most bytes in one message: what a socket buffer takes at once on a stock kernel, with room to spare.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// From the supervisor to the vrrp worker.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum ToWorker {
    /// Obey this configuration from now on. The first message; again at each reload.
    Configure(Box<Configure>),
    /// A job that was asked for ended.
    JobEnded(JobId, Outcome),
    /// Say how you stand.
    TellStatus,
    /// Give a sign of life: [`ToSupervisor::Alive`].
    Ping,
    /// Begin all counters anew.
    ClearCounters,
    /// Write the present states to the event pipes again (`fifo_write_vrrp_states_on_reload`).
    WriteStates,
    /// Give up, clean up, end.
    Stop,
}

/// A configuration with what goes with it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Configure {
    /// What to obey.
    pub config: Config,
    /// After a crash: what was master. Empty otherwise.
    pub memories: Vec<Memory>,
}

/// An instance became master, or ceased to be.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mastership {
    /// The instance's name.
    pub instance: String,
    /// Became or ceased.
    pub master: bool,
}

/// From the vrrp worker to the supervisor.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum ToSupervisor {
    /// The configuration is in force.
    Ready,
    /// Run a tracking script; the answer is [`ToWorker::JobEnded`].
    Run(JobId, Job),
    /// End a tracking script; no answer comes.
    End(JobId),
    /// Run a notify script after all others of the same queue have ended.
    Notify {
        /// The instance's name.
        queue: String,
        /// What to run.
        job: Job,
    },
    /// Instances became master, or ceased to be, in this order. The supervisor keeps it for [`Configure::memories`].
    Masterships(Vec<Mastership>),
    /// Secondary addresses of a link live on when the first goes, which they would not do by themselves, or that is as it
    /// was. Said before it is done: the supervisor keeps it for a worker that follows after a crash.
    Promotion {
        /// The link.
        link: LinkIndex,
        /// They do.
        on: bool,
    },
    /// Mail this, after all before it.
    Mail(Alert),
    /// The answer to [`ToWorker::Ping`].
    Alive,
    /// The answer to [`ToWorker::TellStatus`], in pieces, so that no advert waits for them.
    Status {
        /// The next instances and links; all else is in the first.
        status: Box<Status>,
        /// More pieces follow.
        more: bool,
    },
}

/// The worker's end of the bus.
pub trait Bus {
    /// Sends. Never waits; what cannot be sent is kept until it can.
    fn tell(&mut self, message: ToSupervisor);
}

/// From the supervisor to the bfd worker.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum ToBfd {
    /// Obey this configuration from now on. The first message; again at each reload.
    Configure(Box<bfd::Config>),
    /// Say how you stand.
    TellStatus,
    /// Give a sign of life: [`FromBfd::Alive`].
    Ping,
    /// Tell the neighbours, clean up, end.
    Stop,
}

/// From the bfd worker to the supervisor.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum FromBfd {
    /// The configuration is in force.
    Ready,
    /// The answer to [`ToBfd::Ping`].
    Alive,
    /// The answer to [`ToBfd::TellStatus`], in pieces that fit into [`MAX_MESSAGE`].
    Status {
        /// The next sessions; what concerns all is the same in each piece.
        status: Box<bfd::Status>,
        /// More pieces follow.
        more: bool,
    },
}

/// The bfd worker's end of the bus.
pub trait BfdBus {
    /// Sends to the supervisor. Never waits; what cannot be sent is kept until it can.
    fn tell_supervisor(&mut self, message: FromBfd);
    /// Sends straight to the workers that [`bfd::Verdict::audience`] names: they act within milliseconds, and the
    /// supervisor has no part in it. Never waits; a worker that is not there misses it, and is told all anew when it
    /// comes.
    fn tell_trackers(&mut self, verdict: bfd::Verdict);
}

/// From the supervisor to the check worker.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum ToCheck {
    /// Obey this configuration from now on. The first message; again at each reload.
    Configure(Box<check::Config>),
    /// The same as the first message to the successor of one that died, of what that one obeyed.
    Resume(Box<check::Config>),
    /// Say how you stand.
    TellStatus,
    /// Give a sign of life: [`FromCheck::Alive`].
    Ping,
    /// Take what is ours from the kernel's table, end.
    Stop,
}

/// From the check worker to the supervisor.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum FromCheck {
    /// The configuration is in force.
    Ready,
    /// The answer to [`ToCheck::Ping`].
    Alive,
    /// The answer to [`ToCheck::TellStatus`], in pieces that fit into [`MAX_MESSAGE`].
    Status {
        /// The next real servers, in their virtual servers.
        status: Box<check::Status>,
        /// More pieces follow.
        more: bool,
    },
    /// Run a notify script after all others of the same queue have ended.
    Notify {
        /// The virtual server's name.
        queue: String,
        /// What to run.
        job: Job,
    },
}

/// The check worker's end of the bus.
pub trait CheckBus {
    /// Sends to the supervisor. Never waits; what cannot be sent is kept until it can.
    fn tell_supervisor(&mut self, message: FromCheck);
}

/// Most bytes in a configuration that comes as a sealed memory file: some hundred times the largest known.
pub const MAX_CONFIGURATION: usize = 64 * 1024 * 1024;

/// Why a message could not be turned into bytes or back.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// It has more bytes than allowed.
    #[error("a message of {length} bytes is longer than {limit}")]
    TooLong {
        /// Its bytes.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// It is not JSON, or not a message.
    #[error("a message cannot be understood")]
    Json(#[from] serde_json::Error),
}

/// A message as JSON of at most `limit` bytes: [`MAX_MESSAGE`], or [`MAX_CONFIGURATION`] in a memory file.
pub fn encode<T: Serialize>(message: &T, limit: usize) -> Result<Vec<u8>, BusError> {
    let bytes = serde_json::to_vec(message)?;
    check_length(bytes.len(), limit)?;
    Ok(bytes)
}

/// The message in JSON of at most `limit` bytes.
pub fn decode<T: DeserializeOwned>(bytes: &[u8], limit: usize) -> Result<T, BusError> {
    check_length(bytes.len(), limit)?;
    Ok(serde_json::from_slice(bytes)?)
}

const fn check_length(length: usize, limit: usize) -> Result<(), BusError> {
    if length > limit { Err(BusError::TooLong { length, limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_the_bus() {
        let message = ToSupervisor::Masterships(vec![Mastership { instance: "VI_1".into(), master: true }]);
        let bytes = encode(&message, MAX_MESSAGE).unwrap();
        assert_eq!(decode::<ToSupervisor>(&bytes, MAX_MESSAGE).unwrap(), message);
    }

    #[test]
    fn a_message_that_is_too_long_is_neither_sent_nor_read() {
        let message =
            ToSupervisor::Masterships(vec![Mastership { instance: "x".repeat(MAX_MESSAGE), master: true }]);
        assert!(matches!(encode(&message, MAX_MESSAGE), Err(BusError::TooLong { .. })));
        let bytes = encode(&message, MAX_CONFIGURATION).unwrap();
        assert!(matches!(decode::<ToSupervisor>(&bytes, MAX_MESSAGE), Err(BusError::TooLong { .. })));
    }

    #[test]
    fn bytes_that_are_no_message_are_an_error() {
        for bytes in [&b""[..], b"{", b"\xff", b"{\"Run\":[1]}", b"[[[[[[[[", b"\"Unknown\""] {
            assert!(matches!(decode::<ToSupervisor>(bytes, MAX_MESSAGE), Err(BusError::Json(_))));
        }
        let deep = "[".repeat(MAX_MESSAGE);
        assert!(matches!(decode::<ToWorker>(deep.as_bytes(), MAX_MESSAGE), Err(BusError::Json(_))));
    }
}
