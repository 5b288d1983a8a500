//! `vrrp_track_process`: a set of processes whose number matters.

use std::time::Duration;

use vrrp::config::{ProcessConfig, ProcessMatch};

use crate::diagnostic::{Class, Diagnostic, code};
use crate::resolve::Resolver;
use crate::resolve::tracked::{Defined, Points};
use crate::source::Span;
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};

/// As written.
#[derive(Debug, Default)]
pub(crate) struct TrackProcessBlock {
    pub(crate) name: String,
    pub(crate) at: Span,
    pub(crate) process: Option<Set<Vec<String>>>,
    pub(crate) param_match: Option<Set<Parameters>>,
    pub(crate) weight: Option<Set<Points>>,
    pub(crate) quorum: Option<Set<u64>>,
    pub(crate) quorum_max: Option<Set<u64>>,
    pub(crate) terminate_delay: Option<Set<Duration>>,
    pub(crate) fork_delay: Option<Set<Duration>>,
    pub(crate) full_command: Option<Set<bool>>,
}

/// How arguments are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Parameters {
    Exact,
    Partial,
    Initial,
}

/// An hour in microseconds.
const HOUR: u64 = 3_600_000_000;

type K = Keyword<TrackProcessBlock>;

/// The rows of `vrrp_track_process`.
pub(crate) static VRRP_TRACK_PROCESS: Block<TrackProcessBlock> = Block::new(
    "vrrp_track_process",
    &[
        K::new("process", Kind::Words(|b| &mut b.process))
            .once()
            .takes("<name or path> [<argument>]...")
            .help("Name of the process. With arguments its whole command line is compared."),
        K::new("param_match", Kind::Custom(Shape::Line, param_match))
            .takes("[initial|partial]")
            .default("exact where there are arguments")
            .help(
                "partial: the arguments are the first of more. initial: and the last of them may go on. \
                Alone: there are no others.",
            ),
        K::new("weight", Kind::Custom(Shape::Line, weight))
            .takes("<-254..254> [reverse]")
            .lax()
            .default("0")
            .help(
                "What is added to the priority: positive while there are enough, negative while there \
                are not. 0: too few is a fault.",
            ),
        K::new("quorum", Kind::Custom(Shape::Line, quorum))
            .takes("<1..65535>")
            .lax()
            .default("1")
            .unit("processes")
            .help("So many must run."),
        K::new("quorum_max", Kind::Custom(Shape::Line, quorum_max))
            .takes("<0..65535>")
            .lax()
            .unit("processes")
            .help("More than so many must not run. 0: none may."),
        K::new("delay", Kind::Custom(Shape::Line, delay))
            .takes("<0.000001..3600>")
            .lax()
            .unit("s")
            .help("Sets terminate_delay and fork_delay."),
        K::new("terminate_delay", Kind::Seconds(|b| &mut b.terminate_delay, 1, HOUR, 6))
            .lax()
            .unit("s")
            .help("How long to wait when too few are left before it counts."),
        K::new("fork_delay", Kind::Seconds(|b| &mut b.fork_delay, 1, HOUR, 6))
            .lax()
            .unit("s")
            .help("How long to wait when enough have started before it counts."),
        K::new("full_command", Kind::Flag(|b| &mut b.full_command, true)).help(
            "Compare the command as it was called rather than the kernel's short name of the \
                process.",
        ),
    ],
);

fn param_match(reader: &mut Reader<'_>, node: NodeId, block: &mut TrackProcessBlock) {
    let at = reader.arguments(node).first().copied();
    let value = match at.map(|at| reader.text(at)) {
        None => Parameters::Exact,
        Some("partial") => Parameters::Partial,
        Some("initial") => Parameters::Initial,
        Some(other) => {
            let message = format!("`{other}` is no way to compare arguments; the line is ignored");
            let found = Diagnostic::new(code::BAD_WORD, at, message);
            reader.report.add(found.help("initial, partial, or nothing"));
            return;
        }
    };
    block.param_match = Some(Set { value, at: at.unwrap_or_else(|| reader.keyword(node)) });
}

fn weight(reader: &mut Reader<'_>, node: NodeId, block: &mut TrackProcessBlock) {
    let arguments = reader.arguments(node);
    let Some(&at) = arguments.first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    if let Some(first) = block.weight.as_ref().filter(|set| set.value.0 != 0) {
        reader.second("weight", at, first.at);
        return;
    }
    let Some(value) = reader.integer(at, -254, 254, true) else { return };
    let mut reverse = false;
    if let Some(&word) = arguments.get(1) {
        if reader.text(word) == "reverse" {
            reverse = true;
        } else {
            let message = format!("`{}` behind a weight is not understood", reader.text(word));
            reader.complain(code::BAD_WORD, word, message);
        }
    }
    block.weight = Some(Set { value: (i16::try_from(value).unwrap_or_default(), reverse), at });
}

