//! A virtual router with a hardware address of its own, and what neighbours and clients see of it.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};

use crate::netns::clock::{Stamp, wait_for};
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::lab::{Host, Lab};
use crate::netns::packet::{Kind, Packet};
use crate::netns::pair::{Pair, Who};
use crate::netns::timing::LATE;

/// As keepalived names it.
pub(crate) const LINK: &str = "vrrp.51";
/// RFC 9568 §7.3, for VRID 51.
const MAC_V4: [u8; 6] = [0, 0, 0x5e, 0, 1, 51];
const MAC_V6: [u8; 6] = [0, 0, 0x5e, 0, 2, 51];

pub(crate) fn over_ipv4(makes: (Make, Make)) -> Pair {
    let instance = |priority| Instance {
        addresses: vec!["10.1.0.100/32".into(), "10.1.0.101/32".into()],
        ..Instance::v3(priority, 400).with("use_vmac")
    };
    Pair::new(makes, |a, b| {
        for host in [a, b] {
            // What the host asks by itself leaves by the base: it shall not do so from the virtual address.
            host.namespace.sysctl("ipv4/conf/all/arp_announce", "2");
        }
        (instance(150), instance(100))
    })
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
///
/// R9568-6.4.2-02: "It MUST NOT respond to ARP requests for the IPv4 address(es) associated with the Virtual Router."
/// R9568-6.4.2-03: "It MUST NOT respond to ND Neighbor Solicitation messages for the IPv6 address(es) associated with
/// the Virtual Router."
/// R9568-6.4.2-05: "It MUST discard packets with a destination link-layer MAC address equal to the Virtual Router MAC
/// address."
/// R9568-6.4.3-02: "It MUST respond to ARP requests for the IPv4 address(es) associated with the Virtual Router."
/// R9568-6.4.3-04: "It MUST respond to ND Neighbor Solicitation messages (with the Router Flag (R) set) for the IPv6
/// address(es) associated with the Virtual Router."
/// R9568-6.4.3-27: "Note: VRRP packets are transmitted with the Virtual Router MAC address as the source MAC address
/// to ensure that learning bridges correctly determine the LAN segment to which the Virtual Router is attached."
/// R9568-7.2-04: "Set the source MAC address to the Virtual Router MAC address"
/// R9568-8.1.2-01: "When a host sends an ARP request for one of the Virtual Router IPv4 addresses, the Active Router
/// MUST respond to the ARP request with an ARP response that indicates the Virtual Router MAC address for the Virtual
/// Router."
/// R9568-8.1.2-02: "The Active Router MUST NOT respond with its physical MAC address in the ARP response."
/// R9568-8.1.2-03: "When a VRRP Router restarts or boots, it SHOULD NOT send any ARP messages using its physical MAC
/// address for an IPv4 address for which it is the IPv4 address owner (as defined in Section 1.7), and it should only
/// send ARP …"
/// R9568-8.2.2-01: "When a host sends an ND Neighbor Solicitation message for a Virtual Router IPv6 address, the
/// Active Router MUST respond to the ND Neighbor Solicitation message with the Virtual Router MAC address for the
/// Virtual Router."
/// R9568-8.2.2-02: "The Active Router MUST NOT respond with its physical MAC address."
/// R9568-8.2.2-05: "When a VRRP Router restarts or boots, it SHOULD NOT send any ND messages with its physical MAC
/// address for the IPv6 address it owns and it should only send ND messages that include Virtual Router MAC
/// addresses."
/// R9568-8.2.2-07: "At system boot, when initializing interfaces for VRRP operation, all ND Router Advertisements, ND
/// Neighbor Advertisements, and ND Neighbor Solicitation messages MUST be delayed until both the IPv6 address and the
/// Virtual …"
/// R5798-6.4.3-01: "MUST respond to ND Neighbor Solicitation message for the IPv6 address(es) associated with the
/// virtual router."
/// R5798-8.1.2-01: "When a VRRP router restarts or boots, it SHOULD NOT send any ARP messages using its physical MAC
/// address for the IPv4 address it owns; it should only send ARP messages that include virtual MAC addresses."
/// R3768-6.4.2-02: "MUST NOT respond to ARP requests for the IP address(s) associated with the virtual router."
/// R3768-6.4.2-03: "MUST discard packets with a destination link layer MAC address equal to the virtual router MAC
/// address."
/// R3768-6.4.3-02: "MUST respond to ARP requests for the IP address(es) associated with the virtual router."
/// R3768-7.2-04: "Set the source MAC address to Virtual Router MAC Address"
/// R3768-8.2-01: "When a host sends an ARP request for one of the virtual router IP addresses, the Master virtual
/// router MUST respond to the ARP request with the virtual MAC address for the virtual router."
/// R3768-8.2-02: "The Master virtual router MUST NOT respond with its physical MAC address."
/// R3768-8.2-03: "When a VRRP router restarts or boots, it SHOULD not send any ARP messages with its physical MAC
/// address for the IP address it owns, it should only send ARP messages that include Virtual MAC addresses."
/// vrrp-behaviour §11.
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

/// The base is deleted, and the virtual router's link with it; both are made again.
///
/// As observed: B11-01, B22.3-02.
pub(crate) fn base_deleted_and_made_again(pair: &mut Pair) {
    pair.establish();
    let link = |pair: &Pair| {
        pair.side(Who::A).host.namespace.ip_json(&["-d", "link", "show", "dev", LINK])[0].clone()
    };
    let shown = link(pair);
    assert_eq!(shown["address"], "00:00:5e:00:01:33", "{shown}");
    assert_eq!(shown["linkinfo"]["info_data"]["mode"], "private", "{shown}");
    let deleted = Stamp::now();
    pair.lab.unplug(&pair.side(Who::A).host);
    pair.takes_over(Who::B, deleted);
    assert!(link(pair)["address"].is_null());

    // Before the base is even up.
    let host = pair.side(Who::A).host.clone();
    pair.lab.plug_down(&host);
    let again = wait_for(Duration::from_secs_f64(LATE), || link(pair)["address"].as_str().map(drop));
    assert!(again.is_some(), "{LINK} is not made again");
    let made = Stamp::now();
    host.namespace.ip(&format!("link set {} up\n{}", host.link, host.own_addresses()));
    let wait = pair.side(Who::A).instance.master_down();
    let back = pair.becomes_master(Who::A, made, wait, wait + 1.0);
    pair.steps_back(Who::B, back);
    pair.sole_holder(Who::A);
    assert_eq!(link(pair)["address"], "00:00:5e:00:01:33");
}

pub(crate) fn of_an_address(makes: (Make, Make)) -> Pair {
    Pair::on(Lab::new(), makes, |lab, a, b| {
        let instance = |host: &Host, priority| {
            lab.spare_link(host, "eth1");
            let addresses = vec!["10.1.0.100/24".into(), "10.9.0.100/24 dev eth1 use_vmac".into()];
            Instance { addresses, ..Instance::v3(priority, 400) }
        };
        (instance(a, 150), instance(b, 100))
    })
}

/// An address on another link with the virtual router's Ethernet address: the link is there from the beginning, the
/// address is the master's.
///
/// vrrp-behaviour §11.
pub(crate) fn life_of_an_address(pair: &mut Pair) {
    pair.establish();
    for who in [Who::A, Who::B] {
        let listed = pair.side(who).host.namespace.ip_json(&["-d", "addr", "show", "dev", LINK]);
        let shown = &listed[0];
        assert_eq!(shown["address"], "00:00:5e:00:01:33", "{shown}");
        assert_eq!(
            (&shown["link"], &shown["linkinfo"]["info_data"]["mode"]),
            (&"eth1".into(), &"private".into())
        );
        let held = shown["addr_info"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["local"] == "10.9.0.100"));
        assert_eq!(held, who == Who::A, "{who:?}: {shown}");
    }
    let asked = pair.side_mut(Who::A).daemon.terminate();
    pair.side_mut(Who::A).daemon.wait();
    pair.holds(Who::B);
    pair.holds_nothing(Who::A);
    let left = pair.side(Who::A).host.namespace.ip_json(&["link", "show", "type", "macvlan"]);
    assert!(
        left.as_array().is_none_or(|all| all.iter().all(serde_json::Value::is_object) && all.is_empty()),
        "{left}"
    );
    let within = Duration::from_secs_f64(LATE);
    assert!(
        pair.wire.wait_advert(&pair.side(Who::B).host, asked, within, |advert| advert.priority > 0).is_some()
    );
}

