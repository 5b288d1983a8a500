//! `include` and its sisters, which differ in what they take for an error.

use super::{Expander, Frame, MAX_DEPTH, OpenFile};
use crate::diagnostic::{Class, Diagnostic, Severity, code};
use crate::files::{Unreadable, alternatives, is_pattern};
use crate::lex::is_blank;
use crate::source::Span;

/// Most files of one configuration: ten times the largest directory of snippets seen.
const MAX_FILES: usize = 16_384;

/// Which problems with an include are errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Checks {
    pub(super) read: bool,
    pub(super) missing: bool,
    pub(super) no_match: bool,
    pub(super) brace: bool,
}

impl Checks {
    pub(super) const NONE: Self = Self { read: false, missing: false, no_match: false, brace: false };
    pub(super) const ALL: Self = Self { read: true, missing: true, no_match: true, brace: true };

    const fn with(self, other: Self) -> Self {
        Self {
            read: self.read || other.read,
            missing: self.missing || other.missing,
            no_match: self.no_match || other.no_match,
            brace: self.brace || other.brace,
        }
    }
}

/// Files found by an include, still to be read.
pub(super) struct Waiting {
    paths: std::vec::IntoIter<String>,
    asked_at: Option<Span>,
    /// The level of checks to go back to behind each.
    checks: Checks,
    /// One that is not there, and one that cannot be read, are errors.
    enforced: (bool, bool),
}

/// Takes the keyword off an include line: the checks it adds, and the rest.
pub(super) fn keyword(text: &str) -> Option<(Checks, &str)> {
    let rest = text.strip_prefix("include")?;
    let (letter, pattern) = match rest.chars().next()? {
        letter @ ('a' | 'b' | 'm' | 'r' | 'w') => (letter, rest.get(1..)?),
        _ => (' ', rest),
    };
    if !pattern.starts_with(is_blank) {
        return None;
    }
    let (read, missing, no_match, brace) = match letter {
        'r' => (true, false, false, false),
        'm' => (true, true, false, false),
        'w' => (true, true, true, false),
        'b' => (true, false, false, true),
        'a' => (true, true, true, true),
        _ => (false, false, false, false),
    };
    Some((Checks { read, missing, no_match, brace }, pattern.trim_matches(is_blank)))
}

/// The pattern of an include line.
pub(crate) fn pattern(text: &str) -> Option<&str> {
    keyword(text).map(|(_, pattern)| pattern)
}

