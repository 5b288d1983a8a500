//! A configuration as it stands now: what is wrong with it, and its names.

use std::collections::BTreeMap;

use config::outline::{self, Name, Outline, Role};
use config::{Assumed, Diagnostic, Loaded, Request, Severity, Sources, Span, Surroundings};
use lsp_types::{
    DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString, Position, Range,
};

use super::documents::Documents;
use super::position::{is_in, range_of};

/// The configuration that a document belongs to.
pub(super) struct Reading {
    /// Its main file.
    pub(super) main: String,
    pub(super) outline: Outline,
    loaded: Loaded,
}

impl Reading {
    /// Reads the configuration of a document: that of a main file which includes it, else its own.
    pub(super) fn of(documents: &Documents, path: &str) -> Self {
        let includes = |main: &String| {
            let outline = with_surroundings(documents, |surroundings| {
                outline::read(&request(documents, main), documents, surroundings)
            });
            outline.sources.file_names().any(|name| name == path)
        };
        let main = documents.mains(path).into_iter().find(includes).unwrap_or_else(|| path.to_owned());
        with_surroundings(documents, |surroundings| {
            let request = request(documents, &main);
            let loaded = config::load(&request, documents, surroundings);
            let outline = outline::read(&request, documents, surroundings);
            Self { main: main.clone(), outline, loaded }
        })
    }

    /// What is wrong, by path of the file. What is about no place stands on the main file's first line.
    pub(super) fn diagnostics(&self, documents: &Documents) -> BTreeMap<String, Vec<lsp_types::Diagnostic>> {
        let mut texts = Texts::new(documents);
        let mut found: BTreeMap<String, Vec<lsp_types::Diagnostic>> = BTreeMap::new();
        for diagnostic in &self.loaded.diagnostics {
            let place = diagnostic.span.and_then(|span| texts.range(&self.loaded.sources, span));
            let (path, range) = place.unwrap_or_else(|| (self.main.clone(), Range::default()));
            found.entry(path).or_default().push(self.diagnostic(diagnostic, range, documents, &mut texts));
        }
        found
    }

    fn diagnostic(
        &self,
        diagnostic: &Diagnostic,
        range: Range,
        documents: &Documents,
        texts: &mut Texts<'_>,
    ) -> lsp_types::Diagnostic {
        let sources = &self.loaded.sources;
        let mut related = Vec::new();
        let steps = diagnostic.span.map(|span| sources.steps(span)).unwrap_or_default();
        let steps = steps.into_iter().map(|(span, what)| (span, what.to_owned()));
        for (span, message) in steps.chain(diagnostic.related.iter().cloned()) {
            let Some((path, range)) = texts.range(sources, span) else { continue };
            let Some(uri) = documents.uri(&path) else { continue };
            related.push(DiagnosticRelatedInformation { location: Location { uri, range }, message });
        }
        let more = diagnostic.more();
        let message = [Some(&diagnostic.message), more.as_ref(), diagnostic.help.as_ref()];
        let message = message.into_iter().flatten().cloned().collect::<Vec<_>>().join("\n");
        lsp_types::Diagnostic {
            range,
            severity: Some(match diagnostic.severity {
                Severity::Error => DiagnosticSeverity::ERROR,
                Severity::Warning => DiagnosticSeverity::WARNING,
                Severity::Note => DiagnosticSeverity::INFORMATION,
            }),
            code: Some(NumberOrString::String(diagnostic.code.to_string())),
            source: Some("standfast".into()),
            message,
            related_information: (!related.is_empty()).then_some(related),
            ..lsp_types::Diagnostic::default()
        }
    }

    /// The name at a place, where it is written as it is.
    pub(super) fn name_at(&self, documents: &Documents, path: &str, position: Position) -> Option<Name> {
        let mut texts = Texts::new(documents);
        self.outline.names().into_iter().filter(|name| self.outline.sources.is_written(name.span)).find(
            |name| {
                texts
                    .range(&self.outline.sources, name.span)
                    .is_some_and(|(file, range)| file == path && is_in(position, range))
            },
        )
    }

    /// Every place of a name, with the files that they are in.
    pub(super) fn places_of(&self, name: &Name) -> Vec<Name> {
        let sources = &self.outline.sources;
        let word = sources.text(name.span);
        self.outline
            .names()
            .into_iter()
            .filter(|other| other.named == name.named && sources.text(other.span) == word)
            .collect()
    }

    /// The blocks of a kind of name.
    pub(super) fn defined(&self) -> impl Iterator<Item = (Name, &str)> {
        let names = self.outline.names().into_iter().filter(|name| name.role == Role::Defines);
        names.map(|name| (name, self.outline.sources.text(name.span)))
    }

    /// The location of a span.
    pub(super) fn location(&self, documents: &Documents, span: Span) -> Option<Location> {
        let (path, range) = Texts::new(documents).range(&self.outline.sources, span)?;
        Some(Location { uri: documents.uri(&path)?, range })
    }

    /// The files of the configuration.
    pub(super) fn files(&self) -> Vec<String> {
        self.outline.sources.file_names().map(ToOwned::to_owned).collect()
    }
}

fn request<'a>(documents: &'a Documents, main: &'a str) -> Request<'a> {
    Request { test: true, config_id: documents.id.as_deref(), ..Request::new(main) }
}

fn with_surroundings<T>(documents: &Documents, read: impl FnOnce(&dyn Surroundings) -> T) -> T {
    if documents.host { read(&daemon::compat::this_host()) } else { read(&Assumed::default()) }
}

/// Texts of files, each fetched once.
struct Texts<'a> {
    documents: &'a Documents,
    known: BTreeMap<String, String>,
}

impl<'a> Texts<'a> {
    const fn new(documents: &'a Documents) -> Self {
        Self { documents, known: BTreeMap::new() }
    }

    /// The file and range of a span.
    fn range(&mut self, sources: &Sources, span: Span) -> Option<(String, Range)> {
        let place = sources.place(span);
        if place.line == 0 {
            return None;
        }
        let documents = self.documents;
        let text = self
            .known
            .entry(place.file.clone())
            .or_insert_with(|| documents.text(&place.file).unwrap_or_default());
        let range = range_of(text, place.line, place.column, sources.width(span));
        Some((place.file, range))
    }
}
