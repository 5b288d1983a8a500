//! Reads a scenario.

use std::str::SplitWhitespace;
use std::time::Duration;

use host::{Instant, LinkIndex, LinkName, Prefix};
use vrrp::Config;

use super::{BadScenario, Expectation, NodePlan, Scenario, State, Why, instance};
use crate::network::Weather;
use crate::node::Behaviour;
use crate::world::{Command, Latency};

type Load<'a> = &'a mut dyn FnMut(&str) -> Option<Config>;

pub(super) fn read(text: &str, load: Load<'_>) -> Result<Scenario, BadScenario> {
    let mut reader = Reader { it: Scenario::new(0, Latency::EXACT), last: Instant::ZERO, end: None, load };
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        reader.line(line.split_whitespace()).map_err(|why| BadScenario { line: number + 1, why })?;
    }
    let Reader { mut it, end, .. } = reader;
    it.steps.sort_by_key(|(at, _)| *at);
    let last = it.expectations.iter().map(|expectation| expectation.at).max();
    it.until = end.or(last).unwrap_or(Instant::ZERO);
    Ok(it)
}

struct Reader<'a> {
    it: Scenario,
    last: Instant,
    end: Option<Instant>,
    load: Load<'a>,
}

impl Reader<'_> {
    fn line(&mut self, mut words: SplitWhitespace<'_>) -> Result<(), Why> {
        let Some(keyword) = words.next() else { return Ok(()) };
        match keyword {
            "seed" => self.it.seed = number(next(&mut words, "a number")?)?,
            "latency" => self.latency(words)?,
            "segment" => {
                let name = next(&mut words, "a name")?;
                let mut weather = Weather::fair(Duration::from_micros(100));
                words.try_for_each(|word| change_weather(&mut weather, word))?;
                self.it.segments.push((name.to_owned(), weather));
            }
            "node" => self.node(words)?,
            "instance" => {
                let node = self.named(next(&mut words, "a node")?)?;
                let name = next(&mut words, "a name")?;
                let link = link_name(next(&mut words, "a link")?)?;
                let config = &mut self.it.nodes[node].config;
                let mut it = instance::plain(name, &link);
                words.try_for_each(|word| instance::apply(&mut it, config, word))?;
                config.instances.push(it);
            }
            "session" => {
                let node = self.named(next(&mut words, "a node")?)?;
                let name = next(&mut words, "a name")?;
                let neighbour = prefix(next(&mut words, "an address")?)?.address();
                let interval = duration(next(&mut words, "a time")?)?;
                let multiplier = number(next(&mut words, "a number")?)?;
                let session = instance::session(name, neighbour, interval, multiplier);
                self.it.nodes[node].sessions.push(session);
            }
            "at" => {
                self.last = Instant::ZERO + duration(next(&mut words, "a time")?)?;
                if words.clone().next().is_some() {
                    let command = self.command(words)?;
                    self.it.steps.push((self.last, command));
                }
            }
            "within" | "exactly" => {
                let at = self.last + duration(next(&mut words, "a time")?)?;
                let what = self.state(words)?;
                self.it.expectations.push(Expectation { at, exact: keyword == "exactly", what });
            }
            "until" => self.end = Some(Instant::ZERO + duration(next(&mut words, "a time")?)?),
            "always" => {}
            _ => return Err(Why::UnknownWord(keyword.to_owned())),
        }
        Ok(())
    }

    fn latency(&mut self, words: SplitWhitespace<'_>) -> Result<(), Why> {
        for word in words {
            let Some((name, value)) = word.split_once('=') else {
                if word == "exact" {
                    self.it.latency = Latency::EXACT;
                    continue;
                }
                return Err(Why::UnknownWord(word.to_owned()));
            };
            let latency = &mut self.it.latency;
            let place = match name {
                "kernel" => &mut latency.kernel,
                "report" => &mut latency.report,
                "start" => &mut latency.start,
                "wake" => &mut latency.wake,
                "script" => &mut latency.script,
                "restart" => &mut latency.restart,
                _ => return Err(Why::UnknownWord(word.to_owned())),
            };
            *place = span(value)?;
        }
        Ok(())
    }

    fn node(&mut self, words: SplitWhitespace<'_>) -> Result<(), Why> {
        let mut words = words.peekable();
        let name = words.next().ok_or(Why::Missing("a name"))?.to_owned();
        let mut config = Config::default();
        if words.peek() == Some(&"config") {
            words.next();
            let file = words.next().ok_or(Why::Missing("a file"))?;
            config = (self.load)(file).ok_or_else(|| Why::Unknown(file.to_owned()))?;
        }
        let mut links = Vec::new();
        while let Some(link) = words.next() {
            let segment = words.next().ok_or(Why::Missing("a segment"))?;
            let at = self.it.segments.iter().position(|(name, _)| name == segment);
            let segment = at.ok_or_else(|| Why::Unknown(segment.to_owned()))?;
            let addresses = words.next().ok_or(Why::Missing("an address"))?;
            let addresses = addresses.split(',').map(prefix).collect::<Result<_, _>>()?;
            links.push((link_name(link)?, segment, addresses));
        }
        self.it.nodes.push(NodePlan { name, config, links, sessions: Vec::new() });
        Ok(())
    }

    fn command(&mut self, mut words: SplitWhitespace<'_>) -> Result<Command, Why> {
        let keyword = next(&mut words, "a command")?;
        let what = next(&mut words, "a node, link or segment")?;
        let command = match keyword {
            "start" => Command::Start(self.named(what)?),
            "stop" => Command::Stop(self.named(what)?),
            "kill" => Command::Kill(self.named(what)?),
            "crash" => Command::Crash(self.named(what)?),
            "abandon" => Command::Abandon(self.named(what)?),
            "crash-paths" => Command::CrashPaths(self.named(what)?),
            "take-out" => self.at_link(what, Command::TakeOut)?,
            "put-back" => self.at_link(what, Command::PutBack)?,
            "pause" => Command::Pause(self.named(what)?),
            "resume" => Command::Resume(self.named(what)?),
            "up" | "down" => {
                self.at_link(what, |node, link| Command::SetAdmin(node, link, keyword == "up"))?
            }
            "plug" | "unplug" => {
                self.at_link(what, |node, link| Command::SetCarrier(node, link, keyword == "plug"))?
            }
            "mute" | "unmute" => {
                self.at_link(what, |node, link| Command::Mute(node, link, keyword == "mute"))?
            }
            "deafen" | "undeafen" => {
                self.at_link(what, |node, link| Command::Deafen(node, link, keyword == "deafen"))?
            }
            "cut" if what == "one-way" => {
                let what = next(&mut words, "a link")?;
                self.at_link(what, |node, link| Command::Mute(node, link, true))?
            }
            "partition" => self.partition(what, &mut words)?,
            "heal" => Command::Heal(self.segment(what)?),
            "weather" => {
                let segment = self.segment(what)?;
                let mut weather = self.it.segments[segment].1;
                words.try_for_each(|word| change_weather(&mut weather, word))?;
                Command::SetWeather(segment, weather)
            }
            "add" => {
                let prefix = prefix(next(&mut words, "an address")?)?;
                self.at_link(what, |node, link| Command::AddAddress(node, link, prefix))?
            }
            "remove" => {
                let address = prefix(next(&mut words, "an address")?)?.address();
                self.at_link(what, |node, link| Command::RemoveAddress(node, link, address))?
            }
            "script" => self.script(what, &mut words)?,
            "refuse" => Command::Refuse(self.named(what)?, number(next(&mut words, "a number")?)?),
            "clock" => {
                Command::SetClock(self.named(what)?, wrong(next(&mut words, "a time with its sign")?)?)
            }
            "deafen-next" => {
                Command::RefuseChannels(self.named(what)?, number(next(&mut words, "a number")?)?)
            }
            "overflow" => Command::Overflow(self.named(what)?),
            "leap" => Command::Leap(self.named(what)?, duration(next(&mut words, "a time")?)?),
            "file" | "processes" => self.tracked(keyword, what, &mut words)?,
            "remove-links" => Command::RemoveLinks(self.named(what)?),
            "flush-routes" => Command::FlushRoutes(self.named(what)?),
            "set" => self.set(what, &mut words)?,
            "configure" => self.configure(what, &mut words)?,
            _ => return Err(Why::UnknownWord(keyword.to_owned())),
        };
        Ok(command)
    }

    fn tracked(&self, keyword: &str, node: &str, words: &mut SplitWhitespace<'_>) -> Result<Command, Why> {
        let node = self.named(node)?;
        let name = next(words, "a file or a set of processes")?.to_owned();
        let value = next(words, "a number, `complete` or `incomplete`")?;
        Ok(match keyword {
            "file" => Command::File(node, name, number(value)?),
            _ => Command::Processes(node, name, value == "complete"),
        })
    }

    fn partition(&self, segment: &str, words: &mut SplitWhitespace<'_>) -> Result<Command, Why> {
        let sides = words.map(|word| {
            let (node, side) = word.split_once('=').ok_or_else(|| Why::BadValue(word.to_owned()))?;
            Ok((self.named(node)?, number(side)?))
        });
        Ok(Command::Partition(self.segment(segment)?, sides.collect::<Result<_, Why>>()?))
    }

    fn script(&self, node: &str, words: &mut SplitWhitespace<'_>) -> Result<Command, Why> {
        let name = next(words, "a script")?.to_owned();
        let behaviour = match next(words, "`exits` or `hangs`")? {
            "exits" => Behaviour::Exits(number(next(words, "a status")?)?),
            "hangs" => Behaviour::Hangs,
            word => return Err(Why::UnknownWord(word.to_owned())),
        };
        Ok(Command::Script(self.named(node)?, name, behaviour))
    }

    /// A reload: the node's configuration with an instance changed. Later ones build on it.
    fn set(&mut self, node: &str, words: &mut SplitWhitespace<'_>) -> Result<Command, Why> {
        let node = self.named(node)?;
        let name = next(words, "an instance")?;
        let configured = self.it.steps.iter().rev().find_map(|(_, command)| {
            let Command::Configure(of, config) = command else { return None };
            (*of == node).then(|| (**config).clone())
        });
        let mut config = configured.unwrap_or_else(|| self.it.nodes[node].config.clone());
        let at = config.instances.iter().position(|instance| instance.name == name);
        let at = at.ok_or_else(|| Why::Unknown(name.to_owned()))?;
        let mut it = config.instances.remove(at);
        words.try_for_each(|word| instance::apply(&mut it, &mut config, word))?;
        config.instances.insert(at, it);
        Ok(Command::Configure(node, Box::new(config)))
    }

    /// A reload: other instances, with the word `and` between them.
    fn configure(&self, node: &str, words: &mut SplitWhitespace<'_>) -> Result<Command, Why> {
        let mut config = Config::default();
        loop {
            let mut it = instance::plain(next(words, "a name")?, &link_name(next(words, "a link")?)?);
            let more = loop {
                match words.next() {
                    Some("and") => break true,
                    Some(word) => instance::apply(&mut it, &mut config, word)?,
                    None => break false,
                }
            };
            config.instances.push(it);
            if !more {
                return Ok(Command::Configure(self.named(node)?, Box::new(config)));
            }
        }
    }

    fn state(&self, mut words: SplitWhitespace<'_>) -> Result<State, Why> {
        let keyword = next(&mut words, "what is expected")?;
        let subject = next(&mut words, "an instance or address")?;
        let _is = next(&mut words, "`is` or `answers`")?;
        let nodes = next(&mut words, "a node or `nobody`")?;
        let nodes: Vec<usize> = match nodes {
            "nobody" => Vec::new(),
            nodes => nodes.split(',').map(|node| self.named(node)).collect::<Result<_, _>>()?,
        };
        match keyword {
            "master" => Ok(State::Masters(subject.to_owned(), nodes)),
            "address" => Ok(State::Answers(prefix(subject)?.address(), nodes.first().copied())),
            _ => Err(Why::UnknownWord(keyword.to_owned())),
        }
    }

    fn named(&self, name: &str) -> Result<usize, Why> {
        self.it.nodes.iter().position(|node| node.name == name).ok_or_else(|| Why::Unknown(name.to_owned()))
    }

    fn segment(&self, name: &str) -> Result<usize, Why> {
        self.it.segments.iter().position(|(it, _)| it == name).ok_or_else(|| Why::Unknown(name.to_owned()))
    }

    fn at_link(&self, text: &str, command: impl FnOnce(usize, LinkIndex) -> Command) -> Result<Command, Why> {
        let unknown = || Why::Unknown(text.to_owned());
        let (node, link) = text.split_once('.').ok_or_else(unknown)?;
        let node = self.named(node)?;
        let at = self.it.nodes[node].links.iter().position(|(name, _, _)| name.as_str() == link);
        // As [`crate::machine::Machine::add_link`] numbers them.
        let index = at.and_then(|at| u32::try_from(at).ok()).ok_or_else(unknown)?;
        Ok(command(node, LinkIndex(index + 2)))
    }
}

