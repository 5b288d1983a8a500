//! Whether packets to a virtual address are taken in, and whether those behind it are passed on.

use std::net::{IpAddr, Ipv4Addr};

use crate::netns::clock::Stamp;
use crate::netns::daemon::Make;
use crate::netns::instance::Instance;
use crate::netns::lab::{Host, Lab};
use crate::netns::pair::{Pair, Who};

use super::vmac::is_accepted;

/// Behind the master, two hops from the client.
const BEHIND: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 2));

/// Two that forward, with a network behind A.
fn routers(makes: (Make, Make), instance: fn(u8) -> Instance, owner: bool) -> Pair {
    Pair::on(Lab::new(), makes, |lab, a, b| {
        let spare = lab.spare_link(a, "eth1");
        for host in [a, b] {
            host.namespace.sysctl("ipv4/ip_forward", "1");
            host.namespace.sysctl("ipv6/conf/all/forwarding", "1");
        }
        a.namespace.ip("addr add 198.51.100.1/24 dev eth1");
        lab.switch
            .ip(&format!("addr add {BEHIND}/24 dev {}\nroute add 10.1.0.0/24 via 198.51.100.1", spare.port));
        (instance(if owner { 255 } else { 150 }), instance(100))
    })
}

fn open(priority: u8) -> Instance {
    both_families(Instance::v3(priority, 400).with("accept"))
}

fn closed(priority: u8) -> Instance {
    both_families(Instance::v2(priority).with("no_accept"))
}

fn strict_instance(priority: u8) -> Instance {
    both_families(Instance::v3(priority, 400).with_block("global_defs {\n    vrrp_strict\n}"))
}

fn both_families(instance: Instance) -> Instance {
    instance.with("virtual_ipaddress_excluded {\n        2001:db8:1::100/64\n    }")
}

pub(crate) fn accepting(makes: (Make, Make)) -> Pair {
    routers(makes, open, false)
}

pub(crate) fn refusing(makes: (Make, Make)) -> Pair {
    routers(makes, closed, false)
}

pub(crate) fn strict(makes: (Make, Make)) -> Pair {
    routers(makes, strict_instance, false)
}

pub(crate) fn strict_accepting(makes: (Make, Make)) -> Pair {
    routers(makes, |priority| strict_instance(priority).with("accept"), false)
}

pub(crate) fn owning(makes: (Make, Make)) -> Pair {
    routers(makes, closed, true)
}

pub(crate) fn accept(pair: &mut Pair) {
    takes_in_what_it_may_and_forwards(pair, true);
}

pub(crate) fn no_accept(pair: &mut Pair) {
    takes_in_what_it_may_and_forwards(pair, false);
}

/// A answers, or does not, at its addresses, is found by neighbours and forwards all the same; so does B once it has
/// taken over, and as a backup it takes nothing in.
///
/// R9568-6.1-02: "Note: IPv6 Neighbor Solicitations and Neighbor Advertisements MUST NOT be dropped when Accept_Mode
/// is False."
/// R9568-6.4.2-06: "It MUST NOT accept packets addressed to the IPvX address(es) associated with the Virtual Router."
/// R9568-6.4.3-06 (Accept_Mode is False): "It MUST NOT drop IPv6 Neighbor Solicitations and Neighbor Advertisements."
/// R9568-6.4.3-07: "It MUST forward packets with a destination link-layer MAC address equal to the Virtual Router MAC
/// address."
/// R9568-6.4.3-08: "It MUST accept packets addressed to the IPvX address(es) associated with the Virtual Router if it
/// is the IPvX address owner or if Accept_Mode is True."
/// R9568-6.4.3-09 (packets addressed to the IPvX address(es): "Otherwise, it MUST NOT accept these packets."
/// R9568-8.3.1-01: "If it is not the address owner, a VRRP Router SHOULD NOT forward packets addressed to the IPvX
/// address for which it becomes the Active Router."
/// R3768-6.4.2-04: "MUST NOT accept packets addressed to the IP address(es) associated with the virtual router."
/// R3768-6.4.3-03: "MUST forward packets with a destination link layer MAC address equal to the virtual router MAC
/// address."
/// R3768-6.4.3-04: "MUST NOT accept packets addressed to the IP address(es) associated with the virtual router if it
/// is not the IP address owner."
/// R3768-6.4.3-05: "MUST accept packets addressed to the IP address(es) associated with the virtual router if it is
/// the IP address owner."
/// R3768-8.4-01: "A VRRP router SHOULD not forward packets addressed to the IP Address(es) it becomes Master for if
/// it is not the owner."
/// vrrp-behaviour §6, §11.
/// As observed: B11-05, B22.5-01.
fn takes_in_what_it_may_and_forwards(pair: &mut Pair, accepted: bool) {
    let client = pair.lab.host("eth0");
    client.namespace.ip("route add 198.51.100.0/24 via 10.1.0.100");
    pair.establish();
    reached(pair, &client, Who::A, accepted);
    assert!(is_accepted(&client, BEHIND), "A does not forward");

    let asked = pair.side_mut(Who::A).daemon.terminate();
    let wait = pair.side(Who::B).instance.master_down();
    pair.becomes_master(Who::B, asked, 0.0, 1.0 + wait);
    pair.side_mut(Who::A).daemon.wait();
    let owner = pair.side(Who::A).instance.priority == 255;
    reached(pair, &client, Who::B, accepted && !owner);
}

fn reached(pair: &Pair, client: &Host, who: Who, accepted: bool) {
    pair.sole_holder(who);
    let six: IpAddr = "2001:db8:1::100".parse().expect("it is an address");
    for address in pair.side(who).virtual_addresses().into_iter().chain([six]) {
        client.namespace.ip(&format!("neigh flush dev {}", client.link));
        let asked = Stamp::now();
        let seen = is_accepted(client, address);
        assert_eq!(seen, accepted, "packets to {address} of {who:?} are taken in: {seen}");
        let neighbours = client.namespace.ip_json(&["neigh", "show", &address.to_string()]);
        assert!(!neighbours[0]["lladdr"].is_null(), "{who:?} is not found at {address}: {neighbours}");
        // Nobody sends them on: a loop would be the end of them.
        for side in [Who::A, Who::B] {
            let destination = |frame: &[u8]| match address {
                IpAddr::V4(address) => {
                    frame.get(12..14) == Some(&[8, 0]) && frame.get(30..34) == Some(&address.octets())
                }
                IpAddr::V6(address) => {
                    frame.get(12..14) == Some(&[0x86, 0xdd]) && frame.get(38..54) == Some(&address.octets())
                }
            };
            let passed =
                pair.wire.all(&pair.side(side).host, |one| one.at >= asked && destination(&one.frame));
            assert!(passed.is_empty(), "{side:?} passed on what was for {address}");
        }
    }
}
