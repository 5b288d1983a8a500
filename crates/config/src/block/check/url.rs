//! `url`: a page to fetch, and what is good about it.

use super::pattern::{PatternBlock, offset, regex, regex_options, regex_stack};
use crate::diagnostic::{Diagnostic, code};
use crate::resolve::Resolver;
use crate::source::Span;
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};
use check::config::UrlCheck;

/// As written.
#[derive(Debug)]
pub(crate) struct UrlBlock {
    pub(crate) at: Span,
    pub(crate) path: Option<Set<String>>,
    pub(crate) digest: Option<Set<[u8; 16]>>,
    pub(crate) status_code: Vec<(u16, u16)>,
    pub(crate) virtualhost: Option<Set<String>>,
    pub(crate) pattern: PatternBlock,
    pub(crate) tls_compliant: Option<Set<bool>>,
}

type K = Keyword<UrlBlock>;

const ROWS: &[K] = &[
    K::new("path", Kind::Text(|b| &mut b.path, usize::MAX))
        .replaces()
        .help("What to ask for, as it stands in the request."),
    K::new("digest", Kind::Custom(Shape::Line, digest))
        .takes("<32 hexadecimal digits>")
        .once()
        .help("MD5 of the body."),
    K::new("status_code", Kind::Custom(Shape::Line, status_code))
        .takes("<100..599>[-<100..599>]...")
        .repeats()
        .missing(Missing::Nothing)
        .default("200-299")
        .help("Status codes that are good, and ranges of them."),
    K::new("virtualhost", Kind::Text(|b| &mut b.virtualhost, usize::MAX))
        .missing(Missing::Complaint)
        .replaces()
        .inherits("HTTP_GET virtualhost")
        .help("Host header of this request."),
    K::new("regex", Kind::Custom(Shape::Script, regex))
        .takes("<pattern>")
        .missing(Missing::Nothing)
        .help("PCRE2 pattern that the body must match; one word, with quotes and backslashes as in a \
            shell."),
    K::new("regex_no_match", Kind::Flag(|b| &mut b.pattern.regex_no_match, true))
        .help("The body must not match."),
    K::new("regex_options", Kind::Custom(Shape::Line, regex_options))
        .takes("<option>...")
        .repeats()
        .missing(Missing::Nothing)
        .help(
            "How the pattern is compiled: allow_empty_class, alt_bsux, auto_callout, caseless, dollar_endonly, \
             dotall, dupnames, extended, firstline, match_unset_backref, multiline, never_ucp, never_utf, \
             no_auto_capture, no_auto_possess, no_dotstar_anchor, no_start_optimize, ucp, ungreedy, utf, \
             never_backslash_c, alt_circumflex, alt_verbnames and use_offset_limit, as PCRE2 has them.",
        ),
    K::new("regex_min_offset", Kind::Custom(Shape::Line, |r, n, b| offset(r, n, b, |p| &mut p.regex_min_offset)))
        .takes("<bytes>")
        .unit("bytes")
        .missing(Missing::Nothing)
        .default("0")
        .help("First place in the body where a match may begin."),
    K::new("regex_max_offset", Kind::Custom(Shape::Line, |r, n, b| offset(r, n, b, |p| &mut p.regex_max_offset)))
        .takes("<bytes>")
        .unit("bytes")
        .missing(Missing::Nothing)
        .help("Last place in the body where a match may begin."),
    K::new("regex_stack", Kind::Custom(Shape::Line, regex_stack))
        .takes("<start> <most>")
        .unit("bytes")
        .missing(Missing::Nothing)
        .help("Stack of the matcher at first and at most."),
];

/// The rows of `url` in `HTTP_GET`.
pub(crate) static HTTP_URL: Block<UrlBlock> = Block::new("url", ROWS).later("health checks");

/// The rows of `url` in `SSL_GET`.
pub(crate) static SSL_URL: Block<UrlBlock> = Block::new("url", ROWS)
    .and(&[K::new("tls_compliant", Kind::Switch(|b| &mut b.tls_compliant))
        .inherits("SSL_GET tls_compliant")
        .since("2.2.8")
        .help("End this TLS session as TLS wants it.")])
    .later("health checks");

impl UrlBlock {
    pub(super) fn new(at: Span) -> Self {
        Self {
            at,
            path: None,
            digest: None,
            status_code: Vec::new(),
            virtualhost: None,
            pattern: PatternBlock::default(),
            tls_compliant: None,
        }
    }

    /// What the engine obeys; `host` and `closes_tls` are what the check says.
    pub(super) fn lower(
        self,
        resolver: &mut Resolver<'_, '_>,
        host: Option<&str>,
        closes_tls: bool,
    ) -> UrlCheck {
        let Self { at, path, digest, status_code, virtualhost, pattern, tls_compliant } = self;
        let text = |set: Option<Set<String>>| set.map(|set| set.value.into_boxed_str());
        UrlCheck {
            path: text(path).unwrap_or_default(),
            host: text(virtualhost).or_else(|| host.map(Box::from)),
            status: if status_code.is_empty() { vec![(200, 299)] } else { status_code },
            digest: digest.map(|set| set.value),
            pattern: pattern.lower(resolver, at),
            closes_tls: tls_compliant.map_or(closes_tls, |set| set.value),
        }
    }
}

fn digest(reader: &mut Reader<'_>, node: NodeId, block: &mut UrlBlock) {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    if let Some(first) = &block.digest {
        let first = first.at;
        reader.second("digest", reader.keyword(node), first);
        return;
    }
    let word = reader.text(at).as_bytes();
    let mut value = [0; 16];
    let hexadecimal = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let read = word.len() == 32
        && value.iter_mut().zip(word.chunks_exact(2)).all(|(byte, pair)| match *pair {
            [high, low] => match (hexadecimal(high), hexadecimal(low)) {
                (Some(high), Some(low)) => {
                    *byte = high << 4 | low;
                    true
                }
                _ => false,
            },
            _ => false,
        });
    if read {
        block.digest = Some(Set { value, at });
    } else {
        let found = Diagnostic::new(code::BAD_WORD, at, "This is no MD5; the line is ignored");
        reader.report.add(found.help("32 hexadecimal digits, such as `genhash` prints"));
    }
}

fn status_code(reader: &mut Reader<'_>, node: NodeId, block: &mut UrlBlock) {
    for &at in reader.arguments(node) {
        let word = reader.text(at);
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let code = |text: &str| text.parse::<u16>().ok().filter(|code| (100..=599).contains(code));
        match (code(first), code(last)) {
            (Some(first), Some(last)) if first <= last => block.status_code.push((first, last)),
            _ => {
                let message = format!("`{word}` is no status code, and no range of them; it is left out");
                let found = Diagnostic::new(code::BAD_NUMBER, at, message);
                reader.report.add(found.help("100 to 599, or two of them with a - between"));
            }
        }
    }
}
