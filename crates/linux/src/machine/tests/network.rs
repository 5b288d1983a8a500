//! Links and addresses.

use std::net::IpAddr;

use host::{Arrival, Link, LinkAddress, LinkIndex, MacAddress, Network, NetworkOp, Prefix, Refusal, Ticket};
use nix::sys::socket::{setsockopt, sockopt};

use crate::Machine;
use crate::namespace::Namespace;
use crate::netlink::tests::protocols;
use crate::testbed::{Host, ip, skipped, with_two_hosts};

fn address(host: &Host, text: &str, length: u8) -> LinkAddress {
    LinkAddress::plain(host.link, Prefix::new(text.parse().unwrap(), length).unwrap())
}

pub(super) fn settled(arrivals: &[Arrival]) -> Vec<(Ticket, Result<(), Refusal>)> {
    let settled = |arrival: &Arrival| {
        if let Arrival::Settled { ticket, result } = arrival { Some((*ticket, result.clone())) } else { None }
    };
    arrivals.iter().filter_map(settled).collect()
}

#[test]
fn the_first_wait_tells_every_link_and_address() {
    with_two_hosts("the_first_wait_tells_every_link_and_address", |a, _| {
        a.enter();
        std::fs::write("/proc/sys/net/ipv6/conf/a0/forwarding", "1").unwrap();
        let mut machine = Machine::open().unwrap();
        let mut arrivals = Vec::new();
        machine.wait(None, &mut arrivals, &mut Vec::new()).unwrap();
        let Arrival::Surveyed { links, addresses, .. } = &arrivals[1] else { panic!("{arrivals:?}") };
        let lo = links.iter().find(|link| link.name.as_str() == "lo").unwrap();
        assert!(lo.loopback && lo.mac.is_none() && !lo.ipv6_router);
        let wire = links.iter().find(|link| link.index == a.link).unwrap();
        let mac = Some(MacAddress([2, 0, 0, 0, 0, 10]));
        let expected = Link {
            index: a.link,
            name: host::LinkName::new("a0").unwrap(),
            admin_up: true,
            running: true,
            mtu: 1500,
            mac,
            arp: true,
            multicast: true,
            loopback: false,
            ipv6_router: true,
        };
        assert_eq!(*wire, expected);
        let on_wire: Vec<String> = addresses
            .iter()
            .filter(|address| address.link == a.link)
            .map(|address| address.prefix.to_string())
            .collect();
        assert_eq!(on_wire, ["10.1.0.1/24", "fe80::a/64"]);
        assert!(matches!(arrivals[0], Arrival::ClockSet(_)), "adverts are dated from the first on");
        assert_eq!(arrivals.len(), 2);
    });
}

#[test]
fn an_address_is_put_marked_as_keepalived_marks_it_and_taken_again() {
    with_two_hosts("an_address_is_put_marked_as_keepalived_marks_it_and_taken_again", |a, _| {
        for (ordered, shown) in [
            (address(a, "10.1.0.100", 32), "inet 10.1.0.100/32 scope global a0"),
            (
                LinkAddress { flags: LinkAddress::NODAD, ..address(a, "2001:db8::1", 128) },
                "inet6 2001:db8::1/128 scope global nodad",
            ),
        ] {
            a.machine.submit(Ticket(1), NetworkOp::AddAddress(ordered.clone()));
            let mut arrivals = a.settle();
            assert_eq!(settled(&arrivals), [(Ticket(1), Ok(()))]);
            arrivals.retain(|arrival| matches!(arrival, Arrival::AddressAdded(_)));
            let [Arrival::AddressAdded(told)] = &mut arrivals[..] else { panic!("{arrivals:?}") };
            // The kernel adds that it is permanent.
            told.flags &= !0x80;
            assert_eq!(*told, ordered);
            let listed = a.ip("addr show dev a0");
            assert!(listed.contains(shown), "{listed}");
            assert!(protocols().contains(&(ordered.prefix.address(), Some(18))), "{:?}", protocols());

            a.machine.submit(Ticket(2), NetworkOp::RemoveAddress(ordered.clone()));
            let arrivals = a.settle();
            assert_eq!(settled(&arrivals), [(Ticket(2), Ok(()))]);
            let gone =
                |one: &Arrival| matches!(one, Arrival::AddressRemoved(gone) if gone.prefix == ordered.prefix);
            assert!(arrivals.iter().any(gone), "{arrivals:?}");
            assert!(!a.ip("addr show dev a0").contains(shown));
        }
    });
}

