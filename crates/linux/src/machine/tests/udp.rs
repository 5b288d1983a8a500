//! UDP datagrams from one host to the other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use host::{Arrival, Instant, LinkIndex, Udp, UdpChannel, UdpDatagram, UdpDelivery, UdpUse, Way};

use crate::clock;
use crate::testbed::{Host, with_two_hosts};

const PORT: u16 = 3784;
const OURS: u16 = 50_001;

fn channel(address: &str, port: u16) -> UdpChannel {
    UdpChannel { address: address.parse().unwrap(), port }
}

fn datagram(from: UdpChannel, to: &str, way: Way, hop_limit: u8) -> UdpDatagram {
    let to = SocketAddr::new(to.parse().unwrap(), PORT);
    UdpDatagram { from, to, way, hop_limit, payload: vec![hop_limit; 24], tag: u64::from(hop_limit) }
}

fn send(host: &mut Host, datagram: UdpDatagram) -> Vec<Arrival> {
    host.enter();
    host.machine.send_udp(datagram);
    host.settle()
}

fn bind(host: &mut Host, channel: UdpChannel, purpose: UdpUse) {
    host.enter();
    host.machine.bind(channel, purpose);
}

fn listen(host: &mut Host) {
    bind(host, UdpChannel { address: Ipv4Addr::UNSPECIFIED.into(), port: PORT }, UdpUse::Listen);
    bind(host, UdpChannel { address: Ipv6Addr::UNSPECIFIED.into(), port: PORT }, UdpUse::Listen);
}

fn heard(arrivals: Vec<Arrival>) -> Vec<UdpDelivery> {
    let datagram = |arrival| if let Arrival::UdpReceived(one) = arrival { Some(one) } else { None };
    arrivals.into_iter().filter_map(datagram).collect()
}

fn hear(host: &mut Host) -> UdpDelivery {
    let arrivals = host.expect(|one| matches!(one, Arrival::UdpReceived(_)));
    let mut deliveries = heard(arrivals);
    assert_eq!(deliveries.len(), 1);
    deliveries.remove(0)
}

/// R5881-4-02, R5881-4-03, R5881-5-01: ports, and the TTL that was asked for, seen by the other side.
#[test]
fn a_datagram_arrives_with_its_ports_its_link_and_its_ttl_in_both_families() {
    with_two_hosts("a_datagram_arrives_with_its_ports_its_link_and_its_ttl_in_both_families", |a, b| {
        listen(b);
        b.ip("addr add 2001:db8::b/64 dev b0 nodad");
        a.ip("addr add 2001:db8::a/64 dev a0 nodad");
        a.settle();
        let link = Way::Link(a.link);
        for (from, source, to, way, ttl) in [
            ("0.0.0.0", "10.1.0.1", "10.1.0.2", Way::Routed, 255),
            ("10.1.0.1", "10.1.0.1", "10.1.0.2", link, 254),
            ("::", "2001:db8::a", "2001:db8::b", Way::Routed, 255),
            ("2001:db8::a", "2001:db8::a", "2001:db8::b", link, 64),
            ("::", "fe80::a", "fe80::b", link, 255),
            ("fe80::a", "fe80::a", "fe80::b", link, 3),
        ] {
            let from = channel(from, OURS);
            bind(a, from, UdpUse::Send);
            assert_eq!(send(a, datagram(from, to, way, ttl)), [], "{from:?} {to}");
            let UdpDelivery { link, source: heard, destination, hop_limit, at: _, bytes } = hear(b);
            let source: IpAddr = source.parse().unwrap();
            assert_eq!((link, heard.ip(), heard.port(), hop_limit), (b.link, source, OURS, Some(ttl)));
            assert_eq!(destination, SocketAddr::new(to.parse().unwrap(), PORT));
            assert_eq!(bytes, vec![ttl; 24]);
            a.machine.unbind(from);
        }
    });
}

#[test]
fn a_channel_that_only_sends_tells_nothing_of_what_comes_in() {
    with_two_hosts("a_channel_that_only_sends_tells_nothing_of_what_comes_in", |a, b| {
        let (ours, theirs) = (channel("10.1.0.1", PORT), channel("10.1.0.2", PORT));
        bind(b, theirs, UdpUse::Send);
        bind(a, ours, UdpUse::Send);
        assert_eq!(send(a, datagram(ours, "10.1.0.2", Way::Routed, 255)), []);
        assert_eq!(b.settle(), []);
        // The same channel, this time to listen.
        bind(b, theirs, UdpUse::Listen);
        assert_eq!(send(a, datagram(ours, "10.1.0.2", Way::Routed, 255)), []);
        hear(b);
        b.machine.unbind(theirs);
        assert_eq!(send(a, datagram(ours, "10.1.0.2", Way::Routed, 255)), []);
        assert_eq!(b.settle(), []);
    });
}

#[test]
fn a_port_that_another_program_has_is_told_of() {
    with_two_hosts("a_port_that_another_program_has_is_told_of", |a, _| {
        a.enter();
        let _other = std::net::UdpSocket::bind("0.0.0.0:3784").unwrap();
        bind(a, channel("0.0.0.0", PORT), UdpUse::Listen);
        let arrivals = a.settle();
        let [Arrival::UdpClosed { channel: closed, refusal }] = &arrivals[..] else { panic!("{arrivals:?}") };
        assert_eq!((closed.port, refusal.code), (PORT, libc::EADDRINUSE));
    });
}

