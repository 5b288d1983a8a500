//! Opening raw sockets of protocols 112 and 51.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use std::num::NonZeroU32;
use std::os::fd::AsFd;

use host::{Channel, Family, LinkIndex, Protocol};
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, InterfaceIndexOrAddress, Socket, Type};

use super::{filter, number};
use crate::sys;

/// CS6, network control (RFC 2474 §4.2.2.1), as keepalived marks its adverts.
const TRAFFIC_CLASS: u32 = 0xc0;
/// Where an advert has its checksum.
const CHECKSUM_OFFSET: i32 = 6;
/// Bytes that a payload must have for the checksum to lie in it.
pub(super) const SHORTEST: usize = 8;
/// RFC 9568 §5.1.2.3: "The Hop Limit MUST be set to 255."
const HOP_LIMIT: u32 = 255;

/// A socket that receives what a channel names and lets nothing pass yet: [`admit`] does.
pub(super) fn receiver(channel: &Channel) -> io::Result<Socket> {
    let socket = bound(channel.family(), channel.link, channel.protocol)?;
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true).map_err(io::Error::from)?;
    match channel.address {
        IpAddr::V4(group) if group.is_multicast() => {
            // Only what this very socket has joined, not what any socket of the host has.
            socket.set_multicast_all_v4(false)?;
            socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(channel.link.0))?;
        }
        IpAddr::V6(group) if group.is_multicast() => {
            socket.set_multicast_all_v6(false)?;
            socket.join_multicast_v6(&group, channel.link.0)?;
        }
        // The address may come and go.
        IpAddr::V4(_) => socket.set_freebind_v4(true)?,
        IpAddr::V6(_) => socket.set_freebind_v6(true)?,
    }
    if channel.family() == Family::V6 {
        sys::set_option(socket.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_CHECKSUM, CHECKSUM_OFFSET)?;
        setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true).map_err(io::Error::from)?;
        socket.set_recv_hoplimit_v6(true)?;
    }
    socket.bind(&end(channel.address, channel.link).into())?;
    Ok(socket)
}

/// Lets adverts of these virtual routers pass from now on.
pub(super) fn admit(socket: &Socket, channel: &Channel, vrids: &[u8]) -> io::Result<()> {
    socket.attach_filter(&filter::adverts(channel.family(), channel.protocol, vrids))
}

/// A socket that sends by a link and receives nothing. IPv4 packets come with their header, which names their
/// protocol, whatever that of the socket.
pub(super) fn sender(family: Family, link: LinkIndex) -> io::Result<Socket> {
    let socket = bound(family, link, Protocol::Vrrp)?;
    socket.set_recv_buffer_size(0)?;
    match family {
        Family::V4 => {
            socket.set_header_included_v4(true)?;
            socket.set_tos_v4(TRAFFIC_CLASS)?;
            socket.set_multicast_loop_v4(false)?;
        }
        Family::V6 => {
            sys::set_option(socket.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_CHECKSUM, CHECKSUM_OFFSET)?;
            socket.set_tclass_v6(TRAFFIC_CLASS)?;
            socket.set_multicast_loop_v6(false)?;
            socket.set_multicast_if_v6(link.0)?;
            socket.set_multicast_hops_v6(HOP_LIMIT)?;
        }
    }
    Ok(socket)
}

/// Where a packet goes, or comes to, by a link.
pub(super) fn end(address: IpAddr, link: LinkIndex) -> SocketAddr {
    match address {
        IpAddr::V4(address) => (address, 0).into(),
        IpAddr::V6(address) => SocketAddrV6::new(address, 0, 0, link.0).into(),
    }
}

/// The source in an IPv4 header; `None` if the packet ends before it.
pub(super) fn source(packet: &[u8]) -> Option<Ipv4Addr> {
    packet.get(12..)?.first_chunk::<4>().map(|address| Ipv4Addr::from(*address))
}

/// The same of the destination.
pub(super) fn destination(packet: &[u8]) -> Option<Ipv4Addr> {
    packet.get(16..)?.first_chunk::<4>().map(|address| Ipv4Addr::from(*address))
}

/// A socket on one link, or on any, that lets nothing pass from soon after it is made: what came in before was not for it.
fn bound(family: Family, link: LinkIndex, protocol: Protocol) -> io::Result<Socket> {
    let domain = match family {
        Family::V4 => Domain::IPV4,
        Family::V6 => Domain::IPV6,
    };
    let socket = Socket::new(domain, Type::RAW, Some(i32::from(number(protocol)).into()))?;
    socket.attach_filter(&filter::nothing())?;
    socket.set_nonblocking(true)?;
    // By number: a link keeps it when it is renamed. The option is one of SOL_SOCKET and serves both families. Without a
    // number the socket is on any link.
    if let Some(index) = NonZeroU32::new(link.0) {
        socket.bind_device_by_index_v4(Some(index))?;
    }
    Ok(socket)
}
