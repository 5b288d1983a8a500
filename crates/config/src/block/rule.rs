//! Lines of `virtual_rules` and `static_rules`: a policy rule as `ip rule` takes it.

mod options;

use host::{Family, Prefix, Rule, RuleAction};
use vrrp::config::VirtualRule;

use crate::block::line::{Dropped, Line};
use crate::block::route::OUR_PROTOCOL;
use crate::diagnostic::code;
use crate::resolve::Resolver;
use crate::resolve::names::Names;
use crate::source::Span;
use crate::tree::NodeId;
use crate::value::c_integer;
pub(crate) use options::OPTIONS;

/// A line as read: the rule, and the group that follows it, if one is named.
pub(crate) struct RuleLine {
    pub(crate) rule: VirtualRule,
    pub(crate) track_group: Option<Span>,
}

/// What has been read of a line so far.
struct Draft {
    rule: Rule,
    family: Option<Family>,
    priority: Option<u32>,
    action: Option<RuleAction>,
    track: bool,
    track_group: Option<Span>,
    protocol: Option<(u8, Span)>,
    /// An option that only goes with looking a table up.
    table_only: Option<&'static str>,
}

/// Reads one line; `None` if it has to be left out. `grouped` if it may name a track group.
pub(crate) fn line(resolver: &mut Resolver<'_, '_>, node: NodeId, grouped: bool) -> Option<RuleLine> {
    let at = resolver.reader.keyword(node);
    let mut line = Line::new(resolver, node, "rule");
    let rule = Rule::plain(Family::V4, 0, RuleAction::Nop);
    let mut draft = Draft {
        rule,
        family: None,
        priority: None,
        action: None,
        track: true,
        track_group: None,
        protocol: None,
        table_only: None,
    };
    while let Some(word) = line.word() {
        draft.option(&mut line, word, grouped).ok()?;
    }
    line.at = at;
    draft.finish(&mut line).ok()
}

impl Draft {
    fn option(&mut self, line: &mut Line<'_, '_, '_>, word: &str, grouped: bool) -> Result<(), Dropped> {
        match word {
            "inet" => line.family(&mut self.family, Family::V4)?,
            "inet6" => line.family(&mut self.family, Family::V6)?,
            "not" => self.rule.invert = true,
            "from" => self.rule.from = self.selector(line, word)?,
            "to" => self.rule.to = self.selector(line, word)?,
            "preference" | "order" | "priority" => self.priority = Some(line.number_u32(word)?),
            "tos" | "dsfield" => self.rule.tos = line.named_u8(word, Names::Services)?,
            "fwmark" => self.rule.mark = Some(mark(line)?),
            "realms" => {
                self.table_only = Some("realms");
                self.rule.realms = Some(line.realms(word)?);
            }
            "suppress_prefixlength" | "sup_pl" => {
                self.table_only = Some("suppress_prefixlength");
                let length = line.number(word, 0, i64::from(i32::MAX))?;
                self.rule.suppress_prefix_length = u32::try_from(length).ok();
            }
            "suppress_ifgroup" | "sup_group" => {
                self.table_only = Some("suppress_ifgroup");
                self.rule.suppress_group = Some(line.named(word, Names::Groups)?);
            }
            "dev" | "iif" => self.rule.input = Some(line.link(word)?.as_str().to_owned()),
            "oif" => self.rule.output = Some(line.link(word)?.as_str().to_owned()),
            "tunnel-id" => {
                let number = line.need(word)?;
                let id = number
                    .parse()
                    .or_else(|_| c_integer(number).and_then(|id| u64::try_from(id).ok()).ok_or(()));
                let Ok(id) = id else {
                    return Err(line.drop(code::BAD_NUMBER, format!("`{number}` is no tunnel")));
                };
                self.rule.tunnel = Some(id);
            }
            "uidrange" => {
                let range = line.need(word)?;
                let Some(range) = pair(range) else {
                    return Err(line.drop(code::BAD_NUMBER, format!("`{range}` is no range of users")));
                };
                self.rule.uids = Some(range);
            }
            "ipproto" => {
                let name = line.need(word)?;
                let number = line.resolver.number_of(Names::Transports, name);
                match number.and_then(|number| u8::try_from(number).ok()) {
                    Some(number) => self.rule.ip_protocol = Some(number),
                    None => line.warn(code::UNKNOWN_NAME, format!("`{name}` is no protocol; it is ignored")),
                }
            }
            "sport" => self.rule.source_ports = Some(ports(line, word)?),
            "dport" => self.rule.destination_ports = Some(ports(line, word)?),
            "protocol" => match line.need(word)?.parse() {
                Ok(number) => self.protocol = Some((number, line.at)),
                Err(_) => {
                    line.warn(code::BAD_NUMBER, "a protocol of a rule is a number up to 255; it is ignored")
                }
            },
            "no_track" => self.track = false,
            "track_group" if grouped => {
                line.need(word)?;
                self.track_group = Some(line.at);
            }
            _ => self.act(line, word)?,
        }
        Ok(())
    }

