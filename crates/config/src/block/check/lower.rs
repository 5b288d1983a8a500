//! Checks as written → as the engine obeys them.

use std::net::IpAddr;
use std::time::Duration;

use vrrp::config::FileConfig;

use super::bfd::BfdBlock;
use super::dns::DnsBlock;
use super::file::FileBlock;
use super::http::HttpBlock;
use super::misc::MiscBlock;
use super::smtp::SmtpBlock;
use super::udp::UdpBlock;
use super::{CheckBlock, ConnectionBlock, Written};
use crate::block::pace::PaceBlock;
use crate::diagnostic::{Class, Diagnostic, code};
use crate::resolve::Resolver;
use crate::source::Span;
use check::config::{
    Check, CheckKind, Connection, DnsCheck, FileCheck, HttpCheck, MiscCheck, Pace, QueryType, Source,
    UdpCheck,
};

/// What checks take from the servers around them.
pub(crate) struct Around<'b> {
    /// Of the real server, else of the virtual server.
    pub(crate) server: IpAddr,
    pub(crate) pace: PaceBlock,
    /// `delay_loop` of the virtual server.
    pub(crate) service_interval: Duration,
    pub(crate) alpha: bool,
    /// Of the daemon as a whole.
    pub(crate) log_all_failures: bool,
    pub(crate) virtualhost: Option<&'b str>,
    /// Of the real server, else of the virtual server; 0 if none is known.
    pub(crate) port: u16,
}

/// Without `delay_loop`.
pub(crate) const INTERVAL: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(5);
const HELO: &str = "smtpchecker.keepalived.org";

/// What a check of some kind does where nothing is said.
struct Habit {
    retries: u32,
    /// `None` is the interval.
    retry_delay: Option<Duration>,
}

const USUAL: Habit = Habit { retries: 1, retry_delay: Some(Duration::from_secs(1)) };
const HTTP: Habit = Habit { retries: 1, retry_delay: Some(Duration::from_secs(3)) };
const DNS: Habit = Habit { retries: 3, retry_delay: None };
const MISC: Habit = Habit { retries: 0, retry_delay: Some(Duration::from_secs(1)) };

/// Turns the checks of a real server into what the engine obeys; those that cannot be are left out with a complaint.
pub(crate) fn lower(
    resolver: &mut Resolver<'_, '_>,
    written: Vec<Written>,
    around: &Around<'_>,
) -> Vec<Check> {
    let mut checks = Vec::with_capacity(written.len());
    let mut unsupported = Vec::new();
    for check in written {
        let (at, before) = (check.at(), checks.len());
        match check {
            Written::Tcp(block) => checks.extend(tcp(resolver, block, around)),
            Written::Ping(block) => checks.extend(ping(resolver, block, around)),
            Written::Udp(block) => checks.extend(udp(resolver, block, around)),
            Written::Smtp(block) => smtp(resolver, block, around, &mut checks),
            Written::Dns(block) => checks.extend(dns(resolver, block, around)),
            Written::Http(block) => checks.extend(http(resolver, block, around)),
            Written::Misc(block) => checks.extend(misc(resolver, block, around)),
            Written::File(block) => checks.extend(file(resolver, block, around)),
            Written::Bfd(block) => {
                let check = bfd(resolver, block, around, &checks);
                checks.extend(check);
            }
        }
        if checks.get(before).is_some_and(|check| !check.kind.is_supported()) {
            unsupported.push(at);
        }
    }
    let others = checks.iter().any(|check| check.kind.is_supported());
    for at in unsupported {
        not_yet(resolver, at, around.server, others);
    }
    checks.shrink_to_fit();
    checks
}

/// Says what it means that a check is not made: what keeps the service alive.
fn not_yet(resolver: &mut Resolver<'_, '_>, at: Span, server: IpAddr, others: bool) {
    let keyword = resolver.reader.text(at);
    let message = if others {
        format!("`{keyword}` is not yet supported; the other checks of {server} decide")
    } else {
        format!("`{keyword}` is not yet supported: {server} is not checked and counts as up")
    };
    let found = Diagnostic::new(code::NOT_YET, at, message).class(Class::Silent);
    resolver.reader.report.add(found.help("it belongs to health checks; BFD_CHECK is supported"));
}

