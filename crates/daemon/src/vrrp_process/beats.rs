//! Links that are asked for their carriers, once a second.

use std::time::Duration;

use host::{Arrival, Instant, Severity};
use linux::link_beat::{LinkBeat, Method};
use vrrp::config::{PollMethod, PolledLink};

use super::here::Here;

/// As keepalived.
const EVERY: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Beats {
    links: Vec<PolledLink>,
    asker: Option<LinkBeat>,
    /// When they are asked again.
    next: Option<Instant>,
}

impl Beats {
    /// Asks these from now on, for the first time at once.
    pub(super) fn configure(
        &mut self,
        links: &[PolledLink],
        now: Instant,
        here: &mut Here,
        out: &mut Vec<Arrival>,
    ) {
        self.links = links.to_vec();
        if self.links.is_empty() {
            *self = Self::default();
            return;
        }
        if self.asker.is_none() {
            match LinkBeat::open() {
                Ok(asker) => self.asker = Some(asker),
                Err(error) => {
                    let line = format!("Unable to ask interfaces for their carriers: {error}");
                    host::Journal::write(here, Severity::Error, &line);
                }
            }
            host::Journal::write(here, Severity::Info, "Using MII-BMSR/ETHTOOL NIC polling thread(s)...");
        }
        self.next = Some(now);
        self.wake(now, out);
    }

    /// Asks, if that is due. One that is not there says nothing.
    pub(super) fn wake(&mut self, now: Instant, out: &mut Vec<Arrival>) {
        if self.next.is_none_or(|next| next > now) {
            return;
        }
        self.next = Some(now + EVERY);
        // Where there was no descriptor for it, there may be one now.
        let Some(asker) = self.asker.take().or_else(|| LinkBeat::open().ok()) else { return };
        for PolledLink { link, method } in &self.links {
            let method = method.map(|method| match method {
                PollMethod::Mii => Method::Mii,
                PollMethod::Ethtool => Method::Ethtool,
                PollMethod::Ioctl => Method::Flags,
            });
            if let Some(carrier) = asker.ask(link, method) {
                out.push(Arrival::CarrierRead { link: link.clone(), carrier });
            }
        }
        self.asker = Some(asker);
    }

    /// When [`Self::wake`] has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.next
    }
}
