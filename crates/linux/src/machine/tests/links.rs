//! Links that we make.

use std::fs;

use host::{
    Arrival, Family, LinkAddress, LinkIndex, LinkName, MacAddress, Network, NetworkOp, Prefix, Refusal,
    Ticket, VirtualLink, VirtualLinkKind,
};

use super::network::settled;
use crate::Machine;
use crate::testbed::{Host, ip, with_two_hosts};

fn name(text: &str) -> LinkName {
    LinkName::new(text).unwrap()
}

fn vmac(family: Family, vrid: u8) -> VirtualLink {
    let (prefix, number) = if family == Family::V4 { ("vrrp", 1) } else { ("vrrp6", 2) };
    VirtualLink {
        name: name(&format!("{prefix}.{vrid}")),
        base: name("a0"),
        kind: VirtualLinkKind::Vmac(MacAddress([0, 0, 0x5e, 0, number, vrid])),
        group: None,
        family,
        both_families: false,
    }
}

fn perform(host: &mut Host, op: NetworkOp) -> (Result<(), Refusal>, Vec<Arrival>) {
    host.enter();
    host.machine.submit(Ticket(1), op);
    let arrivals = host.settle();
    let [(Ticket(1), result)] = &settled(&arrivals)[..] else { panic!("{arrivals:?}") };
    (result.clone(), arrivals)
}

fn add(host: &mut Host, link: &VirtualLink) {
    assert_eq!(perform(host, NetworkOp::AddLink(link.clone())).0, Ok(()));
}

fn remove(host: &mut Host, link: &VirtualLink) {
    assert_eq!(perform(host, NetworkOp::RemoveLink(link.name.clone())).0, Ok(()));
}

fn setting(path: &str) -> String {
    fs::read_to_string(format!("/proc/sys/net/{path}")).unwrap().trim().to_owned()
}

fn settings(family: &str, link: &str, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| setting(&format!("{family}/conf/{link}/{name}"))).collect()
}

const OF_VMACS: [&str; 4] = ["arp_ignore", "accept_local", "rp_filter", "promote_secondaries"];
const OF_BASES: [&str; 2] = ["arp_ignore", "arp_filter"];

