//! `auth_hmac`: keys that sign adverts.

use std::time::Duration;

use vrrp::config::{Hmac, HmacKey, HmacMode};

use crate::diagnostic::{Class, Diagnostic, code};
use crate::resolve::Resolver;
use crate::source::Span;
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};

/// As written.
#[derive(Debug, Default)]
pub(crate) struct AuthHmacBlock {
    pub(crate) keys: Vec<(u8, Span, Span)>,
    pub(crate) active_key: Option<Set<u64>>,
    pub(crate) time_window: Option<Set<u64>>,
    pub(crate) anti_replay: Option<Set<&'static str>>,
    pub(crate) mode: Option<Set<&'static str>>,
}

type K = Keyword<AuthHmacBlock>;

/// The rows of `auth_hmac`.
pub(crate) static AUTH_HMAC: Block<AuthHmacBlock> = Block::new(
    "auth_hmac",
    &[
        K::new("key", Kind::Custom(Shape::Line, key))
            .since("2.4.0")
            .takes("<1..255> <text>|hex:<digits>|file:<path>")
            .repeats()
            .help("A key of 32 to 64 bytes and its number. A file holds the text, or hex: and digits."),
        K::new("active_key", Kind::Number(|b| &mut b.active_key, 1, 255))
            .since("2.4.0")
            .help("Number of the key that signs."),
        K::new("time_window", Kind::Number(|b| &mut b.time_window, 1, 300))
            .since("2.4.0")
            .unit("s")
            .help("How far the clocks may differ. Without it three times advert_int, 5 to 300 seconds."),
        K::new("anti_replay", Kind::Choice(|b| &mut b.anti_replay, &["time", "monotonic"]))
            .since("2.4.0")
            .default("time")
            .help("What tells an advert that is sent again by somebody else: the time, or a counter."),
        K::new("mode", Kind::Choice(|b| &mut b.mode, &["enforce", "permissive", "receive-only"]))
            .since("2.4.0")
            .default("enforce")
            .help(
                "enforce: adverts must be signed. permissive: they may be. receive-only: and own ones \
                are not.",
            ),
    ],
);

fn key(reader: &mut Reader<'_>, node: NodeId, block: &mut AuthHmacBlock) {
    let &[id_at, secret, ..] = reader.arguments(node) else {
        reader.lacks_word(node, Missing::Complaint);
        return;
    };
    let Some(id) = reader.integer(id_at, 1, 255, false).and_then(|id| u8::try_from(id).ok()) else { return };
    if let Some((_, first, _)) = block.keys.iter().find(|(have, ..)| *have == id) {
        let first = *first;
        reader.second(&format!("key {id}"), id_at, first);
        return;
    }
    block.keys.push((id, id_at, secret));
}

/// Bytes of a key.
const LENGTHS: std::ops::RangeInclusive<usize> = 32..=64;

/// As the engine takes it; `None` if it cannot sign.
pub(crate) fn lower(
    resolver: &mut Resolver<'_, '_>,
    block: AuthHmacBlock,
    at: Span,
    interval: Duration,
    strict: bool,
) -> Option<Hmac> {
    // No `..` here: a keyword that is read and not obeyed must not compile.
    let AuthHmacBlock { keys: written, active_key, time_window, anti_replay, mode } = block;
    let mut keys = Vec::new();
    for (id, _, at) in written {
        let Some(secret) = secret(resolver, at) else { continue };
        if LENGTHS.contains(&secret.len()) {
            keys.push(HmacKey { id, secret });
        } else {
            let message =
                format!("The key {id} has {} bytes; 32 to 64 are needed. It is left out", secret.len());
            resolver.reader.complain(code::BAD_WORD, at, message);
        }
    }
    let active = active_key.as_ref().and_then(|set| u8::try_from(set.value).ok()).unwrap_or(0);
    if !keys.iter().any(|key| key.id == active) {
        let at = active_key.map_or(at, |set| set.at);
        let message = "The active_key is none of the keys; adverts are not signed";
        resolver.reader.complain(code::UNKNOWN_NAME, at, message);
        return None;
    }
    let usual = (interval * 3).clamp(Duration::from_secs(5), Duration::from_secs(300));
    let mut chosen = match mode.as_ref().map(|set| set.value) {
        Some("permissive") => HmacMode::Permissive,
        Some("receive-only") => HmacMode::ReceiveOnly,
        Some(_) | None => HmacMode::Enforce,
    };
    if strict && chosen != HmacMode::Enforce {
        let at = mode.map_or(at, |set| set.at);
        resolver.reader.complain(code::STRICT, at, "Strict mode takes enforce");
        chosen = HmacMode::Enforce;
    }
    Some(Hmac {
        keys,
        active,
        window: time_window.map_or(usual, |set| Duration::from_secs(set.value)),
        monotonic: anti_replay.is_some_and(|set| set.value == "monotonic"),
        mode: chosen,
    })
}

/// The bytes of a key as written; complains if there are none.
fn secret(resolver: &mut Resolver<'_, '_>, at: Span) -> Option<Vec<u8>> {
    let text = resolver.reader.text(at);
    let Some(path) = text.strip_prefix("file:") else { return bytes(resolver, text, at) };
    if let Some(facts) = resolver.surroundings.facts(path)
        && resolver.surroundings.is_real()
        && facts.mode & 0o077 != 0
    {
        let message = format!("Others than its owner can read the key in {path}");
        let found = Diagnostic::new(code::OPEN_SECRET, at, message).class(Class::Security);
        resolver.reader.report.add(found.help(format!("chmod 600 {path}")));
    }
    match resolver.surroundings.read_text(path) {
        Some(content) => bytes(resolver, content.trim_end_matches(['\r', '\n']), at),
        // Away from the host the file need not be there.
        None if !resolver.surroundings.is_real() => Some(vec![0; 32]),
        None => {
            resolver.reader.complain(
                code::NO_FILE,
                at,
                format!("The key in {path} cannot be read; it is left out"),
            );
            None
        }
    }
}

fn bytes(resolver: &mut Resolver<'_, '_>, text: &str, at: Span) -> Option<Vec<u8>> {
    let Some(digits) = text.strip_prefix("hex:") else { return Some(text.as_bytes().to_vec()) };
    let pairs = digits.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    let bytes: Option<Vec<u8>> = pairs.collect();
    if bytes.is_none() {
        resolver.reader.complain(
            code::BAD_WORD,
            at,
            "What stands behind hex: is not pairs of hexadecimal digits",
        );
    }
    bytes
}
