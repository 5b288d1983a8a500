//! The virtual routing domains of this host and their tables.

use std::collections::BTreeMap;
use std::io;

use netlink_packet_core::NetlinkBuffer;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

use super::{
    BUFFER, HEADER, NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, RTM_GETLINK, RTM_NEWLINK, aligned,
    attributes_of, framed, number, text,
};

/// Attributes (linux/if_link.h), and the bytes before them, `struct ifinfomsg`.
const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_VRF_TABLE: u16 = 1;
const IFINFO: usize = 16;

/// The table of each, by the name of its link.
pub fn vrf_tables() -> io::Result<BTreeMap<String, u32>> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    let request = framed(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, &[0; IFINFO]);
    socket.send_to(&request, &SocketAddr::new(0, 0), 0)?;
    let mut tables = BTreeMap::new();
    let mut buffer = Vec::with_capacity(BUFFER);
    loop {
        buffer.clear();
        let (_, from) = socket.recv_from(&mut buffer, 0)?;
        if from.port_number() == 0 && read(&buffer, &mut tables) {
            return Ok(tables);
        }
    }
}

/// Reads a datagram; whether it is the last.
fn read(mut rest: &[u8], tables: &mut BTreeMap<String, u32>) -> bool {
    while let Ok(message) = NetlinkBuffer::new_checked(rest) {
        let length = usize::try_from(message.length()).unwrap_or(usize::MAX);
        let Some(payload) = rest.get(HEADER..length) else { return true };
        match message.message_type() {
            NLMSG_DONE | NLMSG_ERROR => return true,
            RTM_NEWLINK => tables.extend(domain(payload)),
            _ => {}
        }
        rest = rest.get(aligned(length)..).unwrap_or_default();
    }
    false
}

/// The name and the table of a routing domain out of the payload of RTM_NEWLINK; `None` for other links.
fn domain(payload: &[u8]) -> Option<(String, u32)> {
    let find = |bytes, wanted: u16| attributes_of(bytes).find(|(kind, _)| *kind == wanted).map(|(_, v)| v);
    let attributes = payload.get(IFINFO..)?;
    let info = find(attributes, IFLA_LINKINFO)?;
    if text(find(info, IFLA_INFO_KIND)?) != "vrf" {
        return None;
    }
    let table = number(find(find(info, IFLA_INFO_DATA)?, IFLA_VRF_TABLE)?)?;
    Some((text(find(attributes, IFLA_IFNAME)?), table))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::attributes::Attributes;

    fn link(name: &str, kind: &str, table: u32) -> Vec<u8> {
        let mut put = Attributes::after(&[0; IFINFO]);
        put.put_text(IFLA_IFNAME, name);
        put.within(IFLA_LINKINFO, |info| {
            info.put_text(IFLA_INFO_KIND, kind);
            info.within(IFLA_INFO_DATA, |data| data.put_u32(IFLA_VRF_TABLE, table));
        });
        put.into_bytes()
    }

    #[test]
    fn a_routing_domain_tells_its_table_and_other_links_have_none() {
        let mut bytes = framed(RTM_NEWLINK, 0, 1, &link("v0", "vrf", 1001));
        bytes.extend(framed(RTM_NEWLINK, 0, 1, &link("br0", "bridge", 7)));
        let mut tables = BTreeMap::new();
        assert!(!read(&bytes, &mut tables));
        assert_eq!(tables, BTreeMap::from([("v0".to_owned(), 1001)]));
        assert!(read(&framed(NLMSG_DONE, 0, 1, &[0; 4]), &mut tables));
    }

    #[test]
    fn the_dump_of_this_host_ends() {
        assert!(vrf_tables().is_ok());
    }
}
