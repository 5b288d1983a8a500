//! What the engine listens on: wanted minus open, and another try where opening failed.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use host::{Channel, Instant};

use crate::event::Action;

/// First and longest pause before a channel that could not be opened is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// A channel that was tried again and stayed open for this long is sound.
const PROBATION: Duration = Duration::from_millis(100);

/// A channel that does not work.
#[derive(Clone, Copy, Debug)]
enum Broken {
    Closed { retry_at: Instant, pause: Duration },
    Tried { sound_at: Instant, pause: Duration },
}

/// What is asked of a channel.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Hearing {
    /// The virtual routers whose adverts it lets pass.
    pub(crate) vrids: BTreeSet<u8>,
    /// The receive buffer in bytes; `None` is the system's.
    pub(crate) buffer: Option<u32>,
}

/// The channels of a node.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    open: BTreeMap<Channel, Hearing>,
    broken: BTreeMap<Channel, Broken>,
}

impl Channels {
    /// Makes what is open what is wanted.
    pub(crate) fn want(&mut self, wanted: BTreeMap<Channel, Hearing>, out: &mut Vec<Action>) {
        self.open.retain(|channel, _| {
            let keep = wanted.contains_key(channel);
            if !keep {
                out.push(Action::Ignore(*channel));
            }
            keep
        });
        self.broken.retain(|channel, _| wanted.contains_key(channel));
        for (channel, hearing) in wanted {
            if self.open.get(&channel) != Some(&hearing) {
                open(channel, &hearing, out);
                self.open.insert(channel, hearing);
            }
        }
    }

    /// A channel could not be opened, or broke.
    pub(crate) fn failed(&mut self, channel: Channel, now: Instant) {
        if !self.open.contains_key(&channel) {
            return;
        }
        let pause = match self.broken.get(&channel) {
            Some(Broken::Closed { .. }) => return,
            Some(Broken::Tried { pause, .. }) => (*pause * 2).min(RETRY.1),
            None => RETRY.0,
        };
        self.broken.insert(channel, Broken::Closed { retry_at: now + pause, pause });
    }

    /// Tries what is due again, and says whether some channel turned out to be sound.
    pub(crate) fn run(&mut self, now: Instant, out: &mut Vec<Action>) -> bool {
        let before = self.broken.len();
        self.broken.retain(|_, broken| !matches!(broken, Broken::Tried { sound_at, .. } if *sound_at <= now));
        for (channel, broken) in &mut self.broken {
            if let Broken::Closed { retry_at, pause } = *broken
                && retry_at <= now
                && let Some(hearing) = self.open.get(channel)
            {
                open(*channel, hearing, out);
                *broken = Broken::Tried { sound_at: now + PROBATION, pause };
            }
        }
        self.broken.len() != before
    }

    /// Whether a channel does not work.
    pub(crate) fn is_deaf(&self, channel: Channel) -> bool {
        self.broken.contains_key(&channel)
    }

    /// When something is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let due = |broken: &Broken| match broken {
            Broken::Closed { retry_at, .. } => *retry_at,
            Broken::Tried { sound_at, .. } => *sound_at,
        };
        self.broken.values().map(due).min()
    }
}

fn open(channel: Channel, hearing: &Hearing, out: &mut Vec<Action>) {
    out.push(Action::Listen(channel, hearing.vrids.iter().copied().collect()));
    out.extend(hearing.buffer.map(|bytes| Action::Size(channel, bytes)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::{IpAddr, Ipv4Addr};
    use host::{LinkIndex, Protocol};

    #[test]
    fn a_channel_that_cannot_be_opened_is_tried_again_ever_less_often() {
        let address = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18));
        let channel = Channel { link: LinkIndex(2), address, protocol: Protocol::Vrrp };
        let mut channels = Channels::default();
        let mut out = Vec::new();
        let hearing = Hearing { vrids: BTreeSet::from([51]), buffer: Some(9_000) };
        channels.want([(channel, hearing)].into(), &mut out);
        let opened = [Action::Listen(channel, [51].into()), Action::Size(channel, 9_000)];
        assert_eq!(out, opened);

        let mut now = Instant::ZERO;
        for pause in [250, 500, 1_000] {
            channels.failed(channel, now);
            assert!(channels.is_deaf(channel));
            assert_eq!(channels.next_deadline(), Some(now + Duration::from_millis(pause)));
            now += Duration::from_millis(pause);
            out.clear();
            assert!(!channels.run(now, &mut out));
            assert_eq!(out, opened);
        }
        now += PROBATION;
        assert!(channels.run(now, &mut out));
        assert!(!channels.is_deaf(channel));
    }
}
