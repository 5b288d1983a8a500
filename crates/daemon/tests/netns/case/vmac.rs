//! A virtual router with a hardware address of its own, and what neighbours and clients see of it.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::netns::clock::{Stamp, wait_for};
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::lab::Host;
use crate::netns::packet::{Kind, Packet};
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::LATE;

/// RFC 9568 §7.3, for VRID 51.
const MAC_V4: [u8; 6] = [0, 0, 0x5e, 0, 1, 51];
const MAC_V6: [u8; 6] = [0, 0, 0x5e, 0, 2, 51];

pub(crate) fn over_ipv4(makes: (Make, Make)) -> Pair {
    let instance = |priority| Instance {
        addresses: vec!["10.1.0.100/32".into(), "10.1.0.101/32".into()],
        ..Instance::v3(priority, 400).with("use_vmac")
    };
    Pair::new(makes, |_, _| (instance(150), instance(100)))
}

pub(crate) fn over_ipv6(makes: (Make, Make)) -> Pair {
    let instance = |priority| Instance::v3(priority, 400).over_ipv6().with("use_vmac");
    Pair::new(makes, |a, b| {
        for host in [a, b] {
            host.namespace.sysctl("ipv6/conf/all/forwarding", "1");
        }
        (instance(150), instance(100))
    })
}

/// Who answers for the addresses, and with which hardware address, before and after a takeover.
pub(crate) fn life(pair: &mut Pair) {
    let began = Stamp::now();
    let client = pair.lab.host("eth0");
    let elected = pair.establish();
    let mac = if pair.side(Who::A).virtual_addresses()[0].is_ipv4() { MAC_V4 } else { MAC_V6 };
    speaks_with(pair, Who::A, began, elected, mac);
    is_found(pair, &client, Who::A, mac);

    let died = pair.side_mut(Who::A).daemon.power_off();
    pair.lab.cut(&pair.side(Who::A).host);
    let taken = pair.takes_over(Who::B, died);
    speaks_with(pair, Who::B, began, taken, mac);
    is_found(pair, &client, Who::B, mac);
}

/// All that `who` sends for the virtual router comes from its hardware address, and nothing of it before its first
/// advert.
fn speaks_with(pair: &Pair, who: Who, began: Stamp, since: Stamp, mac: [u8; 6]) {
    let side = pair.side(who);
    for address in side.virtual_addresses() {
        let within = Duration::from_secs_f64(LATE);
        let announced =
            pair.wire.wait(&side.host, since, within, |one| one.kind == Kind::Announcement(address));
        let announced = announced.unwrap_or_else(|| panic!("{who:?} never announced {address}"));
        assert_eq!(announced.frame[6..12], mac, "{who:?} announced {address} from another address");
        assert!(
            pair.wire.announcements(&side.host, address, began, since).is_empty(),
            "{who:?} announced {address} before it was master"
        );
        // The sender of an ARP packet; the option of a neighbour advertisement.
        let own = if address.is_ipv4() { 22..28 } else { 80..86 };
        assert_eq!(announced.frame[own], mac, "{who:?} announced another hardware address of {address}");
    }
    for advert in pair.wire.adverts(&side.host, since, Stamp::now()) {
        assert_eq!(advert.frame[6..12], mac, "{who:?} sent an advert from another address");
    }
}

/// A neighbour asks for each address, gets the virtual hardware address from `who` and from nobody else, and reaches it.
fn is_found(pair: &Pair, client: &Host, who: Who, mac: [u8; 6]) {
    let text = mac.map(|byte| format!("{byte:02x}")).join(":");
    for address in pair.side(who).virtual_addresses().into_iter().filter(is_routable) {
        client.namespace.ip(&format!("neigh flush dev {}", client.link));
        let asked = Stamp::now();
        assert!(is_accepted(client, address), "{address} of {who:?} is not reached");
        let neighbours = client.namespace.ip_json(&["neigh", "show", &address.to_string()]);
        assert_eq!(neighbours[0]["lladdr"], text.as_str(), "{address}: {neighbours}");
        let answers = |who: Who| {
            pair.wire.all(&pair.side(who).host, |one| one.at >= asked && answers_for(one, address))
        };
        assert!(!answers(who).is_empty(), "{who:?} did not answer for {address}");
        assert!(
            answers(who).iter().all(|one| one.frame[6..12] == mac),
            "{who:?} answered from another address"
        );
        if address.is_ipv6() {
            assert!(
                answers(who).iter().all(|one| one.frame[58] & 0x80 != 0),
                "{who:?} answered as no router"
            );
        }
        assert!(answers(who.other()).is_empty(), "{:?} answered for {address}", who.other());
    }
    // A switch sends frames for the virtual router to its master alone.
    let port = &pair.side(who).host.port;
    let known = wait_for(Duration::from_secs_f64(LATE), || {
        let entries = pair.lab.switch.bridge_json(&["fdb", "show", "br", "br0"]);
        let entry = entries.as_array()?.iter().find(|entry| entry["mac"] == text.as_str())?.clone();
        (entry["ifname"] == port.as_str()).then_some(())
    });
    assert!(known.is_some(), "the switch does not know {text} at {port}");
    groups(pair, who);
}

/// A global address: a link-local one would need a link in each question.
fn is_routable(address: &IpAddr) -> bool {
    if let IpAddr::V6(address) = address { !address.is_unicast_link_local() } else { true }
}

/// An ARP reply or a solicited neighbour advertisement that says where an address is.
fn answers_for(packet: &Packet, address: IpAddr) -> bool {
    let frame = &packet.frame;
    match address {
        IpAddr::V4(address) => {
            frame.get(12..14) == Some(&[0x08, 0x06])
                && frame.get(20..22) == Some(&[0, 2])
                && frame.get(28..32) == Some(&address.octets())
        }
        IpAddr::V6(address) => {
            frame.get(12..14) == Some(&[0x86, 0xdd])
                && frame.get(54) == Some(&136)
                && frame.get(58).is_some_and(|flags| flags & 0x40 != 0)
                && frame.get(62..78) == Some(&address.octets())
        }
    }
}

/// The master is in the groups by which IPv6 neighbours are solicited, its backup is not.
fn groups(pair: &Pair, master: Who) {
    for address in pair.side(master).virtual_addresses() {
        let IpAddr::V6(address) = address else { continue };
        let [.., a, b, c] = address.octets();
        // RFC 4291 §2.7.1.
        let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(a), u16::from_be_bytes([b, c]));
        for who in [Who::A, Who::B] {
            let listing = pair.side(who).host.namespace.ip_json(&["maddr", "show"]).to_string();
            let inside = listing.contains(&format!("\"{group}\""));
            if who == master {
                assert!(inside, "{who:?} is not in {group}: {listing}");
            }
        }
    }
}

/// Whether something at an address takes our packets: a port that nobody listens on is refused then.
pub(crate) fn is_accepted(client: &Host, address: IpAddr) -> bool {
    let there = SocketAddr::new(address, 9);
    let answer = client.namespace.inside(|| TcpStream::connect_timeout(&there, Duration::from_millis(700)));
    match answer {
        Ok(_) => true,
        Err(why) => why.kind() == ErrorKind::ConnectionRefused,
    }
}
