//! `real_server`: one that serves.

use std::net::IpAddr;

use super::check::{CHECKS, Written};
use super::forwarding;
use super::pace::{self, PaceBlock};
use crate::lex::CommandLine;
use crate::source::Span;
use crate::table::{Block, Keyword, Missing, Shape};
use crate::value::{Kind, Set};
use host::ipvs::Forwarding;

/// As written.
#[derive(Debug)]
pub(crate) struct RealServerBlock {
    pub(crate) address: IpAddr,
    /// 0 is none.
    pub(crate) port: u16,
    pub(crate) at: Span,
    /// Its own, else what the virtual server had said when it began.
    pub(crate) lvs_method: Option<Set<Forwarding>>,
    pub(crate) weight: Option<Set<u64>>,
    pub(crate) uthreshold: Option<Set<u64>>,
    pub(crate) lthreshold: Option<Set<u64>>,
    pub(crate) inhibit_on_failure: Option<Set<bool>>,
    pub(crate) alpha: Option<Set<bool>>,
    pub(crate) smtp_alert: Option<Set<bool>>,
    pub(crate) notify_up: Option<Set<CommandLine>>,
    pub(crate) notify_down: Option<Set<CommandLine>>,
    pub(crate) virtualhost: Option<Set<String>>,
    pub(crate) snmp_name: Option<Set<String>>,
    pub(crate) pace: PaceBlock,
    pub(crate) checks: Vec<Written>,
}

impl RealServerBlock {
    pub(crate) fn new((address, port): (IpAddr, u16), at: Span) -> Self {
        Self {
            address,
            port,
            at,
            lvs_method: None,
            weight: None,
            uthreshold: None,
            lthreshold: None,
            inhibit_on_failure: None,
            alpha: None,
            smtp_alert: None,
            notify_up: None,
            notify_down: None,
            virtualhost: None,
            snmp_name: None,
            pace: PaceBlock::default(),
            checks: Vec::new(),
        }
    }
}

const U32: u64 = 4_294_967_295;

type K = Keyword<RealServerBlock>;

/// The rows of `real_server`.
pub(crate) static REAL_SERVER: Block<RealServerBlock> = Block::new(
    "real_server",
    &[
        K::new("weight", Kind::Number(|b| &mut b.weight, 0, 2_147_483_647))
            .lax()
            .inherits("virtual_server weight")
            .help("Its share. 0 takes no new connections."),
        K::new(
            "lvs_method",
            Kind::Custom(Shape::Line, |r, node, b| {
                if let Some(set) = forwarding::read(r, node) {
                    b.lvs_method = Some(set);
                }
            }),
        )
        .takes(forwarding::WORDS)
        .inherits("virtual_server lvs_method")
        .help("How packets reach it."),
        K::new("uthreshold", Kind::Number(|b| &mut b.uthreshold, 0, U32))
            .lax()
            .unit("connections")
            .default("0")
            .help("Connections at which it gets no more. 0 sets no bound."),
        K::new("lthreshold", Kind::Number(|b| &mut b.lthreshold, 0, U32))
            .lax()
            .unit("connections")
            .default("0")
            .help("Connections at which it gets some again."),
        K::new("inhibit_on_failure", Kind::Switch(|b| &mut b.inhibit_on_failure))
            .inherits("virtual_server inhibit_on_failure")
            .help("On failure it stays, with weight 0, so that its connections live on."),
        K::new("notify_up", Kind::Script(|b| &mut b.notify_up)).help("Run when it comes."),
        K::new("notify_down", Kind::Script(|b| &mut b.notify_down)).help("Run when it goes."),
        K::new("alpha", Kind::Switch(|b| &mut b.alpha))
            .inherits("virtual_server alpha")
            .help("It counts as failed until its checks say otherwise."),
        pace::retry::<RealServerBlock>(|b| &mut b.pace.retry, 1).inherits("virtual_server retry"),
        pace::delay_before_retry::<RealServerBlock>(|b| &mut b.pace.delay_before_retry)
            .inherits("virtual_server delay_before_retry"),
        pace::warmup::<RealServerBlock>(|b| &mut b.pace.warmup).inherits("virtual_server warmup"),
        pace::connect_timeout::<RealServerBlock>(|b| &mut b.pace.connect_timeout)
            .inherits("virtual_server connect_timeout"),
        pace::delay_loop::<RealServerBlock>(|b| &mut b.pace.delay_loop).inherits("virtual_server delay_loop"),
        K::new("smtp_alert", Kind::Switch(|b| &mut b.smtp_alert))
            .inherits("global_defs smtp_alert_checker")
            .later("alert mail")
            .help("Send a mail when it comes and when it goes."),
        K::new("virtualhost", Kind::Text(|b| &mut b.virtualhost, usize::MAX))
            .missing(Missing::Complaint)
            .replaces()
            .inherits("virtual_server virtualhost")
            .help("Host header of its HTTP checks."),
        K::new(
            "snmp_name",
            Kind::Custom(Shape::Line, |r, node, b| super::snmp_name::read(r, node, &mut b.snmp_name)),
        )
        .takes("<text>")
        .missing(Missing::Complaint)
        .later("SNMP")
        .help("Label for SNMP."),
    ],
)
.and(CHECKS);
