//! `UDP_CHECK`: sends a datagram.

use super::CheckBlock;
use crate::diagnostic::{Diagnostic, code};
use crate::source::Span;
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};
use check::config::ReplyByte;

/// As written.
#[derive(Debug, Default)]
pub(crate) struct UdpBlock {
    pub(crate) payload: Option<Set<Box<[u8]>>>,
    /// Empty where any reply will do.
    pub(crate) require_reply: Option<Set<Box<[ReplyByte]>>>,
    pub(crate) min_reply_length: Option<Set<u64>>,
    pub(crate) max_reply_length: Option<Set<u64>>,
}

type K = Keyword<CheckBlock<UdpBlock>>;

/// The rows of `UDP_CHECK`.
pub(crate) static UDP_CHECK: Block<CheckBlock<UdpBlock>> = Block::new(
    "UDP_CHECK",
    &[
        K::new("payload", Kind::Custom(Shape::Line, payload))
            .takes("<hexadecimal digits>")
            .missing(Missing::Complaint)
            .help(
                "What to send, two digits a byte, blanks allowed. Without it a text of the checker's \
                own.",
            ),
        K::new("require_reply", Kind::Custom(Shape::Line, require_reply))
            .takes("[<hexadecimal digits>]")
            .missing(Missing::Nothing)
            .help("A reply must come, and begin like this; `x` stands for any digit."),
        K::new("min_reply_length", Kind::Number(|b| &mut b.own.min_reply_length, 0, 65_535))
            .unit("bytes")
            .default("0")
            .help("Least bytes of a reply."),
        K::new("max_reply_length", Kind::Number(|b| &mut b.own.max_reply_length, 0, 65_535))
            .unit("bytes")
            .default("255")
            .help("Most bytes of a reply."),
    ],
)
.and(CheckBlock::CONNECTING)
.and(CheckBlock::REPEATED)
.later("health checks");

fn payload(reader: &mut Reader<'_>, node: NodeId, block: &mut CheckBlock<UdpBlock>) {
    let words = reader.arguments(node);
    let Some(&at) = words.first() else {
        reader.lacks_word(node, Missing::Complaint);
        return;
    };
    let bytes =
        bytes(reader, words).filter(|bytes| !bytes.is_empty() && bytes.iter().all(|byte| byte.mask == 0xff));
    match bytes {
        Some(bytes) => {
            block.own.payload = Some(Set { value: bytes.iter().map(|byte| byte.value).collect(), at });
        }
        None => bad(reader, at, "the line is ignored"),
    }
}

fn require_reply(reader: &mut Reader<'_>, node: NodeId, block: &mut CheckBlock<UdpBlock>) {
    let words = reader.arguments(node);
    let at = words.first().copied().unwrap_or_else(|| reader.keyword(node));
    let value = bytes(reader, words).unwrap_or_else(|| {
        bad(reader, at, "any reply is taken");
        Box::default()
    });
    block.own.require_reply = Some(Set { value, at });
}

fn bad(reader: &mut Reader<'_>, at: Span, effect: &str) {
    let message = format!("`{}` is not made of hexadecimal digits; {effect}", reader.text(at));
    let found = Diagnostic::new(code::BAD_NUMBER, at, message);
    reader.report.add(found.help("two digits a byte, such as 01ff or 01 ff"));
}

/// Bytes of hexadecimal digits: pairs, or single ones between blanks; `x` is any digit. `None` if it is something else.
fn bytes(reader: &Reader<'_>, words: &[Span]) -> Option<Box<[ReplyByte]>> {
    let mut bytes = Vec::new();
    let texts = words.iter().map(|word| reader.text(*word));
    for text in texts.flat_map(|text| text.split_ascii_whitespace()) {
        let digits: Vec<(u8, u8)> = text.chars().map(digit).collect::<Option<_>>()?;
        for pair in digits.chunks(2) {
            bytes.push(match *pair {
                [(high, high_mask), (low, low_mask)] => {
                    ReplyByte { value: high << 4 | low, mask: high_mask << 4 | low_mask }
                }
                [(low, mask)] => ReplyByte { value: low, mask: 0xf0 | mask },
                _ => continue,
            });
        }
    }
    Some(bytes.into_boxed_slice())
}

/// A digit's value, and which of its bits count.
fn digit(c: char) -> Option<(u8, u8)> {
    match c {
        'x' | 'X' => Some((0, 0)),
        _ => u8::try_from(c.to_digit(16)?).ok().map(|digit| (digit, 0x0f)),
    }
}
