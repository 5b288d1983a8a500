//! What a diagnostic means, what it does to a test's exit status, and a file that draws it.

mod advice;

use std::fmt::Write;

use crate::diagnostic::{Class, Code, Severity, code};
use crate::{Assumed, InMemory, Loaded, Request, load};
use advice::{ADVICE, Advice};

/// The explanation of a code (`SF0201`, in any case, with or without its zeros); `None` if there is none such.
pub(super) fn explain(word: &str) -> Option<String> {
    let code = find(word)?;
    let mut text = format!("{code}\n\n  {}\n", code.meaning());
    let advice = of(code);
    if let Some(advice) = advice {
        let _ = writeln!(text, "  {}", advice.what);
    }
    let _ = writeln!(text, "\n  Severity {}\n  Test     {}", severity(code.severity), status(code.class));
    if let Some(sample) = sample(code) {
        let _ = writeln!(text, "\n  Example:");
        for line in sample.lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    Some(text.replace('`', "'"))
}

/// What to know about a code beyond its meaning; empty if nothing is written down.
pub(super) fn what(code: Code) -> &'static str {
    of(code).map_or("", |advice| advice.what)
}

/// The diagnostic as a small file draws it; `None` if there is no such file.
pub fn sample(code: Code) -> Option<String> {
    let text = of(code).map(|advice| advice.sample).filter(|sample| !sample.is_empty())?;
    let loaded = loaded(text);
    let found = loaded.diagnostics.iter().find(|found| found.code == code)?;
    Some(found.render(&loaded.sources, false))
}

fn loaded(text: &str) -> Loaded {
    let path = "keepalived.conf";
    load(
        &Request { config_id: Some("lb1"), ..Request::new(path) },
        &InMemory::one(path, text),
        &Assumed::default(),
    )
}

fn find(word: &str) -> Option<Code> {
    let (letters, digits) = word.split_at_checked(2)?;
    let number: u16 = digits.parse().ok()?;
    code::ALL.iter().copied().find(|code| letters.eq_ignore_ascii_case("SF") && code.number == number)
}

fn of(code: Code) -> Option<&'static Advice> {
    ADVICE.iter().find(|advice| advice.number == code.number)
}

/// The severity in a word.
pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// What a class does to the exit status of a test.
pub(super) const fn status(class: Class) -> &'static str {
    match class {
        Class::Silent => "does not change the exit status",
        Class::CannotRun => "exit status 4, unless a worse one is found",
        Class::Complaint => "exit status 5, unless 6 or 2 is found",
        Class::Security => "exit status 6, unless 2 is found",
        Class::Stop => "exit status 2, and reading stops",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_draws_its_diagnostic() {
        for advice in ADVICE {
            let Some(code) = find(&format!("SF{:04}", advice.number)) else {
                panic!("there is no code {}", advice.number)
            };
            assert!(advice.what.ends_with('.'), "{code}");
            assert!(
                advice.sample.is_empty() || sample(code).is_some(),
                "{code}: {}",
                loaded(advice.sample).render(false)
            );
        }
    }

    #[test]
    fn a_code_is_found_in_any_spelling() {
        assert!(explain("sf201").is_some_and(|text| text.contains("SF0201")));
        assert!(explain("SF0201").is_some());
        assert!(explain("SF9999").is_none());
        assert!(explain("priority").is_none());
        assert!(explain("é1").is_none());
    }
}
