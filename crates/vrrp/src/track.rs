//! What is tracked, and what it does to an instance: points on its priority, or a fault.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use host::{Instant, Job, JobId, Outcome};

use crate::config::{Priority, ScriptConfig, Weight};
use crate::event::Action;
use crate::notice::{Notice, ScriptFact};
use crate::status::FileStatus;

/// How a tracked thing stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Health {
    /// Not known yet.
    Unknown,
    /// Up, or succeeding.
    Good,
    /// Down, or failing.
    Bad,
}

impl Health {
    /// Good or bad.
    pub(crate) const fn from_good(good: bool) -> Self {
        if good { Self::Good } else { Self::Bad }
    }

    const fn reversed(self, reverse: bool) -> Self {
        match (self, reverse) {
            (Self::Good, true) => Self::Bad,
            (Self::Bad, true) => Self::Good,
            (health, _) => health,
        }
    }
}

/// What a tracked thing does now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Effect {
    /// This is added to the priority.
    Points(i16),
    /// The instance may not take part.
    Fault,
    /// The instance may not begin to take part.
    Pending,
}

/// The effect of one tracked thing (vrrp-behaviour §9).
pub(crate) fn effect(weight: Weight, health: Health) -> Effect {
    match weight {
        Weight::Fault { reverse } => match health.reversed(reverse) {
            Health::Unknown => Effect::Pending,
            Health::Good => Effect::Points(0),
            Health::Bad => Effect::Fault,
        },
        // As keepalived: `reverse` turns what is added, not what it is added for.
        Weight::Points { points, reverse } => match (health, points > 0) {
            (Health::Good, true) | (Health::Bad, false) if reverse => Effect::Points(points.saturating_neg()),
            (Health::Good, true) | (Health::Bad, false) => Effect::Points(points),
            (Health::Good, false) | (Health::Bad, true) | (Health::Unknown, _) => Effect::Points(0),
        },
    }
}

/// The effect of a tracked file that holds `value` (vrrp-behaviour §9): a sum of -254 or less is a fault, one above
/// 253 is 253.
pub(crate) fn file_effect(weight: i16, reverse: bool, value: i64) -> Effect {
    if weight == 0 {
        return if (value != 0) == reverse { Effect::Points(0) } else { Effect::Fault };
    }
    let sum = value.saturating_mul(i64::from(weight));
    match if reverse { sum.saturating_neg() } else { sum } {
        ..=-254 => Effect::Fault,
        sum => Effect::Points(i16::try_from(sum).unwrap_or(253).min(253)),
    }
}

/// The priority with all points: 1 to 254, and an owner's never changes.
pub(crate) fn effective(base: Priority, points: i32) -> Priority {
    if base.is_owner() {
        return base;
    }
    let sum = i32::from(base.0).saturating_add(points).clamp(1, 254);
    Priority(u8::try_from(sum).unwrap_or(254))
}

/// No script is started more often than this, whatever its file says or how late a wake-up was.
const SHORTEST_INTERVAL: core::time::Duration = core::time::Duration::from_millis(1);

/// Tracked things that others watch and tell about: files, processes, BFD sessions.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The number that each file holds.
    pub(crate) files: BTreeMap<String, i64>,
    /// Whether each set of processes is complete.
    pub(crate) processes: BTreeMap<String, bool>,
    /// Whether each BFD session is up. Differs: Keepalived's count as down until told otherwise, so that a reload which
    /// adds one, or a worker that was started anew, costs a master its mastership.
    pub(crate) bfds: BTreeMap<String, bool>,
}

impl Told {
    /// How a set of processes stands.
    pub(crate) fn processes(&self, name: &str) -> Health {
        self.processes.get(name).map_or(Health::Unknown, |quorum| Health::from_good(*quorum))
    }

    /// What each file holds.
    pub(crate) fn file_statuses(&self) -> Vec<FileStatus> {
        self.files.iter().map(|(name, value)| FileStatus { name: name.clone(), value: *value }).collect()
    }

    /// How a BFD session stands.
    pub(crate) fn bfd(&self, name: &str) -> Health {
        self.bfds.get(name).map_or(Health::Unknown, |up| Health::from_good(*up))
    }
}

/// One tracking script.
#[derive(Debug)]
struct Script {
    config: ScriptConfig,
    /// Good while at least `rise`: `rise + fall - 1` at most.
    count: u32,
    health: Health,
    /// It is bad by `init_fail` alone: it has not failed yet.
    presumed: bool,
    last: Option<Outcome>,
    running: Option<JobId>,
    next_run: Instant,
}

