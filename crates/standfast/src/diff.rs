//! What a reload would do: the difference of what two configurations say, and what the engine does when it is handed
//! the second while it runs with the first.
//!
//! The latter is not foretold but tried: [`sim::Rehearsal`] runs the routers' own engine on a machine in memory.

mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use config::Effective;
use sim::Rehearsal;
use sim::rehearsal::Held;
use vrrp::Notice;
use vrrp::notice::{InstanceFact, ReloadSummary, State};
use vrrp::status::InstanceStatus;

pub(crate) use settings::{Change, Said, settings};

/// What becomes of a virtual router.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fate {
    /// Its name in the new configuration; in the old one if it is gone.
    pub(crate) name: String,
    /// What it was called, if that is another name.
    pub(crate) before: Option<String>,
    /// What happens to it.
    pub(crate) what: What,
}

/// What happens to a virtual router.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum What {
    /// It is new.
    Added,
    /// It is gone: its addresses go, and priority 0 tells the others.
    Removed,
    /// It stays in the state that it is in.
    Kept(State),
    /// It leaves its state, and comes to this one in the end.
    Disturbed(State),
}

/// What the engine did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Reload {
    /// In the order of the new file, those that are gone last.
    pub(crate) fates: Vec<Fate>,
    /// The engine's own count.
    pub(crate) summary: ReloadSummary,
    /// What the kernel holds that it did not.
    pub(crate) appears: Held,
    /// What the kernel held and does not.
    pub(crate) goes: Held,
}

/// Hands `new` to an engine that rests with `old`.
pub(crate) fn reload(old: &Effective, new: &Effective) -> Reload {
    let (old, new) = (&old.vrrp, &new.vrrp);
    let rest = rest(old).max(rest(new));
    let mut rehearsal = Rehearsal::new(&[old, new]);
    rehearsal.obey(old);
    rehearsal.run_for(rest);
    let (held, before) = (rehearsal.held(), rehearsal.status().instances);
    rehearsal.notices.clear();
    rehearsal.obey(new);
    rehearsal.run_for(rest);
    let (holds, after) = (rehearsal.held(), rehearsal.status().instances);
    let summary = rehearsal
        .notices
        .iter()
        .find_map(|notice| if let Notice::Reloaded(summary) = notice { Some(*summary) } else { None });
    Reload {
        fates: fates(&before, &after, &rehearsal.notices),
        summary: summary.unwrap_or_default(),
        appears: without(&holds, &held),
        goes: without(&held, &holds),
    }
}

/// After so long everything that will happen by itself has happened.
fn rest(config: &vrrp::Config) -> Duration {
    let waits = config.instances.iter().map(|instance| {
        let delay = match instance.preemption {
            vrrp::config::Preemption::Delayed(delay) => delay,
            vrrp::config::Preemption::Allowed | vrrp::config::Preemption::Never => Duration::ZERO,
        };
        instance.interval * (u32::from(instance.down_timer_adverts) + 1) + delay
    });
    let scripts = config.scripts.iter().map(|script| script.interval * (script.rise + 1));
    let longest = waits.max().unwrap_or_default() + scripts.max().unwrap_or_default();
    config.startup_delay + longest + Duration::from_secs(30)
}

fn fates(before: &[InstanceStatus], after: &[InstanceStatus], notices: &[Notice]) -> Vec<Fate> {
    let entered: BTreeSet<&str> = notices
        .iter()
        .filter_map(|notice| {
            if let Notice::Instance { name, fact: InstanceFact::Entered { .. } } = notice {
                Some(name.as_str())
            } else {
                None
            }
        })
        .collect();
    // As the engine tells them apart, but for peers.
    let place = |it: &InstanceStatus| (it.link.clone(), it.family, it.vrid);
    let mut known: BTreeMap<_, Vec<&InstanceStatus>> = BTreeMap::new();
    for instance in before {
        known.entry(place(instance)).or_default().push(instance);
    }
    let mut fates = Vec::new();
    for instance in after {
        let same = known.get_mut(&place(instance)).filter(|same| !same.is_empty()).map(|same| {
            let at = same.iter().position(|it| it.name == instance.name).unwrap_or(0);
            same.remove(at)
        });
        let what = match same {
            None => What::Added,
            Some(_) if entered.contains(instance.name.as_str()) => What::Disturbed(instance.state),
            Some(_) => What::Kept(instance.state),
        };
        let before = same.map(|it| it.name.clone()).filter(|name| *name != instance.name);
        fates.push(Fate { name: instance.name.clone(), before, what });
    }
    let gone = known.into_values().flatten();
    fates.extend(gone.map(|it| Fate { name: it.name.clone(), before: None, what: What::Removed }));
    fates
}

/// What one holds and the other does not.
fn without(one: &Held, other: &Held) -> Held {
    Held {
        links: one.links.difference(&other.links).cloned().collect(),
        addresses: one.addresses.difference(&other.addresses).cloned().collect(),
        routes: one.routes.difference(&other.routes).copied().collect(),
        rules: one.rules.difference(&other.rules).cloned().collect(),
    }
}

#[cfg(test)]
mod tests;
