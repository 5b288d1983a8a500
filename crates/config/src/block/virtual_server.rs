//! `virtual_server`: a service that is spread over real servers.

pub(crate) mod lower;
mod read;

use std::net::IpAddr;

use host::Family;

use super::forwarding;
use super::pace::{self, PaceBlock};
use super::real_server::{REAL_SERVER, RealServerBlock};
use crate::lex::CommandLine;
use crate::source::Span;
use crate::table::{Block, Keyword, Missing, Shape};
use crate::value::{Kind, Set};
use host::ipvs::{Forwarding, Granularity, Transport};

pub(crate) use read::read;

/// What packets it takes, as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Head {
    Address(IpAddr, u16),
    Mark(u32),
    Group(String),
}

/// As written.
#[derive(Debug)]
pub(crate) struct VirtualServerBlock {
    pub(crate) head: Head,
    pub(crate) at: Span,
    /// Of the address; else of what stood first and tells.
    pub(crate) family: Option<Family>,
    pub(crate) lvs_sched: Option<Set<&'static str>>,
    pub(crate) flags: [bool; 3],
    pub(crate) ops: Option<Set<bool>>,
    pub(crate) lvs_method: Option<Set<Forwarding>>,
    pub(crate) persistence: PersistenceBlock,
    pub(crate) protocol: Option<Set<Transport>>,
    pub(crate) ha_suspend: Option<Set<bool>>,
    pub(crate) smtp_alert: Option<Set<bool>>,
    pub(crate) virtualhost: Option<Set<String>>,
    pub(crate) snmp_name: Option<Set<String>>,
    pub(crate) alpha: Option<Set<bool>>,
    pub(crate) omega: Option<Set<bool>>,
    pub(crate) inhibit_on_failure: Option<Set<bool>>,
    pub(crate) quorum: QuorumBlock,
    pub(crate) weight: Option<Set<u64>>,
    pub(crate) sorry_server: Option<SorryBlock>,
    pub(crate) pace: PaceBlock,
    pub(crate) real_servers: Vec<RealServerBlock>,
}

/// Whether clients stay with their real server.
#[derive(Debug, Default)]
pub(crate) struct PersistenceBlock {
    pub(crate) engine: Option<Set<String>>,
    pub(crate) timeout: Option<Set<i64>>,
    pub(crate) granularity: Option<Set<Granularity>>,
}

/// How much must live.
#[derive(Debug, Default)]
pub(crate) struct QuorumBlock {
    pub(crate) quorum: Option<Set<u64>>,
    pub(crate) hysteresis: Option<Set<u64>>,
    pub(crate) up: Option<Set<CommandLine>>,
    pub(crate) down: Option<Set<CommandLine>>,
}

/// `sorry_server` and what is said of it.
#[derive(Clone, Debug)]
pub(crate) struct SorryBlock {
    pub(crate) address: IpAddr,
    /// 0 is none.
    pub(crate) port: u16,
    pub(crate) at: Span,
    pub(crate) inhibit: bool,
    /// Its own, else what the virtual server had said when it was named.
    pub(crate) lvs_method: Option<Set<Forwarding>>,
}

const U32: u64 = 4_294_967_295;

