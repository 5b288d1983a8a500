//! The checks of a real server: what all have in common, and what all have that connect.
//!
//! Each kind is a file below, with its struct and its rows; [`lower`] turns them into what the engine obeys.

mod bfd;
mod dns;
mod file;
mod http;
pub(crate) mod lower;
mod misc;
mod pattern;
mod smtp;
mod udp;
mod url;

use std::net::IpAddr;

use host::{Family, LinkName};

use super::pace::{self, PaceBlock};
use super::real_server::RealServerBlock;
use crate::diagnostic::{Diagnostic, code};
use crate::source::Span;
use crate::table::{Block, Keyword};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};
pub(crate) use pattern::Patterns;

/// A check as written: what every kind has, and its own.
#[derive(Debug)]
pub(crate) struct CheckBlock<T> {
    pub(crate) node: NodeId,
    pub(crate) at: Span,
    /// The real server's address, which is connected to unless the block says otherwise.
    server: IpAddr,
    pub(crate) pace: PaceBlock,
    pub(crate) alpha: Option<Set<bool>>,
    pub(crate) log_all_failures: Option<Set<bool>>,
    pub(crate) connection: ConnectionBlock,
    pub(crate) own: T,
}

/// Where a check connects to, and from where.
#[derive(Debug, Default)]
pub(crate) struct ConnectionBlock {
    pub(crate) connect_ip: Option<Set<IpAddr>>,
    pub(crate) connect_port: Option<Set<u64>>,
    pub(crate) bindto: Option<Set<IpAddr>>,
    pub(crate) bind_port: Option<Set<u64>>,
    pub(crate) bind_if: Option<Set<LinkName>>,
    pub(crate) fwmark: Option<Set<u64>>,
}

/// A check of any kind.
#[derive(Debug)]
pub(crate) enum Written {
    Tcp(CheckBlock<()>),
    Ping(CheckBlock<()>),
    Udp(CheckBlock<udp::UdpBlock>),
    Smtp(CheckBlock<smtp::SmtpBlock>),
    Dns(CheckBlock<dns::DnsBlock>),
    Http(CheckBlock<http::HttpBlock>),
    Misc(CheckBlock<misc::MiscBlock>),
    File(CheckBlock<file::FileBlock>),
    Bfd(CheckBlock<bfd::BfdBlock>),
}

impl Written {
    /// Where its keyword stands.
    pub(crate) const fn at(&self) -> Span {
        match self {
            Self::Tcp(CheckBlock { at, .. })
            | Self::Ping(CheckBlock { at, .. })
            | Self::Udp(CheckBlock { at, .. })
            | Self::Smtp(CheckBlock { at, .. })
            | Self::Dns(CheckBlock { at, .. })
            | Self::Http(CheckBlock { at, .. })
            | Self::Misc(CheckBlock { at, .. })
            | Self::File(CheckBlock { at, .. })
            | Self::Bfd(CheckBlock { at, .. }) => *at,
        }
    }
}

impl<T: Default> CheckBlock<T> {
    fn new(node: NodeId, at: Span, server: IpAddr) -> Self {
        Self {
            node,
            at,
            server,
            pace: PaceBlock::default(),
            alpha: None,
            log_all_failures: None,
            connection: ConnectionBlock::default(),
            own: T::default(),
        }
    }
}

impl<T> CheckBlock<T> {
    /// Where it connects to.
    pub(crate) fn address(&self) -> IpAddr {
        self.connection.connect_ip.as_ref().map_or(self.server, |set| set.value)
    }
}

const U32: u64 = 4_294_967_295;

impl<T: 'static> CheckBlock<T> {
    const ALPHA: Keyword<Self> = Keyword::<Self>::new("alpha", Kind::Switch(|b| &mut b.alpha))
        .inherits("real_server alpha")
        .help("The check counts as failed until it has succeeded.");

    /// Rows of every check that is made again and again.
    const REPEATED: &'static [Keyword<Self>] = &[
        pace::retry::<Self>(|b| &mut b.pace.retry, 0).lax().inherits("real_server retry"),
        pace::delay_before_retry::<Self>(|b| &mut b.pace.delay_before_retry)
            .inherits("real_server delay_before_retry"),
        pace::warmup::<Self>(|b| &mut b.pace.warmup).inherits("real_server warmup"),
        pace::delay_loop::<Self>(|b| &mut b.pace.delay_loop).inherits("real_server delay_loop"),
        Self::ALPHA,
        Keyword::<Self>::new("log_all_failures", Kind::Switch(|b| &mut b.log_all_failures))
            .inherits("global_defs checker_log_all_failures")
            .help("Log every attempt that fails, not only what changes something."),
    ];

    /// Rows of every check that connects.
    const CONNECTING: &'static [Keyword<Self>] = &[
        Keyword::<Self>::new("connect_ip", Kind::Custom(crate::table::Shape::Line, connect_ip))
            .takes("<address>")
            .help("Address to check. Without it that of the real server."),
        Keyword::<Self>::new("connect_port", Kind::Number(|b| &mut b.connection.connect_port, 1, 65_535))
            .lax()
            .help("Port to check. Without it that of the real server."),
        Keyword::<Self>::new("bindto", Kind::Custom(crate::table::Shape::Line, bindto))
            .takes("<address>")
            .help("Address to check from. Without it the kernel's choice."),
        Keyword::<Self>::new("bind_port", Kind::Number(|b| &mut b.connection.bind_port, 1, 65_535))
            .lax()
            .help("Port to check from. Without it the kernel's choice."),
        Keyword::<Self>::new("bind_if", Kind::Link(|b| &mut b.connection.bind_if))
            .help("Interface to check from. A link-local address needs it."),
        pace::connect_timeout::<Self>(|b| &mut b.pace.connect_timeout)
            .inherits("real_server connect_timeout"),
        Keyword::<Self>::new("fwmark", Kind::Number(|b| &mut b.connection.fwmark, 0, U32))
            .lax()
            .default("0")
            .help("Mark on the packets of the check."),
    ];
}

