//! `SSL`: who we are for servers that are checked over TLS.

use crate::diagnostic::{Diagnostic, code};
use crate::source::Span;
use crate::table::{Block, Keyword, Missing};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};
use check::config::TlsIdentity;

/// As written.
#[derive(Debug, Default)]
pub(crate) struct SslBlock {
    pub(crate) password: Option<Set<String>>,
    pub(crate) ca: Option<Set<String>>,
    pub(crate) certificate: Option<Set<String>>,
    pub(crate) key: Option<Set<String>>,
}

type K = Keyword<SslBlock>;

const fn text(name: &'static str, field: crate::value::Field<SslBlock, String>) -> K {
    K::new(name, Kind::Text(field, usize::MAX)).missing(Missing::Complaint).replaces()
}

/// The rows of `SSL`.
pub(crate) static SSL: Block<SslBlock> = Block::new(
    "SSL",
    &[
        text("password", |b| &mut b.password).help("Passphrase of the private key."),
        text("ca", |b| &mut b.ca)
            .takes("<path>")
            .help("File with the authorities that are trusted. Certificates are not verified all the same."),
        text("certificate", |b| &mut b.certificate).takes("<path>").help("File with our certificate."),
        text("key", |b| &mut b.key).takes("<path>").help("File with our private key."),
    ],
)
.later("health checks");

/// What the last of the blocks says; complains if there are several.
pub(crate) fn lower(reader: &mut Reader<'_>, nodes: &[NodeId]) -> TlsIdentity {
    let mut before: Option<Span> = None;
    let mut identity = TlsIdentity::default();
    for &node in nodes {
        let at = reader.keyword(node);
        if let Some(first) = before {
            let found = Diagnostic::new(code::DUPLICATE, at, "There is a block SSL already");
            reader.report.add(found.related(first, "the first, which this one replaces"));
        }
        before = Some(at);
        let mut block = SslBlock::default();
        reader.block(&SSL, node, &mut block);
        let SslBlock { password, ca, certificate, key } = block;
        let value = |set: Option<Set<String>>| set.map(|set| set.value);
        identity = TlsIdentity {
            password: value(password),
            authorities: value(ca),
            certificate: value(certificate),
            key: value(key),
        };
    }
    identity
}