/// All that `who` sends for the virtual router comes from its hardware address, and nothing of it before its first
/// advert. What the kernel tells of groups comes from the base's.
///
/// As observed: B7-04, B11-06.
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
        if address.is_ipv6() {
            // The hosts forward: Router and Override, not Solicited.
            assert_eq!(announced.frame[58], 0xa0, "{who:?} announced {address} with other flags");
        }
    }
    for advert in pair.wire.adverts(&side.host, since, Stamp::now()) {
        assert_eq!(advert.frame[6..12], mac, "{who:?} sent an advert from another address");
    }
    let reports = pair.wire.all(&side.host, |one| is_report(&one.frame));
    assert!(!reports.is_empty(), "{who:?} never reported that it is in a group");
    // In a routing domain they leave by the domain's link, past the filter's rules, keepalived's too.
    let base = side.host.namespace.ip_json(&["link", "show", "dev", &side.host.link]);
    assert!(
        base[0]["master"].is_string() || reports.iter().all(|one| one.frame[6..12] != mac),
        "{who:?} reported a group from the virtual address"
    );
}

/// A report of group membership: IGMP, or an ICMPv6 message of type 143 behind a header of hop-by-hop options.
fn is_report(frame: &[u8]) -> bool {
    match frame.get(12..14) {
        Some([0x08, 0x00]) => frame.get(23) == Some(&2),
        Some([0x86, 0xdd]) => frame.get(20) == Some(&0) && frame.get(62) == Some(&143),
        _ => false,
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
    if mac == MAC_V6 {
        solicits(pair, client, who);
    }
}

/// What the master asks for by the virtual router's link names its hardware address. And nobody is asked whether a
/// virtual address is free: the one that comes back would lose it to the one that has it.
///
/// R9568-8.2.2-03: "When an Active Router sends an ND Neighbor Solicitation message for a host's IPv6 address, the
/// Active Router MUST include the Virtual Router MAC address for the Virtual Router if it sends a source link-layer
/// address option …"
/// R9568-8.2.2-04 (Neighbor Solicitation): "It MUST NOT use its physical MAC address in the source link-layer address
/// option."
/// R9568-8.2.2-08: "Note that on a restarting Active Router where the VRRP protected address is an interface address,
/// i.e., the address owner, Duplicate Address Detection may fail, as the Backup Router MAY answer that it owns the
/// address."
///
/// As observed: B11-02.
fn solicits(pair: &Pair, client: &Host, who: Who) {
    let host = &pair.side(who).host;
    let listing = host.namespace.ip_json(&["addr", "show", "dev", LINK]);
    let addresses = listing[0]["addr_info"].as_array().cloned().unwrap_or_default();
    for address in pair.side(who).virtual_addresses() {
        let entry = addresses.iter().find(|entry| entry["local"] == address.to_string().as_str());
        assert!(entry.is_some_and(|entry| entry["nodad"] == true), "{address}: {listing}");
    }
    // Its adverts come from the base's link-local address, which is not preferred for anything else.
    let own = host.link_local().to_string();
    let own = addresses.iter().find(|entry| entry["local"] == own.as_str());
    assert!(own.is_some_and(|entry| entry["deprecated"] == true), "{listing}");
    host.namespace.ip(&format!("neigh flush dev {LINK}"));
    let asked = Stamp::now();
    host.namespace.inside(|| {
        let socket = UdpSocket::bind("[::]:0").expect("any port");
        setsockopt(&socket, sockopt::BindToDevice, &LINK.into()).expect("root may");
        // It may be refused by then; what counts is the question that it leads to.
        let _ = socket.send_to(b"?", (client.v6(), 9));
    });
    let is_question =
        |one: &Packet| one.frame.get(12..14) == Some(&[0x86, 0xdd]) && one.frame.get(54) == Some(&135);
    let question = pair
        .wire
        .wait(host, asked, Duration::from_secs_f64(LATE), is_question)
        .expect("A asks for the client");
    assert_eq!(
        (&question.frame[6..12], &question.frame[80..86]),
        (&MAC_V6[..], &MAC_V6[..]),
        "its option and source"
    );
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
///
/// R9568-6.4.2-11 (Active_Down_Timer fires, IPv6): "Compute and join the Solicited-Node multicast address RFC4291 for
/// the IPv6 address(es) associated with the Virtual Router."
/// R9568-6.4.3-03: "It MUST be a member of the Solicited-Node multicast address for the IPv6 address(es) associated
/// with the Virtual Router."
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
