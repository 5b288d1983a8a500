//! The observers, a thread each: the wire, each node's kernel, signals and the keyboard.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use host::{Arrival, Delivery, LinkAddress, LinkIndex};
use linux::Machine;
use linux::namespace::Namespace;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::socket::{AddressFamily, LinkAddr, SockFlag, SockProtocol, SockType, recvfrom, socket};
use vrrp::status::InstanceStatus;
use vrrp::wire::Demand;
use vrrp::wire::advert::{self, Expect, PROTOCOL};
use vrrp::wire::arp::GratuitousArp;

use super::sighting::{Node, Outlook, Seen};
use super::stage;
use super::terms::Terms;
use crate::control;

/// `PACKET_OUTGOING` of packet(7): a frame on its way into a port. It was seen on its way out of another.
const OUTGOING: u8 = 4;
/// From one question to a daemon to the next.
const EVERY_QUESTION: Duration = Duration::from_millis(200);
const ETHERNET_HEADER: usize = 14;
const IPV4: [u8; 2] = [0x08, 0x00];
const LONGEST_FRAME: usize = 2048;

/// Watches both cables: whose adverts and announcements are on the wire is told by the port they came in by, not by
/// what they say.
pub(super) fn wire(namespace: Namespace, terms: &Terms, outlook: Outlook) {
    let terms = terms.clone();
    spawn("wire", outlook, move |outlook| {
        namespace.enter()?;
        let ports = stage::port_indices()?;
        let socket =
            socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll)?;
        let mut buffer = [0; LONGEST_FRAME];
        loop {
            let Some((node, frame)) = receive(&socket, &ports, &mut buffer)? else { continue };
            let at = linux::clock::now();
            let seen = match read(frame, &terms) {
                Some(Frame::Advert(priority)) => Seen::Advert { from: node, priority },
                Some(Frame::Announcement) => Seen::Announced { by: node },
                None => continue,
            };
            if outlook.tell_of(at, seen).is_err() {
                return Ok(());
            }
        }
    });
}

fn receive<'a>(
    socket: &OwnedFd,
    ports: &[usize; 2],
    buffer: &'a mut [u8],
) -> io::Result<Option<(Node, &'a [u8])>> {
    let (length, from) = recvfrom::<LinkAddr>(socket.as_raw_fd(), buffer)?;
    let Some(from) = from.filter(|from| from.pkttype() != OUTGOING) else { return Ok(None) };
    let node = Node::BOTH.into_iter().zip(ports).find(|(_, port)| **port == from.ifindex());
    Ok(node.and_then(|(node, _)| Some((node, buffer.get(..length)?))))
}

#[derive(PartialEq, Eq, Debug)]
enum Frame {
    /// With its priority.
    Advert(u8),
    Announcement,
}

/// What a frame is to us, if anything: an advert counts only if every check of RFC 9568 §7.1 lets it pass.
fn read(frame: &[u8], terms: &Terms) -> Option<Frame> {
    if let Some(arp) = GratuitousArp::decode(frame) {
        return (arp.address == terms.address).then_some(Frame::Announcement);
    }
    let (header, packet) = frame.split_at_checked(ETHERNET_HEADER)?;
    if !header.ends_with(&IPV4) || *packet.get(9)? != PROTOCOL {
        return None;
    }
    let ipv4 = |at| Some(IpAddr::V4(Ipv4Addr::from(*packet.get(at..)?.first_chunk::<4>()?)));
    let delivery = Delivery {
        link: LinkIndex(0),
        source: ipv4(12)?,
        destination: ipv4(16)?,
        hop_limit: packet.get(8).copied(),
        bytes: packet.to_vec(),
    };
    let expect = Expect {
        version: terms.version,
        unicast: false,
        demand: Demand::Plain { authentication: &terms.authentication, known: 0 },
        interval: terms.interval,
    };
    let (advert, _) = advert::decode(&delivery, &expect).ok()?;
    (advert.vrid == terms.vrid).then_some(Frame::Advert(advert.priority.0))
}

/// Watches where the virtual address is, by the kernel of a node.
pub(super) fn kernel(namespace: Namespace, node: Node, address: Ipv4Addr, outlook: Outlook) {
    spawn("kernel", outlook, move |outlook| {
        namespace.enter()?;
        let mut machine = Machine::open().map_err(io::Error::other)?;
        let is_ours = |one: &LinkAddress| one.prefix.address() == IpAddr::V4(address);
        let (mut arrivals, mut ready) = (Vec::new(), Vec::new());
        loop {
            machine.wait(None, &mut arrivals, &mut ready).map_err(io::Error::other)?;
            for arrival in arrivals.drain(..) {
                // Of all that a machine tells, addresses alone are of interest here.
                let held = if let Arrival::Surveyed { addresses, .. } = &arrival {
                    addresses.iter().any(is_ours)
                } else if let Arrival::AddressAdded(one) | Arrival::AddressRemoved(one) = &arrival
                    && is_ours(one)
                {
                    matches!(arrival, Arrival::AddressAdded(_))
                } else {
                    continue;
                };
                if outlook.tell(Seen::Held { by: node, held }).is_err() {
                    return Ok(());
                }
            }
        }
    });
}

/// Asks a daemon again and again what it says of itself. One that has no control socket says nothing.
pub(super) fn daemon(socket: PathBuf, node: Node, outlook: Outlook) {
    spawn("daemon", outlook, move |outlook| {
        let (_silent, pause) = mpsc::channel::<()>();
        loop {
            let status = control::ask(&socket).ok().and_then(|answer| control::read(&answer).ok());
            let instance = status.and_then(|status| status.vrrp?.instances.into_iter().next());
            if let Some(InstanceStatus { state, effective_priority, .. }) = instance
                && outlook.tell(Seen::Told { by: node, state, priority: effective_priority.0 }).is_err()
            {
                return Ok(());
            }
            // Nothing comes by this channel; it is what one can wait on for a time.
            let _ = pause.recv_timeout(EVERY_QUESTION);
        }
    });
}

/// Signals that end the demo: blocked in this thread and all that it starts, so that they can be waited for.
pub(super) fn block_signals() -> io::Result<SigSet> {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        signals.add(signal);
    }
    signals.thread_block()?;
    Ok(signals)
}

/// Waits for the signals that were blocked.
pub(super) fn signals(signals: SigSet, outlook: Outlook) {
    spawn("signals", outlook, move |outlook| {
        while signals.wait().is_ok() && outlook.tell(Seen::Interrupted).is_ok() {}
        Ok(())
    });
}

/// Waits for the Enter key, until the input ends.
pub(super) fn keyboard(outlook: Outlook) {
    spawn("keyboard", outlook, |outlook| {
        while io::stdin().read_line(&mut String::new())? > 0 {
            if outlook.tell(Seen::Key).is_err() {
                return Ok(());
            }
        }
        let _ = outlook.tell(Seen::NoMoreKeys);
        Ok(())
    });
}

/// Runs an observer. One that fails says so: a demo that does not see must not report.
pub(super) fn spawn(
    what: &'static str,
    outlook: Outlook,
    observe: impl FnOnce(&Outlook) -> io::Result<()> + Send + 'static,
) {
    thread::spawn(move || {
        if let Err(cause) = observe(&outlook) {
            let _ = outlook.tell(Seen::Blind(format!("cannot observe ({what}): {cause}")));
        }
    });
}