/// R9568-7.3-01: "IPv4 case: 00-00-5E-00-01-{VRID} (in hex, in network byte order)"
/// R3768-7.3-01: "00-00-5E-00-01-{VRID} (in hex in internet standard bit-order)"
/// R5798-7.4-02: "They MUST NOT use the virtual router MAC address to create the Modified Extended Unique Identifier
/// (EUI)-64 identifiers."
/// vrrp-behaviour §11.
#[test]
fn a_vmac_for_ipv4_is_a_private_macvlan_with_keepalived_s_settings_and_goes_without_a_trace() {
    let test = "a_vmac_for_ipv4_is_a_private_macvlan_with_keepalived_s_settings_and_goes_without_a_trace";
    with_two_hosts(test, |a, _| {
        a.enter();
        let write =
            |path: &str, value: &str| fs::write(format!("/proc/sys/net/ipv4/conf/{path}"), value).unwrap();
        write("all/rp_filter", "2");
        write("default/rp_filter", "0");
        write("a0/rp_filter", "1");
        write("a0/arp_filter", "0");
        a.ip("link set a0 group 77");
        let link = vmac(Family::V4, 51);
        let (result, arrivals) = perform(a, NetworkOp::AddLink(link.clone()));
        assert_eq!(result, Ok(()));
        let up = |one: &Arrival| {
            let up = |link: &host::Link| link.name.as_str() == "vrrp.51" && link.is_up();
            matches!(one, Arrival::LinkChanged(link) if up(link))
        };
        assert!(arrivals.iter().any(up), "{arrivals:?}");
        assert!(matches!(arrivals[0], Arrival::Settled { .. }), "{arrivals:?}");
        let shown = a.ip("-d link show vrrp.51");
        for words in
            ["vrrp.51@a0", "00:00:5e:00:01:33", "macvlan mode private", "addrgenmode none", "group 77", ",UP"]
        {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        assert_eq!(settings("ipv4", "vrrp.51", &OF_VMACS), ["1", "1", "0", "1"]);
        assert_eq!(settings("ipv6", "vrrp.51", &["disable_ipv6"]), ["1"]);
        assert_eq!(settings("ipv4", "a0", &OF_BASES), ["1", "1"]);
        let filters = |links: [&str; 3]| links.map(|link| setting(&format!("ipv4/conf/{link}/rp_filter")));
        assert_eq!(filters(["all", "default", "a0"]), ["0", "2", "2"]);
        assert!(a.ip("-6 addr show dev vrrp.51").is_empty());

        remove(a, &link);
        assert!(!a.ip("link").contains("vrrp.51"));
        assert_eq!(settings("ipv4", "a0", &OF_BASES), ["0", "0"]);
        assert_eq!(filters(["all", "default", "a0"]), ["2", "0", "1"]);
        // What is not there counts as taken.
        remove(a, &link);
    });
}

#[test]
fn secondary_addresses_are_promoted_where_it_is_asked_for_and_restored() {
    with_two_hosts("secondary_addresses_are_promoted_where_it_is_asked_for_and_restored", |a, _| {
        for before in ["0", "1"] {
            a.enter();
            fs::write("/proc/sys/net/ipv4/conf/a0/promote_secondaries", before).unwrap();
            let link = a.link;
            for _ in 0..2 {
                assert_eq!(perform(a, NetworkOp::Promote(link)).0, Ok(()));
                assert_eq!(settings("ipv4", "a0", &["promote_secondaries"]), ["1"]);
            }
            assert_eq!(perform(a, NetworkOp::Demote(link)).0, Ok(()));
            assert_eq!(settings("ipv4", "a0", &["promote_secondaries"]), [before]);
        }
        // A later life finds it as this one left it, and is told how it was.
        let link = a.link;
        let set = |value: &str| fs::write("/proc/sys/net/ipv4/conf/a0/promote_secondaries", value).unwrap();
        for ordered in [true, false] {
            set("0");
            assert!(a.machine.would_promote(link));
            assert_eq!(perform(a, NetworkOp::Promote(link)).0, Ok(()));
            a.machine = Machine::open().unwrap();
            a.settle();
            assert!(!a.machine.would_promote(link));
            a.machine.remember_promoted([link]);
            if ordered {
                assert_eq!(perform(a, NetworkOp::Promote(link)).0, Ok(()));
                assert_eq!(perform(a, NetworkOp::Demote(link)).0, Ok(()));
                set("1");
            }
            // What was put back already stays as somebody made it since.
            a.machine.restore();
            let left = if ordered { "1" } else { "0" };
            assert_eq!(settings("ipv4", "a0", &["promote_secondaries"]), [left]);
        }
        let nowhere = host::LinkIndex(9999);
        assert_eq!(perform(a, NetworkOp::Promote(nowhere)).0.unwrap_err().code, libc::ENODEV);
        assert_eq!(perform(a, NetworkOp::Demote(nowhere)).0, Ok(()));
    });
}

/// As observed: B11-03, B11-04.
#[test]
fn what_the_links_share_is_restored_when_the_last_one_goes() {
    with_two_hosts("what_the_links_share_is_restored_when_the_last_one_goes", |a, _| {
        a.enter();
        fs::write("/proc/sys/net/ipv4/conf/all/rp_filter", "1").unwrap();
        fs::write("/proc/sys/net/ipv4/conf/a0/arp_ignore", "2").unwrap();
        let (one, other, third) = (vmac(Family::V4, 51), vmac(Family::V4, 52), vmac(Family::V6, 53));
        for link in [&one, &other, &third] {
            add(a, link);
        }
        remove(a, &one);
        assert_eq!(settings("ipv4", "a0", &OF_BASES), ["1", "1"]);
        assert_eq!(setting("ipv4/conf/all/rp_filter"), "0");
        // Somebody else may remove it, and somebody may have settled on something else meanwhile.
        fs::write("/proc/sys/net/ipv4/conf/a0/arp_filter", "0").unwrap();
        a.ip("link del vrrp.52");
        a.settle();
        assert_eq!(settings("ipv4", "a0", &OF_BASES), ["2", "0"]);
        assert_eq!(setting("ipv4/conf/all/rp_filter"), "1");
    });
}

/// R9568-7.3-02: "IPv6 case: 00-00-5E-00-02-{VRID} (in hex, in network byte order)"
/// R5798-7.4-02: "They MUST NOT use the virtual router MAC address to create the Modified Extended Unique Identifier
/// (EUI)-64 identifiers."
/// vrrp-behaviour §11.
#[test]
fn a_vmac_for_ipv6_has_ipv6_on_from_its_first_address_and_leaves_the_host_alone() {
    let test = "a_vmac_for_ipv6_has_ipv6_on_from_its_first_address_and_leaves_the_host_alone";
    with_two_hosts(test, |a, _| {
        let wake = |a: &mut Host, link: &str, address: &str| {
            let index = LinkIndex(nix::net::if_::if_nametoindex(link).unwrap());
            let address = LinkAddress::plain(index, Prefix::new(address.parse().unwrap(), 64).unwrap());
            assert_eq!(perform(a, NetworkOp::AddAddress(address)).0, Ok(()));
        };
        a.enter();
        fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").unwrap();
        fs::write("/proc/sys/net/ipv4/conf/all/rp_filter", "1").unwrap();
        add(a, &vmac(Family::V6, 53));
        assert_eq!(settings("ipv6", "vrrp6.53", &["disable_ipv6"]), ["1"]);
        assert!(a.ip("-6 addr show dev vrrp6.53").is_empty());
        wake(a, "vrrp6.53", "fe80::53");
        assert_eq!(settings("ipv6", "vrrp6.53", &["disable_ipv6"]), ["0"]);
        assert_eq!(settings("ipv4", "vrrp6.53", &["arp_ignore"]), ["1"]);
        assert_eq!(settings("ipv4", "a0", &OF_BASES), ["0", "0"]);
        assert_eq!(setting("ipv4/conf/all/rp_filter"), "1");
        let shown = a.ip("-d link show vrrp6.53");
        assert!(shown.contains("00:00:5e:00:02:35") && shown.contains("addrgenmode none"), "{shown}");
        assert_eq!(a.ip("-6 addr show dev vrrp6.53").matches("inet6").count(), 1);
        // One that carries both families needs what each needs.
        let both = VirtualLink { both_families: true, ..vmac(Family::V4, 54) };
        add(a, &both);
        assert_eq!(settings("ipv4", "vrrp.54", &OF_VMACS), ["1", "1", "0", "1"]);
        assert_eq!(settings("ipv6", "vrrp.54", &["disable_ipv6"]), ["1"]);
        wake(a, "vrrp.54", "2001:db8::54");
        assert_eq!(settings("ipv6", "vrrp.54", &["disable_ipv6"]), ["0"]);
    });
}

#[test]
fn a_link_that_fits_is_taken_over_with_what_its_base_was_before() {
    with_two_hosts("a_link_that_fits_is_taken_over_with_what_its_base_was_before", |a, _| {
        let link = vmac(Family::V4, 51);
        a.enter();
        fs::write("/proc/sys/net/ipv4/conf/all/rp_filter", "1").unwrap();
        let host = || ["all", "default"].map(|link| setting(&format!("ipv4/conf/{link}/rp_filter")));
        add(a, &link);
        let before = a.ip("link show vrrp.51");
        // The worker dies, and another finds the link.
        a.machine = Machine::open().unwrap();
        a.settle();
        add(a, &link);
        assert_eq!(a.ip("link show vrrp.51"), before);
        assert_eq!(host(), ["0", "1"]);
        remove(a, &link);
        assert_eq!(settings("ipv4", "a0", &OF_BASES), ["0", "0"]);
        assert_eq!(host(), ["1", "0"]);
        // Another that has no use for it removes it too.
        add(a, &link);
        a.machine = Machine::open().unwrap();
        a.settle();
        remove(a, &link);
        assert_eq!(settings("ipv4", "a0", &OF_BASES), ["0", "0"]);
        assert_eq!(host(), ["1", "0"]);
        assert!(!a.ip("link").contains("vrrp.51"));
    });
}

#[test]
fn a_link_of_somebody_else_is_neither_taken_over_nor_removed() {
    with_two_hosts("a_link_of_somebody_else_is_neither_taken_over_nor_removed", |a, _| {
        let link = vmac(Family::V4, 51);
        for foreign in [
            "link add vrrp.51 type bridge",
            "link add vrrp.51 link a0 address 00:00:5e:00:01:34 type macvlan mode private",
            "link add vrrp.51 link a0 address 00:00:5e:00:01:33 type macvlan mode bridge",
        ] {
            a.ip(foreign);
            let refusal = perform(a, NetworkOp::AddLink(link.clone())).0.unwrap_err();
            assert_eq!(refusal.code, libc::EEXIST);
            let why = "there is an interface vrrp.51 already, and it is not this virtual router's on a0";
            assert_eq!(refusal.why, why);
            assert_eq!(settings("ipv4", "a0", &OF_BASES), ["0", "0"]);
            if !foreign.contains("private") {
                let refusal = perform(a, NetworkOp::RemoveLink(link.name.clone())).0.unwrap_err();
                assert_eq!(refusal.why, "the interface vrrp.51 is not ours to remove");
            }
            a.ip("link del vrrp.51");
            a.settle();
        }
        let nowhere = VirtualLink { base: name("absent"), ..link };
        let refusal = perform(a, NetworkOp::AddLink(nowhere)).0.unwrap_err();
        assert_eq!((refusal.code, &refusal.why[..]), (libc::ENODEV, "there is no interface absent"));
    });
}

#[test]
fn our_own_link_is_made_anew_when_it_is_to_be_another() {
    with_two_hosts("our_own_link_is_made_anew_when_it_is_to_be_another", |a, _| {
        add(a, &vmac(Family::V4, 51));
        let other = VirtualLink {
            kind: VirtualLinkKind::Vmac(MacAddress([2, 0, 0, 0, 0, 99])),
            group: Some(5),
            ..vmac(Family::V4, 51)
        };
        add(a, &other);
        let shown = a.ip("-d link show vrrp.51");
        assert!(shown.contains("02:00:00:00:00:63") && shown.contains("group 5"), "{shown}");
        remove(a, &other);
        assert_eq!(settings("ipv4", "a0", &OF_BASES), ["0", "0"]);
    });
}

#[test]
fn a_link_on_a_base_that_is_down_comes_up_with_it() {
    with_two_hosts("a_link_on_a_base_that_is_down_comes_up_with_it", |a, _| {
        a.ip("link set a0 down");
        add(a, &vmac(Family::V4, 51));
        assert!(a.ip("link show vrrp.51").contains("state LOWERLAYERDOWN"));
        a.ip("link set a0 up");
        a.expect(|one| {
            matches!(one, Arrival::LinkChanged(link) if link.name.as_str() == "vrrp.51" && link.is_up())
        });
    });
}

#[test]
fn a_base_that_goes_takes_its_links_and_all_begins_anew_on_another() {
    with_two_hosts("a_base_that_goes_takes_its_links_and_all_begins_anew_on_another", |a, _| {
        a.enter();
        fs::write("/proc/sys/net/ipv4/conf/all/rp_filter", "1").unwrap();
        let link = vmac(Family::V4, 51);
        add(a, &link);
        a.ip("link del a0");
        a.settle();
        assert_eq!(setting("ipv4/conf/all/rp_filter"), "1");
        ip("link add a0 type bridge");
        a.settle();
        add(a, &link);
        assert_eq!(settings("ipv4", "a0", &OF_BASES), ["1", "1"]);
    });
}

/// Adverts of other routers must not wait, and a stop has a second for everything. One by one a hundred links take the
/// kernel seconds to remove.
#[test]
fn links_that_go_together_go_at_once() {
    with_two_hosts("links_that_go_together_go_at_once", |a, _| {
        a.enter();
        a.ip("link add vrrp.200 type bridge");
        let links: Vec<_> = (1..=100).map(|vrid| vmac(Family::V4, vrid)).collect();
        for (ticket, link) in (1..).map(Ticket).zip(&links) {
            a.machine.submit(ticket, NetworkOp::AddLink(link.clone()));
        }
        a.settle();
        for (ticket, link) in (1..).map(Ticket).zip(&links) {
            a.machine.submit(ticket, NetworkOp::RemoveLink(link.name.clone()));
        }
        a.machine.submit(Ticket(101), NetworkOp::RemoveLink(name("vrrp.200")));
        let begin = crate::clock::now();
        let mut arrivals = Vec::new();
        a.machine.wait(Some(begin), &mut arrivals, &mut Vec::new()).unwrap();
        let took = crate::clock::now().since(begin);
        assert!(took < std::time::Duration::from_secs(1), "{took:?}");
        let mut answers = settled(&arrivals);
        answers.sort_unstable_by_key(|(ticket, _)| *ticket);
        assert_eq!(answers.len(), 101);
        assert!(answers.pop().unwrap().1.is_err());
        assert!(answers.iter().all(|(_, result)| *result == Ok(())), "{answers:?}");
        let left = a.ip("link");
        assert_eq!(left.matches("vrrp.").count(), 1, "{left}");
        assert_eq!(settings("ipv4", "a0", &OF_BASES), ["0", "0"]);
    });
}

#[test]
fn a_link_that_is_to_go_and_wanted_again_is_made_anew() {
    with_two_hosts("a_link_that_is_to_go_and_wanted_again_is_made_anew", |a, _| {
        let link = vmac(Family::V4, 51);
        add(a, &link);
        a.machine.submit(Ticket(1), NetworkOp::RemoveLink(link.name.clone()));
        a.machine.submit(Ticket(2), NetworkOp::AddLink(link.clone()));
        assert_eq!(settled(&a.settle()), [(Ticket(1), Ok(())), (Ticket(2), Ok(()))]);
        assert!(a.ip("link show vrrp.51").contains(",UP"));
        assert_eq!(settings("ipv4", "a0", &OF_BASES), ["1", "1"]);
        remove(a, &link);
        assert_eq!(settings("ipv4", "a0", &OF_BASES), ["0", "0"]);
    });
}
