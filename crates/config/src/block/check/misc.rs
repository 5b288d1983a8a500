//! `MISC_CHECK`: runs a program.

use super::CheckBlock;
use crate::lex::CommandLine;
use crate::source::Span;
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};

/// As written.
#[derive(Debug, Default)]
pub(crate) struct MiscBlock {
    pub(crate) misc_path: Option<Set<CommandLine>>,
    pub(crate) misc_timeout: Option<Set<u64>>,
    pub(crate) misc_dynamic: Option<Set<bool>>,
    pub(crate) user: Option<Set<Vec<String>>>,
}

type K = Keyword<CheckBlock<MiscBlock>>;

/// The rows of `MISC_CHECK`.
pub(crate) static MISC_CHECK: Block<CheckBlock<MiscBlock>> = Block::new(
    "MISC_CHECK",
    &[
        K::new("misc_path", Kind::Custom(Shape::Script, misc_path))
            .takes("<command>")
            .missing(Missing::Nothing)
            .help("Program to run, quoted if it has arguments."),
        K::new("misc_timeout", Kind::Number(|b| &mut b.own.misc_timeout, 0, 4294))
            .lax()
            .unit("s")
            .inherits("virtual_server delay_loop")
            .help(
                "Seconds after which a run is ended and has failed. Without it the delay_loop of the \
                virtual server.",
            ),
        K::new("misc_dynamic", Kind::Flag(|b| &mut b.own.misc_dynamic, true))
            .help("Exit status 2 to 255 is success too, and sets the weight to that less 2."),
        K::new("user", Kind::Words(|b| &mut b.own.user))
            .takes("<user> [[:]<group>]")
            .missing(Missing::Complaint)
            .inherits("global_defs script_user")
            .help("User, and perhaps group, to run it as."),
    ],
)
.and(CheckBlock::REPEATED)
.later("health checks");

/// As keepalived: the last counts, and further words are not read.
fn misc_path(reader: &mut Reader<'_>, node: NodeId, block: &mut CheckBlock<MiscBlock>) {
    let behind = Span::new(reader.keyword(node).end(), reader.place_of(node).end());
    let at = crate::expand::trim(reader.sources, behind);
    // That there is no program is said when the block ends.
    if let Some(value) = reader.command_line("misc_path", node).filter(|command| !command.argv.is_empty()) {
        block.own.misc_path = Some(Set { value, at });
    }
}
