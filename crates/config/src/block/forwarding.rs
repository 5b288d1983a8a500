//! `lvs_method`: how packets reach a server.

use host::ipvs::{Forwarding, Tunnel, TunnelChecksum};

use crate::diagnostic::{Diagnostic, code};
use crate::source::Span;
use crate::table::Missing;
use crate::tree::NodeId;
use crate::value::{Reader, Set};

/// What stands behind the keyword.
pub(crate) const WORDS: &str = "NAT | DR | TUN [type ipip|gue|gre] [port <1..65535>] [nocsum|csum|remcsum]";

/// The options of a tunnel, as written.
#[derive(Default)]
struct Options {
    kind: Option<Span>,
    port: Option<u16>,
    checksum: Option<Span>,
}

/// Reads the words behind a node's keyword; complains and gives `None` if they cannot be obeyed.
pub(crate) fn read(reader: &mut Reader<'_>, node: NodeId) -> Option<Set<Forwarding>> {
    let Some((&at, rest)) = reader.arguments(node).split_first() else {
        reader.lacks_word(node, Missing::Stops);
        return None;
    };
    let method = reader.text(at);
    if !matches!(method, "NAT" | "DR" | "TUN") {
        let message = format!("`{method}` is no way to forward; the line is ignored");
        reader.report.add(Diagnostic::new(code::BAD_WORD, at, message).help("NAT, DR or TUN"));
        return None;
    }
    let options = options(reader, rest)?;
    let tunnel = tunnel(reader, at, &options)?;
    let value = match method {
        "NAT" => Forwarding::Masquerade,
        "DR" => Forwarding::Direct,
        _ => Forwarding::Tunnel(tunnel),
    };
    Some(Set { value, at })
}

fn options(reader: &mut Reader<'_>, words: &[Span]) -> Option<Options> {
    let mut options = Options::default();
    let mut words = words.iter();
    while let Some(&at) = words.next() {
        match reader.text(at) {
            "type" => match words.next() {
                Some(&kind) if matches!(reader.text(kind), "ipip" | "gue" | "gre") => {
                    options.kind = Some(kind)
                }
                other => {
                    let found =
                        Diagnostic::new(code::BAD_WORD, other.copied().unwrap_or(at), "Not a kind of tunnel");
                    reader.report.add(found.help("type ipip, type gue or type gre"));
                    return None;
                }
            },
            "port" => match words.next() {
                Some(&port) => options.port = u16::try_from(reader.integer(port, 1, 65_535, false)?).ok(),
                None => {
                    reader.complain(code::MISSING_WORD, at, "No number stands behind `port`");
                    return None;
                }
            },
            "nocsum" | "csum" | "remcsum" => options.checksum = Some(at),
            other => {
                let message = format!("`{other}` is no option of a tunnel; the line is ignored");
                let help = "type, port, nocsum, csum, remcsum";
                reader.report.add(Diagnostic::new(code::BAD_WORD, at, message).help(help));
                return None;
            }
        }
    }
    Some(options)
}

fn tunnel(reader: &mut Reader<'_>, at: Span, options: &Options) -> Option<Tunnel> {
    let Options { kind, port, checksum } = options;
    let kind = kind.map_or("ipip", |kind| reader.text(kind));
    let sum = match checksum.map_or("nocsum", |at| reader.text(at)) {
        "csum" => TunnelChecksum::Full,
        "remcsum" => TunnelChecksum::Remote,
        _ => TunnelChecksum::None,
    };
    let wrong = match (kind, port, sum) {
        ("gue", Some(port), checksum) => return Some(Tunnel::Gue { port: *port, checksum }),
        ("gre", None, TunnelChecksum::None | TunnelChecksum::Full) => {
            return Some(Tunnel::Gre { checksum: sum });
        }
        ("ipip", None, TunnelChecksum::None) => return Some(Tunnel::Ipip),
        ("gue", None, _) => "A gue tunnel needs a port",
        (_, Some(_), _) => "Only a gue tunnel has a port",
        ("gre", None, _) => "A gre tunnel has no remote checksum",
        (_, None, _) => "An ipip tunnel has no checksum",
    };
    let at = checksum.unwrap_or(at);
    reader.complain(code::NOT_TOGETHER, at, format!("{wrong}; the line is ignored"));
    None
}
