//! The demonstration: a pair of nodes that fail over, and a client that watches its page.
//!
//! [`run`] is the whole. `stage` builds the namespaces, `guard` removes them whatever happens, `cast` are the
//! programs in them. `observe` and `client` see from outside what happens, as `sighting`s; `play` is the course of
//! events; `measure` reads off what a takeover took and `terms` what it may take by the configuration; `board`,
//! `view` and `report` show it.

mod board;
mod cast;
mod client;
pub(crate) mod guard;
mod measure;
mod observe;
mod play;
mod report;
pub(crate) mod service;
mod sighting;
mod stage;
mod terms;
mod view;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;

pub(crate) use cast::FILES;
pub(crate) use report::Report;

use guard::Guard;
use play::Director;
use sighting::Outlook;
use stage::Names;
use terms::Terms;

/// How it is to be shown.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    /// To whom.
    pub(crate) manner: Manner,
    /// Wait for Enter before each step.
    pub(crate) step: bool,
    /// The daemon, if not our own.
    pub(crate) daemon: Option<PathBuf>,
}

/// Who watches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    /// A person at a terminal.
    Picture,
    /// A file or a pipe: a line an event.
    Lines,
    /// Nobody: the report is all.
    Silent,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error("this needs root")]
    NotRoot,
    #[error("this needs the program ip (package iproute2), which is not there")]
    NoIproute,
    #[error(
        "there is no keepalived beside this program (looked for {0}); build it with make, or name one by --daemon"
    )]
    NoDaemon(String),
    #[error("the stage cannot be built: ip {order}: {said}")]
    Stage { order: String, said: String },
    #[error("the pair cannot be shown: {0}")]
    Pair(&'static str),
    #[error("the web service of node {0} does not listen")]
    Service(&'static str),
    #[error("the daemon on node {0} ended by itself")]
    Fallen(&'static str),
    #[error("{0}")]
    Blind(String),
    #[error("interrupted")]
    Interrupted,
    #[error("cannot {what}: {cause}")]
    System { what: &'static str, cause: io::Error },
    #[error("{cause}\nthe daemons' logs are in {directory}")]
    Logged { cause: Box<DemoError>, directory: String },
}

impl DemoError {
    fn when(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |cause| Self::System { what, cause }
    }
}

/// Shows the pair. Everything made for it is gone when this returns, except the daemons' logs after a failure.
pub(crate) fn run(play: &Play) -> Result<Report, DemoError> {
    if !rustix::process::geteuid().is_root() {
        return Err(DemoError::NotRoot);
    }
    let daemon = match &play.daemon {
        Some(daemon) => daemon.clone(),
        None => our_daemon()?,
    };
    let [a, b] = FILES;
    let terms = Terms::read(a, b)?;
    let signals = observe::block_signals().map_err(DemoError::when("block signals"))?;
    let names = Names::of(std::process::id());
    let directory = std::env::temp_dir().join(format!("sf-demo-{}", std::process::id()));
    std::fs::create_dir(&directory).map_err(DemoError::when("make a directory"))?;
    let guard = Guard::post(&names, &directory).map_err(DemoError::when("start the guard"))?;
    let (sender, seen) = mpsc::channel();
    let outlook = Outlook::new(sender);
    observe::signals(signals, outlook.clone());
    if play.step {
        observe::keyboard(outlook.clone());
    }
    let result = Director::prepare(play, daemon, terms, &names, &directory, &outlook, seen)
        .and_then(|director| director.direct());
    let keep = match &result {
        Ok(report) => !report.passed,
        // Before the daemons began, there is nothing to read.
        Err(cause) => {
            !matches!(cause, DemoError::Interrupted | DemoError::NoIproute | DemoError::Stage { .. })
        }
    };
    guard.relieve(keep);
    if !keep {
        return result;
    }
    let directory = directory.display().to_string();
    match result {
        Ok(report) => Ok(Report { logs: Some(directory), ..report }),
        Err(cause) => Err(DemoError::Logged { cause: Box::new(cause), directory }),
    }
}

/// The daemon that was built with this program, or installed with it.
fn our_daemon() -> Result<PathBuf, DemoError> {
    let here = std::env::current_exe().map_err(DemoError::when("find this program"))?;
    let places: Vec<PathBuf> = [here.parent().map(|here| here.join("keepalived"))]
        .into_iter()
        .chain([here.parent().and_then(Path::parent).map(|prefix| prefix.join("sbin/keepalived"))])
        .flatten()
        .collect();
    places.iter().find(|place| place.is_file()).cloned().ok_or_else(|| {
        let names: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        DemoError::NoDaemon(names.join(" and "))
    })
}

/// The first line of what a daemon says of itself with `--version`.
fn version(daemon: &Path) -> Result<String, DemoError> {
    let output = Command::new(daemon).arg("--version").output().map_err(DemoError::when("run the daemon"))?;
    let said = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&said).lines().next().unwrap_or("unknown").trim().to_owned())
}