impl Script {
    fn new(config: ScriptConfig, now: Instant) -> Self {
        // As keepalived: unless `init_fail`, the first result decides at once.
        let (count, health) = if config.starts_failed {
            (0, Health::Bad)
        } else {
            (config.rise.saturating_sub(1), Health::Unknown)
        };
        let presumed = config.starts_failed;
        Self { config, count, health, presumed, last: None, running: None, next_run: now }
    }

    /// Counts a result, and says whether the health changed, or was found to be as it was presumed.
    fn count(&mut self, success: bool) -> bool {
        let (rise, fall) = (self.config.rise, self.config.fall);
        let before = self.health;
        if success {
            if self.count + 1 < rise {
                self.count += 1;
            } else {
                self.count = rise.saturating_sub(1).saturating_add(fall);
                self.health = Health::Good;
                self.presumed = false;
            }
        } else if self.count > rise {
            self.count -= 1;
        } else {
            self.count = 0;
            self.health = Health::Bad;
            return core::mem::take(&mut self.presumed) || self.health != before;
        }
        self.health != before
    }
}

/// All tracking scripts of a node.
#[derive(Debug, Default)]
pub(crate) struct Scripts {
    scripts: BTreeMap<String, Script>,
    last_job: u64,
}

impl Scripts {
    /// Replaces the set. A script of the same name, command and counts keeps what is known of it; one that runs on
    /// in the old shape is ended.
    ///
    /// `resuming`: masters of an earlier life of this worker are to go on, whose scripts were good. Their first result
    /// decides, `init_fail` or not, so that a crash costs none its mastership.
    pub(crate) fn configure(
        &mut self,
        configs: &[ScriptConfig],
        resuming: bool,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        let mut old = core::mem::take(&mut self.scripts);
        for config in configs {
            let starts_failed = config.starts_failed && !resuming;
            let mut script = Script::new(ScriptConfig { starts_failed, ..config.clone() }, now);
            script.config = config.clone();
            if let Some(before) = old.get_mut(&config.name) {
                if before.config == *config {
                    script.running = before.running.take();
                }
                let alike = before.config.command == config.command
                    && (before.config.rise, before.config.fall) == (config.rise, config.fall);
                if alike && before.health != Health::Unknown {
                    script.health = before.health;
                    script.count = before.count;
                    script.presumed = before.presumed;
                    script.last = before.last;
                    script.next_run = before.next_run.min(now + config.interval);
                    let fact = ScriptFact::CarriedOver { good: before.health == Health::Good };
                    out.push(Action::Notice(Notice::Script { name: config.name.clone(), fact }));
                }
            }
            self.scripts.insert(config.name.clone(), script);
        }
        out.extend(old.values().filter_map(|script| script.running).map(Action::End));
    }

    /// Starts what is due.
    pub(crate) fn run(&mut self, now: Instant, out: &mut Vec<Action>) {
        for (name, script) in &mut self.scripts {
            if script.next_run > now {
                continue;
            }
            script.next_run = (script.next_run + script.config.interval).max(now + SHORTEST_INTERVAL);
            if script.running.is_some() {
                let notice = Notice::Script { name: name.clone(), fact: ScriptFact::StillRunning };
                out.push(Action::Notice(notice));
                continue;
            }
            self.last_job += 1;
            let id = JobId(self.last_job);
            script.running = Some(id);
            let job = Job { command: script.config.command.clone(), limit: Some(script.config.timeout) };
            out.push(Action::Run(id, job));
        }
    }

    /// Takes in how a run ended, and says whether the health of some script changed.
    pub(crate) fn ended(&mut self, id: JobId, outcome: Outcome, out: &mut Vec<Action>) -> bool {
        let Some((name, script)) = self.scripts.iter_mut().find(|(_, script)| script.running == Some(id))
        else {
            return false;
        };
        script.running = None;
        let mut say = |fact| out.push(Action::Notice(Notice::Script { name: name.clone(), fact }));
        if script.last.replace(outcome) != Some(outcome) {
            say(ScriptFact::Returned(outcome));
        }
        let changed = script.count(outcome.is_success());
        if changed {
            say(if outcome.is_success() { ScriptFact::Succeeded } else { ScriptFact::Failed(outcome) });
        }
        changed
    }

    /// Ends what runs and runs nothing more.
    pub(crate) fn stop(&mut self, out: &mut Vec<Action>) {
        out.extend(self.scripts.values().filter_map(|script| script.running).map(Action::End));
        self.scripts.clear();
    }

    /// How each script stands, by name.
    pub(crate) fn healths(&self) -> impl Iterator<Item = (&str, Health)> {
        self.scripts.iter().map(|(name, script)| (name.as_str(), script.health))
    }

