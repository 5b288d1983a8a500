//! What the supervisor and a worker say to one another.
//!
//! One message is one `SOCK_SEQPACKET` record of JSON, at most [`MAX_MESSAGE`] bytes. A configuration may be larger:
//! it goes as a sealed memory file whose descriptor comes with [`ToWorker::Configure`]'s record.

use host::{Job, JobId, Outcome};
use serde::{Deserialize, Serialize};
use vrrp::{Config, Memory, Status};

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
    /// An instance became master, or ceased to be. The supervisor keeps it for [`Configure::memories`].
    Mastership {
        /// The instance's name.
        instance: String,
        /// Became or ceased.
        master: bool,
    },
    /// The answer to [`ToWorker::TellStatus`].
    Status(Box<Status>),
}

/// The worker's end of the bus.
pub trait Bus {
    /// Sends. Never waits; what cannot be sent is kept until it can.
    fn tell(&mut self, message: ToSupervisor);
}