#[test]
fn every_option_of_an_address_reaches_the_kernel_and_comes_back() {
    with_two_hosts("every_option_of_an_address_reaches_the_kernel_and_comes_back", |a, _| {
        let some = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let v4 = LinkAddress {
            broadcast: some("10.50.5.200"),
            scope: 253,
            label: Some("a0:vip".into()),
            flags: LinkAddress::NO_PREFIX_ROUTE,
            ..address(a, "10.50.5.1", 24)
        };
        let pointed = LinkAddress { peer: some("10.50.12.2"), ..address(a, "10.50.12.1", 32) };
        let v6 = LinkAddress {
            flags: LinkAddress::NODAD | LinkAddress::HOME,
            preferred_lifetime: Some(0),
            ..address(a, "2001:db8:50::1", 64)
        };
        for (order, expected) in [
            (&v4, "inet 10.50.5.1/24 brd 10.50.5.200 scope link noprefixroute a0:vip"),
            (&pointed, "inet 10.50.12.1 peer 10.50.12.2/32 scope global a0"),
            (&v6, "inet6 2001:db8:50::1/64 scope global nodad home deprecated"),
        ] {
            a.machine.submit(Ticket(1), NetworkOp::AddAddress(order.clone()));
            let arrivals = a.settle();
            assert_eq!(settled(&arrivals), [(Ticket(1), Ok(()))]);
            let told = arrivals.into_iter().find_map(|arrival| {
                if let Arrival::AddressAdded(told) = arrival { Some(told) } else { None }
            });
            let mut told = told.unwrap();
            // The kernel adds that it is permanent, or deprecated.
            told.flags &= !0xa0;
            assert_eq!(told, *order);
            let listed = a.ip("addr show dev a0");
            let mut words: Vec<&str> = expected.split(' ').collect();
            words.sort_unstable();
            let same = |line: &str| {
                let mut line: Vec<&str> = line.split_whitespace().collect();
                line.sort_unstable();
                line == words
            };
            assert!(listed.lines().any(same), "{expected} is not in\n{listed}");
        }
    });
}

#[test]
fn an_address_with_a_lifetime_is_renewed() {
    with_two_hosts("an_address_with_a_lifetime_is_renewed", |a, _| {
        for vip in [address(a, "10.1.0.100", 32), address(a, "2001:db8::1", 128)] {
            let mut vip = LinkAddress { flags: LinkAddress::NODAD, valid_lifetime: Some(100), ..vip };
            a.machine.submit(Ticket(1), NetworkOp::AddAddress(vip.clone()));
            vip.valid_lifetime = Some(900);
            a.machine.submit(Ticket(2), NetworkOp::RenewAddress(vip.clone()));
            let arrivals = a.settle();
            assert_eq!(settled(&arrivals), [(Ticket(1), Ok(())), (Ticket(2), Ok(()))]);
            let told = |one: &Arrival| {
                if let Arrival::AddressAdded(told) = one { told.valid_lifetime } else { None }
            };
            let lifetimes: Vec<_> = arrivals.iter().filter_map(told).collect();
            assert!(lifetimes.last() == Some(&900), "{arrivals:?}");
        }
    });
}

#[test]
fn what_is_so_already_is_no_refusal_and_a_refusal_has_the_kernels_words() {
    with_two_hosts("what_is_so_already_is_no_refusal_and_a_refusal_has_the_kernels_words", |a, _| {
        let vip = address(a, "10.1.0.100", 32);
        let nowhere = LinkAddress { link: LinkIndex(9999), ..vip.clone() };
        let mut ticket = 0;
        let mut submit = |op| {
            ticket += 1;
            a.machine.submit(Ticket(ticket), op);
        };
        submit(NetworkOp::AddAddress(vip.clone()));
        submit(NetworkOp::AddAddress(vip.clone()));
        submit(NetworkOp::RemoveAddress(vip.clone()));
        submit(NetworkOp::RemoveAddress(vip));
        submit(NetworkOp::RemoveAddress(nowhere.clone()));
        submit(NetworkOp::AddAddress(nowhere));
        let refusal = Refusal { code: libc::ENODEV, why: "ipv4: Device not found".into() };
        let expected = [Ok(()), Ok(()), Ok(()), Ok(()), Ok(()), Err(refusal)];
        let expected: Vec<_> = (1..).map(Ticket).zip(expected).collect();
        assert_eq!(settled(&a.settle()), expected);
    });
}

#[test]
fn many_orders_are_all_answered_in_order() {
    with_two_hosts("many_orders_are_all_answered_in_order", |a, _| {
        let count: u16 = 600;
        for number in 0..count {
            let [high, low] = number.to_be_bytes();
            let vip = address(a, &format!("10.60.{high}.{low}"), 32);
            a.machine.submit(Ticket(number.into()), NetworkOp::AddAddress(vip));
        }
        let arrivals = a.settle();
        let expected: Vec<_> = (0..u64::from(count)).map(|number| (Ticket(number), Ok(()))).collect();
        assert_eq!(settled(&arrivals), expected);
        let told = arrivals.iter().filter(|arrival| matches!(arrival, Arrival::AddressAdded(_))).count();
        assert_eq!(told, usize::from(count));
    });
}

