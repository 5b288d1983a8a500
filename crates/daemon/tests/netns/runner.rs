//! Runs trials, several at once, and says of each: ok, failed and why, or skipped and why.

use std::any::Any;
use std::collections::VecDeque;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::process::{Command, ExitCode};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::{env, io, panic, thread};

use nix::sys::signal::{SigSet, Signal};
use nix::unistd::geteuid;

use super::clock::{INTERRUPTED, Stamp, stalled_since, watch_for_stalls};
use super::daemon::Make;

/// How many trials run at once on each processor unless told otherwise: they mostly wait.
const AT_ONCE: usize = 4;
/// And at most.
const MOST_AT_ONCE: usize = 8;
/// How often a trial is tried again because the machine stalled while it failed.
const AGAIN: u32 = 2;

/// What a trial needs that changes the whole machine: one that is there for tests alone.
pub(crate) const OWN_MACHINE: &str = "no other users";
/// The environment says so by this.
const IS_OURS: &str = "STANDFAST_OWN_MACHINE";

/// Something to try.
pub(crate) struct Trial {
    /// Its name in the report.
    pub(crate) name: String,
    /// Whose daemons it runs.
    pub(crate) makes: Vec<Make>,
    /// Programs it needs besides.
    pub(crate) programs: &'static [&'static str],
    /// What it needs of the kernel that not every kernel has: it is ignored unless asked for.
    pub(crate) kernel: Option<&'static str>,
    /// The trial. It fails by panicking.
    pub(crate) run: Box<dyn Fn() + Send + Sync>,
}

/// How a trial ended.
enum Outcome {
    Passed(String),
    Failed(String),
    Skipped(String),
}

/// What the command line asks for.
pub(crate) struct Options {
    /// Words of which a trial's name must hold each.
    pub(crate) words: Vec<String>,
    at_once: usize,
    list: bool,
    ignored: Ignored,
}

/// What of the trials that are ignored is asked for, in the words of cargo's own harness.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ignored {
    No,
    Too,
    Only,
}

impl Options {
    /// Reads the command line. `--ours PATH` and `--theirs PATH` name other programs than the usual ones; options of
    /// cargo's own harness are let pass.
    pub(crate) fn read() -> Options {
        let mut options =
            Options { words: Vec::new(), at_once: at_once(), list: false, ignored: Ignored::No };
        let mut words = env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--list" => options.list = true,
                "--ignored" => options.ignored = Ignored::Only,
                "--include-ignored" => options.ignored = Ignored::Too,
                "--ours" => words.next().into_iter().for_each(|path| Make::Ours.name(path.into())),
                "--theirs" => words.next().into_iter().for_each(|path| Make::Theirs.name(path.into())),
                "--test-threads" => {
                    let number = words.next().and_then(|number| number.parse().ok());
                    options.at_once = number.unwrap_or(options.at_once).max(1);
                }
                option if option.starts_with('-') => {}
                _ => options.words.push(word),
            }
        }
        options
    }
}

fn at_once() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    (processors * AT_ONCE).min(MOST_AT_ONCE)
}

/// The three pairings that count; keepalived with itself when asked for, or when there is nothing else to run.
pub(crate) fn pairings(options: &Options) -> Vec<(Make, Make)> {
    use Make::{Ours, Theirs};
    let itself = Ours.program().is_none() || options.words.iter().any(|word| word == "theirs/theirs");
    let matrix = [(Ours, Theirs), (Theirs, Ours), (Ours, Ours)];
    matrix.into_iter().chain(itself.then_some((Theirs, Theirs))).collect()
}

/// Runs all trials that the command line selects.
pub(crate) fn main(suite: &str, options: &Options, trials: Vec<Trial>) -> ExitCode {
    let (chosen, ignored): (VecDeque<Trial>, VecDeque<Trial>) = trials
        .into_iter()
        .filter(|trial| options.words.iter().all(|word| trial.name.contains(word.as_str())))
        .filter(|trial| trial.kernel.is_some() || options.ignored != Ignored::Only)
        .partition(|trial| trial.kernel.is_none() || options.ignored != Ignored::No);
    if options.list {
        chosen.iter().for_each(|trial| say(&format!("{}: test", trial.name)));
        return ExitCode::SUCCESS;
    }
    say(&format!("\nrunning {} tests", chosen.len()));
    let began = Stamp::now();
    end_on_signals();
    watch_for_stalls();
    // What a trial says when it fails is part of its report; nothing is printed in between.
    panic::set_hook(Box::new(|_| {}));
    for (name, feature) in ignored.iter().filter_map(|trial| Some((&trial.name, trial.kernel?))) {
        say(&format!("{suite}: {name}: ignored, needs a kernel with {feature}"));
    }
    // What changes the whole machine would be felt by every other.
    let (alone, together) = chosen.into_iter().partition(|trial| trial.kernel == Some(OWN_MACHINE));
    let mut tally = run_all(suite, alone, 1);
    tally.add(run_all(suite, together, options.at_once));
    let took = Stamp::now().since(began);
    let verdict = if tally.failed.is_empty() { "ok" } else { "FAILED" };
    for (name, why) in &tally.failed {
        say(&format!("\n---- {name} ----\n{why}"));
    }
    say(&format!(
        "\ntest result: {verdict}. {} passed; {} failed; {} ignored; 0 measured; 0 filtered out; finished in {took:.2}s\n",
        tally.passed,
        tally.failed.len(),
        tally.skipped + ignored.len()
    ));
    if tally.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[derive(Default)]
struct Tally {
    passed: usize,
    skipped: usize,
    failed: Vec<(String, String)>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        let Self { passed, skipped, failed } = other;
        self.passed += passed;
        self.skipped += skipped;
        self.failed.extend(failed);
    }
}