    /// Whether a script that counts as bad has not failed yet. As keepalived: that is no fault to tell people of.
    pub(crate) fn is_presumed(&self, name: &str) -> bool {
        self.scripts.get(name).is_some_and(|script| script.presumed)
    }

    /// How a script stands.
    pub(crate) fn health(&self, name: &str) -> Health {
        self.scripts.get(name).map_or(Health::Unknown, |script| script.health)
    }

    /// When the next is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.scripts.values().map(|script| script.next_run).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;
    use host::Command;

    fn script(rise: u32, fall: u32, starts_failed: bool) -> Script {
        let second = Duration::from_secs(1);
        let config = ScriptConfig {
            name: "check".into(),
            command: Command { argv: alloc::vec!["/bin/true".into()], account: None },
            interval: second,
            timeout: second,
            rise,
            fall,
            starts_failed,
        };
        Script::new(config, Instant::ZERO)
    }

    /// The manual: "if reverse is specified, the priority is decreased when up and increased when down".
    ///
    /// vrrp-behaviour §9.
    /// As observed: B9-02.
    #[test]
    fn weights_add_or_take_and_zero_is_a_fault() {
        let points = |points, reverse| Weight::Points { points, reverse };
        for (weight, health, expected) in [
            (points(10, false), Health::Good, Effect::Points(10)),
            (points(10, false), Health::Bad, Effect::Points(0)),
            (points(-10, false), Health::Good, Effect::Points(0)),
            (points(-10, false), Health::Bad, Effect::Points(-10)),
            (points(10, true), Health::Good, Effect::Points(-10)),
            (points(10, true), Health::Bad, Effect::Points(0)),
            (points(-10, true), Health::Good, Effect::Points(0)),
            (points(-10, true), Health::Bad, Effect::Points(10)),
            (points(10, true), Health::Unknown, Effect::Points(0)),
            (Weight::Fault { reverse: false }, Health::Bad, Effect::Fault),
            (Weight::Fault { reverse: true }, Health::Good, Effect::Fault),
            (Weight::Fault { reverse: false }, Health::Good, Effect::Points(0)),
            (Weight::Fault { reverse: true }, Health::Unknown, Effect::Pending),
        ] {
            assert_eq!(effect(weight, health), expected, "{weight:?} {health:?}");
        }
    }

    /// vrrp-behaviour §9.2.
    #[test]
    fn a_files_number_counts_by_its_weight() {
        assert_eq!(file_effect(1, false, 10), Effect::Points(10));
        assert_eq!(file_effect(2, true, 10), Effect::Points(-20));
        assert_eq!(file_effect(1, false, 300), Effect::Points(253));
        assert_eq!(file_effect(1, false, -254), Effect::Fault);
        assert_eq!(file_effect(254, false, i64::MAX), Effect::Points(253));
        assert_eq!(file_effect(0, false, 1), Effect::Fault);
        assert_eq!(file_effect(0, false, 0), Effect::Points(0));
        assert_eq!(file_effect(0, true, 1), Effect::Points(0));
        assert_eq!(file_effect(0, true, 0), Effect::Fault);
    }

    #[test]
    fn priorities_stay_between_1_and_254_and_an_owner_stays_an_owner() {
        assert_eq!(effective(Priority(100), 200), Priority(254));
        assert_eq!(effective(Priority(100), -200), Priority(1));
        assert_eq!(effective(Priority::OWNER, -200), Priority::OWNER);
    }

    #[test]
    fn the_first_result_decides() {
        let mut good = script(3, 3, false);
        assert!(good.count(true));
        assert_eq!(good.health, Health::Good);
        let mut bad = script(3, 3, false);
        assert!(bad.count(false));
        assert_eq!(bad.health, Health::Bad);
    }

    /// vrrp-behaviour §9.1.
    #[test]
    fn with_init_fail_it_takes_rise_successes() {
        let mut script = script(2, 1, true);
        assert_eq!(script.health, Health::Bad);
        assert!(!script.count(true));
        assert!(script.count(true));
    }

    /// vrrp-behaviour §9.1.
    #[test]
    fn fall_failures_in_a_row_and_rise_successes_in_a_row() {
        let mut script = script(2, 3, false);
        script.count(true);
        assert!(!script.count(false));
        assert!(!script.count(false));
        assert!(!script.count(true), "a success in between starts the count of failures anew");
        assert!(!script.count(false));
        assert!(!script.count(false));
        assert!(script.count(false));
        assert!(!script.count(true));
        assert!(!script.count(false), "already bad");
        assert!(!script.count(true));
        assert!(script.count(true));
    }
}
