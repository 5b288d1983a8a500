//! `SMTP_CHECK`: greets a mail server.

use super::CheckBlock;
use crate::diagnostic::{Class, Diagnostic, code};
use crate::table::{Block, Keyword, Missing};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};

/// As written.
#[derive(Debug, Default)]
pub(crate) struct SmtpBlock {
    pub(crate) helo_name: Option<Set<String>>,
    /// Each is a check of its own, and then the block around is none.
    pub(crate) hosts: Vec<CheckBlock<()>>,
}

type K = Keyword<CheckBlock<SmtpBlock>>;

/// The rows of `SMTP_CHECK`.
pub(crate) static SMTP_CHECK: Block<CheckBlock<SmtpBlock>> = Block::new(
    "SMTP_CHECK",
    &[
        K::new("helo_name", Kind::Text(|b| &mut b.own.helo_name, usize::MAX))
            .missing(Missing::Complaint)
            .replaces()
            .default("smtpchecker.keepalived.org")
            .help("Name to greet with."),
        K::new("host", Kind::Block(&HOST, host))
            .repeats()
            .help("A server to greet instead of the real server. Better write another SMTP_CHECK."),
    ],
)
.and(CheckBlock::CONNECTING)
.and(CheckBlock::REPEATED)
.later("health checks");

/// The rows of `host`.
pub(crate) static HOST: Block<CheckBlock<()>> =
    Block::new("host", CheckBlock::CONNECTING).and(CheckBlock::REPEATED).later("health checks");

fn host(reader: &mut Reader<'_>, node: NodeId, block: &mut CheckBlock<SmtpBlock>) {
    let at = reader.keyword(node);
    let found =
        Diagnostic::new(code::DEPRECATED, at, "A block `host` is an old way to check several servers");
    reader.report.add(found.class(Class::Silent).help("write an SMTP_CHECK with connect_ip for each"));
    let mut host = CheckBlock::new(node, at, block.address());
    reader.block(&HOST, node, &mut host);
    block.own.hosts.push(host);
}