/// Names of schedulers, as the kernel has them.
const SCHEDULERS: &[&str] =
    &["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "mh", "dh", "fo", "ovf", "sed", "nq", "twos"];

type K = Keyword<VirtualServerBlock>;

const fn scheduler(name: &'static str) -> K {
    K::new(name, Kind::Choice(|b| &mut b.lvs_sched, SCHEDULERS)).default("wlc")
}

const fn method(name: &'static str) -> K {
    K::new(name, Kind::Custom(Shape::Line, read::lvs_method)).takes(forwarding::WORDS).default("NAT")
}

/// The rows of `virtual_server`.
pub(crate) static VIRTUAL_SERVER: Block<VirtualServerBlock> =
    Block::new("virtual_server", SCHEDULING).and(HEALTH).and(SERVERS);

const SCHEDULING: &[K] = &[
    K::new("ip_family", Kind::Custom(Shape::Line, read::ip_family))
        .takes("inet|inet6")
        .help("Family of a service chosen by mark whose real servers are all reached through tunnels."),
    scheduler("lvs_sched").help("How a real server is chosen for a new connection."),
    scheduler("lb_algo").help("How a real server is chosen for a new connection; the same as lvs_sched."),
    K::new("hashed", Kind::Custom(Shape::Line, read::hashed)).takes("").help("Has no effect."),
    K::new("ops", Kind::Flag(|b| &mut b.ops, true))
        .help("Schedule every packet for itself. For UDP and marks only."),
    K::new("flag-1", Kind::Custom(Shape::Line, |_, _, b| b.flags[0] = true))
        .takes("")
        .help("First flag of the scheduler."),
    K::new("flag-2", Kind::Custom(Shape::Line, |_, _, b| b.flags[1] = true))
        .takes("")
        .help("Second flag of the scheduler."),
    K::new("flag-3", Kind::Custom(Shape::Line, |_, _, b| b.flags[2] = true))
        .takes("")
        .help("Third flag of the scheduler."),
    K::new("sh-port", Kind::Custom(Shape::Line, |r, n, b| read::flag(r, n, b, "sh")))
        .takes("")
        .help("The port counts for the choice too. Must stand behind `lvs_sched sh`."),
    K::new("sh-fallback", Kind::Custom(Shape::Line, |r, n, b| read::flag(r, n, b, "sh")))
        .takes("")
        .help("Choose another if the chosen one is not available. Must stand behind `lvs_sched sh`."),
    K::new("mh-port", Kind::Custom(Shape::Line, |r, n, b| read::flag(r, n, b, "mh")))
        .takes("")
        .help("The port counts for the choice too. Must stand behind `lvs_sched mh`."),
    K::new("mh-fallback", Kind::Custom(Shape::Line, |r, n, b| read::flag(r, n, b, "mh")))
        .takes("")
        .help("Choose another if the chosen one is not available. Must stand behind `lvs_sched mh`."),
    method("lvs_method").help("How packets reach real servers that stand behind it and say nothing else."),
    method("lb_kind").help("How packets reach the real servers; the same as lvs_method."),
    K::new("persistence_engine", Kind::Text(|b| &mut b.persistence.engine, 15)).help(
        "What tells clients apart besides their address, such as `sip`. For UDP and persistence \
            only.",
    ),
    K::new("persistence_timeout", Kind::NumberOr(|b| &mut b.persistence.timeout, 1, 2_678_400, 360))
        .unit("s")
        .help("Clients stay with their real server for so many seconds; 360 without a number."),
    K::new("persistence_granularity", Kind::Custom(Shape::Line, read::persistence_granularity))
        .takes("<netmask>|<1..128>")
        .help(
            "Clients stay together by this part of their address: a mask for IPv4, a number of bits for \
            IPv6.",
        ),
    K::new("protocol", Kind::Custom(Shape::Line, read::protocol))
        .takes("TCP|UDP|SCTP")
        .default("UDP")
        .help("Transport protocol of the service, in letters of either size."),
];

const HEALTH: &[K] = &[
    pace::delay_loop::<VirtualServerBlock>(|b| &mut b.pace.delay_loop).default("60"),
    pace::retry::<VirtualServerBlock>(|b| &mut b.pace.retry, 1).takes("<1..4294967295>"),
    pace::delay_before_retry::<VirtualServerBlock>(|b| &mut b.pace.delay_before_retry),
    pace::warmup::<VirtualServerBlock>(|b| &mut b.pace.warmup),
    pace::connect_timeout::<VirtualServerBlock>(|b| &mut b.pace.connect_timeout).default("5"),
    K::new("ha_suspend", Kind::Flag(|b| &mut b.ha_suspend, true))
        .later("health checks")
        .help("Check the real servers only while the address of the service is on this host."),
    K::new("alpha", Kind::Flag(|b| &mut b.alpha, true))
        .help("Real servers count as failed until their checks say otherwise."),
    K::new("omega", Kind::Flag(|b| &mut b.omega, true))
        .help("When the daemon stops, run the scripts that are run on failure."),
    K::new("inhibit_on_failure", Kind::Flag(|b| &mut b.inhibit_on_failure, true))
        .help("Real servers that fail stay, with weight 0, so that their connections live on."),
    K::new("smtp_alert", Kind::Switch(|b| &mut b.smtp_alert))
        .inherits("global_defs smtp_alert_checker")
        .later("alert mail")
        .help("Send a mail when the quorum is gained and when it is lost."),
    K::new("virtualhost", Kind::Text(|b| &mut b.virtualhost, usize::MAX))
        .missing(Missing::Complaint)
        .replaces()
        .help("Host header of HTTP checks."),
    K::new("snmp_name", Kind::Custom(Shape::Line, |r, n, b| super::snmp_name::read(r, n, &mut b.snmp_name)))
        .takes("<text>")
        .missing(Missing::Complaint)
        .later("SNMP")
        .help("Label for SNMP."),
    K::new("quorum", Kind::Number(|b| &mut b.quorum.quorum, 1, U32))
        .bad(1)
        .default("1")
        .help("Weight of real servers that must live for the service to be up."),
    K::new("hysteresis", Kind::Number(|b| &mut b.quorum.hysteresis, 0, U32))
        .lax()
        .default("0")
        .help("Weight above the quorum that it takes to come up, and below it to go down."),
    K::new("quorum_up", Kind::Script(|b| &mut b.quorum.up)).help("Run when the quorum is gained."),
    K::new("quorum_down", Kind::Script(|b| &mut b.quorum.down)).help("Run when the quorum is lost."),
];

const SERVERS: &[K] = &[
    K::new("weight", Kind::Number(|b| &mut b.weight, 1, 2_147_483_647))
        .lax()
        .default("1")
        .help("Weight of real servers that say nothing else."),
    K::new("sorry_server", Kind::Custom(Shape::Line, read::sorry_server))
        .takes("<address> [<port>]")
        .help("Server that steps in when the quorum is lost."),
    K::new("sorry_server_inhibit", Kind::Custom(Shape::Line, read::sorry_server_inhibit))
        .takes("")
        .help("The sorry server is there all the time, with weight 0 while it does not serve."),
    K::new("sorry_server_lvs_method", Kind::Custom(Shape::Line, read::sorry_server_lvs_method))
        .takes(forwarding::WORDS)
        .inherits("lvs_method")
        .help("How packets reach the sorry server. Must stand behind sorry_server."),
    K::new("real_server", Kind::Block(&REAL_SERVER, read::real_server))
        .takes("<address> [<port>] { <block> }")
        .repeats()
        .help("One that serves. Without a port that of the virtual server."),
];