fn run_all(suite: &str, chosen: VecDeque<Trial>, at_once: usize) -> Tally {
    let waiting = Mutex::new(chosen);
    let tally = Mutex::new(Tally::default());
    let worker = || {
        loop {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(trial) = next.filter(|_| !INTERRUPTED.load(Ordering::Relaxed)) else { return };
            let began = Stamp::now();
            let outcome = attempt(&trial);
            let took = Stamp::now().since(began);
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            match outcome {
                Outcome::Passed(remark) => {
                    tally.passed += 1;
                    say(&format!("{suite}: {}: ok ({took:.1} s{remark})", trial.name));
                }
                Outcome::Skipped(why) => {
                    tally.skipped += 1;
                    say(&format!("SKIPPED: {suite}: {}: {why}", trial.name));
                }
                Outcome::Failed(why) => {
                    say(&format!("{suite}: {}: FAILED ({took:.1} s)", trial.name));
                    tally.failed.push((trial.name.clone(), why));
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(worker);
        }
    });
    tally.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn attempt(trial: &Trial) -> Outcome {
    if let Some(why) = missing(trial) {
        return Outcome::Skipped(why);
    }
    let mut again = 0;
    loop {
        let began = Stamp::now();
        let Err(panicked) = panic::catch_unwind(panic::AssertUnwindSafe(|| (trial.run)())) else {
            let remark = if again > 0 {
                format!(", tried again {again} times after stalls of the machine")
            } else {
                String::new()
            };
            return Outcome::Passed(remark);
        };
        let why = reason(panicked.as_ref());
        let stalled = stalled_since(began);
        if !stalled || again == AGAIN || INTERRUPTED.load(Ordering::Relaxed) {
            return Outcome::Failed(if stalled {
                format!("(the machine stalled meanwhile) {why}")
            } else {
                why
            });
        }
        again += 1;
    }
}

/// What a panic said.
pub(crate) fn reason(panicked: &(dyn Any + Send)) -> String {
    if let Some(why) = panicked.downcast_ref::<String>() {
        return why.clone();
    }
    panicked.downcast_ref::<&str>().map_or_else(|| "panicked".to_owned(), |why| (*why).to_owned())
}

/// Why a trial cannot run here, if it cannot.
fn missing(trial: &Trial) -> Option<String> {
    if !geteuid().is_root() {
        return Some("needs root for network namespaces".to_owned());
    }
    if !namespaces_can_be_made() {
        return Some("network namespaces cannot be made here".to_owned());
    }
    if trial.kernel == Some(OWN_MACHINE) && !is_ours() {
        return Some(format!(
            "it changes the whole machine, which {IS_OURS} does not say is there for tests"
        ));
    }
    if let Some(make) = trial.makes.iter().find(|make| make.program().is_none()) {
        return Some(match make {
            Make::Ours => "this build has no keepalived of ours".to_owned(),
            Make::Theirs => "keepalived is not installed".to_owned(),
        });
    }
    let absent = trial.programs.iter().find(|program| !is_installed(program))?;
    Some(format!("{absent} is not installed"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "no option, as it concerns all programs of tests of one machine"
)]
fn is_ours() -> bool {
    env::var_os(IS_OURS).is_some()
}

/// Whether this root is one: in a container it often is not.
fn namespaces_can_be_made() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    let attempt =
        || Command::new("unshare").args(["--net", "true"]).status().is_ok_and(|status| status.success());
    *ANSWER.get_or_init(attempt)
}

fn is_installed(program: &str) -> bool {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/lib/frr"]
        .iter()
        .any(|folder| std::path::Path::new(folder).join(program).exists())
}

/// Lets SIGINT, SIGTERM and SIGHUP end the run in order: every trial stops where it waits and cleans up.
pub(crate) fn end_on_signals() {
    let mut signals = SigSet::empty();
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().for_each(|signal| signals.add(signal));
    signals.thread_block().expect("a thread may block signals");
    thread::spawn(move || {
        if signals.wait().is_ok() {
            INTERRUPTED.store(true, Ordering::Relaxed);
        }
    });
}

fn say(line: &str) {
    // A closed output is no reason to leave daemons running.
    let _ = writeln!(io::stdout(), "{line}");
}
