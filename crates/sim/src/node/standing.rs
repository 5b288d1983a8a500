//! What an instance's trackers make of it, reckoned once more beside the engine.

use host::Link;
use vrrp::config::{InstanceConfig, Priority, Weight};

use super::Node;

/// How the trackers of an instance stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Standing {
    /// One of them is a fault, whatever is still unknown.
    pub(crate) fault: bool,
    /// None of them keeps it from taking part.
    pub(crate) free: bool,
    /// What is added to the priority; `None` while a script has not made up its mind.
    points: Option<i32>,
}

impl Standing {
    /// The priority in its adverts, where that is certain.
    pub(crate) fn priority(self, base: Priority) -> Option<Priority> {
        if base.is_owner() {
            return Some(base);
        }
        let sum = (i32::from(base.0) + self.points?).clamp(1, 254);
        Some(Priority(u8::try_from(sum).unwrap_or(254)))
    }

    fn add(&mut self, weight: Weight, good: Option<bool>) {
        match weight {
            Weight::Fault { reverse } => {
                self.fault |= good == Some(reverse);
                self.free &= good == Some(!reverse);
            }
            Weight::Points { points, reverse } => {
                let points = i32::from(points);
                let turned = if reverse { -points } else { points };
                let counts = good.map(|good| if good == (points > 0) { turned } else { 0 });
                self.points = self.points.zip(counts).map(|(sum, more)| sum + more);
            }
        }
    }

    /// As keepalived: a sum of -254 or less is a fault.
    fn add_file(&mut self, weight: i16, reverse: bool, value: i64) {
        let sum = value * i64::from(weight) * if reverse { -1 } else { 1 };
        let fault = if weight == 0 { (value != 0) != reverse } else { sum <= -254 };
        self.fault |= fault;
        self.free &= !fault;
        let points = i32::try_from(if fault { 0 } else { sum.min(253) }).unwrap_or(0);
        self.points = self.points.map(|sum| sum + points);
    }
}

impl Node {
    /// How the trackers of an instance stand.
    pub(crate) fn standing(&self, it: &InstanceConfig) -> Standing {
        let mut standing = self.standing_but_scripts(it);
        for tracked in &it.track_scripts {
            standing.add(tracked.weight, self.script_health(&tracked.script));
        }
        standing
    }

    /// How all but its scripts stand.
    pub(crate) fn standing_but_scripts(&self, it: &InstanceConfig) -> Standing {
        let mut standing = Standing { fault: false, free: true, points: Some(0) };
        let own = it.link.as_ref().filter(|_| it.track_own_link);
        let own = own.map(|link| (link, Weight::Fault { reverse: false }));
        for (name, weight) in own.into_iter().chain(it.track_links.iter().map(|it| (&it.link, it.weight))) {
            let link = self.machine().links().find(|link| link.name == *name);
            standing.add(weight, Some(link.is_some_and(Link::is_up)));
        }
        for tracked in &it.track_processes {
            standing.add(tracked.weight, Some(self.processes.get(&tracked.name).copied().unwrap_or(true)));
        }
        for tracked in &it.track_bfds {
            match (tracked.weight, self.verdicts.get(&tracked.name).copied()) {
                // A path that nobody has judged does not count.
                (Weight::Points { .. }, None) => {}
                (weight, known) => standing.add(weight, known),
            }
        }
        for tracked in &it.track_files {
            let value = self.files.get(&tracked.file).copied().unwrap_or(0);
            standing.add_file(tracked.weight, tracked.reverse, value);
        }
        standing
    }

    /// Whether a tracking script counts as good, where its last runs leave no doubt.
    fn script_health(&self, name: &str) -> Option<bool> {
        let script = self.config.scripts.iter().find(|script| script.name == name)?;
        let (outcome, runs) = self.supervisor.outcomes.get(script.command.argv.first()?)?;
        let good = outcome.is_success();
        (*runs >= if good { script.rise } else { script.fall }).then_some(good)
    }
}
