//! `bfd_instance` as written → as the engine obeys it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU8;
use std::time::Duration;

use bfd::config::{
    Audience, AuthConfig, AuthKey, AuthKind, EchoConfig, EchoRoute, EchoSend, Hops, Path, SessionConfig,
    Weight,
};
use host::Family;

use super::{AUTH_TYPES, BFD_INSTANCE, BfdInstanceBlock};
use crate::diagnostic::{Class, Diagnostic, code};
use crate::source::Span;
use crate::table::Missing;
use crate::tree::NodeId;
use crate::value::{Reader, Set};

/// Most bytes of a name.
const LONGEST_NAME: usize = 31;

/// Above this an interval is probably meant otherwise.
const UNUSUAL: Duration = Duration::from_secs(10);

/// Reads and lowers all sessions; those that cannot be are left out with a complaint.
pub(crate) fn lower(reader: &mut Reader<'_>, nodes: &[NodeId]) -> Vec<(NodeId, SessionConfig)> {
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    let mut known: BTreeMap<(bool, IpAddr), Vec<(NodeId, SessionConfig)>> = BTreeMap::new();
    for &node in nodes {
        let Some(&at) = reader.arguments(node).first() else {
            reader.lacks_word(node, Missing::Stops);
            continue;
        };
        let name = reader.text(at);
        if name.len() > LONGEST_NAME {
            let message = format!("`{name}` is longer than {LONGEST_NAME} bytes; the session is left out");
            reader.complain(code::TOO_LONG, at, message);
            continue;
        }
        if let Some(first) = names.get(name) {
            let message = format!("There is a bfd_instance {name} already; this one is left out");
            let found = Diagnostic::new(code::DUPLICATE, at, message);
            reader.report.add(found.related(*first, "the first, which counts"));
            continue;
        }
        names.insert(name, at);
        let mut block = BfdInstanceBlock { name: name.to_owned(), ..BfdInstanceBlock::default() };
        reader.block(&BFD_INSTANCE, node, &mut block);
        let Some(session) = Lowering { reader, at }.session(block) else { continue };
        let ends = (session.path == Path::Multihop, session.neighbour);
        let others: &mut Vec<(NodeId, SessionConfig)> = known.entry(ends).or_default();
        if let Some((first, _)) = others.iter().find(|(_, other)| alike(other, &session)) {
            let first = reader.keyword(*first);
            let message = format!(
                "({name}) There is a session with {} already; this one is left out",
                session.neighbour
            );
            let found = Diagnostic::new(code::SAME_SESSION, at, message);
            reader.report.add(found.related(first, "the first, which counts"));
            continue;
        }
        others.push((node, session));
    }
    let mut sessions: Vec<_> = known.into_values().flatten().collect();
    sessions.sort_unstable_by_key(|(node, _)| *node);
    sessions
}

/// Whether two sessions with one neighbour have the same ends. As keepalived: one without a source is like any other.
fn alike(one: &SessionConfig, other: &SessionConfig) -> bool {
    let links = one.path == Path::Multihop || one.link == other.link;
    links && (one.source.is_none() || other.source.is_none() || one.source == other.source)
}

/// One session on its way.
struct Lowering<'l, 'r> {
    reader: &'l mut Reader<'r>,
    at: Span,
}

impl Lowering<'_, '_> {
    fn session(&mut self, block: BfdInstanceBlock) -> Option<SessionConfig> {
        // No `..` here: a keyword that is read and not obeyed must not compile.
        let BfdInstanceBlock {
            name,
            neighbor_ip,
            malformed,
            source_ip,
            interface,
            min_rx,
            min_tx,
            idle_tx,
            multiplier,
            passive,
            enabled,
            ttl,
            max_hops,
            multihop,
            weight,
            vrrp,
            checker,
            auth_type,
            auth_key,
            echo_rx,
            echo_tx,
            echo_route,
            echo_source,
        } = block;
        let neighbour = self.neighbour(neighbor_ip, malformed)?;
        let source = self.source(source_ip, neighbour)?;
        let family = Family::of(neighbour);
        let points = weight.map_or((0, false), |set| set.value);
        let (vrrp, checker) = match (vrrp.is_some(), checker.is_some()) {
            (false, false) => (true, true),
            one => one,
        };
        let auth = self.auth(auth_type, auth_key)?;
        Some(SessionConfig {
            hops: self.hops(family, ttl, max_hops),
            min_rx: self.interval(min_rx, 10),
            min_tx: self.interval(min_tx, 10),
            idle_tx: self.interval(idle_tx, 1000),
            multiplier: multiplier
                .and_then(|set| NonZeroU8::new(u8::try_from(set.value).ok()?))
                .unwrap_or(const { NonZeroU8::new(5).expect("5 is not 0") }),
            echo: self.echo(echo_rx, echo_tx, echo_route, echo_source),
            name,
            neighbour,
            source,
            link: interface.map(|set| set.value),
            path: if multihop.is_some_and(|set| set.value) { Path::Multihop } else { Path::SingleHop },
            passive: passive.is_some(),
            enabled: enabled.is_none_or(|set| set.value),
            weight: Weight { points: points.0, reverse: points.1 },
            audience: Audience { vrrp, checker },
            auth,
        })
    }

