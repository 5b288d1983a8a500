//! Addresses that come and go on a host, as its kernel tells them.

use std::net::IpAddr;
use std::os::fd::AsFd as _;
use std::time::Duration;

use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_sys::Socket;
use netlink_sys::protocols::NETLINK_ROUTE;
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::TimeVal;

use super::clock::Stamp;
use super::lab::Host;
use super::record::{Record, Seen, TURN};

/// `RTNLGRP_IPV4_IFADDR` and `RTNLGRP_IPV6_IFADDR`.
const GROUPS: [u32; 2] = [5, 9];

/// An address that came or went.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// When we read of it: the kernel gives no time.
    pub(crate) at: Stamp,
    /// Which.
    pub(crate) address: IpAddr,
    /// Whether it is there now.
    pub(crate) present: bool,
}

impl Seen for Change {
    fn at(&self) -> Stamp {
        self.at
    }
}

/// A running watch on one host.
pub(crate) struct AddressWatch {
    changes: Record<Change>,
}

impl AddressWatch {
    /// Starts it; what is there already is not told.
    pub(crate) fn start(host: &Host) -> AddressWatch {
        let socket = host.namespace.inside(open);
        AddressWatch { changes: Record::start(move || read(&socket)) }
    }

    /// Waits until an address comes or goes, not before `since`.
    pub(crate) fn wait(
        &self,
        address: IpAddr,
        present: bool,
        since: Stamp,
        within: Duration,
    ) -> Option<Stamp> {
        self.changes
            .wait(since, within, |change| change.address == address && change.present == present)
            .map(|change| change.at)
    }

    /// When an address came and went, from the start of the watch on.
    pub(crate) fn history(&self, address: IpAddr) -> Vec<(Stamp, bool)> {
        let changes = self.changes.all(|change| change.address == address);
        changes.into_iter().map(|change| (change.at, change.present)).collect()
    }

    /// How often an address went since then, though it may be back.
    pub(crate) fn losses(&self, address: IpAddr, since: Stamp) -> usize {
        self.changes.all(|change| change.at >= since && change.address == address && !change.present).len()
    }
}

fn open() -> Socket {
    let mut socket = Socket::new(NETLINK_ROUTE).expect("a netlink socket");
    socket.bind_auto().expect("any port");
    for group in GROUPS {
        socket.add_membership(group).expect("anybody may watch addresses");
    }
    let turn = TimeVal::new(0, i64::from(TURN.subsec_micros()));
    setsockopt(&socket.as_fd(), sockopt::ReceiveTimeout, &turn).expect("a receive may time out");
    socket
}

fn read(socket: &Socket) -> Vec<Change> {
    let Ok((bytes, _)) = socket.recv_from_full() else { return Vec::new() };
    let at = Stamp::now();
    let mut changes = Vec::new();
    let mut rest = bytes.as_slice();
    while let Ok(message) = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest) {
        let length = usize::try_from(message.header.length).unwrap_or(0);
        if let NetlinkPayload::InnerMessage(inner) = message.payload {
            changes.extend(change(inner, at));
        }
        if length == 0 || length > rest.len() {
            break;
        }
        rest = &rest[length..];
    }
    changes
}

fn change(message: RouteNetlinkMessage, at: Stamp) -> Option<Change> {
    if let RouteNetlinkMessage::NewAddress(message) = message {
        Some(Change { at, address: address(&message)?, present: true })
    } else if let RouteNetlinkMessage::DelAddress(message) = message {
        Some(Change { at, address: address(&message)?, present: false })
    } else {
        None
    }
}

/// The local address; IPv6 has it in `IFA_ADDRESS` alone.
fn address(message: &AddressMessage) -> Option<IpAddr> {
    let local = message.attributes.iter().find_map(|attribute| {
        if let AddressAttribute::Local(address) = attribute { Some(*address) } else { None }
    });
    local.or_else(|| {
        message.attributes.iter().find_map(|attribute| {
            if let AddressAttribute::Address(address) = attribute { Some(*address) } else { None }
        })
    })
}
