//! Packets from one host to the other.

use std::net::IpAddr;

use host::bytes::Checksum;
use host::{
    Arrival, Channel, Datagram, Datagrams, LinkAddress, LinkIndex, Network, NetworkOp, Packet, Prefix, Ticket,
};

use socket2::{Domain, Protocol, Socket, Type};

use crate::testbed::{golden_v4, golden_v6, hex, with_two_hosts};

const ETHER_IPV4: u16 = 0x0800;
const ETHER_ARP: u16 = 0x0806;
const ETHER_IPV6: u16 = 0x86dd;

/// The golden IPv4 advert of another virtual router.
fn advert_of(vrid: u8) -> Vec<u8> {
    let mut packet = golden_v4();
    packet[21] = vrid;
    packet
}

/// Whether an ICMPv6-like payload carries the right checksum (RFC 8200 §8.1).
fn is_sound_v6(source: IpAddr, destination: IpAddr, payload: &[u8]) -> bool {
    let octets = |address| if let IpAddr::V6(address) = address { address.octets() } else { [0; 16] };
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let sum = Checksum::new().add(&octets(source)).add(&octets(destination)).add(&length);
    sum.add(&[0, 0, 0, 112]).add(payload).finish() == 0
}

/// R9568-5.1.1.2-02: "The IPv4 multicast address as assigned by the IANA for VRRP is: 224.0.0.18"
/// R9568-5.1.1.3-01: "The TTL MUST be set to 255."
/// R9568-5.1.1.4-01: "The IPv4 protocol number assigned by the IANA for VRRP is 112 (decimal)."
/// vrrp-behaviour §1.2, §2.
#[test]
fn a_multicast_ipv4_advert_goes_out_byte_by_byte_as_the_engine_wrote_it() {
    with_two_hosts("a_multicast_ipv4_advert_goes_out_byte_by_byte_as_the_engine_wrote_it", |a, b| {
        let mut capture = b.capture();
        b.machine.listen(b.channel("224.0.0.18"), &[51]);
        a.enter();
        a.machine.send(a.datagram(1, Packet::Ipv4(golden_v4())));
        assert_eq!(a.settle(), []);
        // The kernel has filled in the header's checksum, d08c, and nothing else: identification 1, no DF.
        let whole = hex("45c0002c00010000ff70d08c0a010001e0000012
                         21336402010128b2 0a010064 0a010065 7365637265740000");
        let deliveries = b.receive(1);
        let [delivery] = &deliveries[..] else { panic!("{deliveries:?}") };
        assert_eq!(delivery.bytes, whole);
        assert_eq!(delivery.link, b.link);
        assert_eq!(delivery.source, "10.1.0.1".parse::<IpAddr>().unwrap());
        assert_eq!(delivery.destination, "224.0.0.18".parse::<IpAddr>().unwrap());
        assert_eq!(delivery.hop_limit, Some(255));
        let frame = [hex("01005e000012 02000000000a 0800"), whole].concat();
        assert_eq!(capture.frames(ETHER_IPV4), [frame]);
    });
}

/// R9568-5.1.2.2-02: "The IPv6 multicast address assigned by the IANA for VRRP is: ff02:0:0:0:0:0:0:12"
/// R9568-5.1.2.3-01: "The Hop Limit MUST be set to 255."
/// R9568-5.1.2.4-01: "The IPv6 Next Header protocol assigned by the IANA for VRRP is 112 (decimal)."
/// R9568-5.2.8-03: "For the IPv6 address family, the checksum calculation also includes a prepended "pseudo-header",
/// as defined in Section 8.1 of RFC8200."
/// R9568-5.2.8-04: "The Next Header field in the "pseudo-header" should be set to 112 (decimal) for VRRP."
/// vrrp-behaviour §1.3, §2.
#[test]
fn a_multicast_ipv6_advert_gets_its_header_and_checksum_from_the_kernel() {
    with_two_hosts("a_multicast_ipv6_advert_gets_its_header_and_checksum_from_the_kernel", |a, b| {
        let mut capture = b.capture();
        b.machine.listen(b.channel("ff02::12"), &[53]);
        a.enter();
        a.machine.send(a.datagram(1, golden_v6("fe80::a", "ff02::12")));
        assert_eq!(a.settle(), []);
        let deliveries = b.receive(1);
        let [delivery] = &deliveries[..] else { panic!("{deliveries:?}") };
        assert_eq!(delivery.source, "fe80::a".parse::<IpAddr>().unwrap());
        assert_eq!(delivery.destination, "ff02::12".parse::<IpAddr>().unwrap());
        assert_eq!(delivery.hop_limit, Some(255));
        assert_eq!(delivery.bytes.len(), 40);
        assert_eq!(delivery.bytes[..6], hex("3135c8020064"));
        assert!(is_sound_v6(delivery.source, delivery.destination, &delivery.bytes));
        let frames = capture.frames(ETHER_IPV6);
        let [frame] = &frames[..] else { panic!("{frames:?}") };
        assert_eq!(frame[..6], hex("333300000012"));
        // Version 6, traffic class c0; the kernel makes up a flow label.
        assert_eq!((frame[14], frame[15] & 0xf0), (0x6c, 0x00));
        assert_eq!(frame[54..], delivery.bytes);
    });
}

/// RFC 2338 §5.3.6.3: adverts behind an authentication header are of protocol 51.
#[test]
fn adverts_behind_an_authentication_header_have_a_channel_of_their_own() {
    with_two_hosts("adverts_behind_an_authentication_header_have_a_channel_of_their_own", |a, b| {
        let protocol = host::Protocol::AuthenticationHeader;
        b.machine.listen(host::Channel { protocol, ..b.channel("224.0.0.18") }, &[54]);
        b.machine.listen(host::Channel { protocol, ..b.channel("10.1.0.2") }, &[54]);
        let golden = hex("45c0004000010000ff33d0b50a010001e0000012 70040000 0a010001 00000001
                          47c47e32b9c115b58f09bfeb 2136640102016e5f 0a010067 0000000000000000");
        let mut of_another = golden.clone();
        of_another[45] = 55;
        let mut unicast = golden.clone();
        unicast[16..20].copy_from_slice(&[10, 1, 0, 2]);
        a.enter();
        for packet in [of_another, golden_v4(), golden.clone(), unicast] {
            a.machine.send(a.datagram(1, Packet::Ipv4(packet)));
        }
        assert_eq!(a.settle(), []);
        let mut seen: Vec<_> = b.receive(2).into_iter().map(|one| (one.destination, one.bytes)).collect();
        seen.sort();
        let [(direct, _), (group, bytes)] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!([direct.to_string(), group.to_string()], ["10.1.0.2", "224.0.0.18"]);
        assert_eq!(*bytes, golden, "but for what the kernel fills in, which was right");
    });
}

#[test]
fn unicast_adverts_arrive_and_keep_their_own_ttl() {
    with_two_hosts("unicast_adverts_arrive_and_keep_their_own_ttl", |a, b| {
        b.machine.listen(b.channel("10.1.0.2"), &[51]);
        b.machine.listen(b.channel("fe80::b"), &[53]);
        b.machine.listen(b.channel("224.0.0.18"), &[51]);
        let mut packet = golden_v4();
        packet[8] = 64;
        packet[16..20].copy_from_slice(&[10, 1, 0, 2]);
        a.enter();
        a.machine.send(a.datagram(1, Packet::Ipv4(packet)));
        let mut v6 = golden_v6("fe80::a", "fe80::b");
        if let Packet::Ipv6 { hop_limit, .. } = &mut v6 {
            *hop_limit = Some(33);
        }
        a.machine.send(a.datagram(2, v6));
        assert_eq!(a.settle(), []);
        let seen: Vec<_> =
            b.receive(2).iter().map(|one| (one.destination.to_string(), one.hop_limit)).collect();
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert!(seen.contains(&("10.1.0.2".into(), Some(64))), "{seen:?}");
        assert!(seen.contains(&("fe80::b".into(), Some(33))), "{seen:?}");
    });
}

/// The way to the neighbour is in a table of its own, which a rule asks for packets from that source alone.
///
/// vrrp-behaviour §2.
#[test]
fn without_a_link_packets_leave_as_rules_and_routes_have_it_and_come_in_by_any() {
    let test = "without_a_link_packets_leave_as_rules_and_routes_have_it_and_come_in_by_any";
    with_two_hosts(test, |a, b| {
        b.ip("addr add 10.9.0.2/32 dev lo");
        b.ip("addr add 2001:db8::b/64 dev b0 nodad");
        a.ip("addr add 2001:db8::a/64 dev a0 nodad");
        a.ip("route add blackhole 10.9.0.2");
        a.ip("route add 10.9.0.2 via 10.1.0.2 table 77");
        a.ip("rule add from 10.1.0.1 lookup 77");
        for address in ["10.9.0.2", "2001:db8::b"] {
            b.enter();
            b.machine.listen(Channel { link: LinkIndex::ANY, ..b.channel(address) }, &[51, 53]);
        }
        let mut packet = golden_v4();
        packet[16..20].copy_from_slice(&[10, 9, 0, 2]);
        a.settle();
        for packet in [Packet::Ipv4(packet), golden_v6("2001:db8::a", "2001:db8::b")] {
            a.machine.send(Datagram { link: LinkIndex::ANY, packet, tag: 1 });
        }
        assert_eq!(a.settle(), []);
        let seen = b.receive(2);
        let mut sources: Vec<_> = seen.iter().map(|one| (one.link, one.source.to_string())).collect();
        sources.sort();
        assert_eq!(sources, ["10.1.0.1", "2001:db8::a"].map(|source| (LinkIndex::ANY, source.to_owned())));
    });
}

/// vrrp-behaviour §2.
#[test]
fn a_unicast_channel_waits_for_its_address_to_come() {
    with_two_hosts("a_unicast_channel_waits_for_its_address_to_come", |a, b| {
        b.machine.listen(b.channel("10.1.0.77"), &[51]);
        b.machine.listen(b.channel("fe80::77"), &[53]);
        assert_eq!(b.settle(), []);
        b.ip("addr add 10.1.0.77/32 dev b0");
        b.ip("addr add fe80::77/128 dev b0 nodad");
        let mut packet = golden_v4();
        packet[16..20].copy_from_slice(&[10, 1, 0, 77]);
        a.enter();
        a.machine.send(a.datagram(1, Packet::Ipv4(packet)));
        a.machine.send(a.datagram(2, golden_v6("fe80::a", "fe80::77")));
        assert_eq!(a.settle(), []);
        assert_eq!(b.receive(2).len(), 2);
    });
}

/// R9568-E8298-01: "It MUST verify that the VRID is configured on the receiving interface."
/// R9568-7.1-07: "It MUST verify that the VRID is configured on the receiving interface and the local router is not
/// the IPvX address owner (Priority = 255 (decimal))."
/// vrrp-behaviour §2.
#[test]
fn the_kernel_lets_pass_only_the_virtual_routers_of_the_channel() {
    with_two_hosts("the_kernel_lets_pass_only_the_virtual_routers_of_the_channel", |a, b| {
        let vrids = |deliveries: Vec<host::Delivery>| -> Vec<u8> {
            deliveries.iter().map(|one| one.bytes[if one.source.is_ipv4() { 21 } else { 1 }]).collect()
        };
        let mut all_sent = |b: &mut crate::testbed::Host| {
            a.enter();
            for vrid in 1..=255 {
                a.machine.send(a.datagram(0, Packet::Ipv4(advert_of(vrid))));
            }
            assert_eq!(a.settle(), []);
            vrids(b.received())
        };
        b.machine.listen(b.channel("224.0.0.18"), &[1, 51, 255]);
        assert_eq!(all_sent(b), [1, 51, 255]);
        b.machine.listen(b.channel("224.0.0.18"), &[52]);
        assert_eq!(all_sent(b), [52], "a second call replaces what passes");
        b.machine.listen(b.channel("224.0.0.18"), &(1..=255).collect::<Vec<u8>>());
        assert_eq!(all_sent(b), (1..=255).collect::<Vec<u8>>(), "the longest filter");
        b.machine.listen(b.channel("224.0.0.18"), &[]);
        assert_eq!(all_sent(b), []);
        b.machine.ignore(b.channel("224.0.0.18"));
        assert_eq!(all_sent(b), []);

        b.machine.listen(b.channel("ff02::12"), &[54]);
        a.enter();
        a.machine.send(a.datagram(0, golden_v6("fe80::a", "ff02::12")));
        a.settle();
        assert_eq!(b.received(), []);
        b.machine.listen(b.channel("ff02::12"), &[53, 54]);
        a.enter();
        a.machine.send(a.datagram(0, golden_v6("fe80::a", "ff02::12")));
        a.settle();
        assert_eq!(vrids(b.received()), [53]);
    });
}

/// The engine counts what is wrong with an advert, so it must see it.
#[test]
fn faulty_adverts_pass_the_filter_and_so_do_ip_options() {
    with_two_hosts("faulty_adverts_pass_the_filter_and_so_do_ip_options", |a, b| {
        b.machine.listen(b.channel("224.0.0.18"), &[51]);
        let mut wrong_ttl = golden_v4();
        wrong_ttl[8] = 1;
        let mut wrong_sum = golden_v4();
        wrong_sum[26] ^= 0xff;
        // Header length 6 words: four options that do nothing, and the total length to match.
        let mut with_options = golden_v4();
        with_options[0] = 0x46;
        with_options[3] += 4;
        with_options.splice(20..20, [1, 1, 1, 1]);
        let short = golden_v4()[..22].to_vec();
        a.enter();
        for packet in [&wrong_ttl, &wrong_sum, &with_options, &short] {
            a.machine.send(a.datagram(0, Packet::Ipv4(packet.clone())));
        }
        assert_eq!(a.settle(), []);
        let received = b.received();
        let lengths: Vec<_> = received.iter().map(|one| (one.bytes.len(), one.hop_limit)).collect();
        assert_eq!(lengths, [(44, Some(1)), (44, Some(255)), (48, Some(255)), (22, Some(255))]);
    });
}

/// RFC 9568 §7.1: "It MUST verify the VRRP checksum." For IPv6 the kernel does.
///
/// R9568-7.1-06: "It MUST verify the VRRP checksum."
/// R5798-7.1-02: "MUST verify the VRRP checksum."
#[test]
fn an_ipv6_advert_with_a_wrong_checksum_is_dropped_by_the_kernel() {
    with_two_hosts("an_ipv6_advert_with_a_wrong_checksum_is_dropped_by_the_kernel", |a, b| {
        b.machine.listen(b.channel("ff02::12"), &[53]);
        a.enter();
        let raw = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::from(112))).unwrap();
        let to = std::net::SocketAddrV6::new("ff02::12".parse().unwrap(), 0, 0, a.link.0).into();
        raw.send_to(&hex("3135c80200640000"), &to).unwrap();
        assert_eq!(b.received(), []);
    });
}

