//! `track_file`: a file whose number matters.

use vrrp::config::FileConfig;

use crate::diagnostic::{Class, Diagnostic, code};
use crate::resolve::Resolver;
use crate::resolve::tracked::{Defined, Points};
use crate::source::Span;
use crate::table::{Block, Keyword, Missing, Shape};
use crate::tree::NodeId;
use crate::value::{Kind, Reader, Set};

/// As written.
#[derive(Debug)]
pub(crate) struct TrackFileBlock {
    pub(crate) name: String,
    pub(crate) at: Span,
    pub(crate) file: Option<Set<String>>,
    pub(crate) weight: Option<Set<Points>>,
    pub(crate) init_file: Option<Set<(i64, bool)>>,
}

impl TrackFileBlock {
    pub(crate) const fn new(name: String, at: Span) -> Self {
        Self { name, at, file: None, weight: None, init_file: None }
    }
}

type K = Keyword<TrackFileBlock>;

/// The rows of `track_file`.
pub(crate) static TRACK_FILE: Block<TrackFileBlock> = Block::new(
    "track_file",
    &[
        K::new("file", Kind::Text(|b| &mut b.file, usize::MAX))
            .missing(Missing::Complaint)
            .once()
            .takes("<path>")
            .help("Path of the file. Its content is a number; a file that is not there counts as 0."),
        K::new("weight", Kind::Weight(|b| &mut b.weight, 254))
            .takes("<-254..254> [reverse]")
            .once()
            .bad(1)
            .default("1")
            .help(
                "What the number is multiplied with before it is added to the priority. With 0 any \
                number but 0 is a fault.",
            ),
        K::new("init_file", Kind::Custom(Shape::Line, init_file)).takes("[<number>] [overwrite]").help(
            "Writes the number, 0 if none is given, at the start where there is no file, with \
                overwrite in any case.",
        ),
    ],
);

/// Numbers that make sense in a file.
const SENSIBLE: std::ops::RangeInclusive<i64> = -254..=254;

fn init_file(reader: &mut Reader<'_>, node: NodeId, block: &mut TrackFileBlock) {
    let (mut value, mut overwrite) = (0, false);
    for &word in reader.arguments(node) {
        match reader.text(word) {
            "overwrite" => overwrite = true,
            text => match text.parse::<i64>() {
                Ok(number) => {
                    value = number;
                    if !SENSIBLE.contains(&number) {
                        let message = format!("{number} is more than any priority; it is written as it is");
                        reader.complain(code::ADJUSTED, word, message);
                    }
                }
                Err(_) => {
                    let found =
                        Diagnostic::new(code::BAD_WORD, word, format!("`{text}` is no number; 0 is taken"));
                    reader.report.add(found.help("init_file NUMBER overwrite, both of which may be absent"));
                }
            },
        }
    }
    block.init_file = Some(Set { value: (value, overwrite), at: reader.keyword(node) });
}

/// Reads a block outside all others.
pub(crate) fn read(reader: &mut Reader<'_>, node: NodeId, files: &mut Vec<(NodeId, TrackFileBlock)>) {
    let Some(&name) = reader.arguments(node).first() else {
        reader.lacks_word(node, Missing::Stops);
        return;
    };
    let mut block = TrackFileBlock::new(reader.text(name).to_owned(), name);
    reader.block(&TRACK_FILE, node, &mut block);
    if let Some((_, first)) = files.iter().find(|(_, have)| have.name == block.name) {
        let message = format!("There are two files named `{}`", block.name);
        let found =
            Diagnostic::new(code::DUPLICATE, name, message).related(first.at, "the first, which counts");
        reader.report.add(found.class(Class::Silent));
    }
    files.push((node, block));
}

/// Takes the files in, in the order of the file.
pub(crate) fn define(resolver: &mut Resolver<'_, '_>, blocks: &[(NodeId, TrackFileBlock)]) {
    for (node, block) in blocks {
        // No `..` here: a keyword that is read and not obeyed must not compile.
        let TrackFileBlock { name, at, file, weight, init_file } = block;
        let config = path(resolver, name, *at, file.as_ref()).map(|path| FileConfig {
            name: name.clone(),
            path,
            init: init_file.as_ref().map(|set| set.value),
        });
        let weight = weight.as_ref().map_or((1, false), |set| set.value);
        resolver.trackables.add_file(Defined { node: *node, name, at: *at, weight, config });
    }
}

fn path(resolver: &mut Resolver<'_, '_>, name: &str, at: Span, file: Option<&Set<String>>) -> Option<String> {
    let Some(Set { value: path, at }) = file else {
        resolver.reader.complain(
            code::MISSING_WORD,
            at,
            format!("The file `{name}` has no path; it is left out"),
        );
        return None;
    };
    let directory = match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((directory, _)) => directory,
        None => ".",
    };
    if resolver.surroundings.is_real()
        && !resolver.surroundings.facts(directory).is_some_and(crate::surroundings::PathFacts::is_directory)
    {
        let message = format!("There is no directory {directory} for the file `{name}`; it is left out");
        resolver.reader.complain(code::NO_FILE, *at, message);
        return None;
    }
    Some(path.clone())
}
