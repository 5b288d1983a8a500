//! Gratuitous ARP: "this address is here now" (RFC 826, RFC 5227 §3).

use alloc::vec::Vec;
use core::net::Ipv4Addr;

use host::MacAddress;
use host::bytes::{Put, Reader};

const ETHERTYPE: u16 = 0x0806;
/// Ethernet and IPv4, address lengths 6 and 4.
const ETHERNET_IPV4: [u8; 6] = [0, 1, 0x08, 0x00, 6, 4];
const REQUEST: u16 = 1;

/// A gratuitous ARP.
///
/// ```text
/// | ff:ff:ff:ff:ff:ff | MAC | 0806 |                                  Ethernet, 14 bytes
/// | 0001 | 0800 | 06 | 04 | 0001 |                                    Ethernet, IPv4, request
/// | MAC | address | ff:ff:ff:ff:ff:ff | address |                     sender, then target
/// ```
///
/// RFC 9568 §6.4.1 (110): "Broadcast a gratuitous ARP message containing the Virtual Router MAC address for each IPv4
/// address associated with the Virtual Router". As keepalived: a request, and the target's Ethernet address is all
/// ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GratuitousArp {
    /// Where the address is.
    pub mac: MacAddress,
    /// The address.
    pub address: Ipv4Addr,
}

impl GratuitousArp {
    /// The whole Ethernet frame, 42 bytes; the driver pads it.
    pub fn encode(&self) -> Vec<u8> {
        let mut frame = Vec::with_capacity(42);
        frame.put(&MacAddress::BROADCAST.0);
        frame.put(&self.mac.0);
        frame.put_u16(ETHERTYPE);
        frame.put(&ETHERNET_IPV4);
        frame.put_u16(REQUEST);
        frame.put(&self.mac.0);
        frame.put(&self.address.octets());
        frame.put(&MacAddress::BROADCAST.0);
        frame.put(&self.address.octets());
        frame
    }

    /// The announcement in an Ethernet frame: an ARP packet, request or reply, whose sender and target address are
    /// the same. `None` for any other frame; padding is left alone.
    pub fn decode(frame: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(frame);
        let _destination = reader.array::<6>().ok()?;
        let _source = reader.array::<6>().ok()?;
        let is_arp = reader.u16().ok()? == ETHERTYPE && reader.array::<6>().ok()? == ETHERNET_IPV4;
        let operation = reader.u16().ok()?;
        let mac = MacAddress(reader.array().ok()?);
        let address = Ipv4Addr::from(reader.array::<4>().ok()?);
        let _target = reader.array::<6>().ok()?;
        let target = Ipv4Addr::from(reader.array::<4>().ok()?);
        (is_arp && matches!(operation, 1 | 2) && target == address).then_some(Self { mac, address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As captured from keepalived 2.2.7.
    #[test]
    fn a_gratuitous_arp_is_a_broadcast_request_for_its_own_address() {
        let arp =
            GratuitousArp { mac: MacAddress([2, 0, 0, 0, 0, 1]), address: Ipv4Addr::new(10, 1, 0, 100) };
        let mut expected = alloc::vec![0xff; 6];
        expected.extend([2, 0, 0, 0, 0, 1, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1]);
        expected.extend([2, 0, 0, 0, 0, 1, 10, 1, 0, 100]);
        expected.extend([0xff; 6]);
        expected.extend([10, 1, 0, 100]);
        assert_eq!(arp.encode(), expected);
        assert_eq!(GratuitousArp::decode(&expected), Some(arp));
        expected.resize(60, 0);
        assert_eq!(GratuitousArp::decode(&expected), Some(arp));
    }

    #[test]
    fn a_question_for_another_address_announces_nothing() {
        let arp =
            GratuitousArp { mac: MacAddress([2, 0, 0, 0, 0, 1]), address: Ipv4Addr::new(10, 1, 0, 100) };
        let mut frame = arp.encode();
        frame[41] = 7;
        assert_eq!(GratuitousArp::decode(&frame), None);
    }
}
