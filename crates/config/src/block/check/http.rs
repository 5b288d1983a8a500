//! `HTTP_GET` and `SSL_GET`: fetch pages.

use super::url::{HTTP_URL, SSL_URL, UrlBlock};
use super::{CheckBlock, U32};
use crate::diagnostic::{Diagnostic, code};
use crate::source::Span;
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};
use check::config::HttpVersion;

/// As written.
#[derive(Debug, Default)]
pub(crate) struct HttpBlock {
    /// `SSL_GET`.
    pub(crate) tls: bool,
    pub(crate) virtualhost: Option<Set<String>>,
    pub(crate) http_protocol: Option<Set<HttpVersion>>,
    pub(crate) enable_sni: Option<Set<bool>>,
    pub(crate) sni_name: Option<Set<String>>,
    pub(crate) fast_recovery: Option<Set<bool>>,
    pub(crate) tls_compliant: Option<Set<bool>>,
    pub(crate) urls: Vec<UrlBlock>,
}

type K = Keyword<CheckBlock<HttpBlock>>;

/// Rows of both.
const ROWS: &[K] = &[
    K::new("nb_get_retry", Kind::Number(|b| &mut b.pace.retry, 0, U32))
        .lax()
        .deprecated("retry")
        .unit("attempts")
        .help("Further attempts before a server that was up counts as down."),
    K::new("virtualhost", Kind::Text(|b| &mut b.own.virtualhost, usize::MAX))
        .missing(Missing::Complaint)
        .replaces()
        .inherits("real_server virtualhost")
        .help("Host header of the requests. Without any, address and port."),
    K::new("http_protocol", Kind::Custom(Shape::Line, http_protocol))
        .takes("1.0|1.0C|1.1")
        .missing(Missing::Complaint)
        .default("1.0")
        .help("Version of the requests. 1.0C asks that the connection be closed; 1.1 does so too."),
    K::new("enable_sni", Kind::Switch(|b| &mut b.own.enable_sni))
        .default("off")
        .help("Tell the server's name, its virtualhost, in the TLS handshake."),
    K::new("sni_name", Kind::Custom(Shape::Line, sni_name))
        .takes("[<name>]")
        .missing(Missing::Nothing)
        .since("2.4.4")
        .help("Tell this name in the TLS handshake. Without a word the virtualhost."),
    K::new("fast_recovery", Kind::Switch(|b| &mut b.own.fast_recovery))
        .default("off")
        .help("Fetch all pages without a pause while the server comes up."),
];

/// The rows of `HTTP_GET`.
pub(crate) static HTTP_GET: Block<CheckBlock<HttpBlock>> = Block::new(
    "HTTP_GET",
    &[K::new("url", Kind::Block(&HTTP_URL, |r, n, b| url(r, n, b, &HTTP_URL))).repeats().help(URL)],
)
.and(ROWS)
.and(CheckBlock::CONNECTING)
.and(CheckBlock::REPEATED)
.later("health checks");

/// The rows of `SSL_GET`.
pub(crate) static SSL_GET: Block<CheckBlock<HttpBlock>> = Block::new(
    "SSL_GET",
    &[
        K::new("url", Kind::Block(&SSL_URL, |r, n, b| url(r, n, b, &SSL_URL))).repeats().help(URL),
        K::new("tls_compliant", Kind::Switch(|b| &mut b.own.tls_compliant))
            .default("off")
            .since("2.2.8")
            .help("End TLS sessions as TLS wants it, not by closing the connection alone."),
    ],
)
.and(ROWS)
.and(CheckBlock::CONNECTING)
.and(CheckBlock::REPEATED)
.later("health checks");

const URL: &str = "A page to fetch, and what is good about it.";

fn url(reader: &mut Reader<'_>, node: NodeId, block: &mut CheckBlock<HttpBlock>, rows: &Block<UrlBlock>) {
    let mut url = UrlBlock::new(reader.keyword(node));
    reader.block(rows, node, &mut url);
    if url.path.is_none() {
        let found = Diagnostic::new(code::EMPTY_CHECK, url.at, "This url has no path; it is left out");
        reader.report.add(found.help("say which with `path /...`"));
        return;
    }
    block.own.urls.push(url);
}

fn http_protocol(reader: &mut Reader<'_>, node: NodeId, block: &mut CheckBlock<HttpBlock>) {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Complaint);
        return;
    };
    let value = match reader.text(at) {
        "1.0" => HttpVersion::V1_0,
        "1.0C" | "1.0c" => HttpVersion::V1_0Close,
        "1.1" => HttpVersion::V1_1,
        other => {
            let message =
                format!("`{other}` is no version of HTTP that can be asked for; the line is ignored");
            reader.report.add(Diagnostic::new(code::BAD_WORD, at, message).help("1.0, 1.0C or 1.1"));
            return;
        }
    };
    block.own.http_protocol = Some(Set { value, at });
}

fn sni_name(reader: &mut Reader<'_>, node: NodeId, block: &mut CheckBlock<HttpBlock>) {
    let at = reader.keyword(node);
    let before: Option<Span> = block.own.sni_name.as_ref().map(|set| set.at);
    match (reader.arguments(node).first(), before) {
        (None, Some(first)) => {
            reader.second("sni_name", at, first);
            return;
        }
        (None, None) => {}
        (Some(&name), first) => {
            if let Some(first) = first {
                let found = Diagnostic::new(code::DUPLICATE, at, "`sni_name` stands here a second time");
                reader.report.add(found.related(first, "the first, which this one replaces"));
            }
            block.own.sni_name = Some(Set { value: reader.text(name).to_owned(), at: name });
        }
    }
    block.own.enable_sni = Some(Set { value: true, at });
}