fn change_weather(weather: &mut Weather, word: &str) -> Result<(), Why> {
    let (name, value) = word.split_once('=').ok_or_else(|| Why::UnknownWord(word.to_owned()))?;
    match name {
        "delay" => weather.delay = span(value)?,
        "loss" => weather.loss = number(value)?,
        "duplicate" => weather.duplicate = number(value)?,
        "reorder" => weather.reorder = number(value)?,
        _ => return Err(Why::UnknownWord(word.to_owned())),
    }
    Ok(())
}

fn next<'a>(words: &mut SplitWhitespace<'a>, what: &'static str) -> Result<&'a str, Why> {
    words.next().ok_or(Why::Missing(what))
}

/// How far a clock is wrong, in milliseconds: `+3s`, `-200ms`.
fn wrong(word: &str) -> Result<i64, Why> {
    let bad = || Why::BadValue(word.to_owned());
    let wrong = duration(word.get(1..).ok_or_else(bad)?)?.as_millis();
    let wrong = i64::try_from(wrong).map_err(|_| bad())?;
    Ok(if word.starts_with('-') { -wrong } else { wrong })
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, Why> {
    text.parse().map_err(|_| Why::BadValue(text.to_owned()))
}

fn link_name(text: &str) -> Result<LinkName, Why> {
    LinkName::new(text).map_err(|_| Why::BadValue(text.to_owned()))
}

/// Two times with two dots between, or one for both.
fn span(text: &str) -> Result<(Duration, Duration), Why> {
    let (shortest, longest) = text.split_once("..").unwrap_or((text, text));
    let span = (duration(shortest)?, duration(longest)?);
    if span.0 <= span.1 { Ok(span) } else { Err(Why::BadValue(text.to_owned())) }
}

/// An address with or without a prefix length.
pub(super) fn prefix(text: &str) -> Result<Prefix, Why> {
    let bad = || Why::BadValue(text.to_owned());
    let Some((address, length)) = text.split_once('/') else {
        return Ok(Prefix::host(text.parse().map_err(|_| bad())?));
    };
    Prefix::new(address.parse().map_err(|_| bad())?, number(length)?).ok_or_else(bad)
}

/// A decimal number and its unit: `s`, `ms`, `us` or `µs`, `ns`. At most nine decimals count.
pub(super) fn duration(text: &str) -> Result<Duration, Why> {
    let bad = || Why::BadValue(text.to_owned());
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
    let (value, unit) = text.split_at(digits);
    let scale: u64 = match unit {
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "us" | "µs" => 1_000,
        "ns" => 1,
        _ => return Err(bad()),
    };
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let whole: u64 = whole.parse().map_err(|_| bad())?;
    let mut nanos = whole.checked_mul(scale).ok_or_else(bad)?;
    let mut place = scale;
    for digit in fraction.chars() {
        place /= 10;
        nanos += u64::from(digit.to_digit(10).ok_or_else(bad)?) * place;
    }
    Ok(Duration::from_nanos(nanos))
}
