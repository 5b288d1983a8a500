//! `bfd_instance`: a BFD session.

pub(crate) mod lower;

use std::net::IpAddr;
use std::time::Duration;

use host::LinkName;

use crate::diagnostic::{Diagnostic, code};
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Field, Kind, Reader, Set};

/// As written.
#[derive(Debug, Default)]
pub(crate) struct BfdInstanceBlock {
    pub(crate) name: String,
    pub(crate) neighbor_ip: Option<Set<IpAddr>>,
    /// A neighbour was no address: the session is left out, whatever else stands there.
    pub(crate) malformed: bool,
    pub(crate) source_ip: Option<Set<IpAddr>>,
    pub(crate) interface: Option<Set<LinkName>>,
    pub(crate) min_rx: Option<Set<Duration>>,
    pub(crate) min_tx: Option<Set<Duration>>,
    pub(crate) idle_tx: Option<Set<Duration>>,
    pub(crate) multiplier: Option<Set<u64>>,
    pub(crate) passive: Option<Set<bool>>,
    pub(crate) enabled: Option<Set<bool>>,
    pub(crate) ttl: Option<Set<u64>>,
    pub(crate) max_hops: Option<Set<i64>>,
    pub(crate) multihop: Option<Set<bool>>,
    pub(crate) weight: Option<Set<(i16, bool)>>,
    pub(crate) vrrp: Option<Set<bool>>,
    pub(crate) checker: Option<Set<bool>>,
    pub(crate) auth_type: Option<Set<&'static str>>,
    /// Identifier and secret.
    pub(crate) auth_key: Vec<(u8, Set<String>)>,
    pub(crate) echo_rx: Option<Set<Duration>>,
    pub(crate) echo_tx: Option<Set<Duration>>,
    pub(crate) echo_route: Option<Set<&'static str>>,
    pub(crate) echo_source: Option<Set<IpAddr>>,
}

/// Kinds of authentication (RFC 5880 §4.1) as they stand in the file, in the order of their numbers.
pub(crate) const AUTH_TYPES: &[&str] = &["simple", "md5", "meticulous_md5", "sha1", "meticulous_sha1"];

/// Ways of an Echo packet.
pub(crate) const ECHO_ROUTES: &[&str] = &["forwarded", "reflected"];

/// Longest interval: 2^32 - 1 microseconds are a little more.
const LONGEST: u64 = 4_294_967_000;

/// The version that brought what keepalived does not have.
const OURS: &str = "standfast";

type K = Keyword<BfdInstanceBlock>;

const fn milliseconds(name: &'static str, field: Field<BfdInstanceBlock, Duration>, least: u64) -> K {
    K::new(name, Kind::Milliseconds(field, least, LONGEST)).unit("ms")
}

/// The rows of `bfd_instance`.
pub(crate) static BFD_INSTANCE: Block<BfdInstanceBlock> =
    Block::new("bfd_instance", ENDS).and(PACE).and(OTHERS).and(ADDED);

const ENDS: &[K] = &[
    K::new("neighbor_ip", Kind::Custom(Shape::Line, neighbor_ip))
        .takes("<address>")
        .help("Address of the other side, without which there is no session."),
    K::new("neighbour_ip", Kind::Custom(Shape::Line, neighbor_ip))
        .takes("<address>")
        .help("Address of the other side; the same as neighbor_ip."),
    K::new("source_ip", Kind::Custom(Shape::Line, source_ip))
        .takes("<address>")
        .help("Our address, of the same family. Without it the kernel's choice."),
    K::new("multihop", Kind::Switch(|b| &mut b.multihop))
        .default("off")
        .since("2.2.8")
        .help("There are routers between the two sides (RFC 5883)."),
    K::new("ttl", Kind::Number(|b| &mut b.ttl, 1, 255))
        .unit("hops")
        .help("TTL of packets sent; 255 without it."),
    K::new("hoplimit", Kind::Number(|b| &mut b.ttl, 1, 255))
        .unit("hops")
        .help("Hop limit of packets sent; the same as ttl."),
    K::new("max_hops", Kind::Signed(|b| &mut b.max_hops, -1, 255))
        .unit("hops")
        .default("0")
        .help("Hops that a packet received may have lost of the TTL; -1 and 255 take all."),
];

