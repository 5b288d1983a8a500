//! Policy rules.

use host::{Arrival, Family, NetworkOp, Prefix, Rule, RuleAction, Ticket};

use super::routes::{perform, prefix, surveyed};
use crate::testbed::with_two_hosts;

fn rule(family: Family, priority: u32) -> Rule {
    Rule::plain(family, priority, RuleAction::Table(100))
}

/// Every option by itself, as Keepalived's rules were shown.
fn rules() -> Vec<(Rule, &'static str)> {
    let v4 = |change: fn(&mut Rule)| {
        let mut rule = rule(Family::V4, 1000);
        change(&mut rule);
        rule
    };
    let v6 = |change: fn(&mut Rule)| {
        let mut rule = rule(Family::V6, 2000);
        change(&mut rule);
        rule
    };
    vec![
        (v4(|_| {}), "from all lookup 100"),
        (v4(|r| r.from = Some(prefix("10.70.2.0/24"))), "from 10.70.2.0/24 lookup 100"),
        (v4(|r| r.to = Some(prefix("10.70.3.0/24"))), "from all to 10.70.3.0/24 lookup 100"),
        (
            v4(|r| (r.from, r.to) = (Some(prefix("10.70.4.1/32")), Some(prefix("10.70.4.0/24")))),
            "from 10.70.4.1 to 10.70.4.0/24 lookup 100",
        ),
        (v4(|r| r.tos = 0x10), "from all tos 0x10 lookup 100"),
        (v4(|r| r.mark = Some((5, None))), "from all fwmark 0x5 lookup 100"),
        (v4(|r| r.mark = Some((0x10, Some(0xff)))), "from all fwmark 0x10/0xff lookup 100"),
        (v4(|r| r.mark = Some((0, Some(0xff)))), "from all fwmark 0/0xff lookup 100"),
        (v4(|r| r.input = Some("a0".into())), "from all iif a0 lookup 100"),
        (v4(|r| r.output = Some("absent".into())), "from all oif absent [detached] lookup 100"),
        (v4(|r| r.uids = Some((100, 200))), "from all uidrange 100-200 lookup 100"),
        (v4(|r| r.ip_protocol = Some(17)), "from all ipproto udp lookup 100"),
        (
            v4(|r| (r.ip_protocol, r.source_ports) = (Some(6), Some((80, 90)))),
            "from all ipproto tcp sport 80-90 lookup 100",
        ),
        (v4(|r| r.destination_ports = Some((443, 443))), "from all dport 443 lookup 100"),
        (v4(|r| r.suppress_prefix_length = Some(0)), "from all lookup 100 suppress_prefixlength 0"),
        (v4(|r| r.suppress_group = Some(5)), "from all lookup 100 suppress_ifgroup 5"),
        (v4(|r| r.action = RuleAction::Goto(30_000)), "from all goto 30000 [unresolved]"),
        (v4(|r| r.action = RuleAction::Nop), "from all nop"),
        (v4(|r| r.action = RuleAction::Blackhole), "from all blackhole"),
        (v4(|r| r.action = RuleAction::Unreachable), "from all unreachable"),
        (v4(|r| r.action = RuleAction::Prohibit), "from all prohibit"),
        (
            v4(|r| (r.invert, r.from) = (true, Some(prefix("10.70.24.0/24")))),
            "not from 10.70.24.0/24 lookup 100",
        ),
        (v4(|r| r.action = RuleAction::Table(254)), "from all lookup main"),
        (v4(|r| r.action = RuleAction::Table(4_000_000_000)), "from all lookup 4000000000"),
        (v4(|r| r.tunnel = Some(99)), "from all tun_id 99 lookup 100"),
        (v6(|r| r.from = Some(prefix("2001:db8:70:1::/64"))), "from 2001:db8:70:1::/64 lookup 100"),
        (
            v6(|r| {
                (r.to, r.tos, r.mark) = (Some(prefix("2001:db8:70:5::1/128")), 0x20, Some((3, Some(7))));
            }),
            "from all to 2001:db8:70:5::1 tos CS1 fwmark 0x3/0x7 lookup 100",
        ),
        (
            v6(|r| {
                (r.ip_protocol, r.destination_ports) = (Some(17), Some((53, 54)));
                (r.invert, r.suppress_prefix_length) = (true, Some(3));
            }),
            "not from all ipproto udp dport 53-54 lookup 100 suppress_prefixlength 3",
        ),
    ]
}

