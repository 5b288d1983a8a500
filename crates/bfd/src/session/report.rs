//! How a session stands.

use super::{Judged, Session};
use crate::config::SessionConfig;
use crate::status::{Intervals, RemoteStatus, SessionStatus};
use crate::timing::{Poll, duration};

impl Session {
    /// How it stands.
    pub(crate) fn status(&self) -> SessionStatus {
        let SessionConfig {
            name,
            neighbour,
            source,
            link,
            path,
            hops,
            min_rx,
            min_tx,
            idle_tx,
            multiplier,
            passive,
            enabled: _,
            weight,
            audience,
            auth: _,
            echo,
        } = &self.config;
        SessionStatus {
            name: name.clone(),
            neighbour: *neighbour,
            source: *source,
            link: link.clone(),
            path: *path,
            port: self.port.number(),
            hops: *hops,
            min_rx: *min_rx,
            min_tx: *min_tx,
            idle_tx: *idle_tx,
            passive: *passive,
            weight: *weight,
            audience: *audience,
            state: self.state(),
            since: self.since,
            alive: self.judged == Judged::Alive,
            diagnostic: self.diagnostic,
            discriminator: self.discriminator,
            local: Intervals {
                desired_min_tx: duration(self.advertised.desired),
                required_min_rx: duration(self.advertised.required),
                required_min_echo_rx: echo.min_rx,
                multiplier: multiplier.get(),
            },
            remote: RemoteStatus {
                state: self.remote.state,
                diagnostic: self.remote.diagnostic,
                discriminator: self.remote.discriminator,
                intervals: Intervals {
                    desired_min_tx: duration(self.remote.desired_min_tx),
                    required_min_rx: duration(self.remote.required_min_rx),
                    required_min_echo_rx: duration(self.remote.required_min_echo_rx),
                    multiplier: self.remote.multiplier,
                },
                demand: self.remote.demand,
            },
            transmit: duration(self.transmit_interval()),
            detection: self.detection(),
            remote_detection: self.remote_detection(),
            polling: self.poll == Poll::Sending,
            echoing: self.is_echoing(),
            heard: self.accepted_at,
            up_at: self.up_at,
            down_at: self.down_at,
            counters: self.counters,
        }
    }
}
