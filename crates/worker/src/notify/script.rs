//! Notify scripts: which run for which notice, with which arguments.
//!
//! As keepalived: the script for the state comes first with its own words, then the general one with
//! `INSTANCE name STATE priority`, or `GROUP name STATE 0`, appended. Differs: the scripts of one instance run one after the other, so that
//! "master" and "backup" in quick succession end in the order they happened.

use std::collections::BTreeMap;
use std::time::Duration;

use host::{Command, Instant, Job};
use vrrp::config::{Config, NotifyScripts, Priority};
use vrrp::notice::{GroupFact, Heard, InstanceFact, Notice, State};

/// Time limit of one run. Upstream has none, so this is only for scripts that hang and would hold up those after
/// them for ever: far more than a script needs that reloads a service or talks to a cloud's interface.
pub const LIMIT: Duration = Duration::from_secs(60);

/// One script to run, after all others of its queue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notification {
    /// The instance's name.
    pub queue: String,
    /// What to run.
    pub job: Job,
}

/// The scripts of the configuration in force, and what each instance's were last told.
#[derive(Debug, Default)]
pub struct Scripts {
    instances: BTreeMap<String, Instance>,
    groups: BTreeMap<String, NotifyScripts>,
}

#[derive(Debug, Default)]
struct Instance {
    scripts: NotifyScripts,
    /// Least time between two runs of `notify_master_rx_lower_pri`.
    gap: Duration,
    told: Option<State>,
    lower_priority_told: Option<Instant>,
    configured: bool,
}

impl Scripts {
    /// Makes the scripts of `config` count. Those of instances that it lacks stay until [`Self::forget_removed`], so
    /// that their last change is still told.
    pub fn configure(&mut self, config: &Config) {
        for instance in self.instances.values_mut() {
            instance.configured = false;
        }
        for config in &config.instances {
            let instance = self.instances.entry(config.name.clone()).or_default();
            instance.scripts = config.notify.clone();
            // A rival that keeps to the interval is told of every time; one that floods starts no flood of scripts.
            instance.gap = config.interval / 2;
            instance.configured = true;
        }
        self.groups = config.groups.iter().map(|group| (group.name.clone(), group.notify.clone())).collect();
    }

    /// Forgets the instances that the last [`Self::configure`] did not name.
    pub fn forget_removed(&mut self) {
        self.instances.retain(|_, instance| instance.configured);
    }

    /// The instance was told that it is master by an earlier life of this worker, and need not be again.
    pub fn resume_master(&mut self, name: &str) {
        if let Some(instance) = self.instances.get_mut(name) {
            instance.told = Some(State::Master);
        }
    }

    /// Appends the scripts that run for a notice, in order. A state that was the last one told is not told again.
    pub fn react(&mut self, notice: &Notice, now: Instant, out: &mut Vec<Notification>) {
        if let Notice::Group { name, fact: GroupFact::Entered { state, .. } } = notice
            && let Some(scripts) = self.groups.get(name)
        {
            // The engine tells a group's state once.
            tell("GROUP", name, scripts, *state, Priority::RELEASE, out);
        }
        let Notice::Instance { name, fact } = notice else { return };
        let Some(instance) = self.instances.get_mut(name) else { return };
        if let InstanceFact::Entered { state, priority, .. } = fact {
            instance.enter(name, *state, *priority, out);
        } else if let InstanceFact::Heard { what: Heard::LowerPriority { .. }, .. } = fact {
            instance.hear_lower_priority(name, now, out);
        }
    }
}

impl Instance {
    fn enter(&mut self, name: &str, state: State, priority: Priority, out: &mut Vec<Notification>) {
        let state = if state == State::Deleted { State::Fault } else { state };
        if state != State::Init && self.told.replace(state) != Some(state) {
            tell("INSTANCE", name, &self.scripts, state, priority, out);
        }
    }

    fn hear_lower_priority(&mut self, name: &str, now: Instant, out: &mut Vec<Notification>) {
        let Some(command) = &self.scripts.lower_priority_heard else { return };
        if self.lower_priority_told.is_none_or(|last| now.since(last) >= self.gap) {
            self.lower_priority_told = Some(now);
            out.push(notification(name, command.clone()));
        }
    }
}

/// The scripts for a state, of an instance or of a group.
fn tell(
    kind: &str,
    name: &str,
    scripts: &NotifyScripts,
    state: State,
    priority: Priority,
    out: &mut Vec<Notification>,
) {
    let specific = match state {
        State::Init => return,
        State::Master => &scripts.master,
        State::Backup => &scripts.backup,
        // As keepalived: without `notify_deleted` an instance that a reload removed is told as a fault.
        State::Fault | State::Deleted => &scripts.fault,
        State::Stop => &scripts.stop,
    };
    let general = scripts.any.clone().map(|mut command| {
        command.argv.extend([kind, name, state.word(), &priority.to_string()].map(String::from));
        command
    });
    out.extend(specific.iter().cloned().chain(general).map(|command| notification(name, command)));
}

fn notification(name: &str, command: Command) -> Notification {
    Notification { queue: name.to_owned(), job: Job { command, limit: Some(LIMIT) } }
}

#[cfg(test)]
pub(crate) mod tests;
