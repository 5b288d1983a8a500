//! Lines of `track_script` and its like: a name, and what it weighs.

use host::LinkName;
use vrrp::config::{TrackFile, TrackLink, TrackNamed, TrackScript};

use crate::diagnostic::{Diagnostic, code};
use crate::resolve::Resolver;
use crate::resolve::tracked::{Kind, Points, weight};
use crate::source::Span;
use crate::table::OptionRow;
use crate::tree::NodeId;

/// What a line may hold.
pub(crate) static OPTIONS: &[OptionRow] = &[
    OptionRow::new("<name>", "", "What is tracked; its block must stand earlier in the file."),
    OptionRow::new(
        "weight",
        "<-253..253> [reverse|noreverse]",
        "What is added to the priority while it is good or, below 0, while it is bad. 0: bad is a fault.",
    )
    .default("that of its block"),
];

/// What a line of `track_file` or `track_process` may hold.
pub(crate) static WIDE_OPTIONS: &[OptionRow] = &[
    OptionRow::new("<name>", "", "What is tracked; its block must stand earlier in the file."),
    OptionRow::new(
        "weight",
        "<-254..254> [reverse|noreverse]",
        "What is added to the priority, for a file times its number. 0: bad is a fault.",
    )
    .default("that of its block"),
];

/// What a line of `track_interface` may hold.
pub(crate) static LINK_OPTIONS: &[OptionRow] = &[
    OptionRow::new("<name>", "", "The interface that is tracked."),
    OptionRow::new(
        "weight",
        "<-253..253> [reverse]",
        "What is added to the priority while it is up or, below 0, while it is down. 0: down is a fault.",
    )
    .default("0"),
];

/// The lists of a block, as written.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    pub(crate) scripts: Vec<NodeId>,
    pub(crate) links: Vec<NodeId>,
    pub(crate) files: Vec<NodeId>,
    pub(crate) processes: Vec<NodeId>,
    pub(crate) bfds: Vec<NodeId>,
}

/// One line of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Tracked<N> {
    pub(crate) name: N,
    pub(crate) at: Span,
    pub(crate) weight: Points,
}

/// What a block tracks, read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Tracks {
    pub(crate) scripts: Vec<Tracked<String>>,
    pub(crate) links: Vec<Tracked<LinkName>>,
    pub(crate) files: Vec<Tracked<String>>,
    pub(crate) processes: Vec<Tracked<String>>,
    pub(crate) bfds: Vec<Tracked<String>>,
}

/// Reads the lists of a block. `own` is the instance's link, which is no matter of them.
pub(crate) fn read(resolver: &mut Resolver<'_, '_>, lists: &Lists, own: Option<&LinkName>) -> Tracks {
    let Lists { scripts, links: link_lists, files, processes, bfds } = lists;
    Tracks {
        links: links(resolver, link_lists, own),
        scripts: named(resolver, scripts, Kind::Script),
        files: named(resolver, files, Kind::File),
        processes: named(resolver, processes, Kind::Process),
        bfds: named(resolver, bfds, Kind::Bfd),
    }
}

/// The options behind a name; `None` if the line has to be left out.
fn options(
    resolver: &mut Resolver<'_, '_>,
    words: &[Span],
    default: Points,
    most: i16,
    noreverse: bool,
) -> Option<Points> {
    let Some((&first, rest)) = words.split_first() else { return Some(default) };
    let reader = &mut resolver.reader;
    if reader.text(first) != "weight" {
        let message = format!("`{}` is not understood; the line is ignored", reader.text(first));
        reader
            .report
            .add(Diagnostic::new(code::BAD_WORD, first, message).help("weight NUMBER, perhaps with reverse"));
        return None;
    }
    let Some((&number, rest)) = rest.split_first() else {
        reader.complain(code::MISSING_WORD, first, "No number stands behind `weight`; the line is ignored");
        return None;
    };
    let (mut points, mut reverse) = default;
    if let Some(number) = reader.integer(number, -254, 254, false) {
        points = i16::try_from(number).unwrap_or_default();
    }
    if points.abs() > most {
        points = points.clamp(-most, most);
        reader.complain(code::ADJUSTED, number, format!("The weight is taken as {points}"));
    }
    match rest.first().map(|&word| (word, reader.text(word))) {
        None => {}
        Some((_, "reverse")) => reverse = true,
        Some((_, "noreverse")) if noreverse => reverse = false,
        Some((word, other)) => {
            let message = format!("`{other}` behind a weight is not understood");
            reader.complain(code::BAD_WORD, word, message);
        }
    }
    Some((points, reverse))
}

/// Things tracked by name.
fn named(resolver: &mut Resolver<'_, '_>, lists: &[NodeId], kind: Kind) -> Vec<Tracked<String>> {
    let mut tracked: Vec<Tracked<String>> = Vec::new();
    for line in lists.iter().flat_map(|list| resolver.reader.tree.children(*list)) {
        let words = resolver.reader.tree.words(line);
        let Some((&at, rest)) = words.split_first() else { continue };
        let name = resolver.reader.text(at);
        if tracked.iter().any(|have| have.name == name) {
            resolver.reader.complain(code::DUPLICATE, at, format!("`{name}` is tracked already"));
            continue;
        }
        let Some(default) = resolver.trackables.weight(kind, name, line) else {
            unknown(resolver, kind, name, at);
            continue;
        };
        if let Some(weight) = options(resolver, rest, default, kind.most(), true)
            && resolver.trackables.mark(kind, name)
        {
            tracked.push(Tracked { name: name.to_owned(), at, weight });
        }
    }
    tracked
}