#[test]
fn a_host_does_not_hear_its_own_adverts_nor_those_of_another_link() {
    with_two_hosts("a_host_does_not_hear_its_own_adverts_nor_those_of_another_link", |a, b| {
        a.ip("link add x0 type veth peer name x1");
        a.ip("link set x0 up");
        a.ip("link set x1 up");
        a.settle();
        let x1 = host::LinkIndex(nix::net::if_::if_nametoindex("x1").unwrap());
        a.machine.listen(a.channel("224.0.0.18"), &[51]);
        a.machine.listen(a.channel("ff02::12"), &[53]);
        a.machine.send(a.datagram(1, Packet::Ipv4(golden_v4())));
        a.machine.send(a.datagram(2, golden_v6("fe80::a", "ff02::12")));
        a.machine.send(host::Datagram { link: x1, packet: Packet::Ipv4(golden_v4()), tag: 3 });
        assert_eq!(a.received(), []);
        b.enter();
        let mut back = golden_v4();
        back[15] = 2;
        b.machine.send(b.datagram(1, Packet::Ipv4(back)));
        b.settle();
        assert_eq!(a.receive(1).len(), 1);
    });
}

#[test]
fn a_gratuitous_arp_leaves_as_the_frame_that_it_is() {
    with_two_hosts("a_gratuitous_arp_leaves_as_the_frame_that_it_is", |a, b| {
        let mut capture = b.capture();
        let frame = hex("ffffffffffff 02000000000a 0806
                         0001 0800 06 04 0001 02000000000a 0a010064 ffffffffffff 0a010064");
        a.enter();
        a.machine.send(a.datagram(1, Packet::Ethernet(frame.clone())));
        assert_eq!(a.settle(), []);
        assert_eq!(capture.frames(ETHER_ARP), [frame]);
    });
}

#[test]
fn what_cannot_be_sent_is_told_and_the_rest_goes_on() {
    with_two_hosts("what_cannot_be_sent_is_told_and_the_rest_goes_on", |a, b| {
        b.machine.listen(b.channel("ff02::12"), &[53]);
        a.enter();
        a.machine.send(a.datagram(1, golden_v6("fe80::a", "ff02::12")));
        a.machine.send(a.datagram(2, golden_v6("fe80::dead", "ff02::12")));
        a.machine.send(a.datagram(3, golden_v6("fe80::a", "ff02::12")));
        a.machine.send(a.datagram(4, Packet::Ipv4(vec![0x45; 10])));
        a.machine.send(a.datagram(5, Packet::Ethernet(vec![0; 13])));
        a.machine.send(host::Datagram {
            link: host::LinkIndex(9999),
            packet: Packet::Ipv4(golden_v4()),
            tag: 6,
        });
        let unsent = |arrival: Arrival| {
            if let Arrival::Unsent { tag, refusal } = arrival { Some((tag, refusal.code)) } else { None }
        };
        let mut told: Vec<_> = a.settle().into_iter().filter_map(unsent).collect();
        told.sort_unstable();
        let expected = [(2, libc::EADDRNOTAVAIL), (4, libc::EINVAL), (5, libc::EINVAL), (6, libc::ENODEV)];
        assert_eq!(told, expected);
        assert_eq!(b.receive(2).len(), 2);
    });
}

#[test]
fn packets_and_orders_are_performed_in_the_order_of_the_calls() {
    with_two_hosts("packets_and_orders_are_performed_in_the_order_of_the_calls", |a, b| {
        let prefix = Prefix::new("fe80::a".parse().unwrap(), 64).unwrap();
        b.machine.listen(b.channel("ff02::12"), &[53]);
        a.enter();
        // Sent later, the advert would find its source gone.
        a.machine.send(a.datagram(1, golden_v6("fe80::a", "ff02::12")));
        a.machine.submit(Ticket(1), NetworkOp::RemoveAddress(LinkAddress::plain(a.link, prefix)));
        let arrivals = a.settle();
        assert!(!arrivals.iter().any(|arrival| matches!(arrival, Arrival::Unsent { .. })), "{arrivals:?}");
        assert_eq!(b.receive(1).len(), 1);
    });
}

#[test]
fn a_channel_that_cannot_be_opened_is_deaf() {
    with_two_hosts("a_channel_that_cannot_be_opened_is_deaf", |a, _| {
        let channel = host::Channel { link: host::LinkIndex(9999), ..a.channel("224.0.0.18") };
        a.machine.listen(channel, &[51]);
        let arrivals = a.settle();
        assert!(
            matches!(&arrivals[..], [Arrival::Deaf { channel: told, refusal }]
            if *told == channel && refusal.code == libc::ENODEV),
            "{arrivals:?}"
        );
    });
}

#[test]
fn a_receive_buffer_is_as_large_as_asked_for() {
    with_two_hosts("a_receive_buffer_is_as_large_as_asked_for", |a, _| {
        a.enter();
        let channel = a.channel("224.0.0.18");
        a.machine.listen(channel, &[51]);
        let usual = a.machine.channels.buffer_of(&channel);
        a.machine.size(channel, 24_500);
        // The kernel doubles it for its own needs.
        assert_eq!(a.machine.channels.buffer_of(&channel), 49_000);
        a.machine.listen(channel, &[51, 52]);
        assert_eq!(a.machine.channels.buffer_of(&channel), 49_000);
        a.machine.ignore(channel);
        a.machine.listen(channel, &[51]);
        assert_eq!(a.machine.channels.buffer_of(&channel), usual, "another socket");
    });
}
