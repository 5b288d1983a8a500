//! Counting processes (`vrrp_track_process`; vrrp-behaviour §18): which belong to a set, and whether the set is complete.
//!
//! No I/O: whoever owns this tells what happens to processes and the time, and asks what changed.
//!
//! Differs: a process is counted once a set. Keepalived counts one that executes itself again twice.

use std::collections::{BTreeMap, BTreeSet};

use host::Instant;
use vrrp::config::{ProcessConfig, ProcessMatch};
use vrrp::status::ProcessStatus;

/// A process as it shows itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// The kernel's name for it.
    pub name: Vec<u8>,
    /// Its command line, word by word.
    pub words: Vec<Vec<u8>>,
}

/// All sets.
#[derive(Debug, Default)]
pub struct Processes {
    sets: Vec<Set>,
}

#[derive(Debug)]
struct Set {
    config: ProcessConfig,
    members: BTreeSet<u32>,
    complete: bool,
    /// When a gain or a loss counts.
    timer: Option<(Instant, Cause)>,
    told: Option<bool>,
}

/// What changed the number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cause {
    Fork,
    End,
    /// It counts at once.
    Other,
}

impl Processes {
    /// Replaces the sets. One that stays as it is keeps its members; a new one has none until [`Self::survey`].
    pub fn configure(&mut self, configs: &[ProcessConfig]) {
        let mut before = std::mem::take(&mut self.sets);
        for config in configs {
            let same = before.iter().position(|set| set.config == *config);
            self.sets.push(match same {
                Some(place) => before.swap_remove(place),
                None => Set::new(config.clone()),
            });
        }
    }

    /// Whether there is nothing to count.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// A look at all processes: at the start, after a reload, and when events were lost. Nothing is delayed.
    pub fn survey(&mut self, all: &BTreeMap<u32, Seen>) {
        for set in &mut self.sets {
            set.members = set.matching(all);
            set.count_at_once();
        }
    }

    /// A look at all processes where no events come: what is new counts as forked, what is gone as ended.
    pub fn recount(&mut self, all: &BTreeMap<u32, Seen>, now: Instant) {
        for set in &mut self.sets {
            let members = set.matching(all);
            let cause = if members.len() < set.members.len() { Cause::End } else { Cause::Fork };
            set.members = members;
            set.count(cause, now);
        }
    }

    /// A process has a child, which is of its sets until it becomes another program.
    pub fn forked(&mut self, parent: u32, child: u32, now: Instant) {
        for set in self.sets.iter_mut().filter(|set| set.members.contains(&parent)) {
            if set.members.insert(child) {
                set.count(Cause::Fork, now);
            }
        }
    }

    /// A process became another program.
    pub fn executed(&mut self, pid: u32, seen: &Seen, now: Instant) {
        for set in &mut self.sets {
            set.judge(pid, set.matches(seen), now);
        }
    }

    /// A process has another name.
    pub fn renamed(&mut self, pid: u32, name: &[u8], now: Instant) {
        for set in self.sets.iter_mut().filter(|set| set.config.matching == ProcessMatch::Name) {
            set.judge(pid, name == set.config.process.as_bytes(), now);
        }
    }

    /// A process ended.
    pub fn ended(&mut self, pid: u32, now: Instant) {
        for set in &mut self.sets {
            if set.members.remove(&pid) {
                set.count(Cause::End, now);
            }
        }
    }

    /// Time has passed.
    pub fn wake(&mut self, now: Instant) {
        for set in self.sets.iter_mut().filter(|set| set.timer.is_some_and(|(at, _)| at <= now)) {
            set.count_at_once();
        }
    }

    /// When [`Self::wake`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.sets.iter().filter_map(|set| Some(set.timer?.0)).min()
    }

    /// The sets that became complete or incomplete since this was last asked, by name.
    pub fn changes(&mut self) -> Vec<(String, bool)> {
        let changed = self.sets.iter_mut().filter(|set| set.told != Some(set.complete));
        changed
            .map(|set| {
                set.told = Some(set.complete);
                (set.config.name.clone(), set.complete)
            })
            .collect()
    }

    /// How each set stands, in the order of the configuration.
    pub fn statuses(&self) -> Vec<ProcessStatus> {
        let status = |set: &Set| {
            let runs = |wanted| set.timer.is_some_and(|(_, cause)| cause == wanted);
            ProcessStatus {
                name: set.config.name.clone(),
                quorum: set.complete,
                number: u32::try_from(set.members.len()).unwrap_or(u32::MAX),
                fork_delay_runs: runs(Cause::Fork),
                terminate_delay_runs: runs(Cause::End),
            }
        };
        self.sets.iter().map(status).collect()
    }
}

impl Set {
    fn new(config: ProcessConfig) -> Self {
        let mut set = Self { config, members: BTreeSet::new(), complete: false, timer: None, told: None };
        set.complete = set.is_in_bounds();
        set
    }

    fn matching(&self, all: &BTreeMap<u32, Seen>) -> BTreeSet<u32> {
        all.iter().filter(|(_, seen)| self.matches(seen)).map(|(pid, _)| *pid).collect()
    }

    fn matches(&self, seen: &Seen) -> bool {
        let ProcessConfig { process, matching, .. } = &self.config;
        let arguments = || match seen.words.split_first() {
            Some((program, arguments)) if program == process.as_bytes() => Some(arguments),
            _ => None,
        };
        let equal = |wanted: &[String], words: &[Vec<u8>]| {
            wanted.len() == words.len() && wanted.iter().zip(words).all(|(w, word)| w.as_bytes() == word)
        };
        match matching {
            ProcessMatch::Name => seen.name == process.as_bytes(),
            ProcessMatch::Command => arguments().is_some(),
            ProcessMatch::Exact(wanted) => arguments().is_some_and(|words| equal(wanted, words)),
            ProcessMatch::FirstWords(wanted) => arguments()
                .and_then(|words| words.get(..wanted.len()))
                .is_some_and(|words| equal(wanted, words)),
            ProcessMatch::Beginning(wanted) => {
                let Some((last, first)) = wanted.split_last() else { return arguments().is_some() };
                let words = arguments().and_then(|words| words.get(..wanted.len()));
                words
                    .and_then(<[_]>::split_last)
                    .is_some_and(|(word, words)| equal(first, words) && word.starts_with(last.as_bytes()))
            }
        }
    }

    /// Takes a process in, or leaves it out.
    fn judge(&mut self, pid: u32, belongs: bool, now: Instant) {
        let changed = if belongs { self.members.insert(pid) } else { self.members.remove(&pid) };
        if changed {
            self.count(Cause::Other, now);
        }
    }

    fn is_in_bounds(&self) -> bool {
        let (least, most) = self.config.quorum;
        u32::try_from(self.members.len()).is_ok_and(|number| (least..=most).contains(&number))
    }

    fn count_at_once(&mut self) {
        self.timer = None;
        self.complete = self.is_in_bounds();
    }

    /// The number changed. What it crosses counts after a delay, and not at all if it is crossed back before.
    fn count(&mut self, cause: Cause, now: Instant) {
        let delay = match cause {
            Cause::Fork => self.config.fork_delay,
            Cause::End => self.config.terminate_delay,
            Cause::Other => return self.count_at_once(),
        };
        if self.is_in_bounds() == self.complete {
            self.timer = None;
        } else if delay.is_zero() {
            self.count_at_once();
        } else {
            self.timer.get_or_insert((now + delay, cause));
        }
    }
}

#[cfg(test)]
mod tests;
