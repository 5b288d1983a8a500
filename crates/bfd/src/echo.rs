//! The Echo function: packets that come back without the neighbour's BFD, or with no more of it than a mirror
//! (RFC 5880 §6.4, §6.8.8, §6.8.9; RFC 5881 §4).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use host::Instant;

use crate::chance::Chance;
use crate::timing::{self, Pace};

/// UDP destination port (RFC 5881 §4).
pub const PORT: u16 = 3785;

/// TTL of an Echo packet when it leaves: the greatest, so that whoever sends it back can tell that it is fresh.
pub const TTL: u8 = 255;

/// TTL of one that came back: one less, by forwarding or by a mirror. Never sent back again.
pub const RETURNED_TTL: u8 = 254;

/// RFC 7600 §4.8, "IPv4 dummy address": off every subnet. RFC 5881 §4: "The source address MUST be chosen in such a
/// way as to preclude the remote system from generating ICMP or Neighbor Discovery Redirect messages."
pub const OFF_SUBNET_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 0, 8));

/// Of the discard-only prefix (RFC 6666): off every subnet, and not link-local.
pub const OFF_SUBNET_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 1));

/// How long a session stays Down after its Echo function failed: a neighbour that takes Echo packets and does not return
/// them would else come up and go down many times a second. Doubled with each failure in a row, up to the second value.
///
/// RFC 5880 §6.2: "A system MAY hold a session in Down state indefinitely (by simply refusing to advance the session
/// state)."
pub(crate) const HOLD: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(64));

/// Echo packets under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Echo {
    /// When one left last.
    pace: Option<Pace>,
    /// How many have left.
    sent: u32,
    /// The latest that came back.
    returned: u32,
    /// When one came back last, or when it all began.
    alive_at: Instant,
}

impl Echo {
    /// It begins.
    pub(crate) const fn start(now: Instant) -> Self {
        Self { pace: None, sent: 0, returned: 0, alive_at: now }
    }

    /// When the next is due.
    pub(crate) fn due(&self, interval: u32) -> Instant {
        self.pace.map_or(Instant::ZERO, |pace| pace.due(interval))
    }

    /// The next leaves; its number.
    pub(crate) fn send(&mut self, now: Instant, multiplier: u8, chance: &mut Chance) -> u32 {
        self.pace = Some(Pace::start(now, multiplier, chance));
        self.sent = self.sent.wrapping_add(1);
        self.sent
    }

    /// One came back. False if it was never sent, or came back before: it may be replayed.
    pub(crate) const fn returned(&mut self, sequence: u32, at: Instant) -> bool {
        let ahead = sequence.wrapping_sub(self.returned);
        let fresh = ahead != 0 && ahead <= self.sent.wrapping_sub(self.returned);
        if fresh {
            self.returned = sequence;
            self.alive_at = at;
        }
        fresh
    }

    /// When it has failed, if none comes back until then: as many intervals as the multiplier of control packets.
    pub(crate) fn fails_at(&self, interval: u32, multiplier: u8) -> Instant {
        self.alive_at + timing::detection(multiplier, interval, 0)
    }

    /// How long none has come back.
    pub(crate) fn silence(&self, now: Instant) -> Duration {
        now.since(self.alive_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R5880-6.8.8-02: "A means of detecting missing Echo packets MUST be implemented".
    #[test]
    fn a_packet_counts_once_and_only_if_it_was_sent() {
        let mut chance = Chance::new(1);
        let mut echo = Echo::start(Instant::ZERO);
        assert!(!echo.returned(1, Instant::ZERO), "nothing was sent");
        assert_eq!(echo.send(Instant::ZERO, 3, &mut chance), 1);
        assert_eq!(echo.send(Instant::ZERO, 3, &mut chance), 2);
        let now = Instant::from_millis(7);
        assert!(echo.returned(2, now));
        assert!(!echo.returned(2, now) && !echo.returned(1, now) && !echo.returned(3, now));
        assert_eq!(echo.fails_at(10_000, 3), Instant::from_millis(37));
        assert_eq!(echo.silence(Instant::from_millis(9)), Duration::from_millis(2));
    }
}