fn tcp(resolver: &mut Resolver<'_, '_>, block: CheckBlock<()>, around: &Around<'_>) -> Option<Check> {
    let connection = block.connection(resolver, around, true)?;
    Some(block.check(around, &USUAL, CheckKind::Tcp(connection)))
}

fn ping(resolver: &mut Resolver<'_, '_>, block: CheckBlock<()>, around: &Around<'_>) -> Option<Check> {
    let connection = block.connection(resolver, around, false)?;
    Some(block.check(around, &USUAL, CheckKind::Ping(connection)))
}

fn udp(
    resolver: &mut Resolver<'_, '_>,
    mut block: CheckBlock<UdpBlock>,
    around: &Around<'_>,
) -> Option<Check> {
    let connection = block.connection(resolver, around, true)?;
    let UdpBlock { payload, require_reply, min_reply_length, max_reply_length } =
        std::mem::take(&mut block.own);
    let at = min_reply_length.as_ref().or(max_reply_length.as_ref()).map(|set| set.at);
    let length = |set: Option<crate::value::Set<u64>>| set.and_then(|set| u16::try_from(set.value).ok());
    let (least, most) = (length(min_reply_length).unwrap_or(0), length(max_reply_length).unwrap_or(255));
    if least > most {
        let message =
            format!("No reply is at least {least} and at most {most} bytes long; the check always fails");
        resolver.reader.complain(code::NOT_TOGETHER, at.unwrap_or(block.at), message);
    }
    let own = UdpCheck {
        payload: payload.map(|set| set.value),
        reply: require_reply.map(|set| set.value),
        least,
        most,
    };
    Some(block.check(around, &USUAL, CheckKind::Udp(connection, Box::new(own))))
}

fn smtp(
    resolver: &mut Resolver<'_, '_>,
    mut block: CheckBlock<SmtpBlock>,
    around: &Around<'_>,
    checks: &mut Vec<Check>,
) {
    let SmtpBlock { helo_name, hosts } = std::mem::take(&mut block.own);
    let helo = helo_name.map_or_else(|| HELO.to_owned(), |set| set.value);
    if hosts.is_empty() {
        let Some(connection) = block.connection(resolver, around, true) else { return };
        checks.push(block.check(around, &USUAL, CheckKind::Smtp(connection, helo.into())));
        return;
    }
    for mut host in hosts {
        host.pace = host.pace.or(&block.pace);
        host.alpha = host.alpha.or_else(|| block.alpha.clone());
        host.log_all_failures = host.log_all_failures.or_else(|| block.log_all_failures.clone());
        let Some(connection) = host.connection(resolver, around, true) else { continue };
        checks.push(host.check(around, &USUAL, CheckKind::Smtp(connection, helo.as_str().into())));
    }
}

fn dns(
    resolver: &mut Resolver<'_, '_>,
    mut block: CheckBlock<DnsBlock>,
    around: &Around<'_>,
) -> Option<Check> {
    let connection = block.connection(resolver, around, true)?;
    let DnsBlock { kind, name } = std::mem::take(&mut block.own);
    let own = DnsCheck {
        query: kind.map_or(QueryType::SOA, |set| set.value),
        name: name.map(|set| set.value.into_boxed_str()).unwrap_or_default(),
    };
    Some(block.check(around, &DNS, CheckKind::Dns(connection, Box::new(own))))
}