#[test]
fn a_link_goes_down_comes_up_and_goes_away() {
    with_two_hosts("a_link_goes_down_comes_up_and_goes_away", |a, b| {
        let state = |running, admin_up, link| {
            move |arrival: &Arrival| {
                matches!(arrival, Arrival::LinkChanged(told)
                    if told.index == link && told.running == running && told.admin_up == admin_up)
            }
        };
        // The other end goes: no carrier here.
        b.ip("link set b0 down");
        a.expect(state(false, true, a.link));
        b.ip("link set b0 up");
        a.expect(state(true, true, a.link));
        a.ip("link set a0 down");
        a.expect(state(false, false, a.link));
        a.ip("link set a0 mtu 1400");
        let arrivals = a.settle();
        assert!(matches!(&arrivals[..], [Arrival::LinkChanged(link)] if link.mtu == 1400), "{arrivals:?}");
        a.ip("link del a0");
        let arrivals = a.settle();
        assert!(arrivals.contains(&Arrival::LinkRemoved(a.link)), "{arrivals:?}");
        a.ip("link add a0 type veth peer name a1");
        let old = a.link;
        a.expect(|arrival| {
            matches!(arrival, Arrival::LinkChanged(link) if link.name.as_str() == "a0" && link.index != old)
        });
    });
}

#[test]
fn a_link_that_begins_to_forward_ipv6_is_told_as_changed() {
    with_two_hosts("a_link_that_begins_to_forward_ipv6_is_told_as_changed", |a, _| {
        a.enter();
        for (value, does) in [("1", true), ("0", false)] {
            for place in ["a0", "all"] {
                std::fs::write(format!("/proc/sys/net/ipv6/conf/{place}/forwarding"), value).unwrap();
            }
            let changes = a.settle();
            let on_wire = |one: &&Arrival| matches!(one, Arrival::LinkChanged(link) if link.index == a.link && link.ipv6_router == does);
            assert_eq!(changes.iter().filter(on_wire).count(), 1, "{changes:?}");
        }
        // A change of something else keeps it.
        a.ip("link set a0 mtu 1400");
        let arrivals = a.settle();
        assert!(matches!(&arrivals[..], [Arrival::LinkChanged(link)] if !link.ipv6_router), "{arrivals:?}");
    });
}

#[test]
fn a_message_that_changes_nothing_is_not_told() {
    with_two_hosts("a_message_that_changes_nothing_is_not_told", |a, _| {
        // The kernel announces the link anew, and it is as it was for all that an engine knows.
        a.ip("link set a0 alias wire");
        assert_eq!(a.settle(), []);
    });
}

/// A bridge speaks of a port that leaves it in a message of the type that means "the link is gone".
#[test]
fn a_port_that_leaves_a_bridge_is_not_gone() {
    with_two_hosts("a_port_that_leaves_a_bridge_is_not_gone", |a, _| {
        a.ip("link add br0 type bridge");
        a.ip("link set a0 master br0");
        a.ip("link set a0 nomaster");
        let arrivals = a.settle();
        assert!(!arrivals.iter().any(|arrival| matches!(arrival, Arrival::LinkRemoved(_))), "{arrivals:?}");
    });
}

#[test]
fn changes_that_were_lost_lead_to_a_new_survey() {
    if skipped("changes_that_were_lost_lead_to_a_new_survey") {
        return;
    }
    let test = || {
        ip("link add d0 type veth peer name d1");
        let mut machine = Machine::open().unwrap();
        let mut arrivals = Vec::new();
        machine.wait(None, &mut arrivals, &mut Vec::new()).unwrap();
        // The kernel doubles it, and room for its own book-keeping is counted.
        setsockopt(&machine.watch, sockopt::RcvBuf, &4096).unwrap();
        for number in 1..60 {
            ip(&format!("addr add 10.9.0.{number}/32 dev d0"));
        }
        arrivals.clear();
        machine.wait(None, &mut arrivals, &mut Vec::new()).unwrap();
        let [Arrival::Surveyed { addresses, .. }, ..] = &arrivals[..] else { panic!("{arrivals:?}") };
        let ours = addresses.iter().filter(|one| one.prefix.to_string().starts_with("10.9.0.")).count();
        assert_eq!(ours, 59);
    };
    Namespace::create().unwrap().run(test).unwrap();
}