fn connect_ip<T>(reader: &mut Reader<'_>, node: NodeId, block: &mut CheckBlock<T>) {
    let Some(set) = reader.address_word(node) else { return };
    if let Some(from) = &block.connection.bindto
        && Family::of(from.value) != Family::of(set.value)
    {
        let message = "This address is not of the family of bindto; the line is ignored";
        let found = Diagnostic::new(code::FAMILY, set.at, message).related(from.at, "bindto");
        reader.report.add(found);
        return;
    }
    block.connection.connect_ip = Some(set);
}

/// As keepalived: compared with what stands before it, so a `connect_ip` of another family than the real server's must
/// come first.
fn bindto<T>(reader: &mut Reader<'_>, node: NodeId, block: &mut CheckBlock<T>) {
    let Some(set) = reader.address_word(node) else { return };
    let to = block.address();
    if Family::of(to) != Family::of(set.value) {
        let message =
            format!("This address is not of the family of {to}, which is checked; the line is ignored");
        let found = Diagnostic::new(code::FAMILY, set.at, message);
        reader.report.add(found.help("a connect_ip of another family must stand before it"));
        return;
    }
    block.connection.bindto = Some(set);
}

/// The rows of `TCP_CHECK`.
pub(crate) static TCP_CHECK: Block<CheckBlock<()>> =
    Block::new("TCP_CHECK", CheckBlock::CONNECTING).and(CheckBlock::REPEATED).later("health checks");

/// The rows of `PING_CHECK`.
pub(crate) static PING_CHECK: Block<CheckBlock<()>> =
    Block::new("PING_CHECK", CheckBlock::CONNECTING).and(CheckBlock::REPEATED).later("health checks");

/// The rows of `real_server` that open checks.
pub(crate) const CHECKS: &[Keyword<RealServerBlock>] = &[
    check("HTTP_GET", Kind::Block(&http::HTTP_GET, |r, n, b| read(r, n, b, &http::HTTP_GET, Written::Http)))
        .help("Fetches pages over HTTP and looks at status, digest or text."),
    check(
        "SSL_GET",
        Kind::Block(&http::SSL_GET, |r, n, b| {
            read(r, n, b, &http::SSL_GET, |mut block| {
                block.own.tls = true;
                Written::Http(block)
            });
        }),
    )
    .help("Fetches pages over TLS and looks at status, digest or text."),
    check("TCP_CHECK", Kind::Block(&TCP_CHECK, |r, n, b| read(r, n, b, &TCP_CHECK, Written::Tcp)))
        .help("Makes a TCP connection."),
    check(
        "SMTP_CHECK",
        Kind::Block(&smtp::SMTP_CHECK, |r, n, b| read(r, n, b, &smtp::SMTP_CHECK, Written::Smtp)),
    )
    .help("Greets a mail server."),
    check("DNS_CHECK", Kind::Block(&dns::DNS_CHECK, |r, n, b| read(r, n, b, &dns::DNS_CHECK, Written::Dns)))
        .help("Asks a name server and wants an answer without an error."),
    check("UDP_CHECK", Kind::Block(&udp::UDP_CHECK, |r, n, b| read(r, n, b, &udp::UDP_CHECK, Written::Udp)))
        .help("Sends a datagram, and fails on an error or on a wrong reply."),
    check("PING_CHECK", Kind::Block(&PING_CHECK, |r, n, b| read(r, n, b, &PING_CHECK, Written::Ping)))
        .help("Asks for an ICMP echo."),
    check(
        "MISC_CHECK",
        Kind::Block(&misc::MISC_CHECK, |r, n, b| read(r, n, b, &misc::MISC_CHECK, Written::Misc)),
    )
    .help("Runs a program. Exit status 0 is success."),
    check(
        "FILE_CHECK",
        Kind::Block(&file::FILE_CHECK, |r, n, b| read(r, n, b, &file::FILE_CHECK, Written::File)),
    )
    .help("Follows the number in a tracked file."),
    check("BFD_CHECK", Kind::Block(&bfd::BFD_CHECK, |r, n, b| read(r, n, b, &bfd::BFD_CHECK, Written::Bfd)))
        .help("Follows a BFD session."),
];

const fn check(name: &'static str, kind: Kind<RealServerBlock>) -> Keyword<RealServerBlock> {
    Keyword::new(name, kind).repeats()
}

fn read<T: Default>(
    reader: &mut Reader<'_>,
    node: NodeId,
    server: &mut RealServerBlock,
    rows: &Block<CheckBlock<T>>,
    written: fn(CheckBlock<T>) -> Written,
) {
    let mut block = CheckBlock::new(node, reader.keyword(node), server.address);
    reader.block(rows, node, &mut block);
    server.checks.push(written(block));
}
