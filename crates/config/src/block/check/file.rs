//! `FILE_CHECK`: follows the number in a tracked file.

use super::CheckBlock;
use crate::diagnostic::{Diagnostic, code};
use crate::source::Span;
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};

/// As written.
#[derive(Debug, Default)]
pub(crate) struct FileBlock {
    /// Every name that stands there; the last that exists counts.
    pub(crate) track_file: Vec<Span>,
    pub(crate) weight: Option<Set<(i32, bool)>>,
}

type K = Keyword<CheckBlock<FileBlock>>;

/// The rows of `FILE_CHECK`.
pub(crate) static FILE_CHECK: Block<CheckBlock<FileBlock>> = Block::new(
    "FILE_CHECK",
    &[
        K::new("track_file", Kind::Custom(Shape::Line, track_file))
            .takes("<track_file>")
            .help("The track_file to follow, which must stand earlier in the file."),
        K::new("weight", Kind::Custom(Shape::Line, weight))
            .takes("<-2147483647..2147483647> [reverse|noreverse]")
            .missing(Missing::Complaint)
            .inherits("track_file weight")
            .help(
                "What the number is multiplied with before it is added to the weight. 0: any number but 0 \
                    is a failure.",
            ),
    ],
)
.later("health checks");

fn track_file(reader: &mut Reader<'_>, node: NodeId, block: &mut CheckBlock<FileBlock>) {
    match reader.arguments(node).first() {
        Some(&at) => block.own.track_file.push(at),
        None => reader.lacks_word(node, Missing::Stops),
    }
}

const MOST: i128 = 2_147_483_647;

fn weight(reader: &mut Reader<'_>, node: NodeId, block: &mut CheckBlock<FileBlock>) {
    let words = reader.arguments(node);
    let Some(&at) = words.first() else {
        reader.lacks_word(node, Missing::Complaint);
        return;
    };
    let Some(weight) = reader.integer(at, -MOST, MOST, false) else { return };
    let reverse = match words.get(1).map(|&word| (word, reader.text(word))) {
        None | Some((_, "noreverse")) => false,
        Some((_, "reverse")) => true,
        Some((word, other)) => {
            let message = format!("`{other}` behind a weight is not understood; the line is ignored");
            reader.report.add(Diagnostic::new(code::BAD_WORD, word, message).help("reverse or noreverse"));
            return;
        }
    };
    block.own.weight = Some(Set { value: (i32::try_from(weight).unwrap_or_default(), reverse), at });
}
