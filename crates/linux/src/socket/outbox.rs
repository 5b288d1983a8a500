//! The sending sockets, and the packets that wait to leave together.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;

use host::{Arrival, Datagram, Family, LinkIndex, Packet};
use socket2::{SockAddr, Socket};

use super::{control, packet, raw};
use crate::netlink::{refusal, refused};
use crate::sys::{BATCH, Outgoing, send_many};

/// Packets that wait to leave together; one more sends them all.
const MOST_WAITING: usize = 256;

/// What is to be sent. The order of leaving is the order of being put in.
pub(crate) struct Outbox {
    waiting: Vec<Addressed>,
    sockets: BTreeMap<Way, Socket>,
}

/// The socket that a packet leaves by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Ip(Family, LinkIndex),
    Ethernet,
}

/// A packet with all that the kernel wants to know.
struct Addressed {
    tag: u64,
    way: Way,
    /// `MSG_*` flags.
    flags: i32,
    to: SockAddr,
    control: Vec<u8>,
    bytes: Vec<u8>,
}

impl Outbox {
    pub(crate) const fn new() -> Self {
        Self { waiting: Vec::new(), sockets: BTreeMap::new() }
    }

    /// Opens the sockets that what is heard on a link is answered by: a takeover waits for none. One that cannot be
    /// opened is tried again, and told of, when there is something to send.
    pub(crate) fn prepare(&mut self, family: Family, link: LinkIndex) {
        let _ = self.socket(Way::Ip(family, link));
        let _ = self.socket(Way::Ethernet);
    }

    /// Puts a packet in. What cannot be sent is told at once.
    pub(crate) fn put(&mut self, datagram: Datagram, arrivals: &mut Vec<Arrival>) {
        let tag = datagram.tag;
        match addressed(datagram) {
            Some(addressed) => self.waiting.push(addressed),
            None => {
                let refusal = refusal(libc::EINVAL, Some("the packet is shorter than its header".into()));
                arrivals.push(Arrival::Unsent { tag, refusal });
            }
        }
        if self.waiting.len() >= MOST_WAITING {
            self.flush(arrivals);
        }
    }

    /// Sends all that waits, neighbours with the same way out by one call.
    pub(crate) fn flush(&mut self, arrivals: &mut Vec<Arrival>) {
        let waiting = std::mem::take(&mut self.waiting);
        for run in waiting.chunk_by(|one, next| one.way == next.way && one.flags == next.flags) {
            self.send(run, arrivals);
        }
        // The same memory serves the next turn.
        self.waiting = waiting;
        self.waiting.clear();
        self.waiting.shrink_to(BATCH);
    }

    /// Closes what sent by a link that is gone: a new link of the same name has another number.
    pub(crate) fn forget(&mut self, link: LinkIndex) {
        self.sockets.retain(|way, _| !matches!(way, Way::Ip(_, of) if *of == link));
    }

    /// Sends packets that leave by the same socket. One that the kernel refuses is told of, and the rest go on.
    fn send(&mut self, mut run: &[Addressed], arrivals: &mut Vec<Arrival>) {
        let Some(Addressed { way, flags, .. }) = run.first() else { return };
        let socket = match self.socket(*way) {
            Ok(socket) => socket,
            Err(cause) => {
                let refusal = refused(&cause);
                arrivals.extend(run.iter().map(|one| unsent(one, refusal.clone())));
                return;
            }
        };
        while let Some(first) = run.first() {
            let batch: Vec<Outgoing<'_>> = run
                .iter()
                .take(BATCH)
                .map(|one| Outgoing { to: &one.to, control: &one.control, bytes: &one.bytes })
                .collect();
            let done = match send_many(socket.as_fd(), &batch, *flags) {
                Ok(sent) => sent,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                Err(cause) => {
                    arrivals.push(unsent(first, explained(first, &cause)));
                    1
                }
            };
            // A call that neither sends nor fails is not promised away; it must not keep us here.
            run = run.get(done.max(1)..).unwrap_or_default();
        }
    }

    fn socket(&mut self, way: Way) -> io::Result<&Socket> {
        match self.sockets.entry(way) {
            Entry::Occupied(open) => Ok(open.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(match way {
                Way::Ip(family, link) => raw::sender(family, link)?,
                Way::Ethernet => packet::sender()?,
            })),
        }
    }
}

/// Why the kernel refused a packet. It calls a source that the link does not have, or has only tentatively (RFC 4862
/// §5.4), an invalid argument; nothing else that we hand over can be one.
fn explained(packet: &Addressed, cause: &io::Error) -> host::Refusal {
    match packet.way {
        Way::Ip(Family::V6, _) if cause.raw_os_error() == Some(libc::EINVAL) => {
            refusal(libc::EADDRNOTAVAIL, Some("the link does not have the source address, or not yet".into()))
        }
        Way::Ip(..) | Way::Ethernet => refused(cause),
    }
}

fn unsent(packet: &Addressed, refusal: host::Refusal) -> Arrival {
    Arrival::Unsent { tag: packet.tag, refusal }
}

fn addressed(datagram: Datagram) -> Option<Addressed> {
    let Datagram { link, packet, tag } = datagram;
    Some(match packet {
        Packet::Ipv4(bytes) => {
            let to = IpAddr::V4(raw::destination(&bytes)?);
            let way = Way::Ip(Family::V4, link);
            let control = match link {
                LinkIndex::ANY => control::write_source(raw::source(&bytes)?),
                _ => Vec::new(),
            };
            Addressed { tag, way, flags: flags(to), to: raw::end(to, link).into(), control, bytes }
        }
        Packet::Ipv6 { source, destination, hop_limit, payload } => {
            let IpAddr::V6(source) = source else { return None };
            // The kernel writes the checksum into it.
            payload.get(..raw::SHORTEST)?;
            let way = Way::Ip(Family::V6, link);
            let control = control::write(source, link, hop_limit);
            let to = raw::end(destination, link).into();
            Addressed { tag, way, flags: flags(destination), to, control, bytes: payload }
        }
        Packet::Ethernet(bytes) => {
            let to = packet::destination(link, &bytes)?;
            Addressed { tag, way: Way::Ethernet, flags: 0, to, control: Vec::new(), bytes }
        }
    })
}

/// A group is on the link itself, whatever the routing table says.
fn flags(destination: IpAddr) -> i32 {
    if destination.is_multicast() { libc::MSG_DONTROUTE } else { 0 }
}
