//! The UDP channels of a node: wanted minus open, and another try where opening failed.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use host::{Instant, UdpChannel, UdpUse};

use crate::event::Action;

/// First and longest pause before a channel that could not be opened is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// The channels of a node.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    open: BTreeMap<UdpChannel, UdpUse>,
    /// Those of `open` that the machine could not open: when they are tried again, and after which pause.
    broken: BTreeMap<UdpChannel, (Instant, Duration)>,
}

impl Channels {
    /// Makes what is open what is wanted.
    pub(crate) fn want(&mut self, wanted: BTreeMap<UdpChannel, UdpUse>, out: &mut Vec<Action>) {
        self.open.retain(|channel, purpose| {
            let keep = wanted.get(channel) == Some(purpose);
            if !keep {
                out.push(Action::Unbind(*channel));
            }
            keep
        });
        self.broken.retain(|channel, _| wanted.contains_key(channel));
        for (channel, purpose) in wanted {
            if self.open.insert(channel, purpose).is_none() {
                out.push(Action::Bind(channel, purpose));
            }
        }
    }

    /// A channel could not be opened, or broke; it is tried again later. Says what it was for, the first time.
    pub(crate) fn failed(&mut self, channel: UdpChannel, now: Instant) -> Option<UdpUse> {
        let purpose = *self.open.get(&channel)?;
        let before = self.broken.get(&channel).map(|(_, pause)| *pause);
        let pause = before.map_or(RETRY.0, |pause| (pause * 2).min(RETRY.1));
        self.broken.insert(channel, (now + pause, pause));
        before.is_none().then_some(purpose)
    }

    /// One that is not to be tried again.
    pub(crate) fn forget(&mut self, channel: UdpChannel) {
        self.open.remove(&channel);
        self.broken.remove(&channel);
    }

    /// Tries what is due again.
    pub(crate) fn run(&mut self, now: Instant, out: &mut Vec<Action>) {
        for (channel, (retry_at, _)) in &mut self.broken {
            if *retry_at <= now
                && let Some(purpose) = self.open.get(channel)
            {
                out.push(Action::Bind(*channel, *purpose));
                *retry_at = Instant::NEVER;
            }
        }
    }

    /// Something came in by a channel: it is sound.
    pub(crate) fn heard(&mut self, channel: UdpChannel) {
        self.broken.remove(&channel);
    }

    /// When something is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let due = self.broken.values().map(|(retry_at, _)| *retry_at).min();
        due.filter(|due| *due != Instant::NEVER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;

    const CHANNEL: UdpChannel =
        UdpChannel { address: core::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: 3784 };

    #[test]
    fn a_channel_that_cannot_be_opened_is_tried_again_ever_less_often() {
        let (mut channels, mut out) = (Channels::default(), Vec::new());
        channels.want([(CHANNEL, UdpUse::Listen)].into(), &mut out);
        assert_eq!(out, [Action::Bind(CHANNEL, UdpUse::Listen)]);
        let mut now = Instant::ZERO;
        for (pause, first) in [(250, true), (500, false), (1_000, false)] {
            assert_eq!(channels.failed(CHANNEL, now), first.then_some(UdpUse::Listen));
            now += Duration::from_millis(pause);
            assert_eq!(channels.next_deadline(), Some(now));
            out.clear();
            channels.run(now, &mut out);
            assert_eq!(out, [Action::Bind(CHANNEL, UdpUse::Listen)]);
            assert_eq!(channels.next_deadline(), None);
        }
        channels.heard(CHANNEL);
        assert_eq!(channels.failed(CHANNEL, now), Some(UdpUse::Listen));
    }

    #[test]
    fn only_the_difference_is_ordered() {
        let (mut channels, mut out) = (Channels::default(), Vec::new());
        channels.want([(CHANNEL, UdpUse::Listen)].into(), &mut out);
        out.clear();
        channels.want([(CHANNEL, UdpUse::Listen)].into(), &mut out);
        assert_eq!(out, []);
        channels.want([(CHANNEL, UdpUse::Send)].into(), &mut out);
        assert_eq!(out, [Action::Unbind(CHANNEL), Action::Bind(CHANNEL, UdpUse::Send)]);
        out.clear();
        channels.want(BTreeMap::new(), &mut out);
        assert_eq!(out, [Action::Unbind(CHANNEL)]);
        assert_eq!(channels.failed(CHANNEL, Instant::ZERO), None, "it is not ours any more");
    }
}
