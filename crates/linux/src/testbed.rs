//! Two hosts and a wire between them, made of network namespaces that vanish with the test.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd};
use std::process::Command;
use std::time::Duration;

use host::{Arrival, Channel, Datagram, LinkIndex, Packet};
use socket2::{Domain, Protocol, Socket, Type};

use crate::namespace::Namespace;
use crate::{Machine, clock};

/// Longest that anything in a test may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Frames of every type (linux/if_ether.h).
const ETH_P_ALL: u16 = 3;
/// How long nothing must happen to be sure that nothing does.
const SILENCE: Duration = Duration::from_millis(60);

/// For tests that need root: whether this one must be skipped. Says so in a form that can be counted.
pub(crate) fn skipped(test: &str) -> bool {
    match Namespace::create() {
        Ok(_) => false,
        Err(cause) => {
            // Not by a macro: the test harness would swallow the line.
            let line = format!("SKIPPED: {test}: cannot make a network namespace: {cause}\n");
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            true
        }
    }
}

/// A host with a link to the other one.
pub(crate) struct Host {
    namespace: Namespace,
    pub(crate) link: LinkIndex,
    pub(crate) machine: Machine,
}

/// Runs a test with two hosts, `a0` and `b0` being the ends of the wire:
///
/// ```text
/// a: 10.1.0.1/24, fe80::a, 02:00:00:00:00:0a ──── b: 10.1.0.2/24, fe80::b, 02:00:00:00:00:0b
/// ```
pub(crate) fn with_two_hosts(test: &str, run: impl FnOnce(&mut Host, &mut Host) + Send) {
    if skipped(test) {
        return;
    }
    // In a thread of its own, which hops from one host to the other.
    Namespace::create()
        .unwrap()
        .run(|| {
            let [a, b] = [Namespace::create().unwrap(), Namespace::create().unwrap()];
            b.enter().unwrap();
            std::fs::write("/proc/sys/net/ipv6/conf/default/accept_dad", "0").unwrap();
            a.enter().unwrap();
            std::fs::write("/proc/sys/net/ipv6/conf/default/accept_dad", "0").unwrap();
            let other = format!("/proc/{}/fd/{}", std::process::id(), b.as_fd().as_raw_fd());
            ip("link add a0 address 02:00:00:00:00:0a type veth peer name b0 address 02:00:00:00:00:0b");
            ip(&format!("link set b0 netns {other}"));
            let mut b = Host::new(b, "b0", "10.1.0.2/24", "fe80::b/64");
            let mut a = Host::new(a, "a0", "10.1.0.1/24", "fe80::a/64");
            a.settle();
            b.settle();
            run(&mut a, &mut b);
        })
        .unwrap();
}

