//! Policy rules in rtnetlink's messages.

use host::{Family, Prefix, Rule, RuleAction};

use super::attributes::Attributes;
use super::{attributes_of, family_number, ip, number, text};

/// Attributes (linux/fib_rules.h).
const FRA_DST: u16 = 1;
const FRA_SRC: u16 = 2;
const FRA_IIFNAME: u16 = 3;
const FRA_GOTO: u16 = 4;
const FRA_PRIORITY: u16 = 6;
const FRA_FWMARK: u16 = 10;
const FRA_FLOW: u16 = 11;
const FRA_TUN_ID: u16 = 12;
const FRA_SUPPRESS_IFGROUP: u16 = 13;
const FRA_SUPPRESS_PREFIXLEN: u16 = 14;
const FRA_TABLE: u16 = 15;
const FRA_FWMASK: u16 = 16;
const FRA_OIFNAME: u16 = 17;
const FRA_L3MDEV: u16 = 19;
const FRA_UID_RANGE: u16 = 20;
const FRA_PROTOCOL: u16 = 21;
const FRA_IP_PROTO: u16 = 22;
const FRA_SPORT_RANGE: u16 = 23;
const FRA_DPORT_RANGE: u16 = 24;
/// Actions.
const FR_ACT_TO_TBL: u8 = 1;
const FR_ACT_GOTO: u8 = 2;
const FR_ACT_NOP: u8 = 3;
const FR_ACT_BLACKHOLE: u8 = 6;
const FR_ACT_UNREACHABLE: u8 = 7;
const FR_ACT_PROHIBIT: u8 = 8;
/// Flags.
const FIB_RULE_INVERT: u32 = 2;
/// Bytes of the message's own header, `struct fib_rule_hdr`.
const HEADER: usize = 12;

/// The payload of RTM_NEWRULE or RTM_DELRULE for a rule.
pub(super) fn write(rule: &Rule) -> Vec<u8> {
    let Rule {
        family,
        priority,
        action,
        invert,
        from,
        to,
        tos,
        mark,
        input,
        output,
        uids,
        ip_protocol,
        source_ports,
        destination_ports,
        tunnel,
        realms,
        suppress_prefix_length,
        suppress_group,
        protocol,
    } = rule;
    let length = |prefix: &Option<Prefix>| prefix.map_or(0, Prefix::length);
    let mut header = vec![family_number(*family), length(to), length(from), *tos, 0, 0, 0, code(*action)];
    header.extend_from_slice(&if *invert { FIB_RULE_INVERT } else { 0 }.to_ne_bytes());
    let mut put = Attributes::after(&header);
    put.put_u32(FRA_PRIORITY, *priority);
    put.put_u8(FRA_PROTOCOL, *protocol);
    write_action(&mut put, *action);
    for (kind, prefix) in [(FRA_SRC, from), (FRA_DST, to)] {
        if let Some(prefix) = prefix {
            put.put_ip(kind, prefix.address());
        }
    }
    if let Some((mark, mask)) = mark {
        put.put_u32(FRA_FWMARK, *mark);
        if let Some(mask) = mask {
            put.put_u32(FRA_FWMASK, *mask);
        }
    }
    for (kind, name) in [(FRA_IIFNAME, input), (FRA_OIFNAME, output)] {
        if let Some(name) = name {
            put.put_text(kind, name);
        }
    }
    if let Some((first, last)) = uids {
        put.put(FRA_UID_RANGE, &[first.to_ne_bytes(), last.to_ne_bytes()].concat());
    }
    if let Some(number) = ip_protocol {
        put.put_u8(FRA_IP_PROTO, *number);
    }
    for (kind, ports) in [(FRA_SPORT_RANGE, source_ports), (FRA_DPORT_RANGE, destination_ports)] {
        if let Some((first, last)) = ports {
            put.put(kind, &[first.to_ne_bytes(), last.to_ne_bytes()].concat());
        }
    }
    if let Some(tunnel) = tunnel {
        put.put(FRA_TUN_ID, &tunnel.to_be_bytes());
    }
    let numbers = [
        (FRA_FLOW, realms),
        (FRA_SUPPRESS_PREFIXLEN, suppress_prefix_length),
        (FRA_SUPPRESS_IFGROUP, suppress_group),
    ];
    for (kind, value) in numbers {
        if let Some(value) = value {
            put.put_u32(kind, *value);
        }
    }
    put.into_bytes()
}