fn http(
    resolver: &mut Resolver<'_, '_>,
    mut block: CheckBlock<HttpBlock>,
    around: &Around<'_>,
) -> Option<Check> {
    let HttpBlock {
        tls,
        virtualhost,
        http_protocol,
        enable_sni,
        sni_name,
        fast_recovery,
        tls_compliant,
        urls,
    } = std::mem::take(&mut block.own);
    let connection = block.connection(resolver, around, true)?;
    if urls.is_empty() {
        let found = Diagnostic::new(code::EMPTY_CHECK, block.at, "This check has no url; it is left out");
        resolver.reader.report.add(found.help("say which with `url { path /... }`"));
        return None;
    }
    let host = virtualhost.as_ref().map(|set| set.value.as_str()).or(around.virtualhost);
    let closes_tls = tls_compliant.is_some_and(|set| set.value);
    let mut lowered = Vec::with_capacity(urls.len());
    for url in urls {
        lowered.push(url.lower(resolver, host, closes_tls));
    }
    let own = HttpCheck {
        tls,
        version: http_protocol.map(|set| set.value).unwrap_or_default(),
        sends_name: enable_sni.is_some_and(|set| set.value),
        name: sni_name.map(|set| set.value.into_boxed_str()),
        fast_recovery: fast_recovery.is_some_and(|set| set.value),
        urls: lowered,
    };
    Some(block.check(around, &HTTP, CheckKind::Http(connection, Box::new(own))))
}

fn misc(
    resolver: &mut Resolver<'_, '_>,
    mut block: CheckBlock<MiscBlock>,
    around: &Around<'_>,
) -> Option<Check> {
    let MiscBlock { misc_path, misc_timeout, misc_dynamic, user } = std::mem::take(&mut block.own);
    let Some(misc_path) = misc_path else {
        let found = Diagnostic::new(
            code::EMPTY_CHECK,
            block.at,
            "This check has no program; it is left \
            out",
        );
        resolver.reader.report.add(found.help("say which with `misc_path \"/path/to/program arguments\"`"));
        return None;
    };
    let command = resolver.check_program(&misc_path, user.as_ref())?;
    let timeout = misc_timeout.map(|set| Duration::from_secs(set.value)).filter(|timeout| !timeout.is_zero());
    let own = MiscCheck {
        command,
        timeout: timeout.unwrap_or(around.service_interval),
        dynamic: misc_dynamic.is_some(),
    };
    Some(block.check(around, &MISC, CheckKind::Misc(Box::new(own))))
}

fn file(
    resolver: &mut Resolver<'_, '_>,
    mut block: CheckBlock<FileBlock>,
    around: &Around<'_>,
) -> Option<Check> {
    let FileBlock { track_file, weight } = std::mem::take(&mut block.own);
    let mut file = None;
    for at in track_file {
        let name = resolver.reader.text(at);
        if let Some(found) = resolver.trackables.checked_file(name, block.node) {
            file = Some(found);
        } else {
            let message = format!("There is no track_file `{name}` before this line, which is ignored");
            resolver.reader.complain(code::UNKNOWN_NAME, at, message);
        }
    }
    let Some((file, (points, turned))) = file else {
        let found = Diagnostic::new(code::EMPTY_CHECK, block.at, "This check has no file; it is left out");
        resolver.reader.report.add(found.help("say which with `track_file NAME`"));
        return None;
    };
    let FileConfig { name, path, init } = file;
    let (weight, reverse) = weight.map_or((i32::from(points), turned), |set| set.value);
    let own = FileCheck { name, path, init, weight, reverse };
    Some(block.check(around, &MISC, CheckKind::File(Box::new(own))))
}