/// Runs `ip` where the thread is.
pub(crate) fn ip(arguments: &str) -> String {
    let output = Command::new("ip").args(arguments.split_whitespace()).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {arguments}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

impl Host {
    fn new(namespace: Namespace, link: &str, v4: &str, v6: &str) -> Self {
        namespace.enter().unwrap();
        ip("link set lo up");
        ip(&format!("link set {link} addrgenmode none"));
        ip(&format!("link set {link} up"));
        ip(&format!("addr add {v4} dev {link}"));
        ip(&format!("addr add {v6} dev {link} nodad"));
        let machine = Machine::open().unwrap();
        Self { namespace, link: index(link), machine }
    }

    /// Moves the thread to this host.
    pub(crate) fn enter(&self) {
        self.namespace.enter().unwrap();
    }

    /// Runs `ip` on this host.
    pub(crate) fn ip(&self, arguments: &str) -> String {
        self.enter();
        ip(arguments)
    }

    /// Waits until nothing more happens and tells what did.
    pub(crate) fn settle(&mut self) -> Vec<Arrival> {
        self.until(|_| false, SILENCE)
    }

    /// Waits until something happens, and tells all that did up to then.
    pub(crate) fn expect(&mut self, what: impl Fn(&Arrival) -> bool) -> Vec<Arrival> {
        let arrivals = self.until(&what, PATIENCE);
        assert!(arrivals.iter().any(what), "it did not happen; this did: {arrivals:#?}");
        arrivals
    }

    /// What was received until nothing more happens.
    pub(crate) fn received(&mut self) -> Vec<host::Delivery> {
        self.settle().into_iter().filter_map(received).collect()
    }

    /// Waits until this many packets are received, then until nothing more happens. Neighbours take their time to
    /// find each other when the machine is busy.
    pub(crate) fn receive(&mut self, count: usize) -> Vec<host::Delivery> {
        let mut all = Vec::new();
        while all.len() < count {
            all.extend(
                self.expect(|one| matches!(one, Arrival::Received(_))).into_iter().filter_map(received),
            );
        }
        all.extend(self.received());
        all
    }

    fn until(&mut self, what: impl Fn(&Arrival) -> bool, limit: Duration) -> Vec<Arrival> {
        self.enter();
        let end = clock::now() + limit;
        let mut all = Vec::new();
        loop {
            let mut arrivals = Vec::new();
            self.machine.wait(Some(end), &mut arrivals, &mut Vec::new()).unwrap();
            let ended = arrivals.contains(&Arrival::Woken);
            arrivals.retain(|arrival| !matches!(arrival, Arrival::Woken | Arrival::ClockSet(_)));
            let found = arrivals.iter().any(&what);
            all.append(&mut arrivals);
            if ended || found {
                return all;
            }
        }
    }

    /// Starts to capture all frames that come in on this host.
    pub(crate) fn capture(&self) -> Capture {
        self.enter();
        let everything = Protocol::from(i32::from(ETH_P_ALL.to_be()));
        let socket = Socket::new(Domain::PACKET, Type::RAW, Some(everything)).unwrap();
        socket.set_read_timeout(Some(SILENCE)).unwrap();
        Capture { socket }
    }

    pub(crate) fn channel(&self, address: &str) -> Channel {
        Channel { link: self.link, address: address.parse().unwrap(), protocol: host::Protocol::Vrrp }
    }

    /// A packet to send by this host's link.
    pub(crate) fn datagram(&self, tag: u64, packet: Packet) -> Datagram {
        Datagram { link: self.link, packet, tag }
    }
}

/// Frames on their way in.
pub(crate) struct Capture {
    socket: Socket,
}

impl Capture {
    /// The frames of an Ethernet type, until none comes.
    pub(crate) fn raw(&mut self, ether_type: u16) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let mut buffer = [0; 2048];
        while let Ok(length) = self.socket.read(&mut buffer) {
            let frame = &buffer[..length];
            if frame.get(12..14) == Some(&ether_type.to_be_bytes()) {
                frames.push(frame.to_vec());
            }
        }
        frames
    }

    /// The frames of an Ethernet type and, for IP, of protocol 112, until none comes.
    pub(crate) fn frames(&mut self, ether_type: u16) -> Vec<Vec<u8>> {
        let ours = |frame: &Vec<u8>| match ether_type {
            0x0800 => frame.get(23) == Some(&112),
            0x86dd => frame.get(20) == Some(&112),
            _ => true,
        };
        self.raw(ether_type).into_iter().filter(ours).collect()
    }
}

pub(crate) fn received(arrival: Arrival) -> Option<host::Delivery> {
    if let Arrival::Received(delivery) = arrival { Some(delivery) } else { None }
}

/// The bytes that hexadecimal digits stand for; spaces are left out.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The golden advert of version 2 (10.1.0.1, virtual router 51), the header's checksum left to the kernel.
pub(crate) fn golden_v4() -> Vec<u8> {
    hex("45c0002c00010000ff7000000a010001e0000012 21336402010128b2 0a010064 0a010065 7365637265740000")
}

/// The golden advert of version 3 for IPv6 (virtual router 53), its checksum left to the kernel.
pub(crate) fn golden_v6(source: &str, destination: &str) -> Packet {
    let mut payload = hex("3135c80200640000");
    payload.extend("fe80::100".parse::<Ipv6Addr>().unwrap().octets());
    payload.extend("2001:db8::1".parse::<Ipv6Addr>().unwrap().octets());
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    Packet::Ipv6 { source: address(source), destination: address(destination), hop_limit: None, payload }
}

fn index(link: &str) -> LinkIndex {
    LinkIndex(nix::net::if_::if_nametoindex(link).unwrap())
}
