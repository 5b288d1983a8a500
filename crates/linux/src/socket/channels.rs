//! The receiving sockets.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, BorrowedFd};

use host::{Arrival, Channel, Delivery, Family};
use socket2::Socket;

use super::control::{self, Seen};
use super::raw;
use crate::clock::WallTime;
use crate::netlink::refused;
use crate::sys::{Inbox, Incoming};

/// Batches read from one channel in one turn, 128 packets: a flood on one must not starve the others, nor the timer.
const BATCHES_A_TURN: usize = 4;

/// What is listened to, one socket a channel. Each has a slot, the number by which its readiness is told.
pub(crate) struct Channels {
    open: BTreeMap<Channel, Open>,
    slots: BTreeMap<u32, Channel>,
    inbox: Inbox,
    /// When the host received the last packet.
    last: Option<WallTime>,
}

struct Open {
    socket: Socket,
    slot: u32,
}

impl Channels {
    pub(crate) fn new() -> Self {
        Self { open: BTreeMap::new(), slots: BTreeMap::new(), inbox: Inbox::new(), last: None }
    }

    /// Opens a channel, or changes what an open one lets pass. A new one's slot and socket are returned, to be
    /// watched.
    pub(crate) fn listen(
        &mut self,
        channel: Channel,
        vrids: &[u8],
    ) -> io::Result<Option<(u32, BorrowedFd<'_>)>> {
        if let Some(open) = self.open.get(&channel) {
            raw::admit(&open.socket, &channel, vrids)?;
            return Ok(None);
        }
        let socket = raw::receiver(&channel)?;
        // What came in before the socket was confined to its channel. The filter lets nothing follow.
        while self.inbox.receive(socket.as_fd()).is_ok_and(|count| count > 0) {}
        raw::admit(&socket, &channel, vrids)?;
        // As many numbers as channels and one more: one of them is free.
        let slot = (0..).find(|slot| !self.slots.contains_key(slot)).unwrap_or(u32::MAX);
        self.slots.insert(slot, channel);
        let open = self.open.entry(channel).or_insert(Open { socket, slot });
        Ok(Some((slot, open.socket.as_fd())))
    }

    /// Closes a channel. Its socket leaves the epoll by being closed.
    pub(crate) fn ignore(&mut self, channel: &Channel) {
        if let Some(open) = self.open.remove(channel) {
            self.slots.remove(&open.slot);
        }
    }

    /// How many are open.
    pub(crate) fn count(&self) -> usize {
        self.open.len()
    }

    /// When the host received the last packet since this was last asked; `None` if there was none, or the kernel does not
    /// tell.
    pub(crate) fn last_packet(&mut self) -> Option<WallTime> {
        self.last.take()
    }

    /// Takes in what waits on the channel of a slot. One that broke is closed and told of as deaf.
    pub(crate) fn receive(&mut self, slot: u32, arrivals: &mut Vec<Arrival>) {
        let Some(channel) = self.slots.get(&slot).copied() else { return };
        let Some(open) = self.open.get(&channel) else { return };
        let drained = self.inbox.drain(open.socket.as_fd(), BATCHES_A_TURN, |packet| {
            let seen = control::read(packet.control);
            self.last = self.last.max(seen.stamp);
            arrivals.extend(delivery(&channel, packet, seen).map(Arrival::Received));
        });
        if let Err(cause) = drained {
            self.ignore(&channel);
            arrivals.push(Arrival::Deaf { channel, refusal: refused(&cause) });
        }
    }
}

/// A packet with what its header or the kernel tells of it; `None` if it is too short for its header, which the
/// kernel would not have let pass.
fn delivery(channel: &Channel, packet: &Incoming<'_>, seen: Seen) -> Option<Delivery> {
    let (source, destination, hop_limit): (IpAddr, IpAddr, _) = match channel.family() {
        Family::V4 => {
            let header = packet.bytes.first_chunk::<20>()?;
            let source = packet.bytes.get(12..)?.first_chunk::<4>()?;
            let destination = raw::destination(packet.bytes)?;
            (Ipv4Addr::from(*source).into(), destination.into(), Some(header[8]))
        }
        Family::V6 => {
            let destination = seen.destination.unwrap_or(channel.address);
            (packet.source.ip(), destination, seen.hop_limit)
        }
    };
    Some(Delivery { link: channel.link, source, destination, hop_limit, bytes: packet.bytes.to_vec() })
}
