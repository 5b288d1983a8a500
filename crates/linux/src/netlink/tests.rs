//! Orders and the bytes that they become; recorded messages and what is read from them.

use std::net::IpAddr;

use host::{LinkAddress, LinkIndex, LinkName, MacAddress, NetworkOp, Prefix};

use super::*;
use crate::testbed::hex;

fn address(text: &str, length: u8) -> LinkAddress {
    LinkAddress::plain(LinkIndex(7), Prefix::new(text.parse().unwrap(), length).unwrap())
}

/// Bytes as the recordings below are written: host-endian integers are little-endian there.
#[track_caller]
fn becomes(op: NetworkOp, tagged: bool, expected: &str) {
    let bytes = orders::request(&op, 1, tagged).unwrap();
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let expected: String = expected.split_whitespace().collect();
    assert_eq!(digits, expected);
}

#[cfg(target_endian = "little")]
#[test]
fn every_order_becomes_the_bytes_of_its_recording() {
    becomes(
        NetworkOp::AddAddress(address("10.1.0.100", 32)),
        true,
        "30000000 1400 0506 01000000 00000000
         02 20 00 00 07000000
         0800 0200 0a010064
         0800 0100 0a010064
         0500 0b00 12 000000",
    );
    becomes(
        NetworkOp::AddAddress(address("10.1.0.100", 32)),
        false,
        "28000000 1400 0506 01000000 00000000
         02 20 00 00 07000000
         0800 0200 0a010064
         0800 0100 0a010064",
    );
    becomes(
        NetworkOp::RemoveAddress(address("10.1.0.100", 32)),
        true,
        "28000000 1500 0500 01000000 00000000
         02 20 00 00 07000000
         0800 0200 0a010064
         0800 0100 0a010064",
    );
    let some = |text: &str| Some(text.parse::<IpAddr>().unwrap());
    becomes(
        NetworkOp::AddAddress(LinkAddress {
            broadcast: some("10.50.5.255"),
            peer: some("10.50.5.2"),
            scope: 253,
            label: Some("a0:v".into()),
            flags: LinkAddress::NO_PREFIX_ROUTE | LinkAddress::NODAD,
            preferred_lifetime: Some(5),
            ..address("10.50.5.1", 24)
        }),
        true,
        "4c000000 1400 0506 01000000 00000000
         02 18 02 fd 07000000
         0800 0200 0a320501
         0800 0100 0a320502
         0800 0400 0a3205ff
         0900 0300 61303a76 00 000000
         0800 0800 02020000
         0500 0b00 12 000000",
    );
    becomes(
        NetworkOp::AddAddress(LinkAddress {
            flags: LinkAddress::NODAD,
            preferred_lifetime: Some(0),
            ..address("2001:db8::1", 64)
        }),
        true,
        "64000000 1400 0506 01000000 00000000
         0a 40 02 00 07000000
         1400 0200 20010db8000000000000000000000001
         1400 0100 20010db8000000000000000000000001
         0800 0800 02000000
         1400 0600 00000000 ffffffff 00000000 00000000
         0500 0b00 12 000000",
    );
}

/// What was ordered, read back as the kernel's own message about it would be.
#[test]
fn an_address_that_is_written_is_read_back() {
    let some = |text: &str| Some(text.parse::<IpAddr>().unwrap());
    for written in [
        address("10.1.0.100", 32),
        LinkAddress {
            broadcast: some("10.1.0.255"),
            label: Some("x".into()),
            scope: 254,
            ..address("10.1.0.1", 24)
        },
        LinkAddress { peer: some("10.1.0.2"), flags: LinkAddress::AUTOJOIN, ..address("10.1.0.1", 32) },
        LinkAddress { preferred_lifetime: Some(300), flags: LinkAddress::NODAD, ..address("fe80::50", 64) },
        LinkAddress { peer: some("2001:db8::2"), ..address("2001:db8::1", 128) },
    ] {
        assert_eq!(super::address::read(&super::address::write(&written, true)), Some(written));
    }
}

/// The whole answers to RTM_GETLINK and RTM_GETADDR, recorded on Linux 6.18: `lo`, and the two ends of a wire.
#[cfg(target_endian = "little")]
const LINKS: &str = include_str!("tests/links.hex");
#[cfg(target_endian = "little")]
const ADDRESSES: &str = include_str!("tests/addresses.hex");

#[cfg(target_endian = "little")]
#[test]
fn a_recorded_dump_of_links_is_read() {
    let wire = |index, name: &str, mac| Link {
        index: LinkIndex(index),
        name: LinkName::new(name).unwrap(),
        admin_up: true,
        running: true,
        mtu: 1500,
        mac,
        arp: true,
        multicast: true,
        loopback: false,
        ipv6_router: false,
    };
    let told: Vec<_> = messages(&hex(LINKS)).collect();
    assert!(told.iter().all(|message| message.sequence == 5 && !message.interrupted));
    let [lo, b0, a0, done] = &told[..] else { panic!("{told:?}") };
    assert!(matches!(&lo.said, Said::Link(lo, None) if lo.loopback && lo.mac.is_none() && lo.mtu == 65_536));
    assert_eq!(b0.said, Said::Link(wire(2, "b0", Some(MacAddress([2, 0, 0, 0, 0, 11]))), None));
    assert_eq!(a0.said, Said::Link(wire(3, "a0", Some(MacAddress([2, 0, 0, 0, 0, 10]))), None));
    assert_eq!(done.said, Said::Done);
}

