//! Notify scripts: which run for which news, with which arguments.
//!
//! As keepalived: the script for the state comes first with its own words, then the general one with
//! `INSTANCE name STATE priority`, or `GROUP name STATE 0`, appended. Differs: the scripts of one instance run one after the other, so that
//! "master" and "backup" in quick succession end in the order they happened.

use std::collections::BTreeMap;
use std::time::Duration;

use host::{Command, Instant, Job};
use vrrp::config::{Config, NotifyScripts, Priority};
use vrrp::notice::State;

use super::news::{Kind, News, What};

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

/// The scripts of the configuration in force; an instance that has none is not in it.
#[derive(Debug, Default)]
pub struct Scripts {
    instances: BTreeMap<String, Instance>,
    groups: BTreeMap<String, NotifyScripts>,
}

#[derive(Debug, Default)]
struct Instance {
    scripts: NotifyScripts,
    /// `notify_deleted`
    deleted: Option<Box<Command>>,
    /// Least time between two runs of `notify_master_rx_lower_pri`.
    gap: Duration,
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
            if config.notify == NotifyScripts::default() && config.deletion.is_none() {
                self.instances.remove(&config.name);
                continue;
            }
            let instance = self.instances.entry(config.name.clone()).or_default();
            instance.scripts = config.notify.clone();
            instance.deleted = config.deletion.as_ref().and_then(|deletion| deletion.script.clone());
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

    /// Appends the scripts that run for a piece of news, in order.
    pub fn react(&mut self, news: &News<'_>, now: Instant, out: &mut Vec<Notification>) {
        let (scripts, deleted) = match news.kind {
            Kind::Group => match self.groups.get(news.name) {
                Some(scripts) => (scripts, None),
                None => return,
            },
            Kind::Instance => match self.instances.get_mut(news.name) {
                Some(instance) => {
                    if let What::LowerPriorityHeard(_) = news.what {
                        return instance.hear_lower_priority(news.name, now, out);
                    }
                    (&instance.scripts, instance.deleted.as_deref())
                }
                None => return,
            },
        };
        match news.what {
            What::Entered(state, priority) => tell(news, scripts, deleted, (state, priority), out),
            What::StillMaster(priority) => tell(news, scripts, deleted, (State::Master, priority), out),
            What::LowerPriorityHeard(_) | What::PriorityChanged { .. } => {}
        }
    }
}

impl Instance {
    fn hear_lower_priority(&mut self, name: &str, now: Instant, out: &mut Vec<Notification>) {
        let Some(command) = &self.scripts.lower_priority_heard else { return };
        if self.lower_priority_told.is_none_or(|last| now.since(last) >= self.gap) {
            self.lower_priority_told = Some(now);
            out.push(notification(name, Command::clone(command)));
        }
    }
}

/// The scripts for a state, of an instance or of a group.
fn tell(
    news: &News<'_>,
    scripts: &NotifyScripts,
    deleted: Option<&Command>,
    (state, priority): (State, Priority),
    out: &mut Vec<Notification>,
) {
    let specific = match state {
        State::Init => return,
        State::Master => scripts.master.as_deref(),
        State::Backup => scripts.backup.as_deref(),
        State::Fault => scripts.fault.as_deref(),
        State::Stop => scripts.stop.as_deref(),
        State::Deleted => deleted,
    };
    let general = scripts.any.as_deref().cloned().map(|mut command| {
        let words = [news.kind.word(), news.name, state.word(), &priority.to_string()].map(String::from);
        command.argv.extend(words);
        command
    });
    out.extend(specific.cloned().into_iter().chain(general).map(|command| notification(news.name, command)));
}

fn notification(name: &str, command: Command) -> Notification {
    Notification { queue: name.to_owned(), job: Job { command, limit: Some(LIMIT) } }
}

#[cfg(test)]
pub(crate) mod tests;