    fn neighbour(&mut self, neighbor_ip: Option<Set<IpAddr>>, malformed: bool) -> Option<IpAddr> {
        if malformed {
            return None;
        }
        if neighbor_ip.is_none() {
            let message = "The session has no neighbour; it is left out";
            let found = Diagnostic::new(code::NO_NEIGHBOUR, self.at, message);
            self.reader.report.add(found.help("say which with `neighbor_ip ADDRESS`"));
        }
        neighbor_ip.map(|set| set.value)
    }

    /// `None` if the session has to be left out.
    #[expect(clippy::option_option, reason = "the inner one is a session's own: the kernel's choice")]
    fn source(&mut self, source_ip: Option<Set<IpAddr>>, neighbour: IpAddr) -> Option<Option<IpAddr>> {
        let Some(set) = source_ip else { return Some(None) };
        if Family::of(set.value) == Family::of(neighbour) {
            return Some(Some(set.value));
        }
        let message = format!("{} is not of the family of {neighbour}; the session is left out", set.value);
        self.reader.complain(code::FAMILY, set.at, message);
        None
    }

    fn interval(&mut self, set: Option<Set<Duration>>, default_ms: u64) -> Duration {
        let Some(set) = set else { return Duration::from_millis(default_ms) };
        if set.value > UNUSUAL {
            let message =
                format!("{} seconds are a long time for BFD; the unit is milliseconds", set.value.as_secs());
            self.reader.complain(code::UNUSUAL, set.at, message);
        }
        set.value
    }

    fn hops(&mut self, family: Family, ttl: Option<Set<u64>>, max_hops: Option<Set<i64>>) -> Hops {
        let ttl = ttl.and_then(|set| u8::try_from(set.value).ok());
        let Some(set) = max_hops else { return Hops::from_keywords(family, ttl, 0) };
        let hops = i16::try_from(set.value).unwrap_or(-1);
        // As keepalived, whose default for IPv6 is 64.
        let most = i16::from(ttl.unwrap_or(if family == Family::V4 { 255 } else { 64 }));
        if hops > most {
            let message =
                format!("{hops} hops are more than the {most} that a packet starts with; {most} is taken");
            self.reader.complain(code::ADJUSTED, set.at, message);
        }
        Hops::from_keywords(family, ttl, hops)
    }

    /// `None` if the session has to be left out: one that should be authenticated must not run without.
    #[expect(clippy::option_option, reason = "the inner one is a session's own: no authentication")]
    fn auth(
        &mut self,
        auth_type: Option<Set<&'static str>>,
        auth_key: Vec<(u8, Set<String>)>,
    ) -> Option<Option<AuthConfig>> {
        let Some(set) = auth_type else {
            let Some((_, key)) = auth_key.first() else { return Some(None) };
            let found = Diagnostic::new(
                code::NOT_TOGETHER,
                key.at,
                "A key without auth_type; the session is left out",
            );
            self.reader.report.add(found.help(AUTH_TYPES.join(", ")));
            return None;
        };
        let named = AUTH_TYPES.iter().zip(AuthKind::ALL).find(|(name, _)| **name == set.value);
        let kind = named.map(|(_, kind)| kind)?;
        let mut keys = Vec::new();
        for (id, secret) in auth_key {
            match AuthKey::parse(id, &secret.value) {
                Ok(key) if key.secret().len() <= kind.longest_secret() => keys.push(key),
                Ok(_) => {
                    let message =
                        format!("A key of {} has at most {} bytes", set.value, kind.longest_secret());
                    self.reader.complain(code::TOO_LONG, secret.at, message);
                }
                Err(why) => self.reader.complain(code::BAD_WORD, secret.at, format!("{why}; it is left out")),
            }
        }
        if keys.is_empty() {
            let found =
                Diagnostic::new(code::NOT_TOGETHER, set.at, "There is no key; the session is left out");
            self.reader.report.add(found.help("say `auth_key NUMBER SECRET`"));
            return None;
        }
        Some(Some(AuthConfig { kind, keys }))
    }

    fn echo(
        &mut self,
        rx: Option<Set<Duration>>,
        tx: Option<Set<Duration>>,
        route: Option<Set<&'static str>>,
        source: Option<Set<IpAddr>>,
    ) -> EchoConfig {
        let interval = tx.map(|set| set.value).filter(|interval| !interval.is_zero());
        let reflected = route.is_some_and(|set| set.value == "reflected");
        if let Some(set) = source.as_ref().filter(|_| reflected || interval.is_none()) {
            let message = "echo_source goes with Echo packets that are sent and forwarded; it is ignored";
            let found = Diagnostic::new(code::NOT_TOGETHER, set.at, message);
            self.reader.report.add(found.class(Class::Silent));
        }
        let route = if reflected {
            EchoRoute::Reflected
        } else {
            EchoRoute::Forwarded { source: source.map(|set| set.value) }
        };
        EchoConfig {
            min_rx: rx.map_or(Duration::ZERO, |set| set.value),
            send: interval.map(|interval| EchoSend { interval, route }),
        }
    }
}
