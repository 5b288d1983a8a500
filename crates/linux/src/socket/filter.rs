//! Which packets the kernel lets pass to a socket: classic BPF, run before anybody is woken.

use host::{Family, Protocol};
use socket2::SockFilter;

use super::number;

/// Instructions (linux/filter.h, linux/bpf_common.h).
const LOAD_BYTE: u16 = 0x30;
const LOAD_BYTE_AFTER_HEADER: u16 = 0x50;
const LOAD_IPV4_HEADER_LENGTH: u16 = 0xb1;
const JUMP_IF_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;

/// Where an IPv4 header has its protocol.
const IPV4_PROTOCOL: u32 = 9;
/// Where an advert has its virtual router identifier.
const VRID: u32 = 1;
/// Bytes of an authentication header as adverts have it; the engine looks whether it is one.
const AUTHENTICATION_HEADER: u32 = 24;
/// As much of a packet as there is.
const WHOLE: u32 = u32::MAX;

/// Lets nothing pass.
pub(super) fn nothing() -> [SockFilter; 1] {
    [SockFilter::new(RETURN, 0, 0, 0)]
}

/// Lets adverts of these virtual routers pass, whatever else is wrong with them: the engine counts the faults.
/// At most the 255 identifiers that there are; the jumps reach no farther.
///
/// A raw IPv4 socket sees the IP header, options and all; an IPv6 one sees what follows the headers.
pub(super) fn adverts(family: Family, protocol: Protocol, vrids: &[u8]) -> Vec<SockFilter> {
    let vrids = &vrids[..vrids.len().min(usize::from(u8::MAX))];
    let mut program = Vec::with_capacity(vrids.len() + 7);
    let vrid = match protocol {
        Protocol::Vrrp => VRID,
        Protocol::AuthenticationHeader => AUTHENTICATION_HEADER + VRID,
    };
    match family {
        Family::V4 => {
            program.push(SockFilter::new(LOAD_BYTE, 0, 0, IPV4_PROTOCOL));
            program.push(SockFilter::new(JUMP_IF_EQUAL, 1, 0, u32::from(number(protocol))));
            program.push(SockFilter::new(RETURN, 0, 0, 0));
            program.push(SockFilter::new(LOAD_IPV4_HEADER_LENGTH, 0, 0, 0));
            program.push(SockFilter::new(LOAD_BYTE_AFTER_HEADER, 0, 0, vrid));
        }
        // The socket's own protocol number has picked the protocol.
        Family::V6 => program.push(SockFilter::new(LOAD_BYTE, 0, 0, vrid)),
    }
    for (vrid, to_accept) in vrids.iter().zip((1..=u8::MAX).rev().skip(usize::from(u8::MAX) - vrids.len())) {
        program.push(SockFilter::new(JUMP_IF_EQUAL, to_accept, 0, u32::from(*vrid)));
    }
    program.push(SockFilter::new(RETURN, 0, 0, 0));
    program.push(SockFilter::new(RETURN, 0, 0, WHOLE));
    program
}