const PACE: &[K] = &[
    milliseconds("min_rx", |b| &mut b.min_rx, 1_000).default("10").help("How often packets may come in."),
    milliseconds("min_tx", |b| &mut b.min_tx, 1_000)
        .default("10")
        .help("How often packets go out while the path is up."),
    milliseconds("idle_tx", |b| &mut b.idle_tx, 1_000_000)
        .default("1000")
        .help("How often packets go out while the path is not up."),
    K::new("multiplier", Kind::Number(|b| &mut b.multiplier, 1, 255))
        .unit("packets")
        .default("5")
        .help("Packets that the other side may miss before the path is down."),
    K::new("passive", Kind::Flag(|b| &mut b.passive, true))
        .help("Send nothing before the other side was heard."),
];

const OTHERS: &[K] = &[
    K::new("weight", Kind::Weight(|b| &mut b.weight, 253))
        .lax()
        .takes("<-253..253> [reverse]")
        .default("0")
        .help("Weight in trackers that name none. 0: a path that is down is a fault."),
    K::new("vrrp", Kind::Flag(|b| &mut b.vrrp, true))
        .help("Tell virtual routers of the path, and nobody else unless `checker` stands here too."),
    K::new("checker", Kind::Flag(|b| &mut b.checker, true))
        .help("Tell checkers of the path, and nobody else unless `vrrp` stands here too."),
];

const ADDED: &[K] = &[
    K::new("interface", Kind::Link(|b| &mut b.interface))
        .since(OURS)
        .help("Interface between the two sides, which a link-local neighbour needs."),
    K::new("enabled", Kind::Switch(|b| &mut b.enabled))
        .default("on")
        .since(OURS)
        .help("Off: the session is held down by the administrator, and the other side is told."),
    K::new("auth_type", Kind::Choice(|b| &mut b.auth_type, AUTH_TYPES))
        .since(OURS)
        .help("How packets are authenticated (RFC 5880 §6.7); it needs auth_key."),
    K::new("auth_key", Kind::Custom(Shape::Line, auth_key))
        .takes("<0..255> <text>|0x<hexadecimal digits>")
        .repeats()
        .since(OURS)
        .help("Number and secret of a key. All are accepted, the first is sent."),
    milliseconds("echo_rx", |b| &mut b.echo_rx, 0)
        .default("0")
        .since(OURS)
        .help("How often Echo packets of the other side are sent back. 0 sends none back."),
    milliseconds("echo_tx", |b| &mut b.echo_tx, 0)
        .default("0")
        .since(OURS)
        .help("How often Echo packets of our own go out, if the other side is willing. 0 sends none."),
    K::new("echo_route", Kind::Choice(|b| &mut b.echo_route, ECHO_ROUTES))
        .default("forwarded")
        .since(OURS)
        .help(
            "How our Echo packets come back: forwarded as any packet to us, or reflected by the other \
            side's BFD.",
        ),
    K::new("echo_source", Kind::Address(|b| &mut b.echo_source))
        .since(OURS)
        .help("Source of Echo packets that are forwarded, best one that is on no subnet of ours."),
];

fn neighbor_ip(reader: &mut Reader<'_>, node: NodeId, block: &mut BfdInstanceBlock) {
    match reader.address_word(node) {
        Some(set) => block.neighbor_ip = Some(set),
        None => block.malformed = true,
    }
}

fn source_ip(reader: &mut Reader<'_>, node: NodeId, block: &mut BfdInstanceBlock) {
    if let Some(set) = reader.address_word(node) {
        block.source_ip = Some(set);
    }
}

fn auth_key(reader: &mut Reader<'_>, node: NodeId, block: &mut BfdInstanceBlock) {
    let &[id_at, at, ..] = reader.arguments(node) else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let Some(id) = reader.integer(id_at, 0, 255, false).and_then(|id| u8::try_from(id).ok()) else { return };
    if let Some((_, first)) = block.auth_key.iter().find(|(have, _)| *have == id) {
        let found = Diagnostic::new(code::DUPLICATE, id_at, format!("There is a key {id} already"));
        reader.report.add(found.related(first.at, "the first, which counts"));
        return;
    }
    block.auth_key.push((id, Set { value: reader.text(at).to_owned(), at }));
}