fn bfd(
    resolver: &mut Resolver<'_, '_>,
    mut block: CheckBlock<BfdBlock>,
    around: &Around<'_>,
    before: &[Check],
) -> Option<Check> {
    let BfdBlock { name, misnamed } = std::mem::take(&mut block.own);
    let Some(name) = name else {
        if !misnamed {
            let found =
                Diagnostic::new(code::EMPTY_CHECK, block.at, "This check has no session; it is left out");
            resolver.reader.report.add(found.help("say which with `name NAME`"));
        }
        return None;
    };
    let session = name.value.as_str();
    if !resolver.sessions.tells_checks(session, block.node) {
        let message = format!("There is no BFD session `{session}` to check; the check is left out");
        let near = resolver.reader.guess(code::UNKNOWN_NAME, name.at, session, resolver.sessions.names());
        let help = match near {
            Some(near) if near == session => {
                "it must stand earlier in the file, and be for checkers".to_owned()
            }
            Some(near) => format!("did you mean `{near}`?"),
            None => "a bfd_instance of this name must stand earlier in the file".to_owned(),
        };
        resolver.reader.report.add(Diagnostic::new(code::UNKNOWN_NAME, name.at, message).help(help));
        return None;
    }
    let same = |check: &Check| matches!(&check.kind, CheckKind::Bfd(have) if **have == *session);
    if before.iter().any(same) {
        let message = format!("The real server follows `{session}` already; the check is left out");
        resolver.reader.complain(code::DUPLICATE, name.at, message);
        return None;
    }
    Some(block.check(around, &MISC, CheckKind::Bfd(session.into())))
}

impl<T> CheckBlock<T> {
    fn check(self, around: &Around<'_>, habit: &Habit, kind: CheckKind) -> Check {
        // No `..` here: a keyword that is read and not obeyed must not compile.
        let Self { node: _, at: _, server: _, pace, alpha, log_all_failures, connection: _, own: _ } = self;
        let PaceBlock { retry, delay_before_retry, warmup, delay_loop, connect_timeout: _ } =
            pace.or(&around.pace);
        let interval = delay_loop.map_or(INTERVAL, |set| set.value);
        Check {
            pace: Pace {
                interval,
                warmup: warmup.map_or(interval, |set| set.value),
                retries: retry.map_or(habit.retries, |set| u32::try_from(set.value).unwrap_or(u32::MAX)),
                retry_delay: delay_before_retry
                    .map_or(habit.retry_delay.unwrap_or(interval), |set| set.value),
            },
            starts_failed: alpha.map_or(around.alpha, |set| set.value),
            logs_all_failures: log_all_failures.map_or(around.log_all_failures, |set| set.value),
            kind,
        }
    }

    /// Where it connects to; complains and gives `None` if that cannot be reached.
    fn connection(
        &self,
        resolver: &mut Resolver<'_, '_>,
        around: &Around<'_>,
        needs_port: bool,
    ) -> Option<Connection> {
        let address = self.address();
        let ConnectionBlock { connect_ip: _, connect_port, bindto, bind_port, bind_if, fwmark } =
            &self.connection;
        if is_link_local(address) && bind_if.is_none() {
            let message = format!("{address} is reached on a link of its own; the check is left out");
            let found = Diagnostic::new(code::BAD_ADDRESS, self.at, message);
            resolver.reader.report.add(found.help("say which with `bind_if INTERFACE`"));
            return None;
        }
        let number =
            |set: &Option<crate::value::Set<u64>>| set.as_ref().and_then(|set| u16::try_from(set.value).ok());
        let port = number(connect_port).unwrap_or(around.port);
        if port == 0 && needs_port {
            no_port(resolver, self.at);
        }
        let source = Source {
            address: bindto.as_ref().map(|set| set.value),
            port: number(bind_port),
            link: bind_if.as_ref().map(|set| set.value.clone()),
            mark: fwmark.as_ref().and_then(|set| u32::try_from(set.value).ok()).unwrap_or(0),
        };
        let timeout = self.pace.connect_timeout.as_ref().or(around.pace.connect_timeout.as_ref());
        Some(Connection {
            address,
            port,
            timeout: timeout.map_or(TIMEOUT, |set| set.value),
            source: (source != Source::default()).then(|| Box::new(source)),
        })
    }
}

fn no_port(resolver: &mut Resolver<'_, '_>, at: Span) {
    let found =
        Diagnostic::new(code::NO_PORT, at, "Neither the check nor its servers say which port to check");
    resolver.reader.report.add(found.class(Class::Silent).help("say which with `connect_port NUMBER`"));
}

const fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}
