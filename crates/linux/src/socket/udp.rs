//! UDP sockets, one a [`UdpChannel`].

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsFd, BorrowedFd};

use host::{Arrival, Family, LinkIndex, UdpChannel, UdpDatagram, UdpDelivery, UdpUse, Way};
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, SockAddr, Socket, Type};

use super::detour::Detours;
use super::{control, filter};
use crate::clock::Moment;
use crate::netlink::{refusal, refused};
use crate::sys::{self, Inbox, Incoming, Outgoing, send_many};

/// Batches read from one channel in one turn, 8,192 packets: more than its buffer holds. Whatever came in before a
/// deadline has to be told before it, also after a pause of ours with a thousand neighbours.
const BATCHES_A_TURN: usize = 256;

/// Bytes that the kernel keeps for a channel: some 5,000 small packets, a quarter of a second of a thousand neighbours
/// that send each 50 ms.
const RECEIVE_BUFFER: i32 = 4 * 1024 * 1024;

/// CS6, network control (RFC 2474 §4.2.2.1).
pub(super) const TRAFFIC_CLASS: u8 = 0xc0;

/// The UDP sockets of a machine. Those that listen have a slot, the number by which their readiness is told.
pub(crate) struct UdpSockets {
    open: BTreeMap<UdpChannel, Open>,
    slots: BTreeMap<u32, UdpChannel>,
    inbox: Inbox,
    detours: Detours,
}

struct Open {
    socket: Socket,
    slot: Option<u32>,
}

impl UdpSockets {
    pub(crate) fn new() -> Self {
        Self {
            open: BTreeMap::new(),
            slots: BTreeMap::new(),
            inbox: Inbox::new(),
            detours: Detours::default(),
        }
    }

    /// Opens a channel, in the place of an open one of the same name. The slot and the socket of one that listens are
    /// returned, to be watched.
    pub(crate) fn bind(
        &mut self,
        channel: UdpChannel,
        purpose: UdpUse,
    ) -> io::Result<Option<(u32, BorrowedFd<'_>)>> {
        self.unbind(&channel);
        let socket = opened(&channel, purpose)?;
        let slot = match purpose {
            UdpUse::Send => None,
            // As many numbers as channels and one more: one of them is free.
            UdpUse::Listen => (0..).find(|slot| !self.slots.contains_key(slot)),
        };
        if let Some(slot) = slot {
            self.slots.insert(slot, channel);
        }
        let open = self.open.entry(channel).or_insert(Open { socket, slot });
        Ok(open.slot.map(|slot| (slot, open.socket.as_fd())))
    }

    /// Closes a channel. Its socket leaves the epoll by being closed.
    pub(crate) fn unbind(&mut self, channel: &UdpChannel) {
        if let Some(slot) = self.open.remove(channel).and_then(|open| open.slot) {
            self.slots.remove(&slot);
        }
    }

    /// Sends at once. Each session has a socket of its own, so there is nothing that could leave by one call.
    pub(crate) fn send(&mut self, datagram: &UdpDatagram) -> Result<(), host::Refusal> {
        let UdpDatagram { from, to, way, hop_limit, payload, tag: _ } = datagram;
        let link = match way {
            Way::Routed => None,
            Way::Link(link) => Some(*link),
            Way::Neighbour(link, neighbour) => {
                return self.detours.send(datagram, *link, *neighbour).map_err(|cause| refused(&cause));
            }
        };
        let open = self.open.get(from);
        let open = open.ok_or_else(|| refusal(libc::EBADF, Some("its socket is not open".into())))?;
        let control = control::write_udp(from.family(), *hop_limit, link, scoped(from));
        let packet = Outgoing { to: &end(*to, link), control: &control, bytes: payload };
        let flags = if link.is_some() { libc::MSG_DONTROUTE } else { 0 };
        loop {
            match send_many(open.socket.as_fd(), &[Outgoing { ..packet }], flags) {
                Ok(_) => return Ok(()),
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(explained(from, &cause)),
            }
        }
    }

    /// Closes what sends by a link that is gone: a new link of the same name has another number.
    pub(crate) fn forget(&mut self, link: LinkIndex) {
        self.detours.forget(link);
    }

    /// How many listen.
    pub(crate) fn count(&self) -> usize {
        self.slots.len()
    }

