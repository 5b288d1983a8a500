//! Lines for those who read the event pipes (`notify_fifo`, `vrrp_notify_fifo`): Keepalived's, byte for byte.

use std::collections::BTreeMap;
use std::time::Duration;

use host::Instant;
use vrrp::config::{Config, InstanceConfig, Priority};

use super::news::{Kind, News, What};

/// Where lines go.
pub trait EventPipes {
    /// Writes a line, its end included, in one piece. Never waits; a line that does not fit is lost.
    fn put(&mut self, line: &str);
}

/// The line for a piece of news, its end included; none for one that is no change.
///
/// ```text
/// INSTANCE "VI_1" MASTER 104
/// INSTANCE "VI_1" MASTER_RX_LOWER_PRI 104
/// INSTANCE "VI_1" BACKUP_PRIORITY 97
/// GROUP "G1" MASTER 0
/// ```
pub fn line(news: &News<'_>) -> Option<String> {
    let (event, priority): (&str, Priority) = match news.what {
        What::Entered(state, priority) => (state.word(), priority),
        What::StillMaster(_) => return None,
        What::LowerPriorityHeard(priority) => ("MASTER_RX_LOWER_PRI", priority),
        What::PriorityChanged { master: true, priority } => ("MASTER_PRIORITY", priority),
        // As keepalived: a fault counts as backup.
        What::PriorityChanged { master: false, priority } => ("BACKUP_PRIORITY", priority),
    };
    Some(format!("{} \"{}\" {event} {priority}\n", news.kind.word(), news.name))
}

/// Keeps a flood of adverts from pushing out of a pipe what matters.
#[derive(Debug, Default)]
pub struct Pace {
    /// Least time between two such lines about an instance: most have the same interval.
    usual: Duration,
    others: BTreeMap<Box<str>, Duration>,
    /// When there was one last, if there was one.
    last: BTreeMap<Box<str>, Instant>,
}

impl Pace {
    /// Takes on the intervals of `config`.
    pub fn configure(&mut self, config: &Config) {
        // Several rivals that keep to the interval are told of every time, and so are those that quicken it once.
        let gap = |instance: &InstanceConfig| instance.interval / 8;
        self.usual = config.instances.first().map_or(Duration::ZERO, gap);
        let others = config.instances.iter().filter(|instance| gap(instance) != self.usual);
        self.others = others.map(|instance| (instance.name.as_str().into(), gap(instance))).collect();
        let before = std::mem::take(&mut self.last);
        let kept = config.instances.iter().filter_map(|instance| before.get_key_value(&*instance.name));
        self.last = kept.map(|(name, last)| (name.clone(), *last)).collect();
    }

    /// Whether this is to be written now.
    pub fn allows(&mut self, news: &News<'_>, now: Instant) -> bool {
        let (Kind::Instance, What::LowerPriorityHeard(_)) = (news.kind, news.what) else { return true };
        let gap = self.others.get(news.name).copied().unwrap_or(self.usual);
        let allowed = self.last.get(news.name).is_none_or(|last| now.since(*last) >= gap);
        if allowed {
            self.last.insert(news.name.into(), now);
        }
        allowed
    }
}

#[cfg(test)]
mod tests;