fn unknown(resolver: &mut Resolver<'_, '_>, kind: Kind, name: &str, at: Span) {
    let (what, block) = (kind.what(), kind.block());
    let names = resolver.trackables.names(kind);
    let help = match resolver.reader.guess(code::UNKNOWN_NAME, at, name, names.into_iter()) {
        Some(near) if near == name => format!("its {block} must stand earlier in the file"),
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("a {block} of this name must stand earlier in the file"),
    };
    let message = format!("There is no {what} `{name}` to track; the line is ignored");
    resolver.reader.report.add(Diagnostic::new(code::UNKNOWN_NAME, at, message).help(help));
}

/// The links that lists track, `own` left out.
fn links(
    resolver: &mut Resolver<'_, '_>,
    lists: &[NodeId],
    own: Option<&LinkName>,
) -> Vec<Tracked<LinkName>> {
    let mut tracked: Vec<Tracked<LinkName>> = Vec::new();
    for line in lists.iter().flat_map(|list| resolver.reader.tree.children(*list)) {
        let words = resolver.reader.tree.words(line);
        let Some((&at, rest)) = words.split_first() else { continue };
        let Some(link) = resolver.reader.link(at) else { continue };
        if !resolver.link_may_be_used(&link) {
            resolver.no_link(at, &link, "to track");
            continue;
        }
        let Some(weight) = options(resolver, rest, (0, false), 253, false) else { continue };
        if Some(&link) == own {
            let message =
                format!("{link} is the instance's own interface, which only dont_track_primary untracks");
            resolver.reader.complain(code::DUPLICATE, at, message);
        } else if tracked.iter().any(|have| have.name == link) {
            resolver.reader.complain(code::DUPLICATE, at, format!("{link} is tracked already"));
        } else {
            tracked.push(Tracked { name: link, at, weight });
        }
    }
    tracked
}

/// What an owner of the addresses tracks: nothing changes its priority, so nothing that weighs something does.
///
/// As keepalived: a file counts with weight 0, the rest is left out; of processes nothing is said.
pub(crate) fn of_owner(resolver: &mut Resolver<'_, '_>, instance: &str, tracks: &mut Tracks) {
    fn leave_out<N: std::fmt::Display>(list: &mut Vec<Tracked<N>>, mut say: impl FnMut(&str, Span, &str)) {
        list.retain(|one| {
            if one.weight.0 != 0 {
                say(&one.name.to_string(), one.at, "it is not tracked");
            }
            one.weight.0 == 0
        });
    }
    let Tracks { scripts, links, files, processes: _, bfds } = tracks;
    let_go(resolver, scripts);
    let mut say = |what: &str, at: Span, then: &str| {
        let message = format!("({instance}) {what} has a weight, and the instance has priority 255; {then}");
        resolver.reader.report.add(Diagnostic::new(code::NOT_TOGETHER, at, message).help("say weight 0"));
    };
    leave_out(links, &mut say);
    leave_out(scripts, &mut say);
    leave_out(bfds, &mut say);
    for one in files.iter_mut().filter(|one| one.weight.0 != 0) {
        say(&one.name, one.at, "a number that is not 0 is a fault");
        one.weight.0 = 0;
    }
}

/// Scripts with a weight are about to be left out of a list: one that stands in no other is not run.
pub(crate) fn let_go(resolver: &mut Resolver<'_, '_>, scripts: &[Tracked<String>]) {
    for one in scripts.iter().filter(|one| one.weight.0 != 0) {
        resolver.trackables.unmark_script(&one.name);
    }
}

/// As the engine takes them.
pub(crate) fn track_links(tracked: &[Tracked<LinkName>]) -> Vec<TrackLink> {
    tracked.iter().map(|one| TrackLink { link: one.name.clone(), weight: weight(one.weight) }).collect()
}

/// As the engine takes them.
pub(crate) fn track_scripts(tracked: &[Tracked<String>]) -> Vec<TrackScript> {
    tracked.iter().map(|one| TrackScript { script: one.name.clone(), weight: weight(one.weight) }).collect()
}

/// As the engine takes them.
pub(crate) fn track_files(tracked: &[Tracked<String>]) -> Vec<TrackFile> {
    let file = |one: &Tracked<String>| TrackFile {
        file: one.name.clone(),
        weight: one.weight.0,
        reverse: one.weight.1,
    };
    tracked.iter().map(file).collect()
}

/// As the engine takes them.
pub(crate) fn track_named(tracked: &[Tracked<String>]) -> Vec<TrackNamed> {
    tracked.iter().map(|one| TrackNamed { name: one.name.clone(), weight: weight(one.weight) }).collect()
}
