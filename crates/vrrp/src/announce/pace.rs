//! The smallest gaps between announcements on a link, or on several together, and what waits for them.
//!
//! What waits has one count an address, and addresses are served in turn. A gap is that of a link with an address of
//! the kind that announcements are of: those of a VMAC count for its base, since they leave by it.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use host::{Family, Instant, LinkIndex, LinkName};

use super::Announcement;
use crate::config::{AnnouncePace, PaceGroup};
use crate::instance::InstanceId;

/// Most packets for one address in one round. The file may ask for four thousand million; no switch needs more than
/// a few, and a master that does nothing else for minutes is no master.
const MOST_REPEATS: u32 = 255;

/// Most announcements that leave a queue in one turn: what is repeated for thousands of addresses must make no advert
/// late. The next turn comes at once.
const MOST_AT_ONCE: usize = 64;

/// Announcements that wait for their gap, or for the first ones of others.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pace: AnnouncePace,
    /// The gaps of single links, and which links share theirs.
    of_links: BTreeMap<LinkName, (AnnouncePace, Option<usize>)>,
    lanes: BTreeMap<(Line, Family), Lane>,
}

/// Who shares a gap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Line {
    Link(LinkIndex),
    /// The links of a group of the file, by its place there.
    Group(usize),
}

#[derive(Debug)]
struct Lane {
    gap: Duration,
    free_at: Instant,
    waiting: VecDeque<(Announcement, u32)>,
}

impl Queue {
    /// Sets the gaps. What waits already is sent at the new ones.
    pub(crate) fn set_pace(&mut self, pace: AnnouncePace, groups: Vec<PaceGroup>) {
        self.pace = pace;
        self.of_links.clear();
        for (place, PaceGroup { links, shared, pace }) in groups.into_iter().enumerate() {
            let shares = shared.then_some(place);
            self.of_links.extend(links.into_iter().map(|link| (link, (pace, shares))));
        }
    }

    /// Adds `repeat` announcements of each address, with the name of the link whose gap counts. Where there is no gap,
    /// the first of each is handed back to be sent now, and the others follow in turn.
    pub(crate) fn add<'a>(
        &mut self,
        announcements: &[Announcement],
        name_of: impl Fn(LinkIndex) -> Option<&'a LinkName>,
        repeat: u32,
        now: Instant,
        mut send: impl FnMut(Announcement),
    ) {
        let repeat = repeat.min(MOST_REPEATS);
        for announcement in announcements {
            let (line, gap) = self.gap(announcement, name_of(announcement.paced_by));
            let mut left = repeat;
            if gap.is_zero() && left > 0 {
                send(*announcement);
                left -= 1;
            }
            if left > 0 {
                self.wait(*announcement, line, gap, left, now);
            }
        }
    }

    /// Hands back what may go now.
    pub(crate) fn run(&mut self, now: Instant, mut send: impl FnMut(Announcement)) {
        let mut sent = 0;
        for lane in self.lanes.values_mut() {
            while lane.free_at <= now && sent < MOST_AT_ONCE {
                let Some((announcement, left)) = lane.waiting.pop_front() else { break };
                send(announcement);
                sent += 1;
                lane.free_at = now + lane.gap;
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

    fn gap(&self, announcement: &Announcement, name: Option<&LinkName>) -> (Line, Duration) {
        let own = Line::Link(announcement.paced_by);
        let (pace, line) = match name.and_then(|name| self.of_links.get(name)) {
            None => (self.pace, own),
            Some((pace, shares)) => (*pace, shares.map_or(own, Line::Group)),
        };
        let gap = match Family::of(announcement.address) {
            Family::V4 => pace.arp,
            Family::V6 => pace.neighbour,
        };
        (line, gap)
    }

    fn wait(&mut self, announcement: Announcement, line: Line, gap: Duration, repeat: u32, now: Instant) {
        let key = (line, Family::of(announcement.address));
        let lane =
            self.lanes.entry(key).or_insert_with(|| Lane { gap, free_at: now, waiting: VecDeque::new() });
        lane.gap = gap;
        match lane.waiting.iter_mut().find(|(waiting, _)| *waiting == announcement) {
            Some((_, left)) => *left = (*left).max(repeat),
            None => lane.waiting.push_back((announcement, repeat)),
        }
    }
}

#[cfg(test)]
mod tests;
