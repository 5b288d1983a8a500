//! What hosts put on the wire, taken at the ports of the switch with the kernel's time stamps.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::IoSliceMut;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::Duration;

use nix::cmsg_space;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, recvmsg,
    setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeSpec, TimeVal};

use super::clock::Stamp;
use super::instance::VRID;
use super::lab::{Host, Lab};
use super::packet::{Advert, Kind, Packet, read};
use super::record::{Record, TURN};

/// `PACKET_OUTGOING`: the same frame on its way out of another port.
const OUTGOING: u8 = 4;

/// A running capture of all that these hosts send.
pub(crate) struct Capture {
    packets: Record<Packet>,
    began: Stamp,
}

impl Capture {
    /// Starts listening; what is sent from now on is recorded.
    pub(crate) fn start(lab: &Lab, hosts: &[&Host]) -> Capture {
        let names: Vec<String> = hosts.iter().map(|host| host.port.clone()).collect();
        let (socket, ports) = lab.switch.inside(|| {
            let ports: BTreeMap<usize, String> = names
                .into_iter()
                .map(|name| (if_nametoindex(name.as_str()).expect("the lab made the port"), name))
                .filter_map(|(index, name)| Some((usize::try_from(index).ok()?, name)))
                .collect();
            (open(), ports)
        });
        let began = Stamp::now();
        let packets = Record::start(move || receive(&socket, &ports).into_iter().collect());
        Capture { packets, began }
    }

    /// The first packet from a host, not before `since`, that `wanted` accepts; waits for at most `within`.
    pub(crate) fn wait(
        &self,
        from: &Host,
        since: Stamp,
        within: Duration,
        wanted: impl Fn(&Packet) -> bool,
    ) -> Option<Packet> {
        self.packets.wait(since, within, |packet| packet.port == from.port && wanted(packet))
    }

    /// The first advert of [`VRID`] from a host, not before `since`, that `wanted` accepts.
    pub(crate) fn wait_advert(
        &self,
        from: &Host,
        since: Stamp,
        within: Duration,
        wanted: impl Fn(&Advert) -> bool,
    ) -> Option<Packet> {
        self.wait(from, since, within, |packet| {
            packet.advert().is_some_and(|advert| advert.vrid == VRID && wanted(advert))
        })
    }

    /// A host's adverts of [`VRID`] in `[since, until)`, in order.
    pub(crate) fn adverts(&self, from: &Host, since: Stamp, until: Stamp) -> Vec<Packet> {
        self.packets.all(|packet| {
            packet.port == from.port && packet.at >= since && packet.at < until && is_ours(packet)
        })
    }

    /// A host's gratuitous ARPs and unsolicited neighbour advertisements for `address` in `[since, until)`.
    pub(crate) fn announcements(
        &self,
        from: &Host,
        address: std::net::IpAddr,
        since: Stamp,
        until: Stamp,
    ) -> Vec<Packet> {
        self.packets.all(|packet| {
            packet.port == from.port
                && packet.at >= since
                && packet.at < until
                && packet.kind == Kind::Announcement(address)
        })
    }

    /// Every packet of a host that `wanted` accepts.
    pub(crate) fn all(&self, from: &Host, wanted: impl Fn(&Packet) -> bool) -> Vec<Packet> {
        self.packets.all(|packet| packet.port == from.port && wanted(packet))
    }

    /// The story so far for a failed trial: a line a packet.
    pub(crate) fn story(&self) -> String {
        let mut story = String::new();
        for packet in self.packets.all(|packet| packet.kind != Kind::Other) {
            let at = packet.at.since(self.began);
            let what = match &packet.kind {
                Kind::Advert(advert) => format!(
                    "advert v{} vrid {} priority {} interval {:?} {} > {} {:?}",
                    advert.version,
                    advert.vrid,
                    advert.priority,
                    advert.interval,
                    advert.source,
                    advert.destination,
                    advert.addresses
                ),
                Kind::Announcement(address) => format!("announces {address}"),
                Kind::Other => String::new(),
            };
            // Writing to a string cannot fail.
            let _ = writeln!(story, "  {at:9.4} {} {what}", packet.port);
        }
        story
    }
}

fn is_ours(packet: &Packet) -> bool {
    packet.advert().is_some_and(|advert| advert.vrid == VRID)
}

fn open() -> OwnedFd {
    let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll)
        .expect("root may capture");
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true).expect("the kernel stamps packets");
    setsockopt(&socket, sockopt::RcvBufForce, &(8 << 20)).expect("root may have a large buffer");
    let turn = TimeVal::new(0, i64::from(TURN.subsec_micros()));
    setsockopt(&socket, sockopt::ReceiveTimeout, &turn).expect("a receive may time out");
    socket
}

/// The next packet that came in at one of the ports, if there is one within a turn.
fn receive(socket: &OwnedFd, ports: &BTreeMap<usize, String>) -> Option<Packet> {
    let mut frame = vec![0; 2048];
    let mut control = cmsg_space!(TimeSpec);
    let mut parts = [IoSliceMut::new(&mut frame)];
    let message =
        recvmsg::<LinkAddr>(socket.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::empty()).ok()?;
    let from = message.address?;
    if from.pkttype() == OUTGOING {
        return None;
    }
    let port = ports.get(&from.ifindex())?.clone();
    let stamp = message.cmsgs().ok()?.find_map(|control| {
        if let ControlMessageOwned::ScmTimestampns(time) = control { Some(Stamp::of(time)) } else { None }
    });
    let length = message.bytes;
    let at = stamp.unwrap_or_else(Stamp::now);
    frame.truncate(length);
    let kind = read(&frame);
    Some(Packet { at, port, frame, kind })
}
