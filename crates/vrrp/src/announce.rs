//! When gratuitous ARPs and unsolicited neighbour advertisements are due (vrrp-behaviour §7).
//!
//! A *round* repeats one announcement for each address. Where a link has a smallest gap between announcements
//! ([`pace`]), what exceeds it queues.

mod pace;

use core::net::IpAddr;
use core::time::Duration;

use host::{Instant, LinkIndex};

use crate::config::AnnounceConfig;
use crate::instance::InstanceId;

pub(crate) use pace::Queue;

/// The rounds that a master has before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Rounds {
    first: Option<Instant>,
    second: Option<Instant>,
    refresh: Option<Instant>,
    lesser_heard: [Option<Instant>; 2],
    /// On the links that adverts do not leave by.
    elsewhere: Option<Instant>,
}

/// What a due round consists of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Round {
    /// Every address, so many packets each, at least 1.
    Addresses(u32),
    /// The same, because a rival was heard, which may be as often as the rival likes.
    Healing(u32),
    /// One address of each link that adverts do not leave by.
    Elsewhere,
}

impl Rounds {
    /// The rounds of one who becomes master: at once, after the delay, and then at each refresh.
    pub(crate) fn on_becoming_master(config: &AnnounceConfig, now: Instant) -> Self {
        let after = |delay: Duration| (!delay.is_zero()).then(|| now + delay);
        Self {
            first: Some(now),
            second: after(config.delay),
            refresh: after(config.refresh).map(|at| at + config.delay),
            lesser_heard: [None; 2],
            elsewhere: after(config.elsewhere),
        }
    }

    /// Addresses were added or put back: announce them all once more.
    pub(crate) fn again(&mut self, now: Instant) {
        self.first = Some(now);
    }

    /// Their link came up: at once, and after the delay, since a switch may not forward at once.
    pub(crate) fn on_link_up(&mut self, config: &AnnounceConfig, now: Instant) {
        self.first = Some(now);
        self.second = (!config.delay.is_zero()).then(|| now + config.delay);
    }

    /// A rival advertised and the master stays, so somebody may have followed the rival: announce now and after the
    /// delay. Where such rounds are off, healing still sends one packet for each address.
    pub(crate) fn on_rival_heard(&mut self, config: &AnnounceConfig, now: Instant) {
        let delay = config.lower_priority_delay;
        self.lesser_heard = match config.lower_priority_repeat {
            0 => [config.heals.then_some(now), None],
            _ => [Some(now), (!delay.is_zero()).then(|| now + delay)],
        };
    }

    /// A reload may have set another interval for the links that adverts do not leave by.
    pub(crate) fn on_reload(&mut self, config: &AnnounceConfig, now: Instant) {
        let next = now + config.elsewhere;
        self.elsewhere =
            (!config.elsewhere.is_zero()).then(|| self.elsewhere.map_or(next, |at| at.min(next)));
    }

    /// Takes one round that is due.
    pub(crate) fn due(&mut self, config: &AnnounceConfig, now: Instant) -> Option<Round> {
        let is_due = |at: &mut Option<Instant>| at.take_if(|at| *at <= now).is_some();
        if is_due(&mut self.first) || is_due(&mut self.second) {
            return Some(Round::Addresses(config.repeat));
        }
        let [lesser_first, lesser_second] = &mut self.lesser_heard;
        if is_due(lesser_first) || is_due(lesser_second) {
            return Some(Round::Healing(config.lower_priority_repeat.max(1)));
        }
        if is_due(&mut self.refresh) {
            self.refresh = (!config.refresh.is_zero()).then(|| now + config.refresh);
            return Some(Round::Addresses(config.refresh_repeat));
        }
        if is_due(&mut self.elsewhere) {
            self.elsewhere = (!config.elsewhere.is_zero()).then(|| now + config.elsewhere);
            return Some(Round::Elsewhere);
        }
        None
    }

    /// When the next is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let [lesser_first, lesser_second] = self.lesser_heard;
        let all = [self.first, self.second, self.refresh, lesser_first, lesser_second, self.elsewhere];
        all.into_iter().flatten().min()
    }
}

/// One announcement to make.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Announcement {
    /// The instance that holds the address.
    pub(crate) instance: InstanceId,
    /// The link it is on.
    pub(crate) link: LinkIndex,
    /// The link whose smallest gap counts: that, or its base.
    pub(crate) paced_by: LinkIndex,
    /// The address.
    pub(crate) address: IpAddr,
}

#[cfg(test)]
mod tests;