fn number(reader: &mut Reader<'_>, node: NodeId, least: i128) -> Option<Set<u64>> {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return None;
    };
    let value = reader.integer(at, least, 65_535, true)?;
    Some(Set { value: u64::try_from(value).ok()?, at })
}

fn quorum(reader: &mut Reader<'_>, node: NodeId, block: &mut TrackProcessBlock) {
    let Some(set) = number(reader, node, 1) else { return };
    if let Some(most) = block.quorum_max.as_ref().filter(|most| set.value > most.value) {
        let found = Diagnostic::new(code::NOT_TOGETHER, set.at, "quorum is above quorum_max; it is ignored");
        reader.report.add(found.related(most.at, "quorum_max stands here"));
        return;
    }
    block.quorum = Some(set);
}

fn quorum_max(reader: &mut Reader<'_>, node: NodeId, block: &mut TrackProcessBlock) {
    let Some(set) = number(reader, node, 0) else { return };
    if let Some(least) = block.quorum.as_ref().filter(|least| set.value < least.value) {
        let found = Diagnostic::new(code::NOT_TOGETHER, set.at, "quorum_max is below quorum; it is ignored");
        reader.report.add(found.related(least.at, "quorum stands here"));
        return;
    }
    block.quorum_max = Some(set);
}

fn delay(reader: &mut Reader<'_>, node: NodeId, block: &mut TrackProcessBlock) {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    if let Some(value) = reader.duration(at, (1, HOUR), 6, true) {
        block.terminate_delay = Some(Set { value, at });
        block.fork_delay = Some(Set { value, at });
    }
}

/// Reads a block outside all others.
pub(crate) fn read(reader: &mut Reader<'_>, node: NodeId, all: &mut Vec<(NodeId, TrackProcessBlock)>) {
    let Some(&name) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let mut block =
        TrackProcessBlock { name: reader.text(name).to_owned(), at: name, ..TrackProcessBlock::default() };
    reader.block(&VRRP_TRACK_PROCESS, node, &mut block);
    if let Some((_, first)) = all.iter().find(|(_, have)| have.name == block.name) {
        let message = format!("There are two processes named `{}`", block.name);
        let found =
            Diagnostic::new(code::DUPLICATE, name, message).related(first.at, "the first, which counts");
        reader.report.add(found.class(Class::Silent));
    }
    all.push((node, block));
}

/// Takes the processes in, in the order of the file.
pub(crate) fn define(resolver: &mut Resolver<'_, '_>, blocks: &[(NodeId, TrackProcessBlock)]) {
    for (node, block) in blocks {
        let weight = block.weight.as_ref().map_or((0, false), |set| set.value);
        let config = lower(block);
        if config.is_none() {
            let message = format!("`{}` names no process; it is left out", block.name);
            resolver.reader.complain(code::MISSING_WORD, block.at, message);
        }
        resolver.trackables.add_process(Defined {
            node: *node,
            name: &block.name,
            at: block.at,
            weight,
            config,
        });
    }
}

fn lower(block: &TrackProcessBlock) -> Option<ProcessConfig> {
    // No `..` here: a keyword that is read and not obeyed must not compile.
    let TrackProcessBlock {
        name,
        at: _,
        process,
        param_match,
        weight: _,
        quorum,
        quorum_max,
        terminate_delay,
        fork_delay,
        full_command,
    } = block;
    let (process, arguments) = process.as_ref()?.value.split_first()?;
    let arguments = arguments.to_vec();
    let matching = match param_match.as_ref().map(|set| set.value) {
        Some(Parameters::Partial) => ProcessMatch::FirstWords(arguments),
        Some(Parameters::Initial) => ProcessMatch::Beginning(arguments),
        Some(Parameters::Exact) => ProcessMatch::Exact(arguments),
        None if !arguments.is_empty() => ProcessMatch::Exact(arguments),
        None if full_command.is_some() => ProcessMatch::Command,
        None => ProcessMatch::Name,
    };
    let count = |set: &Set<u64>| u32::try_from(set.value).unwrap_or(u32::MAX);
    let most = quorum_max.as_ref().map_or(u32::MAX, count);
    // `quorum_max 0` by itself says that none may run.
    let least = quorum.as_ref().map_or(u32::from(most != 0), count);
    let time = |set: &Option<Set<Duration>>| set.as_ref().map_or(Duration::ZERO, |set| set.value);
    Some(ProcessConfig {
        name: name.clone(),
        process: process.clone(),
        matching,
        quorum: (least, most),
        terminate_delay: time(terminate_delay),
        fork_delay: time(fork_delay),
    })
}
