//! Unsolicited neighbour advertisements: "this address is here now" for IPv6 (RFC 4861 §4.4 and §7.2.6).

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};

use host::MacAddress;
use host::bytes::{Checksum, Put, Reader};

const ETHERTYPE: u16 = 0x86dd;
const ICMPV6: u8 = 58;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const ROUTER: u8 = 0x80;
const OVERRIDE: u8 = 0x20;
const TARGET_LINK_LAYER_ADDRESS: u8 = 2;
/// Type, code, checksum, flags and reserved, target, one option of eight bytes.
const LENGTH: u16 = 32;
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// An unsolicited neighbour advertisement.
///
/// ```text
/// | 33:33:00:00:00:01 | MAC | 86dd |                                  Ethernet, 14 bytes
/// | IPv6, hop limit 255, from the address to ff02::1 |                40 bytes
/// | 136 | 0 | checksum | R S O, reserved | the address |              24 bytes
/// | 2 | 1 | MAC |                                                     target link-layer address, 8 bytes
/// ```
///
/// RFC 9568 §6.4.1 (115): "Send an unsolicited ND Neighbor Advertisement with the Router Flag (R) set, the Solicited
/// Flag (S) clear, the Override Flag (O) set". As keepalived: the Router flag tells whether the node forwards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NeighbourAdvertisement {
    /// Where the address is.
    pub mac: MacAddress,
    /// The address.
    pub address: Ipv6Addr,
    /// The Router flag.
    pub router: bool,
}

impl NeighbourAdvertisement {
    /// The whole Ethernet frame, 86 bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut message = Vec::with_capacity(usize::from(LENGTH));
        message.put(&[NEIGHBOUR_ADVERTISEMENT, 0, 0, 0]);
        message.put(&[if self.router { ROUTER | OVERRIDE } else { OVERRIDE }, 0, 0, 0]);
        message.put(&self.address.octets());
        message.put(&[TARGET_LINK_LAYER_ADDRESS, 1]);
        message.put(&self.mac.0);
        let sum = pseudo_header(self.address, ALL_NODES).add(&message).finish();
        message[2..4].copy_from_slice(&sum.to_be_bytes());

        let mut frame = Vec::with_capacity(14 + 40 + usize::from(LENGTH));
        frame.put(&MacAddress::of_group(IpAddr::V6(ALL_NODES)).0);
        frame.put(&self.mac.0);
        frame.put_u16(ETHERTYPE);
        frame.put(&[0x60, 0, 0, 0]);
        frame.put_u16(LENGTH);
        frame.put(&[ICMPV6, 255]);
        frame.put(&self.address.octets());
        frame.put(&ALL_NODES.octets());
        frame.put(&message);
        frame
    }

    /// The announcement in an Ethernet frame: a neighbour advertisement with the Override flag and one option, the
    /// target's link-layer address, with a correct checksum. `None` for any other frame.
    pub fn decode(frame: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(frame);
        let _macs = reader.array::<12>().ok()?;
        let is_ipv6 = reader.u16().ok()? == ETHERTYPE && reader.u32().ok()? >> 28 == 6;
        let fits = reader.u16().ok()? == LENGTH && reader.array().ok()? == [ICMPV6, 255];
        let source = Ipv6Addr::from(reader.array::<16>().ok()?);
        let destination = Ipv6Addr::from(reader.array::<16>().ok()?);
        let message = reader.take(usize::from(LENGTH)).ok()?;
        let sound = pseudo_header(source, destination).add(message).finish() == 0;

        let mut reader = Reader::new(message);
        let is_advertisement = reader.array().ok()? == [NEIGHBOUR_ADVERTISEMENT, 0];
        let _checksum = reader.u16().ok()?;
        let [flags, ..] = reader.array::<4>().ok()?;
        let address = Ipv6Addr::from(reader.array::<16>().ok()?);
        let has_mac = reader.array().ok()? == [TARGET_LINK_LAYER_ADDRESS, 1];
        let mac = MacAddress(reader.array().ok()?);
        (is_ipv6 && fits && sound && is_advertisement && has_mac && flags & OVERRIDE != 0).then_some(Self {
            mac,
            address,
            router: flags & ROUTER != 0,
        })
    }
}

/// A body for fuzzers: no frame may make the decoders panic, and what they accept must survive another round.
pub fn fuzz_announcement(frame: &[u8]) {
    if let Some(arp) = super::arp::GratuitousArp::decode(frame) {
        assert_eq!(
            super::arp::GratuitousArp::decode(&arp.encode()),
            Some(arp),
            "an announcement survives a round"
        );
    }
    if let Some(advertisement) = NeighbourAdvertisement::decode(frame) {
        assert_eq!(
            NeighbourAdvertisement::decode(&advertisement.encode()),
            Some(advertisement),
            "an announcement survives a round"
        );
    }
}

/// RFC 8200 §8.1.
fn pseudo_header(source: Ipv6Addr, destination: Ipv6Addr) -> Checksum {
    Checksum::new()
        .add(&source.octets())
        .add(&destination.octets())
        .add(&u32::from(LENGTH).to_be_bytes())
        .add(&[0, 0, 0, ICMPV6])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);

    #[test]
    fn an_advertisement_is_unsolicited_overriding_and_to_all_nodes() {
        let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
        let frame = NeighbourAdvertisement { mac: MAC, address, router: true }.encode();
        assert_eq!(frame.len(), 86);
        assert_eq!(frame[..6], [0x33, 0x33, 0, 0, 0, 1]);
        assert_eq!(frame[20..22], [58, 255]);
        assert_eq!(frame[22..38], address.octets());
        assert_eq!(frame[54..56], [136, 0]);
        assert_eq!(frame[58..62], [0xa0, 0, 0, 0]);
        assert_eq!(frame[78..86], [2, 1, 2, 0, 0, 0, 0, 1]);
        let host = NeighbourAdvertisement { mac: MAC, address, router: false };
        assert_eq!(host.encode()[58], 0x20);
    }

    /// RFC 4443 §2.3. Computed apart from this code: pseudo-header and message sum to aa62.
    #[test]
    fn the_checksum_covers_the_pseudo_header() {
        let address = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x100);
        let frame = NeighbourAdvertisement { mac: MAC, address, router: false }.encode();
        assert_eq!(frame[56..58], (!0xaa62_u16).to_be_bytes());
        assert_eq!(NeighbourAdvertisement::decode(&frame).map(|n| n.address), Some(address));
        let mut wrong = frame.clone();
        wrong[56] ^= 1;
        assert_eq!(NeighbourAdvertisement::decode(&wrong), None);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(mac: [u8; 6], address: [u8; 16], router: bool) {
            let it = NeighbourAdvertisement { mac: MacAddress(mac), address: Ipv6Addr::from(address), router };
            prop_assert_eq!(NeighbourAdvertisement::decode(&it.encode()), Some(it));
        }

        #[test]
        fn no_frame_makes_the_decoders_panic(frame in proptest::collection::vec(any::<u8>(), 0..120)) {
            fuzz_announcement(&frame);
        }

        #[test]
        fn no_damaged_frame_makes_the_decoders_panic(
            mac: [u8; 6], address: [u8; 16], at in 0usize..86, flip: u8, cut in 0usize..=86,
        ) {
            let it = NeighbourAdvertisement { mac: MacAddress(mac), address: Ipv6Addr::from(address), router: true };
            let mut frame = it.encode();
            frame[at] ^= flip;
            fuzz_announcement(&frame[..cut]);
        }
    }
}
