//! What services and servers are called in logs, events and mail. As keepalived.

use alloc::format;
use alloc::string::String;
use core::net::IpAddr;

use host::ipvs::Transport;

use crate::config::Target;

/// The name of a virtual server: `[192.0.2.1]:tcp:80`, `FWM 7`, `[GROUP]:0`. `number` counts the virtual servers before it
/// that have the same group.
pub fn service(target: &Target, transport: Option<Transport>, number: u32) -> String {
    match target {
        Target::Address { address, port } => server(*address, transport, *port),
        Target::Mark(mark) => format!("FWM {mark}"),
        Target::Group { name, .. } => format!("[{name}]:{number}"),
    }
}

/// The name of a real server or a sorry server: `[192.0.2.1]:tcp:80`, `[192.0.2.1]:none:0`.
pub fn server(address: IpAddr, transport: Option<Transport>, port: u16) -> String {
    match transport {
        Some(transport) => format!("[{address}]:{transport}:{port}"),
        None => format!("[{address}]:none:{port}"),
    }
}
