//! `standfast diff`: what a reload would do, without doing it.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use config::outline::{self, Outline};
use config::{Assumed, Disk, Effective, Request, Surroundings};
use serde_json::{Value as Json, json};
use sim::rehearsal::Held;

use crate::diff::{self, Change, Fate, Reload, What};
use crate::output;

/// Shows what a reload with NEW would change: settings with their places, virtual routers and whether they stay what
/// they are, addresses, routes, rules and interfaces. Nothing is touched. The exit status is 0 if nothing differs, 1 if
/// something does, 2 if one of the files cannot be obeyed.
///
/// The settings are compared; the rest is tried, in memory, by the engine that the daemon runs: with OLD until it is
/// master of everything, every interface up and everything tracked well, then with NEW.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// The file that the daemon would read
    #[arg(value_name = "NEW")]
    new: String,
    /// The file that it runs with
    #[arg(value_name = "OLD", default_value = "/etc/keepalived/keepalived.conf")]
    old: String,
    /// How to say it: for people or as JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Look for interfaces, accounts and programs on this host instead of taking them to exist
    #[arg(long)]
    host: bool,
    /// The configuration id, for lines that begin with @ (the daemon's -i)
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    /// Text
    Human,
    /// One JSON document
    Json,
}

/// The exit status if a file cannot be obeyed.
const UNUSABLE: u8 = 2;

pub(super) fn run(options: &Options) -> ExitCode {
    let (old, new) = (read(&options.old, options), read(&options.new, options));
    let (Some((old_outline, old)), Some((new_outline, new))) = (old, new) else {
        return ExitCode::from(UNUSABLE);
    };
    let changes = diff::settings(&old_outline, &new_outline);
    let reload = diff::reload(&old, &new);
    let same = changes.is_empty() && old == new;
    match options.format {
        Format::Human => output::put(&text(&changes, &reload, same)),
        Format::Json => output::put(&format!("{:#}\n", document(&changes, &reload, same))),
    }
    ExitCode::from(u8::from(!same))
}

fn read(file: &str, options: &Options) -> Option<(Outline, Effective)> {
    let host = daemon::compat::this_host();
    let assumed = Assumed::default();
    let surroundings: &dyn Surroundings = if options.host { &host } else { &assumed };
    let request = Request { config_id: options.id.as_deref(), ..Request::new(file) };
    let loaded = config::load(&request, &Disk::default(), surroundings);
    let outline = outline::read(&request, &Disk::default(), surroundings);
    let Some(effective) = loaded.effective else {
        let why = loaded.diagnostics.iter().find(|found| found.refuses.is_some());
        let why = why.map_or_else(String::new, |found| found.log_line(&loaded.sources));
        output::complain(&format!("{file}: the daemon would not run with this: {why}"));
        return None;
    };
    Some((outline, effective))
}

fn text(changes: &[Change], reload: &Reload, same: bool) -> String {
    if same {
        return "nothing differs\n".into();
    }
    let mut lines: Vec<String> = changes.iter().map(change).collect();
    if lines.is_empty() {
        lines.push("no setting differs, but what they come to does".into());
    }
    lines.push(String::new());
    lines.extend(reload.fates.iter().map(fate));
    for (sign, held) in [('-', &reload.goes), ('+', &reload.appears)] {
        lines.extend(things(held).into_iter().map(|(what, thing)| format!("{sign} {what} {thing}")));
    }
    lines.push(reload.summary.to_string());
    lines.join("\n") + "\n"
}

fn change(change: &Change) -> String {
    let Change { path, old, new } = change;
    let path = path.join(" / ");
    let place = |said: &diff::Said| said.place.as_ref().map_or_else(|| "default".to_owned(), at);
    match (old, new) {
        (Some(old), Some(new)) => {
            format!("  {path}: {} -> {} ({}, {})", word(&old.value), word(&new.value), place(old), place(new))
        }
        (Some(old), None) => format!("- {path} {} ({})", word(&old.value), place(old)),
        (None, Some(new)) => format!("+ {path} {} ({})", word(&new.value), place(new)),
        (None, None) => path,
    }
}

fn at(place: &Json) -> String {
    let number = |key| place.get(key).and_then(Json::as_u64).unwrap_or(0);
    let file = place.get("file").and_then(Json::as_str).unwrap_or_default();
    format!("{file}:{}:{}", number("line"), number("column"))
}

/// A value as it would stand in a file.
fn word(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Array(words) => words.iter().map(word).collect::<Vec<_>>().join(" "),
        Json::Bool(on) => if *on { "on" } else { "off" }.into(),
        Json::Number(_) | Json::Object(_) => value.to_string(),
    }
}

fn fate(fate: &Fate) -> String {
    let Fate { name, before, what } = fate;
    let before = before.as_ref().map_or_else(String::new, |before| format!(" (was {before})"));
    let what = match what {
        What::Added => "is added".to_owned(),
        What::Removed => "goes: its addresses too, and others are told to take over".to_owned(),
        What::Kept(state) => format!("stays {state}"),
        What::Disturbed(state) => format!("is elected anew, and {state} if nobody is better"),
    };
    format!("{name}{before} {what}")
}

/// What is held, one by one: its kind and its name.
fn things(held: &Held) -> Vec<(&'static str, String)> {
    let Held { links, addresses, routes, rules } = held;
    let mut things: Vec<(&'static str, String)> = Vec::new();
    things.extend(links.iter().map(|link| ("interface", link.to_string())));
    things.extend(addresses.iter().map(|(link, prefix)| ("address", format!("{prefix} on {link}"))));
    things
        .extend(routes.iter().map(|route| ("route", format!("{} table {}", route.destination, route.table))));
    things.extend(rules.iter().map(|rule| {
        let from = rule.from.map_or_else(String::new, |from| format!(" from {from}"));
        let to = rule.to.map_or_else(String::new, |to| format!(" to {to}"));
        ("rule", format!("{}{from}{to}", rule.priority))
    }));
    things
}

fn document(changes: &[Change], reload: &Reload, same: bool) -> Json {
    let said = |said: &Option<diff::Said>| {
        said.as_ref().map(|said| json!({ "value": said.value, "place": said.place }))
    };
    let settings: Vec<Json> = changes
        .iter()
        .map(|change| json!({ "path": change.path, "old": said(&change.old), "new": said(&change.new) }))
        .collect();
    let instances: Vec<Json> = reload
        .fates
        .iter()
        .map(|fate| {
            let (what, state) = match fate.what {
                What::Added => ("added", None),
                What::Removed => ("removed", None),
                What::Kept(state) => ("kept", Some(state)),
                What::Disturbed(state) => ("disturbed", Some(state)),
            };
            let state = state.map(|state| state.to_string());
            json!({ "name": fate.name, "before": fate.before, "what": what, "state": state })
        })
        .collect();
    let held = |held| things(held).into_iter().map(|(what, thing)| json!([what, thing])).collect::<Vec<_>>();
    json!({
        "differs": !same,
        "settings": settings,
        "instances": instances,
        "appears": held(&reload.appears),
        "goes": held(&reload.goes),
        "summary": reload.summary.to_string(),
    })
}
