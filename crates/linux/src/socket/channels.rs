//! The receiving sockets.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use host::{Arrival, Channel, Delivery, Family};
use socket2::Socket;

use super::control::{self, Seen};
use super::raw;
use crate::clock::WallTime;
use crate::netlink::{self, refused};
use crate::sys::{Inbox, Incoming};

/// Batches read from one channel in one turn, 128 packets: a flood on one must not starve the others.
const BATCHES_A_TURN: usize = 4;

/// Turns that empty a channel, its buffer being full of the shortest packets, and those that come in meanwhile.
pub(crate) const TURNS_UNTIL_EMPTY: usize = 32;

/// Bytes of packets that the kernel keeps for a channel unless told otherwise; it takes twice as many for its own needs,
/// some 2,700 adverts. The default of most systems holds 280: a neighbour that sends 60,000 a second fills it in the
/// five milliseconds that a busy processor lets a process wait, and the master's adverts are lost with the rest.
const RECEIVE_BUFFER: u32 = 1024 * 1024;

/// What is listened to, one socket a channel. Each has a slot, the number by which its readiness is told.
pub(crate) struct Channels {
    open: BTreeMap<Channel, Open>,
    slots: BTreeMap<u32, Channel>,
    inbox: Inbox,
    /// More packets may wait than were taken in since this was last asked.
    more: bool,
    /// When the host received the last packet.
    last: Option<WallTime>,
}

struct Open {
    socket: Socket,
    slot: u32,
}

impl Channels {
    pub(crate) fn new() -> Self {
        Self { open: BTreeMap::new(), slots: BTreeMap::new(), inbox: Inbox::new(), more: false, last: None }
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
        // By force, which takes a right that may be missing: then as much as everybody may have.
        let _ = netlink::size(&socket, RECEIVE_BUFFER, true)
            .or_else(|_| netlink::size(&socket, RECEIVE_BUFFER, false));
        // What came in before the socket was confined to its channel. The filter lets nothing follow.
        while self.inbox.receive(socket.as_fd()).is_ok_and(|count| count > 0) {}
        raw::admit(&socket, &channel, vrids)?;
        // As many numbers as channels and one more: one of them is free.
        let slot = (0..).find(|slot| !self.slots.contains_key(slot)).unwrap_or(u32::MAX);
        self.slots.insert(slot, channel);
        let open = self.open.entry(channel).or_insert(Open { socket, slot });
        Ok(Some((slot, open.socket.as_fd())))
    }

    /// Sets the receive buffer of an open channel. The kernel cuts what is more than it allows and refuses nothing.
    pub(crate) fn size(&self, channel: &Channel, bytes: u32) {
        if let Some(open) = self.open.get(channel) {
            let _ = netlink::size(&open.socket, bytes, false);
        }
    }

    /// The receive buffer of an open channel, as the kernel tells it.
    #[cfg(test)]
    pub(crate) fn buffer_of(&self, channel: &Channel) -> usize {
        self.open.get(channel).map_or(0, |open| open.socket.recv_buffer_size().unwrap_or(0))
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

    /// Whether more packets may wait than were taken in since this was last asked.
    pub(crate) fn take_more(&mut self) -> bool {
        std::mem::take(&mut self.more)
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
        match drained {
            Ok(more) => self.more |= more,
            Err(cause) => {
                self.ignore(&channel);
                arrivals.push(Arrival::Deaf { channel, refusal: refused(&cause) });
            }
        }
    }
}

/// A packet with what its header or the kernel tells of it; `None` if it is too short for its header, which the
/// kernel would not have let pass.
fn delivery(channel: &Channel, packet: &Incoming<'_>, seen: Seen) -> Option<Delivery> {
    let (source, destination, hop_limit): (IpAddr, IpAddr, _) = match channel.family() {
        Family::V4 => {
            let header = packet.bytes.first_chunk::<20>()?;
            let source = raw::source(packet.bytes)?;
            let destination = raw::destination(packet.bytes)?;
            (source.into(), destination.into(), Some(header[8]))
        }
        Family::V6 => {
            let destination = seen.destination.unwrap_or(channel.address);
            (packet.source.ip(), destination, seen.hop_limit)
        }
    };
    Some(Delivery { link: channel.link, source, destination, hop_limit, bytes: packet.bytes.to_vec() })
}
