//! Links whose going down or coming up counts only when it has lasted (`interface_up_down_delays`).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use host::{Instant, Link, LinkIndex, LinkName};

use crate::config::{InstanceConfig, LinkDelay};

/// What counts of the links that have delays.
#[derive(Debug, Default)]
pub(crate) struct Delays {
    /// Before down and before up.
    of: BTreeMap<LinkName, (Duration, Duration)>,
    links: BTreeMap<LinkIndex, Counted>,
}

#[derive(Clone, Copy, Debug)]
struct Counted {
    up: bool,
    /// When it will count as the other.
    changes: Option<Instant>,
}

impl Delays {
    /// As keepalived: no delay is longer than all but one of the adverts that an instance of the link may miss.
    pub(crate) fn configure(&mut self, delays: Vec<LinkDelay>, instances: &[InstanceConfig]) {
        self.of.clear();
        for LinkDelay { link, down, up } in delays {
            let bound =
                |it: &InstanceConfig| it.interval * u32::from(it.down_timer_adverts.saturating_sub(1));
            let longest = instances.iter().filter(|it| it.link.as_ref() == Some(&link)).map(bound).min();
            let longest = longest.unwrap_or(Duration::MAX);
            self.of.insert(link, (down.min(longest), up.min(longest)));
        }
    }

    /// How long a link must be down, and up.
    pub(crate) fn of(&self, link: &LinkName) -> (Duration, Duration) {
        self.of.get(link).copied().unwrap_or_default()
    }

    /// A link appeared or changed. As keepalived: what it begins with counts at once.
    pub(crate) fn changed(&mut self, link: &Link, is_up: bool, now: Instant) {
        let Some((down, up)) = self.of.get(&link.name) else {
            self.links.remove(&link.index);
            return;
        };
        let delay = if is_up { *up } else { *down };
        let counted = self.links.entry(link.index).or_insert(Counted { up: is_up, changes: None });
        counted.changes = match counted.changes {
            _ if counted.up == is_up => None,
            Some(at) => Some(at),
            None => Some(now + delay),
        };
    }

    /// A link is gone.
    pub(crate) fn removed(&mut self, link: LinkIndex) {
        self.links.remove(&link);
    }

    /// Whether a link that has delays counts as up.
    pub(crate) fn counts_up(&self, link: &Link) -> Option<bool> {
        self.links.get(&link.index).map(|counted| counted.up)
    }

    /// What has lasted counts from now on. Whether anything does.
    pub(crate) fn run(&mut self, now: Instant) -> bool {
        let mut any = false;
        for counted in self.links.values_mut() {
            if counted.changes.take_if(|at| *at <= now).is_some() {
                counted.up = !counted.up;
                any = true;
            }
        }
        any
    }

    /// When something will count.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.links.values().filter_map(|counted| counted.changes).min()
    }
}
