//! What the kernel refuses, loses, or tells late.

use alloc::vec;
use core::time::Duration;

use host::{Channel, LinkAddress, Prefix, Protocol, Refusal};

use super::bench::*;
use crate::config::Mode;
use crate::event::{Action, Event};
use crate::notice::State;

fn vip() -> LinkAddress {
    LinkAddress::plain(ETH0, Prefix::host(VIP.into()))
}

#[test]
fn an_address_that_somebody_deletes_is_put_back_and_announced_and_mastership_kept() {
    let mut bench = Bench::master(instance());
    let out = bench.tell(Event::AddressRemoved(vip()));
    assert_eq!(brief(&out), ["+192.0.2.100/32", "garp 192.0.2.100"]);
    let line = "(VI_1) Netlink reflector reports IP 192.0.2.100 removed from eth0, putting it back";
    assert_eq!(log(&out)[0], line);
    assert_eq!(bench.state(), State::Master);
    assert_eq!(bench.status().counters.addresses_restored, 1);
}

#[test]
fn a_survey_without_the_address_is_a_loss_too() {
    let mut bench = Bench::master(instance());
    let out = bench.tell(survey(vec![link(true)], vec![address(OURS)]));
    assert_eq!(brief(&out), ["+192.0.2.100/32", "garp 192.0.2.100"]);
}

#[test]
fn a_refused_address_is_told_and_tried_again() {
    let mut bench = Bench::with(instance());
    bench.obedient = false;
    let out = bench.wait(3_700);
    let Some(Action::Network(ticket, _)) = out.iter().find(|a| matches!(a, Action::Network(..))) else {
        panic!()
    };
    let refusal = Refusal { code: 1, why: "Operation not permitted".into() };
    let out = bench.tell(Event::Settled { ticket: *ticket, result: Err(refusal) });
    assert_eq!(log(&out), ["(VI_1) cannot set 192.0.2.100/32 on eth0: Operation not permitted"]);
    assert_eq!(bench.state(), State::Master);
    assert_eq!(brief(&bench.wait(150)), ["+192.0.2.100/32"]);
}

#[test]
fn an_instance_that_cannot_listen_does_not_take_part() {
    let mut bench = Bench::master(instance());
    let channel = Channel { link: ETH0, address: Mode::GROUP_V4, protocol: Protocol::Vrrp };
    let refusal = Refusal { code: 105, why: "No buffer space available".into() };
    let out = bench.tell(Event::Deaf { channel, refusal });
    assert_eq!(brief(&out), ["advert 0", "FAULT", "-192.0.2.100/32"]);
    assert_eq!(log(&out)[0], "(VI_1) cannot receive adverts: No buffer space available");
    let out = bench.wait(1_000);
    assert_eq!(brief(&out), ["listen [51]", "BACKUP"]);
}

#[test]
fn an_advert_that_cannot_be_sent_is_said_once_and_counted() {
    let mut bench = Bench::master(instance());
    let refusal = Refusal { code: 101, why: "Network is unreachable".into() };
    let unsent = Event::Unsent { tag: 1, refusal };
    assert_eq!(log(&bench.tell(unsent.clone())), ["(VI_1) send advert error 101 (Network is unreachable)"]);
    assert_eq!(bench.tell(unsent), []);
    assert_eq!(bench.status().counters.unsent, 2);
}

#[test]
fn a_new_channel_set_is_asked_for_only_when_it_changes() {
    let mut bench = Bench::master(instance());
    bench.tell(Event::LinkChanged(link(false)));
    assert_eq!(brief(&bench.tell(Event::LinkChanged(link(true)))), ["BACKUP"]);
    assert!(bench.wait(100).is_empty());
    assert_eq!(bench.now, bench.now + Duration::ZERO);
}
