//! `vrrp_script`: a script that is run again and again.

use std::time::Duration;

use vrrp::config::ScriptConfig;

use crate::diagnostic::{Diagnostic, code};
use crate::lex::CommandLine;
use crate::resolve::Resolver;
use crate::resolve::tracked::Defined;
use crate::source::Span;
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};

/// As written.
#[derive(Debug)]
pub(crate) struct VrrpScriptBlock {
    pub(crate) name: String,
    pub(crate) at: Span,
    pub(crate) script: Option<Set<CommandLine>>,
    pub(crate) interval: Option<Set<Duration>>,
    pub(crate) timeout: Option<Set<Duration>>,
    pub(crate) weight: Option<Set<(i16, bool)>>,
    pub(crate) rise: Option<Set<u64>>,
    pub(crate) fall: Option<Set<u64>>,
    pub(crate) user: Option<Set<Vec<String>>>,
    pub(crate) init_fail: Option<Set<bool>>,
}

impl VrrpScriptBlock {
    pub(crate) const fn new(name: String, at: Span) -> Self {
        Self {
            name,
            at,
            script: None,
            interval: None,
            timeout: None,
            weight: None,
            rise: None,
            fall: None,
            user: None,
            init_fail: None,
        }
    }
}

/// 4,294 seconds in microseconds.
const LONGEST: u64 = 4_294_000_000;
const MOST_RUNS: u64 = 2_147_483_647;

type K = Keyword<VrrpScriptBlock>;

/// The rows of `vrrp_script`.
pub(crate) static VRRP_SCRIPT: Block<VrrpScriptBlock> = Block::new(
    "vrrp_script",
    &[
        K::new("script", Kind::Script(|b| &mut b.script))
            .missing(Missing::Complaint)
            .help("Command to run, quoted if it has arguments. Exit status 0 is success."),
        K::new("interval", Kind::Seconds(|b| &mut b.interval, 0, LONGEST, 3))
            .lax()
            .zero(1)
            .default("1")
            .help("Seconds from one start to the next."),
        K::new("timeout", Kind::Seconds(|b| &mut b.timeout, 0, LONGEST, 3))
            .lax()
            .zero(1)
            .help("Seconds after which a run is ended and has failed. Without it the interval."),
        K::new("weight", Kind::Custom(Shape::Line, weight)).default("0").help(
            "What is added to the priority: positive on success, negative on failure. 0: failure is a fault.",
        ),
        K::new("rise", Kind::Number(|b| &mut b.rise, 1, MOST_RUNS))
            .bad(1)
            .default("1")
            .help("Successes in a row that make it good."),
        K::new("fall", Kind::Number(|b| &mut b.fall, 1, MOST_RUNS))
            .bad(1)
            .default("1")
            .help("Failures in a row that make it bad."),
        K::new("user", Kind::Custom(Shape::Line, user)).help("User, and perhaps group, to run it as."),
        K::new("init_fail", Kind::Flag(|b| &mut b.init_fail, true))
            .help("It counts as failed until it has succeeded `rise` times."),
    ],
);

fn weight(reader: &mut Reader<'_>, node: NodeId, block: &mut VrrpScriptBlock) {
    let arguments = reader.arguments(node);
    let Some(&at) = arguments.first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let Some(weight) = reader.integer(at, -253, 253, false) else { return };
    let mut reverse = false;
    if let Some(&word) = arguments.get(1) {
        match reader.text(word) {
            "reverse" => reverse = true,
            "noreverse" => {}
            other => {
                let message = format!("`{other}` behind a weight is not understood");
                reader.complain(code::BAD_WORD, word, message);
            }
        }
    }
    block.weight = Some(Set { value: (i16::try_from(weight).unwrap_or_default(), reverse), at });
}

fn user(reader: &mut Reader<'_>, node: NodeId, block: &mut VrrpScriptBlock) {
    let arguments = reader.arguments(node);
    let Some(&at) = arguments.first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let words = arguments.iter().map(|word| reader.text(*word).to_owned()).collect();
    block.user = Some(Set { value: words, at });
}

/// Takes the scripts in, in the order of the file.
pub(crate) fn define(resolver: &mut Resolver<'_, '_>, blocks: &[(NodeId, VrrpScriptBlock)]) {
    for (node, block) in blocks {
        if resolver.trackables.has_script(&block.name) {
            continue;
        }
        let weight = block.weight.as_ref().map_or((0, false), |set| set.value);
        let config = lower(resolver, block);
        resolver.trackables.add_script(Defined {
            node: *node,
            name: &block.name,
            at: block.at,
            weight,
            config,
        });
    }
}

fn lower(resolver: &mut Resolver<'_, '_>, block: &VrrpScriptBlock) -> Option<ScriptConfig> {
    // No `..` here: a keyword that is read and not obeyed must not compile.
    let VrrpScriptBlock { name, at, script, interval, timeout, weight: _, rise, fall, user, init_fail } =
        block;
    let Some(script) = script else {
        let message = format!("The script `{name}` has no command; it is left out");
        resolver.reader.complain(code::NO_SCRIPT, *at, message);
        return None;
    };
    let second = Duration::from_secs(1);
    let interval = interval.as_ref().map_or(second, |set| set.value);
    let runs =
        |set: &Option<Set<u64>>| set.as_ref().map_or(1, |set| u32::try_from(set.value).unwrap_or(u32::MAX));
    let argv = script.value.argv.clone();
    let command = match user {
        Some(user) => resolver.command(argv, script.at, &user.value, user.at),
        None => resolver.command(argv, script.at, &[], script.at),
    };
    let Some(command) = command else {
        let message = format!("The script `{name}` cannot be run; it is left out");
        resolver.reader.report.add(Diagnostic::new(code::UNUSED, *at, message));
        return None;
    };
    Some(ScriptConfig {
        name: name.clone(),
        command,
        interval,
        timeout: timeout.as_ref().map_or(interval, |set| set.value),
        rise: runs(rise),
        fall: runs(fall),
        starts_failed: init_fail.is_some(),
    })
}