#[cfg(target_endian = "little")]
#[test]
fn a_recorded_dump_of_addresses_is_read() {
    let some = |text: &str| Some(text.parse::<IpAddr>().unwrap());
    let on = |link, text, length, flags| {
        let flags = flags | 0x80;
        LinkAddress { link: LinkIndex(link), flags, ..address(text, length) }
    };
    let label = |label: &str| Some(label.into());
    let told: Vec<_> = messages(&hex(ADDRESSES)).map(|message| message.said).collect();
    let expected = [
        LinkAddress { scope: 254, label: label("lo"), ..on(1, "127.0.0.1", 8, 0) },
        LinkAddress { broadcast: some("10.1.0.255"), label: label("a0:vip"), ..on(3, "10.1.0.1", 24, 0) },
        LinkAddress { peer: some("10.1.0.10"), label: label("a0"), ..on(3, "10.1.0.9", 32, 0) },
        on(1, "::1", 128, 0),
        LinkAddress { preferred_lifetime: Some(300), ..on(3, "2001:db8::1", 64, LinkAddress::NODAD) },
        on(3, "fe80::a", 64, LinkAddress::NODAD),
    ];
    let mut expected: Vec<_> = expected.into_iter().map(Said::Address).collect();
    expected.push(Said::Done);
    assert_eq!(told, expected);
}

#[cfg(target_endian = "little")]
#[test]
fn a_refusal_is_told_in_the_kernels_words_or_else_by_the_errors_name() {
    // Capped: errno and the request's header, then the attribute with "No route".
    let capped = hex("34000000 0200 0003 09000000 00000000
                      edffffff 28000000 1400 0506 09000000 00000000 0d00 0100 4e6f20726f75746500 000000");
    // Not capped: the request's payload (8 bytes here) stands before the attribute.
    let whole = hex("3c000000 0200 0002 09000000 00000000
                     edffffff 18000000 1400 0506 09000000 00000000 0220000007000000
                     0d00 0100 4e6f20726f75746500 000000");
    let bare = hex("24000000 0200 0001 09000000 00000000
                    edffffff 28000000 1400 0506 09000000 00000000");
    let well = hex("24000000 0200 0001 09000000 00000000
                    00000000 28000000 1400 0506 09000000 00000000");
    for (bytes, expected) in [
        (capped, Err(Refusal { code: libc::ENODEV, why: "No route".into() })),
        (whole, Err(Refusal { code: libc::ENODEV, why: "No route".into() })),
        (bare, Err(Refusal { code: libc::ENODEV, why: "No such device".into() })),
        (well, Ok(())),
    ] {
        let told: Vec<_> = messages(&bytes).map(|message| (message.sequence, message.said)).collect();
        assert_eq!(told, [(9, Said::Answer(expected))]);
    }
}

/// Every recording, cut at every place and with every byte turned: nothing panics, and reading ends.
#[cfg(target_endian = "little")]
#[test]
fn no_bytes_make_the_reader_panic() {
    let mut recordings = vec![hex(LINKS), hex(ADDRESSES)];
    for tagged in [true, false] {
        let label = Some("a0:v".into());
        let full = LinkAddress { label, flags: 0xffff, ..address("10.1.0.1", 24) };
        recordings.push(orders::request(&NetworkOp::AddAddress(full), 1, tagged).unwrap());
    }
    recordings.push(hex("34000000 0200 0003 09000000 00000000
                         edffffff 28000000 1400 0506 09000000 00000000 0d00 0100 4e6f20726f75746500 000000"));
    for recording in recordings {
        for length in 0..recording.len() {
            fuzz_netlink(&recording[..length]);
        }
        for at in 0..recording.len() {
            for value in [0, 1, 2, 3, 4, 5, 7, 8, 16, 20, 0x7f, 0x80, 0xfe, 0xff] {
                let mut turned = recording.clone();
                turned[at] = value;
                fuzz_netlink(&turned);
            }
        }
    }
}

/// Who put each address, as the kernel keeps it (IFA_PROTO); older `ip` programs do not show it.
pub(crate) fn protocols() -> Vec<(IpAddr, Option<u8>)> {
    let socket = netlink_sys::Socket::new(netlink_sys::protocols::NETLINK_ROUTE).unwrap();
    let question = framed(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, &[0; 8]);
    socket.send_to(&question, &netlink_sys::SocketAddr::new(0, 0), 0).unwrap();
    let mut found = Vec::new();
    loop {
        let (bytes, _) = socket.recv_from_full().unwrap();
        let mut rest = &bytes[..];
        while let Ok(buffer) = NetlinkBuffer::new_checked(rest) {
            if buffer.message_type() == NLMSG_DONE {
                return found;
            }
            let length = usize::try_from(buffer.length()).unwrap();
            let put_by = attributes_of(&rest[24..length]).find(|(kind, _)| *kind == 11);
            let address = super::address::read(&rest[16..length]).unwrap();
            found.push((address.prefix.address(), put_by.map(|(_, value)| value[0])));
            rest = &rest[aligned(length)..];
        }
    }
}