const fn code(action: RuleAction) -> u8 {
    match action {
        RuleAction::Table(_) | RuleAction::L3mdev => FR_ACT_TO_TBL,
        RuleAction::Goto(_) => FR_ACT_GOTO,
        RuleAction::Nop => FR_ACT_NOP,
        RuleAction::Blackhole => FR_ACT_BLACKHOLE,
        RuleAction::Unreachable => FR_ACT_UNREACHABLE,
        RuleAction::Prohibit => FR_ACT_PROHIBIT,
    }
}

fn write_action(put: &mut Attributes, action: RuleAction) {
    match action {
        RuleAction::Table(table) => put.put_u32(FRA_TABLE, table),
        RuleAction::L3mdev => put.put_u8(FRA_L3MDEV, 1),
        RuleAction::Goto(target) => put.put_u32(FRA_GOTO, target),
        RuleAction::Nop | RuleAction::Blackhole | RuleAction::Unreachable | RuleAction::Prohibit => {}
    }
}

/// A rule out of the payload of RTM_NEWRULE or RTM_DELRULE, in its normal form ([`Rule::normal`]); `None` if it cannot
/// be read, or is one that no configuration can say.
pub(super) fn read(payload: &[u8]) -> Option<Rule> {
    let (header, attributes) = payload.split_first_chunk::<HEADER>()?;
    let [family, to_length, from_length, tos, table, _, _, code, flags @ ..] = *header;
    let family = super::family(family)?;
    let (mut table, mut goto, mut l3mdev) = (u32::from(table), 0, false);
    let (mut mark, mut mask) = (None, None);
    let mut rule = Rule {
        invert: u32::from_ne_bytes(flags) & FIB_RULE_INVERT != 0,
        tos,
        protocol: 0,
        ..Rule::plain(family, 0, RuleAction::Nop)
    };
    for (kind, value) in attributes_of(attributes) {
        match kind {
            FRA_PRIORITY => rule.priority = number(value)?,
            FRA_PROTOCOL => rule.protocol = *value.first()?,
            FRA_TABLE => table = number(value)?,
            FRA_GOTO => goto = number(value)?,
            FRA_L3MDEV => l3mdev = *value.first()? != 0,
            FRA_SRC => rule.from = prefix(family, value, from_length),
            FRA_DST => rule.to = prefix(family, value, to_length),
            FRA_FWMARK => mark = number(value),
            FRA_FWMASK => mask = number(value),
            FRA_IIFNAME => rule.input = Some(text(value)),
            FRA_OIFNAME => rule.output = Some(text(value)),
            FRA_UID_RANGE => rule.uids = Some((number(value)?, value.get(4..).and_then(number)?)),
            FRA_IP_PROTO => rule.ip_protocol = value.first().copied(),
            FRA_SPORT_RANGE => rule.source_ports = ports(value),
            FRA_DPORT_RANGE => rule.destination_ports = ports(value),
            FRA_TUN_ID => rule.tunnel = value.first_chunk().map(|bytes| u64::from_be_bytes(*bytes)),
            FRA_FLOW => rule.realms = number(value),
            FRA_SUPPRESS_PREFIXLEN => rule.suppress_prefix_length = number(value),
            FRA_SUPPRESS_IFGROUP => rule.suppress_group = number(value),
            _ => {}
        }
    }
    rule.action = match code {
        FR_ACT_TO_TBL if l3mdev => RuleAction::L3mdev,
        FR_ACT_TO_TBL => RuleAction::Table(table),
        FR_ACT_GOTO => RuleAction::Goto(goto),
        FR_ACT_NOP => RuleAction::Nop,
        FR_ACT_BLACKHOLE => RuleAction::Blackhole,
        FR_ACT_UNREACHABLE => RuleAction::Unreachable,
        FR_ACT_PROHIBIT => RuleAction::Prohibit,
        _ => return None,
    };
    if mark.is_some() || mask.is_some() {
        rule.mark = Some((mark.unwrap_or(0), mask));
    }
    Some(rule.normal())
}

/// The payload of RTM_GETRULE that asks for all.
pub(super) const fn ask() -> [u8; HEADER] {
    [0; HEADER]
}

fn prefix(family: Family, value: &[u8], length: u8) -> Option<Prefix> {
    Prefix::new(ip(family, value)?, length)
}

fn ports(value: &[u8]) -> Option<(u16, u16)> {
    let [a, b, c, d] = *value.first_chunk()?;
    Some((u16::from_ne_bytes([a, b]), u16::from_ne_bytes([c, d])))
}
