//! The virtual routing domains of this host and their tables.

use std::collections::BTreeMap;
use std::io;

use netlink_sys::protocols::NETLINK_ROUTE;

use super::{Exchange, RTM_GETLINK, attributes_of, number, text};

/// Attributes (linux/if_link.h), and the bytes before them, `struct ifinfomsg`.
const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_VRF_TABLE: u16 = 1;
const IFINFO: usize = 16;

/// The table of each, by the name of its link.
pub fn vrf_tables() -> io::Result<BTreeMap<String, u32>> {
    let mut tables = BTreeMap::new();
    Exchange::open(NETLINK_ROUTE)?
        .dump(RTM_GETLINK, &[0; IFINFO], |payload| tables.extend(domain(payload)))
        .map_err(|refusal| io::Error::other(refusal.to_string()))?;
    Ok(tables)
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
        assert_eq!(domain(&link("v0", "vrf", 1001)), Some(("v0".to_owned(), 1001)));
        assert_eq!(domain(&link("br0", "bridge", 7)), None);
    }

    #[test]
    fn the_dump_of_this_host_ends() {
        assert!(vrf_tables().is_ok());
    }
}
