//! Orders and the bytes that they become; recorded messages and what is read from them.

use std::net::IpAddr;

use host::{
    Encapsulation, LinkAddress, LinkIndex, LinkName, MacAddress, NetworkOp, NextHop, Prefix, Route, Rule,
    RuleAction, VirtualLink, VirtualLinkKind,
};

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

fn prefix(text: &str, length: u8) -> Prefix {
    Prefix::new(text.parse().unwrap(), length).unwrap()
}

fn hop(via: Option<&str>, encapsulation: Option<Encapsulation>) -> NextHop<LinkIndex> {
    let via = via.map(|via| via.parse().unwrap());
    NextHop { via, link: Some(LinkIndex(7)), weight: 1, onlink: false, realms: None, encapsulation }
}

#[cfg(target_endian = "little")]
#[test]
fn every_order_about_a_route_becomes_the_bytes_of_its_recording() {
    let full = Route {
        tos: 16,
        metric: Some(9),
        preferred_source: Some("10.1.0.1".parse().unwrap()),
        realms: Some(5 << 16 | 6),
        hops: vec![NextHop { onlink: true, ..hop(Some("fe80::9"), None) }],
        metrics: vec![(2, 1400)],
        locked: 4,
        congestion_control: Some("reno".into()),
        ttl_propagate: Some(true),
        table: 1000,
        ..Route::to(prefix("10.60.1.0", 24))
    };
    becomes(
        NetworkOp::AddRoute(full.clone()),
        true,
        "8c000000 1800 0504 01000000 00000000
         02 18 00 10 fc 12 00 01 04000000
         0800 0100 0a3c0100
         0800 0f00 e8030000
         0800 0600 09000000
         0800 0700 0a010001
         0800 0b00 06000500
         2000 0800  0800 0100 04000000  0800 0200 78050000  0900 1000 72656e6f 00 000000
         0500 1a00 01 000000
         0800 0400 07000000
         1600 1200 0a00 fe800000000000000000000000000009 0000",
    );
    // What tells it from others alone, whatever its scope.
    becomes(
        NetworkOp::RemoveRoute(full),
        true,
        "54000000 1900 0500 01000000 00000000
         02 18 00 10 fc 12 ff 01 00000000
         0800 0100 0a3c0100
         0800 0f00 e8030000
         0800 0600 09000000
         0800 0400 07000000
         1600 1200 0a00 fe800000000000000000000000000009 0000",
    );
}

#[cfg(target_endian = "little")]
#[test]
fn an_order_about_a_route_by_several_hops_becomes_the_bytes_of_its_recording() {
    // The values of RTA_ENCAP are those that `ip route add … encap` sends.
    let labels = hop(Some("fe80::9"), Some(Encapsulation::Mpls(vec![100, 200])));
    let locator = hop(None, Some(Encapsulation::Ila(0x0001_0002_0003_0004)));
    let several = Route {
        from: Some(prefix("2001:db8:61::", 64)),
        expires: Some(600),
        preference: Some(3),
        hops: vec![NextHop { weight: 3, realms: Some(7), ..labels }, NextHop { onlink: true, ..locator }],
        insertion: host::Insertion::Append,
        ..Route::to(prefix("2001:db8:60::", 64))
    };
    becomes(
        NetworkOp::AddRoute(several),
        true,
        "b4000000 1800 050c 01000000 00000000
         0a 40 40 00 fe 12 00 01 00000000
         1400 0100 20010db8006000000000000000000000
         1400 0200 20010db8006100000000000000000000
         0800 1700 58020000
         0500 1400 03 000000
         6000 0900
           3c00 00 02 07000000
             1400 0500 fe800000000000000000000000000009
             0800 0b00 07000000
             0600 1500 0100 0000
             1000 1680 0c00 0100 00064000 000c8100
           2000 04 00 07000000
             0600 1500 0300 0000
             1000 1680 0c00 0100 0001000200030004",
    );
}

/// A rule with everything, as it is ordered.
#[cfg(target_endian = "little")]
const RULE: &str = "ac000000 2000 0506 01000000 00000000
         02 20 10 10 00 00 00 01 02000000
         0800 0600 f6030000
         0500 1500 12 000000
         0800 0f00 e8030000
         0800 0200 0a460000
         0800 0100 0a470001
         0800 0a00 05000000
         0800 1000 ff000000
         0700 0300 613000 00
         0700 1100 613100 00
         0c00 1400 64000000 c8000000
         0500 1600 06 000000
         0800 1700 5000 5a00
         0800 1800 bb01 bb01
         0c00 0c00 0000000000000063
         0800 0b00 09000000
         0800 0e00 00000000
         0800 0d00 05000000";

