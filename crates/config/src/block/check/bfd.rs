//! `BFD_CHECK`: follows a BFD session.

use super::CheckBlock;
use crate::diagnostic::code;
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};

/// As written.
#[derive(Debug, Default)]
pub(crate) struct BfdBlock {
    pub(crate) name: Option<Set<String>>,
    /// There was a `name` with no word or with several, which is complained of and enough.
    pub(crate) misnamed: bool,
}

type K = Keyword<CheckBlock<BfdBlock>>;

/// The rows of `BFD_CHECK`.
pub(crate) static BFD_CHECK: Block<CheckBlock<BfdBlock>> = Block::new(
    "BFD_CHECK",
    &[
        K::new("name", Kind::Custom(Shape::Line, name))
            .takes("<bfd_instance>")
            .missing(Missing::Complaint)
            .help("The bfd_instance to follow, which must stand earlier in the file."),
        CheckBlock::ALPHA,
    ],
);

fn name(reader: &mut Reader<'_>, node: NodeId, block: &mut CheckBlock<BfdBlock>) {
    match *reader.arguments(node) {
        [] => {
            block.own.misnamed = true;
            reader.lacks_word(node, Missing::Complaint);
        }
        [at] => match &block.own.name {
            Some(first) => {
                let first = first.at;
                reader.second("name", at, first);
            }
            None => block.own.name = Some(Set { value: reader.text(at).to_owned(), at }),
        },
        [_, second, ..] => {
            block.own.misnamed = true;
            reader.complain(code::SURPLUS, second, "One session a check; the check is left out");
        }
    }
}