    /// Takes in what waits on the channel of a slot. One that broke is closed and told of.
    pub(crate) fn receive(&mut self, slot: u32, arrivals: &mut Vec<Arrival>) {
        let Some(channel) = self.slots.get(&slot).copied() else { return };
        let Some(open) = self.open.get(&channel) else { return };
        // All of them are reckoned from one look at the clocks: what came in meanwhile, from that look.
        let present = Moment::present();
        let drained = self.inbox.drain(open.socket.as_fd(), BATCHES_A_TURN, |packet| {
            arrivals.extend(delivery(&channel, packet, present).map(Arrival::UdpReceived));
        });
        if let Err(cause) = drained {
            self.unbind(&channel);
            arrivals.push(Arrival::UdpClosed { channel, refusal: refused(&cause) });
        }
    }
}

fn opened(channel: &UdpChannel, purpose: UdpUse) -> io::Result<Socket> {
    let family = channel.family();
    let domain = match family {
        Family::V4 => Domain::IPV4,
        Family::V6 => Domain::IPV6,
    };
    let socket = Socket::new(domain, Type::DGRAM, None)?;
    socket.set_nonblocking(true)?;
    match family {
        Family::V4 => {
            // An address that is ours only later.
            socket.set_freebind_v4(true)?;
            socket.set_tos_v4(TRAFFIC_CLASS.into())?;
        }
        Family::V6 => {
            socket.set_only_v6(true)?;
            socket.set_freebind_v6(true)?;
            socket.set_tclass_v6(TRAFFIC_CLASS.into())?;
        }
    }
    match purpose {
        UdpUse::Send => {
            socket.attach_filter(&filter::nothing())?;
            socket.set_recv_buffer_size(0)?;
        }
        UdpUse::Listen => listen(&socket, family)?,
    }
    let address = scoped(channel).map_or(channel.address, |_| Ipv6Addr::UNSPECIFIED.into());
    socket.bind(&SocketAddr::new(address, channel.port).into())?;
    Ok(socket)
}

/// An address that means nothing without a link, and each packet has its own: it is told with the packet, and the socket
/// is not bound to it.
const fn scoped(channel: &UdpChannel) -> Option<Ipv6Addr> {
    match channel.address {
        IpAddr::V6(address) if address.is_unicast_link_local() => Some(address),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}

/// Asks for what is to be known of packets, and for room for them.
fn listen(socket: &Socket, family: Family) -> io::Result<()> {
    setsockopt(socket, sockopt::ReceiveTimestampns, &true).map_err(io::Error::from)?;
    match family {
        Family::V4 => {
            setsockopt(socket, sockopt::Ipv4PacketInfo, &true).map_err(io::Error::from)?;
            sys::set_option(socket.as_fd(), libc::IPPROTO_IP, libc::IP_RECVTTL, 1)?;
        }
        Family::V6 => {
            setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true).map_err(io::Error::from)?;
            socket.set_recv_hoplimit_v6(true)?;
        }
    }
    let forced = sys::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, RECEIVE_BUFFER);
    // Without the right to force it, as much as the system allows.
    forced.or_else(|_| sys::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, RECEIVE_BUFFER))
}

/// A packet with what the kernel tells of it; `None` if it does not say where the packet came in, which it always does.
fn delivery(channel: &UdpChannel, packet: &Incoming<'_>, present: Moment) -> Option<UdpDelivery> {
    let seen = control::read(packet.control);
    Some(UdpDelivery {
        link: seen.link?,
        source: packet.source,
        destination: SocketAddr::new(seen.destination?, channel.port),
        hop_limit: seen.hop_limit,
        at: present.placed(seen.stamp),
        bytes: packet.bytes.to_vec(),
    })
}

/// Where a packet goes. A link-local address means nothing without its link.
fn end(to: SocketAddr, link: Option<LinkIndex>) -> SockAddr {
    match (to.ip(), link) {
        (IpAddr::V6(address), Some(link)) => SocketAddrV6::new(address, to.port(), 0, link.0).into(),
        _ => to.into(),
    }
}

/// Why the kernel refused a packet. What it says of a source that the host does not have differs from kernel to kernel.
fn explained(from: &UdpChannel, cause: &io::Error) -> host::Refusal {
    let absent = std::net::UdpSocket::bind((from.address, 0))
        .is_err_and(|error| error.kind() == io::ErrorKind::AddrNotAvailable);
    if absent {
        return refusal(libc::EADDRNOTAVAIL, Some(format!("{} is no address of this host", from.address)));
    }
    refused(cause)
}