#[cfg(target_endian = "little")]
#[test]
fn every_order_about_a_rule_becomes_the_bytes_of_its_recording() {
    let rule = Rule {
        family: Family::V4,
        priority: 1014,
        action: RuleAction::Table(1000),
        invert: true,
        from: Some(prefix("10.70.0.0", 16)),
        to: Some(prefix("10.71.0.1", 32)),
        tos: 16,
        mark: Some((5, Some(0xff))),
        input: Some("a0".into()),
        output: Some("a1".into()),
        uids: Some((100, 200)),
        ip_protocol: Some(6),
        source_ports: Some((80, 90)),
        destination_ports: Some((443, 443)),
        tunnel: Some(99),
        realms: Some(9),
        suppress_prefix_length: Some(0),
        suppress_group: Some(5),
        protocol: 18,
    };
    let body = RULE.split_once("00000000\n").unwrap().1;
    becomes(NetworkOp::AddRule(rule.clone()), true, RULE);
    becomes(
        NetworkOp::RemoveRule(rule.clone()),
        true,
        &format!("ac000000 2100 0500 01000000 00000000 {body}"),
    );
    assert_eq!(super::rule::read(&hex(body)), Some(rule.clone()));
    // A kernel without routing domains refuses it, so it is shown here alone.
    let domain = Rule { action: RuleAction::L3mdev, realms: None, ..rule };
    assert_eq!(super::rule::read(&super::rule::write(&domain)), Some(domain));
}

/// Attributes of a link, to be cut out of what follows.
#[cfg(target_endian = "little")]
#[test]
fn a_link_becomes_the_bytes_of_its_recording() {
    use super::virtual_link::{Setting, make, no_own_ipv6, set_domain, set_ipv4, set_up};
    let name = |text: &str| LinkName::new(text).unwrap();
    let link = |kind| VirtualLink {
        name: name("vrrp.51"),
        base: name("a0"),
        kind,
        group: None,
        family: Family::V4,
        both_families: false,
    };
    let header = |index: u8, flags| format!("00000000 {index:02x}000000 {flags}");
    let plain = "00000000 00000000";
    let is = |bytes: Vec<u8>, header: String, expected: &str| {
        assert_eq!(bytes, hex(&(header + expected)));
    };
    let vmac = link(VirtualLinkKind::Vmac(MacAddress([0, 0, 0x5e, 0, 1, 51])));
    is(
        make(&vmac, LinkIndex(7), 5),
        header(0, plain),
        "0c00 0300 767272702e353100
         0800 0500 07000000
         0800 1b00 05000000
         0a00 0100 00005e000133 0000
         1c00 1200  0b00 0100 6d6163766c616e 00  0c00 0200 0800 0100 01000000",
    );
    is(
        make(&link(VirtualLinkKind::Ipvlan(1)), LinkIndex(7), 0),
        header(0, plain),
        "0c00 0300 767272702e353100
         0800 0500 07000000
         2400 1200  0a00 0100 6970766c616e 0000  1400 0200 0600 0100 0000 0000 0600 0200 0100 0000",
    );
    is(set_domain(LinkIndex(7), Some(LinkIndex(3))), header(7, plain), "0800 0a00 03000000");
    is(set_domain(LinkIndex(7), None), header(7, plain), "0800 0a00 00000000");
    is(set_up(LinkIndex(7)), header(7, "01000000 01000000"), "");
    is(
        set_ipv4(LinkIndex(7), &[(Setting::ArpIgnore, 1), (Setting::AcceptLocal, 1)]),
        header(7, plain),
        "1c00 1a80 1800 0280 1400 0180 0800 1300 01000000 0800 1700 01000000",
    );
    is(no_own_ipv6(LinkIndex(7)), header(7, plain), "1000 1a80 0c00 0a80 0500 0800 01 000000");
}

/// No kernel here has routing domains; this is what one says of their members, and a bridge of its ports.
///
/// vrrp-behaviour §20.
#[test]
fn a_routing_domain_is_told_from_other_masters() {
    use super::virtual_link::domain;
    let member = |kind: &str| {
        let mut put = attributes::Attributes::after(&[0; 16]);
        put.put_u32(10, 3);
        put.within(18, |put| put.put_text(4, kind));
        put.into_bytes()
    };
    assert_eq!(domain(&member("vrf")), Some(LinkIndex(3)));
    assert_eq!(domain(&member("bridge")), None);
    assert_eq!(domain(&[0; 16]), None);
    assert_eq!(domain(&[0; 3]), None);
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
    for text in ["10.60.1.0/24", "2001:db8:60::/64"] {
        let (destination, length) = text.split_once('/').unwrap();
        let destination = Prefix::new(destination.parse().unwrap(), length.parse().unwrap()).unwrap();
        let route = Route { metric: Some(1), table: 1000, ..Route::to(destination) };
        recordings.push(orders::request(&NetworkOp::AddRoute(route), 1, true).unwrap());
    }
    recordings.push(hex(RULE));
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
