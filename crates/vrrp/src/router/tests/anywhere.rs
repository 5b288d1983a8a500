//! Instances without an interface: they speak to peers, by whichever link the routing table says.

use alloc::vec;
use alloc::vec::Vec;

use host::{Channel, Datagram, LinkIndex, Protocol};

use super::bench::*;
use crate::config::{InstanceConfig, Mode, Peer, VirtualAddress};
use crate::event::{Action, Event};
use crate::notice::State;

/// It speaks from an address to one peer, and its virtual address is on `eth0`.
fn anywhere(tracked: bool) -> InstanceConfig {
    let peers = vec![Peer { address: HIGH.into(), ttl: (0, 255) }];
    let mut it = instance().with(|it| it.mode = Mode::Unicast { peers, ttl: None, check_source: false });
    it.addresses[0] = VirtualAddress { link: Some(eth0()), track: tracked, ..it.addresses[0].clone() };
    InstanceConfig { link: None, source: Some(OURS.into()), ..it }
}

fn ways(actions: &[Action]) -> Vec<LinkIndex> {
    let mut ways = Vec::new();
    for action in actions {
        if let Action::Send(Datagram { link, packet: host::Packet::Ipv4(_), .. }) = action {
            ways.push(*link);
        }
    }
    ways
}

/// vrrp-behaviour §2, §9.
#[test]
fn without_a_link_adverts_come_and_go_by_any_and_addresses_are_on_theirs() {
    let (mut bench, out) = Bench::start(config([anywhere(true)], []));
    let channel = Channel { link: LinkIndex::ANY, address: OURS.into(), protocol: Protocol::Vrrp };
    assert!(out.contains(&Action::Listen(channel, vec![51])), "{out:?}");
    let out = bench.wait(3_700);
    assert_eq!(ways(&out), [LinkIndex::ANY]);
    assert_eq!(brief(&out)[..3], ["advert 100", "MASTER", "+192.0.2.100/32"]);
    assert!(brief(&out).contains(&"garp 192.0.2.100".into()), "on the link of the address");

    let mut better = advert(&instance(), HIGH, 200);
    better.link = LinkIndex::ANY;
    better.destination = OURS.into();
    better.bytes[16..20].copy_from_slice(&OURS.octets());
    bench.tell(Event::Received(better));
    assert_eq!(bench.state(), State::Backup);
}

/// As keepalived: there is no interface of its own that could fail; those of its addresses count, unless they say `no_track`.
///
/// vrrp-behaviour §9.
#[test]
fn without_a_link_only_those_of_its_addresses_can_fail() {
    for (tracked, expected) in [(true, State::Fault), (false, State::Master)] {
        let mut bench = Bench::master(anywhere(tracked));
        bench.tell(Event::LinkChanged(link(false)));
        assert_eq!(bench.state(), expected);
    }
    let mut bench = Bench::master(anywhere(false));
    bench.tell(Event::LinkRemoved(ETH0));
    assert_eq!(ways(&bench.wait(1_000)), [LinkIndex::ANY], "it speaks on");
}