    /// What packets that match are subject to.
    fn act(&mut self, line: &mut Line<'_, '_, '_>, word: &str) -> Result<(), Dropped> {
        let word = if word == "type" { line.need(word)? } else { word };
        let action = match word {
            "table" | "lookup" => match line.named(word, Names::Tables)? {
                0 => return Err(line.drop(code::BAD_NUMBER, "table 0 is none")),
                table => RuleAction::Table(table),
            },
            "l3mdev" => RuleAction::L3mdev,
            "goto" => RuleAction::Goto(line.number_u32(word)?),
            "nop" => RuleAction::Nop,
            "blackhole" => RuleAction::Blackhole,
            "unreachable" => RuleAction::Unreachable,
            "prohibit" => RuleAction::Prohibit,
            _ => return Err(line.unknown(word, OPTIONS)),
        };
        if self.action.is_some() {
            return Err(line.drop(code::NOT_TOGETHER, format!("`{word}` is a second action")));
        }
        self.action = Some(action);
        Ok(())
    }

    /// Addresses that a packet comes from or goes to.
    fn selector(&mut self, line: &mut Line<'_, '_, '_>, word: &str) -> Result<Option<Prefix>, Dropped> {
        if matches!(line.peek(), Some("all" | "any" | "default")) {
            line.word();
            return Ok(None);
        }
        let prefix = line.prefix(word)?;
        line.family(&mut self.family, prefix.family())?;
        Ok(Some(prefix))
    }

    fn finish(self, line: &mut Line<'_, '_, '_>) -> Result<RuleLine, Dropped> {
        // No `..` here: a part that is read and not put in must not compile.
        let Self { mut rule, family, priority, action, track, track_group, protocol, table_only } = self;
        rule.family = family.unwrap_or(Family::V4);
        let Some(action) = action else {
            return Err(line.drop(code::MISSING_WORD, "a rule must say what to do, as in `table NUMBER`"));
        };
        rule.action = action;
        if let Some(option) = table_only.filter(|_| !matches!(action, RuleAction::Table(_))) {
            return Err(line.drop(code::NOT_TOGETHER, format!("`{option}` only goes with a table")));
        }
        if rule.realms.is_some() && rule.family == Family::V6 {
            return Err(line.drop(code::FAMILY, "`realms` is for IPv4 only"));
        }
        rule.priority = match priority {
            Some(priority) => priority,
            None => {
                let priority = line.resolver.next_rule_priority(rule.family);
                let message = format!("a rule without a preference is given {priority}");
                line.warn(code::ADJUSTED, message);
                priority
            }
        };
        if let RuleAction::Goto(target) = action
            && target <= rule.priority
        {
            return Err(line.drop(code::NOT_TOGETHER, "a goto leads to a larger preference than its own"));
        }
        if let Some((number, at)) = protocol {
            if track && number != OUR_PROTOCOL {
                line.at = at;
                line.warn(
                    code::ADJUSTED,
                    "a rule that is tracked has the protocol keepalived; say \
                    no_track",
                );
            } else {
                rule.protocol = number;
            }
        }
        Ok(RuleLine { rule: VirtualRule { rule, track }, track_group })
    }
}

/// `MARK` or `MARK/MASK`.
fn mark(line: &mut Line<'_, '_, '_>) -> Result<(u32, Option<u32>), Dropped> {
    let word = line.need("fwmark")?;
    let number = |text: &str| c_integer(text).and_then(|number| u32::try_from(number).ok());
    let (mark, mask) = word.split_once('/').map_or((word, None), |(mark, mask)| (mark, Some(mask)));
    match (number(mark), mask.map(number)) {
        (Some(mark), None) => Ok((mark, None)),
        (Some(mark), Some(Some(mask))) => Ok((mark, Some(mask))),
        (None, _) | (_, Some(None)) => Err(line.drop(code::BAD_NUMBER, format!("`{word}` is no mark"))),
    }
}

/// `FIRST-LAST`, in that order.
fn pair<T: std::str::FromStr + PartialOrd>(text: &str) -> Option<(T, T)> {
    let (first, last) = text.split_once('-')?;
    let pair = (first.parse().ok()?, last.parse().ok()?);
    (pair.0 <= pair.1).then_some(pair)
}

/// Differs: keepalived leaves a single port out and installs the rest of the rule, which then matches every port; a
/// rule that matches more than was written is left out instead.
fn ports(line: &mut Line<'_, '_, '_>, option: &str) -> Result<(u16, u16), Dropped> {
    let word = line.need(option)?;
    pair(word).ok_or_else(|| {
        line.drop(code::BAD_NUMBER, format!("`{word}` is no range of ports, as in {option} 80-80"))
    })
}