#[test]
fn a_datagram_that_cannot_leave_comes_back_with_the_reason() {
    with_two_hosts("a_datagram_that_cannot_leave_comes_back_with_the_reason", |a, _| {
        // An address that may come later: the socket opens, packets do not leave.
        let absent = channel("10.1.0.77", OURS);
        bind(a, absent, UdpUse::Send);
        assert_eq!(a.settle(), []);
        let unsent = send(a, datagram(absent, "10.1.0.2", Way::Routed, 7));
        let [Arrival::Unsent { tag: 7, refusal }] = &unsent[..] else { panic!("{unsent:?}") };
        assert_eq!(refusal.code, libc::EADDRNOTAVAIL);
        assert_eq!(refusal.why, "10.1.0.77 is no address of this host");
        a.ip("addr add 10.1.0.77/32 dev a0");
        a.settle();
        assert_eq!(send(a, datagram(absent, "10.1.0.2", Way::Routed, 7)), []);

        let here = channel("0.0.0.0", OURS + 1);
        bind(a, here, UdpUse::Send);
        for (to, way, code) in [
            ("192.0.2.1", Way::Routed, libc::ENETUNREACH),
            ("10.1.0.2", Way::Link(LinkIndex(9999)), libc::ENODEV),
        ] {
            let unsent = send(a, datagram(here, to, way, 8));
            let [Arrival::Unsent { tag: 8, refusal }] = &unsent[..] else { panic!("{unsent:?}") };
            assert_eq!(refusal.code, code, "{refusal}");
        }
    });
}

/// RFC 5880 §6.8.4: the detection time expires when nothing was received in it. What lies in the socket has been.
#[test]
fn thousands_of_datagrams_that_wait_beat_the_timer_that_expired() {
    with_two_hosts("thousands_of_datagrams_that_wait_beat_the_timer_that_expired", |a, b| {
        listen(b);
        let from = channel("10.1.0.1", OURS);
        bind(a, from, UdpUse::Send);
        assert_eq!(send(a, datagram(from, "10.1.0.2", Way::Routed, 255)), []);
        hear(b);
        a.enter();
        for _ in 0..3000 {
            a.machine.send_udp(datagram(from, "10.1.0.2", Way::Routed, 255));
        }
        assert_eq!(a.settle(), []);
        b.enter();
        let mut arrivals = Vec::new();
        b.machine.wait(Some(Instant::ZERO), &mut arrivals, &mut Vec::new()).unwrap();
        assert_eq!(arrivals.pop(), Some(Arrival::Woken));
        assert_eq!(heard(arrivals).len(), 3000);
    });
}

/// RFC 5880 §6.8.4 counts from the packet, however late we read it, and each has its own time.
#[test]
fn a_datagram_is_dated_by_when_the_host_received_it() {
    with_two_hosts("a_datagram_is_dated_by_when_the_host_received_it", |a, b| {
        listen(b);
        let from = channel("10.1.0.1", OURS);
        bind(a, from, UdpUse::Send);
        assert_eq!(send(a, datagram(from, "10.1.0.2", Way::Routed, 255)), []);
        hear(b);
        let mut sent = Vec::new();
        for _ in 0..2 {
            a.enter();
            let before = clock::now();
            a.machine.send_udp(datagram(from, "10.1.0.2", Way::Routed, 255));
            sent.push((before, clock::now()));
            a.settle();
        }
        b.enter();
        let (mut arrivals, mut ready) = (Vec::new(), Vec::new());
        let told = b.machine.wait(Some(Instant::ZERO), &mut arrivals, &mut ready).unwrap();
        assert_eq!(arrivals.pop(), Some(Arrival::Woken));
        let oldest = told - clock::BELIEVED;
        for (delivery, (before, after)) in heard(arrivals).iter().zip(sent) {
            let at = delivery.at;
            assert!(
                at >= before && at <= after.max(clock::now() - clock::BELIEVED).max(oldest),
                "{at} of {before}"
            );
        }
    });
}

/// RFC 5881 §4: a packet to ourselves that the neighbour forwards, from an address that is on no subnet.
#[test]
fn a_datagram_by_way_of_a_neighbour_comes_back() {
    with_two_hosts("a_datagram_by_way_of_a_neighbour_comes_back", |a, b| {
        a.ip("addr add 2001:db8::a/64 dev a0 nodad");
        b.ip("addr add 2001:db8::b/64 dev b0 nodad");
        b.enter();
        for setting in ["ipv4/ip_forward", "ipv6/conf/all/forwarding"] {
            std::fs::write(format!("/proc/sys/net/{setting}"), "1").unwrap();
        }
        a.settle();
        a.enter();
        let echo = 3785;
        for (any, from, ours, neighbour) in [
            ("0.0.0.0", "192.0.0.8", "10.1.0.1", "10.1.0.2"),
            ("::", "100::1", "2001:db8::a", "2001:db8::b"),
            ("::", "100::1", "2001:db8::a", "fe80::b"),
        ] {
            bind(a, channel(any, echo), UdpUse::Listen);
            let (from, link) = (channel(from, echo), a.link);
            let to = SocketAddr::new(ours.parse().unwrap(), echo);
            let way = Way::Neighbour(link, neighbour.parse().unwrap());
            let sent = UdpDatagram { from, to, way, hop_limit: 255, payload: b"echo!".to_vec(), tag: 1 };
            a.machine.send_udp(sent);
            let back = hear(a);
            assert_eq!(
                (back.link, back.source, back.destination),
                (link, SocketAddr::new(from.address, echo), to)
            );
            assert_eq!((back.hop_limit, &back.bytes[..]), (Some(254), &b"echo!"[..]));
            a.machine.unbind(channel(any, echo));
        }
    });
}
