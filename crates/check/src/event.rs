//! What the engine can be told and what it can ask for.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use host::ipvs::{IpvsOp, IpvsSurvey};
use host::{Command, Refusal, Ticket};

use crate::config::Config;
use crate::notice::Notice;

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A configuration takes effect: the first, or one that replaces another.
    Configured(Box<Config>),
    /// The same for the successor of a worker that died: how paths stand is about to be told, and before that nothing is
    /// done, so that no server comes or goes that should not.
    Resumed(Box<Config>),
    /// What the kernel's table holds; the answer to [`Action::Survey`].
    Surveyed(IpvsSurvey),
    /// An order was carried out or refused.
    Settled {
        /// The order.
        ticket: Ticket,
        /// Whether it was carried out.
        result: Result<(), Refusal>,
    },
    /// The path of a BFD session was judged.
    PathJudged {
        /// The session's name.
        session: String,
        /// Whether the path is alive.
        alive: bool,
    },
    /// The deadline has passed.
    Wake,
    /// The daemon stops: what is ours in the kernel's table goes.
    Stop,
}

/// Something to do, in order. What is not here the engine cannot ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Look what the kernel's table holds.
    Survey,
    /// Change the kernel's table.
    Ipvs(Ticket, IpvsOp),
    /// Tell those who want to hear of servers and services.
    Tell(News),
    /// A fact for people and monitoring.
    Notice(Notice),
}

/// A real server or a virtual server came up or went down. Its `Display` is Keepalived's line for event pipes, without
/// its end.
///
/// ```text
/// RS [10.0.0.11]:tcp:80 [10.0.0.100]:tcp:80 DOWN
/// VS [10.0.0.100]:tcp:80 DOWN
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct News {
    /// The virtual server's name.
    pub service: String,
    /// The real server's name; `None` if it is the virtual server that came or went.
    pub server: Option<String>,
    /// It came.
    pub up: bool,
    /// What is run on this.
    pub script: Option<Command>,
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, server, up, script: _ } = self;
        match server {
            Some(server) => write!(f, "RS {server} ")?,
            None => f.write_str("VS ")?,
        }
        write!(f, "{service} {}", if *up { "UP" } else { "DOWN" })
    }
}
