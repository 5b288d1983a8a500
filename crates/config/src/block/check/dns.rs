//! `DNS_CHECK`: asks a name server.

use super::CheckBlock;
use crate::diagnostic::{Class, Diagnostic, code};
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};
use check::config::QueryType;

/// As written.
#[derive(Debug, Default)]
pub(crate) struct DnsBlock {
    pub(crate) kind: Option<Set<QueryType>>,
    /// Without the last dot.
    pub(crate) name: Option<Set<String>>,
}

type K = Keyword<CheckBlock<DnsBlock>>;

/// The rows of `DNS_CHECK`.
pub(crate) static DNS_CHECK: Block<CheckBlock<DnsBlock>> = Block::new(
    "DNS_CHECK",
    &[
        K::new("type", Kind::Custom(Shape::Line, kind))
            .takes("A|NS|CNAME|SOA|MX|TXT|AAAA|RRSIG|DNSKEY")
            .default("SOA")
            .help("Record to ask for, in letters of either size."),
        K::new("name", Kind::Custom(Shape::Line, name))
            .takes("<domain>")
            .default(".")
            .help("Name to ask for."),
    ],
)
.and(CheckBlock::CONNECTING)
.and(CheckBlock::REPEATED)
.later("health checks");

fn kind(reader: &mut Reader<'_>, node: NodeId, block: &mut CheckBlock<DnsBlock>) {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let word = reader.text(at);
    match QueryType::ALL.iter().find(|(_, name, _)| name.eq_ignore_ascii_case(word)) {
        Some((value, ..)) => block.own.kind = Some(Set { value: *value, at }),
        None => {
            let message = format!("`{word}` is no record that can be asked for; the line is ignored");
            let help = "A, NS, CNAME, SOA, MX, TXT, AAAA, RRSIG or DNSKEY";
            reader.report.add(Diagnostic::new(code::BAD_WORD, at, message).help(help));
        }
    }
}

/// RFC 1035 §2.3.4: labels 63 octets or less, names 255 octets or less.
const LONGEST_LABEL: usize = 63;
const LONGEST_NAME: usize = 253;

fn name(reader: &mut Reader<'_>, node: NodeId, block: &mut CheckBlock<DnsBlock>) {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let word = reader.text(at);
    if let Some(first) = &block.own.name {
        let first = first.at;
        reader.second("name", at, first);
        return;
    }
    let name = word.strip_suffix('.').unwrap_or(word);
    // Differs: keepalived takes a first label of one character for an empty one.
    if !name.is_empty() && name.split('.').any(str::is_empty) {
        let message = format!("`{word}` has an empty label; the line is ignored");
        reader.complain(code::BAD_WORD, at, message);
        return;
    }
    if name.len() > LONGEST_NAME || name.split('.').any(|label| label.len() > LONGEST_LABEL) {
        // As keepalived: a test does not mind. Differs: it sends such a name, which no server can read.
        let message = "A label has at most 63 bytes and a name at most 253; the line is ignored";
        reader.report.add(Diagnostic::new(code::TOO_LONG, at, message).class(Class::Silent));
        return;
    }
    block.own.name = Some(Set { value: name.to_owned(), at });
}
