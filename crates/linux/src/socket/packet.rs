//! Whole Ethernet frames: gratuitous ARP and neighbour advertisements.

use std::io;

use host::{LinkIndex, MacAddress};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::sys;

/// Bytes of an Ethernet header: destination, source, type.
const HEADER: usize = 14;

/// A socket that sends frames by any link and receives none: protocol 0 is nobody's.
pub(super) fn sender() -> io::Result<Socket> {
    let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Where a frame goes; `None` if it ends within its header.
pub(super) fn destination(link: LinkIndex, frame: &[u8]) -> Option<SockAddr> {
    let header = frame.first_chunk::<HEADER>()?;
    let [a, b, c, d, e, f, .., high, low] = *header;
    let protocol = u16::from_be_bytes([high, low]);
    Some(sys::link_layer_address(link, MacAddress([a, b, c, d, e, f]), protocol))
}