impl Expander<'_> {
    /// Starts with the main file, or the files that match.
    pub(crate) fn start(&mut self, pattern: &str) {
        let strict = self.checks;
        let paths = match alternatives(pattern) {
            Some(all) if is_pattern(pattern) || all.len() > 1 => {
                all.iter().flat_map(|one| self.files.matches(one)).collect::<Vec<_>>()
            }
            _ => vec![pattern.to_owned()],
        };
        let mut paths: Vec<String> = paths;
        paths.retain(|path| {
            let why = match self.files.readable(path) {
                Ok(()) => return true,
                Err(why) => why,
            };
            let class = if strict.missing { Class::Security } else { Class::Silent };
            let message = format!("The configuration file {path} {}", reason(why));
            self.report.add(Diagnostic::new(code::NO_FILE, None, message).class(class).refuses(6));
            false
        });
        if paths.is_empty() && is_pattern(pattern) {
            let message = format!("No configuration file matches {pattern}");
            self.report.add(Diagnostic::new(code::NO_FILE, None, message).class(Class::Silent).refuses(6));
        }
        if paths.len() > 1 {
            let message =
                format!("The configuration is read from {} files that match {pattern}", paths.len());
            self.report.add(Diagnostic::new(code::SEVERAL_FILES, None, message));
        }
        self.frames.push(Frame::Waiting(Waiting {
            paths: paths.into_iter(),
            asked_at: None,
            checks: strict,
            enforced: (strict.missing, strict.read),
        }));
    }

    /// Obeys an include line.
    pub(super) fn include(&mut self, line: Span, conditional: bool) {
        let Some((checks, pattern)) = keyword(self.sources.text(line)) else { return };
        let (checks, pattern) = (self.checks.with(checks), pattern.to_owned());
        let at = Span::new(line.end() - pattern.len(), line.end());
        if conditional || pattern.contains('$') {
            let message =
                "An include behind a condition, or of a name with a definition in it, is not obeyed";
            let help = "keepalived does not read it either; put the condition inside the included file";
            self.report.add(Diagnostic::new(code::CONDITIONAL_INCLUDE, at, message).help(help));
            return;
        }
        if self.frames.len() >= MAX_DEPTH || self.sources.files() >= MAX_FILES {
            let message =
                format!("Includes nested more than {MAX_DEPTH} deep, or of more than {MAX_FILES} files");
            self.report
                .add(Diagnostic::new(code::INCLUDE_DEEP, at, message).class(Class::Security).refuses(6));
            return;
        }
        let Some(alternatives) = alternatives(&pattern) else {
            self.complain(at, "has more alternatives than can be read", checks.brace);
            return;
        };
        let braces = alternatives.len() > 1;
        let mut paths = Vec::new();
        for one in &alternatives {
            let wanted = self.beside(one);
            let wild = is_pattern(&wanted);
            let found = if wild { self.files.matches(&wanted) } else { vec![wanted.clone()] };
            if found.is_empty() {
                let enforced = if braces { checks.brace } else { checks.no_match };
                self.complain(at, &format!("{one} matches no file"), enforced);
            }
            paths.extend(found);
        }
        let enforced = (if braces { checks.brace } else { checks.missing }, checks.read);
        let checks = self.checks;
        let waiting = Waiting { paths: paths.into_iter(), asked_at: Some(at), checks, enforced };
        self.frames.push(Frame::Waiting(waiting));
    }

    fn complain(&mut self, at: Span, what: &str, enforced: bool) {
        let diagnostic = Diagnostic::new(code::INCLUDE, at, format!("Include: {what}"));
        self.report.add(if enforced {
            diagnostic.class(Class::Security).refuses(6)
        } else {
            diagnostic.severity(Severity::Warning).class(Class::Silent)
        });
    }

    /// A relative name stands beside the file that includes it.
    fn beside(&self, name: &str) -> String {
        match self.directory() {
            directory if !name.starts_with('/') && !directory.is_empty() => format!("{directory}/{name}"),
            _ => name.to_owned(),
        }
    }

    /// The directory of the file being read.
    pub(super) fn directory(&self) -> &str {
        let file = self.frames.iter().rev().find_map(|frame| match frame {
            Frame::File(file) => Some(file),
            Frame::Waiting(_) | Frame::Stored { .. } | Frame::Sequence(_) => None,
        });
        file.map_or("", |file| &file.directory)
    }

    /// Opens the next waiting file, if there is one.
    pub(super) fn open_waiting(&mut self) -> bool {
        let Some(Frame::Waiting(waiting)) = self.frames.last_mut() else { return false };
        let Some(path) = waiting.paths.next() else { return false };
        let Waiting { asked_at, checks, enforced, .. } = *waiting;
        if waiting.paths.len() == 0 {
            // Nothing waits any more, so a chain of includes is no deeper than its files.
            self.frames.pop();
        }
        if let Some(diagnostic) = self.included_by_itself(&path, asked_at) {
            self.report.add(diagnostic);
            return true;
        }
        match (self.files.read(&path), asked_at) {
            (Ok(bytes), _) => self.open(path, &bytes, asked_at, checks),
            (Err(why), None) => {
                self.report.add(Diagnostic::new(code::NO_FILE, None, format!("{path} {}", reason(why))));
            }
            (Err(why), Some(at)) => {
                let enforced = if why == Unreadable::Missing { enforced.0 } else { enforced.1 };
                self.complain(at, &format!("{path} {}", reason(why)), enforced);
            }
        }
        true
    }

    /// What to say if a file is being read already. Where no file of its name is, it is not; a loop by way of other
    /// names comes back to one of them.
    fn included_by_itself(&self, path: &str, asked_at: Option<Span>) -> Option<Diagnostic> {
        if !self.open_names.contains_key(file_name(path)) {
            return None;
        }
        let open = self.frames.iter().filter_map(|frame| match frame {
            Frame::File(file) => Some(file),
            Frame::Waiting(_) | Frame::Stored { .. } | Frame::Sequence(_) => None,
        });
        let wanted = file_name(path);
        let canonical = std::cell::OnceCell::new();
        let is_it = |file: &OpenFile| {
            file_name(&file.path) == wanted
                && self.files.canonical(&file.path) == *canonical.get_or_init(|| self.files.canonical(path))
        };
        let mut chain = open.skip_while(|file| !is_it(file));
        chain.next()?;
        let mut diagnostic = Diagnostic::new(code::INCLUDE_LOOP, asked_at, format!("{path} includes itself"))
            .label("is being read already")
            .class(Class::Security)
            .refuses(6);
        for file in chain.filter_map(|file| file.asked_at) {
            diagnostic = diagnostic.related(file, "by way of this");
        }
        Some(diagnostic)
    }

    fn open(&mut self, path: String, bytes: &[u8], asked_at: Option<Span>, outer: Checks) {
        let text = String::from_utf8_lossy(bytes);
        let valid = matches!(text, std::borrow::Cow::Borrowed(_));
        let Some(span) = self.sources.add_file(&path, &text, asked_at) else {
            self.too_large(asked_at.unwrap_or_default());
            return;
        };
        if !valid {
            let bad = text.find('\u{fffd}').unwrap_or(0);
            let at = Span::new(span.start() + bad, span.start() + bad + '\u{fffd}'.len_utf8());
            let message = format!("{path} is not UTF-8; what is not stands as \u{fffd}");
            self.report.add(Diagnostic::new(code::NOT_UTF8, at, message));
        }
        let mut at = span.start();
        if text.starts_with('\u{feff}') {
            let mark = Span::new(at, at + '\u{feff}'.len_utf8());
            let message =
                "The file begins with a byte order mark; keepalived takes it for a part of the first word";
            self.report
                .add(Diagnostic::new(code::BYTE_ORDER_MARK, mark, message).help("save the file without it"));
            at = mark.end();
        }
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        let directory =
            if directory.is_empty() && path.starts_with('/') { "/" } else { directory }.to_owned();
        *self.open_names.entry(file_name(&path).to_owned()).or_insert(0) += 1;
        self.frames.push(Frame::File(OpenFile { at, end: span.end(), directory, path, asked_at, outer }));
    }

    /// Obeys `include_check`: all checks without a word; a word sets the level anew unless it has a sign. The first
    /// word that is not understood is returned.
    pub(crate) fn include_check<'w>(&mut self, words: &[&'w str]) -> Option<&'w str> {
        if words.is_empty() {
            self.checks = Checks::ALL;
        }
        let mut unknown = None;
        for (index, word) in words.iter().enumerate() {
            let (on, name) = match word.strip_prefix('-') {
                Some(name) => (false, name),
                None => (true, word.strip_prefix('+').unwrap_or(word)),
            };
            let signed = name.len() != word.len();
            let mut checks = if signed || index > 0 { self.checks } else { Checks::NONE };
            let flag = match name {
                "read" => &mut checks.read,
                "match" => &mut checks.missing,
                "wildcard_match" => &mut checks.no_match,
                "brace_match" => &mut checks.brace,
                _ => {
                    unknown = unknown.or(Some(*word));
                    continue;
                }
            };
            if !signed && index > 0 {
                unknown = unknown.or(Some(*word));
                continue;
            }
            *flag = on;
            self.checks = checks;
        }
        unknown
    }
}

pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

const fn reason(why: Unreadable) -> &'static str {
    match why {
        Unreadable::Missing => "does not exist",
        Unreadable::NotAFile => "is not a regular file",
        Unreadable::Executable => "may be executed, so it is taken for a program and not read",
        Unreadable::Denied => "cannot be read",
        Unreadable::TooLarge => "is larger than a configuration may be",
    }
}