/// The engine compares rules for equality: what the kernel tells must be what was ordered.
///
/// vrrp-behaviour §17.3.
/// As observed: B17-03.
#[test]
fn every_option_of_a_rule_reaches_the_kernel_and_comes_back() {
    with_two_hosts("every_option_of_a_rule_reaches_the_kernel_and_comes_back", |a, _| {
        for (rule, expected) in rules() {
            let (result, arrivals) = perform(a, NetworkOp::AddRule(rule.clone()));
            assert_eq!(result, Ok(()), "{expected}");
            assert!(arrivals.contains(&Arrival::RuleAdded(rule.clone())), "{rule:?}: {arrivals:?}");
            let family = if rule.family == Family::V4 { "-4" } else { "-6" };
            let listed = a.ip(&format!("{family} rule show priority {}", rule.priority));
            let listed: Vec<&str> = listed.split_whitespace().skip(1).collect();
            assert_eq!(listed.join(" "), format!("{expected} proto keepalived"));
            assert_eq!(surveyed().1, std::slice::from_ref(&rule));
            // The kernel would take the same rule twice.
            assert_eq!(perform(a, NetworkOp::AddRule(rule.clone())), (Ok(()), vec![done()]));
            let (result, arrivals) = perform(a, NetworkOp::RemoveRule(rule.clone()));
            assert_eq!(result, Ok(()));
            assert!(arrivals.contains(&Arrival::RuleRemoved(rule.clone())), "{rule:?}: {arrivals:?}");
            assert_eq!(perform(a, NetworkOp::RemoveRule(rule)), (Ok(()), vec![done()]));
        }
    });
}

fn done() -> Arrival {
    Arrival::Settled { ticket: Ticket(1), result: Ok(()) }
}

#[test]
fn what_says_nothing_in_a_rule_is_left_out_of_its_normal_form_as_the_kernel_leaves_it_out() {
    let name = "what_says_nothing_in_a_rule_is_left_out_of_its_normal_form_as_the_kernel_leaves_it_out";
    with_two_hosts(name, |a, _| {
        for family in [Family::V4, Family::V6] {
            let all = Prefix::new(if family == Family::V4 { "0.0.0.0" } else { "::" }.parse().unwrap(), 0);
            let changes: &[fn(&mut Rule)] = &[
                |r| r.mark = Some((5, Some(u32::MAX))),
                |r| r.mark = Some((0, None)),
                |r| r.mark = Some((0, Some(0))),
                |r| r.tunnel = Some(0),
                |r| r.ip_protocol = Some(0),
                |r| r.suppress_prefix_length = Some(u32::MAX),
                |r| r.suppress_group = Some(u32::MAX),
            ];
            for (number, change) in (1000..).zip(changes) {
                let mut ordered = Rule { from: all, to: all, ..rule(family, number) };
                change(&mut ordered);
                let (result, arrivals) = perform(a, NetworkOp::AddRule(ordered.clone()));
                assert_eq!(result, Ok(()));
                let told = Arrival::RuleAdded(ordered.clone().normal());
                assert!(arrivals.contains(&told), "{ordered:?}: {arrivals:?}");
                assert_eq!(perform(a, NetworkOp::RemoveRule(ordered)).0, Ok(()));
            }
        }
    });
}

#[test]
fn of_others_rules_nothing_is_told() {
    with_two_hosts("of_others_rules_nothing_is_told", |a, _| {
        a.ip("rule add from 10.9.9.9 table 100 priority 5");
        a.ip("rule del from 10.9.9.9 table 100 priority 5");
        assert_eq!(a.settle(), []);
        assert_eq!(surveyed(), (vec![], vec![]));
    });
}
