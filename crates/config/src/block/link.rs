//! Blocks about links: `garp_group`, `linkbeat_interfaces`, `interface_up_down_delays`.

use std::time::Duration;

use host::LinkName;
use vrrp::config::{AnnouncePace, InstanceConfig, LinkDelay, PaceGroup, PollMethod, PolledLink};

use crate::block::vrrp_sync_group::names;
use crate::diagnostic::{Class, Diagnostic, code};
use crate::resolve::Resolver;
use crate::source::Span;
use crate::table::{Block, Keyword, OptionRow};
use crate::tree::NodeId;
use crate::value::{Kind, Set, leading_decimal};

/// `garp_group` as written.
#[derive(Debug, Default)]
pub(crate) struct GarpGroupBlock {
    pub(crate) at: Span,
    pub(crate) garp_interval: Option<Set<Duration>>,
    pub(crate) gna_interval: Option<Set<Duration>>,
    pub(crate) interface: Vec<Set<LinkName>>,
    pub(crate) interfaces: Vec<NodeId>,
}

const MICROS: u64 = 4_294_967_295;

type K = Keyword<GarpGroupBlock>;

/// The rows of `garp_group`.
pub(crate) static GARP_GROUP: Block<GarpGroupBlock> = Block::new(
    "garp_group",
    &[
        K::new("garp_interval", Kind::Seconds(|b| &mut b.garp_interval, 0, MICROS, 6))
            .lax()
            .unit("s")
            .help("Smallest gap between gratuitous ARPs on each of these interfaces."),
        K::new("gna_interval", Kind::Seconds(|b| &mut b.gna_interval, 0, MICROS, 6))
            .lax()
            .unit("s")
            .help("Smallest gap between unsolicited neighbour advertisements on each of these interfaces."),
        K::new("interface", Kind::Custom(crate::table::Shape::Line, interface))
            .takes("<interface>")
            .repeats()
            .help("An interface that the gaps are for."),
        K::new("interfaces", Kind::Lines(|b| &mut b.interfaces))
            .takes("{ <interface>... }")
            .help("Interfaces that share one gap."),
    ],
);

fn interface(reader: &mut crate::value::Reader<'_>, node: NodeId, block: &mut GarpGroupBlock) {
    let Some(&at) = reader.arguments(node).first() else {
        reader.lacks_word(node, crate::table::Missing::Stops);
        return;
    };
    if let Some(value) = reader.link(at) {
        block.interface.push(Set { value, at });
    }
}

/// What a line of `interface_up_down_delays` may hold.
pub(crate) static DELAY_OPTIONS: &[OptionRow] = &[OptionRow::new(
    "<interface>",
    "<down> [<up>]",
    "Seconds that the interface must be down, and up, before it counts. Without the second, up counts at \
        once.",
)];

/// What a line of `linkbeat_interfaces` may hold.
pub(crate) static BEAT_OPTIONS: &[OptionRow] = &[OptionRow::new(
    "<interface>",
    "[MII|ETHTOOL|IOCTL]",
    "An interface whose carrier is asked for once a second, and how.",
)];

/// Reads the gaps of links.
pub(crate) fn pace_groups(resolver: &mut Resolver<'_, '_>, blocks: &[GarpGroupBlock]) -> Vec<PaceGroup> {
    let mut groups: Vec<PaceGroup> = Vec::new();
    let mut taken: Vec<LinkName> = Vec::new();
    for block in blocks {
        // No `..` here: a keyword that is read and not obeyed must not compile.
        let GarpGroupBlock { at, garp_interval, gna_interval, interface, interfaces } = block;
        if garp_interval.is_none() && gna_interval.is_none() {
            resolver.reader.complain(code::EMPTY_BLOCK, *at, "A garp_group without a gap is left out");
            continue;
        }
        let gap = |set: &Option<Set<Duration>>| set.as_ref().map_or(Duration::ZERO, |set| set.value);
        let pace = AnnouncePace { arp: gap(garp_interval), neighbour: gap(gna_interval) };
        for set in interface {
            if let Some(link) = free(resolver, set.value.clone(), set.at, &mut taken) {
                groups.push(PaceGroup { links: vec![link], shared: false, pace });
            }
        }
        for list in interfaces {
            let mut links = Vec::new();
            for (name, at) in names(&resolver.reader, *list) {
                match LinkName::new(name) {
                    Ok(link) => links.extend(free(resolver, link, at, &mut taken)),
                    Err(_) => {
                        resolver.reader.complain(code::BAD_LINK, at, format!("`{name}` is no interface"))
                    }
                }
            }
            if links.is_empty() {
                let at = resolver.reader.keyword(*list);
                resolver.reader.complain(code::EMPTY_BLOCK, at, "No interface of this list can be used");
            } else {
                groups.push(PaceGroup { links, shared: true, pace });
            }
        }
    }
    groups
}

