//! Lines of `track_script` and `track_interface`: a name, and what it weighs.

use host::LinkName;
use vrrp::config::{TrackLink, TrackScript, Weight};

use crate::diagnostic::{Diagnostic, code, nearest};
use crate::resolve::Resolver;
use crate::source::Span;
use crate::tree::NodeId;

/// What a weight as written means.
pub(crate) const fn weight(points: i16, reverse: bool) -> Weight {
    if points == 0 { Weight::Fault { reverse } } else { Weight::Points { points, reverse } }
}

/// The options behind a name: `Err` if the line has to be left out.
fn options(
    resolver: &mut Resolver<'_, '_>,
    words: &[Span],
    default: Weight,
    noreverse: bool,
) -> Result<Weight, ()> {
    let Some((&first, rest)) = words.split_first() else { return Ok(default) };
    let reader = &mut resolver.reader;
    if reader.text(first) != "weight" {
        let message = format!("`{}` is not understood; the line is ignored", reader.text(first));
        reader
            .report
            .add(Diagnostic::new(code::BAD_WORD, first, message).help("weight NUMBER, perhaps with reverse"));
        return Err(());
    }
    let Some((&number, rest)) = rest.split_first() else {
        reader.complain(code::MISSING_WORD, first, "No number stands behind `weight`; the line is ignored");
        return Err(());
    };
    let mut points = match reader.integer(number, -254, 254, false) {
        Some(points) => i16::try_from(points).unwrap_or_default(),
        None => match default {
            Weight::Fault { .. } => 0,
            Weight::Points { points, .. } => points,
        },
    };
    if points.abs() > 253 {
        points = points.clamp(-253, 253);
        reader.complain(code::ADJUSTED, number, format!("The weight is taken as {points}"));
    }
    let mut reverse =
        matches!(default, Weight::Fault { reverse: true } | Weight::Points { reverse: true, .. });
    match rest.first().map(|&word| (word, reader.text(word))) {
        None => {}
        Some((_, "reverse")) => reverse = true,
        Some((_, "noreverse")) if noreverse => reverse = false,
        Some((word, other)) => {
            let message = format!("`{other}` behind a weight is not understood");
            reader.complain(code::BAD_WORD, word, message);
        }
    }
    Ok(weight(points, reverse))
}

/// The scripts that a list tracks.
pub(crate) fn scripts(resolver: &mut Resolver<'_, '_>, lists: &[NodeId]) -> Vec<TrackScript> {
    let mut tracked: Vec<TrackScript> = Vec::new();
    for line in lists.iter().flat_map(|list| resolver.reader.tree.children(*list)) {
        let words = resolver.reader.tree.words(line);
        let Some((&at, rest)) = words.split_first() else { continue };
        let name = resolver.reader.text(at);
        if tracked.iter().any(|have| have.script == name) {
            resolver.reader.complain(code::DUPLICATE, at, format!("`{name}` is tracked already"));
            continue;
        }
        let Some(default) = resolver.script_weight(name, line) else {
            let known = resolver.script_names();
            let help = match nearest(name, known.iter().map(String::as_str)) {
                Some(near) if near == name => "its vrrp_script must stand earlier in the file".to_owned(),
                Some(near) => format!("did you mean `{near}`?"),
                None => "a vrrp_script of this name must stand earlier in the file".to_owned(),
            };
            let message = format!("There is no script `{name}` to track; the line is ignored");
            resolver.reader.report.add(Diagnostic::new(code::UNKNOWN_NAME, at, message).help(help));
            continue;
        };
        if let Ok(weight) = options(resolver, rest, default, true)
            && resolver.use_script(name)
        {
            tracked.push(TrackScript { script: name.to_owned(), weight });
        }
    }
    tracked
}

/// The links that a list tracks, `own` left out.
pub(crate) fn links(
    resolver: &mut Resolver<'_, '_>,
    lists: &[NodeId],
    own: Option<&LinkName>,
) -> Vec<TrackLink> {
    let mut tracked: Vec<TrackLink> = Vec::new();
    for line in lists.iter().flat_map(|list| resolver.reader.tree.children(*list)) {
        let words = resolver.reader.tree.words(line);
        let Some((&at, rest)) = words.split_first() else { continue };
        let Some(link) = resolver.reader.link(at) else { continue };
        if !resolver.link_may_be_used(&link) {
            resolver.no_link(at, &link, "to track");
            continue;
        }
        let Ok(weight) = options(resolver, rest, weight(0, false), false) else { continue };
        if Some(&link) == own {
            let message = format!("{link} is the instance's own interface, which is tracked anyway");
            resolver.reader.complain(code::REPEATED, at, message);
        } else if tracked.iter().any(|have| have.link == link) {
            resolver.reader.complain(code::DUPLICATE, at, format!("{link} is tracked already"));
        } else {
            tracked.push(TrackLink { link, weight });
        }
    }
    tracked
}
