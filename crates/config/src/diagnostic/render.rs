//! Diagnostics for people.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Severity};
use crate::source::{Sources, Span};

pub(super) fn render(diagnostic: &Diagnostic, sources: &Sources, coloured: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let code = diagnostic.code.to_string();
    let title = level.primary_title(printable(&diagnostic.message)).id(code);
    let mut group = match diagnostic.span {
        None => Group::with_title(title),
        Some(span) => {
            title.element(snippet(sources, span, AnnotationKind::Primary, diagnostic.label.as_deref()))
        }
    };
    if let Some(span) = diagnostic.span {
        if !sources.is_written(span) {
            group = group.element(written(sources, span));
        }
        for (step, what) in sources.steps(span) {
            group = group.element(snippet(sources, step, AnnotationKind::Context, Some(what)));
        }
    }
    for (span, what) in &diagnostic.related {
        group = group.element(snippet(sources, *span, AnnotationKind::Context, Some(what)));
    }
    if let Some(more) = diagnostic.more() {
        group = group.element(Level::NOTE.message(more));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// The line that a span stands on, with a caret under the span.
fn snippet<'a>(
    sources: &'a Sources,
    span: Span,
    kind: AnnotationKind,
    label: Option<&'a str>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let place = sources.place(span);
    let (line, range) = sources.line_of(span);
    let mut annotation = kind.span(range);
    if let Some(label) = label {
        annotation = annotation.label(label);
    }
    let start = usize::try_from(place.line).unwrap_or(usize::MAX);
    Snippet::source(line).line_start(start).path(place.file).annotation(annotation)
}

/// For made text: the line as it stands in its file.
fn written(sources: &Sources, span: Span) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
    snippet(sources, sources.root(span), AnnotationKind::Context, Some("which is made from this line"))
}

/// Control characters of a file must not reach a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
