//! When gratuitous ARPs and unsolicited neighbour advertisements are due (vrrp-behaviour §7).
//!
//! A *round* repeats one announcement for each address. Where a link has a smallest gap between announcements, what
//! exceeds it queues: one count an address, served in turn.

use alloc::collections::{BTreeMap, VecDeque};
use core::net::IpAddr;
use core::time::Duration;

use host::{Family, Instant, LinkIndex};

use crate::config::{AnnounceConfig, AnnouncePace};
use crate::instance::InstanceId;

/// Most packets for one address in one round. The file may ask for four thousand million; no switch needs more than
/// a few, and a master that does nothing else for minutes is no master.
const MOST_REPEATS: u32 = 255;

/// The rounds that a master has before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Rounds {
    first: Option<Instant>,
    second: Option<Instant>,
    refresh: Option<Instant>,
    lesser_heard: [Option<Instant>; 2],
}

/// What a due round consists of: packets for each address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Round {
    /// Packets for each address, at least 1.
    pub(crate) repeat: u32,
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
        }
    }

    /// Addresses were added or put back: announce them all once more.
    pub(crate) fn again(&mut self, now: Instant) {
        self.first = Some(now);
    }

    /// A lesser router advertised, so somebody may have followed it: announce now and after the delay.
    pub(crate) fn on_lesser_heard(&mut self, config: &AnnounceConfig, now: Instant) {
        if config.lower_priority_repeat > 0 {
            let delay = config.lower_priority_delay;
            self.lesser_heard = [Some(now), (!delay.is_zero()).then(|| now + delay)];
        }
    }

    /// Takes one round that is due.
    pub(crate) fn due(&mut self, config: &AnnounceConfig, now: Instant) -> Option<Round> {
        let is_due = |at: &mut Option<Instant>| at.take_if(|at| *at <= now).is_some();
        if is_due(&mut self.first) || is_due(&mut self.second) {
            return Some(Round { repeat: config.repeat });
        }
        let [lesser_first, lesser_second] = &mut self.lesser_heard;
        if is_due(lesser_first) || is_due(lesser_second) {
            return Some(Round { repeat: config.lower_priority_repeat.max(1) });
        }
        if is_due(&mut self.refresh) {
            self.refresh = (!config.refresh.is_zero()).then(|| now + config.refresh);
            return Some(Round { repeat: config.refresh_repeat });
        }
        None
    }

    /// When the next is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let [lesser_first, lesser_second] = self.lesser_heard;
        [self.first, self.second, self.refresh, lesser_first, lesser_second].into_iter().flatten().min()
    }
}

/// One announcement to make.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Announcement {
    /// The instance that holds the address.
    pub(crate) instance: InstanceId,
    /// The link it is on.
    pub(crate) link: LinkIndex,
    /// The address.
    pub(crate) address: IpAddr,
}

/// Announcements that wait for their link's gap.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pace: AnnouncePace,
    lanes: BTreeMap<(LinkIndex, Family), Lane>,
}

#[derive(Debug)]
struct Lane {
    free_at: Instant,
    waiting: VecDeque<(Announcement, u32)>,
}

impl Queue {
    /// Sets the gaps.
    pub(crate) fn set_pace(&mut self, pace: AnnouncePace) {
        self.pace = pace;
    }

    /// Adds `repeat` announcements of each address, or, where no gap is set, hands them back to be sent now: all
    /// addresses once, then all again, as often as asked.
    pub(crate) fn add(
        &mut self,
        announcements: &[Announcement],
        round: Round,
        now: Instant,
        mut send: impl FnMut(Announcement),
    ) {
        for turn in 0..round.repeat.min(MOST_REPEATS) {
            for announcement in announcements {
                if self.gap(announcement.address).is_zero() {
                    send(*announcement);
                } else if turn == 0 {
                    self.wait(*announcement, round.repeat, now);
                }
            }
        }
    }

    /// Hands back what may go now.
    pub(crate) fn run(&mut self, now: Instant, mut send: impl FnMut(Announcement)) {
        let pace = self.pace;
        for ((_, family), lane) in &mut self.lanes {
            let gap = gap(pace, *family);
            while lane.free_at <= now {
                let Some((announcement, left)) = lane.waiting.pop_front() else { break };
                send(announcement);
                lane.free_at = now + gap;
                if left > 1 {
                    lane.waiting.push_back((announcement, left - 1));
                }
            }
        }
        self.lanes.retain(|_, lane| lane.free_at > now || !lane.waiting.is_empty());
    }

    /// An instance is master no more.
    pub(crate) fn forget(&mut self, instance: InstanceId) {
        for lane in self.lanes.values_mut() {
            lane.waiting.retain(|(announcement, _)| announcement.instance != instance);
        }
    }

    /// When the next may go.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.lanes.values().filter(|lane| !lane.waiting.is_empty()).map(|lane| lane.free_at).min()
    }

    fn gap(&self, address: IpAddr) -> Duration {
        gap(self.pace, Family::of(address))
    }

    fn wait(&mut self, announcement: Announcement, repeat: u32, now: Instant) {
        let key = (announcement.link, Family::of(announcement.address));
        let lane = self.lanes.entry(key).or_insert_with(|| Lane { free_at: now, waiting: VecDeque::new() });
        match lane.waiting.iter_mut().find(|(waiting, _)| *waiting == announcement) {
            Some((_, left)) => *left = (*left).max(repeat),
            None => lane.waiting.push_back((announcement, repeat)),
        }
    }
}

fn gap(pace: AnnouncePace, family: Family) -> Duration {
    match family {
        Family::V4 => pace.arp,
        Family::V6 => pace.neighbour,
    }
}

#[cfg(test)]
mod tests;