/// A link that is there and in no group yet.
fn free(
    resolver: &mut Resolver<'_, '_>,
    link: LinkName,
    at: Span,
    taken: &mut Vec<LinkName>,
) -> Option<LinkName> {
    if !resolver.link_may_be_used(&link) {
        resolver.no_link(at, &link, "for this garp_group");
        return None;
    }
    if taken.contains(&link) {
        resolver.reader.complain(code::DUPLICATE, at, format!("{link} is in a garp_group already"));
        return None;
    }
    taken.push(link.clone());
    Some(link)
}

/// A link that must be there for the daemon to run.
fn indispensable(resolver: &mut Resolver<'_, '_>, at: Span) -> Option<LinkName> {
    let link = resolver.reader.link(at)?;
    if resolver.link_may_be_used(&link) {
        return Some(link);
    }
    let message = format!("There is no interface {link} on this host; the line is ignored");
    resolver.reader.report.add(Diagnostic::new(code::NO_LINK, at, message).class(Class::CannotRun));
    None
}

/// Longest delay in microseconds.
const LONGEST_DELAY: u128 = 255_000_000;

/// Reads the delays of links.
pub(crate) fn delays(resolver: &mut Resolver<'_, '_>, lists: &[NodeId]) -> Vec<LinkDelay> {
    let mut delays: Vec<LinkDelay> = Vec::new();
    for line in lists.iter().flat_map(|list| resolver.reader.tree.children(*list)) {
        let Some((&at, times)) = resolver.reader.tree.words(line).split_first() else { continue };
        let Some(link) = indispensable(resolver, at) else { continue };
        let mut read = Vec::new();
        for &word in times.iter().take(2) {
            let text = resolver.reader.text(word);
            let micros = leading_decimal(text, 6).filter(|(value, _, rest)| *value <= LONGEST_DELAY && !rest);
            match micros.and_then(|(value, ..)| u64::try_from(value).ok()) {
                Some(micros) => read.push(Duration::from_micros(micros)),
                None => {
                    let message = format!("`{text}` is no number of seconds up to 255; the line is ignored");
                    resolver.reader.complain(code::BAD_NUMBER, word, message);
                    break;
                }
            }
        }
        let (down, up) = match *read.as_slice() {
            [down] if times.len() == 1 => (down, Duration::ZERO),
            [down, up] => (down, up),
            _ => {
                if times.is_empty() {
                    let message = format!("No delay stands behind {link}; the line is ignored");
                    resolver.reader.complain(code::MISSING_WORD, at, message);
                }
                continue;
            }
        };
        delays.retain(|have| have.link != link);
        delays.push(LinkDelay { link, down, up });
    }
    delays
}

/// Reads the links whose carrier is asked for: those of the lists, those whose virtual routers say so, and where `all`
/// does, the interfaces of all.
pub(crate) fn polled(
    resolver: &mut Resolver<'_, '_>,
    lists: &[NodeId],
    all: Option<&Vec<InstanceConfig>>,
) -> Vec<PolledLink> {
    let mut links = std::mem::take(&mut resolver.polled);
    // As keepalived: not those that virtual routers only track, of which the kernel tells sooner.
    links.extend(all.into_iter().flatten().filter_map(|instance| instance.link.clone()));
    let mut polled: Vec<PolledLink> =
        links.into_iter().map(|link| PolledLink { link, method: None }).collect();
    for line in lists.iter().flat_map(|list| resolver.reader.tree.children(*list)) {
        let Some((&at, rest)) = resolver.reader.tree.words(line).split_first() else { continue };
        let Some(link) = indispensable(resolver, at) else { continue };
        let method = rest.first().and_then(|word| method(resolver, *word));
        polled.retain(|have| have.link != link);
        polled.push(PolledLink { link, method });
    }
    polled
}

fn method(resolver: &mut Resolver<'_, '_>, word: Span) -> Option<PollMethod> {
    match resolver.reader.text(word) {
        "MII" => Some(PollMethod::Mii),
        "ETHTOOL" => Some(PollMethod::Ethtool),
        "IOCTL" => Some(PollMethod::Ioctl),
        other => {
            let message = format!("`{other}` is no way to ask a link");
            let found = Diagnostic::new(code::BAD_WORD, word, message);
            resolver.reader.report.add(found.help("MII, ETHTOOL or IOCTL"));
            None
        }
    }
}
